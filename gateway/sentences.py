"""Connections that are ended because of a flood: told why, not heard any more, and then cut.

What had been sent before is still read, and dropped. Bounded: the newest so many are deaf; one that
is forgotten is met as a stranger, and floods anew. Pure: time is passed in. Owned by the gateway's
main thread.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Final

from gateway.crowd import Origin

GRACE_MS: Final = 200
"""After BYE(FLOOD) until its connection is ended: it may still hear why."""
_DEAF_MS: Final = 10_000
_SENTENCED_MAX: Final = 10_000


class Sentences:
    """All of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._deaf: OrderedDict[bytes, int] = OrderedDict()
        """Routes, and until when they are not heard."""
        self._waiting: deque[tuple[int, Origin]] = deque()

    def __contains__(self, route: bytes) -> bool:
        """Whether this connection is not heard any more."""
        return route in self._deaf

    def add(self, route: bytes, origin: Origin, now_ms: int) -> None:
        """End a connection soon, and do not hear it from now on."""
        if route in self._deaf:
            return
        self._deaf[route] = now_ms + _DEAF_MS
        self._waiting.append((now_ms + GRACE_MS, origin))
        if len(self._deaf) > _SENTENCED_MAX:
            self._deaf.popitem(last=False)

    def due(self, now_ms: int) -> Iterator[Origin]:
        """Yield and forget the connections that are to be ended now."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            yield self._waiting.popleft()[1]

    def next_ms(self, now_ms: int) -> int | None:
        """In how many ms one is due, or None."""
        return max(self._waiting[0][0] - now_ms, 0) if self._waiting else None

    def tend(self, now_ms: int) -> None:
        """Forget those that are over."""
        while self._deaf and next(iter(self._deaf.values())) <= now_ms:
            self._deaf.popitem(last=False)
