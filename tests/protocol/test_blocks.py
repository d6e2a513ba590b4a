"""Blocks: events there and back, numbered without a hole; mutations give only WireError."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.blocks import DEVICE_TAG_BYTES, NO_OUTBOX, Event, Run, decode_block, encode_block
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.limits import BLOCK_MAX_ITEMS, COUNTER_MAX, ITEM_MAX_BYTES, TS_MAX_MS, U63_MAX
from tests.strategies import BLOCKS, WRONG, mutated, packed

RUN: list[Any] = [bytes(8), "nick", bytes(8), bytes(8), 1, [b"item"]]
ITEM = b"\x92\x01\x81\xa4text\xa1x"


def refusal(data: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        decode_block(data)
    return caught.value


@given(BLOCKS)
def test_round_trip(block: tuple[int, int, list[Run]]) -> None:
    first_seq, ts, runs = block
    events = list(decode_block(encode_block(first_seq, ts, runs)))
    expected: list[Event] = []
    for person, nick, device, outbox_epoch, first_n, items in runs:
        for index, item in enumerate(items):
            seq = first_seq + len(expected)
            expected.append(
                Event(seq, ts, person, nick, device, outbox_epoch, first_n + index, item)
            )
    assert events == expected


@settings(max_examples=400)
@given(mutated(BLOCKS.map(lambda block: encode_block(*block))))
def test_mutated_bytes_are_a_valid_block_or_a_wire_error(data: bytes) -> None:
    try:
        events = list(decode_block(data))
    except WireError as error:
        assert error.code in (ErrorCode.MALFORMED, ErrorCode.TOO_DEEP, ErrorCode.FIELD)
        return
    assert 1 <= len(events) <= BLOCK_MAX_ITEMS
    first = events[0].seq
    assert [event.seq for event in events] == list(range(first, first + len(events)))
    for event in events:
        assert 1 <= event.seq <= U63_MAX and 0 <= event.n <= U63_MAX
        assert 0 <= event.ts <= TS_MAX_MS
        assert [len(event.person), len(event.device), len(event.outbox_epoch)] == [8, 8, 8]
        assert type(event.nick) is str and type(event.item) is bytes


@given(st.sampled_from(WRONG), st.integers(0, 2))
def test_a_wrong_part_is_refused(wrong: Any, index: int) -> None:
    parts: list[Any] = [1, 1, [RUN]]
    parts[index] = wrong
    if type(wrong) is int and 0 <= wrong < 2**62 and (wrong or index) and index < 2:
        assert list(decode_block(packed(parts)))
    else:
        assert refusal(packed(parts)).code is ErrorCode.FIELD


@given(st.sampled_from(WRONG), st.integers(0, 5))
def test_a_wrong_part_of_a_run_is_refused_or_kept_as_it_is(wrong: Any, index: int) -> None:
    run = list(RUN)
    run[index] = wrong
    data = packed([1, 1, [RUN, run]])
    right = (index == 1 and wrong == "") or (index == 4 and type(wrong) is int and wrong == 0)
    if right:
        assert len(list(decode_block(data))) == 2
    else:
        # Nothing comes out of a block of which any part is wrong.
        assert refusal(data).code is ErrorCode.FIELD


@pytest.mark.parametrize("value", [None, 1, "x", {}, [], [1], [1, 1], [1, 1, []], [0, 1, [RUN]]])
def test_a_block_has_three_parts_and_an_event(value: Any) -> None:
    error = refusal(packed(value))
    assert (error.code, error.field) == (ErrorCode.FIELD, "block")


def test_parts_of_a_later_version_are_ignored() -> None:
    plain = list(decode_block(packed([1, 1, [RUN]])))
    assert list(decode_block(packed([1, 1, [[*RUN, "later"]], {"later": 1}]))) == plain


def test_a_block_has_at_most_block_max_items() -> None:
    def items(many: int) -> list[Any]:
        return [*RUN[:5], [b"x"] * many]

    most = [items(BLOCK_MAX_ITEMS - 1), items(1)]
    assert len(list(decode_block(packed([1, 1, most])))) == BLOCK_MAX_ITEMS
    for runs in ([items(BLOCK_MAX_ITEMS + 1)], [items(BLOCK_MAX_ITEMS), items(1)]):
        assert refusal(packed([1, 1, runs])).code is ErrorCode.FIELD


def test_numbers_cannot_run_over() -> None:
    run = [*RUN[:4], COUNTER_MAX, [b"x"] * BLOCK_MAX_ITEMS]
    last = list(decode_block(packed([COUNTER_MAX, TS_MAX_MS, [run]])))[-1]
    assert max(last.seq, last.n) <= U63_MAX
    assert refusal(packed([COUNTER_MAX + 1, 1, [RUN]])).code is ErrorCode.FIELD
    assert refusal(packed([1, TS_MAX_MS + 1, [RUN]])).code is ErrorCode.FIELD
    assert refusal(packed([1, 1, [[*RUN[:4], COUNTER_MAX + 1, [b"x"]]]])).code is ErrorCode.FIELD


def test_items_are_bounded_and_opaque() -> None:
    for good in (b"\xc1", bytes(ITEM_MAX_BYTES), ITEM):
        assert [one.item for one in decode_block(packed([1, 1, [[*RUN[:5], [good]]]]))] == [good]
    for bad in (b"", bytes(ITEM_MAX_BYTES + 1), "text", None):
        assert refusal(packed([1, 1, [[*RUN[:5], [bad]]]])).code is ErrorCode.FIELD


@pytest.mark.parametrize("nest", [b"\x91", b"\x81\xa1a", b"\x93\x01\x01"])
def test_ten_thousand_levels_are_refused(nest: bytes) -> None:
    for end in (b"", b"\x01"):
        assert refusal(nest * 10_000 + end).code is ErrorCode.TOO_DEEP


def test_events_of_the_broker_name_no_device() -> None:
    run = (bytes(8), "nick", bytes(DEVICE_TAG_BYTES), NO_OUTBOX, 0, [ITEM])
    (event,) = decode_block(encode_block(5, 6, [run]))
    assert (event.seq, event.ts, event.n, event.outbox_epoch) == (5, 6, 0, NO_OUTBOX)
