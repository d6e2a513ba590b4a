"""Sessions at the broker: who is online, with several devices, gateways and silences."""

import pytest

from broker import sessions as sessions_module
from broker.directory import Device, Person
from broker.sessions import Gateway, Sessions
from protocol.backplane import GATEWAY_DEADLINE_MS, Down
from protocol.codes import Purpose

TALK, BULK = Purpose.TALK, Purpose.BULK
ANN = Person(1, b"ann-ann-", "Ann")
BOB = Person(2, b"bob-bob-", "Bob")
PHONE, LAPTOP = Device(1, b"p" * 32, ANN), Device(2, b"l" * 32, ANN)
BOBS = Device(3, b"b" * 32, BOB)


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


def gateway(sessions: Sessions, name: str, now_ms: int = 0) -> Gateway:
    return sessions.register(name.encode(), b"route", [f"{name}:8080"], now_ms)


def test_online_from_the_first_session_to_the_last(sessions: Sessions) -> None:
    one, two = gateway(sessions, "one"), gateway(sessions, "two")
    assert not sessions.online(ANN)
    phone = sessions.open(one, 1, PHONE, TALK)
    assert sessions.presence() == [[ANN.person, "Ann", True, 0, b"", 0]]
    laptop = sessions.open(two, 1, LAPTOP, TALK)
    again = sessions.open(one, 2, PHONE, TALK)
    assert sessions.presence() == []
    assert set(sessions.of(ANN)) == {phone, laptop, again}
    for session in (phone, again):
        sessions.close(session)
    assert sessions.online(ANN) and sessions.presence() == []
    sessions.close(laptop)
    assert not sessions.online(ANN) and sessions.of(ANN) == []
    assert sessions.presence() == [[ANN.person, "Ann", False, 0, b"", 0]]
    assert sessions.presence() == []


def test_a_bulk_session_makes_nobody_online(sessions: Sessions) -> None:
    one = gateway(sessions, "one")
    bulk = sessions.open(one, 1, PHONE, BULK)
    assert not sessions.online(ANN) and sessions.presence() == []
    assert sessions.of(ANN) == [bulk]
    talk = sessions.open(one, 2, PHONE, TALK)
    sessions.close(talk)
    assert not sessions.online(ANN)
    assert sessions.of(ANN) == [bulk]


def test_closing_twice_is_once(sessions: Sessions) -> None:
    one = gateway(sessions, "one")
    first, second = sessions.open(one, 1, PHONE, TALK), sessions.open(one, 2, PHONE, TALK)
    sessions.close(first)
    sessions.close(first)
    assert sessions.online(ANN) and sessions.of(ANN) == [second]


def test_a_slot_that_is_opened_again_replaces_its_session(sessions: Sessions) -> None:
    one = gateway(sessions, "one")
    sessions.open(one, 1, PHONE, TALK)
    bobs = sessions.open(one, 1, BOBS, TALK)
    assert one.sessions == {1: bobs}
    assert not sessions.online(ANN) and sessions.online(BOB)


def test_a_change_and_back_is_told_as_it_is_now(sessions: Sessions) -> None:
    one = gateway(sessions, "one")
    session = sessions.open(one, 1, PHONE, TALK)
    sessions.close(session)
    assert sessions.presence() == [[ANN.person, "Ann", False, 0, b"", 0]]


def test_a_new_nickname_is_told(sessions: Sessions) -> None:
    sessions.touch(BOB)
    assert sessions.presence() == [[BOB.person, "Bob", False, 0, b"", 0]]


def test_a_silent_gateway_takes_its_people_along(sessions: Sessions) -> None:
    one, two = gateway(sessions, "one"), gateway(sessions, "two")
    sessions.open(one, 1, PHONE, TALK)
    sessions.open(one, 2, BOBS, TALK)
    sessions.open(two, 1, LAPTOP, TALK)
    sessions.presence()
    two.heard_ms = 1
    assert sessions.silent(GATEWAY_DEADLINE_MS) == []
    assert sessions.silent(GATEWAY_DEADLINE_MS + 1) == [one]
    sessions.drop(one)
    assert sessions.online(ANN) and not sessions.online(BOB)
    assert sessions.presence() == [[BOB.person, "Bob", False, 0, b"", 0]]
    assert sessions.addresses() == ["two:8080"]
    sessions.drop(one)
    assert list(sessions.gateways.values()) == [two]


def test_a_gateway_that_registers_again_starts_without_sessions(sessions: Sessions) -> None:
    one = gateway(sessions, "one")
    session = sessions.open(one, 1, PHONE, TALK)
    fresh = gateway(sessions, "one", 5)
    assert fresh is not one and not fresh.sessions and not sessions.online(ANN)
    sessions.close(session)
    assert sessions.gateways == {b"one": fresh}


def test_presence_is_not_pushed_in_a_crowd(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "PRESENCE_PUSH_MAX", 1)
    one = gateway(sessions, "one")
    sessions.open(one, 1, PHONE, TALK)
    sessions.open(one, 2, LAPTOP, TALK)
    assert len(sessions.presence()) == 1
    sessions.open(one, 3, BOBS, TALK)
    assert sessions.presence() == []


def test_addresses_come_once_in_the_order_of_registration(sessions: Sessions) -> None:
    for name in ("b", "a"):
        gateway(sessions, name)
    sessions.register(b"c", b"route", ["a:8080", "c:1"], 0)
    assert sessions.addresses() == ["b:8080", "a:8080", "c:1"]


def test_a_session_speaks_through_its_gateway(sessions: Sessions) -> None:
    one, two = gateway(sessions, "one"), gateway(sessions, "two")
    sessions.open(two, 7, PHONE, TALK).tell(Down.FRAME, b"frame")
    assert (one.out, two.out) == ([], [[Down.FRAME, 7, b"frame"]])
