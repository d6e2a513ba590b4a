"""Storms: everybody at once. Each is a run with fleets of its own, and is checked like any other.

``replay-storm``    clients come back at once, each with thousands of messages that wait
``reconnect-crowd`` a gateway with thousands of connections dies, and all come back
``overload``        three times the load that the machine takes, pushed by clients that resend

What a storm shows beside the verdict is in the details of its record, and in what it returns.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.invitations import make_invite
from tests.benchmarks.cluster import memory_kib
from tests.faults.checker.report import percentile
from tests.faults.fleet.plan import ClientPlan
from tests.faults.nemesis.cluster import Shape
from tests.faults.run import Run, RunError, Scale
from tests.server import HOST

MEMORY_MIB = 256
"""Under overload no process of the server may take so much more than it had when all had come.
Its bounds in messages (gateway/README.md, broker/README.md) come to less with messages of text."""

_LOOK_S = 0.25
_PATIENCE_S = 600.0
_QUIET = {"general": 0.0}
_PRIVATE = {"@": 1.0, "general": 0.0}

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How hard it blows."""

    clients: int = 100
    messages: int = 10_000
    """That wait at each client of a replay storm."""
    crowd: int = 5_000
    overload_s: float = 120.0
    calibrate_s: float = 5.0
    overload_clients: int = 48
    within_s: float = 10.0
    """When being whole afterwards counts as too late."""


SHORT = Size(20, 300, 160, 4.0, calibrate_s=0.5, overload_clients=8, within_s=100.0)
LONG = Size()


def replay_storm(folder: Path, seed: int, size: Size) -> Figures:
    """All come back at once with full outboxes; who is there goes on."""
    with Run(folder, seed, _bare(Shape(clocks=False), size.within_s)) as run:
        _pairs(run, size.clients, probes=6)
        probe = run.crews["probe"]
        probe.tell("send", per_s=30.0)
        run.rest(3.0)
        calm_ms = _delays(run)
        stormers = [crew for crew in run.crews.values() if crew.name != "probe"]
        for crew in stormers:
            crew.tell("leave")
            crew.tell("queue", messages=size.messages)
        for crew in stormers:
            crew.status(_PATIENCE_S)
        _delays(run)
        number = run.begin("replay-storm", clients=size.clients, messages=size.messages)
        began = time.monotonic()
        memory = Memory(run)
        for crew in stormers:
            crew.tell("come")
        delays_ms: list[float] = []
        while True:
            run.rest(_LOOK_S)
            memory.look()
            delays_ms += probe.status(_PATIENCE_S)["delays_ms"]
            left = [crew.status(_PATIENCE_S) for crew in stormers]
            if not any(one["waiting"] or one["away"] for one in left):
                break
            if time.monotonic() - began > _PATIENCE_S:
                raise RunError("the storm does not end")
        took_s = time.monotonic() - began
        figures: Figures = {
            "took_s": round(took_s, 1),
            "per_s": round(size.clients * size.messages / took_s),
            "probe_p99_ms": _p99(delays_ms),
            "calm_p99_ms": _p99(calm_ms),
            **memory.figures(),
        }
        run.healed(number, "replay-storm", **figures)
        run.whole((number, "replay-storm"))
        run.finish()
        return figures


