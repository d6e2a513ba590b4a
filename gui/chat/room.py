"""What is known of one room: entries of its timeline, pictures under way, unread messages.

Pure data with its questions; :mod:`gui.chat.model` changes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from protocol.client.happenings import MemberInfo, RoomInfo, RoomOrder
from protocol.items import CHANGES

NEVER = float("-inf")
"""A time before all others."""


class State(Enum):
    """How far a message of one's own is."""

    QUEUED = "queued"
    """On this machine's disk; it waits for the connection."""
    SENT = "sent"
    """Under way to the server."""
    STORED = "stored"
    """On the server's disk."""
    FAILED = "failed"
    """Refused for ever; it can be sent anew or thrown away."""


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
    state: State = State.STORED
    reason: str = ""
    """Why it failed."""
    edited: bool = False
    deleted: bool = False
    """Taken back by its author, or removed; ``body`` is empty."""
    removed_by: tuple[bytes, str] | None = None
    """(person, nickname at the time) of whoever in charge removed it."""
    reactions: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    """(emoji, who reacted), the oldest emoji first."""
    waiting: bool = False
    """A change of one's own to it (EDIT, DELETE, REACT) is shown but not stored yet."""

    @property
    def shown(self) -> bool:
        """Whether it is a row of its own; changes of other entries are not."""
        return self.kind not in CHANGES

    @property
    def words(self) -> str:
        """What somebody wrote: the text, or the caption."""
        return str(self.body.get("text") or self.body.get("caption") or "")

    @property
    def reply(self) -> int:
        """The ``seq`` of what it answers, or 0."""
        return int(self.body.get("reply") or 0)


class Notify(Enum):
    """What of a room makes a notification."""

    DEFAULT = "default"
    """As the settings say for all rooms."""
    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"


class Sound(Enum):
    """How a notification sounds; all but the first and the last are files that ship."""

    DEFAULT = "default"
    """As the settings say for all rooms."""
    NOTES = "notes"
    DROP = "drop"
    WOOD = "wood"
    HARP = "harp"
    NONE = "none"


SHIPPED = tuple(one for one in Sound if one not in (Sound.DEFAULT, Sound.NONE))
"""The sounds that can be heard."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written in a room and not sent yet."""

    text: str = ""
    reply: int = 0
    """The ``seq`` that it will answer, or 0."""
    edit: int = 0
    """The ``seq`` of one's own message that it will replace, or 0."""

    def __bool__(self) -> bool:
        return bool(self.text or self.reply or self.edit)

    def before(self, since: "Draft") -> "Draft":
        """Return this draft with what was written since behind it."""
        if not since.text:
            return self
        return Draft(f"{self.text}\n{since.text}", self.reply, self.edit)


@dataclass(frozen=True, slots=True)
class Transfer:
    """A picture or a file under way: ``done`` of ``total`` bytes."""

    request: int
    room: bytes
    label: str
    """The name of the file."""
    up: bool
    done: int = 0
    total: int = 0
    sha256: bytes = b""
    problem: str = ""
    """Why it failed; an upload that failed stays until it is tried again or thrown away."""


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
    unread: int = 0
    """Messages of others behind the read mark; where some are not loaded, at most so many."""
    mentions: int = 0
    """How many of them name oneself."""
    counted: int = -1
    """The highest ``seq`` that ``unread`` has taken into account."""
    latest: Entry | None = None
    """The newest entry of the room that is a row, loaded or not."""
    newer: bool = False
    """Newer entries exist than the last one here: the view was taken back into history."""
    unread_from: int = 0
    """The first ``seq`` behind the line "new messages", or 0. It stays while the room is open."""
    marks: dict[bytes, int] = field(default_factory=dict)
    """How far others have read: person → ``seq``."""
    typing: dict[bytes, float] = field(default_factory=dict)
    """Who writes just now: person → until when, in seconds of the controller's clock."""
    draft: Draft = Draft()
    notify: Notify = Notify.DEFAULT
    sound: Sound = Sound.DEFAULT
    quiet_until: float = 0.0
    """Seconds since 1970 until which it makes no notification at all."""
    quoted: dict[int, Entry] = field(default_factory=dict)
    """Answered entries that are not loaded, by ``seq``: for quotes alone."""
    changes: dict[int, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    """Changes of one's own (kind, body) that are not stored yet, by ``n``."""
    plain: dict[int, Entry] = field(default_factory=dict)
    """Entries as they are without ``changes``, by ``seq``."""
    order: RoomOrder = field(default_factory=RoomOrder)
    """What holds here, and who keeps order; as the server said last."""
    members: tuple[MemberInfo, ...] | None = None
    """Who is in it, sorted by nickname; None: nobody has asked yet. Not for direct messages."""
    members_s: float = NEVER
    """When that was asked last, in seconds of the controller's clock."""
    ordered: bool = False
    """What holds here was asked in this session; what changes of it is told from then on."""
    bans: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    """Person → (``seq``, nickname) of the newest notice about a ban; "": it was lifted."""
    said_s: float = 0.0
    """When one has said something here last, in seconds since 1970."""

    def rule(self, order: RoomOrder, asked: bool) -> None:
        """Take what holds here; ``asked``: it is the answer to a question, else it has changed."""
        if not asked and not self.order.slow_s:
            # What was said before a room was made slow does not count.
            self.said_s = 0.0
        self.order = order

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of a ``seq``, if it is loaded (or quoted)."""
        if self.entries and self.first_seq <= seq <= self.last_seq:
            return self.entries[seq - self.first_seq]
        return self.quoted.get(seq)

    def seen_by(self, seq: int) -> list[bytes]:
        """Return who is known to have read up to ``seq`` or further."""
        return [person for person, mark in self.marks.items() if mark >= seq]

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
        """The newest row, one's own waiting one before all others; or None.

        One that was refused may stand there for days: it does not hide what is said since.
        """
        own = next((one for one in reversed(self.pending) if one.state is not State.FAILED), None)
        return own or self.latest or (self.pending[-1] if self.pending else None)
