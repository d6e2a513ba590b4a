"""Rooms and people by what somebody types: never another one than is meant."""

import pytest

from protocol.client.happenings import (
    Arrived,
    Message,
    PeopleKnown,
    PersonInfo,
    RoomInfo,
    RoomsChanged,
)
from protocol.codes import RoomKind
from protocol.terminal.roster import Roster

NORA, SPACED, LONG = b"N" * 8, b"S" * 8, b"L" * 8


def roster(*rooms: tuple[bytes, RoomKind, str]) -> Roster:
    made = Roster()
    infos = tuple(RoomInfo(room, kind, name, (), b"E" * 16, 0, 0, 0) for room, kind, name in rooms)
    made.take(RoomsChanged(infos))
    people = ((NORA, "Nora"), (SPACED, "Nora Two"), (LONG, "ім'я"))
    made.take(PeopleKnown(tuple(PersonInfo(person, nick, True) for person, nick in people)))
    return made


def test_a_private_room_is_found_like_an_open_one() -> None:
    a, b = b"a" * 16, b"b" * 16
    some = roster((a, RoomKind.OPEN, "general"), (b, RoomKind.PRIVATE, "Staff"))
    assert some.find_room("Staff") == some.find_room("staff") == some.find_room(b.hex()) == b
    assert some.is_private(b) and not some.is_private(a) and some.find_room("x") is None


def test_rooms_of_one_name_are_not_taken_for_each_other() -> None:
    a, b, c = b"a" * 16, b"b" * 16, b"c" * 16
    some = roster(
        (a, RoomKind.OPEN, "staff"), (b, RoomKind.PRIVATE, "staff"), (c, RoomKind.PRIVATE, "STAFF")
    )
    assert some.find_room("staff") is None and some.rooms_called("staff") == [a, b]
    assert some.find_room("STAFF") == c, "as it is written"
    assert some.rooms_called("Staff") == [a, b, c]
    assert some.find_room(b.hex()) == b


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Nora", (NORA, "")),
        ("nora too loud", (NORA, "too loud")),
        ("Nora Two", (SPACED, "")),
        ("nora two  10m", (SPACED, "10m")),
        ('"Nora" Two more', (NORA, "Two more")),
        ("«Nora Two» x", (SPACED, "x")),
        ("ім'я", (LONG, "")),
        ("No", None),
        ('"Nora', None),
        ("", None),
    ],
)
def test_the_longest_nickname_is_meant(text: str, wanted: tuple[bytes, str] | None) -> None:
    assert roster().split_nick(text) == wanted


def test_names_are_learned_from_what_is_said_now_and_not_from_old_messages() -> None:
    some = roster()

    def said(person: bytes, nick: str) -> Message:
        return Message(bytes(16), bytes(16), 1, 0, person, nick, 1, {"text": "x"}, False, 0)

    fresh, old = said(NORA, "Nora the 2nd"), said(SPACED, "an old name")
    unknown = said(b"U" * 8, "Uliana")
    some.take(Arrived(bytes(16), (fresh, unknown), True))
    some.take(Arrived(bytes(16), (old, said(b"V" * 8, "Vira")), False))
    assert some.people[NORA] == "Nora the 2nd" and some.people[SPACED] == "Nora Two"
    assert (some.people[b"U" * 8], some.people[b"V" * 8]) == ("Uliana", "Vira")
