"""Storms, small ones: everybody comes back at once, and more is said than can be taken."""

from pathlib import Path

import pytest

from tests.faults.checker.check import check
from tests.faults.storms import MEMORY_MIB, SHORT, STORMS, complaints


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", sorted(STORMS))
def test_a_storm_loses_nothing_and_drops_nobody(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    figures = STORMS[name](folder, 1, SHORT)
    verdict = check(folder)
    assert verdict.sound, verdict
    assert not complaints(name, figures), figures


def test_a_storm_that_dropped_somebody_is_complained_of() -> None:
    calm = {"connections_lost": 0, "told_to_wait": 1, "grown_mib": {"broker": MEMORY_MIB}}
    assert complaints("overload", calm) == []
    grown = {"broker": MEMORY_MIB + 1}
    bad = {"connections_lost": 2, "told_to_wait": 0, "grown_mib": grown}
    assert len(complaints("overload", bad)) == 3
