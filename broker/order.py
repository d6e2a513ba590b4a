"""What holds on the server and in its rooms, and who may change it: roles, bans, mutes, rules.

It stands in memory at the people and rooms of :mod:`broker.directory`; every change is also
written into the batch of the drain. Here are the decisions of the specification's section 14 that
need no more than that; what somebody may write is :mod:`broker.writing`'s, and what follows from
an act :mod:`broker.orderdesk`'s. ``room`` None stands for the server everywhere.

Bounded: at most MODERATORS_MAX people with a role and MUTED_MAX muted ones in a room or on the
server; a ban for each person and room; a raised hand for each member, kept in memory alone.
Pure. Owned by the broker's main thread.
"""

from collections.abc import Iterable

from broker.directory import Device, Directory, Person, Room
from broker.journal import FOREVER_TS, AuditRow, Batch, RoomStandingRow, RulesRow, StandingRow
from protocol.codes import Act, DirectRule, ErrorCode, Role, RoomKind
from protocol.errors import WireError
from protocol.frames import Ordered
from protocol.limits import HANDS_MAX, MODERATORS_MAX, MUTED_MAX, ROLES_MAX

_ON_ONESELF = frozenset({Act.KICK, Act.BAN, Act.MUTE})
"""Acts that nobody does to themselves, whatever they are: one leaves, and one is silent."""
_MUTED_TEXT = "you are muted: you may not do this now"
_OFFICERS_TEXT = f"there are {MODERATORS_MAX} people with a role already"
_MUTES_TEXT = f"{MUTED_MAX} people are muted already"


