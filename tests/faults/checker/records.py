"""The records of a history, and the words in them that everybody must write alike.

Times are ``time.monotonic_ns`` of one host. Bytes (room, epoch, person, outbox epoch) are
lower-case hex. A record that is missing means "unknown", never "failed". Pure; no I/O.
"""

import re
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeAlias

from protocol.blocks import Event
from protocol.codes import EventKind
from protocol.errors import WireError
from protocol.items import decode_item

Entry: TypeAlias = list[Any]
"""One event of a room: ``[seq, person, oe, n, v, ts]``; a list, as JSON gives it."""
SEQ, PERSON, OE, N, VALUE, TS = range(6)

CANARY: Final = re.compile(r"kenar[0-9a-f]{16}")


class Start(NamedTuple):
    """The process of the client began."""

    t: int
    p: str
    s: int
    person: str | None


class Me(NamedTuple):
    """Who the server says one is."""

    t: int
    p: str
    s: int
    person: str
    nick: str


class Room(NamedTuple):
    """One is in this room. ``members``: persons, or pairs of person and nickname."""

    t: int
    p: str
    s: int
    room: str
    kind: int
    name: str
    epoch: str
    head: int
    members: list[Any] | None


class Left(NamedTuple):
    """One is no longer in this room."""

    t: int
    p: str
    s: int
    room: str


class Invoke(NamedTuple):
    """A message is in the outbox; it cannot have been sent yet."""

    t: int
    p: str
    s: int
    room: str
    oe: str
    n: int
    v: str | None


class Ok(NamedTuple):
    """A message was acknowledged."""

    t: int
    p: str
    s: int
    room: str
    oe: str
    n: int
    epoch: str
    seq: int


class Fail(NamedTuple):
    """A message was refused for ever."""

    t: int
    p: str
    s: int
    room: str
    oe: str
    n: int
    code: int


class Gone(NamedTuple):
    """A client gave a message up that had no answer: whether it is stored, nobody knows."""

    t: int
    p: str
    s: int
    room: str
    oe: str
    n: int


class See(NamedTuple):
    """Events were applied, in this order. ``via``: live, page or disk."""

    t: int
    p: str
    s: int
    room: str
    epoch: str
    via: str
    events: list[Entry]


class Resync(NamedTuple):
    """What one held of the room was dropped: the history is another one."""

    t: int
    p: str
    s: int
    room: str
    epoch: str


class Link(NamedTuple):
    """The connection is online, waiting, refused or stopped."""

    t: int
    p: str
    s: int
    state: str
    address: str


class Busy(NamedTuple):
    """One was told to wait."""

    t: int
    p: str
    s: int
    room: str
    retry_ms: int


class End(NamedTuple):
    """The orderly end: ``low < seq <= high`` is held, ``waiting`` messages have no answer."""

    t: int
    p: str
    s: int
    room: str
    epoch: str
    low: int
    high: int
    waiting: int


class FinalPiece(NamedTuple):
    """A piece of all that is held at the end."""

    t: int
    p: str
    s: int
    room: str
    epoch: str
    events: list[Entry]


class Raw(NamedTuple):
    """Canaries that stand in the bytes that this client received."""

    t: int
    p: str
    s: int
    canaries: list[str]


class Fault(NamedTuple):
    """A fault began, was healed, or everything was whole again after it."""

    t: int
    id: int | str
    name: str
    phase: str
    details: dict[str, Any]


Record: TypeAlias = (
    Start
    | Me
    | Room
    | Left
    | Invoke
    | Ok
    | Fail
    | Gone
    | See
    | Resync
    | Link
    | Busy
    | End
    | FinalPiece
    | Raw
    | Fault
)


def entry(seq: int, person: bytes, oe: bytes, n: int, v: str | None, ts: int) -> Entry:
    """Return an event as it stands in a history: notices (``n`` 0) have no outbox epoch."""
    return [seq, person.hex(), oe.hex() if n else "", n, v, ts]


def entry_of(event: Event) -> Entry:
    """Return an event of a block as it stands in a history."""
    who, oe, n = event.person, event.outbox_epoch, event.n
    return entry(event.seq, who, oe, n, text_of(event.item), event.ts)


def text_of(item: bytes) -> str | None:
    """Return what an item says; None for what is no text."""
    try:
        kind, body = decode_item(item)
    except WireError:
        return None  # a kind of a later version
    return body["text"] if kind in (EventKind.TEXT, EventKind.EDIT) else None


def value(name: str, counter: int, private: bytes | None = None) -> str:
    """Return a text that is unique for ever; with the canary of ``private``, a room's id."""
    text = f"{name}-{counter}"
    return text if private is None else f"{text} {canary(private)}"


def canary(room: bytes) -> str:
    """Return what stands in every message of a private room and nowhere else."""
    return "kenar" + sha256(b"canary" + room).hexdigest()[:16]
