"""Sets one row of the timeline: day and unread lines, notices, and messages from top to bottom.

Pure; what comes of it is a :class:`gui.text.rowlayout.Shape`.
"""

import re
from collections.abc import Sequence

from gui.chat.room import State
from gui.paint.theme import AVATAR, BUBBLE_MAX, GRID, THUMB_MAX
from gui.text import doubts, emoji
from gui.text.noticewords import GATHERED, gathered
from gui.text.rowlayout import (
    Box,
    Chip,
    Label,
    Page,
    Pill,
    Quote,
    Shape,
    Zone,
    picture_size,
    words_of,
)
from gui.text.rows import Row
from gui.text.textlayout import Block, Line, Named, clean, file_line, one_line, wrap
from gui.words import orderwords, wording
from protocol.codes import EventKind

FOLD_LINES = 30
"""Longer texts are folded until "Show more" is clicked."""
NOTICE_LINES = 24
"""A row of notices has no more lines than these."""
BIG_MAX = 3
"""So many emoji alone are drawn large and without a bubble."""

_ONLY_EMOJI = re.compile(f"(?:\\s*(?:{emoji.PATTERN})){{1,{BIG_MAX}}}\\s*")
_AFTER_NAME = re.compile(r"\w")


def names_in(text: str, people: Sequence[tuple[bytes, str]], me: bytes) -> list[Named]:
    """Return where a text names people: ``@`` and a nickname of (person, nickname), ascending."""
    found: list[Named] = []
    lower = _folded(text)
    for person, nick in sorted(people, key=lambda one: -len(one[1])):
        word = "@" + _folded(nick)
        at = lower.find(word) if nick else -1
        while at >= 0:
            end = at + len(word)
            free = not any(one.start < end and at < one.end for one in found)
            if free and not _AFTER_NAME.match(text, end):
                found.append(Named(at, end, person.hex(), person == me))
            at = lower.find(word, end)
    return sorted(found, key=lambda one: one.start)


def _folded(text: str) -> str:
    """Fold the case of each character by itself, so that all keep their places."""
    if text.isascii():
        return text.lower()
    return "".join(one if len(one.casefold()) > 1 else one.casefold() for one in text)


def shape_of(row: Row, page: Page) -> Shape:
    """Return the geometry of a row."""
    px, ruler, tr = page.px, page.ruler, page.tr
    y = px(GRID if row.first else 2)
    day: Pill | None = None
    unread: Pill | None = None
    if row.day is not None:
        words = one_line(wording.day_line(tr, row.day, page.today), page.width, ruler, "small")
        day = Pill(words, y + px(16))
        y += px(40)
    if row.unread:
        line = one_line(tr("timeline.unread"), page.width - px(64), ruler, "small")
        unread = Pill(line, y + px(16))
        y += px(36)
    if row.entry.kind == EventKind.NOTICE:
        quiet = clean(gathered(tr, row.entries))
        # Who came and went may be cut short, what was done to keep order may not.
        lines = 3 if all(one.body.get("what") in GATHERED for one in row.entries) else NOTICE_LINES
        block = wrap(quiet, page.width - px(8 * GRID), ruler, "small", max_lines=lines)
        height = y + block.height + px(6)
        return Shape(height, y, day, unread, notice=block, notice_y=y + px(2))
    return _Bubble(row, page, y).shape(day, unread)


