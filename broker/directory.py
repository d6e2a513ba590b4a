"""Who there is and who is where: people, devices, rooms, members.

All of it is in memory; every change is also written into the batch of the drain, so
it is stored in the same transaction as the notices that tell of it. Raises
:class:`WireError` where a client asks for what cannot be. Owned by the broker's main thread.
"""

from bisect import bisect_right, insort
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from broker.admission import Admission
from broker.grants import Grant
from broker.journal import (
    Batch,
    Contents,
    DeviceRow,
    MemberRow,
    PersonRow,
    RoomRow,
    RoomStandingRow,
    RulesRow,
)
from protocol.codes import ErrorCode, Role, RoomKind
from protocol.errors import BadNameError, WireError
from protocol.invite import DEVICE_PREFIX
from protocol.limits import (
    DIRECT_MEMBERS_MAX,
    PEOPLE_MAX,
    ROOMS_MAX,
    ROOMS_PER_PERSON_MAX,
)
from protocol.names import clean_nick, clean_room_name, skeleton

GENERAL = "general"
"""The room that every server has and every newcomer is in."""

_SORTED_MAX = 64
"""Rooms whose members are kept in order: of 12,500 people each, 6 MB in all."""

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
    """By number, in the order of joining."""
    standings: dict[int, RoomStandingRow] = field(default_factory=dict)
    """Who is more, or less, than a member here; this and what follows is :mod:`broker.order`'s."""
    rules: RulesRow | None = None
    free: bool = False
    """An open room in which everybody may write who is not muted on the server. In the others rules
    of their own, or of other rooms, may hold."""


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
    devices: list["Device"] = field(default_factory=list)
    role: Role = Role.MEMBER
    """On the server; this and what follows is :mod:`broker.order`'s to change."""
    muted_until: int = 0
    """On the server, in ms since 1970; 0: is not muted."""
    banned: bool = False
    nick_locked: bool = False


@dataclass(slots=True, eq=False)
class Device:
    """A device is its public key."""

    no: int
    key: bytes
    person: Person
    banned: bool = False


