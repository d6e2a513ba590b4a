"""Some hundred stories by their seeds; ``python -m tests.faults.simulation`` tells thousands."""

import pytest

from tests.faults.simulation.story import Story

STORIES = 1_000
_CHUNK = 100


@pytest.mark.parametrize("first", range(0, STORIES, _CHUNK))
def test_nothing_is_lost_or_doubled_in_any_story(first: int) -> None:
    failed: list[str] = []
    acks = 0
    for seed in range(first, first + _CHUNK):
        try:
            acks += Story(seed).run().acks
        except Exception as error:
            failed.append(
                f"{type(error).__name__}: {error}\n"
                f"    python -m tests.faults.simulation --seed {seed} --trace"
            )
    assert not failed, "\n".join(failed)
    assert acks > 20 * _CHUNK
