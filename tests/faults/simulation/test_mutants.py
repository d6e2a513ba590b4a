"""Whether the simulation could say no: each mistake put into a part is found within some seeds."""

import pytest

from tests.faults.simulation.judge import Violation
from tests.faults.simulation.mutants import MUTANTS
from tests.faults.simulation.story import Story

SEEDS_MAX = 150


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_mistake_is_found(name: str) -> None:
    mutant = MUTANTS[name]
    with mutant.living() as types:
        for seed in range(SEEDS_MAX):
            try:
                Story(seed, types=types).run()
            except Violation as violation:
                assert str(violation).split(" ", 1)[0].rstrip(":") in mutant.finds, violation
                return
    pytest.fail(f"{SEEDS_MAX} stories did not find it")
