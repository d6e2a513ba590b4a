"""What gateways and the broker say to each other, over CURVE, behind the ZAP domain "peer".

Three links, each with the gateway at the connecting end:

* **ingress** (DEALER → ROUTER): one packed batch of operations a drain, in both
  directions. A batch is one ZeroMQ frame: the version byte and one msgpack
  array ``[instance, [operation, …]]``; ``instance`` is drawn by a gateway (by the
  broker, in the other direction) at its start, so that each sees the other's restart.
* **feed** (SUB ← PUB): ``[topic, header, payload]``. The topic is the room's 16
  bytes; the header is packed by :func:`feed_header`.
* **reader** (DEALER → ROUTER): ``[slot, device key, frame]`` with a client's READ or BLOB
  frame as it came, answered with ``[slot, frame]`` for the client.

A slot is a gateway's number for a session: eight bytes big-endian on the
reader link, an integer in operations, never used twice by one instance. Pure; no I/O.
"""

import struct
from enum import IntEnum
from typing import Any, NamedTuple, cast

import msgpack

from protocol.codes import ErrorCode, Purpose
from protocol.errors import WireError
from protocol.fields import (
    COUNTER,
    EPOCH,
    OUTBOX_EPOCH,
    PERSON,
    REQUEST,
    ROOM,
    SEQ,
    Check,
    exactly,
    list_of,
    maybe,
    octets,
    row,
    text,
    uint,
)
from protocol.limits import (
    DIRECT_MEMBERS_MAX,
    FRAME_MAX_BYTES,
    NICK_MAX_CHARS,
    ROOM_NAME_MAX_CHARS,
    ROOMS_PER_PERSON_MAX,
    TOKEN_MAX_CHARS,
    U63_MAX,
    VERSION,
)

LOBBY = bytes(16)
"""The topic to which every gateway subscribes: frames for all sessions."""

INSTANCE_BYTES = 8

BEAT_MS = 2_000
"""A gateway says something at least this often."""

GATEWAY_DEADLINE_MS = 10_000
"""Silence after which the broker counts a gateway and its sessions as gone."""


class Up(IntEnum):
    """Operations of a gateway; the fields follow in the array."""

    REGISTER = 1
    """[addresses, process, number]: who I am; the answer is REGISTERED. ``process`` is drawn once
    by a gateway, ``number`` counts its introductions. The first version sends addresses alone."""
    OPEN = 2
    """[slot, device key, nick or nil, token or nil, purpose]: a client said HELLO."""
    CLOSE = 3
    """[slot]: the session is gone."""
    RUN = 4
    """[slot, room, outbox_epoch, first_n, [element, …]]: an element is a checked item's bytes;
    or [item, sha256, size] for an item that needs that blob; or [code, field, text] for an item
    that the gateway refused."""
    ASK = 5
    """[slot, frame]: a control frame of a client, for the broker to answer."""
    BEAT = 6
    """[]: still here."""
    CONFIRMED = 7
    """[ticket]: everything before CONFIRM is in force here."""


class Down(IntEnum):
    """Operations of the broker; the fields follow in the array."""

    REGISTERED = 1
    """[server name, public key, secret key, epoch, term, instance]: the keys are the frontend's;
    it answers the introduction under this instance. The first version leaves that one off."""
    WHO = 2
    """[instance]: REGISTER, then OPEN all your sessions again: I do not know this instance. The
    first version sends nothing with it."""
    OPENED = 3
    """[slot, person, nick, [[room, kind, name, head, members], …]]: the client is welcome."""
    CLOSED = 4
    """[slot, frame]: hand over the frame and end the session."""
    FRAME = 5
    """[slot, frame]: hand over the frame."""
    DONE = 6
    """[slot, count, frame]: hand over the answer to ``count`` items."""
    ENTERED = 7
    """[slot, request, room, kind, name, head, members]: the session is in a room now."""
    LEFT = 8
    """[slot, request, room]: the session is no longer in a room."""
    GATEWAYS = 9
    """[addresses]: of all gateways, whenever they change."""
    CONFIRM = 10
    """[ticket]: answer CONFIRMED when everything before this is in force: whoever was put out of a
    room or of the server gets not one frame more of it."""


class FeedKind(IntEnum):
    """What the payload of a feed message is."""

    BLOCK = 1
    """A block of the room; ``first_seq`` and ``last_seq`` say which."""
    HEAD = 2
    """Nothing: ``last_seq`` is the head of the room."""
    FRAME = 3
    """A frame for every session that talks, on the topic LOBBY."""
    MEMBERS = 4
    """A frame for the sessions that are in the room; a number of its own, because a gateway of
    the first version tells a FRAME to everybody."""


class FeedHeader(NamedTuple):
    """The middle frame of a feed message."""

    kind: int
    term: int
    epoch: bytes
    first_seq: int
    last_seq: int


_HEADER = struct.Struct(">BBQ16sQQ")
_SLOT = struct.Struct(">Q")
_pack = msgpack.Packer(autoreset=True).pack
_LEAD = bytes((VERSION,))


def encode_batch(instance: bytes, operations: list[Any]) -> bytes:
    """Return the bytes of a batch; an operation is a list that starts with its number."""
    return _LEAD + cast(bytes, _pack((instance, operations)))


