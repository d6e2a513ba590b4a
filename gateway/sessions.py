"""The sessions of a gateway: who is behind which connection, and what is known of it.

A slot is given once and never again, so that an answer that comes late can never
reach another client. The sender of a frame is the ``User-Id`` that ZAP gave its
connection; a routing id alone proves nothing and is never logged. Pure: time is
passed in. Owned by the gateway's main thread.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.allowance import Purse
from gateway.crowd import NOWHERE, Origin
from gateway.questions import Questions
from protocol.blocks import DEVICE_TAG_BYTES
from protocol.codes import Purpose
from protocol.frames import AnyFrame
from protocol.limits import (
    PING_MS,
    ROOMS_PER_PERSON_MAX,
    SESSION_DEADLINE_MS,
)

SESSIONS_PER_DEVICE_MAX = 8
"""A device that connects more often loses its oldest session: it is stale, or a fault."""

TYPING_EVERY_MS = 2_000
"""What comes more often is dropped: a client says it every three seconds."""

_CROWDS = ((100, 1), (500, 4))
_CROWD_FACTOR_MAX = 16
"""Up to so many sessions pings come every so many PING_MS; beyond, every fourth minute."""
_STRANGERS_MAX = 10_000


class Late(NamedTuple):
    """A frame that came a little too soon and waits (:mod:`gateway.delays`)."""

    due_ms: int
    frame: AnyFrame
    data: bytes


def tag_of(key: bytes) -> str:
    """Return what a log may say of a device: its tag in hex, which every event of it has too."""
    return key[:DEVICE_TAG_BYTES].hex()


@dataclass(slots=True, eq=False)
class Session:
    """One client's connection."""

    slot: int
    route: bytes
    user: str
    key: bytes
    purpose: Purpose
    nick: str | None
    token: str | None
    heard_ms: int
    ping_ms: int = PING_MS
    welcome: bool = False
    """The broker has opened it and WELCOME was sent."""
    person: bytes = b""
    rooms: set[bytes] = field(default_factory=set)
    in_flight: int = 0
    """Items sent to the broker that have no answer yet; it is Flight that changes both."""
    flying_bytes: int = 0
    typed: dict[bytes, int] = field(default_factory=dict)
    """When it last said in a room that somebody is typing; see :meth:`may_type`."""
    held: dict[tuple[bytes, bytes], tuple[int, int]] = field(default_factory=dict)
    """Room and outbox epoch → from which ``n`` on it was told BUSY, and until when."""
    reads: Questions = field(default_factory=Questions)
    """Its READs that are at the reader."""
    asks: Questions = field(default_factory=Questions)
    """Its requests that are at the broker."""
    faults: int = 0
    lagging_ms: int = 0
    """Since when it takes no more frames; 0: it keeps up."""
    owed: bool = False
    """An answer could not be sent to it: it must say HELLO again."""
    doubted: bool = False
    """The link to the broker broke: it hears nothing until the broker has opened it anew."""
    missed: bool = False
    """Something passed it by meanwhile."""
    purse: Purse = field(default_factory=Purse)
    origin: Origin = NOWHERE
    late: deque[Late] = field(default_factory=deque)
    """Frames that wait until they may go on; it is Delays that changes it."""

    @property
    def tag(self) -> str:
        """Its device in the log."""
        return tag_of(self.key)

    def may_type(self, room: bytes, now_ms: int) -> bool:
        """Whether it may say now that somebody is typing: every TYPING_EVERY_MS in each room."""
        if now_ms - self.typed.get(room, -TYPING_EVERY_MS) < TYPING_EVERY_MS:
            return False
        if len(self.typed) >= ROOMS_PER_PERSON_MAX:
            recent = {one: ms for one, ms in self.typed.items() if now_ms - ms < TYPING_EVERY_MS}
            self.typed = recent
            if len(recent) >= ROOMS_PER_PERSON_MAX:
                return False
        self.typed[room] = now_ms
        return True

    def hold(self, lane: tuple[bytes, bytes], first_n: int, until_ms: int, now_ms: int) -> None:
        """Remember that it was told BUSY; see :meth:`held_ms`."""
        if len(self.held) >= ROOMS_PER_PERSON_MAX:
            self.held = {one: row for one, row in self.held.items() if row[1] > now_ms}
        if len(self.held) < ROOMS_PER_PERSON_MAX or lane in self.held:
            self.held[lane] = (first_n, until_ms)

    def held_ms(self, lane: tuple[bytes, bytes], first_n: int, now_ms: int) -> int:
        """Return for how long what comes from ``first_n`` on has to wait for what is before it.

        It would only be a hole in the counters, and use up what was saved for the messages
        that were told to wait: those would never come to their turn.
        """
        row = self.held.get(lane)
        if row is None:
            return 0
        if first_n > row[0] and now_ms < row[1]:
            return row[1] - now_ms
        del self.held[lane]
        return 0


