"""The journal's interface: what is stored, and the few things one can do with it.

The journal is the truth; PUB is a hint. It stands behind this interface with a
conformance suite (``tests/broker/test_journal.py``) that every implementation must pass;
nothing outside knows which one it is. Numbers (``no``) of people, devices, rooms and
writers are given by the broker, ascending from 1, and name rows inside the journal.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from protocol.codes import DirectRule, Role, RoomKind
from protocol.limits import TS_MAX_MS


class BlockRow(NamedTuple):
    """A block of a room; ``data`` are its bytes as published."""

    room_no: int
    first_seq: int
    last_seq: int
    ts: int
    data: bytes


class WriterRow(NamedTuple):
    """Who wrote into a room from which outbox, and the last counter answered."""

    no: int
    room_no: int
    device_no: int
    outbox_epoch: bytes
    last_n: int


class AnswerRow(NamedTuple):
    """The answer that counters ``first_n … last_n`` of a writer got, for ever.

    ``code`` 0: stored from ``first_seq`` on; else they were refused.
    """

    writer_no: int
    first_n: int
    last_n: int
    first_seq: int
    code: int
    field: str
    text: str


class PersonRow(NamedTuple):
    """Somebody; ``skeleton`` is unique, so that no two nicknames look alike."""

    no: int
    person: bytes
    nick: str
    skeleton: str


class ProfileRow(NamedTuple):
    """What somebody looks like: a colour (0: none chosen), and what their picture is called.

    ``picture`` is 8 bytes, or empty: none. The picture itself stands apart, because the broker
    keeps profiles in memory and pictures not.
    """

    person_no: int
    colour: int
    picture: bytes


class DeviceRow(NamedTuple):
    """A device is its CURVE public key."""

    no: int
    key: bytes
    person_no: int


class RoomRow(NamedTuple):
    """A room. ``handle`` is unique: an open room's folded name, a direct message's members."""

    no: int
    room: bytes
    kind: RoomKind
    name: str
    handle: str
    head: int
    last_ts: int


class MemberRow(NamedTuple):
    """A person is in a room; ``order`` ascends with joining."""

    room_no: int
    person_no: int
    order: int


class MarkRow(NamedTuple):
    """A person has read a room up to ``seq``; 0: there is no mark any more."""

    room_no: int
    person_no: int
    seq: int


class BlobRow(NamedTuple):
    """A blob was posted in a room, so its members may read it."""

    room_no: int
    sha256: bytes
    size: int


class TokenRow(NamedTuple):
    """A device-link token, hashed; ``expires_ts`` in ms since 1970."""

    digest: bytes
    person_no: int
    expires_ts: int


FOREVER_TS = TS_MAX_MS
"""``muted_until`` of somebody who is muted until it is lifted."""

AUDIT_MAX = 100_000
"""Acts that the audit log keeps: about 20 MB. Each more makes the oldest one go, so that nobody can
fill the disk by acting, and it takes 100,000 acts, all by those in charge, to hide one."""


class StandingRow(NamedTuple):
    """What somebody is on the server; who is nothing but a member has no row.

    The row of somebody who is nothing else any more takes theirs away.
    """

    person_no: int
    role: Role
    banned: bool
    nick_locked: bool
    muted_until: int
    """ms since 1970; 0: is not muted."""


class RoomStandingRow(NamedTuple):
    """What somebody is in a room, stored like a :class:`StandingRow`.

    It does not follow the membership: a ban outlives it, and whoever ends a membership also ends
    the role.
    """

    room_no: int
    person_no: int
    role: Role
    banned: bool
    muted_until: int


class RulesRow(NamedTuple):
    """What holds in a room; a room without rules has no row, and this one takes it away."""

    room_no: int
    paused: bool
    announce: bool
    slow_s: int
    direct: DirectRule


class AuditRow(NamedTuple):
    """What somebody in charge did on the server; ``no`` ascends from 1.

    ``actor_no`` 0: the admin, by an invite; ``person_no`` 0: it concerns nobody. The nicknames are
    those of then. The newest ``AUDIT_MAX`` are kept.
    """

    no: int
    ts: int
    actor_no: int
    actor_nick: str
    act: int
    person_no: int
    nick: str
    value: int
    text: str


@dataclass(slots=True)
class Batch:
    """Everything that one drain changes; it is stored whole or not at all."""

    blocks: list[BlockRow] = field(default_factory=list)
    writers: dict[int, WriterRow] = field(default_factory=dict)
    answers: list[AnswerRow] = field(default_factory=list)
    people: list[PersonRow] = field(default_factory=list)
    devices: list[DeviceRow] = field(default_factory=list)
    rooms: list[RoomRow] = field(default_factory=list)
    joined: list[MemberRow] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    blobs: list[BlobRow] = field(default_factory=list)
    tokens: list[TokenRow] = field(default_factory=list)
    used_tokens: list[bytes] = field(default_factory=list)
    profiles: dict[int, ProfileRow] = field(default_factory=dict)
    pictures: dict[int, bytes] = field(default_factory=dict)
    """By ``person_no``; empty: it goes."""
    marks: list[MarkRow] = field(default_factory=list)
    standings: dict[int, StandingRow] = field(default_factory=dict)
    room_standings: dict[tuple[int, int], RoomStandingRow] = field(default_factory=dict)
    rules: dict[int, RulesRow] = field(default_factory=dict)
    banned_devices: dict[int, bool] = field(default_factory=dict)
    """By ``device_no``; False: not any more."""
    audit: list[AuditRow] = field(default_factory=list)
    invite_uses: dict[str, int] = field(default_factory=dict)
    """How often each counted invite was used, by its id."""

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return bool(
            self.blocks
            or self.writers
            or self.answers
            or self.people
            or self.devices
            or self.rooms
            or self.joined
            or self.left
            or self.blobs
            or self.tokens
            or self.used_tokens
            or self.profiles
            or self.pictures
            or self.marks
            or self.standings
            or self.room_standings
            or self.rules
            or self.banned_devices
            or self.audit
            or self.invite_uses
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """What a broker keeps in memory, read at its start."""

    people: list[PersonRow]
    devices: list[DeviceRow]
    rooms: list[RoomRow]
    members: list[MemberRow]
    tokens: list[TokenRow]
    profiles: list[ProfileRow]
    marks: list[MarkRow]
    last_writer_no: int
    last_order: int
    standings: list[StandingRow] = field(default_factory=list)
    room_standings: list[RoomStandingRow] = field(default_factory=list)
    rules: list[RulesRow] = field(default_factory=list)
    banned_devices: list[int] = field(default_factory=list)
    invite_uses: dict[str, int] = field(default_factory=dict)
    last_audit_no: int = 0


class Page(NamedTuple):
    """Whole blocks of a room, ascending, with what the range asked for."""

    blocks: list[bytes]
    head: int
    more: bool


class History(Protocol):
    """Reading what is committed; any number of these beside the one writer."""

    def at_once(self) -> AbstractContextManager[None]:
        """All that is read in this context is of one moment: whether somebody may, and what.

        Nothing else is done in it: what it holds back is the shortening of the journal's WAL.
        """

    def read(self, room: bytes, after: int, before: int, limit: int, max_bytes: int) -> Page | None:
        """Return blocks with events of ``after < seq < before`` (0: no bound).

        Without ``before`` the oldest of them come first, up to ``limit`` events or
        ``max_bytes``; with it the newest. None: there is no such room. Raises
        :class:`DamagedError` for bytes that are not those that were written, or that are
        lost; a page ends before them, so that only the one that would begin there fails.
        """

    def person_of(self, device: bytes) -> int | None:
        """Return the number of the person whose device has this key.

        None: it is nobody's, or it or its person is banned from the server. Raises
        :class:`DamagedError`.
        """

    def is_member(self, person_no: int, room: bytes) -> bool:
        """Whether the person is in the room; not, if there is none. Raises DamagedError."""

    def has_blob(self, room: bytes, sha256: bytes) -> bool:
        """Whether the blob was posted in the room."""

    def close(self) -> None:
        """Give the storage back."""


class Journal(Protocol):
    """The one writer."""

    epoch: bytes
    """16 random bytes, made with the journal: another value is another history."""

    def take_over(self) -> int:
        """Become the writer: raise the term by one, durably, and return it."""

    def contents(self) -> Contents:
        """Read what the broker keeps in memory."""

    def append(self, batch: Batch) -> None:
        """Store the batch in one durable transaction.

        Raises :class:`FencedError` when another broker has taken over, :class:`FullError` when
        there is no room, and :class:`JournalError` when the storage fails otherwise. Nothing is
        stored then, and after a FullError the journal can be read and tried again.
        """

    def has_room(self) -> bool:
        """Whether there is room for more than the reserve; asked about once a second."""

    def can_write(self) -> bool:
        """Write a little, durably; False: there is no room, and nothing has changed.

        Raises what ``append`` raises otherwise.
        """

    def writer(self, room_no: int, device_no: int, outbox_epoch: bytes) -> WriterRow | None:
        """Return the writer of these three, if it ever wrote; raise :class:`DamagedError`."""

    def answers(self, writer_no: int, first_n: int, last_n: int) -> Iterator[AnswerRow]:
        """Yield the stored answers that touch ``first_n … last_n``, ascending.

        Raises :class:`DamagedError`.
        """

    def picture(self, person_no: int) -> bytes:
        """Return somebody's picture; empty: they have none. Raises :class:`DamagedError`."""

    def posted(self, sha256: bytes, room_nos: Iterable[int]) -> bool:
        """Whether the blob was posted in one of these rooms. Raises :class:`DamagedError`."""

    def audit(self, before: int, limit: int) -> list[AuditRow]:
        """Return up to ``limit`` acts of the audit log with ``no < before``, the newest first.

        ``before`` 0: from the newest. Raises :class:`DamagedError`.
        """

    def health(self) -> dict[str, str]:
        """Say in a few words what there is: implementation, durability, versions."""

    def close(self) -> None:
        """Give the storage back."""
