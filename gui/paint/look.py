"""Palette, scale, fonts, sentences and made pictures, handed to every view; and how to paint.

Belongs to the Tk thread. Another theme or accent puts another palette in; views then draw
again. Another language or scale is another Look.
"""

import tkinter as tk
from tkinter import font as tkfont
from typing import Protocol
from weakref import WeakSet

from PIL import Image

from gui.paint.art import Art
from gui.paint.faces import Decoder, Face, Faces, initials
from gui.paint.fonts import Fonts
from gui.paint.shapes import Shapes
from gui.paint.slices import Slices
from gui.paint.theme import ACCENT, Palette, palette, person_colour
from gui.text import emoji
from gui.text.emoji import FALLBACK
from gui.text.rowlayout import Box
from gui.text.textlayout import Line, clean
from gui.words.i18n import Words

_PLAIN = ("text", "emoji")


class Painted(Protocol):
    """A widget of ours that can draw itself anew."""

    def winfo_exists(self) -> bool:
        """Whether it is still there."""

    def restyle(self) -> None:
        """Draw it in the palette of now."""


class Look:
    """How everything looks just now."""

    def __init__(
        self, root: tk.Misc, theme: str, scale: float, language: str = "en", accent: str = ACCENT,
        before: "Look | None" = None,
    ) -> None:  # fmt: skip
        """``theme`` is light or dark; ``scale`` 1.0 is 96 dots per inch; ``accent`` of ACCENTS.

        What was made for the look ``before`` is used again where it is the same.
        """
        self.tr = Words(language)
        self.palette: Palette = palette(theme, accent)
        self.accent = accent
        self.scale = scale
        same = before is not None and before.scale == scale
        self.fonts: Fonts = before.fonts if before is not None and same else Fonts(root, scale)
        self.art: Art = before.art if before is not None else Art(root)
        self.shapes: Shapes = before.shapes if before is not None else Shapes(root)
        self.slices: Slices = before.slices if before is not None else Slices(root)
        """What is to be drawn or built, bit by bit."""
        self.painted: WeakSet[Painted] = WeakSet()
        """Buttons and fields, wherever they stand: each is drawn again in another theme."""
        self._faces = Faces()
        self._bases: dict[str, int] = {}

    def set_theme(self, theme: str, accent: str = "") -> None:
        """Take the palette light or dark, with another accent if one is named.

        Views must then be drawn again.
        """
        self.accent = accent or self.accent
        self.palette = palette(theme, self.accent)

    def decode_faces(self, decoder: Decoder) -> None:
        """Have people's pictures decoded; before that, everybody is shown with initials."""
        self._faces.attach(decoder)

    def plain(self, text: str) -> str:
        """Return what to hand to a Tk widget (label, button, menu) for a text."""
        return self.fonts.shown("label.thai", emoji.without(clean(text)))

    def font(self, role: str, text: str) -> tkfont.Font:
        """Return the font of a role for a text in a Tk widget: another one if it is Thai."""
        return self.fonts.named(f"{role}.thai" if _has_thai(text) else role)

    def px(self, value: float) -> int:
        """Return device pixels of a measure at 100 %."""
        return round(value * self.scale)

    def line(
        self, canvas: tk.Canvas, at: tuple[int, int], line: Line, ink: tuple[str, str, str],
        role: str, tags: tuple[str, ...],
    ) -> list[tuple[int, str]]:  # fmt: skip
        """Paint a line of text; ``ink`` is (text, links and names, what lies below).

        Returns the canvas item and the target of everything that leads somewhere.
        """
        links: list[tuple[int, str]] = []
        x, y = at
        fonts = self.fonts
        # Straight to Tcl: half of the time of create_text, and twenty rows come with each frame.
        create, path = canvas.tk.call, str(canvas)
        base = self._base(role)
        for run in line.runs:
            kind, font, left = run.kind, run.font, x + run.x
            if kind == "emoji":
                side = fonts.emoji_px(role)
                image = self.art.emoji(run.text, side, ink[2])
                if image is not None:
                    top = y + (fonts.line_height(role) - side) // 2
                    create(
                        path, "create", "image", left, top, "-image", str(image), "-anchor", "nw",
                        "-tags", tags,
                    )  # fmt: skip
                    continue
            text = FALLBACK if kind == "emoji" and ord(run.text[0]) > 0xFFFF else run.text
            item = create(
                path, "create", "text", left, y + base - fonts.ascent(font),
                "-text", fonts.shown(font, text), "-font", str(fonts.named(font)),
                "-fill", ink[0] if kind in _PLAIN else ink[1], "-anchor", "nw", "-tags", tags,
            )  # fmt: skip
            if run.target:
                links.append((int(item), run.target))
        return links

    def _base(self, role: str) -> int:
        """Return how far below the top of a line of a role its letters stand."""
        known = self._bases.get(role)
        if known is None:
            fonts = self.fonts
            spare = fonts.line_height(role) - int(fonts.named(role).metrics("linespace"))
            known = self._bases[role] = spare // 2 + fonts.ascent(role)
        return known

    def bubble(
        self, canvas: tk.Canvas, box: Box, radius: int, fill: str, below: str,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Paint a rectangle with round corners."""
        r = min(radius, box.w // 2, box.h // 2)
        x, y, right, bottom = box.x, box.y, box.x + box.w, box.y + box.h
        rect = canvas.create_rectangle
        rect(x + r, y, right - r, bottom, fill=fill, width=0, tags=tags)
        rect(x, y + r, right, bottom - r, fill=fill, width=0, tags=tags)
        for which, cx, cy in (
            ("nw", x, y), ("ne", right - r, y), ("sw", x, bottom - r), ("se", right - r, bottom - r)
        ):  # fmt: skip
            image = self.art.corner(r, fill, below, which)
            canvas.create_image(cx, cy, image=image, anchor="nw", tags=tags)

    def avatar(
        self, canvas: tk.Canvas, at: tuple[int, int], side: int, who: Face | tuple[bytes, str],
        below: str, tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Paint somebody's disc: the picture, or the initials on the colour of the person.

        A picture that is not decoded yet is put in by itself once it is.
        """
        face = who if isinstance(who, Face) else Face(*who)
        shapes = self.shapes
        dot = self.palette.online if face.online else ""
        picture: Image.Image | None = None
        name = b""
        letters: tuple[int, ...] = ()
        disc = 0

        def later(came: Image.Image) -> None:
            # If it was taken away meanwhile, its number names nothing any more.
            image = shapes.portrait(name, came, side, below, dot)
            canvas.itemconfigure(disc, image=image)
            for letter in letters:
                canvas.delete(letter)

        if face.picture:
            name, picture = self._faces.find(face.picture, canvas, later)
        if picture is not None:
            image = shapes.portrait(name, picture, side, below, dot)
            canvas.create_image(*at, image=image, anchor="nw", tags=tags)
            return
        fill = person_colour(self.palette, face.person, face.colour)
        image = shapes.face(side, fill, below, dot)
        disc = canvas.create_image(*at, image=image, anchor="nw", tags=tags)
        letters = (self._letters(canvas, at, side, initials(face.name), tags),)

    def tile(
        self, canvas: tk.Canvas, at: tuple[int, int], side: int, room: bytes, below: str,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Paint the square of an open room, in the colour that follows from ``room``."""
        image = self.shapes.tile(side, person_colour(self.palette, room), below)
        canvas.create_image(*at, image=image, anchor="nw", tags=tags)
        self._letters(canvas, at, side, "#", tags)

    def _letters(
        self, canvas: tk.Canvas, at: tuple[int, int], side: int, text: str, tags: tuple[str, ...]
    ) -> int:
        at_100 = side / self.scale
        role = "small" if at_100 < 30 else "name" if at_100 < 44 else "title"
        if at_100 >= 60:
            role = "huge"
        font = f"{role}.thai" if _has_thai(text) else role
        return canvas.create_text(
            at[0] + side // 2,
            at[1] + side // 2,
            text=self.fonts.shown(font, text),
            font=self.fonts.named(font),
            fill=self.palette.on_person,
            tags=tags,
        )


def _has_thai(text: str) -> bool:
    return any("\u0e00" <= char <= "\u0e7f" for char in text)
