"""The client for terminals and scripts: ``zviazok chat``."""
