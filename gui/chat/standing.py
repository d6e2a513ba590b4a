"""What one may do in a room just now, by one's role and by the order that holds there.

Pure. The rules are those of the specification, section 14; the server decides by the same ones,
here they only tell what to offer. Times are of this machine's clock.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from gui.chat.room import Room
from protocol.client.happenings import RoomOrder
from protocol.codes import DirectRule, Role, RoomKind

SERVER: Final = bytes(16)
"""In place of a room: an act is for the whole server."""


def over(own: int, other: int) -> bool:
    """Whether somebody with a role keeps order over somebody with another one."""
    return own >= Role.MODERATOR and (own > other or own >= Role.OWNER)


def muted_until(order: RoomOrder, person: bytes, now_s: float) -> int | None:
    """Return until when somebody may write nothing (0: until it is lifted); None: they may."""
    until = order.muted_until(person)
    return None if until and until <= now_s * 1000 else until


def may_write_to(order: RoomOrder, own: int, other: int) -> bool:
    """Whether members of a room, with these roles, may write to each other privately."""
    kept = (own >= Role.MODERATOR, other >= Role.MODERATOR)
    if order.direct == DirectRule.FREE:
        return True
    return any(kept) if order.direct == DirectRule.WITH_MODERATORS else all(kept)


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands in a room; where there is no order, all is free."""

    order: RoomOrder = field(default_factory=RoomOrder)
    role: int = Role.MEMBER
    muted: int | None = None
    """Until when nothing may be written, in ms since 1970, 0: until it is lifted; None: not so."""
    slow_left_s: int = 0
    """Seconds until the next message may be sent."""
    kept: bool = False
    """Order is kept here at all: it is no direct message."""

    @property
    def in_charge(self) -> bool:
        """Whether one keeps order here."""
        return self.role >= Role.MODERATOR

    @property
    def may_act(self) -> bool:
        """Whether one may do something to keep order: who is muted may not."""
        return self.in_charge and self.muted is None

    @property
    def may_react(self) -> bool:
        """Whether reactions are free."""
        return self.muted is None and (self.in_charge or not self.order.paused)

    @property
    def may_say(self) -> bool:
        """Whether something may be said or edited, if not at once in a slow room."""
        return self.may_react and (self.in_charge or not self.order.announce)

    def may_write_to(self, person: bytes) -> bool:
        """Whether the room lets one write privately to somebody who is in it."""
        return may_write_to(self.order, self.role, self.order.role_of(person))

    @property
    def holds(self) -> bool:
        """Whether there is anything that people have to be told."""
        one = self.order
        return bool(
            self.muted is not None or one.paused or one.announce or one.slow_s or one.direct
        )


def standing(room: Room | None, me: bytes, server_role: int, now_s: float) -> Standing:
    """Return how one stands in a room; ``server_role`` counts where the room is open."""
    if room is None or room.info is None:
        return Standing()
    order = room.order
    if room.info.kind is RoomKind.DIRECT:
        # It knows no order, but somebody may write nowhere on the server.
        return Standing(muted=muted_until(order, me, now_s))
    role = order.role_of(me)
    if room.info.kind is RoomKind.OPEN:
        role = max(role, server_role)
    until = muted_until(order, me, now_s)
    left = 0
    if order.slow_s and role < Role.MODERATOR:
        since = now_s - room.said_s
        # A time to come is of another clock: the server will say how long.
        left = max(0, math.ceil(order.slow_s - since)) if since >= 0 else 0
    return Standing(order, role, until, left, True)
