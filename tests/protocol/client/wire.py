"""A model of the server for tests of the session: one gateway, a journal, no sockets.

It keeps the rules of the protocol, and misbehaves as a real network may: it is
busy, skips a client that lags, and loses what was under way at a disconnect.
"""

from collections import deque
from random import Random
from typing import Any

from protocol.blocks import Event, encode_block
from protocol.client.happenings import Arrived, Changed, Message
from protocol.client.outcome import Answer, Outcome, Touched
from protocol.client.session import Phase, Session
from protocol.client.shelf import Shelf
from protocol.client.store import Store
from protocol.codes import ErrorCode
from protocol.frames import (
    Ack,
    AnyFrame,
    Busy,
    Error,
    Events,
    Gap,
    Heads,
    Hello,
    Page,
    Ping,
    Pong,
    Read,
    Refused,
    Send,
    Welcome,
    decode,
    encode,
)

EPOCH = b"E" * 16
ROOM = b"r" * 16
BAD = b"refuse me"


def person_of(device: bytes) -> bytes:
    return device[:8]


class ModelServer:
    """One room; ``mischief`` is the share of things that go wrong."""

    def __init__(self, random: Random, mischief: float = 0.0) -> None:
        self.random = random
        self.mischief = mischief
        self.epoch = EPOCH
        self.events: list[Event] = []
        self.answers: dict[tuple[bytes, bytes], dict[int, AnyFrame]] = {}
        self.links: list[ModelLink] = []
        self.gaps = 0

    @property
    def head(self) -> int:
        return len(self.events)

    def wrong(self) -> bool:
        return self.random.random() < self.mischief

    def take(self, link: "ModelLink", frame: AnyFrame) -> None:
        if isinstance(frame, Hello):
            rows = [[ROOM, 1, "general", self.head, []]]
            person = person_of(link.device)
            link.welcome = True
            link.send(Welcome(person, "nick", self.epoch, 1, "model", [], rows, 15_000))
        elif not link.welcome:
            link.send(Error(ErrorCode.NO_SESSION, "", "say HELLO first", 0, 0))
        elif isinstance(frame, Send):
            self._send(link, frame)
        elif isinstance(frame, Read):
            if self.wrong():
                link.send(Error(ErrorCode.BUSY, "", "later", 9, frame.request))
            else:
                link.send(self.page(frame))
        elif isinstance(frame, Ping):
            link.send(Pong(frame.nonce, self.epoch, [[ROOM, self.head]]))

    def _send(self, link: "ModelLink", frame: Send) -> None:
        if self.wrong():
            link.send(Busy(frame.room, frame.outbox_epoch, frame.first_n, 50))
            return
        known = self.answers.setdefault((link.device, frame.outbox_epoch), {})
        expect = len(known) + 1
        if frame.first_n > expect:
            self.gaps += 1
            link.send(Gap(frame.room, frame.outbox_epoch, expect))
            return
        fresh: list[Event] = []
        for n, item in enumerate(frame.items, frame.first_n):
            if n not in known:
                known[n] = self._place(link, frame, n, item, fresh)
            link.send(known[n])
        self.publish(fresh)

    def _place(
        self, link: "ModelLink", frame: Send, n: int, item: bytes, fresh: list[Event]
    ) -> AnyFrame:
        if BAD in item:
            return Refused(
                frame.room, frame.outbox_epoch, n, 1, ErrorCode.FIELD, "text", "is not nice"
            )
        device = link.device[:8]
        seq = self.head + 1
        event = Event(
            seq, 1000 + seq, person_of(link.device), "nick", device, frame.outbox_epoch, n, item
        )
        self.events.append(event)
        fresh.append(event)
        return Ack(frame.room, frame.outbox_epoch, n, 1, self.epoch, seq)

    def publish(self, fresh: list[Event]) -> None:
        if not fresh:
            return
        frame = Events(ROOM, self.epoch, 1, [block(one) for one in fresh])
        for link in self.links:
            if link.welcome and not self.wrong():
                link.send(frame)

    def announce(self) -> None:
        for link in self.links:
            if link.welcome:
                link.send(Heads(self.epoch, [[ROOM, self.head]]))

    def page(self, frame: Read) -> Page:
        """Answer as the journal does: oldest first without ``before``, else the newest."""
        most = max(1, min(frame.limit, self.random.randint(1, 60)))
        inside = [
            one
            for one in self.events
            if one.seq > frame.after and (not frame.before or one.seq < frame.before)
        ]
        found = inside[-most:] if frame.before else inside[:most]
        if found and self.wrong():
            # Whole blocks: events outside of what was asked for come along.
            first, last = max(1, found[0].seq - 3), min(self.head, found[-1].seq + 3)
            found = self.events[first - 1 : last]
        more = len(found) < len(inside)
        return Page(frame.request, ROOM, self.epoch, self.head, more, [block(one) for one in found])


