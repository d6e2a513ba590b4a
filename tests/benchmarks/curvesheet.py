"""Curves as small pictures on one sheet: both axes logarithmic, the exponent beside each line.

The dotted line has the slope of the work: a curve that leaves it upwards costs more than the work.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import gui.paint
from tests.benchmarks.curve import Curve, short

_SCALE = 2
"""Drawn so much larger, then made smaller, so that lines are smooth."""
_COLUMNS = 4
_CELL = (400, 330)
_PLOT = (58, 78, 372, 276)
"""Left, top, right and bottom of the plot in its cell."""
_PAPER, _INK, _FAINT, _GRID = "#ffffff", "#1b1f24", "#6a737d", "#e4e7eb"
_LINE, _WORSE = "#1f6feb", "#c2410c"
_FONTS = Path(gui.paint.__file__).parent / "fontfiles"

Point = tuple[float, float]


class _Pen:
    """Draws in points of the finished sheet."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)
        self._fonts: dict[tuple[int, bool], ImageFont.FreeTypeFont] = {}

    def text(
        self, at: Point, words: str, size: int, colour: str, anchor: str = "la", bold: bool = False
    ) -> None:
        self._draw.text(_scaled(at), words, colour, self.font(size, bold), anchor)

    def font(self, size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
        name = "Bold" if bold else "Regular"
        if (size, bold) not in self._fonts:
            path = _FONTS / f"ZviazokSans-{name}.ttf"
            self._fonts[size, bold] = ImageFont.truetype(path, size * _SCALE)
        return self._fonts[size, bold]

    def power(self, at: Point, base: str, power: str, size: int, colour: str) -> float:
        """Write a power of a word above a line; return where it ends."""
        raised = size * 3 // 4
        self.text(at, base, size, colour, "ls", bold=True)
        x = at[0] + self.font(size, True).getlength(base) / _SCALE + 1
        self.text((x, at[1] - size * 0.45), power, raised, colour, "ls", bold=True)
        return x + self.font(raised, True).getlength(power) / _SCALE

    def wide(self, words: str, size: int) -> float:
        return self.font(size).getlength(words) / _SCALE

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        flat = [_scaled(point) for point in points]
        self._draw.line(flat, colour, round(width * _SCALE), "curve")

    def dots(self, start: Point, end: Point, colour: str) -> None:
        steps = max(int(math.dist(start, end) / 6), 1)
        for step in range(steps + 1):
            share = step / steps
            x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
            self.disc((x, y), 0.9, colour)

    def disc(self, at: Point, radius: float, colour: str) -> None:
        (x, y), reach = _scaled(at), radius * _SCALE
        self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), colour)


def _scaled(point: Point) -> Point:
    return point[0] * _SCALE, point[1] * _SCALE


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Write the sheet as a PNG."""
    rows = -(-len(curves) // _COLUMNS)
    columns = min(len(curves), _COLUMNS)
    size = (_CELL[0] * columns * _SCALE, _CELL[1] * rows * _SCALE)
    image = Image.new("RGB", size, _PAPER)
    pen = _Pen(image)
    for number, curve in enumerate(curves):
        corner = (number % _COLUMNS * _CELL[0], number // _COLUMNS * _CELL[1])
        _panel(pen, curve, corner)
    image.resize((size[0] // _SCALE, size[1] // _SCALE), Image.Resampling.LANCZOS).save(
        path, optimize=True
    )


def _panel(pen: _Pen, curve: Curve, corner: Point) -> None:
    left, top, right, bottom = (
        edge + corner[place % 2] for place, edge in enumerate(map(float, _PLOT))
    )
    pen.text((left - 40, corner[1] + 14), curve.title, 17, _INK, bold=True)
    pen.text((right, corner[1] + 17), f"{curve.unit}, in all", 12, _FAINT, "ra")
    for number, words in enumerate(_wrapped(pen, curve.about, 12, right - left + 40)):
        pen.text((left - 40, corner[1] + 38 + 16 * number), words, 12, _FAINT)
    work = [curve.totals[0] * (size / curve.sizes[0]) ** curve.work for size in curve.sizes]
    low_x, high_x = _range(curve.sizes)
    low_y, high_y = _range([*curve.totals, *work])
    high_y += (high_y - low_y) * 0.18
    """For the exponent."""

    def place(size: float, total: float) -> Point:
        return (
            left + (right - left) * (math.log(size) - low_x) / (high_x - low_x),
            bottom - (bottom - top) * (math.log(total) - low_y) / (high_y - low_y),
        )

    for total in _ticks(low_y, high_y):
        y = place(1, total)[1]
        if y < top + 32:
            continue  # there stands the exponent
        pen.line([(left, y), (right, y)], _GRID, 1)
        pen.text((left - 6, y), short(total), 11, _FAINT, "rm")
    pen.line([(left, bottom), (right, bottom)], _FAINT, 1)
    for size in curve.sizes:
        x = place(size, 1)[0]
        pen.line([(x, bottom), (x, bottom + 4)], _FAINT, 1)
        pen.text((x, bottom + 7), short(size), 11, _FAINT, "ma")
    pen.text(((left + right) / 2, bottom + 24), curve.size, 12, _FAINT, "ma")
    pen.dots(place(curve.sizes[0], work[0]), place(curve.sizes[-1], work[-1]), _FAINT)
    colour = _WORSE if curve.is_worse else _LINE
    points = [place(size, total) for size, total in zip(curve.sizes, curve.totals, strict=True)]
    pen.line(points, colour, 2)
    for point in points:
        pen.disc(point, 3.5, colour)
    # Curves rise to the right, so the upper left is free.
    end = pen.power((left + 8, top + 24), f"{curve.size}", f"{curve.exponent:.2f}", 16, colour)
    pen.power((end + 12, top + 24), "work: " + curve.size, f"{curve.work:g}", 12, _FAINT)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the logarithms between which values are shown: with some air, and never a hair."""
    low, high = math.log(min(values)), math.log(max(values))
    air = max((high - low) * 0.12, (math.log(6) - (high - low)) / 2)
    return low - air, high + air


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two logarithms: decades, or 1, 2 and 5 where those are few."""
    decades = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
        found = [digit * 10.0**decade for decade in decades for digit in digits]
        found = [one for one in found if low <= math.log(one) <= high]
        if len(found) >= 3:
            return found
    return found


def _wrapped(pen: _Pen, words: str, size: int, width: float) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        if lines and pen.wide(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
