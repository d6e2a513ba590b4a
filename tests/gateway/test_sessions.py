"""Sessions at the gateway: slots, devices that connect too often, strangers, and the rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import sessions as sessions_module
from gateway.sessions import SESSIONS_PER_DEVICE_MAX, Rate, Session, Sessions
from protocol.codes import Purpose
from protocol.limits import FAULTS_MAX, ITEMS_PER_SEND_MAX, PING_MS, SESSION_DEADLINE_MS


def add(sessions: Sessions, route: bytes, user: str = "ann", now_ms: int = 0) -> Session:
    return sessions.add(route, user, b"k" * 32, Purpose.TALK, None, None, now_ms)[0]


def test_a_slot_is_given_once() -> None:
    sessions = Sessions()
    slots = set()
    for turn in range(20):
        session = add(sessions, b"route")
        assert session.slot > turn and session.slot not in slots
        slots.add(session.slot)
        sessions.remove(session)
    assert len(sessions) == 0 and not sessions.by_route and not sessions.by_slot


def test_removing_twice_is_once_and_never_removes_a_successor() -> None:
    sessions = Sessions()
    old = add(sessions, b"route")
    new = add(sessions, b"route")
    sessions.remove(old)
    sessions.remove(old)
    assert sessions.by_route == {b"route": new} and sessions.by_slot == {new.slot: new}


def test_a_device_that_connects_too_often_loses_its_oldest_session() -> None:
    sessions = Sessions()
    mine = [add(sessions, b"ann%d" % number) for number in range(SESSIONS_PER_DEVICE_MAX)]
    for number in range(SESSIONS_PER_DEVICE_MAX + 1):
        bobs = sessions.add(b"bob%d" % number, f"b{number}", b"", Purpose.TALK, None, None, 0)
        assert bobs[1] is None
    more, surplus = sessions.add(b"more", "ann", b"", Purpose.BULK, None, None, 0)
    assert surplus is mine[0]
    sessions.remove(surplus)
    assert sessions.add(b"again", "ann", b"", Purpose.BULK, None, None, 0)[1] is mine[1]
    assert more.slot in sessions.by_slot


def test_a_stranger_is_answered_only_so_often() -> None:
    sessions = Sessions()
    assert all(sessions.stranger_fault(b"eve") for _ in range(FAULTS_MAX))
    assert not sessions.stranger_fault(b"eve")
    assert sessions.stranger_fault(b"bob")
    session = add(sessions, b"eve")
    sessions.remove(session)
    assert sessions.stranger_fault(b"eve")


def test_strangers_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "_STRANGERS_MAX", 3)
    sessions = Sessions()
    for _ in range(FAULTS_MAX):
        sessions.stranger_fault(b"eve")
    for number in range(100):
        sessions.stranger_fault(b"%d" % number)
        assert not sessions.stranger_fault(b"eve")  # still here, so still known
        assert len(sessions._strangers) <= 3


def test_who_is_silent_too_long_is_named() -> None:
    sessions = Sessions()
    early, late = add(sessions, b"1"), add(sessions, b"2", now_ms=500)
    assert sessions.silent(SESSION_DEADLINE_MS) == []
    assert sessions.silent(SESSION_DEADLINE_MS + 1) == [early]
    early.heard_ms = SESSION_DEADLINE_MS
    assert sessions.silent(SESSION_DEADLINE_MS + 501) == [late]


def test_a_crowd_is_asked_to_ping_less_often_and_given_as_much_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions_module, "_CROWDS", ((10, 1), (50, 4)))
    sessions = Sessions()
    crowd = [add(sessions, b"%d" % number, str(number)) for number in range(100)]
    assert sessions.set_ping(crowd[0]) == 16 * PING_MS
    asked = [sessions.set_ping(one) for one in crowd]
    assert asked == [16 * PING_MS] * 100
    assert not sessions.silent(48 * PING_MS)
    # Who was asked for less while there was a crowd is not forgotten when it is gone.
    for one in crowd[1:]:
        sessions.remove(one)
    assert sessions.set_ping(add(sessions, b"new", "new")) == PING_MS
    assert crowd[0] not in sessions.silent(48 * PING_MS)
    assert crowd[0] in sessions.silent(48 * PING_MS + 1)


# --- the rate -------------------------------------------------------------------------------


def rated(per_s: float, steps: list[tuple[int, int]]) -> tuple[int, int]:
    """Take costs after pauses; return what was taken in all, and how long it took."""
    rate = Rate(per_s)
    session = add(Sessions(), b"route")
    now_ms = start_ms = 1_000
    taken = 0
    for pause_ms, cost in steps:
        now_ms += pause_ms
        wait_ms = rate.wait_ms(session, cost, now_ms)
        assert wait_ms >= 0
        if not wait_ms:
            taken += cost
    return taken, now_ms - start_ms


steps = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, ITEMS_PER_SEND_MAX)), max_size=60)


@given(st.floats(0.1, 1_000), steps)
def test_never_more_than_the_rate_allows(per_s: float, them: list[tuple[int, int]]) -> None:
    taken, took_ms = rated(per_s, them)
    assert taken <= max(per_s * 10, ITEMS_PER_SEND_MAX) + per_s * took_ms / 1_000 + 1e-6


@given(st.floats(0.1, 1_000), steps, st.integers(1, ITEMS_PER_SEND_MAX))
def test_who_waits_as_told_gets_through(
    per_s: float, them: list[tuple[int, int]], cost: int
) -> None:
    """Also a full SEND at a low rate: nobody is told to wait for ever."""
    rate = Rate(per_s)
    session = add(Sessions(), b"route")
    now_ms = 1_000
    for pause_ms, before in them:
        now_ms += pause_ms
        rate.wait_ms(session, before, now_ms)
    wait_ms = rate.wait_ms(session, cost, now_ms)
    if wait_ms:
        # A millisecond for what rounding ate.
        assert rate.wait_ms(session, cost, now_ms + wait_ms + 1) == 0


def test_no_rate_is_no_limit() -> None:
    assert rated(0.0, [(0, 128)] * 1_000)[0] == 128_000
