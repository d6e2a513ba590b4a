"""Pictures that are made rather than loaded: corners, discs, avatars, emoji, icons.

All are opaque, blended with the colour below them: Tk draws those at once, while
a transparent one costs a round trip at every redraw. Kept by what they show;
the caller need not hold them. Belongs to the Tk thread.
"""

import logging
import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageTk, features

from gui import emoji

log = logging.getLogger(__name__)

KEEP = 1500
"""Pictures kept: far more than one screen shows, some 10 MB of small ones."""
_OVER = 4
"""Shapes are drawn this much larger and shrunk, for smooth edges."""

_ICONS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "plus": (((12, 5), (12, 19)), ((5, 12), (19, 12))),
    "close": (((6, 6), (18, 18)), ((18, 6), (6, 18))),
    "send": (((4, 5), (20, 12), (4, 19), (7, 12), (4, 5)), ((7, 12), (13, 12))),
    "down": (((12, 5), (12, 18)), ((6, 12.5), (12, 18.5), (18, 12.5))),
    "image": (
        ((4, 5), (20, 5), (20, 19), (4, 19), (4, 5)),
        ((4, 17), (9, 11), (13, 15), (15, 13), (20, 18)),
    ),
    "leave": (
        ((13, 4), (5, 4), (5, 20), (13, 20)),
        ((10, 12), (20, 12)),
        ((16, 8), (20, 12), (16, 16)),
    ),
    "link": (
        ((10, 14), (14, 10)),
        ((11, 8), (14, 5), (16.5, 4.4), (19, 5.4), (19.6, 8), (19, 10), (16, 13)),
        ((13, 16), (10, 19), (7.5, 19.6), (5, 18.6), (4.4, 16), (5, 14), (8, 11)),
    ),
    "pencil": (((5, 19), (6, 15), (16, 5), (19, 8), (9, 18), (5, 19)),),
    "again": (((19, 5), (19, 10), (14, 10)),),
}
_DISCS = {"image": ((15.5, 9, 1.4),)}


