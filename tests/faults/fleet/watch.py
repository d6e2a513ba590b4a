"""Many ZeroMQ sockets in one thread, whose waiting costs what has happened and not what is there.

``zmq.Poller`` asks every socket at every turn: with a thousand clients that is most of a turn. A
socket's descriptor tells only that *something* has changed since it was last asked, so one that
was touched is asked again at the next turn until it has nothing more. Owned by one thread.
"""

import selectors
from typing import Any

import zmq


class Watch(zmq.Poller):
    """A ``zmq.Poller`` in words (register, modify, unregister, poll) with another engine."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        self._wanted: dict[Any, int] = {}
        self._touched: dict[Any, None] = {}

    def register(self, socket: Any, flags: int = zmq.POLLIN | zmq.POLLOUT) -> None:
        """Watch a ZeroMQ socket, or something with a ``fileno`` for reading."""
        fd = socket.FD if isinstance(socket, zmq.Socket) else socket
        self._selector.register(fd, selectors.EVENT_READ, socket)
        self._wanted[socket] = flags
        self._touched[socket] = None

    def modify(self, socket: Any, flags: int = zmq.POLLIN | zmq.POLLOUT) -> None:
        """Watch for something else; 0: for nothing. Also to be called after sending."""
        self._wanted[socket] = flags
        self._touched[socket] = None

    def unregister(self, socket: Any) -> None:
        """Watch it no more; it must still be open."""
        self._selector.unregister(socket.FD if isinstance(socket, zmq.Socket) else socket)
        del self._wanted[socket]
        self._touched.pop(socket, None)

    def poll(self, timeout: float | None = None) -> list[tuple[Any, int]]:
        """Return what is ready, with its events; wait up to ``timeout`` ms for something."""
        ready = self._ready()
        if ready:
            timeout = 0
        for key, _ in self._selector.select(None if timeout is None else max(timeout, 0) / 1_000):
            self._touched[key.data] = None
        return self._ready()

    def close(self) -> None:
        """Give the descriptor back."""
        self._selector.close()

    def _ready(self) -> list[tuple[Any, int]]:
        ready: list[tuple[Any, int]] = []
        for socket in list(self._touched):
            if not isinstance(socket, zmq.Socket):
                del self._touched[socket]
                ready.append((socket, zmq.POLLIN))
                continue
            events = int(socket.EVENTS) & self._wanted[socket]
            if events:
                ready.append((socket, events))
            else:
                del self._touched[socket]
        return ready
