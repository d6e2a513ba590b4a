"""A way to a server that damages what goes through it: one TCP connection, byte by byte.

The client's own library talks on the one side and the real server on the other, so that
what is damaged is a right CURVE handshake, or what is said behind it. Owned by the test's thread.
"""

import contextlib
import selectors
import socket
from collections.abc import Callable

from tests.server import HOST

_IDLE_S = 0.15
"""Silence after which nothing more is to be expected of either side."""


class Wiretap:
    """A port; ``carry`` lets one connection through it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        self._listener.close()

    def carry(self, damage: Callable[[bytes], bytes], enough: Callable[[], bool]) -> int:
        """Carry the next connection until a side ends it, all is said, or ``enough``.

        ``damage`` is applied to all that the client says, piece by piece, in its order. Returns
        the bytes that the server answered.
        """
        answered = 0
        near, _ = self._listener.accept()
        with near, socket.create_connection((HOST, self._port)) as far, _selector() as ready:
            ready.register(near, selectors.EVENT_READ)
            ready.register(far, selectors.EVENT_READ)
            with contextlib.suppress(OSError):
                while not enough():
                    found = ready.select(_IDLE_S)
                    if not found:
                        return answered
                    for key, _ in found:
                        data = near.recv(65536) if key.fileobj is near else far.recv(65536)
                        if not data:
                            return answered
                        if key.fileobj is near:
                            far.sendall(damage(data))
                        else:
                            answered += len(data)
                            near.sendall(data)
        return answered


def _selector() -> selectors.BaseSelector:
    return selectors.DefaultSelector()
