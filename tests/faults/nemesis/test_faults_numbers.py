"""Numbers and clocks: no descriptors, an overflowing feed, duplicates, clocks ten years off."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.nemesis.clocks import Clocks
from tests.faults.nemesis.cluster import Cluster, Shape
from tests.faults.nemesis.crowds import DuplicateSends, NoDescriptors, wait_until_full
from tests.faults.nemesis.registry import make, why_not
from tests.faults.nemesis.stand import Stand, until
from tests.integration.bare import circle
from tests.server import ROOT

YEAR_MS = 365 * 24 * 3_600 * 1_000

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux")


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with Cluster(tmp_path_factory.mktemp("numbers"), Shape(feed_hwm=10)) as cluster:
        yield Stand(cluster)
        assert cluster.ends.unplanned == []


@only_on_linux
def test_without_descriptors_who_is_there_goes_on(stand: Stand) -> None:
    cluster = stand.cluster
    fault = make("no-descriptors", cluster, Random(3))
    assert isinstance(fault, NoDescriptors)
    with stand.talking(fault.index) as load, circle() as bare:
        with fault.applied():
            wait_until_full(fault)
            load.goes_on(20)
            # Nobody gets in: the connection waits, and is served when there is room.
            late = bare(cluster.invite, "late", fault.index, welcome=False)
            assert not late.socket.poll(300)
        load.goes_on()
        stand.newcomer(bare, fault.index)
    assert cluster.process(fault.process_name).runs


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGSTOP")
def test_what_overflows_is_announced_and_fetched(stand: Stand) -> None:
    cluster = stand.cluster
    assert why_not("overflow", cluster) is None
    fault = make("overflow", cluster, Random(3))
    index = int(str(fault.describe()["process"]).removeprefix("gateway-"))
    with circle() as bare:
        here, there = stand.newcomer(bare, index), stand.newcomer(bare, 1 - index)
        room = here.enter("overflow")
        there.enter("overflow")
        with fault.applied():
            for number in range(300):
                there.tell(room, f"{number} " + "ы" * 1_500)
        head = there.heads.get(room, 0) or max(there.acked.values())
        # It was told of the head, though not of all that is below it.
        here.until(lambda: max(here.heads.get(room, 0), *here.live[room], 0) >= head)
        assert len(here.live[room]) < 300, "nothing was dropped"
        assert len(stand.read_all(here, room)) >= 300


def test_what_is_sent_again_and_again_is_there_once(stand: Stand) -> None:
    fault = make("duplicate-sends", stand.cluster, Random(3))
    assert isinstance(fault, DuplicateSends)
    with fault.applied():
        until(lambda: len(fault.repeater.acked) >= 60, "sixty messages")
    assert len(fault.repeater.acked) == len(fault.repeater.texts) == fault.describe()["sent"]
    for gateway in range(2):
        stand.check(fault.repeater, gateway)


@pytest.mark.parametrize("name", ["clock-broker", "clock-gateway"])
def test_a_clock_that_jumps_changes_nothing_but_dates(stand: Stand, name: str) -> None:
    cluster = stand.cluster
    for seed in range(2):
        fault = make(name, cluster, Random(seed))
        with stand.talking(seed) as load, fault.applied():
            load.goes_on(10)
    assert {make(name, cluster, Random(seed)).describe()["years"] for seed in range(2)} == {-10, 10}


def test_the_brokers_clock_does_jump_and_dates_never_go_back(stand: Stand) -> None:
    cluster = stand.cluster
    now_ms = time.time_ns() // 1_000_000
    with circle() as bare:
        anna = stand.newcomer(bare, 0)
        room = anna.enter("dates")
        for years in (0, 10, -10, 0):
            cluster.clocks.set("broker", years)
            anna.tell(room, f"{years} years off")
        stamps = [event.ts for event in anna.read_all(room)]
    assert stamps == sorted(stamps)
    assert stamps[-1] - now_ms > 9 * YEAR_MS


def test_a_clients_clock_jumps(tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    code = (
        "import sys, time\n"
        "from tests.faults.nemesis.clocks import follow_clock\n"
        "follow_clock()\n"
        "for line in sys.stdin: print(time.time_ns() // 10**6, int(time.time() * 1000), flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT), **clocks.environment("anna")},
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for years in (0, 10, -10, 0):
            clocks.set("anna", years)
            process.stdin.write("\n")
            process.stdin.flush()
            for seen in map(int, process.stdout.readline().split()):
                off = seen - time.time_ns() // 10**6 - years * YEAR_MS
                assert abs(off) < abs(years) * 24 * 3_600 * 1_000 + 3_600_000
        process.stdin.close()
