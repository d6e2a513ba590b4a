"""Sessions at the gateway: slots, devices that connect too often, strangers, and purses."""

import pytest

from gateway import sessions as sessions_module
from gateway.sessions import SESSIONS_PER_DEVICE_MAX, Session, Sessions
from protocol.codes import Purpose
from protocol.limits import PING_MS, SESSION_DEADLINE_MS


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


def test_faults_of_strangers_are_counted_until_they_come_in() -> None:
    sessions = Sessions()
    assert [sessions.stranger_fault(b"eve") for _ in range(3)] == [1, 2, 3]
    assert sessions.stranger_fault(b"bob") == 1
    session = add(sessions, b"eve")
    sessions.remove(session)
    assert sessions.stranger_fault(b"eve") == 1


def test_strangers_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "_STRANGERS_MAX", 3)
    sessions = Sessions()
    sessions.stranger_fault(b"eve")
    for number in range(100):
        sessions.stranger_fault(b"%d" % number)
        assert sessions.stranger_fault(b"eve") == number + 2  # still here, so still known
        assert len(sessions._strangers) <= 3


def test_a_device_has_one_purse_with_and_without_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions_module, "_STRANGERS_MAX", 3)
    sessions = Sessions()
    purse = sessions.purse("ann")
    one, two = add(sessions, b"1"), add(sessions, b"2")
    assert one.purse is two.purse is purse is sessions.purse("ann")
    for number in range(10):
        sessions.purse(f"stranger {number}")
        assert len(sessions._purses) <= 3
    sessions.remove(one)
    sessions.remove(two)
    assert sessions.purse("ann") is purse
    for number in range(10):
        sessions.purse(f"stranger {number}")
        sessions.purse("ann")
    assert sessions.purse("ann") is purse and len(sessions._purses) == 3
    assert add(sessions, b"3").purse is purse and len(sessions._purses) == 2


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
