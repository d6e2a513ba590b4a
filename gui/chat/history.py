"""What of a room's history is loaded into the model: older, later, around a message, quotes.

One question of a room at a time; what nobody looks at is not asked for. Lives in
the Tk thread.
"""

from collections.abc import Callable

from gui.chat.asking import Got
from gui.chat.model import Part
from gui.chat.ordering import Ordering
from gui.chat.room import Room
from protocol.client.happenings import Done, Failed, Gathered, Link, Loaded
from protocol.items import SAID

PRIME = 40
"""Messages asked for of every room at the start: a last line and an unread count."""
PAGE = 100
"""Messages asked for when somebody scrolls."""
QUOTES_AT_ONCE = 30
"""Answered messages that are asked for at a time; the others when their turn comes."""


class History(Ordering):
    """The part of the controller that loads history."""

    _quoting: set[tuple[bytes, int]]

    def prime(self) -> None:
        """Ask for the newest messages of every room that has none yet."""
        for room in self.model.rooms.values():
            if not room.primed and not room.asked:
                room.primed = True
                self._load(room, "start", self._client.history(room.room, 0, PRIME))

    def older(self) -> None:
        """The top of what is loaded comes near: ask for the page before it."""
        room = self.model.room
        if room is None or room.asked or not room.more or room.trouble:
            return
        room.primed = True
        self._load(room, "older", self._client.history(room.room, room.first_seq, PAGE))

    def newer(self) -> None:
        """The bottom of what is loaded comes near: ask for the page behind it."""
        room = self.model.room
        if room is None or room.asked or not room.newer or room.trouble:
            return
        self._load(room, "later", self._client.later(room.room, room.last_seq, PAGE))

    def jump(self, seq: int) -> None:
        """Show a message of the open room wherever it is, and make it shine."""
        room = self.model.room
        if room is None or seq < 1:
            return
        # What the server told of a room's end is older than what came since.
        latest = room.latest.seq if room.latest is not None else 0
        if room.info is not None and seq > max(room.info.head, room.last_seq, latest):
            return
        if room.entries and room.first_seq <= seq <= room.last_seq:
            if self._view is not None:
                self._view.flash(seq)
            return

        def there() -> None:
            if self.model.room is room and self._view is not None:
                self._view.flash(seq)

        self._load(room, "around", self._client.around(room.room, seq, PAGE), there)

    def to_end(self) -> None:
        """Go to the newest message of the open room, which may have to be loaded."""
        room = self.model.room
        if room is None:
            return
        if not room.newer:
            if self._view is not None:
                self._view.bottom()
            return

        def there() -> None:
            room.newer = False
            if self.model.room is room and self._view is not None:
                self._view.bottom()

        self._load(room, "around", self._client.history(room.room, 0, PAGE), there)

    def try_again(self) -> None:
        """Ask again for history that failed; connect now if the line is down."""
        room = self.model.room
        if room is not None:
            room.trouble = ""
        if self.model.link.link is not Link.ONLINE:
            self._client.retry_now()
        self.older()

    def gather(
        self, room: bytes, progress: Callable[[int, int], None], done: Callable[[str], None]
    ) -> int:
        """Fetch the whole history of a room.

        ``progress(low, high)`` tells what is held, ``done`` gets "" or why it ended early.
        """

        def got(what: Got) -> None:
            if isinstance(what, Gathered):
                progress(what.low, what.high)
            elif isinstance(what, Failed):
                done(self._refusal(what))
            elif isinstance(what, Done):
                done("")

        return self._ask(self._client.gather(room), got)

    def _load(
        self, room: Room, where: str, request: int, then: Callable[[], None] | None = None
    ) -> None:
        room.asked = request

        def got(what: Got) -> None:
            if room.asked == request:
                room.asked = 0
            elif where != "start":
                return  # the view went elsewhere meanwhile
            if isinstance(what, Loaded):
                self._show(self.model.loaded(what, where))
                self._quote(room)
                if then is not None:
                    then()
            elif isinstance(what, Failed):
                why = self._refusal(what)
                room.primed = bool(room.entries)
                if where == "around":
                    # What is shown stays as it was: only whoever wanted to go there hears it.
                    self._say(why, bad=True)
                else:
                    room.trouble = why
                self._show(Part.TIMELINE)

        self._ask(request, got)

    def _entered(self) -> None:
        """Another room is open: ask for what only an open one needs."""
        if self.model.room is not None:
            self._quote(self.model.room)
            self._ask_marks()
            self._look_around()

    def _ask_marks(self) -> None:
        """Ask how far others have read the open room; large rooms have no marks."""
        room = self.model.room
        online = self.model.link.link is Link.ONLINE
        if room is not None and online and self._context.settings.read_marks:
            self._hushed.append(self._client.marks(room.room))

    def _quote(self, room: Room) -> None:
        """Ask for the messages that loaded ones answer, where they are on this machine."""
        low = room.info.low if room.info is not None else 0
        wanted = 0
        for entry in reversed(room.entries):
            seq = entry.reply if entry.kind in SAID else 0
            if not seq or seq <= low or room.entry(seq) or (room.room, seq) in self._quoting:
                continue
            self._quoting.add((room.room, seq))
            self._ask_quote(room, seq)
            wanted += 1
            if wanted == QUOTES_AT_ONCE:
                return

    def _ask_quote(self, room: Room, seq: int) -> None:
        def got(what: Got) -> None:
            self._quoting.discard((room.room, seq))
            if isinstance(what, Loaded) and what.messages and what.messages[-1].seq == seq:
                self._show(self.model.quote(what))

        self._ask(self._client.history(room.room, seq + 1, 1), got)
