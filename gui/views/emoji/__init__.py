"""Choosing an emoji."""
