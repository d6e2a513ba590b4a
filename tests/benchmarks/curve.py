"""Curves: what something costs in all at growing sizes, and with which power of the size it grows.

Pure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_MARGIN = 0.1
"""An exponent that is so much above the work's grows worse than the work."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure; ``totals`` are the costs of all of the work at each size."""

    title: str
    size: str
    """What grows; a plural."""
    unit: str
    """Of a total."""
    sizes: list[int]
    totals: list[float]
    work: float
    """With which power of the size the work itself grows."""
    about: str
    """What is measured, in a few words."""
    date: str = ""

    @property
    def exponent(self) -> float:
        """The power of the size with which the total grows."""
        return exponent(self.sizes, self.totals)

    @property
    def is_worse(self) -> bool:
        """Whether the cost grows clearly worse than the work."""
        return self.exponent > self.work + _MARGIN


def exponent(sizes: Sequence[float], totals: Sequence[float]) -> float:
    """Return the slope of the line through the logarithms, by least squares.

    Raises :class:`ValueError` for less than two different sizes, or anything that is not above 0.
    """
    xs, ys = [math.log(one) for one in sizes], [math.log(one) for one in totals]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    if not spread:
        raise ValueError("one size alone has no slope")
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread


def short(number: float) -> str:
    """Write a number in three digits."""
    if number >= 1e6:
        return f"{number / 1e6:.3g} M"
    if number >= 1e4:
        return f"{number / 1e3:.3g} k"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def table(curves: Sequence[Curve]) -> str:
    """Return a Markdown table."""
    lines = [
        "| | at | costs in all | grows with the power | the work's | |",
        "|---|---|---|---|---|---|",
    ]
    for one in curves:
        sizes = " · ".join(map(short, one.sizes))
        totals = " · ".join(map(short, one.totals))
        verdict = "**worse than the work**" if one.is_worse else "no worse than the work"
        lines.append(
            f"| {one.title} | {sizes} {one.size} | {totals} {one.unit} | {one.exponent:.2f}"
            f" | {one.work:g} | {verdict} |"
        )
    return "\n".join(lines)
