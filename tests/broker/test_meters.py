"""What people may do and rooms may take: by person, by room, and that nobody pays for others."""

import pytest

from broker import meters as meters_module
from broker.meters import PERSON_PER_S, Deed, Meters
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.limits import ITEMS_PER_SEND_MAX, SEND_MAX_BYTES

ROOM, OTHER = 1, 2
BURST = int(PERSON_PER_S * 10)


def flood(meters: Meters, person_no: int, room_no: int, now_ms: int = 1_000) -> int:
    """Say as much as goes; return how much that was."""
    said = 0
    while not meters.say_ms(person_no, room_no, 1, 1, now_ms):
        meters.placed(person_no, room_no, 1, now_ms)
        said += 1
    return said


def test_a_person_has_one_allowance_in_all_rooms() -> None:
    meters = Meters()
    assert flood(meters, 1, ROOM) == BURST
    assert flood(meters, 1, OTHER) == 0
    assert flood(meters, 2, OTHER) == BURST
    assert flood(meters, 1, ROOM, 2_000) == PERSON_PER_S


def test_who_waits_as_told_gets_through() -> None:
    meters = Meters()
    flood(meters, 1, ROOM)
    wait_ms = meters.say_ms(1, ROOM, ITEMS_PER_SEND_MAX, 1, 1_000)
    assert 1_200 < wait_ms <= 1_300
    assert meters.say_ms(1, ROOM, ITEMS_PER_SEND_MAX, 1, 1_000 + wait_ms) == 0


def test_bytes_count_too() -> None:
    meters = Meters()
    sent = 0
    while not (wait_ms := meters.say_ms(1, ROOM, 1, SEND_MAX_BYTES, 1_000)):
        sent += 1
    assert sent == 64
    assert meters.say_ms(1, ROOM, 1, SEND_MAX_BYTES, 1_000 + wait_ms) == 0
    # What was refused for its bytes has not cost messages.
    assert meters._people.of(1).left == pytest.approx(BURST - 65 + wait_ms / 10)


def test_a_room_takes_only_so_much_and_everybody_has_a_share() -> None:
    meters = Meters()
    loud = [flood(meters, person_no, ROOM) for person_no in range(1, 13)]
    # Six use the room's allowance up, but for the shares of those who come later.
    assert loud[:6] == [BURST] * 6
    assert 0 < sum(loud[6:]) < 12 * 25
    # Somebody who says little notices nothing of it, there or elsewhere.
    for second in range(60):
        now_ms = 1_000 + second * 1_000
        assert flood(meters, 3, ROOM, now_ms) < PERSON_PER_S * 3
        assert meters.say_ms(100, ROOM, 2, 200, now_ms) == 0
    assert flood(meters, 101, OTHER) == BURST


def test_what_gets_no_place_in_a_room_costs_its_sender_alone() -> None:
    meters = Meters()
    for person_no in range(1, 9):
        while not meters.say_ms(person_no, ROOM, ITEMS_PER_SEND_MAX, 1, 1_000):
            pass
    assert meters.say_ms(1, OTHER, ITEMS_PER_SEND_MAX, 1, 1_000) > 0
    assert flood(meters, 9, ROOM) == BURST


def test_a_room_that_was_full_has_room_again() -> None:
    meters = Meters()
    for person_no in range(1, 9):
        flood(meters, person_no, ROOM)
    wait_ms = meters.say_ms(9, ROOM, ITEMS_PER_SEND_MAX, 1, 1_000)
    assert wait_ms > 0
    assert meters.say_ms(9, ROOM, ITEMS_PER_SEND_MAX, 1, 1_000 + wait_ms) == 0


@pytest.mark.parametrize("deed", Deed)
def test_every_deed_has_its_own_allowance(deed: Deed) -> None:
    meters = Meters()
    most = int(deed.bucket.most)
    for _ in range(most):
        meters.need(1, deed, 1_000)
    with pytest.raises(WireError) as caught:
        meters.need(1, deed, 1_000)
    assert caught.value.code == ErrorCode.BUSY and "wait" in caught.value.text
    for other in Deed:
        if other is not deed:
            meters.need(1, other, 1_000)
    meters.need(2, deed, 1_000)
    assert meters.say_ms(1, ROOM, 1, 1, 1_000) == 0
    meters.need(1, deed, 1_000 + int(1_000 / deed.bucket.per_s) + 1)


def test_newcomers_are_limited_for_the_whole_server() -> None:
    meters = Meters()
    for _ in range(1_000):
        meters.need_newcomer(1_000)
        meters.came(1_000)
    for now_ms in (1_000, 1_500):
        with pytest.raises(WireError) as caught:
            meters.need_newcomer(now_ms)
        assert caught.value.code == ErrorCode.BUSY
    meters.need_newcomer(2_001)


def test_no_rate_is_no_limit_of_anything() -> None:
    meters = Meters(0)
    for _ in range(5_000):
        assert meters.say_ms(1, ROOM, 128, 1_000_000, 1_000) == 0
        meters.placed(1, ROOM, 128, 1_000)
        meters.need_newcomer(1_000)
        meters.came(1_000)
        for deed in Deed:
            meters.need(1, deed, 1_000)


def test_levels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meters_module, "_LEVELS_MAX", 10)
    meters = Meters()
    for number in range(100):
        meters.say_ms(number, number, 1, 1, 1_000)
        meters.placed(number, number, 25, 1_000)
        meters.need(number, Deed.MOVE, 1_000)
    for levels in (meters._people, meters._bytes, meters._shares, meters._rooms, meters._deeds):
        assert len(levels) <= 10
