"""What the client tells of order: who may do what in a room, what holds there, what was done.

Frozen dataclasses; those that are happenings can be imported from
:mod:`protocol.client.happenings` like the others. Pure; no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from protocol.codes import DirectRule, Role
from protocol.limits import MUTED_MAX, ROLES_MAX


@dataclass(frozen=True, slots=True)
class RoomOrder:
    """What holds in a room, and who keeps order there; as it begins: everything is free."""

    paused: bool = False
    """Only those in charge may write."""
    announce: bool = False
    """Only those in charge may say something; others react, and take back what they said."""
    slow_s: int = 0
    """Seconds between two messages of one person; 0: none."""
    direct: int = DirectRule.FREE
    """A DirectRule (or a number of a later version): direct messages of members to each other."""
    roles: tuple[tuple[bytes, int], ...] = ()
    """(person, Role) of everybody who has one here, in an open room those of the server too."""
    muted: tuple[tuple[bytes, int], ...] = ()
    """(person, until): ms since 1970 by the server's clock, 0: until it is lifted."""
    hands: tuple[bytes, ...] = ()
    """Whose hand is up, in the order of going up."""

    def role_of(self, person: bytes) -> int:
        """Return somebody's role here."""
        return max((role for one, role in self.roles if one == person), default=int(Role.MEMBER))

    def muted_until(self, person: bytes) -> int | None:
        """Return until when somebody may not write here (0: until it is lifted); None: they may."""
        return next((until for one, until in self.muted if one == person), None)

    def after(self, notice: Mapping[str, Any], ts: int) -> "RoomOrder":
        """Return what holds after a notice of the room, of the time ``ts``: its checked fields.

        What is pushed may be lost, a notice is not.
        """
        value, who = notice.get("value", 0), notice.get("who", b"")
        match notice["what"]:
            case "paused":
                return replace(self, paused=bool(value))
            case "announce":
                return replace(self, announce=bool(value))
            case "slow":
                return replace(self, slow_s=value)
            case "direct":
                return replace(self, direct=value)
            case "muted" if who:
                until = ts + value * 1000 if value else 0
                others = _without(self.muted, who)[: MUTED_MAX - 1]
                return replace(self, muted=(*others, (who, until)))
            case "unmuted":
                return replace(self, muted=_without(self.muted, who))
            case "role" if who:
                others = _without(self.roles, who)[: ROLES_MAX - 1]
                return replace(self, roles=(*others, (who, value)) if value else others)
        return self


def _without(rows: tuple[tuple[bytes, int], ...], person: bytes) -> tuple[tuple[bytes, int], ...]:
    return tuple(row for row in rows if row[0] != person)


@dataclass(frozen=True, slots=True)
class OrderKnown:
    """What holds in a room: the answer to ``ask_order``, or (``request`` 0) it has changed."""

    room: bytes
    order: RoomOrder
    request: int = 0


@dataclass(frozen=True, slots=True)
class MemberInfo:
    """Somebody who is in a room."""

    person: bytes
    nick: str
    online: bool
    role: int
    """A Role (or a number of a later version): what they may do in this room."""


@dataclass(frozen=True, slots=True)
class MembersKnown:
    """The answer to ``ask_members``: everybody who is in the room, sorted by nickname."""

    room: bytes
    members: tuple[MemberInfo, ...]
    request: int


@dataclass(frozen=True, slots=True)
class ActDone:
    """The answer to ``act`` and ``add_people``: it is stored, and in force everywhere."""

    request: int


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device of somebody."""

    tag: bytes
    """The first 8 bytes of its public key."""
    online: bool
    banned: bool


@dataclass(frozen=True, slots=True)
class DevicesKnown:
    """The answer to ``ask_devices``, in the order of their coming."""

    person: bytes
    devices: tuple[DeviceInfo, ...]
    request: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done on the server to keep order."""

    no: int
    """From 1, in the order of being done; the next older ones: ``ask_audit(before=no)``."""
    ts: int
    """Milliseconds since 1970, the server's clock."""
    actor: bytes
    """Who did it; empty: the server's admin, by an invite."""
    actor_nick: str
    act: int
    """An Act (or a number of a later version)."""
    person: bytes
    """Whom it concerns, or empty."""
    nick: str
    value: int
    text: str


@dataclass(frozen=True, slots=True)
class AuditKnown:
    """The answer to ``ask_audit``, the newest first; ``more``: there are older ones."""

    acts: tuple[AuditEntry, ...]
    more: bool
    request: int
