"""Which port a server could listen on here: the usual one, or the next that is free. No Tk."""

import socket

USUAL = 8080
_TRIES = 50


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of this machine just now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # As servers do: a connection that has just ended is no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def free_port(first: int = USUAL) -> int:
    """Return the first free port from ``first`` on, or ``first`` if none is among the next ones."""
    last = min(first + _TRIES, 65_536)
    return next((port for port in range(first, last) if is_free(port)), first)
