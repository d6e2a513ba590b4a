"""Faults: what the server and its clients must stand, and the proof that they do."""
