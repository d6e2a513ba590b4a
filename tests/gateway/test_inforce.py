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
        hall.tell([Down.WHO])
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