def block(event: Event) -> bytes:
    run: Any = (event.person, event.nick, event.device, event.outbox_epoch, event.n, [event.item])
    return encode_block(event.seq, event.ts, [run])


class ModelLink:
    """A connection of one device: two queues that are lost together."""

    def __init__(self, server: ModelServer, device: bytes) -> None:
        self.server = server
        self.device = device
        self.welcome = False
        self.up: deque[bytes] = deque()
        self.down: deque[bytes] = deque()
        server.links.append(self)

    def send(self, frame: AnyFrame) -> None:
        self.down.append(encode(frame))

    def serve(self, most: int) -> None:
        for _ in range(min(most, len(self.up))):
            self.server.take(self, decode(self.up.popleft()))

    def close(self) -> None:
        self.server.links.remove(self)


class ModelClient:
    """A session with a real store in memory, carried out as the shell does it."""

    def __init__(self, server: ModelServer, device: bytes, store: Store, random: Random) -> None:
        self.server = server
        self.device = device
        self.store = store
        self.random = random
        self.link: ModelLink | None = None
        self.told: list[Any] = []
        self.shown: dict[int, Message] = {}
        """What a program shows that believes Arrived and Changed."""
        self.session = self.new_session()

    def new_session(self) -> Session:
        snapshot = self.store.snapshot()
        return Session(snapshot, self.device, "model", "nick", None, self.random)

    def connect(self, now_ms: int) -> None:
        self.link = ModelLink(self.server, self.device)
        self.session.connected("model:1", now_ms)

    def disconnect(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None
        self.session.disconnected()

    def crash(self, after_commit: bool) -> None:
        """Die between two steps; what was decided but not written is lost."""
        if after_commit:
            self.store.apply(self.session.out.take().operations)
        if self.link is not None:
            self.link.close()
            self.link = None
        self.session = self.new_session()

    def step(self, now_ms: int, most: int = 100) -> Outcome:
        if self.link is not None:
            for _ in range(min(most, len(self.link.down))):
                self.session.received(self.link.down.popleft(), now_ms)
        self.session.tick(now_ms)
        out = self.session.out.take()
        self.store.apply(out.operations)
        if self.link is not None:
            self.link.up.extend(out.frames)
        self.told += out.told
        for one in out.told:
            self._show(one)
        if out.drop is not None:
            self.disconnect()
        return out

    def _show(self, one: Any) -> None:
        recovery = self.session.recovery
        if isinstance(one, Touched) and one.room in recovery.rooms:
            decode = recovery.decoder(recovery.rooms[one.room])
            one = Shelf(self.store).changed(one, decode)
        if isinstance(one, Arrived | Changed):
            self.shown |= {message.seq: message for message in one.messages}

    def stored(self) -> dict[int, Message]:
        """All messages that are held, as they read now."""
        recovery = self.session.recovery
        line = recovery.rooms[ROOM]
        answer = Answer(1, ROOM, line.low, line.high + 1, 1_000_000, True, line.high)
        loaded = Shelf(self.store).loaded(answer, recovery.decoder(line))
        return {message.seq: message for message in loaded.messages}

    @property
    def online(self) -> bool:
        return self.session.phase is Phase.ONLINE
