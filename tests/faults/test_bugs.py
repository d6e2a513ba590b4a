"""Checking the checker with a real system: every bug of the test build is found by a campaign."""

from pathlib import Path

import pytest

from tests.faults.checker.check import check
from tests.faults.checker.verdict import Invariant
from tests.faults.nemesis.cluster import Shape
from tests.faults.nemesis.switches import BROKER_BUGS, BUG, EVERY, GATEWAY_BUGS
from tests.faults.run import Run, Scale

FINDS = {
    "drop": Invariant.LOSS,
    "double": Invariant.DUPLICATE,
    "swap": Invariant.FIFO,
    "ack_early": Invariant.LOSS,
    "reuse_seq": Invariant.VALUE,
    "leak_direct": Invariant.PRIVACY,
}
OFTEN = {"leak_direct": "5", "ack_early": "60"}


def talked(folder: Path, bug: str) -> Path:
    """Have a small server with a bug serve a few clients, and return the folder of the run."""
    environment = {BUG: bug, EVERY: OFTEN.get(bug, "20")} if bug else {}
    shape = Shape(rate=None, environment=environment)
    # With a bug it may never be whole; without one it is, however long that takes.
    patience_s = 4.0 if bug else 90.0
    scale = Scale(10, (2,), 2, directs=6, per_s=100.0, shape=shape, patience_s=patience_s)
    with Run(folder, 7, scale) as run:
        run.talk()
        for _ in range(4):
            run.rest(0.7)
            run.crews["light"].tell("burst", messages=60)
        run.finish()
    return folder


def test_every_bug_is_tried() -> None:
    assert set(FINDS) == {*BROKER_BUGS, *GATEWAY_BUGS}


def test_without_a_bug_nothing_is_found(tmp_path: Path) -> None:
    verdict = check(talked(tmp_path / "run", ""))
    assert verdict.sound, verdict
    assert verdict.figures.acked > 300
    assert verdict.figures.deliveries > 3_000


@pytest.mark.parametrize("bug", sorted(FINDS))
def test_a_bug_of_the_server_is_found(bug: str, tmp_path: Path) -> None:
    verdict = check(talked(tmp_path / "run", bug))
    assert verdict.counts.get(FINDS[bug], 0) > 0, verdict
