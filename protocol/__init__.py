"""The wire contract of Zviazok, and the one client that speaks it."""

__version__ = "0.1.0"
