"""The vectors are what the encoders make, and every decoder reads them back."""

import json
from typing import Any

import pytest

from protocol.blocks import decode_block, encode_block
from protocol.codes import ErrorCode, EventKind, Kind
from protocol.errors import WireError
from protocol.frames import SCHEMA, decode, encode
from protocol.items import FROM_CLIENTS, check_from_client, decode_item, encode_item
from tests.protocol.make_vectors import PATH, README, rendered, story, with_story

VECTORS: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))


def named(part: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[part], ids=lambda one: one["name"])


def unplain(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {name: unplain(one) for name, one in value.items()}
    return [unplain(one) for one in value] if isinstance(value, list) else value


@named("frames")
def test_frame_is_read_and_written_as_the_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    frame = decode(data)
    made, _ = SCHEMA[Kind[vector["kind"]]]
    assert type(frame) is made
    assert Kind[vector["kind"]] == vector["number"] == data[1]
    assert list(vector["fields"]) == list(made._fields)  # type: ignore[attr-defined]
    assert list(frame) == unplain(list(vector["fields"].values()))
    assert encode(frame) == data
    assert encode(made(*unplain(list(vector["fields"].values())))) == data


@named("items")
def test_item_is_read_and_written_as_the_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    kind, body = decode_item(data)
    assert (kind.name, int(kind)) == (vector["kind"], vector["number"])
    assert body == unplain(vector["fields"])
    assert encode_item(kind, body) == data
    if kind in FROM_CLIENTS:
        assert check_from_client(data)[0] is kind


@named("blocks")
def test_block_is_read_and_written_as_the_vector_says(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["bytes"])
    first_seq, ts, runs = vector["first_seq"], vector["ts"], unplain(vector["runs"])
    assert encode_block(first_seq, ts, runs) == data
    expected = [
        (ts, person, nick, device, outbox_epoch, first_n + index, item)
        for person, nick, device, outbox_epoch, first_n, items in runs
        for index, item in enumerate(items)
    ]
    events = list(decode_block(data))
    assert [event.seq for event in events] == list(range(first_seq, first_seq + len(expected)))
    assert [tuple(event)[1:] for event in events] == expected


@named("invalid")
def test_invalid_bytes_are_refused_with_code_and_field(vector: dict[str, Any]) -> None:
    read = {"frame": decode, "item": check_from_client, "block": decode_block}[vector["of"]]
    with pytest.raises(WireError) as caught:
        read(bytes.fromhex(vector["bytes"]))
    assert (caught.value.code.name, caught.value.field) == (vector["code"], vector["field"])
    assert ErrorCode[vector["code"]] == vector["number"]


def test_every_kind_has_a_vector() -> None:
    assert {one["kind"] for one in VECTORS["frames"]} == {kind.name for kind in Kind}
    assert {one["kind"] for one in VECTORS["items"]} == {kind.name for kind in EventKind}
    assert {one["of"] for one in VECTORS["invalid"]} == {"frame", "item", "block"}
    for part in ("frames", "items", "blocks", "invalid"):
        names = [one["name"] for one in VECTORS[part]]
        assert len(names) == len(set(names))


def test_the_file_is_what_the_program_makes() -> None:
    assert PATH.read_text(encoding="utf-8") == rendered(), (
        "run: python -m tests.protocol.make_vectors"
    )


def test_the_conversation_in_the_specification_is_that_of_the_vectors() -> None:
    bytes_of = {one["name"]: one["bytes"] for one in VECTORS["frames"]}
    shown = "".join(line.strip() for line in story().splitlines() if line.startswith("    "))
    assert shown == "".join(bytes_of[step["frame"]] for step in VECTORS["story"])
    page = README.read_text(encoding="utf-8")
    assert with_story(page) == page, "run: python -m tests.protocol.make_vectors"
