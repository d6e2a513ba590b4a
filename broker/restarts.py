"""When a process that died is started again, and when everything stops instead. Pure."""

from typing import Final

from protocol.process import EXIT_STOP

FIRST_S: Final = 0.2
"""Delay of the first restart: long enough for the system to free what the process held."""

MOST_S: Final = 10.0
"""Longest delay: a process that keeps dying costs little, and is soon back when it can."""

STEADY_S: Final = 30.0
"""A process that lived this long was well; its next death is a new story."""

FALSE_STARTS_MAX: Final = 5
"""Deaths in a row before a process ever served: it will not by itself."""


class Restarts:
    """The story of one process; keep one for each."""

    def __init__(self) -> None:
        """Begin with the shortest delay."""
        self._delay_s = FIRST_S
        self._served = False
        self._false_starts = 0

    def ready(self) -> None:
        """Note that the process serves."""
        self._served = True

    def after(self, status: int, lived_s: float) -> float | None:
        """Return the seconds to wait before the next start, or ``None``: stop everything."""
        if status == EXIT_STOP:
            return None
        if not self._served:
            self._false_starts += 1
            if self._false_starts >= FALSE_STARTS_MAX:
                return None
        if lived_s >= STEADY_S:
            self._delay_s = FIRST_S
        delay_s = self._delay_s
        self._delay_s = min(MOST_S, delay_s * 2)
        return delay_s
