"""A canvas full of emoji: only the rows in view exist, and their pictures come in slices.

Scrolling moves the canvas; what comes into view is drawn afterwards, emoji by emoji, so that
nothing waits for it. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Final

from gui.emojis.emojirows import EmojiRows
from gui.paint.look import Look
from gui.paint.slices import Steps, Work
from gui.text.rowlayout import Box

CELL: Final = 40
PICTURE: Final = 28
HEADING: Final = 32


class EmojiGrid:
    """Shows sections of emoji; ``widget`` is the canvas to place."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        on_hover: Callable[[str], None],
        on_pick: Callable[[str], None],
        on_scroll: Callable[[int], None],
    ) -> None:
        """``on_hover`` gets what is selected or "", ``on_scroll`` the section at the top."""
        self._look = look
        self._on_hover = on_hover
        self._on_pick = on_pick
        self._on_scroll = on_scroll
        self._sections: Sequence[tuple[str, Sequence[str]]] = ()
        self._layout = EmojiRows((), 8, look.px(CELL), look.px(HEADING))
        self._drawn: set[int] = set()
        self._filling: Work | None = None
        self._selected = -1
        self._section = 0
        self._dragging = False
        self.widget = tk.Canvas(
            master, bd=0, highlightthickness=0, bg=look.palette.card, yscrollincrement=1,
            cursor="hand2", width=1, height=1,
        )  # fmt: skip
        bind = self.widget.bind
        bind("<Configure>", lambda _: self._lay())
        bind("<Button-4>", lambda _: self.scroll(-look.px(CELL)))
        bind("<Button-5>", lambda _: self.scroll(look.px(CELL)))
        bind(
            "<MouseWheel>", lambda e: self.scroll(-look.px(CELL) if e.delta > 0 else look.px(CELL))
        )
        bind("<Motion>", lambda e: self.select(self._under(e), False))
        bind("<Leave>", lambda _: self.select(-1, False))
        bind("<Button-1>", self._press)
        bind("<B1-Motion>", self._drag)
        bind("<ButtonRelease-1>", self._click)

    @property
    def cells(self) -> Sequence[str]:
        """All emoji that it shows, in order."""
        return self._layout.cells

    @property
    def selected(self) -> str:
        """The emoji that Enter would pick, or ""."""
        return self._layout.cells[self._selected] if self._selected >= 0 else ""

    @property
    def waiting(self) -> bool:
        """If rows in view are still to be drawn."""
        return self._filling is not None and not self._filling.done

    def place_of(self, cell: int) -> tuple[int, int]:
        """Return the middle of a cell in the widget's pixels."""
        x, y = self._layout.place(cell)
        half = self._layout.cell // 2
        return x + half, y - self._top() + half

    def set_sections(self, sections: Sequence[tuple[str, Sequence[str]]], select: int = -1) -> None:
        """Show other emoji from the top, one of them selected."""
        self._sections = sections
        self._selected = -1
        self._lay()
        self.widget.yview_moveto(0)
        self._section = 0
        self._fill_soon()
        self.select(select if self._layout.cells else -1, True)

    def exchange(self, sections: Sequence[tuple[str, Sequence[str]]]) -> None:
        """Show as many others in the same places; the view and the selection stay."""
        self._sections = sections
        self._lay()

    def to_section(self, section: int) -> None:
        """Scroll to where a section begins."""
        self.scroll(self._layout.starts[section] - self._top())

    def scroll(self, pixels: int) -> None:
        """Move the view, as far as there is something."""
        height = self.widget.winfo_height()
        top = max(0, min(self._top() + pixels, self._layout.height - height))
        self.widget.yview_scroll(top - self._top(), "units")
        self._section = self._layout.section_at(top + 1)
        self._on_scroll(self._section)
        self._fill_soon()

    def move(self, columns: int, rows: int) -> None:
        """Move the selection by keys, and the view with it."""
        self.select(self._layout.moved(self._selected, columns, rows), True)

    def select(self, cell: int, follow: bool) -> None:
        """Select a cell or none (-1); ``follow`` brings it into view."""
        if cell != self._selected:
            old, self._selected = self._selected, cell
            for one in (old, cell):
                if one >= 0:
                    self._redraw(one)
            self._on_hover(self.selected)
        if follow and cell >= 0:
            _, y = self._layout.place(cell)
            heading = self._look.px(HEADING) if cell < self._layout.columns else 0
            below = y + self._layout.cell - self.widget.winfo_height()
            if self._top() > y - heading:
                self.scroll(y - heading - self._top())
            elif below > self._top():
                self.scroll(below - self._top())

    def close(self) -> None:
        """Draw nothing more."""
        self._look.slices.cancel(self._filling)

    def _top(self) -> int:
        return int(self.widget.canvasy(0))

    def _under(self, event: "tk.Event[tk.Canvas]") -> int:
        return self._layout.at(event.x, event.y + self._top())

    def _press(self, event: "tk.Event[tk.Canvas]") -> None:
        # Right of the cells is the bar that shows how far down one is.
        self._dragging = event.x >= self._layout.columns * self._layout.cell
        self._drag(event)

    def _drag(self, event: "tk.Event[tk.Canvas]") -> None:
        if self._dragging:
            high = self.widget.winfo_height()
            size = self._thumb_size()
            part = (event.y - size / 2) / max(1, high - size)
            self.scroll(round(part * (self._layout.height - high)) - self._top())

    def _click(self, event: "tk.Event[tk.Canvas]") -> None:
        cell = self._under(event)
        if cell >= 0 and not self._dragging:
            self._on_pick(self._layout.cells[cell])

    def _lay(self) -> None:
        px = self._look.px
        width = max(self.widget.winfo_width(), px(CELL))
        columns = max(1, width // px(CELL))
        self._layout = EmojiRows(self._sections, columns, px(CELL), px(HEADING))
        height = max(self._layout.height, self.widget.winfo_height())
        self.widget.configure(scrollregion=(0, 0, width, height))
        self.widget.delete("all")
        self._drawn.clear()
        # What it is at belongs to another layout.
        self.close()
        self._fill_soon()

    def _fill_soon(self) -> None:
        self._thumb()
        if not self.waiting:
            self._filling = self._look.slices.build(self._fill())

    def _fill(self) -> Steps:
        """Draw what is in view, wherever the view goes meanwhile."""
        while True:
            top, height = self._top(), self.widget.winfo_height()
            wanted = self._layout.between(top, top + height)
            for row in [row for row in self._drawn if row not in wanted]:
                self.widget.delete(f"row{row}")
                self._drawn.discard(row)
            following = next((row for row in wanted if row not in self._drawn), None)
            if following is None:
                return
            self._drawn.add(following)
            yield from self._draw_row(following)

    def _draw_row(self, number: int) -> Steps:
        look, row = self._look, self._layout.rows[number]
        if row.title:
            self.widget.create_text(
                look.px(8), row.y + row.height // 2, text=look.plain(row.title), anchor="w",
                fill=look.palette.quiet, font=look.fonts.named("small"), tags=f"row{number}",
            )  # fmt: skip
        for cell in range(row.first, row.first + row.count):
            yield None
            self._draw_cell(cell, number)

    def _draw_cell(self, cell: int, row: int) -> None:
        look, side = self._look, self._layout.cell
        x, y = self._layout.place(cell)
        tags = (f"row{row}", f"cell{cell}")
        below = look.palette.card
        if cell == self._selected:
            gap = look.px(1)
            box = Box(x + gap, y + gap, side - 2 * gap, side - 2 * gap)
            look.bubble(self.widget, box, look.px(8), look.palette.hover, below, tags)
            below = look.palette.hover
        image = look.art.emoji(self._layout.cells[cell], look.px(PICTURE), below)
        self.widget.create_image(x + side // 2, y + side // 2, image=image, tags=tags)

    def _redraw(self, cell: int) -> None:
        row = self._layout.row_of(cell) if cell < len(self._layout.cells) else -1
        if row in self._drawn:
            self.widget.delete(f"cell{cell}")
            self._draw_cell(cell, row)

    def _thumb_size(self) -> int:
        high = self.widget.winfo_height()
        return max(self._look.px(24), high * high // max(1, self._layout.height))

    def _thumb(self) -> None:
        canvas, look = self.widget, self._look
        canvas.delete("thumb")
        high, total = canvas.winfo_height(), self._layout.height
        if total <= high or high < 2:
            return
        size = self._thumb_size()
        y = self._top() + (high - size) * self._top() // (total - high)
        right = canvas.winfo_width() - look.px(1)
        canvas.create_rectangle(
            right - look.px(4), y, right, y + size, fill=look.palette.line, width=0, tags="thumb"
        )
