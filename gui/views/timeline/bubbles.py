"""Paints one row of the timeline, as :mod:`gui.text.rowlayout` has set it.

Knows nothing of scrolling and of the mouse. Every item of a row carries the tag
``row<key>``. What a row looks like beyond its geometry (selected, seen, under way)
is its dress. Belongs to the Tk thread.
"""

import tkinter as tk
from dataclasses import dataclass
from typing import NamedTuple

from gui.chat.model import Model
from gui.chat.room import Entry, State
from gui.paint.faces import Face
from gui.paint.look import Look
from gui.paint.theme import AVATAR, BUBBLE_RADIUS, person_colour
from gui.text.rowlayout import Box, Chip, Label, Pill, Shape
from gui.text.rows import Row
from gui.views.timeline.glyphs import Glyphs, mix
from gui.views.timeline.thumbs import Thumbs
from gui.views.timeline.wordpaint import Inks, WordPainter

_SMALL_RADIUS = 4
_STATES = {
    State.QUEUED: "clock",
    State.SENT: "sent",
    State.STORED: "stored",
    State.FAILED: "failed",
}


class Way(NamedTuple):
    """A transfer of what a message holds."""

    part: float
    """How much is here, from 0 to 1."""
    failed: bool


@dataclass(frozen=True, slots=True)
class Dress:
    """How a row looks just now."""

    part: tuple[int, int] | None = None
    """Selected characters."""
    seen: bool = False
    """Somebody is known to have read it."""
    way: Way | None = None
    cursor: bool = False
    """The keyboard is at it."""
    flash: bool = False
    sought: str = ""
    """The search that led here: its words are marked."""
    hover: tuple[str, Box] | None = None
    """The kind and the place of what the mouse is over."""


