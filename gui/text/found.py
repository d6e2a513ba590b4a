"""Where in a message the words of a search stand, so that they can be marked.

Pure. Found is what :mod:`protocol.client.folding` finds: inside of words, ``ё`` by ``е``, ``ł``
by ``l``. What people see as one letter, such as a Thai consonant with its vowel, is marked whole.
"""

from gui.text.hits import boxes_of
from gui.text.rowlayout import Box, Shape
from gui.text.textlayout import LETTER, Line, Ruler
from protocol.client.folding import spans

Stretch = tuple[int, int]
"""From one character of a text to another one."""


def found_in(text: str, query: str) -> list[Stretch]:
    """Return where words of a query stand in a text: ascending, in whole letters."""
    # Tk on X11 may hand half characters over.
    query = query.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    found = spans(text, query)
    if not found:
        return []
    whole: list[Stretch] = []
    at = 0
    for match in LETTER.finditer(text):
        start, end = match.span()
        while at < len(found) and found[at][1] <= start:
            at += 1
        if at == len(found):
            break
        if found[at][0] < end:
            if whole and whole[-1][1] == start:
                start = whole.pop()[0]
            whole.append((start, end))
    return whole


def first_box(shape: Shape, ruler: Ruler, query: str) -> Box | None:
    """Return where the first find of a row stands in it; None: not in the words that it shows."""
    for start, end in found_in(shape.words, query):
        boxes = boxes_of(shape, ruler, start, end)
        return boxes[0] if boxes else None
    return None


def folded_away(shape: Shape, query: str) -> bool:
    """Whether something that was found stands in the part of a long text that is not shown."""
    block = shape.block
    if block is None or not block.folded:
        return False
    shown = block.lines[-1].end
    return any(end > shown for _, end in found_in(shape.words, query))


def text_of(line: Line) -> str:
    """Return the words of a line that was set by itself, such as the name of a file."""
    return "".join(run.text for run in line.runs)
