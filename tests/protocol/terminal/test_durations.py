"""Lengths of time are read strictly, and read back as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.limits import MUTE_MAX_S
from protocol.terminal.durations import seconds_of, spelled


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10m", 600), ("2h", 7_200), ("1d", 86_400), ("30d", MUTE_MAX_S)],
)
def test_times_as_people_type_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "m",
        "0m",
        "05m",
        "10 m",
        "10M",
        "1.5h",
        "-1m",
        "1h30m",
        "１m",
        "10m\n",
        "9" * 9 + "s",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert seconds_of(text) is None


def test_too_long_is_said_and_not_shortened() -> None:
    for text, most_s in (("31d", MUTE_MAX_S), ("61s", 60)):
        with pytest.raises(ValueError, match="at most"):
            seconds_of(text, most_s)


@given(st.integers(0, MUTE_MAX_S))
def test_what_is_spelled_means_the_same(seconds: int) -> None:
    parts = [seconds_of(part) for part in spelled(seconds).split()]
    assert sum(part or 0 for part in parts) == seconds
