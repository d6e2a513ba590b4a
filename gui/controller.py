"""Turns what people ask for into calls of the client, and happenings into the model.

The only module that talks to both sides. Lives in the Tk thread; holds no
widget. The client and the view are protocols, so that tests put fakes there.
"""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from gui.model import Model, Part
from gui.ownership import in_tk_thread
from gui.room import Room, Transfer
from protocol.client.happenings import (
    Done,
    Failed,
    Fetched,
    Happening,
    Link,
    LinkChanged,
    OpenRoom,
    RoomsChanged,
    RoomsListed,
    Welcomed,
)
from protocol.errors import BadNameError
from protocol.limits import TEXT_MAX_CHARS
from protocol.names import clean_nick, clean_room_name

log = logging.getLogger(__name__)

PRIME = 40
"""Messages asked for of every room at the start: a last line and an unread count."""
PAGE = 100
"""Messages asked for when somebody scrolls up."""


class ClientPort(Protocol):
    """What the window needs of ``protocol.client.client.Client``; all calls return at once."""

    def start(self) -> None:
        """Begin to connect."""

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the network thread."""

    def send_text(self, room: bytes, text: str) -> int:
        """Queue a text."""

    def send_image(self, room: bytes, path: Path, caption: str = "") -> int:
        """Send a picture."""

    def history(self, room: bytes, before: int = 0, limit: int = 100) -> int:
        """Ask for messages before ``before`` (0: the newest)."""

    def people(self) -> int:
        """Ask who is on the server."""

    def open_rooms(self) -> int:
        """Ask for the rooms that anybody may join."""

    def join(self, name: str, create: bool = True) -> int:
        """Join a room by its name."""

    def leave(self, room: bytes) -> int:
        """Leave a room."""

    def direct(self, people: Sequence[bytes]) -> int:
        """Open a direct message."""

    def rename(self, nick: str) -> int:
        """Take another nickname."""

    def fetch(self, room: bytes, sha256: bytes, size: int) -> int:
        """Fetch a picture."""

    def cancel(self, request: int) -> None:
        """End a transfer."""

    def retry_now(self) -> None:
        """Connect without waiting."""


class View(Protocol):
    """What the controller needs of the window."""

    def show(self, part: Part) -> None:
        """Draw again what changed."""

    def say(self, text: str, bad: bool = False) -> None:
        """Show one line for a while."""


Answer = Callable[[Done | Failed | RoomsListed | Fetched], None]


class Controller:
    """One person at one server."""

    def __init__(
        self, model: Model, client: ClientPort, clock: Callable[[], float] = time.time
    ) -> None:
        """``clock`` tells seconds since 1970, for messages that are not stored yet."""
        self.model = model
        self._client = client
        self._clock = clock
        self._view: View | None = None
        self._answers: dict[int, Answer] = {}
        self._open_next = b""

    def attach(self, view: View) -> None:
        """From now on ``view`` is told what changed."""
        self._view = view
        view.show(Part.ALL)

    # --- happenings -------------------------------------------------------

    def apply(self, happenings: Sequence[Happening]) -> None:
        """Take happenings in, then have what changed drawn once."""
        assert in_tk_thread(), "the controller lives in the Tk thread"
        part = Part.NONE
        now_ms = int(self._clock() * 1000)
        for happening in happenings:
            part |= self.model.apply(happening, now_ms)
            part |= self._react(happening)
        if part and self._view is not None:
            self._view.show(part)

    def _react(self, happening: Happening) -> Part:
        match happening:
            case RoomsChanged():
                self._prime()
                if self._open_next in self.model.rooms:
                    return self._open_now()
            case Welcomed():
                self._client.people()
            case LinkChanged(link=Link.ONLINE):
                for room in self.model.rooms.values():
                    room.trouble = ""
                self._prime()
                self._client.people()
            case Failed():
                return self._failed(happening)
            case Done() | RoomsListed() | Fetched():
                part = self.model.end_transfer(happening.request)
                answer = self._answers.pop(happening.request, None)
                if answer is not None:
                    answer(happening)
                return part
        return Part.NONE

    def _failed(self, failed: Failed) -> Part:
        part = self.model.end_transfer(failed.request)
        for room in self.model.rooms.values():
            if failed.request and room.asked == failed.request:
                room.asked = 0
                room.primed = bool(room.entries)
                room.trouble = failed.text
                return part | Part.TIMELINE
        answer = self._answers.pop(failed.request, None)
        if answer is not None:
            answer(failed)
        elif failed.text:
            self._say(failed.text, bad=True)
        return part

    def _prime(self) -> None:
        for room in self.model.rooms.values():
            if not room.primed and not room.asked:
                room.primed = True
                room.asked = self._client.history(room.room, 0, PRIME)

    def _say(self, text: str, bad: bool = False) -> None:
        if self._view is not None:
            self._view.say(text, bad)

    def _show(self, part: Part) -> None:
        if part and self._view is not None:
            self._view.show(part)

    # --- rooms ------------------------------------------------------------

    def open_room(self, room: bytes) -> None:
        """Show a room."""
        self._show(self.model.open(room))

    def next_room(self, step: int) -> None:
        """Show the next room, or the one before."""
        rooms = list(self.model.rooms)
        if rooms:
            at = rooms.index(self.model.active) if self.model.active in rooms else 0
            self.open_room(rooms[(at + step) % len(rooms)])

    def seen(self) -> None:
        """The end of the open room is in view."""
        room = self.model.room
        if room is not None:
            self._show(self.model.mark_read(room))

    def older(self) -> None:
        """The top of what is loaded comes near: ask for the page before it."""
        room = self.model.room
        if room is None or room.asked or not room.more or room.trouble:
            return
        room.primed = True
        room.asked = self._client.history(room.room, room.first_seq, PAGE)

    def try_again(self) -> None:
        """Ask again for history that failed; connect now if the line is down."""
        room = self.model.room
        if room is not None:
            room.trouble = ""
        if self.model.link.link is not Link.ONLINE:
            self._client.retry_now()
        self.older()

    def list_rooms(self, answer: Callable[[tuple[OpenRoom, ...], str], None]) -> None:
        """Ask for the open rooms; ``answer`` gets them, or a reason why not."""

        def done(got: Done | Failed | RoomsListed | Fetched) -> None:
            if isinstance(got, RoomsListed):
                answer(got.rooms, "")
            elif isinstance(got, Failed):
                answer((), got.text)

        self._answers[self._client.open_rooms()] = done

    def join(self, name: str, answer: Callable[[str], None], create: bool = True) -> None:
        """Join (or create) a room and show it; ``answer`` gets "" or the reason why not."""
        try:
            name = clean_room_name(name)
        except BadNameError as error:
            answer(str(error))
            return
        self._answers[self._client.join(name, create)] = self._then_open(answer)

    def direct(self, people: Sequence[bytes]) -> None:
        """Open a direct message with people and show it."""

        def answer(reason: str) -> None:
            if reason:
                self._say(reason, bad=True)

        wanted = {self.model.me, *people}
        for room in self.model.rooms.values():
            members = room.info.members if room.info is not None else ()
            if self.model.is_direct(room) and {who for who, _ in members} == wanted:
                self.open_room(room.room)
                return
        self._answers[self._client.direct(tuple(people))] = self._then_open(answer)

    def _then_open(self, answer: Callable[[str], None]) -> Answer:
        def done(got: Done | Failed | RoomsListed | Fetched) -> None:
            if isinstance(got, Failed):
                answer(got.text)
            elif isinstance(got, Done):
                self._open_next = got.room
                if got.room in self.model.rooms:
                    self._show(self._open_now())
                answer("")

        return done

    def _open_now(self) -> Part:
        room, self._open_next = self._open_next, b""
        return self.model.open(room)

    def leave(self, room: Room) -> None:
        """Leave a room."""
        title = self.model.title(room)

        def done(got: Done | Failed | RoomsListed | Fetched) -> None:
            if isinstance(got, Failed):
                self._say(got.text, bad=True)
            else:
                self._say(f"You left {title}")

        self._answers[self._client.leave(room.room)] = done

    def rename(self, nick: str, answer: Callable[[str], None]) -> None:
        """Take another nickname; ``answer`` gets "" or the reason why not."""
        try:
            nick = clean_nick(nick)
        except BadNameError as error:
            answer(str(error))
            return

        def done(got: Done | Failed | RoomsListed | Fetched) -> None:
            if isinstance(got, Done):
                self.model.nick = got.text or nick
                self._show(Part.ME)
                answer("")
            elif isinstance(got, Failed):
                answer(got.text)

        self._answers[self._client.rename(nick)] = done

    # --- messages ---------------------------------------------------------

    def send_text(self, text: str) -> str:
        """Send to the open room; return "" or the reason why not."""
        room = self.model.room
        if room is None:
            return "Join a room first"
        if not text.strip():
            return "There is nothing to send yet"
        if len(text) > TEXT_MAX_CHARS:
            over = len(text) - TEXT_MAX_CHARS
            return f"Too long by {over:,}: a message may have {TEXT_MAX_CHARS:,} characters"
        self._client.send_text(room.room, text)
        return ""

    def send_image(self, path: Path, caption: str = "") -> None:
        """Send a picture to the open room."""
        room = self.model.room
        if room is None:
            return
        request = self._client.send_image(room.room, path, caption)
        self._show(self.model.start_transfer(Transfer(request, room.room, path.name, True)))

    def fetch(
        self, room: bytes, sha256: bytes, size: int, answer: Callable[[Path | None, str], None]
    ) -> int:
        """Fetch a picture; ``answer`` gets its path, or None and the reason why not."""

        def done(got: Done | Failed | RoomsListed | Fetched) -> None:
            if isinstance(got, Fetched):
                answer(got.path, "")
            elif isinstance(got, Failed):
                answer(None, got.text)

        request = self._client.fetch(room, sha256, size)
        self._answers[request] = done
        transfer = Transfer(request, room, "", False, 0, size, sha256)
        self._show(self.model.start_transfer(transfer))
        return request

    def cancel(self, request: int) -> None:
        """End a transfer."""
        self._client.cancel(request)

    def retry_now(self) -> None:
        """Connect without waiting."""
        self._client.retry_now()

    def refresh_people(self) -> None:
        """Ask who is on the server."""
        self._client.people()
