"""The messages of a room on one canvas: what is shown, selected, and what stands out.

What changed is found by the identity of the entries (:mod:`gui.text.rows`); what is in view is
drawn by ``viewport.py`` and moved by ``travel.py``; the mouse and the keyboard come by
``pointer.py`` and ``messagekeys.py``. Belongs to the Tk thread.
"""

import tkinter as tk
from datetime import date

from gui.chat.model import Model
from gui.chat.room import Entry, Room
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.paint.slices import Steps
from gui.text.rowlayout import Box, Page
from gui.text.rows import Row, Rows
from gui.text.rowshapes import RowShapes
from gui.text.selection import (
    Selection,
    Spot,
    copied,
    copied_whole,
    copying,
    extent,
    part_of,
    selectable,
)
from gui.views.timeline.acts import MessageActs
from gui.views.timeline.bubbles import Dress, RowPainter, Way
from gui.views.timeline.messagekeys import MessageKeys
from gui.views.timeline.pointer import Pointer
from gui.views.timeline.signs import Signs
from gui.views.timeline.thumbs import Thumbs
from gui.views.timeline.travel import Travel
from gui.views.timeline.viewport import Seen, Viewport
from gui.views.timers import Timers
from gui.words import wording

NEAR_ROWS = 24
"""With fewer rows than this beyond what is drawn, the next page is asked for."""


_COPIED_AT_ONCE = 100
"""Messages whose text is made at once, in about a millisecond."""


