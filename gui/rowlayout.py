"""Geometry of one row of the timeline: where the bubble, the words and the picture stand.

Pure: pixels in, pixels out; no colours, no Tk. ``y`` counts from the row's top.
A row is an entry with what its neighbours make of it (a day line above, the
first or the last one of a group of messages by the same person).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gui import wording
from gui.room import Entry, State
from gui.textlayout import Block, Line, Ruler, clean, one_line, wrap
from gui.theme import AVATAR, BUBBLE_MAX, GRID, THUMB_MAX
from protocol.codes import EventKind

GROUP_MS = 15 * 60 * 1000
"""Messages of one person within this time share one name and one avatar."""

FOLD_LINES = 30
"""Longer texts are folded; a click opens them whole."""

MORE_WORDS = "Show all"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry among its neighbours. ``day`` is the line above it, or empty."""

    entry: Entry
    day: str
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Where everything of a row stands."""

    height: int
    day_y: int = 0
    """Middle of the day line, if there is one."""
    bubble: Box | None = None
    avatar: tuple[int, int] | None = None
    name: Line | None = None
    name_at: tuple[int, int] = (0, 0)
    picture: Box | None = None
    block: Block | None = None
    block_at: tuple[int, int] = (0, 0)
    more_at: tuple[int, int] | None = None
    meta: str = ""
    meta_at: tuple[int, int] = (0, 0)
    """Right end and top of the time and the state."""
    reason: Block | None = None
    reason_at: tuple[int, int] = (0, 0)
    notice: Block | None = None
    notice_y: int = 0


def rows_of(entries: Sequence[Entry], today: date) -> list[Row]:
    """Return the rows of a timeline."""
    rows: list[Row] = []
    days = [wording.day_of(entry.ts) for entry in entries]
    count = len(entries)
    joined = [
        index > 0 and days[index] == days[index - 1] and _together(entries[index - 1], entry)
        for index, entry in enumerate(entries)
    ]
    for index, entry in enumerate(entries):
        new_day = index == 0 or days[index] != days[index - 1]
        last = index + 1 == count or not joined[index + 1]
        day = wording.day_line(days[index], today) if new_day else ""
        rows.append(Row(entry, day, not joined[index], last))
    return rows


def _together(one: Entry, two: Entry) -> bool:
    return (
        one.person == two.person
        and one.nick == two.nick
        and one.kind != EventKind.NOTICE
        and two.kind != EventKind.NOTICE
        and abs(two.ts - one.ts) < GROUP_MS
    )


def picture_size(width: int, height: int, most: int, scale: float) -> tuple[int, int]:
    """Return the size at which a picture is shown: its proportions, never blown up."""
    wide, high = width * scale, height * scale
    shrink = min(1.0, most / max(wide, high, 1))
    return max(24, round(wide * shrink)), max(24, round(high * shrink))


def body_text(entry: Entry) -> str:
    """Return the words of an entry as they are shown."""
    if entry.kind == EventKind.TEXT:
        return clean(str(entry.body.get("text", "")))
    if entry.kind == EventKind.IMAGE:
        return clean(str(entry.body.get("caption") or ""))
    return "This message needs a newer version of Zviazok."


def guess_height(row: Row, width: int, scale: float) -> int:
    """Return about how high a row will be, for the scroll bar; nothing is measured."""
    entry = row.entry
    high = 40.0 if row.day else 0.0
    high += 30.0 if row.first and not entry.own else 8.0
    if entry.kind == EventKind.IMAGE:
        high += min(THUMB_MAX, int(entry.body.get("height", 0))) + 8
    text = str(entry.body.get("text", ""))
    per_line = max(8, int(min(BUBBLE_MAX * scale, width) / (8 * scale)))
    lines = min(FOLD_LINES, 1 + text.count("\n") + len(text) // per_line)
    return round((high + 12 + 21 * lines) * scale)


def shape_of(row: Row, width: int, ruler: Ruler, scale: float) -> Shape:
    """Return the geometry of a row in a timeline of ``width`` pixels."""

    def px(value: float) -> int:
        return round(value * scale)

    entry = row.entry
    y = px(GRID if row.first else 2)
    day_y = 0
    if row.day:
        day_y = y + px(16)
        y += px(40)
    if entry.kind == EventKind.NOTICE:
        words = clean(wording.notice(entry))
        quiet = wrap(words, width - px(8 * GRID), ruler, "small", max_lines=3)
        return Shape(y + quiet.height + px(4), day_y, notice=quiet, notice_y=y)

    left = px(2 * GRID) if entry.own else px(2 * GRID + AVATAR + GRID)
    most = max(px(120), min(px(BUBBLE_MAX), width - left - px(6 * GRID)))
    pad_x, pad_y = px(12), px(7)
    inner = most - 2 * pad_x
    small = ruler.line_height("small")

    top = y
    y += pad_y
    name: Line | None = None
    name_y = y
    if row.first and not entry.own:
        name = one_line(entry.nick, inner, ruler, "name")
        y += ruler.line_height("name")
    wide = name.width if name else 0

    picture: Box | None = None
    if entry.kind == EventKind.IMAGE:
        limit = min(px(THUMB_MAX), inner)
        pic_w, pic_h = picture_size(
            int(entry.body.get("width", 1)), int(entry.body.get("height", 1)), limit, scale
        )
        y += px(2)
        picture = Box(0, y, pic_w, pic_h)
        y += pic_h + px(4)
        wide = max(wide, pic_w)

    words = body_text(entry)
    block = wrap(words, inner, ruler, "body", FOLD_LINES) if words else None
    block_y = y
    if block:
        y += block.height
        wide = max(wide, block.width)
    more_y: int | None = None
    if block and block.folded:
        more_y = y + px(2)
        y += ruler.line_height("name") + px(2)
        wide = max(wide, ruler.width("name", MORE_WORDS))

    reason: Block | None = None
    reason_y = y
    if entry.state is State.FAILED and entry.reason:
        reason = wrap(clean(entry.reason), inner, ruler, "small", max_lines=4)
        y += reason.height
        wide = max(wide, reason.width)

    meta = wording.clock(entry.ts)
    state = wording.state_line(entry)
    if state:
        meta = f"{meta} · {state}"
    meta_w = ruler.width("small", meta)
    last_line = block.lines[-1].width if block and not reason and more_y is None else None
    if last_line is not None and last_line + px(10) + meta_w <= inner:
        wide = max(wide, last_line + px(10) + meta_w)
        meta_y = y - small
    else:
        wide = max(wide, meta_w)
        meta_y = y
        y += small
    y += pad_y

    bubble_w = wide + 2 * pad_x
    x = width - px(2 * GRID) - bubble_w if entry.own else left
    inside = x + pad_x
    avatar = None
    if row.last and not entry.own:
        avatar = (px(2 * GRID), y - px(AVATAR))
    return Shape(
        height=y,
        day_y=day_y,
        bubble=Box(x, top, bubble_w, y - top),
        avatar=avatar,
        name=name,
        name_at=(inside, name_y),
        picture=Box(inside, picture.y, picture.w, picture.h) if picture else None,
        block=block,
        block_at=(inside, block_y),
        more_at=(inside, more_y) if more_y is not None else None,
        meta=meta,
        meta_at=(x + bubble_w - pad_x, meta_y),
        reason=reason,
        reason_at=(inside, reason_y),
    )
