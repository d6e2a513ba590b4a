"""Addresses: what counts as one, what all who come from it may do, and that memory is bounded."""

import pytest

from gateway import crowd as crowd_module
from gateway.crowd import CONNECTIONS_MAX, Crowd, place

SCHOOL, OTHER = place("203.0.113.7"), place("203.0.113.8")
NOW = 1_000


@pytest.mark.parametrize(
    ("address", "it"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.168.1.20", "192.168.1.20"),
        ("127.0.0.1", ""),
        ("127.8.9.10", "127.8.9.10"),
        ("::ffff:127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("None", ""),
    ],
)
def test_what_counts_as_one_address(address: str, it: str) -> None:
    assert place(address) == it


def test_a_school_behind_one_address_notices_nothing() -> None:
    """500 people start at once, and write as people do."""
    crowd = Crowd(50)
    for _ in range(500):
        assert crowd.came(SCHOOL, NOW) and not crowd.greet_ms(SCHOOL, NOW)
    for second in range(600):
        for _ in range(500):
            assert not crowd.say_ms(SCHOOL, 1, 300, NOW + second * 1_000)


def test_too_many_connections_of_one_address_are_turned_away() -> None:
    crowd = Crowd(50)
    come = [crowd.came(SCHOOL, NOW + number * 100) for number in range(CONNECTIONS_MAX + 5)]
    assert come == [True] * CONNECTIONS_MAX + [False] * 5
    assert crowd.came(OTHER, NOW)
    for _ in range(6):
        crowd.went(SCHOOL, True, NOW)
    assert crowd.came(SCHOOL, NOW + 10_000_000)


def test_too_many_handshakes_and_greetings_in_a_row_have_to_wait() -> None:
    crowd = Crowd(50)
    came = 0
    while crowd.came(SCHOOL, NOW):
        crowd.went(SCHOOL, True, NOW)
        came += 1
    assert came == 1_000
    assert crowd.came(OTHER, NOW) and crowd.came(SCHOOL, NOW + 21)
    greeted = 0
    while not (wait_ms := crowd.greet_ms(SCHOOL, NOW)):
        greeted += 1
    assert greeted == 1_000 and not crowd.greet_ms(SCHOOL, NOW + wait_ms)


def test_an_address_of_fruitless_connections_is_let_in_no_more_for_a_while() -> None:
    crowd = Crowd(50)
    came = 0
    while crowd.came(SCHOOL, NOW):
        crowd.went(SCHOOL, False, NOW)
        came += 1
    assert came == 120
    crowd.went(SCHOOL, False, NOW)  # who was not let in is not counted again
    assert crowd.came(OTHER, NOW) and crowd.came(SCHOOL, NOW + 501)


def test_messages_of_an_address_are_limited_by_number_and_bytes() -> None:
    for items, size, most in ((128, 0, 20_000 // 128), (1, 131_072, 512)):
        crowd = Crowd(50)
        said = 0
        while not (wait_ms := crowd.say_ms(SCHOOL, items, size, NOW)):
            said += 1
        assert said == most and not crowd.say_ms(OTHER, items, size, NOW)
        assert not crowd.say_ms(SCHOOL, items, size, NOW + wait_ms)


@pytest.mark.parametrize(("per_s", "where"), [(0, SCHOOL), (50, "")])
def test_without_a_rate_and_on_this_machine_nothing_is_limited(per_s: float, where: str) -> None:
    crowd = Crowd(per_s)
    for _ in range(CONNECTIONS_MAX + 10):
        assert crowd.came(where, NOW)
        assert not crowd.greet_ms(where, NOW)
        assert not crowd.say_ms(where, 128, 131_072, NOW)


def test_addresses_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd_module, "_ADDRESSES_MAX", 10)
    crowd = Crowd(50)
    for number in range(200):
        where = place(f"203.0.113.{number}")
        crowd.came(where, NOW)
        crowd.greet_ms(where, NOW)
        crowd.say_ms(where, 1, 1, NOW)
        crowd.went(where, False, NOW)
    for levels in (crowd._said, crowd._shaken, crowd._greeted, crowd._fruitless):
        assert len(levels) == 10
    assert not crowd._open
