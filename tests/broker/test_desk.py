"""The desk: every operation of a gateway, what is answered, and who else is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker import desk as desk_module
from broker import office as office_module
from broker import sessions as sessions_module
from protocol.backplane import Down, Up
from protocol.codes import ErrorCode, EventKind, Kind, Purpose, RoomKind
from protocol.frames import (
    KIND_OF,
    Ack,
    AnyFrame,
    Bye,
    Direct,
    Error,
    Gap,
    Join,
    Leave,
    Link,
    Linked,
    People,
    PeoplePage,
    Presence,
    Refused,
    Rename,
    Renamed,
    Rooms,
    RoomsPage,
    decode,
    encode,
)
from protocol.items import encode_item
from protocol.limits import LINK_TOKEN_MS, ROOMS_PER_PERSON_MAX
from tests.broker.stand import TOKEN, Gate, Stand
from tests.strategies import FRAMES, mutated

ANN, BOB, EVE = 1, 2, 3
"""Numbers of devices; each has the same slot at its gateway."""
TEXT = encode_item(EventKind.TEXT, {"text": "Привіт"})
OUTBOX = b"outbox-1"
REQUESTS = (
    Kind.PEOPLE,
    Kind.ROOMS,
    Kind.JOIN,
    Kind.DIRECT,
    Kind.LEAVE,
    Kind.RENAME,
    Kind.LINK,
    Kind.MARKS,
    Kind.PROFILE,
    Kind.PORTRAITS,
    Kind.PRIVATE,
    Kind.ADD,
    Kind.MEMBERS,
    Kind.ORDER,
    Kind.ACT,
    Kind.DEVICES,
    Kind.AUDIT,
)
TOLD = (Kind.TYPING, Kind.MARK, Kind.HAND)
"""Frames that are answered only if they are wrong."""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.close()


@pytest.fixture
def gate(stand: Stand) -> Gate:
    """A gateway with Ann and Bob at slots 1 and 2."""
    gate = Gate(stand)
    gate.open(ANN, ANN, "Ann")
    gate.open(BOB, BOB, "Bob")
    stand.desk.presence_frames()
    return gate


def general(stand: Stand) -> bytes:
    room = stand.directory.open_room("general")
    assert room is not None
    return room.room


def frames(operations: list[list[Any]], slot: int) -> list[AnyFrame]:
    """The frames among these for one slot."""
    return [decode(one[-1]) for one in operations if one[1] == slot and type(one[-1]) is bytes]


def error(operations: list[list[Any]], slot: int) -> Error:
    """The one answer, which must be an ERROR for this slot alone."""
    assert [one[:2] for one in operations] == [[Down.FRAME, slot]]
    frame = decode(operations[0][2])
    assert isinstance(frame, Error)
    return frame


def join(gate: Gate, slot: int, name: str, create: bool = True) -> bytes:
    entered = [one for one in gate.ask(slot, Join(9, name, create)) if one[:3] == [7, slot, 9]]
    assert len(entered) == 1
    return bytes(entered[0][3])


# --- sessions ---------------------------------------------------------------------------


def test_a_newcomer_is_in_general_and_everybody_there_is_told(stand: Stand) -> None:
    gate = Gate(stand)
    room = general(stand)
    opened = gate.open(ANN, ANN, "Ann")
    person = stand.person(ANN).person
    assert opened == [[Down.OPENED, ANN, person, "Ann", [[room, RoomKind.OPEN, "general", 1, []]]]]
    gate.open(BOB, BOB, "Bob")
    joined = {"what": "joined"}
    assert stand.notices(room) == [("Ann", joined), ("Bob", joined)]


def test_a_known_device_needs_nothing_and_stays_who_it_is(gate: Gate, stand: Stand) -> None:
    opened = gate.open(9, ANN, "Somebody", None)
    assert opened[0][:4] == [Down.OPENED, 9, stand.person(ANN).person, "Ann"]
    assert len(stand.notices(general(stand))) == 2


@pytest.mark.parametrize(
    ("nick", "token", "code"),
    [
        ("Eve", None, ErrorCode.TOKEN),
        ("Eve", "wrong", ErrorCode.TOKEN),
        ("ANN", TOKEN, ErrorCode.NICK_TAKEN),
        ("", TOKEN, ErrorCode.NICK_BAD),
        (None, TOKEN, ErrorCode.NICK_BAD),
    ],
)
def test_who_may_not_enter_is_told_why(
    gate: Gate, stand: Stand, nick: str | None, token: str | None, code: ErrorCode
) -> None:
    answers = gate.open(EVE, EVE, nick, token)
    assert [one[:2] for one in answers] == [[Down.CLOSED, EVE]]
    bye = decode(answers[0][2])
    assert isinstance(bye, Bye) and bye.code == code and bye.text and bye.retry_ms > 0
    assert EVE not in gate.gateway.sessions
    assert not stand.batch


def test_a_closed_session_hears_nothing_more(gate: Gate, stand: Stand) -> None:
    assert gate.do([Up.CLOSE, ANN]) == []
    assert gate.do([Up.CLOSE, ANN], [Up.BEAT]) == []
    assert gate.ask(ANN, People(1, b"", 5)) == []
    assert gate.do([Up.RUN, ANN, general(stand), OUTBOX, 1, [TEXT]]) == []
    assert len(stand.history(general(stand))) == 2


def test_slots_of_another_gateway_are_not_mine(gate: Gate, stand: Stand) -> None:
    other = Gate(stand, b"gateway2")
    assert other.do([Up.CLOSE, ANN], [Up.ASK, ANN, encode(Rename(1, "Hacked"))]) == []
    assert stand.person(ANN).nick == "Ann" and gate.gateway.sessions[ANN]


# --- messages ---------------------------------------------------------------------------


def test_a_run_is_answered_with_what_it_settles(gate: Gate, stand: Stand) -> None:
    room = general(stand)
    bad = (int(ErrorCode.FIELD), "text", "must be a string")
    done = gate.do([Up.RUN, ANN, room, OUTBOX, 1, [TEXT, TEXT, list(bad), TEXT]])
    settled = [[Down.DONE, ANN, 2], [Down.DONE, ANN, 1], [Down.DONE, ANN, 1]]
    assert [one[:3] for one in done] == settled
    epoch = stand.journal.epoch
    assert frames(done, ANN) == [
        Ack(room, OUTBOX, 1, 2, epoch, 3),
        Refused(room, OUTBOX, 3, 1, *bad),
        Ack(room, OUTBOX, 4, 1, epoch, 5),
    ]
    gap = gate.do([Up.RUN, ANN, room, OUTBOX, 9, [TEXT, TEXT]])
    assert gap == [[Down.DONE, ANN, 2, encode(Gap(room, OUTBOX, 5))]]
    assert [(one.nick, one.n) for one in stand.history(room)[2:]] == [
        ("Ann", 1),
        ("Ann", 2),
        ("Ann", 4),
    ]


def test_rooms_that_are_not_there_or_not_ones_own_take_nothing(gate: Gate, stand: Stand) -> None:
    nowhere = gate.do([Up.RUN, ANN, b"?" * 16, OUTBOX, 1, [TEXT, TEXT]])
    assert nowhere[0][:3] == [Down.DONE, ANN, 2]
    (refused,) = frames(nowhere, ANN)
    assert isinstance(refused, Refused) and refused.code == ErrorCode.NO_ROOM
    room = join(gate, BOB, "kitchen")
    head = len(stand.history(room))
    (refused,) = frames(gate.do([Up.RUN, ANN, room, OUTBOX, 1, [TEXT, TEXT]]), ANN)
    assert isinstance(refused, Refused) and refused[2:5] == (1, 2, ErrorCode.NOT_MEMBER)
    assert len(stand.history(room)) == head


def test_the_sender_is_the_device_of_the_session(gate: Gate, stand: Stand) -> None:
    gate.do(
        [Up.RUN, ANN, general(stand), OUTBOX, 1, [TEXT]],
        [Up.RUN, BOB, general(stand), OUTBOX, 1, [TEXT]],
    )
    said = [(one.nick, one.person, one.device) for one in stand.history(general(stand))[2:]]
    assert said == [
        (nick, stand.person(number).person, stand.device(number).key[:8])
        for nick, number in (("Ann", ANN), ("Bob", BOB))
    ]


# --- people -----------------------------------------------------------------------------


def test_people_are_listed_with_who_is_online(gate: Gate, stand: Stand) -> None:
    gate.open(EVE, EVE, "Eve")
    gate.do([Up.CLOSE, BOB])
    page = gate.answer(ANN, People(7, b"", 2))
    assert isinstance(page, PeoplePage) and (page.request, page.more) == (7, True)
    rest = gate.answer(ANN, People(8, page.people[-1][0], 2))
    assert isinstance(rest, PeoplePage) and (rest.request, rest.more) == (8, False)
    rows = page.people + rest.people
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {row[1]: row[2] for row in rows} == {"Ann": True, "Bob": False, "Eve": True}


def test_presence_is_sampled_and_tells_only_changes(gate: Gate, stand: Stand) -> None:
    assert stand.desk.presence_frames() == []
    gate.do([Up.CLOSE, BOB])
    gate.open(EVE, EVE, "Eve")
    gate.open(EVE + 1, EVE)
    (frame,) = map(decode, stand.desk.presence_frames())
    assert isinstance(frame, Presence)
    bob, eve = stand.person(BOB).person, stand.person(EVE).person
    assert sorted(frame.people) == sorted(
        [[bob, "Bob", False, 0, b"", 0], [eve, "Eve", True, 0, b"", 0]]
    )
    assert stand.desk.presence_frames() == []


def test_presence_of_many_goes_into_several_frames(
    gate: Gate, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "PEOPLE_PAGE_MAX", 2)
    for number in range(10, 15):
        gate.open(number, number, f"p{number}")
    made = [decode(one) for one in stand.desk.presence_frames()]
    assert [len(one.people) for one in made if isinstance(one, Presence)] == [2, 2, 1]
    monkeypatch.setattr(sessions_module, "PRESENCE_PUSH_MAX", 6)
    gate.do([Up.CLOSE, 10])
    gate.do([Up.CLOSE, 11])
    assert len(stand.desk.presence_frames()) == 1
    gate.open(10, 10)
    gate.open(11, 11)
    assert stand.desk.presence_frames() == []


def test_a_new_nickname_is_a_notice_in_every_room_and_told_to_all_devices(
    gate: Gate, stand: Stand
) -> None:
    room = join(gate, ANN, "kitchen")
    gate.open(11, ANN)
    gate.open(12, ANN, purpose=Purpose.BULK)
    said = gate.ask(ANN, Rename(5, "  Anna "))
    assert [one[:2] for one in said] == [[Down.FRAME, ANN], [Down.FRAME, 11]]
    assert frames(said, ANN) == [Renamed(5, "Anna")]
    assert frames(said, 11) == [Renamed(0, "Anna")]
    notice = ("Anna", {"what": "renamed", "was": "Ann", "now": "Anna"})
    assert stand.notices(room)[-1] == notice
    assert stand.notices(general(stand))[-1] == notice
    (frame,) = map(decode, stand.desk.presence_frames())
    assert frame == Presence([[stand.person(ANN).person, "Anna", True, 0, b"", 0]])


def test_the_same_nickname_again_is_no_news(gate: Gate, stand: Stand) -> None:
    head = len(stand.history(general(stand)))
    assert gate.answer(ANN, Rename(5, "Ann")) == Renamed(5, "Ann")
    assert len(stand.history(general(stand))) == head
    assert stand.desk.presence_frames() == []


@pytest.mark.parametrize(
    ("nick", "code"), [("bob", ErrorCode.NICK_TAKEN), ("\u200b", ErrorCode.NICK_BAD)]
)
def test_a_nickname_that_cannot_be_is_refused(
    gate: Gate, stand: Stand, nick: str, code: ErrorCode
) -> None:
    answer = error(gate.ask(ANN, Rename(5, nick)), ANN)
    assert answer[:2] == (code, "nick") and answer[3:] == (Kind.RENAME, 5)
    assert stand.person(ANN).nick == "Ann" and not stand.batch


# --- rooms --------------------------------------------------------------------------------


def test_rooms_are_listed_with_their_members(gate: Gate, stand: Stand) -> None:
    join(gate, BOB, "kitchen")
    gate.ask(ANN, Direct(1, [stand.person(BOB).person]))
    page = gate.answer(ANN, Rooms(4, b"", 1))
    assert isinstance(page, RoomsPage) and page.request == 4 and page.more
    rest = gate.answer(ANN, Rooms(5, page.rooms[0][0], 10))
    assert isinstance(rest, RoomsPage) and not rest.more
    rows = {row[1]: row[2:] for row in page.rooms + rest.rooms}
    assert rows == {"general": [2, True], "kitchen": [1, False]}


def test_a_room_is_made_and_joined(gate: Gate, stand: Stand) -> None:
    assert error(gate.ask(ANN, Join(3, "kitchen", False)), ANN)[:2] == (ErrorCode.NO_ROOM, "name")
    gate.open(11, ANN)
    made = gate.ask(ANN, Join(3, "kitchen", True))
    room = stand.directory.open_room("kitchen")
    assert room is not None
    row = [room.room, RoomKind.OPEN, "kitchen", 2, []]
    assert made == [[Down.ENTERED, ANN, 3, *row], [Down.ENTERED, 11, 0, *row]]
    entered = gate.ask(BOB, Join(4, "KITCHEN", True))
    assert entered == [[Down.ENTERED, BOB, 4, room.room, RoomKind.OPEN, "kitchen", 3, []]]
    assert stand.notices(room.room) == [
        ("Ann", {"what": "created"}),
        ("Ann", {"what": "joined"}),
        ("Bob", {"what": "joined"}),
    ]
    again = gate.ask(BOB, Join(5, "kitchen", True))
    assert [one[:3] for one in again] == [[Down.ENTERED, BOB, 5]]
    assert len(stand.history(room.room)) == 3


def test_who_is_in_too_many_rooms_makes_none(gate: Gate, stand: Stand) -> None:
    with stand.drain() as batch:
        for number in range(ROOMS_PER_PERSON_MAX - 1):
            room = stand.directory.create(f"room {number}", batch)
            stand.directory.join(room, stand.person(ANN), batch)
    answer = error(gate.ask(ANN, Join(3, "one more", True)), ANN)
    assert answer.code == ErrorCode.TOO_MANY and answer.request == 3
    assert stand.directory.open_room("one more") is None
    assert not stand.batch


def test_leaving_a_room(gate: Gate, stand: Stand) -> None:
    room = join(gate, ANN, "kitchen")
    join(gate, BOB, "kitchen")
    gate.open(11, ANN)
    assert gate.ask(ANN, Leave(6, room)) == [[Down.LEFT, ANN, 6, room], [Down.LEFT, 11, 0, room]]
    assert stand.notices(room)[-1] == ("Ann", {"what": "left"})
    for frame in (Leave(7, room), Leave(7, b"?" * 16)):
        assert error(gate.ask(ANN, frame), ANN)[:2] == (ErrorCode.NOT_MEMBER, "room")
    (refused,) = frames(gate.do([Up.RUN, ANN, room, OUTBOX, 1, [TEXT]]), ANN)
    assert isinstance(refused, Refused) and refused.code == ErrorCode.NOT_MEMBER


def test_a_crowded_room_is_not_told_who_comes_and_goes(
    gate: Gate, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = join(gate, ANN, "kitchen")
    monkeypatch.setattr(office_module, "NOTICE_MEMBERS_MAX", 1)
    head = len(stand.history(room))
    join(gate, BOB, "kitchen")
    gate.ask(BOB, Leave(1, room))
    assert len(stand.history(room)) == head


# --- direct messages ------------------------------------------------------------------------


def test_a_direct_message_reaches_its_people_and_nobody_else(gate: Gate, stand: Stand) -> None:
    gate.open(EVE, EVE, "Eve")
    gate.open(11, ANN)
    gate.open(22, BOB)
    ann, bob = stand.person(ANN).person, stand.person(BOB).person
    entered = gate.ask(ANN, Direct(8, [bob]))
    assert {(one[0], one[1], one[2]) for one in entered} == {
        (Down.ENTERED, ANN, 8),
        (Down.ENTERED, 11, 0),
        (Down.ENTERED, BOB, 0),
        (Down.ENTERED, 22, 0),
    }
    rows = {repr(one[3:]) for one in entered}
    assert len(rows) == 1
    room, kind, name, head, members = entered[0][3:]
    assert (kind, name, head) == (RoomKind.DIRECT, "", 0)
    assert sorted(members) == sorted([[ann, "Ann"], [bob, "Bob"]])
    again = gate.ask(BOB, Direct(9, [ann]))
    assert [one[:4] for one in again] == [[Down.ENTERED, BOB, 9, room]]
    (refused,) = frames(gate.do([Up.RUN, EVE, room, OUTBOX, 1, [TEXT]]), EVE)
    assert isinstance(refused, Refused) and refused.code == ErrorCode.NOT_MEMBER
    assert error(gate.ask(EVE, Leave(1, room)), EVE).code == ErrorCode.NOT_MEMBER


def test_a_direct_message_cannot_be_left_or_had_with_nobody(gate: Gate, stand: Stand) -> None:
    room = gate.ask(ANN, Direct(8, [stand.person(BOB).person]))[0][3]
    assert error(gate.ask(ANN, Leave(9, room)), ANN)[:2] == (ErrorCode.FIELD, "room")
    nobody = error(gate.ask(ANN, Direct(10, [b"nobody  "])), ANN)
    assert nobody[:2] == (ErrorCode.NO_PERSON, "people") and nobody.request == 10


# --- device links -----------------------------------------------------------------------------


def test_a_device_link_makes_one_more_device(gate: Gate, stand: Stand) -> None:
    linked = gate.answer(ANN, Link(12))
    assert isinstance(linked, Linked)
    assert (linked.request, linked.valid_ms) == (12, LINK_TOKEN_MS)
    opened = gate.open(EVE, EVE, None, linked.token)
    assert opened[0][:4] == [Down.OPENED, EVE, stand.person(ANN).person, "Ann"]
    assert len(stand.notices(general(stand))) == 2
    (closed,) = gate.open(EVE + 1, EVE + 1, None, linked.token)
    bye = decode(closed[2])
    assert isinstance(bye, Bye) and bye.code == ErrorCode.TOKEN


# --- faults -------------------------------------------------------------------------------------


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(set(Kind) - {*REQUESTS, *TOLD})).flatmap(FRAMES.__getitem__))
def test_a_frame_that_is_no_request_is_an_error(gate: Gate, frame: AnyFrame) -> None:
    answer = error(gate.ask(ANN, frame), ANN)
    assert (answer.code, answer.kind) == (ErrorCode.MISTIMED, KIND_OF[type(frame)])
    assert answer.request == getattr(frame, "request", 0)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated(st.sampled_from((*REQUESTS, *TOLD)).flatmap(FRAMES.__getitem__).map(encode)))
def test_a_mutated_request_costs_only_its_sender(gate: Gate, data: bytes) -> None:
    """Whatever it says, nothing is raised and the other person gets no error."""
    for one in gate.do([Up.ASK, ANN, data]):
        if one[0] == Down.FRAME and isinstance(decode(one[2]), Error):
            assert one[1] == ANN


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(REQUESTS).flatmap(FRAMES.__getitem__))
def test_every_request_has_exactly_one_answer(gate: Gate, frame: AnyFrame) -> None:
    mine = [one for one in gate.ask(ANN, frame) if one[1] == ANN]
    assert len(mine) == 1
    if mine[0][0] in (Down.ENTERED, Down.LEFT):
        assert mine[0][2] == frame[0]
    else:
        answer = decode(mine[0][2])
        if isinstance(answer, Error):
            assert (answer.kind, answer.request) == (KIND_OF[type(frame)], frame[0])
        else:
            assert answer[0] == frame[0]
