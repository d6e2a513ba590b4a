"""The frames between client and gateway: one named tuple a kind, and their checks.

A frame is one ZeroMQ frame: a version byte, a kind byte, and one msgpack array
that holds the fields in the order given here. ``encode`` makes one, ``decode``
reads one strictly: it returns a checked tuple or raises :class:`WireError`.
Elements behind the known ones are ignored, so that later versions may append.
Pure; no I/O.
"""

from typing import Any, NamedTuple, TypeVar, cast

import msgpack

from protocol.codes import ErrorCode, Kind, Purpose, RoomKind
from protocol.errors import WireError
from protocol.fields import (
    COUNTER,
    EPOCH,
    OUTBOX_EPOCH,
    PERSON,
    REQUEST,
    ROOM,
    SEQ,
    SHA256,
    Check,
    boolean,
    list_of,
    maybe,
    octets,
    row,
    text,
    uint,
)
from protocol.limits import (
    AGENT_MAX_CHARS,
    ARRAY_MAX,
    BLOB_MAX_BYTES,
    BLOB_RANGE_MAX_BYTES,
    BLOCK_MAX_BYTES,
    CHUNK_MAX_BYTES,
    COUNT_MAX,
    DIRECT_MEMBERS_MAX,
    FRAME_MAX_BYTES,
    ITEM_MAX_BYTES,
    ITEMS_PER_SEND_MAX,
    NICK_MAX_CHARS,
    PAGE_MAX_EVENTS,
    PEOPLE_PAGE_MAX,
    ROOM_NAME_MAX_CHARS,
    ROOMS_PAGE_MAX,
    ROOMS_PER_PERSON_MAX,
    TOKEN_MAX_CHARS,
    VERSION,
)

_ADDRESSES = list_of(text(300, 1), 64)
_WORDS = text(500)
_MEMBERS = list_of(row(PERSON, text(NICK_MAX_CHARS)), DIRECT_MEMBERS_MAX)
_ROOM_ROW = row(ROOM, uint(255), text(ROOM_NAME_MAX_CHARS), SEQ, _MEMBERS)
_PERSON_ROW = row(PERSON, text(NICK_MAX_CHARS), boolean)
_HEAD_ROW = row(ROOM, SEQ)
_BLOCK_BYTES = octets(BLOCK_MAX_BYTES * 2, 1)
_COUNT = uint(COUNT_MAX, 1)


class Hello(NamedTuple):
    """client → gateway: who speaks; the first frame of a connection."""

    agent: str
    nick: str | None
    token: str | None
    purpose: int


class Welcome(NamedTuple):
    """gateway → client: the session stands."""

    person: bytes
    nick: str
    epoch: bytes
    term: int
    server: str
    gateways: list[str]
    rooms: list[list[Any]]
    ping_ms: int


class Send(NamedTuple):
    """client → gateway: items for a room, numbered from ``first_n``."""

    room: bytes
    outbox_epoch: bytes
    first_n: int
    items: list[bytes]


class Ack(NamedTuple):
    """gateway → client: ``count`` items from ``first_n`` are on disk from ``first_seq``."""

    room: bytes
    outbox_epoch: bytes
    first_n: int
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    epoch: bytes
    first_seq: int


class Refused(NamedTuple):
    """gateway → client: ``count`` items from ``first_n`` are refused for ever."""

    room: bytes
    outbox_epoch: bytes
    first_n: int
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    code: int
    field: str
    text: str


class Busy(NamedTuple):
    """gateway → client: nothing from ``first_n`` on was taken; send it again later."""

    room: bytes
    outbox_epoch: bytes
    first_n: int
    retry_ms: int


class Gap(NamedTuple):
    """gateway → client: the next counter that the server expects of this outbox."""

    room: bytes
    outbox_epoch: bytes
    expect_n: int


class Events(NamedTuple):
    """gateway → client: blocks of one room, ascending."""

    room: bytes
    epoch: bytes
    term: int
    blocks: list[bytes]


class Read(NamedTuple):
    """client → gateway: history of a room with ``after < seq < before`` (0: no bound)."""

    request: int
    room: bytes
    after: int
    before: int
    limit: int


class Page(NamedTuple):
    """gateway → client: blocks that hold the events asked for, ascending."""

    request: int
    room: bytes
    epoch: bytes
    head: int
    more: bool
    blocks: list[bytes]


