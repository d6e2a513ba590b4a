"""A bare client for benchmarks and tests: a DEALER that speaks frames, and nothing more."""

import time

import zmq

from protocol import keys, sockets
from protocol.frames import AnyFrame, Hello, Welcome, decode, encode
from protocol.invite import Invite, endpoint, parse_address
from protocol.keys import KeyPair


class Peer:
    """One connection; owned by the thread that makes it."""

    def __init__(
        self,
        context: sockets.Context,
        invite: Invite,
        nick: str,
        *,
        device: KeyPair | None = None,
        purpose: int = 0,
        token: str | None = None,
    ) -> None:
        """Connect and say HELLO; the answer comes later."""
        self.nick = nick
        self.device = device or keys.make()
        self._context = context
        self._invite = invite
        self._hello = Hello("bench", nick, token or invite.token, purpose)
        self.last = 0
        self.stamp = 0
        self.connect()

    def connect(self) -> None:
        """Make a connection, a new one if there was one before, and say HELLO."""
        self.socket = sockets.client(self._context, self.device, self._invite.server_key)
        self.socket.setsockopt(zmq.RCVHWM, 100_000)
        host, port = parse_address(self._invite.addresses[0], 8080)
        self.socket.connect(endpoint(host, port))
        self.send(self._hello)
        self.welcome: Welcome | None = None

    def send(self, frame: AnyFrame) -> None:
        """Send a frame."""
        self.socket.send(encode(frame))

    def receive(self, timeout_s: float = 30.0) -> AnyFrame:
        """Wait for the next frame and decode it."""
        if not self.socket.poll(int(timeout_s * 1_000)):
            raise TimeoutError("no frame came")
        return decode(self.socket.recv())

    def wait_for(self, *kinds: type[AnyFrame], timeout_s: float = 30.0) -> AnyFrame:
        """Skip frames until one of these kinds comes."""
        deadline = time.monotonic() + timeout_s
        while True:
            frame = self.receive(max(deadline - time.monotonic(), 0.001))
            if type(frame) in kinds:
                return frame

    def greet(self) -> Welcome:
        """Wait for WELCOME."""
        welcome = self.wait_for(Welcome)
        assert isinstance(welcome, Welcome)
        self.welcome = welcome
        if welcome.rooms:
            self.last = welcome.rooms[0][3]
        return welcome

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