class _Bubble:
    """Sets one message from top to bottom."""

    def __init__(self, row: Row, page: Page, top: int) -> None:
        px = page.px
        self.row, self.page, self.entry = row, page, row.entry
        self.own = row.entry.own
        self.top, self.y = top, top
        self.left = px(2 * GRID) if self.own else px(2 * GRID + AVATAR + GRID)
        most = min(px(BUBBLE_MAX), page.width - self.left - px(6 * GRID))
        self.most = max(px(120), most)
        self.pad = px(12)
        self.inner = self.most - 2 * self.pad
        self.wide = 0
        # Everything is set from x = 0 on and moved into its place once the width is known.
        self.labels: list[Label] = []
        self.zones: list[Zone] = []
        self.chips: list[Chip] = []
        self.tail: int | None = None
        """Width of what stands on the last line, if the time may stand beside it."""

    def shape(self, day: Pill | None, unread: Pill | None) -> Shape:
        entry, page, px = self.entry, self.page, self.page.px
        said = entry.kind in (EventKind.TEXT, EventKind.IMAGE, EventKind.FILE)
        words = words_of(entry) if said and not entry.deleted else ""
        plain = entry.kind == EventKind.TEXT and not entry.reply and not entry.body.get("via")
        bare = bool(words) and plain and _ONLY_EMOJI.fullmatch(words) is not None
        pad_y = 0 if bare else px(7)
        self.y += pad_y
        if not bare:
            self._head()
        pin = self.y
        quote = self._quote() if said and not entry.deleted else None
        picture = file = None
        if said and not entry.deleted:
            if entry.kind == EventKind.IMAGE:
                picture = self._picture(pad_y)
            elif entry.kind == EventKind.FILE:
                file = self._file()
        block_y = self.y
        block: Block | None = None
        role = "huge" if bare else "body"
        if words:
            block = self._words(words, role)
        elif not said or entry.deleted:
            tr = page.tr
            name = orderwords.gone(tr, entry) if entry.deleted else tr("wording.newer_version")
            self._paragraph(name, "body", "quiet")
        self._chips(bare)
        self._failure()
        state_at = self._meta()
        self.y += pad_y

        bubble_w = self.wide + 2 * self.pad
        x = page.width - px(2 * GRID + 4) - bubble_w if self.own else self.left
        inside = x + self.pad
        if bare:
            inside = x = x + 2 * self.pad if self.own else x
            bubble_w = self.wide
        bubble = Box(x, self.top, bubble_w, self.y - self.top)
        if quote is not None:
            quote = Quote(_moved(quote.box, inside, self.wide), quote.person)
        zones = [
            Zone(one.kind, _moved(one.box, inside, self.wide if one.kind == "quote" else 0),
                 one.value)
            for one in self.zones
        ]  # fmt: skip
        avatar = None
        if self.row.last and not self.own:
            avatar = (px(2 * GRID), self.y - px(AVATAR))
            zones.append(Zone("person", Box(*avatar, px(AVATAR), px(AVATAR))))
        return Shape(
            height=self.y,
            pin=pin,
            day=day,
            unread=unread,
            bubble=bubble,
            bare=bare,
            avatar=avatar,
            quote=quote,
            picture=_moved(picture, inside) if picture else None,
            file=_moved(file, inside) if file else None,
            block=block,
            block_at=(inside, block_y),
            block_role=role,
            words=words,
            labels=tuple(
                Label(one.line, (one.at[0] + inside, one.at[1]), one.role, one.ink, one.person)
                for one in self.labels
            ),
            chips=tuple(
                Chip(one.emoji, one.count, _moved(one.box, inside), one.own) for one in self.chips
            ),
            state_at=(state_at[0] + inside, state_at[1]) if state_at else None,
            zones=tuple(zones),
        )

    # --- from top to bottom -------------------------------------------------

    def _label(
        self, text: str, role: str, ink: str, x: int = 0, person: bytes = b"", spare: int = 0
    ) -> Line:
        """Put one line where the pen is; the pen stays. ``spare`` pixels behind it are left."""
        line = one_line(text, self.inner - x - spare, self.page.ruler, role)
        self.labels.append(Label(line, (x, self.y), role, ink, person))
        self.wide = max(self.wide, x + line.width)
        return line

    def _paragraph(self, text: str, role: str, ink: str, max_lines: int = 4) -> None:
        block = wrap(clean(text), self.inner, self.page.ruler, role, max_lines)
        for line in block.lines:
            self.labels.append(Label(line, (0, self.y), role, ink))
            self.y += block.line_height
        self.wide = max(self.wide, block.width)
        self.tail = block.lines[-1].width if block.lines else None

    def _head(self) -> None:
        """The author's name, and who said it first."""
        entry, page = self.entry, self.page
        if self.row.first and not self.own:
            name = page.name_of(entry.person, entry.nick)
            odd = doubts.of_name(page.tr, name)
            spare = page.px(4) + page.ruler.emoji_px("small") if odd else 0
            line = self._label(name, "name", "person", 0, entry.person, spare)
            high = page.ruler.line_height("name")
            self.zones.append(Zone("person", Box(0, self.y, line.width, high)))
            if odd:
                x = line.width + page.px(4)
                sign = self._label("⚠", "small", "danger", x)
                self.zones.append(Zone("doubt", Box(x, self.y, sign.width, high)))
            self.y += high
        via = entry.body.get("via")
        if via and not entry.deleted:
            self._label(page.tr("timeline.via", who=str(via)), "small", "quiet")
            self.y += page.ruler.line_height("small")

    def _quote(self) -> Quote | None:
        entry, page, px = self.entry, self.page, self.page.px
        if not entry.reply:
            return None
        self.y += px(2)
        top, indent = self.y, px(11)
        said = page.quoted(entry.reply)
        self.y += px(2)
        person = b""
        if said is None:
            self._label(page.tr("timeline.earlier"), "small", "quiet", indent)
            self.y += page.ruler.line_height("small")
        else:
            person = said.person
            name = page.name_of(said.person, said.nick)
            self._label(name, "name", "person", indent, person)
            self.y += page.ruler.line_height("name")
            words = wording.content(page.tr, said)
            self._label(words, "small", "quiet" if said.deleted else "text", indent)
            self.y += page.ruler.line_height("small")
        self.y += px(2)
        box = Box(0, top, 0, self.y - top)
        self.zones.append(Zone("quote", box))
        self.y += px(4)
        return Quote(box, person)

    def _picture(self, pad_y: int) -> Box:
        body, px = self.entry.body, self.page.px
        inset = px(4)
        most = min(px(THUMB_MAX), self.most - 2 * inset)
        wide, high = picture_size(
            int(body.get("width", 1)), int(body.get("height", 1)), most, self.page.scale
        )
        if self.y == self.top + pad_y:
            self.y = self.top + inset
        else:
            self.y += px(2)
        box = Box(inset - self.pad, self.y, wide, high)
        self.zones.append(Zone("picture", box))
        self.y += high + px(4)
        self.wide = max(self.wide, wide + 2 * inset - 2 * self.pad)
        return box

    def _file(self) -> Box:
        body, page, px = self.entry.body, self.page, self.page.px
        side, indent = px(40), px(50)
        self.y += px(2)
        top = self.y
        name_h, size_h = page.ruler.line_height("label"), page.ruler.line_height("small")
        high = max(side, name_h + size_h)
        self.y = top + (high - name_h - size_h) // 2
        called = str(body.get("name", ""))
        name = file_line(called, self.inner - indent, page.ruler, "label")
        self.labels.append(Label(name, (indent, self.y), "label", "text"))
        self.wide = max(self.wide, indent + name.width)
        self.y += name_h
        size = self._label(
            wording.size(page.tr, int(body.get("size", 0))), "small", "quiet", indent
        )
        box = Box(0, top + (high - side) // 2, side, side)
        wide = indent + max(name.width, size.width)
        self.zones.append(Zone("file", Box(0, top, wide, high)))
        self.y = top + high + px(4)
        self.tail = indent + size.width
        return box

    def _words(self, words: str, role: str) -> Block:
        entry, page, px = self.entry, self.page, self.page.px
        whole = entry.key in page.expanded
        mentions = entry.body.get("mentions") or ()
        named: list[Named] = []
        if mentions and "@" in words:
            people = [(bytes(one), page.name_of(bytes(one), "")) for one in mentions]
            named = names_in(words, people, page.me)
        most = 0 if whole else FOLD_LINES
        block = wrap(words, self.inner, page.ruler, role, most, named)
        self.y += block.height
        self.wide = max(self.wide, block.width)
        self.tail = block.lines[-1].width if block.lines else 0
        if block.folded or (whole and len(block.lines) > FOLD_LINES):
            kind = "more" if block.folded else "less"
            self.y += px(2)
            line = self._label(page.tr(f"timeline.{kind}"), "name", "link")
            high = page.ruler.line_height("name")
            self.zones.append(Zone(kind, Box(0, self.y, line.width, high)))
            self.y += high
            self.tail = line.width
        return block

    def _chips(self, bare: bool) -> None:
        entry, page, px = self.entry, self.page, self.page.px
        if not entry.reactions:
            return
        self.y += px(4)
        x, high, gap = 0, px(26), px(4)
        for sequence, people in entry.reactions:
            count = page.tr.number(len(people))
            wide = px(8) + px(18) + px(6) + page.ruler.width("small", count) + px(9)
            if x and x + wide > self.inner:
                x, self.y = 0, self.y + high + gap
            box = Box(x, self.y, wide, high)
            self.chips.append(Chip(sequence, count, box, page.me in people))
            self.zones.append(Zone("chip", box, sequence))
            self.wide = max(self.wide, x + wide)
            x += wide + gap
        self.y += high
        self.tail = None if bare else x - gap

    def _failure(self) -> None:
        entry, page, px = self.entry, self.page, self.page.px
        if entry.state is not State.FAILED:
            return
        self.y += px(4)
        words = page.tr("timeline.not_sent")
        if entry.reason:
            words = page.tr("timeline.not_sent_why", why=entry.reason)
        self._paragraph(words, "small", "danger")
        x, high = 0, page.ruler.line_height("small") + px(6)
        for kind in ("retry", "discard"):
            text = page.tr(f"timeline.{kind}")
            if kind == "discard" and x + page.ruler.width("small", text) > self.inner:
                x, self.y = 0, self.y + high
            line = one_line(text, self.inner - x, page.ruler, "small")
            self.labels.append(Label(line, (x, self.y + px(3)), "small", "link"))
            self.zones.append(Zone(kind, Box(x, self.y, line.width, high)))
            self.wide = max(self.wide, x + line.width)
            x += line.width + px(16)
        self.y += high
        self.tail = x - px(16)

    def _meta(self) -> tuple[int, int] | None:
        """The time and the sign of the state, in the last line if there is room."""
        entry, page, px = self.entry, self.page, self.page.px
        text = wording.clock(entry.ts)
        if entry.edited and not entry.deleted:
            text = page.tr("timeline.edited", clock=text)
        line = one_line(text, self.inner, page.ruler, "small")
        sign = px(20) if entry.own or entry.waiting else 0
        high, wide = page.ruler.line_height("small"), line.width + sign
        if self.tail is not None and self.tail + px(10) + wide <= self.inner:
            self.wide = max(self.wide, self.tail + px(10) + wide)
            self.y += px(2) if self.chips else 0
            at = self.y - high
        else:
            self.wide = max(self.wide, wide)
            at = self.y
            self.y += high
        x = self.wide - wide
        self.labels.append(Label(line, (x, at), "small", "quiet"))
        if not sign:
            return None
        side = px(16)
        box = Box(x + wide - side, at + (high - side) // 2, side, side)
        self.zones.append(Zone("state", box))
        return box.x, box.y


def _moved(box: Box, x: int, wide: int = 0) -> Box:
    return Box(box.x + x, box.y, wide or box.w, box.h)