class Ping(NamedTuple):
    """client → gateway: still here."""

    nonce: int


class Pong(NamedTuple):
    """gateway → client: the answer to PING, with the heads of the session's rooms."""

    nonce: int
    epoch: bytes
    heads: list[list[Any]]


class Heads(NamedTuple):
    """gateway → client: heads of rooms of which something may have been missed."""

    epoch: bytes
    heads: list[list[Any]]


class Error(NamedTuple):
    """gateway → client: a frame was refused; ``request`` is 0 where it had none."""

    code: int
    field: str
    text: str
    kind: int
    request: int


class Bye(NamedTuple):
    """gateway → client: the session is over; come back after ``retry_ms``."""

    code: int
    text: str
    retry_ms: int
    gateways: list[str]


class People(NamedTuple):
    """client → gateway: who is there, from the person after ``after`` (``b""``: the first)."""

    request: int
    after: bytes
    limit: int


class PeoplePage(NamedTuple):
    """gateway → client: rows of person, nickname, online; ascending by person."""

    request: int
    more: bool
    people: list[list[Any]]


class Rooms(NamedTuple):
    """client → gateway: the open rooms, from the room after ``after`` (``b""``: the first)."""

    request: int
    after: bytes
    limit: int


class RoomsPage(NamedTuple):
    """gateway → client: rows of room, name, number of members, whether one is in it."""

    request: int
    more: bool
    rooms: list[list[Any]]


class Join(NamedTuple):
    """client → gateway: enter an open room by its name, or make it."""

    request: int
    name: str
    create: bool


class Direct(NamedTuple):
    """client → gateway: the direct-message room of these people and oneself."""

    request: int
    people: list[bytes]


class Room(NamedTuple):
    """gateway → client: one is a member of this room now; ``request`` 0: by somebody else."""

    request: int
    epoch: bytes
    room: bytes
    kind: int
    name: str
    head: int
    members: list[list[Any]]


class Leave(NamedTuple):
    """client → gateway: leave a room."""

    request: int
    room: bytes


class Left(NamedTuple):
    """gateway → client: one is no longer a member of this room."""

    request: int
    room: bytes


class Rename(NamedTuple):
    """client → gateway: take another nickname."""

    request: int
    nick: str


class Renamed(NamedTuple):
    """gateway → client: one's own nickname is this now."""

    request: int
    nick: str


class Presence(NamedTuple):
    """gateway → client: rows of person, nickname, online that changed."""

    people: list[list[Any]]


class Link(NamedTuple):
    """client → gateway: a token with which another device becomes the same person."""

    request: int


class Linked(NamedTuple):
    """gateway → client: that token, and for how long it can be used, once."""

    request: int
    token: str
    valid_ms: int


class BlobPut(NamedTuple):
    """client → gateway, bulk: what of this blob does the server have?"""

    request: int
    sha256: bytes
    size: int


class BlobChunk(NamedTuple):
    """client → gateway, bulk: bytes of a blob from ``offset``."""

    request: int
    sha256: bytes
    size: int
    offset: int
    data: bytes


class BlobHave(NamedTuple):
    """gateway → client, bulk: the server holds the first ``offset`` bytes; all: stored."""

    request: int
    sha256: bytes
    size: int
    offset: int


class BlobGet(NamedTuple):
    """client → gateway, bulk: bytes of a blob that was posted in ``room``."""

    request: int
    room: bytes
    sha256: bytes
    offset: int
    length: int


class BlobData(NamedTuple):
    """gateway → client, bulk: bytes of a blob from ``offset``; ``size`` is the whole."""

    request: int
    sha256: bytes
    size: int
    offset: int
    data: bytes


_SIZE = uint(BLOB_MAX_BYTES, 1)
_NICK = text(NICK_MAX_CHARS * 4, 1)
_LIMIT = uint(PEOPLE_PAGE_MAX, 1)

