"""The messages of a room on one canvas, of which only the rows in view exist as items.

The view hangs on an anchor, an entry and its distance from the top, never on a
number of pixels from the beginning: rows that come, go or turn out higher above
it do not move what is being read. At the end it sticks to the end. Geometry is
made by :mod:`gui.rowlayout`; here it is only drawn. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from gui.look import Look
from gui.model import Model
from gui.pictures import Pictures
from gui.room import Entry
from gui.rowlayout import Box, Row, Shape, guess_height, rows_of, shape_of
from gui.theme import GRID
from gui.views.bubbles import RowPainter
from gui.views.messagemenu import MessageMenu
from gui.views.signs import Signs

MARGIN = 300
"""Pixels drawn above and below what is in view."""
NEAR_TOP = 600
"""Nearer than this to the top of what is loaded, the page before is asked for."""
WHEEL = 72
GLIDE_MS = 16


@dataclass(slots=True)
class _Drawn:
    y: int
    row: Row
    height: int


class Timeline:
    """Shows the open room of a model."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        model: Model,
        pictures: Pictures,
        on_older: Callable[[], None],
        on_seen: Callable[[], None],
        on_picture: Callable[[Entry], None],
        on_text: Callable[[Entry], None],
    ) -> None:
        """The callables tell what the view needs or what was clicked."""
        self._look = look
        self._model = model
        self._on_older = on_older
        self._on_seen = on_seen
        self._room = b""
        self._rows: list[Row] = []
        self._index: dict[int, int] = {}
        self._shapes: dict[int, tuple[Row, int, Shape]] = {}
        self._drawn: dict[int, _Drawn] = {}
        self._anchor = 0
        self._offset = 0
        self._end = True
        self._fresh = 0
        self._last_key = 0
        self._last_seq = 0
        self._width = 0
        self._glide = 0
        self._gliding = ""
        self._queued = ""
        self.widget = tk.Canvas(master, highlightthickness=0, bd=0, takefocus=1)
        self._painter = RowPainter(
            self.widget, look, pictures, self._thumb_came, on_picture, on_text
        )
        self._signs = Signs(self.widget, look, self._painter.hot, self.to_end, self._try_again)
        bind = self.widget.bind
        bind("<Configure>", self._resized)
        bind("<Button-4>", lambda _: self.wheel(-1))
        bind("<Button-5>", lambda _: self.wheel(1))
        bind("<MouseWheel>", lambda e: self.wheel(-1 if e.delta > 0 else 1))
        bind("<ButtonRelease-1>", self._click)
        bind("<Button-1>", lambda _: self.widget.focus_set())
        bind("<Button-3>", self._menu)
        bind("<Motion>", self._motion)
        for key, part in (("<Prior>", -0.9), ("<Next>", 0.9), ("<Up>", -0.1), ("<Down>", 0.1)):
            bind(key, partial(self._page_key, part))
        bind("<Home>", lambda _: self.to_start())
        bind("<End>", lambda _: self.to_end())
        self._popup = MessageMenu(self.widget, look, on_picture, on_text)

    # --- what is shown ----------------------------------------------------

    @property
    def at_end(self) -> bool:
        """Whether the newest message is in view, so that new ones move the view."""
        return self._end

    def drawn_keys(self) -> list[int]:
        """Keys of the rows that exist as items, from top to bottom."""
        return sorted(self._drawn, key=lambda key: self._drawn[key].y)

    def place_of(self, key: int) -> Box | None:
        """Return where a row's bubble stands in the widget, if it is drawn."""
        drawn = self._drawn.get(key)
        shape = self._shape(drawn.row) if drawn else None
        if drawn is None or shape is None or shape.bubble is None:
            return None
        box = shape.bubble
        return Box(box.x, drawn.y + box.y, box.w, box.h)

    def picture_of(self, key: int) -> Box | None:
        """Return where a row's thumbnail stands in the widget, if it is drawn."""
        drawn = self._drawn.get(key)
        shape = self._shape(drawn.row) if drawn else None
        if drawn is None or shape is None or shape.picture is None:
            return None
        box = shape.picture
        return Box(box.x, drawn.y + box.y, box.w, box.h)

    def show(self) -> None:
        """Draw the model's open room again."""
        room = self._model.room
        if (room.room if room else b"") != self._room:
            self._room = room.room if room else b""
            self._clear()
            self._anchor, self._offset, self._end, self._fresh = 0, 0, True, 0
            self._shapes.clear()
            self._painter.forget()
            self._last_key = self._last_seq = 0
        rows = rows_of(room.timeline, date.today()) if room else []
        if not self._end and self._anchor not in {row.entry.key for row in rows}:
            self._hang_on_neighbour({row.entry.key for row in rows})
        self._count_fresh(rows)
        old = self._rows[self._index[self._anchor]] if self._anchor in self._index else None
        before = self._height(old) if old is not None and self._width else 0
        self._rows = rows
        self._index = {row.entry.key: index for index, row in enumerate(rows)}
        if before and self._anchor in self._index:
            # A page put before it may take its day line away: its words stay where they are.
            self._offset += before - self._height(rows[self._index[self._anchor]])
        if len(self._shapes) > 2 * len(rows) + 200:
            self._shapes = {key: one for key, one in self._shapes.items() if key in self._index}
        self._sync_soon()

    def _count_fresh(self, rows: list[Row]) -> None:
        """Count what came below the view; one's own message takes the view to the end."""
        seqs = [row.entry.seq for row in rows if row.entry.seq]
        newest = seqs[-1] if seqs else 0
        waiting = [row.entry.key for row in rows if not row.entry.seq]
        if self._last_seq and not self._end:
            for row in reversed(rows):
                if row.entry.seq and row.entry.seq <= self._last_seq:
                    break
                if row.entry.seq and not row.entry.own:
                    self._fresh += 1
        if waiting and waiting[-1] > self._last_key:
            self._end = True
            self._last_key = waiting[-1]
        self._last_seq = max(self._last_seq, newest)

    def _thumb_came(self, key: int) -> None:
        drawn = self._drawn.get(key)
        if drawn is not None:
            self._painter.erase(key)
            self._painter.paint(drawn.row, self._shape(drawn.row), drawn.y)
            self.widget.tag_raise("overlay")

    def _hang_on_neighbour(self, keys: set[int]) -> None:
        """The entry that the view hung on is gone: hang on the next one that is not."""
        at = self._index.get(self._anchor, 0)
        offset = self._offset
        for row in self._rows[at:]:
            if row.entry.key in keys:
                self._anchor, self._offset = row.entry.key, offset
                return
            offset += self._height(row)
        self._end = True

    def restyle(self) -> None:
        """Draw in the palette of now."""
        self._painter.restyle()
        self._clear()
        self._sync_soon()

    def _clear(self) -> None:
        self.widget.delete("all")
        self._drawn.clear()
        self._painter.hot.clear()

    # --- geometry ---------------------------------------------------------

    def _shape(self, row: Row) -> Shape:
        known = self._shapes.get(row.entry.key)
        if known is not None and known[1] == self._width and known[0] == row:
            return known[2]
        shape = shape_of(row, self._width, self._look.fonts, self._look.scale)
        self._shapes[row.entry.key] = (row, self._width, shape)
        return shape

    def _height(self, row: Row) -> int:
        return self._shape(row).height

    def _guess(self, row: Row) -> int:
        known = self._shapes.get(row.entry.key)
        if known is not None:
            return known[2].height
        return guess_height(row, self._width, self._look.scale)

    def _sync_soon(self) -> None:
        if not self._queued:
            self._queued = self.widget.after_idle(self._sync)

    def _sync(self) -> None:
        """Bring the canvas in line with the rows and the anchor."""
        self._queued = ""
        canvas, palette, px = self.widget, self._look.palette, self._look.px
        canvas.configure(bg=palette.chat)
        view = canvas.winfo_height()
        if self._width < 2 or view < 2:
            return
        if not self._rows:
            self._clear()
            self._signs.empty(self._model.room)
            return
        canvas.delete("empty")
        pad = px(GRID)
        first, y = self._normalised(view, pad)
        want: dict[int, int] = {}
        index, at = first, y
        while index < len(self._rows) and at < view + MARGIN:
            want[index] = at
            at += self._height(self._rows[index])
            index += 1
        at = y
        index = first
        while index > 0 and at > -MARGIN:
            index -= 1
            at -= self._height(self._rows[index])
            want[index] = at
        self._draw(want)
        self._overlay(view)
        top_is_near = at > -NEAR_TOP and index < 3
        if top_is_near:
            self._on_older()
        if self._end:
            self._fresh = 0
            self._on_seen()

    def _normalised(self, view: int, pad: int) -> tuple[int, int]:
        """Make the first row in view the anchor, within both ends; return its index and y."""
        rows = self._rows
        if not self._end:
            index = self._index.get(self._anchor, 0)
            y = self._offset
            while y > 0 and index > 0:
                index -= 1
                y -= self._height(rows[index])
            while index < len(rows) - 1 and y + self._height(rows[index]) <= 0:
                y += self._height(rows[index])
                index += 1
            if index == 0 and y > self._head():
                y = self._head()
            bottom, at = y, index
            while at < len(rows) and bottom <= view:
                bottom += self._height(rows[at])
                at += 1
            if at == len(rows) and bottom <= view - pad + 2:
                self._end = True
        if self._end:
            index, y = len(rows), view - pad
            while index > 0 and y > 0:
                index -= 1
                y -= self._height(rows[index])
        self._anchor, self._offset = rows[index].entry.key, y
        return index, y

    def _head(self) -> int:
        """Room above the first row, for the line that says what is above it."""
        return self._look.px(40)

    # --- drawing ----------------------------------------------------------

    def _draw(self, want: dict[int, int]) -> None:
        keys = {self._rows[index].entry.key for index in want}
        for key in [key for key in self._drawn if key not in keys]:
            self._erase(key)
        for index, y in want.items():
            row = self._rows[index]
            key = row.entry.key
            drawn = self._drawn.get(key)
            height = self._height(row)
            if drawn is not None and drawn.row == row and drawn.height == height:
                if drawn.y != y:
                    self.widget.move(f"row{key}", 0, y - drawn.y)
                    drawn.y = y
                continue
            if drawn is not None:
                self._erase(key)
            self._drawn[key] = _Drawn(y, row, height)
            self._painter.paint(row, self._shape(row), y)

    def _erase(self, key: int) -> None:
        self._painter.erase(key)
        self._drawn.pop(key, None)

    def _overlay(self, view: int) -> None:
        """Draw what does not scroll."""
        first = self._drawn.get(self._rows[0].entry.key)
        self._signs.clear()
        if first is not None and first.y > -self._head():
            self._signs.above(first.y, self._model.room)
        if not self._end:
            self._signs.jump(view, self._fresh)
        heights = [self._guess(row) for row in self._rows]
        above = sum(heights[: self._index.get(self._anchor, 0)]) - self._offset
        self._signs.thumb(view, above, sum(heights))

    def _try_again(self) -> None:
        room = self._model.room
        if room is not None:
            room.trouble = ""
        self._on_older()

    # --- moving -----------------------------------------------------------

    def scroll(self, pixels: int) -> None:
        """Move the view down by so many pixels (up if negative)."""
        if not self._rows:
            return
        if self._end and pixels >= 0:
            return
        self._end = False
        self._offset -= pixels
        self._sync()

    def wheel(self, notches: int) -> str:
        """Glide by notches of the wheel."""
        self._glide += notches * self._look.px(WHEEL)
        if not self._gliding:
            self._step()
        return "break"

    def _step(self) -> None:
        self._gliding = ""
        step = self._glide if abs(self._glide) < 10 else self._glide * 2 // 5
        self._glide -= step
        if step:
            self.scroll(step)
        if self._glide:
            self._gliding = self.widget.after(GLIDE_MS, self._step)

    def page(self, part: float) -> str:
        """Move by a part of the view."""
        self.scroll(round(self.widget.winfo_height() * part))
        return "break"

    def _page_key(self, part: float, _event: object) -> str:
        return self.page(part)

    def to_end(self) -> None:
        """Go to the newest message."""
        self._end, self._fresh, self._glide = True, 0, 0
        self._sync()

    def to_start(self) -> None:
        """Go to the oldest message that is loaded."""
        if self._rows:
            self._end, self._glide = False, 0
            self._anchor, self._offset = self._rows[0].entry.key, self._head()
            self._sync()

    def _resized(self, event: "tk.Event[tk.Canvas]") -> None:
        if event.width != self._width:
            self._width = event.width
            self._clear()
        self._sync_soon()

    # --- mouse ------------------------------------------------------------

    def _click(self, event: "tk.Event[tk.Canvas]") -> None:
        work = self._painter.hot_at(event.x, event.y)
        if work is not None:
            work()

    def _motion(self, event: "tk.Event[tk.Canvas]") -> None:
        cursor = "hand2" if self._painter.hot_at(event.x, event.y) else ""
        if str(self.widget.cget("cursor")) != cursor:
            self.widget.configure(cursor=cursor)

    def _entry_at(self, y: int) -> Entry | None:
        for drawn in self._drawn.values():
            if drawn.y <= y < drawn.y + drawn.height:
                return drawn.row.entry
        return None

    def _menu(self, event: "tk.Event[tk.Canvas]") -> None:
        entry = self._entry_at(event.y)
        if entry is not None:
            self._popup.show(entry, event.x_root, event.y_root)
