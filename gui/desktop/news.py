"""What the window does about news: desktop notifications, a sound, the number in title and icon.

What is worth it, and how it is put, is decided in :mod:`gui.desktop.notifications`. Belongs
to the Tk thread.
"""

import time
import tkinter as tk
from collections.abc import Callable, Sequence
from typing import Protocol

from gui.chat.model import Model
from gui.chat.room import Entry, Notify, Room, Sound
from gui.desktop.chime import Chime
from gui.desktop.notifications import Gatherer, Notifier, Shown, notice, should_notify, sound_of
from gui.desktop.urgency import set_urgent
from gui.desktop.windowicon import WindowIcon
from gui.paint.look import Look
from gui.settings import Settings
from gui.words.i18n import Words
from protocol.client.happenings import Message


class Around(Protocol):
    """What is needed of the program around it."""

    @property
    def root(self) -> tk.Tk:
        """The window."""

    @property
    def settings(self) -> Settings:
        """What the person has chosen."""

    @property
    def look(self) -> Look:
        """How the window looks, with the line of what is painted in slices."""

    @property
    def tr(self) -> Words:
        """The sentences of the person's language."""

    @property
    def model(self) -> Model | None:
        """What is known of the server that one is at."""

    @property
    def focused(self) -> bool:
        """Whether the window is in front."""

    def open_room(self, room: bytes) -> None:
        """Come to the front and show a room."""

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""


class News:
    """Notifications, sound, title and icon of one window."""

    def __init__(self, around: Around, call: Callable[[Callable[[], None]], None]) -> None:
        """``call`` brings work into the Tk thread."""
        self._around = around
        self._gatherer = Gatherer()
        self._notifier = Notifier(call, self._unreachable)
        self.chime = Chime(around.root.bell, call)
        self.icon = WindowIcon(around.root, lambda steps: around.look.slices.build(steps))
        self._later = ""
        self._shown: dict[bytes, set[int]] = {}
        """Which messages the last notification of a room was about."""

    def told(self, room: Room, entries: Sequence[Entry]) -> None:
        """Others have said something just now."""
        model, settings = self._around.model, self._around.settings
        if model is None:
            return
        now = time.time()
        worth = [
            one
            for one in entries
            if should_notify(room, one, model.me, settings, self._around.focused, model.active, now)
        ]
        if worth:
            self._gatherer.add(room.room, worth)
            self._show_due()

    def _show_due(self) -> None:
        self._stop_timer()
        model, tr, settings = self._around.model, self._around.tr, self._around.settings
        if model is None:
            return
        for where, entries in self._gatherer.due(time.monotonic()):
            room = model.rooms.get(where)
            if room is None:
                continue
            title, body = notice(
                tr, model.title(room), model.is_direct(room), entries, settings.notify_words
            )
            self._notifier.show(where, title, body, self._opener(where))
            self._shown[where] = {one.seq for one in entries}
            sound = sound_of(room, settings)
            if sound is not Sound.NONE:
                self.chime.play(sound)
        wait_s = self._gatherer.wait_s(time.monotonic())
        if wait_s is not None:
            self._later = self._around.root.after(int(wait_s * 1000) + 1, self._show_due)

    def hear(self, sound: Sound) -> None:
        """Play a sound that is being chosen; the usual one for ``Sound.DEFAULT``."""
        if sound is Sound.DEFAULT:
            settings = self._around.settings
            sound = Sound(settings.chime) if settings.sound else Sound.NONE
        if sound is not Sound.NONE:
            self.chime.play(sound, at_once=True)

    def _opener(self, room: bytes) -> Callable[[], None]:
        return lambda: self._around.open_room(room)

    def _unreachable(self, shown: Shown) -> None:
        """The desktop shows no notifications: the window says it, unless the room is in view."""
        model = self._around.model
        if model is not None and shown.room in model.rooms and shown.room != model.active:
            words = f"{shown.title}: {shown.body}" if shown.body else shown.title
            self._around.say(words)
        if not self._around.focused:
            set_urgent(self._around.root)

    def looked_at(self, room: bytes) -> None:
        """A room is in view of somebody: its notification goes."""
        self._gatherer.seen(room)
        if self._shown.pop(room, None) is not None:
            self._notifier.clear(room)

    def changed(self, room: Room, messages: Sequence[Message]) -> None:
        """Messages were edited or taken back: no notification shows what was taken back."""
        self._gatherer.changed(room.room, {one.seq: one for one in messages})
        gone = {one.seq for one in messages if one.deleted}
        if gone & self._shown.get(room.room, set()):
            del self._shown[room.room]
            self._notifier.clear(room.room)

    def left(self) -> None:
        """One is at this server no more: nothing of it is shown at another."""
        self._stop_timer()
        self._gatherer.clear()
        self._shown.clear()
        self._notifier.clear_all()
        self.count()

    def count(self) -> None:
        """Bring the number in title and icon up to date."""
        model = self._around.model
        if model is None:
            self.icon.show(0, "")
            return
        now = time.time()
        unread = 0
        for room in model.rooms.values():
            quiet = room.notify is Notify.NONE or room.quiet_until > now
            unread += room.mentions if quiet else room.unread
        shown = model.room
        self.icon.show(unread, model.title(shown) if shown is not None else "")

    def _stop_timer(self) -> None:
        if self._later:
            self._around.root.after_cancel(self._later)
            self._later = ""

    def close(self) -> None:
        """Take all notifications away."""
        self._stop_timer()
        self._notifier.close()
