"""A journal with a long history, stored as the broker stores it: by its sequencer, in drains.

A drain has ``DRAIN`` messages, as many as a few busy senders give the broker while it commits: runs
of ``RUN`` by one person each, one block a room. Two large rooms grow with every drain. In *busy* a
block holds two runs, as in a room where much is said at once. In *quiet* every event has a block of
its own, as in a room where one thing is said after the other: what a page of it costs is the worst
case. (Those blocks come from as many drains, stored in one transaction to save the time of a sync
for each.) All other rooms take turns. Which text stands at which place of a room is known, so every
page can be checked.
"""

import random
import time
from pathlib import Path

from broker.directory import Device, Directory, Person, Room
from broker.journal import Batch, DeviceRow, MemberRow, PersonRow, RoomRow
from broker.sequencer import Sequencer
from broker.sqlite_journal import SqliteJournal
from protocol import keys
from protocol.blocks import Event, decode_block
from protocol.codes import EventKind, RoomKind
from protocol.items import decode_item, encode_item
from protocol.names import skeleton
from tests.benchmarks.corpus import bodies

DRAIN = 400
RUN = 20
PEOPLE = 20
QUIET, BUSY = "quiet", "busy"

_CORPUS = 4_001
"""Texts; a prime, so that they stand elsewhere in every run and page."""
_SIZE = 200
_LARGE = 40
"""Messages of each large room in a drain: a tenth."""
_BEGIN_MS = 1_700_000_000_000
_STEP_MS = 4_000
"""Between two drains, on average: ten million messages are some 28 hours of a server at 100/s."""


class Stock:
    """A journal that is being filled; owned by the thread that makes it."""

    def __init__(self, path: Path, rooms: int) -> None:
        """Make the journal, with people who are in all its rooms (in half of the small ones)."""
        self._texts = bodies(_CORPUS, _SIZE)
        self._items = [encode_item(EventKind.TEXT, {"text": one}) for one in self._texts]
        self._chance = random.Random(7)
        self._journal = SqliteJournal(path)
        self._journal.take_over()
        self._device = keys.make()
        self._journal.append(self._founding(rooms))
        contents = self._journal.contents()
        directory = Directory(contents, self._chance.randbytes)
        self._people = [directory.people_by_no[no] for no in range(1, PEOPLE + 1)]
        by_name = {room.name: room for room in directory.rooms.values()}
        self._quiet, self._busy = by_name[QUIET], by_name[BUSY]
        self._small = [by_name[f"room {number}"] for number in range(rooms)]
        self._sequencer = Sequencer(
            self._journal.epoch,
            0,
            self._journal.writer,
            self._journal.answers,
            lambda *_: False,
        )
        self._counters: dict[tuple[int, int], int] = {}
        self._turn = 0
        self._now_ms = _BEGIN_MS
        self.stored = 0
        self.append_ns = 0
        """Time in ``append``, until the batch is on the disk."""
        self.append_cpu_ns = 0

    @property
    def rooms(self) -> dict[str, bytes]:
        """The ids of the two large rooms."""
        return {QUIET: self._quiet.room, BUSY: self._busy.room}

    @property
    def device(self) -> keys.KeyPair:
        """The device of somebody who is in both of them."""
        return self._device

    def fill(self, messages: int) -> None:
        """Append about so many messages in drains."""
        until = self.stored + messages
        while self.stored < until:
            batch = self._drain()
            before, cpu = time.monotonic_ns(), time.thread_time_ns()
            self._journal.append(batch)
            self.append_ns += time.monotonic_ns() - before
            self.append_cpu_ns += time.thread_time_ns() - cpu
            self.stored += DRAIN

    @property
    def text_bytes(self) -> float:
        """Bytes of a text, on average."""
        return sum(len(one.encode()) for one in self._texts) / len(self._texts)

    def heads(self) -> dict[bytes, int]:
        """Return the head of every room as the journal says it."""
        return self._journal.heads()

    def expected(self) -> dict[bytes, int]:
        """Return the head that every room must have."""
        rooms = [self._quiet, self._busy, *self._small]
        return {room.room: room.head for room in rooms}

    def wrong(self, event: Event) -> str | None:
        """Say what is wrong with an event of any room; None: it is the one that was written."""
        kind, body = decode_item(event.item)
        if kind is not EventKind.TEXT or body["text"] != self._texts[event.seq % _CORPUS]:
            return f"event {event.seq} has another text"
        return None

    def check(self, blocks: list[bytes], first_seq: int, last_seq: int) -> int:
        """Check that blocks hold these events, each once and in order; return how many they hold.

        Raises :class:`RuntimeError`. They may hold others around them, because blocks stay whole.
        """
        events = [event for block in blocks for event in decode_block(block)]
        seqs = [event.seq for event in events]
        if not events or seqs != list(range(seqs[0], seqs[0] + len(seqs))):
            raise RuntimeError("a page has holes, or events twice")
        if seqs[0] > first_seq or seqs[-1] < last_seq:
            raise RuntimeError(f"a page of {first_seq}…{last_seq} holds {seqs[0]}…{seqs[-1]}")
        faults = [fault for event in events if (fault := self.wrong(event))]
        if faults:
            raise RuntimeError(faults[0])
        return len(events)

    def close(self) -> None:
        """Checkpoint and close."""
        self._journal.close()

    def _founding(self, rooms: int) -> Batch:
        batch, draw = Batch(), self._chance.randbytes
        for no in range(1, PEOPLE + 1):
            nick = f"person {no}"
            batch.people.append(PersonRow(no, draw(8), nick, skeleton(nick)))
            key = self._device.public if no == 1 else draw(32)
            batch.devices.append(DeviceRow(no, key, no))
        names = [QUIET, BUSY, *(f"room {number}" for number in range(rooms))]
        for no, name in enumerate(names, 1):
            handle = "o:" + skeleton(name)
            batch.rooms.append(RoomRow(no, draw(16), RoomKind.OPEN, name, handle, 0, 0))
            for person_no in range(1, PEOPLE + 1):
                if name in (QUIET, BUSY) or (no + person_no) % 2:
                    batch.joined.append(MemberRow(no, person_no, len(batch.joined) + 1))
        return batch

    def _drain(self) -> Batch:
        self._now_ms += self._chance.randrange(2 * _STEP_MS)
        quiet = [self._alone(number) for number in range(_LARGE)]
        batch = self._sequencer.begin(self._now_ms)
        self._say(self._busy, RUN)
        self._say(self._busy, RUN)
        for _ in range((DRAIN - 2 * _LARGE) // RUN):
            self._say(self._small[self._turn % len(self._small)], RUN)
            self._turn += 1
        self._sequencer.finish()
        for one in quiet:
            batch.blocks += one.blocks
            batch.answers += one.answers
            batch.writers |= one.writers
        return batch

    def _alone(self, number: int) -> Batch:
        batch = self._sequencer.begin(self._now_ms - _LARGE + number)
        self._say(self._quiet, 1)
        self._sequencer.finish()
        return batch

    def _say(self, room: Room, count: int) -> None:
        person = self._somebody(room)
        device: Device = person.devices[0]
        first = room.head + 1
        items = [self._items[(first + step) % _CORPUS] for step in range(count)]
        name = (room.no, person.no)
        n = self._counters.get(name, 0) + 1
        self._counters[name] = n + count - 1
        self._sequencer.submit(person, device, room, b"stock-01", n, items)

    def _somebody(self, room: Room) -> Person:
        while True:
            person = self._chance.choice(self._people)
            if person.no in room.members:
                return person
