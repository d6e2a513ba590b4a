"""The frames between client and gateway: one named tuple a kind, and their checks.

A frame is one ZeroMQ frame: a version byte, a kind byte, and one msgpack array
that holds the fields in the order given here. ``encode`` makes one, ``decode``
reads one strictly: it returns a checked tuple or raises :class:`WireError`.
Elements behind the known ones are ignored, so that later versions may append.
The tuples can be imported from here. Pure; no I/O.
"""

from typing import Any, TypeVar, cast

import msgpack

from protocol.codes import ErrorCode, Kind, Purpose
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
    exactly,
    list_of,
    maybe,
    octets,
    row,
    text,
    uint,
)
from protocol.limits import (
    ADD_MAX,
    AGENT_MAX_CHARS,
    ARRAY_MAX,
    AUDIT_PAGE_MAX,
    BLOB_MAX_BYTES,
    BLOB_RANGE_MAX_BYTES,
    BLOCK_MAX_BYTES,
    CHUNK_MAX_BYTES,
    COUNT_MAX,
    DEVICES_PER_PERSON_MAX,
    DIRECT_MEMBERS_MAX,
    FRAME_MAX_BYTES,
    HANDS_MAX,
    ITEM_MAX_BYTES,
    ITEMS_PER_SEND_MAX,
    MARKS_MEMBERS_MAX,
    MUTED_MAX,
    NICK_MAX_CHARS,
    PAGE_MAX_EVENTS,
    PEOPLE_PAGE_MAX,
    PORTRAIT_MAX_BYTES,
    PORTRAITS_MAX,
    REASON_MAX_CHARS,
    ROLES_MAX,
    ROOM_NAME_MAX_CHARS,
    ROOMS_PAGE_MAX,
    ROOMS_PER_PERSON_MAX,
    SLOW_MAX_S,
    TOKEN_MAX_CHARS,
    TS_MAX_MS,
    VERSION,
)

from protocol.tuples import (  # isort: skip
    Ack as Ack,
    Act as Act,
    Add as Add,
    Audit as Audit,
    AuditPage as AuditPage,
    BlobChunk as BlobChunk,
    BlobData as BlobData,
    BlobGet as BlobGet,
    BlobHave as BlobHave,
    BlobPut as BlobPut,
    Busy as Busy,
    Bye as Bye,
    Devices as Devices,
    DevicesPage as DevicesPage,
    Direct as Direct,
    Done as Done,
    Error as Error,
    Events as Events,
    Gap as Gap,
    Hand as Hand,
    Heads as Heads,
    Hello as Hello,
    Join as Join,
    Leave as Leave,
    Left as Left,
    Link as Link,
    Linked as Linked,
    Mark as Mark,
    Marked as Marked,
    Marks as Marks,
    Members as Members,
    MembersPage as MembersPage,
    Order as Order,
    Ordered as Ordered,
    Page as Page,
    People as People,
    PeoplePage as PeoplePage,
    Ping as Ping,
    Pong as Pong,
    Portraits as Portraits,
    PortraitsPage as PortraitsPage,
    Presence as Presence,
    Private as Private,
    Profile as Profile,
    Profiled as Profiled,
    Read as Read,
    Refused as Refused,
    Rename as Rename,
    Renamed as Renamed,
    Room as Room,
    Rooms as Rooms,
    RoomsPage as RoomsPage,
    Send as Send,
    Typed as Typed,
    Typing as Typing,
    Welcome as Welcome,
)

_ADDRESSES = list_of(text(300, 1), 64)
_WORDS = text(500)
_MEMBERS = list_of(row(PERSON, text(NICK_MAX_CHARS)), DIRECT_MEMBERS_MAX)
_ROOM_ROW = row(ROOM, uint(255), text(ROOM_NAME_MAX_CHARS), SEQ, _MEMBERS)
_PERSON_FIELDS = row(PERSON, text(NICK_MAX_CHARS), boolean, uint(255), octets(8), uint(255))
_HEAD_ROW = row(ROOM, SEQ)
_BLOCK_BYTES = octets(BLOCK_MAX_BYTES * 2, 1)
_COUNT = uint(COUNT_MAX, 1)


