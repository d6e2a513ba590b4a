"""A client's store in memory: what :class:`protocol.client.store.Store` keeps for its session.

A transaction is whole or not at all, and what was not committed is lost with the process. It
can fail once, as on a full disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from protocol.blocks import Event
from protocol.client.operations import (
    Apply,
    Discard,
    DropEvents,
    DropRoom,
    Enqueue,
    Fail,
    Members,
    Operation,
    OutboxRow,
    PersonRow,
    PutAddresses,
    PutMe,
    PutPeople,
    PutRoom,
    Renumber,
    RoomRow,
    Settle,
    Snapshot,
)
from protocol.codes import RoomKind
from protocol.errors import SetupError


@dataclass
class Held:
    """A room and what is held of it."""

    kind: RoomKind
    name: str
    members: Members
    epoch: bytes
    head: int
    low: int = -1
    high: int = -1
    events: dict[int, Event] = field(default_factory=dict)


class MemoryStore:
    """One client's file."""

    def __init__(self, outbox_epoch: bytes) -> None:
        self._outbox_epoch = outbox_epoch
        self._me = (b"", "", "")
        self._addresses: tuple[str, ...] = ()
        self._people: dict[bytes, PersonRow] = {}
        self._counters: dict[bytes, tuple[bytes, int]] = {}
        self.rooms: dict[bytes, Held] = {}
        self.outbox: dict[tuple[bytes, bytes, int], OutboxRow] = {}
        self.failing = 0
        """So many of the next transactions fail."""

    def apply(self, operations: Sequence[Operation]) -> None:
        """Carry the operations out in one durable transaction, or none of them."""
        if not operations:
            return
        if self.failing:
            self.failing -= 1
            raise SetupError("the disk is full: make room")
        for operation in operations:
            self._one(operation)

    def _one(self, operation: Operation) -> None:
        match operation:
            case Apply(room, epoch, events, low, high, head):
                held = self.rooms.get(room)
                if held is not None and held.epoch == epoch:
                    held.low, held.high, held.head = low, high, head
                    for event in events:
                        held.events.setdefault(event.seq, event)
            case Enqueue(room, outbox_epoch, n, item):
                row = OutboxRow(room, outbox_epoch, n, item, 0, "", "")
                self.outbox[room, outbox_epoch, n] = row
                self._counters[room] = (outbox_epoch, n + 1)
            case Settle(room, outbox_epoch, counters):
                for n in counters:
                    self.outbox.pop((room, outbox_epoch, n), None)
            case Fail(room, outbox_epoch, counters, code, where, text):
                for n in counters:
                    old = self.outbox.get((room, outbox_epoch, n))
                    if old is not None:
                        fresh = replace(old, code=code, field=where, text=text)
                        self.outbox[room, outbox_epoch, n] = fresh
            case Discard(room, outbox_epoch, n):
                old = self.outbox.get((room, outbox_epoch, n))
                if old is not None and old.code:
                    del self.outbox[room, outbox_epoch, n]
            case Renumber(room, outbox_epoch):
                self._counters[room] = (outbox_epoch, 1)
            case PutRoom(room, kind, name, members, epoch, head):
                held = self.rooms.get(room)
                if held is None:
                    self.rooms[room] = Held(kind, name, members, epoch, head)
                else:
                    held.kind, held.name, held.members = kind, name, members
                    held.epoch, held.head = epoch, head
            case DropEvents(room):
                held = self.rooms.get(room)
                if held is not None:
                    held.events.clear()
                    held.low = held.high = -1
            case DropRoom(room):
                self.rooms.pop(room, None)
            case PutMe(person, nick, server):
                self._me = (person, nick, server)
            case PutAddresses(addresses):
                self._addresses = tuple(addresses)
            case PutPeople(people):
                self._people.update((row.person, row) for row in people)

    def snapshot(self) -> Snapshot:
        """Read all that a session needs to know from the last time."""
        rooms = tuple(
            RoomRow(room, one.kind, one.name, one.members, one.epoch, one.head, one.low, one.high)
            for room, one in self.rooms.items()
        )
        return Snapshot(
            self._outbox_epoch,
            *self._me,
            self._addresses,
            rooms,
            tuple(self.outbox.values()),
            dict(self._counters),
            tuple(self._people.values()),
        )
