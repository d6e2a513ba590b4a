"""Fleets of simulated clients that write histories."""
