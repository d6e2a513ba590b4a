"""Parts that are wrong on purpose: a simulation that does not find these proves nothing.

Each inherits from a part of the product and does one thing badly, as somebody's mistake might. The
product has no switches for it: a mutant is put in the part's place while its stories are told.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import broker.core
import gateway.core
import gateway.counter
import protocol.client.membership
import protocol.client.session
from broker.core import Core
from broker.directory import Device, Person, Room
from broker.journal import Batch, BlockRow, WriterRow
from broker.sequencer import Answer, Screen, Sequencer
from gateway.counter import Counter
from gateway.delivery import Delivery
from gateway.fanout import Fanout, LiveRoom
from gateway.flight import Flight
from gateway.sessions import Session
from protocol.backplane import FeedHeader, FeedKind, Up
from protocol.blocks import Event
from protocol.client.operations import Settle, Snapshot
from protocol.client.sending import Sending
from protocol.client.timeline import Timeline
from protocol.frames import Ack, Busy, Gap, Ping, Pong, Refused, encode
from tests.faults.simulation.clientprocess import ClientProcess
from tests.faults.simulation.journal import Disk, MemoryJournal
from tests.faults.simulation.store import MemoryStore
from tests.faults.simulation.world import Types


@dataclass
class Mutant:
    """What is put in whose place, and what is found then."""

    finds: tuple[str, ...]
    """What the violation may be, by its first word."""
    patches: list[tuple[object, str, type]] = field(default_factory=list)
    types: Types = field(default_factory=Types)

    @contextmanager
    def living(self) -> Iterator[Types]:
        """Have it in the product's place for a while."""
        with ExitStack() as stack:
            for module, name, worse in self.patches:
                stack.enter_context(mock.patch.object(module, name, worse))
            yield self.types


# --- the broker ---------------------------------------------------------------------------


class Dropping(Sequencer):
    """Acknowledges some messages and stores others under their numbers."""

    _count = 0

    def _place(self, person: Person, device: Device, room: Room, oe: bytes, n: int,
               items: list[bytes]) -> int:  # fmt: skip
        self._count += 1
        if self._count % 5 == 0:
            return room.head + 1
        return super()._place(person, device, room, oe, n, items)


class Doubling(Sequencer):
    """Stores some messages twice."""

    _count = 0

    def _place(self, person: Person, device: Device, room: Room, oe: bytes, n: int,
               items: list[bytes]) -> int:  # fmt: skip
        self._count += 1
        if self._count % 5 == 0:
            super()._place(person, device, room, oe, n, items)
        return super()._place(person, device, room, oe, n, items)


class Swapping(Sequencer):
    """Stores the second of two messages before the first."""

    def _place(self, person: Person, device: Device, room: Room, oe: bytes, n: int,
               items: list[bytes]) -> int:  # fmt: skip
        seq = room.head + 1
        if len(items) != 2:
            return super()._place(person, device, room, oe, n, items)
        super()._place(person, device, room, oe, n + 1, items[1:])
        super()._place(person, device, room, oe, n, items[:1])
        return seq


class Forgetful(Sequencer):
    """Does not look up who wrote before it was started."""

    def begin(self, now_ms: int) -> Batch:
        self._find_writer = _nobody
        return super().begin(now_ms)


def _nobody(room_no: int, device_no: int, outbox_epoch: bytes) -> WriterRow | None:
    return None


class Undeduping(Sequencer):
    """Takes what it knows for something new."""

    def submit(self, person: Person, device: Device, room: Room, outbox_epoch: bytes,
               first_n: int, elements: list[Any],
               screen: Screen | None = None) -> list[Answer]:  # fmt: skip
        writer = self._writer(room, device, outbox_epoch)
        writer.last_n = min(writer.last_n, first_n - 1)
        return super().submit(person, device, room, outbox_epoch, first_n, elements, screen)


class Hasty(Core):
    """Answers before it has stored."""

    def _commit(self) -> list[BlockRow]:
        self._sequencer.finish()
        self._send_answers()
        return super()._commit()


class Indiscreet(Core):
    """Publishes before it has stored."""

    def _commit(self) -> list[BlockRow]:
        blocks = self._sequencer.finish()
        self._publish(blocks)
        return super()._commit()


class Reusing(Core):
    """Loses its last block, and gives the numbers again."""

    _count = 0

    def _publish(self, blocks: list[BlockRow]) -> None:
        super()._publish(blocks)
        self._count += 1
        if not blocks or self._count % 10:
            return
        lost = blocks[-1]
        assert isinstance(self._journal, MemoryJournal)
        tables = self._journal._disk.tables
        tables.blocks[lost.room_no].pop()
        tables.rows[lost.room_no].pop()
        self.directory.rooms[self._room_ids[lost.room_no]].head = lost.first_seq - 1


class SameEpoch(Disk):
    """Goes on from an older copy as if nothing had been published since."""

    def renew_epoch(self) -> None:
        pass


class Unwitnessed(Disk):
    """Does not notice an old file that was put back by hand."""

    def confirm(self) -> bool:
        self.witness.clear()
        super().confirm()
        return False


# --- the gateway --------------------------------------------------------------------------


class Leaking(Delivery):
    """Tells everybody what a room was told."""

    def to_room(self, room: LiveRoom, data: bytes) -> None:
        super().to_room(room, data)
        for session in list(self._sessions.by_slot.values()):
            if session.welcome and session.slot not in room.live:
                self._send(session.route, data)


