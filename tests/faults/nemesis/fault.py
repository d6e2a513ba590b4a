"""What a fault is: something that is done to a cluster, and taken back.

A fault draws what it needs (whom it hits, where it cuts) from the generator that it is given when
it is made, so that a run repeats from its seed. ``begin`` does it, ``heal`` takes it back and may
be called at any time, also after a ``begin`` that failed half-way, and twice. After ``heal``
all processes of the cluster run and all links are whole; that clients have caught up is for who
watches them to say. ``tests.faults.nemesis.registry`` names all faults.

A fault that ends a process holds it (``Cluster.hold``), so that nobody else starts it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import ClassVar, Literal

from tests.faults.nemesis.cluster import BROKER, Client, Cluster

Target = Literal["broker", "gateway", "client", "plane", "front", "journal", "everything"]
"""What a fault acts on: a process, the links of a gateway to the broker or of clients to a
gateway, the journal while the broker stands still, or all."""


class Fault(ABC):
    """One fault, made for one use."""

    name: ClassVar[str]
    acts_on: ClassVar[Target]
    hold_s: ClassVar[tuple[float, float]] = (1.0, 5.0)
    """Between which times it is held well in a campaign; (0, 0): it is over when it began."""

    def __init__(self, cluster: Cluster, random: Random) -> None:
        self.cluster = cluster
        self.random = random

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        """Return what is missing, here or in the cluster's shape, or None."""
        return None

    @abstractmethod
    def begin(self) -> None:
        """Do it."""

    @abstractmethod
    def heal(self) -> None:
        """Take it back."""

    def describe(self) -> dict[str, object]:
        """Return what the record of a run should say beside the name, as JSON takes it."""
        return {}

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Begin, and heal at the end of the block, however that is left."""
        try:
            self.begin()
            yield
        finally:
            self.heal()


class OnProcess(Fault):
    """A fault of one process of the server: the broker, or a gateway that it draws."""

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.index = random.randrange(len(cluster.gateways))
        self.process_name = BROKER if self.acts_on == "broker" else f"gateway-{self.index}"

    def describe(self) -> dict[str, object]:
        return {"process": self.process_name}

    def bring_back(self) -> None:
        """See to it that the process runs."""
        if not self.cluster.process(self.process_name).runs:
            self.cluster.start(self.process_name)
        self.cluster.release(self.process_name)


class OnClient(Fault):
    """A fault of one process of the fleet, which it draws."""

    acts_on = "client"

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.client: Client = random.choice(self.candidates(cluster))

    @classmethod
    def candidates(cls, cluster: Cluster) -> list[Client]:
        return cluster.clients

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return None if cls.candidates(cluster) else "the cluster has no clients for this"

    def describe(self) -> dict[str, object]:
        return {"client": self.client.name}
