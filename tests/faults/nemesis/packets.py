"""Faults of the system's own network: packets that are lost, connections that it resets.

They act on the ports of one gateway: packets only in a network of one's own (``privatenet.py``),
because their rules would be the machine's. The proxy does the same portably: ``links.py``.
"""

import subprocess
from random import Random

from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.fault import Fault
from tests.faults.nemesis.privatenet import is_private, run, tool

_TABLE = "zviazok_test"


class LosePackets(Fault):
    """1 to 10 of a hundred packets from and to a gateway's frontend are lost."""

    name = "lose-packets"
    acts_on = "front"
    hold_s = (3.0, 8.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.index = random.randrange(len(cluster.ports))
        self.port = cluster.ports[self.index]
        self.per_mille = random.randint(10, 100)
        self._began = False

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        if not tool("nft"):
            return "there is no nft (on Debian: apt install nftables)"
        return None if is_private() else "only in a network of one's own are packets lost"

    def begin(self) -> None:
        self._began = True
        run("nft", "add", "table", "inet", _TABLE)
        hook = "{ type filter hook input priority 0 ; }"
        run("nft", "add", "chain", "inet", _TABLE, "lost", hook)
        drawn = ["numgen", "random", "mod", "1000", "<", str(self.per_mille), "counter", "drop"]
        for way in ("dport", "sport"):
            run("nft", "add", "rule", "inet", _TABLE, "lost", "tcp", way, str(self.port), *drawn)

    @property
    def lost(self) -> int:
        """How many packets were lost so far."""
        words = run("nft", "list", "table", "inet", _TABLE).split()
        return sum(int(words[at + 1]) for at, word in enumerate(words) if word == "packets")

    def heal(self) -> None:
        if self._began:
            self._began = False
            run("nft", "delete", "table", "inet", _TABLE)

    def describe(self) -> dict[str, object]:
        return {"gateway": self.index, "per_mille": self.per_mille}


class ResetSockets(Fault):
    """The system ends all connections of a gateway's frontend (``ss -K``)."""

    name = "reset-sockets"
    acts_on = "front"
    hold_s = (0.0, 0.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.index = random.randrange(len(cluster.ports))
        self.port = cluster.ports[self.index]

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return None if tool("ss") else "there is no ss (on Debian: apt install iproute2)"

    def begin(self) -> None:
        # It says "Invalid argument" of listening sockets, and has ended the others all the same.
        words = [tool("ss"), "-K", "-t", "state", "established", f"dport = {self.port}"]
        subprocess.run(words, capture_output=True, check=False, timeout=30)

    def heal(self) -> None:
        pass

    def describe(self) -> dict[str, object]:
        return {"gateway": self.index}
