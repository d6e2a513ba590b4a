"""Faults: processes stand still (SIGSTOP) for a while, and then go on as if nothing had been.

One that stands still has not died: it holds its connections, its locks and what it believed.
"""

import contextlib
import os
import signal
import sys
from typing import ClassVar

from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.fault import OnClient, OnProcess, Target


def _why_not() -> str | None:
    return "only on systems with SIGSTOP" if sys.platform == "win32" else None


class PauseBroker(OnProcess):
    """The broker stands still; gateways may give it up and come back."""

    name = "pause-broker-1s"
    acts_on: ClassVar[Target] = "broker"
    hold_s = (1.0, 1.0)

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return _why_not()

    def begin(self) -> None:
        self.cluster.process(self.process_name).send(signal.SIGSTOP)

    def heal(self) -> None:
        self.cluster.process(self.process_name).send(signal.SIGCONT)


class PauseBrokerLonger(PauseBroker):
    """Longer than clients wait for an answer, shorter than gateways give the broker up."""

    name = "pause-broker-5s"
    hold_s = (5.0, 5.0)


class PauseBrokerLong(PauseBroker):
    """Longer than gateways wait (9 s): they connect anew, and the old connection wakes up too."""

    name = "pause-broker-12s"
    hold_s = (12.0, 12.0)


class PauseGateway(PauseBroker):
    """A gateway stands still: its clients and the broker wait for it."""

    name = "pause-gateway"
    acts_on = "gateway"
    hold_s = (1.0, 6.0)


class PauseGatewayLong(PauseGateway):
    """Longer than the broker knows it (10 s): its people are offline, and come back."""

    name = "pause-gateway-12s"
    hold_s = (12.0, 12.0)


class PauseClient(OnClient):
    """A process of the fleet stands still, and finds its connections gone or full."""

    name = "pause-client"
    hold_s = (1.0, 6.0)

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return super().available(cluster) or _why_not()

    def begin(self) -> None:
        self._send(signal.SIGSTOP)

    def heal(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.client.pid, number)


class SlowClient(PauseClient):
    """A process of the fleet reads nothing for so long that all its queues are full."""

    name = "slow-client"
    hold_s = (15.0, 25.0)
