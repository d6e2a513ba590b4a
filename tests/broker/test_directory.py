"""The directory: who may enter, whose name is taken, who is in which room; kept over a restart."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.strategies  # noqa: F401  # its settings profile: no deadline
from broker import directory as directory_module
from broker.directory import Device, Person, Room
from protocol.codes import ErrorCode, RoomKind
from protocol.errors import WireError
from protocol.limits import (
    DEVICES_PER_PERSON_MAX,
    DIRECT_MEMBERS_MAX,
    LINK_TOKEN_MS,
    LINK_TOKENS_MAX,
    ROOMS_PER_PERSON_MAX,
)
from tests.broker.stand import TOKEN, Stand, key


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.close()


def refused(stand: Stand, code: ErrorCode, call: Callable[..., Any], *arguments: Any) -> WireError:
    """Call in a drain; it must be refused with this code."""
    with stand.drain() as batch, pytest.raises(WireError) as caught:
        call(*arguments, batch)
    assert caught.value.code is code
    return caught.value


def enrol(stand: Stand, number: int, nick: str | None, token: str | None) -> Callable[..., Device]:
    return lambda batch: stand.admit(number, nick, token, batch)


def link(stand: Stand, person: Person) -> str:
    with stand.drain() as batch:
        return stand.directory.admission.link_token(person, stand.now_ms, batch)


def create(stand: Stand, name: str) -> Room:
    with stand.drain() as batch:
        return stand.directory.create(name, batch)


def join(stand: Stand, room: Room, person: Person) -> bool:
    with stand.drain() as batch:
        return stand.directory.join(room, person, batch)


# --- enrolment ------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "L" + "0" * 32, "é"])
def test_without_the_invite_nobody_enters(stand: Stand, token: str | None) -> None:
    refused(stand, ErrorCode.TOKEN, enrol(stand, 1, "Ann", token))
    assert not stand.directory.people
    assert stand.directory.device(key(1)) is None


def test_an_invite_that_begins_like_a_device_link_is_an_invite(tmp_path: Path) -> None:
    """Standing tokens of earlier versions may."""
    stand = Stand(tmp_path, token="LkYq0aaaaaaaaaaaaaaaaa")
    assert stand.enrol(1, "Ann").person.nick == "Ann"
    token = link(stand, stand.person(1))
    with stand.drain() as batch:
        device = stand.admit(2, None, token, batch)
    assert device.person is stand.person(1)
    stand.close()


def test_a_device_is_the_same_person_after_a_restart(stand: Stand) -> None:
    person = stand.enrol(1, "Ann").person
    stand.restart()
    again = stand.device(1).person
    assert again is not person
    assert (again.no, again.person, again.nick) == (person.no, person.person, "Ann")
    assert stand.enrol(2, "Bob").person.no != again.no


@pytest.mark.parametrize("nick", [None, "", "   ", "a\x00b", "server", "x" * 33, "\u202eAnn"])
def test_a_bad_nickname_is_refused(stand: Stand, nick: str | None) -> None:
    error = refused(stand, ErrorCode.NICK_BAD, enrol(stand, 1, nick, TOKEN))
    assert error.field == "nick"
    assert not stand.directory.people


@pytest.mark.parametrize("other", ["Ann", "ann", "ANN", " Ann ", "Аnn", "Ａｎｎ"])
def test_a_nickname_that_looks_like_a_taken_one_is_refused(stand: Stand, other: str) -> None:
    stand.enrol(1, "Ann")
    refused(stand, ErrorCode.NICK_TAKEN, enrol(stand, 2, other, TOKEN))
    stand.restart()
    refused(stand, ErrorCode.NICK_TAKEN, enrol(stand, 2, other, TOKEN))
    stand.enrol(2, "Anna")


def test_a_full_server_takes_nobody_more(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    stand.enrol(1, "Ann")
    monkeypatch.setattr(directory_module, "PEOPLE_MAX", 1)
    refused(stand, ErrorCode.TOO_MANY, enrol(stand, 2, "Bob", TOKEN))


# --- device links -----------------------------------------------------------------------


@pytest.mark.parametrize("restart", [False, True])
def test_a_device_link_works_once(stand: Stand, restart: bool) -> None:
    person = stand.enrol(1, "Ann").person
    token = link(stand, person)
    if restart:
        stand.restart()
    with stand.drain() as batch:
        device = stand.admit(2, "ignored", token, batch)
    assert device.person is stand.person(1)
    assert len(stand.person(1).devices) == 2
    refused(stand, ErrorCode.TOKEN, enrol(stand, 3, None, token))
    stand.restart()
    assert stand.device(2).person is stand.person(1)
    refused(stand, ErrorCode.TOKEN, enrol(stand, 3, None, token))


def test_a_device_link_gets_too_old(stand: Stand) -> None:
    person = stand.enrol(1, "Ann").person
    early, late = link(stand, person), link(stand, person)
    stand.now_ms += LINK_TOKEN_MS - 1
    with stand.drain() as batch:
        stand.admit(2, None, early, batch)
    stand.now_ms += 1
    refused(stand, ErrorCode.TOKEN, enrol(stand, 3, None, late))


def test_device_links_open_at_a_time_are_few(stand: Stand) -> None:
    person = stand.enrol(1, "Ann").person
    tokens = [link(stand, person) for _ in range(LINK_TOKENS_MAX + 1)]
    refused(stand, ErrorCode.TOKEN, enrol(stand, 2, None, tokens[0]))
    for number, token in enumerate(tokens[1:], 2):
        with stand.drain() as batch:
            stand.admit(number, None, token, batch)
    assert len(person.devices) == LINK_TOKENS_MAX + 1
    stand.restart()
    assert not stand.journal.contents().tokens


def test_a_person_has_only_so_many_devices(stand: Stand) -> None:
    person = stand.enrol(1, "Ann").person
    spare = link(stand, person)
    for number in range(2, DEVICES_PER_PERSON_MAX + 1):
        token = link(stand, person) if number > 2 else spare
        with stand.drain() as batch:
            stand.admit(number, None, token, batch)
    refused(stand, ErrorCode.TOO_MANY, stand.directory.admission.link_token, person, stand.now_ms)
    assert len(person.devices) == DEVICES_PER_PERSON_MAX


def test_a_link_that_was_open_at_the_last_device_admits_no_more(stand: Stand) -> None:
    person = stand.enrol(1, "Ann").person
    tokens = [link(stand, person), link(stand, person)]
    person.devices *= DEVICES_PER_PERSON_MAX - 1
    with stand.drain() as batch:
        stand.admit(2, None, tokens[0], batch)
    refused(stand, ErrorCode.TOO_MANY, enrol(stand, 3, None, tokens[1]))


# --- nicknames ----------------------------------------------------------------------------


def test_a_rename_frees_the_old_name_and_takes_the_new_one(stand: Stand) -> None:
    ann, bob = stand.enrol(1, "Ann").person, stand.enrol(2, "Bob").person
    refused(stand, ErrorCode.NICK_TAKEN, stand.directory.rename, ann, "bob")
    assert ann.nick == "Ann"
    with stand.drain() as batch:
        assert stand.directory.rename(ann, "Anna", batch) == "Ann"
        assert stand.directory.rename(bob, "Ann", batch) == "Bob"
        assert stand.directory.rename(ann, "Bob", batch) == "Anna"
    stand.restart()
    assert (stand.person(1).nick, stand.person(2).nick) == ("Bob", "Ann")
    refused(stand, ErrorCode.NICK_TAKEN, stand.directory.rename, stand.person(1), "ann")


def test_names_that_an_earlier_version_stored_are_known_by_what_they_look_like(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(directory_module, "skeleton", str.casefold)
        with stand.drain() as batch:
            enrol(stand, 1, "Мар’яна", TOKEN)(batch)
        room = create(stand, "Збори – завтра")
    stand.restart()
    refused(stand, ErrorCode.NICK_TAKEN, enrol(stand, 2, "Мар'яна", TOKEN))
    found = stand.directory.open_room("збори - завтра")
    assert found is not None and found.room == room.room
    device = stand.directory.device(key(1))
    assert device is not None
    with stand.drain() as batch:
        stand.directory.rename(device.person, "Мар'яна", batch)
    with stand.drain() as batch:
        stand.directory.rename(device.person, "Оля", batch)
    with stand.drain() as batch:
        assert enrol(stand, 2, "Мар’яна", TOKEN)(batch).person is not device.person


def test_the_case_of_ones_own_name_can_change(stand: Stand) -> None:
    ann = stand.enrol(1, "ann").person
    with stand.drain() as batch:
        stand.directory.rename(ann, "Ann", batch)
    stand.restart()
    assert stand.person(1).nick == "Ann"
    refused(stand, ErrorCode.NICK_TAKEN, enrol(stand, 2, "ANN", TOKEN))


# --- rooms --------------------------------------------------------------------------------


def test_a_room_is_found_by_what_its_name_looks_like(stand: Stand) -> None:
    room = create(stand, "Кухня 7")
    assert stand.directory.open_room("кухня  7") is room
    assert stand.directory.open_room("hall") is None
    stand.restart()
    again = stand.directory.open_room("КУХНЯ 7")
    assert again is not None and again.room == room.room and again.name == "Кухня 7"
    with pytest.raises(WireError) as caught:
        stand.directory.open_room("\u200b")
    assert (caught.value.code, caught.value.field) == (ErrorCode.FIELD, "name")


def test_no_place_for_more_rooms(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "ROOMS_MAX", 1)
    refused(stand, ErrorCode.TOO_MANY, stand.directory.create, "one more")


def test_a_person_is_in_only_so_many_rooms(stand: Stand) -> None:
    ann, bob = stand.enrol(1, "Ann").person, stand.enrol(2, "Bob").person
    with stand.drain() as batch:
        for number in range(ROOMS_PER_PERSON_MAX):
            room = stand.directory.create(f"room {number}", batch)
            assert stand.directory.join(room, ann, batch)
    more = create(stand, "one more")
    refused(stand, ErrorCode.TOO_MANY, stand.directory.join, more, ann)
    refused(stand, ErrorCode.TOO_MANY, stand.directory.direct, bob, [ann])
    assert not bob.rooms and not more.members
    assert not join(stand, room, ann)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abc")), max_size=6)))
def test_memory_and_journal_agree_on_who_is_where(
    tmp_path_factory: pytest.TempPathFactory, drains: list[list[tuple[int, str]]]
) -> None:
    """Joining and leaving, any number of times in a drain, in rooms that it makes."""
    stand = Stand(tmp_path_factory.mktemp("stand"))
    for number in (1, 2, 3):
        stand.enrol(number, f"person {number}")
    model: dict[str, set[str]] = {}
    for steps in drains:
        with stand.drain() as batch:
            for number, name in steps:
                person = stand.person(number)
                room = stand.directory.open_room(name)
                if room is None:
                    room = stand.directory.create(name, batch)
                members = model.setdefault(name, set())
                if person.nick in members:
                    assert not stand.directory.join(room, person, batch)
                    stand.directory.leave(room, person, batch)
                    members.remove(person.nick)
                else:
                    assert stand.directory.join(room, person, batch)
                    members.add(person.nick)
    for _ in range(2):
        found = {}
        for name in model:
            room = stand.directory.open_room(name)
            assert room is not None
            found[name] = {one.nick for one in room.members.values()}
            assert all(one.rooms[room.no] is room for one in room.members.values())
        assert found == model
        stand.restart()
    stand.close()


def test_rooms_come_in_the_order_of_joining_also_after_a_restart(stand: Stand) -> None:
    ann = stand.enrol(1, "Ann").person
    rooms = [create(stand, name) for name in "cab"]
    for room in (rooms[1], rooms[2], rooms[0]):
        join(stand, room, ann)
    with stand.drain() as batch:
        stand.directory.leave(rooms[1], ann, batch)
    join(stand, rooms[1], ann)
    assert [one.name for one in ann.rooms.values()] == ["b", "c", "a"]
    stand.restart()
    assert [one.name for one in stand.person(1).rooms.values()] == ["b", "c", "a"]


# --- direct messages ------------------------------------------------------------------------


def test_the_same_people_have_the_same_direct_room(stand: Stand) -> None:
    ann, bob, eve = (stand.enrol(n, nick).person for n, nick in enumerate(("Ann", "Bob", "Eve")))
    with stand.drain() as batch:
        room, fresh = stand.directory.direct(ann, [bob, bob, ann], batch)
        assert {one.nick for one in fresh} == {"Ann", "Bob"}
        assert stand.directory.direct(bob, [ann], batch) == (room, [])
        three, _ = stand.directory.direct(ann, [bob, eve], batch)
    assert room.kind is RoomKind.DIRECT and room.name == ""
    assert three is not room
    stand.restart()
    with stand.drain() as batch:
        again, fresh = stand.directory.direct(stand.person(1), [stand.person(0)], batch)
    assert again.room == room.room and not fresh and not batch


def test_a_direct_room_is_listed_nowhere(stand: Stand) -> None:
    ann, bob = stand.enrol(1, "Ann").person, stand.enrol(2, "Bob").person
    with stand.drain() as batch:
        room, _ = stand.directory.direct(ann, [bob], batch)
    for _ in range(2):
        rooms, more = stand.directory.rooms_page(b"", 100)
        assert [one.name for one in rooms] == ["general"] and not more
        # Nor can its handle be joined as if it were a name.
        assert stand.directory.open_room(f"d:{ann.no},{bob.no}") is None
        stand.restart()
    assert room.room in stand.directory.rooms


def test_a_direct_room_needs_people_who_are_known_and_not_too_many(stand: Stand) -> None:
    ann = stand.enrol(0, "Ann").person
    refused(stand, ErrorCode.NO_PERSON, lambda _: stand.directory.need_people([b"nobody  "]))
    others = [stand.enrol(n, f"p{n}").person for n in range(1, DIRECT_MEMBERS_MAX + 1)]
    refused(stand, ErrorCode.TOO_MANY, stand.directory.direct, ann, others)
    with stand.drain() as batch:
        room, _ = stand.directory.direct(ann, others[1:], batch)
    assert len(room.members) == DIRECT_MEMBERS_MAX


# --- pages ------------------------------------------------------------------------------------


def test_pages_hold_everybody_once(stand: Stand) -> None:
    for number in range(7):
        stand.enrol(number, f"p{number}")
        create(stand, f"r{number}")
    for limit in (1, 3, 7, 8, 100):
        seen: list[bytes] = []
        after, more = b"", True
        while more:
            people, more = stand.directory.people_page(after, limit)
            assert len(people) <= limit
            seen += [one.person for one in people]
            after = seen[-1]
        assert seen == sorted(stand.directory.people)
        names: set[str] = set()
        after, more = b"", True
        while more:
            rooms, more = stand.directory.rooms_page(after, limit)
            assert not names & {one.name for one in rooms}
            names |= {one.name for one in rooms}
            after = rooms[-1].room
        assert names == {"general", *(f"r{number}" for number in range(7))}