def _person_row(value: Any) -> str | None:
    # Servers of the first versions leave colour and picture out, or the role.
    if type(value) is list and len(value) in (3, 5):
        value += (0, b"", 0)[len(value) - 3 :]
    return _PERSON_FIELDS(value)


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
    Kind.PEOPLE_PAGE: (PeoplePage, (REQUEST, boolean, list_of(_person_row, PEOPLE_PAGE_MAX))),
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
            uint(255, 1),
            text(ROOM_NAME_MAX_CHARS),
            SEQ,
            _MEMBERS,
        ),
    ),
    Kind.LEAVE: (Leave, (REQUEST, ROOM)),
    Kind.LEFT: (Left, (REQUEST, ROOM)),
    Kind.RENAME: (Rename, (REQUEST, _NICK)),
    Kind.RENAMED: (Renamed, (REQUEST, text(NICK_MAX_CHARS, 1))),
    Kind.PRESENCE: (Presence, (list_of(_person_row, PEOPLE_PAGE_MAX),)),
    Kind.LINK: (Link, (REQUEST,)),
    Kind.LINKED: (Linked, (REQUEST, text(TOKEN_MAX_CHARS, 1), uint())),
    Kind.TYPING: (Typing, (ROOM,)),
    Kind.TYPED: (Typed, (ROOM, PERSON)),
    Kind.MARK: (Mark, (ROOM, COUNTER)),
    Kind.MARKS: (Marks, (REQUEST, ROOM)),
    Kind.MARKED: (Marked, (REQUEST, ROOM, list_of(row(PERSON, SEQ), MARKS_MEMBERS_MAX))),
    Kind.PROFILE: (Profile, (REQUEST, uint(255), octets(PORTRAIT_MAX_BYTES))),
    Kind.PROFILED: (Profiled, (REQUEST, uint(255), octets(8))),
    Kind.PORTRAITS: (Portraits, (REQUEST, list_of(PERSON, PORTRAITS_MAX, 1))),
    Kind.PORTRAITS_PAGE: (
        PortraitsPage,
        (REQUEST, list_of(row(PERSON, octets(PORTRAIT_MAX_BYTES, 1)), PORTRAITS_MAX)),
    ),
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
    Kind.PRIVATE: (
        Private,
        (
            REQUEST,
            text(ROOM_NAME_MAX_CHARS * 4, 1),
            list_of(PERSON, ADD_MAX),
        ),
    ),
    Kind.ADD: (Add, (REQUEST, ROOM, list_of(PERSON, ADD_MAX, 1))),
    Kind.MEMBERS: (Members, (REQUEST, ROOM, octets(8), _LIMIT)),
    Kind.MEMBERS_PAGE: (
        MembersPage,
        (
            REQUEST,
            ROOM,
            boolean,
            list_of(row(PERSON, text(NICK_MAX_CHARS), boolean, uint(255)), PEOPLE_PAGE_MAX),
        ),
    ),
    Kind.ORDER: (Order, (REQUEST, ROOM)),
    Kind.ORDERED: (
        Ordered,
        (
            REQUEST,
            ROOM,
            boolean,
            boolean,
            uint(SLOW_MAX_S),
            uint(255),
            list_of(row(PERSON, uint(255)), ROLES_MAX),
            list_of(row(PERSON, uint(TS_MAX_MS)), MUTED_MAX),
            list_of(PERSON, HANDS_MAX),
        ),
    ),
    Kind.ACT: (
        Act,
        (REQUEST, uint(255, 1), ROOM, octets(8), octets(8), SEQ, text(REASON_MAX_CHARS)),
    ),
    Kind.DONE: (Done, (REQUEST,)),
    Kind.HAND: (Hand, (ROOM, boolean)),
    Kind.DEVICES: (Devices, (REQUEST, PERSON)),
    Kind.DEVICES_PAGE: (
        DevicesPage,
        (REQUEST, list_of(row(exactly(8), boolean, boolean), DEVICES_PER_PERSON_MAX)),
    ),
    Kind.AUDIT: (Audit, (REQUEST, SEQ, uint(AUDIT_PAGE_MAX, 1))),
    Kind.AUDIT_PAGE: (
        AuditPage,
        (
            REQUEST,
            boolean,
            list_of(
                row(
                    COUNTER,
                    uint(TS_MAX_MS),
                    octets(8),
                    text(NICK_MAX_CHARS),
                    uint(255),
                    octets(8),
                    text(NICK_MAX_CHARS),
                    SEQ,
                    text(REASON_MAX_CHARS),
                ),
                AUDIT_PAGE_MAX,
            ),
        ),
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
