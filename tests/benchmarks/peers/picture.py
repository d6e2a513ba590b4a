"""The picture: one row per peer, four panels on log scales; our own row stands out."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.peers.results import OWN, Figures, Row
from tests.benchmarks.peers.table import conditions, load_names, sort_rows, three_digits, title_of

_FONTS = Path(__file__).parents[3] / "gui" / "paint" / "fontfiles"
_SCALE = 2
"""Drawn so much larger and then reduced: smooth circles and lines."""
_WIDTH, _ROW, _TOP, _FOOT = 1760, 62, 146, 74
_LABEL = 395
_GAP = 26
_INK, _PALE, _GRID = (28, 32, 40), (104, 112, 124), (226, 229, 234)
_OWN_FIELD, _STRIPE, _GROUND = (255, 243, 205), (247, 248, 250), (255, 255, 255)
_LOAD_INKS = ((204, 85, 0), (0, 114, 178), (0, 142, 100), (120, 80, 160))
_BAR, _OWN_BAR = (150, 164, 182), (222, 150, 0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A log scale from ``low`` to ``high``, both powers of ten, on ``left`` to ``right``."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Return where a value stands; what is below the scale stands at its start."""
        value = min(max(value, self.low), self.high)
        share = math.log10(value / self.low) / math.log10(self.high / self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return [10.0**power for power in range(first, last + 1)]


def axis(values: Iterable[float], left: float, right: float) -> Axis:
    """Make a scale that holds all values above 0."""
    known = [one for one in values if one > 0 and math.isfinite(one)] or [1.0]
    low = math.floor(math.log10(min(known)) + 1e-9)
    high = math.ceil(math.log10(max(known)) - 1e-9)
    return Axis(10.0**low, 10.0 ** max(high, low + 1), left, right)


class _Canvas:
    """Pillow's drawing with our units, fonts and colours."""

    def __init__(self, height: int) -> None:
        self.image = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), _GROUND)
        self._draw = ImageDraw.Draw(self.image)
        self._fonts: dict[tuple[int, bool], ImageFont.FreeTypeFont] = {}

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int = 15,
        ink: tuple[int, int, int] = _INK,
        anchor: str = "lm",
        bold: bool = False,
    ) -> None:
        font = self._fonts.get((size, bold))
        if font is None:
            name = "ZviazokSans-Bold.ttf" if bold else "ZviazokSans-Regular.ttf"
            font = ImageFont.truetype(str(_FONTS / name), size * _SCALE)
            self._fonts[size, bold] = font
        self._draw.text((x * _SCALE, y * _SCALE), words, ink, font, anchor)

    def box(
        self, x0: float, y0: float, x1: float, y1: float, ink: tuple[int, int, int], round_: int = 0
    ) -> None:
        place = (x0 * _SCALE, y0 * _SCALE, x1 * _SCALE, y1 * _SCALE)
        self._draw.rounded_rectangle(place, round_ * _SCALE, ink)

    def line(
        self, x0: float, y0: float, x1: float, y1: float, ink: tuple[int, int, int], width: int = 1
    ) -> None:
        place = (x0 * _SCALE, y0 * _SCALE, x1 * _SCALE, y1 * _SCALE)
        self._draw.line(place, ink, width * _SCALE)

    def dot(self, x: float, y: float, radius: float, ink: tuple[int, int, int]) -> None:
        place = [(x - radius) * _SCALE, (y - radius) * _SCALE]
        self._draw.ellipse((*place, (x + radius) * _SCALE, (y + radius) * _SCALE), ink)


