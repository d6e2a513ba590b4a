"""The mouse on a timeline: clicks, selecting by dragging, what lies under it, the right button.

Belongs to the Tk thread.
"""

import sys
import tkinter as tk
from typing import TYPE_CHECKING

from gui.chat.model import Model
from gui.chat.room import Entry, State
from gui.paint.look import Look
from gui.text import doubts
from gui.text.hits import in_words, offset_at, zone_at
from gui.text.rowlayout import Box, Zone, words_of
from gui.text.selection import Spot, extent, selectable, word_at
from gui.views.timeline.acts import MessageActs
from gui.views.timeline.glyphs import Glyphs
from gui.views.timeline.messagemenu import MessageMenu
from gui.views.timeline.viewport import Drawn
from gui.views.timers import Timers
from protocol.hosts import link_of

if TYPE_CHECKING:
    from gui.views.timeline.timeline import Timeline

SLACK = 4
"""Pixels that the mouse may move during a click."""
HINT_MS = 350
DRAG_MS = 30
OPEN_LINES = 150
"""A text with more lines than this is opened by itself rather than in its bubble."""
NAMES_MAX = 8
"""More people than this are counted in a hint."""
_REPEATED = ("chip", "more", "less")
"""What can be clicked twice in a row; of the others the second click is a slip."""
_STATES = {State.QUEUED: "queued", State.SENT: "sent", State.STORED: "stored"}


