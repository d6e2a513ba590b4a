"""Who was put out of a room or of the server hears not one frame more of it once that is confirmed.

The whole core, on sockets that remember.
"""

from typing import Any

import pytest

from protocol.backplane import Down, FeedKind, Up, decode_slot, feed_header
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.frames import (
    BlobGet,
    Bye,
    Error,
    Events,
    Heads,
    Left,
    Ping,
    Pong,
    Presence,
    Read,
    Typed,
    encode,
)
from tests.gateway.hall import PERSON, Hall
from tests.gateway.stand import EPOCH, OTHER, ROOM

TICKET = 77


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_what_is_held_back_is_not_for_whoever_left_meanwhile(hall: Hall) -> None:
    ann, bob = hall.enter("ann", ROOM, OTHER), hall.enter("bob", ROOM)
    hall.publish()
    hall.flush()
    assert hall.heard(ann) == hall.heard(bob) == [b"block 1"]
    hall.publish()
    hall.publish(OTHER)
    hall.tell([Down.LEFT, hall.slot(ann), 0, ROOM], [Down.CONFIRM, TICKET])
    assert hall.confirmed() == [TICKET]
    assert hall.wires.to(ann) == [Left(0, ROOM)]
    hall.publish()
    hall.flush()
    assert hall.heard(ann) == [b"block 3"]  # of the other room
    assert hall.heard(bob) == [b"block 2", b"block 4"]
    hall.core.fed(
        [ROOM, feed_header(FeedKind.MEMBERS, 7, EPOCH, 0, 0), encode(Typed(ROOM, PERSON))]
    )
    hall.core.fed([ROOM, feed_header(FeedKind.HEAD, 7, EPOCH, 0, 99), b""])
    assert hall.wires.to(ann) == [] and len(hall.wires.to(bob)) == 2


def test_a_session_that_is_closed_hears_nothing_more(hall: Hall) -> None:
    ann, bob = hall.enter("ann", ROOM), hall.enter("bob", ROOM)
    bye = Bye(ErrorCode.BANNED, "banned", 0, [])
    hall.publish()
    hall.tell([Down.CLOSED, hall.slot(ann), encode(bye)], [Down.CONFIRM, TICKET])
    assert hall.confirmed() == [TICKET] and hall.wires.to(ann) == [bye]
    hall.flush()
    hall.core.fed([bytes(16), feed_header(FeedKind.FRAME, 7, EPOCH, 0, 0), encode(Presence([]))])
    assert hall.wires.to(ann) == []
    assert [type(one) for one in hall.wires.to(bob)] == [Events, Presence]


@pytest.mark.parametrize(
    ("purpose", "ask"),
    [
        (Purpose.TALK, Read(5, ROOM, 0, 0, 10)),
        (Purpose.BULK, BlobGet(5, ROOM, b"s" * 32, 0, 10)),
    ],
)
def test_whoever_left_reads_nothing_there(hall: Hall, purpose: Purpose, ask: Any) -> None:
    ann = hall.enter("ann", ROOM, purpose=purpose)
    hall.say(ann, ask)
    assert [decode_slot(one[0]) for one in hall.wires.asked] == [hall.slot(ann)]
    hall.tell([Down.LEFT, hall.slot(ann), 0, ROOM], [Down.CONFIRM, TICKET])
    hall.wires.told.clear()
    hall.say(ann, ask)
    assert len(hall.wires.asked) == 1
    (error,) = hall.wires.to(ann)
    assert isinstance(error, Error)
    assert (error.code, error.kind, error.request) == (ErrorCode.NOT_MEMBER, ask_kind(ask), 5)


def ask_kind(ask: Any) -> Kind:
    return Kind.READ if isinstance(ask, Read) else Kind.BLOB_GET


def test_a_confirmation_that_finds_no_room_is_sent_later(hall: Hall) -> None:
    hall.wires.room = 0
    hall.tell([Down.CONFIRM, TICKET])
    assert hall.confirmed() == []
    hall.wires.room = 1
    hall.core.send_collected()
    assert hall.confirmed() == [TICKET]
    hall.wires.room = 1
    hall.core.send_collected()
    assert hall.confirmed() == [TICKET]


@pytest.mark.parametrize("how", ["the link broke", "the broker asks who this is"])
def test_while_the_broker_cannot_be_heard_nothing_is_pushed(hall: Hall, how: str) -> None:
    """Somebody may have been put out just then; the feed is a connection of its own."""
    ann, bob = hall.enter("ann", ROOM), hall.enter("bob", ROOM)
    hall.publish()
    if how == "the link broke":
        hall.core.unlinked()
        hall.flush()
        hall.publish()
        hall.core.linked()
    else:
        hall.tell([Down.WHO, hall.wires.instance])
    hall.register()
    hall.flush()
    hall.core.fed([bytes(16), feed_header(FeedKind.FRAME, 7, EPOCH, 0, 0), encode(Presence([]))])
    assert hall.wires.told == []
    hall.open(ann)
    assert hall.wires.to(ann) == [Left(0, ROOM)]
    hall.open(bob, ROOM)
    assert hall.wires.to(bob) == [Heads(EPOCH, [[ROOM, hall.head]])]
    hall.publish()
    hall.flush()
    assert hall.heard(ann) == [] and hall.heard(bob) == [b"block %d" % hall.head]