class Directory:
    """The people and rooms of a server."""

    def __init__(self, contents: Contents, random: Random) -> None:
        """Take what the journal holds; ``random(n)`` gives n random bytes."""
        self._random = random
        self.admission = Admission(contents, random)
        self._order = contents.last_order
        self.rooms: dict[bytes, Room] = {}
        self.people: dict[bytes, Person] = {}
        self._handles: dict[str, Room] = {}
        self._skeletons: dict[str, Person] = {}
        self._devices: dict[bytes, Device] = {}
        self._person_order: list[bytes] = []
        self._room_order: list[bytes] = []
        self._sorted: OrderedDict[int, list[bytes]] = OrderedDict()
        """Ids of the members of rooms that were asked for last; an eighth of all people each."""
        rooms = {row.no: self._keep_room(row) for row in contents.rooms}
        people = {row.no: self._keep_person(row) for row in contents.people}
        self.people_by_no = people
        for profile in contents.profiles:
            owner = people[profile.person_no]
            owner.colour, owner.picture = profile.colour, profile.picture
        banned = set(contents.banned_devices)
        for row in contents.devices:
            device = self._keep_device(row.no, row.key, people[row.person_no])
            device.banned = row.no in banned
        for member in contents.members:
            room, person = rooms[member.room_no], people[member.person_no]
            room.members[person.no] = person
            person.rooms[room.no] = room
        for no, role, is_banned, nick_locked, muted_until in contents.standings:
            person = people[no]
            person.role, person.banned = role, is_banned
            person.nick_locked, person.muted_until = nick_locked, muted_until
        for standing in contents.room_standings:
            rooms[standing.room_no].standings[standing.person_no] = standing
        for rules in contents.rules:
            rooms[rules.room_no].rules = rules
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
        person.devices.append(device)
        return device

    # --- people and devices ---------------------------------------------------

    def device(self, key: bytes) -> Device | None:
        """Return the device with this public key."""
        return self._devices.get(key)

    def enrol(
        self,
        key: bytes,
        nick: str | None,
        token: str | None,
        grant: Grant | None,
        now_ms: int,
        batch: Batch,
    ) -> Device:
        """Admit a device that is not known yet: as a new person, or by a device-link token.

        ``grant`` is what the token lets somebody do if it is an invite's.
        """
        if token is None:
            raise WireError(ErrorCode.TOKEN, "token", "this server needs an invite link")
        if grant is not None:
            # Asked first: a standing token of an earlier version may begin like a device link.
            self.admission.need_valid(grant, now_ms)
            person = self._add_person(nick, batch)
            self.admission.use(grant, person, batch)
        elif token.startswith(DEVICE_PREFIX):
            person = self.admission.use_link(token, self.people_by_no, now_ms, batch)
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
        person = self.people_by_no[row.no] = self._keep_person(row)
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

    def need_people(self, ids: Iterable[bytes]) -> list[Person]:
        """Return these people, each once; raise :class:`WireError` if one is not known."""
        people = [self.people.get(one) for one in dict.fromkeys(ids)]
        known = [one for one in people if one is not None]
        if len(known) < len(people):
            raise WireError(ErrorCode.NO_PERSON, "people", "one of these people is not known")
        return known

    def people_page(self, after: bytes, limit: int) -> tuple[list[Person], bool]:
        """Return people in the order of their ids, and whether there are more."""
        start = bisect_right(self._person_order, after)
        ids = self._person_order[start : start + limit]
        return [self.people[one] for one in ids], start + limit < len(self._person_order)

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

    def create_private(self, name: str, batch: Batch) -> Room:
        """Make a private room without members; its name may be taken, and takes none."""
        clean = self._open_handle(name)[0]
        return self._add_room(RoomKind.PRIVATE, clean, "", batch)

    def _add_room(self, kind: RoomKind, name: str, handle: str, batch: Batch) -> Room:
        if len(self.rooms) >= ROOMS_MAX:
            raise WireError(ErrorCode.TOO_MANY, "room", "this server has no place for more rooms")
        self._room_no += 1
        room = self._fresh(16, self.rooms)
        # Unlike every other one: nobody finds a private room by what it is called.
        row = RoomRow(self._room_no, room, kind, name, handle or "p:" + room.hex(), 0, 0)
        batch.rooms.append(row)
        return self._keep_room(row)

    def need_place(self, person: Person, field: str = "room") -> None:
        """Raise :class:`WireError` if the person is in as many rooms as one may be."""
        if len(person.rooms) >= ROOMS_PER_PERSON_MAX:
            raise WireError(ErrorCode.TOO_MANY, field, f"{person.nick} is in too many rooms")

    def need_admission(self, room: Room, person: Person, field: str = "room") -> None:
        """Raise :class:`WireError` if the person, who is no member, cannot become one."""
        standing = room.standings.get(person.no)
        if standing is not None and standing.banned:
            text = f"{person.nick} is banned from this room"
            raise WireError(ErrorCode.BANNED, field, text)
        self.need_place(person, field)

    def join(self, room: Room, person: Person, batch: Batch) -> bool:
        """Make the person a member; False if it was one."""
        if person.no in room.members:
            return False
        self.need_admission(room, person)
        self._order += 1
        room.members[person.no] = person
        person.rooms[room.no] = room
        if room.no in self._sorted:
            insort(self._sorted[room.no], person.person)
        if (room.no, person.no) in batch.left:
            batch.left.remove((room.no, person.no))
        else:
            batch.joined.append(MemberRow(room.no, person.no, self._order))
        return True

    def leave(self, room: Room, person: Person, batch: Batch) -> None:
        """End a membership."""
        del room.members[person.no]
        del person.rooms[room.no]
        ids = self._sorted.get(room.no)
        if ids is not None:
            del ids[bisect_right(ids, person.person) - 1]
        joined = [row for row in batch.joined if row[:2] == (room.no, person.no)]
        if joined:
            batch.joined.remove(joined[0])
        else:
            batch.left.append((room.no, person.no))

    def find_direct(self, people: Iterable[Person]) -> Room | None:
        """Find the direct message of these people."""
        return self._handles.get(_direct_handle(people))

    def direct(
        self, person: Person, others: Iterable[Person], batch: Batch
    ) -> tuple[Room, list[Person]]:
        """Find or make the room of these people; return it and who is new in it."""
        members = {one.no: one for one in (person, *others)}
        if len(members) > DIRECT_MEMBERS_MAX:
            raise WireError(
                ErrorCode.TOO_MANY, "people", f"a direct message has {DIRECT_MEMBERS_MAX} people"
            )
        room = self.find_direct(members.values())
        if room is not None:
            return room, []
        for one_person in members.values():
            self.need_place(one_person, "people")
        room = self._add_room(RoomKind.DIRECT, "", _direct_handle(members.values()), batch)
        for one_person in members.values():
            self.join(room, one_person, batch)
        return room, list(members.values())

    def members_page(self, room: Room, after: bytes, limit: int) -> tuple[list[Person], bool]:
        """Return members of a room in the order of their ids, and whether there are more."""
        if len(room.members) * 8 < len(self.people):
            ids = self._sorted_members(room)
            start = bisect_right(ids, after)
            page = [self.people[one] for one in ids[start : start + limit + 1]]
        else:
            # Nearly everybody is in it: walk through all people rather than sort them.
            page = []
            for place in range(bisect_right(self._person_order, after), len(self._person_order)):
                person = self.people[self._person_order[place]]
                if person.no in room.members:
                    page.append(person)
                    if len(page) > limit:
                        break
        return page[:limit], len(page) > limit

    def _sorted_members(self, room: Room) -> list[bytes]:
        """Sort the ids of a room's members once for all its pages, not for each."""
        ids = self._sorted.pop(room.no, None)
        if ids is None:
            ids = sorted(one.person for one in room.members.values())
        self._sorted[room.no] = ids
        if len(self._sorted) > _SORTED_MAX:
            self._sorted.popitem(last=False)
        return ids

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


def _direct_handle(people: Iterable[Person]) -> str:
    return "d:" + ",".join(map(str, sorted({one.no for one in people})))
