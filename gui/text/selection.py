"""What is selected in a timeline, from one character to another across messages; copying it.

Pure. A place is an entry's key and a character of its words, so a selection
stays where it is while rows come, go and move. A message without words (a
picture) counts as one character.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gui.chat.room import Entry
from gui.text import emoji
from gui.text.rowlayout import words_of
from gui.text.rows import Row
from gui.words import wording
from gui.words.i18n import Words
from protocol.codes import EventKind
from protocol.items import SAID

_WORD = re.compile(
    f"{emoji.PATTERN}|[\\w\u0e00-\u0e7f\u0300-\u036f\u0483-\u0487'\u2019]+|\\s+|.", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place between two characters."""

    key: int
    """Of the row's first entry."""
    offset: int


class Selection:
    """From ``anchor``, where it was begun, to ``head``, which follows the pointer."""

    def __init__(self) -> None:
        """Nothing is selected."""
        self.anchor: Spot | None = None
        self.head: Spot | None = None

    def __bool__(self) -> bool:
        return self.anchor is not None and self.anchor != self.head

    def clear(self) -> bool:
        """Select nothing; return whether something was selected."""
        had = bool(self)
        self.anchor = self.head = None
        return had

    def begin(self, spot: Spot) -> None:
        """Start anew at a place."""
        self.anchor = self.head = spot

    def reach(self, spot: Spot) -> bool:
        """Move the end to a place; return whether that changed something."""
        if self.anchor is None:
            self.anchor = spot
        changed = spot != self.head
        self.head = spot
        return changed

    def choose(self, key: int, start: int, end: int) -> None:
        """Select a stretch of one message."""
        self.anchor, self.head = Spot(key, start), Spot(key, end)

    def ends(self, index_of: Callable[[int], int]) -> tuple[int, int, int, int] | None:
        """Return (first row, offset in it, last row, offset in it), or None.

        ``index_of`` tells the row of a key, -1 if it is gone: then nothing is selected.
        """
        if self.anchor is None or self.head is None or self.anchor == self.head:
            return None
        one = (index_of(self.anchor.key), self.anchor.offset)
        two = (index_of(self.head.key), self.head.offset)
        if one[0] < 0 or two[0] < 0:
            return None
        low, high = min(one, two), max(one, two)
        return (*low, *high)


def extent(row: Row) -> int:
    """Return how many places a row has: its characters, or 1 for what has no words."""
    return max(1, len(words_of(row.entry))) if selectable(row.entry) else 1


def selectable(entry: Entry) -> bool:
    """Whether a message can be copied."""
    return entry.kind in SAID and not entry.deleted


def part_of(
    ends: tuple[int, int, int, int] | None, number: int, row: Row
) -> tuple[int, int] | None:
    """Return the selected stretch of a row's words, or None."""
    if ends is None or not ends[0] <= number <= ends[2] or not selectable(row.entry):
        return None
    start = ends[1] if number == ends[0] else 0
    end = ends[3] if number == ends[2] else extent(row)
    return (start, end) if start < end else None


def word_at(text: str, offset: int) -> tuple[int, int]:
    """Return the stretch of the word at a place, as a double click selects it."""
    for match in _WORD.finditer(text):
        if match.start() <= offset < match.end():
            return match.span()
    return (len(text), len(text))


def copied(
    rows: Sequence[Row],
    ends: tuple[int, int, int, int] | None,
    tr: Words,
    today: date,
    name_of: Callable[[bytes, str], str],
) -> str:
    """Return the text of a selection: words alone of one message, else with names and times."""
    found: list[str] = []
    for _ in copying(rows, ends, tr, today, name_of, found.append):
        pass
    return found[0]


def copying(
    rows: Sequence[Row],
    ends: tuple[int, int, int, int] | None,
    tr: Words,
    today: date,
    name_of: Callable[[bytes, str], str],
    done: Callable[[str], None],
) -> Iterator[None]:
    """Make the text of a selection message by message; ``done`` gets it at the end."""
    parts: list[tuple[Entry, str]] = []
    days: set[date] = set()
    for number in range(ends[0], ends[2] + 1) if ends is not None else ():
        part = part_of(ends, number, rows[number])
        if part is not None:
            entry = rows[number].entry
            parts.append((entry, _said(tr, entry, *part)))
            days.add(wording.day_of(entry.ts))
        yield
    if len(parts) < 2:
        done(parts[0][1] if parts else "")
        return
    blocks: list[str] = []
    for entry, text in parts:
        clock = wording.clock(entry.ts)
        when = clock if len(days) == 1 else wording.when(tr, entry.ts, today)
        head = tr("timeline.copied_head", who=name_of(entry.person, entry.nick), when=when)
        blocks.append(f"{head}\n{text}")
        yield
    done("\n\n".join(blocks))


def copied_whole(tr: Words, entry: Entry) -> str:
    """Return what copying one message gives."""
    return _said(tr, entry, 0, max(1, len(words_of(entry))))


def _said(tr: Words, entry: Entry, start: int, end: int) -> str:
    words = words_of(entry)[start:end]
    if start > 0 or entry.kind == EventKind.TEXT:
        return words
    name = "timeline.copied_picture" if entry.kind == EventKind.IMAGE else "timeline.copied_file"
    sign = tr(name, file=str(entry.body.get("name", "")))
    return f"{sign}\n{words}" if words else sign
