"""The messages of a room on one canvas."""
