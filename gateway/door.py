"""The door: every connection of a client, from the moment it is accepted, and how one is ended.

libzmq tells of connections by their descriptors; a ROUTER has no way to close one. So a connection
is ended here by shutting its descriptor down, and libzmq then closes it as any that broke. That
could hit another connection only if libzmq had closed this one just then and given its number to
the next: the descriptor must be one of an accepted connection, to the port of the gateway, from the
very peer (address and port) that it had; so what may be hit in vain is at worst a connection of the
same peer, or, between two system calls, one that has just been made and makes another.

Connections that are one too many for their address are ended before their handshake, which is what
costs most; those that do not say HELLO after a while. Owned by the gateway's main thread.
"""

import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from gateway.crowd import NOWHERE, Crowd, Origin, Peer, place
from protocol.sockets import Context, Socket

log = logging.getLogger("gateway")

IDLE_MS: Final = 30_000
"""A connection without a session for longer is ended; looked at as often."""

_EVENTS = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED
_NEWS_MAX = 1_000
_TOLD_MAX = 20
"""Addresses of which it is told by name in a second."""
_ENDPOINT = "inproc://gateway.door"


class Door:
    """Watches the frontend's connections; ``monitor`` wakes up when there is news."""

    def __init__(self, context: Context, frontend: Socket, port: int, crowd: Crowd) -> None:
        """Watch a socket that listens on ``port``; call it before the first connection."""
        self._frontend = frontend
        self._port = port
        self._crowd = crowd
        frontend.monitor(_ENDPOINT, _EVENTS)
        self.monitor: Socket = context.socket(zmq.PAIR)
        # libzmq waits where the news are not taken, with the thread that serves all connections.
        self.monitor.setsockopt(zmq.RCVHWM, 0)
        self.monitor.linger = 0
        self.monitor.connect(_ENDPOINT)
        self._places: dict[int, str] = {}
        """Of all connections, by their descriptors."""
        self._idle: set[int] = set()
        """Those that had no session when it was looked last."""
        self._greeted: set[int] = set()
        """Those that said HELLO, and were not ended."""
        self._surplus: Counter[str] = Counter()
        """Connections that were one too many, by address, since it was last told."""
        self._look_ms = 0

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._places)

    def news(self, now_ms: int) -> None:
        """Take what came since the last call; bounded."""
        for _ in range(_NEWS_MAX):
            try:
                news = recv_monitor_message(self.monitor, zmq.DONTWAIT)
            except zmq.Again:
                return
            descriptor = int(news["value"])
            self._gone(descriptor, now_ms)
            if news["event"] == zmq.EVENT_ACCEPTED:
                self._accepted(descriptor, now_ms)

    def _accepted(self, descriptor: int, now_ms: int) -> None:
        peer = self._peer(descriptor)
        if peer is None:
            return  # gone already; that it went comes next
        where = place(peer[0])
        self._places[descriptor] = where
        if not self._crowd.came(where, now_ms):
            # Told once a second and not each time: whoever knocks a thousand times fills no log.
            self._surplus[where if len(self._surplus) < _TOLD_MAX else "others"] += 1
            self.end(Origin(where, descriptor, peer))

    def _gone(self, descriptor: int, now_ms: int) -> None:
        where = self._places.pop(descriptor, None)
        self._idle.discard(descriptor)
        greeted = descriptor in self._greeted
        self._greeted.discard(descriptor)
        if where is not None:
            self._crowd.went(where, greeted, now_ms)

    def origin(self, message: zmq.Frame) -> Origin:
        """Say where a HELLO came from; NOWHERE if libzmq does not tell."""
        try:
            descriptor, address = int(message.get(zmq.SRCFD)), str(message.get("Peer-Address"))
        except (zmq.ZMQError, ValueError):
            return NOWHERE
        if descriptor in self._places:
            self._greeted.add(descriptor)
        return Origin(place(address), descriptor, self._peer(descriptor))

    def end(self, origin: Origin) -> bool:
        """End the connection of which this is the origin; False: it is gone."""
        self._greeted.discard(origin.descriptor)
        if origin.peer is None:
            return False
        with contextlib.suppress(OSError, ValueError, TypeError, IndexError):
            one = socket.socket(fileno=origin.descriptor)
            try:
                if _name(one.getpeername()) == origin.peer and self._is_mine(one):
                    one.shutdown(socket.SHUT_RDWR)
                    return True
            finally:
                one.detach()
        return False

    def tend(self, now_ms: int, at_work: Callable[[], Iterable[int]]) -> None:
        """End connections that had no session twice in a row; ``at_work`` tells which have.

        Call it about once a second: it tells of those that were one too many, too.
        """
        for where, times in self._surplus.items():
            log.warning("too_many_connections address=%s times=%d", where, times)
        self._surplus.clear()
        if now_ms < self._look_ms:
            return
        self._look_ms = now_ms + IDLE_MS
        seated = set(at_work())
        if NOWHERE.descriptor in seated:
            return  # of some session it is not known which connection is its own
        idle = self._places.keys() - seated
        for descriptor in idle & self._idle:
            peer = self._peer(descriptor)
            self.end(Origin("", descriptor, peer))
        self._idle = idle - self._idle

    def close(self) -> None:
        """End the watching; call it before the frontend is closed."""
        with contextlib.suppress(zmq.ZMQError):
            self._frontend.disable_monitor()
        self.monitor.close()

    def _peer(self, descriptor: int) -> Peer | None:
        """Return the other end of a connection to this gateway's port; None: it is none."""
        with contextlib.suppress(OSError, ValueError, TypeError, IndexError):
            one = socket.socket(fileno=descriptor)
            try:
                return _name(one.getpeername()) if self._is_mine(one) else None
            finally:
                one.detach()
        return None

    def _is_mine(self, one: socket.socket) -> bool:
        return int(one.getsockname()[1]) == self._port


def _name(name: tuple[str, int] | tuple[str, int, int, int]) -> Peer:
    return name[0], name[1]
