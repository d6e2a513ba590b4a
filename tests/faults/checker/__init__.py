"""Reads the histories and journals of a run, and says what is not as promised."""
