"""What all desks of the broker share: the books, the batch of the drain, and who is told what.

A desk takes requests of one kind (:mod:`broker.roomdesk`, :mod:`broker.peopledesk`,
:mod:`broker.orderdesk`); :class:`broker.desk.Desk` hands each to its own. Pure but for the parts it
is given. Owned by the broker's main thread.
"""

from collections.abc import Callable
from typing import Any

from broker.directory import Directory, Person, Room
from broker.grants import FindGrant
from broker.journal import AuditRow, Batch
from broker.marks import Marks
from broker.meters import Meters
from broker.order import Order
from broker.profiles import Profiles
from broker.sequencer import Sequencer
from broker.sessions import Session, Sessions
from broker.tickets import Tickets
from broker.writing import Writing
from protocol.backplane import Down
from protocol.codes import ErrorCode, EventKind, Purpose, Role, RoomKind
from protocol.errors import WireError
from protocol.frames import AnyFrame, encode
from protocol.items import encode_item
from protocol.limits import NOTICE_MEMBERS_MAX

FindAudit = Callable[[int, int], list[AuditRow]]
"""As :meth:`broker.journal.Journal.audit`."""


class Office:
    """The books of a broker, and the drain that is being handled."""

    def __init__(
        self,
        directory: Directory,
        sequencer: Sequencer,
        sessions: Sessions,
        marks: Marks,
        profiles: Profiles,
        order: Order,
        find_grant: FindGrant,
        find_audit: FindAudit,
        meters: Meters,
    ) -> None:
        """Work on these."""
        self.directory = directory
        self.sequencer = sequencer
        self.sessions = sessions
        self.marks = marks
        self.profiles = profiles
        self.order = order
        self.find_grant = find_grant
        self.find_audit = find_audit
        self.meters = meters
        self.writing = Writing(order)
        self.tickets = Tickets()
        self.typed: list[tuple[bytes, bytes]] = []
        """Room and frame to publish after the drain: who is typing. No more than operations."""
        self.batch = Batch()
        self.wall_ms = 0
        self.now_ms = 0

    def begin(self, batch: Batch, wall_ms: int, now_ms: int) -> None:
        """Start a drain at this time, wall clock and monotonic; changes go into ``batch``."""
        self.batch = batch
        self.wall_ms = wall_ms
        self.now_ms = now_ms
        self.typed.clear()

    # --- finding ----------------------------------------------------------------------

    def own_room(self, session: Session, room_id: bytes) -> Room:
        """Return a room that the person is in; raise :class:`WireError`."""
        room = self.directory.rooms.get(room_id)
        # Alike for a room that is not there: that a direct message exists is nobody's business.
        if room is None or room.no not in session.device.person.rooms:
            raise WireError(ErrorCode.NOT_MEMBER, "room", "you are not in this room")
        return room

    def need_person(self, person: bytes) -> Person:
        """Return the person with this id; raise :class:`WireError`."""
        found = self.directory.people.get(person)
        if found is None:
            raise WireError(ErrorCode.NO_PERSON, "person", "there is no such person")
        return found

    def need_voice(self, session: Session, room: Room | None = None) -> None:
        """Raise :class:`WireError` if whoever asks is muted on the server, or in this room."""
        self.order.need_voice(session.device.person, self.wall_ms, room)

    # --- telling ----------------------------------------------------------------------

    def answer(self, session: Session, frame: AnyFrame) -> None:
        """Queue a frame for a session."""
        session.tell(Down.FRAME, encode(frame))

    def tell_talking(
        self,
        session: Session | None,
        person: Person,
        frame: Callable[[int], AnyFrame],
        request: int,
    ) -> None:
        """Tell all talking sessions of a person; the one that asked with its request."""
        for theirs in self.sessions.of(person):
            if theirs.purpose is Purpose.TALK:
                self.answer(theirs, frame(request if theirs is session else 0))

    def row(self, room: Room) -> list[Any]:
        """Return a row of room, kind, name, head, members."""
        members: list[list[Any]] = []
        if room.kind is RoomKind.DIRECT:
            members = [[one.person, one.nick] for one in room.members.values()]
        return [room.room, int(room.kind), room.name, room.head, members]

    def tell_entered(self, session: Session, request: int, room: Room) -> None:
        """Tell a session that it is in a room."""
        session.tell(Down.ENTERED, request, *self.row(room))

    def notice(self, room: Room, person: Person, what: str, **body: Any) -> None:
        """Place an event that tells what somebody did; without a ``text`` that is empty."""
        told = {name: value for name, value in body.items() if type(value) is not str or value}
        item = encode_item(EventKind.NOTICE, {"what": what, **told})
        self.sequencer.notice(room, person, item)

    def notice_where_small(self, room: Room, person: Person, what: str, **body: Any) -> None:
        """Place an event that would be noise in a crowd."""
        if len(room.members) <= NOTICE_MEMBERS_MAX:
            self.notice(room, person, what, **body)

    # --- coming and going ---------------------------------------------------------------

    def enter(
        self,
        room: Room,
        person: Person,
        session: Session | None,
        request: int,
        by: Person | None = None,
    ) -> bool:
        """Make the person a member and tell everybody concerned; False if it was one.

        ``session`` asked for it, or nobody did; ``by`` brought the person in.
        """
        if not self.directory.join(room, person, self.batch):
            return False
        brought = {"who": by.person, "nick": by.nick} if by is not None else {}
        self.notice_where_small(room, person, "joined", **brought)
        for theirs in self.sessions.of(person):
            self.tell_entered(theirs, request if theirs is session else 0, room)
        if person.muted_until or person.role or person.no in room.standings:
            self.order.changed(room)
        return True

    def part(
        self, room: Room, person: Person, session: Session | None, request: int, by: Person
    ) -> None:
        """End a membership, whatever hangs on it, and tell all sessions of the person.

        ``by`` did it: the person, or somebody in charge.
        """
        self.directory.leave(room, person, self.batch)
        self.marks.forget(room, person)
        self.tell_heir(room, self.order.left(room, person, self.batch), by)
        for theirs in self.sessions.of(person):
            theirs.tell(Down.LEFT, request if theirs is session else 0, room.room)

    def tell_heir(self, room: Room, heir: Person | None, by: Person) -> None:
        """Tell a private room who owns it now, if somebody else does."""
        if heir is not None:
            owner = int(Role.OWNER)
            self.notice(room, by, "role", who=heir.person, nick=heir.nick, value=owner)
