"""The keyboard on a timeline: a cursor that goes from message to message, and what keys do there.

Works by the place of the key, on every layout. Belongs to the Tk thread.
"""

import tkinter as tk
from typing import TYPE_CHECKING

from gui.chat.room import Entry
from gui.chat.standing import Standing
from gui.keys import chord
from gui.paint.look import Look
from gui.text.selection import selectable
from gui.views.timeline.acts import MessageActs
from protocol.codes import EventKind

if TYPE_CHECKING:
    from gui.views.timeline.timeline import Timeline

PAGE = 0.9


class MessageKeys:
    """What keys do while the timeline has the keyboard."""

    def __init__(self, timeline: "Timeline", look: Look, acts: MessageActs) -> None:
        """Bind the keys on the timeline's canvas."""
        self._timeline = timeline
        self._look = look
        self._acts = acts
        self.focused = False
        """Whether the timeline has the keyboard: only then the cursor is shown."""
        bind = timeline.widget.bind
        bind("<KeyPress>", self._key)
        bind("<FocusIn>", lambda _: self._focus(True))
        bind("<FocusOut>", lambda _: self._focus(False))

    def arrive(self) -> None:
        """The keyboard came here, not by a click: show where it is."""
        if not self._timeline.cursor:
            self._step(0)

    def _focus(self, focused: bool) -> None:
        if focused != self.focused:
            self.focused = focused
            self._timeline.redress()

    def _key(self, event: "tk.Event[tk.Canvas]") -> str | None:
        timeline = self._timeline
        state = event.state if isinstance(event.state, int) else 0
        if event.keysym in ("Menu", "App") or (event.keysym == "F10" and state & 1):
            return self._menu()
        match chord(event.keycode, event.keysym, state):
            case "Up":
                self._step(-1)
            case "Down":
                self._step(1)
            case "PgUp":
                timeline.travel.page(-PAGE)
            case "PgDn":
                timeline.travel.page(PAGE)
            case "Home":
                timeline.travel.to_beginning()
            case "End":
                timeline.cursor = 0
                timeline.to_end()
                timeline.redress()
            case "Ctrl+C" | "Ctrl+Insert":
                timeline.copy()
            case "Ctrl+A":
                timeline.select_all()
            case "Return" | "KP_Enter":
                self._open()
            case "R":
                self._reply()
            case "Delete":
                self._delete()
            case "Esc":
                if not timeline.selection and not timeline.cursor:
                    return None
                timeline.cursor = 0
                timeline.selection.clear()
                timeline.select()
            case _:
                return None
        return "break"

    def _step(self, by: int) -> None:
        """Move the cursor to the message before or after; at first, to the last one in view."""
        timeline = self._timeline
        rows = timeline.rows.rows
        index = timeline.rows.index_of(timeline.cursor) if timeline.cursor else -1
        if index < 0:
            index = self._first_step()
        else:
            index += by
        while by and 0 <= index < len(rows) and rows[index].entry.kind == EventKind.NOTICE:
            index += by
        if 0 <= index < len(rows):
            timeline.cursor = rows[index].key
            timeline.selection.clear()
            timeline.select()
            timeline.travel.reveal(timeline.cursor)
            timeline.redress()

    def _first_step(self) -> int:
        """Return the last row that is wholly in view."""
        timeline = self._timeline
        view = timeline.widget.winfo_height()
        found = -1
        for key in timeline.drawn_keys():
            drawn = timeline.view.drawn[key]
            top = drawn.y - timeline.view.origin
            if drawn.row.entry.kind == EventKind.NOTICE or top >= view:
                continue
            if found < 0 or top + drawn.shape.height <= view:
                found = timeline.rows.index_of(key)
        return found

    def _open(self) -> None:
        """Open what the message at the cursor holds, or answer it."""
        entry = self._timeline.entry_of(self._timeline.cursor)
        if entry is None:
            return
        if entry.kind == EventKind.IMAGE and not entry.deleted:
            self._acts.open_picture(entry)
        elif entry.kind == EventKind.FILE and not entry.deleted:
            self._acts.open_file(entry)
        else:
            self._reply()

    def _delete(self) -> None:
        """Take back what is one's own, or else what one may remove."""
        chosen = self._timeline.selected_entries()
        own = [entry for entry in chosen if may_change(entry)]
        stand = self._acts.standing()
        others = [entry for entry in chosen if may_remove(entry, stand)]
        if own:
            self._acts.delete(own)
        elif others:
            self._acts.remove(others)

    def _reply(self) -> None:
        entry = self._timeline.entry_of(self._timeline.cursor)
        if entry is not None and entry.seq and selectable(entry) and self._acts.standing().may_say:
            self._acts.reply(entry)

    def _menu(self) -> str:
        """Open the menu at the cursor."""
        timeline = self._timeline
        if not timeline.cursor:
            self._step(-1)
        entry = timeline.entry_of(timeline.cursor)
        box = timeline.place_of(timeline.cursor)
        if entry is not None and box is not None:
            gap = self._look.px(12)
            y = max(0, min(box.y + gap, timeline.widget.winfo_height() - gap))
            timeline.pointer.menu.show(entry, box.x + gap, y, "", by_key=True)
        return "break"


def may_remove(entry: Entry, stand: Standing) -> bool:
    """Whether a message is somebody else's, and one keeps order here."""
    return not entry.own and entry.seq > 0 and selectable(entry) and stand.may_act


def may_change(entry: Entry) -> bool:
    """Whether a message is one's own, stored and still there."""
    return entry.own and entry.seq > 0 and selectable(entry)
