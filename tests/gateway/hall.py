"""A whole gateway without sockets, its clients and its broker: the stage of tests."""

from random import Random
from typing import Any

from gateway.core import Core
from protocol.backplane import Down, FeedKind, Up, encode_batch, feed_header
from protocol.codes import Purpose, RoomKind
from protocol.frames import AnyFrame, Events, Hello, Welcome, encode
from protocol.keys import make, z85
from tests.gateway.stand import EPOCH, ROOM, Wires

PERSON = b"person-1"


class Hall:
    """A gateway with a broker: the test."""

    def __init__(self, rate_per_s: float = 0.0) -> None:
        self.wires = Wires()
        self.wires.room = 1_000_000
        self.users: dict[bytes, str] = {}
        self.core = Core(self.wires, lambda: ["here:8080"], rate_per_s, Random(1))
        self.now_ms = 1_000
        self.head = 0
        self.core.at(self.now_ms)
        self.core.linked()
        self.register()

    def register(self, instance: bytes = b"", term: int = 7) -> None:
        """Let the broker answer an introduction: the last one, if no instance is given."""
        answer = [Down.REGISTERED, "Zviazok", b"p" * 32, b"s" * 32, EPOCH, term]
        self.tell([*answer, instance or self.wires.instance])

    def tell(self, *operations: list[Any]) -> None:
        """Let the broker say this, in one batch."""
        self.core.told(encode_batch(b"broker-1", list(operations)))
        self.core.send_collected()

    def enter(self, name: str, *rooms: bytes, purpose: Purpose = Purpose.TALK) -> bytes:
        """Let somebody in; return the route."""
        route = name.encode()
        self.users[route] = z85(make().public).decode()
        self.greet(route, purpose)
        self.open(route, *rooms)
        assert isinstance(self.wires.to(route)[0], Welcome)
        return route

    def greet(self, route: bytes, purpose: Purpose = Purpose.TALK) -> None:
        self.say(route, Hello("t", route.decode(), None, int(purpose)))

    def open(self, route: bytes, *rooms: bytes) -> None:
        rows = [[room, int(RoomKind.OPEN), "room", self.head, []] for room in rooms]
        self.tell([Down.OPENED, self.slot(route), PERSON, route.decode(), rows])

    def slot(self, route: bytes) -> int:
        return self.core.sessions.by_route[route].slot

    def say(self, route: bytes, *frames: AnyFrame | bytes) -> None:
        """Let a client say these, in one drain; its connection is named after its route."""
        origin = ("", len(route), ("127.0.0.1", int.from_bytes(route[:2], "big")))
        for frame in frames:
            data = frame if isinstance(frame, bytes) else encode(frame)
            self.core.heard(route, self.users[route], data, self.now_ms, origin)
        self.core.send_collected()

    def publish(self, room: bytes = ROOM, term: int = 7) -> None:
        """The feed brings a block; it is held back until ``flush``."""
        self.head += 1
        header = feed_header(FeedKind.BLOCK, term, EPOCH, self.head, self.head)
        self.core.fed([room, header, b"block %d" % self.head])

    def flush(self, passed_ms: int = 1_000) -> None:
        """Let time pass."""
        self.now_ms += passed_ms
        self.core.at(self.now_ms)
        self.core.flush(self.now_ms)

    def heard(self, route: bytes) -> list[bytes]:
        """Return the blocks that came; nothing else may have come."""
        frames = self.wires.to(route)
        assert all(isinstance(one, Events) for one in frames), frames
        return [block for one in frames if isinstance(one, Events) for block in one.blocks]

    def confirmed(self) -> list[Any]:
        """Return the tickets that are confirmed; each must be the last of its batch."""
        batches = [one for one in self.wires.sent if any(op[0] == Up.CONFIRMED for op in one)]
        assert all(one[-1][0] == Up.CONFIRMED for one in batches)
        return [one[-1][1] for one in batches]
