"""What stands around a picture that is looked at: author and time, caption, signs to click.

Drawn on the viewer's own canvas, above the picture. Belongs to the Tk thread.
"""

import tkinter as tk
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageTk

from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import Block, clean, one_line, wrap

TOP: Final = 56
SIDES: Final = 64
CAPTION_LINES: Final = 3
_BUTTON: Final = 40
_ARROW: Final = 48
_SIGNS: Final = (
    ("close", "close"), ("copy", "copy"), ("save", "download"),
    ("zoom_in", "zoom-in"), ("zoom", ""), ("zoom_out", "zoom-out"),
)  # fmt: skip
"""(what it does, icon), from the right; the one without an icon shows the scale."""
_FETCHED: Final = frozenset({"copy", "save", "zoom_in", "zoom", "zoom_out"})
"""What needs the picture."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The picture that is looked at; texts may come from strangers."""

    name: str
    """The file name to save it under, safe."""
    author: str
    when: str
    caption: str = ""
    thumb: bytes = b""
    size: tuple[int, int] = (1, 1)
    """Its pixels, as the message says."""
    older: bool = False
    """There is a picture before this one in the room."""
    newer: bool = False


class ViewerBars:
    """Draws on ``canvas``; every item has the tag ``bars``."""

    def __init__(self, canvas: tk.Canvas, look: Look) -> None:
        """It draws nothing before :meth:`draw`."""
        self._canvas = canvas
        self._look = look
        self._places: list[tuple[Box, str]] = []
        self._arrows: dict[tuple[str, bool], ImageTk.PhotoImage] = {}
        self.over = ""
        """What is below the mouse."""
        self.note = ""
        """A line that stands at the lower edge for a while."""

    def bottom(self, subject: Subject) -> int:
        """Return the height of what stands below the picture."""
        look = self._look
        if not subject.caption:
            return look.px(16)
        return self._caption(subject).height + look.px(24)

    def _caption(self, subject: Subject) -> Block:
        look = self._look
        width = min(look.px(720), self._canvas.winfo_width() - look.px(48))
        return wrap(clean(subject.caption), width, look.fonts, "body", CAPTION_LINES)

    def at(self, x: int, y: int) -> str:
        """Return what is to be clicked at a place, or ""."""
        for box, what in self._places:
            if box.x <= x < box.x + box.w and box.y <= y < box.y + box.h:
                return what
        return ""

    def draw(self, subject: Subject, scale: float) -> None:
        """Draw all of it; ``scale`` 0: there is no picture yet."""
        canvas, look, palette, px = self._canvas, self._look, self._look.palette, self._look.px
        width, height = canvas.winfo_width(), canvas.winfo_height()
        canvas.delete("bars")
        self._places = []
        bottom = height - self.bottom(subject)
        for top, end in ((0, px(TOP)), (bottom, height)):
            canvas.create_rectangle(
                0, top, width, end, fill=palette.veil, width=0, tags="bars"
            )  # fmt: skip
        left = self._draw_signs(scale, width)
        self._draw_author(subject, left - px(32))
        if subject.caption:
            block = self._caption(subject)
            ink = (palette.on_veil, palette.on_veil, palette.veil)
            for number, line in enumerate(block.lines):
                at = ((width - line.width) // 2, bottom + px(8) + number * block.line_height)
                look.line(canvas, at, line, ink, "body", ("bars",))
        for there, what, icon, x in (
            (subject.older, "older", "back", px(8)),
            (subject.newer, "newer", "next", width - px(8 + _ARROW)),
        ):
            if there:
                self._draw_arrow(what, icon, x, (px(TOP) + bottom - px(_ARROW)) // 2)
        self._draw_words(width, bottom)

    def _draw_signs(self, scale: float, width: int) -> int:
        canvas, look, palette, px = self._canvas, self._look, self._look.palette, self._look.px
        right, side = width - px(8), px(_BUTTON)
        for what, icon in _SIGNS:
            if what in _FETCHED and not scale:
                continue
            wide = side if icon else px(64)
            box = Box(right - wide, px(8), wide, side)
            below, ink = palette.veil, palette.on_veil
            if self.over == what:
                below, ink = palette.on_veil, palette.veil
                look.bubble(canvas, box, px(10), below, palette.veil, ("bars",))
            middle = (box.x + wide // 2, box.y + side // 2)
            if icon:
                image = look.art.icon(icon, px(22), ink, below)
                canvas.create_image(*middle, image=image, tags="bars")
            else:
                words = f"{look.tr.number(max(1, round(scale * 100)))} %"
                canvas.create_text(
                    *middle, text=words, fill=ink, font=look.fonts.named("label"), tags="bars"
                )
            self._places.append((box, what))
            right = box.x - px(4)
        return right

    def _draw_author(self, subject: Subject, room: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        ink = (palette.on_veil, palette.on_veil, palette.veil)
        top = px(8)
        for role, words in (("name", subject.author), ("small", subject.when)):
            line = one_line(words, max(px(40), room), look.fonts, role)
            look.line(self._canvas, (px(20), top), line, ink, role, ("bars",))
            top += look.fonts.line_height(role)

    def _draw_arrow(self, what: str, icon: str, x: int, y: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        side, lit = px(_ARROW), self.over == what
        key = (icon, lit)
        if key not in self._arrows:
            # One of the few pictures that are not opaque: it lies on whatever is looked at.
            fill, ink = (palette.on_veil, palette.veil) if lit else (palette.veil, palette.on_veil)
            disc = Image.new("L", (side * 4, side * 4), 0)
            ImageDraw.Draw(disc).ellipse((0, 0, side * 4 - 1, side * 4 - 1), 255)
            image = Image.new("RGBA", (side, side), fill)
            image.putalpha(disc.resize((side, side), Image.Resampling.BOX))
            self._arrows[key] = look.art.photo(image)
        canvas = self._canvas
        canvas.create_image(x, y, image=self._arrows[key], anchor="nw", tags="bars")
        fill, ink = (palette.on_veil, palette.veil) if lit else (palette.veil, palette.on_veil)
        sign = look.art.icon(icon, px(22), ink, fill)
        canvas.create_image(x + side // 2, y + side // 2, image=sign, tags="bars")
        self._places.append((Box(x, y, side, side), what))

    def _draw_words(self, width: int, bottom: int) -> None:
        """Draw the note, or what the sign below the mouse does."""
        look, palette, px = self._look, self._look.palette, self._look.px
        words = self.note or (look.tr(f"viewer.{self.over}") if self.over else "")
        if not words:
            return
        line = one_line(words, width - px(64), look.fonts, "label")
        high = px(32)
        box = Box((width - line.width) // 2 - px(16), bottom - high - px(8),
                  line.width + px(32), high)  # fmt: skip
        if not self.note:
            place = next(box for box, what in self._places if what == self.over)
            x = place.x + place.w // 2 - box.w // 2
            y = place.y + place.h + px(8)
            box = Box(max(px(8), min(x, width - box.w - px(8))), y, box.w, high)
        canvas = self._canvas
        canvas.create_rectangle(
            box.x, box.y, box.x + box.w, box.y + box.h, fill=palette.on_veil, width=0, tags="bars"
        )
        ink = (palette.veil, palette.veil, palette.on_veil)
        top = box.y + (high - look.fonts.line_height("label")) // 2
        look.line(canvas, (box.x + px(16), top), line, ink, "label", ("bars",))
