"""Simulated time: what happens when, and the one generator from which all chance is drawn.

Two things of one moment happen in the order in which they were planned, so a run is a
function of its seed. Monotonic time is ``now_ms``; the wall clock is apart from it and can jump.
"""

import hashlib
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Any

FIRST_MS = 1_000_000
FIRST_WALL_MS = 1_700_000_000_000


class Agenda:
    """The clock, the plan and the trace of one run."""

    def __init__(self, seed: int, tracing: bool = False) -> None:
        self.random = Random(seed)
        self.now_ms = FIRST_MS
        self.wall_offset_ms = FIRST_WALL_MS
        self.tracing = tracing
        self.lines: list[str] = []
        self._plan: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = 0

    @property
    def wall_ms(self) -> int:
        """What the wall clock shows."""
        return self.now_ms + self.wall_offset_ms

    def at(self, ms: int, call: Callable[..., None], *args: Any) -> None:
        """Have something called at a moment; one that is past is now."""
        self._number += 1
        heappush(self._plan, (max(ms, self.now_ms), self._number, call, args))

    def after(self, ms: int, call: Callable[..., None], *args: Any) -> None:
        """Have something called in so many milliseconds."""
        self.at(self.now_ms + ms, call, *args)

    def run(self, ms: int) -> None:
        """Let so much time pass."""
        end = self.now_ms + ms
        plan = self._plan
        while plan and plan[0][0] <= end:
            self.now_ms, _, call, args = heappop(plan)
            call(*args)
        self.now_ms = end

    def draw(self) -> Random:
        """Return a generator of one's own, which follows from the seed."""
        return Random(self.random.getrandbits(64))

    def trace(self, who: str, what: str, *details: object) -> None:
        """Note a step of the story; the caller asks ``tracing`` first where it costs."""
        if self.tracing:
            words = " ".join(str(one) for one in details)
            self.lines.append(f"{self.now_ms - FIRST_MS:>7} {who:<4} {what} {words}".rstrip())

    def digest(self) -> str:
        """Return one word that stands for the whole trace."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
