"""Made pictures of round things: faces, tiles, fields, switches, rings.

All are opaque, blended with the colour below them, and smooth: drawn larger and
shrunk. Kept by what they show, the least used given up. Belongs to the Tk thread.
"""

import tkinter as tk
from collections import OrderedDict
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageOps, ImageTk

KEEP_BYTES = 12 * 1024 * 1024
"""Pictures kept, by their size in memory: some 2000 faces of the usual size."""
_OVER = 4
"""Shapes are drawn this much larger and shrunk, for smooth edges."""


class Shapes:
    """Makes and keeps pictures for one root."""

    def __init__(self, root: tk.Misc) -> None:
        """``root`` owns the Tk images."""
        self._root = root
        self._made: OrderedDict[tuple[object, ...], tuple[ImageTk.PhotoImage, int]] = OrderedDict()
        self._bytes = 0

    def box(
        self, width: int, height: int, radius: int, fill: str, below: str, edge: str = "",
        edge_px: int = 0,
    ) -> ImageTk.PhotoImage:  # fmt: skip
        """Return a rectangle with round corners, with an edge inside it if ``edge_px``."""
        width, height = max(1, width), max(1, height)

        def make() -> Image.Image:
            return _rounded(width, height, radius, fill, below, edge, edge_px)

        return self._kept(("box", width, height, radius, fill, below, edge, edge_px), make)

    def switch(
        self, height: int, on: bool, groove: str, knob: str, below: str
    ) -> ImageTk.PhotoImage:
        """Return a switch, 1.75 times as wide as it is high."""
        width = round(height * 1.75)

        def make() -> Image.Image:
            wide, high = width * _OVER, height * _OVER
            image = Image.new("RGB", (wide, high), below)
            draw = ImageDraw.Draw(image)
            draw.rounded_rectangle((0, 0, wide - 1, high - 1), high // 2, groove)
            gap = high // 8
            left = wide - high + gap if on else gap
            draw.ellipse((left, gap, left + high - 2 * gap - 1, high - gap - 1), knob)
            return image.resize((width, height), Image.Resampling.BOX)

        return self._kept(("switch", height, on, groove, knob, below), make)

    def tick(
        self, side: int, on: bool, fill: str, ink: str, edge: str, below: str
    ) -> ImageTk.PhotoImage:
        """Return the square of a check box."""

        def make() -> Image.Image:
            high = side * _OVER
            image = Image.new("RGB", (high, high), below)
            draw = ImageDraw.Draw(image)
            draw.rounded_rectangle(
                (0, 0, high - 1, high - 1), high // 4, fill if on else below,
                None if on else edge, max(1, high // 12),
            )  # fmt: skip
            if on:
                points = [(x * high, y * high) for x, y in ((0.25, 0.52), (0.43, 0.7), (0.76, 0.3))]
                draw.line(points, ink, max(1, high // 9), joint="curve")
            return image.resize((side, side), Image.Resampling.BOX)

        return self._kept(("tick", side, on, fill, ink, edge, below), make)

    def swatch(self, side: int, fill: str, ring: str, below: str) -> ImageTk.PhotoImage:
        """Return a disc of a colour to choose; with a ``ring`` around it, it is the chosen one."""

        def make() -> Image.Image:
            high = side * _OVER
            image = Image.new("RGB", (high, high), below)
            draw = ImageDraw.Draw(image)
            if ring:
                draw.ellipse((0, 0, high - 1, high - 1), None, ring, max(1, high // 14))
            gap = high // 7
            draw.ellipse((gap, gap, high - gap - 1, high - gap - 1), fill)
            return image.resize((side, side), Image.Resampling.BOX)

        return self._kept(("swatch", side, fill, ring, below), make)

    def slider(
        self, width: int, height: int, stops: tuple[int, ...], at: int, bar: int,
        colours: tuple[str, str, str, str], below: str,
    ) -> ImageTk.PhotoImage:  # fmt: skip
        """Return a slider: ``stops`` are places along it, ``at`` is the one of the knob.

        ``colours`` are of what is left of the knob, of the rest, of the stops there, and of the
        knob's edge.
        """

        def make() -> Image.Image:
            over = _OVER
            image = Image.new("RGB", (width * over, height * over), below)
            draw = ImageDraw.Draw(image)
            done, rest, dots, edge = colours
            middle, half = height * over // 2, bar * over // 2

            def line(left: int, right: int, fill: str) -> None:
                box = (left * over, middle - half, right * over, middle + half - 1)
                draw.rounded_rectangle(box, half, fill)

            def dot(x: int, radius: int, fill: str) -> None:
                r = radius * over
                draw.ellipse((x * over - r, middle - r, x * over + r, middle + r), fill)

            line(stops[0], stops[-1], rest)
            line(stops[0], max(at, stops[0] + 1), done)
            for stop in stops:
                dot(stop, round(bar * 0.75), done if stop <= at else dots)
            dot(at, height // 2 - 1, edge)
            dot(at, height // 2 - 1 - max(1, bar * 3 // 4), done)
            return image.resize((width, height), Image.Resampling.BOX)

        return self._kept(("slider", width, height, stops, at, bar, colours, below), make)

    def face(self, side: int, fill: str, below: str, dot: str = "") -> ImageTk.PhotoImage:
        """Return the disc below somebody's initials; ``dot`` is the colour of their presence."""
        return self._kept(
            ("face", side, fill, below, dot),
            lambda: _round(Image.new("RGB", (side, side), fill), below, dot),
        )

    def portrait(
        self, name: bytes, picture: Image.Image, side: int, below: str, dot: str = ""
    ) -> ImageTk.PhotoImage:
        """Return somebody's picture as a disc; ``name`` stands for the picture in the cache."""

        def make() -> Image.Image:
            return _round(ImageOps.fit(picture, (side, side)), below, dot)

        return self._kept(("portrait", name, side, below, dot), make)

    def tile(self, side: int, fill: str, below: str) -> ImageTk.PhotoImage:
        """Return the square of a room, with round corners."""
        return self.box(side, side, round(side * 0.3), fill, below)

    def _kept(self, key: tuple[object, ...], make: Callable[[], Image.Image]) -> ImageTk.PhotoImage:
        found = self._made.get(key)
        if found is not None:
            self._made.move_to_end(key)
            return found[0]
        image = make()
        size = image.width * image.height * 4
        photo = ImageTk.PhotoImage(image, master=self._root)
        self._made[key] = (photo, size)
        self._bytes += size
        while self._bytes > KEEP_BYTES and len(self._made) > 1:
            _, (_, gone) = self._made.popitem(last=False)
            self._bytes -= gone
        return photo


def _rounded(
    width: int, height: int, radius: int, fill: str, below: str, edge: str, edge_px: int
) -> Image.Image:
    """Draw a rectangle with round corners.

    Only its corners are drawn smooth: what lies between them is the same all along.
    """
    corner = max(radius, edge_px) + 1
    wide, high = min(width, 2 * corner + 1), min(height, 2 * corner + 1)
    size = (wide * _OVER, high * _OVER)
    large = Image.new("RGB", size, below)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, size[0] - 1, size[1] - 1), radius * _OVER, fill, edge or None, edge_px * _OVER
    )
    small = large.resize((wide, high), Image.Resampling.BOX)
    for across in (True, False):
        have, want = (small.width, width) if across else (small.height, height)
        if have == want:
            continue
        # Pull the line in its middle to the length that is missing.
        kept = (width if across else small.width, small.height if across else height)
        longer = Image.new("RGB", kept)
        for start, end, at in (
            (0, corner, 0), (corner, corner + 1, corner), (corner + 1, have, want - corner)
        ):  # fmt: skip
            box = (start, 0, end, small.height) if across else (0, start, small.width, end)
            part = small.crop(box)
            if start == corner:
                more = want - 2 * corner
                part = part.resize((more, part.height) if across else (part.width, more))
            longer.paste(part, (at, 0) if across else (0, at))
        small = longer
    return small


def _round(square: Image.Image, below: str, dot: str) -> Image.Image:
    """Cut a disc out of a square, and set the dot of presence into its lower right."""
    side = square.width
    high = side * _OVER
    mask = Image.new("L", (high, high), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((0, 0, high - 1, high - 1), 255)
    across = round(high * 0.3)
    gap = max(_OVER, round(high * 0.05))
    corner = (high - across, high - across, high - 1, high - 1)
    if dot:
        left, top, right, bottom = corner
        draw.ellipse((left - gap, top - gap, right + gap, bottom + gap), 0)
    image = Image.new("RGB", (side, side), below)
    image.paste(square, (0, 0), mask.resize((side, side), Image.Resampling.BOX))
    if dot:
        spot = Image.new("L", (high, high), 0)
        ImageDraw.Draw(spot).ellipse(corner, 255)
        image.paste(dot, (0, 0), spot.resize((side, side), Image.Resampling.BOX))
    return image
