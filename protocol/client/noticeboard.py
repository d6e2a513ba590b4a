"""What holds in each room, as far as this session has heard.

Asked for when a program asks; after that kept up to date by what the server pushes and by the
notices of the room, because a push may be lost. All of it is forgotten when another session
begins; the rooms that were asked about last are asked about again. Pure. Owned by the session.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from protocol.client.happenings import Arrived, OrderKnown, RoomOrder
from protocol.client.outcome import Outcome
from protocol.codes import EventKind
from protocol.frames import Order, Ordered

WATCHED_MAX: Final = 8
"""Rooms that are asked about again in a new session: as many as somebody looks at in turn."""


class NoticeBoard:
    """The order of rooms that one is in; at most as many as those."""

    def __init__(self, out: Outcome, hurry: Callable[[bytes], None]) -> None:
        """Know nothing; what follows goes into ``out``.

        ``hurry`` is told of a room that is less slow than it was.
        """
        self._out = out
        self._hurry = hurry
        self._orders: dict[bytes, RoomOrder] = {}
        self._watched: dict[bytes, None] = {}

    def watch(self, room: bytes) -> None:
        """A program asks about this room: ask again in the next session."""
        self._watched.pop(room, None)
        self._watched[room] = None
        if len(self._watched) > WATCHED_MAX:
            del self._watched[next(iter(self._watched))]

    def begin(self, rooms: Iterable[bytes]) -> list[Order]:
        """Another session stands, with these rooms: forget all, return what to ask."""
        self._orders.clear()
        here = set(rooms)
        self._watched = {room: None for room in self._watched if room in here}
        return [Order(0, room) for room in self._watched]

    def drop(self, room: bytes) -> None:
        """One is not in this room any more."""
        self._orders.pop(room, None)
        self._watched.pop(room, None)

    def take(self, frame: Ordered, request: int = 0) -> None:
        """Take what holds in a room that one is in; ``request`` is a program's, if it asked."""
        self._known(frame.room, _order(frame), request)

    def hear(self, told: Iterable[Any]) -> list[Order]:
        """Learn from notices among what is told just now; return what to ask about them.

        Those that are caught up on may be older than what is known: then the server says.
        """
        asked: list[Order] = []
        for one in told:
            order = self._orders.get(one.room) if isinstance(one, Arrived) else None
            if order is None:
                continue
            then = order
            for message in one.messages:
                if message.kind == EventKind.NOTICE and message.body:
                    then = then.after(message.body, message.ts)
            if one.live:
                self._known(one.room, then)
            elif then != order:
                asked.append(Order(0, one.room))
        return asked

    def _known(self, room: bytes, order: RoomOrder, request: int = 0) -> None:
        before = self._orders.get(room)
        if before is not None and order.slow_s < before.slow_s:
            self._hurry(room)
        if request or before != order:
            self._orders[room] = order
            self._out.told.append(OrderKnown(room, order, request))


def _order(frame: Ordered) -> RoomOrder:
    return RoomOrder(
        frame.paused,
        frame.announce,
        frame.slow_s,
        frame.direct,
        tuple((person, role) for person, role, *_ in frame.roles),
        tuple((person, until) for person, until, *_ in frame.muted),
        tuple(frame.hands),
    )
