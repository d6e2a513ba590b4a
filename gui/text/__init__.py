"""Text and rows into geometry: pure, measured by what is passed in."""
