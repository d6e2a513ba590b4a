"""Pictures that are made rather than loaded: corners, discs, emoji, icons.

All are opaque, blended with the colour below them: Tk draws those at once, while
a transparent one costs a round trip at every redraw. Kept by what they show; the
caller need not hold them. Emoji come from the sheet that ships with the program, read
in a thread of its own at the start. Belongs to the Tk thread.
"""

import logging
import tkinter as tk

from PIL import Image, ImageDraw, ImageTk

from gui.emojis import sheet
from gui.paint import iconpen
from gui.paint.album import Album

log = logging.getLogger(__name__)

_OVER = 4
"""Shapes are drawn this much larger and shrunk, for smooth edges."""
_GREY = "#8a8f99"
"""Of the sign for an emoji that is not in the sheet: visible on light and dark."""


class Art:
    """Makes and keeps pictures for one root."""

    def __init__(self, root: tk.Misc) -> None:
        """``root`` owns the Tk images."""
        self._root = root
        self._album = Album(root)
        sheet.warm()

    def photo(self, image: Image.Image) -> ImageTk.PhotoImage:
        """Return a Tk image of a Pillow one; the caller keeps it."""
        return ImageTk.PhotoImage(image, master=self._root)

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

        return self._album.get(("corner", radius, fill, below, which), make)

    def disc(self, side: int, fill: str, below: str) -> ImageTk.PhotoImage:
        """Return a filled circle."""

        def make() -> Image.Image:
            image = Image.new("RGB", (side * _OVER, side * _OVER), below)
            ImageDraw.Draw(image).ellipse((0, 0, side * _OVER - 1, side * _OVER - 1), fill=fill)
            return image.resize((side, side), Image.Resampling.BOX)

        return self._album.get(("disc", side, fill, below), make)

    def icon(self, name: str, side: int, colour: str, below: str) -> ImageTk.PhotoImage:
        """Return a line icon; the names are those of ``gui.paint.icons``."""

        def make() -> Image.Image:
            mask = iconpen.mask(name, side)
            image = Image.new("RGB", (side, side), below)
            if mask is None:
                log.error("event=icon_missing name=%s", name)
            else:
                image.paste(colour, (0, 0), mask)
            return image

        return self._album.get(("icon", name, side, colour, below), make)

    def emoji(self, sequence: str, side: int, below: str) -> ImageTk.PhotoImage:
        """Return an emoji as a picture, ``side`` × ``side`` pixels, 14 to 96.

        One that is newer than the sheet is drawn as the nearest known sequence, or as an
        empty square. A new picture costs some 0.3 ms.
        """

        def make() -> Image.Image:
            image = Image.new("RGB", (side, side), below)
            source = sheet.sheet().picture(sequence)
            if source is None:
                unit = max(1, side // 16)
                box = (side // 4, side // 4, side - side // 4 - 1, side - side // 4 - 1)
                ImageDraw.Draw(image).rectangle(box, outline=_GREY, width=unit)
                return image
            if side != sheet.SIDE:
                how = Image.Resampling.LANCZOS if side < sheet.SIDE else Image.Resampling.BICUBIC
                source = source.resize((side, side), how)
            image.paste(source, (0, 0), source)
            return image

        return self._album.get(("emoji", sequence, side, below), make)
