"""Checks the folder of a run against all invariants: ``python -m tests.faults.checker FOLDER``.

The order of the parts: the journals, what was said, what was read, then what is true of both, and
at last what every reader lacks. A verdict needs nothing but the folder.
"""

import argparse
import gc
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.checker.history import NEMESIS, sessions
from tests.faults.checker.ledger import Ledger
from tests.faults.checker.orders import Orders
from tests.faults.checker.processes import Processes
from tests.faults.checker.readers import Readers
from tests.faults.checker.recovery import WITHIN_S, Recovery
from tests.faults.checker.roll import Roll
from tests.faults.checker.storage import Storage
from tests.faults.checker.truth import Truth
from tests.faults.checker.verdict import Figures, Findings, Invariant, Verdict

VERDICT = "verdict.json"


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of lists that live on are nothing for the collector, and there are no cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def check(folder: Path) -> Verdict:
    """Check the run in ``folder``."""
    with _no_collection():
        return _check(folder)


def _check(folder: Path) -> Verdict:
    findings = Findings()
    run = _run(folder, findings)
    recovery = Recovery(findings, float(run.get("recovery_s", WITHIN_S)))
    recovery.read(folder / "histories" / f"{NEMESIS}.jsonl")
    orders = Orders()
    roll = Roll(Ledger(findings), findings)
    old = sorted(path for path in (folder / "old").rglob("*.sqlite3") if path.is_file())
    events = _journals(folder, old, orders, roll, findings)
    clients = sessions(folder / "histories")
    if not clients:
        findings.add(Invariant.HISTORY, folder.name, "there is no history")
    for client, files in clients.items():
        roll.read(client, files)
    roll.check_canaries()
    restored = recovery.restored or bool(old)
    truth = Truth(roll.ledger, orders, roll.people, roll.canaries, restored, findings)
    gone = frozenset(run.get("gone", ()))
    readers = Readers(orders, roll.ledger, roll, truth.lost, gone, findings)
    views = {client: readers.check(client, files) for client, files in clients.items()}
    truth.check()
    orders.check_copies(findings)
    for client, seen in views.items():
        readers.judge(client, seen)
    processes = Processes(findings)
    processes.check_ends(folder / "processes.json")
    processes.check_logs(folder / "logs", roll.ledger.counters)
    figures = Figures(
        clients=len(clients),
        sessions=sum(map(len, clients.values())),
        rooms=len(roll.rooms),
        epochs=len({epoch for _, epoch in orders.all}),
        invoked=roll.ledger.invoked,
        acked=roll.ledger.acked,
        refused=roll.ledger.refused,
        unknown=truth.unknown,
        unknown_stored=truth.unknown_stored,
        stored=events,
        deliveries=readers.deliveries,
        held=readers.held,
        busy=roll.busy,
        resyncs=roll.resyncs,
        torn=roll.torn,
        faults=recovery.faults,
        recovery_ms=recovery.recovery_ms,
    )
    return Verdict(
        findings.kept, dict(findings.counts), dict(findings.losses), figures, folder.name
    )


def _run(folder: Path, findings: Findings) -> dict[str, Any]:
    """``recovery_s``: how long a recovery may take; ``gone``: clients that stay away."""
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        findings.add(Invariant.HISTORY, "run.json", f"cannot be read: {error}")
        return {}
    return run if isinstance(run, dict) else {}


def _journals(folder: Path, old: list[Path], orders: Orders, roll: Roll, findings: Findings) -> int:
    """Read the journals; return how many events the last one holds."""
    for path in old:
        stored = Storage(path, f"old/{path.name}", orders, findings).check()
        if stored is not None:
            roll.stored(stored)
    path = folder / "data" / "journal.sqlite3"
    if not path.exists():
        findings.add(Invariant.STORAGE, "journal", "is not there")
        return 0
    stored = Storage(path, "journal", orders, findings).check()
    if stored is None:
        return 0
    orders.current = stored.epoch
    roll.stored(stored)
    return stored.events


def main(words: Sequence[str] | None = None) -> int:
    """Check folders, print what was found and write it beside; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.checker")
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    sound = True
    for folder in parser.parse_args(words).folders:
        verdict = check(folder)
        (folder / VERDICT).write_text(verdict.to_json(), encoding="utf-8")
        print(f"== {folder}\n{verdict}")
        sound = sound and verdict.sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
