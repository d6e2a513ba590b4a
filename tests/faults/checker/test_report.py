"""Figures of many runs: what is added, what is ranked, and how it is shown."""

import json
import shutil
from pathlib import Path

import pytest

from tests.faults.checker.report import main, merge, percentile
from tests.faults.checker.spoiled import SpoiledRun
from tests.faults.checker.verdict import Figures, Findings, Invariant, Verdict, loss_kind


def verdict(name: str, took: list[int], **figures: int) -> Verdict:
    numbers = Figures(faults={"kill": len(took) + 1}, recovery_ms={"kill": took}, **figures)
    return Verdict([], {}, {}, numbers, name)


def test_many_runs_come_to_one_report() -> None:
    bad = Verdict([], {"loss": 3, "ack": 1}, {"c01 middle": 2, "journal middle": 1}, Figures(), "b")
    report = merge([verdict("a", [10, 30], acked=5), verdict("c", [20], acked=7), bad])
    assert report.runs == 3 and report.unsound == ["b"]
    assert report.totals["acked"] == 12
    kill, every = report.recoveries()
    assert (kill.fault, kill.times, kill.p50_ms, kill.p95_ms, kill.most_ms) == (
        "kill",
        5,
        20,
        30,
        30,
    )
    assert every.fault == "all" and every.times == 5
    values = json.loads(report.to_json())
    assert values["violations"]["loss"] == 3 and values["violations"]["order"] == 0
    assert values["losses"] == {"middle": 3}
    text = str(report)
    assert "| messages acknowledged | 12 |" in text
    assert "| kill | 5 | 20 | 30 | 30 |" in text
    assert "| loss | 3 |" in text and "Not sound: b" in text


def test_a_fault_that_never_ended_has_no_times() -> None:
    report = merge([verdict("a", [])])
    assert "| kill | 1 | – | – | – |" in str(report)


def test_percentiles_are_values_that_were_there() -> None:
    values = list(range(1, 21))
    assert [percentile(values, share) for share in (0.5, 0.95, 1.0)] == [10, 19, 20]
    assert percentile([7], 0.5) == percentile([7], 0.95) == 7


def test_all_violations_are_counted_and_a_few_are_kept() -> None:
    findings = Findings()
    for seq in range(1_000):
        findings.add(Invariant.LOSS, "c01", f"seq {seq}", "middle")
    findings.add(Invariant.LOSS, "c02", "seq 1", "prefix")
    assert findings.counts == {"loss": 1_001}
    assert findings.losses == {"c01 middle": 1_000, "c02 prefix": 1}
    assert len(findings.kept) == 21


def test_kinds_of_loss() -> None:
    assert [loss_kind(seq, 5, 9) for seq in (4, 5, 9, 10)] == [
        "prefix",
        "middle",
        "middle",
        "postfix",
    ]
    assert loss_kind(1, 0, 0) == "postfix"


def test_the_command(run: SpoiledRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = tmp_path / "again"
    shutil.copytree(run.folder, again)
    assert main([str(run.folder), str(again)]) == 0
    assert "| runs | 2 |" in capsys.readouterr().out
    run.change_end("c03", run.room, waiting=2)
    assert main(["--json", str(run.folder), str(again)]) == 1
    assert json.loads(capsys.readouterr().out)["violations"]["liveness"] == 1
