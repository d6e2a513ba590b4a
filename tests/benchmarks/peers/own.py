"""Our own row: ``tests.benchmarks.fanout`` as it is, and the memory of broker and gateway."""

import subprocess
import sys
import time

from protocol import __version__
from tests.benchmarks.cluster import Cluster, memory_kib, settle
from tests.benchmarks.fanout import Fanout
from tests.benchmarks.peers.peer import SIZE, Promise
from tests.benchmarks.peers.results import OWN, Figures, Row, load_name, machine, middle


def measure(clients: int, messages: int, rates: list[float], rounds: int = 1) -> Row:
    """Measure Zviazok at all loads, each with servers of its own."""
    return Row(
        key=OWN,
        title="Zviazok",
        package="this project",
        version=__version__,
        promise=Promise("yes", "yes, before the ack", "yes, CURVE", "per room, for all"),
        settings=(
            "journal in SQLite at synchronous=FULL, CURVE on every connection",
            "no limit of rate, all else by default: a busy room is held a few ms",
            "the sender is a process of its own, with 200 messages in flight at most",
        ),
        memory_kib_per_client=_memory(clients),
        machine=machine(),
        loads={
            load_name(rate): middle([_load(clients, messages, rate) for _ in range(rounds)])
            for rate in rates
        },
    )


def _load(clients: int, messages: int, rate: float) -> Figures:
    told = Fanout(clients, messages, rate, SIZE).run()
    delivered = int(str(told["delivered"]))
    lost = clients * messages - delivered
    per_s = int(str(told["deliveries_per_s"]))
    return Figures(
        clients=clients,
        messages=messages,
        rate=rate,
        delivered=delivered,
        lost=lost,
        damaged=None,
        disordered=0 if lost or told["in_order"] else 1,
        cpu_us_per_delivery=float(str(told["server_cpu_us_per_delivery"])),
        deliveries_per_s=per_s,
        p50_ms=float(str(told["p50_ms"])),
        p99_ms=float(str(told["p99_ms"])),
        took_s=round(delivered / max(per_s, 1), 3),
        generator_busy=None,
        measured=time.strftime("%Y-%m-%d", time.gmtime()),
    )


def _memory(clients: int) -> float:
    """KiB that the two processes grow by per client who is connected and welcome."""
    with Cluster() as cluster:
        pids = (cluster.broker.pid, cluster.gateway.pid)
        settle(cluster)
        before = sum(memory_kib(pid) for pid in pids)
        words = ["-m", "tests.benchmarks.fleet", str(cluster.invite), str(clients), "fleet"]
        fleet = subprocess.Popen(
            [sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert fleet.stdin is not None and fleet.stdout is not None
        try:
            if fleet.stdout.readline().strip() != "ready":
                raise RuntimeError("the clients could not connect")
            settle(cluster)
            after = sum(memory_kib(pid) for pid in pids)
        finally:
            fleet.stdin.close()
            try:
                fleet.wait(20)
            except subprocess.TimeoutExpired:
                fleet.kill()
                fleet.wait()
            fleet.stdout.close()
    return round((after - before) / clients, 1)
