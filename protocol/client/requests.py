"""The requests of the program behind the client, from the question to the one answer.

Each gets exactly one of its own kind of happening or one Failed: the server's
answer, the server's error, fifteen seconds of silence, or the end of the connection. Lists
come in pages, which are asked for one after the other and told whole. Pure:
time is passed in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from protocol.client import happenings
from protocol.client.happenings import (
    ActDone,
    AuditEntry,
    AuditKnown,
    DeviceInfo,
    DevicesKnown,
    Done,
    Failed,
    MemberInfo,
    MembersKnown,
    OpenRoom,
    PortraitsCame,
    RoomsListed,
)
from protocol.client.messages import reason
from protocol.client.wants import REQUEST_MS
from protocol.codes import ErrorCode
from protocol.frames import (
    KIND_OF,
    Act,
    Add,
    AnyFrame,
    Audit,
    AuditPage,
    Devices,
    DevicesPage,
    Direct,
    Join,
    Leave,
    Left,
    Link,
    Linked,
    Marked,
    Marks,
    Members,
    MembersPage,
    Order,
    Ordered,
    People,
    PeoplePage,
    Portraits,
    PortraitsPage,
    Private,
    Profile,
    Profiled,
    Rename,
    Renamed,
    Room,
    Rooms,
    RoomsPage,
)
from protocol.frames import Done as DoneFrame
from protocol.limits import AUDIT_PAGE_MAX, PEOPLE_MAX, PEOPLE_PAGE_MAX, ROOMS_PAGE_MAX

NO_ANSWER = "the server did not answer in time; try again"
OFFLINE = "not connected to the server; try again when it is back"
BROKEN = "the connection broke before the server answered; try again"
CANCELLED = "cancelled"
NO_MORE = "you are not in this room any more"
OLDER = "this server is of an older version, which cannot do this"

_ANSWERS: dict[type[AnyFrame], type[AnyFrame]] = {
    People: PeoplePage,
    Rooms: RoomsPage,
    Join: Room,
    Direct: Room,
    Leave: Left,
    Rename: Renamed,
    Link: Linked,
    Marks: Marked,
    Profile: Profiled,
    Portraits: PortraitsPage,
    Private: Room,
    Add: DoneFrame,
    Members: MembersPage,
    Order: Ordered,
    Act: DoneFrame,
    Devices: DevicesPage,
    Audit: AuditPage,
}

Next = Callable[[], int]
Told = (
    Done | Failed | RoomsListed | PortraitsCame | happenings.Marked
    | MembersKnown | ActDone | DevicesKnown | AuditKnown
)  # fmt: skip


@dataclass(slots=True)
class _Pending:
    request: int
    question: AnyFrame
    deadline_ms: int
    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PeopleListed:
    """The whole list of people arrived: rows of person, nickname, online, colour, picture."""

    request: int
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class OrderCame:
    """What holds in a room arrived."""

    request: int
    frame: Ordered


@dataclass(slots=True)
class Outcome:
    """What an answer leads to: at most one of the two."""

    ask: AnyFrame | None = None
    told: Told | PeopleListed | OrderCame | None = None


class Requests:
    """All that wait for an answer, by the number that they have on the wire."""

    def __init__(self, number: Next) -> None:
        """Draw wire numbers with ``number``."""
        self._number = number
        self._pending: dict[int, _Pending] = {}

    def ask(self, request: int, question: AnyFrame, now_ms: int) -> AnyFrame:
        """Return the frame to send; its ``request`` field is filled in here."""
        number = self._number()
        frame: AnyFrame = type(question)._make((number, *question[1:]))  # type: ignore[attr-defined]
        self._pending[number] = _Pending(request, frame, now_ms + REQUEST_MS)
        return frame

    def knows(self, number: int) -> bool:
        """Whether this number waits for an answer."""
        return number in self._pending

    def answered(self, frame: AnyFrame, now_ms: int) -> Outcome:
        """Take an answer; one that nobody waits for, or of a wrong kind, leads to nothing."""
        pending = self._pending.get(frame[0])
        if pending is None or _ANSWERS[type(pending.question)] is not type(frame):
            return Outcome()
        del self._pending[frame[0]]
        request = pending.request
        if isinstance(frame, PeoplePage):
            return self._paged(pending, frame.people, frame.more, now_ms)
        if isinstance(frame, RoomsPage):
            return self._paged(pending, frame.rooms, frame.more, now_ms)
        if isinstance(frame, MembersPage):
            return self._paged(pending, frame.members, frame.more, now_ms)
        if isinstance(frame, Ordered):
            return Outcome(told=OrderCame(request, frame))
        if isinstance(frame, Room):
            return Outcome(told=Done(request, room=frame.room))
        if isinstance(frame, Renamed):
            return Outcome(told=Done(request, text=frame.nick))
        if isinstance(frame, Linked):
            return Outcome(told=Done(request, text=frame.token))
        if isinstance(frame, Marked):
            return Outcome(told=marked(frame))
        if isinstance(frame, PortraitsPage):
            portraits = tuple((who, data) for who, data in frame.portraits)
            return Outcome(told=PortraitsCame(request, portraits))
        if isinstance(frame, DoneFrame):
            return Outcome(told=ActDone(request))
        if isinstance(frame, DevicesPage):
            devices = tuple(DeviceInfo(*row[:3]) for row in frame.devices)
            return Outcome(told=DevicesKnown(pending.question[1], devices, request))
        if isinstance(frame, AuditPage):
            acts = tuple(AuditEntry(*row[:9]) for row in frame.acts)
            return Outcome(told=AuditKnown(acts, frame.more, request))
        return Outcome(told=Done(request))

    def refused(self, number: int, code: int, field_name: str, text: str) -> Failed | None:
        """Take an ERROR that names a request."""
        pending = self._pending.pop(number, None)
        if pending is None or pending.request == 0:
            return None
        return Failed(pending.request, code, reason(code, field_name, text), field_name)

    def unknown_kind(self, kind: int) -> list[Failed]:
        """Give up what was asked by a kind of frame that the server does not know."""
        numbers = [n for n, one in self._pending.items() if KIND_OF[type(one.question)] == kind]
        return _failed([self._pending.pop(n) for n in numbers], OLDER, ErrorCode.UNKNOWN_KIND)

    def overdue(self, now_ms: int) -> list[Failed]:
        """Give up what got no answer in time."""
        numbers = [n for n, one in self._pending.items() if one.deadline_ms <= now_ms]
        late = [self._pending.pop(n) for n in numbers]
        return _failed(late, NO_ANSWER)

    def abandon(self) -> list[Failed]:
        """Give everything up: the connection is over."""
        failed = _failed(self._pending.values(), BROKEN)
        self._pending.clear()
        return failed

    def wake_ms(self) -> int | None:
        """Return when the next one is overdue; None: nothing waits."""
        return min((one.deadline_ms for one in self._pending.values()), default=None)

    def _paged(self, pending: _Pending, rows: list[Any], more: bool, now_ms: int) -> Outcome:
        question = pending.question
        assert isinstance(question, People | Rooms | Members)
        # Ascending ids: a page that does not advance would be asked for without end.
        rows = [row for row in rows if row[0] > question.after]
        pending.rows += rows
        if more and rows and len(pending.rows) < PEOPLE_MAX:
            number = self._number()
            pending.question = question._replace(request=number, after=rows[-1][0])
            pending.deadline_ms = now_ms + REQUEST_MS
            self._pending[number] = pending
            return Outcome(ask=pending.question)
        if isinstance(question, People):
            return Outcome(told=PeopleListed(pending.request, pending.rows))
        if isinstance(question, Members):
            members = (MemberInfo(*row[:4]) for row in pending.rows)
            by_nick = sorted(members, key=lambda one: (one.nick.casefold(), one.person))
            return Outcome(told=MembersKnown(question.room, tuple(by_nick), pending.request))
        listed = sorted(
            (OpenRoom(row[0], row[1], row[2], row[3]) for row in pending.rows),
            key=lambda room: (room.name.casefold(), room.room),
        )
        return Outcome(told=RoomsListed(pending.request, tuple(listed)))


def _failed(
    given_up: Iterable[_Pending], text: str, code: ErrorCode = ErrorCode.UNAVAILABLE
) -> list[Failed]:
    # Request 0 is the client's own, which nobody waits for.
    return [Failed(one.request, code, text) for one in given_up if one.request]


def marked(frame: Marked) -> happenings.Marked:
    """Say who has read how far."""
    return happenings.Marked(frame.room, tuple((who, seq) for who, seq in frame.marks))


def people_question() -> People:
    """Ask for the first page of people."""
    return People(0, b"", PEOPLE_PAGE_MAX)


def rooms_question() -> Rooms:
    """Ask for the first page of open rooms."""
    return Rooms(0, b"", ROOMS_PAGE_MAX)


def members_question(room: bytes) -> Members:
    """Ask for the first page of a room's members."""
    return Members(0, room, b"", PEOPLE_PAGE_MAX)


def audit_question(before: int) -> Audit:
    """Ask for what was done on the server below this number (0: the newest)."""
    return Audit(0, before, AUDIT_PAGE_MAX)
