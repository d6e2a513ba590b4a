"""What was measured, as JSON: one row per peer, merged run by run."""

import json
import os
import platform
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests.benchmarks.peers.peer import Promise

OWN = "zviazok"
_LATE_S = 0.2
_FULL = 0.9
"""Of a core: it has no time left."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One load at one peer; ``rate`` in messages a second, 0 for a burst."""

    clients: int
    messages: int
    rate: float
    delivered: int
    lost: int
    damaged: int | None
    """None: not counted, because the transport itself refuses what is damaged."""
    disordered: int
    cpu_us_per_delivery: float
    deliveries_per_s: int
    p50_ms: float
    p99_ms: float
    took_s: float
    generator_busy: float | None
    """Share of one core that the generator used: near 1, it held the server up. None: not read."""
    measured: str
    rounds: int = 1
    cpu_us_least: float = 0.0
    cpu_us_most: float = 0.0
    """Of all rounds; the other figures are those of the round with the middle CPU."""

    @property
    def fine(self) -> bool:
        """Say whether everything came, whole, once and in order."""
        return not (self.lost or self.damaged or self.disordered)

    @property
    def kept_up(self) -> bool:
        """Say whether the last message came soon after it was due: no queue had grown."""
        return not self.rate or self.took_s - (self.messages - 1) / self.rate < _LATE_S

    @property
    def server_busy(self) -> float:
        """Share of one core that the server used on average."""
        return self.cpu_us_per_delivery * self.delivered / 1e6 / max(self.took_s, 1e-9)

    @property
    def held_up(self) -> bool:
        """Say whether the generator, not the server, was at its end."""
        busy = self.generator_busy
        return busy is not None and busy >= _FULL and self.server_busy < _FULL


@dataclass(frozen=True, slots=True)
class Row:
    """All of one peer."""

    key: str
    title: str
    package: str
    version: str
    promise: Promise
    settings: tuple[str, ...]
    memory_kib_per_client: float
    machine: str
    loads: dict[str, Figures]


def load_name(rate: float) -> str:
    """Return ``burst`` or the rate."""
    return f"{rate:g}" if rate else "burst"


def middle(rounds: list[Figures]) -> Figures:
    """Return the round with the middle CPU per delivery; of a faulty one, the first."""
    ordered = sorted(rounds, key=lambda one: one.cpu_us_per_delivery)
    chosen = next((one for one in rounds if not one.fine), ordered[(len(ordered) - 1) // 2])
    return replace(
        chosen,
        rounds=len(rounds),
        cpu_us_least=ordered[0].cpu_us_per_delivery,
        cpu_us_most=ordered[-1].cpu_us_per_delivery,
    )


def machine() -> str:
    """Describe this machine in a line."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release()}"


def read(path: Path) -> list[Row]:
    """Return the rows of a file; none if there is no file."""
    if not path.exists():
        return []
    rows = []
    for raw in json.loads(path.read_text(encoding="utf-8"))["rows"]:
        raw["promise"] = Promise(**raw["promise"])
        raw["settings"] = tuple(raw["settings"])
        raw["loads"] = {name: Figures(**one) for name, one in raw["loads"].items()}
        rows.append(Row(**raw))
    return rows


def merge(old: list[Row], new: Row) -> list[Row]:
    """Put a new row in; loads that it has not measured stay, if all else is the same."""
    before = next((row for row in old if row.key == new.key), None)
    if before is not None and _ground(before) == _ground(new):
        new = replace(new, loads={**before.loads, **new.loads})
    return [row for row in old if row.key != new.key] + [new]


def _ground(row: Row) -> tuple[object, ...]:
    return row.version, row.settings, row.machine


def write(path: Path, rows: list[Row]) -> None:
    """Write all rows."""
    whole = {"rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
