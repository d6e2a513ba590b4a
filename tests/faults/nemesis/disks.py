"""Faults of disks: full ones, at the broker and at a client, and ones that fail to write or sync.

A full disk is a small one (``smalldisk.py``) that is filled. Errors are injected into the system
calls of the broker (``injection.py``): after one it must end, having acknowledged nothing that
is not stored, because what the system still holds of a failed sync nobody knows.
"""

import time
from random import Random
from typing import ClassVar

from tests.faults.nemesis.cluster import BROKER, Client, Cluster
from tests.faults.nemesis.fault import Fault, OnClient, OnProcess
from tests.faults.nemesis.injection import Injection, why_no_injection
from tests.faults.nemesis.smalldisk import SmallDisk

_RESERVE_BYTES = 16 << 20
"""What the broker leaves free of its own will."""
_ENDING_S = 1.0
"""How long a broker that has met the error may take to end."""


class FullDisk(Fault):
    """The broker's disk is full, to the last byte or into the reserve."""

    name = "full-disk-broker"
    acts_on = "broker"
    hold_s = (2.0, 6.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.leave_bytes = random.choice((0, 0, _RESERVE_BYTES // 2))
        self._disk: SmallDisk = cluster.disks[BROKER]

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return None if BROKER in cluster.disks else "the data folder is not on a small disk"

    def begin(self) -> None:
        self._disk.fill(self.leave_bytes)

    def heal(self) -> None:
        self._disk.empty()

    def describe(self) -> dict[str, object]:
        return {"left_bytes": self.leave_bytes}


class FullDiskClient(OnClient):
    """The disk under a client's profile is full."""

    name = "full-disk-client"
    hold_s = (2.0, 6.0)

    @classmethod
    def candidates(cls, cluster: Cluster) -> list[Client]:
        return [one for one in cluster.clients if one.name in cluster.disks]

    def begin(self) -> None:
        self.cluster.disks[self.client.name].fill()

    def heal(self) -> None:
        self.cluster.disks[self.client.name].empty()


class NoSpace(OnProcess):
    """The journal's disk says that it is full, whatever the broker sees to be free."""

    name = "no-space"
    acts_on = "broker"
    hold_s = (1.0, 4.0)
    calls: ClassVar[tuple[str, ...]] = ("pwrite64", "write", "ftruncate", "fallocate")
    error: ClassVar[str] = "ENOSPC"
    _injection: Injection | None = None

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return why_no_injection()

    def when(self) -> str:
        """Say which calls fail, as strace takes it."""
        return "1+"

    def begin(self) -> None:
        journal = self.cluster.journal
        paths = [journal, journal.with_name(journal.name + "-wal")]
        pid = self.cluster.process(BROKER).pid
        self._injection = Injection(pid, self.calls, self.error, self.when(), paths)

    def heal(self) -> None:
        if self._injection is not None:
            self._injection.close()
            self._injection = None


class WriteError(NoSpace):
    """Writing into the journal fails: the broker ends, and starts again."""

    name = "write-error"
    error = "EIO"
    calls = ("pwrite64", "write")

    def begin(self) -> None:
        # It will end of this, and that is as it should be.
        self.cluster.hold(BROKER)
        self.cluster.process(BROKER).planned = True
        super().begin()

    def heal(self) -> None:
        super().heal()
        process = self.cluster.process(BROKER)
        deadline = time.monotonic() + _ENDING_S
        while process.runs and time.monotonic() < deadline:
            time.sleep(0.02)
        if process.runs:
            # Nobody wrote meanwhile. From here on an end of its own is nobody's plan.
            process.planned = False
        self.bring_back()


class SyncError(WriteError):
    """A sync of the journal fails, once; a second one would say that all is well."""

    name = "sync-error"
    calls = ("fdatasync", "fsync")

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self._nth = random.randint(1, 5)

    def when(self) -> str:
        return str(self._nth)

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "nth": self._nth}
