"""Very many stories on all cores, and what they come to together."""

import gc
import logging
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice

from tests.faults.simulation.story import Figures, Story

CHUNK = 100
"""Stories of one errand."""
_COLLECT_EVERY = 20
_PRINT_S = 5.0
_SHOWN_MAX = 20

Outcome = tuple[int, str, Figures | None]
"""Seed, what it violates, what it came to."""


def tell(seeds: tuple[int, int]) -> list[Outcome]:
    """Tell the stories of a range of seeds."""
    logging.disable(logging.CRITICAL)
    gc.disable()
    outcomes: list[Outcome] = []
    for seed in range(*seeds):
        try:
            outcomes.append((seed, "", Story(seed).run()))
        except Exception as error:  # whatever a story comes to is told with its seed
            outcomes.append((seed, f"{type(error).__name__}: {error}", None))
        if seed % _COLLECT_EVERY == 0:
            gc.collect()
    gc.enable()
    return outcomes


class Saga:
    """The stories of a run; prints as it goes."""

    def __init__(self) -> None:
        self.stories = self.acks = self.failed = 0
        self._rests: list[int] = []
        self._began = self._printed = time.monotonic()

    def run(self, ranges: Iterator[tuple[int, int]], processes: int, limit_s: float | None) -> None:
        """Tell the stories of all ranges, or as many as the time allows."""
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
            waiting: set[Future[list[Outcome]]] = set()
            while True:
                late = limit_s is not None and time.monotonic() - self._began >= limit_s
                free = 0 if late else 2 * processes - len(waiting)
                waiting |= {pool.submit(tell, one) for one in islice(ranges, free)}
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for one in done:
                    self._take(one.result())
                self._progress()

    def _take(self, outcomes: list[Outcome]) -> None:
        for seed, violation, figures in outcomes:
            self.stories += 1
            if figures is None:
                self.failed += 1
                if self.failed <= _SHOWN_MAX:
                    print(f"seed {seed} fails: {violation}", flush=True)
            else:
                self.acks += figures.acks
                self._rests.append(figures.rest_ms)

    def _progress(self) -> None:
        if time.monotonic() - self._printed > _PRINT_S:
            self._printed = time.monotonic()
            print(f"{self.stories} stories, {self.failed} failed, {self._rate()}", flush=True)

    def _rate(self) -> str:
        return f"{self.stories / (time.monotonic() - self._began) * 60:.0f} a minute"

    def summary(self) -> str:
        """Say in a sentence what it came to."""
        rests = sorted(self._rests) or [0]
        p50, p95, most = (rests[(len(rests) - 1) * part // 100] / 1000 for part in (50, 95, 100))
        return (
            f"{self.stories} stories ({self._rate()}), {self.acks} messages acknowledged, "
            f"{self.failed} stories failed; from healing to rest (simulated): "
            f"p50 {p50} s, p95 {p95} s, at most {most} s"
        )
