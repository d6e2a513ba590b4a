"""Runs for the tests of the checker: honest ones, and copies of them to be spoiled."""

from pathlib import Path

import pytest

from tests.faults.checker.spoiled import SpoiledRun, course, restored_course


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return course(tmp_path_factory.mktemp("honest") / "run").finish()


@pytest.fixture(scope="session")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return restored_course(tmp_path_factory.mktemp("restored") / "run").finish()


@pytest.fixture
def run(honest: Path, tmp_path: Path) -> SpoiledRun:
    return SpoiledRun(honest, tmp_path / "run")


@pytest.fixture
def after(restored: Path, tmp_path: Path) -> SpoiledRun:
    """A copy of a run in which an older journal was brought back."""
    return SpoiledRun(restored, tmp_path / "run")
