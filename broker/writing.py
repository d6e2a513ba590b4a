"""What somebody may write in a room now: mutes, pauses, announcements, slow mode, direct messages.

Asked only where ``room.free`` is false or the person is muted on the server: everywhere else the
broker looks at these two and goes on.

Slow mode remembers in memory who said something in which room, each for as long as it counts:
never more than people who wrote within the room's seconds. Pure. Owned by the broker's main thread.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple

from broker.directory import Person, Room
from broker.order import Order
from protocol.codes import DirectRule, ErrorCode, EventKind, Role, RoomKind
from protocol.items import SAID, item_kind

Ban = tuple[str, str]
"""Field and text of a FORBIDDEN."""

_MUTED = ("muted", "you are muted: you may not write here now")
_PAUSED = ("paused", "this room is paused")
_ANNOUNCE = ("announce", "only those in charge may say something in this room")
_DIRECT_OFF = ("direct", "direct messages are turned off for somebody here")
_DIRECT_MODERATED = ("direct", "somebody here may only write privately where a moderator is too")
"""Neither names a room: it may be a private one of somebody else."""

_CHANGES_ALWAYS = frozenset({EventKind.DELETE})
_CHANGES_IN_ANNOUNCE = frozenset({EventKind.DELETE, EventKind.REACT})


class Screened(NamedTuple):
    """Elements of a RUN as the sequencer takes them, and how many behind them have to wait."""

    elements: list[Any]
    waiting: int
    retry_ms: int


class Writing:
    """Who may write what, where."""

    def __init__(self, order: Order) -> None:
        """Decide by this order."""
        self._order = order
        self._said: dict[int, OrderedDict[int, int]] = {}

    def forbidden(self, room: Room, person: Person, kind: int, now_ms: int) -> Ban | None:
        """Why a member may not write an item of this kind now; ``now_ms`` of the wall clock.

        Kind 0, which could be any, is taken for something said.
        """
        if kind in _CHANGES_ALWAYS:
            return None
        if person.muted_until > now_ms and not self._with_server_moderator(room, person):
            return _MUTED
        if room.kind is RoomKind.DIRECT:
            return self.direct_forbidden(room.members.values())
        standing = room.standings.get(person.no)
        if standing is not None and standing.muted_until > now_ms:
            return _MUTED
        rules = room.rules
        if rules is None or self._order.in_charge(room, person):
            return None
        if rules.paused:
            return _PAUSED
        if rules.announce and kind not in _CHANGES_IN_ANNOUNCE:
            return _ANNOUNCE
        return None

    def direct_forbidden(self, members: Iterable[Person]) -> Ban | None:
        """Why these people may have no direct message, by the rules of rooms they are in."""
        directs = self._order.directs
        if not directs:
            return None
        people = list(members)
        for person in people:
            for room in _shared(directs, person.rooms):
                rule = self._order.direct_rule(room)
                if not rule or self._order.in_charge(room, person):
                    continue
                if rule == DirectRule.OFF:
                    return _DIRECT_OFF
                if not any(self._order.in_charge(room, one) for one in people):
                    return _DIRECT_MODERATED
        return None

    def _with_server_moderator(self, room: Room, person: Person) -> bool:
        return room.kind is RoomKind.DIRECT and any(
            one.role >= Role.MODERATOR for one in room.members.values() if one is not person
        )

    def screen(
        self, room: Room, person: Person, elements: list[Any], wall_ms: int, now_ms: int
    ) -> Screened:
        """Put a refusal in the place of every item that is forbidden now.

        In a slow room the first thing said goes through; from the next on everything has to wait,
        because a later counter cannot go before. ``now_ms`` is monotonic: slow mode is no matter
        of the wall clock. Elements are those of a RUN (:class:`protocol.backplane.Up`).
        """
        slow = self._slow_ms(room, person)
        screened: list[Any] = []
        for index, one in enumerate(elements):
            refused = type(one) is list and type(one[0]) is int
            if not refused:
                kind = item_kind(one if type(one) is bytes else one[0])
                ban = self.forbidden(room, person, kind, wall_ms)
                if ban is not None:
                    screened.append([int(ErrorCode.FORBIDDEN), *ban])
                    continue
                if slow and (kind in SAID or kind == 0):
                    wait_ms = self._wait_ms(room, person, slow, now_ms)
                    if wait_ms:
                        return Screened(screened, len(elements) - index, wait_ms)
                    self._note(room, person, slow, now_ms)
            screened.append(one)
        return Screened(screened, 0, 0)

    def forget(self, room: Room) -> None:
        """A room is not slow any more."""
        self._said.pop(room.no, None)

    def _slow_ms(self, room: Room, person: Person) -> int:
        rules = room.rules
        if rules is None or not rules.slow_s or self._order.in_charge(room, person):
            return 0
        return rules.slow_s * 1_000

    def _wait_ms(self, room: Room, person: Person, slow_ms: int, now_ms: int) -> int:
        said = self._said.get(room.no)
        said_ms = None if said is None else said.get(person.no)
        return 0 if said_ms is None else max(said_ms + slow_ms - now_ms, 0)

    def _note(self, room: Room, person: Person, slow_ms: int, now_ms: int) -> None:
        said = self._said.setdefault(room.no, OrderedDict())
        said[person.no] = now_ms
        said.move_to_end(person.no)
        while said and next(iter(said.values())) + slow_ms <= now_ms:
            said.popitem(last=False)


def _shared(directs: dict[int, Room], rooms: dict[int, Room]) -> list[Room]:
    """Return the rooms that are in both, by walking through the smaller one."""
    few, many = (directs, rooms) if len(directs) < len(rooms) else (rooms, directs)
    return [room for no, room in few.items() if no in many]
