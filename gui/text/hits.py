"""What of a row lies under a point, and where the characters of its words stand.

Pure; coordinates are those of the row, as in :class:`gui.text.rowlayout.Shape`. What
people see as one letter (an emoji, a Thai cluster) is never split.
"""

from gui.text.rowlayout import Box, Shape, Zone
from gui.text.textlayout import Line, Ruler, Run, letters


def zone_at(shape: Shape, x: int, y: int) -> Zone | None:
    """Return what can be clicked there: a zone of the row, or a link in its words."""
    # A person's name may stand inside a quote's line: the smaller one lies on top.
    for zone in reversed(shape.zones):
        if zone.box.holds(x, y):
            return zone
    at = _line_at(shape, y, False)
    if at is None or shape.block is None:
        return None
    number, line = at
    left, top = shape.block_at
    for run in line.runs:
        if run.kind in ("link", "host") and left + run.x <= x < left + run.x + run.width:
            high = shape.block.line_height
            return Zone("link", Box(left + run.x, top + number * high, run.width, high), run.target)
    return None


def in_words(shape: Shape, x: int, y: int) -> bool:
    """Whether a point is on the words themselves, rather than beside or below them."""
    at = _line_at(shape, y, False)
    return at is not None and shape.block_at[0] - 2 <= x <= shape.block_at[0] + at[1].width + 2


def offset_at(shape: Shape, ruler: Ruler, x: int, y: int) -> int:
    """Return the place between two characters that is nearest to a point.

    A message without words has two places: 0 before its middle, 1 after it.
    """
    if shape.block is None:
        box = shape.bubble
        middle = box.y + box.h // 2 if box else shape.height // 2
        return 0 if y < middle else 1
    top = shape.block_at[1]
    if y < top:
        return 0
    if y >= top + shape.block.height:
        return len(shape.words)
    at = _line_at(shape, y, True)
    return _offset_in(at[1], ruler, x - shape.block_at[0]) if at else 0


def boxes_of(shape: Shape, ruler: Ruler, start: int, end: int) -> list[Box]:
    """Return the rectangles behind the characters from ``start`` to ``end``."""
    block = shape.block
    if block is None:
        return []
    boxes = []
    left, top = shape.block_at
    for number, line in enumerate(block.lines):
        low, high = max(start, line.start), min(end, line.end)
        if low >= high or not line.runs:
            continue
        x0, x1 = edge(line, ruler, low), edge(line, ruler, high)
        if x1 > x0:
            box = Box(left + x0, top + number * block.line_height, x1 - x0, block.line_height)
            boxes.append(box)
    return boxes


def edge(line: Line, ruler: Ruler, offset: int) -> int:
    """Return where a character of a line begins."""
    for run in line.runs:
        if offset <= run.start:
            return run.x
        if offset < run.end:
            x = _steps(run, ruler)
            at = run.start
            for letter, left in x:
                if at >= offset:
                    return run.x + left
                at += len(letter)
            return run.x + run.width
    return line.width


def cut(run: Run, ruler: Ruler, start: int, end: int) -> list[tuple[Run, bool]]:
    """Split a run into (run, whether it lies between ``start`` and ``end``)."""
    if run.kind == "host" or run.end <= start or run.start >= end:
        return [(run, False)]
    if start <= run.start and run.end <= end:
        return [(run, True)]
    if run.kind == "emoji":
        return [(run, True)]
    parts: list[tuple[Run, bool]] = []
    at = run.start
    text, x, chosen = "", 0, False
    steps = _steps(run, ruler)
    for index, (letter, left) in enumerate(steps):
        inside = start <= at < end
        if text and inside != chosen:
            parts.append((_piece(run, text, x, left, at - len(text)), chosen))
            text = ""
        if not text:
            x, chosen = left, inside
        text += letter
        at += len(letter)
        if index + 1 == len(steps):
            parts.append((_piece(run, text, x, run.width, at - len(text)), chosen))
    return parts


def _piece(run: Run, text: str, x: int, right: int, start: int) -> Run:
    return Run(run.kind, run.font, run.x + x, right - x, text, run.target, start)


def _line_at(shape: Shape, y: int, nearest: bool) -> tuple[int, Line] | None:
    block = shape.block
    if block is None or not block.lines:
        return None
    number = (y - shape.block_at[1]) // block.line_height
    if nearest:
        number = max(0, min(len(block.lines) - 1, number))
    if not 0 <= number < len(block.lines):
        return None
    return number, block.lines[number]


def _steps(run: Run, ruler: Ruler) -> list[tuple[str, int]]:
    """Return (letter, where it begins in the run)."""
    parts = letters(run)
    widths = [ruler.width(run.font, part) for part in parts] if len(parts) > 1 else [run.width]
    # Where letters are wider alone than side by side, they share what there is.
    total = sum(widths) or 1
    steps, x = [], 0
    for part, width in zip(parts, widths, strict=True):
        steps.append((part, x * run.width // total))
        x += width
    return steps


def _offset_in(line: Line, ruler: Ruler, x: int) -> int:
    end = line.start
    for run in line.runs:
        if run.kind == "host":
            continue
        end = run.end
        if x >= run.x + run.width:
            continue
        steps = _steps(run, ruler)
        at = run.start
        for index, (letter, left) in enumerate(steps):
            right = steps[index + 1][1] if index + 1 < len(steps) else run.width
            if x < run.x + (left + right) // 2:
                return at
            at += len(letter)
        return run.end
    return end
