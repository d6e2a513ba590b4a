"""Paints the words of a message: what is selected or was found in them, and one's own name.

Every item carries the tags of its row. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Sequence
from typing import NamedTuple

from gui.paint.look import Look
from gui.text.found import found_in, text_of
from gui.text.hits import boxes_of, cut, edge
from gui.text.rowlayout import Box, Label, Shape
from gui.text.textlayout import Line, Run


class Inks(NamedTuple):
    """Colours of a bubble."""

    fill: str
    text: str
    quiet: str
    link: str


class Part(NamedTuple):
    """A stretch of a text that stands out."""

    start: int
    end: int
    ink: str
    fill: str


class WordPainter:
    """Paints words on a canvas."""

    def __init__(self, canvas: tk.Canvas, look: Look) -> None:
        """``look`` has the fonts and the palette."""
        self._canvas = canvas
        self._look = look

    def block(
        self, shape: Shape, y: int, selected: tuple[int, int] | None, sought: str, inks: Inks,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Paint what somebody wrote in a row at ``y``; ``sought`` is what was searched for."""
        block, look = shape.block, self._look
        assert block is not None
        parts = self._found(shape.words, sought)
        if selected is not None:
            palette = look.palette
            parts.append(Part(*selected, palette.on_selection, palette.selection))
        for part in parts:
            for box in boxes_of(shape, look.fonts, part.start, part.end):
                self._rect(box.x, y + box.y, box.w, box.h, part.fill, tags)
        left, top = shape.block_at[0], y + shape.block_at[1]
        for number, line in enumerate(block.lines):
            at = (left, top + number * block.line_height)
            here = [one for one in parts if one.start < line.end and line.start < one.end]
            self._line(at, line, here, shape.block_role, inks, tags)

    def name(
        self, label: Label, y: int, sought: str, inks: Inks, tags: tuple[str, ...]
    ) -> None:  # fmt: skip
        """Paint the name of a file, with what was found in it."""
        parts, ruler = self._found(text_of(label.line), sought), self._look.fonts
        high = ruler.line_height(label.role)
        x, top = label.at[0], y + label.at[1]
        for part in parts:
            left, right = (edge(label.line, ruler, at) for at in (part.start, part.end))
            self._rect(x + left, top, right - left, high, part.fill, tags)
        self._line((x, top), label.line, parts, label.role, inks, tags)

    def _found(self, text: str, sought: str) -> list[Part]:
        palette = self._look.palette
        found = found_in(text, sought) if sought else []
        return [Part(start, end, palette.on_found, palette.found) for start, end in found]

    def _line(
        self, at: tuple[int, int], line: Line, parts: Sequence[Part], role: str, inks: Inks,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        plain = (inks.text, inks.link, inks.fill)
        if not parts and not any(run.kind in ("me", "host") for run in line.runs):
            self._look.line(self._canvas, at, line, plain, role, tags)
            return
        for run in line.runs:
            self._run(at, run, parts, role, inks, tags)

    def _run(
        self, at: tuple[int, int], whole: Run, parts: Sequence[Part], role: str, inks: Inks,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Paint a run in pieces; of parts that lie on each other the last one is on top."""
        pieces: list[tuple[Run, Part | None]] = [(whole, None)]
        for part in parts:
            split: list[tuple[Run, Part | None]] = []
            for run, before in pieces:
                for piece, inside in cut(run, self._look.fonts, part.start, part.end):
                    split.append((piece, part if inside else before))
            pieces = split
        palette, px = self._look.palette, self._look.px
        for run, stands_out in pieces:
            ink = (inks.text, inks.link, inks.fill)
            if stands_out is not None:
                ink = (stands_out.ink, stands_out.ink, stands_out.fill)
            elif run.kind == "me":
                ink = (palette.on_accent,) * 2 + (palette.accent,)
                high = self._look.fonts.line_height(role)
                box = Box(at[0] + run.x - px(2), at[1], run.width + px(4), high)
                self._look.bubble(self._canvas, box, px(5), palette.accent, inks.fill, tags)
            elif run.kind == "host":
                ink = (inks.quiet,) * 2 + (inks.fill,)
            self._look.line(self._canvas, at, Line(run.width, (run,)), ink, role, tags)

    def _rect(self, x: int, y: int, w: int, h: int, fill: str, tags: tuple[str, ...]) -> None:
        if w > 0 and h > 0:
            self._canvas.tk.call(
                str(self._canvas), "create", "rectangle", x, y, x + w, y + h,
                "-fill", fill, "-width", 0, "-tags", tags,
            )  # fmt: skip
