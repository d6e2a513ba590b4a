"""Whose turn comes when: a heap of times, first come, first served at the same one.

Pure: time is passed in. Whoever is added is bounded by the caller.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

Who = TypeVar("Who")


class Turns(Generic[Who]):
    """Those who wait."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._heap: list[tuple[int, int, Who]] = []
        self._order = count()

    def add(self, due_ms: int, who: Who) -> None:
        """Their turn comes then."""
        heappush(self._heap, (due_ms, next(self._order), who))

    def due(self, now_ms: int) -> Iterator[Who]:
        """Yield and forget those whose turn has come; who is added meanwhile is among them."""
        while self._heap and self._heap[0][0] <= now_ms:
            yield heappop(self._heap)[2]

    def wait_ms(self, now_ms: int, most_ms: int) -> int:
        """Return in how many ms the next turn comes, at most ``most_ms``."""
        return min(max(self._heap[0][0] - now_ms, 0), most_ms) if self._heap else most_ms
