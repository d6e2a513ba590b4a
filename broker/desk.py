"""The broker's desk: takes every operation of the gateways and decides what follows.

Sessions and messages are handled here, requests by the desks of their kinds; answers are queued at
the gateways, and the server stores, sends and publishes after it. A fault of one client becomes
an ERROR frame for that client. Pure but for the parts it is given. Owned by
the broker's main thread.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from broker.directory import GENERAL, Device, Person, Room
from broker.grants import Grant
from broker.meters import Deed
from broker.office import Office
from broker.orderdesk import BANNED_RETRY_MS, BANNED_TEXT, DEVICE_TEXT, SERVER, OrderDesk
from broker.peopledesk import PeopleDesk
from broker.roomdesk import RoomDesk
from broker.sequencer import Screen
from broker.sessions import Gateway, Session
from broker.writing import Screened
from protocol.backplane import Down, Up
from protocol.blocks import DEVICE_TAG_BYTES
from protocol.codes import Act, ErrorCode, Kind, Purpose, Role
from protocol.errors import DamagedError, WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    Busy,
    Bye,
    Error,
    Link,
    Marked,
    Presence,
    Refused,
    decode,
    decode_as,
    encode,
)
from protocol.frames import Act as ActFrame
from protocol.limits import PEOPLE_PAGE_MAX

log = logging.getLogger("broker")

_REFUSED = int(Kind.REFUSED)
_REFUSED_RETRY_MS = 60_000
_FULL_RETRY_MS = 2_000
"""On a full disk: often enough that everybody is back soon, seldom enough for a crowd."""
_DAMAGED_RETRY_MS = 60_000
"""Until somebody has restored the journal, or given the broker another one."""
_FULL_TEXT = "the server's disk is full: its admin must make room"
_ORDERED_AT_ONCE = 500
"""Rooms that are told in one push what holds there; the others wait a second for the next."""
_WRITING = frozenset(
    {
        Kind.JOIN,
        Kind.DIRECT,
        Kind.LEAVE,
        Kind.RENAME,
        Kind.LINK,
        Kind.PROFILE,
        Kind.PRIVATE,
        Kind.ADD,
        Kind.ACT,
    }
)
"""Requests that change what is stored."""
_PUTTING_OUT = frozenset({Act.KICK, Act.BAN, Act.BAN_DEVICE})
_DEEDS = {
    Kind.JOIN: Deed.MOVE,
    Kind.LEAVE: Deed.MOVE,
    Kind.ADD: Deed.MOVE,
    Kind.DIRECT: Deed.MOVE,
    Kind.PRIVATE: Deed.MAKE,
    Kind.RENAME: Deed.RENAME,
    Kind.PROFILE: Deed.PROFILE,
    Kind.ACT: Deed.ACT,
}
"""What a request counts as, where one person may not do it as often as a gateway lets them."""
_ORDINARY = frozenset({ErrorCode.BUSY, ErrorCode.NICK_TAKEN, ErrorCode.NICK_BAD, ErrorCode.DAMAGED})
"""What happens to everybody, or is told elsewhere: no refusal for the log."""


class Desk:
    """Handles operations; one drain at a time, between ``begin`` and the commit."""

    def __init__(self, office: Office) -> None:
        """Work with these books."""
        self.full = False
        """The disk has no room: nothing may go into the batch."""
        self.reserve = False
        """But for what puts somebody out: no write has failed yet, the disk's reserve is there."""
        self._office = office
        self._directory = office.directory
        self._sequencer = office.sequencer
        self._sessions = office.sessions
        rooms, people = RoomDesk(office), PeopleDesk(office)
        order = OrderDesk(office, people)
        self._requests: dict[Kind, Callable[[Session, Any], None]] = {
            Kind.PEOPLE: people.people,
            Kind.RENAME: people.rename,
            Kind.LINK: people.link,
            Kind.PROFILE: people.profile,
            Kind.PORTRAITS: people.portraits,
            Kind.DEVICES: people.devices,
            Kind.ROOMS: rooms.rooms,
            Kind.JOIN: rooms.join,
            Kind.DIRECT: rooms.direct,
            Kind.LEAVE: rooms.leave,
            Kind.PRIVATE: rooms.private,
            Kind.ADD: rooms.add,
            Kind.MEMBERS: rooms.members,
            Kind.TYPING: rooms.typing,
            Kind.MARK: rooms.mark,
            Kind.MARKS: rooms.tell_marks,
            Kind.HAND: rooms.hand,
            Kind.ORDER: order.ordered,
            Kind.ACT: order.act,
            Kind.AUDIT: order.audit,
        }

    def ensure_general(self) -> None:
        """Make the room that every server has."""
        if self._directory.open_room(GENERAL) is None:
            self._office.order.meet(self._directory.create(GENERAL, self._office.batch))

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
                self._sessions.close(session)
        elif code == Up.CONFIRMED:
            self._office.tickets.confirmed(gateway, operation[1])
        elif code != Up.BEAT:
            log.warning("unknown_operation code=%s", code)

    # --- sessions -------------------------------------------------------------------

    def _open(
        self, gateway: Gateway, slot: int, key: bytes, nick: str | None, token: str | None, to: int
    ) -> None:
        try:
            device = self._admit(key, nick, token)
        except WireError as error:
            tag = key[:DEVICE_TAG_BYTES].hex()
            log.warning("not_admitted code=%s device=%s", error.code.name, tag)
            retry_ms = {ErrorCode.UNAVAILABLE: _FULL_RETRY_MS, ErrorCode.BANNED: BANNED_RETRY_MS}
            bye = Bye(error.code, error.text, retry_ms.get(error.code, _REFUSED_RETRY_MS), [])
            gateway.out.append([Down.CLOSED, slot, encode(bye)])
            return
        session = self._sessions.open(gateway, slot, device, Purpose(to))
        person = device.person
        told = Purpose(to).name, *_names(device)
        log.info("session_opened purpose=%s person=%s device=%s", *told)
        rooms = [self._office.row(room) for room in person.rooms.values()]
        session.tell(Down.OPENED, person.person, person.nick, rooms)

    def _admit(self, key: bytes, nick: str | None, token: str | None) -> Device:
        """Return who greets, a new person if need be; raise :class:`WireError` with what to say."""
        office, device = self._office, self._directory.device(key)
        grant = None if token is None else office.find_grant(token)
        if grant is not None and grant.first_owner and office.order.is_owned():
            # There was none when it was made. It still lets its user in.
            grant = replace(grant, role=Role.MEMBER)
        if device is None:
            if self.full:
                raise WireError(ErrorCode.UNAVAILABLE, "", _FULL_TEXT)
            if grant is not None and grant.role:
                office.order.need_office(None)
            # A counted invite is limited by itself; so those can come for whom one was made.
            uncounted = grant is not None and not grant.uses
            if uncounted:
                office.meters.need_newcomer(office.now_ms)
            device = self._directory.enrol(key, nick, token, grant, office.wall_ms, office.batch)
            if uncounted:
                office.meters.came(office.now_ms)
            by = "device_link" if grant is None else grant.id or "standing_link"
            log.info("enrolled by=%s person=%s device=%s", by, *_names(device))
            if len(device.person.devices) == 1:
                if grant is not None:
                    self._give_role(device, grant)
                general = self._directory.open_room(GENERAL)
                if general is not None:
                    office.enter(general, device.person, None, 0)
        elif device.banned or device.person.banned:
            text = BANNED_TEXT if device.person.banned else DEVICE_TEXT
            raise WireError(ErrorCode.BANNED, "", text)
        elif grant is not None and grant.role > device.person.role and not self.full:
            self._promote(device, grant)
        return device

    def _promote(self, device: Device, grant: Grant) -> None:
        """Give somebody who is known the role of an invite, unless they had it by that before."""
        office, person = self._office, device.person
        if office.directory.admission.used(grant, person):
            return
        try:
            office.directory.admission.need_valid(grant, office.wall_ms)
            office.order.need_office(None)
        except WireError:
            return  # they are who they were
        office.directory.admission.use(grant, person, office.batch)
        self._give_role(device, grant)

    def _give_role(self, device: Device, grant: Grant) -> None:
        office, person = self._office, device.person
        if office.order.set_role(None, person, grant.role, office.batch):
            value = int(grant.role)
            log.info("role_by_invite role=%d person=%s device=%s", value, *_names(device))
            office.order.audit(
                None, Act.ROLE, person, person.nick, value, "", office.wall_ms, office.batch
            )
            self._sessions.touch(person)
            for room in person.rooms.values():
                office.order.changed(room)

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
        person, device = session.device.person, session.device
        room = self._directory.rooms.get(room_id)
        if room is None:
            self._log_refused(session, Kind.SEND, ErrorCode.NO_ROOM, "room")
            count, code = len(elements), ErrorCode.NO_ROOM
            text = "there is no such room"
            refused = Refused(room_id, outbox_epoch, first_n, count, code, "room", text)
            session.tell(Down.DONE, count, encode(refused))
            return
        screen: Screen | None = None
        if person.muted_until or not room.free:
            # Something may hold here. Everywhere else this is all that order costs a message.
            screen = partial(self._screen, room, person)
        meters, retry_ms = self._office.meters, 0
        if self.full:
            retry_ms = _FULL_RETRY_MS
        elif meters.limited:
            retry_ms = self._wait_ms(person, room, elements)
        if not retry_ms:
            head = room.head
            try:
                answers = self._sequencer.submit(
                    person, device, room, outbox_epoch, first_n, elements, screen
                )
                if meters.limited and room.head > head:
                    many, now_ms = room.head - head, self._office.now_ms
                    meters.placed(person.no, room.no, many, now_ms)
                for answer in answers:
                    session.tell(Down.DONE, answer.settled, answer.frame)
                    if answer.frame[1] == _REFUSED:
                        no = decode_as(Refused, answer.frame)
                        self._log_refused(session, Kind.SEND, ErrorCode(no.code), no.field)
                return
            except DamagedError as error:
                # It costs this outbox alone; whether its messages are stored nobody can say.
                log.error("journal_damaged room_no=%d error=%s", room.no, error)
                retry_ms = _DAMAGED_RETRY_MS
        busy = Busy(room_id, outbox_epoch, first_n, retry_ms)
        session.tell(Down.DONE, len(elements), encode(busy))

    def _wait_ms(self, person: Person, room: Room, elements: list[Any]) -> int:
        """Return for how long to wait, because the person or the room writes too much."""
        office = self._office
        size = sum(
            len(one) if type(one) is bytes else len(one[0])
            for one in elements
            if type(one) is bytes or type(one[0]) is bytes
        )
        # To who is not in the room it makes no difference how much is said there.
        room_no = room.no if room.no in person.rooms else 0
        return office.meters.say_ms(person.no, room_no, len(elements), size, office.now_ms)

    def _screen(self, room: Room, person: Person, elements: list[Any]) -> Screened:
        office = self._office
        return office.writing.screen(room, person, elements, office.wall_ms, office.now_ms)

    def _log_refused(self, session: Session, kind: int, code: ErrorCode, field: str) -> None:
        if code not in _ORDINARY:
            told = kind, code.name, field, *_names(session.device)
            log.info("refused kind=%d code=%s field=%s person=%s device=%s", *told)

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
            if self.full and kind in _WRITING and not self._spared(frame):
                raise WireError(ErrorCode.BUSY, "", _FULL_TEXT)
            deed = _DEEDS.get(kind)
            if deed is not None:
                self._office.meters.need(session.device.person.no, deed, self._office.now_ms)
            handler(session, frame)
            _log_done(session, frame)
        except WireError as error:
            self._log_refused(session, kind, error.code, error.field)
            answer = Error(error.code, error.field, error.text, kind, request)
            self._office.answer(session, answer)

    def _spared(self, frame: AnyFrame) -> bool:
        """Whether the reserve of a full disk is there for this: nobody can do these for long."""
        return self.reserve and type(frame) is ActFrame and frame.act in _PUTTING_OUT

    # --- what is pushed ------------------------------------------------------------------

    def marked_frames(self) -> list[tuple[bytes, bytes]]:
        """Return room and MARKED frame of each room in which marks have moved."""
        moved = self._office.marks.moved()
        return [(room.room, encode(Marked(0, room.room, rows))) for room, rows in moved]

    def ordered_frames(self, wall_ms: int) -> list[tuple[bytes, bytes]]:
        """Return room and ORDERED frame of rooms where something else holds now."""
        order = self._office.order
        changed = order.take_changed(_ORDERED_AT_ONCE)
        return [(room.room, encode(order.ordered(0, room, wall_ms))) for room in changed]

    def presence_frames(self) -> list[bytes]:
        """Return the PRESENCE frames that are due."""
        rows = self._sessions.presence()
        return [
            encode(Presence(rows[start : start + PEOPLE_PAGE_MAX]))
            for start in range(0, len(rows), PEOPLE_PAGE_MAX)
        ]


def _names(device: Device) -> tuple[str, str]:
    """Return what a log may say of somebody: the person's id and the device's tag."""
    return device.person.person.hex(), device.key[:DEVICE_TAG_BYTES].hex()


def _log_done(session: Session, frame: AnyFrame) -> None:
    """Log a request that changes who may come in or do what.

    Of an act in a room only that it was done: whom it concerned stands in the room, and whose
    room it is may be nobody's business.
    """
    if type(frame) is Link:
        log.info("device_link_made person=%s device=%s", *_names(session.device))
    elif type(frame) is ActFrame:
        act = Act(frame.act).name
        if frame.room == SERVER:
            whom = frame.person.hex()
            log.info("act name=%s whom=%s person=%s device=%s", act, whom, *_names(session.device))
        else:
            log.info("act_in_a_room name=%s person=%s device=%s", act, *_names(session.device))
