"""Rooms and people by the names that somebody types, as a terminal client needs them.

Fed with every happening. Pure; no I/O.
"""

from collections.abc import Iterable

from protocol.client.happenings import (
    Arrived,
    Happening,
    PeopleKnown,
    RoomInfo,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import RoomKind
from protocol.limits import PEOPLE_MAX

_NAMED = (RoomKind.OPEN, RoomKind.PRIVATE)
_QUOTES = {'"': '"', "'": "'", "«": "»", "“": "”", "„": "“"}


class Roster:
    """What is known of rooms, people and oneself."""

    def __init__(self) -> None:
        """Know nothing."""
        self.person = b""
        self.nick = ""
        self.server = ""
        self.rooms: dict[bytes, RoomInfo] = {}
        self.people: dict[bytes, str] = {}

    def take(self, happening: Happening) -> None:
        """Learn from a happening."""
        if isinstance(happening, Welcomed):
            self.person, self.nick = happening.person, happening.nick
            self.server = happening.server
            self.people[self.person] = self.nick
        elif isinstance(happening, RoomsChanged):
            self.rooms = {info.room: info for info in happening.rooms}
            for info in happening.rooms:
                self.people.update(info.members)
        elif isinstance(happening, PeopleKnown):
            self.people.update((one.person, one.nick) for one in happening.people)
        elif isinstance(happening, Arrived):
            for message in happening.messages:
                known = message.person in self.people
                if (known and happening.live) or (not known and len(self.people) < PEOPLE_MAX):
                    self.people[message.person] = message.nick

    def find_room(self, name: str) -> bytes | None:
        """Return the room of this name or of this id in hex; None: none, or more than one."""
        found = self.rooms_called(name)
        return found[0] if len(found) == 1 else None

    def rooms_called(self, name: str) -> list[bytes]:
        """Return the rooms with this name or this id in hex that one is in.

        Two private rooms may have one name, and that of an open room too: what is meant for one
        of them must not be said in another.
        """
        named = {room: info for room, info in self.rooms.items() if info.kind in _NAMED}
        for fits in (
            [room for room in self.rooms if room.hex() == name],
            [room for room, info in named.items() if info.name == name],
            [room for room, info in named.items() if info.name.casefold() == name.casefold()],
        ):
            if fits:
                return fits
        return []

    def split_nick(self, text: str) -> tuple[bytes, str] | None:
        """Return the person whose nickname a text begins with, and what follows; None: nobody.

        A nickname may have spaces: the longest one that fits is meant, or the one in quotes.
        """
        if text[:1] in _QUOTES:
            nick, mark, rest = text[1:].partition(_QUOTES[text[0]])
            people, _ = self.find_people([nick])
            return (people[0], rest.strip()) if people and mark else None
        words = text.split(" ")
        for count in range(len(words), 0, -1):
            people, _ = self.find_people([" ".join(words[:count])])
            if people:
                return people[0], " ".join(words[count:]).strip()
        return None

    def find_people(self, nicks: Iterable[str]) -> tuple[list[bytes], list[str]]:
        """Return the people of these nicknames, and the nicknames that nobody has."""
        found: list[bytes] = []
        missing: list[str] = []
        for nick in nicks:
            exact = [one for one, name in self.people.items() if name == nick]
            folded = [
                one for one, name in self.people.items() if name.casefold() == nick.casefold()
            ]
            if exact or folded:
                found.append((exact or folded)[0])
            else:
                missing.append(nick)
        return found, missing

    def is_private(self, room: bytes) -> bool:
        """Whether the room is a private one."""
        info = self.rooms.get(room)
        return info is not None and info.kind is RoomKind.PRIVATE

    def is_direct(self, room: bytes) -> bool:
        """Whether the room is a direct message."""
        info = self.rooms.get(room)
        return info is not None and info.kind is RoomKind.DIRECT

    def others(self, room: bytes) -> list[str]:
        """Return the nicknames of a direct message's other members."""
        info = self.rooms.get(room)
        if info is None:
            return []
        return [nick for person, nick in info.members if person != self.person]

    def name_of(self, room: bytes) -> str:
        """Return what to call the room: its name, or the others in it."""
        info = self.rooms.get(room)
        if info is None:
            return ""
        return info.name or ", ".join(self.others(room)) or self.nick
