"""A run is a function of its seed, in another process too, and whatever the order of sets is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.simulation.__main__ import main
from tests.faults.simulation.mutants import MUTANTS
from tests.faults.simulation.saga import tell
from tests.faults.simulation.story import Story

_PROJECT = Path(__file__).parents[3]
_SEEDS = (7, 42, 68, 148)
_DIGESTS = """
import sys
from tests.faults.simulation.story import Story
for seed in map(int, sys.argv[1:]):
    story = Story(seed, tracing=True)
    story.run()
    print(story.agenda.digest(), story.agenda.random.random())
"""


def _digests(seeds: tuple[int, ...]) -> list[str]:
    lines: list[str] = []
    for seed in seeds:
        story = Story(seed, tracing=True)
        story.run()
        lines.append(f"{story.agenda.digest()} {story.agenda.random.random()}")
    return lines


def test_a_seed_is_one_story() -> None:
    first = _digests(_SEEDS)
    assert first == _digests(_SEEDS)
    assert len(set(first)) == len(_SEEDS)


@pytest.mark.parametrize("order", ["0", "1"])
def test_a_seed_is_one_story_in_every_process(order: str) -> None:
    words = [sys.executable, "-c", _DIGESTS, *map(str, _SEEDS)]
    environment = {**os.environ, "PYTHONHASHSEED": order}
    done = subprocess.run(
        words, cwd=_PROJECT, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == _digests(_SEEDS)


def test_one_story_is_told_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "7", "--trace"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("everything heals" in line for line in lines)
    assert lines[-1].startswith("seed 7: Figures(")


def test_a_story_that_fails_is_told_with_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    with mutant_of_the_broker():
        assert main(["--seed", "7"]) == 1
        (outcome,) = tell((7, 8))
    assert "seed 7 fails: double:" in capsys.readouterr().out
    assert outcome[0] == 7 and outcome[1].startswith("Violation: double:")


mutant_of_the_broker = MUTANTS["double"].living


def test_many_stories_are_told_on_several_processes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "0:8", "--processes", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("8 stories (")
