"""The pace: what comes thick is gathered, and nobody who waits for an answer is slowed down."""

from gateway.pace import ENOUGH, ENOUGH_BYTES, GAP_MS, Pace


def run(every_ms: float, seconds: int, start_ms: int = 1_000) -> tuple[int, float]:
    """Let frames come evenly; return in how many drains they were taken, and their mean wait."""
    pace = Pace()
    came = [start_ms + number * every_ms for number in range(int(seconds * 1_000 / every_ms))]
    waiting: list[float] = []
    drains, waited_ms = 0, 0.0
    for now_ms in range(start_ms, start_ms + seconds * 1_000 + 2 * GAP_MS):
        while came and came[0] <= now_ms:
            waiting.append(came.pop(0))
        if waiting and not pace.wait_ms(now_ms):
            drains += 1
            waited_ms += sum(now_ms - one for one in waiting)
            pace.drained(len(waiting), 250 * len(waiting), False, now_ms)
            waiting.clear()
    assert not came and not waiting
    return drains, waited_ms / (seconds * 1_000 / every_ms)


def test_a_thousand_a_second_come_together() -> None:
    drains, wait_ms = run(1.0, 10)
    assert drains <= 10_000 / GAP_MS + 1 and wait_ms <= GAP_MS


def test_what_comes_now_and_then_is_never_kept_waiting() -> None:
    assert run(GAP_MS + 1, 10) == (10_000 // (GAP_MS + 1), 0.0) or run(GAP_MS + 1, 10)[1] == 0.0
    assert run(100.0, 10) == (100, 0.0)


def test_who_waits_for_each_answer_is_hardly_slowed_down() -> None:
    """One message, its answer 1 ms later, and then the next: waiting would gather nothing."""
    pace, now_ms, done = Pace(), 1_000, 0
    while now_ms < 61_000:
        now_ms += pace.wait_ms(now_ms)
        pace.drained(1, 250, False, now_ms)
        done += 1
        now_ms += 1
    assert done > 0.98 * 60_000


def test_large_drains_and_floods_are_taken_as_they_come() -> None:
    pace = Pace()
    pace.drained(ENOUGH, 320, False, 1_000)
    assert pace.wait_ms(1_000) == 0
    pace.drained(2, ENOUGH_BYTES, False, 1_000)
    assert pace.wait_ms(1_000) == 0
    pace.drained(3, 750, True, 1_000)
    assert pace.wait_ms(1_000) == 0
    pace.drained(0, 0, False, 1_000)
    assert pace.wait_ms(1_000) == 0
    pace.drained(3, 750, False, 1_000)
    assert pace.wait_ms(1_000) == GAP_MS and pace.wait_ms(1_000 + GAP_MS) == 0


def test_gathering_begins_anew_when_it_pays_again() -> None:
    pace, now_ms = Pace(), 1_000
    while pace.wait_ms(now_ms) or now_ms == 1_000:  # until it is left
        pace.drained(1, 250, False, now_ms)
        now_ms += max(pace.wait_ms(now_ms), 1)
    drains = 0
    for _ in range(500):
        now_ms += max(pace.wait_ms(now_ms), 1)
        pace.drained(5, 1_250, False, now_ms)
        drains += bool(pace.wait_ms(now_ms))
    assert drains > 400
