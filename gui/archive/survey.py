"""What is asked for in an archive, and what there is of it: counted before a byte is written.

The count is compared with the journal: the head that the server announced, and the stretch
that this machine holds without a hole. Used by the worker thread of a job.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Final

from protocol.blocks import Event
from protocol.client.happenings import Message, RoomInfo
from protocol.client.library import Library
from protocol.client.operations import PersonRow
from protocol.items import SAID, WITH_BLOB

PAGE_EVENTS: Final = 200
"""Events that are read at a time: a millisecond or two, then the window gets its turn."""
HOLES_MAX: Final = 20
_QUOTED_MAX = 2000


class Format(Enum):
    """What an archive is written as; the value is the suffix of the file."""

    PAGE = ".html"
    LINES = ".jsonl"
    PLAIN = ".txt"


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to save."""

    room: bytes
    title: str
    """What the room is called here."""
    target: Path
    format: Format
    since: date | None = None
    """The first local day, or None: from the first message."""
    until: date | None = None
    """The last local day, or None: to the newest message."""
    pictures: bool = True
    """With pictures and files."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Events ``first`` to ``last`` are not here; ``why`` is one line for people, or empty."""

    first: int
    last: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to write."""

    info: RoomInfo
    first: int
    last: int
    """The ``seq`` of the first and the last event; 0: there is nothing."""
    events: int
    messages: int
    """Texts, pictures and files among them, those taken back too."""
    began_ms: int
    ended_ms: int
    """The times of the first and the last event."""
    blobs: dict[bytes, int]
    """Pictures and files that are still shown: SHA-256 → size."""
    people: dict[bytes, str]
    """Everybody who appears, in the order of appearance: person → the nickname of now."""
    holes: tuple[Hole, ...]


Page = tuple[list[Event], list[Message]]


class Source:
    """The events of one room in a range, page by page."""

    def __init__(self, library: Library, info: RoomInfo, first: int, last: int) -> None:
        """``first`` and ``last`` belong to the range."""
        self.info = info
        self.first = first
        self.last = last
        self.looks: dict[bytes, PersonRow] = library.people()
        self.me = library.me()
        self._library = library
        self._quoted: dict[int, Message | None] = {}

    def pages(self) -> Iterator[Page]:
        """Yield the events with the messages as they read now, ascending."""
        after = self.first - 1
        while self.first and after < self.last:
            room = self.info.room
            events = self._library.events(room, after, self.last + 1, PAGE_EVENTS)
            if not events:
                return
            yield events, self._library.folded(room, events)
            after = events[-1].seq

    def quoted(self, seq: int) -> Message | None:
        """Return a message that another one answers, if it is held, inside the range or not."""
        if seq not in self._quoted:
            if len(self._quoted) >= _QUOTED_MAX:
                self._quoted.clear()
            found = self._library.messages(self.info.room, seq - 1, seq + 1, 1)
            self._quoted[seq] = found[0] if found and found[0].kind in SAID else None
        return self._quoted[seq]

    def name(self, person: bytes, was: str = "?") -> str:
        """Return the nickname of now, or ``was``."""
        known = self.looks.get(person)
        return known.nick if known is not None else was


def local_ms(day: date) -> int:
    """Return when a day begins on this machine, in ms since 1970."""
    return int(datetime(day.year, day.month, day.day).astimezone().timestamp() * 1000)


def wants_more(library: Library, info: RoomInfo, order: Order) -> bool:
    """Whether events of the range may be missing here that the server has."""
    if info.high < info.head:
        return True
    if info.low <= 0:
        return False
    if order.since is None:
        return True
    oldest = library.events(info.room, info.low, info.high + 1, 1)
    return not oldest or oldest[0].ts >= local_ms(order.since)


def source_of(library: Library, info: RoomInfo, order: Order) -> Source:
    """Find the range of an order in what is held."""
    low, high = max(0, info.low), max(0, info.high)
    first, last = low + 1, high
    if order.since is not None:
        first = library.first_at_or_after(info.room, local_ms(order.since))
    if order.until is not None:
        last = library.last_before(info.room, local_ms(order.until + timedelta(days=1)))
    if not first or first > last:
        first = last = 0
    return Source(library, info, first, last)


def survey(
    source: Source, order: Order, short: bool, why: str, step: Callable[[int], None]
) -> Survey:
    """Count everything; ``short``: events may be missing at the ends, ``why`` says the reason.

    ``step(n)`` is called after each ``n`` more events; what it raises ends the survey.
    """
    events = messages = began = ended = 0
    blobs: dict[bytes, int] = {}
    people: dict[bytes, str] = {}
    holes: list[Hole] = []
    info = source.info
    if short and info.low > 0:
        holes.append(Hole(1, info.low, why))
    before = source.first - 1
    for page, said in source.pages():
        events += len(page)
        began, ended = began or page[0].ts, page[-1].ts
        for one, two in pairwise([before, *(event.seq for event in page)]):
            if two != one + 1 and len(holes) < HOLES_MAX:
                holes.append(Hole(one + 1, two - 1))
        before = page[-1].seq
        for message in said:
            people.setdefault(message.person, source.name(message.person, message.nick))
            messages += message.kind in SAID
            if message.kind in WITH_BLOB and not message.deleted:
                blobs[message.body["sha256"]] = message.body["size"]
        step(len(page))
    if short and info.high < info.head and order.until is None:
        holes.append(Hole(max(0, info.high) + 1, info.head, why))
    return Survey(
        info, source.first, source.last, events, messages, began, ended, blobs, people,
        tuple(holes),
    )  # fmt: skip
