"""A sheet with a field and a list below it: what is typed filters, the arrow keys and Enter choose.

Base of the quick switcher, of forwarding, of joining a room. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, one_line
from gui.views.rowlist import RowList
from gui.views.sheet import Sheet

T = TypeVar("T")
ROW = 48
HEIGHT = 320
_OTHERS = 260
"""What else stands in such a sheet, about."""
Painter = Callable[[tk.Canvas, T, tuple[int, int], int, str], tuple[str, str]]


class PickList(Generic[T]):
    """The sheet; ``find(typed)`` gives what to show, ``choose(item)`` gets what is chosen."""

    more = 0
    """Pixels at 100 % that :meth:`above` takes."""

    def __init__(
        self, master: tk.Misc, look: Look, title: str, hint: str,
        find: Callable[[str], Sequence[T]], face: Painter[T], choose: Callable[[T], None],
        note: str = "", nothing: str = "", height: int = HEIGHT, enter_first: bool = True,
    ) -> None:  # fmt: skip
        """``face(canvas, item, at, side, below)`` paints an avatar; returns the name and more.

        ``nothing`` is said if nothing is found; ``enter_first``: the first row is lit at once.
        """
        self._look = look
        self._find = find
        self._face = face
        self._choose = choose
        self._nothing = nothing
        self._first = enter_first
        self._typed = ""
        px = look.px
        self.sheet = Sheet(master, look, title)
        self.note = self.sheet.words(note)
        if not note:
            self.note.pack_forget()
        self.above(self.sheet)
        self.entry = self.sheet.field("", self.enter, hint)
        self.list: RowList[T | str] = RowList(
            self.sheet.card, look, "card", lambda _: px(ROW), self._paint, self._chosen, None,
            lambda item: not isinstance(item, str),
        )  # fmt: skip
        room = self.sheet.shade.winfo_toplevel().winfo_height() - px(_OTHERS + self.more)
        self.list.widget.configure(height=max(px(2 * ROW), min(px(height), room)))
        self.list.widget.pack(fill="both", expand=True, padx=px(16), pady=(0, px(16)))
        self.entry.bind("<KeyRelease>", lambda _: self._filter())
        for key in ("Up", "Down", "Prior", "Next"):
            self.entry.bind(f"<{key}>", self.list.key)
        self.refresh()

    def above(self, sheet: Sheet) -> None:
        """Put what stands above the field there."""

    @property
    def typed(self) -> str:
        """What stands in the field."""
        return str(self.entry.get()).strip()

    @property
    def items(self) -> list[T]:
        """What is found, the best first."""
        return [item for item in self.list.items if not isinstance(item, str)]

    def refresh(self) -> None:
        """Look again for what was typed."""
        found = self._find(self._typed)
        self.list.set_items(found or ([self._nothing] if self._nothing else []))
        if self._first or self._typed:
            self.list.first()

    def _filter(self) -> None:
        if self.typed != self._typed:
            self._typed = self.typed
            self.refresh()

    def enter(self) -> None:
        """Choose the row that is lit."""
        if 0 <= self.list.lit < len(self.list.items):
            self._chosen(self.list.items[self.list.lit])

    def _chosen(self, item: T | str) -> None:
        if not isinstance(item, str):
            self._choose(item)

    def _paint(self, canvas: tk.Canvas, item: T | str, y: int, width: int, lit: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below, ruler = palette.card, look.fonts
        if isinstance(item, str):
            line = one_line(item, width - px(24), ruler, "label")
            at = ((width - line.width) // 2, y + px(ROW - 20) // 2)
            look.line(canvas, at, line, (palette.quiet, palette.quiet, below), "label", ())
            return
        if lit:
            below = palette.hover
            look.bubble(canvas, Box(0, y, width, px(ROW)), px(10), below, palette.card, ())
        name, more = self._face(canvas, item, (px(8), y + px(8)), px(32), below)
        left, right = px(52), width - px(16)
        if more:
            line = one_line(clean(more), (right - left) // 2, ruler, "small")
            at = (right - line.width, y + (px(ROW) - ruler.line_height("small")) // 2)
            look.line(canvas, at, line, (palette.quiet, palette.quiet, below), "small", ())
            right -= line.width + px(12)
        line = one_line(clean(name), right - left, ruler, "label")
        top = y + (px(ROW) - ruler.line_height("label")) // 2
        look.line(canvas, (left, top), line, (palette.text, palette.text, below), "label", ())
