"""Servers written for the comparison; run as programs, the PyPI ones in their own environment."""
