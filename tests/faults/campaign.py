"""The campaign: faults at random moments, in run after run, each run checked; all from one seed.

Every fault comes as often as asked for, in an order that the seed draws, alone or with others
that it can go together with. A run has a fresh server and its fleets; it takes those faults that
its kind of server allows, and ends in order. Runs are checked beside the next one. What the seed
decides is what is done to whom and for how long; when exactly a message meets a fault, no seed
can say on a real machine.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.faults import storms
from tests.faults.checker.report import Report, merge
from tests.faults.checker.verdict import Verdict
from tests.faults.fleet.crew import CrewError
from tests.faults.habits import HABITS, Habit
from tests.faults.judge import Judge
from tests.faults.nemesis.cluster import Shape
from tests.faults.nemesis.crowds import DuplicateSends
from tests.faults.nemesis.fault import Fault
from tests.faults.nemesis.registry import FAULTS, make, why_not
from tests.faults.nemesis.smalldisk import why_no_small_disk
from tests.faults.run import Run, RunError, Scale
from tests.faults.storms import STORMS, Size, complaints

HABIT_OF: dict[str, type[Habit]] = {one.name: one for one in HABITS}
NAMES: tuple[str, ...] = (*FAULTS, *HABIT_OF, *STORMS)

_SMALL_DISK_MB = 192

SERVERS: dict[str, Shape] = {
    "two-gateways": Shape(rate=None),
    "three-gateways": Shape(rate=None, gateways=3),
    "small-feed": Shape(rate=None, feed_hwm=16),
    "small-disk": Shape(rate=None, disk_mb=_SMALL_DISK_MB),
}
"""The kinds of servers, which runs have in turn: each fault finds one that allows it."""

_ALONE = frozenset(("everything", "journal"))
_APART = frozenset(("gateway", "plane"))
"""A gateway does not start while it cannot reach the broker."""
_BEGIN = ("everything", "journal", "gateway", "broker", "client", "plane", "front")
_HEAL = ("front", "plane", "everything", "journal", "broker", "gateway", "client")
"""A gateway does not start while the broker is away: it begins before that, and heals after it."""
_LONG_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign does."""

    seed: int
    names: tuple[str, ...] = NAMES
    repeat: int = 1
    together: int = 5
    """Most faults at once."""
    per_run: int = 60
    """Most faults of one run: the checker holds a run in memory."""
    short: bool = False
    """Hold every fault as shortly as it allows, and let recoveries take long."""
    scale: Scale = field(default_factory=Scale)
    part: tuple[int, int] = (0, 1)
    """Which of how many shares of it to do."""
    servers: tuple[str, ...] = tuple(SERVERS)
    storms: Size = storms.SHORT
    keep: bool = False


