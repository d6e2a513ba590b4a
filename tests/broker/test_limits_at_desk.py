"""The meters at the desk: who is told BUSY, for what, and that nothing was taken then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import meters as meters_module
from broker.grants import Grant
from broker.meters import Meters
from protocol.backplane import Down, Up
from protocol.bucket import Bucket
from protocol.codes import ErrorCode, EventKind, Role
from protocol.frames import (
    Ack,
    AnyFrame,
    Busy,
    Bye,
    Direct,
    Error,
    Join,
    Leave,
    Profile,
    Refused,
    Rename,
    decode,
)
from protocol.items import encode_item
from tests.broker.stand import TOKEN, Gate, Stand

ANN, BOB, EVE = 1, 2, 3
TEXT = encode_item(EventKind.TEXT, {"text": "Привіт"})
OUTBOX = b"outbox-1"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    stand.meters = Meters()
    stand.now_ms += 1_000
    stand.restart()
    yield stand
    stand.close()


@pytest.fixture
def gate(stand: Stand) -> Gate:
    gate = Gate(stand)
    for number, nick in ((ANN, "Ann"), (BOB, "Bob"), (EVE, "Eve")):
        gate.open(number, number, nick)
    return gate


def enter(gate: Gate, slot: int, frame: AnyFrame) -> bytes | Error:
    """Ask for a room; return it, or why not."""
    for one in gate.ask(slot, frame):
        if one[:2] == [Down.ENTERED, slot]:
            return bytes(one[3])
        if one[:2] == [Down.FRAME, slot]:
            error = decode(one[2])
            assert isinstance(error, Error)
            return error
    raise AssertionError("no answer")


def room_of(gate: Gate, slot: int, create: bool) -> bytes:
    room = enter(gate, slot, Join(1, "kitchen", create))
    assert isinstance(room, bytes)
    return room


def say(gate: Gate, slot: int, room: bytes, first_n: int, count: int = 100) -> AnyFrame:
    """Send a run; return the one answer."""
    out = gate.do([Up.RUN, slot, room, OUTBOX, first_n, [TEXT] * count])
    ((_, _, settled, data),) = [one for one in out if one[0] == Down.DONE]
    assert settled == count
    return decode(data)


def test_who_writes_too_much_is_busy_and_goes_on_where_they_were(stand: Stand, gate: Gate) -> None:
    room = room_of(gate, ANN, True)
    for first_n in range(1, 1_001, 100):
        assert isinstance(say(gate, ANN, room, first_n), Ack)
    busy = say(gate, ANN, room, 1_001)
    assert isinstance(busy, Busy) and busy.first_n == 1_001
    assert 900 <= busy.retry_ms <= 1_001
    room_of(gate, BOB, False)
    assert isinstance(say(gate, BOB, room, 1), Ack)
    stand.now_ms += busy.retry_ms
    ack = say(gate, ANN, room, 1_001)
    assert isinstance(ack, Ack) and (ack.first_n, ack.count) == (1_001, 100)


def test_a_room_that_takes_no_more_takes_a_word_of_everybody(stand: Stand, gate: Gate) -> None:
    room = room_of(gate, ANN, True)
    for other in (BOB, EVE):
        room_of(gate, other, False)
    # As if many others had said much there.
    hall = stand.directory.rooms[room]
    for person_no in range(100, 106):
        stand.office.meters.placed(person_no, hall.no, 1_000, stand.now_ms)
    assert isinstance(say(gate, EVE, room, 1), Busy)
    assert isinstance(say(gate, EVE, room, 1, 2), Ack)


def test_who_may_not_write_takes_nothing_of_the_rooms_allowance(stand: Stand, gate: Gate) -> None:
    room = room_of(gate, ANN, True)
    room_of(gate, BOB, False)
    with stand.drain() as batch:
        hall, bob = stand.directory.rooms[room], stand.person(BOB)
        stand.order.mute(hall, bob, 0, stand.now_ms, batch)
    for slot in (BOB, EVE):  # one is muted, one is not in the room
        for first_n in range(1, 1_001, 100):
            out = gate.do([Up.RUN, slot, room, OUTBOX, first_n, [TEXT] * 100])
            assert all(isinstance(decode(one[3]), Refused) for one in out)
            assert sum(one[2] for one in out) == 100
        assert isinstance(say(gate, slot, room, 1_001), Busy)
    for first_n in range(1, 901, 100):
        assert isinstance(say(gate, ANN, room, first_n), Ack)
    # A room takes 6,000 at once: all of it is still there but for what was placed.
    assert stand.office.meters._rooms.of(hall.no).left == 5_100


@pytest.mark.parametrize(
    ("frame", "times"),
    [
        (Rename(1, "Ann"), 10),
        (Profile(1, 3, b""), 10),
        (Leave(1, b"?" * 16), 60),
    ],
)
def test_what_one_may_not_do_without_end(gate: Gate, frame: AnyFrame, times: int) -> None:
    for _ in range(times):
        answer = gate.answer(ANN, frame)
        assert not isinstance(answer, Error) or answer.code != ErrorCode.BUSY
    error = gate.answer(ANN, frame)
    assert isinstance(error, Error) and error.code == ErrorCode.BUSY and "wait" in error.text
    other = gate.answer(BOB, frame)
    assert not isinstance(other, Error) or other.code != ErrorCode.BUSY


def test_entering_costs_less_than_making(stand: Stand, gate: Gate) -> None:
    people = [stand.person(BOB).person]
    assert isinstance(enter(gate, ANN, Direct(1, people)), bytes)  # one more that is made
    for number in range(19):
        assert isinstance(enter(gate, ANN, Join(1, f"room {number}", True)), bytes)
    error = enter(gate, ANN, Join(1, "room 20", True))
    assert isinstance(error, Error) and error.code == ErrorCode.BUSY
    for _ in range(20):
        assert isinstance(enter(gate, ANN, Direct(1, people)), bytes)
        assert isinstance(enter(gate, BOB, Join(1, "room 0", True)), bytes)


def test_newcomers_by_an_invite_are_told_to_wait(
    stand: Stand, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meters_module, "_NEWCOMERS", Bucket(1, 2))
    stand.now_ms += 1

    def greet(number: int, token: str, nick: str = "") -> list[object]:
        out = gate.open(number, number, nick or f"nick {number}", token)
        return [decode(one[2]) for one in out if one[0] == Down.CLOSED]

    for number in range(50):
        (bye,) = greet(100 + number, "wrong")  # costs nobody anything
        assert isinstance(bye, Bye) and bye.code == ErrorCode.TOKEN
        (bye,) = greet(200 + number, TOKEN, "Ann")  # nor does who does not come in
        assert isinstance(bye, Bye) and bye.code == ErrorCode.NICK_TAKEN
    assert greet(10, TOKEN) == greet(11, TOKEN) == []
    (bye,) = greet(12, TOKEN)
    assert isinstance(bye, Bye) and bye.code == ErrorCode.BUSY and bye.retry_ms >= 1_000
    assert greet(10, TOKEN) == []  # who is known comes in
    stand.grants["counted"] = Grant("i1", Role.MEMBER, 1, 0)
    assert greet(13, "counted") == []  # whoever has a counted invite, too
