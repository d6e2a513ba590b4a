"""What the broker says: sessions opened, answered, moved between rooms, and forgotten."""

from typing import Any

import pytest

from gateway.sessions import Session
from protocol.backplane import Down, check_down, decode_batch, encode_batch
from protocol.codes import ErrorCode, RoomKind
from protocol.frames import (
    Ack,
    AnyFrame,
    Bye,
    Error,
    Heads,
    Left,
    Renamed,
    Room,
    Send,
    Welcome,
    encode,
)
from protocol.keys import KeyPair
from protocol.limits import DIRECT_MEMBERS_MAX, FRAME_MAX_BYTES, PING_MS, ROOMS_PER_PERSON_MAX
from tests.gateway.stand import BULK, EPOCH, OTHER, ROOM, Stand

PERSON = b"person-1"
OPEN = int(RoomKind.OPEN)


@pytest.fixture
def stand() -> Stand:
    return Stand()


def tell(stand: Stand, code: Down, *fields: Any) -> None:
    """Let the broker say this; it comes over the wire."""
    for operation in decode_batch(encode_batch(b"instance", [[code, *fields]]))[1]:
        check_down(operation)
        stand.upstream.take(operation)


def row(room: bytes, head: int) -> list[Any]:
    return [room, OPEN, "room", head, []]


def test_a_session_that_is_opened_is_welcomed_into_its_rooms(stand: Stand) -> None:
    tell(stand, Down.GATEWAYS, ["a:1", "b:2"])
    ann = stand.meet("ann")
    ann.token = "secret"
    tell(stand, Down.OPENED, ann.slot, PERSON, "Ann", [row(ROOM, 7), row(OTHER, 0)])
    rows = [[ROOM, OPEN, "room", 7, []], [OTHER, OPEN, "room", 0, []]]
    assert stand.to(ann) == [
        Welcome(PERSON, "Ann", EPOCH, 7, "Zviazok", ["a:1", "b:2"], rows, PING_MS)
    ]
    assert stand.subscribed == {ROOM, OTHER} == ann.rooms
    assert ann.welcome and ann.token is None


def test_the_head_of_a_welcome_is_the_highest_that_is_known(stand: Stand) -> None:
    """All above it will be pushed, so it must not be below what was pushed already."""
    stand.talker("bob", ROOM)
    stand.fanout.rooms[ROOM].head = 9
    for name, broker_head, told in (("ann", 7, 9), ("eve", 12, 12)):
        session = stand.meet(name)
        tell(stand, Down.OPENED, session.slot, PERSON, name, [row(ROOM, broker_head)])
        (welcome,) = stand.to(session)
        assert isinstance(welcome, Welcome) and welcome.rooms[0][3] == told
    assert stand.fanout.rooms[ROOM].head == 9


def test_a_bulk_session_knows_its_rooms_and_hears_nothing_of_them(stand: Stand) -> None:
    ann = stand.meet("ann", BULK)
    tell(stand, Down.OPENED, ann.slot, PERSON, "Ann", [row(ROOM, 7)])
    (welcome,) = stand.to(ann)
    assert isinstance(welcome, Welcome) and welcome.rooms == []
    tell(stand, Down.ENTERED, ann.slot, 0, OTHER, OPEN, "room", 0, [])
    assert ann.rooms == {ROOM, OTHER}
    tell(stand, Down.LEFT, ann.slot, 0, ROOM)
    assert ann.rooms == {OTHER}
    assert not stand.said and not stand.subscribed and not stand.fanout.rooms


def test_a_session_that_is_opened_again_is_brought_up_to_date(stand: Stand) -> None:
    """The broker or the connection to it came back: rooms and heads may have changed."""
    ann = stand.talker("ann", ROOM, OTHER)
    third = b"T" * 16
    rows = [row(OTHER, 4), row(third, 3)]
    tell(stand, Down.OPENED, ann.slot, PERSON, "Anna", rows)
    assert stand.to(ann) == [
        Renamed(0, "Anna"),
        Left(0, ROOM),
        Heads(EPOCH, [[OTHER, 4]]),
        Room(0, EPOCH, third, OPEN, "room", 3, []),
    ]
    assert stand.subscribed == ann.rooms == {OTHER, third}
    tell(stand, Down.OPENED, ann.slot, PERSON, "Anna", rows)
    assert stand.to(ann) == [Heads(EPOCH, [[OTHER, 4]])]


def test_answers_free_the_window(stand: Stand) -> None:
    ann = stand.talker("ann", ROOM)
    stand.take(ann, Send(ROOM, b"outbox-1", 1, [b"\xc0"] * 5))
    ack = Ack(ROOM, b"outbox-1", 1, 5, EPOCH, 1)
    tell(stand, Down.DONE, ann.slot, 5, encode(ack))
    assert stand.to(ann) == [ack] and ann.in_flight == 0