SCHEMA: dict[Kind, tuple[type[tuple[Any, ...]], tuple[Check, ...]]] = {
    Kind.HELLO: (
        Hello,
        (
            text(AGENT_MAX_CHARS),
            maybe(_NICK),
            maybe(text(TOKEN_MAX_CHARS)),
            uint(max(Purpose)),
        ),
    ),
    Kind.WELCOME: (
        Welcome,
        (
            PERSON,
            text(NICK_MAX_CHARS),
            EPOCH,
            uint(),
            text(64),
            _ADDRESSES,
            list_of(_ROOM_ROW, ROOMS_PER_PERSON_MAX),
            uint(3_600_000, 100),
        ),
    ),
    Kind.SEND: (
        Send,
        (
            ROOM,
            OUTBOX_EPOCH,
            COUNTER,
            list_of(octets(ITEM_MAX_BYTES, 1), ITEMS_PER_SEND_MAX, 1),
        ),
    ),
    Kind.ACK: (Ack, (ROOM, OUTBOX_EPOCH, COUNTER, _COUNT, EPOCH, COUNTER)),
    Kind.REFUSED: (
        Refused,
        (ROOM, OUTBOX_EPOCH, COUNTER, _COUNT, uint(255), text(64), _WORDS),
    ),
    Kind.BUSY: (Busy, (ROOM, OUTBOX_EPOCH, COUNTER, uint(3_600_000))),
    Kind.GAP: (Gap, (ROOM, OUTBOX_EPOCH, COUNTER)),
    Kind.EVENTS: (Events, (ROOM, EPOCH, uint(), list_of(_BLOCK_BYTES, ARRAY_MAX, 1))),
    Kind.READ: (Read, (REQUEST, ROOM, SEQ, SEQ, uint(PAGE_MAX_EVENTS, 1))),
    Kind.PAGE: (Page, (REQUEST, ROOM, EPOCH, SEQ, boolean, list_of(_BLOCK_BYTES, ARRAY_MAX))),
    Kind.PING: (Ping, (uint(),)),
    Kind.PONG: (Pong, (uint(), EPOCH, list_of(_HEAD_ROW, ROOMS_PER_PERSON_MAX))),
    Kind.HEADS: (Heads, (EPOCH, list_of(_HEAD_ROW, ROOMS_PER_PERSON_MAX))),
    Kind.ERROR: (Error, (uint(255), text(64), _WORDS, uint(255), REQUEST)),
    Kind.BYE: (Bye, (uint(255), _WORDS, uint(3_600_000), _ADDRESSES)),
    Kind.PEOPLE: (People, (REQUEST, octets(8), _LIMIT)),
    Kind.PEOPLE_PAGE: (PeoplePage, (REQUEST, boolean, list_of(_PERSON_ROW, PEOPLE_PAGE_MAX))),
    Kind.ROOMS: (Rooms, (REQUEST, octets(16), uint(ROOMS_PAGE_MAX, 1))),
    Kind.ROOMS_PAGE: (
        RoomsPage,
        (
            REQUEST,
            boolean,
            list_of(
                row(ROOM, text(ROOM_NAME_MAX_CHARS), uint(), boolean),
                ROOMS_PAGE_MAX,
            ),
        ),
    ),
    Kind.JOIN: (Join, (REQUEST, text(ROOM_NAME_MAX_CHARS * 4, 1), boolean)),
    Kind.DIRECT: (Direct, (REQUEST, list_of(PERSON, DIRECT_MEMBERS_MAX - 1, 1))),
    Kind.ROOM: (
        Room,
        (
            REQUEST,
            EPOCH,
            ROOM,
            uint(max(RoomKind), min(RoomKind)),
            text(ROOM_NAME_MAX_CHARS),
            SEQ,
            _MEMBERS,
        ),
    ),
    Kind.LEAVE: (Leave, (REQUEST, ROOM)),
    Kind.LEFT: (Left, (REQUEST, ROOM)),
    Kind.RENAME: (Rename, (REQUEST, _NICK)),
    Kind.RENAMED: (Renamed, (REQUEST, text(NICK_MAX_CHARS, 1))),
    Kind.PRESENCE: (Presence, (list_of(_PERSON_ROW, PEOPLE_PAGE_MAX),)),
    Kind.LINK: (Link, (REQUEST,)),
    Kind.LINKED: (Linked, (REQUEST, text(TOKEN_MAX_CHARS, 1), uint())),
    Kind.BLOB_PUT: (BlobPut, (REQUEST, SHA256, _SIZE)),
    Kind.BLOB_CHUNK: (
        BlobChunk,
        (REQUEST, SHA256, _SIZE, uint(BLOB_MAX_BYTES), octets(CHUNK_MAX_BYTES, 1)),
    ),
    Kind.BLOB_HAVE: (BlobHave, (REQUEST, SHA256, _SIZE, uint(BLOB_MAX_BYTES))),
    Kind.BLOB_GET: (
        BlobGet,
        (
            REQUEST,
            ROOM,
            SHA256,
            uint(BLOB_MAX_BYTES),
            uint(BLOB_RANGE_MAX_BYTES, 1),
        ),
    ),
    Kind.BLOB_DATA: (
        BlobData,
        (REQUEST, SHA256, _SIZE, uint(BLOB_MAX_BYTES), octets(CHUNK_MAX_BYTES, 1)),
    ),
}
"""Every kind with its tuple and the checks of its fields, in order."""

