"""Faces the clients: any number of processes on any number of machines, no state worth keeping."""
