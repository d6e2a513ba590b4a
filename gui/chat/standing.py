"""What one may do in a room just now, by one's role and by the order that holds there.

Pure. The rules are those of the specification, section 14; the server decides by the same ones,
here they only tell what to offer. Times are of this machine's clock.
"""

import math
from collections.abc import Collection
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


def apart_by(
    ruling: Room, me: bytes, server_role: int, there: Collection[bytes], direct: bool
) -> DirectRule:
    """Return the rule of a room that one is in by which these people write nothing apart, or FREE.

    ``there`` are all of a direct message, or (not ``direct``) of a private room, oneself too. Of
    the others only those are known to be held by the rule who are known to be in ``ruling``.
    """
    order, info = ruling.order, ruling.info
    if info is None or order.direct not in (DirectRule.WITH_MODERATORS, DirectRule.OFF):
        return DirectRule.FREE

    def keeps(person: bytes) -> bool:
        role = order.role_of(person)
        if person == me and info.kind is RoomKind.OPEN:
            role = max(role, server_role)
        return role >= Role.MODERATOR

    members = {me, *(one.person for one in ruling.members or ())}
    held = [one for one in (there if direct else (me,)) if one in members and not keeps(one)]
    if not held:
        return DirectRule.FREE
    if direct and order.direct == DirectRule.OFF:
        return DirectRule.OFF
    return DirectRule.FREE if any(map(keeps, there)) else DirectRule.WITH_MODERATORS


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
    apart: DirectRule = DirectRule.FREE
    """The rule of another room by which nothing may be written here."""
    apart_of: str = ""
    """The name of that room."""

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
        free = self.muted is None and not self.apart
        return free and (self.in_charge or not self.order.paused)

    @property
    def may_say(self) -> bool:
        """Whether something may be said or edited, if not at once in a slow room."""
        return self.may_react and (self.in_charge or not self.order.announce)

    @property
    def holds(self) -> bool:
        """Whether there is anything that people have to be told."""
        one = self.order
        return bool(
            self.muted is not None
            or self.apart
            or one.paused
            or one.announce
            or one.slow_s
            or one.direct
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
