"""When a process is started again: delays grow, are forgotten, and some deaths are final."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.restarts import FALSE_STARTS_MAX, FIRST_S, MOST_S, STEADY_S, Restarts
from protocol.process import EXIT_STOP


def served() -> Restarts:
    restarts = Restarts()
    restarts.ready()
    return restarts


def test_delays_double_up_to_the_most() -> None:
    restarts = served()
    delays = [restarts.after(-9, 0.1) for _ in range(8)]
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_steady_life_is_a_new_story() -> None:
    restarts = served()
    for _ in range(6):
        restarts.after(1, STEADY_S - 1)
    assert restarts.after(1, STEADY_S) == FIRST_S
    assert restarts.after(1, 0.0) == FIRST_S * 2


@pytest.mark.parametrize("ready", [False, True])
def test_one_status_means_do_not_restart_me(ready: bool) -> None:
    restarts = served() if ready else Restarts()
    assert restarts.after(EXIT_STOP, 1000.0) is None


def test_what_never_served_is_given_up() -> None:
    restarts = Restarts()
    delays = [restarts.after(1, 0.1) for _ in range(FALSE_STARTS_MAX)]
    assert delays[-1] is None
    assert None not in delays[:-1]


@given(st.lists(st.tuples(st.integers(-15, 2), st.floats(0, 1e6)), max_size=50))
def test_what_served_once_is_never_given_up(deaths: list[tuple[int, float]]) -> None:
    restarts = served()
    for status, lived_s in deaths:
        delay_s = restarts.after(status, lived_s)
        assert delay_s is not None
        assert FIRST_S <= delay_s <= MOST_S
