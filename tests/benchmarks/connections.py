"""Connections: what a client costs a gateway to let in, to keep and when idle, and how soon all are
back after the gateway was killed.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

from tests.benchmarks.cluster import Cluster, cpu_ns, memory_kib, settle

_FLEETS = 4


@dataclass(frozen=True, slots=True)
class Connections:
    """What to measure."""

    clients: int
    grace_s: float = 15.0
    """After the last client came, until what its coming left behind is cleared away."""
    idle_s: float = 60.0

    def run(self) -> dict[str, object]:
        """Measure once; return the keys that the README explains."""
        with Cluster() as cluster:
            settle(cluster)
            pid = cluster.gateway.pid
            memory, cpu = memory_kib(pid), cpu_ns(pid)
            fleets: list[subprocess.Popen[str]] = []
            share = -(-self.clients // _FLEETS)
            started = time.monotonic()
            try:
                for number in range(_FLEETS):
                    count = min(share, self.clients - number * share)
                    words = [str(cluster.invite), str(count), f"c{number}x"]
                    fleet = subprocess.Popen(
                        [sys.executable, "-m", "tests.benchmarks.fleet", *words],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                    fleets.append(fleet)
                for fleet in fleets:
                    assert fleet.stdout is not None
                    if fleet.stdout.readline().strip() != "ready":
                        raise RuntimeError("the clients could not connect")
                took_s = time.monotonic() - started
                settle(cluster)
                cpu = cpu_ns(pid) - cpu
                time.sleep(self.grace_s)
                before, quiet = cluster.cpu_ns(), time.monotonic()
                _tell(fleets, f"idle {self.idle_s}")
                idle_ns = cluster.cpu_ns() - before
                idle_s = time.monotonic() - quiet
                memory = memory_kib(pid) - memory
                killed = time.monotonic()
                cluster.replace_gateway()
                _tell(fleets, "again")
                back_s = time.monotonic() - killed
            finally:
                for fleet in fleets:
                    assert fleet.stdin is not None and fleet.stdout is not None
                    fleet.stdin.close()
                    try:
                        fleet.wait(20)
                    except subprocess.TimeoutExpired:
                        fleet.kill()
                        fleet.wait()
                    fleet.stdout.close()
        return {
            "bench": "connections",
            "clients": self.clients,
            "connected_per_s": round(self.clients / took_s),
            "kib_per_client": round(memory / self.clients, 1),
            "cpu_us_per_handshake": round(cpu / 1e3 / self.clients, 1),
            "idle_core_percent": round(idle_ns / 1e9 / idle_s * 100, 2),
            "all_back_s": round(back_s, 1),
        }


def _tell(fleets: list["subprocess.Popen[str]"], line: str) -> None:
    """Have all do this, and wait until the last has done it."""
    for fleet in fleets:
        assert fleet.stdin is not None
        fleet.stdin.write(line + "\n")
        fleet.stdin.flush()
    for fleet in fleets:
        assert fleet.stdout is not None
        if not fleet.stdout.readline():
            raise RuntimeError("some clients ended")
