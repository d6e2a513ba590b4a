"""Read marks of a room: where one begins, what was read here, elsewhere and by others."""

from dataclasses import replace

import pytest

from gui.chat import reading
from gui.chat.room import Entry, Room
from protocol.client.happenings import RoomInfo
from protocol.codes import EventKind, RoomKind
from tests.gui.fakes import EPOCH, GENERAL, ME, OLENA

INFO = RoomInfo(GENERAL, RoomKind.OPEN, "general", (), EPOCH, 10, 0, 0)


def entry(seq: int, person: bytes = OLENA, mentions: tuple[bytes, ...] = ()) -> Entry:
    body = {"text": "hi", "mentions": list(mentions)}
    return Entry(seq, seq, seq, person, "Olena", EventKind.TEXT, body, person == ME)


@pytest.mark.parametrize(
    ("kind", "begun", "read"),
    [(RoomKind.OPEN, True, 10), (RoomKind.DIRECT, False, 10), (RoomKind.DIRECT, True, 0)],
)
def test_all_is_new_only_where_somebody_has_begun_to_write(
    kind: RoomKind, begun: bool, read: int
) -> None:
    room = Room(GENERAL)
    reading.begin(room, replace(INFO, kind=kind), begun)
    assert (room.read, room.counted) == (read, read)


def test_a_mark_of_a_longer_journal_is_cut_to_this_one() -> None:
    room = Room(GENERAL, read=30)
    reading.begin(room, replace(INFO, high=4), True)
    assert (room.read, room.counted) == (10, 4)


def test_reading_here_counts_all_that_is_known() -> None:
    room = Room(GENERAL, entries=[entry(4), entry(5)], read=3, unread=2, mentions=1)
    assert reading.all_seen(room)
    assert (room.read, room.counted, room.unread, room.mentions) == (5, 5, 0, 0)
    assert not reading.all_seen(room)


def test_reading_elsewhere_leaves_what_others_said_since() -> None:
    entries = [entry(4), entry(5, ME), entry(6, OLENA, (ME,)), entry(7)]
    room = Room(GENERAL, entries=entries, read=3, counted=7, unread=3, mentions=1)
    assert reading.elsewhere(room, 5, ME)
    assert (room.read, room.unread, room.mentions) == (5, 2, 1)
    assert not reading.elsewhere(room, 5, ME)
    assert reading.elsewhere(room, 6, ME)
    assert (room.unread, room.mentions) == (1, 0)


def test_reading_elsewhere_never_adds_to_what_is_counted() -> None:
    room = Room(GENERAL, read=3, counted=9, unread=2, mentions=0)
    assert reading.elsewhere(room, 4, ME)
    assert (room.unread, room.mentions) == (2, 0)


def test_marks_of_others_go_forward_only() -> None:
    room = Room(GENERAL)
    assert reading.other(room, OLENA, 4)
    assert not reading.other(room, OLENA, 3) and room.marks == {OLENA: 4}
