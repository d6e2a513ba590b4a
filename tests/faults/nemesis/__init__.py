"""Servers for faults, and the faults."""
