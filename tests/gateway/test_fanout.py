"""Fan-out: when a room is flushed, what its frames hold, and what is told of heads."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fanout import HOLD_MAX_MS, Fanout, LiveRoom
from gateway.sessions import Session
from protocol.backplane import FeedHeader, FeedKind
from protocol.codes import Purpose
from protocol.frames import Events, Heads, decode
from protocol.limits import BLOCK_MAX_BYTES, EVENTS_MAX_BYTES, FRAME_MAX_BYTES

ROOM, OTHER, EPOCH = b"R" * 16, b"O" * 16, b"E" * 16
TERM = 5
LATER_MS = 1_000_000


def session(slot: int) -> Session:
    return Session(slot, b"%d" % slot, "user", b"k" * 32, Purpose.TALK, None, None, 0)


@pytest.fixture
def fanout() -> Fanout:
    """One member in one room, whose head is 10."""
    fanout = Fanout()
    fanout.enter(session(1), ROOM, EPOCH, 10)
    return fanout


def block(
    fanout: Fanout,
    last_seq: int,
    data: bytes = b"block",
    term: int = TERM,
    epoch: bytes = EPOCH,
    room: bytes = ROOM,
) -> bytes | None:
    return fanout.take(room, FeedHeader(FeedKind.BLOCK, term, epoch, last_seq, last_seq), data)


def head(fanout: Fanout, seq: int, term: int = TERM, epoch: bytes = EPOCH) -> bytes | None:
    return fanout.take(ROOM, FeedHeader(FeedKind.HEAD, term, epoch, 0, seq), b"")


def flush(fanout: Fanout, now_ms: int) -> list[bytes]:
    """The blocks of all frames of the rooms that are due."""
    frames = [frame for room in fanout.due(now_ms) for frame in fanout.flush(room, now_ms)]
    blocks: list[bytes] = []
    for frame in map(decode, frames):
        assert isinstance(frame, Events) and frame.blocks
        blocks += frame.blocks
    return blocks


def test_a_frame_for_members_concerns_a_room_that_is_here(fanout: Fanout) -> None:
    def concerned(topic: bytes, term: int = TERM, epoch: bytes = EPOCH) -> LiveRoom | None:
        return fanout.concerned(topic, FeedHeader(FeedKind.MEMBERS, term, epoch, 0, 0))

    room = concerned(ROOM)
    assert room is fanout.rooms[ROOM] and [*room.live] == [1]
    assert concerned(OTHER) is None
    assert concerned(ROOM, epoch=b"?" * 16) is None
    assert concerned(ROOM, TERM + 1) is room
    assert concerned(ROOM, TERM) is None, "of a broker that was replaced"
    assert fanout.next_ms(LATER_MS) is None and room.head == 10


# --- holding --------------------------------------------------------------------------------


def test_a_quiet_room_is_flushed_at_once(fanout: Fanout) -> None:
    assert fanout.next_ms(LATER_MS) is None and fanout.due(LATER_MS) == []
    block(fanout, 11)
    assert fanout.next_ms(LATER_MS) == 0
    (room,) = fanout.due(LATER_MS)
    (frame,) = fanout.flush(room, LATER_MS)
    assert decode(frame) == Events(ROOM, EPOCH, TERM, [b"block"])
    assert fanout.next_ms(LATER_MS) is None and fanout.due(LATER_MS + HOLD_MAX_MS) == []


def crowd(fanout: Fanout, recipients: int, room: bytes = ROOM, at_ms: int = LATER_MS) -> None:
    """So many are in the room, and it is busy: flushed twice, at ``at_ms`` the last time."""
    for slot in range(recipients):
        fanout.enter(session(slot), room, EPOCH, 0)
    for now_ms in (at_ms - HOLD_MAX_MS, at_ms):
        block(fanout, 11, room=room)
        flush(fanout, now_ms)


def test_a_room_that_was_just_flushed_waits_and_then_sends_all_at_once(fanout: Fanout) -> None:
    crowd(fanout, 400)
    hold_ms = fanout.rooms[ROOM].hold_ms
    assert hold_ms == 60
    for seq in (12, 13, 14):
        block(fanout, seq, b"%d" % seq)
    assert fanout.next_ms(LATER_MS + 5) == hold_ms - 5
    assert flush(fanout, LATER_MS + hold_ms - 1) == []
    (room,) = fanout.due(LATER_MS + hold_ms)
    (frame,) = fanout.flush(room, LATER_MS + hold_ms)
    assert decode(frame) == Events(ROOM, EPOCH, TERM, [b"12", b"13", b"14"])


def test_few_people_hardly_wait() -> None:
    for recipients, hold_ms in ((1, 0), (6, 0), (20, 3), (100, 15), (5_000, HOLD_MAX_MS)):
        fanout = Fanout()
        crowd(fanout, recipients)
        assert fanout.rooms[ROOM].hold_ms == hold_ms


def test_nothing_is_held_where_that_is_switched_off() -> None:
    fanout = Fanout(0)
    crowd(fanout, 2_000)
    block(fanout, 12, b"x" * BLOCK_MAX_BYTES)
    assert fanout.next_ms(LATER_MS) == 0
    assert flush(fanout, LATER_MS) and fanout.rooms[ROOM].hold_ms == 0


def test_many_busy_rooms_are_held_as_one_large_room_and_quiet_ones_are_not_counted() -> None:
    fanout = Fanout()
    rooms = [bytes([number]) * 16 for number in range(4)]
    for room in rooms:
        crowd(fanout, 100, room)
    assert [fanout.rooms[room].hold_ms for room in rooms] == [15, 30, 45, 60]
    # When the others have become quiet, only its own people count.
    later_ms = LATER_MS + 10 * HOLD_MAX_MS
    for now_ms in (later_ms, later_ms + 60):
        block(fanout, 12, room=rooms[0])
        assert flush(fanout, now_ms)
    assert fanout.rooms[rooms[0]].hold_ms == 15
    for room in rooms:
        for slot in range(100):
            fanout.leave(session(slot), room)
    crowd(fanout, 20, OTHER, later_ms + 1_000)
    assert fanout.rooms[OTHER].hold_ms == 3


def test_one_room_does_not_hold_another(fanout: Fanout) -> None:
    crowd(fanout, 400)
    fanout.enter(session(1), OTHER, EPOCH, 0)
    block(fanout, 12)
    block(fanout, 1, b"other", room=OTHER)
    assert fanout.next_ms(LATER_MS) == 0
    assert flush(fanout, LATER_MS + 1) == [b"other"]
    assert fanout.next_ms(LATER_MS + 1) == 59


def busy(recipients: int, size: int, flushes: int) -> int:
    """Return the hold after some flushes of this size, each as early as allowed."""
    fanout = Fanout()
    for slot in range(recipients):
        fanout.enter(session(slot), ROOM, EPOCH, 0)
    now_ms = LATER_MS
    room = fanout.rooms[ROOM]
    for seq in range(flushes):
        block(fanout, seq + 1, b"x" * size)
        now_ms += fanout.next_ms(now_ms) or 0
        assert flush(fanout, now_ms)
        assert 0 <= room.hold_ms <= HOLD_MAX_MS
    return room.hold_ms


def test_a_heavy_load_is_held_longer_and_a_light_one_is_not() -> None:
    assert busy(2, 500, 10) == 0
    assert busy(400, 500, 10) == 60
    assert busy(400, BLOCK_MAX_BYTES, 10) == HOLD_MAX_MS


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, BLOCK_MAX_BYTES)), max_size=30))
def test_nothing_is_lost_doubled_or_held_too_long(steps: list[tuple[int, int]]) -> None:
    fanout = Fanout()
    for slot in range(500):
        fanout.enter(session(slot), ROOM, EPOCH, 0)
    now_ms = LATER_MS
    sent: list[bytes] = []
    waiting_ms = now_ms
    made: list[bytes] = []
    for seq, (pause_ms, size) in enumerate(steps, 1):
        for _ in range(pause_ms):
            now_ms += 1
            if got := flush(fanout, now_ms):
                assert now_ms - waiting_ms <= HOLD_MAX_MS
                sent += got
        if sent == made:
            waiting_ms = now_ms
        made.append(seq.to_bytes(4, "big") + b"x" * size)
        block(fanout, seq, made[-1])
    sent += flush(fanout, now_ms + HOLD_MAX_MS)
    assert sent == made


# --- frames -----------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 2 * BLOCK_MAX_BYTES), min_size=1, max_size=12))
def test_frames_hold_all_blocks_in_order_within_their_limits(sizes: list[int]) -> None:
    fanout = Fanout()
    fanout.enter(session(1), ROOM, EPOCH, 0)
    blocks = [bytes([number]) * size for number, size in enumerate(sizes)]
    for seq, data in enumerate(blocks, 1):
        block(fanout, seq, data)
    frames = fanout.flush(fanout.rooms[ROOM], LATER_MS)
    assert all(len(frame) <= FRAME_MAX_BYTES for frame in frames)
    parts = [decode(frame)[3] for frame in frames]
    assert [one for part in parts for one in part] == blocks
    assert all(sum(map(len, part)) <= EVENTS_MAX_BYTES for part in parts)
    for part, following in pairwise(parts):
        assert sum(map(len, part)) + len(following[0]) > EVENTS_MAX_BYTES


# --- heads --------------------------------------------------------------------------------------


def test_the_head_follows_blocks_and_announcements(fanout: Fanout) -> None:
    room = fanout.rooms[ROOM]
    assert block(fanout, 12) is None and room.head == 12
    assert head(fanout, 12) is None
    missed = head(fanout, 15)
    assert missed is not None and decode(missed) == Heads(EPOCH, [[ROOM, 15]])
    assert room.head == 15
    assert head(fanout, 15) is None and head(fanout, 3) is None and room.head == 15
    assert block(fanout, 14) is None and room.head == 15
    assert flush(fanout, LATER_MS) == [b"block", b"block"]


def test_an_old_brokers_words_are_not_taken(fanout: Fanout) -> None:
    block(fanout, 11, term=TERM)
    assert block(fanout, 12, b"old", term=TERM - 1) is None
    assert head(fanout, 99, term=TERM - 1) is None
    assert fanout.rooms[ROOM].head == 11
    block(fanout, 12, b"new", term=TERM + 1)
    assert flush(fanout, LATER_MS) == [b"block", b"new"]
    assert head(fanout, 99, term=TERM) is None


def test_another_journals_words_are_not_taken(fanout: Fanout) -> None:
    assert block(fanout, 11, b"alien", epoch=b"X" * 16) is None
    assert head(fanout, 99, epoch=b"X" * 16) is None
    assert fanout.rooms[ROOM].head == 10 and fanout.next_ms(LATER_MS) is None


def test_rooms_without_members_here_are_nobodys(fanout: Fanout) -> None:
    assert block(fanout, 1, room=OTHER) is None
    assert fanout.next_ms(LATER_MS) is None and OTHER not in fanout.rooms


# --- members ------------------------------------------------------------------------------------


def test_the_first_in_and_the_last_out_change_the_subscription(fanout: Fanout) -> None:
    one, two = session(1), session(2)
    live, fresh = fanout.enter(two, ROOM, EPOCH, 10)
    assert not fresh and set(live.live) == {1, 2} and two.rooms == {ROOM}
    assert fanout.enter(one, OTHER, EPOCH, 0)[1]
    assert not fanout.leave(session(1), ROOM)
    assert not fanout.leave(session(1), ROOM)
    assert fanout.leave(two, ROOM) and not two.rooms
    assert not fanout.leave(two, ROOM)
    assert list(fanout.rooms) == [OTHER]
    assert fanout.enter(two, ROOM, EPOCH, 3)[1]


def test_entering_again_is_once(fanout: Fanout) -> None:
    one = session(1)
    assert not fanout.enter(one, ROOM, EPOCH, 10)[1]
    assert not fanout.enter(one, ROOM, EPOCH, 12)[1]
    assert fanout.leave(one, ROOM)


def test_who_enters_gets_all_above_the_head_of_the_room(fanout: Fanout) -> None:
    """The broker's head may be ahead of the feed here: the difference is still on its way."""
    live, _ = fanout.enter(session(2), ROOM, EPOCH, 12)
    assert live.head == 10
    block(fanout, 11, b"11")
    block(fanout, 12, b"12")
    assert live.head == 12 and head(fanout, 12) is None
    assert flush(fanout, LATER_MS) == [b"11", b"12"]


def test_what_was_held_goes_with_the_last_member(fanout: Fanout) -> None:
    block(fanout, 11)
    flush(fanout, LATER_MS)
    block(fanout, 12, b"held")
    one = fanout.rooms[ROOM].live[1]
    assert fanout.leave(one, ROOM)
    assert fanout.next_ms(LATER_MS) is None
    fanout.enter(one, ROOM, EPOCH, 12)
    assert flush(fanout, LATER_MS + HOLD_MAX_MS) == []
