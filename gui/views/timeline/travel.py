"""Moves the view of a timeline: wheel, pages, jumps to a message, the scroll thumb.

The thumb stands for the whole room by ``seq``; where it is let go of beyond what is
loaded, that part is asked for. Belongs to the Tk thread.
"""

import time
import tkinter as tk
from collections.abc import Callable

from gui.chat.room import Entry, Room
from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.text.found import first_box, folded_away
from gui.text.rowlayout import Shape
from gui.text.rows import Row, Rows
from gui.views.timeline.acts import MessageActs
from gui.views.timeline.strip import WIDTH, Strip
from gui.views.timeline.viewport import Seen, Viewport
from gui.views.timers import Timers

WHEEL = 84
"""Pixels of a notch, at 100 %."""
FRAME_MS = 16
FLASH_MS = 1000
FOUND_MS = 3000
"""So long what was found shines: its words are to be read where they stand."""
DAY_MS = 900
"""How long the floating day stays after the last step."""
AIM_MS = 140
"""So long the thumb must rest before a part of the room that is not loaded is fetched."""


class Travel:
    """Where the view goes."""

    def __init__(
        self,
        canvas: tk.Canvas,
        look: Look,
        view: Viewport,
        rows: Rows,
        shape: Callable[[Row], Shape],
        timers: Timers,
        acts: MessageActs,
        sync: Callable[[], None],
        redress: Callable[[], None],
        unfold: Callable[[Entry, bool], None],
    ) -> None:
        """``sync`` draws what is in view after a step, ``redress`` what looks different.

        ``unfold`` has a long text shown whole, or folded again.
        """
        self._canvas = canvas
        self._look = look
        self._view = view
        self._rows = rows
        self._shape = shape
        self._timers = timers
        self._acts = acts
        self._sync = sync
        self._redress = redress
        self._unfold = unfold
        self._glide = 0
        self._aim = 0
        self.room: Room | None = None
        """The room that is shown."""
        self.flashed = 0
        """The key of the row that stands out, or 0."""
        self._sought = (0, "")
        self.going_to_end = False
        """The newest messages were asked for; the view sticks to them once they are here."""
        self.strip = Strip(
            canvas, look, lambda part: self._aim_at(part, False), lambda p: self._aim_at(p, True)
        )
        self.strip.widget.place(relx=1.0, y=0, relheight=1.0, anchor="ne", width=look.px(WIDTH))
        canvas.bind("<Button-4>", lambda _: self.wheel(-1))
        canvas.bind("<Button-5>", lambda _: self.wheel(1))
        canvas.bind("<MouseWheel>", lambda e: self.wheel(-1 if e.delta > 0 else 1))
        self.strip.widget.bind("<Button-4>", lambda _: self.wheel(-1))
        self.strip.widget.bind("<Button-5>", lambda _: self.wheel(1))

    def enter(self, room: Room | None) -> None:
        """Another room is shown."""
        self.room = room
        self.calm()
        self._glide = self._aim = 0
        self.going_to_end = False

    @property
    def scrolling(self) -> bool:
        """Whether the view moved a moment ago."""
        return "day" in self._timers

    # --- steps --------------------------------------------------------------

    def scroll(self, pixels: int) -> None:
        """Move the view down by so many pixels (up if negative)."""
        if self._rows.rows:
            self._view.move(pixels)
            self._timers.after("day", DAY_MS, self._sync)
            self._sync()

    def wheel(self, notches: int) -> str:
        """Glide by notches of the wheel."""
        self._glide += notches * self._look.px(WHEEL)
        if "glide" not in self._timers:
            self._step()
        return "break"

    def _step(self) -> None:
        began = time.perf_counter()
        step = self._glide if abs(self._glide) < 12 else self._glide * 2 // 5
        self._glide -= step
        if step:
            self.scroll(step)
        if self._glide:
            spent_ms = round((time.perf_counter() - began) * 1000)
            self._timers.after("glide", max(1, FRAME_MS - spent_ms), self._step)

    def page(self, part: float) -> None:
        """Move by a part of the view."""
        self.scroll(round(self._canvas.winfo_height() * part))

    # --- jumps --------------------------------------------------------------

    def to_end(self) -> None:
        """Go to the newest message; it is asked for if it is not loaded."""
        self._glide = 0
        if self.room is not None and self.room.newer:
            self.going_to_end = True
            self._acts.to_end()
            return
        self._view.end = True
        self._sync()

    def to_start(self) -> None:
        """Go to the oldest message that is loaded."""
        if self._rows.rows:
            self._glide = 0
            self._view.hang_on(0, self._look.px(40))
            self._sync()

    def to_beginning(self) -> None:
        """Go to the first message of the room; it is asked for if it is not loaded."""
        if self.room is not None and self.room.more:
            self._glide = 0
            self._jump(1)
        else:
            self.to_start()

    def reveal(self, key: int) -> None:
        """Move as little as needed for a row to be in view."""
        index = self._rows.index_of(key)
        if index < 0:
            return
        height = self._shape(self._rows.rows[index]).height
        view, edge = self._canvas.winfo_height(), self._look.px(8)
        top = self._view.top_of(key)
        if top is None:
            anchor = self._rows.index_of(self._view.anchor[0][0])
            self._view.hang_on(index, edge if index < anchor else view - height - edge)
        elif top < edge:
            self._view.move(top - edge)
        elif top + height > view - edge:
            self._view.move(min(top + height - view + edge, top - edge))
        self._sync()

    def flash(self, seq: int) -> None:
        """Show the message of a ``seq`` that is loaded, and make it stand out for a while."""
        index = self._rows.index_of_seq(seq)
        if index < 0:
            return
        row = self._rows.rows[index]
        self._glide = 0
        if seq == self._aim:
            self._aim = 0
            self._view.hang_on(index, 0)
            self._sync()
            return
        self._sought = self._sought if seq == self._sought[0] else (0, "")
        self._bring(index, row)
        self.flashed = row.key
        self._sync()
        self._redress()
        self._timers.after("flash", FOUND_MS if self.sought else FLASH_MS, self._end_flash)

    def flash_measured(self, seq: int) -> Steps:
        """Do as :meth:`flash` does, with rows that have only just come."""
        yield from self._view.measure(self._rows.index_of_seq(seq))
        self.flash(seq)

    def _end_flash(self) -> None:
        self.calm()

    def _bring(self, index: int, row: Row) -> None:
        """Bring a row into view; of one that is higher than the view, the words sought there."""
        top = self._view.top_of(row.key)
        if self.sought and folded_away(self._shape(row), self.sought):
            self._unfold(row.entry, True)
            top = None
        shape, view = self._shape(row), self._canvas.winfo_height()
        found = first_box(shape, self._look.fonts, self.sought) if self.sought else None
        if found is not None and shape.height > view - self._look.px(16):
            at = None if top is None else top + found.y
            if at is None or at < 0 or at + found.h > view:
                self._view.hang_on(index, view // 3 - found.y)
        elif top is None or top < 0 or top + shape.height > view:
            self._view.hang_on(index, max(0, (view - shape.height) // 3))

    @property
    def sought(self) -> str:
        """What was searched for in the row that stands out, or ""."""
        return self._sought[1]

    def seek(self, seq: int, query: str) -> None:
        """Let the words of a search be marked when the message of ``seq`` is shown."""
        self._sought = (seq, query)

    def calm(self) -> bool:
        """Nothing stands out any more; return whether words of a search did."""
        marked = bool(self.flashed and self.sought)
        self._timers.cancel("flash")
        self._sought = (0, "")
        if self.flashed:
            self.flashed = 0
            self._redress()
        return marked

    # --- the thumb ----------------------------------------------------------

    def show_thumb(self, seen: Seen, at_end: bool) -> None:
        """Place the thumb: which part of the whole room is in view."""
        room, rows = self.room, self._rows.rows
        if room is None:
            self.strip.show(0.0, 1.0)
            return
        head, total = self._extent(room)
        first, last = rows[seen.first], rows[seen.last]
        top = _seq_of(first, head) - 1 + min(1.0, -seen.top / self._shape(first).height)
        hidden = max(0, seen.bottom - self._canvas.winfo_height())
        bottom = _seq_of(last, head) - min(1.0, hidden / self._shape(last).height)
        if at_end:
            bottom = total
        if seen.first == 0 and seen.top >= 0 and not room.more:
            top = 0
        self.strip.show(max(0.0, top / max(1, total)), min(1.0, bottom / max(1, total)))

    def _extent(self, room: Room) -> tuple[int, int]:
        """Return the highest ``seq``, and how many entries there are in all."""
        head = max(room.info.head if room.info is not None else 0, room.last_seq)
        return head, head + len(room.pending)

    def _aim_at(self, part: float, now: bool) -> None:
        """Go to a part of the whole room, loaded or not."""
        room = self.room
        if room is None or not self._rows.rows:
            return
        self._glide = 0
        head, total = self._extent(room)
        if part >= 1 - self.strip.size - 1e-6:
            self._timers.cancel("aim")
            if now or not room.newer:
                self.to_end()
            return
        place = part * total
        seq = min(head, int(place) + 1)
        if room.first_seq <= seq <= room.last_seq:
            self._timers.cancel("aim")
            index = max(0, self._rows.index_of_seq(seq))
            height = self._shape(self._rows.rows[index]).height
            self._view.hang_on(index, -round((place - int(place)) * height))
            self.scroll(0)
        else:
            self._timers.after("aim", 1 if now else AIM_MS, lambda: self._jump(seq))

    def _jump(self, seq: int) -> None:
        self._aim = seq
        self._acts.jump(seq)


def _seq_of(row: Row, head: int) -> int:
    return row.entries[-1].seq or head + 1