def reconnect_crowd(folder: Path, seed: int, size: Size) -> Figures:
    """A gateway dies with all its connections, and is started again; all come back to it."""
    shape = Shape(gateways=1, rate=None, clocks=False)
    with Run(folder, seed, _bare(shape, size.within_s)) as run:
        # Straight to the gateway: what the proxy could carry is not what is asked.
        link = str(make_invite(run.cluster.data, [f"{HOST}:{run.cluster.ports[0]}"]))
        share = -(-size.crowd // 4)
        for place in range(4):
            count = min(share, size.crowd - place * share)
            plans = [
                # A few write histories: what is true of them is true of those beside them.
                ClientPlan(f"crowd{place}x{number}", share=number == 0, mute=number >= 4)
                for number in range(count)
            ]
            run.crew(f"crowd-{place}", plans, link, stay=True)
        run.come()
        for crew in run.crews.values():
            crew.tell("send", per_s=0.25)  # each of them goes to all of the crowd
        run.rest(1.0)
        number = run.begin("reconnect-crowd", clients=size.crowd)
        began = time.monotonic()
        with run.cluster.holding("gateway-0"):
            run.cluster.process("gateway-0").kill()
            run.cluster.start("gateway-0")
        served_s = time.monotonic() - began
        away_most = 0
        while True:
            run.rest(_LOOK_S)
            away = sum(crew.status(_PATIENCE_S)["away"] for crew in run.crews.values())
            away_most = max(away, away_most)
            lost = sum(_last(run, crew)["counts"]["lost"] for crew in run.crews)
            if not away and lost >= size.crowd:
                break
            if time.monotonic() - began > _PATIENCE_S:
                raise RunError(f"{away} of the crowd do not come back")
        figures: Figures = {
            "served_again_s": round(served_s, 2),
            "all_back_s": round(time.monotonic() - began, 2),
            "away_at_most": away_most,
        }
        run.healed(number, "reconnect-crowd", **figures)
        run.whole((number, "reconnect-crowd"))
        run.finish()
        return figures


def overload(folder: Path, seed: int, size: Size) -> Figures:
    """First what the machine takes; then three times that, by clients that send it all thrice."""
    with Run(folder, seed, _bare(Shape(clocks=False), _PATIENCE_S)) as run:
        _pairs(run, size.overload_clients, probes=4)
        loaders = [crew for crew in run.crews.values() if crew.name != "probe"]
        takes_per_s = _calibrate(run, size.calibrate_s)
        run.crews["probe"].tell("send", per_s=20.0)
        before = _counts(run)
        number = run.begin("overload", takes_per_s=takes_per_s)
        memory = Memory(run)
        began = time.monotonic()
        for crew in loaders:
            crew.tell("twice", on=True)
            crew.tell("send", per_s=3 * takes_per_s / len(loaders))
        delays_ms: list[float] = []
        while time.monotonic() - began < size.overload_s:
            run.rest(_LOOK_S)
            memory.look()
            delays_ms += _delays(run)
        counts = _counts(run)
        done = {name: counts[name] - before[name] for name in counts}
        took_s = time.monotonic() - began
        for crew in loaders:
            crew.tell("send", per_s=0.0)
            crew.tell("twice", on=False)
        figures: Figures = {
            "takes_per_s": takes_per_s,
            "offered_per_s": round((done["invoked"] + done["unsaid"]) / took_s),
            "acked_per_s": round(done["acked"] / took_s),
            "told_to_wait": done["busy"],
            "connections_lost": done["lost"],
            "probe_p99_ms": _p99(delays_ms),
            **memory.figures(),
        }
        run.healed(number, "overload", **figures)
        run.whole((number, "overload"))
        run.finish()
        return figures


STORMS: dict[str, Callable[[Path, int, Size], Figures]] = {
    "replay-storm": replay_storm,
    "reconnect-crowd": reconnect_crowd,
    "overload": overload,
}


def complaints(name: str, figures: Figures) -> list[str]:
    """Return what the figures of a storm say that must not be, beside the verdict."""
    found: list[str] = []
    for process, mib in figures.get("grown_mib", {}).items():
        if mib > MEMORY_MIB:
            found.append(f"{process} has grown by {mib} MiB, of {MEMORY_MIB} that it may")
    if name == "overload":
        if figures["connections_lost"]:
            found.append(f"{figures['connections_lost']} connections were dropped")
        if not figures["told_to_wait"]:
            found.append("nobody was told to wait")
    return found


class Memory:
    """How much broker and gateways have grown since it was made."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._first = {name: self._kib(name) for name in run.cluster.names}
        self._most = dict(self._first)

    def look(self) -> None:
        """Take what they have now."""
        for name in self._most:
            self._most[name] = max(self._most[name], self._kib(name))

    def figures(self) -> Figures:
        """Return the growth of each, and the largest size of any, in MiB."""
        grown = {name: (most - self._first[name]) // 1_024 for name, most in self._most.items()}
        return {"grown_mib": grown, "largest_mib": max(self._most.values()) // 1_024}

    def _kib(self, name: str) -> int:
        return memory_kib(self._run.cluster.process(name).pid)


def _bare(shape: Shape, within_s: float) -> Scale:
    return Scale(light=0, real=(), directs=0, shape=shape, within_s=within_s)


def _pairs(run: Run, count: int, probes: int) -> None:
    """Start two fleets of pairs that write to each other, and one whose delays are measured."""
    for place in range(2):
        names = [f"pair{place}x{number}" for number in range(count // 2)]
        run.crew(f"pairs-{place}", [ClientPlan(name) for name in names], weights=_PRIVATE)
    plans = [ClientPlan(f"probe{number}", rooms=("probe",), probe=True) for number in range(probes)]
    run.crew("probe", plans, weights=_QUIET)
    run.come()
    for place in range(2):
        crew = run.crews[f"pairs-{place}"]
        names = list(crew.names)
        pairs = zip(names[::2], names[1::2], strict=False)
        crew.direct([[one, [crew.persons[other]]] for one, other in pairs])
    for place in range(2):
        run.crews[f"pairs-{place}"].ready()


def _calibrate(run: Run, seconds: float) -> int:
    """Return how many messages a second are acknowledged when all say as much as goes."""
    loaders = [crew for crew in run.crews.values() if crew.name != "probe"]
    for crew in loaders:
        crew.tell("send", per_s=100_000.0)
    run.rest(seconds / 2)
    first, began = _counts(run)["acked"], time.monotonic()
    run.rest(seconds)
    takes = (_counts(run)["acked"] - first) / (time.monotonic() - began)
    for crew in loaders:
        crew.tell("send", per_s=0.0)
    while not run.is_whole():
        run.rest(_LOOK_S)
    return round(takes)


def _counts(run: Run) -> dict[str, int]:
    total: dict[str, int] = {}
    for crew in run.crews.values():
        for name, count in crew.status(_PATIENCE_S)["counts"].items():
            total[name] = total.get(name, 0) + count
    return total


def _last(run: Run, name: str) -> dict[str, Any]:
    return run.crews[name].status(_PATIENCE_S)


def _delays(run: Run) -> list[float]:
    delays: list[float] = run.crews["probe"].status(_PATIENCE_S)["delays_ms"]
    return delays


def _p99(values_ms: list[float]) -> int | None:
    return percentile([round(one) for one in values_ms], 0.99) if values_ms else None