class Unparting(Fanout):
    """Goes on telling a room to those who were put out of it."""

    def leave(self, session: Session, room: bytes) -> bool:
        session.rooms.discard(room)
        return False


class Deaf(Fanout):
    """Misses blocks now and then, and never hears of heads."""

    _count = 0

    def take(self, topic: bytes, header: FeedHeader, payload: bytes) -> bytes | None:
        self._count += 1
        if header.kind == FeedKind.HEAD or self._count % 7 == 0:
            return None
        return super().take(topic, header, payload)


class Joining(Counter):
    """Takes messages with a hole between them for one run."""

    def collect(self) -> tuple[list[list[Any]], list[tuple[Session, bytes]]]:
        operations, reads = super().collect()
        joined: list[list[Any]] = []
        for one in operations:
            last = joined[-1] if joined else [0]
            if one[0] == last[0] == Up.RUN and one[1:4] == last[1:4]:
                last[5] += one[5]
            else:
                joined.append(one)
        return joined, reads


class Holding(Flight):
    """Never counts anything as answered."""

    def settle(self, session: Session, count: int) -> None:
        pass


class Headless(Counter):
    """Answers pings without the heads."""

    def _pong(self, session: Session, frame: Ping) -> bytes:
        return encode(Pong(frame.nonce, self.epoch, []))


# --- the client -----------------------------------------------------------------------------


class Settling(Sending):
    """Takes BUSY for an answer."""

    def answered(self, frame: Ack | Refused | Busy | Gap, now_ms: int) -> None:
        if isinstance(frame, Busy):
            counters = self.outbox.settle(frame.room, frame.outbox_epoch, frame.first_n, 1)
            self._out.operations.append(Settle(frame.room, frame.outbox_epoch, tuple(counters)))
        super().answered(frame, now_ms)


class Skipping(Timeline):
    """Counts an event that it does not keep."""

    def offer(self, events: Iterable[Event], now_ms: int) -> list[Event]:
        fresh = super().offer(events, now_ms)
        return [event for event in fresh if event.seq % 9]


class Repeating(Timeline):
    """Takes the last event once more."""

    def offer(self, events: Iterable[Event], now_ms: int) -> list[Event]:
        several = list(events)
        fresh = super().offer(several, now_ms)
        return [*fresh, *several[-1:]] if several and len(fresh) > 2 else fresh


class Unmending(Timeline):
    """Never asks for what it has missed."""

    def read(self, now_ms: int) -> tuple[int, int, int] | None:
        return None if self.started else super().read(now_ms)


class HastyClient(ClientProcess):
    """Sends before it has written."""

    def _carry_out(self, now_ms: int) -> None:
        out = self.session.out
        frames, out.frames = out.frames, []
        for data in frames:
            if self._link is not None:
                self._link.send(0, data)
        super()._carry_out(now_ms)


class LosingStore(MemoryStore):
    """Forgets its outbox with the process."""

    def snapshot(self) -> Snapshot:
        self.outbox.clear()
        return super().snapshot()


class LosingClient(ClientProcess):
    """Stands on such a store."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.store = LosingStore(self.store.snapshot().outbox_epoch)


_SEQUENCER = (broker.core, "Sequencer")
_TIMELINE = (protocol.client.membership, "Timeline"), (protocol.client.session, "Timeline")

MUTANTS: dict[str, Mutant] = {
    "drop": Mutant(("loss", "truth"), [(*_SEQUENCER, Dropping)]),
    "double": Mutant(("double",), [(*_SEQUENCER, Doubling)]),
    "swap": Mutant(("fifo",), [(*_SEQUENCER, Swapping)]),
    "forget_writers": Mutant(("double", "loss"), [(*_SEQUENCER, Forgetful)]),
    "forget_dedupe": Mutant(("double",), [(*_SEQUENCER, Undeduping)]),
    "ack_before_commit": Mutant(("loss", "truth"), types=Types(broker=Hasty)),
    "publish_before_commit": Mutant(("phantom",), types=Types(broker=Indiscreet)),
    "reuse_seq": Mutant(("one", "drained"), types=Types(broker=Reusing)),
    "keep_epoch": Mutant(("one", "loss"), types=Types(disk=SameEpoch)),
    "no_witness": Mutant(("one", "loss"), types=Types(disk=Unwitnessed)),
    "leak_direct": Mutant(("privacy",), [(gateway.core, "Delivery", Leaking)]),
    "tell_who_was_put_out": Mutant(("privacy",), [(gateway.core, "Fanout", Unparting)]),
    "join_runs": Mutant(("phantom",), [(gateway.core, "Counter", Joining)]),
    "never_settle": Mutant(("drained",), [(gateway.counter, "Flight", Holding)]),
    "lose_tails": Mutant(
        ("drained",), [(gateway.core, "Fanout", Deaf), (gateway.core, "Counter", Headless)]
    ),
    "settle_on_busy": Mutant(("loss",), [(protocol.client.session, "Sending", Settling)]),
    "skip_events": Mutant(("order", "loss"), [(*one, Skipping) for one in _TIMELINE]),
    "repeat_events": Mutant(("order",), [(*one, Repeating) for one in _TIMELINE]),
    "never_mend": Mutant(("drained",), [(*one, Unmending) for one in _TIMELINE]),
    "send_before_commit": Mutant(("phantom", "truth"), types=Types(client=HastyClient)),
    "lose_outbox": Mutant(("drained", "double"), types=Types(client=LosingClient)),
}
