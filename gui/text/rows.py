"""Which rows a timeline has: messages in groups by author, days, notices gathered in one row.

Pure. :class:`Rows` finds out by the identity of the entries what changed since the last
time and makes only those rows anew, so that one message more costs the same in a long
timeline as in a short one. A row that stays is the same object.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gui.chat.room import Entry
from gui.words import wording
from protocol.codes import EventKind

GROUP_MS = 15 * 60 * 1000
"""Messages of one person within this time share one name and one avatar."""


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one row: a message, or notices that followed each other."""

    entries: tuple[Entry, ...]
    day: date | None
    """The day whose line is above it, or None."""
    unread: bool
    """The line "new messages" is above it."""
    first: bool
    """The first one of a group by the same person."""
    last: bool

    @property
    def entry(self) -> Entry:
        """The message, or the first notice."""
        return self.entries[0]

    @property
    def key(self) -> int:
        """Names the row as long as it begins with the same entry."""
        return self.entries[0].key


class Rows:
    """The rows of one timeline, kept up to date."""

    def __init__(self) -> None:
        """Start without any."""
        self.rows: list[Row] = []
        self._entries: list[Entry] = []
        self._starts: list[int] = []
        self._unread_from = 0
        self._where: dict[int, int] | None = None

    def clear(self) -> None:
        """Forget all of them: another room is shown."""
        self.rows, self._entries, self._starts = [], [], []
        self._where = None

    def index_of(self, key: int) -> int:
        """Return the row that an entry of a key is in (or would follow), or -1."""
        if self._where is None:
            self._where = {}
            for number, row in enumerate(self.rows):
                for entry in row.entries:
                    self._where[entry.key] = number
        return self._where.get(key, -1)

    def index_of_seq(self, seq: int) -> int:
        """Return the row of the entry of a ``seq``, else of the last one before it, or -1."""
        low, high = 0, len(self.rows)
        while low < high:
            middle = (low + high) // 2
            at = self.rows[middle].entry.seq
            if at and at <= seq:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def update(self, entries: list[Entry], unread_from: int) -> bool:
        """Take the timeline of now; return whether a row changed, came or went."""
        if unread_from != self._unread_from:
            self._unread_from = unread_from
            self.clear()
        old = self._entries
        changed = False
        if old and entries and old[0] is not entries[0]:
            changed = self._move_head(entries)
            old = self._entries
        low, most = 0, min(len(old), len(entries))
        low = _same_head(old, entries, most)
        if low == len(old) == len(entries):
            self._entries = entries
            return changed
        tail = _same_tail(old, entries, most - low)
        self._splice(low, len(old) - tail, entries[low : len(entries) - tail])
        return True

    def _move_head(self, entries: list[Entry]) -> bool:
        """Older entries came before the first one, or fell away there."""
        old = self._entries
        first, now = old[0].seq, entries[0].seq
        if not first or not now or first == now:
            return False
        if now < first:
            count = first - now
            if count < len(entries) and entries[count].key == old[0].key:
                self._splice(0, 0, entries[:count])
                return True
        elif now - first < len(old) and old[now - first].key == entries[0].key:
            self._splice(0, now - first, [])
            return True
        return False

    def _splice(self, low: int, high: int, fresh: Sequence[Entry]) -> None:
        """Put ``fresh`` in the place of the entries from ``low`` to ``high``."""
        entries, starts = self._entries, self._starts
        # One row more at each side: what follows decides whether a row ends its group.
        first = max(0, bisect_right(starts, low) - 2)
        last = min(len(starts), bisect_right(starts, high - 1 if high > low else high) + 1)
        begin = starts[first] if first else 0
        end = starts[last] if last < len(starts) else len(entries)
        shift = len(fresh) - (high - low)
        self._entries = [*entries[:low], *fresh, *entries[high:]]
        made, made_starts = self._build(
            begin,
            end + shift,
            self.rows[first - 1].entries[-1] if first else None,
            self.rows[last].entry if last < len(starts) else None,
        )
        self.rows[first:last] = made
        tail = starts[last:]
        self._starts = [*starts[:first], *made_starts, *(at + shift for at in tail)]
        self._where = None

    def _build(
        self, begin: int, end: int, before: Entry | None, after: Entry | None
    ) -> tuple[list[Row], list[int]]:
        """Make the rows of a stretch between two entries that have theirs."""
        groups: list[tuple[int, list[Entry], date | None, bool]] = []
        unread_from = self._unread_from
        head = before
        last_day = wording.day_of(before.ts) if before is not None else None
        marked = before is not None and 0 < unread_from <= before.seq
        # A line above the first entry is right only if the one it stands for is loaded.
        known = 0 < self._entries[0].seq <= unread_from if self._entries else False
        for at in range(begin, end):
            entry = self._entries[at]
            if not entry.shown:
                continue
            day = wording.day_of(entry.ts)
            new_day, last_day = last_day != day, day
            unread = not marked and 0 < unread_from <= entry.seq
            marked = marked or unread
            unread = unread and (before is not None or known)
            notice = entry.kind == EventKind.NOTICE
            if (
                groups and notice and before is not None and before.kind == EventKind.NOTICE
                and not new_day and not unread
            ):  # fmt: skip
                groups[-1][1].append(entry)
            else:
                groups.append((at, [entry], day if new_day else None, unread))
            before = entry
        rows: list[Row] = []
        joined = bool(groups) and self._joins(groups[0], head)
        for number, (_, members, new, unread) in enumerate(groups):
            if number + 1 < len(groups):
                follows = self._joins(groups[number + 1], members[-1])
            else:
                follows = after is not None and self._follows(after, members[-1])
            rows.append(Row(tuple(members), new, unread, not joined, not follows))
            joined = follows
        return rows, [group[0] for group in groups]

    def _joins(
        self, group: tuple[int, list[Entry], date | None, bool], before: Entry | None
    ) -> bool:
        return (
            before is not None
            and group[2] is None
            and not group[3]
            and together(before, group[1][0])
        )

    def _follows(self, entry: Entry, before: Entry) -> bool:
        """Whether the row after a stretch goes on with the group before it."""
        unread = before.seq < self._unread_from <= entry.seq
        same_day = wording.day_of(entry.ts) == wording.day_of(before.ts)
        return same_day and not unread and together(before, entry)


def _same_head(one: list[Entry], two: list[Entry], most: int) -> int:
    """Count the entries at the beginning that are the same objects."""
    at, step = 0, 64
    while at < most:
        # Lists compare by identity first, so a stretch of the same objects costs next to nothing.
        if one[at : at + step] != two[at : at + step]:
            break
        at = min(most, at + step)
    while at < most and one[at] is two[at]:
        at += 1
    return at


def _same_tail(one: list[Entry], two: list[Entry], most: int) -> int:
    count = 0
    while count < most and one[-1 - count] is two[-1 - count]:
        count += 1
    return count


def together(one: Entry, two: Entry) -> bool:
    """Whether two messages that follow each other are of one group."""
    return (
        one.person == two.person
        and one.kind != EventKind.NOTICE
        and two.kind != EventKind.NOTICE
        and abs(two.ts - one.ts) < GROUP_MS
    )


def rows_of(entries: Sequence[Entry], unread_from: int = 0) -> list[Row]:
    """Return the rows of a timeline."""
    rows = Rows()
    rows.update(list(entries), unread_from)
    return rows.rows
