"""Breaks text into lines of runs that a canvas can draw, given something that measures.

Pure: no Tk. A run is drawn with one font; an emoji is a run of its own and is
drawn as a picture. Thai has no spaces and is broken between its clusters.
Every character of the text is in exactly one run or is white space at a line's
end. Linear in the length of the text.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from gui import emoji

_URL = r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]"
_THAI = "\u0e00-\u0e7f"
_CLUSTER = "[\u0e40-\u0e44]?[\u0e01-\u0e7f][\u0e31\u0e33-\u0e3a\u0e30\u0e32\u0e45-\u0e4e]*"
_TOKEN = re.compile(
    f"(?P<link>{_URL})|(?P<emoji>{emoji.PATTERN})|(?P<newline>\n)|(?P<space>[^\\S\n]+)"
    f"|(?P<thai>{_CLUSTER})|(?P<word>.)",
    re.DOTALL,
)
_THAI_CLUSTER = re.compile(f"{_CLUSTER}|.", re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{6})"
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)
ELLIPSIS = "\u2026"


class Ruler(Protocol):
    """What measures: widths and heights in pixels, by the role of the text."""

    def width(self, font: str, text: str) -> int:
        """Return the width of a text in a font (a role, or a role with ``.thai``)."""

    def line_height(self, role: str) -> int:
        """Return the height of a line, emoji and Thai marks included."""

    def emoji_px(self, role: str) -> int:
        """Return the side of an emoji's picture."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one line: ``kind`` is text, link or emoji; ``x`` from the line's start."""

    kind: str
    font: str
    x: int
    width: int
    text: str
    target: str = ""
    """The whole address, of a link."""


@dataclass(frozen=True, slots=True)
class Line:
    """Runs side by side."""

    width: int
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines below each other, each ``line_height`` high. ``folded``: lines were left out."""

    lines: tuple[Line, ...]
    width: int
    height: int
    line_height: int
    folded: bool = False


def clean(text: str) -> str:
    """Return a stranger's text without what disturbs others' lines when it is shown."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\v", "\n")
    return _MARKS.sub(r"\1", _CONTROL.sub("", text))


def clusters(text: str) -> list[str]:
    """Split a Thai text into what must be drawn together: a consonant with its marks."""
    return _THAI_CLUSTER.findall(text)


class _Setter:
    """Sets runs onto lines of at most ``width`` pixels."""

    def __init__(self, width: int, ruler: Ruler, role: str) -> None:
        self._width = max(1, width)
        self._ruler = ruler
        self._role = role
        self._runs: list[Run] = []
        self._x = 0
        self.lines: list[Line] = []

    def end_line(self) -> None:
        runs = self._runs
        while runs and runs[-1].kind == "text" and runs[-1].text.isspace():
            runs.pop()
        merged: list[Run] = []
        for run in runs:
            last = merged[-1] if merged else None
            if last and last.kind == run.kind == "text" and last.font == run.font:
                merged[-1] = Run(
                    run.kind, run.font, last.x, run.x + run.width - last.x, last.text + run.text
                )
            else:
                merged.append(run)
        width = merged[-1].x + merged[-1].width if merged else 0
        self.lines.append(Line(width, tuple(merged)))
        self._runs, self._x = [], 0

    def space(self, text: str) -> None:
        if self._x or not self.lines:
            self._put("text", self._role, text, self._ruler.width(self._role, text))

    def solid(self, kind: str, font: str, text: str) -> None:
        """Put what should stay together; break it only where a line is too short for it."""
        width = (
            self._ruler.emoji_px(self._role) if kind == "emoji" else self._ruler.width(font, text)
        )
        if self._x + width > self._width and self._x:
            self.end_line()
        target = text if kind == "link" else ""
        if width <= self._width or kind == "emoji":
            self._put(kind, font, text, width, target)
            return
        start, used = 0, 0
        for index, char in enumerate(text):
            step = self._ruler.width(font, char)
            if used + step > self._width and index > start:
                self._put(kind, font, text[start:index], used, target)
                self.end_line()
                start, used = index, 0
            used += step
        self._put(kind, font, text[start:], used, target)

    def _put(self, kind: str, font: str, text: str, width: int, target: str = "") -> None:
        self._runs.append(Run(kind, font, self._x, width, text, target))
        self._x += width


def _pieces(text: str) -> list[tuple[str, str]]:
    """Split into (kind, text), plain characters gathered to words."""
    pieces: list[tuple[str, str]] = []
    word: list[str] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "word"
        if kind == "word":
            word.append(match.group())
            continue
        if word:
            pieces.append(("word", "".join(word)))
            word = []
        pieces.append((kind, match.group()))
    if word:
        pieces.append(("word", "".join(word)))
    return pieces


def wrap(text: str, width: int, ruler: Ruler, role: str = "body", max_lines: int = 0) -> Block:
    """Break a cleaned text into lines of at most ``width`` pixels.

    With ``max_lines`` the rest is left out and the block is ``folded``.
    """
    setter = _Setter(width, ruler, role)
    folded = False
    for kind, piece in _pieces(text):
        if max_lines and len(setter.lines) >= max_lines:
            folded = True
            break
        if kind == "newline":
            setter.end_line()
        elif kind == "space":
            setter.space(piece)
        elif kind == "thai":
            setter.solid("text", f"{role}.thai", piece)
        elif kind == "word":
            setter.solid("text", role, piece)
        else:
            setter.solid(kind, role, piece)
    if not folded:
        setter.end_line()
    lines = setter.lines
    if max_lines and len(lines) > max_lines:
        lines, folded = lines[:max_lines], True
    height = ruler.line_height(role)
    widest = max((line.width for line in lines), default=0)
    return Block(tuple(lines), widest, height * len(lines), height, folded)


def one_line(text: str, width: int, ruler: Ruler, role: str = "body") -> Line:
    """Set a text on one line of at most ``width`` pixels, with an ellipsis if it is longer."""
    flat = " ".join(clean(text[:512]).split())
    line = wrap(flat, 1 << 20, ruler, role).lines[0]
    if line.width <= width and len(text) <= 512:
        return line
    room = width - ruler.width(role, ELLIPSIS)
    runs: list[Run] = []
    x = 0
    for run in line.runs:
        if run.x + run.width <= room:
            runs.append(run)
            x = run.x + run.width
            continue
        if run.kind != "emoji":
            kept, used = 0, 0
            for char in run.text:
                step = ruler.width(run.font, char)
                if run.x + used + step > room:
                    break
                kept, used = kept + 1, used + step
            if kept:
                runs.append(Run(run.kind, run.font, run.x, used, run.text[:kept]))
                x = run.x + used
        break
    tail = ruler.width(role, ELLIPSIS)
    runs.append(Run("text", role, x, tail, ELLIPSIS))
    return Line(x + tail, tuple(runs))
