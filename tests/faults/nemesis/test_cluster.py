"""A server of processes that faults can act on: behind proxies, recorded, started again."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.nemesis.cluster import Cluster, Shape
from tests.faults.nemesis.smalldisk import SmallDisk, why_no_small_disk
from tests.faults.nemesis.stand import Stand, until
from tests.integration.bare import Circle, circle


@pytest.fixture
def bare() -> Iterator[Circle]:
    with circle() as one:
        yield one


def test_clients_and_gateways_go_through_the_proxies(tmp_path: Path, bare: Circle) -> None:
    with Cluster(tmp_path) as cluster:
        anna, boris = (bare(cluster.invite, name, place) for place, name in enumerate("ab"))
        room = anna.enter("through")
        boris.enter("through")
        anna.tell(room, "hello")
        Stand(cluster).read_all(boris, room)
        assert boris.texts(room) == ["hello"]
        # What the gateways say of themselves leads to the proxies again.
        assert anna.welcome is not None
        assert set(anna.welcome.gateways) == set(cluster.addresses)
        until(lambda: [link.counters().open for link in cluster.planes] == [3, 3])
        for link in (*cluster.fronts, *cluster.planes):
            seen = link.counters()
            assert seen.open and seen.up and seen.down


def test_ends_are_recorded_and_what_nobody_planned_stands_out(tmp_path: Path) -> None:
    with Cluster(tmp_path, Shape(gateways=1)) as cluster:
        first = cluster.process("broker")
        assert cluster.tend() == []
        cluster.process("gateway-0").kill()
        with cluster.holding("gateway-0"):
            assert cluster.tend() == []
        assert cluster.tend() == ["gateway-0"]
        os.kill(first.pid, signal.SIGKILL)
        first.popen.wait()
        assert cluster.tend() == ["broker"]
        assert cluster.process("broker").pid != first.pid
        assert [one["name"] for one in cluster.ends.unplanned] == ["broker"]
    ends = json.loads((tmp_path / "processes.json").read_text(encoding="utf-8"))
    assert [(one["name"], one["status"], one["planned"]) for one in ends] == [
        ("gateway-0", -9, True),
        ("broker", -9, False),
        ("gateway-0", 0, True),
        ("broker", 0, True),
    ]
    assert {one["log"] for one in ends} == {
        f"{name}.{number}.err" for name in ("broker", "gateway-0") for number in (1, 2)
    }
    assert all((tmp_path / "logs" / one["log"]).exists() for one in ends)


@pytest.mark.skipif(why_no_small_disk() is not None, reason=str(why_no_small_disk()))
def test_a_small_disk_fills_empties_and_is_gone_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    disk = SmallDisk(folder, 4)
    try:
        assert os.path.ismount(folder)
        (folder / "kept").write_text("kept", encoding="utf-8")
        disk.fill(leave_bytes=1 << 20)
        assert 0 < disk.free_bytes <= 1 << 20
        disk.fill()
        assert disk.free_bytes == 0
        with pytest.raises(OSError, match="No space"):
            (folder / "more").write_bytes(b"x" * 65_536)
        disk.empty()
        (folder / "more").write_bytes(b"x" * 65_536)
    finally:
        disk.close(keep=True)
    assert not os.path.ismount(folder)
    assert sorted(one.name for one in folder.iterdir()) == ["kept", "more"]
