"""The backplane: batches, operations, feed headers and slots, and what is refused of each."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.backplane import (
    INSTANCE_BYTES,
    LOBBY,
    FeedHeader,
    FeedKind,
    Up,
    check_operation,
    decode_batch,
    decode_slot,
    encode_batch,
    encode_slot,
    feed_header,
    read_feed_header,
)
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.limits import U63_MAX, VERSION
from tests.strategies import WRONG, mutated, packed

INSTANCE = bytes(range(INSTANCE_BYTES))
RUN = [Up.RUN, 7, b"r" * 16, b"o" * 8, 1, [b"item", [4, "text", "why"], [b"item", b"s" * 32, 9]]]
OPERATIONS: list[list[Any]] = [
    [Up.REGISTER, ["127.0.0.1:8080"]],
    [Up.OPEN, 7, b"k" * 32, "nick", None, 0],
    [Up.CLOSE, 7],
    RUN,
    [Up.ASK, 7, b"frame"],
    [Up.BEAT],
    [Up.CONFIRMED, 3],
]


def test_batch_round_trip() -> None:
    instance, operations = decode_batch(encode_batch(INSTANCE, OPERATIONS))
    assert (instance, operations) == (INSTANCE, OPERATIONS)
    for operation in operations:
        check_operation(operation)
    assert {operation[0] for operation in operations} == set(Up)


@settings(max_examples=200)
@given(mutated(st.just(encode_batch(INSTANCE, OPERATIONS))))
def test_a_mutated_batch_is_lists_or_a_wire_error(data: bytes) -> None:
    try:
        instance, operations = decode_batch(data)
        assert type(instance) is bytes
        assert all(type(one) is list and one for one in operations)
        for operation in operations:
            check_operation(operation)
    except WireError as error:
        assert error.code in (
            ErrorCode.VERSION,
            ErrorCode.MALFORMED,
            ErrorCode.UNKNOWN_KIND,
            ErrorCode.FIELD,
        )


@pytest.mark.parametrize(
    "value",
    [None, 1, [], [INSTANCE], ["text", []], [INSTANCE, None], [INSTANCE, [1]], [INSTANCE, [[]]]],
)
def test_other_shapes_are_not_a_batch(value: Any) -> None:
    with pytest.raises(WireError) as caught:
        decode_batch(bytes((VERSION,)) + packed(value))
    assert caught.value.code is ErrorCode.MALFORMED


def test_a_batch_of_another_version_or_too_deep_is_refused() -> None:
    good = encode_batch(INSTANCE, [[Up.BEAT]])
    for data, code in (
        (b"", ErrorCode.VERSION),
        (b"\x02" + good[1:], ErrorCode.VERSION),
        (good + b"\x00", ErrorCode.MALFORMED),
        (good[:-1], ErrorCode.MALFORMED),
        (good[:1] + b"\x91" * 10_000, ErrorCode.MALFORMED),
    ):
        with pytest.raises(WireError) as caught:
            decode_batch(data)
        assert caught.value.code is code


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: Up(one[0]).name)
def test_a_wrong_field_of_an_operation_is_refused(operation: list[Any]) -> None:
    for index in range(1, len(operation)):
        for wrong in (*WRONG, 1.5):
            changed = [int(operation[0]), *operation[1:]]
            changed[index] = wrong
            try:
                check_operation(changed)
            except WireError as error:
                assert error.code is ErrorCode.FIELD
            else:
                # Only what the field may hold passes: never a value of another type.
                assert type(wrong) is type(operation[index]) or (
                    operation[0] == Up.OPEN and index in (3, 4)
                )
        with pytest.raises(WireError):
            check_operation([int(operation[0]), *operation[1:index]])


@pytest.mark.parametrize("code", [0, 99, -1, True, 1.0, "1", None, [], {}])
def test_an_unknown_operation_is_refused(code: Any) -> None:
    with pytest.raises(WireError) as caught:
        check_operation([code, 1, 2, 3])
    assert caught.value.code is ErrorCode.UNKNOWN_KIND


@given(
    st.sampled_from(FeedKind),
    st.integers(0, U63_MAX),
    st.binary(min_size=16, max_size=16),
    st.integers(0, U63_MAX),
    st.integers(0, U63_MAX),
)
def test_feed_header_round_trip(
    kind: FeedKind, term: int, epoch: bytes, first: int, last: int
) -> None:
    data = feed_header(kind, term, epoch, first, last)
    assert read_feed_header(data) == FeedHeader(kind, term, epoch, first, last)
    for bad in (data[:-1], data + b"\x00", b"", b"\x02" + data[1:]):
        with pytest.raises(WireError):
            read_feed_header(bad)


@given(st.integers(0, U63_MAX))
def test_slot_round_trip(slot: int) -> None:
    assert decode_slot(encode_slot(slot)) == slot
    for bad in (encode_slot(slot)[1:], encode_slot(slot) + b"\x00", b""):
        with pytest.raises(WireError):
            decode_slot(bad)


def test_the_lobby_is_no_prefix_of_a_room_and_no_room_of_it() -> None:
    assert len(LOBBY) == 16  # as long as every topic: SUB matches by prefix
