"""Who is on the server, as far as a client has heard.

Once somebody has looked at the list, changes of presence are told as they
come; before, they are only kept. Pure; no I/O.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from protocol.client.happenings import PeopleKnown, PersonInfo
from protocol.client.operations import PersonRow
from protocol.limits import PEOPLE_MAX


class Crowd:
    """People by id: nickname, whether they are online, colour, picture and role."""

    def __init__(self, known: Iterable[PersonRow]) -> None:
        """Start with what is known from the last time; nobody counts as online."""
        self._people: dict[bytes, PersonInfo] = {
            person: PersonInfo(person, nick, False, colour, picture)
            for person, nick, colour, picture in known
        }
        self.looked_at = False

    def nick_of(self, person: bytes) -> str | None:
        """Return a person's nickname, if it is known."""
        known = self._people.get(person)
        return None if known is None else known.nick

    def replace(self, rows: Sequence[Sequence[Any]]) -> tuple[PersonRow, ...]:
        """Take the whole list; return those who are new or look different."""
        fresh = self.update(rows)
        here = {row[0] for row in rows}
        self._people = {one: info for one, info in self._people.items() if one in here}
        self.looked_at = True
        return fresh

    def update(self, rows: Iterable[Sequence[Any]]) -> tuple[PersonRow, ...]:
        """Take rows as of PEOPLE_PAGE; return who looks different."""
        fresh: list[PersonRow] = []
        for person, nick, online, colour, picture, role, *_ in rows:
            row = PersonRow(person, nick, colour, picture)
            known = self._people.get(person)
            if known is not None or len(self._people) < PEOPLE_MAX:
                if known is None or row != _lasting(known):
                    fresh.append(row)
                self._people[person] = PersonInfo(person, nick, online, colour, picture, role)
        return tuple(fresh)

    def look(self, person: bytes, colour: int, picture: bytes) -> tuple[PersonRow, ...]:
        """Take somebody's new colour and picture; return their row if they are known."""
        known = self._people.get(person)
        if known is None:
            return ()
        self._people[person] = replace(known, colour=colour, picture=picture)
        return (_lasting(self._people[person]),)

    def all_away(self) -> None:
        """The connection is gone: nobody is known to be online."""
        self._people = {
            person: replace(info, online=False) for person, info in self._people.items()
        }

    def known(self, request: int = 0) -> PeopleKnown:
        """Return everybody, sorted by nickname."""
        people = sorted(self._people.values(), key=lambda one: (one.nick.casefold(), one.person))
        return PeopleKnown(tuple(people), request)


def _lasting(info: PersonInfo) -> PersonRow:
    return PersonRow(info.person, info.nick, info.colour, info.picture)