def decode_batch(data: bytes) -> tuple[bytes, list[list[Any]]]:
    """Read a batch of a trusted peer; raise :class:`WireError` if its frame is not one.

    Both ends run the same program behind CURVE keys; the shape of the batch is
    checked here, the operations where they are used.
    """
    if len(data) < 2 or data[0] != VERSION:
        raise WireError(ErrorCode.VERSION, "version", f"this end speaks version {VERSION}")
    try:
        value = msgpack.unpackb(data[1:], max_ext_len=0)
    except (ValueError, TypeError, OverflowError):
        raise WireError(ErrorCode.MALFORMED, "", "this is not a batch") from None
    if (
        type(value) is not list
        or len(value) < 2
        or type(value[0]) is not bytes
        or type(value[1]) is not list
        or not all(type(one) is list and one for one in value[1])
    ):
        raise WireError(ErrorCode.MALFORMED, "", "this is not a batch")
    return value[0], value[1]


def feed_header(kind: FeedKind, term: int, epoch: bytes, first_seq: int, last_seq: int) -> bytes:
    """Return the header of a feed message."""
    return _HEADER.pack(VERSION, kind, term, epoch, first_seq, last_seq)


def read_feed_header(data: bytes) -> FeedHeader:
    """Read the header of a feed message; raise :class:`WireError`."""
    if len(data) != _HEADER.size or data[0] != VERSION:
        raise WireError(ErrorCode.MALFORMED, "header", "this is not a feed header")
    return FeedHeader._make(_HEADER.unpack(data)[1:])


def encode_slot(slot: int) -> bytes:
    """Return a slot as it stands on the reader link."""
    return _SLOT.pack(slot)


def decode_slot(data: bytes) -> int:
    """Read a slot from the reader link; raise :class:`WireError`."""
    if len(data) != _SLOT.size:
        raise WireError(ErrorCode.MALFORMED, "slot", "a slot has eight bytes")
    return int(_SLOT.unpack(data)[0])


def _elements(value: Any) -> str | None:
    """Check the elements of a RUN, quickly: nearly always they are all items."""
    if type(value) is not list or not value:
        return "must be a non-empty array"
    for one in value:
        if type(one) is bytes:
            continue
        if type(one) is not list or len(one) != 3:
            return "must hold items, or rows of three"
        kinds = (type(one[0]), type(one[1]), type(one[2]))
        if kinds not in ((int, str, str), (bytes, bytes, int)):
            return "holds a row of another shape"
        if kinds[0] is bytes and len(one[1]) != 32:
            return "holds a blob's name that is no SHA-256"
    return None


def _or_older(older: Check, now: Check) -> Check:
    """Accept what a version said that did not know the last elements of a row yet."""

    def check(value: Any) -> str | None:
        return None if now(value) is None else older(value)

    return check


_UINT = uint()
_ADDRESSES = list_of(text(300, 1), 16)
_INSTANCE = exactly(INSTANCE_BYTES)
_SHAPES: dict[int, Check] = {
    Up.REGISTER: _or_older(row(_UINT, _ADDRESSES), row(_UINT, _ADDRESSES, _INSTANCE, _UINT)),
    Up.OPEN: row(
        _UINT,
        _UINT,
        exactly(32),
        maybe(text(NICK_MAX_CHARS * 4)),
        maybe(text(TOKEN_MAX_CHARS)),
        uint(max(Purpose)),
    ),
    Up.CLOSE: row(_UINT, _UINT),
    Up.RUN: row(_UINT, _UINT, ROOM, OUTBOX_EPOCH, COUNTER, _elements),
    Up.ASK: row(_UINT, _UINT, octets(FRAME_MAX_BYTES)),
    Up.BEAT: row(_UINT),
    Up.CONFIRMED: row(_UINT, _UINT),
}


_FRAME = octets(FRAME_MAX_BYTES, 3)
_MEMBERS = list_of(row(PERSON, text(NICK_MAX_CHARS)), DIRECT_MEMBERS_MAX)
_ROOM_FIELDS = (ROOM, _UINT, text(ROOM_NAME_MAX_CHARS), SEQ, _MEMBERS)
_REGISTERED = (_UINT, text(64), exactly(32), exactly(32), EPOCH, _UINT)
_DOWN_SHAPES: dict[int, Check] = {
    Down.REGISTERED: _or_older(row(*_REGISTERED), row(*_REGISTERED, _INSTANCE)),
    Down.WHO: _or_older(row(_UINT), row(_UINT, _INSTANCE)),
    Down.OPENED: row(
        _UINT,
        _UINT,
        PERSON,
        text(NICK_MAX_CHARS),
        list_of(row(*_ROOM_FIELDS), ROOMS_PER_PERSON_MAX),
    ),
    Down.CLOSED: row(_UINT, _UINT, _FRAME),
    Down.FRAME: row(_UINT, _UINT, _FRAME),
    Down.DONE: row(_UINT, _UINT, _UINT, _FRAME),
    Down.ENTERED: row(_UINT, _UINT, REQUEST, *_ROOM_FIELDS),
    Down.LEFT: row(_UINT, _UINT, REQUEST, ROOM),
    Down.GATEWAYS: row(_UINT, list_of(text(300, 1), U63_MAX)),
    Down.CONFIRM: row(_UINT, _UINT),
}


def check_operation(operation: list[Any]) -> None:
    """Check the shape of a gateway's operation; raise :class:`WireError`."""
    _check(operation, _SHAPES)


def check_down(operation: list[Any]) -> None:
    """Check the shape of a broker's operation; raise :class:`WireError`."""
    _check(operation, _DOWN_SHAPES)


def _check(operation: list[Any], shapes: dict[int, Check]) -> None:
    shape = shapes.get(operation[0]) if type(operation[0]) is int else None
    if shape is None:
        raise WireError(ErrorCode.UNKNOWN_KIND, "operation", "is not known here")
    reason = shape(operation)
    if reason is not None:
        raise WireError(ErrorCode.FIELD, "operation", reason)
