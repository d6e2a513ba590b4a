"""Faults of clients that are alive: they send twice, read slowly, come back with full outboxes.

They look like the other faults (``fault.py``), but act through a fleet of light clients, which does
as it is told; see ``fleet.py``.
"""

from random import Random
from typing import ClassVar

from tests.faults.nemesis.fault import Fault, Target
from tests.faults.run import Run

LIGHT = "light"


class Habit(Fault):
    """What some light clients do for a while."""

    acts_on: ClassVar[Target] = "client"
    share: ClassVar[float] = 0.3
    """How many of the light clients have it."""

    def __init__(self, run: Run, random: Random) -> None:
        super().__init__(run.cluster, random)
        self.crew = run.crews[LIGHT]
        names = self.crew.names
        count = max(1, int(len(names) * self.share))
        self.who = sorted(random.sample(names, count))

    def describe(self) -> dict[str, object]:
        return {"clients": len(self.who)}


class RepeatedSends(Habit):
    """Every SEND goes out three times, and an old one behind it."""

    name = "repeated-sends"
    hold_s = (2.0, 6.0)

    within_s = 40.0
    """They have used up four times what they said of the rate, and are told to wait for it."""

    def begin(self) -> None:
        self.crew.tell("twice", on=True, who=self.who)

    def heal(self) -> None:
        self.crew.tell("twice", on=False, who=self.who)


class SlowConsumers(Habit):
    """They read one frame a second, so their queues fill up, here and at the gateway."""

    name = "slow-consumers"
    hold_s = (4.0, 14.0)

    def begin(self) -> None:
        self.crew.tell("slow", every_ms=1_000, who=self.who)

    def heal(self) -> None:
        self.crew.tell("slow", every_ms=0, who=self.who)


class ReplayBurst(Habit):
    """They are away, write on, and come back at once with all that has gathered."""

    name = "replay-burst"
    hold_s = (0.5, 3.0)
    messages: ClassVar[int] = 200

    def begin(self) -> None:
        self.crew.tell("leave", who=self.who)
        self.crew.tell("queue", messages=self.messages, who=self.who)

    def heal(self) -> None:
        self.crew.tell("come", who=self.who)

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "messages": self.messages}


class ReconnectAll(Habit):
    """All go, and come back at once."""

    name = "reconnect-all"
    hold_s = (0.2, 1.5)
    share = 1.0

    def begin(self) -> None:
        self.crew.tell("leave", who=self.who)

    def heal(self) -> None:
        self.crew.tell("come", who=self.who)


HABITS: tuple[type[Habit], ...] = (RepeatedSends, SlowConsumers, ReplayBurst, ReconnectAll)
