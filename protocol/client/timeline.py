"""What a client holds of one room: an interval without a hole, and how it grows.

The interval is ``low < seq <= high``. Events that are next to its end extend it; later
ones wait in a bounded buffer while the hole before them is read, and are dropped
when there are too many, because they can be read again. A room seen for the first time starts
with its newest page and grows back only on demand. At most one READ of a room is
under way. Pure: time and randomness are passed in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from protocol.blocks import Event
from protocol.client.happenings import RoomInfo
from protocol.client.operations import Apply, Members, RoomRow
from protocol.client.wants import Want
from protocol.codes import RoomKind
from protocol.limits import PAGE_MAX_EVENTS

FIRST_PAGE_EVENTS: Final = 100
"""What a room seen for the first time starts with."""

BUFFER_MAX_EVENTS: Final = 2_000
BUFFER_MAX_BYTES: Final = 4 * 1024 * 1024
"""Later events kept in memory while a hole is read."""

HEAD_GRACE_MS: Final = 400
"""A head that runs ahead of its events is normal for this long: gateways hold a flush."""

QUIET_MAX_EVENTS: Final = 20_000
"""What is fetched of a room without being asked for: months of a class, 15 MB on disk."""

_RETRY_MS = 500
_RETRY_MAX_MS = 30_000
_RETRY_PASSING_MAX_MS = 3_000


@dataclass(slots=True)
class Timeline:
    """One room; ``low`` and ``high`` are -1 until its first page is here."""

    room: bytes
    kind: RoomKind
    name: str
    members: Members
    epoch: bytes
    head: int
    low: int = -1
    high: int = -1
    entered: int = -1
    """The head when one came: the first page ends here, and what is said later is read whole."""
    reading: int = 0
    """The request number of the READ under way; 0: none."""
    wants: list[Want] = field(default_factory=list)
    told: bool = False
    """That a hole cannot be read was told once."""
    quiet_failed: bool = False
    """What nobody asked for cannot be read: not again on this connection."""
    _buffer: dict[int, Event] = field(default_factory=dict)
    _buffer_bytes: int = 0
    _look_ms: int | None = None
    _retry_ms: int = 0
    _retry_at_ms: int = 0

    def __post_init__(self) -> None:
        """Take the head of the beginning as that of the coming."""
        if self.entered < 0:
            self.entered = self.head

    @classmethod
    def of(cls, row: RoomRow) -> "Timeline":
        """Continue where the store stands."""
        return cls(
            row.room, row.kind, row.name, row.members, row.epoch, row.head, row.low, row.high
        )

    @property
    def started(self) -> bool:
        """Whether there is an interval, though it may be empty."""
        return self.high >= 0

    def info(self) -> RoomInfo:
        """Describe the room for people's programs."""
        low, high = max(self.low, 0), max(self.high, 0)
        return RoomInfo(
            self.room, self.kind, self.name, self.members, self.epoch, self.head, low, high
        )

    def restart(self, epoch: bytes, head: int) -> None:
        """Forget everything: the server's history is another one."""
        self.epoch, self.head, self.low, self.high = epoch, head, -1, -1
        self.entered = head
        self.told = False
        self.settle_link()

    def settle_link(self) -> None:
        """The connection is another one: no READ is under way and nothing is buffered."""
        self.reading = 0
        self._buffer.clear()
        self._buffer_bytes = 0
        self._look_ms = None
        self._retry_ms = self._retry_at_ms = 0
        self.quiet_failed = False

    def announce(self, head: int, now_ms: int, grace_ms: int = 0) -> None:
        """Hear that the server has events up to ``head``."""
        self.head = max(self.head, head)
        if self.started and self.head > self.high and self._look_ms is None:
            self._look_ms = now_ms + grace_ms

    def begin_empty(self) -> bool:
        """Start a room in which nothing was said before one came; False if it is not one."""
        if self.started or self.entered:
            return False
        self.low = self.high = 0
        self._look_ms = 0 if self.head else None
        return True

    def offer(self, events: Iterable[Event], now_ms: int) -> list[Event]:
        """Take events of the room, ascending; return those that extend the interval's end."""
        fresh: list[Event] = []
        last = 0
        for event in events:
            seq = event.seq
            if seq > last:
                last = seq
            if not self.started or seq > self.high + 1:
                self._keep(event)
            elif seq == self.high + 1:
                self.high = seq
                fresh.append(event)
        if self._buffer and self.started:
            fresh += self._unbuffer()
        self.head = max(self.head, last, self.high)
        if self.started and self.head == self.high:
            self._look_ms = None
        elif self._buffer or self._look_ms is None:
            self._look_ms = now_ms
        return fresh

    def back(self, events: Sequence[Event]) -> list[Event]:
        """Take events, ascending; return those that extend the interval's beginning."""
        older: list[Event] = []
        for event in reversed(events):
            if event.seq == self.low and self.low > 0:
                self.low -= 1
                older.append(event)
        older.reverse()
        return older

    def start(self, events: Sequence[Event], head: int, now_ms: int) -> list[Event]:
        """Take the first page; return what the interval then holds."""
        self.head = max(self.head, head)
        if not events:
            if self.head:
                return []
            self.low = self.high = 0
        else:
            self.low = self.high = events[0].seq - 1
        return self.offer(events, now_ms)

    def read(self, now_ms: int) -> tuple[int, int, int] | None:
        """Return ``after, before, limit`` of the READ that is due, or None."""
        if self.reading or now_ms < self._retry_at_ms:
            return None
        if not self.started:
            return 0, self.entered + 1, FIRST_PAGE_EVENTS
        if self.head > self.high and self._look_ms is not None and now_ms >= self._look_ms:
            end = min(self._buffer, default=self.head + 1)
            return self.high, 0, max(1, min(end - self.high - 1, PAGE_MAX_EVENTS))
        if self.wants and self.low > 0:
            most = self.low - min(want.low(self.high) for want in self.wants)
            return 0, self.low + 1, max(FIRST_PAGE_EVENTS, min(most, PAGE_MAX_EVENTS))
        return None

    def may_grow(self, now_ms: int) -> bool:
        """Whether older messages are worth fetching though nobody asked for them."""
        held = self.high - self.low
        idle = not self.reading and now_ms >= self._retry_at_ms and not self.quiet_failed
        return idle and self.low > 0 and held < QUIET_MAX_EVENTS

    def wake_ms(self) -> int | None:
        """Return when ``read`` should be asked again though nothing came in; None: never."""
        if self.reading:
            return None
        times = [want.deadline_ms for want in self.wants]
        if not self.started or (self.wants and self.low > 0):
            times.append(self._retry_at_ms)
        elif self.head > self.high and self._look_ms is not None:
            times.append(max(self._look_ms, self._retry_at_ms))
        return min(times, default=None)

    def read_done(self) -> None:
        """The READ was answered well."""
        self.reading = 0
        self._retry_ms = self._retry_at_ms = 0
        self.told = False

    def read_failed(self, now_ms: int, random: Random, passing: bool = False) -> None:
        """The READ was not answered, or not well: again later, less and less often.

        ``passing``: the server said that it could not now, which costs it little to say.
        """
        self.reading = 0
        most = _RETRY_PASSING_MAX_MS if passing else _RETRY_MAX_MS
        self._retry_ms = min(max(_RETRY_MS, self._retry_ms * 2), most)
        self._retry_at_ms = now_ms + int(self._retry_ms * random.uniform(0.5, 1.5))

    def can_answer(self, want: Want) -> bool:
        """Whether the interval holds all that is wanted, or reaches the first message."""
        return self.started and self.low <= want.low(self.high)

    def has_some(self, want: Want) -> bool:
        """Whether the interval holds at least one of the messages wanted."""
        return self.started and want.has_some(self.low, self.high)

    def applied(self, events: Sequence[Event]) -> Apply:
        """Return the operation that stores ``events`` with the interval as it is now."""
        return Apply(self.room, self.epoch, tuple(events), self.low, self.high, self.head)

    def _keep(self, event: Event) -> None:
        if event.seq in self._buffer:
            return
        size = len(event.item)
        if len(self._buffer) < BUFFER_MAX_EVENTS and self._buffer_bytes + size <= BUFFER_MAX_BYTES:
            self._buffer[event.seq] = event
            self._buffer_bytes += size

    def _unbuffer(self) -> list[Event]:
        fresh: list[Event] = []
        while (event := self._buffer.pop(self.high + 1, None)) is not None:
            self._buffer_bytes -= len(event.item)
            self.high += 1
            fresh.append(event)
        # A page may have brought what is buffered too.
        for seq in [seq for seq in self._buffer if seq <= self.high]:
            self._buffer_bytes -= len(self._buffer.pop(seq).item)
        return fresh
