"""All faults by their names.

fault = make("partition-plane", cluster, random)
if why_not("no-descriptors", cluster): …
"""

from random import Random

from tests.faults.nemesis import crowds, disks, journals, kills, links, packets, pauses, wallclocks
from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.fault import Fault, Target
from tests.faults.nemesis.links import OnLink


def _twice(kind: type[OnLink]) -> list[type[Fault]]:
    """Return a kind of fault of links as it is on a plane, and as it is on a front."""
    sides: tuple[Target, ...] = ("plane", "front")
    made: list[type[Fault]] = []
    for side in sides:
        name = f"{kind.__name__}On{side.capitalize()}"
        about = {"name": f"{kind.word}-{side}", "acts_on": side, "__doc__": kind.__doc__}
        made.append(type(name, (kind,), about))
    return made


_ALL: list[type[Fault]] = [
    kills.KillBroker,
    kills.KillGateway,
    kills.KillClient,
    kills.KillEverything,
    kills.BounceBroker,
    kills.BounceGateway,
    kills.CrashBeforeCommit,
    kills.CrashAfterCommit,
    kills.CrashAfterAnswers,
    kills.RollingRestart,
    pauses.PauseBroker,
    pauses.PauseBrokerLonger,
    pauses.PauseBrokerLong,
    pauses.PauseGateway,
    pauses.PauseGatewayLong,
    pauses.PauseClient,
    pauses.SlowClient,
    *(side for kind in links.KINDS for side in _twice(kind)),
    packets.LosePackets,
    packets.ResetSockets,
    disks.FullDisk,
    disks.FullDiskClient,
    disks.NoSpace,
    disks.WriteError,
    disks.SyncError,
    journals.FlippedJournal,
    journals.TornJournal,
    journals.DamagedBlock,
    journals.RestoreOlder,
    wallclocks.ClockOfBroker,
    wallclocks.ClockOfGateway,
    wallclocks.ClockOfClient,
    crowds.NoDescriptors,
    crowds.Overflow,
    crowds.DuplicateSends,
]

FAULTS: dict[str, type[Fault]] = {one.name: one for one in _ALL}


def make(name: str, cluster: Cluster, random: Random) -> Fault:
    """Make a fault of this name; it draws from ``random``."""
    return FAULTS[name](cluster, random)


def why_not(name: str, cluster: Cluster) -> str | None:
    """Return what is missing for a fault, or None: it can be made."""
    return FAULTS[name].available(cluster)
