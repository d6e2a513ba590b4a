"""The broker opens a session again: what was lost on the way is told now."""

from gateway.sessions import Session
from protocol.backplane import Down
from protocol.codes import RoomKind
from protocol.frames import Heads, Left, Renamed, Room
from tests.gateway.stand import BULK, EPOCH, OTHER, ROOM, Stand

OPEN = int(RoomKind.OPEN)


def reopen(stand: Stand, session: Session, nick: str, *rows: tuple[bytes, int]) -> None:
    rooms = [[room, OPEN, "room", head, []] for room, head in rows]
    stand.upstream.take([int(Down.OPENED), session.slot, session.key[:8], nick, rooms])


def test_a_room_that_was_entered_meanwhile_is_told_and_heard() -> None:
    stand = Stand()
    ann = stand.talker("ann", ROOM)
    reopen(stand, ann, "ann", (ROOM, 0), (OTHER, 7))
    assert stand.to(ann) == [Room(0, EPOCH, OTHER, OPEN, "room", 7, [])]
    assert stand.fanout.rooms[OTHER].live == {ann.slot: ann}
    assert stand.subscribed == {ROOM, OTHER}


def test_a_room_that_was_left_meanwhile_is_told() -> None:
    stand = Stand()
    ann = stand.talker("ann", ROOM, OTHER)
    reopen(stand, ann, "ann", (ROOM, 0))
    assert stand.to(ann) == [Left(0, OTHER)]
    assert stand.subscribed == {ROOM}


def test_what_was_said_meanwhile_is_announced_to_each() -> None:
    stand = Stand()
    ann, ben = stand.talker("ann", ROOM), stand.talker("ben", ROOM)
    for one in (ann, ben):
        reopen(stand, one, one.user, (ROOM, 5))
    assert stand.said == [(one, Heads(EPOCH, [[ROOM, 5]])) for one in (ann, ben)]


def test_another_nickname_is_told() -> None:
    stand = Stand()
    ann = stand.talker("ann")
    reopen(stand, ann, "Anna")
    assert stand.to(ann) == [Renamed(0, "Anna")]


def test_a_session_for_pictures_is_told_nothing() -> None:
    stand = Stand()
    ann = stand.talker("ann", ROOM, purpose=BULK)
    reopen(stand, ann, "Anna", (OTHER, 3))
    assert stand.to(ann) == []
    assert ann.rooms == {OTHER}
    assert not stand.fanout.rooms
