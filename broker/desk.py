"""The broker's desk: takes every operation of the gateways and decides what follows.

It calls the directory, the sequencer and the sessions, and queues answers at the
gateways; the server stores, sends and publishes after it. A fault of one client becomes
an ERROR frame for that client. Pure but for the parts it is given. Owned by
the broker's main thread.
"""

import logging
from collections.abc import Callable
from typing import Any

from broker.directory import GENERAL, Directory, Person, Room
from broker.journal import Batch
from broker.marks import Marks
from broker.profiles import Profiles
from broker.sequencer import Sequencer
from broker.sessions import Gateway, Session, Sessions
from protocol.backplane import Down, Up
from protocol.codes import ErrorCode, EventKind, Kind, Purpose, RoomKind
from protocol.errors import DamagedError, WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    Busy,
    Bye,
    Direct,
    Error,
    Join,
    Leave,
    Link,
    Linked,
    Mark,
    Marked,
    People,
    PeoplePage,
    Portraits,
    PortraitsPage,
    Presence,
    Profile,
    Profiled,
    Refused,
    Rename,
    Renamed,
    Rooms,
    RoomsPage,
    Typed,
    Typing,
    decode,
    encode,
)
from protocol.frames import Marks as AskMarks
from protocol.items import encode_item
from protocol.limits import (
    LINK_TOKEN_MS,
    MARKS_MEMBERS_MAX,
    NOTICE_MEMBERS_MAX,
    PEOPLE_PAGE_MAX,
)

log = logging.getLogger("broker")

_REFUSED_RETRY_MS = 60_000
_FULL_RETRY_MS = 2_000
"""On a full disk: often enough that everybody is back soon, seldom enough for a crowd."""
_DAMAGED_RETRY_MS = 60_000
"""Until somebody has restored the journal, or given the broker another one."""
_FULL_TEXT = "the server's disk is full: its admin must make room"
_WRITING = frozenset({Kind.JOIN, Kind.DIRECT, Kind.LEAVE, Kind.RENAME, Kind.LINK, Kind.PROFILE})
"""Requests that change what is stored."""


