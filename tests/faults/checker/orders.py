"""The one order of every room: what the journal holds, and what readers have beyond it.

An order is a list of entries by ``seq``. A piece that a reader applied is compared with it in one
step, list with list, which makes ten million deliveries a matter of seconds; only a piece
that differs is looked at entry by entry.
"""

from dataclasses import dataclass, field
from itertools import count

from tests.faults.checker.records import Entry
from tests.faults.checker.verdict import Findings, Invariant

_AHEAD_MAX = 1_000_000
"""A ``seq`` that runs ahead of everything known by more is no sequence number."""


def is_entry(one: object) -> bool:
    """Whether something read from JSON is an entry of a history."""
    if type(one) is not list or len(one) != 6:
        return False
    seq, person, oe, n, v, ts = one
    types = type(seq), type(person), type(oe), type(n), type(ts)
    return types == (int, str, str, int, int) and (v is None or type(v) is str) and seq > 0


@dataclass(slots=True)
class Order:
    """The events of one room in one epoch."""

    room: str
    epoch: str
    entries: list[Entry | None] = field(default_factory=lambda: [None])
    """By ``seq``; at 0 nothing."""
    journaled: bool = False
    """A journal of this epoch is there, and all that it holds is in ``entries``."""
    first: int = 0
    head: int = 0
    """The first and the last event of the journal; 0: it has none."""
    beyond: dict[int, str] = field(default_factory=dict)
    """Entries that no journal of the epoch holds, by ``seq``, and who had them first."""

    def __str__(self) -> str:
        return f"room={self.room[:8]} epoch={self.epoch[:8]}"

    def store(self, events: list[Entry]) -> bool:
        """Take what a journal holds; False if another journal of the epoch says otherwise."""
        alike = True
        entries = self.entries
        for one in events:
            seq = one[0]
            if seq >= len(entries):
                entries.extend([None] * (seq + 1 - len(entries)))
            elif entries[seq] is not None and entries[seq] != one:
                alike = False
            entries[seq] = one
        if events:
            self.first = min(self.first or events[0][0], events[0][0])
            self.head = max(self.head, events[-1][0])
        return alike

    def runs(
        self, events: list[Entry], who: str, findings: Findings, wrong: list[int]
    ) -> list[tuple[int, int]]:
        """Compare what ``who`` has with this order; return it as runs without a hole.

        What is beyond the journal is taken in; places with another value are told, and put
        into ``wrong``.
        """
        if not events:
            return []
        first = events[0][0] if type(events[0]) is list and events[0] else 0
        if type(first) is int and first > 0:
            last = first + len(events) - 1
            if self.entries[first : last + 1] == events:
                return [(first, last)]
        return self._compare(events, who, findings, wrong)

    def _compare(
        self, events: list[Entry], who: str, findings: Findings, wrong: list[int]
    ) -> list[tuple[int, int]]:
        runs: list[tuple[int, int]] = []
        entries = self.entries
        for one in events:
            if not is_entry(one) or one[0] >= len(entries) + _AHEAD_MAX:
                findings.add(Invariant.HISTORY, who, f"no event: {one!r} in {self}")
                continue
            seq = one[0]
            if seq >= len(entries):
                entries.extend([None] * (seq + 1 - len(entries)))
            known = entries[seq]
            if known is None:
                entries[seq] = one
                self.beyond[seq] = who
            elif known != one:
                where = self.beyond.get(seq, "the journal" if self.journaled else "others")
                what = f"{one!r}, and {where} {known!r} in {self}"
                findings.add(Invariant.VALUE, who, what)
                wrong.append(seq)
            if runs and runs[-1][1] + 1 == seq:
                runs[-1] = runs[-1][0], seq
            else:
                runs.append((seq, seq))
        return runs


class Orders:
    """All orders of a run."""

    def __init__(self) -> None:
        self.all: dict[tuple[str, str], Order] = {}
        self.current: str | None = None
        """The epoch of the journal that was there at the end."""
        self.journaled: set[str] = set()
        """Epochs of which there is a journal."""

    def of(self, room: str, epoch: str) -> Order:
        """Return the order of a room in an epoch."""
        order = self.all.get((room, epoch))
        if order is None:
            order = Order(room, epoch, journaled=epoch in self.journaled)
            self.all[room, epoch] = order
        return order

    def check_copies(self, findings: Findings) -> None:
        """A restored history begins as the old one did, and goes its own way from one point on."""
        if self.current is None:
            return
        for (room, epoch), order in self.all.items():
            if epoch == self.current or epoch not in self.journaled:
                continue
            newer = self.of(room, self.current).entries
            pairs = zip(count(1), order.entries[1:], newer[1:], strict=False)
            parted = 0
            for seq, old, new in pairs:
                if old is None or new is None:
                    continue
                if old != new:
                    parted = parted or seq
                elif parted:
                    what = f"seq {parted} is another than before the restore, seq {seq} is not"
                    findings.add(Invariant.VALUE, "journal", f"{what}: {order}")
                    break
