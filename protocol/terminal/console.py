"""What both terminal clients have in common: a client, a room to talk in, lines to carry out.

Lines wait until the server is reached for the first time and the room is entered; when it is not
reached, they go to the outbox of what is known from before. Requests may have a continuation,
which takes their answer instead of the screen. One thread; the happenings come to it
through a queue.
"""

from collections.abc import Callable, Sequence
from typing import Final

from protocol.client.client import Client
from protocol.client.happenings import (
    Acked,
    ActDone,
    AuditKnown,
    DevicesKnown,
    Done,
    Failed,
    Fetched,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    MembersKnown,
    OrderKnown,
    PeopleKnown,
    Queued,
    Refused,
    RoomsListed,
)
from protocol.codes import ErrorCode
from protocol.terminal.roster import Roster

GENERAL: Final = "general"

_PASSING = (ErrorCode.UNAVAILABLE, ErrorCode.BUSY)

Then = Callable[[Happening], None]

_FINAL = (
    Done, Failed, Loaded, PeopleKnown, RoomsListed, Fetched, Queued,
    ActDone, OrderKnown, MembersKnown, DevicesKnown, AuditKnown,
)  # fmt: skip
"""The happenings that end a request."""


class Console:
    """A base: subclasses say how to show a happening and how to carry out a line."""

    def __init__(self, client: Client, room_name: str) -> None:
        """Talk in ``room_name`` unless a line says otherwise."""
        self.client = client
        self.roster = Roster()
        self.room = b""
        self.ready = False
        self.online = False
        self.reached = False
        """Whether it was ever connected."""
        self.leaving = False
        """A line asked to end the program."""
        self.trouble = ""
        """Why it makes no sense to go on, if so."""
        self._room_name = room_name
        self._entering = False
        self._held: list[str] = []
        self._then: dict[int, Then] = {}
        self._waiting: set[tuple[bytes, int]] = set()

    def show(self, happening: Happening) -> None:
        """Show what happened."""
        raise NotImplementedError

    def carry_out(self, line: str) -> None:
        """Do what a line says."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether something is not done yet: a line, a request, a message without its ack."""
        return bool(self._held or self._then or self._waiting)

    @property
    def held(self) -> int:
        """How many lines could not be carried out yet."""
        return len(self._held)

    def line(self, line: str) -> None:
        """Take a line of input."""
        if self.ready:
            self.carry_out(line)
        else:
            self._held.append(line)

    def take(self, happening: Happening) -> None:
        """Take a happening."""
        self.roster.take(happening)
        if isinstance(happening, Queued):
            self._waiting.add((happening.room, happening.n))
        elif isinstance(happening, Acked | Refused):
            self._waiting.discard((happening.room, happening.n))
        elif isinstance(happening, LinkChanged):
            self.online = happening.link is Link.ONLINE
            self.reached |= self.online
            if happening.link is Link.REFUSED:
                self.trouble = happening.text
        then = None
        if isinstance(happening, _FINAL):
            then = self._then.pop(happening.request, None)
        if then is not None:
            then(happening)
        else:
            self.show(happening)
        if self.online and not self.ready and not self._entering:
            self._enter()

    def go_on_offline(self) -> None:
        """The server is not reached: carry lines out with what is known from before, if any."""
        room = self.roster.find_room(self._room_name)
        if room is not None and not self.ready:
            self._entered(room)

    def after(self, request: int, then: Then) -> None:
        """Have the answer to a request given to ``then``."""
        self._then[request] = then

    def settle(self, request: int, happening: Happening) -> None:
        """Give a request an answer that does not name it, unless it has one already."""
        then = self._then.pop(request, None)
        if then is not None:
            then(happening)

    def _enter(self) -> None:
        self._entering = True
        rooms = self.roster.rooms_called(self._room_name)
        if len(rooms) == 1:
            self._entered(rooms[0])
        elif rooms:
            self.trouble = several(self._room_name, rooms)
        else:
            self.after(self.client.join(self._room_name), self._joined)

    def _joined(self, happening: Happening) -> None:
        if isinstance(happening, Done):
            self._entered(happening.room)
            return
        self._entering = False
        if isinstance(happening, Failed) and happening.code not in _PASSING:
            # Not to another room instead: what is said is meant for this one.
            self.trouble = f"cannot enter {self._room_name}: {happening.text}"

    def _entered(self, room: bytes) -> None:
        self.room = room
        self.ready = True
        self.begun()
        held, self._held = self._held, []
        for line in held:
            self.carry_out(line)

    def begun(self) -> None:
        """The room is entered; before the first line is carried out."""


def several(name: str, rooms: Sequence[bytes]) -> str:
    """Return one line that asks which of the rooms of this name is meant."""
    ids = ", ".join(room.hex() for room in rooms)
    return f"you are in {len(rooms)} rooms that are called {name}: name one by its id ({ids})"