class Order:
    """Standings and rules of a server and of all its rooms."""

    def __init__(self, directory: Directory, last_audit_no: int = 0) -> None:
        """Take over what the directory read."""
        self._audit_no = last_audit_no
        people = directory.people_by_no.values()
        self._officers = {one.no: one for one in people if one.role}
        self._muted = {one.no: one for one in people if one.muted_until}
        self._people = directory.people_by_no
        self.directs: dict[int, Room] = {}
        """Rooms whose members may not write to everybody privately."""
        self._hands: dict[int, dict[int, Person]] = {}
        self._changed: dict[int, Room] = {}
        for room in directory.rooms.values():
            self.meet(room)

    def meet(self, room: Room) -> None:
        """Take a room in that is new, or whose rules or standings are."""
        rules = room.rules
        if rules is not None and rules.direct:
            self.directs[room.no] = room
        else:
            self.directs.pop(room.no, None)
        room.free = (
            room.kind is RoomKind.OPEN
            and (rules is None or not (rules.paused or rules.announce or rules.slow_s))
            and not any(one.muted_until for one in room.standings.values())
        )

    # --- who may --------------------------------------------------------------------------

    def role(self, room: Room | None, person: Person) -> Role:
        """Return what somebody is there.

        In an open room that is the higher of both roles, in a private one the room's alone; a
        direct message knows none.
        """
        if room is None:
            return person.role
        if room.kind is RoomKind.DIRECT:
            return Role.MEMBER
        standing = room.standings.get(person.no)
        role = Role.MEMBER if standing is None else standing.role
        return max(role, person.role) if room.kind is RoomKind.OPEN else role

    def in_charge(self, room: Room | None, person: Person) -> bool:
        """Whether somebody keeps order there."""
        return self.role(room, person) >= Role.MODERATOR

    def need_role(self, room: Room | None, person: Person, least: Role = Role.MODERATOR) -> None:
        """Raise :class:`WireError` if somebody has less than this role."""
        if self.role(room, person) < least:
            name = "an owner" if least is Role.OWNER else "a moderator"
            raise WireError(ErrorCode.FORBIDDEN, "role", f"only {name} may do this")

    def need_authority(
        self, actor: Person, act: Act, room: Room | None, person: Person | None
    ) -> None:
        """Raise :class:`WireError` if the actor may not do this to the person (None: to nobody)."""
        if act is Act.LOWER and person is actor:
            return
        self.need_role(room, actor, Role.OWNER if act is Act.ROLE else Role.MODERATOR)
        if person is None:
            return
        if person is actor and act in _ON_ONESELF:
            raise WireError(ErrorCode.FORBIDDEN, "role", "nobody does this to themselves")
        mine = self.role(room, actor)
        if mine is not Role.OWNER and mine <= self.role(room, person):
            text = f"{person.nick} has the same role as you, or a higher one"
            raise WireError(ErrorCode.FORBIDDEN, "role", text)

    # --- roles -------------------------------------------------------------------------------

    def set_role(self, room: Room | None, person: Person, role: Role, batch: Batch) -> bool:
        """Give somebody this role; False if they had it. The last owner keeps theirs."""
        was = person.role if room is None else _standing(room, person).role
        if was is role:
            return False
        if was is Role.OWNER and not self._others_own(room, person):
            raise WireError(ErrorCode.FORBIDDEN, "role", "the last owner keeps the role")
        if not was:
            self.need_office(room)
        self._put_role(room, person, role, batch)
        return True

    def need_office(self, room: Room | None) -> None:
        """Raise :class:`WireError` if nobody more can have a role there."""
        if len(self._with_role(room)) >= MODERATORS_MAX:
            raise WireError(ErrorCode.TOO_MANY, "value", _OFFICERS_TEXT)

    def is_owned(self) -> bool:
        """Whether somebody who is not banned owns the server."""
        return any(one.role is Role.OWNER and not one.banned for one in self._officers.values())

    def left(self, room: Room, person: Person, batch: Batch) -> Person | None:
        """End what somebody was in a room who is no member any more; call it behind the directory.

        Returns who owns a private room now instead, if nobody else did.
        """
        self.raise_hand(room, person, False)
        standing = _standing(room, person)
        if not standing.role:
            return None
        self._put_role(room, person, Role.MEMBER, batch)
        return self.succeed(room, batch)

    def succeed(self, room: Room, batch: Batch) -> Person | None:
        """Let somebody own a private room where nobody does who is let in; return who."""
        if room.kind is not RoomKind.PRIVATE:
            return None
        owners = [one for one in self._with_role(room) if self.role(room, one) is Role.OWNER]
        let_in = [one for one in room.members.values() if not one.banned]
        if not let_in or not all(one.banned for one in owners):
            return None
        # Members stand in the order of joining, and ``max`` takes the first of the highest.
        heir = max(let_in, key=lambda one: _standing(room, one).role)
        for one in owners:
            self._put_role(room, one, Role.MEMBER, batch)
        self._put_role(room, heir, Role.OWNER, batch)
        return heir

    def _put_role(self, room: Room | None, person: Person, role: Role, batch: Batch) -> None:
        if room is not None:
            self._stand(room, _standing(room, person)._replace(role=role), batch)
            return
        person.role = role
        if role:
            self._officers[person.no] = person
        else:
            self._officers.pop(person.no, None)
        _store(person, batch)

    def _with_role(self, room: Room | None) -> list[Person]:
        if room is None:
            return list(self._officers.values())
        return [self._people[no] for no, one in room.standings.items() if one.role]

    def _others_own(self, room: Room | None, person: Person) -> bool:
        """Whether there is an owner without this person's role there, who is not banned.

        In an open room that may be any owner of the server, the person too.
        """
        if any(
            one is not person and not one.banned and self.role(room, one) is Role.OWNER
            for one in self._with_role(room)
        ):
            return True
        open_room = room is not None and room.kind is RoomKind.OPEN
        return open_room and any(one.role is Role.OWNER for one in self._officers.values())

    # --- mutes and bans ------------------------------------------------------------------------

    def mute(
        self, room: Room | None, person: Person, seconds: int, now_ms: int, batch: Batch
    ) -> None:
        """Mute somebody for so long (0: until it is lifted), from wall-clock ``now_ms`` on."""
        self._forget_mutes(room, now_ms, batch)
        muted = self._mutes(room)
        if person.no not in muted and len(muted) >= MUTED_MAX:
            raise WireError(ErrorCode.TOO_MANY, "person", _MUTES_TEXT)
        until = min(now_ms + seconds * 1_000, FOREVER_TS - 1) if seconds else FOREVER_TS
        self._put_mute(room, person, until, batch)

    def unmute(self, room: Room | None, person: Person, now_ms: int, batch: Batch) -> bool:
        """Let somebody write again; False if they could."""
        self._forget_mutes(room, now_ms, batch)
        if person.no not in self._mutes(room):
            return False
        self._put_mute(room, person, 0, batch)
        return True

    def muted(self, room: Room | None, person: Person, now_ms: int) -> bool:
        """Whether somebody is muted there, by an act there."""
        until = person.muted_until if room is None else _standing(room, person).muted_until
        return until > now_ms

    def need_voice(self, person: Person, now_ms: int, room: Room | None = None) -> None:
        """Raise :class:`WireError` if somebody is muted on the server, or in this room.

        For whatever others read but messages: names, hands, acts with their reasons.
        """
        if self.muted(None, person, now_ms) or (room and self.muted(room, person, now_ms)):
            raise WireError(ErrorCode.FORBIDDEN, "muted", _MUTED_TEXT)

    def _mutes(self, room: Room | None) -> dict[int, int]:
        if room is None:
            return {no: one.muted_until for no, one in self._muted.items()}
        return {no: one.muted_until for no, one in room.standings.items() if one.muted_until}

    def _forget_mutes(self, room: Room | None, now_ms: int, batch: Batch) -> None:
        """Drop those that are over, so that they do not count."""
        for no, until in self._mutes(room).items():
            if until <= now_ms:
                self._put_mute(room, self._people[no], 0, batch)

    def _put_mute(self, room: Room | None, person: Person, until: int, batch: Batch) -> None:
        if room is not None:
            self._stand(room, _standing(room, person)._replace(muted_until=until), batch)
            return
        person.muted_until = until
        if until:
            self._muted[person.no] = person
        else:
            self._muted.pop(person.no, None)
        _store(person, batch)

    def ban(self, room: Room | None, person: Person, banned: bool, batch: Batch) -> bool:
        """Ban somebody, who loses the role with it, or let them in again; False: it was so.

        Ending membership or sessions is the caller's.
        """
        if room is not None:
            standing = _standing(room, person)
            if standing.banned is banned:
                return False
            self._stand(room, standing._replace(banned=banned), batch)
            return True
        if person.banned is banned:
            return False
        person.banned = banned
        if banned and person.role:
            self._put_role(None, person, Role.MEMBER, batch)
        _store(person, batch)
        return True

    def ban_device(self, device: Device, banned: bool, batch: Batch) -> bool:
        """Ban a device, or let it in again; False: it was so."""
        if device.banned is banned:
            return False
        device.banned = batch.banned_devices[device.no] = banned
        return True

    def lock_nick(self, person: Person, locked: bool, batch: Batch) -> bool:
        """Take the choice of a nickname, or give it back; False: it was so."""
        if person.nick_locked is locked:
            return False
        person.nick_locked = locked
        _store(person, batch)
        return True

    def _stand(self, room: Room, standing: RoomStandingRow, batch: Batch) -> None:
        if any(standing[2:]):
            room.standings[standing.person_no] = standing
        else:
            room.standings.pop(standing.person_no, None)
        batch.room_standings[standing[:2]] = standing
        self.meet(room)
        self.changed(room)

    # --- rules, hands, and what is told -----------------------------------------------------------

    def rule(self, room: Room, rules: RulesRow, batch: Batch) -> bool:
        """Let these rules hold in a room; False: they did."""
        if self.rules(room) == rules:
            return False
        room.rules = rules if any(rules[1:]) else None
        batch.rules[room.no] = rules
        self.meet(room)
        self.changed(room)
        return True

    def rules(self, room: Room) -> RulesRow:
        """What holds in a room."""
        return room.rules or RulesRow(room.no, False, False, 0, DirectRule.FREE)

    def direct_rule(self, room: Room) -> DirectRule:
        """What its members are held to where they write privately.

        In a private room the rule holds only while somebody who keeps order there has a role on
        the server too: people are brought into it without being asked, and whoever makes one
        could take everybody's direct messages from them.
        """
        rule = self.rules(room).direct
        if (
            rule
            and room.kind is RoomKind.PRIVATE
            and not any(self.in_charge(room, one) for one in self._officers.values())
        ):
            return DirectRule.FREE
        return rule

    def watched(self, room: Room, there: dict[int, Person]) -> bool:
        """Whether somebody who keeps order in a room is among these people."""
        people: Iterable[Person] = there.values()
        if len(there) > len(room.standings):
            people = [there[no] for no in (*room.standings, *self._officers) if no in there]
        return any(not one.banned and self.in_charge(room, one) for one in people)

    def raise_hand(self, room: Room, person: Person, up: bool) -> None:
        """Note that a member's hand is up, or down."""
        hands = self._hands.get(room.no, {})
        if up is (person.no in hands):
            return
        if up:
            self._hands.setdefault(room.no, hands)[person.no] = person
        else:
            del hands[person.no]
            if not hands:
                del self._hands[room.no]
        self.changed(room)

    def changed(self, room: Room) -> None:
        """Tell the members of a room at the next push what holds there."""
        self._changed[room.no] = room

    def take_changed(self, most: int) -> list[Room]:
        """Take rooms of which the members are to be told, so many at most."""
        return [self._changed.pop(no) for no in list(self._changed)[:most]]

    def ordered(self, request: int, room: Room, now_ms: int) -> Ordered:
        """Return what holds in a room and who keeps order there."""
        rules = self.rules(room)
        own = {one.no: one for one in self._with_role(room)}
        mutes = self._mutes(room)
        if room.kind is RoomKind.OPEN:
            own |= self._officers
        if room.kind is not RoomKind.DIRECT or self._officers.keys().isdisjoint(room.members):
            # Somebody who is muted on the server may still write to those who keep order there.
            for no, until in self._mutes(None).items():
                if no in room.members:
                    mutes[no] = max(until, mutes.get(no, 0))
        muted = [
            [self._people[no].person, 0 if until >= FOREVER_TS else until]
            for no, until in mutes.items()
            if until > now_ms
        ]
        hands = self._hands.get(room.no, {}).values()
        return Ordered(
            request,
            room.room,
            rules.paused,
            rules.announce,
            rules.slow_s,
            int(self.direct_rule(room)),
            [[one.person, int(self.role(room, one))] for one in own.values()][:ROLES_MAX],
            muted[:MUTED_MAX],
            [one.person for one in hands][:HANDS_MAX],
        )

    # --- the audit log -------------------------------------------------------------------------

    def audit(
        self,
        actor: Person | None,
        act: Act,
        person: Person,
        nick: str,
        value: int,
        text: str,
        now_ms: int,
        batch: Batch,
    ) -> None:
        """Note an act on the server; ``actor`` None: the admin, by an invite."""
        self._audit_no += 1
        no, name = (actor.no, actor.nick) if actor else (0, "")
        row = AuditRow(self._audit_no, now_ms, no, name, int(act), person.no, nick, value, text)
        batch.audit.append(row)


def _standing(room: Room, person: Person) -> RoomStandingRow:
    found = room.standings.get(person.no)
    return found or RoomStandingRow(room.no, person.no, Role.MEMBER, False, 0)


def _store(person: Person, batch: Batch) -> None:
    batch.standings[person.no] = StandingRow(
        person.no, person.role, person.banned, person.nick_locked, person.muted_until
    )