def test_who_stood_still_asks_first_who_is_in_which_room(hall: Hall) -> None:
    ann = hall.enter("ann", ROOM)
    hall.now_ms += 6_001
    hall.core.at(hall.now_ms)
    hall.publish()
    hall.core.flush(hall.now_ms)
    assert hall.wires.told == []
    before = len(hall.wires.sent)
    hall.core.beat()
    (introduced,) = hall.wires.sent[before:]
    assert [one[0] for one in introduced] == [Up.REGISTER, Up.OPEN]
    hall.register()
    hall.open(ann)
    hall.flush()
    assert hall.wires.to(ann) == [Left(0, ROOM)]


def test_in_quiet_times_nobody_is_doubted(hall: Hall) -> None:
    ann = hall.enter("ann", ROOM)
    for _ in range(20):
        hall.publish()
        hall.flush()
        hall.core.tend(hall.now_ms)
    assert len(hall.heard(ann)) == 20
    assert hall.core.connected


def test_who_stands_still_in_the_middle_of_a_turn_notices_it_before_anything_is_pushed(
    hall: Hall,
) -> None:
    ann = hall.enter("ann", ROOM)
    hall.flush()
    hall.publish()  # it was received, and now this process is stopped
    hall.core.flush(hall.now_ms + 12_000)
    assert hall.wires.to(ann) == []
    assert not hall.core.connected


@pytest.mark.parametrize("asleep", [True, False])
def test_what_the_broker_said_before_is_not_taken_after_it(hall: Hall, asleep: bool) -> None:
    """Whoever is in a room by an answer of before may have been put out since."""
    ann = hall.enter("ann", ROOM)
    instance = hall.wires.instance
    if asleep:
        hall.now_ms += 12_000
        hall.core.at(hall.now_ms)
    else:
        hall.core.unlinked()
        hall.core.linked()
    for _ in range(2):
        hall.register(instance)
        hall.open(ann, ROOM)
        hall.tell([Down.ENTERED, hall.slot(ann), 0, OTHER, 0, "other", 5, []])
        hall.tell([Down.CONFIRM, TICKET])
        hall.tell([Down.WHO, instance if not asleep else b"another!"])
        hall.publish()
        hall.publish(OTHER)
        hall.flush()
        assert hall.wires.told == [] and hall.confirmed() == []
        hall.core.beat()
    assert hall.wires.instance != instance
    hall.register()
    hall.open(ann, ROOM)
    assert hall.wires.to(ann) == [Heads(EPOCH, [[ROOM, hall.head]])]
    hall.tell([Down.CONFIRM, TICKET])
    assert hall.confirmed() == [TICKET]


def test_a_broker_that_asks_again_for_an_introduction_that_was_made_is_not_heeded(
    hall: Hall,
) -> None:
    first = hall.wires.instance
    hall.tell([Down.WHO, first])
    second = hall.wires.instance
    assert second != first
    hall.tell([Down.WHO, first])
    assert hall.wires.instance == second
    registers = [one[0] for one in hall.wires.sent if one[0][0] == Up.REGISTER]
    assert [one[3] for one in registers] == [1, 2]
    assert registers[0][2] == registers[1][2] != first


def test_whoever_is_in_doubt_hears_not_even_a_head(hall: Hall) -> None:
    ann, bob = hall.enter("ann", ROOM), hall.enter("bob", ROOM)
    hall.wires.slow = {bob}
    hall.publish()
    hall.flush()
    hall.wires.told.clear()
    hall.core.unlinked()
    hall.wires.slow = set()
    hall.publish()
    hall.say(ann, Ping(5))
    assert hall.wires.to(ann) == [Pong(5, EPOCH, [])]
    hall.core.tend(hall.now_ms)
    assert hall.wires.to(bob) == []
    hall.core.linked()
    hall.register()
    hall.open(bob, ROOM)
    hall.core.tend(hall.now_ms)
    assert hall.wires.to(bob) == [Heads(EPOCH, [[ROOM, hall.head]])]


def test_what_a_broker_publishes_that_was_started_since_is_not_pushed(hall: Hall) -> None:
    """Its feed may be there before the end of the link to the one before is noticed."""
    ann = hall.enter("ann", ROOM)
    hall.publish(term=8)
    hall.flush()
    assert hall.wires.to(ann) == []
    hall.core.beat()
    hall.register(term=8)
    hall.open(ann, ROOM)
    assert hall.wires.to(ann) == [Heads(EPOCH, [[ROOM, hall.head]])]
    hall.publish(term=8)
    hall.flush()
    assert hall.heard(ann) == [b"block %d" % hall.head]
