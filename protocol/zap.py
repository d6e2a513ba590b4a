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
from collections.abc import Callable

import zmq

from protocol.keys import z85

log = logging.getLogger("zap")

ENDPOINT = "inproc://zeromq.zap.01"
_DRAIN_MAX = 64

Allow = Callable[[str, bytes], bool]
"""Takes the domain and the peer's 32-byte public key; says whether it may enter."""


class ZapHandler:
    """Answers libzmq's questions; register ``socket`` with the poller, call ``serve``."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], allow: Allow) -> None:
        """Bind the handler; from now on the context's CURVE servers ask it."""
        self._allow = allow
        self.socket = context.socket(zmq.REP)
        self.socket.linger = 0
        self.socket.bind(ENDPOINT)

    def serve(self) -> None:
        """Answer what is waiting."""
        for _ in range(_DRAIN_MAX):
            try:
                request = self.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            self.socket.send_multipart(self._answer(request))

    def _answer(self, request: list[bytes]) -> list[bytes]:
        try:
            version, request_id, domain, _address, _identity, mechanism, *credentials = request
            if version != b"1.0" or mechanism != b"CURVE" or len(credentials) != 1:
                raise ValueError("not a CURVE request")
            key = credentials[0]
            name = domain.decode("ascii")
            if len(key) == 32 and self._allow(name, key):
                return [b"1.0", request_id, b"200", b"OK", z85(key), b""]
            log.info("refused domain=%s", name)
        except Exception as error:  # the callback must not be able to end the loop
            request_id = request[1] if len(request) > 1 else b""
            log.warning("failed error=%s", type(error).__name__)
            return [b"1.0", request_id, b"500", b"", b"", b""]
        return [b"1.0", request_id, b"400", b"not known here", b"", b""]

    def close(self) -> None:
        """Unbind; call it after the guarded sockets are closed."""
        self.socket.close()
