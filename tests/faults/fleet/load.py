"""Who says what where: the load of a fleet, from a seed. Pure; time is passed in."""

from collections.abc import Mapping, Sequence
from random import Random

from protocol.codes import RoomKind
from tests.faults.checker.records import value
from tests.faults.fleet.plan import ClientPlan
from tests.faults.fleet.recorder import Recorder

_AT_ONCE_MAX = 2_000
"""After a pause of the process the load goes on; it does not make up for lost time beyond this."""


class Texts:
    """One client's texts, each unique for ever."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._counter = recorder.session * 100_000_000

    def next(self, room: bytes) -> str:
        """Return a text for a room; in a private one with its canary."""
        self._counter += 1
        direct = self._recorder.rooms[room].kind == RoomKind.DIRECT
        return value(self._recorder.name, self._counter, room if direct else None)


class Load:
    """Draws who speaks next, and in which room."""

    def __init__(
        self,
        plans: Sequence[ClientPlan],
        recorders: Sequence[Recorder],
        weights: Mapping[str, float],
        random: Random,
    ) -> None:
        self._random = random
        self._recorders = recorders
        self._weights = weights
        self._speakers = [place for place, plan in enumerate(plans) if plan.share > 0]
        self._shares = [plans[place].share for place in self._speakers]
        self.per_s = 0.0
        self._due = 0.0
        self._last_ms: int | None = None

    def due(self, now_ms: int) -> list[int]:
        """Return who speaks now, by place; the same one may stand there several times."""
        if self._last_ms is not None:
            self._due += self.per_s * (now_ms - self._last_ms) / 1_000
        self._last_ms = now_ms
        count = int(self._due)
        self._due -= count
        return self.speakers(min(count, _AT_ONCE_MAX))

    def speakers(self, count: int) -> list[int]:
        """Draw so many speakers."""
        if not self._speakers or not count:
            return []
        return self._random.choices(self._speakers, self._shares, k=count)

    def room(self, place: int) -> bytes | None:
        """Draw a room of this client's; None: it is in none yet."""
        rooms = list(self._recorders[place].rooms.items())  # another thread may change it
        weigh = self._weights.get
        weights = [
            weigh("@" if held.kind == RoomKind.DIRECT else held.name, 1.0) for _, held in rooms
        ]
        if not any(weights):
            return None
        return self._random.choices(rooms, weights)[0][0]