class Sessions:
    """All sessions, by slot and by route."""

    def __init__(self) -> None:
        """Start with none."""
        self._slot = 0
        self.by_slot: dict[int, Session] = {}
        self.by_route: dict[bytes, Session] = {}
        self._of_user: dict[str, list[Session]] = {}
        self._strangers: OrderedDict[bytes, int] = OrderedDict()
        self._purses: OrderedDict[str, Purse] = OrderedDict()
        """Of devices without a session: BYE and HELLO do not fill them."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self.by_slot)

    def add(
        self,
        route: bytes,
        user: str,
        key: bytes,
        purpose: Purpose,
        nick: str | None,
        token: str | None,
        now_ms: int,
        origin: Origin = NOWHERE,
    ) -> tuple[Session, Session | None]:
        """Make a session; also return one that must be closed for it, if any."""
        self._slot += 1
        self._strangers.pop(route, None)
        session = Session(self._slot, route, user, key, purpose, nick, token, now_ms)
        session.origin = origin
        session.purse = self.purse(user)
        self._purses.pop(user, None)
        self.by_slot[session.slot] = session
        self.by_route[route] = session
        mine = self._of_user.setdefault(user, [])
        mine.append(session)
        return session, mine[0] if len(mine) > SESSIONS_PER_DEVICE_MAX else None

    def of(self, user: str) -> list[Session]:
        """Return the sessions of a device."""
        return list(self._of_user.get(user, ()))

    def purse(self, user: str) -> Purse:
        """Return a device's purse, also of one that has no session."""
        mine = self._of_user.get(user)
        if mine:
            return mine[0].purse
        purse = self._purses.get(user)
        if purse is None:
            purse = Purse()
            self._keep(user, purse)
        else:
            self._purses.move_to_end(user)
        return purse

    def _keep(self, user: str, purse: Purse) -> None:
        self._purses[user] = purse
        if len(self._purses) > _STRANGERS_MAX:
            self._purses.popitem(last=False)

    def remove(self, session: Session) -> None:
        """Forget a session; twice is once."""
        if self.by_slot.pop(session.slot, None) is None:
            return
        if self.by_route.get(session.route) is session:
            del self.by_route[session.route]
        mine = self._of_user[session.user]
        mine.remove(session)
        if not mine:
            del self._of_user[session.user]
            self._keep(session.user, session.purse)

    def stranger_fault(self, route: bytes) -> int:
        """Count a fault of a connection without a session; return how many it has now."""
        count = self._strangers.pop(route, 0) + 1
        self._strangers[route] = count
        if len(self._strangers) > _STRANGERS_MAX:
            self._strangers.popitem(last=False)
        return count

    def set_ping(self, session: Session) -> int:
        """Return how often the session, welcome now, is asked to ping; its deadline follows.

        A ping that wakes a sleeping gateway costs 200 µs of a core, so a crowd is asked less
        often. TCP keep-alive finds dead connections meanwhile, and heads are announced anyway.
        """
        number = len(self)
        factor = next((one for most, one in _CROWDS if number <= most), _CROWD_FACTOR_MAX)
        session.ping_ms = PING_MS * factor
        return session.ping_ms

    def silent(self, now_ms: int) -> list[Session]:
        """Sessions from which nothing came for three of the pings that they were asked for."""
        by_ping = SESSION_DEADLINE_MS / PING_MS
        return [
            one for one in self.by_slot.values() if now_ms - one.heard_ms > one.ping_ms * by_ping
        ]