class Desk:
    """Handles operations; one drain at a time, between ``begin`` and the commit."""

    def __init__(
        self,
        directory: Directory,
        sequencer: Sequencer,
        sessions: Sessions,
        marks: Marks,
        profiles: Profiles,
    ) -> None:
        """Work on these."""
        self.full = False
        """The disk has no room: nothing may go into the batch."""
        self._directory = directory
        self._sequencer = sequencer
        self.sessions = sessions
        self._marks = marks
        self._profiles = profiles
        self.typed: list[tuple[bytes, bytes]] = []
        """Room and frame to publish after the drain: who is typing. No more than operations."""
        self._batch = Batch()
        self._now_ms = 0
        self._requests: dict[Kind, Callable[[Session, Any], None]] = {
            Kind.PEOPLE: self._people,
            Kind.ROOMS: self._rooms,
            Kind.JOIN: self._join,
            Kind.DIRECT: self._direct,
            Kind.LEAVE: self._leave,
            Kind.RENAME: self._rename,
            Kind.LINK: self._link,
            Kind.TYPING: self._typing,
            Kind.MARK: self._mark,
            Kind.MARKS: self._tell_marks,
            Kind.PROFILE: self._profile,
            Kind.PORTRAITS: self._portraits,
        }

    def begin(self, batch: Batch, now_ms: int) -> None:
        """Start a drain at wall-clock ``now_ms``; changes go into ``batch``."""
        self._batch = batch
        self._now_ms = now_ms
        self.typed.clear()

    def ensure_general(self) -> None:
        """Make the room that every server has."""
        if self._directory.open_room(GENERAL) is None:
            self._directory.create(GENERAL, self._batch)

    def handle(self, gateway: Gateway, operation: list[Any]) -> None:
        """Take one operation of a registered gateway."""
        code = operation[0]
        if code == Up.RUN:
            self._run(gateway, *operation[1:6])
        elif code == Up.ASK:
            self._ask(gateway, operation[1], operation[2])
        elif code == Up.OPEN:
            self._open(gateway, *operation[1:6])
        elif code == Up.CLOSE:
            session = gateway.sessions.get(operation[1])
            if session is not None:
                self.sessions.close(session)
        elif code != Up.BEAT:
            log.warning("unknown_operation code=%s", code)

    # --- sessions -------------------------------------------------------------------

    def _open(
        self, gateway: Gateway, slot: int, key: bytes, nick: str | None, token: str | None, to: int
    ) -> None:
        device = self._directory.device(key)
        if device is None:
            if self.full:
                bye = encode(Bye(ErrorCode.UNAVAILABLE, _FULL_TEXT, _FULL_RETRY_MS, []))
                gateway.out.append([Down.CLOSED, slot, bye])
                return
            try:
                device = self._directory.enrol(key, nick, token, self._now_ms, self._batch)
            except WireError as error:
                bye = encode(Bye(error.code, error.text, _REFUSED_RETRY_MS, []))
                gateway.out.append([Down.CLOSED, slot, bye])
                return
            person = device.person
            if person.devices == 1:
                general = self._directory.open_room(GENERAL)
                if general is not None:
                    self._enter(general, person, {})
        session = self.sessions.open(gateway, slot, device, Purpose(to))
        person = device.person
        rooms = [self._row(room) for room in person.rooms.values()]
        session.tell(Down.OPENED, person.person, person.nick, rooms)

    def _row(self, room: Room) -> list[Any]:
        members: list[list[Any]] = []
        if room.kind is RoomKind.DIRECT:
            members = [[one.person, one.nick] for one in room.members.values()]
        return [room.room, int(room.kind), room.name, room.head, members]

    # --- messages -------------------------------------------------------------------

    def _run(
        self,
        gateway: Gateway,
        slot: int,
        room_id: bytes,
        outbox_epoch: bytes,
        first_n: int,
        elements: list[Any],
    ) -> None:
        session = gateway.sessions.get(slot)
        if session is None:
            return  # its CLOSE came first; the client sends again when it is back
        room = self._directory.rooms.get(room_id)
        if room is None:
            count = len(elements)
            no_room = Refused(
                room_id,
                outbox_epoch,
                first_n,
                count,
                ErrorCode.NO_ROOM,
                "room",
                "there is no such room",
            )
            session.tell(Down.DONE, count, encode(no_room))
            return
        retry_ms = _FULL_RETRY_MS
        if not self.full:
            device = session.device
            try:
                for answer in self._sequencer.submit(
                    device.person, device, room, outbox_epoch, first_n, elements
                ):
                    session.tell(Down.DONE, answer.settled, answer.frame)
                return
            except DamagedError as error:
                # It costs this outbox alone; whether its messages are stored nobody can say.
                log.error("journal_damaged room_no=%d error=%s", room.no, error)
                retry_ms = _DAMAGED_RETRY_MS
        busy = Busy(room_id, outbox_epoch, first_n, retry_ms)
        session.tell(Down.DONE, len(elements), encode(busy))

    # --- requests -------------------------------------------------------------------

    def _ask(self, gateway: Gateway, slot: int, data: bytes) -> None:
        session = gateway.sessions.get(slot)
        if session is None:
            return
        request = kind = 0
        try:
            frame = decode(data)
            kind = KIND_OF[type(frame)]
            request = getattr(frame, "request", 0)
            handler = self._requests.get(Kind(kind))
            if handler is None:
                raise WireError(ErrorCode.MISTIMED, "kind", "this is not a request")
            if self.full and kind in _WRITING:
                raise WireError(ErrorCode.BUSY, "", _FULL_TEXT)
            handler(session, frame)
        except WireError as error:
            self._answer(session, Error(error.code, error.field, error.text, kind, request))

    def _answer(self, session: Session, frame: AnyFrame) -> None:
        session.tell(Down.FRAME, encode(frame))

    def _people(self, session: Session, frame: People) -> None:
        people, more = self._directory.people_page(frame.after, frame.limit)
        rows = [self.sessions.row(one) for one in people]
        self._answer(session, PeoplePage(frame.request, more, rows))

    def _rooms(self, session: Session, frame: Rooms) -> None:
        rooms, more = self._directory.rooms_page(frame.after, frame.limit)
        mine = session.device.person.rooms
        rows = [[one.room, one.name, len(one.members), one.no in mine] for one in rooms]
        self._answer(session, RoomsPage(frame.request, more, rows))

    def _join(self, session: Session, frame: Join) -> None:
        room = self._directory.open_room(frame.name)
        person = session.device.person
        if room is None:
            if not frame.create:
                raise WireError(ErrorCode.NO_ROOM, "name", "there is no room of this name")
            self._directory.need_place(person)  # else the room would stay without anybody in it
            room = self._directory.create(frame.name, self._batch)
            self._notice(room, person, {"what": "created"})
        if not self._enter(room, person, {session: frame.request}):
            self._tell_entered(session, frame.request, room)

    def _direct(self, session: Session, frame: Direct) -> None:
        person = session.device.person
        room, fresh = self._directory.direct(person, frame.people, self._batch)
        for one in fresh:
            for theirs in self.sessions.of(one):
                if theirs is not session:
                    self._tell_entered(theirs, 0, room)
        self._tell_entered(session, frame.request, room)

    def _leave(self, session: Session, frame: Leave) -> None:
        person = session.device.person
        room = self._own_room(session, frame.room)
        if room.kind is RoomKind.DIRECT:
            raise WireError(ErrorCode.FIELD, "room", "a direct message cannot be left")
        if len(room.members) <= NOTICE_MEMBERS_MAX:
            self._notice(room, person, {"what": "left"})
        self._directory.leave(room, person, self._batch)
        self._marks.forget(room, person)
        for theirs in self.sessions.of(person):
            theirs.tell(Down.LEFT, frame.request if theirs is session else 0, room.room)

    def _rename(self, session: Session, frame: Rename) -> None:
        person = session.device.person
        was = self._directory.rename(person, frame.nick, self._batch)
        if was != person.nick:
            for room in person.rooms.values():
                self._notice(room, person, {"what": "renamed", "was": was, "now": person.nick})
            self.sessions.touch(person)
        for theirs in self.sessions.of(person):
            if theirs.purpose is not Purpose.TALK:
                continue
            request = frame.request if theirs is session else 0
            self._answer(theirs, Renamed(request, person.nick))

    def _link(self, session: Session, frame: Link) -> None:
        token = self._directory.link_token(session.device.person, self._now_ms, self._batch)
        self._answer(session, Linked(frame.request, token, LINK_TOKEN_MS))

    def _typing(self, session: Session, frame: Typing) -> None:
        room = self._own_room(session, frame.room)
        if len(room.members) <= MARKS_MEMBERS_MAX:
            typed = Typed(room.room, session.device.person.person)
            self.typed.append((room.room, encode(typed)))

    def _mark(self, session: Session, frame: Mark) -> None:
        room = self._own_room(session, frame.room)
        if frame.seq > room.head:
            raise WireError(ErrorCode.FIELD, "seq", "is beyond the last event of the room")
        self._marks.move(room, session.device.person, frame.seq)

    def _tell_marks(self, session: Session, frame: AskMarks) -> None:
        room = self._own_room(session, frame.room)
        self._answer(session, Marked(frame.request, room.room, self._marks.of(room)))

    def _profile(self, session: Session, frame: Profile) -> None:
        person = session.device.person
        if self._profiles.change(person, frame.colour, frame.picture, self._batch):
            self.sessions.touch(person)
        for theirs in self.sessions.of(person):
            if theirs.purpose is Purpose.TALK:
                request = frame.request if theirs is session else 0
                self._answer(theirs, Profiled(request, person.colour, person.picture))

    def _portraits(self, session: Session, frame: Portraits) -> None:
        people = [self._directory.people.get(one) for one in dict.fromkeys(frame.people)]
        known = [one for one in people if one is not None]
        if len(known) < len(people):
            raise WireError(ErrorCode.NO_PERSON, "people", "one of these people is not known")
        rows = self._profiles.portraits(known, self._batch)
        self._answer(session, PortraitsPage(frame.request, rows))

    def _own_room(self, session: Session, room_id: bytes) -> Room:
        room = self._directory.rooms.get(room_id)
        # Alike for a room that is not there: that a direct message exists is nobody's business.
        if room is None or room.no not in session.device.person.rooms:
            raise WireError(ErrorCode.NOT_MEMBER, "room", "you are not in this room")
        return room

    # --- rooms ------------------------------------------------------------------------

    def _enter(self, room: Room, person: Person, requests: dict[Session, int]) -> bool:
        """Make the person a member and tell everybody concerned; False if it was one."""
        if not self._directory.join(room, person, self._batch):
            return False
        if len(room.members) <= NOTICE_MEMBERS_MAX:
            self._notice(room, person, {"what": "joined"})
        for theirs in self.sessions.of(person):
            self._tell_entered(theirs, requests.get(theirs, 0), room)
        return True

    def _tell_entered(self, session: Session, request: int, room: Room) -> None:
        session.tell(Down.ENTERED, request, *self._row(room))

    def _notice(self, room: Room, person: Person, body: dict[str, str]) -> None:
        self._sequencer.notice(room, person, encode_item(EventKind.NOTICE, body))

    def marked_frames(self) -> list[tuple[bytes, bytes]]:
        """Return room and MARKED frame of each room in which marks have moved."""
        return [
            (room.room, encode(Marked(0, room.room, rows))) for room, rows in self._marks.moved()
        ]

    def presence_frames(self) -> list[bytes]:
        """Return the PRESENCE frames that are due."""
        rows = self.sessions.presence()
        return [
            encode(Presence(rows[start : start + PEOPLE_PAGE_MAX]))
            for start in range(0, len(rows), PEOPLE_PAGE_MAX)
        ]