def draw(rows: list[Row], path: Path) -> None:
    """Draw all rows into a PNG."""
    rows, loads = sort_rows(rows), load_names(rows)
    height = _TOP + _ROW * len(rows) + _FOOT
    canvas = _Canvas(height)
    inks = dict(zip(loads, _LOAD_INKS * (len(loads) // len(_LOAD_INKS) + 1), strict=False))
    _heading(canvas, rows, loads, inks)
    for number, row in enumerate(rows):
        y = _TOP + number * _ROW
        field = _OWN_FIELD if row.key == OWN else _STRIPE if number % 2 else _GROUND
        canvas.box(12, y, _WIDTH - 12, y + _ROW - 2, field, 6)
        _label(canvas, row, y)
    edges = _columns((0.32, 0.2, 0.3, 0.18))
    bottom = _TOP + _ROW * len(rows)
    _cpu(canvas, rows, inks, edges[0], bottom)
    rates = {row.key: one.deliveries_per_s for row in rows if (one := row.loads.get("burst"))}
    title = "Deliveries per second, burst; more is better"
    _bars(canvas, rows, rates, title, edges[1], bottom)
    _latency(canvas, rows, inks, edges[2], bottom)
    memory = {row.key: row.memory_kib_per_client for row in rows}
    _bars(canvas, rows, memory, "Memory per client, KiB; less is better", edges[3], bottom)
    small = (_WIDTH, height)
    smooth = canvas.image.resize(small, Image.Resampling.LANCZOS)
    # A palette makes the file four times smaller; there are few colours.
    flat = smooth.quantize(255, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    flat.save(path, "PNG", optimize=True)


def _columns(shares: tuple[float, ...]) -> list[tuple[float, float]]:
    edges, left = [], float(_LABEL)
    room = _WIDTH - _LABEL - 24 - _GAP * (len(shares) - 1)
    for share in shares:
        edges.append((left, left + room * share))
        left += room * share + _GAP
    return edges


def _heading(
    canvas: _Canvas, rows: list[Row], loads: list[str], inks: dict[str, tuple[int, int, int]]
) -> None:
    counts = sorted({one.clients for row in rows for one in row.loads.values()})
    clients = " or ".join(f"{count:,}" for count in counts)
    title = f"One sender, {clients} receivers, messages of 200 bytes: what the server spends"
    canvas.text(24, 32, title, 24, bold=True)
    x = 24.0
    for load in loads:
        canvas.dot(x + 7, 64, 6, inks[load])
        canvas.text(x + 20, 64, title_of(load), 15)
        x += 130
    note = "All scales are logarithmic. Hollow: the server fell behind this rate, or lost messages."
    canvas.text(x + 10, 64, note, 14, _PALE)
    y = _TOP + _ROW * len(rows) + 54
    canvas.text(24, y, f"{conditions(rows).strip()} Raw figures and settings: README.md", 13, _PALE)


def _label(canvas: _Canvas, row: Row, y: float) -> None:
    own = row.key == OWN
    canvas.text(24, y + 17, row.title, 18, bold=own)
    promise = row.promise
    canvas.text(24, y + 35, f"{row.version} · ordered {promise.ordered}", 12, _PALE)
    kept = f"stored: {promise.stored} · fsynced: {promise.fsynced}"
    canvas.text(24, y + 49, f"{kept} · encrypted: {promise.encrypted}", 12, _PALE)


def _frame(canvas: _Canvas, scale: Axis, title: str, left: float, bottom: float) -> None:
    what, _, how = title.partition("; ")
    canvas.text(left, _TOP - 50, what, 15, bold=True)
    canvas.text(left, _TOP - 33, how, 12, _PALE)
    for tick in scale.ticks():
        x = scale.at(tick)
        canvas.line(x, _TOP - 4, x, bottom, _GRID)
        canvas.text(x, _TOP - 13, _short(tick), 12, _PALE, "mm")
        canvas.text(x, bottom + 10, _short(tick), 12, _PALE, "mm")


def _cpu(
    canvas: _Canvas,
    rows: list[Row],
    inks: dict[str, tuple[int, int, int]],
    edge: tuple[float, float],
    bottom: float,
) -> None:
    values = [one.cpu_us_per_delivery for row in rows for one in row.loads.values()]
    scale = axis(values, edge[0] + 8, edge[1] - 124)
    title = "Server CPU per delivery, µs; less is better"
    _frame(canvas, scale, title, edge[0], bottom)
    for number, row in enumerate(rows):
        y = _TOP + number * _ROW + _ROW / 2 - 1
        points = [(load, row.loads[load]) for load in inks if load in row.loads]
        places = [scale.at(one.cpu_us_per_delivery) for _, one in points]
        if places:
            canvas.line(min(places), y, max(places), y, _BAR, 2)
        for (load, one), x in zip(points, places, strict=True):
            _mark(canvas, x, y, 8, inks[load], one)
        x = edge[1] - 104
        for load, one in points:
            words = three_digits(one.cpu_us_per_delivery)
            canvas.text(x, y, words, 13, inks[load], "mm", row.key == OWN)
            x += 40


def _latency(
    canvas: _Canvas,
    rows: list[Row],
    inks: dict[str, tuple[int, int, int]],
    edge: tuple[float, float],
    bottom: float,
) -> None:
    values = [ms for row in rows for one in row.loads.values() for ms in (one.p50_ms, one.p99_ms)]
    scale = axis(values, edge[0] + 8, edge[1] - 8)
    _frame(canvas, scale, "Latency from p50 to p99, ms; less is better", edge[0], bottom)
    for number, row in enumerate(rows):
        for place, load in enumerate(inks):
            one = row.loads.get(load)
            if one is None or not math.isfinite(one.p50_ms):
                continue
            y = _TOP + number * _ROW + (place + 1) * (_ROW - 2) / (len(inks) + 1)
            left, right = scale.at(one.p50_ms), scale.at(one.p99_ms)
            canvas.line(left, y, right, y, inks[load], 3)
            _mark(canvas, left, y, 5, inks[load], one)
            canvas.line(right, y - 5, right, y + 5, inks[load], 3)


def _bars(
    canvas: _Canvas,
    rows: list[Row],
    values: dict[str, float] | dict[str, int],
    title: str,
    edge: tuple[float, float],
    bottom: float,
) -> None:
    scale = axis(values.values(), edge[0] + 8, edge[1] - 52)
    _frame(canvas, scale, title, edge[0], bottom)
    for number, row in enumerate(rows):
        value = values.get(row.key)
        if value is None:
            continue
        y = _TOP + number * _ROW + _ROW / 2 - 1
        x = max(scale.at(value), scale.left + 2)
        own = row.key == OWN
        canvas.box(scale.left, y - 11, x, y + 11, _OWN_BAR if own else _BAR, 2)
        canvas.text(x + 7, y, _short(value), 13, _INK, "lm", own)


def _mark(
    canvas: _Canvas, x: float, y: float, radius: int, ink: tuple[int, int, int], one: Figures
) -> None:
    canvas.dot(x, y, radius, ink)
    if not (one.fine and one.kept_up):
        canvas.dot(x, y, radius - 3, _GROUND)


def _short(value: float) -> str:
    """Write a number in at most five signs: 0.12, 1.5, 12, 340, 12 k, 1.2 M."""
    for limit, unit in ((1e6, " M"), (1e4, " k")):
        if value >= limit:
            part = value / (1e6 if unit == " M" else 1e3)
            return f"{part:.3g}{unit}"
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0")
