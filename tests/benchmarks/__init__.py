"""Benchmarks with real processes on loopback; run by hand with ``zviazok bench``."""
