"""Each check accepts its range, to the last value, and says why it refuses the rest."""

from typing import Any

import pytest

from protocol import fields
from protocol.fields import Check, boolean, exactly, list_of, maybe, octets, row, text, uint
from protocol.limits import COUNTER_MAX, U63_MAX

BAD_TYPES: list[Any] = [None, 1.0, "1", b"1", [], {}, (1,)]


@pytest.mark.parametrize(
    ("check", "accepted", "refused"),
    [
        (uint(), [0, 1, U63_MAX], [-1, U63_MAX + 1, True, False]),
        (uint(5, 2), [2, 5], [1, 6]),
        (text(3), ["", "abc", "😀😀😀"], ["abcd", b"abc", None]),
        (text(3, 1), ["a"], ["", None]),
        (octets(3), [b"", b"abc"], [b"abcd", "abc", bytearray(b"abc")]),
        (exactly(2), [b"ab"], [b"a", b"abc", "ab"]),
        (boolean, [True, False], [0, 1, None, "true"]),
        (maybe(uint(5)), [None, 5], [6, True]),
        (list_of(uint(5), 2, 1), [[1], [1, 2]], [[], [1, 2, 3], [1, 6], (1,), None]),
        (row(uint(5), text(1)), [[1, "a"], [1, "a", None]], [[1], [6, "a"], [1, 2], (1, "a")]),
        (fields.ROOM, [bytes(16)], [bytes(15), bytes(17)]),
        (fields.PERSON, [bytes(8)], [bytes(9)]),
        (fields.EPOCH, [bytes(16)], [b""]),
        (fields.OUTBOX_EPOCH, [bytes(8)], [bytes(16)]),
        (fields.SHA256, [bytes(32)], [bytes(20)]),
        (fields.SEQ, [0, COUNTER_MAX], [-1, COUNTER_MAX + 1]),
        (fields.COUNTER, [1, COUNTER_MAX], [0, COUNTER_MAX + 1]),
        (fields.REQUEST, [0, 2**32 - 1], [2**32]),
    ],
)
def test_accepts_its_range_and_refuses_the_rest(
    check: Check, accepted: list[Any], refused: list[Any]
) -> None:
    for value in accepted:
        assert check(value) is None
    for value in refused:
        assert check(value)


@pytest.mark.parametrize("value", BAD_TYPES)
def test_types_are_exact(value: Any) -> None:
    for check, right in (
        (uint(), int),
        (text(5), str),
        (octets(5), bytes),
        (boolean, bool),
        (list_of(uint(), 5), list),
        (row(), list),
    ):
        assert (check(value) is None) == (type(value) is right)


def test_reason_names_the_element() -> None:
    assert list_of(uint(5), 3)([1, 9]) == "element 1 must be from 0 to 5"
    assert row(uint(5), text(1))([1, "ab"]) == "element 1 must have 0 to 1 characters"
    assert list_of(row(uint(5)), 3)([[1], []]) == "element 1 must have 1 elements"


def test_row_takes_off_what_a_later_version_appended() -> None:
    rows: list[list[Any]] = [[1, "later", [[[]]]], [2]]
    assert list_of(row(uint(5)), 3)(rows) is None
    assert rows == [[1], [2]]


def test_sum_of_two_counters_fits_a_signed_64_bit_integer() -> None:
    assert COUNTER_MAX + COUNTER_MAX <= U63_MAX
