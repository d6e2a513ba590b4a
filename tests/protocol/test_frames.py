"""Frames: every kind there and back, and nothing but WireError for everything else."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codes import ErrorCode, Kind
from protocol.errors import WireError
from protocol.frames import (
    KIND_OF,
    SCHEMA,
    AnyFrame,
    Events,
    Ping,
    Pong,
    Rename,
    decode,
    decode_as,
    encode,
    kind_of,
    unpack,
)
from protocol.limits import ARRAY_MAX, FRAME_MAX_BYTES, VERSION
from tests.protocol.make_vectors import FRAMES as EXAMPLES
from tests.strategies import FRAMES, WRONG, any_frame, mutated, packed

every_kind = pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
EXAMPLE = {KIND_OF[type(frame)]: list(frame) for frame in EXAMPLES.values()}


def raw(kind: int, values: Any) -> bytes:
    return bytes((VERSION, kind)) + packed(values)


def refusal(data: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        decode(data)
    return caught.value


def decoded(data: bytes) -> AnyFrame | None:
    """Decode a stranger's bytes; check that the outcome is one of the two that may be."""
    try:
        frame = decode(data)
    except WireError as error:
        assert len(error.field) <= 64 and len(error.text) <= 500
        assert str(error).startswith(error.code.name)
        return None
    # What was accepted holds nothing unchecked: it goes out and comes in again unchanged.
    assert decode(encode(frame)) == frame
    assert len(frame) == len(SCHEMA[KIND_OF[type(frame)]][1])
    return frame


def test_every_kind_has_a_tuple_of_its_own_with_a_check_a_field() -> None:
    assert set(SCHEMA) == set(Kind)
    assert len(KIND_OF) == len(Kind)
    for made, checks in SCHEMA.values():
        assert len(made._fields) == len(checks)  # type: ignore[attr-defined]


@every_kind
@settings(max_examples=30)
@given(st.data())
def test_round_trip(kind: Kind, data: st.DataObject) -> None:
    frame = data.draw(FRAMES[kind])
    sent = encode(frame)
    assert sent[:2] == bytes((VERSION, kind))
    assert kind_of(sent) is kind
    received = decode(sent)
    assert type(received) is type(frame)
    assert received == frame


@every_kind
@settings(max_examples=60)
@given(st.data())
def test_mutated_bytes_are_a_valid_frame_or_a_wire_error(kind: Kind, data: st.DataObject) -> None:
    decoded(data.draw(mutated(FRAMES[kind].map(encode))))


@settings(max_examples=200)
@given(st.binary(max_size=64), st.sampled_from(Kind))
def test_any_bytes_are_a_valid_frame_or_a_wire_error(data: bytes, kind: Kind) -> None:
    decoded(data)
    decoded(bytes((VERSION, kind)) + data)


@every_kind
def test_a_wrong_type_is_refused_by_the_name_of_its_field(kind: Kind) -> None:
    made, checks = SCHEMA[kind]
    for index in range(len(checks)):
        name = made._fields[index]  # type: ignore[attr-defined]
        wrongs: tuple[Any, ...] = (1.5, {}, -1)
        for wrong in wrongs:
            values = list(EXAMPLE[kind])
            values[index] = wrong
            error = refusal(raw(kind, values))
            assert (error.code, error.field) == (ErrorCode.FIELD, name)


@every_kind
def test_an_odd_value_is_refused_by_the_name_of_its_field_or_kept_as_it_is(kind: Kind) -> None:
    made, checks = SCHEMA[kind]
    for index in range(len(checks)):
        for odd in WRONG:
            values = list(EXAMPLE[kind])
            values[index] = odd
            try:
                frame = decode(raw(kind, values))
            except WireError as error:
                assert error.code is ErrorCode.FIELD
                assert error.field == made._fields[index]  # type: ignore[attr-defined]
            else:
                assert type(frame[index]) is type(odd)
                assert frame[index] == odd


@every_kind
def test_fields_of_a_later_version_are_ignored(kind: Kind) -> None:
    values = EXAMPLE[kind]
    later: list[Any] = [None, {"new": [[[[[[]]]]]]}, 2.5, b"x"]
    assert decode(raw(kind, [*values, *later])) == decode(raw(kind, values))


@every_kind
def test_a_missing_field_is_named(kind: Kind) -> None:
    values = EXAMPLE[kind]
    names = SCHEMA[kind][0]._fields  # type: ignore[attr-defined]
    for length in range(len(values)):
        error = refusal(raw(kind, values[:length]))
        assert (error.code, error.field, error.text) == (
            ErrorCode.FIELD,
            names[length],
            "is missing",
        )


@every_kind
def test_bytes_behind_the_array_and_bytes_cut_off_are_refused(kind: Kind) -> None:
    data = raw(kind, EXAMPLE[kind])
    for extra in (b"\x00", b"\xc0", data):
        assert refusal(data + extra).code is ErrorCode.MALFORMED
    for length in range(len(data)):
        assert refusal(data[:length]).code is ErrorCode.MALFORMED


@every_kind
def test_deep_nesting_is_refused_wherever_it_stands(kind: Kind) -> None:
    deep = b"\x91" * 10_000
    maps = b"\x81\xa1a" * 10_000
    good = encode(SCHEMA[kind][0](*EXAMPLE[kind]))
    for nest in (deep, maps, deep + b"\x01", maps + b"\x01"):
        for data in (good[:2] + nest, good[:2] + b"\x9f" + nest, good[:3] + nest, good + nest):
            assert refusal(data).code in (ErrorCode.TOO_DEEP, ErrorCode.MALFORMED)
    assert refusal(good[:2] + deep).code is ErrorCode.TOO_DEEP


