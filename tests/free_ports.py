"""Free ports on loopback, for tests and benchmarks that start real servers."""

import random
import socket

_FIRST, _LAST = 20_000, 32_000
"""Below the ports that Linux gives to outgoing connections (32768 and up)."""


def free_ports(count: int) -> int:
    """Return the first of ``count`` consecutive ports that nobody uses on 127.0.0.1."""
    for _ in range(200):
        first = random.randint(_FIRST, _LAST - count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise RuntimeError(f"no {count} consecutive free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
