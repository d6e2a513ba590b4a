"""The limits are as they are meant, and the specification says what the code does."""

import re
from enum import IntEnum
from functools import cache
from typing import Any

import pytest

from protocol import limits
from protocol.blocks import encode_block
from protocol.codes import ErrorCode, EventKind, Kind, RoomKind
from protocol.errors import WireError
from protocol.frames import (
    KIND_OF,
    SCHEMA,
    Events,
    Marked,
    Page,
    PeoplePage,
    Pong,
    PortraitsPage,
    RoomsPage,
    Welcome,
    decode,
    encode,
)
from protocol.items import OPTIONAL, REQUIRED
from protocol.limits import FRAME_MAX_BYTES
from tests.protocol.make_vectors import DIRECTION, FRAMES, README
from tests.strategies import packed

LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}
WIDE_NICK = "字" * limits.NICK_MAX_CHARS
"""A nickname of three bytes a character, as most that are long in bytes are."""


@cache
def specification() -> str:
    return README.read_text(encoding="utf-8").split("\n# The specification\n", 1)[1]


def sections(level: str) -> dict[str, str]:
    """Split the specification at its headings; ``level`` is ``##`` or ``###``."""
    parts = re.split(rf"^{level} (.+)$", specification(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """Return the cells of the table rows in a text, without headings and rulers."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in ("field", "name", "code", "part", "---")]


def shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"{value:,}"


def test_every_limit_is_in_the_table_with_its_value() -> None:
    table = {row[0].strip("`"): row[1] for row in rows(sections("##")["15. Limits"])}
    assert table == {name: shown(value) for name, value in LIMITS.items()}


def test_every_limit_that_the_text_names_exists() -> None:
    named = set(re.findall(r"`([A-Z0-9]+(?:_[A-Z0-9]+)+)`", specification()))
    assert named - {"RECONNECT_IVL"} <= {*LIMITS, *Kind.__members__, *ErrorCode.__members__}


def test_a_number_beside_the_name_of_a_limit_is_its_value() -> None:
    pairs = re.findall(r"([0-9][0-9,]*)(?: \(`| bytes `)([A-Z_]+)`\)?", specification())
    assert len(pairs) > 20
    for number, name in pairs:
        assert int(number.replace(",", "")) == LIMITS[name], name


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_every_frame_is_specified_with_its_number_direction_and_fields(kind: Kind) -> None:
    arrow = {"client to gateway": "C → S", "gateway to client": "S → C", "both": "both ways"}
    direction = arrow[DIRECTION.get(kind, "gateway to client")]
    text = sections("###")[f"{kind.name} ({int(kind)}), {direction}"].split("\n## ")[0]
    fields = [row[0].strip("`") for row in rows(text)]
    assert fields == list(SCHEMA[kind][0]._fields)  # type: ignore[attr-defined]


def bounds(cell: str, example: Any) -> tuple[list[Any], list[Any]]:
    """Return values that a field's type, as the specification has it, takes and refuses."""
    one: Any
    cell = re.sub(r" \(`[A-Z_]+`\)", "", cell).replace(",", "")
    match = re.fullmatch(r"array of (\d+)–(\d+) (.+)", cell)
    if match:
        least, most = int(match[1]), int(match[2])
        inner_good: list[Any] = [example[0]]
        inner_bad: list[Any] = []
        if not match[3].startswith("rows"):
            inner_good, inner_bad = bounds(match[3], example[0])
        one = inner_good[0]
        good = [[one] * least, [one] * most, *([each] for each in inner_good)]
        bad = [[one] * (most + 1), *([each] for each in inner_bad)] + ([[]] if least else [])
        return good, bad
    match = re.fullmatch(r"(nil or )?(text|bytes) (\d+)(?:–(\d+))?", cell)
    if match:
        least, most = int(match[3]), int(match[4] or match[3])
        one = "я" if match[2] == "text" else b"x"
        good = [one * least, one * most] + ([None] if match[1] else [])
        return good, [one * (most + 1)] + ([one * (least - 1)] if least else [])
    if cell == "bool":
        return [True, False], [0, 1, None]
    ranges = {
        "n": (1, limits.COUNTER_MAX),
        "seq": (0, limits.COUNTER_MAX),
        "seq from 1": (1, limits.COUNTER_MAX),
        "request": (0, 2**32 - 1),
        "uint": (0, limits.U63_MAX),
    }
    match = re.fullmatch(r"uint (\d+)–(\d+)", cell)
    least, most = (int(match[1]), int(match[2])) if match else ranges[cell]
    return [least, most], [least - 1, most + 1]


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_every_field_ends_where_the_specification_says(kind: Kind) -> None:
    heading = next(one for one in sections("###") if one.startswith(f"{kind.name} ("))
    cells = [row[1] for row in rows(sections("###")[heading].split("\n## ")[0])]
    examples = [list(frame) for frame in FRAMES.values() if KIND_OF[type(frame)] is kind]
    made = SCHEMA[kind][0]
    for index, cell in enumerate(cells):
        fullest = next((one for one in examples if one[index]), examples[0])
        good, bad = bounds(cell, fullest[index])
        for value in good:
            values = [*examples[0][:index], value, *examples[0][index + 1 :]]
            assert list(decode(bytes((limits.VERSION, kind)) + packed(values))) == values
        for value in bad:
            values = [*examples[0][:index], value, *examples[0][index + 1 :]]
            with pytest.raises(WireError) as caught:
                decode(bytes((limits.VERSION, kind)) + packed(values))
            name = made._fields[index]  # type: ignore[attr-defined]
            claims = type(value) is list and len(value) > limits.ARRAY_MAX
            expected = (ErrorCode.MALFORMED, "") if claims else (ErrorCode.FIELD, name)
            assert (caught.value.code, caught.value.field) == expected, (cell, value)


@pytest.mark.parametrize("kind", EventKind, ids=lambda kind: kind.name)
def test_every_item_is_specified_with_its_number_and_fields(kind: EventKind) -> None:
    text = sections("###")[f"{kind.name} ({int(kind)})"].split("\n## ")[0]
    found = {row[0].strip("`"): row[2].split(";")[0] for row in rows(text)}
    expected = dict.fromkeys(REQUIRED[kind], "required") | dict.fromkeys(OPTIONAL[kind], "optional")
    assert found == expected


def test_every_error_code_is_explained() -> None:
    table = {int(row[0]): row[1] for row in rows(sections("##")["13. Errors"])}
    assert table == {int(code): code.name for code in ErrorCode}
    assert all(len(row) == 4 and all(row) for row in rows(sections("##")["13. Errors"]))


@pytest.mark.parametrize("numbers", [Kind, EventKind, ErrorCode, RoomKind])
def test_numbers_fit_a_byte_and_are_used_once(numbers: type[IntEnum]) -> None:
    values = [int(one) for one in numbers]
    assert len(values) == len(set(values)) == len(numbers.__members__)
    assert all(0 < value < 256 for value in values)


def test_the_longest_lists_fit_a_frame() -> None:
    room, person, epoch = bytes(16), bytes(8), bytes(16)
    name = "字" * limits.ROOM_NAME_MAX_CHARS
    top = limits.COUNTER_MAX
    most = [
        Pong(limits.U63_MAX, epoch, [[room, top]] * limits.ROOMS_PER_PERSON_MAX),
        PeoplePage(1, True, [[person, WIDE_NICK, True, 255, person, 255]] * limits.PEOPLE_PAGE_MAX),
        Marked(1, room, [[person, top]] * limits.MARKS_MEMBERS_MAX),
        PortraitsPage(1, [[person, bytes(limits.PORTRAIT_MAX_BYTES)]] * limits.PORTRAITS_MAX),
        RoomsPage(1, True, [[room, name, top, True]] * limits.ROOMS_PAGE_MAX),
        Welcome(
            person,
            WIDE_NICK,
            epoch,
            limits.U63_MAX,
            "Zviazok",
            ["x" * 300] * 64,
            [[room, 1, name, top, []]] * limits.ROOMS_PER_PERSON_MAX,
            limits.PING_MS,
        ),
        Events(room, epoch, limits.U63_MAX, [bytes(limits.EVENTS_MAX_BYTES)]),
        Page(
            1,
            room,
            epoch,
            top,
            True,
            [bytes(limits.PAGE_MAX_BYTES // limits.PAGE_MAX_EVENTS)] * limits.PAGE_MAX_EVENTS,
        ),
    ]
    for frame in most:
        assert len(encode(frame)) <= FRAME_MAX_BYTES


def test_members_of_many_direct_rooms_do_not_fit_welcome() -> None:
    """Why the specification lets the server send them behind WELCOME, in ROOM frames."""
    members = [[bytes(8), WIDE_NICK]] * limits.DIRECT_MEMBERS_MAX
    row = [bytes(16), 2, "", 1, members]
    rows_ = [row] * limits.ROOMS_PER_PERSON_MAX
    with pytest.raises(WireError) as caught:
        encode(Welcome(bytes(8), "n", bytes(16), 1, "s", [], rows_, limits.PING_MS))
    assert caught.value.code is ErrorCode.TOO_BIG


def test_a_full_block_fits_what_receivers_take() -> None:
    item = bytes(limits.BLOCK_MAX_BYTES // limits.BLOCK_MAX_ITEMS)
    run = (bytes(8), WIDE_NICK, bytes(8), bytes(8), limits.COUNTER_MAX, [item])
    block = encode_block(limits.COUNTER_MAX, limits.TS_MAX_MS, [run] * limits.BLOCK_MAX_ITEMS)
    assert len(block) <= 2 * limits.BLOCK_MAX_BYTES <= limits.EVENTS_MAX_BYTES


def test_limits_agree_with_each_other() -> None:
    assert limits.SEND_MAX_BYTES + 4_096 <= FRAME_MAX_BYTES
    assert limits.TEXT_MAX_CHARS * 4 < limits.ITEM_MAX_BYTES
    assert limits.ITEM_MAX_BYTES <= limits.BLOCK_MAX_BYTES
    assert limits.ITEMS_PER_SEND_MAX <= limits.WINDOW_MAX_ITEMS <= limits.COUNT_MAX
    assert limits.CHUNK_MAX_BYTES + 4_096 <= FRAME_MAX_BYTES
    assert 3 * limits.PING_MS <= limits.SESSION_DEADLINE_MS
    assert limits.PONG_TIMEOUT_MS < limits.PING_MS
    assert limits.DIRECT_MEMBERS_MAX <= limits.MARKS_MEMBERS_MAX
    assert limits.BLOB_MAX_BYTES <= limits.BLOB_QUOTA_BYTES
    assert max(limits.PEOPLE_PAGE_MAX, limits.ROOMS_PAGE_MAX) <= limits.ARRAY_MAX
