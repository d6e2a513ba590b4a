"""What the window remembers of one server: read marks, drafts, choices for rooms (window.json).

Belongs to the Tk thread; the file is written by a thread of its own, at most
once in SAVE_S and at the end, so that a crash costs seconds of it at most.
"""

import threading
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from gui.chat.room import Draft, Notify, Room, Sound
from gui.settings import read_json, write_json
from protocol.limits import TS_MAX_MS

SAVE_S = 5.0
DRAFT_MAX_CHARS = 20_000
_LAST_S = TS_MAX_MS / 1_000
"""Later than any moment that can be shown."""
E = TypeVar("E", bound=Enum)


class Memory:
    """The file of one profile."""

    def __init__(self, folder: Path) -> None:
        """Read what was remembered in a profile's folder."""
        self._path = folder / "window.json"
        rooms = read_json(self._path).get("rooms")
        self._rooms: dict[str, dict[str, Any]] = rooms if isinstance(rooms, dict) else {}
        self._lock = threading.Lock()
        self._saved_at = 0.0
        self._dirty = False
        self._collected = self._written = 0

    def recall(self, room: Room) -> None:
        """Give a room that was just learned of what is remembered of it."""
        known = self._rooms.get(room.room.hex())
        if not isinstance(known, dict):
            return
        room.read = _whole(known.get("read"), room.read)
        text = known.get("draft", "")
        if isinstance(text, str):
            reply, edit = _whole(known.get("reply"), 0), _whole(known.get("edit"), 0)
            room.draft = Draft(text[:DRAFT_MAX_CHARS], reply, edit)
        room.notify = _one_of(Notify, known.get("notify"), Notify.DEFAULT)
        room.sound = _one_of(Sound, known.get("sound"), Sound.DEFAULT)
        until = known.get("quiet_until", 0.0)
        moment = isinstance(until, int | float) and 0 <= until <= _LAST_S
        room.quiet_until = float(until) if moment else 0.0

    def changed(self) -> None:
        """Something that is remembered has changed."""
        self._dirty = True

    def tick(self, rooms: Iterable[Room], now_s: float) -> None:
        """Write the file if something has changed and it is time."""
        if self._dirty and now_s - self._saved_at >= SAVE_S:
            self._dirty, self._saved_at = False, now_s
            args = (self._collect(rooms), self._collected)
            threading.Thread(target=self._write, args=args, name="memory", daemon=True).start()

    def save(self, rooms: Iterable[Room]) -> None:
        """Write the file now."""
        self._write(self._collect(rooms), self._collected)

    def _collect(self, rooms: Iterable[Room]) -> dict[str, Any]:
        self._collected += 1
        # Rooms that one has left keep what was remembered: one may come back.
        for room in rooms:
            one: dict[str, Any] = {}
            if room.read >= 0:
                one["read"] = room.read
            if room.draft:
                one |= {
                    "draft": room.draft.text[:DRAFT_MAX_CHARS],
                    "reply": room.draft.reply,
                    "edit": room.draft.edit,
                }
            if room.notify is not Notify.DEFAULT:
                one["notify"] = room.notify.value
            if room.sound is not Sound.DEFAULT:
                one["sound"] = room.sound.value
            if room.quiet_until:
                one["quiet_until"] = room.quiet_until
            self._rooms[room.room.hex()] = one
        return {"rooms": dict(self._rooms)}

    def _write(self, data: dict[str, Any], number: int) -> None:
        with self._lock:
            # A thread that comes late must not undo what was written at the end.
            if number > self._written:
                self._written = number
                write_json(self._path, data)


def _one_of(kind: type[E], value: object, default: E) -> E:
    return next((one for one in kind if one.value == value), default)


def _whole(value: object, default: int) -> int:
    return value if type(value) is int and value >= 0 else default
