"""What one simulated client writes into its history, and what it is known to hold.

It is fed by the client's shell, in this order: frames that came in, then the operations that
were written down, before anything is sent, then what was told. So an ``invoke`` is in the file
before its message can leave, and ``see`` is what is kept, not what was merely received. Owned by
the client's thread; others may read its counts.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from protocol.blocks import Event
from protocol.client.happenings import Happening, LinkChanged
from protocol.client.happenings import Link as LinkState
from protocol.client.operations import (
    Apply,
    DropEvents,
    DropRoom,
    Enqueue,
    Fail,
    Operation,
    PutMe,
    PutRoom,
    RoomRow,
    Settle,
    Snapshot,
)
from protocol.codes import ErrorCode, Kind
from protocol.errors import WireError
from protocol.frames import Ack, Busy, Heads, Page, Pong, Refused
from tests.faults.checker.history import Writer
from tests.faults.checker.records import text_of
from tests.faults.fleet.decoding import frame_of, written

_LOUD = {
    LinkState.ONLINE: "online",
    LinkState.WAITING: "waiting",
    LinkState.REFUSED: "refused",
    LinkState.STOPPED: "stopped",
}
_MARK = b"kenar"
_CANARY = re.compile(rb"kenar[0-9a-f]{16}")
"""As :func:`tests.faults.checker.records.canary` makes them."""
_FINAL_EVENTS = 1_000
_TELLING = frozenset(
    {Kind.ACK, Kind.REFUSED, Kind.BUSY, Kind.EVENTS, Kind.PAGE, Kind.PONG, Kind.HEADS}
)


class Pen(Writer):
    """A history's writer that also takes records whose JSON is there already."""

    def line(self, what: str, rest: str) -> None:
        """Write a record; ``rest`` is what follows its name."""
        head = f'{{"t":{self._clock()},"p":"{self._name}","s":{self._session},"f":"{what}",'
        self._lines.append(f"{head}{rest}}}")
        self._size += len(head) + len(rest)

    def invoke(self, room: bytes, oe: bytes, n: int, v: str | None) -> None:
        """As there, but the one who calls flushes before anything is sent: many at once."""
        self._write("invoke", room=room.hex(), oe=oe.hex(), n=n, v=v)


@dataclass(slots=True)
class Held:
    """What a client holds of a room."""

    kind: int
    name: str
    epoch: bytes
    low: int = -1
    high: int = -1
    head: int = 0
    members: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Counts:
    """What one client did and met."""

    invoked: int = 0
    acked: int = 0
    failed: int = 0
    busy: int = 0
    unsaid: int = 0
    """Messages that the full outbox would not take."""
    refused: int = 0
    """Times that the server sent it away for good."""
    lost: int = 0
    """Connections that ended."""
    seen: int = 0
    delays_ms: list[float] = field(default_factory=list)
    """From the outbox to the acknowledgement, of probes."""


