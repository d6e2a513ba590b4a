"""Turns: in the order of their times, and of their coming."""

from hypothesis import given
from hypothesis import strategies as st

from broker.turns import Turns


@given(st.lists(st.integers(0, 50)))
def test_everybody_comes_once_in_order(times: list[int]) -> None:
    turns: Turns[int] = Turns()
    for place, due_ms in enumerate(times):
        turns.add(due_ms, place)
    came: list[int] = []
    for now_ms in range(51):
        fresh = list(turns.due(now_ms))
        assert all(times[place] == now_ms for place in fresh)
        came += fresh
    assert came == sorted(range(len(times)), key=lambda place: (times[place], place))
    assert turns.wait_ms(99, 7) == 7


def test_the_wait_is_for_the_first_and_never_longer_than_asked() -> None:
    turns: Turns[str] = Turns()
    assert turns.wait_ms(10, 500) == 500
    turns.add(100, "late")
    turns.add(40, "early")
    assert (turns.wait_ms(10, 500), turns.wait_ms(10, 5), turns.wait_ms(70, 500)) == (30, 5, 0)
    assert list(turns.due(70)) == ["early"]
    assert turns.wait_ms(70, 500) == 30
