"""Sequences, stores and publishes: one process, the only writer of the journal."""