class Timeline:
    """Shows the open room of a model; ``widget`` is the canvas to place."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model, pictures: Pictures, acts: MessageActs
    ) -> None:
        """``acts`` is asked for everything that is more than showing."""
        self._look = look
        self._model = model
        self._acts = acts
        self._room: Room | None = None
        self._places: dict[bytes, tuple[tuple[int, int], int]] = {}
        self._page = Page(
            0, look.scale, look.fonts, look.tr, date.today(), model.me, model.name_of, self._quoted
        )
        self._shapes = RowShapes(self._page)
        self._ends: tuple[int, int, int, int] | None = None
        self._read_to = 0
        self._ways: dict[bytes, Way] = {}
        self._own_key = 0
        self.rows = Rows()
        self.selection = Selection()
        self.cursor = 0
        """The key of the row that the keyboard is at, or 0."""
        self.hover: tuple[int, str, Box] | None = None
        """The row, kind and place of what the mouse is over."""
        self.widget = tk.Canvas(
            master, highlightthickness=0, bd=0, takefocus=1, bg=look.palette.chat,
            yscrollincrement=1, xscrollincrement=1, confine=False,
        )  # fmt: skip
        self._timers = Timers(self.widget, look.slices)
        self._thumbs = Thumbs(look, pictures, self._thumb_came)
        self._painter = RowPainter(self.widget, look, model, self._thumbs)
        self.signs = Signs(self.widget, look, self._painter.glyphs)
        self.view = Viewport(
            self.widget, self.rows, self._shapes.of, self._dress, self._painter.paint,
            self._painter.erase, look.scale,
        )  # fmt: skip
        self.travel = Travel(
            self.widget, look, self.view, self.rows, self._shapes.of, self._timers, acts,
            self.sync, self.redress, self._shapes.expand,
        )  # fmt: skip
        self.pointer = Pointer(self, look, model, acts, self._timers, self._painter.glyphs)
        self.keys = MessageKeys(self, look, acts)
        self.widget.bind("<Configure>", self._resized)
        # What came while something else stood here is seen now.
        self.widget.bind("<Visibility>", lambda _: self._timers.soon("sync", self._resync))
        self.widget.bind("<<TraverseIn>>", lambda _: self.keys.arrive())
        self.widget.bind("<Destroy>", self._destroyed)

    # --- what others ask ----------------------------------------------------

    @property
    def room(self) -> Room | None:
        """The room that is shown."""
        return self._room

    @property
    def at_end(self) -> bool:
        """Whether the newest message is in view, so that new ones move the view."""
        return self.view.end and not (self._room is not None and self._room.newer)

    def drawn_keys(self) -> list[int]:
        """Keys of the rows that exist as items, from top to bottom."""
        return sorted(self.view.drawn, key=lambda key: self.view.drawn[key].y)

    def place_of(self, key: int) -> Box | None:
        """Return where a row's bubble stands in the widget, if it is drawn."""
        drawn = self.view.drawn.get(key)
        return self._placed(key, drawn.shape.bubble) if drawn else None

    def picture_of(self, key: int) -> Box | None:
        """Return where a row's thumbnail stands in the widget, if it is drawn."""
        drawn = self.view.drawn.get(key)
        return self._placed(key, drawn.shape.picture) if drawn else None

    def zone_of(self, key: int, kind: str, value: str = "") -> Box | None:
        """Return where in the widget something of a row can be clicked, if it is drawn."""
        drawn = self.view.drawn.get(key)
        for zone in drawn.shape.zones if drawn else ():
            if zone.kind == kind and value in ("", zone.value):
                return self._placed(key, zone.box)
        return None

    def _placed(self, key: int, box: Box | None) -> Box | None:
        top = self.view.top_of(key)
        return Box(box.x, top + box.y, box.w, box.h) if box and top is not None else None

    def entry_of(self, key: int) -> Entry | None:
        """Return the message of a row, if it is loaded."""
        index = self.rows.index_of(key) if key else -1
        return self.rows.rows[index].entry if index >= 0 else None

    def name_of(self, entry: Entry) -> str:
        """Return what the author of a message is called now."""
        return self._model.name_of(entry.person, entry.nick)

    def selected_entries(self) -> list[Entry]:
        """Return the messages that are selected, or the one that the keyboard is at."""
        ends, rows = self._ends, self.rows.rows
        if ends is not None:
            numbers = range(ends[0], ends[2] + 1)
            return [rows[at].entry for at in numbers if part_of(ends, at, rows[at]) is not None]
        entry = self.entry_of(self.cursor)
        return [entry] if entry is not None else []

    def selected_text(self) -> str:
        """Return what copying puts into the clipboard."""
        if self._ends is None:
            entry = self.entry_of(self.cursor)
            if entry is None or not selectable(entry):
                return ""
            return copied_whole(self._look.tr, entry)
        return copied(
            self.rows.rows, self._ends, self._look.tr, self._page.today, self._model.name_of
        )

    def copy(self, text: str = "") -> None:
        """Put a text into the clipboard, or what is selected: much of it in slices."""
        ends = self._ends
        if not text and ends is not None and ends[2] - ends[0] >= _COPIED_AT_ONCE:
            rows, today = list(self.rows.rows), self._page.today
            steps = copying(rows, ends, self._look.tr, today, self._model.name_of, self._acts.copy)
            self._look.slices.build(steps)
            return
        text = text or self.selected_text()
        if text:
            self._acts.copy(text)

    def focus(self) -> None:
        """Take the keyboard, and show at which message it is."""
        self.widget.focus_set()
        self.keys.arrive()

    def to_end(self) -> None:
        """Go to the newest message."""
        self.travel.to_end()

    def to_start(self) -> None:
        """Go to the oldest message that is loaded."""
        self.travel.to_start()

    def scroll(self, pixels: int) -> None:
        """Move the view down by so many pixels (up if negative)."""
        self.travel.scroll(pixels)

    def flash(self, seq: int) -> None:
        """Show the message of a ``seq`` that is loaded, and make it stand out for a while."""
        if "sync" in self._timers:
            self._timers.soon("bring", lambda: self.travel.flash_measured(seq))
        else:
            self.travel.flash(seq)

    # --- what is shown ------------------------------------------------------

    def show(self) -> None:
        """Show what changed in the model's open room; cheap if nothing did."""
        model, room = self._model, self._model.room
        if room is not self._room:
            self._enter(room)
        if room is None:
            self._timers.soon("sync", self.sync)
            return
        self._page.me = model.me
        self._shapes.meet(model.people, model.portraits)
        empty = not self.rows.rows
        changed = self.rows.update(room.timeline, room.unread_from)
        view, travel = self.view, self.travel
        view.endless = room.newer
        if travel.going_to_end and not room.newer and not room.asked:
            travel.going_to_end = False
            view.end = True
        elif room.newer and view.end:
            view.end = False
        if empty and self.rows.rows:
            self._begin(room)
        self._follow_own(room)
        self._ways = {
            one.sha256: Way(one.done / one.total if one.total else 0.0, bool(one.problem))
            for one in model.transfers.values()
            if one.sha256
        }
        others = (mark for who, mark in room.marks.items() if who != model.me)
        self._read_to = max(others, default=0)
        if changed:
            self._ends = self.selection.ends(self.rows.index_of)
        self._timers.soon("sync", self._resync)

    def _enter(self, room: Room | None) -> None:
        """Another room is open."""
        before = self._room
        if before is not None:
            self._places.pop(before.room, None)
            if not self.view.end and self.rows.rows:
                self._places[before.room] = self.view.anchor
        self._room = room
        self.rows.clear()
        self._shapes.clear()
        self.view.clear()
        self.signs.clear()
        self.selection.clear()
        self.travel.enter(room)
        self._ends, self.cursor, self.hover = None, 0, None
        self._page.expanded.clear()
        self.view.end = True
        self._own_key = max((one.key for one in room.pending), default=0) if room else 0

    def _begin(self, room: Room) -> None:
        """The first rows are here: begin at the new messages, or where one was, or at the end."""
        if self._page.width < 2:
            return
        if room.unread_from:
            at = next((number for number, row in enumerate(self.rows.rows) if row.unread), -1)
            if at >= 0:
                self.view.hang_on(at, self._look.px(8))
            return
        place = self._places.pop(room.room, None)
        if place is not None and self.rows.index_of(place[0][0]) >= 0:
            self.view.hang(*place)

    def _follow_own(self, room: Room) -> None:
        """One's own new message takes the view to the end."""
        if room.pending and room.pending[-1].key > self._own_key:
            self._own_key = room.pending[-1].key
            if room.newer:
                self.travel.to_end()
            else:
                self.view.end = True

    def _quoted(self, seq: int) -> Entry | None:
        return self._room.entry(seq) if self._room is not None else None

    def restyle(self) -> None:
        """Draw in the palette of now."""
        self.widget.configure(bg=self._look.palette.chat)
        self._thumbs.clear()
        self.view.clear()
        self.signs.clear()
        self.travel.strip.restyle()
        self.sync()

    # --- dress --------------------------------------------------------------

    def _dress(self, index: int, row: Row) -> Dress:
        entry, hover = row.entry, self.hover
        sha256 = entry.body.get("sha256") if self._ways else None
        shines = row.key == self.travel.flashed
        return Dress(
            part_of(self._ends, index, row),
            entry.own and 0 < entry.seq <= self._read_to,
            self._ways.get(sha256) if sha256 else None,
            row.key == self.cursor and self.keys.focused,
            shines,
            self.travel.sought if shines else "",
            (hover[1], hover[2]) if hover is not None and hover[0] == row.key else None,
        )

    def redress(self) -> None:
        """Selection, keyboard or mouse are elsewhere: paint anew what looks different."""
        if not self.view.redress():
            self._timers.soon("redress", self.redress)
        self.signs.follow(self.view.origin)

    def select(self) -> None:
        """The selection changed."""
        self._ends = self.selection.ends(self.rows.index_of)
        self.redress()

    def select_all(self) -> None:
        """Select everything that is loaded."""
        rows = [row for row in self.rows.rows if selectable(row.entry)]
        if rows:
            self.selection.begin(Spot(rows[0].key, 0))
            self.selection.reach(Spot(rows[-1].key, extent(rows[-1])))
            self.select()

    def expand(self, entry: Entry, whole: bool) -> None:
        """Show a long text whole, or folded again."""
        self._shapes.expand(entry, whole)
        top = self.view.top_of(entry.key)
        if not whole and top is not None and top < 0:
            self.view.hang_on(self.rows.index_of(entry.key), 0)
        elif top is not None:
            self.view.hang_on(self.rows.index_of(entry.key), top)
        self.sync()

    def _thumb_came(self, key: int) -> None:
        self.view.repaint(key)
        self.signs.follow(self.view.origin)

    # --- drawing ------------------------------------------------------------

    def _resync(self) -> Steps:
        yield from self.view.measure()
        self.sync()
        self.redress()

    def sync(self) -> None:
        """Bring everything in line with rows and anchor."""
        canvas, room = self.widget, self._room
        if self._page.width < 2 or canvas.winfo_height() < 2:
            return
        self._shapes.turn(date.today())
        seen = self.view.sync()
        if self.view.unfinished:
            self._timers.soon("rest", self.sync)
        if seen is None or room is None:
            self.view.clear()
            self.signs.clear()
            self.travel.strip.show(0.0, 1.0)
            self.signs.empty(room)
            return
        canvas.delete("empty")
        self._overlay(room, seen)
        self.signs.follow(self.view.origin)
        if not room.trouble:
            if seen.low < NEAR_ROWS and room.more:
                self._acts.older()
            if seen.high >= len(self.rows.rows) - NEAR_ROWS and room.newer:
                self._acts.newer()
        # In a narrow window something else may stand where the messages were.
        if self.at_end and room.unread and canvas.winfo_viewable():
            self._acts.seen()

    def _overlay(self, room: Room, seen: Seen) -> None:
        """Place what does not scroll, and what is above the first row."""
        signs, tr = self.signs, self._look.tr
        first = self.view.drawn.get(self.rows.rows[0].key)
        if first is not None and first.y > self.view.origin - self._look.px(40):
            words = tr("timeline.fetching_older" if room.more else "timeline.beginning")
            if room.trouble:
                words = tr("timeline.again", why=room.trouble)
            signs.above(first.y, words, bool(room.trouble))
        else:
            signs.nothing_above()
        if self.at_end:
            signs.withdraw_end()
        else:
            signs.offer_end(room.unread, self.pointer.over_button)
        self._float_day(seen)
        self.travel.show_thumb(seen, self.at_end)

    def _float_day(self, seen: Seen) -> None:
        """Show of which day the first message in view is, unless its own line is there."""
        if not self.travel.scrolling:
            self.signs.hide_day()
            return
        rows, near = self.rows.rows, self._look.px(44)
        row, top = rows[seen.first], seen.top
        shown = row.day is not None and top > -near
        top += self._shapes.of(row).height
        if seen.first < seen.last and rows[seen.first + 1].day is not None:
            shown = shown or top < near
        if shown:
            self.signs.hide_day()
        else:
            day = wording.day_of(row.entries[-1].ts)
            self.signs.show_day(wording.day_line(self._look.tr, day, self._page.today))

    def _resized(self, event: "tk.Event[tk.Canvas]") -> None:
        if event.width != self._page.width:
            first = self._page.width < 2
            self._shapes.resize(event.width)
            self.signs.clear()
            if first and self._room is not None and self.rows.rows:
                self._begin(self._room)
        self._timers.soon("sync", self._resync)

    def _destroyed(self, event: "tk.Event[tk.Canvas]") -> None:
        if event.widget is self.widget:
            self._timers.close()
            self.pointer.close()
