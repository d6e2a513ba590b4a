"""A server that lies: it holds the right key, and sends what it likes to the real client.

Between two blows it can be honest again: it draws a new epoch, as a server that was
restored from a backup, and says one thing that the client must then hear. Owned by
the test's thread.
"""

import secrets
import time
from collections.abc import Callable

import zmq

from protocol import keys, sockets
from protocol.blocks import NO_OUTBOX, encode_block
from protocol.client.happenings import Link
from protocol.codes import Purpose, RoomKind
from protocol.errors import WireError
from protocol.frames import (
    AnyFrame,
    BlobGet,
    BlobPut,
    Error,
    Hello,
    Page,
    Ping,
    Pong,
    Read,
    Send,
    Welcome,
    decode,
    encode,
)
from protocol.invite import Invite
from tests.integration.bare import text_item
from tests.integration.talker import Talker

PATIENCE_S = 30.0
PERSON = b"P" * 8
ROOM = b"R" * 16


class FalseServer:
    """One ROUTER on a free port, and the client that it talks with."""

    def __init__(self, context: sockets.Context) -> None:
        self._keys = keys.make()
        self._socket: sockets.Socket = context.socket(zmq.ROUTER)
        self._socket.linger = 0
        self._socket.curve_server = True
        self._socket.curve_secretkey = keys.z85(self._keys.secret)
        self._socket.curve_publickey = keys.z85(self._keys.public)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self.invite = Invite((f"127.0.0.1:{port}",), self._keys.public, "t" * 22)
        self._routes: dict[Purpose, list[bytes]] = {}
        """Of all connections that said HELLO and are not known to be over, the last one last."""
        self.epoch = secrets.token_bytes(16)
        self.head = 0
        self._text = ""
        self.sent: Send | None = None
        """The last that the client said."""
        self.request = 1
        """Of the client's last request that has one."""
        self.blob: BlobGet | BlobPut | None = None

    def close(self) -> None:
        self._socket.close()

    # --- lying ------------------------------------------------------------------------------

    def strike(self, purpose: Purpose, *parts: bytes) -> bool:
        """Send a message as it is; False if nobody is there to take it."""
        self.listen()
        return self._put(purpose, list(parts))

    def listen(self) -> None:
        """Take what has come; answer greetings and signs of life, and nothing else."""
        while self._socket.poll(0):
            self._hear(honest=False)

    # --- honesty ----------------------------------------------------------------------------

    def be_honest(self, talker: Talker) -> None:
        """Begin anew and say one thing; return when the client has heard it."""
        self.epoch = secrets.token_bytes(16)
        self._text = f"the truth {secrets.token_hex(4)}"
        self.head = 1
        again = encode(Error(8, "", "say HELLO again", 0, 0))
        self._put(Purpose.TALK, [again])
        self._until(talker, lambda: self._text in talker.texts(ROOM))

    def wait_online(self, talker: Talker) -> None:
        """Serve until the client is connected."""
        self._until(talker, lambda: talker.link is Link.ONLINE)

    def wait_for(self, talker: Talker, purpose: Purpose) -> None:
        """Serve until the client has a connection for this; a picture makes it want one."""
        if purpose in self._routes:
            return  # it only takes no more at the moment
        if purpose is Purpose.BULK:
            talker.client.fetch(ROOM, secrets.token_bytes(32), 100_000)
        else:
            self.wait_online(talker)
        self._until(talker, lambda: purpose in self._routes)

    def _until(self, talker: Talker, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        retry_at = 0.0
        while not condition():
            now = time.monotonic()
            assert now < deadline, f"the client is lost; its link: {talker.link}"
            assert talker.link is not Link.STOPPED, talker.happenings[-1]
            if talker.link in (Link.WAITING, Link.REFUSED) and now >= retry_at:
                # However long the lie told it to wait.
                retry_at = now + 0.05
                talker.client.retry_now()
            if self._socket.poll(10):
                self._hear(honest=True)

    def _hear(self, honest: bool) -> None:
        message = self._socket.recv_multipart()
        try:
            route, data = message
            frame = decode(data)
        except (ValueError, WireError) as error:
            raise AssertionError(f"the client itself sent a faulty frame: {error}") from None
        if isinstance(frame, Hello):
            purpose = Purpose(frame.purpose)
            self._greeted(purpose, route)
            self._answer(route, self._welcome(purpose))
        elif isinstance(frame, Ping):
            self._answer(route, Pong(frame.nonce, self.epoch, []))
        elif isinstance(frame, Send):
            self.sent = frame
        elif isinstance(frame, BlobGet | BlobPut):
            self.blob = frame
        elif isinstance(frame, Read):
            self.request = frame.request
            if honest:
                self._answer(route, self._page(frame))
        elif type(frame[0]) is int:
            self.request = frame[0]

    def _welcome(self, purpose: Purpose) -> Welcome:
        row = [ROOM, int(RoomKind.OPEN), "general", self.head, []]
        rooms = [row] if purpose is Purpose.TALK else []
        gateways = list(self.invite.addresses)
        return Welcome(PERSON, "Vera", self.epoch, 1, "False", gateways, rooms, 15_000)

    def _page(self, frame: Read) -> Page:
        blocks: list[bytes] = []
        if self.head and frame.after == 0:
            item = text_item(self._text)
            blocks = [encode_block(1, 1, [(b"O" * 8, "Olena", bytes(8), NO_OUTBOX, 0, [item])])]
        return Page(frame.request, frame.room, self.epoch, self.head, False, blocks)

    def _answer(self, route: bytes, frame: AnyFrame) -> None:
        self._send([route, encode(frame)])

    def _greeted(self, purpose: Purpose, route: bytes) -> None:
        routes = self._routes.setdefault(purpose, [])
        if route in routes:
            routes.remove(route)
        routes.append(route)

    def _put(self, purpose: Purpose, parts: list[bytes]) -> bool:
        # The last HELLO that is read may be of a connection that has ended before the one
        # that lives began: ROUTER takes turns among those of which something waits.
        while routes := self._routes.get(purpose):
            last = routes[-1]
            if self._send([last, *parts]):
                return True
            if last in self._routes.get(purpose, ()):
                return False  # it takes no more at the moment
        return False

    def _send(self, parts: list[bytes]) -> bool:
        try:
            self._socket.send_multipart(parts, zmq.DONTWAIT)
        except zmq.ZMQError as error:
            assert error.errno in (zmq.EAGAIN, zmq.EHOSTUNREACH)
            if error.errno == zmq.EHOSTUNREACH:
                for purpose, routes in list(self._routes.items()):
                    alive = [route for route in routes if route != parts[0]]
                    if alive:
                        self._routes[purpose] = alive
                    else:
                        del self._routes[purpose]
            return False
        return True
