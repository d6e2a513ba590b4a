"""The comparison with other systems: fan-out, each from its package, under the same load."""
