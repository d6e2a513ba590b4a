"""What comes a little too soon waits: in its order, bounded, and not at the cost of others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import delays as delays_module
from gateway.allowance import BUSY_MS, DELAY_MAX_MS
from gateway.delays import Delays
from gateway.sessions import Session
from protocol.backplane import Down, Up
from protocol.codes import ErrorCode, EventKind, Kind
from protocol.frames import (
    AnyFrame,
    BlobChunk,
    BlobGet,
    Busy,
    Error,
    Join,
    Left,
    Mark,
    Ping,
    Pong,
    Read,
    Send,
    Typing,
    encode,
)
from protocol.items import encode_item
from protocol.limits import CHUNK_MAX_BYTES, WINDOW_MAX_ITEMS
from tests.gateway.stand import BULK, ROOM, Stand

OUTBOX = b"outbox-1"
TEXT = encode_item(EventKind.TEXT, {"text": "ї"})


def send(first_n: int, count: int = 1) -> Send:
    return Send(ROOM, OUTBOX, first_n, [TEXT] * count)


@pytest.fixture
def stand() -> Stand:
    return Stand(rate_per_s=50.0)


def spent(stand: Stand, name: str = "ann") -> Session:
    """Somebody who has sent as much as goes at once."""
    one = stand.talker(name, ROOM)
    for n in range(1, 501, 100):
        assert stand.take(one, send(n, 100)) == []
        one.in_flight = 0
    stand.counter.collect()
    return one


def step(stand: Stand, ms: int) -> list[tuple[int, int]]:
    """Let time pass; return first n and count of the runs that went on."""
    stand.now_ms += ms
    stand.counter.go_on(stand.now_ms)
    return [(one[4], len(one[5])) for one in stand.counter.collect()[0] if one[0] == Up.RUN]


def test_a_little_too_much_goes_on_when_its_time_has_come(stand: Stand) -> None:
    ann = spent(stand)
    for n in range(501, 541):
        assert stand.take(ann, send(n)) == []
    assert stand.counter.collect() == ([], [])
    assert len(ann.late) == ann.in_flight == 40
    came: list[tuple[int, int]] = []
    for _ in range(9):
        came += step(stand, 100)
    assert came[0] == (501, 5) or came[0] == (501, 4)
    assert sum(count for _, count in came) == 40
    assert [first for first, _ in came] == [
        501 + sum(count for _, count in came[:place]) for place in range(len(came))
    ]
    assert not ann.late and ann.in_flight == 40


def test_a_second_too_much_is_told_to_wait(stand: Stand) -> None:
    ann = spent(stand)
    n = 501
    while not (said := stand.take(ann, send(n))):
        n += 1
    (busy,) = said
    assert isinstance(busy, Busy) and busy.first_n == n == 550
    assert busy.retry_ms == BUSY_MS > DELAY_MAX_MS
    step(stand, busy.retry_ms)
    assert stand.take(ann, send(n)) == []


def test_all_that_follows_waits_behind_it(stand: Stand) -> None:
    ann = spent(stand)
    asks: list[AnyFrame] = [
        send(501, 20),
        Read(1, ROOM, 0, 0, 10),
        Join(2, "kitchen", True),
        Mark(ROOM, 4),
        send(521),
    ]
    for ask in asks:
        assert stand.take(ann, ask) == []
    assert stand.counter.collect() == ([], [])
    # The allowance is there again, and yet nothing overtakes what waits.
    stand.now_ms += 2_000
    assert stand.take(ann, send(522)) == []
    assert stand.counter.collect() == ([], [])
    stand.counter.go_on(stand.now_ms)
    operations, reads = stand.counter.collect()
    assert [one[0] for one in operations] == [Up.RUN, Up.ASK, Up.ASK, Up.RUN]
    assert [operations[0][4:], operations[3][4:]] == [[501, [TEXT] * 20], [521, [TEXT] * 2]]
    assert [operations[1][2], operations[2][2]] == [encode(asks[2]), encode(asks[3])]
    assert reads == [(ann, encode(asks[1]))]
    assert stand.take(ann, send(523)) == [] and stand.counter.collect()[0]


def test_ping_and_typing_pass_by(stand: Stand) -> None:
    ann = spent(stand)
    stand.take(ann, send(501))
    (pong,) = stand.take(ann, Ping(5))
    assert isinstance(pong, Pong)
    stand.take(ann, Typing(ROOM))
    assert stand.counter.collect() == ([], [])  # dropped: it does not wait


def test_nobody_else_waits(stand: Stand) -> None:
    ann, bob = spent(stand), stand.talker("bob", ROOM)
    stand.take(ann, send(501))
    assert stand.take(bob, send(1)) == []
    assert len(stand.counter.collect()[0]) == 1


def test_what_waits_is_in_the_window(stand: Stand) -> None:
    ann = spent(stand)
    ann.in_flight = WINDOW_MAX_ITEMS - 3
    assert stand.take(ann, send(501, 3)) == [] and len(ann.late) == 1
    (busy,) = stand.take(ann, send(504))
    assert isinstance(busy, Busy)


def test_who_was_put_out_of_the_room_meanwhile_reads_nothing(stand: Stand) -> None:
    ann = spent(stand)
    stand.take(ann, Read(7, ROOM, 0, 0, 10))
    stand.take(ann, Mark(ROOM, 4))
    stand.upstream.take([int(Down.LEFT), ann.slot, 0, ROOM])
    assert stand.to(ann) == [Left(0, ROOM)]
    stand.now_ms += 1_000
    stand.counter.go_on(stand.now_ms)
    assert stand.counter.collect() == ([], [])
    read, mark = stand.to(ann)
    for error, kind in ((read, Kind.READ), (mark, Kind.MARK)):
        assert isinstance(error, Error)
        assert (error.code, error.kind) == (ErrorCode.NOT_MEMBER, kind)
    assert isinstance(read, Error) and read.request == 7


def test_with_the_session_all_that_waits_is_gone(stand: Stand) -> None:
    ann = spent(stand)
    for n in range(501, 511):
        stand.take(ann, send(n))
    stand._drop(ann)
    assert step(stand, 1_000) == []
    assert stand.counter.delays.next_ms(stand.now_ms) is None
    assert (stand.counter.delays._frames, stand.counter.delays._size) == (0, 0)


def test_an_upload_is_slowed_down_and_not_refused(stand: Stand) -> None:
    ann = stand.talker("ann", purpose=BULK)
    size = CHUNK_MAX_BYTES
    chunk = BlobChunk(1, b"s" * 32, 10_000_000, 0, b"x" * (size - 100))
    passed = slowed = 0
    for _ in range(600):  # a client has eight under way
        assert stand.take(ann, chunk) == []
        passed += len(stand.counter.collect()[1])
        while ann.late:
            slowed += 1
            stand.now_ms += 10
            stand.counter.go_on(stand.now_ms)
            passed += len(stand.counter.collect()[1])
    assert passed == 600 and slowed > 50


def test_a_picture_never_delays_a_word(stand: Stand) -> None:
    ann = stand.talker("ann", ROOM)
    bulk = stand.talker("bulk", ROOM, purpose=BULK)
    bulk.purse = ann.purse
    for _ in range(1_000):
        assert stand.take(bulk, BlobGet(1, ROOM, b"s" * 32, 0, 10)) == []
    stand.counter.collect()
    assert stand.take(ann, send(1, 100)) == []
    assert len(stand.counter.collect()[0]) == 1


# --- bounds ---------------------------------------------------------------------------------


def session(slot: int) -> Session:
    return Session(slot, b"%d" % slot, "user", b"k" * 32, BULK, None, None, 0)


def test_frames_and_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delays_module, "FRAMES_MAX", 5)
    monkeypatch.setattr(delays_module, "BYTES_MAX", 100)
    delays = Delays()
    one, two = session(1), session(2)
    for _ in range(4):
        assert delays.fits(one, b"x" * 20)
        delays.add(one, 10, Ping(1), b"x" * 20)
    assert not delays.fits(two, b"x" * 21)
    delays.add(two, 10, Ping(1), b"x")
    assert not delays.fits(one, b"x")
    assert len(list(delays.due(10))) == 5
    assert delays.fits(one, b"x" * 100)


def test_what_does_not_fit_is_busy(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delays_module, "FRAMES_MAX", 2)
    ann, bob = spent(stand), spent(stand, "bob")
    assert stand.take(ann, send(501)) == stand.take(bob, send(501)) == []
    (busy,) = stand.take(ann, send(502))
    assert isinstance(busy, Busy) and busy.retry_ms > DELAY_MAX_MS
    assert step(stand, 2_000) == [(501, 1), (501, 1)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 500), st.integers(0, 60)), max_size=60))
def test_each_session_keeps_its_order_and_nothing_is_lost(
    them: list[tuple[int, int, int]],
) -> None:
    delays = Delays()
    sessions = [session(slot) for slot in range(4)]
    came: dict[int, list[int]] = {one.slot: [] for one in sessions}
    now_ms = 1_000

    def pass_on() -> None:
        for one, late in delays.due(now_ms):
            assert late.due_ms <= now_ms
            frame: Any = late.frame
            came[one.slot].append(frame.nonce)

    for number, (slot, wait_ms, pause_ms) in enumerate(them):
        delays.add(sessions[slot], now_ms + wait_ms, Ping(number), b"x" * 10)
        now_ms += pause_ms
        pass_on()
    assert (delays.next_ms(now_ms) is None) == (sum(map(len, came.values())) == len(them))
    now_ms += 1_000
    pass_on()
    for slot, nonces in came.items():
        assert nonces == [number for number, one in enumerate(them) if one[0] == slot]
    assert delays.next_ms(now_ms) is None and (delays._frames, delays._size) == (0, 0)
