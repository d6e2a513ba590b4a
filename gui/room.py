"""What is known of one room: entries of its timeline, pictures under way, unread messages.

Pure data with its questions; :mod:`gui.model` changes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Any

from protocol.client.happenings import RoomInfo
from protocol.codes import EventKind


class State(Enum):
    """How far a message of one's own is."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a room's timeline. A changed entry is a new object with the same ``key``."""

    key: int
    seq: int
    """0 while the server has not stored it."""
    ts: int
    """Milliseconds since 1970."""
    person: bytes
    nick: str
    kind: int
    body: Mapping[str, Any]
    own: bool
    n: int = 0
    state: State = State.SENT
    reason: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A picture under way: ``done`` of ``total`` bytes."""

    request: int
    room: bytes
    label: str
    up: bool
    done: int = 0
    total: int = 0
    sha256: bytes = b""


@dataclass(slots=True)
class Room:
    """A room that one is in, with what is loaded of it."""

    room: bytes
    info: RoomInfo | None = None
    entries: list[Entry] = field(default_factory=list)
    pending: list[Entry] = field(default_factory=list)
    more: bool = True
    """Older entries may exist than the first one here."""
    asked: int = 0
    """The request number of a history that is under way, or 0."""
    trouble: str = ""
    """Why the last request for history failed."""
    primed: bool = False
    """Its newest messages were asked for once."""
    read: int = -1
    """The highest ``seq`` that was seen; -1: this room was never looked at."""

    @property
    def first_seq(self) -> int:
        """The oldest loaded ``seq``, or 0."""
        return self.entries[0].seq if self.entries else 0

    @property
    def last_seq(self) -> int:
        """The newest loaded ``seq``, or 0."""
        return self.entries[-1].seq if self.entries else 0

    @property
    def timeline(self) -> list[Entry]:
        """Everything to show, oldest first."""
        return self.entries + self.pending

    @property
    def last(self) -> Entry | None:
        """The newest entry, or None."""
        if self.pending:
            return self.pending[-1]
        return self.entries[-1] if self.entries else None

    @property
    def unread(self) -> int:
        """Messages of others behind the read mark, the ones that are not loaded too."""
        if self.read < 0:
            return 0
        count = 0
        for entry in reversed(self.entries):
            if entry.seq <= self.read:
                return count
            if not entry.own and entry.kind != EventKind.NOTICE:
                count += 1
        if self.entries:
            count += max(0, self.entries[0].seq - self.read - 1)
        return count


def drop_before_hole(room: Room) -> None:
    """Forget the entries before a hole: the newer side stays, the older is loaded again."""
    entries = room.entries
    if entries[-1].seq - entries[0].seq + 1 == len(entries):
        return
    cut = 0
    for index, (one, two) in enumerate(pairwise(entries), 1):
        if two.seq != one.seq + 1:
            cut = index
    del entries[:cut]
    room.more = True