class Campaign:
    """Does a plan; ``run`` it once."""

    def __init__(self, folder: Path, plan: Plan, say: Say = print) -> None:
        self.folder = folder
        self.plan = plan
        self.say = say
        self.random = Random(plan.seed)
        self.judge = Judge(plan.keep)
        self.troubles: list[str] = []
        """Runs that could not go on, and faults that could not be begun."""
        self.storms: dict[str, dict[str, Any]] = {}
        """What storms have shown, each the last time."""
        self.left_out: dict[str, str] = {}
        """Faults that cannot be done here, and why."""
        self._runs = 0
        self._turn = 0
        self._shapes = [
            SERVERS[name]
            for name in plan.servers
            if not SERVERS[name].disk_mb or why_no_small_disk() is None
        ]
        self._refused: dict[tuple[bool, bool], set[str]] = {}
        """Faults that servers of a kind do not allow."""

    def run(self) -> Report:
        """Do all faults, check all runs, and return what they come to."""
        few = [name for name in self.plan.names if name not in STORMS]
        queue = [name for name in few for _ in range(self.plan.repeat)]
        self.random.shuffle(queue)
        number, parts = self.plan.part
        queue = queue[number::parts]
        self.random.seed(f"{self.plan.seed} {number} of {parts}")
        if self.plan.short:
            # Long ones together, so that they are long at once.
            queue.sort(key=lambda name: -_kind(name).hold_s[0])
        with ExitStack() as closing:
            closing.callback(self.judge.close)
            while queue and (shape := self._next_shape(queue)) is not None:
                self.one_run(shape, queue)
            for name in self.plan.names:
                if name in STORMS:
                    # Overload is no moment but a state, held for minutes: once will do.
                    for _ in range(1 if name == "overload" else self.plan.repeat):
                        self.one_storm(name)
                        self._heard(self.judge.look())
            self._heard(self.judge.finish())
        for name in queue:
            self.left_out.setdefault(name, "none of the servers here allows it")
        self.troubles += self.judge.failed
        return merge(self.judge.verdicts)

    @property
    def sound(self) -> bool:
        """Whether nothing was found, and everything could be done."""
        return not self.troubles and all(one.sound for one in self.judge.verdicts)

    def one_run(self, shape: Shape, queue: list[str]) -> None:
        """Do faults of the queue in one run, as many as it takes; they leave the queue."""
        self._runs += 1
        seed = self.random.getrandbits(32)
        folder = self.folder / f"run-{self._runs:03}"
        small = _SMALL_DISK_MB if shape.disk_mb else 0
        scale = replace(self.plan.scale, shape=shape, small_disk_mb=small)
        self.say(f"run {self._runs}: seed {seed}, {_words(shape)}, {len(queue)} faults to come")
        began = False
        run = Run(folder, seed, scale)
        try:
            with run:
                began = True
                groups = self._groups(run, queue)
                for group in groups:
                    self._group(run, group)
                    self._heard(self.judge.look())
                run.finish()
        except (AssertionError, CrewError, RunError, OSError) as error:
            self._trouble(
                run.folder, run.seed, f"it could not go on: {type(error).__name__}: {error}"
            )
            if not began:
                raise
        self.judge.take(folder)

    def _next_shape(self, queue: list[str]) -> Shape | None:
        """Return the next kind of server that may allow a fault of the queue; None: none does."""
        for _ in self._shapes:
            shape = self._shapes[self._turn % len(self._shapes)]
            self._turn += 1
            if set(queue) - self._refused.get(_allows(shape), set()):
                return shape
        return None

    def one_storm(self, name: str) -> None:
        """Let one storm blow, in a run of its own."""
        seed = self.random.getrandbits(32)
        folder = self.folder / f"{name}-{seed}"
        self.say(f"{name}: seed {seed}")
        try:
            figures = STORMS[name](folder, seed, self.plan.storms)
        except (AssertionError, CrewError, RunError, OSError) as error:
            self._trouble(folder, seed, f"it could not go on: {type(error).__name__}: {error}")
        else:
            self.storms[name] = figures
            self.say(f"  {figures}")
            for words in complaints(name, figures):
                self._trouble(folder, seed, words)
        self.judge.take(folder)

    # --- faults ---------------------------------------------------------------------------------

    def _groups(self, run: Run, queue: list[str]) -> list[list[Fault]]:
        """Take faults from the queue and put those together that can be at once."""
        allowed: list[str] = []
        for name in list(queue):
            if len(allowed) >= self.plan.per_run:
                break
            reason = why_not(name, run.cluster) if name in FAULTS else None
            if reason is None:
                self.left_out.pop(name, None)
                allowed.append(name)
                queue.remove(name)
            else:
                self.left_out[name] = reason
                self._refused.setdefault(_allows(run.scale.shape), set()).add(name)
        groups: list[list[Fault]] = []
        while allowed:
            alone = not self.plan.short and run.random.random() < 0.3
            most = run.random.randint(1, 2) if alone else self.plan.together
            group: list[Fault] = []
            pool = list(allowed)
            if _is_long(allowed[0]):
                # Long ones together: they would make every group long that has one of them.
                pool.sort(key=lambda name: not _is_long(name))
            for name in pool:
                if len(group) < most and _fits(_kind(name), group):
                    allowed.remove(name)
                    group.append(_make(name, run))
            groups.append(group)
        return groups

    def _group(self, run: Run, group: list[Fault]) -> None:
        """Do some faults at once: begin, hold, heal, and wait until all is whole."""
        random = run.random
        run.talk()
        run.rest(0.4 if self.plan.short else random.uniform(0.3, 1.5))
        group.sort(key=lambda fault: _BEGIN.index(fault.acts_on))
        begun: list[tuple[int, Fault]] = []
        until = 0.0
        # More often short than long, or a campaign would be waiting most of its time.
        share = 0.0 if self.plan.short else random.random() ** 2
        try:
            for fault in group:
                number = run.begin(fault.name, **fault.describe())
                begun.append((number, fault))
                try:
                    fault.begin()
                except (AssertionError, OSError, subprocess.SubprocessError) as error:
                    self._trouble(run.folder, run.seed, f"{fault.name} did not begin: {error}")
                least, most = fault.hold_s
                until = max(until, time.monotonic() + least + share * (most - least))
                if not self.plan.short and fault is not group[-1]:
                    run.rest(random.uniform(0.0, 0.3))
            run.rest(max(0.0, until - time.monotonic()))
        finally:
            # They all recover together, so what one of them may take holds for all.
            within_s = max((getattr(fault, "within_s", 0.0) for fault in group), default=0.0)
            begun.sort(key=lambda one: _HEAL.index(one[1].acts_on))
            for number, fault in begun:
                try:
                    fault.heal()
                except (AssertionError, OSError, subprocess.SubprocessError) as error:
                    self._trouble(run.folder, run.seed, f"{fault.name} did not heal: {error}")
                more = {**_more(fault), "within_s": within_s} if within_s else _more(fault)
                run.healed(number, fault.name, **more)
                if isinstance(fault, DuplicateSends) and not fault.repeater.sent:
                    run.gone.add(fault.repeater.name)  # other faults did not let it in
        took_s = run.whole(*((number, fault.name) for number, fault in begun))
        words = " + ".join(fault.name for _, fault in begun)
        self.say(f"  {words}: whole in {took_s:.2f} s, {run.count('acked'):,} acknowledged")
        if run.late:
            self.say(f"    late: {'; '.join(run.late)}")

    def _trouble(self, folder: Path, seed: int, words: str) -> None:
        lines = [line for line in words.splitlines() if line.strip()]
        # Of a traceback what it was about and how it ended; the logs have it whole.
        words = lines[0] if len(lines) < 2 else f"{lines[0]} … {lines[-1].strip()}"
        self.troubles.append(f"{folder.name} (seed {seed}): {words[:500]}")
        self.say(f"TROUBLE: {self.troubles[-1]}")

    def _heard(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.sound:
                self.say(f"{verdict.name}: sound")
            else:
                counts = ", ".join(f"{name} {many}" for name, many in verdict.counts.items())
                self.say(f"{verdict.name}: NOT SOUND: {counts}")
                for violation in verdict.violations[:10]:
                    self.say(f"  {violation}")


def _words(shape: Shape) -> str:
    return next((name for name, one in SERVERS.items() if one == shape), "a server of its own")


def _allows(shape: Shape) -> tuple[bool, bool]:
    """Return what decides which faults a server allows."""
    return bool(shape.disk_mb), bool(shape.feed_hwm)


def _kind(name: str) -> type[Fault]:
    return FAULTS.get(name) or HABIT_OF[name]


def _is_long(name: str) -> bool:
    return _kind(name).hold_s[0] >= _LONG_S


def _make(name: str, run: Run) -> Fault:
    random = Random(run.random.getrandbits(64))
    if name in FAULTS:
        return make(name, run.cluster, random)
    return HABIT_OF[name](run, random)


def _fits(kind: type[Fault], group: list[Fault]) -> bool:
    """Whether a fault can be at the same time as these."""
    targets = {fault.acts_on for fault in group}
    if kind.acts_on in targets or (targets & _ALONE):
        return False
    if kind.acts_on in _ALONE:
        return not group
    return not (kind.acts_on in _APART and targets & _APART)


def _more(fault: Fault) -> dict[str, object]:
    """What can be said of a fault only when it is over."""
    return {name: value for name, value in fault.describe().items() if name != "within_s"}


def remove(folder: Path) -> None:
    """Throw a campaign's folder away."""
    shutil.rmtree(folder, ignore_errors=True)
