"""Requests about rooms: which there are, joining and leaving, who is in them, who has read how far.

Owned by the broker's main thread.
"""

from collections.abc import Iterable

from broker.directory import Person, Room
from broker.meters import Deed
from broker.office import Office
from broker.sessions import Session
from protocol.codes import ErrorCode, EventKind, Role, RoomKind
from protocol.errors import WireError
from protocol.frames import (
    Add,
    Direct,
    Done,
    Hand,
    Join,
    Leave,
    Mark,
    Marked,
    Members,
    MembersPage,
    Private,
    Rooms,
    RoomsPage,
    Typed,
    Typing,
    encode,
)
from protocol.frames import Marks as AskMarks
from protocol.limits import MARKS_MEMBERS_MAX


class RoomDesk:
    """Answers requests about rooms."""

    def __init__(self, office: Office) -> None:
        """Work with these books."""
        self._office = office
        self._directory = office.directory

    def rooms(self, session: Session, frame: Rooms) -> None:
        """Open rooms, a page of them."""
        rooms, more = self._directory.rooms_page(frame.after, frame.limit)
        mine = session.device.person.rooms
        rows = [[one.room, one.name, len(one.members), one.no in mine] for one in rooms]
        self._office.answer(session, RoomsPage(frame.request, more, rows))

    def join(self, session: Session, frame: Join) -> None:
        """Enter an open room, or make it; whoever makes it owns it."""
        room = self._directory.open_room(frame.name)
        person = session.device.person
        if room is None:
            if not frame.create:
                raise WireError(ErrorCode.NO_ROOM, "name", "there is no room of this name")
            self._office.need_voice(session)
            self._directory.need_place(person)  # else the room would stay without anybody in it
            self._office.meters.need(person.no, Deed.MAKE, self._office.now_ms)
            room = self._directory.create(frame.name, self._office.batch)
            self._found(room, person)
        if not self._office.enter(room, person, session, frame.request):
            self._office.tell_entered(session, frame.request, room)

    def _found(self, room: Room, person: Person) -> None:
        """Begin a room that is new: its order, and its first event."""
        self._office.order.meet(room)
        self._office.order.set_role(room, person, Role.OWNER, self._office.batch)
        self._office.notice(room, person, "created")

    def private(self, session: Session, frame: Private) -> None:
        """Make a private room with these people in it."""
        person = session.device.person
        self._office.need_voice(session)
        others = [one for one in self._directory.need_people(frame.people) if one is not person]
        self._need_together([person, *others], [], RoomKind.PRIVATE)
        self._directory.need_place(person)
        for one in others:
            self._need_welcome(one)
        room = self._directory.create_private(frame.name, self._office.batch)
        self._found(room, person)
        self._office.enter(room, person, session, frame.request)
        for one in others:
            self._office.enter(room, one, None, 0, by=person)

    def add(self, session: Session, frame: Add) -> None:
        """Bring people into a private room: all of them, or nobody."""
        person = session.device.person
        room = self._office.own_room(session, frame.room)
        if room.kind is not RoomKind.PRIVATE:
            raise WireError(ErrorCode.FIELD, "room", "people are brought into private rooms only")
        self._office.order.need_role(room, person)
        self._office.need_voice(session, room)
        people = self._directory.need_people(frame.people)
        fresh = [one for one in people if one.no not in room.members]
        # Of those who are there others may be held by a rule: they write no more, that is all.
        self._need_together([person, *fresh], room.members.values(), RoomKind.PRIVATE)
        for one in fresh:
            self._need_welcome(one)
            self._directory.need_admission(room, one, "people")
        for one in fresh:
            self._office.enter(room, one, None, 0, by=person)
        self._office.answer(session, Done(frame.request))

    def _need_together(
        self, people: Iterable[Person], there: Iterable[Person], kind: RoomKind
    ) -> None:
        """Raise :class:`WireError` if the rule of a room keeps some from being apart with all."""
        bound = list(people)
        everybody = {one.no: one for one in (*there, *bound)}
        ban = self._office.writing.apart_forbidden(bound, everybody, kind)
        if ban is not None:
            raise WireError(ErrorCode.FORBIDDEN, *ban)

    def _need_welcome(self, person: Person) -> None:
        if person.banned:
            text = f"{person.nick} is banned from this server"
            raise WireError(ErrorCode.BANNED, "people", text)
        self._directory.need_place(person, "people")

    def direct(self, session: Session, frame: Direct) -> None:
        """Find or make the direct message of these people."""
        person = session.device.person
        others = self._directory.need_people(frame.people)
        known = self._directory.find_direct([person, *others])
        if known is None and not any(one.role >= Role.MODERATOR for one in others):
            self._office.need_voice(session)
        self._need_together([person, *others], [], RoomKind.DIRECT)
        if known is None:
            self._office.meters.need(person.no, Deed.MAKE, self._office.now_ms)
        room, fresh = self._directory.direct(person, others, self._office.batch)
        for one in fresh:
            for theirs in self._office.sessions.of(one):
                if theirs is not session:
                    self._office.tell_entered(theirs, 0, room)
        self._office.tell_entered(session, frame.request, room)

    def leave(self, session: Session, frame: Leave) -> None:
        """Leave an open or a private room."""
        person = session.device.person
        room = self._office.own_room(session, frame.room)
        if room.kind is RoomKind.DIRECT:
            raise WireError(ErrorCode.FIELD, "room", "a direct message cannot be left")
        self._office.notice_where_small(room, person, "left")
        self._office.part(room, person, session, frame.request, by=person)

    def members(self, session: Session, frame: Members) -> None:
        """Who is in a room, a page of them."""
        room = self._office.own_room(session, frame.room)
        people, more = self._directory.members_page(room, frame.after, frame.limit)
        online, role = self._office.sessions.online, self._office.order.role
        rows = [[one.person, one.nick, online(one), int(role(room, one))] for one in people]
        self._office.answer(session, MembersPage(frame.request, room.room, more, rows))

    def typing(self, session: Session, frame: Typing) -> None:
        """Somebody writes: tell a small room, if they may say something there."""
        office, person = self._office, session.device.person
        room = office.own_room(session, frame.room)
        if len(room.members) > MARKS_MEMBERS_MAX:
            return
        if office.writing.forbidden(room, person, EventKind.TEXT, office.wall_ms) is None:
            office.typed.append((room.room, encode(Typed(room.room, person.person))))

    def hand(self, session: Session, frame: Hand) -> None:
        """Somebody's hand goes up or down."""
        room = self._office.own_room(session, frame.room)
        if room.kind is RoomKind.DIRECT:
            raise WireError(ErrorCode.FIELD, "room", "a direct message has no hands")
        if frame.up:
            self._office.need_voice(session, room)
        self._office.order.raise_hand(room, session.device.person, frame.up)

    def mark(self, session: Session, frame: Mark) -> None:
        """Somebody has read a room so far."""
        room = self._office.own_room(session, frame.room)
        if frame.seq > room.head:
            raise WireError(ErrorCode.FIELD, "seq", "is beyond the last event of the room")
        self._office.marks.move(room, session.device.person, frame.seq)

    def tell_marks(self, session: Session, frame: AskMarks) -> None:
        """Who has read a room how far."""
        room = self._office.own_room(session, frame.room)
        marks = self._office.marks.of(room)
        self._office.answer(session, Marked(frame.request, room.room, marks))