def test_frames_are_handed_over_and_the_end_too(stand: Stand) -> None:
    ann = stand.talker("ann", ROOM)
    bob = stand.talker("bob", ROOM)
    tell(stand, Down.FRAME, ann.slot, encode(Renamed(3, "Anna")))
    assert stand.to(ann) == [Renamed(3, "Anna")]
    bye = Bye(ErrorCode.TOKEN, "no", 60_000, [])
    tell(stand, Down.CLOSED, ann.slot, encode(bye))
    assert stand.to(ann) == [bye] and stand.dropped == [ann]
    assert stand.subscribed == {ROOM} == bob.rooms


def test_entering_and_leaving_subscribe_at_the_edges(stand: Stand) -> None:
    ann, bob = stand.talker("ann"), stand.talker("bob")
    for request, session in ((5, ann), (0, bob)):
        tell(stand, Down.ENTERED, session.slot, request, ROOM, OPEN, "room", 3, [])
        assert stand.to(session) == [Room(request, EPOCH, ROOM, OPEN, "room", 3, [])]
    assert stand.subscribed == {ROOM}
    tell(stand, Down.LEFT, ann.slot, 6, ROOM)
    assert stand.to(ann) == [Left(6, ROOM)] and stand.subscribed == {ROOM}
    tell(stand, Down.LEFT, bob.slot, 0, ROOM)
    assert stand.to(bob) == [Left(0, ROOM)] and not stand.subscribed


@pytest.mark.parametrize(
    "operation",
    [
        [Down.DONE, 99, 1, b"frame"],
        [Down.FRAME, 99, b"frame"],
        [Down.OPENED, 99, PERSON, "Ann", []],
        [Down.CLOSED, 99, b"frame"],
        [Down.ENTERED, 99, 1, ROOM, 1, "room", 0, []],
        [Down.LEFT, 99, 1, ROOM],
    ],
)
def test_what_is_for_a_session_that_is_gone_reaches_nobody(
    stand: Stand, operation: list[Any]
) -> None:
    stand.talker("ann", ROOM)
    tell(stand, operation[0], *operation[1:])
    assert not stand.said and not stand.dropped and stand.subscribed == {ROOM}


def test_a_broker_that_does_not_know_us_is_told_who_we_are(stand: Stand) -> None:
    tell(stand, Down.WHO)
    assert stand.introduced == 1


@pytest.mark.parametrize("epoch", [EPOCH, b"X" * 16])
def test_another_journal_ends_all_sessions(stand: Stand, epoch: bytes) -> None:
    ann = stand.talker("ann", ROOM)
    tell(stand, Down.REGISTERED, "Zviazok", b"p" * 32, b"s" * 32, epoch, 8)
    assert stand.served == [KeyPair(b"p" * 32, b"s" * 32)] * 2
    assert stand.counter.epoch == epoch
    if epoch == EPOCH:
        assert not stand.said and not stand.dropped
        return
    (error,) = stand.to(ann)
    assert isinstance(error, Error) and error.code == ErrorCode.NO_SESSION
    assert stand.dropped == [ann] and not stand.fanout.rooms


def test_the_largest_welcome_fits_a_frame(stand: Stand) -> None:
    """Every room a direct message with as many people as may be, with the longest names."""
    tell(stand, Down.GATEWAYS, ["h" * 250 + f":{number:05}" for number in range(100)])
    ann = stand.meet("ann")
    members = [[number.to_bytes(8, "big"), "\U0001f600" * 32] for number in range(99)]
    rooms: list[list[Any]] = [
        [n.to_bytes(16, "big"), int(RoomKind.DIRECT), "", 1, members[:DIRECT_MEMBERS_MAX]]
        for n in range(ROOMS_PER_PERSON_MAX)
    ]
    tell(stand, Down.OPENED, ann.slot, PERSON, "Ann", [list(one) for one in rooms])
    welcome, *others = stand.to(ann)
    assert isinstance(welcome, Welcome)
    assert len(welcome.rooms) == ROOMS_PER_PERSON_MAX and len(welcome.gateways) == 64
    assert all(len(encode(one)) <= FRAME_MAX_BYTES for one in (welcome, *others))
    told: list[AnyFrame] = [Room(0, EPOCH, *one) for one in rooms]
    assert others == told


def test_a_session_in_no_room_is_welcome_too(stand: Stand) -> None:
    ann: Session = stand.meet("ann")
    tell(stand, Down.OPENED, ann.slot, PERSON, "Ann", [])
    assert isinstance(stand.to(ann)[0], Welcome) and not stand.subscribed
