"""Breaks text into lines of runs that a canvas can draw, given something that measures.

Pure: no Tk. A run is drawn with one font; an emoji is a run of its own and is
drawn as a picture. Thai has no spaces and is broken between its clusters.
Every character of the text is in exactly one run or is white space at a line's
end; a run knows where in the text it begins. Linear in the length of the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gui.text import emoji
from protocol.hosts import URL, Link, link_of
from protocol.names import MARKS_MAX

_THAI = "\u0e00-\u0e7f"
_CLUSTER = "[\u0e40-\u0e44]?[\u0e01-\u0e7f][\u0e31\u0e33-\u0e3a\u0e30\u0e32\u0e45-\u0e4e]*"
_MAY_BE_EMOJI = (
    "\u00a9\u00ae\u2028-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001ffff"
    "\U000e0000-\U000e0fff"
)
"""Everything that an emoji can begin with, keycaps aside; the rest is taken word by word."""
_TOKEN = re.compile(
    f"(?P<link>(?i:{URL}))|(?P<emoji>{emoji.PATTERN})|(?P<newline>\n)|(?P<space>[^\\S\n]+)"
    f"|(?P<thai>{_CLUSTER})"
    f"|(?P<word>(?:(?!(?i:https?://|mailto:))(?![0-9#*]\ufe0f?\u20e3)[^\\s{_THAI}{_MAY_BE_EMOJI}])+|.)",
    re.DOTALL,
)
"""Case counts but in addresses: without it, ``k`` would be the Kelvin sign, among the emoji."""
_THAI_CLUSTER = re.compile(f"{_CLUSTER}|.", re.DOTALL)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff0-\ufffb]"
)
"""What shows nothing itself and changes what is beside it: controls, directions."""
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]+)|[\U000e0000-\U000e0fff]")
"""Invisible letters: they hide a text in a text anywhere but in the flag of a land."""
_FLOOD = re.compile("([\u200b-\u200d\ufe00-\ufe0f]{2})[\u200b-\u200d\ufe00-\ufe0f]+")
_MARK = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_PILED = (
    f"{_MARK}\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u07eb-\u07f3"
    "\u0816-\u0819\u081b-\u082d\u0859-\u085b\u0898-\u089f\u08ca-\u08e1\u08e3-\u0902\u0941-\u0948"
    "\u0951-\u0957\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84"
    "\u302a-\u302f\u3099\u309a\ua66f-\ua67d\ua8e0-\ua8f1\ufe20-\ufe2f"
)
"""Marks of any script that stand on each other: a pile of them would cover other lines."""
_MARKS = re.compile(f"([{_PILED}]{{{MARKS_MAX}}})[{_PILED}]+")
LETTER = re.compile(f"{_CLUSTER}|.[{_MARK}\u200d\ufe0e\ufe0f]*", re.DOTALL)
"""What people see as one letter, emoji aside."""
ELLIPSIS = "\u2026"
SUFFIX_MAX = 12
"""What a file name ends with, if it has no more letters than this."""


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
    """A stretch of one line, ``x`` pixels from the line's start.

    ``kind`` is text, link, emoji, mention, me (oneself is named) or host: what a
    link really leads to, which is shown behind it and is no part of the text.
    """

    kind: str
    font: str
    x: int
    width: int
    text: str
    target: str = ""
    """The whole address, of a link and its host; who, of a mention."""
    start: int = 0
    """Where it begins in the text, in characters."""

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start if self.kind == "host" else self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Line:
    """Runs side by side. ``start`` and ``end`` say what of the text it shows."""

    width: int
    runs: tuple[Run, ...]
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Lines below each other, each ``line_height`` high. ``folded``: lines were left out."""

    lines: tuple[Line, ...]
    width: int
    height: int
    line_height: int
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A stretch of a text that names somebody."""

    start: int
    end: int
    target: str
    me: bool = False


def clean(text: str) -> str:
    """Return a stranger's text without what disturbs others' lines when it is shown."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\v", "\n")
    text = _CONTROL.sub("", text)
    return _MARKS.sub(r"\1", _FLOOD.sub(r"\1", _TAGS.sub(r"\1", text)))


def clusters(text: str) -> list[str]:
    """Split a Thai text into what must be drawn together: a consonant with its marks."""
    return _THAI_CLUSTER.findall(text)


def letters(run: Run) -> list[str]:
    """Split a run into what people see as one letter each: nothing is selected in halves."""
    return [run.text] if run.kind == "emoji" else LETTER.findall(run.text)


