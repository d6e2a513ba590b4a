"""The invariants, checked while a story goes on and once more when all is quiet.

The names are those of ``tests/faults``. The truth is what the disk has synced, epoch by epoch;
everything that a client is told or holds is compared with it event for event.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from broker.journal import Batch, BlockRow
from protocol.blocks import DEVICE_TAG_BYTES, Event, decode_block
from protocol.codes import Kind, RoomKind
from protocol.frames import Events, Page, decode

CANARY = b"canary:"
"""Leads the name of the room in every text that is not for everybody."""
_HEX = 32

Name = tuple[bytes, bytes, bytes, int]
"""device tag, room, outbox epoch, n: names a message for ever."""


class Violation(AssertionError):
    """An invariant does not hold; the first word is its name."""


@dataclass
class Line:
    """One room under one epoch, as the disk has it."""

    events: list[Event]
    last_ts: int = 0


class Judge:
    """Hears of everything, and raises :class:`Violation`."""

    def __init__(self) -> None:
        self._room_of: dict[tuple[bytes, int], bytes] = {}
        self.truth: dict[bytes, dict[bytes, Line]] = defaultdict(dict)
        """Epoch → room → what was stored."""
        self._stored: dict[bytes, dict[bytes, tuple[bytes, int]]] = defaultdict(dict)
        """Epoch → item → room and seq."""
        self._last_n: dict[tuple[bytes, bytes, bytes, bytes], int] = {}
        self._invoked: dict[Name, bytes] = {}
        self._acked: dict[Name, tuple[bytes, int]] = {}
        """The epoch and the seq that the last ack named."""
        self._acked_ms: dict[bytes, int] = {}
        self._invoked_ms: dict[bytes, int] = {}
        self._seen: dict[tuple[bytes, bytes], int] = {}
        """Epoch and room → the last seq that any client knows."""
        self._settled: dict[bytes, None] = {}
        self._refused: dict[Name, None] = {}
        self._lost: dict[bytes, None] = {}
        """Items that a restore took back."""
        self._members: dict[bytes, list[dict[bytes, None]]] = {}
        """Of direct messages and private rooms: the keys of each person's devices, of all who were
        ever in it."""
        self._people: dict[tuple[bytes, int], dict[bytes, None]] = defaultdict(dict)
        self._names: dict[tuple[bytes, bytes], int] = {}
        """Epoch and person, or the key of a device → the person's number."""
        self._inside: dict[tuple[bytes, bytes], dict[int, None]] = defaultdict(dict)
        """Epoch and private room → the numbers of those who are in it now."""
        self._out: dict[tuple[bytes, bytes, int], int] = {}
        """Epoch, room and person → the head when whoever put them out heard DONE."""
        self.epoch = b""
        """Of the journal that is there now."""
        self.acks = 0

    # --- what the disk does ---------------------------------------------------------------

    def stored(self, epoch: bytes, batch: Batch) -> None:
        """A batch is synced."""
        self.epoch = epoch
        for person in batch.people:
            self._names[epoch, person.person] = person.no
        for device in batch.devices:
            self._people[epoch, device.person_no][device.key] = None
            self._names[epoch, device.key] = device.person_no
        for room in batch.rooms:
            self._room_of[epoch, room.no] = room.room
            self.truth[epoch].setdefault(room.room, Line([]))
            if room.kind is not RoomKind.OPEN:
                self._members.setdefault(room.room, [])
                self._inside[epoch, room.room].clear()
        self._moves(epoch, batch)
        for block in batch.blocks:
            self._block(epoch, block)

    def _moves(self, epoch: bytes, batch: Batch) -> None:
        """People come into rooms that are not for everybody, and go."""
        for room_no, person_no in batch.left:
            self._inside[epoch, self._room_of[epoch, room_no]].pop(person_no, None)
        for joined in batch.joined:
            room = self._room_of[epoch, joined.room_no]
            members = self._members.get(room)
            if members is None:
                continue
            person = self._people[epoch, joined.person_no]
            if not any(person is one for one in members):
                members.append(person)
            self._inside[epoch, room][joined.person_no] = None
            self._out.pop((epoch, room, joined.person_no), None)

    def _block(self, epoch: bytes, block: BlockRow) -> None:
        room = self._room_of[epoch, block.room_no]
        line = self.truth[epoch][room]
        if block.first_seq != len(line.events) + 1:
            raise Violation(f"one value per seq: {block.first_seq} after {len(line.events)}")
        if block.ts < line.last_ts:
            raise Violation(f"order: ts falls from {line.last_ts} to {block.ts}")
        line.last_ts = block.ts
        for event in decode_block(block.data):
            line.events.append(event)
            if event.n:
                self._event(epoch, room, event)
        if len(line.events) != block.last_seq:
            raise Violation("one value per seq: a block holds another number of events")

    def _event(self, epoch: bytes, room: bytes, event: Event) -> None:
        name = (event.device, room, event.outbox_epoch, event.n)
        if self._invoked.get(name) != event.item:
            raise Violation(f"phantom: {_text(event.item)} n={event.n} was not said like this")
        if event.item in self._stored[epoch]:
            raise Violation(f"double: {_text(event.item)} is stored twice")
        self._stored[epoch][event.item] = (room, event.seq)
        writer = (epoch, *name[:3])
        if self._last_n.get(writer, 0) >= event.n:
            raise Violation(f"fifo: n={event.n} after n={self._last_n[writer]}")
        self._last_n[writer] = event.n
        if name in self._refused:
            raise Violation(f"phantom: {_text(event.item)} was refused")

    def begins(self, epoch: bytes, heads: dict[bytes, int]) -> None:
        """A broker begins with these heads; what it does not have, nobody may know."""
        self.epoch = epoch
        for room, line in self.truth[epoch].items():
            head = heads.get(room, 0)
            if head >= len(line.events):
                continue
            if self._seen.get((epoch, room), 0) > head:
                raise Violation(f"one value per seq: what is known beyond {head} is to be again")
            for event in line.events[head:]:
                self._stored[epoch].pop(event.item, None)
                name = (epoch, event.device, room, event.outbox_epoch)
                if event.n and self._last_n.get(name, 0) >= event.n:
                    self._last_n[name] = event.n - 1
            del line.events[head:]
            line.last_ts = line.events[-1].ts if line.events else 0

    def restored(self, lost: Iterable[Batch]) -> None:
        """These batches are not on the disk any more."""
        self.epoch = b""  # until there is one again
        for batch in lost:
            for block in batch.blocks:
                for event in decode_block(block.data):
                    self._lost[event.item] = None

    def published(self, epoch: bytes, room: bytes, block: bytes) -> None:
        """The broker publishes a block."""
        line = self.truth[epoch].get(room)
        for event in decode_block(block):
            if line is None or line.events[event.seq - 1 : event.seq] != [event]:
                raise Violation(f"phantom: seq {event.seq} is published before it is stored")

    # --- what clients do and see ------------------------------------------------------------

    def invoked(self, key: bytes, room: bytes, oe: bytes, n: int, item: bytes, ms: int) -> None:
        """A message is in an outbox."""
        self._invoked[key[:DEVICE_TAG_BYTES], room, oe, n] = item
        self._invoked_ms.setdefault(item, ms)

    def acked(
        self, key: bytes, room: bytes, oe: bytes, n: int, epoch: bytes, seq: int, ms: int
    ) -> None:
        """A client hears that a message is stored."""
        self.acks += 1
        name = (key[:DEVICE_TAG_BYTES], room, oe, n)
        item = self._invoked[name]
        line = self.truth[epoch].get(room)
        there = line.events[seq - 1 : seq] if line is not None else []
        if not there or there[0].item != item or there[0].n != n:
            raise Violation(f"truth of acks: {_text(item)} is not stored as seq {seq}")
        self._acked[name] = (epoch, seq)
        self._know(epoch, room, seq)
        self._acked_ms.setdefault(item, ms)
        if epoch == self.epoch:
            self._lost.pop(item, None)  # it was sent again after a restore

    def refused(self, key: bytes, room: bytes, oe: bytes, n: int) -> None:
        """A client hears that a message never will be stored."""
        name = (key[:DEVICE_TAG_BYTES], room, oe, n)
        self._refused[name] = None
        if self.epoch and self._invoked[name] in self._stored[self.epoch]:
            raise Violation(f"phantom: {_text(self._invoked[name])} is refused and stored")

    def settled(self, key: bytes, room: bytes, oe: bytes, counters: Iterable[int]) -> None:
        """An outbox forgets messages."""
        for n in counters:
            item = self._invoked[key[:DEVICE_TAG_BYTES], room, oe, n]
            if not any(item in stored for stored in self._stored.values()):
                raise Violation(f"loss: {_text(item)} is forgotten and was never stored")
            self._settled[item] = None

    def applied(self, room: bytes, epoch: bytes, events: Iterable[Event]) -> None:
        """A client takes events into what it holds."""
        line = self.truth[epoch].get(room)
        for event in events:
            if line is None or line.events[event.seq - 1 : event.seq] != [event]:
                raise Violation(f"phantom: seq {event.seq} is not what was stored")
            self._know(epoch, room, event.seq)

    def _know(self, epoch: bytes, room: bytes, seq: int) -> None:
        self._seen[epoch, room] = max(seq, self._seen.get((epoch, room), 0))

    def put_out(self, room: bytes, person: bytes) -> None:
        """Somebody hears that a person is out of a private room: nothing later may reach them."""
        epoch = self.epoch
        no, line = self._names.get((epoch, person)), self.truth[epoch].get(room)
        if no is not None and line is not None and no not in self._inside[epoch, room]:
            self._out.setdefault((epoch, room, no), len(line.events))

    def _heard_outside(self, key: bytes, data: bytes) -> None:
        frame = decode(data)
        if not isinstance(frame, Events | Page):
            return
        no = self._names.get((frame.epoch, key), 0)
        head = self._out.get((frame.epoch, frame.room, no))
        if head is None:
            return
        for block in frame.blocks:
            for event in decode_block(block):
                if event.seq > head:
                    where = frame.room.hex()[:6]
                    raise Violation(f"privacy: who was put out of {where} hears {event.seq}")

    def received(self, key: bytes, data: bytes) -> None:
        """Bytes reach a client."""
        if self._out and data[1] in (Kind.EVENTS, Kind.PAGE):
            self._heard_outside(key, data)
        for room, members in self._members.items():
            if room in data and not any(key in keys for keys in members):
                raise Violation(f"privacy: another hears of the room {room.hex()[:6]}")
        start = data.find(CANARY)
        while start >= 0:
            start += len(CANARY)
            room = bytes.fromhex(data[start : start + _HEX].decode())
            if not any(key in keys for keys in self._members.get(room, ())):
                raise Violation(f"privacy: a message of {room.hex()[:6]} reaches another")
            start = data.find(CANARY, start)

    def subscribed(self, topic: bytes, keys: list[bytes]) -> None:
        """A gateway wants a room, in which these of its clients are."""
        members = self._members.get(topic)
        if members is not None and not any(key in one for one in members for key in keys):
            raise Violation("privacy: a gateway listens to a room of others")

    # --- the end ------------------------------------------------------------------------------

    def real_time(self) -> None:
        """What was acknowledged before another was said stands before it."""
        for lines in self.truth.values():
            for line in lines.values():
                least: int | None = None
                for event in reversed(line.events):
                    said = self._invoked_ms.get(event.item)
                    if said is None or not event.n:
                        continue
                    if least is not None and said > least:
                        raise Violation(f"real time: {_text(event.item)} stands too early")
                    acked = self._acked_ms.get(event.item)
                    if acked is not None:
                        least = acked if least is None else min(least, acked)

    def nothing_lost(self) -> None:
        """Whatever was acknowledged, and not taken back by a restore, is on the disk."""
        stored = self._stored[self.epoch]
        for name, (_, seq) in self._acked.items():
            item = self._invoked[name]
            if item in self._lost:
                continue
            if stored.get(item) != (name[1], seq):
                raise Violation(f"loss: {_text(item)} was acknowledged as seq {seq}")
        for item in self._settled:
            if item not in stored and item not in self._lost:
                raise Violation(f"loss: {_text(item)} was forgotten by its outbox")

    def all_answered(self) -> None:
        """Whatever was said is acknowledged, or refused, or goes under another name."""
        answered = {self._invoked[name] for name in (*self._acked, *self._refused)}
        answered.update(self._settled)
        for item in self._invoked.values():
            if item not in answered:
                raise Violation(f"drained: {_text(item)} has no answer")

    def same(self, who: str, room: bytes, epoch: bytes, held: list[Event], low: int) -> None:
        """A client at rest holds a room from ``low`` to its head."""
        line = self.truth[epoch].get(room)
        events = line.events if line is not None else []
        if held != events[low:]:
            seqs = [event.seq for event in held]
            raise Violation(f"loss: {who} holds {seqs} of {len(events)} in {room.hex()[:6]}")


def _text(item: bytes) -> str:
    return item[8:].decode(errors="replace")
