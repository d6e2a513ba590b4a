"""A list on one canvas: only the rows in view are drawn, however many there are.

Rows may have different heights, known without drawing. Belongs to the Tk thread.
"""

import tkinter as tk
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from gui.look import Look

T = TypeVar("T")


class RowList(Generic[T]):
    """Shows items in rows; ``widget`` is the canvas to place."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        below: str,
        height_of: Callable[[T], int],
        paint: Callable[[tk.Canvas, T, int, int, bool], None],
        choose: Callable[[T], None],
    ) -> None:
        """``paint(canvas, item, y, width, hovered)``; ``choose`` is called at a click."""
        self._look = look
        self._below = below
        self._height_of = height_of
        self._paint = paint
        self._choose = choose
        self._items: Sequence[T] = ()
        self._tops: list[int] = [0]
        self._top = 0
        self._hovered = -1
        self._pending = ""
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0)
        bind = self.widget.bind
        bind("<Configure>", lambda _: self.draw())
        bind("<Button-4>", lambda _: self.scroll(-look.px(64)))
        bind("<Button-5>", lambda _: self.scroll(look.px(64)))
        bind("<MouseWheel>", lambda e: self.scroll(-look.px(64) if e.delta > 0 else look.px(64)))
        bind("<Motion>", lambda e: self._hover(self.index_at(e.y)))
        bind("<Leave>", lambda _: self._hover(-1))
        bind("<ButtonRelease-1>", self._click)

    @property
    def items(self) -> Sequence[T]:
        """What it shows."""
        return self._items

    def set_items(self, items: Sequence[T]) -> None:
        """Show other items; the place scrolled to is kept."""
        self._items = items
        self._tops = [0, *accumulate(self._height_of(item) for item in items)]
        self.draw()

    def y_of(self, index: int) -> int:
        """Return where a row begins, in the widget's pixels."""
        return self._tops[index] - self._top

    def index_at(self, y: int) -> int:
        """Return the row at a height, or -1."""
        index = bisect_right(self._tops, y + self._top) - 1
        return index if 0 <= index < len(self._items) else -1

    def scroll(self, pixels: int) -> None:
        """Move the view."""
        self._top += pixels
        self.draw()

    def draw(self) -> None:
        """Draw what is in view, once Tk is idle; many calls cost one drawing."""
        if not self._pending:
            self._pending = self.widget.after_idle(self._draw)

    def _draw(self) -> None:
        self._pending = ""
        canvas = self.widget
        width, height = canvas.winfo_width(), canvas.winfo_height()
        canvas.configure(bg=getattr(self._look.palette, self._below))
        canvas.delete("all")
        self._top = max(0, min(self._top, self._tops[-1] - height))
        index = max(0, bisect_right(self._tops, self._top) - 1)
        while index < len(self._items) and self._tops[index] - self._top < height:
            y = self._tops[index] - self._top
            self._paint(canvas, self._items[index], y, width, index == self._hovered)
            index += 1
        if self._tops[-1] > height > 0:
            self._thumb(canvas, width, height)

    def _thumb(self, canvas: tk.Canvas, width: int, height: int) -> None:
        total = self._tops[-1]
        size = max(self._look.px(24), height * height // total)
        y = (height - size) * self._top // max(1, total - height)
        right = width - self._look.px(2)
        canvas.create_rectangle(
            right - self._look.px(4), y, right, y + size, fill=self._look.palette.line, width=0
        )

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.draw()

    def _click(self, event: "tk.Event[tk.Canvas]") -> None:
        index = self.index_at(event.y)
        if index >= 0:
            self._choose(self._items[index])
