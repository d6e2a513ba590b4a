"""Going among rooms: showing and reading one, joining, leaving, and what of each may disturb.

Lives in the Tk thread. What was asked of the server is answered by "" or by the reason why
not, a sentence in the person's language.
"""

from collections.abc import Callable, Iterable, Sequence

from gui.chat.asking import Got
from gui.chat.history import History
from gui.chat.model import Part
from gui.chat.room import Notify, Room, Sound
from gui.words import wording
from protocol.client.happenings import Done, Failed, OpenRoom, RoomsListed
from protocol.errors import BadNameError
from protocol.names import clean_room_name


class Roaming(History):
    """The part of the controller that goes from room to room."""

    focused: bool
    """Whether the window has the focus: what nobody looks at was not seen."""
    _leaving: set[bytes]
    """Rooms that one has asked to leave, until that is answered."""
    _open_next: bytes
    """The room to show once the server has named it, or empty bytes."""

    def open_room(self, room: bytes) -> None:
        """Show a room."""
        self._open_next = b""
        part = self.model.open(room)
        if part:
            self._entered()
        self._show(part)

    def next_room(self, step: int) -> None:
        """Show the next room of the list, or the one before."""
        rooms = [room.room for room in self.model.ordered()]
        if rooms:
            at = rooms.index(self.model.active) if self.model.active in rooms else 0
            self.open_room(rooms[(at + step) % len(rooms)])

    def seen(self) -> None:
        """The end of the open room is in view."""
        room = self.model.room
        if room is None or not self.focused or room.newer:
            return
        before = room.read
        part = self.model.mark_read(room)
        if room.read > max(0, before):
            self._remember()
            if self._context.settings.read_marks:
                self._client.mark(room.room, room.read)
        self._show(part)

    def mark_read(self, room: Room) -> None:
        """Count a room as read without looking at it."""
        before = room.read
        part = self.model.mark_read(room)
        room.unread_from = 0
        if room.read > max(0, before):
            self._remember()
            if self._context.settings.read_marks:
                self._client.mark(room.room, room.read)
        self._show(part | Part.TIMELINE)

    def notify(self, room: Room, notify: Notify) -> None:
        """Choose what of a room makes a notification."""
        room.notify, room.quiet_until = notify, 0.0
        self._remember()
        self._show(Part.ROOMS)

    def sound(self, room: Room, sound: Sound) -> None:
        """Choose how notifications of a room sound."""
        room.sound = sound
        self._remember()
        self._show(Part.ROOMS)

    def mute_for(self, room: Room, seconds: float) -> None:
        """Have a room make no notification for a while; 0 ends it."""
        room.quiet_until = self._clock() + seconds if seconds else 0.0
        self._remember()
        self._show(Part.ROOMS)

    def quiet(self, room: Room) -> bool:
        """Whether a room makes no notifications just now."""
        return room.notify is Notify.NONE or self.muted(room)

    def muted(self, room: Room) -> bool:
        """Whether a room makes no notifications for a while."""
        return room.quiet_until > self._clock()

    def list_rooms(self, answer: Callable[[tuple[OpenRoom, ...], str], None]) -> None:
        """Ask for the open rooms; ``answer`` gets them, or a reason why not."""

        def done(got: Got) -> None:
            if isinstance(got, RoomsListed):
                answer(got.rooms, "")
            elif isinstance(got, Failed):
                answer((), self._refusal(got))

        self._ask(self._client.open_rooms(), done)

    def join(self, name: str, answer: Callable[[str], None], create: bool = True) -> None:
        """Join (or create) a room and show it; ``answer`` gets "" or the reason why not."""
        try:
            name = clean_room_name(name)
        except BadNameError as error:
            answer(self._context.tr(f"window.name_{error.why}"))
            return
        self._ask(self._client.join(name, create), self._then_open(answer))

    def make_private(
        self, name: str, people: Sequence[bytes], answer: Callable[[str], None]
    ) -> None:
        """Make a room by invitation and show it; ``answer`` gets "" or the reason why not."""
        try:
            name = clean_room_name(name)
        except BadNameError as error:
            answer(self._context.tr(f"window.name_{error.why}"))
            return
        self._ask(self._client.make_private(name, tuple(people)), self._then_open(answer))

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
        self._ask(self._client.direct(tuple(people)), self._then_open(answer))

    def _then_open(self, answer: Callable[[str], None]) -> Callable[[Got], None]:
        def done(got: Got) -> None:
            if isinstance(got, Failed):
                answer(self._refusal(got))
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
        self._leaving.add(room.room)

        def done(got: Got) -> None:
            self._leaving.discard(room.room)
            if isinstance(got, Failed):
                self._say(self._refusal(got), bad=True)
            else:
                self._say(self._context.tr("window.left", room=title))

        self._ask(self._client.leave(room.room), done)

    def _no_longer_in(self, before: Iterable[Room]) -> None:
        """Tell which of these rooms one is not in any more, if one did not ask to leave them."""
        for room in before:
            if room.room not in self.model.rooms and room.room not in self._leaving:
                name = self.model.title(room)
                words, last = self._context.tr("order.no_longer", room=name), room.latest
                if last is not None and last.body.get("who") == self.model.me:
                    # Put out: the last thing that came says by whom, and why.
                    words = f"{words}\n{wording.content(self._context.tr, last)}"
                self._say(words, bad=True)

    def _remember(self) -> None:
        raise NotImplementedError
