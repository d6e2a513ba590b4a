"""Hypothesis strategies for everything that crosses the wire, valid and mutated.

They are written from the specification, not derived from ``SCHEMA``, so that a
mistake there shows. ``FRAMES``, ``ITEMS`` and ``BLOCKS`` give valid values;
``mutated`` spoils encoded bytes in the ways in which bytes get spoiled.
"""

from typing import Any

import msgpack
from hypothesis import strategies as st

from protocol import frames as f
from protocol.blocks import Run
from protocol.codes import ErrorCode, EventKind, Kind
from protocol.items import NOTICES
from protocol.limits import (
    BLOB_MAX_BYTES,
    BLOB_RANGE_MAX_BYTES,
    COUNT_MAX,
    COUNTER_MAX,
    IMAGE_PIXELS_MAX,
    IMAGE_SIDE_MAX,
    MEDIA_TYPES,
    TS_MAX_MS,
    U63_MAX,
)

Strategy = st.SearchStrategy[Any]


def exactly(size: int) -> Strategy:
    """Byte strings of one size."""
    return st.binary(min_size=size, max_size=size)


def words(most: int, least: int = 0) -> Strategy:
    """Strings of code points, all of them but lone surrogates; now and then at the limit."""
    some = st.text(st.characters(codec="utf-8"), min_size=least, max_size=min(most, 8))
    return some | st.sampled_from("aя字😀").map(lambda one: one * most)


room, person, epoch, outbox_epoch, sha256 = map(exactly, (16, 8, 16, 8, 32))
u63 = st.integers(0, U63_MAX) | st.integers(0, 300)
seq = st.integers(0, COUNTER_MAX) | st.integers(0, 300)
counter = st.integers(1, COUNTER_MAX) | st.integers(1, 300)
count = st.integers(1, COUNT_MAX)
request = st.integers(0, 2**32 - 1)
delay_ms = st.integers(0, 3_600_000)
code = st.sampled_from(ErrorCode).map(int) | st.integers(0, 255)
addresses = st.lists(words(300, 1), max_size=3)
chunk = st.binary(min_size=1, max_size=64)
blocks = st.lists(st.binary(min_size=1, max_size=64), max_size=4)
members = st.lists(st.tuples(person, words(32)).map(list), max_size=3)
room_row = st.tuples(room, st.integers(0, 255), words(64), seq, members).map(list)
colour = st.integers(0, 255)
picture_name = st.just(b"") | exactly(8) | st.binary(max_size=8)
role = st.integers(0, 255)
person_row = st.tuples(person, words(32), st.booleans(), colour, picture_name, role).map(list)
tag = st.just(b"") | exactly(8)
ts = st.integers(0, TS_MAX_MS)
marks = st.lists(st.tuples(person, seq).map(list), max_size=4)
portrait = st.binary(min_size=1, max_size=64).map(lambda data: b"\xff\xd8\xff" + data)
heads = st.lists(st.tuples(room, seq).map(list), max_size=4)
size = st.integers(1, BLOB_MAX_BYTES)
offset = st.integers(0, BLOB_MAX_BYTES)

