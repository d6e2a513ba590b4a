"""What a device may send: by messages, bytes, chunks, handshakes; and when refusals are a flood."""

import pytest

from gateway import allowance as allowance_module
from gateway.allowance import Allowance, Purse
from protocol.limits import CHUNK_MAX_BYTES, ITEMS_PER_SEND_MAX, SEND_MAX_BYTES, WINDOW_MAX_ITEMS

NOW = 1_000


def taken(allowance: Allowance, purse: Purse, items: int, size: int, now_ms: int = NOW) -> int:
    """Take as often as goes; return how often."""
    for times in range(1_000_000):
        if allowance.wait_ms(purse, items, size, now_ms):
            return times
        allowance.spend(purse, items, size, now_ms)
    raise AssertionError("there is no end")


def test_messages_are_limited_by_number_and_by_bytes() -> None:
    allowance = Allowance(50)
    assert taken(allowance, Purse(), 1, 100) == 500
    assert taken(allowance, Purse(), 1, SEND_MAX_BYTES) == 32
    purse = Purse()
    taken(allowance, purse, 1, 0)
    assert taken(allowance, purse, 1, 0, NOW + 2_000) == 100


@pytest.mark.parametrize("per_s", [0.1, 1, 50, 1_000])
def test_a_full_send_is_within_reach_of_every_rate(per_s: float) -> None:
    allowance, purse = Allowance(per_s), Purse()
    assert allowance.wait_ms(purse, ITEMS_PER_SEND_MAX, SEND_MAX_BYTES, NOW) == 0


def test_uploads_are_limited_by_bytes_and_small_chunks_count_too() -> None:
    for size, most in ((CHUNK_MAX_BYTES, 512), (1, 8_192)):
        allowance, purse, chunks = Allowance(50), Purse(), 0
        while not allowance.chunk_ms(purse, size, NOW):
            allowance.spend_chunk(purse, size, NOW)
            chunks += 1
        assert chunks == most
        assert not allowance.wait_ms(purse, 500, 1_000, NOW)  # they cost no messages


def test_a_window_of_refusals_is_no_flood_and_a_few_of_them_are() -> None:
    allowance, purse = Allowance(50), Purse()
    assert not any(allowance.is_flood(purse, NOW) for _ in range(2 * WINDOW_MAX_ITEMS))
    counted = 0
    while not allowance.is_flood(purse, NOW):
        counted += 1
    assert counted < WINDOW_MAX_ITEMS
    # Who waits is trusted again.
    assert not any(allowance.is_flood(purse, NOW + 20_000) for _ in range(2 * WINDOW_MAX_ITEMS))


def test_each_flood_costs_twice_the_time_up_to_a_bound() -> None:
    allowance, purse = Allowance(50), Purse()
    out = [allowance.punish(purse, NOW) for _ in range(20)]
    assert out[:3] == [10_000, 20_000, 40_000] and out[-1] == 600_000
    assert purse.out_until_ms == NOW + 600_000
    assert not allowance.may_shake_hands(purse, NOW + 599_999)
    assert allowance.may_shake_hands(purse, NOW + 600_000)


def test_a_device_that_connects_again_and_again_has_to_wait() -> None:
    allowance, purse = Allowance(50), Purse()
    assert all(allowance.may_shake_hands(purse, NOW) for _ in range(60))
    assert not allowance.may_shake_hands(purse, NOW)
    assert allowance.may_shake_hands(purse, NOW + 1_001)
    assert allowance.may_shake_hands(Purse(), NOW)


def test_without_a_rate_nothing_is_limited() -> None:
    allowance, purse = Allowance(0), Purse()
    purse.out_until_ms = NOW * 2
    for _ in range(10_000):
        assert allowance.wait_ms(purse, 128, SEND_MAX_BYTES, NOW) == 0
        allowance.spend(purse, 128, SEND_MAX_BYTES, NOW)
        assert allowance.chunk_ms(purse, CHUNK_MAX_BYTES, NOW) == 0
        assert not allowance.is_flood(purse, NOW)
        assert allowance.may_shake_hands(purse, NOW)


def test_the_penalty_begins_low_enough_for_a_mistake() -> None:
    assert allowance_module._PENALTY_MS <= 30_000
