"""What somebody wants to read of a room, and how far back the room must be held for it.

A room is held from after ``low`` to ``high``. Each want names the ``low`` that it needs; when the
room reaches back so far, or to the first message, it is answered from the store. Pure.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocol.client.outcome import Answer

REQUEST_MS: Final = 15_000
"""A request without an answer for this long has failed."""

GATHER_MS: Final = 60_000
"""A room that is gathered may stand still for this long, without a connection for instance."""


class Where(Enum):
    """What is wanted, from the ``seq`` of a want."""

    BEFORE = 0
    """Messages before it; 0: the newest."""
    AFTER = 1
    """Messages after it."""
    AROUND = 2
    """Itself, and as many on both sides."""
    ALL = 3
    """Nothing to read: the room is to be held back to its first message."""


@dataclass(slots=True)
class Want:
    """A request for messages that are not all here yet."""

    request: int
    where: Where
    seq: int
    limit: int
    deadline_ms: int

    @property
    def patience_ms(self) -> int:
        """For how long nothing may move."""
        return GATHER_MS if self.where is Where.ALL else REQUEST_MS

    def low(self, high: int) -> int:
        """Return the ``low`` that is needed."""
        if self.where is Where.ALL:
            return 0
        if self.where is Where.BEFORE:
            return max(self._before(high) - 1 - self.limit, 0)
        return max(self._after(high), 0)

    def has_some(self, low: int, high: int) -> bool:
        """Whether a room that is held like this has at least part of an answer."""
        if self.where is Where.BEFORE:
            return self._before(high) - 1 > low
        if self.where is Where.AFTER:
            return low <= self.seq
        return self.where is Where.AROUND and low < min(self.seq, high)

    def answer(self, room: bytes, low: int, high: int) -> Answer:
        """Return what to read of a room that is held like this."""
        if self.where is Where.BEFORE:
            return Answer(self.request, room, low, self._before(high), self.limit, True, high)
        after = max(self._after(high), low)
        return Answer(self.request, room, after, high + 1, self.limit, False, high)

    def _before(self, high: int) -> int:
        return min(self.seq or high + 1, high + 1)

    def _after(self, high: int) -> int:
        if self.where is Where.AFTER:
            return min(self.seq, high)
        return min(self.seq - 1 - self.limit // 2, high - self.limit)