FRAMES: dict[Kind, Strategy] = {
    Kind.HELLO: st.builds(
        f.Hello, words(64), st.none() | words(128, 1), st.none() | words(64), st.integers(0, 1)
    ),
    Kind.WELCOME: st.builds(
        f.Welcome,
        person,
        words(32),
        epoch,
        u63,
        words(64),
        addresses,
        st.lists(room_row, max_size=3),
        st.integers(100, 3_600_000),
    ),
    Kind.SEND: st.builds(
        f.Send, room, outbox_epoch, counter, st.lists(chunk, min_size=1, max_size=128)
    ),
    Kind.ACK: st.builds(f.Ack, room, outbox_epoch, counter, count, epoch, counter),
    Kind.REFUSED: st.builds(
        f.Refused, room, outbox_epoch, counter, count, code, words(64), words(500)
    ),
    Kind.BUSY: st.builds(f.Busy, room, outbox_epoch, counter, delay_ms),
    Kind.GAP: st.builds(f.Gap, room, outbox_epoch, counter),
    Kind.EVENTS: st.builds(f.Events, room, epoch, u63, blocks.filter(bool)),
    Kind.READ: st.builds(f.Read, request, room, seq, seq, st.integers(1, 500)),
    Kind.PAGE: st.builds(f.Page, request, room, epoch, seq, st.booleans(), blocks),
    Kind.PING: st.builds(f.Ping, u63),
    Kind.PONG: st.builds(f.Pong, u63, epoch, heads),
    Kind.HEADS: st.builds(f.Heads, epoch, heads),
    Kind.ERROR: st.builds(f.Error, code, words(64), words(500), st.integers(0, 255), request),
    Kind.BYE: st.builds(f.Bye, code, words(500), delay_ms, addresses),
    Kind.PEOPLE: st.builds(f.People, request, st.binary(max_size=8), st.integers(1, 500)),
    Kind.PEOPLE_PAGE: st.builds(
        f.PeoplePage, request, st.booleans(), st.lists(person_row, max_size=4)
    ),
    Kind.ROOMS: st.builds(f.Rooms, request, st.binary(max_size=16), st.integers(1, 500)),
    Kind.ROOMS_PAGE: st.builds(
        f.RoomsPage,
        request,
        st.booleans(),
        st.lists(st.tuples(room, words(64), u63, st.booleans()).map(list), max_size=4),
    ),
    Kind.JOIN: st.builds(f.Join, request, words(256, 1), st.booleans()),
    Kind.DIRECT: st.builds(f.Direct, request, st.lists(person, min_size=1, max_size=31)),
    Kind.ROOM: st.builds(
        f.Room, request, epoch, room, st.integers(1, 255), words(64), seq, members
    ),
    Kind.LEAVE: st.builds(f.Leave, request, room),
    Kind.LEFT: st.builds(f.Left, request, room),
    Kind.RENAME: st.builds(f.Rename, request, words(128, 1)),
    Kind.RENAMED: st.builds(f.Renamed, request, words(32, 1)),
    Kind.PRESENCE: st.builds(f.Presence, st.lists(person_row, max_size=4)),
    Kind.LINK: st.builds(f.Link, request),
    Kind.LINKED: st.builds(f.Linked, request, words(64, 1), u63),
    Kind.TYPING: st.builds(f.Typing, room),
    Kind.TYPED: st.builds(f.Typed, room, person),
    Kind.MARK: st.builds(f.Mark, room, counter),
    Kind.MARKS: st.builds(f.Marks, request, room),
    Kind.MARKED: st.builds(f.Marked, request, room, marks),
    Kind.PROFILE: st.builds(f.Profile, request, colour, st.just(b"") | portrait),
    Kind.PROFILED: st.builds(f.Profiled, request, colour, picture_name),
    Kind.PORTRAITS: st.builds(f.Portraits, request, st.lists(person, min_size=1, max_size=16)),
    Kind.PORTRAITS_PAGE: st.builds(
        f.PortraitsPage, request, st.lists(st.tuples(person, portrait).map(list), max_size=4)
    ),
    Kind.BLOB_PUT: st.builds(f.BlobPut, request, sha256, size),
    Kind.BLOB_CHUNK: st.builds(f.BlobChunk, request, sha256, size, offset, chunk),
    Kind.BLOB_HAVE: st.builds(f.BlobHave, request, sha256, size, offset),
    Kind.BLOB_GET: st.builds(
        f.BlobGet, request, room, sha256, offset, st.integers(1, BLOB_RANGE_MAX_BYTES)
    ),
    Kind.BLOB_DATA: st.builds(f.BlobData, request, sha256, size, offset, chunk),
    Kind.PRIVATE: st.builds(f.Private, request, words(256, 1), st.lists(person, max_size=100)),
    Kind.ADD: st.builds(f.Add, request, room, st.lists(person, min_size=1, max_size=100)),
    Kind.MEMBERS: st.builds(f.Members, request, room, st.binary(max_size=8), st.integers(1, 500)),
    Kind.MEMBERS_PAGE: st.builds(
        f.MembersPage,
        request,
        room,
        st.booleans(),
        st.lists(st.tuples(person, words(32), st.booleans(), role).map(list), max_size=4),
    ),
    Kind.ORDER: st.builds(f.Order, request, room),
    Kind.ORDERED: st.builds(
        f.Ordered,
        request,
        room,
        st.booleans(),
        st.booleans(),
        st.integers(0, 3_600),
        st.integers(0, 255),
        st.lists(st.tuples(person, role).map(list), max_size=4),
        st.lists(st.tuples(person, ts).map(list), max_size=4),
        st.lists(person, max_size=4),
    ),
    Kind.ACT: st.builds(f.Act, request, st.integers(1, 255), room, tag, tag, seq, words(200)),
    Kind.DONE: st.builds(f.Done, request),
    Kind.HAND: st.builds(f.Hand, room, st.booleans()),
    Kind.DEVICES: st.builds(f.Devices, request, person),
    Kind.DEVICES_PAGE: st.builds(
        f.DevicesPage,
        request,
        st.lists(st.tuples(exactly(8), st.booleans(), st.booleans()).map(list), max_size=4),
    ),
    Kind.AUDIT: st.builds(f.Audit, request, seq, st.integers(1, 200)),
    Kind.AUDIT_PAGE: st.builds(
        f.AuditPage,
        request,
        st.booleans(),
        st.lists(
            st.tuples(
                counter, ts, tag, words(32), st.integers(0, 255), tag, words(32), seq, words(200)
            ).map(list),
            max_size=3,
        ),
    ),
}
"""Valid frames of every kind."""

