"""Token buckets: never more than they allow, and whoever waits as told gets through."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.bucket import Bucket, Level, Levels

rates = st.floats(0.1, 1_000)
steps = st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 128)), max_size=60)


@given(rates, st.integers(1, 1_000), steps)
def test_never_more_than_the_rate_allows(
    per_s: float, most: int, them: list[tuple[int, int]]
) -> None:
    bucket, level = Bucket(per_s, most), Level()
    now_ms = start_ms = 1_000
    taken = 0
    for pause_ms, cost in them:
        now_ms += pause_ms
        if not bucket.take(level, cost, now_ms):
            taken += cost
    # One that costs more than fits is let in when all is there, and leaves a debt.
    surplus = max(0, 128 - most)
    assert taken <= most + surplus + per_s * (now_ms - start_ms) / 1_000 + 1e-6


@given(rates, st.integers(1, 1_000), steps, st.integers(1, 2_000))
def test_who_waits_as_told_gets_through(
    per_s: float, most: int, them: list[tuple[int, int]], cost: int
) -> None:
    bucket, level = Bucket(per_s, most), Level()
    now_ms = 1_000
    for pause_ms, before in them:
        now_ms += pause_ms
        bucket.spend(level, before, now_ms)
    wait_ms = bucket.wait_ms(level, cost, now_ms)
    assert wait_ms >= 0
    if wait_ms:
        assert bucket.take(level, cost, now_ms + wait_ms // 2) > 0 or wait_ms < 3
        # A millisecond for what rounding ate.
        assert bucket.take(level, cost, now_ms + wait_ms + 1) == 0


def test_a_debt_is_waited_for() -> None:
    bucket, level = Bucket(10, 20), Level()
    bucket.spend(level, 50, 1_000)
    assert level.left == -30
    assert bucket.wait_ms(level, 0, 1_000) == 3_001
    assert bucket.wait_ms(level, 5, 1_000) == 3_501
    assert bucket.take(level, 5, 4_500) == 0 and level.left == 0


def test_who_is_left_with_nothing_gets_it_when_the_time_is_over() -> None:
    bucket, level = Bucket(10, 20), Level()
    bucket.exhaust(level, 5, 60_000, 1_000)
    assert bucket.wait_ms(level, 5, 1_000) == 60_001
    assert bucket.wait_ms(level, 6, 61_000) == 101
    assert bucket.take(level, 5, 61_000) == 0 and level.left == 0


def test_looking_takes_nothing() -> None:
    bucket, level = Bucket(1, 5), Level()
    assert bucket.wait_ms(level, 5, 1_000) == bucket.wait_ms(level, 5, 1_000) == 0
    assert level.left == 5


def test_no_rate_is_no_limit() -> None:
    bucket, level = Bucket(0, 0), Level()
    assert bucket.take(level, 1e9, 1_000) == 0
    bucket.spend(level, 1e9, 1_000)
    assert bucket.take(level, 1e9, 1_000) == 0


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket, level = Bucket(1, 5), Level()
    bucket.spend(level, 5, 100_000)
    assert bucket.wait_ms(level, 1, 50_000) == 1_001
    assert bucket.take(level, 1, 51_000) == 0


def test_levels_are_bounded_and_the_oldest_are_forgotten() -> None:
    bucket = Bucket(1, 5)
    levels: Levels[str] = Levels(3)
    for name in ("ann", "bob", "eve"):
        bucket.spend(levels.of(name), 5, 1_000)
    assert bucket.wait_ms(levels.of("ann"), 1, 1_000)
    bucket.spend(levels.of("dan"), 5, 1_000)
    assert len(levels) == 3
    assert bucket.wait_ms(levels.of("ann"), 1, 1_000)
    assert not bucket.wait_ms(levels.of("bob"), 1, 1_000)


@given(rates, st.integers(1, 1_000), steps, st.integers(0, 2_000))
def test_what_is_given_back_is_there_but_never_more_than_fits(
    per_s: float, most: int, them: list[tuple[int, int]], amount: int
) -> None:
    bucket, level, other = Bucket(per_s, most), Level(), Level()
    now_ms = 1_000
    for pause_ms, cost in them:
        now_ms += pause_ms
        bucket.spend(level, cost, now_ms)
        bucket.spend(other, cost, now_ms)
    bucket.give(level, amount, now_ms)
    bucket.spend(other, 0, now_ms)
    assert level.left <= most
    assert level.left == min(most, other.left + amount)
