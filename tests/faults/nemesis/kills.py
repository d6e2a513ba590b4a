"""Faults: processes are killed, at any moment or at a chosen one, and started again."""

import time
from random import Random
from typing import ClassVar

from tests.faults.nemesis.cluster import BROKER, Cluster
from tests.faults.nemesis.fault import Fault, OnClient, OnProcess, Target

_DEATH_S = 30.0


class KillBroker(OnProcess):
    """The broker dies; nothing answers until it is started again."""

    name = "kill-broker"
    acts_on: ClassVar[Target] = "broker"
    hold_s = (0.0, 4.0)

    def begin(self) -> None:
        self.cluster.hold(self.process_name)
        self.cluster.process(self.process_name).kill()

    def heal(self) -> None:
        self.bring_back()


class KillGateway(KillBroker):
    """A gateway dies; its clients go to another one."""

    name = "kill-gateway"
    acts_on = "gateway"
    hold_s = (0.0, 8.0)


class BounceBroker(KillBroker):
    """The broker is killed and at once started again; gateways hold what is left of the old."""

    name = "bounce-broker"
    hold_s = (0.0, 0.0)

    def begin(self) -> None:
        super().begin()
        self.bring_back()


class BounceGateway(BounceBroker):
    """A gateway is killed and at once started again on its port."""

    name = "bounce-gateway"
    acts_on = "gateway"


class KillClient(OnClient):
    """A process of the fleet dies; what its clients had in their outboxes waits on disk."""

    name = "kill-client"
    hold_s = (0.0, 4.0)
    _killed = False

    def begin(self) -> None:
        self._killed = True
        self.client.kill()

    def heal(self) -> None:
        if self._killed:
            self._killed = False
            self.client.restart()


class KillEverything(Fault):
    """Everything dies at once: a power cut that spares the disk."""

    name = "kill-everything"
    acts_on = "everything"
    hold_s = (0.0, 1.0)
    _killed = False

    def begin(self) -> None:
        cluster = self.cluster
        cluster.hold(*cluster.names)
        self._killed = True
        for name in self.random.sample(cluster.names, len(cluster.names)):
            cluster.process(name).kill()
        for client in cluster.clients:
            client.kill()

    def heal(self) -> None:
        cluster = self.cluster
        for name in cluster.names:
            if not cluster.process(name).runs:
                cluster.start(name)
        cluster.release(*cluster.names)
        if self._killed:
            self._killed = False
            for client in cluster.clients:
                client.restart()


class Crash(OnProcess):
    """The broker dies at a moment of the test build (``switches.py``), in the next drain."""

    acts_on = "broker"
    hold_s = (0.0, 2.0)
    moment: str

    @classmethod
    def available(cls, cluster: Cluster) -> str | None:
        return None if cluster.shape.switches else "the cluster does not run the test build"

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster, random)
        self.died_there = False
        """Somebody wrote, so the broker came to the moment; without, it is killed anyhow."""
        self._armed = False

    def begin(self) -> None:
        cluster = self.cluster
        cluster.hold(BROKER)
        if cluster.moment != self.moment:
            cluster.moment = self.moment
            cluster.restart(BROKER)
        cluster.trigger.touch()
        self._armed = True

    def heal(self) -> None:
        if self._armed:
            self._armed = False
            process = self.cluster.process(BROKER)
            deadline = time.monotonic() + _DEATH_S
            while self.cluster.trigger.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            self.died_there = not self.cluster.trigger.exists()
            if self.died_there:
                process.wait()
            else:
                self.cluster.trigger.unlink()
                process.kill()
        self.bring_back()

    def describe(self) -> dict[str, object]:
        return {**super().describe(), "died_there": self.died_there}


class CrashBeforeCommit(Crash):
    """All of a drain is written, nothing is committed: nobody may ever see it."""

    name = "crash-before-commit"
    moment = "before_commit"


class CrashAfterCommit(Crash):
    """A drain is stored, nobody was told: sent again, it must not be there twice."""

    name = "crash-after-commit"
    moment = "after_commit"


class CrashAfterAnswers(Crash):
    """A drain is stored and acknowledged, but not published: readers must find it."""

    name = "crash-after-answers"
    moment = "after_answers"


class RollingRestart(Fault):
    """Gateways one after the other, then the broker, all in order: an upgrade."""

    name = "rolling-restart"
    acts_on = "everything"
    hold_s = (0.0, 0.0)

    def begin(self) -> None:
        names = [*self.cluster.names[1:], BROKER]
        with self.cluster.holding(*names):
            for name in names:
                self.cluster.restart(name)
                time.sleep(self.random.uniform(0.0, 0.5))

    def heal(self) -> None:
        for name in self.cluster.names:
            if not self.cluster.process(name).runs:
                self.cluster.start(name)
