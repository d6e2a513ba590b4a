"""Rooms and people by the names that somebody types, as a terminal client needs them.

Fed with every happening. Pure; no I/O.
"""

from collections.abc import Iterable

from protocol.client.happenings import (
    Happening,
    PeopleKnown,
    RoomInfo,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import RoomKind


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
        elif isinstance(happening, RoomsChanged):
            self.rooms = {info.room: info for info in happening.rooms}
            for info in happening.rooms:
                self.people.update(info.members)
        elif isinstance(happening, PeopleKnown):
            self.people.update((one.person, one.nick) for one in happening.people)

    def find_room(self, name: str) -> bytes | None:
        """Return the room of this name or of this id in hex, if one is in it."""
        folded = name.casefold()
        found = None
        for room, info in self.rooms.items():
            if info.kind is RoomKind.OPEN and info.name == name:
                return room
            if room.hex() == name or (
                info.kind is RoomKind.OPEN and info.name.casefold() == folded
            ):
                found = room
        return found

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
