"""Requests of those who keep order: acts, what holds in a room, the audit log.

Who may do what to whom is :mod:`broker.order`'s to say; here is what each act needs, what follows
from it, and who is told: a notice in the room, or a row of the audit log. An act that puts somebody
out is answered only when all gateways concerned have confirmed it (:mod:`broker.tickets`).
Owned by the broker's main thread.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from broker.directory import Device, Person, Room
from broker.office import Office
from broker.peopledesk import PeopleDesk
from broker.sessions import Session
from protocol.backplane import Down
from protocol.blocks import DEVICE_TAG_BYTES
from protocol.codes import Act, DirectRule, ErrorCode, Role, RoomKind
from protocol.errors import DamagedError, WireError
from protocol.frames import Act as ActFrame
from protocol.frames import Audit, AuditPage, Bye, Done, Order, encode
from protocol.limits import MUTE_MAX_S, SLOW_MAX_S

SERVER = bytes(16)
"""The ``room`` of an act on the server."""
BANNED_RETRY_MS = 60_000
BANNED_TEXT = "you are banned from this server"
DEVICE_TEXT = "this device is banned from this server"

_REMOVED_MAX = 10_000

_ANYWHERE = frozenset({Act.BAN, Act.UNBAN, Act.MUTE, Act.UNMUTE, Act.ROLE})
_ON_SERVER = frozenset({Act.LOCK_NICK, Act.RENAME, Act.BAN_DEVICE, Act.UNBAN_DEVICE})
_RULES = frozenset({Act.PAUSE, Act.ANNOUNCE, Act.SLOW, Act.DIRECT})
_TO_NOBODY = _RULES | {Act.REMOVE}
_MOST = {
    Act.MUTE: MUTE_MAX_S,
    Act.PAUSE: 1,
    Act.ANNOUNCE: 1,
    Act.SLOW: SLOW_MAX_S,
    Act.DIRECT: max(DirectRule),
    Act.ROLE: max(Role),
    Act.LOCK_NICK: 1,
}
"""The highest ``value`` of an act that has one, but for REMOVE."""
_RULE_NAMES = {
    Act.PAUSE: ("paused", "paused"),
    Act.ANNOUNCE: ("announce", "announce"),
    Act.SLOW: ("slow_s", "slow"),
    Act.DIRECT: ("direct", "direct"),
}
"""The field of the rules, and what a notice calls it."""


@dataclass(frozen=True, slots=True)
class _Deed:
    """An act whose fields were checked. ``room`` None: on the server."""

    session: Session
    actor: Person
    act: Act
    room: Room | None
    person: Person | None
    frame: ActFrame


class OrderDesk:
    """Carries acts out, and says what holds."""

    def __init__(self, office: Office, peopledesk: PeopleDesk) -> None:
        """Work with these books."""
        self._office = office
        self._order = office.order
        self._peopledesk = peopledesk
        self._removed: OrderedDict[tuple[int, int], None] = OrderedDict()
        """Room and event of what was removed last, so that it is told once; in memory alone."""
        self._acts: dict[Act, Callable[[_Deed, Person], bool]] = {
            Act.KICK: self._kick,
            Act.BAN: self._ban,
            Act.UNBAN: self._unban,
            Act.MUTE: self._mute,
            Act.UNMUTE: self._unmute,
            Act.ROLE: self._role,
            Act.LOCK_NICK: self._lock_nick,
            Act.RENAME: self._rename,
            Act.LOWER: self._lower,
        }
        """Acts that concern a person; they return whether that is to be told."""

    # --- asking -----------------------------------------------------------------------

    def ordered(self, session: Session, frame: Order) -> None:
        """What holds in a room."""
        room = self._office.own_room(session, frame.room)
        order = self._order.ordered(frame.request, room, self._office.wall_ms)
        self._office.answer(session, order)

    def audit(self, session: Session, frame: Audit) -> None:
        """Acts on the server, the newest first."""
        office = self._office
        self._order.need_role(None, session.device.person)
        try:
            rows = office.find_audit(frame.before, frame.limit + 1)
        except DamagedError:
            text = "the audit log is damaged: the server's admin can restore a backup"
            raise WireError(ErrorCode.DAMAGED, "", text) from None
        people = office.directory.people_by_no
        acts = [
            [
                row.no,
                row.ts,
                people[row.actor_no].person if row.actor_no else b"",
                row.actor_nick,
                row.act,
                people[row.person_no].person if row.person_no else b"",
                row.nick,
                row.value,
                row.text,
            ]
            for row in rows[: frame.limit]
        ]
        office.answer(session, AuditPage(frame.request, len(rows) > frame.limit, acts))

    # --- acting -----------------------------------------------------------------------

    def act(self, session: Session, frame: ActFrame) -> None:
        """Carry an act out, or say why not."""
        deed = self._check(session, frame)
        if deed.act in (Act.BAN_DEVICE, Act.UNBAN_DEVICE):
            self._ban_device(deed)
            return
        self._order.need_authority(deed.actor, deed.act, deed.room, deed.person)
        if deed.room is not None:
            self._need_voice(deed, deed.room)
        if deed.act in (Act.KICK, Act.BAN):
            self._office.tickets.need_place()
        if deed.person is not None:
            told = self._acts[deed.act](deed, deed.person)
            if told and deed.room is None and deed.act is not Act.RENAME:
                self._note(deed, deed.person.nick, frame.value, frame.text)
        elif deed.room is not None and deed.act is Act.REMOVE:
            self._remove(deed, deed.room)
        elif deed.room is not None:
            self._rule(deed, deed.room)
        if deed.act in (Act.KICK, Act.BAN) and deed.person is not None:
            self._confirm(session, frame.request)
        else:
            self._office.answer(session, Done(frame.request))

    def _check(self, session: Session, frame: ActFrame) -> _Deed:
        try:
            act = Act(frame.act)
        except ValueError:
            text = "this act is not known to this server"
            raise WireError(ErrorCode.FIELD, "act", text) from None
        actor = session.device.person
        room = None if frame.room == SERVER else self._room(actor, frame.room)
        if act not in _ANYWHERE and (room is None) is not (act in _ON_SERVER):
            where = "on the server" if act in _ON_SERVER else "in a room"
            raise WireError(ErrorCode.FIELD, "room", f"this is done {where}")
        if act is Act.REMOVE:
            if room is None or not 0 < frame.value <= room.head:
                raise WireError(ErrorCode.FIELD, "value", "no event of the room has this number")
        elif frame.value > _MOST.get(act, frame.value):
            raise WireError(ErrorCode.FIELD, "value", f"is at most {_MOST[act]} here")
        person = None if act in _TO_NOBODY else self._office.need_person(frame.person)
        return _Deed(session, actor, act, room, person, frame)

    def _need_voice(self, deed: _Deed, room: Room) -> None:
        """An act has a reason, which everybody in the room reads: who is muted says it nowhere.

        Owners alone may end mutes: else who muted all owners of a room would have it for good.
        """
        if deed.act is not Act.UNMUTE or self._order.role(room, deed.actor) is not Role.OWNER:
            self._office.need_voice(deed.session, room)

    def _room(self, actor: Person, room_id: bytes) -> Room:
        room = self._office.directory.rooms.get(room_id)
        if room is None or (room.kind is not RoomKind.OPEN and room.no not in actor.rooms):
            raise WireError(ErrorCode.NO_ROOM, "room", "there is no such room")
        if room.kind is RoomKind.DIRECT:
            raise WireError(ErrorCode.FIELD, "room", "a direct message knows no order")
        return room

    def _tell(self, deed: _Deed, what: str, value: int | None = None) -> None:
        """Place a notice in the room where it was done."""
        if deed.room is None:
            return
        body: dict[str, Any] = {} if value is None else {"value": value}
        if deed.person is not None:
            body |= {"who": deed.person.person, "nick": deed.person.nick}
        self._office.notice(deed.room, deed.actor, what, text=deed.frame.text, **body)

    def _note(self, deed: _Deed, nick: str, value: int, text: str) -> None:
        """Write a row of the audit log, of an act on the server."""
        office = self._office
        if deed.person is not None:
            self._order.audit(
                deed.actor,
                deed.act,
                deed.person,
                nick,
                value,
                text,
                office.wall_ms,
                office.batch,
            )

    def _confirm(self, session: Session, request: int) -> None:
        """Answer when every gateway has confirmed.

        Also where nothing has changed: it may not have been confirmed the first time.
        """
        gateways = self._office.sessions.gateways.values()
        self._office.tickets.open(session, request, gateways, self._office.now_ms)

    # --- in a room ----------------------------------------------------------------------

    def _rule(self, deed: _Deed, room: Room) -> None:
        if deed.act is Act.DIRECT and room.kind is RoomKind.PRIVATE:
            # Nobody is asked before they are in it: see Order.direct_rule.
            self._order.need_role(None, deed.actor)
        field, what = _RULE_NAMES[deed.act]
        value = deed.frame.value
        as_stored = {Act.DIRECT: DirectRule, Act.SLOW: int}.get(deed.act, bool)
        rules = self._order.rules(room)._replace(**{field: as_stored(value)})
        if not self._order.rule(room, rules, self._office.batch):
            return
        if deed.act is Act.SLOW and not value:
            self._office.writing.forget(room)
        self._tell(deed, what, value)

    def _remove(self, deed: _Deed, room: Room) -> None:
        seq, text = deed.frame.value, deed.frame.text
        if (room.no, seq) in self._removed:
            return
        self._removed[room.no, seq] = None
        if len(self._removed) > _REMOVED_MAX:
            self._removed.popitem(last=False)
        self._office.notice(room, deed.actor, "removed", of=seq, text=text)

    def _kick(self, deed: _Deed, person: Person) -> bool:
        if deed.room is not None and person.no in deed.room.members:
            self._tell(deed, "kicked")
            self._office.part(deed.room, person, None, 0, by=deed.actor)
        return False

    def _lower(self, deed: _Deed, person: Person) -> bool:
        if deed.room is not None:
            self._order.raise_hand(deed.room, person, False)
        return False

    # --- in a room or on the server -------------------------------------------------------

    def _ban(self, deed: _Deed, person: Person) -> bool:
        office, room = self._office, deed.room
        changed = self._order.ban(room, person, True, office.batch)
        if changed:
            self._tell(deed, "banned")
        if room is not None:
            if person.no in room.members:
                office.part(room, person, None, 0, by=deed.actor)
            return changed
        office.directory.admission.end_links(person, office.batch)
        self._close(office.sessions.of(person), BANNED_TEXT)
        if changed:
            office.sessions.touch(person)
            self._changed_everywhere(person)
            self._succeed(person)
        return changed

    def _succeed(self, person: Person) -> None:
        """Private rooms that nobody could rule go on to others, as if their owner had left.

        Told as done by that person: who was banned by whom is nobody's business there.
        """
        for room in person.rooms.values():
            self._office.tell_heir(room, self._order.succeed(room, self._office.batch), person)

    def _unban(self, deed: _Deed, person: Person) -> bool:
        changed = self._order.ban(deed.room, person, False, self._office.batch)
        if changed:
            self._tell(deed, "unbanned")
            if deed.room is None:
                self._succeed(person)
        return changed

    def _mute(self, deed: _Deed, person: Person) -> bool:
        office, seconds = self._office, deed.frame.value
        self._order.mute(deed.room, person, seconds, office.wall_ms, office.batch)
        self._tell(deed, "muted", seconds)
        self._changed_everywhere(person)
        return True

    def _unmute(self, deed: _Deed, person: Person) -> bool:
        office, room = self._office, deed.room
        here, everywhere = (self._order.muted(one, person, office.wall_ms) for one in (room, None))
        if everywhere and not here:
            text = f"{person.nick} is muted on the whole server: it is lifted there"
            raise WireError(ErrorCode.FORBIDDEN, "muted", text)
        changed = self._order.unmute(room, person, office.wall_ms, office.batch)
        if changed:
            self._tell(deed, "unmuted")
            self._changed_everywhere(person)
        return changed

    def _role(self, deed: _Deed, person: Person) -> bool:
        office, room, role = self._office, deed.room, Role(deed.frame.value)
        if role and person.banned:
            raise WireError(ErrorCode.BANNED, "person", f"{person.nick} is banned from this server")
        if room is not None and person.no not in room.members:
            text = f"{person.nick} is not in this room"
            raise WireError(ErrorCode.NOT_MEMBER, "person", text)
        if not self._order.set_role(room, person, role, office.batch):
            return False
        self._tell(deed, "role", int(role))
        if room is None:
            office.sessions.touch(person)
            self._changed_everywhere(person)
        return True

    def _changed_everywhere(self, person: Person) -> None:
        for room in person.rooms.values():
            self._order.changed(room)

    # --- on the server ----------------------------------------------------------------------

    def _lock_nick(self, deed: _Deed, person: Person) -> bool:
        return self._order.lock_nick(person, bool(deed.frame.value), self._office.batch)

    def _rename(self, deed: _Deed, person: Person) -> bool:
        was = person.nick
        if self._peopledesk.give_nick(person, deed.frame.text):
            self._note(deed, was, 0, person.nick)
        return False

    def _ban_device(self, deed: _Deed) -> None:
        """Ban a device, of anybody lower or another one of oneself; or let one in again.

        The second is for those in charge alone. Else who has two devices would undo what was done
        to one of them, and could wash the audit log out with it.
        """
        office, person, session = self._office, deed.person, deed.session
        if person is None:
            return
        tag, banned = deed.frame.device, deed.act is Act.BAN_DEVICE
        devices = [one for one in person.devices if one.key[:DEVICE_TAG_BYTES] == tag]
        if person is not deed.actor or not banned:
            self._order.need_authority(deed.actor, deed.act, None, person)
        if session.device in devices:
            text = "this is the device that you use"
            raise WireError(ErrorCode.FORBIDDEN, "role", text)
        if not devices:
            raise WireError(ErrorCode.FIELD, "device", "this person has no such device")
        if banned:
            office.tickets.need_place()
        changed = [self._order.ban_device(one, banned, office.batch) for one in devices]
        if any(changed):
            self._note(deed, person.nick, 0, deed.frame.text or tag.hex())
        if banned:
            # One that was asked for on this device would let whoever has it in again.
            office.directory.admission.end_links(person, office.batch)
            self._close(self._of_devices(person, devices), DEVICE_TEXT)
            self._confirm(session, deed.frame.request)
        else:
            office.answer(session, Done(deed.frame.request))

    def _of_devices(self, person: Person, devices: list[Device]) -> list[Session]:
        return [one for one in self._office.sessions.of(person) if one.device in devices]

    def _close(self, sessions: list[Session], text: str) -> None:
        bye = encode(Bye(ErrorCode.BANNED, text, BANNED_RETRY_MS, []))
        for one in list(sessions):
            one.tell(Down.CLOSED, bye)
            self._office.sessions.close(one)
