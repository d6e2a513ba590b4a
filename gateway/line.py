"""A gateway's line to one port of the broker: watched, and laid anew after a refusal.

libzmq gives a connection up for ever once the other end has refused its key. A gateway
whose key is added to the broker's file must come in by itself, so a refused line is
connected again, every second or so. Owned by the gateway's main thread.
"""

import contextlib

import zmq
from zmq.utils.monitor import recv_monitor_message

from protocol.sockets import Socket

_REFUSALS = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
_EVENTS = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_DISCONNECTED
)
_NEWS_MAX = 64
_CONNECT_MS = 5_000
"""The system asks for a connection less and less often, after a minute only every minute. A new
one is asked for at once, so that a line is back soon after the network is."""


class Line:
    """``socket``, connected to ``endpoint`` for good; ``monitor`` wakes up when there is news."""

    def __init__(self, socket: Socket, endpoint: str) -> None:
        """Begin to connect; the socket stays its maker's to use and to close."""
        self.socket = socket
        self.monitor: Socket = socket.get_monitor_socket(_EVENTS)
        self._endpoint = endpoint
        self._refused = False
        socket.setsockopt(zmq.CONNECT_TIMEOUT, _CONNECT_MS)
        socket.connect(endpoint)

    def news(self) -> list[int]:
        """Return the ``zmq.EVENT_…`` that came since the last call."""
        kinds: list[int] = []
        for _ in range(_NEWS_MAX):
            try:
                kinds.append(recv_monitor_message(self.monitor, zmq.DONTWAIT)["event"])
            except zmq.Again:
                break
        self._refused = self._refused or any(one in _REFUSALS for one in kinds)
        return kinds

    def lost(self) -> bool:
        """Whether the connection broke since the last call, for those who need no other news."""
        return zmq.EVENT_DISCONNECTED in self.news()

    def tend(self) -> None:
        """Connect again if the broker has refused; call it about once a second, after ``news``."""
        if not self._refused:
            return
        self._refused = False
        # What is left of the old connection must not become a second one beside the new.
        with contextlib.suppress(zmq.ZMQError):
            self.socket.disconnect(self._endpoint)
        self.socket.connect(self._endpoint)

    def close(self) -> None:
        """End the watching; call it before the socket is closed."""
        with contextlib.suppress(zmq.ZMQError):
            self.socket.disable_monitor()
        self.monitor.close()
