"""Token buckets: how much of something somebody may do at once, and how much in the long run.

A :class:`Bucket` is a rule, a :class:`Level` is how much of it somebody has left. Whoever may do
several things at a price looks first (``wait_ms`` of each), and spends then. Levels of people who
were not heard of for long are forgotten (:class:`Levels`): they were full, or their turn comes
again sooner than it should, never later. Pure: time is passed in, monotonic and in ms.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(slots=True, eq=False)
class Level:
    """What is left to one; below nothing: a debt."""

    left: float = 0.0
    at_ms: int = 0
    """When that was so; 0: nothing was ever taken, so it is full."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """``per_s`` in the long run, ``most`` at once; ``per_s`` 0: no limit."""

    per_s: float
    most: float

    def wait_ms(self, level: Level, cost: float, now_ms: int) -> int:
        """Return in how many ms ``cost`` is there, 0 for now. Nothing is taken.

        What costs more than fits at once is there when all is: nobody waits for ever.
        """
        if not self.per_s:
            return 0
        left = self._refresh(level, now_ms)
        missing = min(cost, self.most) - left
        return 0 if missing <= 0 else int(missing * 1_000 / self.per_s) + 1

    def spend(self, level: Level, cost: float, now_ms: int) -> None:
        """Take ``cost``, whether it is there or not."""
        if self.per_s:
            level.left = self._refresh(level, now_ms) - cost

    def give(self, level: Level, amount: float, now_ms: int) -> None:
        """Give back what was taken and not used; never more than fits."""
        if self.per_s:
            level.left = min(self._refresh(level, now_ms) + amount, self.most)

    def exhaust(self, level: Level, left: float, wait_ms: int, now_ms: int) -> None:
        """Leave only ``left``, and that not before ``wait_ms`` are over."""
        level.left, level.at_ms = left - self.per_s * wait_ms / 1_000, now_ms

    def take(self, level: Level, cost: float, now_ms: int) -> int:
        """Take ``cost`` if it is there; return for how long to wait otherwise."""
        wait_ms = self.wait_ms(level, cost, now_ms)
        if not wait_ms:
            self.spend(level, cost, now_ms)
        return wait_ms

    def _refresh(self, level: Level, now_ms: int) -> float:
        if not level.at_ms:
            level.left = self.most
        elif now_ms > level.at_ms:
            gained = (now_ms - level.at_ms) * self.per_s / 1_000
            level.left = min(level.left + gained, self.most)
        level.at_ms = now_ms
        return level.left


class Levels(Generic[Name]):
    """The levels of those who were heard of last, at most ``most`` of them."""

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self._most = most
        self._levels: OrderedDict[Name, Level] = OrderedDict()

    def __len__(self) -> int:
        """How many are known."""
        return len(self._levels)

    def of(self, name: Name) -> Level:
        """Return somebody's level; a full one for somebody who is new."""
        level = self._levels.get(name)
        if level is None:
            level = self._levels[name] = Level()
            if len(self._levels) > self._most:
                self._levels.popitem(last=False)
        else:
            self._levels.move_to_end(name)
        return level
