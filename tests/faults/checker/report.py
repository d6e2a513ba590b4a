"""Figures of one run and of many, as tables and as JSON.

``python -m tests.faults.checker.report [--json] FOLDER…``.
Folders that have a verdict beside their histories are not checked again.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tests.faults.checker.check import VERDICT, check
from tests.faults.checker.verdict import Figures, Invariant, Verdict

_NUMBERS = tuple(one.name for one in fields(Figures) if one.type is int or one.type == "int")
_SAID = {
    "clients": "clients",
    "sessions": "sessions of clients",
    "rooms": "rooms",
    "invoked": "messages said",
    "acked": "messages acknowledged",
    "refused": "messages refused",
    "unknown": "messages without an answer",
    "unknown_stored": "of them stored",
    "stored": "events in the journals at the end",
    "deliveries": "deliveries applied",
    "held": "events held by clients at the end",
    "busy": "times told to wait",
    "resyncs": "histories dropped after a restore",
    "torn": "histories cut by a kill",
}


@dataclass(frozen=True, slots=True)
class Recoveries:
    """How often a fault was begun, and how long recovering took, in ms."""

    fault: str
    times: int
    p50_ms: int | None
    p95_ms: int | None
    most_ms: int | None


@dataclass(slots=True)
class Report:
    """What many runs come to."""

    runs: int = 0
    unsound: list[str] = field(default_factory=list)
    """Folders in which something was found."""
    totals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    recovery_ms: dict[str, list[int]] = field(default_factory=dict)
    violations: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    """Acknowledged messages that are missing, by prefix, middle and postfix."""

    def add(self, verdict: Verdict) -> None:
        """Take one run in."""
        self.runs += 1
        if not verdict.sound:
            self.unsound.append(verdict.name)
        for name in _NUMBERS:
            self.totals[name] += getattr(verdict.figures, name)
        self.faults.update(verdict.figures.faults)
        for fault, took in verdict.figures.recovery_ms.items():
            self.recovery_ms.setdefault(fault, []).extend(took)
        self.violations.update(verdict.counts)
        for who, many in verdict.losses.items():
            self.losses[who.rpartition(" ")[2]] += many

    def recoveries(self) -> list[Recoveries]:
        """Return a row for every fault, and one for all."""
        rows = [
            _row(fault, self.faults[fault], self.recovery_ms.get(fault, []))
            for fault in sorted(self.faults)
        ]
        took = [one for some in self.recovery_ms.values() for one in some]
        return [*rows, _row("all", sum(self.faults.values()), took)]

    def to_json(self) -> str:
        """Return all figures."""
        values: dict[str, Any] = {
            "runs": self.runs,
            "unsound": self.unsound,
            "totals": dict(self.totals),
            "recoveries": [asdict(one) for one in self.recoveries()],
            "violations": {str(one): self.violations[one] for one in Invariant},
            "losses": dict(self.losses),
        }
        return json.dumps(values, indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        """Return tables in Markdown."""
        lines = ["| | |", "|---|---:|", f"| runs | {self.runs:,} |"]
        lines += [f"| {said} | {self.totals[name]:,} |" for name, said in _SAID.items()]
        lines += [
            "",
            "| fault | times | p50 ms | p95 ms | longest ms |",
            "|---|---:|---:|---:|---:|",
        ]
        for one in self.recoveries():
            numbers = (one.times, one.p50_ms, one.p95_ms, one.most_ms)
            cells = " | ".join("–" if number is None else f"{number:,}" for number in numbers)
            lines.append(f"| {one.fault} | {cells} |")
        lines += ["", "| invariant | violations |", "|---|---:|"]
        lines += [f"| {one} | {self.violations[one]:,} |" for one in Invariant]
        kinds = ", ".join(f"{kind} {many:,}" for kind, many in sorted(self.losses.items()))
        if kinds:
            lines += ["", f"Losses: {kinds}."]
        if self.unsound:
            lines += ["", "Not sound: " + ", ".join(self.unsound)]
        return "\n".join(lines)


def merge(verdicts: Iterable[Verdict]) -> Report:
    """Return what these runs come to."""
    report = Report()
    for verdict in verdicts:
        report.add(verdict)
    return report


def verdict_of(folder: Path) -> Verdict:
    """Return a run's verdict: the one beside its histories, or a fresh one."""
    path = folder / VERDICT
    if path.exists():
        return Verdict.from_json(path.read_text(encoding="utf-8"))
    return check(folder)


def _row(fault: str, times: int, took_ms: list[int]) -> Recoveries:
    if not took_ms:
        return Recoveries(fault, times, None, None, None)
    p50, p95 = percentile(took_ms, 0.50), percentile(took_ms, 0.95)
    return Recoveries(fault, times, p50, p95, max(took_ms))


def percentile(values: list[int], share: float) -> int:
    """Return the smallest value that is not below ``share`` of all (nearest rank)."""
    rank = -(-len(values) * round(share * 100) // 100)
    return sorted(values)[max(rank, 1) - 1]


def main(words: Sequence[str] | None = None) -> int:
    """Print the report of these folders; 1 if anything is wrong in one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.checker.report")
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="figures for programs")
    options = parser.parse_args(words)
    report = merge(map(verdict_of, options.folders))
    print(report.to_json() if options.json else report)
    return 1 if report.unsound else 0


if __name__ == "__main__":
    sys.exit(main())
