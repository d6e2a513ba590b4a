"""What was said and how it was answered: one column of messages for every outbox in a room.

Counters are dense from 1, so a message is a place in arrays: a million of them are some 100 MB.
The first pass over the histories fills it. Times are in ns; 0 stands for "never", -1 for an
epoch that is none.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.faults.checker.records import Fail, Invoke, Ok
from tests.faults.checker.verdict import Findings, Invariant

Numbers: TypeAlias = "array[int]"

_N_MAX = 50_000_000
_STEP_MAX = 1_000_000
"""A counter that runs ahead by more is no counter."""
_MOST = 1 << 62


@dataclass(slots=True)
class Outbox:
    """The messages of one client's outbox in one room; message ``n`` at place ``n - 1``."""

    client: str
    room: str
    oe: str
    values: list[str | None] = field(default_factory=list)
    invoked_ns: Numbers = field(default_factory=lambda: array("q"))
    acked_ns: Numbers = field(default_factory=lambda: array("q"))
    acked_seq: Numbers = field(default_factory=lambda: array("q"))
    acked_epoch: Numbers = field(default_factory=lambda: array("h"))
    failed_epoch: Numbers = field(default_factory=lambda: array("h"))
    """The epoch in which it was refused."""
    moved: set[int] = field(default_factory=set)
    """Messages that were given to another outbox before they had an answer."""
    again: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """By ``n`` and epoch: acknowledgements in a later epoch, as time and ``seq``."""

    def grow(self, n: int) -> None:
        """Make place up to message ``n``."""
        many = n - len(self.values)
        if many > 0:
            self.values.extend([None] * many)
            zeros = bytes(8 * many)
            for numbers in (self.invoked_ns, self.acked_ns, self.acked_seq):
                numbers.frombytes(zeros)
            self.acked_epoch.extend([-1] * many)
            self.failed_epoch.extend([-1] * many)

    def acks(self, epoch: int) -> list[tuple[int, int, int]]:
        """Return ``n``, time and ``seq`` of all acknowledgements of an epoch."""
        found = [
            (at + 1, self.acked_ns[at], self.acked_seq[at])
            for at, one in enumerate(self.acked_epoch)
            if one == epoch
        ]
        found += [(n, ns, seq) for (n, one), (ns, seq) in self.again.items() if one == epoch]
        return found

    def unanswered(self) -> int:
        """Return how many messages have no answer."""
        return sum(1 for _ in self.unknown())

    def unknown(self) -> Iterator[int]:
        """Yield the places of messages without an answer; what was moved is not one of them."""
        columns = zip(self.invoked_ns, self.acked_ns, self.failed_epoch, strict=True)
        for at, (said, acked, failed) in enumerate(columns):
            if said and not acked and failed < 0 and at + 1 not in self.moved:
                yield at

    def __str__(self) -> str:
        return f"{self.client} room={self.room[:8]} oe={self.oe[:8]}"


class Ledger:
    """All messages of a run."""

    def __init__(self, findings: Findings) -> None:
        self.rooms: dict[str, dict[str, Outbox]] = {}
        """Outboxes by room and outbox epoch."""
        self.epochs: list[str] = []
        self._epoch_numbers: dict[str, int] = {}
        self.invoked = self.acked = self.refused = 0
        self.moved: set[str] = set()
        """Values that were said again by another outbox: they too may be there once."""
        self.counters: Counter[str] = Counter()
        """The highest counter in the values of each client, ``NAME-COUNTER``."""
        self._findings = findings

    def epoch(self, name: str) -> int:
        """Return the number of an epoch."""
        number = self._epoch_numbers.get(name)
        if number is None:
            number = self._epoch_numbers[name] = len(self.epochs)
            self.epochs.append(name)
        return number

    def outboxes(self) -> list[Outbox]:
        """Return all outboxes."""
        return [box for boxes in self.rooms.values() for box in boxes.values()]

    def invoke(self, record: Invoke) -> None:
        """A message is in an outbox; said again after a start it must be the same."""
        _, p, _, room, oe, n, v = record
        boxes = self.rooms.get(room)
        if boxes is None:
            boxes = self.rooms[room] = {}
        box = boxes.get(oe)
        if box is None:
            box = boxes[oe] = Outbox(p, room, oe)
        fits = 0 < n <= min(_N_MAX, len(box.values) + _STEP_MAX) and 0 < record.t < _MOST
        if not fits or box.client != p:
            self._findings.add(Invariant.HISTORY, p, f"no such message can be: {record}")
            return
        if n > len(box.values):
            box.grow(n)
        at = n - 1
        if box.invoked_ns[at]:
            if box.values[at] != v:
                self._findings.add(Invariant.HISTORY, p, f"n={n} is used for two texts: {box}")
            return
        box.values[at] = v
        box.invoked_ns[at] = record.t
        self.invoked += 1
        if v is not None:
            name, _, counter = v.partition(" ")[0].rpartition("-")
            if counter.isdecimal() and int(counter) > self.counters[name]:
                self.counters[name] = int(counter)

    def move(self, room: str, oe: str, n: int) -> None:
        """A client gave a message without an answer to another outbox, under another counter."""
        box = self.rooms.get(room, {}).get(oe)
        if box is not None and 0 < n <= len(box.values):
            box.moved.add(n)
            value = box.values[n - 1]
            if value is not None:
                self.moved.add(value)

    def ok(self, record: Ok) -> None:
        """A message was acknowledged; in one epoch always alike."""
        t, p, _, _, _, n, epoch_name, seq = record
        box = self._answered(record)
        if box is None:
            return
        if not (0 < t < _MOST and 0 < seq < _MOST):
            self._findings.add(Invariant.ACK, p, f"no such place can be: {record}")
            return
        epoch = self.epoch(epoch_name)
        at = n - 1
        if box.failed_epoch[at] == epoch:
            self._findings.add(Invariant.ACK, p, f"acknowledged after it was refused: n={n} {box}")
        known = box.acked_epoch[at]
        if known < 0:
            box.acked_epoch[at], box.acked_ns[at], box.acked_seq[at] = epoch, t, seq
            self.acked += 1
            return
        if known == epoch:
            first = box.acked_seq[at]
        else:
            first = box.again.setdefault((n, epoch), (t, seq))[1]
        if first != seq:
            what = f"n={n} was acknowledged as seq {first} and as {seq}: {box}"
            self._findings.add(Invariant.ACK, p, what)

    def fail(self, record: Fail, epoch_name: str) -> None:
        """A message was refused for ever, while the client knew this epoch."""
        box = self._answered(record)
        if box is None:
            return
        epoch, at = self.epoch(epoch_name), record.n - 1
        if box.acked_epoch[at] == epoch or (record.n, epoch) in box.again:
            what = f"refused after it was acknowledged: n={record.n} {box}"
            self._findings.add(Invariant.ACK, record.p, what)
        self.refused += box.failed_epoch[at] < 0
        box.failed_epoch[at] = epoch

    def _answered(self, record: Ok | Fail) -> Outbox | None:
        box = self.rooms.get(record.room, {}).get(record.oe)
        n = record.n
        if box is None or not 0 < n <= len(box.values) or not box.invoked_ns[n - 1]:
            self._findings.add(Invariant.ACK, record.p, f"an answer to what was not said: {record}")
            return None
        if box.client != record.p:
            self._findings.add(Invariant.ACK, record.p, f"the answer of {box.client}: {record}")
            return None
        return box
