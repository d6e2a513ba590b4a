"""The frames between client and gateway as named tuples: one a kind, its fields in their order.

Data alone; :mod:`protocol.frames` checks, encodes and decodes them.
"""

from typing import Any, NamedTuple


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
    """gateway → client: rows of person, nickname, online, colour, picture, role; ascending."""

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
    """gateway → client: rows of person, nickname, online, colour, picture, role that changed."""

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


class Typing(NamedTuple):
    """client → gateway: the person is writing in a room; no answer."""

    room: bytes


class Typed(NamedTuple):
    """gateway → client: somebody is writing in a room; counts for TYPING_MS."""

    room: bytes
    person: bytes


class Mark(NamedTuple):
    """client → gateway: the person has read a room up to ``seq``; no answer."""

    room: bytes
    seq: int


class Marks(NamedTuple):
    """client → gateway: who has read a room how far?"""

    request: int
    room: bytes


class Marked(NamedTuple):
    """gateway → client: rows of person, ``seq``; ``request`` 0: these have moved."""

    request: int
    room: bytes
    marks: list[list[Any]]


class Profile(NamedTuple):
    """client → gateway: the person's colour (0: by itself) and picture (``b""``: none)."""

    request: int
    colour: int
    picture: bytes


class Profiled(NamedTuple):
    """gateway → client: they are this now; ``picture`` is named by 8 bytes of its SHA-256."""

    request: int
    colour: int
    picture: bytes


class Portraits(NamedTuple):
    """client → gateway: the pictures of these people."""

    request: int
    people: list[bytes]


class PortraitsPage(NamedTuple):
    """gateway → client: rows of person, picture; who has none is left out."""

    request: int
    portraits: list[list[Any]]


class Private(NamedTuple):
    """client → gateway: make a private room with these people in it."""

    request: int
    name: str
    people: list[bytes]


class Add(NamedTuple):
    """client → gateway: bring these people into a private room."""

    request: int
    room: bytes
    people: list[bytes]


class Members(NamedTuple):
    """client → gateway: who is in a room, from the person after ``after`` (``b""``: the first)."""

    request: int
    room: bytes
    after: bytes
    limit: int


class MembersPage(NamedTuple):
    """gateway → client: rows of person, nickname, online, role in the room; ascending."""

    request: int
    room: bytes
    more: bool
    members: list[list[Any]]


class Order(NamedTuple):
    """client → gateway: what holds in a room, and who keeps order there?"""

    request: int
    room: bytes


class Ordered(NamedTuple):
    """gateway → client: that; ``request`` 0: something of it has changed.

    ``direct`` is a :class:`protocol.codes.DirectRule`; ``roles`` has rows of person, role;
    ``muted`` rows of person, until_ts (0: until lifted); ``hands`` those whose hand is up.
    """

    request: int
    room: bytes
    paused: bool
    announce: bool
    slow_s: int
    direct: int
    roles: list[list[Any]]
    muted: list[list[Any]]
    hands: list[bytes]


class Act(NamedTuple):
    """client → gateway: keep order; ``room`` zeros: on the server."""

    request: int
    act: int
    room: bytes
    person: bytes
    device: bytes
    value: int
    text: str


class Done(NamedTuple):
    """gateway → client: it is done, and in force everywhere."""

    request: int


class Hand(NamedTuple):
    """client → gateway: one's hand is up in this room, or down; no answer."""

    room: bytes
    up: bool


class Devices(NamedTuple):
    """client → gateway: the devices of a person."""

    request: int
    person: bytes


class DevicesPage(NamedTuple):
    """gateway → client: rows of device tag, online, banned; in the order of their coming."""

    request: int
    devices: list[list[Any]]


class Audit(NamedTuple):
    """client → gateway: what was done on the server, newest first, below ``before`` (0: all)."""

    request: int
    before: int
    limit: int


class AuditPage(NamedTuple):
    """gateway → client: rows of no, ts, actor, their nickname, act, whom, nickname, value, text."""

    request: int
    more: bool
    acts: list[list[Any]]
