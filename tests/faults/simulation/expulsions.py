"""People are put out of rooms and of the server while everything goes wrong: a story of its own.

The product's own broker core and gateway cores, turn by turn as their loops run them: a gateway can
stand still between any two steps of a turn. The links for operations break unnoticed while the feed
goes on, take nothing, or are made anew; the disk is full; the broker stands still, or is started
again. Whoever acted and heard DONE goes on talking: nothing of it may reach who was put out, on a
connection that was open all the time, nor may a head. One seed is one story.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from broker.core import Core as BrokerCore
from broker.grants import Grant
from gateway.core import Core as GatewayCore
from gateway.crowd import NOWHERE, Origin
from gateway.delivery import Sent
from gateway.sessions import Session
from protocol.backplane import BEAT_MS, LOBBY
from protocol.blocks import decode_block
from protocol.codes import Act, ErrorCode, EventKind, Role
from protocol.frames import Act as ActFrame
from protocol.frames import (
    Add,
    AnyFrame,
    Bye,
    Done,
    Error,
    Events,
    Heads,
    Hello,
    Ping,
    Pong,
    Private,
    Room,
    Send,
    Welcome,
    decode,
    encode,
)
from protocol.items import decode_item, encode_item
from protocol.keys import KeyPair, z85
from tests.faults.simulation.agenda import FIRST_MS
from tests.faults.simulation.brokerprocess import NoBlobs
from tests.faults.simulation.journal import Disk, MemoryJournal
from tests.faults.simulation.judge import Violation

NOTICE_MS = 6_000
"""After so long a gateway has noticed that its link is dead (``protocol/sockets.py``)."""
_GATEWAYS = 3
_PEOPLE = 5
_ROOMS = 2
_TEND_MS = 1_000
_SERVER = bytes(16)
_OWNER = "owner"


@dataclass(slots=True, eq=False)
class Member:
    """A client's connection; nobody here connects elsewhere."""

    name: str
    user: str
    gate: "Gate"
    person: bytes = b""
    greet: bool = True
    """It says HELLO in its next turn."""
    waits: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What follows from DONE, by the number of the request."""

    @property
    def route(self) -> bytes:
        return self.name.encode()


@dataclass(slots=True)
class Out:
    """Somebody who was put out, and the moment when that was DONE."""

    step: int
    heads: dict[bytes, int]


class Gate:
    """A gateway; its loop is a generator that stops wherever a process may be stopped."""

    def __init__(self, house: "House", name: str, core_type: type[GatewayCore]) -> None:
        self._house, self._name = house, name
        self._random = Random(house.random.random())
        self.core = core_type(self, lambda: [name], 0, Random(house.random.random()))
        self.links = 0
        self.route = b""
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        self.feed: deque[list[bytes]] = deque()
        self.topics = {LOBBY}
        self.dead = self.stuck = False
        """The link is broken, and nobody has noticed; the broker can send nothing by it."""
        self.notice_ms = self.link_ms = 0
        self.until_ms = 0
        """So long it stands still."""
        self._heard: deque[tuple[Member, AnyFrame]] = deque()
        self.loop = self._run()

    def break_link(self) -> None:
        """All that is under way is lost; the feed is another connection."""
        if not self.dead:
            self.dead = True
            self.notice_ms = self._house.now_ms + self._random.randrange(self._house.notice_ms)
            self.up.clear()
            self.down.clear()

    def say(self, member: Member, frame: AnyFrame) -> None:
        self._heard.append((member, frame))

    def _run(self) -> Iterator[None]:
        """Do what ``gateway/server.py`` does, in its order."""
        core, house = self.core, self._house
        tend_ms = beat_ms = 0
        while True:
            core.at(house.now_ms)
            self._watch()
            yield
            for _ in range(self._random.randrange(8)):
                if not self.down:
                    break
                batch = self.down.popleft()
                yield
                core.at(house.now_ms)
                core.told(batch)
            core.send_collected()
            yield
            for _ in range(self._random.randrange(20)):
                if not self.feed:
                    break
                parts = self.feed.popleft()
                yield
                if parts[0] in self.topics:
                    core.at(house.now_ms)
                    core.fed(parts)
            yield
            core.flush(house.now_ms)
            yield
            while self._heard:
                member, frame = self._heard.popleft()
                core.heard(member.route, member.user, encode(frame), house.now_ms)
            core.send_collected()
            yield
            if house.now_ms >= tend_ms:
                tend_ms = house.now_ms + _TEND_MS
                core.tend(house.now_ms)
            if house.now_ms >= beat_ms:
                beat_ms = house.now_ms + BEAT_MS
                core.beat()

    def _watch(self) -> None:
        now_ms = self._house.now_ms
        if self.dead and now_ms >= self.notice_ms and not self.link_ms:
            self.core.unlinked()
            self.link_ms = now_ms + self._random.randrange(100, 1_000)
        if (self.link_ms and now_ms >= self.link_ms) or not self.links:
            self.links += 1
            self.route = f"{self._name}-{self.links}".encode()
            self.link_ms, self.dead = 0, False
            self.core.linked()

    # --- gateway.core.Sockets ---------------------------------------------------------------

    def send(self, route: bytes, data: bytes) -> Sent:
        self._house.received(route.decode(), decode(data))
        return Sent.DONE

    def send_all(self, sessions: Iterable[Session], data: bytes) -> list[tuple[Session, Sent]]:
        for session in list(sessions):
            self.send(session.route, data)
        return []

    def send_up(self, batch: bytes) -> bool:
        if not self.dead:
            self.up.append(batch)
        return True

    def send_read(self, parts: list[bytes]) -> bool:
        return True

    def subscribe(self, room: bytes) -> None:
        self.topics.add(room)

    def unsubscribe(self, room: bytes) -> None:
        self.topics.discard(room)

    def serve_clients(self, keys: KeyPair) -> None:
        pass

    def origin(self, message: Any) -> Origin:
        return NOWHERE

    def end(self, origin: Origin) -> None:
        raise AssertionError("nobody floods here")


class House:
    """The story of a seed; the types can be worse ones."""

    def __init__(
        self,
        seed: int,
        broker_type: type[BrokerCore] = BrokerCore,
        gateway_type: type[GatewayCore] = GatewayCore,
        notice_ms: int = NOTICE_MS,
    ) -> None:
        self.random = Random(seed)
        self.notice_ms = notice_ms
        self.now_ms = 1_000
        self.step = 0
        self.done = 0
        """Acts that were confirmed."""
        self._broker_type = broker_type
        self._disk = Disk(Random(seed), lambda *_: None)
        self._still_ms = 0
        self._begin()
        self._gates = [Gate(self, f"gate{n}", gateway_type) for n in range(_GATEWAYS)]
        self._members = {
            name: Member(name, z85(self.random.randbytes(32)).decode(), gate)
            for name, gate in self._places()
        }
        self._owner = self._members[_OWNER]
        self._requests = 0
        self._rooms: list[bytes] = []
        self._texts: dict[str, int] = {}
        """At which step they were said."""
        self._out: dict[tuple[bytes, bytes], Out] = {}
        """By room (_SERVER: all) and person."""
        self._turns: dict[tuple[bytes, bytes], int] = defaultdict(int)
        """How often somebody was let in again: what was asked before it does not count."""

    def _places(self) -> Iterator[tuple[str, Gate]]:
        yield _OWNER, self._gates[0]
        for number in range(_PEOPLE):
            yield f"p{number}", self.random.choice(self._gates)

    def _begin(self) -> None:
        """Start a broker."""
        grants = {"in": Grant("", Role.MEMBER, 0, 0), "own": Grant("own", Role.OWNER, 1, 0)}
        self._broker = self._broker_type(
            MemoryJournal(self._disk),
            NoBlobs(),
            KeyPair(b"p" * 32, b"s" * 32),
            grants.get,
            Random(self.random.random()).randbytes,
            self,
            self.now_ms,
            FIRST_MS + self.now_ms,
        )

    # --- broker.outside.Outside ---------------------------------------------------------------

    def send(self, route: bytes, data: bytes) -> bool:
        for gate in self._gates:
            if gate.route == route:
                if not gate.dead and not gate.stuck:
                    gate.down.append(data)
                return not gate.stuck
        return False

    def publish(self, parts: list[bytes]) -> None:
        for gate in self._gates:
            if parts[0] in gate.topics:
                gate.feed.append(parts)

    def note_addresses(self, addresses: list[str]) -> None:
        pass

    def note_heads(self, heads: dict[bytes, int]) -> None:
        pass

    # --- the story ------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        """Tell it; raise :class:`Violation`."""
        self._settle()
        for number in range(_ROOMS):
            self._make_room(f"room {number}")
        self._settle()
        assert len(self._rooms) == _ROOMS
        for _ in range(steps):
            self._something()
            self._move(self.random.choice((1, 10, 50, 250)))

    def _make_room(self, name: str) -> None:
        people = [one.person for one in self._members.values() if one is not self._owner]
        self._ask(lambda request: Private(request, name, people))

    def _settle(self) -> None:
        for _ in range(200):
            self._move(20)

    def _move(self, passed_ms: int) -> None:
        self.step += 1
        self.now_ms += passed_ms
        if self.now_ms >= self._still_ms:
            messages = [
                [gate.route, gate.up.popleft()]
                for gate in self.random.sample(self._gates, _GATEWAYS)
                for _ in range(self.random.randint(0, len(gate.up)))
            ]
            if messages:
                self._broker.drain(messages, self.now_ms, FIRST_MS + self.now_ms)
            self._broker.tick(self.now_ms, FIRST_MS + self.now_ms)
        for gate in self._gates:
            for _ in range(self.random.randrange(40)):
                if self.now_ms >= gate.until_ms:
                    next(gate.loop)
        for member in self._members.values():
            if member.greet and self.random.random() < 0.1:
                member.greet = False
                token = "own" if member is self._owner else "in"
                member.gate.say(member, Hello("t", member.name, token, 0))

    def _something(self) -> None:
        drawn = self.random.random()
        if drawn < 0.08:
            self._put_out()
        elif drawn < 0.12:
            self._let_in()
        elif drawn < 0.34:
            self._talk()
        elif drawn < 0.4:
            one = self.random.choice(list(self._members.values()))
            one.gate.say(one, Ping(1))
        elif drawn < 0.42:
            self._disk.full = False
            for gate in self._gates:
                gate.stuck = False
        elif drawn < 0.43:
            self._trouble()

    def _trouble(self) -> None:
        # Mostly others' than the owner's: who hears nothing of DONE proves nothing.
        gate = self.random.choice([*self._gates, *self._gates[1:], *self._gates[1:]])
        match self.random.randrange(7):
            case 0:
                self._disk.full = True
            case 1 | 2:
                gate.break_link()
            case 3:
                gate.stuck = True
            case 4 | 5:
                gate.until_ms = self.now_ms + self.random.choice((3_000, 7_000, 13_000))
            case _ if self.random.random() < 0.5:
                self._still_ms = self.now_ms + self.random.choice((3_000, 13_000))
            case _:
                for one in self._gates:
                    one.break_link()
                self._begin()

    def _ask(self, make: Callable[[int], AnyFrame], then: Callable[[], None] | None = None) -> None:
        self._requests += 1
        if then is not None:
            self._owner.waits[self._requests] = then
        self._owner.gate.say(self._owner, make(self._requests))

    def _whom(self) -> tuple[bytes, bytes]:
        people = [one.person for one in self._members.values() if one is not self._owner]
        return self.random.choice([*self._rooms, *self._rooms, _SERVER]), self.random.choice(people)

    def _put_out(self) -> None:
        room, person = whom = self._whom()
        act = Act.BAN if room == _SERVER else Act.KICK
        turn = self._turns[whom]

        def done() -> None:
            self.done += 1
            if self._turns[whom] == turn and whom not in self._out:
                rooms = self._broker.directory.rooms
                self._out[whom] = Out(self.step, {one: rooms[one].head for one in self._rooms})

        self._ask(lambda request: ActFrame(request, act, room, person, b"", 0, ""), done)

    def _let_in(self) -> None:
        room, person = whom = self._whom()
        self._turns[whom] += 1
        self._out.pop(whom, None)
        if room == _SERVER:
            self._ask(lambda request: ActFrame(request, Act.UNBAN, room, person, b"", 0, ""))
        else:
            self._ask(lambda request: Add(request, room, [person]))

    def _talk(self) -> None:
        text = f"said in step {self.step}"
        self._texts[text] = self.step
        item = encode_item(EventKind.TEXT, {"text": text})
        room = self.random.choice(self._rooms)
        self._owner.gate.say(self._owner, Send(room, self.random.randbytes(8), 1, [item]))

    # --- what clients hear ------------------------------------------------------------------------

    def received(self, name: str, frame: AnyFrame) -> None:
        """A frame reaches a client."""
        member = self._members[name]
        if isinstance(frame, Welcome):
            member.person = frame.person
        elif isinstance(frame, Room) and member is self._owner and frame.room not in self._rooms:
            self._rooms.append(frame.room)
        elif isinstance(frame, Done):
            member.waits.pop(frame.request, lambda: None)()
        elif isinstance(frame, Bye) or (
            isinstance(frame, Error)
            and not frame.request
            and frame.code in (ErrorCode.NO_SESSION, ErrorCode.UNAVAILABLE)
        ):
            member.greet = True
        elif isinstance(frame, Events):
            for block in frame.blocks:
                for event in decode_block(block):
                    kind, body = decode_item(event.item)
                    if kind == EventKind.TEXT:
                        self._judge(member, frame.room, self._texts[body["text"]], None)
        elif isinstance(frame, Heads | Pong):
            for row in frame.heads:
                self._judge(member, row[0], 0, row[1])

    def _judge(self, member: Member, room: bytes, said: int, head: int | None) -> None:
        for where in (room, _SERVER):
            out = self._out.get((where, member.person))
            if out is None or room not in out.heads:
                continue
            what = f"{member.name}, put out in step {out.step}, hears in step {self.step}"
            if head is not None and head > out.heads[room]:
                raise Violation(f"privacy: {what} of the head {head}")
            if said > out.step:
                raise Violation(f"privacy: {what} what was said in step {said}")
