"""A list on one canvas: only the rows in view are drawn, however many there are.

Rows may have different heights, known without drawing. One row is lit: the one
below the mouse, or the one that the arrow keys went to. Belongs to the Tk thread.
"""

import tkinter as tk
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from gui.paint.look import Look
from gui.paint.slices import Work

T = TypeVar("T")
STEP = 64
"""Pixels that one notch of the wheel moves."""
_THUMB = 4
_NARROWEST = 80


def _everything(_: object) -> bool:
    return True


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
        menu: Callable[[T, int, int], None] | None = None,
        pickable: Callable[[T], bool] = _everything,
    ) -> None:
        """``paint(canvas, item, y, width, lit)``; ``choose`` is called at a click or Enter.

        ``menu(item, x, y)`` is for the right button, at a place of the screen;
        ``pickable`` tells headings from what can be chosen.
        """
        self._look = look
        self._below = below
        self._height_of = height_of
        self._paint = paint
        self._choose = choose
        self._menu = menu
        self._pickable = pickable
        self._items: Sequence[T] = ()
        self._tops: list[int] = [0]
        self._top = 0
        self._drawing: Work | None = None
        self._stale = False
        """What is being drawn is another by now."""
        self._dragged: int | None = None
        self._left_at = -1
        self.focused = False
        """Whether keys come here: the lit row is then the one that they mean."""
        self.lit = -1
        """The row that Enter chooses, or -1."""
        self.near_end: Callable[[], None] | None = None
        """Hears that the last row was drawn."""
        self.clicked_x = -1
        """Where in the row the mouse has chosen it; -1: it was a key."""
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0, width=10, height=10)
        bind = self.widget.bind
        bind("<Configure>", lambda _: self.draw())
        bind("<Destroy>", lambda _: self._forget())
        bind("<Button-4>", lambda _: self.scroll(-look.px(STEP)))
        bind("<Button-5>", lambda _: self.scroll(look.px(STEP)))
        bind("<MouseWheel>", lambda e: self.scroll(look.px(-STEP if e.delta > 0 else STEP)))
        bind("<Motion>", lambda e: self.light(self.index_at(e.y)))
        bind("<Leave>", lambda _: self.light(-1))
        bind("<Button-1>", self._press)
        bind("<B1-Motion>", self._drag)
        bind("<ButtonRelease-1>", self._click)
        bind("<Button-3>", lambda e: self._ask(self.index_at(e.y), e.x_root, e.y_root))

    def take_focus(self) -> None:
        """Let Tab come here; the arrow keys then move and Enter chooses."""
        bind = self.widget.bind
        self.widget.configure(takefocus=1)
        bind("<FocusIn>", lambda _: self._came())
        bind("<FocusOut>", lambda _: self._left())
        for key in ("Up", "Down", "Home", "End", "Prior", "Next", "Return", "space", "Menu"):
            bind(f"<{key}>", self.key)
        bind("<Shift-F10>", self.key)

    def _came(self) -> None:
        """Light the row that was lit when the focus left, such as for a menu; else the first."""
        self.focused = True
        if self.lit < 0:
            self.light(self._left_at, True)
        if self.lit < 0:
            self.light(self._next(-1, 1), True)
        self.draw()

    def _left(self) -> None:
        self.focused = False
        self._left_at = self.lit
        self.light(-1)
        self.draw()

    def key(self, event: "tk.Event[tk.Misc]") -> str | None:
        """Do what a key asks for; also for a field that stands over the list."""
        page = max(1, self.widget.winfo_height() // self._look.px(STEP))
        steps = {"Up": -1, "Down": 1, "Prior": -page, "Next": page}
        count = len(self._items)
        match event.keysym:
            case "Up" | "Down" | "Prior" | "Next" as key:
                self.move(steps[key])
            case "Home":
                self.light(self._next(-1, 1), True)
            case "End":
                self.light(self._next(count, -1), True)
            case "Return" | "space" | "KP_Enter":
                if not 0 <= self.lit < count:
                    return None
                self.clicked_x = -1
                self._choose(self._items[self.lit])
            case "Menu" | "F10":
                x, y = self.widget.winfo_rootx(), self.widget.winfo_rooty()
                if 0 <= self.lit < count:
                    self._ask(self.lit, x + self._look.px(STEP), y + self.y_of(self.lit + 1))
            case _:
                return None
        return "break"

    @property
    def items(self) -> Sequence[T]:
        """What it shows."""
        return self._items

    def set_items(self, items: Sequence[T]) -> None:
        """Show other items; the place scrolled to is kept."""
        self._items = items
        self._tops = [0, *accumulate(self._height_of(item) for item in items)]
        if self.lit >= len(items):
            self.lit = -1
        self.draw()

    def move(self, steps: int) -> None:
        """Light the row that is so many rows away and can be chosen."""
        step = 1 if steps > 0 else -1
        at = self.lit
        for _ in range(abs(steps)):
            to = self._next(at, step)
            if to < 0:
                break
            at = to
        self.light(at, True)

    def light(self, index: int, into_view: bool = False) -> None:
        """Light a row, or none with -1."""
        if not 0 <= index < len(self._items) or not self._pickable(self._items[index]):
            index = -1
        if into_view and index >= 0:
            self.show_row(index)
        if index != self.lit:
            self.lit = index
            self.widget.configure(cursor="hand2" if index >= 0 else "")
            self.draw()

    def first(self) -> None:
        """Light the first row that can be chosen, from the top."""
        self._top = 0
        self.light(self._next(-1, 1), True)

    def _next(self, index: int, step: int) -> int:
        """Return the next row that can be chosen from ``index``, or -1."""
        at = index + step
        while 0 <= at < len(self._items):
            if self._pickable(self._items[at]):
                return at
            at += step
        return -1

    def show_row(self, index: int) -> None:
        """Scroll as little as is needed to have a row in view."""
        height = self.widget.winfo_height()
        top = min(self._top, self._tops[index])
        self._top = max(top, self._tops[index + 1] - height) if height > 1 else top
        self.draw()

    def y_of(self, index: int) -> int:
        """Return where a row begins, in the widget's pixels."""
        return self._tops[index] - self._top

    def index_at(self, y: int) -> int:
        """Return the row at a height, or -1."""
        index = bisect_right(self._tops, y + self._top) - 1
        return index if 0 <= index < len(self._items) and y >= 0 else -1

    def scroll(self, pixels: int) -> None:
        """Move the view."""
        most = max(0, self._tops[-1] - self.widget.winfo_height())
        self._top = max(0, min(self._top + pixels, most))
        self.draw()
        self.light(self.index_at(self.widget.winfo_pointery() - self.widget.winfo_rooty()))

    def draw(self) -> None:
        """Draw what is in view, soon and row by row; many calls cost one drawing."""
        drawing = self._drawing
        if drawing is None or drawing.done:
            self._drawing = self._look.slices.build(self._draw())
        elif drawing.begun:
            # Not from the start at once: whoever moves the mouse fast shall see something.
            self._stale = True

    def _forget(self) -> None:
        self._look.slices.cancel(self._drawing)

    def _draw(self) -> Iterator[None]:
        self._stale = True
        while self._stale:
            self._stale = False
            yield from self._draw_rows()

    def _draw_rows(self) -> Iterator[None]:
        canvas = self.widget
        width, height = canvas.winfo_width(), canvas.winfo_height()
        canvas.configure(bg=getattr(self._look.palette, self._below))
        canvas.delete("all")
        if width < self._look.px(_NARROWEST):
            return  # it has not got its size yet
        self._top = max(0, min(self._top, self._tops[-1] - height))
        index = max(0, bisect_right(self._tops, self._top) - 1)
        while index < len(self._items) and self._tops[index] - self._top < height:
            y = self._tops[index] - self._top
            self._paint(canvas, self._items[index], y, width, index == self.lit)
            index += 1
            yield
        if self._tops[-1] > height > 0:
            self._thumb(canvas, width, height)
        if self.near_end is not None and index == len(self._items):
            self.near_end()

    # --- the thumb and the mouse ------------------------------------------------

    def _thumb_size(self, height: int) -> int:
        return max(self._look.px(24), height * height // max(1, self._tops[-1]))

    def _thumb(self, canvas: tk.Canvas, width: int, height: int) -> None:
        size = self._thumb_size(height)
        y = (height - size) * self._top // max(1, self._tops[-1] - height)
        right = width - self._look.px(2)
        left = right - self._look.px(_THUMB)
        canvas.create_rectangle(left, y, right, y + size, fill=self._look.palette.pill, width=0)

    def _press(self, event: "tk.Event[tk.Canvas]") -> None:
        self._dragged = None
        height = self.widget.winfo_height()
        near = event.x >= self.widget.winfo_width() - self._look.px(_THUMB + 6)
        if near and self._tops[-1] > height:
            self._dragged = event.y
            self._drag(event)

    def _drag(self, event: "tk.Event[tk.Canvas]") -> None:
        if self._dragged is None:
            return
        height = self.widget.winfo_height()
        size = self._thumb_size(height)
        room = max(1, height - size)
        self._top = (self._tops[-1] - height) * (event.y - size // 2) // room
        self.draw()

    def _click(self, event: "tk.Event[tk.Canvas]") -> None:
        index = self.index_at(event.y)
        inside = 0 <= event.x < self.widget.winfo_width()
        if index >= 0 and inside and self._dragged is None and self._pickable(self._items[index]):
            self.clicked_x = event.x
            self._choose(self._items[index])
        self._dragged = None

    def _ask(self, index: int, x: int, y: int) -> None:
        if self._menu is not None and index >= 0 and self._pickable(self._items[index]):
            self._menu(self._items[index], x, y)
