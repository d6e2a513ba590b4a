"""One connection to a gateway: a CURVE DEALER, its monitor, and what they say.

A link is opened, lives, and is over; it never reconnects, because what waited in the
old pipe would be sent twice or into the dark. Owned by one thread from its making
to its closing.
"""

import contextlib
from collections import deque
from collections.abc import Iterable

import zmq
from zmq.utils.monitor import recv_monitor_message

from protocol.codes import ErrorCode
from protocol.frames import Bye, encode
from protocol.invite import DEFAULT_PORT, endpoint, parse_address
from protocol.keys import KeyPair, fingerprint
from protocol.sockets import Context, Socket, client

DRAIN_MAX_FRAMES = 256
_MONITOR_MAX = 32
_CONNECT_MS = 5_000

_LEAVE_MS = 300
_BYE = Bye(int(ErrorCode.STOPPING), "", 0, [])

_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CLOSED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


class LinkDown(Exception):
    """The connection is over; the text is one line for people."""


class Link:
    """A connection to ``address``."""

    def __init__(
        self, context: Context, poller: zmq.Poller, keys: KeyPair, server_key: bytes, address: str
    ) -> None:
        """Begin to connect; raise :class:`LinkDown` if the address is of no use."""
        self.address = address
        self.up = False
        self._reached = False
        self._server_key = server_key
        self._poller = poller
        self._waiting: deque[bytes] = deque()
        self.socket: Socket = client(context, keys, server_key)
        self.socket.setsockopt(zmq.CONNECT_TIMEOUT, _CONNECT_MS)
        self.monitor: Socket = self.socket.get_monitor_socket(_EVENTS)
        self._poller.register(self.monitor, zmq.POLLIN)
        self._poller.register(self.socket, zmq.POLLIN)
        try:
            self.socket.connect(endpoint(*parse_address(address, DEFAULT_PORT)))
        except zmq.ZMQError:
            self.close()
            raise LinkDown(f"{address} cannot be connected to") from None

    def watch(self) -> bool:
        """Hear the monitor; True when the handshake has succeeded just now.

        Raises :class:`LinkDown` when the connection is over.
        """
        risen = False
        for _ in range(_MONITOR_MAX):
            try:
                message = recv_monitor_message(self.monitor, zmq.DONTWAIT)
            except zmq.Again:
                break
            event = message["event"]
            if event == zmq.EVENT_CONNECTED:
                self._reached = True
            elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self.up = risen = True
            else:
                raise LinkDown(self._why(event))
        return risen

    def receive(self) -> list[bytes]:
        """Return the frames that are here, at most ``DRAIN_MAX_FRAMES``."""
        frames: list[bytes] = []
        for _ in range(DRAIN_MAX_FRAMES):
            try:
                parts = self.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                break
            # More than one part is no frame of this protocol; b"" is counted as a fault.
            frames.append(parts[0] if len(parts) == 1 else b"")
        return frames

    def send(self, frames: Iterable[bytes]) -> None:
        """Send in order; what does not fit the pipe waits for room in it."""
        self._waiting.extend(frames)
        while self._waiting:
            try:
                self.socket.send(self._waiting[0], zmq.DONTWAIT)
            except zmq.Again:
                break
            self._waiting.popleft()
        events = zmq.POLLIN | zmq.POLLOUT if self._waiting else zmq.POLLIN
        self._poller.modify(self.socket, events)

    def leave(self) -> None:
        """End the connection with a BYE, which has a moment to get out."""
        if self.up:
            self.send([encode(_BYE)])
        self.close(_LEAVE_MS if self.up else 0)

    def close(self, linger_ms: int = 0) -> None:
        """End the connection; twice is once."""
        if self.socket.closed:
            return
        self._poller.unregister(self.monitor)
        self._poller.unregister(self.socket)
        with contextlib.suppress(zmq.ZMQError):
            self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=linger_ms)

    def _why(self, event: int) -> str:
        if self.up:
            return f"the connection to {self.address} broke"
        if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            return f"{self.address} takes no connection from here at the moment"
        if self._reached:
            return (
                f"{self.address} answers, but does not have the key of this server "
                f"({fingerprint(self._server_key)}), or it is just restarting: if this stays, "
                "check the address, or ask the server's admin for a new link"
            )
        return f"no server answers at {self.address}"
