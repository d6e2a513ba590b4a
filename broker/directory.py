"""Who there is and who is where: people, devices, rooms, members, tokens.

All of it is in memory; every change is also written into the batch of the drain, so
it is stored in the same transaction as the notices that tell of it. Raises
:class:`WireError` where a client asks for what cannot be. Owned by the broker's main thread.
"""

import hashlib
import hmac
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field

from broker.journal import (
    Batch,
    Contents,
    DeviceRow,
    MemberRow,
    PersonRow,
    RoomRow,
    TokenRow,
)
from protocol.codes import ErrorCode, RoomKind
from protocol.errors import BadNameError, WireError
from protocol.limits import (
    DEVICES_PER_PERSON_MAX,
    DIRECT_MEMBERS_MAX,
    LINK_TOKEN_MS,
    LINK_TOKENS_MAX,
    PEOPLE_MAX,
    ROOMS_MAX,
    ROOMS_PER_PERSON_MAX,
)
from protocol.names import clean_nick, clean_room_name, skeleton

GENERAL = "general"
"""The room that every server has and every newcomer is in."""

_LINK_PREFIX = "L"
Random = Callable[[int], bytes]


@dataclass(slots=True, eq=False)
class Room:
    """A room in memory. ``head`` and ``last_ts`` are the sequencer's to move."""

    no: int
    room: bytes
    kind: RoomKind
    name: str
    head: int
    last_ts: int
    members: dict[int, "Person"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Person:
    """Somebody in memory; ``rooms`` by number, in the order of joining."""

    no: int
    person: bytes
    nick: str
    skeleton: str = ""
    colour: int = 0
    picture: bytes = b""
    """The name of their picture, or empty; both are :mod:`broker.profiles`' to change."""
    rooms: dict[int, Room] = field(default_factory=dict)
    devices: int = 0


@dataclass(slots=True, eq=False)
class Device:
    """A device is its public key."""

    no: int
    key: bytes
    person: Person


class Directory:
    """The people and rooms of a server."""

    def __init__(self, contents: Contents, invite_token: str, random: Random) -> None:
        """Take what the journal holds; ``random(n)`` gives n random bytes."""
        self._invite_token = invite_token
        self._random = random
        self._order = contents.last_order
        self.rooms: dict[bytes, Room] = {}
        self.people: dict[bytes, Person] = {}
        self._handles: dict[str, Room] = {}
        self._skeletons: dict[str, Person] = {}
        self._devices: dict[bytes, Device] = {}
        self._tokens = {row.digest: row for row in contents.tokens}
        self._person_order: list[bytes] = []
        self._room_order: list[bytes] = []
        rooms = {row.no: self._keep_room(row) for row in contents.rooms}
        people = {row.no: self._keep_person(row) for row in contents.people}
        self._people_by_no = people
        for profile in contents.profiles:
            owner = people[profile.person_no]
            owner.colour, owner.picture = profile.colour, profile.picture
        for row in contents.devices:
            self._keep_device(row.no, row.key, people[row.person_no])
        for member in contents.members:
            room, person = rooms[member.room_no], people[member.person_no]
            room.members[person.no] = person
            person.rooms[room.no] = room
        self._person_no = max(people, default=0)
        self._room_no = max(rooms, default=0)
        self._device_no = max((row.no for row in contents.devices), default=0)

    def _keep_room(self, row: RoomRow) -> Room:
        room = Room(row.no, row.room, row.kind, row.name, row.head, row.last_ts)
        self.rooms[row.room] = room
        self._handles[row.handle] = room
        if row.kind is RoomKind.OPEN and not row.name.isascii():
            # What is stored may be of an earlier version, which folded names in another way.
            self._handles.setdefault("o:" + skeleton(row.name), room)
        if row.kind is RoomKind.OPEN:
            insort(self._room_order, row.room)
        return room

    def _keep_person(self, row: PersonRow) -> Person:
        person = Person(row.no, row.person, row.nick, row.skeleton)
        self.people[row.person] = person
        self._skeletons[row.skeleton] = person
        if not row.nick.isascii():
            self._skeletons.setdefault(skeleton(row.nick), person)
        insort(self._person_order, row.person)
        return person

    def _keep_device(self, no: int, key: bytes, person: Person) -> Device:
        device = self._devices[key] = Device(no, key, person)
        person.devices += 1
        return device

    # --- people and devices ---------------------------------------------------

    def device(self, key: bytes) -> Device | None:
        """Return the device with this public key."""
        return self._devices.get(key)

    def enrol(
        self, key: bytes, nick: str | None, token: str | None, now_ms: int, batch: Batch
    ) -> Device:
        """Admit a device that is not known yet: as a new person, or by a device-link token."""
        if token is None:
            raise WireError(ErrorCode.TOKEN, "token", "this server needs an invite link")
        if hmac.compare_digest(token.encode(), self._invite_token.encode()):
            # Asked first: one in 64 invite tokens starts like a device link.
            person = self._add_person(nick, batch)
        elif token.startswith(_LINK_PREFIX):
            person = self._use_token(token, now_ms, batch)
        else:
            raise WireError(ErrorCode.TOKEN, "token", "this invite link is not valid any more")
        self._device_no += 1
        batch.devices.append(DeviceRow(self._device_no, key, person.no))
        return self._keep_device(self._device_no, key, person)

    def _add_person(self, nick: str | None, batch: Batch) -> Person:
        name, folded = self._free_nick(nick, None)
        if len(self.people) >= PEOPLE_MAX:
            raise WireError(ErrorCode.TOO_MANY, "nick", "this server is full")
        self._person_no += 1
        row = PersonRow(self._person_no, self._fresh(8, self.people), name, folded)
        batch.people.append(row)
        person = self._people_by_no[row.no] = self._keep_person(row)
        return person

    def _free_nick(self, nick: str | None, owner: Person | None) -> tuple[str, str]:
        try:
            name = clean_nick(nick or "")
        except BadNameError as error:
            raise WireError(ErrorCode.NICK_BAD, "nick", str(error)) from None
        folded = skeleton(name)
        if self._skeletons.get(folded, owner) is not owner:
            raise WireError(
                ErrorCode.NICK_TAKEN, "nick", "somebody has this nickname or one that looks like it"
            )
        return name, folded

    def rename(self, person: Person, nick: str, batch: Batch) -> str:
        """Give another nickname; return the old one."""
        name, folded = self._free_nick(nick, person)
        was = person.nick
        # Both: what is stored may be an earlier version's.
        for one in (person.skeleton, skeleton(person.nick)):
            if self._skeletons.get(one) is person:
                del self._skeletons[one]
        self._skeletons[folded] = person
        person.skeleton = folded
        person.nick = name
        batch.people.append(PersonRow(person.no, person.person, name, folded))
        return was

    def people_page(self, after: bytes, limit: int) -> tuple[list[Person], bool]:
        """Return people in the order of their ids, and whether there are more."""
        start = bisect_right(self._person_order, after)
        ids = self._person_order[start : start + limit]
        return [self.people[one] for one in ids], start + limit < len(self._person_order)

    # --- device-link tokens -----------------------------------------------------

    def link_token(self, person: Person, now_ms: int, batch: Batch) -> str:
        """Make a token with which one more device becomes this person."""
        if person.devices >= DEVICES_PER_PERSON_MAX:
            raise WireError(ErrorCode.TOO_MANY, "", "you have as many devices as one may have")
        mine = [one for one in self._tokens.values() if one.person_no == person.no]
        for row in mine:
            if row.expires_ts <= now_ms or len(mine) >= LINK_TOKENS_MAX:
                del self._tokens[row.digest]
                batch.used_tokens.append(row.digest)
                mine = [one for one in mine if one is not row]
        token = _LINK_PREFIX + self._random(16).hex()
        row = TokenRow(_digest(token), person.no, now_ms + LINK_TOKEN_MS)
        self._tokens[row.digest] = row
        batch.tokens.append(row)
        return token

    def _use_token(self, token: str, now_ms: int, batch: Batch) -> Person:
        row = self._tokens.pop(_digest(token), None)
        if row is not None:
            batch.used_tokens.append(row.digest)
        if row is None or row.expires_ts <= now_ms:
            raise WireError(ErrorCode.TOKEN, "token", "this device link is used up or too old")
        person = self._people_by_no[row.person_no]
        if person.devices >= DEVICES_PER_PERSON_MAX:
            raise WireError(ErrorCode.TOO_MANY, "", "you have as many devices as one may have")
        return person

    # --- rooms --------------------------------------------------------------------

    def open_room(self, name: str) -> Room | None:
        """Find an open room by its name, or one that looks like it."""
        return self._handles.get(self._open_handle(name)[1])

    def _open_handle(self, name: str) -> tuple[str, str]:
        try:
            clean = clean_room_name(name)
        except BadNameError as error:
            raise WireError(ErrorCode.FIELD, "name", str(error)) from None
        return clean, "o:" + skeleton(clean)

    def create(self, name: str, batch: Batch) -> Room:
        """Make an open room without members; the name must be free."""
        clean, handle = self._open_handle(name)
        return self._add_room(RoomKind.OPEN, clean, handle, batch)

    def _add_room(self, kind: RoomKind, name: str, handle: str, batch: Batch) -> Room:
        if len(self.rooms) >= ROOMS_MAX:
            raise WireError(ErrorCode.TOO_MANY, "room", "this server has no place for more rooms")
        self._room_no += 1
        row = RoomRow(self._room_no, self._fresh(16, self.rooms), kind, name, handle, 0, 0)
        batch.rooms.append(row)
        return self._keep_room(row)

    def need_place(self, person: Person, field: str = "room") -> None:
        """Raise :class:`WireError` if the person is in as many rooms as one may be."""
        if len(person.rooms) >= ROOMS_PER_PERSON_MAX:
            raise WireError(ErrorCode.TOO_MANY, field, f"{person.nick} is in too many rooms")

    def join(self, room: Room, person: Person, batch: Batch) -> bool:
        """Make the person a member; False if it was one."""
        if person.no in room.members:
            return False
        self.need_place(person)
        self._order += 1
        room.members[person.no] = person
        person.rooms[room.no] = room
        if (room.no, person.no) in batch.left:
            batch.left.remove((room.no, person.no))
        else:
            batch.joined.append(MemberRow(room.no, person.no, self._order))
        return True

    def leave(self, room: Room, person: Person, batch: Batch) -> None:
        """End a membership."""
        del room.members[person.no]
        del person.rooms[room.no]
        joined = [row for row in batch.joined if row[:2] == (room.no, person.no)]
        if joined:
            batch.joined.remove(joined[0])
        else:
            batch.left.append((room.no, person.no))

    def direct(
        self, person: Person, others: list[bytes], batch: Batch
    ) -> tuple[Room, list[Person]]:
        """Find or make the room of these people; return it and who is new in it."""
        members = {person.no: person}
        for one in others:
            other = self.people.get(one)
            if other is None:
                raise WireError(ErrorCode.NO_PERSON, "people", "one of these people is not known")
            members[other.no] = other
        if len(members) > DIRECT_MEMBERS_MAX:
            raise WireError(
                ErrorCode.TOO_MANY, "people", f"a direct message has {DIRECT_MEMBERS_MAX} people"
            )
        handle = "d:" + ",".join(str(no) for no in sorted(members))
        room = self._handles.get(handle)
        if room is not None:
            return room, []
        for one_person in members.values():
            self.need_place(one_person, "people")
        room = self._add_room(RoomKind.DIRECT, "", handle, batch)
        for one_person in members.values():
            self.join(room, one_person, batch)
        return room, list(members.values())

    def rooms_page(self, after: bytes, limit: int) -> tuple[list[Room], bool]:
        """Return open rooms in the order of their ids, and whether there are more."""
        start = bisect_right(self._room_order, after)
        ids = self._room_order[start : start + limit]
        return [self.rooms[one] for one in ids], start + limit < len(self._room_order)

    def _fresh(self, size: int, taken: dict[bytes, Room] | dict[bytes, Person]) -> bytes:
        while True:
            name = self._random(size)
            if name not in taken and any(name):
                return name


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
