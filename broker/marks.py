"""Who has read how far: a mark for each member of a small room.

A room of more than MARKS_MEMBERS_MAX members takes no marks, and a mark ends with its
membership: so a room has at most MARKS_MEMBERS_MAX of them, all rooms together ROOMS_MAX times
that, and never more than there are memberships (some 100 bytes each). What has moved and what is
to be stored are sets of the same names, so they are bounded with them.

Marks are told and stored in a while and not one by one: of a mark that moves ten times in a
second the last place counts. A broker that is killed forgets the last seconds; readers mark again.
Pure. Owned by the broker's main thread.
"""

from collections.abc import Iterable
from typing import Any

from broker.directory import Person, Room
from broker.journal import Batch, MarkRow
from protocol.limits import MARKS_MEMBERS_MAX

_STORED_AT_ONCE = 10_000
"""Marks of one transaction, some 50 ms; the others wait for the next one."""

_Name = tuple[int, int]
"""Numbers of a room and of a person."""


class Marks:
    """The marks of all rooms."""

    def __init__(self, rows: Iterable[MarkRow], rooms: Iterable[Room]) -> None:
        """Take what the journal holds; marks of those who have left since are forgotten."""
        by_no = {room.no: room for room in rooms}
        self._of_room: dict[int, dict[int, int]] = {}
        self._moved: dict[Room, set[Person]] = {}
        self._unstored: set[_Name] = set()
        for row in rows:
            room = by_no.get(row.room_no)
            if room is not None and row.person_no in room.members:
                self._of_room.setdefault(room.no, {})[row.person_no] = min(row.seq, room.head)
            else:
                self._unstored.add(row[:2])

    def move(self, room: Room, person: Person, seq: int) -> None:
        """Mark that a member has read up to ``seq``; backwards, or in a crowd, is nothing."""
        if len(room.members) > MARKS_MEMBERS_MAX:
            return
        marks = self._of_room.setdefault(room.no, {})
        if seq > marks.get(person.no, 0):
            marks[person.no] = seq
            self._moved.setdefault(room, set()).add(person)
            self._unstored.add((room.no, person.no))

    def forget(self, room: Room, person: Person) -> None:
        """Drop the mark of somebody who leaves."""
        marks = self._of_room.get(room.no, {})
        if marks.pop(person.no, 0):
            self._unstored.add((room.no, person.no))
            if not marks:
                del self._of_room[room.no]

    def of(self, room: Room) -> list[list[Any]]:
        """Return rows of person, ``seq``; none in a crowd."""
        if len(room.members) > MARKS_MEMBERS_MAX:
            return []
        return self._rows(room, room.members.values())

    def moved(self) -> list[tuple[Room, list[list[Any]]]]:
        """Return for each room the rows that moved since the last call."""
        moved, self._moved = self._moved, {}
        small = [one for one in moved.items() if len(one[0].members) <= MARKS_MEMBERS_MAX]
        told = [(room, self._rows(room, people)) for room, people in small]
        return [(room, rows) for room, rows in told if rows]

    def store(self, batch: Batch) -> None:
        """Put what is to be stored into the batch, up to a bound."""
        for _ in range(min(len(self._unstored), _STORED_AT_ONCE)):
            room_no, person_no = self._unstored.pop()
            seq = self._of_room.get(room_no, {}).get(person_no, 0)
            batch.marks.append(MarkRow(room_no, person_no, seq))

    def _rows(self, room: Room, people: Iterable[Person]) -> list[list[Any]]:
        marks = self._of_room.get(room.no, {})
        return [[one.person, marks[one.no]] for one in people if one.no in marks]