any_frame: Strategy = st.sampled_from(Kind).flatmap(FRAMES.__getitem__)


def _fits(body: dict[str, Any]) -> bool:
    return bool(body["width"] * body["height"] <= IMAGE_PIXELS_MAX)


def _spoken(text: str) -> bool:
    return not text.isspace()


_side = st.integers(1, 2000) | st.integers(1, IMAGE_SIDE_MAX)

mentions = st.lists(person, max_size=4)
media = st.sampled_from(("application/pdf", "text/plain", "audio/ogg", "image/svg+xml", "a/b"))
emoji = st.sampled_from(("👍", "❤️", "1️⃣", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇺🇦", "👋🏿", "ℹ️", "🫨", "⬆️"))
_said: dict[str, Strategy] = {"reply": counter, "mentions": mentions, "via": words(32, 1)}

ITEMS: dict[EventKind, Strategy] = {
    EventKind.TEXT: st.fixed_dictionaries({"text": words(4096, 1).filter(_spoken)}, optional=_said),
    EventKind.IMAGE: st.fixed_dictionaries(
        {
            "name": words(120, 1),
            "media": st.sampled_from(MEDIA_TYPES),
            "size": size,
            "sha256": sha256,
            "width": _side,
            "height": _side,
            "thumb": st.binary(min_size=1, max_size=200),
        },
        optional={"caption": words(1024), **_said},
    ).filter(_fits),
    EventKind.FILE: st.fixed_dictionaries(
        {"name": words(120, 1), "media": media, "size": size, "sha256": sha256},
        optional={"caption": words(1024), **_said},
    ),
    EventKind.EDIT: st.fixed_dictionaries(
        {"of": counter, "text": words(4096)}, optional={"mentions": mentions}
    ),
    EventKind.DELETE: st.fixed_dictionaries({"of": counter}),
    EventKind.REACT: st.fixed_dictionaries({"of": counter, "emoji": emoji, "on": st.booleans()}),
    EventKind.NOTICE: st.fixed_dictionaries(
        {"what": st.sampled_from(NOTICES)},
        optional={
            "was": words(32),
            "now": words(32),
            "who": person,
            "nick": words(32),
            "of": counter,
            "value": seq,
            "text": words(200),
        },
    ),
}
"""Valid bodies of every kind of item."""

any_item: Strategy = st.sampled_from(EventKind).flatmap(
    lambda kind: ITEMS[kind].map(lambda body: (kind, body))
)

_run = st.tuples(
    person,
    words(32),
    exactly(8),
    outbox_epoch,
    seq,
    st.lists(st.binary(min_size=1, max_size=32), min_size=1, max_size=6),
)

runs: st.SearchStrategy[list[Run]] = st.lists(_run, min_size=1, max_size=6)

BLOCKS = st.tuples(counter, st.integers(0, TS_MAX_MS), runs)
"""The three parts of valid blocks."""

_HUGE = (
    b"\xc6\xff\xff\xff\xff",  # bin 32
    b"\xdb\xff\xff\xff\xff",  # str 32
    b"\xdd\xff\xff\xff\xff",  # array 32
    b"\xdd\x00\x01\x00\x00",
    b"\xdf\xff\xff\xff\xff",  # map 32
    b"\xc9\xff\xff\xff\xff\x01",  # ext 32
    b"\xc5\xff\xff",
    b"\xda\xff\xff",
    b"\xdc\xff\xff",
    b"\xde\xff\xff",
)
_ODD = (
    b"\xc0",
    b"\xc1",  # never used in msgpack
    b"\xc2",
    b"\xc3",
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x90",
    b"\xa0",
    b"\xc4\x00",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",  # NaN
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",  # 2**64 - 1
    b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00",  # -2**63
    b"\xd6\xff\x00\x00\x00\x00",  # a timestamp
    b"\xc7\x00\x05",  # an empty extension
    b"\xa3\xed\xa0\x80",  # a lone surrogate
    b"\xa1\xff",  # not UTF-8
)
_NESTS = (b"\x91", b"\x81\xa1a", b"\xdc\x00\x01", b"\x92\x90", b"\x81\x91")


@st.composite
def mutated(draw: st.DrawFn, source: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of ``source`` after one to four spoilings: flip, cut, insert, splice, nest, lie."""
    data = bytearray(draw(source))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        how = draw(st.integers(0, 6))
        if how == 0 and data:
            data[at % len(data)] ^= 1 << draw(st.integers(0, 7))
        elif how == 1:
            del data[at : at + draw(st.integers(1, 32))]
        elif how == 2:
            data[at:at] = draw(st.binary(min_size=1, max_size=16))
        elif how == 3:
            other = draw(source)
            data[at:] = other[draw(st.integers(0, len(other))) :]
        elif how == 4:
            nest = draw(st.sampled_from(_NESTS)) * draw(st.sampled_from((3, 6, 600, 10_000)))
            data[at : at + draw(st.integers(0, 1))] = nest
        elif how == 5:
            data[at : at + draw(st.integers(0, 9))] = draw(st.sampled_from(_HUGE))
        else:
            data[at : at + draw(st.integers(0, 9))] = draw(st.sampled_from(_ODD))
    return bytes(data)


WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    2**64 - 1,
    1.0,
    float("nan"),
    "",
    "x" * 5000,
    b"",
    b"x" * 70_000,
    [],
    [[]],
    [[[[[[]]]]]],
    [None] * 4096,
    {},
    {"text": "x"},
    {b"x": [1]},
)
"""Values of every type; most of them are wrong in most places."""


def packed(value: Any) -> bytes:
    """Bytes of any value, whether it may be sent or not."""
    data: bytes = msgpack.packb(value)
    return data
