"""One trial: a peer's server on a fresh folder, its clients, and the loads one after the other."""

import tempfile
import time
from pathlib import Path

from protocol.addresses import free_ports
from tests.benchmarks.cluster import settle
from tests.benchmarks.corpus import bodies
from tests.benchmarks.fleet import percentile_ms
from tests.benchmarks.peers.generator import Generator
from tests.benchmarks.peers.peer import SIZE, Peer
from tests.benchmarks.peers.process import Server
from tests.benchmarks.peers.results import Figures, Row, load_name, machine, middle

_STAMP_BYTES = 18


def measure(peer: Peer, clients: int, messages: int, rates: list[float], rounds: int = 1) -> Row:
    """Start a peer, measure it, and stop it; ``RuntimeError`` if it does not do its part."""
    version = peer.version()
    count = min(messages, peer.messages_max or messages)
    texts = bodies(count, SIZE - _STAMP_BYTES)
    port = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="zviazok-peer-") as place:
        folder = Path(place)
        server = Server(peer.start(folder, port), folder, port)
        generator = Generator(peer, port)
        try:
            server.wait_until_it_listens()
            settle(server)
            memory = server.memory_kib()
            generator.connect(clients)
            settle(server)
            memory = server.memory_kib() - memory
            loads = {}
            for rate in rates:
                loads[load_name(rate)] = middle(
                    [_load(server, generator, texts, clients, rate) for _ in range(rounds)]
                )
        except RuntimeError as error:
            raise RuntimeError(f"{error}; its log: {server.log()}") from error
        finally:
            generator.close()
            server.stop()
    return Row(
        key=peer.key,
        title=peer.title,
        package=peer.package,
        version=version,
        promise=peer.promise,
        settings=peer.settings,
        memory_kib_per_client=round(memory / clients, 1),
        machine=machine(),
        loads=loads,
    )


def _load(
    server: Server, generator: Generator, texts: list[str], clients: int, rate: float
) -> Figures:
    settle(server)
    before = server.cpu_ns()
    seen = generator.run(texts, rate)
    settle(server)
    spent_ns = server.cpu_ns() - before
    return Figures(
        clients=clients,
        messages=len(texts),
        rate=rate,
        delivered=seen.delivered,
        lost=seen.lost,
        damaged=seen.damaged,
        disordered=seen.disordered,
        cpu_us_per_delivery=round(spent_ns / 1e3 / max(seen.delivered, 1), 3),
        deliveries_per_s=round(seen.delivered / max(seen.took_s, 1e-9)),
        p50_ms=round(percentile_ms(seen.latencies_ns, 0.50), 2),
        p99_ms=round(percentile_ms(seen.latencies_ns, 0.99), 2),
        took_s=round(seen.took_s, 3),
        generator_busy=round(seen.generator_cpu_s / max(seen.took_s, 1e-9), 2),
        measured=time.strftime("%Y-%m-%d", time.gmtime()),
    )
