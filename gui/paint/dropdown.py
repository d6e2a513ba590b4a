"""A field that shows what is chosen and opens a small list below it. Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from gui.paint.controls import Control
from gui.paint.look import Look
from gui.text.textlayout import one_line

V = TypeVar("V")
ROW = 36


class Dropdown(Control, Generic[V]):
    """One of many; the list stays inside the window, or inside the sheet that it stands in."""

    def __init__(
        self, master: tk.Misc, look: Look, options: Sequence[tuple[V, str]], chosen: V,
        change: Callable[[V], None], below: str = "card",
    ) -> None:  # fmt: skip
        """``options`` are (value, words); ``change`` gets the value."""
        self._options = tuple(options)
        self.chosen = chosen
        self._change = change
        self._list: tk.Canvas | None = None
        self._lit = -1
        super().__init__(master, look, below, look.px(40))
        self.widget.bind("<Escape>", self._escape)
        self.widget.bind("<Unmap>", lambda _: self.close())
        self.widget.bind("<Destroy>", lambda _: self._forget())

    @property
    def opened(self) -> bool:
        """Whether the list is shown."""
        return self._list is not None

    def set(self, chosen: V) -> None:
        """Show a choice, without telling anybody."""
        self.chosen = chosen
        self.restyle()

    def offer(self, options: Sequence[tuple[V, str]], chosen: V) -> None:
        """Offer other options, and show a choice of them."""
        self.close()
        self._options = tuple(options)
        self.set(chosen)

    def _index(self) -> int:
        return next((i for i, (value, _) in enumerate(self._options) if value == self.chosen), 0)

    def _act(self) -> None:
        if self._list is None:
            self.open()
        else:
            self._choose(self._lit)

    def _step(self, step: int) -> None:
        last = len(self._options) - 1
        if self._list is None:
            self._choose(max(0, min(last, self._index() + step)))
        else:
            self._lit = max(0, min(last, self._lit + step))
            self._paint_list()

    def _choose(self, index: int) -> None:
        self.close()
        value = self._options[index][0]
        if value != self.chosen:
            self.chosen = value
            self.restyle()
            self._change(value)

    def _escape(self, _event: object) -> str | None:
        if self._list is None:
            return None
        self.close()
        return "break"

    def _focus(self, focused: bool) -> None:
        super()._focus(focused)
        if not focused:
            self.close()

    def _press(self, part: int) -> None:
        self.widget.focus_set()
        if part >= 0:
            if self._list is None:
                self.open()
            else:
                self.close()

    def open(self) -> None:
        """Show the list."""
        look, px, field = self._look, self._look.px, self.widget
        # With a grab, the mouse reaches nothing outside of what holds it.
        host: tk.Misc = field.grab_current() or field.winfo_toplevel()  # type: ignore[no-untyped-call]
        wide, high = field.winfo_width(), px(ROW) * len(self._options) + px(8)
        left = field.winfo_rootx() - host.winfo_rootx()
        top = field.winfo_rooty() - host.winfo_rooty() + field.winfo_height() + px(2)
        if top + high > host.winfo_height():
            top = max(0, min(top - field.winfo_height() - high - px(4), host.winfo_height() - high))
        shown = tk.Canvas(
            host, bd=0, highlightthickness=1, takefocus=0, cursor="hand2", bg=look.palette.card,
            highlightbackground=look.palette.line, highlightcolor=look.palette.line,
        )  # fmt: skip
        shown.place(x=left, y=top, width=wide, height=high)
        tk.Misc.lift(shown)
        shown.bind("<Motion>", lambda event: self._light(self._row_at(event.y)))
        shown.bind("<ButtonRelease-1>", lambda event: self._choose(self._row_at(event.y)))
        self._list = shown
        self._lit = self._index()
        self._paint_list()

    def close(self) -> None:
        """Take the list away."""
        shown, self._list = self._list, None
        if shown is not None and shown.winfo_exists():
            shown.destroy()

    def _forget(self) -> None:
        if self._list is not None and self._list.winfo_exists():
            self._list.destroy()
        self._list = None

    def place_of(self, value: V) -> tuple[tk.Canvas, int, int]:
        """Return the open list, and the middle of an option in it."""
        assert self._list is not None
        index = [one for one, _ in self._options].index(value)
        y = self._look.px(4) + index * self._look.px(ROW) + self._look.px(ROW) // 2
        return self._list, self.widget.winfo_width() // 2, y

    def _row_at(self, y: int) -> int:
        row = (y - self._look.px(4)) // self._look.px(ROW)
        return max(0, min(len(self._options) - 1, row))

    def _light(self, index: int) -> None:
        if index != self._lit:
            self._lit = index
            self._paint_list()

    def _paint(self, width: int) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below = palette.pill if self._hot >= 0 else palette.field
        self._box(0, 0, width, px(40), below, self._focused)
        words = self._options[self._index()][1]
        line = one_line(words, width - px(48), look.fonts, "label")
        top = (px(40) - look.fonts.line_height("label")) // 2
        ink = (palette.text, palette.text, below)
        look.line(self.widget, (px(12), top), line, ink, "label", ())
        arrow = width - px(20)
        points = [arrow - px(4), px(18), arrow, px(22), arrow + px(4), px(18)]
        self.widget.create_line(points, fill=palette.quiet, width=px(2), capstyle="round")

    def _paint_list(self) -> None:
        look, palette, px, shown = self._look, self._look.palette, self._look.px, self._list
        if shown is None:
            return
        shown.delete("all")
        wide = self.widget.winfo_width() - 2
        for index, (value, words) in enumerate(self._options):
            y = px(4) + index * px(ROW)
            below = palette.card
            if index == self._lit:
                below = palette.hover
                image = look.shapes.box(wide - px(8), px(ROW), px(6), below, palette.card)
                shown.create_image(px(4), y, image=image, anchor="nw")
            ink = palette.accent if value == self.chosen else palette.text
            line = one_line(words, wide - px(24), look.fonts, "label")
            top = y + (px(ROW) - look.fonts.line_height("label")) // 2
            look.line(shown, (px(12), top), line, (ink, ink, below), "label", ())
