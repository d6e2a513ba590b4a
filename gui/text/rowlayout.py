"""Geometry of one row of the timeline: what a row is made of, and what it is set for.

Pure: pixels in, pixels out; no colours, no Tk. ``y`` counts from the row's top. What can be
clicked is a zone, what is only read a label; the words that somebody wrote are a block of
their own, because they can be selected. Set by :mod:`gui.text.bubblelayout`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from gui.chat.room import Entry
from gui.text.textlayout import Block, Line, Ruler, clean
from gui.words.i18n import Words


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: int
    y: int
    w: int
    h: int

    def holds(self, x: int, y: int) -> bool:
        """Whether a point is inside."""
        return self.x <= x < self.x + self.w and self.y <= y < self.y + self.h


@dataclass(frozen=True, slots=True)
class Label:
    """A line that is read only. ``ink`` is text, quiet, link, danger or person."""

    line: Line
    at: tuple[int, int]
    role: str
    ink: str
    person: bytes = b""
    """Whose colour it has, if ``ink`` is person."""


@dataclass(frozen=True, slots=True)
class Zone:
    """What is more than words, by its kind.

    quote, picture, file, more, less, chip, retry, discard, link, person (name and avatar): all
    of them can be clicked. But for state, the sign of how far one's own message is, and doubt,
    the mark beside a name whose letters are of several alphabets.
    """

    kind: str
    box: Box
    value: str = ""
    """The emoji of a chip, the address of a link."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A reaction: an emoji and how many people chose it."""

    emoji: str
    count: str
    box: Box
    own: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """The message that is answered: a bar in its author's colour beside two lines."""

    box: Box
    person: bytes


@dataclass(frozen=True, slots=True)
class Pill:
    """A few words in the middle of the timeline; ``y`` is their middle."""

    line: Line
    y: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Where everything of a row stands."""

    height: int
    pin: int = 0
    """What stays where it is when a line above it comes or goes: the top of what was said."""
    day: Pill | None = None
    unread: Pill | None = None
    notice: Block | None = None
    notice_y: int = 0
    bubble: Box | None = None
    bare: bool = False
    """No bubble is painted: the message is a few large emoji."""
    avatar: tuple[int, int] | None = None
    quote: Quote | None = None
    picture: Box | None = None
    file: Box | None = None
    """Where the sign of a file stands."""
    block: Block | None = None
    """The words that somebody wrote."""
    block_at: tuple[int, int] = (0, 0)
    block_role: str = "body"
    words: str = ""
    """The text of the block, all of it."""
    labels: tuple[Label, ...] = ()
    chips: tuple[Chip, ...] = ()
    state_at: tuple[int, int] | None = None
    """Left and top of the sign for the state of a message."""
    zones: tuple[Zone, ...] = ()


@dataclass(slots=True)
class Page:
    """What rows are set for: a width, a language, and who is who."""

    width: int
    scale: float
    ruler: Ruler
    tr: Words
    today: date
    me: bytes = b""
    name_of: Callable[[bytes, str], str] = lambda _, was: was
    quoted: Callable[[int], Entry | None] = lambda _: None
    expanded: set[int] = field(default_factory=set)
    """Keys of entries whose long text is shown whole."""

    def px(self, value: float) -> int:
        """Return device pixels of a measure at 100 %."""
        return round(value * self.scale)


def picture_size(width: int, height: int, most: int, scale: float) -> tuple[int, int]:
    """Return the size at which a picture is shown: its proportions, never blown up."""
    wide, high = width * scale, height * scale
    shrink = min(1.0, most / max(wide, high, 1))
    return max(24, round(wide * shrink)), max(24, round(high * shrink))


def words_of(entry: Entry) -> str:
    """Return what somebody wrote, as it is shown: the text, or the caption."""
    return clean(entry.words)
