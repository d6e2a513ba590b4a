"""Who one is on the server, what rooms one is in, who else is there, and what is asked about it.

The part of the session that is about people and rooms; the connection is the session's own,
messages are those of ``recovery`` and ``sending``. Marks of reading that could not be
sent wait for the next connection; that somebody types is of no use later. Pure: time is passed in.
Owned by the session.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from protocol.client import happenings
from protocol.client.messages import Reader
from protocol.client.noticeboard import NoticeBoard
from protocol.client.operations import (
    DropEvents,
    DropRoom,
    PersonRow,
    PutMe,
    PutPeople,
    PutRoom,
    Snapshot,
)
from protocol.client.outcome import Outcome
from protocol.client.people import Crowd
from protocol.client.recovery import Recovery
from protocol.client.requests import (
    NO_MORE,
    OFFLINE,
    OLDER,
    OrderCame,
    PeopleListed,
    Requests,
    marked,
    people_question,
)
from protocol.client.timeline import Timeline
from protocol.codes import ErrorCode, RoomKind
from protocol.errors import WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    AuditPage,
    DevicesPage,
    Done,
    Hand,
    Left,
    Linked,
    Mark,
    Marked,
    MembersPage,
    Order,
    Ordered,
    PeoplePage,
    PortraitsPage,
    Presence,
    Profiled,
    Renamed,
    Room,
    RoomsPage,
    Typed,
    Typing,
    Welcome,
    decode,
    encode,
)
from protocol.limits import ROOMS_PER_PERSON_MAX

GROWN_MS = 1_000
"""That rooms reach further back is told at most this often, where nobody asked for it."""

_ANSWERS = (
    PeoplePage, RoomsPage, Linked, Marked, PortraitsPage,
    MembersPage, Ordered, Done, DevicesPage, AuditPage,
)  # fmt: skip

_ROOM_KINDS = frozenset(int(kind) for kind in RoomKind)


class Membership:
    """Rooms and people, and the requests about them."""

    def __init__(
        self,
        snapshot: Snapshot,
        reader: Reader,
        recovery: Recovery,
        requests: Requests,
        out: Outcome,
        hurry: Callable[[bytes], None],
    ) -> None:
        """Continue where the store stands; what follows goes into ``out``.

        ``hurry`` sends at once what waits because a room was slow.
        """
        reader.person = snapshot.person
        self._reader = reader
        self._nick = snapshot.nick
        self._server = snapshot.server
        self._recovery = recovery
        self._requests = requests
        self._out = out
        self.crowd = Crowd(snapshot.people)
        self.board = NoticeBoard(out, hurry)
        self._unknown: set[int] = set()
        """Kinds that the server of this session does not know: not to be sent again."""
        self._marks: dict[bytes, int] = {}
        self._rooms_changed = False
        self._grown_told_ms = 0

    def begin(self) -> None:
        """Tell what is on disk, before any connection."""
        told = self._out.told
        known = bool(self._reader.person)
        if known:
            told.append(happenings.Welcomed(self._reader.person, self._nick, self._server))
        self._tell_rooms()
        if known:
            told.append(self.crowd.known())

    def welcome(self, frame: Welcome, now_ms: int) -> None:
        """The session stands: take the rooms; tell who one is and what one is in."""
        self._reader.person, self._nick, self._server = frame.person, frame.nick, frame.server
        self._unknown.clear()
        self._out.operations.append(PutMe(frame.person, frame.nick, frame.server))
        for gone in set(self._recovery.rooms) - {row[0] for row in frame.rooms}:
            self._leave(gone)
        for row in frame.rooms:
            if row[1] in _ROOM_KINDS:  # what a later version calls a room cannot be shown here
                self._enter(frame.epoch, row, now_ms)
        self._out.told.append(happenings.Welcomed(frame.person, frame.nick, frame.server))
        self._tell_rooms()

    def online(self, now_ms: int) -> None:
        """That is told: ask and say what has waited for it."""
        if self.crowd.looked_at:
            self._out.send(self._requests.ask(0, people_question(), now_ms))
        for question in self.board.begin(self._recovery.rooms):
            self._out.send(self._requests.ask(0, question, now_ms))
        marks, self._marks = self._marks, {}
        for room, seq in marks.items():
            self.mark(room, seq, online=True)

    def away(self) -> None:
        """The connection is gone."""
        if self.crowd.looked_at:
            self.crowd.all_away()
            self._out.told.append(self.crowd.known())

    def tick(self, now_ms: int) -> None:
        """Tell rooms that have changed."""
        if self._recovery.grown and now_ms >= self._grown_told_ms:
            self._grown_told_ms = now_ms + GROWN_MS
            self._recovery.grown = False
            self._rooms_changed = True
        if self._rooms_changed:
            self._tell_rooms()

    def wake_ms(self) -> int | None:
        """Return when ``tick`` should be called though nothing came in; None: never."""
        return self._grown_told_ms if self._recovery.grown else None

    def take(self, frame: AnyFrame, now_ms: int) -> bool:
        """Take a frame about rooms and people; False if it is not one."""
        if isinstance(frame, Presence):
            self._people_changed(self.crowd.update(frame.people))
        elif isinstance(frame, Typed):
            if frame.room in self._recovery.rooms and frame.person != self._reader.person:
                self._out.told.append(happenings.Typing(frame.room, frame.person))
        elif isinstance(frame, Marked) and not frame.request:
            if frame.room in self._recovery.rooms:
                self._out.told.append(marked(frame))
        elif isinstance(frame, Room):
            if frame.kind in _ROOM_KINDS:
                self._enter(frame.epoch, frame[2:], now_ms)
            self._answered(frame, now_ms)
        elif isinstance(frame, Left):
            self._leave(frame.room)
            self._answered(frame, now_ms)
        elif isinstance(frame, Renamed):
            self._renamed(frame.nick)
            self._answered(frame, now_ms)
        elif isinstance(frame, Profiled):
            self._people_changed(self.crowd.look(self._reader.person, *frame[1:3]))
            self._answered(frame, now_ms)
        elif isinstance(frame, Ordered) and not frame.request:
            if frame.room in self._recovery.rooms:
                self.board.take(frame)
        elif isinstance(frame, _ANSWERS):
            self._answered(frame, now_ms)
        else:
            return False
        return True

    def heard(self, told: Iterable[Any], now_ms: int) -> None:
        """Learn from what is told just now of rooms: notices say what holds there."""
        for question in self.board.hear(told):
            self._out.send(self._requests.ask(0, question, now_ms))

    def unknown_kind(self, kind: int) -> None:
        """The server does not know this kind of frame: do without it in this session."""
        self._unknown.add(kind)
        self._out.told += self._requests.unknown_kind(kind)

    # --- rooms and people -----------------------------------------------------------------

    def _enter(self, epoch: bytes, row: Sequence[Any], now_ms: int) -> None:
        room, kind, name, head, rows = row[0], RoomKind(row[1]), row[2], row[3], row[4]
        members = tuple((one[0], one[1]) for one in rows)
        line = self._recovery.rooms.get(room)
        if line is None:
            if len(self._recovery.rooms) >= ROOMS_PER_PERSON_MAX:
                return  # no server lets one into so many
            line = Timeline(room, kind, name, members, epoch, head)
            self._recovery.rooms[room] = line
        elif line.epoch != epoch:
            line.restart(epoch, head)
            self._out.operations.append(DropEvents(room))
        line.kind, line.name, line.members = kind, name, members
        line.announce(head, now_ms)
        self._out.operations.append(PutRoom(room, kind, name, members, epoch, line.head))
        if line.begin_empty():
            self._out.operations.append(line.applied(()))
        self._rooms_changed = True

    def _leave(self, room: bytes) -> None:
        self._marks.pop(room, None)
        self.board.drop(room)
        if room in self._recovery.rooms:
            self._recovery.drop(room)
            self._out.operations.append(DropRoom(room))
            self._rooms_changed = True

    def _tell_rooms(self) -> None:
        self._rooms_changed = False
        rooms = tuple(line.info() for line in self._recovery.rooms.values())
        self._out.told.append(happenings.RoomsChanged(rooms))

    def _renamed(self, nick: str) -> None:
        self._nick = nick
        me = (self._reader.person, nick, self._server)
        self._out.operations.append(PutMe(*me))
        self._out.told.append(happenings.Welcomed(*me))

    def _people_changed(self, fresh: tuple[PersonRow, ...], request: int = 0) -> None:
        """Tell the list where it is looked at; carry new nicknames into direct messages."""
        if fresh:
            self._out.operations.append(PutPeople(fresh))
            self._rename_members(fresh)
        if self.crowd.looked_at:
            self._out.told.append(self.crowd.known(request))

    def _rename_members(self, fresh: Iterable[PersonRow]) -> None:
        nicks = {row.person: row.nick for row in fresh}
        for line in self._recovery.rooms.values():
            members = tuple((one, nicks.get(one, nick)) for one, nick in line.members)
            if members != line.members:
                line.members = members
                self._rooms_changed = True

    # --- requests ----------------------------------------------------------------------------

    def ask(self, request: int, question: AnyFrame, online: bool, now_ms: int) -> None:
        """Send a request of the program; its first field is filled in here."""
        if not online:
            self._fail(request, ErrorCode.UNAVAILABLE, OFFLINE)
            return
        if self._lacks(type(question)):
            self._fail(request, ErrorCode.UNKNOWN_KIND, OLDER)
            return
        if isinstance(question, Order):
            self.board.watch(question.room)
        try:
            # What the server would not even read gets its reason here.
            decode(encode(question))
        except WireError as error:
            self._fail(request, error.code, f"{error.field} {error.text}", error.field)
        except UnicodeEncodeError:
            self._fail(request, ErrorCode.FIELD, "the name holds half a character")
        else:
            self._out.send(self._requests.ask(request, question, now_ms))

    def typing(self, room: bytes, online: bool) -> None:
        """Say that one is writing, if somebody can hear it."""
        if online and room in self._recovery.rooms and not self._lacks(Typing):
            self._out.send(Typing(room))

    def hand(self, request: int, room: bytes, up: bool, online: bool) -> None:
        """Raise one's hand or take it down, if somebody can see it; else say why not."""
        line = self._recovery.rooms.get(room)
        if not online:
            self._fail(request, ErrorCode.UNAVAILABLE, OFFLINE)
        elif line is None:
            self._fail(request, ErrorCode.NOT_MEMBER, NO_MORE)
        elif line.kind is RoomKind.DIRECT:
            self._fail(request, ErrorCode.FIELD, "a direct message has no hands")
        elif self._lacks(Hand):
            self._fail(request, ErrorCode.UNKNOWN_KIND, OLDER)
        else:
            self._out.send(Hand(room, up))

    def mark(self, room: bytes, seq: int, online: bool) -> None:
        """Say how far one has read, now or when the connection stands."""
        if seq < 1 or room not in self._recovery.rooms:
            return
        if self._lacks(Mark):
            return
        if online:
            self._out.send(Mark(room, seq))
        else:
            self._marks[room] = max(seq, self._marks.get(room, 0))

    def _answered(self, frame: AnyFrame, now_ms: int) -> None:
        outcome = self._requests.answered(frame, now_ms)
        if outcome.ask is not None:
            self._out.send(outcome.ask)
        if isinstance(outcome.told, PeopleListed):
            fresh = self.crowd.replace(outcome.told.rows)
            self._people_changed(fresh, outcome.told.request)
        elif isinstance(outcome.told, OrderCame):
            if outcome.told.frame.room in self._recovery.rooms:
                self.board.take(outcome.told.frame, outcome.told.request)
            elif outcome.told.request:
                self._fail(outcome.told.request, ErrorCode.NOT_MEMBER, NO_MORE)
        elif outcome.told is not None:
            if self._rooms_changed:
                self._tell_rooms()  # a joined room is known before the answer names it
            self._out.told.append(outcome.told)

    def _fail(self, request: int, code: int, text: str, field: str = "") -> None:
        self._out.told.append(happenings.Failed(request, int(code), text, field))

    def _lacks(self, frame: type[AnyFrame]) -> bool:
        return KIND_OF[frame] in self._unknown
