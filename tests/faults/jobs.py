"""A campaign in several processes: faults mostly wait, so two servers fit a machine with two cores.

Each process does its share of the faults, in a network of its own where that can be had; the
storms come afterwards, alone. What all of it comes to is one :class:`Outcome`.
"""

import multiprocessing
import signal
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.faults.campaign import Campaign, Plan
from tests.faults.checker.report import Report, merge
from tests.faults.checker.verdict import Verdict
from tests.faults.nemesis.privatenet import private_net, why_no_private_net
from tests.faults.storms import STORMS


@dataclass(slots=True)
class Outcome:
    """What was found."""

    verdicts: list[Verdict] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    storms: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing was found, and everything could be done."""
        return not self.troubles and all(one.sound for one in self.verdicts)

    @property
    def report(self) -> Report:
        """All figures."""
        return merge(self.verdicts)

    def add(self, other: "Outcome") -> None:
        """Take in what another process has found."""
        self.verdicts += other.verdicts
        self.troubles += other.troubles
        self.left_out |= other.left_out
        self.storms |= other.storms


def work(folder: Path, plan: Plan, prefix: str = "") -> Outcome:
    """Do a plan in this process."""

    def say(words: str) -> None:
        print(prefix + words, flush=True)

    with ExitStack() as closing:
        if why_no_private_net() is None:
            closing.enter_context(private_net())
        campaign = Campaign(folder, plan, say)
        campaign.run()
    return Outcome(campaign.judge.verdicts, campaign.troubles, campaign.left_out, campaign.storms)


def side_by_side(folder: Path, plan: Plan, jobs: int) -> Outcome:
    """Do a plan in so many processes at once, and its storms at the end."""
    few = tuple(name for name in plan.names if name not in STORMS)
    rest = tuple(name for name in plan.names if name in STORMS)
    if jobs < 2 or not few:
        return work(folder, plan)
    spawn = multiprocessing.get_context("spawn")
    outcome = Outcome()
    started = []
    for number in range(jobs):
        mine, its = spawn.Pipe(duplex=False)
        share = replace(plan, names=few, part=(number, jobs))
        words = (folder / f"job-{number}", share, f"{number} | ", its)
        process = spawn.Process(target=_job, args=words)
        process.start()
        its.close()
        started.append((process, mine))
    try:
        for process, mine in started:
            try:
                outcome.add(mine.recv())
            except EOFError:
                outcome.troubles.append(f"the process {process.name} ended before it was done")
            process.join()
    except BaseException:
        # They got the same Ctrl+C, and end in order.
        for process, _ in started:
            process.join(60)
            process.kill()
        raise
    if rest:
        outcome.add(work(folder, replace(plan, names=rest)))
    return outcome


def _job(folder: Path, plan: Plan, prefix: str, result: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        result.send(work(folder, plan, prefix))
    except KeyboardInterrupt:
        pass
    finally:
        result.close()
