"""Faults of numbers: no descriptors left, a feed that overflows, everything sent again."""

import contextlib
import os
import signal
import socket
import sys
import time
from random import Random
from typing import Any

from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.fault import Fault, OnProcess
from tests.faults.nemesis.repeater import Repeater
from tests.server import HOST

_SPARE = 8
"""Descriptors that the gateway may still open before it has none."""
_STRANGERS = 64


class NoDescriptors(OnProcess):
    """A gateway has no descriptors left: connections that say nothing have taken them all."""

    name = "no-descriptors"
    acts_on = "gateway"
    hold_s = (1.0, 5.0)

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self._strangers: list[socket.socket] = []
        self._limits: tuple[int, int] | None = None
        self._pid = 0

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return None if sys.platform == "linux" else "only on Linux is there prlimit"

    def begin(self) -> None:
        self._pid = self.cluster.process(self.process_name).pid
        open_now = _descriptors(self._pid)
        self._limits = _limit(self._pid, None)
        # The hard limit stays: not everybody may raise it again.
        _limit(self._pid, (open_now + _SPARE, self._limits[1]))
        for _ in range(_STRANGERS):
            one = socket.create_connection((HOST, self.cluster.ports[self.index]))
            self._strangers.append(one)

    @property
    def left(self) -> int:
        """How many descriptors the gateway can still open."""
        limit, _ = _limit(self._pid, None)
        return limit - _descriptors(self._pid)

    def heal(self) -> None:
        for one in self._strangers:
            one.close()
        self._strangers.clear()
        if self._limits is not None:
            with contextlib.suppress(ProcessLookupError):
                _limit(self._pid, self._limits)
            self._limits = None


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _limit(pid: int, limits: tuple[int, int] | None) -> tuple[int, int]:
    """Set the limits of open files of a process, if any are given; return what they were."""
    import resource

    prlimit: Any = resource.prlimit
    found: tuple[int, int] = prlimit(pid, resource.RLIMIT_NOFILE, *([limits] if limits else []))
    return found


class Overflow(OnProcess):
    """What is published overflows: a gateway with a small feed stands still, and it is dropped."""

    name = "overflow"
    acts_on = "gateway"
    hold_s = (2.0, 4.0)

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        if sys.platform == "win32":
            return "only on systems with SIGSTOP"
        return None if cluster.shape.feed_hwm else "the cluster has no small feed"

    def begin(self) -> None:
        self.cluster.process(self.process_name).send(signal.SIGSTOP)

    def heal(self) -> None:
        self.cluster.process(self.process_name).send(signal.SIGCONT)


class DuplicateSends(Fault):
    """A client sends every message three times, and now and then its oldest and newest again.

    It is a client of the run like any other: it writes a history of its own.
    """

    name = "duplicate-sends"
    acts_on = "front"
    hold_s = (2.0, 6.0)
    _made = 0

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.index = random.randrange(len(cluster.fronts))
        type(self)._made += 1
        self.repeater = Repeater(
            cluster.invite,
            self.index,
            f"again{type(self)._made}",
            cluster.folder / "histories",
            random.getrandbits(32),
        )

    def begin(self) -> None:
        self.repeater.start()

    def heal(self) -> None:
        self.repeater.stop()

    def describe(self) -> dict[str, object]:
        return {"client": self.repeater.name, "sent": self.repeater.sent}


def wait_until_full(fault: NoDescriptors, patience_s: float = 20.0) -> None:
    """Wait until a gateway has indeed no descriptor left."""
    deadline = time.monotonic() + patience_s
    while fault.left > 0:
        assert time.monotonic() < deadline, f"{fault.left} descriptors are left"
        time.sleep(0.02)
