"""Draws the line icons of ``gui/paint/icons.py`` at any size.

One line weight for all. Lines, rings and boxes are moved onto whole pixels of the size that
is asked for, so that they are crisp from 16 px on; curves and slants are smoothed. Pure.
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import Final

from PIL import Image, ImageDraw

from gui.paint.icons import ALIKE, ICONS, Point, Shape

_WEIGHT: Final = 1.8
"""Width of a line on the grid, before it becomes whole pixels."""
_OVER: Final = 8
"""Shapes are drawn this much larger and shrunk, for smooth edges."""


@lru_cache(maxsize=256)
def mask(name: str, side: int) -> Image.Image | None:
    """Return how opaque each pixel of an icon is (mode L), ``side`` × ``side``; None if unknown."""
    name = name.replace("_", "-")
    shapes = ICONS.get(ALIKE.get(name, name))
    if shapes is None:
        return None
    return _Pen(side).draw(shapes)


class _Pen:
    def __init__(self, side: int) -> None:
        self._side = side
        self._unit = side / 24
        self._weight = max(1, math.floor(self._unit * _WEIGHT + 0.5))
        self._image = Image.new("L", (side * _OVER, side * _OVER), 0)
        self._draw = ImageDraw.Draw(self._image)

    def draw(self, shapes: tuple[Shape, ...]) -> Image.Image:
        for kind, points, rest in shapes:
            if kind == "arc":
                self._arc(points[0], *rest)
            elif kind == "dot":
                self._disc(points[0][0] * self._unit, points[0][1] * self._unit, rest[0])
            elif kind == "box":
                self._box(points, rest[0])
            elif kind == "curve":
                self._path([(x * self._unit, y * self._unit) for x, y in points], 255)
            else:
                snapped = [(self._snap(x), self._snap(y)) for x, y in points]
                self._path(snapped, 0 if kind == "cut" else 255)
        return self._image.resize((self._side, self._side), Image.Resampling.BOX)

    def _snap(self, value: float) -> float:
        half = self._weight / 2
        return round(value * self._unit - half) + half

    def _path(self, points: list[Point], fill: int) -> None:
        half = self._weight / 2
        for (ax, ay), (bx, by) in pairwise(points):
            length = math.hypot(bx - ax, by - ay)
            if length:
                dx, dy = (by - ay) / length * half, -(bx - ax) / length * half
                corners = [(ax + dx, ay + dy), (bx + dx, by + dy), (bx - dx, by - dy),
                           (ax - dx, ay - dy)]  # fmt: skip
                self._fill(corners, fill)
        for x, y in points:
            self._round(x, y, half, fill)

    def _fill(self, corners: list[Point], fill: int) -> None:
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        if len(set(map(_near, xs))) == 2 and len(set(map(_near, ys))) == 2:
            box = (min(xs) * _OVER, min(ys) * _OVER, max(xs) * _OVER - 1, max(ys) * _OVER - 1)
            self._draw.rectangle(box, fill=fill)
        else:
            self._draw.polygon([(x * _OVER - 0.5, y * _OVER - 0.5) for x, y in corners], fill=fill)

    def _round(self, x: float, y: float, half: float, fill: int) -> None:
        left, top = (x - half) * _OVER, (y - half) * _OVER
        wide = 2 * half * _OVER - 1
        self._draw.ellipse((left, top, left + wide, top + wide), fill=fill)

    def _disc(self, x: float, y: float, r: float) -> None:
        # An even number of pixels wide, or an odd one around a pixel's middle.
        wide = max(self._weight, round(2 * r * self._unit))
        half = wide / 2
        left, top = round(x - half), round(y - half)
        if wide > 2:
            self._round(left + half, top + half, half, 255)
        else:
            # Round corners would only make it grey.
            far = (left + wide) * _OVER - 1, (top + wide) * _OVER - 1
            self._draw.rectangle((left * _OVER, top * _OVER, *far), fill=255)

    def _edges(self, middle: float, r: float) -> tuple[float, float]:
        half = self._weight / 2
        low = round((middle - r) * self._unit - half)
        high = round((middle + r) * self._unit + half)
        return low, high

    def _arc(self, centre: Point, rx: float, ry: float, start: float, end: float) -> None:
        left, right = self._edges(centre[0], rx)
        top, bottom = self._edges(centre[1], ry)
        frame = (left * _OVER, top * _OVER, right * _OVER - 1, bottom * _OVER - 1)
        self._draw.arc(frame, start, end, fill=255, width=self._weight * _OVER)
        if end - start < 360:
            half = self._weight / 2
            x, y = (left + right) / 2, (top + bottom) / 2
            for angle in (math.radians(start), math.radians(end)):
                at_x = x + ((right - left) / 2 - half) * math.cos(angle)
                at_y = y + ((bottom - top) / 2 - half) * math.sin(angle)
                self._round(at_x, at_y, half, 255)

    def _box(self, points: tuple[Point, ...], r: float) -> None:
        half = self._weight / 2
        left, top = (self._snap(value) - half for value in points[0])
        right, bottom = (self._snap(value) + half for value in points[1])
        frame = (left * _OVER, top * _OVER, right * _OVER - 1, bottom * _OVER - 1)
        radius = (r * self._unit + half) * _OVER
        self._draw.rounded_rectangle(frame, radius, outline=255, width=self._weight * _OVER)


def _near(value: float) -> float:
    return round(value, 6)
