"""Palette, scale, fonts and made pictures, handed to every view; and how to paint with them.

Belongs to the Tk thread. A theme switch puts another palette in; views then
draw again.
"""

import tkinter as tk

from gui.art import Art
from gui.emoji import FALLBACK
from gui.fonts import Fonts
from gui.rowlayout import Box
from gui.textlayout import Line, clusters
from gui.theme import PALETTES, Palette, person_colour


class Look:
    """How everything looks just now."""

    def __init__(self, root: tk.Misc, theme: str, scale: float) -> None:
        """``theme`` is light or dark; ``scale`` 1.0 is 96 dots per inch."""
        self.palette: Palette = PALETTES[theme]
        self.scale = scale
        self.fonts = Fonts(root, scale)
        self.art = Art(root)

    def set_theme(self, theme: str) -> None:
        """Take the palette light or dark; views must then be drawn again."""
        self.palette = PALETTES[theme]

    def px(self, value: float) -> int:
        """Return device pixels of a measure at 100 %."""
        return round(value * self.scale)

    def line(
        self, canvas: tk.Canvas, at: tuple[int, int], line: Line, ink: tuple[str, str, str],
        role: str, tags: tuple[str, ...],
    ) -> list[tuple[int, str]]:  # fmt: skip
        """Paint a line of text; ``ink`` is (text, links, what lies below).

        Returns the canvas item and the address of every link.
        """
        links: list[tuple[int, str]] = []
        x, y = at
        fonts = self.fonts
        base = (fonts.line_height(role) - int(fonts.named(role).metrics("linespace"))) // 2
        base += fonts.ascent(role)
        for run in line.runs:
            if run.kind == "emoji":
                side = fonts.emoji_px(role)
                image = self.art.emoji(run.text, side, ink[2])
                if image is not None:
                    top = y + (fonts.line_height(role) - side) // 2
                    canvas.create_image(x + run.x, top, image=image, anchor="nw", tags=tags)
                    continue
            drawn = fonts.drawn(run.font)
            if drawn is not None:
                left, high = x + run.x, fonts.line_height(role)
                # Each cluster stands where the layout has counted it to be.
                for cluster in clusters(run.text):
                    image = self.art.words(cluster, drawn, high, ink[0], ink[2])
                    canvas.create_image(left, y, image=image, anchor="nw", tags=tags)
                    left += fonts.width(run.font, cluster)
                continue
            text = FALLBACK if run.kind == "emoji" and ord(run.text[0]) > 0xFFFF else run.text
            item = canvas.create_text(
                x + run.x,
                y + base - fonts.ascent(run.font),
                text=fonts.shown(run.font, text),
                font=fonts.named(run.font),
                fill=ink[1] if run.kind == "link" else ink[0],
                anchor="nw",
                tags=tags,
            )
            if run.target:
                links.append((item, run.target))
        return links

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
        self, canvas: tk.Canvas, at: tuple[int, int], side: int, who: tuple[bytes, str],
        below: str, tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Paint somebody's disc with the first letter of the name."""
        person, name = who
        fill = person_colour(self.palette, person)
        disc = self.art.disc(side, fill, below)
        canvas.create_image(*at, image=disc, anchor="nw", tags=tags)
        letter = next((char.upper() for char in name if char.isalnum()), "#")
        canvas.create_text(
            at[0] + side // 2,
            at[1] + side // 2,
            text=letter[:1] if ord(letter[0]) < 0x10000 else FALLBACK,
            font=self.fonts.named("name"),
            fill="#ffffff" if self.palette.name == "light" else "#10131b",
            tags=tags,
        )