class _Setter:
    """Sets runs onto lines of at most ``width`` pixels."""

    def __init__(self, width: int, ruler: Ruler, role: str) -> None:
        self._width = max(1, width)
        self._ruler = ruler
        self._role = role
        self._parts: list[tuple[str, str, int, int, str, str, int]] = []
        self._x = 0
        self._begun = 0
        self.lines: list[Line] = []

    def end_line(self, at: int) -> None:
        """End the line; what comes next begins at ``at`` of the text."""
        parts = self._parts
        while parts and parts[-1][0] == "text" and parts[-1][4].isspace():
            parts.pop()
        runs: list[Run] = []
        index, count = 0, len(parts)
        while index < count:
            kind, font, x, width, text, target, start = parts[index]
            index += 1
            if kind != "emoji" and index < count and parts[index][:2] == (kind, font):
                texts = [text]
                while index < count and parts[index][:2] == (kind, font):
                    if parts[index][5] != target:
                        break
                    width = parts[index][2] + parts[index][3] - x
                    texts.append(parts[index][4])
                    index += 1
                text = "".join(texts)
            runs.append(Run(kind, font, x, width, text, target, start))
        wide = runs[-1].x + runs[-1].width if runs else 0
        self.lines.append(Line(wide, tuple(runs), self._begun, at))
        self._parts, self._x, self._begun = [], 0, at

    def space(self, text: str, at: int) -> None:
        if self._x or not self.lines:
            self._put("text", self._role, text, self._ruler.width(self._role, text), "", at)

    def solid(self, kind: str, font: str, text: str, at: int, target: str = "") -> None:
        """Put what should stay together; break it only where a line is too short for it."""
        width = (
            self._ruler.emoji_px(self._role) if kind == "emoji" else self._ruler.width(font, text)
        )
        if self._x + width > self._width and self._x:
            self.end_line(at)
            if kind == "host":
                # The space that keeps it from its link has become the end of the line.
                text = text.lstrip()
                width = self._ruler.width(font, text)
        if width <= self._width or kind == "emoji":
            self._put(kind, font, text, width, target, at)
            return
        start, used = 0, 0
        for index, char in enumerate(text):
            step = self._ruler.width(font, char)
            if used + step > self._width and index > start:
                self._put(kind, font, text[start:index], used, target, at + start)
                self.end_line(at + index if kind != "host" else at)
                start, used = index, 0
            used += step
        self._put(kind, font, text[start:], used, target, at + start if kind != "host" else at)

    def _put(self, kind: str, font: str, text: str, width: int, target: str, at: int) -> None:
        self._parts.append((kind, font, self._x, width, text, target, at))
        self._x += width


def wrap(
    text: str,
    width: int,
    ruler: Ruler,
    role: str = "body",
    max_lines: int = 0,
    named: Sequence[Named] = (),
) -> Block:
    """Break a cleaned text into lines of at most ``width`` pixels.

    ``named`` are stretches that name people, ascending. With ``max_lines`` the rest
    is left out and the block is ``folded``.
    """
    setter = _Setter(width, ruler, role)
    folded = False
    at = 0
    for one in named:
        folded = _set(setter, text, at, one.start, role, max_lines)
        if folded:
            break
        kind = "me" if one.me else "mention"
        for match in _TOKEN.finditer(text, one.start, one.end):
            what = "emoji" if match.lastgroup == "emoji" else kind
            font = f"{role}.thai" if match.lastgroup == "thai" else role
            setter.solid(what, font, match.group(), match.start(), one.target)
        at = one.end
    if not folded:
        folded = _set(setter, text, at, len(text), role, max_lines)
    if not folded:
        setter.end_line(len(text))
    lines = setter.lines
    if max_lines and len(lines) > max_lines:
        lines, folded = lines[:max_lines], True
    height = ruler.line_height(role)
    widest = max((line.width for line in lines), default=0)
    return Block(tuple(lines), widest, height * len(lines), height, folded)


def _set(setter: _Setter, text: str, begin: int, end: int, role: str, max_lines: int) -> bool:
    """Set a stretch without names; return whether lines were left out."""
    thai = f"{role}.thai"
    for match in _TOKEN.finditer(text, begin, end):
        if max_lines and len(setter.lines) >= max_lines:
            return True
        kind, piece, at = match.lastgroup, match.group(), match.start()
        if kind == "word":
            setter.solid("text", role, piece, at)
        elif kind == "space":
            setter.space(piece, at)
        elif kind == "thai":
            setter.solid("text", thai, piece, at)
        elif kind == "newline":
            setter.end_line(at + 1)
        elif kind == "link":
            link = link_of(piece)
            if link is None:
                setter.solid("text", role, piece, at)
            else:
                _set_link(setter, link, piece, at, role)
        else:
            setter.solid("emoji", role, piece, at)
    return False


def _set_link(setter: _Setter, link: Link, piece: str, at: int, role: str) -> None:
    setter.solid("link", role, piece, at, link.url)
    if link.odd:
        setter.solid("host", role, f" [{link.host}]", at + len(piece), link.url)


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
            kept, used = "", 0
            for letter in letters(run):
                step = ruler.width(run.font, letter)
                if run.x + used + step > room:
                    break
                kept, used = kept + letter, used + step
            if kept:
                runs.append(Run(run.kind, run.font, run.x, used, kept, run.target, run.start))
                x = run.x + used
        break
    tail = ruler.width(role, ELLIPSIS)
    runs.append(Run("text", role, x, tail, ELLIPSIS, "", len(flat)))
    return Line(x + tail, tuple(runs), 0, len(flat))


def file_line(name: str, width: int, ruler: Ruler, role: str = "body") -> Line:
    """Set the name of a file on one line; what it ends with is always seen, the middle is cut."""
    name = " ".join(clean(name).split())
    line = one_line(name, width, ruler, role)
    if "".join(run.text for run in line.runs) == name:
        return line
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > SUFFIX_MAX:
        return line
    parts = LETTER.findall(stem)
    low, high = 0, len(parts)
    while low < high:
        middle = (low + high + 1) // 2
        cut = "".join(parts[:middle]) + f"{ELLIPSIS}.{suffix}"
        if ruler.width(role, cut) <= width:
            low = middle
        else:
            high = middle - 1
    return one_line("".join(parts[:low]) + f"{ELLIPSIS}.{suffix}", width, ruler, role)
