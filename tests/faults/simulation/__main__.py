"""``python -m tests.faults.simulation``: tell one story, or very many of them on all cores.

``--seed N`` tells one, with ``--trace`` step by step; ``--seeds FROM:TO`` tells those of a range,
and ``--minutes M`` as many as that takes. Every seed that fails is printed with what it violates;
the exit status is 1 then.
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterator
from itertools import count

from tests.faults.simulation.judge import Violation
from tests.faults.simulation.saga import CHUNK, Saga
from tests.faults.simulation.story import Story


def main(argv: list[str] | None = None) -> int:
    """Run what the words ask for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulation")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, metavar="N", help="tell one story")
    which.add_argument("--seeds", type=_range, metavar="FROM:TO", help="tell those of a range")
    which.add_argument("--minutes", type=float, metavar="M", help="tell as many as that takes")
    parser.add_argument("--trace", action="store_true", help="print a story step by step")
    parser.add_argument("--start", type=int, default=0, help="first seed of --minutes")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(argv)
    logging.disable(logging.CRITICAL)
    if options.seed is not None:
        return _one(options.seed, options.trace)
    if options.seeds is not None:
        first, end = options.seeds
        ranges = ((one, min(one + CHUNK, end)) for one in range(first, end, CHUNK))
        return _many(ranges, options.processes, None)
    ranges = ((one, one + CHUNK) for one in count(options.start, CHUNK))
    return _many(ranges, options.processes, options.minutes * 60)


def _range(text: str) -> tuple[int, int]:
    first, _, end = text.partition(":")
    return int(first), int(end)


def _one(seed: int, tracing: bool) -> int:
    story = Story(seed, tracing)
    try:
        said = f"seed {seed}: {story.run()}"
        status = 0
    except Violation as violation:
        said = f"seed {seed} fails: {violation}"
        status = 1
    finally:
        for line in story.agenda.lines:
            print(line)
    print(said)
    return status


def _many(ranges: Iterator[tuple[int, int]], processes: int, limit_s: float | None) -> int:
    saga = Saga()
    saga.run(ranges, processes, limit_s)
    print(saga.summary())
    return 1 if saga.failed else 0


if __name__ == "__main__":
    sys.exit(main())