class Pointer:
    """What the mouse does on one timeline."""

    def __init__(
        self, timeline: "Timeline", look: Look, model: Model, acts: MessageActs, timers: Timers,
        glyphs: Glyphs,
    ) -> None:  # fmt: skip
        """Bind the mouse on the timeline's canvas."""
        self._timeline = timeline
        self._look = look
        self._model = model
        self._acts = acts
        self._timers = timers
        self._pressed: tuple[int, int] | None = None
        self._zone: Zone | None = None
        self._spot: Spot | None = None
        self._dragging = False
        self._at = (0, 0)
        self.over_button = False
        """Whether the mouse is over the way to the newest message."""
        canvas = timeline.widget
        self.menu = MessageMenu(canvas, look, timeline, acts, glyphs)
        bind = canvas.bind
        bind("<Button-1>", self._press)
        bind("<Shift-Button-1>", self._extend)
        bind("<Double-Button-1>", self._double)
        bind("<Triple-Button-1>", self._triple)
        bind("<B1-Motion>", self._drag)
        bind("<ButtonRelease-1>", self._release)
        bind("<Motion>", self._motion)
        bind("<Leave>", lambda _: self._leave())
        # What is the right button elsewhere has the number 2 on macOS.
        bind("<Button-2>" if sys.platform == "darwin" else "<Button-3>", self._menu)

    def close(self) -> None:
        """The timeline goes away."""
        self.menu.close()

    # --- what lies where ----------------------------------------------------

    def _hit(self, x: int, y: int) -> tuple[Drawn, Zone | None] | None:
        """Return the row at a place of the window, and what in it can be clicked."""
        view = self._timeline.view
        drawn = view.row_at(y)
        if drawn is None:
            return None
        return drawn, zone_at(drawn.shape, x, y + view.origin - drawn.y)

    def _spot_at(self, x: int, y: int) -> Spot | None:
        """Return the place between characters that is nearest to a place of the window."""
        timeline = self._timeline
        drawn = timeline.view.row_at(y)
        if drawn is None:
            keys = timeline.drawn_keys()
            if not keys:
                return None
            top = timeline.view.top_of(keys[0]) or 0
            drawn = timeline.view.drawn[keys[0] if y < top else keys[-1]]
        row = drawn.row
        inside = y + timeline.view.origin - drawn.y
        if not selectable(row.entry):
            return Spot(row.key, 0 if inside < drawn.shape.height // 2 else extent(row))
        return Spot(row.key, offset_at(drawn.shape, self._look.fonts, x, inside))

    # --- the left button ----------------------------------------------------

    def _press(self, event: "tk.Event[tk.Canvas]") -> str:
        timeline = self._timeline
        timeline.widget.focus_set()
        timeline.signs.hide_hint()
        self._pressed, self._dragging = (event.x, event.y), False
        hit = self._hit(event.x, event.y)
        self._zone = hit[1] if hit else None
        self._spot = self._spot_at(event.x, event.y)
        changed = timeline.selection.clear()
        if timeline.cursor:
            timeline.cursor, changed = 0, True
        if changed:
            timeline.select()
        return "break"

    def _extend(self, event: "tk.Event[tk.Canvas]") -> str:
        """Select up to here."""
        timeline = self._timeline
        timeline.widget.focus_set()
        self._pressed, self._zone = None, None
        spot = self._spot_at(event.x, event.y)
        if spot is not None:
            if timeline.selection.anchor is None:
                timeline.selection.begin(self._spot or spot)
            timeline.selection.reach(spot)
            timeline.select()
        return "break"

    def _double(self, event: "tk.Event[tk.Canvas]") -> str:
        """Select a word; beside the words it answers the message."""
        timeline = self._timeline
        self._pressed, self._zone = None, None
        hit = self._hit(event.x, event.y)
        button = timeline.signs.button
        if hit is not None and hit[1] is not None and hit[1].kind in _REPEATED:
            return self._press(event)
        if hit is None or hit[1] is not None or (button and button.holds(event.x, event.y)):
            return "break"
        drawn = hit[0]
        entry = drawn.row.entry
        if not selectable(entry):
            return "break"
        y = event.y + timeline.view.origin - drawn.y
        if in_words(drawn.shape, event.x, y):
            offset = offset_at(drawn.shape, self._look.fonts, event.x, y)
            text = drawn.shape.words
            start, end = word_at(text, min(offset, max(0, len(text) - 1)))
            timeline.selection.choose(drawn.row.key, start, end)
            timeline.select()
        elif entry.seq:
            self._acts.reply(entry)
        return "break"

    def _triple(self, event: "tk.Event[tk.Canvas]") -> str:
        """Select a whole message."""
        hit = self._hit(event.x, event.y)
        if hit is not None and hit[1] is not None:
            return self._double(event)
        if hit is not None and selectable(hit[0].row.entry):
            row = hit[0].row
            self._timeline.selection.choose(row.key, 0, extent(row))
            self._timeline.select()
        return "break"

    def _drag(self, event: "tk.Event[tk.Canvas]") -> str:
        self._at = (event.x, event.y)
        if self._pressed is None or self._spot is None:
            return "break"
        if not self._dragging:
            far = max(abs(event.x - self._pressed[0]), abs(event.y - self._pressed[1]))
            if far < SLACK:
                return "break"
            self._dragging = True
            self._hush()
            self._timeline.hover = None
            self._timeline.selection.begin(self._spot)
        self._reach()
        high = self._timeline.widget.winfo_height()
        if not 0 <= event.y < high and "drag" not in self._timers:
            self._pull()
        return "break"

    def _reach(self) -> None:
        """Select up to where the mouse is, or the edge that it left by."""
        timeline = self._timeline
        high = timeline.widget.winfo_height()
        spot = self._spot_at(self._at[0], max(0, min(high - 1, self._at[1])))
        if spot is not None and timeline.selection.reach(spot):
            timeline.select()

    def _pull(self) -> None:
        """Scroll as long as the mouse is held beyond an edge, the faster the farther."""
        high = self._timeline.widget.winfo_height()
        y = self._at[1]
        if not self._dragging or 0 <= y < high:
            return
        beyond = y if y < 0 else y - high + 1
        step = max(-60, min(60, beyond // 2 + (4 if beyond > 0 else -4)))
        self._timeline.scroll(step)
        self._reach()
        self._timers.after("drag", DRAG_MS, self._pull)

    def _release(self, event: "tk.Event[tk.Canvas]") -> str:
        self._timers.cancel("drag")
        pressed, zone = self._pressed, self._zone
        self._pressed, self._zone = None, None
        if pressed is None or self._dragging:
            self._dragging = False
            return "break"
        timeline = self._timeline
        button = timeline.signs.button
        if button is not None and button.holds(*pressed):
            timeline.to_end()
            return "break"
        hit = self._hit(event.x, event.y)
        room = timeline.room
        if hit is None:
            first = timeline.view.top_of(timeline.rows.rows[0].key) if timeline.rows.rows else None
            if room is not None and room.trouble and (first is None or event.y < first):
                room.trouble = ""
                self._acts.older()
        elif zone is not None and hit[1] == zone:
            self.click(hit[0].row.entry, zone)
        return "break"

    def click(self, entry: Entry, zone: Zone) -> None:
        """Do what a click on something of a message does."""
        acts = self._acts
        match zone.kind:
            case "link":
                acts.open_link(zone.value)
            case "quote":
                acts.jump(entry.reply)
            case "picture" | "file":
                self._open(entry, zone.kind)
            case "more" if words_of(entry).count("\n") >= OPEN_LINES:
                acts.open_text(entry)
            case "more" | "less":
                self._timeline.expand(entry, zone.kind == "more")
            case "chip":
                acts.react(entry, zone.value)
            case "person":
                canvas = self._timeline.widget
                acts.person(entry, canvas.winfo_pointerx(), canvas.winfo_pointery())
            case "retry":
                acts.retry(entry)
            case "discard":
                acts.discard(entry)

    def _open(self, entry: Entry, kind: str) -> None:
        """Open a picture or a file, or end the transfer that is under way."""
        sha256 = entry.body.get("sha256")
        for transfer in self._model.transfers.values():
            if transfer.sha256 and transfer.sha256 == sha256 and not transfer.problem:
                self._acts.cancel(transfer.request)
                return
        if kind == "picture":
            self._acts.open_picture(entry)
        else:
            self._acts.open_file(entry)

    # --- moving over it -----------------------------------------------------

    def _motion(self, event: "tk.Event[tk.Canvas]") -> None:
        timeline = self._timeline
        self._at = (event.x, event.y)
        button = timeline.signs.button
        over = button is not None and button.holds(event.x, event.y)
        hit = None if over else self._hit(event.x, event.y)
        zone = hit[1] if hit else None
        cursor = ""
        if over or (zone is not None and zone.kind not in ("state", "doubt")):
            cursor = "hand2"
        elif hit is not None and in_words(
            hit[0].shape, event.x, event.y + timeline.view.origin - hit[0].y
        ):
            cursor = "xterm"
        if str(timeline.widget.cget("cursor")) != cursor:
            timeline.widget.configure(cursor=cursor)
        hover: tuple[int, str, Box] | None = None
        if hit is not None and zone is not None:
            hover = (hit[0].row.key, zone.kind, zone.box)
        if hover == timeline.hover and over == self.over_button:
            return
        timeline.hover, self.over_button = hover, over
        self._hush()
        timeline.redress()
        if not timeline.at_end and timeline.room is not None:
            timeline.signs.offer_end(timeline.room.unread, over)
        if hit is not None and zone is not None:
            entry = hit[0].row.entry
            words = self.hint(entry, zone)
            if words:
                place = (zone.box.x + zone.box.w // 2, event.y)
                self._timers.after("hint", HINT_MS, lambda: timeline.signs.show_hint(words, *place))

    def _leave(self) -> None:
        self._hush()
        timeline = self._timeline
        if timeline.hover is not None or self.over_button:
            timeline.hover, self.over_button = None, False
            timeline.redress()

    def _hush(self) -> None:
        """Take the hint away, also one that was about to come."""
        self._timers.cancel("hint")
        self._timeline.signs.hide_hint()

    def hint(self, entry: Entry, zone: Zone) -> str:
        """Return what is said about something beside the mouse, or an empty string."""
        tr = self._look.tr
        if zone.kind == "link":
            link = link_of(zone.value)
            return tr("timeline.opens", host=link.host) if link else ""
        if zone.kind == "doubt":
            return doubts.of_name(tr, self._model.name_of(entry.person, entry.nick))
        if zone.kind == "chip":
            people = next((who for sign, who in entry.reactions if sign == zone.value), ())
            return self._names(people)
        if zone.kind in ("picture", "file"):
            sha256 = entry.body.get("sha256")
            transfers = self._model.transfers.values()
            failed = any(one.problem and not one.up and one.sha256 == sha256 for one in transfers)
            return tr("timeline.not_fetched") if failed else ""
        if zone.kind == "state" and entry.own:
            room = self._timeline.room
            if room is not None and entry.seq and not entry.waiting:
                seen = [one for one in room.seen_by(entry.seq) if one != self._model.me]
                if seen:
                    return tr("timeline.seen_by", who=self._names(tuple(seen)))
            name = "queued" if entry.waiting else _STATES.get(entry.state, "")
            return tr(f"timeline.{name}") if name else ""
        return ""

    def _names(self, people: tuple[bytes, ...]) -> str:
        tr = self._look.tr
        unknown = tr("timeline.unknown_person")
        names = [self._model.name_of(one, unknown) for one in people[:NAMES_MAX]]
        text = ", ".join(names)
        more = len(people) - NAMES_MAX
        return f"{text} {tr('timeline.who_more', more)}" if more > 0 else text

    # --- the right button ---------------------------------------------------

    def _menu(self, event: "tk.Event[tk.Canvas]") -> str:
        timeline = self._timeline
        timeline.widget.focus_set()
        self._hush()
        hit = self._hit(event.x, event.y)
        if hit is not None:
            zone = hit[1]
            link = zone.value if zone is not None and zone.kind == "link" else ""
            self.menu.show(hit[0].row.entry, event.x, event.y, link)
        return "break"
