"""One peer under one load: measured, and then asked for what it holds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.corpus import bodies
from tests.benchmarks.durable.load import Case, Sender, pump
from tests.benchmarks.durable.peer import Store
from tests.benchmarks.durable.service import Service
from tests.benchmarks.fleet import percentile_ms
from tests.benchmarks.ingest import Ingest

OWN = "Zviazok"

_CORPUS = 4_001
_SIZE = 200
_WARM_S = 0.5
_SAMPLE = 50
_SHARED = ("acked", "acked_per_s", "server_cpu_us_per_message", "p50_ms", "p99_ms")


@dataclass(frozen=True, slots=True)
class Measured:
    """A row of the table."""

    peer: str
    case: str
    acked: int
    acked_per_s: int
    server_cpu_us_per_message: float
    p50_ms: float
    p99_ms: float
    driver_core_percent: float
    """What the senders took of one of the cores: near 100, the peer could do more. With ours the
    senders encrypt, in threads of their own, and it may be more."""


def measure_own(case: Case, seconds: float) -> Measured:
    """Measure broker and gateway with :class:`tests.benchmarks.ingest.Ingest`, which checks too."""
    driver, started = time.process_time(), time.monotonic()
    found = Ingest(case.senders, case.window, case.per_request, _SIZE, seconds).run()
    driver, took_s = time.process_time() - driver, time.monotonic() - started
    return Measured(
        peer=OWN,
        case=case.name,
        driver_core_percent=round(driver / took_s * 100, 1),
        **{name: found[name] for name in _SHARED},  # type: ignore[arg-type]
    )


def measure(store: Store, case: Case, seconds: float) -> Measured:
    """Start the peer, send for a while, check what it holds, end it."""
    texts = [one.encode() for one in bodies(_CORPUS, _SIZE)]
    count, window = store.spread(case)
    with Service(store) as service:
        store.make_room(service.port, count)
        senders = [
            store.sender(service.port, number, texts, case.per_request) for number in range(count)
        ]
        for one in senders:
            one.greet()
        pump(senders, window, _WARM_S)
        driver, before = time.process_time(), service.cpu_ns()
        taken = pump(senders, window, seconds)
        spent_ns, driver = service.cpu_ns() - before, time.process_time() - driver
        check(store, senders)
        for one in senders:
            one.close()
    return Measured(
        peer=store.name,
        case=case.name,
        acked=taken.acked,
        acked_per_s=round(taken.acked / taken.took_s),
        server_cpu_us_per_message=round(spent_ns / 1e3 / taken.acked, 2),
        p50_ms=round(percentile_ms(taken.latencies_ns, 0.50), 3),
        p99_ms=round(percentile_ms(taken.latencies_ns, 0.99), 3),
        driver_core_percent=round(driver / taken.took_s * 100, 1),
    )


def check(store: Store, senders: Sequence[Sender]) -> None:
    """Raise :class:`RuntimeError` unless the peer holds all that it acknowledged, in order.

    Counted in every room; texts are compared at the beginning, in the middle and at the end.
    """
    for one in senders:
        holds = store.holds(one)
        if holds != one.acked:
            raise RuntimeError(f"{store.name} holds {holds} of {one.acked} in {one.number}")
        for first in {0, one.acked // 2, max(one.acked - _SAMPLE, 0)}:
            count = min(_SAMPLE, one.acked - first)
            wanted = [one.text(index) for index in range(first, first + count)]
            if store.read(one, first, count) != wanted:
                raise RuntimeError(f"{store.name} holds other texts from {first} on")
