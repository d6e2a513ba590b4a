"""Who is on the server, as far as a client has heard.

Once somebody has looked at the list, changes of presence are told as they
come; before, they are only kept. Pure; no I/O.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from protocol.client.happenings import PeopleKnown, PersonInfo
from protocol.client.operations import Members
from protocol.limits import PEOPLE_MAX


class Crowd:
    """People by id, with nickname and whether they are online."""

    def __init__(self, known: Members) -> None:
        """Start with the nicknames of the last time; nobody counts as online."""
        self._people: dict[bytes, tuple[str, bool]] = {
            person: (nick, False) for person, nick in known
        }
        self.looked_at = False

    def nick_of(self, person: bytes) -> str | None:
        """Return a person's nickname, if it is known."""
        known = self._people.get(person)
        return None if known is None else known[0]

    def replace(self, rows: Sequence[Sequence[Any]]) -> Members:
        """Take the whole list; return the nicknames that are new."""
        fresh = self.update(rows)
        self._people = {row[0]: (row[1], row[2]) for row in rows}
        self.looked_at = True
        return fresh

    def update(self, rows: Iterable[Sequence[Any]]) -> Members:
        """Take rows of person, nickname, online; return the nicknames that are new."""
        fresh: list[tuple[bytes, str]] = []
        for person, nick, online, *_ in rows:
            if self.nick_of(person) != nick:
                fresh.append((person, nick))
            if person in self._people or len(self._people) < PEOPLE_MAX:
                self._people[person] = (nick, online)
        return tuple(fresh)

    def all_away(self) -> None:
        """The connection is gone: nobody is known to be online."""
        self._people = {person: (nick, False) for person, (nick, _) in self._people.items()}

    def known(self, request: int = 0) -> PeopleKnown:
        """Return everybody, sorted by nickname."""
        people = [PersonInfo(person, nick, on) for person, (nick, on) in self._people.items()]
        people.sort(key=lambda one: (one.nick.casefold(), one.person))
        return PeopleKnown(tuple(people), request)
