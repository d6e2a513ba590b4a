"""Faults of links, by the proxy: partitions, flapping, cuts, delay, narrowness, refusals.

Each kind exists twice: ``…-plane`` between one gateway and the broker, ``…-front`` between one
gateway and its clients. What comes of a plane's fault is for all clients of that gateway alike.
"""

from random import Random
from typing import ClassVar

from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.fault import Fault
from tests.faults.nemesis.proxy import Direction, Link, OneWay

FLAP_MS = 700.0
_HANDSHAKE_BYTES = 400
"""A little more than either side says in a CURVE hand-shake."""
_FRAME_BYTES = 3_000

KINDS: "list[type[OnLink]]" = []
"""Every kind of this module; the registry has both of its two faults."""


class OnLink(Fault):
    """A fault of one link, which it draws."""

    word: ClassVar[str]

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.index = random.randrange(len(cluster.gateways))
        links = cluster.planes if self.acts_on == "plane" else cluster.fronts
        self.link: Link = links[self.index]
        self.details: dict[str, object] = {"link": self.link.name}
        self.draw()

    def __init_subclass__(cls) -> None:
        if "word" in cls.__dict__:
            KINDS.append(cls)

    def draw(self) -> None:
        """Draw what the fault needs beside its link, and add it to ``details``."""

    def heal(self) -> None:
        self.link.heal()

    def describe(self) -> dict[str, object]:
        return self.details

    def one_way(self) -> OneWay:
        """Draw a direction and tell of it."""
        drawn: OneWay = "up" if self.random.random() < 0.5 else "down"
        self.details["direction"] = drawn
        return drawn


class Partition(OnLink):
    """Nothing goes through either way, and nothing is closed."""

    word = "partition"
    hold_s = (2.0, 14.0)
    direction: ClassVar[Direction] = "both"

    def begin(self) -> None:
        self.link.freeze(self.direction)


class PartitionUp(Partition):
    """Nothing reaches the server's side; what it says still arrives."""

    word = "partition-up"
    direction = "up"


class PartitionDown(Partition):
    """What is sent still arrives, but no answer comes back."""

    word = "partition-down"
    direction = "down"


class Flap(OnLink):
    """The link is down and up in turns; what is under way waits."""

    word = "flap"
    hold_s = (4.0, 12.0)
    resets: ClassVar[bool] = False

    def begin(self) -> None:
        self.link.flap(FLAP_MS, self.resets)


class FlapReset(Flap):
    """The link is closed and open in turns; what is under way is lost."""

    word = "flap-reset"
    resets = True


class Delay(OnLink):
    """Everything comes 200 ms later, and up to half as much more."""

    word = "delay"
    hold_s = (3.0, 8.0)

    def begin(self) -> None:
        self.link.delay(200, 100)


class Narrow(OnLink):
    """1 Mbit/s a connection and way."""

    word = "narrow"
    hold_s = (3.0, 8.0)

    def begin(self) -> None:
        self.link.narrow(125_000)


class Lose(OnLink):
    """Packets are lost, 1 to 10 of a hundred: to programs, TCP's 200 to 600 ms of silence."""

    word = "lose"
    hold_s = (3.0, 8.0)

    def draw(self) -> None:
        self.details["per_mille"] = self.per_mille = self.random.randint(10, 100)
        self.details["spike_ms"] = self.spike_ms = self.random.choice((200, 400, 600))

    def begin(self) -> None:
        self.link.lose(self.per_mille, self.spike_ms)


class Reset(OnLink):
    """All connections end with an RST."""

    word = "reset"
    hold_s = (0.0, 0.0)

    def begin(self) -> None:
        self.link.reset()


class CutFrame(OnLink):
    """Every connection ends in the middle of a frame, some bytes from now."""

    word = "cut-frame"
    hold_s = (0.5, 2.0)

    def draw(self) -> None:
        self.direction = self.one_way()
        self.details["reset"] = self.resets = self.random.random() < 0.5

    def begin(self) -> None:
        self.link.cut(self.direction, 1, _FRAME_BYTES, self.resets)


class CutHandshake(OnLink):
    """All connections end, and every new one does within its hand-shake."""

    word = "cut-handshake"
    hold_s = (2.0, 6.0)

    def begin(self) -> None:
        self.link.cut_handshakes(_HANDSHAKE_BYTES)
        self.link.reset()


class HalfClose(OnLink):
    """One way of every connection ends; the other could go on."""

    word = "half-close"
    hold_s = (0.5, 3.0)

    def draw(self) -> None:
        self.direction = self.one_way()

    def begin(self) -> None:
        self.link.half_close(self.direction)


class Refuse(OnLink):
    """All connections end, and new ones are refused."""

    word = "refuse"
    hold_s = (1.0, 6.0)

    def begin(self) -> None:
        self.link.refuse()
        self.link.reset()