class Recorder:
    """One client's history from one start to its end; ``folder`` None: it writes none."""

    def __init__(self, folder: Path | None, name: str, session: int, probe: bool = False) -> None:
        self.name = name
        self.session = session
        self.counts = Counts()
        self.online = False
        self.person = b""
        self.rooms: dict[bytes, Held] = {}
        self.waiting: dict[tuple[bytes, bytes, int], int] = {}
        """Messages without an answer, and when they were said (ns)."""
        self._probe = probe
        self._pen = None if folder is None else Pen(folder, name, session)
        self._canaries: set[str] = set()
        self._pages: set[bytes] = set()
        """Rooms of which a page came in this drain."""
        self._acked: set[tuple[bytes, int]] = set()
        """Acknowledged in this drain: what was sent twice is answered twice."""

    def tick(self) -> None:
        """Write what is due; call it at least every 50 ms."""
        if self._pen is not None:
            self._pen.tick()

    def flush(self) -> None:
        """Write everything now."""
        if self._pen is not None:
            self._pen.flush()

    # --- the beginning ----------------------------------------------------------------------

    def start(self, snapshot: Snapshot) -> None:
        """A process began and found this on its disk; what it holds of rooms comes by ``disk``."""
        self.person = snapshot.person
        if self._pen is not None:
            self._pen.start(self.person or None)
            if self.person:
                self._pen.me(self.person, snapshot.nick)
        for row in snapshot.rooms:
            self._room(row)
            held = self.rooms[row.room]
            held.low, held.high = row.low, row.high
        for one in snapshot.outbox:
            if not one.code:
                self._invoke(one.room, one.outbox_epoch, one.n, one.item)
        self.flush()

    def disk(self, room: bytes, events: Sequence[Event]) -> None:
        """Events of a room that were on disk at the start."""
        self._see(room, self.rooms[room].epoch, "disk", map(written, events))

    # --- frames ----------------------------------------------------------------------------

    def came(self, frames: Iterable[bytes]) -> None:
        """Look through what was received, before anybody else does."""
        self._pages.clear()
        self._acked.clear()
        for data in frames:
            if _MARK in data:
                self._look(data)
            if len(data) < 2 or data[1] not in _TELLING:
                continue
            try:
                self._take(frame_of(data))
            except WireError:
                continue  # the session counts it

    def _look(self, data: bytes) -> None:
        found = {one.decode() for one in _CANARY.findall(data)} - self._canaries
        if found:
            self._canaries |= found
            if self._pen is not None:
                self._pen.raw(found)

    def _take(self, frame: Any) -> None:
        if type(frame) is Ack:
            room, oe, epoch = frame.room.hex(), frame.outbox_epoch.hex(), frame.epoch.hex()
            now_ns = time.monotonic_ns()
            for place in range(frame.count):
                n, seq = frame.first_n + place, frame.first_seq + place
                if self._pen is not None:
                    rest = f'"room":"{room}","oe":"{oe}","n":{n},"epoch":"{epoch}","seq":{seq}'
                    self._pen.line("ok", rest)
                said_ns = self.waiting.get((frame.room, frame.outbox_epoch, n))
                if said_ns is not None and (frame.room, n) not in self._acked:
                    self._acked.add((frame.room, n))
                    self.counts.acked += 1
                    if self._probe:
                        self.counts.delays_ms.append((now_ns - said_ns) / 1e6)
            self._announce(frame.room, frame.first_seq + frame.count - 1)
        elif type(frame) is Refused:
            for n in range(frame.first_n, frame.first_n + frame.count):
                if self._pen is not None:
                    self._pen.fail(frame.room, frame.outbox_epoch, n, frame.code)
        elif type(frame) is Busy:
            self.counts.busy += 1
            if self._pen is not None:
                self._pen.busy(frame.room, frame.retry_ms)
        elif type(frame) is Page:
            self._pages.add(frame.room)
            self._announce(frame.room, frame.head)
        elif isinstance(frame, Pong | Heads):
            for room, head, *_ in frame.heads:
                self._announce(room, head)

    def _announce(self, room: bytes, head: int) -> None:
        held = self.rooms.get(room)
        if held is not None and head > held.head:
            held.head = head

    # --- what was written down ---------------------------------------------------------------

    def wrote(self, operations: Iterable[Operation]) -> None:
        """These were written down, and nothing that follows from them was sent yet."""
        invoked = False
        for one in operations:
            if isinstance(one, Apply):
                self._apply(one)
            elif isinstance(one, Enqueue):
                self._invoke(one.room, one.outbox_epoch, one.n, one.item)
                invoked = True
            elif isinstance(one, Settle):
                self._settle(one)
            elif isinstance(one, Fail):
                self._settle(one)
                self.counts.failed += len(one.counters)
                if one.code == ErrorCode.NO_SESSION and self._pen is not None:
                    # No server says this of a message: the client has given it up itself.
                    for n in one.counters:
                        self._pen.gone(one.room, one.outbox_epoch, n)
            elif isinstance(one, PutRoom):
                self._room(one)
            elif isinstance(one, DropRoom):
                self.rooms.pop(one.room, None)
                if self._pen is not None:
                    self._pen.left(one.room)
            elif isinstance(one, DropEvents):
                held = self.rooms[one.room]  # the PutRoom that follows names the new epoch
                held.low, held.high, held.head = -1, -1, 0
            elif isinstance(one, PutMe) and one.person:
                self.person = one.person
                if self._pen is not None:
                    self._pen.me(one.person, one.nick)
        if invoked:
            self.flush()

    def _apply(self, one: Apply) -> None:
        held = self.rooms.get(one.room)
        if held is None:
            return
        backwards = bool(one.events) and one.events[-1].seq <= held.low
        held.low, held.high = one.low, one.high
        held.head = max(held.head, one.head)
        if one.events:
            via = "page" if backwards or one.room in self._pages else "live"
            self._see(one.room, one.epoch, via, map(written, one.events))
            self.counts.seen += len(one.events)

    def _see(self, room: bytes, epoch: bytes, via: str, events: Iterable[str]) -> None:
        if self._pen is not None:
            names = f'"room":"{room.hex()}","epoch":"{epoch.hex()}","via":"{via}"'
            self._pen.line("see", f'{names},"events":[{",".join(events)}]')

    def _invoke(self, room: bytes, outbox_epoch: bytes, n: int, item: bytes) -> None:
        self.counts.invoked += 1
        self.waiting[room, outbox_epoch, n] = time.monotonic_ns()
        if self._pen is not None:
            self._pen.invoke(room, outbox_epoch, n, text_of(item))

    def _settle(self, one: Settle | Fail) -> None:
        for n in one.counters:
            self.waiting.pop((one.room, one.outbox_epoch, n), None)

    def _room(self, row: PutRoom | RoomRow) -> None:
        members = tuple(person for person, _ in row.members)
        held = self.rooms.get(row.room)
        if held is None:
            held = self.rooms[row.room] = Held(int(row.kind), row.name, row.epoch)
        elif (held.epoch, held.members) == (row.epoch, members):
            held.head = max(held.head, row.head)
            return
        elif held.epoch != row.epoch and self._pen is not None:
            self._pen.resync(row.room, row.epoch)
        held.epoch, held.members = row.epoch, members
        held.head = row.head
        if self._pen is not None:
            self._pen.room(row.room, row.kind, row.name, row.epoch, row.head, members or None)

    # --- what was told -------------------------------------------------------------------------

    def told(self, one: Happening) -> None:
        """The client told its program this."""
        if not isinstance(one, LinkChanged) or one.link not in _LOUD:
            return
        if self.online and one.link is not LinkState.ONLINE:
            self.counts.lost += 1
        self.online = one.link is LinkState.ONLINE
        self.counts.refused += one.link is LinkState.REFUSED
        if self._pen is not None:
            self._pen.link(_LOUD[one.link], one.address)

    # --- the end -------------------------------------------------------------------------------

    def end(self) -> None:
        """The client goes in order: what it holds, in figures."""
        if self._pen is None:
            return
        waiting = len(self.waiting)
        for room, held in self.rooms.items():
            self._pen.end(room, held.epoch, max(held.low, 0), max(held.high, 0), waiting)

    def final(self, room: bytes, events: Iterable[str]) -> None:
        """All that it holds of a room, in pieces; ``events`` as ``written`` gives them."""
        if self._pen is None:
            return
        names = f'"room":"{room.hex()}","epoch":"{self.rooms[room].epoch.hex()}"'
        every = iter(events)
        while piece := list(islice(every, _FINAL_EVENTS)):
            self._pen.line("final", f'{names},"events":[{",".join(piece)}]')
            self._pen.flush()

    def close(self) -> None:
        """Nothing more will be written."""
        if self._pen is not None:
            self._pen.close()
            self._pen = None
