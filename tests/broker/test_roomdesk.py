"""Private rooms: who is in them, who brings whom in, and that nobody else sees them."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from broker import directory as directory_module
from broker.meters import Deed, Meters
from protocol.backplane import Down
from protocol.codes import Act, ErrorCode, Role, RoomKind
from protocol.frames import Act as ActFrame
from protocol.frames import (
    Add,
    AnyFrame,
    Direct,
    Done,
    Error,
    Hand,
    Join,
    Leave,
    Mark,
    Members,
    MembersPage,
    Order,
    Private,
    Rooms,
    RoomsPage,
    Typing,
    decode,
)
from protocol.frames import Marks as AskMarks
from protocol.limits import ROOMS_PER_PERSON_MAX
from tests.broker.stand import TOKEN, Gate, Stand
from tests.broker.test_orderdesk import ANN, BOB, BOSS, EVE, done, gate, last, refused, stand

__all__ = ["gate", "stand"]


def people(stand: Stand, *numbers: int) -> list[bytes]:
    return [stand.person(one).person for one in numbers]


def found(gate: Gate, slot: int, name: str, *others: int) -> bytes:
    """Make a private room; return it."""
    said = gate.ask(slot, Private(9, name, people(gate.stand, *others)))
    mine = next(one for one in said if one[:3] == [Down.ENTERED, slot, 9])
    assert mine[4] == RoomKind.PRIVATE
    return bytes(mine[3])


def wrong(gate: Gate, slot: int, frame: AnyFrame) -> tuple[int, str]:
    """It must be refused and change nothing; return code and field."""
    said = gate.ask(slot, frame)
    assert [one[:2] for one in said] == [[Down.FRAME, slot]] and not gate.stand.batch
    error = decode(said[0][2])
    assert isinstance(error, Error)
    return error.code, error.field


def names(stand: Stand, room: bytes) -> list[str]:
    return [one.nick for one in stand.directory.rooms[room].members.values()]


def test_a_private_room_begins_with_whom_its_maker_wants(gate: Gate, stand: Stand) -> None:
    room = found(gate, ANN, " study ", BOB, ANN, BOB)
    assert names(stand, room) == ["Ann", "Bob"]
    there = stand.directory.rooms[room]
    assert stand.order.role(there, stand.person(ANN)) is Role.OWNER
    ann = stand.person(ANN).person
    assert stand.notices(room) == [
        ("Ann", {"what": "created"}),
        ("Ann", {"what": "joined"}),
        ("Bob", {"what": "joined", "who": ann, "nick": "Ann"}),
    ]
    stand.restart()
    assert names(stand, room) == ["Ann", "Bob"] and there.name == "study"
    again = stand.directory.rooms[room]
    assert (again.kind, again.name, again.free) == (RoomKind.PRIVATE, "study", False)
    assert stand.order.role(again, stand.person(ANN)) is Role.OWNER


def test_its_name_is_nobodys_business(gate: Gate, stand: Stand) -> None:
    """Neither is one that is taken refused, nor does it take one."""
    first = found(gate, ANN, "kitchen")
    second = found(gate, BOB, "Кitchen", EVE)
    assert first != second
    third = found(gate, ANN, "study")
    for name in ("study", f"p:{third.hex()}", third.hex()):
        assert wrong(gate, BOB, Join(9, name, False)) == (ErrorCode.NO_ROOM, "name")
    (entered,) = gate.ask(BOB, Join(9, "study", True))
    assert entered[3] != third
    assert wrong(gate, ANN, Private(9, "  ", [])) == (ErrorCode.FIELD, "name")
    page = gate.answer(EVE, Rooms(6, b"", 100))
    assert isinstance(page, RoomsPage)
    assert sorted(row[1] for row in page.rooms) == ["general", "kitchen", "study"]


@pytest.mark.parametrize("slot", [BOSS, EVE])
def test_to_others_it_is_as_if_it_were_not_there(gate: Gate, stand: Stand, slot: int) -> None:
    """Whatever they are on the server, and though they know what it is called on the wire."""
    room = found(gate, ANN, "study", BOB)
    bob = stand.person(BOB).person

    def requests(there: bytes) -> list[AnyFrame]:
        return [
            Leave(9, there),
            Add(9, there, [bob]),
            Members(9, there, b"", 10),
            Order(9, there),
            Typing(there),
            Mark(there, 1),
            AskMarks(9, there),
            Hand(there, True),
            *(ActFrame(9, act, there, bob, b"", 1, "") for act in range(1, 12)),
            ActFrame(9, Act.LOWER, there, bob, b"", 0, ""),
        ]

    for mine, nothing in zip(requests(room), requests(b"?" * 16), strict=True):
        said, unsaid = gate.ask(slot, mine), gate.ask(slot, nothing)
        assert said == unsaid and not stand.batch
    assert names(stand, room) == ["Ann", "Bob"]


def test_those_in_charge_bring_people_in(gate: Gate, stand: Stand) -> None:
    room = found(gate, ANN, "study", BOB)
    assert wrong(gate, BOB, Add(5, room, people(stand, EVE))) == (ErrorCode.FORBIDDEN, "role")
    done(gate, ANN, Act.ROLE, room, BOB, 1)
    said = gate.ask(BOB, Add(5, room, people(stand, EVE, ANN)))
    assert [one[:3] for one in said[:-1]] == [[Down.ENTERED, EVE, 0]]
    assert decode(said[-1][2]) == Done(5)
    bob = stand.person(BOB).person
    assert last(stand, room) == ("Eve", {"what": "joined", "who": bob, "nick": "Bob"})
    page = gate.answer(EVE, Members(6, room, b"", 2))
    assert isinstance(page, MembersPage) and page.more and len(page.members) == 2
    rest = gate.answer(EVE, Members(6, room, page.members[-1][0], 2))
    assert isinstance(rest, MembersPage) and not rest.more
    rows = page.members + rest.members
    assert [row[0] for row in rows] == sorted(people(stand, ANN, BOB, EVE))
    assert {row[1]: row[3] for row in rows} == {"Ann": 2, "Bob": 1, "Eve": 0}


def test_all_of_them_come_in_or_nobody(gate: Gate, stand: Stand) -> None:
    room = found(gate, ANN, "study")
    done(gate, ANN, Act.BAN, room, BOB)
    both = people(stand, EVE, BOB)
    assert wrong(gate, ANN, Add(5, room, both)) == (ErrorCode.BANNED, "people")
    nobody = [*people(stand, EVE), b"nobody  "]
    assert wrong(gate, ANN, Add(5, room, nobody)) == (ErrorCode.NO_PERSON, "people")
    done(gate, ANN, Act.UNBAN, room, BOB)
    done(gate, BOSS, Act.BAN, whom=BOB)
    for frame in (Add(5, room, both), Private(5, "study", both)):
        assert wrong(gate, ANN, frame) == (ErrorCode.BANNED, "people")
    with stand.drain() as batch:
        for number in range(ROOMS_PER_PERSON_MAX):
            person, many = stand.person(EVE), f"room {number}"
            if len(person.rooms) < ROOMS_PER_PERSON_MAX:
                stand.directory.join(stand.directory.create(many, batch), person, batch)
    for frame in (Add(5, room, people(stand, EVE)), Private(5, "more", people(stand, EVE))):
        assert wrong(gate, ANN, frame) == (ErrorCode.TOO_MANY, "people")
    assert names(stand, room) == ["Ann"]
    kitchen = stand.directory.open_room("kitchen")
    assert kitchen is not None
    open_room = wrong(gate, ANN, Add(5, kitchen.room, people(stand, EVE)))
    assert open_room == (ErrorCode.FIELD, "room")


def test_whoever_was_there_first_of_the_highest_owns_it_then(gate: Gate, stand: Stand) -> None:
    room = found(gate, ANN, "study", BOB, EVE, BOSS)
    done(gate, ANN, Act.ROLE, room, EVE, 1)
    gate.ask(ANN, Leave(5, room))
    there = stand.directory.rooms[room]
    eve = stand.person(EVE)
    assert stand.order.role(there, eve) is Role.OWNER
    told = ("Ann", {"what": "role", "who": eve.person, "nick": "Eve", "value": 2})
    assert last(stand, room) == told
    gate.ask(EVE, Leave(5, room))
    assert stand.order.role(there, stand.person(BOB)) is Role.OWNER
    assert names(stand, room) == ["Bob", "Boss"]
    # An owner of the server is nothing there.
    assert refused(gate, BOSS, Act.KICK, room, BOB) == (ErrorCode.FORBIDDEN, "role")
    for number in (BOB, BOSS):
        gate.ask(number, Leave(5, room))
    assert not there.members and not there.standings
    stand.restart()
    assert room in stand.directory.rooms


def owners(stand: Stand, room: bytes) -> list[str]:
    there = stand.directory.rooms[room]
    members = there.members.values()
    return [one.nick for one in members if stand.order.role(there, one) is Role.OWNER]


def test_nobody_inherits_who_is_banned(gate: Gate, stand: Stand) -> None:
    room = found(gate, ANN, "study", BOB, EVE)
    done(gate, ANN, Act.ROLE, room, BOB, 1)
    done(gate, BOSS, Act.BAN, whom=BOB)
    gate.ask(ANN, Leave(5, room))
    assert owners(stand, room) == ["Eve"]
    stand.restart()
    gate = Gate(stand)
    assert owners(stand, room) == ["Eve"]
    gate.open(EVE, EVE)
    assert decode(gate.ask(EVE, Add(5, room, people(stand, ANN)))[-1][2]) == Done(5)


def test_a_private_room_does_not_stay_with_who_is_banned(gate: Gate, stand: Stand) -> None:
    room, two = found(gate, ANN, "study", BOB, EVE), found(gate, ANN, "two", BOB)
    done(gate, ANN, Act.ROLE, two, BOB, 2)
    before = stand.notices(two)
    done(gate, BOSS, Act.BAN, whom=ANN)
    bob = stand.person(BOB)
    told = ("Ann", {"what": "role", "who": bob.person, "nick": "Bob", "value": 2})
    assert last(stand, room) == told and stand.notices(two) == before
    assert owners(stand, room) == ["Bob"] and names(stand, room) == ["Ann", "Bob", "Eve"]
    assert owners(stand, two) == ["Ann", "Bob"], "Bob owned it as well"
    # Who is banned is no other owner.
    assert refused(gate, BOB, Act.ROLE, two, BOB) == (ErrorCode.FORBIDDEN, "role")
    for number in (BOB, EVE):
        done(gate, BOSS, Act.BAN, whom=number)
    assert owners(stand, room) == ["Eve"], "nobody was left to whom it could go"
    stand.restart()
    gate = Gate(stand)
    gate.open(BOSS, BOSS)
    done(gate, BOSS, Act.UNBAN, whom=ANN)
    assert owners(stand, room) == ["Ann"], "the first who is let in again"
    done(gate, BOSS, Act.UNBAN, whom=EVE)
    assert owners(stand, room) == ["Ann"]


def test_a_direct_message_has_no_hands(gate: Gate, stand: Stand) -> None:
    gate.ask(ANN, Direct(9, people(stand, BOB)))
    direct = next(one for one in stand.directory.rooms.values() if one.kind is RoomKind.DIRECT)
    assert wrong(gate, ANN, Hand(direct.room, True)) == (ErrorCode.FIELD, "room")


@pytest.mark.parametrize("crowd", [3, 60])
def test_members_come_in_pages_in_small_rooms_and_in_crowds(tmp_path: Path, crowd: int) -> None:
    stand = Stand(tmp_path)
    with stand.drain() as batch:
        everybody = [stand.admit(n, f"p{n}", TOKEN, batch).person for n in range(60)]
        room = stand.directory.create("hall", batch)
        members = everybody[:crowd]
        for one in members:
            stand.directory.join(room, one, batch)
    expected = sorted(one.person for one in members)
    for limit in (1, 7, crowd, 500):
        seen: list[bytes] = []
        more = True
        while more:
            after = seen[-1] if seen else b""
            page, more = stand.directory.members_page(room, after, limit)
            assert 0 < len(page) <= limit
            seen += [one.person for one in page]
        assert seen == expected
    stand.close()


def test_pages_of_members_follow_who_comes_and_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a few rooms at a time: those that were asked for last are kept in order."""
    monkeypatch.setattr(directory_module, "_SORTED_MAX", 2)
    stand = Stand(tmp_path)
    random = Random(5)
    with stand.drain() as batch:
        everybody = [stand.admit(n, f"p{n}", TOKEN, batch).person for n in range(99)]
        rooms = [stand.directory.create(f"hall {n}", batch) for n in range(4)]
        for _ in range(400):
            room, person = random.choice(rooms), random.choice(everybody)
            if person.no in room.members:
                stand.directory.leave(room, person, batch)
            elif len(room.members) < 11:
                stand.directory.join(room, person, batch)
            asked = random.choice(rooms)
            page, more = stand.directory.members_page(asked, b"", 99)
            assert page == sorted(asked.members.values(), key=lambda one: one.person)
            assert not more
            assert len(stand.directory._sorted) <= 2
    stand.close()


