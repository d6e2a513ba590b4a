"""What every simulated process is: alive or not, standing still or not, and due for a turn.

A turn is one round of the loop that a real process runs. It comes a moment after something
arrived or fell due, so that more than one thing can have come. A :class:`Killed` in it ends the
process there.
"""

from collections.abc import Callable

from tests.faults.simulation.agenda import Agenda
from tests.faults.simulation.journal import Killed

NEVER_MS = 1 << 60
_DOWN_MS = 300


class Process:
    """One process, over any number of lives."""

    def __init__(self, name: str, agenda: Agenda) -> None:
        self.name = name
        self.agenda = agenda
        self.alive = False
        self.lives = 0
        self.paused = False
        self.down_ms = _DOWN_MS
        """How long after its end the next life begins."""
        self._due_ms = NEVER_MS

    def start(self) -> None:
        """Begin a life, if there is none."""
        if self.alive:
            return
        self.alive = True
        self.paused = False
        self.lives += 1
        self.agenda.trace(self.name, "starts")
        self._guard(self._begin)

    def kill(self) -> None:
        """End this life at once."""
        if not self.alive:
            return
        self.agenda.trace(self.name, "is killed")
        self._over(False)

    def _over(self, gently: bool) -> None:
        self.alive = self.paused = False
        self._due_ms = NEVER_MS
        self._end(gently)
        self.agenda.after(self.down_ms, self.start)
        self.down_ms = _DOWN_MS

    def pause(self) -> None:
        """Stand still."""
        if self.alive and not self.paused:
            self.agenda.trace(self.name, "stands still")
            self.paused = True

    def resume(self) -> None:
        """Go on."""
        if self.paused:
            self.agenda.trace(self.name, "goes on")
            self.paused = False
            self.wake(0)

    def wake(self, in_ms: int) -> None:
        """Have a turn in so many milliseconds, if none comes earlier."""
        ms = self.agenda.now_ms + in_ms
        if self.alive and ms < self._due_ms:
            self._due_ms = ms
            self.agenda.at(ms, self._come, ms, self.lives)

    def heard(self) -> None:
        """Something has arrived."""
        if self._due_ms > self.agenda.now_ms + 3:
            self.wake(int(self.agenda.random.random() * 4))

    def _come(self, ms: int, life: int) -> None:
        if ms != self._due_ms or life != self.lives or not self.alive:
            return
        self._due_ms = NEVER_MS
        if not self.paused:
            self._guard(self._turn)

    def _guard(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Killed:
            self.kill()

    def _begin(self) -> None:
        raise NotImplementedError

    def _turn(self) -> None:
        raise NotImplementedError

    def _end(self, gently: bool) -> None:
        raise NotImplementedError