KIND_OF: dict[type[tuple[Any, ...]], Kind] = {made: kind for kind, (made, _) in SCHEMA.items()}
_PREFIX = {kind: bytes((VERSION, kind)) for kind in Kind}
_KINDS = {int(kind): kind for kind in Kind}
_pack = msgpack.Packer(autoreset=True).pack

AnyFrame = tuple[Any, ...]
_T = TypeVar("_T", bound=tuple[Any, ...])


def encode(frame: AnyFrame) -> bytes:
    """Return the bytes of one of the tuples above.

    The caller vouches for the values; a frame that is too large for the wire
    raises :class:`WireError` here rather than a silent disconnect there.
    """
    data = _PREFIX[KIND_OF[type(frame)]] + cast(bytes, _pack(frame))
    if len(data) > FRAME_MAX_BYTES:
        raise WireError(ErrorCode.TOO_BIG, "", f"a frame may have {FRAME_MAX_BYTES} bytes")
    return data


def unpack(data: bytes) -> Any:
    """Decode one msgpack value of untrusted bytes; raise :class:`WireError`.

    Lengths are bounded by the input's own size (msgpack checks them) and those of
    arrays by ARRAY_MAX, depth by msgpack's stack; whoever keeps the value checks its depth.
    """
    try:
        return msgpack.unpackb(data, strict_map_key=True, max_ext_len=0, max_array_len=ARRAY_MAX)
    except msgpack.StackError:
        raise WireError(ErrorCode.TOO_DEEP, "", "the nesting is too deep") from None
    except (ValueError, TypeError, OverflowError, MemoryError, RecursionError):
        # ValueError covers UnicodeDecodeError, ExtraData and FormatError.
        raise WireError(ErrorCode.MALFORMED, "", "this is not one msgpack value") from None


def kind_of(data: bytes) -> Kind:
    """Return the kind of a frame after checking its first two bytes; raise :class:`WireError`."""
    if len(data) < 3:
        raise WireError(ErrorCode.MALFORMED, "", "a frame has at least three bytes")
    if data[0] != VERSION:
        raise WireError(ErrorCode.VERSION, "version", f"this end speaks version {VERSION}")
    kind = _KINDS.get(data[1])
    if kind is None:
        raise WireError(ErrorCode.UNKNOWN_KIND, "kind", f"kind {data[1]} is not known here")
    if len(data) > FRAME_MAX_BYTES:
        raise WireError(ErrorCode.TOO_BIG, "", f"a frame may have {FRAME_MAX_BYTES} bytes")
    return kind


def decode(data: bytes) -> AnyFrame:
    """Read a frame: a checked tuple of the kind's class, or :class:`WireError`."""
    kind = kind_of(data)
    made, checks = SCHEMA[kind]
    values = unpack(data[2:])
    if type(values) is not list:
        raise WireError(ErrorCode.MALFORMED, "", "the fields are one array")
    return _checked(values, made, checks)


def decode_as(made: type[_T], data: bytes) -> _T:
    """Read a frame of which the kind is known to be ``made``'s."""
    frame = decode(data)
    if type(frame) is not made:
        raise WireError(ErrorCode.UNKNOWN_KIND, "kind", "another kind is due here")
    return frame


def _checked(values: list[Any], made: type[tuple[Any, ...]], checks: tuple[Check, ...]) -> AnyFrame:
    names: tuple[str, ...] = made._fields  # type: ignore[attr-defined]
    if len(values) < len(checks):
        raise WireError(ErrorCode.FIELD, names[len(values)], "is missing")
    for index, check in enumerate(checks):
        reason = check(values[index])
        if reason is not None:
            raise WireError(ErrorCode.FIELD, names[index], reason)
    if len(values) > len(checks):
        del values[len(checks) :]
    return cast(AnyFrame, made._make(values))  # type: ignore[attr-defined]
