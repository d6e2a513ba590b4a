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

_SLOWED = SAID | {EventKind.EDIT, 0}
"""What says something new in a slow room; kind 0 could be any."""
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
        closed = self._closed(room, person, now_ms)
        if closed is None and kind not in _CHANGES_IN_ANNOUNCE and self._announced(room, person):
            return _ANNOUNCE
        return closed

    def _closed(self, room: Room, person: Person, now_ms: int) -> Ban | None:
        """Why a member may change nothing there now but by taking back."""
        if person.muted_until > now_ms and not self._with_server_moderator(room, person):
            return _MUTED
        if room.kind is not RoomKind.OPEN:
            direct = room.kind is RoomKind.DIRECT
            apart = self.apart_forbidden(
                room.members.values() if direct else [person], room.members, room.kind
            )
            if direct or apart is not None:
                return apart
        standing = room.standings.get(person.no)
        if standing is not None and standing.muted_until > now_ms:
            return _MUTED
        if room.rules is None or not room.rules.paused or self._order.in_charge(room, person):
            return None
        return _PAUSED

    def _announced(self, room: Room, person: Person) -> bool:
        rules = room.rules
        return rules is not None and rules.announce and not self._order.in_charge(room, person)

    def apart_forbidden(
        self, bound: Iterable[Person], there: dict[int, Person], kind: RoomKind
    ) -> Ban | None:
        """Why some people may not write in a private room or a direct message of those ``there``.

        By the rules of rooms where they keep no order: some have no direct messages at all, and
        write apart only where somebody who keeps order in that room is, too.
        """
        directs = self._order.directs
        if not directs:
            return None
        found: dict[int, Ban | None] = {}
        for person in bound:
            for room in _shared(directs, person.rooms):
                if self._order.in_charge(room, person):
                    continue
                if room.no not in found:
                    found[room.no] = self._apart_by(room, there, kind)
                ban = found[room.no]
                if ban is not None:
                    return ban
        return None

    def _apart_by(self, ruling: Room, there: dict[int, Person], kind: RoomKind) -> Ban | None:
        """Why nobody who is held by the rule of this room may write there."""
        rule = self._order.direct_rule(ruling)
        if not rule:
            return None
        if rule == DirectRule.OFF and kind is RoomKind.DIRECT:
            return _DIRECT_OFF
        return None if self._order.watched(ruling, there) else _DIRECT_MODERATED

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
        closed, announced = self._closed(room, person, wall_ms), self._announced(room, person)
        if closed is None and not announced and not slow:
            return Screened(elements, 0, 0)
        screened: list[Any] = []
        for index, one in enumerate(elements):
            refused = type(one) is list and type(one[0]) is int
            if not refused:
                kind = item_kind(one if type(one) is bytes else one[0])
                ban = closed
                if ban is None and announced and kind not in _CHANGES_IN_ANNOUNCE:
                    ban = _ANNOUNCE
                if ban is not None and kind not in _CHANGES_ALWAYS:
                    screened.append([int(ErrorCode.FORBIDDEN), *ban])
                    continue
                if slow and kind in _SLOWED:
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