class Art:
    """Makes and keeps pictures for one root."""

    def __init__(self, root: tk.Misc) -> None:
        """``root`` owns the Tk images."""
        self._root = root
        self._made: OrderedDict[tuple[object, ...], ImageTk.PhotoImage] = OrderedDict()
        self._path = emoji.font_path()
        self._raqm = bool(features.check("raqm"))
        self._emoji_font: ImageFont.FreeTypeFont | None = None
        self._sources: dict[str, Image.Image | None] = {}

    def photo(self, image: Image.Image) -> ImageTk.PhotoImage:
        """Return a Tk image of a Pillow one; the caller keeps it."""
        return ImageTk.PhotoImage(image, master=self._root)

    def _kept(self, key: tuple[object, ...], make: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self.photo(make())
            if len(self._made) > KEEP:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(key)
        return found

    def corner(self, radius: int, fill: str, below: str, which: str) -> ImageTk.PhotoImage:
        """Return one round corner; ``which`` is nw, ne, sw or se."""

        def make() -> Image.Image:
            side = radius * _OVER
            image = Image.new("RGB", (side, side), below)
            left = -side if "e" in which else 0
            top = -side if "s" in which else 0
            ImageDraw.Draw(image).ellipse(
                (left, top, left + 2 * side - 1, top + 2 * side - 1), fill=fill
            )
            return image.resize((radius, radius), Image.Resampling.BOX)

        return self._kept(("corner", radius, fill, below, which), make)

    def disc(self, side: int, fill: str, below: str) -> ImageTk.PhotoImage:
        """Return a filled circle."""

        def make() -> Image.Image:
            image = Image.new("RGB", (side * _OVER, side * _OVER), below)
            ImageDraw.Draw(image).ellipse((0, 0, side * _OVER - 1, side * _OVER - 1), fill=fill)
            return image.resize((side, side), Image.Resampling.BOX)

        return self._kept(("disc", side, fill, below), make)

    def icon(self, name: str, side: int, colour: str, below: str) -> ImageTk.PhotoImage:
        """Return a line icon; the names are those of the table above, and sun and moon."""

        def make() -> Image.Image:
            unit = side * _OVER / 24
            image = Image.new("RGB", (side * _OVER, side * _OVER), below)
            draw = ImageDraw.Draw(image)
            width = max(1, round(1.7 * unit))
            for stroke in _ICONS.get(name, ()):
                points = [(x * unit, y * unit) for x, y in stroke]
                draw.line(points, fill=colour, width=width, joint="curve")
                for x, y in (points[0], points[-1]):
                    half = width / 2 - 0.5
                    draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)
            for x, y, r in _DISCS.get(name, ()):
                box = ((x - r) * unit, (y - r) * unit, (x + r) * unit, (y + r) * unit)
                draw.ellipse(box, fill=colour)
            _round_icon(draw, name, unit, width, colour, below)
            return image.resize((side, side), Image.Resampling.LANCZOS)

        return self._kept(("icon", name, side, colour, below), make)

    def emoji(self, sequence: str, side: int, below: str) -> ImageTk.PhotoImage | None:
        """Return an emoji as a picture; None if no font here can draw it."""
        if sequence not in self._sources:
            self._sources[sequence] = self._draw_emoji(sequence)
        source = self._sources[sequence]
        if source is None:
            return None

        def make() -> Image.Image:
            image = Image.new("RGB", (side, side), below)
            small = source.resize((side, side), Image.Resampling.LANCZOS)
            image.paste(small, (0, 0), small)
            return image

        return self._kept(("emoji", sequence, side, below), make)

    def words(
        self, text: str, font: ImageFont.FreeTypeFont, height: int, ink: str, below: str
    ) -> ImageTk.PhotoImage:
        """Return a run of text as a picture ``height`` high, shaped by Pillow."""

        def make() -> Image.Image:
            image = Image.new("RGB", (max(1, round(font.getlength(text))), height), below)
            # On the base line that a line of Latin text has: about three quarters down.
            at = (0, round(height * 0.75))
            ImageDraw.Draw(image).text(at, text, font=font, fill=ink, anchor="ls")
            return image

        key = ("words", text, font.path, font.size, height, ink, below)
        return self._kept(key, make)

    def _draw_emoji(self, sequence: str) -> Image.Image | None:
        font = self._font()
        if font is None:
            return None
        try:
            left, top, right, bottom = font.getbbox(sequence)
            side = max(1, round(max(right - left, bottom - top)))
            if side > 512:
                return None
            image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
            at = ((side - (right - left)) / 2 - left, (side - (bottom - top)) / 2 - top)
            ImageDraw.Draw(image).text(at, sequence, font=font, embedded_color=True)
        except (OSError, ValueError) as error:
            log.warning("event=emoji_undrawn reason=%s", type(error).__name__)
            return None
        return image if image.getbbox() else None

    def _font(self) -> ImageFont.FreeTypeFont | None:
        if self._emoji_font is None and self._path is not None:
            layout = ImageFont.Layout.RAQM if self._raqm else ImageFont.Layout.BASIC
            # Bitmap fonts come in fixed sizes: Noto has 109, Apple 96.
            for size in (109, 96, 64):
                try:
                    self._emoji_font = ImageFont.truetype(
                        str(Path(self._path)), size, layout_engine=layout
                    )
                    return self._emoji_font
                except OSError:
                    continue
            log.warning("event=emoji_font_unreadable")
            self._path = None
        return self._emoji_font


def _round_icon(
    draw: ImageDraw.ImageDraw, name: str, unit: float, width: int, colour: str, below: str
) -> None:
    def box(x: float, y: float, r: float) -> tuple[float, float, float, float]:
        return ((x - r) * unit, (y - r) * unit, (x + r) * unit, (y + r) * unit)

    if name == "again":
        draw.arc(box(12, 12, 7.4), 20, 330, fill=colour, width=width)
    elif name == "moon":
        draw.ellipse(box(12, 12, 8), fill=colour)
        draw.ellipse(box(15.5, 9.5, 6.8), fill=below)
    elif name == "sun":
        draw.ellipse(box(12, 12, 4.2), fill=colour)
        for x, y in (
            (0, 1),
            (1, 0),
            (0.7, 0.7),
            (0.7, -0.7),
            (0, -1),
            (-1, 0),
            (-0.7, -0.7),
            (-0.7, 0.7),
        ):
            ends = [((12 + x * r) * unit, (12 + y * r) * unit) for r in (6.6, 9)]
            draw.line(ends, fill=colour, width=width)
    elif name == "people":
        draw.ellipse(box(12, 8.2, 3.6), outline=colour, width=width)
        draw.arc(box(12, 20, 7), 180, 360, fill=colour, width=width)
