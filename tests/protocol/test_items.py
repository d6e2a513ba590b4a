"""Items: every kind there and back; both checks agree; mutations give only WireError."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codes import ErrorCode, EventKind
from protocol.errors import WireError
from protocol.items import (
    CHANGES,
    FROM_CLIENTS,
    OPTIONAL,
    REQUIRED,
    SAID,
    WITH_BLOB,
    check_from_client,
    decode_item,
    encode_item,
)
from protocol.limits import (
    CAPTION_MAX_CHARS,
    COUNTER_MAX,
    DEPTH_MAX,
    IMAGE_PIXELS_MAX,
    ITEM_MAX_BYTES,
    MEDIA_MAX_CHARS,
    MENTIONS_MAX,
    REACTION_MAX_CHARS,
    TEXT_MAX_CHARS,
    THUMB_MAX_BYTES,
)
from tests.protocol.make_vectors import ITEMS as EXAMPLES
from tests.strategies import ITEMS, WRONG, any_item, mutated, packed

every_kind = pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.name)
EXAMPLE = {kind: body for kind, body in EXAMPLES.values()}
IMAGE = EXAMPLE[EventKind.IMAGE]

Found = tuple[EventKind, dict[str, Any]]


def refusal(data: bytes) -> WireError:
    with pytest.raises(WireError) as caught:
        decode_item(data)
    assert not accepted(data)
    return caught.value


def accepted(data: bytes) -> bool:
    try:
        check_from_client(data)
    except WireError:
        return False
    return True


@every_kind
@settings(max_examples=60)
@given(st.data())
def test_round_trip(kind: EventKind, data: st.DataObject) -> None:
    body = data.draw(ITEMS[kind])
    sent = encode_item(kind, body)
    assert len(sent) <= ITEM_MAX_BYTES
    assert decode_item(sent) == (kind, body)
    assert accepted(sent) == (kind in FROM_CLIENTS)


@settings(max_examples=400)
@given(mutated(any_item.map(lambda found: encode_item(*found))))
def test_mutated_bytes_are_a_valid_item_or_a_wire_error(data: bytes) -> None:
    try:
        kind, body = decode_item(data)
    except WireError as error:
        assert len(error.field) <= 64 and len(error.text) <= 500
        assert not accepted(data)
    else:
        for name, check in REQUIRED[kind].items():
            assert check(body[name]) is None
        repr(body)  # shallow enough for everything that walks it
        assert accepted(data) == (kind in FROM_CLIENTS)


@settings(max_examples=200)
@given(
    st.sampled_from([1, 2, 3, 4, 5, 6, 16, 0, 7, True, 1.0, "1", b"\x01", None, [1]]),
    st.sampled_from(WRONG) | any_item.map(lambda found: found[1]),
    st.lists(st.sampled_from(WRONG), max_size=2),
)
def test_what_a_client_may_send_every_client_can_read(
    kind: Any, body: Any, more: list[Any]
) -> None:
    data = packed([kind, body, *more])
    try:
        found = check_from_client(data)[0]
    except WireError:
        return
    assert decode_item(data)[0] is found


@every_kind
def test_a_wrong_value_is_refused_by_the_name_of_its_field(kind: EventKind) -> None:
    for name, check in {**REQUIRED[kind], **OPTIONAL[kind]}.items():
        for wrong in (*WRONG, 1.5):
            if check(wrong) is None:
                continue
            body = {**EXAMPLE[kind], name: wrong}
            error = refusal(packed([int(kind), body]))
            assert (error.code, error.field) == (ErrorCode.FIELD, name)
            with pytest.raises(WireError) as caught:
                encode_item(kind, body)
            assert caught.value.field == name


@every_kind
def test_a_missing_field_is_named_and_an_unknown_one_is_kept(kind: EventKind) -> None:
    for name in REQUIRED[kind]:
        body = {**EXAMPLE[kind]}
        del body[name]
        error = refusal(packed([int(kind), body]))
        assert (error.code, error.field, error.text) == (ErrorCode.FIELD, name, "is missing")
    body = {**EXAMPLE[kind], "later": [1, {"a": 2}]}
    assert decode_item(packed([int(kind), body, "appended"])) == (kind, body)


@every_kind
def test_what_comes_from_clients_and_which_blob_it_needs(kind: EventKind) -> None:
    assert SAID | CHANGES == FROM_CLIENTS == set(EventKind) - {EventKind.NOTICE}
    assert not SAID & CHANGES and WITH_BLOB < SAID
    sent = encode_item(kind, EXAMPLE[kind])
    if kind in FROM_CLIENTS:
        body = EXAMPLE[kind] if kind in WITH_BLOB else None
        assert check_from_client(sent) == (kind, body)
        return
    with pytest.raises(WireError) as caught:
        check_from_client(sent)
    assert caught.value.code is ErrorCode.UNKNOWN_KIND


@pytest.mark.parametrize("kind", [0, 7, 15, 17, 255, -1, True, 1.0, "TEXT", None])
def test_unknown_kinds_are_named_as_such(kind: Any) -> None:
    error = refusal(packed([kind, {"text": "x"}]))
    assert (error.code, error.field) == (ErrorCode.UNKNOWN_KIND, "kind")


@pytest.mark.parametrize("value", [None, 1, "x", {}, [], [1], [1, None], [1, []], [1, "x"]])
def test_an_item_is_a_kind_and_a_map(value: Any) -> None:
    assert refusal(packed(value)).code is ErrorCode.MALFORMED


def test_text_limits() -> None:
    for good in ("x", "😀" * TEXT_MAX_CHARS, " a ", "\u200b"):
        sent = encode_item(EventKind.TEXT, {"text": good})
        assert accepted(sent)
    for bad in ("", " ", "\n\t\u3000\u00a0", "x" * (TEXT_MAX_CHARS + 1)):
        error = refusal(packed([1, {"text": bad}]))
        assert (error.code, error.field) == (ErrorCode.FIELD, "text")


def test_picture_limits() -> None:
    fits = {**IMAGE, "width": 6_000, "height": 4_000}
    assert fits["width"] * fits["height"] == IMAGE_PIXELS_MAX
    assert decode_item(encode_item(EventKind.IMAGE, fits))[1] == fits
    assert refusal(packed([2, {**fits, "width": 6_001}])).field == "width"
    largest = {
        **IMAGE,
        "thumb": bytes(THUMB_MAX_BYTES),
        "caption": "😀" * CAPTION_MAX_CHARS,
        "name": "😀" * 120,
    }
    assert len(encode_item(EventKind.IMAGE, largest)) <= ITEM_MAX_BYTES
    with pytest.raises(WireError) as caught:
        encode_item(EventKind.TEXT, {"text": "x", "later": bytes(ITEM_MAX_BYTES)})
    assert caught.value.code is ErrorCode.TOO_BIG


@pytest.mark.parametrize("kind", sorted(SAID), ids=lambda kind: kind.name)
def test_what_is_said_may_answer_name_and_pass_on(kind: EventKind) -> None:
    person = b"person-1"
    goods: dict[str, list[Any]] = {
        "reply": [1, COUNTER_MAX],
        "mentions": [[], [person], [person, person], [person] * MENTIONS_MAX],
        "via": ["x", "字" * 32],
    }
    bads: dict[str, list[Any]] = {
        "reply": [0, -1, COUNTER_MAX + 1, "1", None, True, [1]],
        "mentions": [None, person, [b"short"], ["person-1"], [person] * (MENTIONS_MAX + 1), {}],
        "via": ["", "x" * 33, b"x", None, 1],
    }
    for name, values in goods.items():
        for value in values:
            body = {**EXAMPLE[kind], name: value}
            sent = encode_item(kind, body)
            assert decode_item(sent) == (kind, body)
            assert accepted(sent)
    for name, values in bads.items():
        for value in values:
            error = refusal(packed([int(kind), {**EXAMPLE[kind], name: value}]))
            assert (error.code, error.field) == (ErrorCode.FIELD, name)
    every = {**EXAMPLE[kind], **{name: values[-1] for name, values in goods.items()}}
    every |= {"caption": "😀" * CAPTION_MAX_CHARS} if kind in WITH_BLOB else {}
    every |= {"thumb": bytes(THUMB_MAX_BYTES)} if kind is EventKind.IMAGE else {}
    every |= {"text": "😀" * TEXT_MAX_CHARS} if kind is EventKind.TEXT else {}
    assert len(encode_item(kind, every)) <= ITEM_MAX_BYTES


@pytest.mark.parametrize("name", ["reply", "via", "on", "emoji"])
def test_a_change_may_have_fields_that_it_does_not_know(name: str) -> None:
    body = {"of": 1, name: {}}
    assert decode_item(packed([5, body])) == (EventKind.DELETE, body)


def test_media_types_of_files() -> None:
    file = EXAMPLE[EventKind.FILE]
    long = "a/" + "b" * (MEDIA_MAX_CHARS - 2)
    goods = ("text/plain", "image/svg+xml", "application/vnd.ms-excel", "x/y", "audio/3gpp2", long)
    for good in goods:
        assert accepted(encode_item(EventKind.FILE, {**file, "media": good}))
    wrongs = ("", "text", "text/", "/plain", "Text/plain", "text/plain; charset=utf-8", "a/b/c")
    for bad in (*wrongs, "a/b\n", " a/b", "текст/b", "../../x", "a/.b", long + "b", None, b"a/b"):
        error = refusal(packed([3, {**file, "media": bad}]))
        assert (error.code, error.field) == (ErrorCode.FIELD, "media")


EMOJI = """
👍 ❤️ ☺ ☺️ © ™️ ℹ️ ⬆️ 〰️ ㊗️ 🈁 1️⃣ #️⃣ *⃣ 🇺🇦
🏴󠁧󠁢󠁥󠁮󠁧󠁿 👋🏿 🧑‍🎄 👨‍👩‍👧‍👦 👩🏻‍❤️‍💋‍👩🏼 🏳️‍🌈 🫨 🩷 🪿 🐦‍🔥 🙂‍↔️ 🫩 🀄 ⌚ Ⓜ️
"""


def test_reactions_are_emoji() -> None:
    for good in (*EMOJI.split(), "👍" * REACTION_MAX_CHARS):
        body = {"of": 1, "emoji": good, "on": True}
        assert decode_item(encode_item(EventKind.REACT, body)) == (EventKind.REACT, body)
    words = ("", " ", "a", "ж", "ї", "ok", "🙂 🙂", " 👍", "👍\n", "\n", "\0", "1", "123", "#", "*")
    joiners = ("\u200d", "\ufe0f", "\U000e0067", "\u200d\ufe0f", "\u202e👍", "👍\u200b", "👍\u0301")
    for bad in (
        *words,
        *joiners,
        "👍a",
        "🇺🇦!",
        "👍" * (REACTION_MAX_CHARS + 1),
        None,
        1,
        b"x",
        ["👍"],
    ):
        error = refusal(packed([6, {"of": 1, "emoji": bad, "on": True}]))
        assert (error.code, error.field) == (ErrorCode.FIELD, "emoji")


def test_an_edit_may_be_empty_and_is_not_too_long() -> None:
    for good in ("", " ", "x" * TEXT_MAX_CHARS):
        assert accepted(encode_item(EventKind.EDIT, {"of": 1, "text": good}))
    for bad in ({"of": 1, "text": "x" * (TEXT_MAX_CHARS + 1)}, {"of": 1, "text": b"x"}):
        assert refusal(packed([4, bad])).field == "text"
    for kind in sorted(CHANGES):
        for of in (0, -1, COUNTER_MAX + 1, "1", None, True, 1.0):
            assert refusal(packed([int(kind), {**EXAMPLE[kind], "of": of}])).field == "of"


@pytest.mark.parametrize("nest", [lambda deep: [deep], lambda deep: {"a": deep}])
def test_nesting_ends_at_depth_max(nest: Any) -> None:
    def item(levels: int) -> bytes:
        deep: Any = 1
        for _ in range(levels - 2):  # the item's array and its map are two
            deep = nest(deep)
        return packed([1, {"text": "x", "later": deep}])

    assert decode_item(item(DEPTH_MAX))[0] is EventKind.TEXT
    assert accepted(item(DEPTH_MAX))
    for levels in (DEPTH_MAX + 1, DEPTH_MAX + 2, 300, 500):
        assert refusal(item(levels)).code is ErrorCode.TOO_DEEP


@pytest.mark.parametrize("lead", [b"", b"\x92\x01", b"\x92\x01\x81\xa4text", b"\x93\x01\x80"])
@pytest.mark.parametrize("nest", [b"\x91", b"\x81\xa1a"])
def test_ten_thousand_levels_are_refused(lead: bytes, nest: bytes) -> None:
    for end in (b"", b"\x01"):
        assert refusal(lead + nest * 10_000 + end).code is ErrorCode.TOO_DEEP


def test_a_string_that_is_not_unicode_is_refused_before_it_leaves() -> None:
    for kind, name in ((EventKind.TEXT, "text"), (EventKind.IMAGE, "name")):
        with pytest.raises(WireError) as caught:
            encode_item(kind, {**EXAMPLE[kind], name: "photo\udcff.png"})
        assert caught.value.code is ErrorCode.FIELD
    assert accepted(encode_item(EventKind.TEXT, {"text": "x"}))