def test_nesting_below_the_decoder_s_own_limit_never_reaches_the_caller() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    row = [bytes(16), 1, deep]
    assert decode(raw(Kind.PONG, [1, bytes(16), [row], deep])) == Pong(
        1, bytes(16), [[bytes(16), 1]]
    )


@pytest.mark.parametrize(
    "claim",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        b"\xdc\xff\xff" * 600,
        b"\xdd\x00\x03\xff\x00" * 1_000,
        b"\xde\xff\xff" * 600,
    ],
)
def test_huge_claims_are_refused(claim: bytes) -> None:
    padding = bytes(FRAME_MAX_BYTES - 2 - len(claim))
    for data in (claim, b"\x91" + claim, claim + padding):
        assert refusal(bytes((VERSION, Kind.PING)) + data).code is ErrorCode.MALFORMED


def test_an_array_has_at_most_array_max_elements() -> None:
    blocks = [b"x"] * ARRAY_MAX
    frame = Events(bytes(16), bytes(16), 1, blocks)
    assert decode(encode(frame)) == frame
    assert refusal(raw(Kind.EVENTS, [bytes(16), bytes(16), 1, [*blocks, b"x"]])).code is (
        ErrorCode.MALFORMED
    )


def test_version_and_kind_lead() -> None:
    good = encode(Ping(1))
    for data in (b"", b"\x01", b"\x01\x0b"):
        assert refusal(data).code is ErrorCode.MALFORMED
    for version in {*range(256)} - {VERSION}:
        assert refusal(bytes((version,)) + good[1:]).code is ErrorCode.VERSION
    for kind in {*range(256)} - {*Kind}:
        error = refusal(bytes((VERSION, kind)) + good[2:])
        assert error.code is ErrorCode.UNKNOWN_KIND
        assert str(kind) in error.text


def test_frames_end_at_frame_max_bytes() -> None:
    most = FRAME_MAX_BYTES - len(raw(Kind.BLOB_DATA, [1, bytes(32), 1, 0, bytes(65_536)])) + 65_536
    assert refusal(raw(Kind.PING, [1, bytes(FRAME_MAX_BYTES)])).code is ErrorCode.TOO_BIG
    exact = raw(Kind.PING, [1, bytes(FRAME_MAX_BYTES - 9)])
    assert len(exact) == FRAME_MAX_BYTES
    assert decode(exact) == Ping(1)
    with pytest.raises(WireError) as caught:
        encode(Events(bytes(16), bytes(16), 1, [bytes(most)] * 2))
    assert caught.value.code is ErrorCode.TOO_BIG


@pytest.mark.parametrize("value", [[], [1], 1, {}, None, "x", [[1]]])
def test_fields_are_one_array(value: Any) -> None:
    error = refusal(raw(Kind.RENAME, value))
    expected = ErrorCode.FIELD if type(value) is list else ErrorCode.MALFORMED
    assert error.code is expected


def test_text_is_utf8_and_extensions_do_not_exist() -> None:
    for tail in (b"\xa1\xff", b"\xa3\xed\xa0\x80", b"\xd6\xff\0\0\0\0", b"\xd4\x01\x00"):
        assert refusal(bytes((VERSION, Kind.RENAME)) + b"\x92\x01" + tail).code is (
            ErrorCode.MALFORMED
        )


def test_unpack_takes_exactly_one_value() -> None:
    assert unpack(packed([1, {"a": b"b"}])) == [1, {"a": b"b"}]
    for data in (b"", b"\x01\x01", b"\xc1", b"\x81\x01\x02", b"\x81\xc0\x01"):
        with pytest.raises(WireError):
            unpack(data)


PERSON = [b"person-1", "Олена", True]


@pytest.mark.parametrize(("kind", "before"), [(Kind.PEOPLE_PAGE, [1, False]), (Kind.PRESENCE, [])])
def test_people_of_an_older_server_have_no_colour_no_picture_and_no_role(
    kind: Kind, before: list[Any]
) -> None:
    new = [*PERSON, 7, b"picture-", 2]
    rows = [PERSON, new, [*new, "later"], [*PERSON, 0, b""]]
    frame = decode(raw(kind, [*before, rows]))
    old = [*PERSON, 0, b"", 0]
    assert frame[-1] == [old, new, new, old]
    for wrong in (
        PERSON[:2],
        [*PERSON, 7],
        [*PERSON[:2], 1],
        [*PERSON, 256, b""],
        [*PERSON, 0, ""],
        [*PERSON, 0, b"", 256],
    ):
        error = refusal(raw(kind, [*before, [wrong]]))
        assert (error.code, error.field) == (ErrorCode.FIELD, "people")


def test_an_encoder_that_failed_leaves_nothing_behind() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode(Rename(1, "half \ud83d"))
    assert decode(encode(Ping(7))) == Ping(7)


@given(any_frame, st.sampled_from(Kind))
def test_decode_as_takes_its_own_kind_alone(frame: AnyFrame, kind: Kind) -> None:
    made = SCHEMA[kind][0]
    if type(frame) is made:
        assert decode_as(made, encode(frame)) == frame
    else:
        with pytest.raises(WireError) as caught:
            decode_as(made, encode(frame))
        assert caught.value.code is ErrorCode.UNKNOWN_KIND
