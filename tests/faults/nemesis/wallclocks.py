"""Faults of wall clocks: a process sees a time ten years off, and later the right one again."""

from random import Random
from typing import ClassVar

from tests.faults.nemesis.cluster import Client, Cluster
from tests.faults.nemesis.fault import OnClient, OnProcess, Target

_YEARS = 10


class ClockOfBroker(OnProcess):
    """The broker's clock jumps."""

    name = "clock-broker"
    acts_on: ClassVar[Target] = "broker"
    hold_s = (1.0, 5.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.years = random.choice((-_YEARS, _YEARS))

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return None if cluster.shape.clocks else "clocks of this cluster cannot be set"

    def begin(self) -> None:
        self.cluster.clocks.set(self.process_name, self.years)

    def heal(self) -> None:
        self.cluster.clocks.set(self.process_name, 0)

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "years": self.years}


class ClockOfGateway(ClockOfBroker):
    """A gateway's clock jumps."""

    name = "clock-gateway"
    acts_on = "gateway"


class ClockOfClient(OnClient):
    """A client's clock jumps."""

    name = "clock-client"
    hold_s = (1.0, 5.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.years = random.choice((-_YEARS, _YEARS))

    @classmethod
    def candidates(cls, cluster: Cluster) -> list[Client]:
        return [one for one in cluster.clients if cluster.clocks.has(one.name)]

    def begin(self) -> None:
        self.cluster.clocks.set(self.client.name, self.years)

    def heal(self) -> None:
        self.cluster.clocks.set(self.client.name, 0)

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "years": self.years}
