"""What the client tells the program behind it: one frozen dataclass a happening.

The client's network thread hands these to the ``on_happening`` callable that it
was given, in order. A program with a window puts them into its own queue.
Messages of a room always come ascending by ``seq``, each once.
"""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from protocol.codes import RoomKind

from protocol.client.roomorder import (  # isort: skip
    ActDone as ActDone,
    AuditEntry as AuditEntry,
    AuditKnown as AuditKnown,
    DeviceInfo as DeviceInfo,
    DevicesKnown as DevicesKnown,
    MemberInfo as MemberInfo,
    MembersKnown as MembersKnown,
    OrderKnown as OrderKnown,
    RoomOrder as RoomOrder,
)

DISK_FULL = 1_000
"""A code of :class:`Failed` that no server sends: there is no room on this machine."""


class Link(Enum):
    """The one honest state of the connection."""

    CONNECTING = "connecting"
    ONLINE = "online"
    WAITING = "waiting"
    """Not connected; the next try comes by itself (``retry_ms``)."""
    REFUSED = "refused"
    """The server does not want this client; trying again by itself would not help."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The connection has another state; ``text`` is one line for people when not online."""

    link: Link
    address: str = ""
    text: str = ""
    retry_ms: int = 0
    code: int = 0
    """An ErrorCode when REFUSED (TOKEN, NICK_TAKEN, NICK_BAD, VERSION, BANNED, …); when WAITING
    that of the server's goodbye (FLOOD, STOPPING, …), if it said one; else 0."""


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The server knows us: comes at every (re)connection, before the first RoomsChanged."""

    person: bytes
    nick: str
    server: str


@dataclass(frozen=True, slots=True)
class PutAside:
    """The server was restored from a backup, and its rooms are read anew.

    What was known here before may be more than the server knows now: it lies in ``path``, a copy
    of the client's file.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room that one is a member of."""

    room: bytes
    kind: RoomKind
    name: str
    """Its name; "" for a direct message (show the other members' nicknames)."""
    members: tuple[tuple[bytes, str], ...]
    """(person, nickname) of a direct message's members; empty for other rooms."""
    epoch: bytes
    head: int
    """The highest ``seq`` that the server is known to have."""
    low: int
    """Held locally without a hole: low < seq <= high. ``low`` 0: back to the first message."""
    high: int


