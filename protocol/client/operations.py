"""What the session wants written down, as data, and what the store gives back at a start.

The session decides and never touches a file; the store writes all operations of
one drain in one transaction. Pure; no I/O.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from protocol.blocks import Event
from protocol.codes import RoomKind

Members = tuple[tuple[bytes, str], ...]
"""Rows of person and nickname."""


class PersonRow(NamedTuple):
    """Somebody on the server, as far as it lasts."""

    person: bytes
    nick: str
    colour: int = 0
    picture: bytes = b""
    """Names their picture."""


@dataclass(frozen=True, slots=True)
class Enqueue:
    """A message of one's own goes into the outbox."""

    room: bytes
    outbox_epoch: bytes
    n: int
    item: bytes


@dataclass(frozen=True, slots=True)
class Settle:
    """The messages with these counters are acknowledged: the outbox is rid of them."""

    room: bytes
    outbox_epoch: bytes
    counters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fail:
    """The messages with these counters will never be stored; kept to be shown."""

    room: bytes
    outbox_epoch: bytes
    counters: tuple[int, ...]
    code: int
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Discard:
    """A refused message is not to be shown any more."""

    room: bytes
    outbox_epoch: bytes
    n: int


@dataclass(frozen=True, slots=True)
class Renumber:
    """From now on the outbox of this room counts from 1 under a new outbox epoch."""

    room: bytes
    outbox_epoch: bytes


@dataclass(frozen=True, slots=True)
class PutRoom:
    """One is a member of this room; replaces what was known of it but for its events."""

    room: bytes
    kind: RoomKind
    name: str
    members: Members
    epoch: bytes
    head: int


@dataclass(frozen=True, slots=True)
class DropRoom:
    """One is no longer a member: the local copy goes, the outbox stays."""

    room: bytes


@dataclass(frozen=True, slots=True)
class DropEvents:
    """The local copy of this room is of another history: forget it and its interval."""

    room: bytes


@dataclass(frozen=True, slots=True)
class Apply:
    """Events of a room with the interval ``low < seq <= high`` that is then held whole."""

    room: bytes
    epoch: bytes
    events: tuple[Event, ...]
    low: int
    high: int
    head: int


@dataclass(frozen=True, slots=True)
class PutMe:
    """Who one is on this server."""

    person: bytes
    nick: str
    server: str


@dataclass(frozen=True, slots=True)
class PutAddresses:
    """The gateways that are known, the best first."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutPeople:
    """People with their nicknames and looks."""

    people: tuple[PersonRow, ...]


@dataclass(frozen=True, slots=True)
class UploadRow:
    """A picture or a file whose message follows when the server has its bytes."""

    number: int
    """Names it in the file; never used twice while it is there."""
    room: bytes
    kind: int
    """IMAGE or FILE."""
    path: str
    size: int
    """Bytes of the file, to know whether it is still the same."""
    mtime_ns: int
    caption: str
    reply: int
    shrink: bool


@dataclass(frozen=True, slots=True)
class PutUpload:
    """An upload begins."""

    row: UploadRow


@dataclass(frozen=True, slots=True)
class DropUpload:
    """An upload is over, one way or the other."""

    number: int


Operation = (
    Enqueue
    | Settle
    | Fail
    | Discard
    | Renumber
    | PutRoom
    | DropRoom
    | DropEvents
    | Apply
    | PutMe
    | PutAddresses
    | PutPeople
    | PutUpload
    | DropUpload
)


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room as the store holds it; ``low`` and ``high`` are -1 before its first page."""

    room: bytes
    kind: RoomKind
    name: str
    members: Members
    epoch: bytes
    head: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message of the outbox; ``code`` is 0 while it waits, else why it was refused."""

    room: bytes
    outbox_epoch: bytes
    n: int
    item: bytes
    code: int
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a session needs to know from the last time."""

    outbox_epoch: bytes
    person: bytes = b""
    nick: str = ""
    server: str = ""
    addresses: tuple[str, ...] = ()
    rooms: tuple[RoomRow, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    counters: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    """Room → its outbox epoch and the next ``n``."""
    people: tuple[PersonRow, ...] = ()
    uploads: tuple[UploadRow, ...] = ()
    """Those that were not finished."""
