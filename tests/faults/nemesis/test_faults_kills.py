"""Processes are killed and restarted in every way, while somebody talks."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.kills import Crash
from tests.faults.nemesis.registry import make, why_not
from tests.faults.nemesis.stand import Stand, until


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with Cluster(tmp_path_factory.mktemp("kills")) as cluster:
        yield Stand(cluster)


class Sleeper:
    """A process of a fleet that does nothing."""

    name = "sleeper"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.restart()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def state(self) -> str:
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return text.rsplit(")", 1)[1].split()[0]

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def restart(self) -> None:
        self._popen = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


@pytest.fixture
def sleeper(stand: Stand, tmp_path: Path) -> Iterator[Sleeper]:
    one = Sleeper(tmp_path)
    stand.cluster.clients.append(one)
    try:
        yield one
    finally:
        stand.cluster.clients.remove(one)
        one.kill()


def pids(cluster: Cluster) -> dict[str, int]:
    return {name: cluster.process(name).pid for name in cluster.names}


@pytest.mark.parametrize("name", ["kill-broker", "kill-gateway", "bounce-broker", "bounce-gateway"])
def test_a_killed_process_is_gone_and_comes_back(stand: Stand, name: str) -> None:
    cluster = stand.cluster
    fault = make(name, cluster, Random(3))
    before = pids(cluster)
    hit = str(fault.describe()["process"])
    with stand.talking(1 if hit == "gateway-1" else 0) as load, fault.applied():
        assert cluster.tend() == []
        if name.startswith("kill"):
            assert not cluster.process(hit).runs
            load.stands_still()
    after = pids(cluster)
    assert {one for one in before if before[one] != after[one]} == {hit}
    assert cluster.ends.unplanned == []


@pytest.mark.parametrize(
    "name", ["crash-before-commit", "crash-after-commit", "crash-after-answers"]
)
def test_the_broker_dies_at_the_chosen_moment(stand: Stand, name: str) -> None:
    fault = make(name, stand.cluster, Random(3))
    assert isinstance(fault, Crash)
    with stand.talking() as load:
        for _ in range(2):
            with fault.applied():
                until(lambda: not stand.cluster.trigger.exists(), "the moment")
            assert fault.died_there
            load.goes_on()
    assert stand.cluster.ends.unplanned == []


def test_where_nobody_writes_it_is_killed_all_the_same(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.nemesis.kills._DEATH_S", 0.1)
    fault = make("crash-after-commit", stand.cluster, Random(3))
    with fault.applied():
        pass
    assert fault.describe()["died_there"] is False
    assert not stand.cluster.trigger.exists()
    with stand.talking():
        pass


def test_everything_dies_at_once(stand: Stand, sleeper: Sleeper) -> None:
    cluster = stand.cluster
    before, slept = pids(cluster), sleeper.pid
    with stand.talking() as load:
        with make("kill-everything", cluster, Random(3)).applied():
            assert not any(cluster.process(name).runs for name in cluster.names)
            load.stands_still()
        load.goes_on()
    after = pids(cluster)
    assert all(before[name] != after[name] for name in before)
    assert sleeper.pid != slept
    assert cluster.ends.unplanned == []


def test_a_rolling_restart_is_in_order(stand: Stand) -> None:
    cluster = stand.cluster
    before = pids(cluster)
    with stand.talking(1), make("rolling-restart", cluster, Random(3)).applied():
        pass
    after = pids(cluster)
    assert all(before[name] != after[name] for name in before)
    last = cluster.ends.found[-len(before) :]
    assert [(one["name"], one["status"]) for one in last] == [
        ("gateway-0", 0),
        ("gateway-1", 0),
        ("broker", 0),
    ]


def test_a_client_is_killed_stands_still_and_comes_back(stand: Stand, sleeper: Sleeper) -> None:
    cluster = stand.cluster
    slept = sleeper.pid
    with make("kill-client", cluster, Random(3)).applied(), pytest.raises(ProcessLookupError):
        os.kill(slept, 0)
    assert sleeper.pid != slept
    with make("pause-client", cluster, Random(3)).applied():
        until(lambda: sleeper.state == "T", "standing still")
    until(lambda: sleeper.state in "SR", "going on")
    assert make("slow-client", cluster, Random(3)).describe() == {"client": "sleeper"}


def test_without_clients_there_is_nobody_to_hit(stand: Stand) -> None:
    for name in ("kill-client", "pause-client", "full-disk-client", "clock-client"):
        assert why_not(name, stand.cluster)
    assert why_not("kill-broker", stand.cluster) is None


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGSTOP")
@pytest.mark.parametrize("name", ["pause-broker-1s", "pause-broker-5s", "pause-gateway"])
def test_who_stands_still_answers_nobody_and_goes_on(stand: Stand, name: str) -> None:
    cluster = stand.cluster
    fault = make(name, cluster, Random(3))
    hit = str(fault.describe()["process"])
    before = pids(cluster)
    with stand.talking(1 if hit == "gateway-1" else 0) as load, fault.applied():
        load.stands_still()
        assert cluster.process(hit).runs
    assert pids(cluster) == before


def test_a_signal_of_somebody_else_is_no_plan(stand: Stand) -> None:
    cluster = stand.cluster
    os.kill(cluster.process("gateway-0").pid, signal.SIGKILL)
    until(lambda: not cluster.process("gateway-0").runs)
    assert [one["name"] for one in cluster.ends.unplanned] == ["gateway-0"]
    assert cluster.tend() == ["gateway-0"]
    with stand.talking():
        pass