@dataclass(frozen=True, slots=True)
class RoomsChanged:
    """All rooms that one is in, in the order joined; comes whenever one of them changes."""

    rooms: tuple[RoomInfo, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """An event of a room, decoded."""

    room: bytes
    epoch: bytes
    seq: int
    ts: int
    """Milliseconds since 1970, the server's clock; for display only."""
    person: bytes
    nick: str
    kind: int
    """An EventKind, or a number that this version does not know (``body`` is then empty)."""
    body: dict[str, Any]
    own: bool
    """Sent by this person (from any device)."""
    n: int
    """Its counter in this client's outbox, or 0 if it came from another one."""
    edited: bool = False
    """``body`` is not what was said at first but what its author made of it since."""
    deleted: bool = False
    """It was taken back, by its author or by somebody in charge: ``body`` is empty."""
    reactions: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    """(emoji, who, in the order in which they reacted), the oldest emoji first."""
    removed_by: tuple[bytes, str] | None = None
    """(person, nickname at the time) of whoever in charge removed it; None: nobody did."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Messages that are new at the end of a room. ``live``: as they were said, not caught up."""

    room: bytes
    messages: tuple[Message, ...]
    live: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answer to ``history``, ``later`` and ``around``: messages without a hole, ascending."""

    request: int
    room: bytes
    messages: tuple[Message, ...]
    more: bool
    """Older ones exist."""
    newer: bool = False
    """Newer ones exist."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Messages that look different now, because of an EDIT, DELETE or REACT that came."""

    room: bytes
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Queued:
    """A message of one's own is in the outbox on disk: show it as being sent."""

    room: bytes
    n: int
    kind: int
    body: dict[str, Any]
    request: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages of one's own are under way; a LinkChanged that is not ONLINE takes it back."""

    room: bytes
    first_n: int
    count: int


@dataclass(frozen=True, slots=True)
class Discarded:
    """A refused message of one's own was thrown away, or sent anew under another ``n``."""

    room: bytes
    n: int


@dataclass(frozen=True, slots=True)
class Acked:
    """A message of one's own is stored by the server; Arrived brings it with its ``seq``."""

    room: bytes
    n: int
    epoch: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Delayed:
    """The server takes nothing of one's own in this room for ``retry_ms``: it is slow, or busy.

    The messages from ``n`` on are sent by themselves then. Shorter waits are not told.
    """

    room: bytes
    n: int
    retry_ms: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A message of one's own will never be stored; ``text`` says why.

    With FORBIDDEN the order of the room does not allow it now; ``field`` says what does not:
    ``role``, ``muted``, ``paused``, ``announce`` or ``direct``. It may be sent anew later.
    """

    room: bytes
    n: int
    code: int
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """Somebody on the server."""

    person: bytes
    nick: str
    online: bool
    colour: int = 0
    """The colour that they chose, from 1; 0: by itself."""
    picture: bytes = b""
    """Names their picture (8 bytes); empty: they have none."""
    role: int = 0
    """A Role (or a number of a later version): what they may do on the server."""


@dataclass(frozen=True, slots=True)
class PeopleKnown:
    """Everybody on the server, sorted by nickname: at the answer to ``people`` and on change."""

    people: tuple[PersonInfo, ...]
    request: int = 0


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """A room that anybody may join."""

    room: bytes
    name: str
    members: int
    joined: bool


@dataclass(frozen=True, slots=True)
class RoomsListed:
    """The answer to ``open_rooms``, sorted by name."""

    request: int
    rooms: tuple[OpenRoom, ...]


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody is writing in a room; it counts for TYPING_MS."""

    room: bytes
    person: bytes


@dataclass(frozen=True, slots=True)
class Marked:
    """How far people have read a room: (person, ``seq``); only those that moved, or all."""

    room: bytes
    marks: tuple[tuple[bytes, int], ...]


@dataclass(frozen=True, slots=True)
class PortraitsCame:
    """The answer to ``portraits``: (person, encoded picture, untrusted) of those who have one."""

    request: int
    portraits: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """``gather`` goes on: the room is held from after ``low`` to ``high``; Done follows at 0."""

    request: int
    room: bytes
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Done:
    """A request went well.

    ``room`` is set for join, direct and make_private, ``text`` for link_device (the token)
    and rename (the new nickname).
    """

    request: int
    room: bytes = b""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """A request did not; ``text`` is one line for people. ``request`` 0: no request's fault.

    ``field`` is what the server found fault with; with FORBIDDEN what does not allow it:
    ``role``, ``direct``, ``nick`` (it is locked), …
    """

    request: int
    code: int
    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Resumed:
    """An upload that the program's last run left unfinished goes on, under this request."""

    request: int
    room: bytes
    kind: int
    name: str
    """The name of the file."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A picture or a file is on its way: ``done`` of ``total`` bytes."""

    request: int
    done: int
    total: int
    up: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture or a file is here, whole and checked by its SHA-256, in a file of the profile."""

    request: int
    sha256: bytes
    path: Path = field(default_factory=Path)


Happening = (
    LinkChanged
    | Welcomed
    | PutAside
    | RoomsChanged
    | Arrived
    | Loaded
    | Changed
    | Queued
    | Sent
    | Discarded
    | Acked
    | Delayed
    | Refused
    | PeopleKnown
    | RoomsListed
    | Typing
    | Marked
    | PortraitsCame
    | OrderKnown
    | MembersKnown
    | ActDone
    | DevicesKnown
    | AuditKnown
    | Gathered
    | Done
    | Failed
    | Resumed
    | Progress
    | Fetched
)
