"""The part of a timeline that is in view: only its rows exist as items of the canvas.

The view hangs on an anchor, the words of an entry and where in the view they stand,
never on a number of pixels from the beginning: rows that come, go or turn out higher
above it do not move what is being read. A drawn row keeps its place on the canvas;
scrolling moves the canvas below the window. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from gui.paint.slices import LONG, SLICE_S, Steps
from gui.text.rowlayout import Shape
from gui.text.rows import Row, Rows
from gui.views.timeline.bubbles import Dress

MARGIN = 360
"""Pixels drawn above and below what is in view, at 100 %."""


@dataclass(slots=True)
class Drawn:
    """A row that exists as items, its top at ``y`` of the canvas."""

    y: int
    row: Row
    shape: Shape
    dress: Dress


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in view: rows by their index, and where the first begins and the last ends."""

    first: int
    top: int
    last: int
    bottom: int
    low: int
    """The first row that is drawn."""
    high: int
    """The last one."""


class Viewport:
    """Draws rows on a canvas around an anchor."""

    def __init__(
        self,
        canvas: tk.Canvas,
        rows: Rows,
        shape: Callable[[Row], Shape],
        dress: Callable[[int, Row], Dress],
        paint: Callable[[Row, Shape, int, Dress], None],
        erase: Callable[[int], None],
        scale: float,
    ) -> None:
        """``shape`` must answer with the same object until something changed."""
        self._canvas = canvas
        self._rows = rows
        self._shape = shape
        self._dress = dress
        self._paint = paint
        self._erase = erase
        self._margin = round(MARGIN * scale)
        self._pad = round(8 * scale)
        self._head = round(40 * scale)
        self.end = True
        """It sticks to the newest message."""
        self.endless = False
        """Newer rows exist than there are here: the last one is not the end."""
        self.drawn: dict[int, Drawn] = {}
        self.unfinished = False
        """Rows are still to be drawn: there was no time for them."""
        self.origin = 0
        """Where on the canvas the upper edge of the window is."""
        self._anchor = (0, 0)
        self._offset = 0

    # --- where it is ------------------------------------------------------

    @property
    def anchor(self) -> tuple[tuple[int, int], int]:
        """The entry it hangs on (key and ``seq``), and where in the view its words stand."""
        return self._anchor, self._offset

    def hang(self, anchor: tuple[int, int], offset: int) -> None:
        """Hang on an entry; its words stand at ``offset`` of the view."""
        self.end = False
        self._anchor, self._offset = anchor, offset

    def hang_on(self, index: int, top: int) -> None:
        """Hang on a row, whose upper edge is at ``top`` of the view."""
        row = self._rows.rows[index]
        self.hang((row.entry.key, row.entry.seq), top + self._shape(row).pin)

    def move(self, pixels: int) -> None:
        """Move the view down by so many pixels (up if negative)."""
        if not self.end or pixels < 0:
            self.end = False
            self._offset -= pixels

    def clear(self) -> None:
        """Take all items of rows away."""
        self._canvas.delete("row")
        self.drawn.clear()

    def top_of(self, key: int) -> int | None:
        """Return where a drawn row begins in the window."""
        drawn = self.drawn.get(key)
        return None if drawn is None else drawn.y - self.origin

    def row_at(self, y: int) -> Drawn | None:
        """Return the drawn row at a height of the window."""
        at = y + self.origin
        for drawn in self.drawn.values():
            if drawn.y <= at < drawn.y + drawn.shape.height:
                return drawn
        return None

    # --- drawing ----------------------------------------------------------

    def sync(self) -> Seen | None:
        """Bring the canvas in line with rows and anchor; return what is in view.

        After a slice no more rows are begun: then it is ``unfinished``, and the next call goes on.
        """
        rows, view = self._rows.rows, self._canvas.winfo_height()
        self.unfinished = False
        ends = perf_counter() + SLICE_S

        def enough() -> bool:
            return perf_counter() > ends

        if not rows or view < 2:
            return None
        shape = self._shape
        first, top = self._place(view)
        world = self._world_of(rows[first].key, top)
        self._keep_anchor(first, top, view)
        # From the first row in view downwards, then upwards.
        want: dict[int, tuple[int, Shape, Row, int]] = {}
        index, y, last, bottom = first, top, first, top
        while index < len(rows) and y < view + self._margin:
            if y >= view and enough():
                self.unfinished = True
                break
            row = rows[index]
            one = shape(row)
            want[row.key] = (world + y - top, one, row, index)
            y += one.height
            if y - one.height < view:
                last, bottom = index, y
            index += 1
        high, index, y = index - 1, first, top
        while index > 0 and y > -self._margin:
            if enough():
                self.unfinished = True
                break
            index -= 1
            row = rows[index]
            one = shape(row)
            y -= one.height
            want[row.key] = (world + y - top, one, row, index)
        self._draw(want, enough)
        target = world - top
        if target != self.origin:
            self._canvas.tk.call(
                str(self._canvas), "yview", "scroll", target - self.origin, "units"
            )
            self.origin = target
        return Seen(first, top, last, bottom, index, high)

    def measure(self, at: int = -1) -> Steps:
        """Lay out the rows that are about to come into view, one by one: it is kept.

        ``at`` is one of them; else it is where the view hangs. What follows is to draw them.
        """
        view = self._canvas.winfo_height()
        if at < 0:
            at = len(self._rows.rows) - 1 if self.end else self._find_anchor()
        for way in (-1, 1):
            index, high = (at if way < 0 else at + 1), 0
            # Others may come or go meanwhile.
            while high < view and 0 <= index < len(self._rows.rows):
                high += self._shape(self._rows.rows[index]).height
                index += way
                yield None
        yield LONG

    def redress(self) -> bool:
        """Paint anew the drawn rows that look different now; return whether there was time."""
        ends = perf_counter() + SLICE_S
        for key, drawn in list(self.drawn.items()):
            dress = self._dress(self._rows.index_of(key), drawn.row)
            if dress != drawn.dress:
                if perf_counter() > ends:
                    return False
                drawn.dress = dress
                self.repaint(key)
        return True

    def repaint(self, key: int) -> None:
        """Paint a row anew, if it is drawn."""
        drawn = self.drawn.get(key)
        if drawn is not None:
            self._erase(key)
            self._paint(drawn.row, drawn.shape, drawn.y, drawn.dress)

    def _draw(
        self, want: dict[int, tuple[int, Shape, Row, int]], enough: Callable[[], bool]
    ) -> None:
        # What was not come to may be wanted, too.
        for key in [] if self.unfinished else [key for key in self.drawn if key not in want]:
            self._erase(key)
            del self.drawn[key]
        move = self._canvas.move
        begun = False
        for key, (y, shape, row, index) in want.items():
            drawn = self.drawn.get(key)
            if drawn is not None and drawn.shape is shape:
                if drawn.y != y:
                    move(f"row{key}", 0, y - drawn.y)
                    drawn.y = y
                continue
            if drawn is not None:
                self._erase(key)
            elif begun and enough():
                self.unfinished = True
                continue
            begun = True
            dress = self._dress(index, row)
            self.drawn[key] = Drawn(y, row, shape, dress)
            self._paint(row, shape, y, dress)

    def _world_of(self, key: int, top: int) -> int:
        """Where on the canvas a row of the view is, or is to be drawn."""
        drawn = self.drawn.get(key)
        return drawn.y if drawn is not None else self.origin + top

    # --- the anchor -------------------------------------------------------

    def _place(self, view: int) -> tuple[int, int]:
        """Return the first row in view and where it begins; never beyond either end."""
        rows, shape = self._rows.rows, self._shape
        if not self.end:
            index = self._find_anchor()
            if index >= 0:
                y = self._offset - shape(rows[index]).pin
                while y > 0 and index > 0:
                    index -= 1
                    y -= shape(rows[index]).height
                while index < len(rows) - 1 and y + shape(rows[index]).height <= 0:
                    y += shape(rows[index]).height
                    index += 1
                if index == 0 and y > self._head:
                    y = self._head
                bottom, at = y, index
                while at < len(rows) and bottom <= view:
                    bottom += shape(rows[at]).height
                    at += 1
                if at < len(rows) or bottom > view - self._pad:
                    return index, y
            self.end = not self.endless
        index, y = len(rows), view - self._pad
        while index > 0 and y > 0:
            index -= 1
            y -= shape(rows[index]).height
        return index, y

    def _find_anchor(self) -> int:
        key, seq = self._anchor
        index = self._rows.index_of(key)
        if index < 0 and seq:
            index = max(0, self._rows.index_of_seq(seq))
        return index

    def _keep_anchor(self, first: int, top: int, view: int) -> None:
        """Hang on the first words that are in view, whatever is above them."""
        rows, index, y = self._rows.rows, first, top
        pin = y + self._shape(rows[index]).pin
        while pin < 0 and index + 1 < len(rows):
            below = y + self._shape(rows[index]).height
            following = below + self._shape(rows[index + 1]).pin
            if following >= view:
                break
            index, y, pin = index + 1, below, following
        entry = rows[index].entry
        self._anchor, self._offset = (entry.key, entry.seq), pin
        if self.end and self.endless:
            self.end = False
