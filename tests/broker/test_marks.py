"""Marks and typing: who may, who is told, and what a restart leaves of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker import marks as marks_module
from broker.directory import Room
from broker.journal import Batch, MarkRow
from protocol.backplane import Down, Up
from protocol.codes import ErrorCode, EventKind, Kind
from protocol.frames import (
    AnyFrame,
    Direct,
    Error,
    Join,
    Leave,
    Mark,
    Marked,
    Marks,
    Typed,
    Typing,
    decode,
)
from protocol.items import encode_item
from protocol.limits import MARKS_MEMBERS_MAX
from tests.broker.stand import Gate, Stand

ANN, BOB, EVE = 1, 2, 3
TEXT = encode_item(EventKind.TEXT, {"text": "x"})


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.close()


@pytest.fixture
def gate(stand: Stand) -> Gate:
    """A gateway with Ann, Bob and Eve; Ann and Bob are in the kitchen, where much was said."""
    gate = Gate(stand)
    for number, nick in ((ANN, "Ann"), (BOB, "Bob"), (EVE, "Eve")):
        gate.open(number, number, nick)
    for number in (ANN, BOB):
        gate.ask(number, Join(1, "kitchen", True))
    gate.do([Up.RUN, ANN, kitchen(stand).room, b"outbox-1", 1, [TEXT] * 20])
    return gate


def kitchen(stand: Stand) -> Room:
    room = stand.directory.open_room("kitchen")
    assert room is not None
    return room


def moved(stand: Stand) -> list[tuple[bytes, AnyFrame]]:
    return [(room, decode(frame)) for room, frame in stand.desk.marked_frames()]


def marks(gate: Gate, stand: Stand, slot: int = ANN) -> dict[bytes, int]:
    """Ask for the marks of the kitchen."""
    room = kitchen(stand).room
    answer = gate.answer(slot, Marks(7, room))
    assert isinstance(answer, Marked) and answer[:2] == (7, room)
    return dict(answer.marks)


def store(stand: Stand) -> list[MarkRow]:
    with stand.drain() as batch:
        stand.marks.store(batch)
    return sorted(batch.marks)


def again(stand: Stand) -> Gate:
    """Restart, and let all come back."""
    stand.restart()
    gate = Gate(stand)
    for number in (ANN, BOB, EVE):
        gate.open(number, number)
    return gate


def test_a_mark_moves_forward_and_is_told_once(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand).room
    ann, bob = stand.person(ANN).person, stand.person(BOB).person
    for seq in (5, 3, 9, 9, 1):
        assert gate.ask(ANN, Mark(room, seq)) == []
    assert gate.ask(BOB, Mark(room, 2)) == []
    ((told, frame),) = moved(stand)
    assert told == room and isinstance(frame, Marked) and frame[:2] == (0, room)
    assert sorted(frame.marks) == sorted([[ann, 9], [bob, 2]])
    assert moved(stand) == []
    assert marks(gate, stand, BOB) == {ann: 9, bob: 2}
    gate.ask(ANN, Mark(room, 8))
    assert moved(stand) == []


def test_a_mark_ends_at_the_head(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    assert gate.ask(ANN, Mark(room.room, room.head)) == []
    (answer,) = gate.ask(ANN, Mark(room.room, room.head + 1))
    error = decode(answer[2])
    assert isinstance(error, Error)
    assert (error.code, error.field, error.kind) == (ErrorCode.FIELD, "seq", Kind.MARK)
    assert marks(gate, stand) == {stand.person(ANN).person: room.head}


@pytest.mark.parametrize("make", [Typing, lambda room: Mark(room, 1), lambda room: Marks(4, room)])
def test_only_members_type_mark_and_ask(gate: Gate, stand: Stand, make: type[Typing]) -> None:
    private = gate.ask(ANN, Direct(8, [stand.person(BOB).person]))[0][3]
    errors = set()
    for room in (kitchen(stand).room, private, b"?" * 16):
        (answer,) = gate.ask(EVE, make(room))
        assert answer[:2] == [Down.FRAME, EVE]
        error = decode(answer[2])
        assert isinstance(error, Error)
        assert (error.code, error.field) == (ErrorCode.NOT_MEMBER, "room")
        errors.add(error)
    assert len(errors) == 1, "whether a room exists is nobody's business"
    assert not stand.office.typed and moved(stand) == [] and store(stand) == []


def test_typing_is_for_the_members_of_its_drain(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand).room
    head = kitchen(stand).head
    assert gate.ask(ANN, Typing(room)) == []
    typed = Typed(room, stand.person(ANN).person)
    assert [(one, decode(frame)) for one, frame in stand.office.typed] == [(room, typed)]
    assert not stand.batch and kitchen(stand).head == head
    gate.do([Up.BEAT])
    assert stand.office.typed == []


def test_in_a_crowd_nobody_is_told(gate: Gate, stand: Stand) -> None:
    room = kitchen(stand)
    gate.ask(ANN, Mark(room.room, 5))
    for number in range(10, 10 + MARKS_MEMBERS_MAX - 2):
        gate.open(number, number, f"p{number}")
        gate.ask(number, Join(1, "kitchen", False))
        gate.ask(number, Mark(room.room, number))
    assert len(room.members) == MARKS_MEMBERS_MAX
    ((_, frame),) = moved(stand)
    assert isinstance(frame, Marked) and len(frame.marks) == MARKS_MEMBERS_MAX - 1
    assert len(marks(gate, stand)) == MARKS_MEMBERS_MAX - 1
    gate.ask(BOB, Mark(room.room, 4))
    gate.ask(EVE, Join(1, "kitchen", False))
    assert moved(stand) == []
    for slot in (ANN, EVE):
        assert gate.ask(slot, Mark(room.room, 6)) == gate.ask(slot, Typing(room.room)) == []
        assert not stand.office.typed and marks(gate, stand, slot) == {}
    # And when it is small again, it is as it was.
    gate.ask(EVE, Leave(1, room.room))
    found = marks(gate, stand)
    assert found[stand.person(ANN).person] == 5 and len(found) == MARKS_MEMBERS_MAX


def test_marks_are_stored_as_they_are_last_and_found_again(gate: Gate, stand: Stand) -> None:
    room, ann, bob = kitchen(stand), stand.person(ANN), stand.person(BOB)
    for seq in range(1, 10):
        gate.ask(ANN, Mark(room.room, seq))
    gate.ask(BOB, Mark(room.room, 4))
    expected = [MarkRow(room.no, ann.no, 9), MarkRow(room.no, bob.no, 4)]
    assert store(stand) == expected
    assert store(stand) == []
    gate = again(stand)
    assert marks(gate, stand) == {ann.person: 9, bob.person: 4}
    assert moved(stand) == [] and store(stand) == []
    gate.ask(BOB, Mark(room.room, 5))
    gate = again(stand)  # killed before it was stored
    assert marks(gate, stand) == {ann.person: 9, bob.person: 4}
    gate.ask(BOB, Mark(room.room, 5))
    assert marks(gate, stand)[bob.person] == 5


def test_a_mark_ends_with_the_membership(gate: Gate, stand: Stand) -> None:
    room, bob = kitchen(stand), stand.person(BOB)
    gate.ask(BOB, Mark(room.room, 4))
    store(stand)
    gate.ask(BOB, Mark(room.room, 5))
    gate.ask(BOB, Leave(1, room.room))
    assert moved(stand) == [] and marks(gate, stand) == {}
    assert store(stand) == [MarkRow(room.no, bob.no, 0)]
    gate.ask(BOB, Join(1, "kitchen", False))
    assert marks(again(stand), stand) == {}


def test_a_mark_of_somebody_who_left_before_a_crash_is_forgotten(gate: Gate, stand: Stand) -> None:
    room, bob = kitchen(stand), stand.person(BOB)
    gate.ask(BOB, Mark(room.room, 4))
    store(stand)
    gate.ask(BOB, Leave(1, room.room))
    gate = again(stand)
    assert marks(gate, stand) == {}
    assert store(stand) == [MarkRow(room.no, bob.no, 0)]
    again(stand)
    assert store(stand) == []


def test_a_mark_beyond_a_head_that_was_restored_is_at_the_head(gate: Gate, stand: Stand) -> None:
    room, ann = kitchen(stand), stand.person(ANN)
    stand.journal.append(Batch(marks=[MarkRow(room.no, ann.no, 10**6)]))
    assert marks(again(stand), stand) == {ann.person: room.head}


def test_many_marks_are_stored_little_by_little(
    gate: Gate, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks_module, "_STORED_AT_ONCE", 1)
    room = kitchen(stand)
    for slot in (ANN, BOB):
        gate.ask(slot, Mark(room.room, 2))
    assert len(store(stand)) == len(store(stand)) == 1
    assert store(stand) == []
    assert len(marks(again(stand), stand)) == 2


steps = st.tuples(
    st.sampled_from(("mark", "leave", "join", "store", "crash", "told")),
    st.sampled_from((ANN, BOB, EVE)),
    st.integers(1, 20),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=30))
def test_marks_are_those_of_the_model(
    tmp_path_factory: pytest.TempPathFactory, them: list[tuple[str, int, int]]
) -> None:
    """What was stored survives a crash, and never is more than one has marked as a member."""
    stand = Stand(tmp_path_factory.mktemp("stand"))
    try:
        gate = Gate(stand)
        for number in (ANN, BOB, EVE):
            gate.open(number, number, f"person {number}")
            gate.ask(number, Join(1, "kitchen", True))
        room = kitchen(stand).room
        gate.do([Up.RUN, ANN, room, b"outbox-1", 1, [TEXT] * 20])
        now: dict[int, int] = {}
        kept: dict[int, int] = {}
        away: set[int] = set()
        for what, number, seq in them:
            if what == "mark" and number not in away:
                gate.ask(number, Mark(room, seq))
                now[number] = max(now.get(number, 0), seq)
            elif what == "leave" and number not in away:
                gate.ask(number, Leave(1, room))
                away.add(number)
                now.pop(number, None)
            elif what == "join" and number in away:
                gate.ask(number, Join(1, "kitchen", False))
                away.remove(number)
            elif what == "store":
                store(stand)
                kept = dict(now)
            elif what == "crash":
                gate = again(stand)
                # What one left is never known again but to oneself, back before the crash.
                now = {one: seq for one, seq in kept.items() if one not in away}
            elif what == "told":
                stand.desk.marked_frames()
            people = {stand.person(one).person: seq for one, seq in now.items()}
            assert dict(stand.marks.of(kitchen(stand))) == people
    finally:
        stand.close()