class RowPainter:
    """Paints rows on a canvas."""

    def __init__(self, canvas: tk.Canvas, look: Look, model: Model, thumbs: Thumbs) -> None:
        """``model`` tells colours and pictures of people."""
        self._canvas = canvas
        self._look = look
        self._model = model
        self._thumbs = thumbs
        self._path = str(canvas)
        self._words = WordPainter(canvas, look)
        self.glyphs = Glyphs(look.art)

    def erase(self, key: int) -> None:
        """Take a row away."""
        self._canvas.tk.call(self._path, "delete", f"row{key}")

    def paint(self, row: Row, shape: Shape, y: int, dress: Dress) -> None:
        """Paint a row whose top is at ``y`` of the canvas."""
        look, palette, px = self._look, self._look.palette, self._look.px
        entry, width = row.entry, self._canvas.winfo_width()
        tags = (f"row{row.key}", "row")
        below = palette.chat
        if shape.day is not None:
            self._pill(shape.day, y, below, tags)
        if shape.unread is not None:
            self._unread(shape.unread, y, tags)
        if shape.notice is not None:
            for number, line in enumerate(shape.notice.lines):
                top = y + shape.notice_y + number * shape.notice.line_height
                at = ((width - line.width) // 2, top)
                look.line(self._canvas, at, line, (palette.quiet,) * 2 + (below,), "small", tags)
            return
        if shape.bubble is None:
            return
        box = shape.bubble
        if dress.flash:
            below = mix(palette.chat, palette.accent, 0.22)
            gap = px(2)
            self._rect(0, y + box.y - gap, width, box.h + 2 * gap, below, tags)
        inks = Inks(palette.theirs, palette.text, palette.quiet, palette.link)
        if entry.own:
            inks = Inks(palette.ours, palette.on_ours, palette.quiet_ours, palette.link_ours)
        radii = self._radii(row)
        edge = palette.accent if dress.cursor else ""
        if shape.bare:
            inks = Inks(below, palette.text, palette.quiet, palette.link)
        if edge or not shape.bare:
            placed = Box(box.x, y + box.y, box.w, box.h)
            self._bubble(placed, radii, inks.fill, below, tags, edge)
        if shape.avatar is not None:
            at = (shape.avatar[0], y + shape.avatar[1])
            look.avatar(self._canvas, at, px(AVATAR), self._face(entry), below, tags)
        self._inside(row, shape, y, dress, inks, tags)

    # --- parts --------------------------------------------------------------

    def _inside(
        self, row: Row, shape: Shape, y: int, dress: Dress, inks: Inks, tags: tuple[str, ...]
    ) -> None:
        """Paint what is in the bubble."""
        entry, px = row.entry, self._look.px
        tint = inks.fill
        if shape.quote is not None:
            tint = self._quote(shape, y, dress, inks, tags)
        for label in shape.labels:
            if dress.sought and label.role == "label":
                self._words.name(label, y, dress.sought, inks, tags)
                continue
            inside = shape.quote is not None and shape.quote.box.holds(*label.at)
            self._label(label, y, inks, tint if inside else inks.fill, tags)
        if shape.picture is not None:
            self._picture(entry, shape.picture, y, dress, inks.fill, tags)
        if shape.file is not None:
            self._file(shape.file, y, dress, inks, tags)
        if shape.block is not None:
            self._words.block(shape, y, dress.part, dress.sought, inks, tags)
        for chip in shape.chips:
            self._chip(chip, y, dress, shape.bare, inks.fill, tags)
        if shape.state_at is not None:
            name = "clock" if entry.waiting else _STATES[entry.state]
            if name == "stored" and dress.seen:
                name = "seen"
            palette = self._look.palette
            ink = palette.danger if name == "failed" else inks.quiet
            if name == "seen":
                ink = inks.link
            image = self.glyphs.sign(name, px(16), ink, inks.fill)
            self._image(shape.state_at[0], y + shape.state_at[1], image, tags)
        if dress.hover is not None and dress.hover[0] in ("link", "more", "less", "retry",
                                                          "discard"):  # fmt: skip
            box = dress.hover[1]
            line = max(1, px(1))
            self._rect(box.x, y + box.y + box.h - px(3), box.w, line, inks.link, tags)

    def _radii(self, row: Row) -> list[int]:
        """Corners nw, ne, sw, se: small ones where messages of a group meet."""
        big, small = self._look.px(BUBBLE_RADIUS), self._look.px(_SMALL_RADIUS)
        near = big if row.first else small
        if row.entry.own:
            return [big, near, big, small]
        return [near, big, small, big]

    def _bubble(
        self, box: Box, radii: list[int], fill: str, below: str, tags: tuple[str, ...],
        edge: str = "",
    ) -> None:  # fmt: skip
        """Paint a rectangle with round corners, and an edge around it if one is named."""
        most = min(box.w, box.h) // 2
        radii = [min(one, most) for one in radii]
        thick = 0
        if edge:
            thick = self._look.px(2)
            self._cross(_wider(box, thick), [one + thick for one in radii], edge, tags)
        self._cross(box, radii, fill, tags)
        box, radii = _wider(box, thick), [one + thick for one in radii]
        right, end = box.x + box.w, box.y + box.h
        nw, ne, sw, se = radii
        for radius, which, cx, cy in (
            (nw, "nw", box.x, box.y), (ne, "ne", right - ne, box.y),
            (sw, "sw", box.x, end - sw), (se, "se", right - se, end - se),
        ):  # fmt: skip
            if radius > 0:
                image = self._look.art.corner(radius, fill, below, which)
                if edge:
                    image = self.glyphs.corner(radius, thick, fill, edge, below, which)
                self._image(cx, cy, image, tags)

    def _cross(self, box: Box, radii: list[int], fill: str, tags: tuple[str, ...]) -> None:
        """Fill a box but for its corners."""
        nw, ne, sw, se = radii
        top, bottom = max(nw, ne), max(sw, se)
        x, y, right, end = box.x, box.y, box.x + box.w, box.y + box.h
        self._rect(x, y + top, box.w, box.h - top - bottom, fill, tags)
        self._rect(x + nw, y, box.w - nw - ne, top, fill, tags)
        self._rect(x + sw, end - bottom, box.w - sw - se, bottom, fill, tags)
        self._rect(x, y + nw, nw, top - nw, fill, tags)
        self._rect(right - ne, y + ne, ne, top - ne, fill, tags)
        self._rect(x, end - bottom, sw, bottom - sw, fill, tags)
        self._rect(right - se, end - bottom, se, bottom - se, fill, tags)

    def _rect(self, x: int, y: int, w: int, h: int, fill: str, tags: tuple[str, ...]) -> None:
        if w > 0 and h > 0:
            self._canvas.tk.call(
                self._path, "create", "rectangle", x, y, x + w, y + h,
                "-fill", fill, "-width", 0, "-tags", tags,
            )  # fmt: skip

    def _image(self, x: int, y: int, image: object, tags: tuple[str, ...]) -> None:
        self._canvas.tk.call(
            self._path, "create", "image", x, y, "-image", str(image), "-anchor", "nw",
            "-tags", tags,
        )  # fmt: skip

    def _face(self, entry: Entry) -> Face:
        known = self._model.person(entry.person)
        if known is None:
            return Face(entry.person, entry.nick)
        picture = self._model.portraits.get(known.picture) if known.picture else None
        return Face(entry.person, known.nick, known.colour, picture)

    def _colour(self, person: bytes) -> str:
        known = self._model.person(person)
        return person_colour(self._look.palette, person, known.colour if known else 0)

    def _pill(self, pill: Pill, y: int, below: str, tags: tuple[str, ...]) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        wide, high = pill.line.width + px(24), px(24)
        x, top = (self._canvas.winfo_width() - wide) // 2, y + pill.y - px(12)
        image = look.shapes.box(wide, high, px(12), palette.pill, below)
        self._image(x, top, image, tags)
        at = (x + px(12), y + pill.y - look.fonts.line_height("small") // 2)
        ink = (palette.on_pill, palette.on_pill, palette.pill)
        look.line(self._canvas, at, pill.line, ink, "small", tags)

    def _unread(self, pill: Pill, y: int, tags: tuple[str, ...]) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        width, wide = self._canvas.winfo_width(), pill.line.width
        x, middle = (width - wide) // 2, y + pill.y
        edge, gap, thin = px(16), px(12), max(1, px(1))
        ink = palette.accent
        self._rect(edge, middle, x - gap - edge, thin, ink, tags)
        self._rect(x + wide + gap, middle, width - edge - x - wide - gap, thin, ink, tags)
        at = (x, middle - look.fonts.line_height("small") // 2)
        look.line(self._canvas, at, pill.line, (ink, ink, palette.chat), "small", tags)

    def _label(self, label: Label, y: int, inks: Inks, below: str, tags: tuple[str, ...]) -> None:
        palette = self._look.palette
        match label.ink:
            case "text":
                ink = inks.text
            case "link":
                ink = inks.link
            case "danger":
                ink = palette.danger
            case "person":
                ink = self._colour(label.person)
            case _:
                ink = inks.quiet
        at = (label.at[0], y + label.at[1])
        self._look.line(self._canvas, at, label.line, (ink, ink, below), label.role, tags)

    def _quote(self, shape: Shape, y: int, dress: Dress, inks: Inks, tags: tuple[str, ...]) -> str:
        assert shape.quote is not None
        px, box = self._look.px, shape.quote.box
        ink = self._colour(shape.quote.person) if shape.quote.person else inks.quiet
        over = dress.hover is not None and dress.hover[0] == "quote"
        tint = mix(inks.fill, ink, 0.2 if over else 0.1)
        self._bubble(
            Box(box.x, y + box.y, box.w, box.h), [px(1), px(4), px(1), px(4)], tint, inks.fill, tags
        )
        self._rect(box.x, y + box.y, px(3), box.h, ink, tags)
        return tint

    def _picture(
        self, entry: Entry, box: Box, y: int, dress: Dress, below: str, tags: tuple[str, ...]
    ) -> None:
        palette, px = self._look.palette, self._look.px
        photo = self._thumbs.find(entry, box.w, box.h, below)
        if dress.part is not None and dress.part[0] == 0:
            edge = px(3)
            around = Box(box.x - edge, y + box.y - edge, box.w + 2 * edge, box.h + 2 * edge)
            self._bubble(around, [px(12)] * 4, palette.selection, below, tags)
        if photo is not None:
            self._image(box.x, y + box.y, photo, tags)
        else:
            placed = Box(box.x, y + box.y, box.w, box.h)
            self._bubble(placed, [px(9)] * 4, palette.pill, below, tags)
        if dress.way is not None:
            side = min(px(48), box.w, box.h)
            name = "again" if dress.way.failed else "close"
            image = self.glyphs.floating(
                side, side, palette.veil, "", name, palette.on_veil, dress.way.part, 190
            )
            self._image(box.x + (box.w - side) // 2, y + box.y + (box.h - side) // 2, image, tags)

    def _file(self, box: Box, y: int, dress: Dress, inks: Inks, tags: tuple[str, ...]) -> None:
        palette = self._look.palette
        over = dress.hover is not None and dress.hover[0] == "file"
        fill = palette.accent_hover if over else palette.accent
        name, part = "file", 0.0
        if dress.way is not None:
            name, part = ("again", 0.0) if dress.way.failed else ("close", dress.way.part)
        if dress.part is not None and dress.part[0] == 0:
            fill = mix(fill, palette.selection, 0.5)
        image = self.glyphs.disc(box.w, name, part, fill, palette.on_accent, inks.fill)
        self._image(box.x, y + box.y, image, tags)

    def _chip(
        self, chip: Chip, y: int, dress: Dress, bare: bool, below: str, tags: tuple[str, ...]
    ) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        fill, ink = palette.chip, palette.on_chip
        if bare and not chip.own:
            fill, ink = palette.pill, palette.on_pill
        if chip.own:
            fill, ink = palette.chip_own, palette.on_chip_own
        if dress.hover == ("chip", chip.box):
            fill = mix(fill, ink, 0.15)
        box = chip.box
        self._image(box.x, y + box.y, look.shapes.box(box.w, box.h, box.h // 2, fill, below), tags)
        side = px(18)
        image = look.art.emoji(chip.emoji, side, fill)
        if image is not None:
            self._image(box.x + px(8), y + box.y + (box.h - side) // 2, image, tags)
        self._canvas.tk.call(
            self._path, "create", "text", box.x + px(8) + side + px(6), y + box.y + box.h // 2,
            "-text", chip.count, "-fill", ink, "-font", str(look.fonts.named("small")),
            "-anchor", "w", "-tags", tags,
        )  # fmt: skip


def _wider(box: Box, by: int) -> Box:
    return Box(box.x - by, box.y - by, box.w + 2 * by, box.h + 2 * by)
