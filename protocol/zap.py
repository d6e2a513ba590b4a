"""ZAP: who may finish a CURVE handshake, decided in the loop that owns the sockets.

A handler of RFC 27 for CURVE alone. It is polled by the same loop as the
sockets that it guards, so it needs no thread and no event loop of its own, and
while it does not answer nobody gets in: it fails closed. Make it before the first
bind, and give every server socket ``ZAP_DOMAIN`` and ``ZAP_ENFORCE_DOMAIN=1``
(``protocol.sockets.guard``), because libzmq lets everybody in where no handler
is bound (libzmq src/curve_server.cpp).

Owned by the thread that makes it. ``allow`` may be wrong or raise: that refuses
the one connection.
"""

import logging
import time
from collections.abc import Callable

import zmq

from protocol.keys import z85

log = logging.getLogger("zap")

ENDPOINT = "inproc://zeromq.zap.01"
_DRAIN_MAX = 64
_ROTATE_AFTER = 200
_QUIET_S = 1.0
_TELL_S = 1.0
"""Refusals are told once in so long, with their number: a flood shall not fill the log."""
_GRACE_S = 10.0
"""Longer than any handshake may take (``sockets._HANDSHAKE_MS``)."""

Socket = zmq.Socket[bytes]
Allow = Callable[[str, bytes], bool]
"""Takes the domain and the peer's 32-byte public key; says whether it may enter."""


class ZapHandler:
    """Answers libzmq's questions in the loop of ``poller``; call ``serve`` when it wakes up.

    Every connection keeps its pipe to the handler for life, 16 KiB that are used once. So
    after some answers a new socket takes the handler's place, and the old one is closed,
    with its pipes, when the handshakes that still know it must be over. This is done in
    a quiet moment, because a handshake that meets no handler fails.
    """

    def __init__(self, context: zmq.Context[Socket], allow: Allow, poller: zmq.Poller) -> None:
        """Bind the handler; from now on the context's CURVE servers ask it."""
        self._context = context
        self._allow = allow
        self._poller = poller
        self._answered = 0
        self.closed = 0
        """Old handlers closed so far: each gave the memory of some 200 pipes back."""
        self._old: list[tuple[float, Socket]] = []
        self._quiet_s = 0.0
        self._refusals: dict[str, int] = {}
        """Why, and how often since it was told last."""
        self._tell_s = 0.0
        self._socket = self._make()
        self._socket.bind(ENDPOINT)

    def _make(self) -> Socket:
        socket: Socket = self._context.socket(zmq.REP)
        socket.linger = 0
        self._poller.register(socket, zmq.POLLIN)
        return socket

    def serve(self) -> None:
        """Answer what is waiting; cheap when nothing is."""
        now_s = time.monotonic()
        if self._refusals and now_s > self._tell_s:
            self._tell_s = now_s + _TELL_S
            for why, number in self._refusals.items():
                log.info("refused %s times=%d", why, number)
            self._refusals.clear()
        for _, socket in self._old:
            self._drain(socket)
        while self._old and self._old[0][0] < now_s:
            _, socket = self._old.pop(0)
            self._poller.unregister(socket)
            socket.close()
            self.closed += 1
        answered = self._drain(self._socket)
        if answered:
            self._answered += answered
            self._quiet_s = now_s + _QUIET_S
        elif self._answered >= _ROTATE_AFTER and now_s > self._quiet_s:
            self._answered = 0
            try:
                fresh = self._make()
            except zmq.ZMQError as error:
                # No descriptor is left: the old handler serves on, and this is tried again later.
                log.warning("not_rotated errno=%s", error.errno)
                return
            self._socket.unbind(ENDPOINT)
            fresh.bind(ENDPOINT)
            self._old.append((now_s + _GRACE_S, self._socket))
            self._socket = fresh

    def _drain(self, socket: Socket) -> int:
        for count in range(_DRAIN_MAX):
            if not int(socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:  # cheaper than an exception
                return count
            socket.send_multipart(self._answer(socket.recv_multipart()))
        return _DRAIN_MAX

    def _answer(self, request: list[bytes]) -> list[bytes]:
        try:
            version, request_id, domain, _address, _identity, mechanism, *credentials = request
            if version != b"1.0" or mechanism != b"CURVE" or len(credentials) != 1:
                raise ValueError("not a CURVE request")
            key = credentials[0]
            name = domain.decode("ascii")
            if len(key) == 32 and self._allow(name, key):
                return [b"1.0", request_id, b"200", b"OK", z85(key), b""]
            self._refused(f"domain={name}")
        except Exception as error:  # the callback must not be able to end the loop
            request_id = request[1] if len(request) > 1 else b""
            self._refused(f"error={type(error).__name__}")
            return [b"1.0", request_id, b"500", b"", b"", b""]
        return [b"1.0", request_id, b"400", b"not known here", b"", b""]

    def _refused(self, why: str) -> None:
        self._refusals[why] = self._refusals.get(why, 0) + 1

    def close(self) -> None:
        """Unbind; call it after the guarded sockets are closed."""
        for socket in (self._socket, *(one for _, one in self._old)):
            self._poller.unregister(socket)
            socket.close()