def test_the_maker_of_a_room_owns_it(gate: Gate, stand: Stand, monkeypatch: Any) -> None:
    gate.ask(EVE, Join(9, "attic", True))
    attic = stand.directory.open_room("attic")
    general = stand.directory.open_room("general")
    assert attic is not None and general is not None
    assert stand.order.role(attic, stand.person(EVE)) is Role.OWNER
    assert stand.order.role(general, stand.person(EVE)) is Role.MEMBER
    monkeypatch.setattr(directory_module, "ROOMS_MAX", len(stand.directory.rooms))
    assert wrong(gate, EVE, Private(9, "full", [])) == (ErrorCode.TOO_MANY, "room")


def test_direct_messages_that_are_new_count_as_rooms(gate: Gate, stand: Stand) -> None:
    """Nobody can leave one: whoever makes them by the hundred fills up somebody's rooms."""
    stand.office.meters = Meters()
    stand.now_ms += 1
    most = int(Deed.MAKE.bucket.most)
    with stand.drain() as batch:
        guests = [stand.admit(n, f"p{n}", TOKEN, batch).person for n in range(50, 51 + most)]
    others = [one.person for one in guests]
    for one in others[:most]:
        assert gate.ask(BOB, Direct(9, [one]))[0][0] == Down.ENTERED
    assert wrong(gate, BOB, Direct(9, others[most:])) == (ErrorCode.BUSY, "")
    assert wrong(gate, BOB, Private(9, "study", [])) == (ErrorCode.BUSY, "")
    # Those that are there are found as before.
    assert gate.ask(BOB, Direct(9, [others[0]]))[0][0] == Down.ENTERED
    stand.now_ms += int(1_000 / Deed.MAKE.bucket.per_s) + 1
    assert gate.ask(BOB, Direct(9, others[most:]))[0][0] == Down.ENTERED
