"""One run: a server behind proxies, fleets that talk, what is done to them, and the check.

    with Run(folder, seed, Scale()) as run:
        run.talk()
        run.whole(id, name)         # after something was healed
        run.finish()
    check(folder)

The folder is as the checker wants it. All in one thread; leaving the block leaves nothing behind.
"""

import json
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

import zmq

import protocol
from tests.faults.checker.history import NemesisWriter
from tests.faults.fleet.crew import Crew
from tests.faults.fleet.plan import ClientPlan, FleetPlan, spread
from tests.faults.fleet.standing import whole
from tests.faults.nemesis.cluster import Cluster, Shape

LIMIT_S = 10.0
"""Within so long after healing everything is drained and at head, or liveness is violated."""

_ANSWER_S = 90.0
_LOOK_S = 0.05
_ROOMS_MAX = 3
"""Open rooms of one client, besides ``general``."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a run is."""

    light: int = 18
    real: tuple[int, ...] = (2, 2)
    """Clients of each process of real ones; each can be killed."""
    rooms: int = 4
    directs: int = 6
    per_s: float = 200.0
    """Messages a second of all light clients; real ones say a tenth of it."""
    shape: Shape = field(default_factory=Shape)
    small_disk_mb: int = 0
    """Size of the disk under the first process of real clients; 0: it is an ordinary one."""
    within_s: float = LIMIT_S
    """When recovery counts as too late, as the checker is told."""
    patience_s: float = 90.0
    """How long to wait for a recovery before the run goes on without it."""


class RunError(Exception):
    """A run could not go on; what was recorded until then is in its folder."""


class Run:
    """A server, its fleets, and what happens to them."""

    def __init__(self, folder: Path, seed: int, scale: Scale) -> None:
        self.folder = folder
        self.seed = seed
        self.scale = scale
        self.random = Random(seed)
        self.cluster: Cluster
        self.crews: dict[str, Crew] = {}
        self.gone: set[str] = set()
        """Clients with a history of which nothing is expected: they never came in."""
        self.late: list[str] = []
        """Who was behind when the last recovery had taken longer than it may."""
        self._number = 0
        self._finished = False
        self._talking = False
        self._statuses: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> "Run":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_plan()
        self.nemesis = NemesisWriter(self.folder / "histories")
        try:
            self.cluster = Cluster(self.folder, self.scale.shape)
            self.people()
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for crew in self.crews.values():
            crew.end()
        if not self._finished:
            self.nemesis.close()
        if hasattr(self, "cluster"):
            self.cluster.__exit__(kind, error, trace)

    def _write_plan(self) -> None:
        about = {
            "seed": self.seed,
            "recovery_s": self.scale.within_s,
            "gone": sorted(self.gone),
            "plan": asdict(self.scale),
            "versions": {
                "zviazok": protocol.__version__,
                "python": platform.python_version(),
                "libzmq": zmq.zmq_version(),
                "pyzmq": zmq.pyzmq_version(),
            },
            "machine": {"system": platform.platform(), "processor": platform.machine()},
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        (self.folder / "run.json").write_text(json.dumps(about, indent=1), encoding="utf-8")

    # --- fleets -----------------------------------------------------------------------------

    def people(self) -> None:
        """Start the fleets of an ordinary run, and wait until all have come."""
        if not self.scale.light:
            return
        rooms = [f"room {number}" for number in range(self.scale.rooms)]
        light = [self._light(number, rooms) for number in range(self.scale.light)]
        self.crew("light", light)
        for place, count in enumerate(self.scale.real):
            name = f"real-{'abcdefgh'[place]}"
            plans = [
                ClientPlan(
                    f"{name}{number}", "real", spread(self.random, rooms, _ROOMS_MAX), lively=True
                )
                for number in range(count)
            ]
            if self.scale.small_disk_mb and not place:
                profiles = self.folder / "profiles" / name
                self.cluster.small_disk(name, profiles, self.scale.small_disk_mb)
            self.cluster.clients.append(self.crew(name, plans))
        self.come()
        self.make_directs(self.scale.directs)

    def _light(self, number: int, rooms: list[str]) -> ClientPlan:
        # Some are of the first version, or meet a server that is; some do what that did not know.
        version = {0: "old_client", 1: "old_server"}.get(number % 8, "")
        lively = number % 8 in (1, 2, 3)
        mine = spread(self.random, rooms, _ROOMS_MAX)
        return ClientPlan(f"light{number}", rooms=mine, version=version, lively=lively)

    def crew(
        self,
        name: str,
        plans: Sequence[ClientPlan],
        link: str = "",
        **more: Any,
    ) -> Crew:
        """Start one more fleet, without waiting for it."""
        plan = FleetPlan(
            link or self.cluster.link,
            str(self.folder),
            str(self.folder / "profiles" / name),
            self.random.getrandbits(32),
            tuple(plans),
            **more,
        )
        crew = Crew(name, plan, self.cluster.ends, self.cluster.environment(name))
        self.crews[name] = crew
        crew.start()
        return crew

    def come(self) -> None:
        """Wait until all fleets have come."""
        for crew in self.crews.values():
            if not crew.persons:
                crew.ready()

    def make_directs(self, count: int) -> None:
        """Have some pairs and one three write to each other privately, across fleets."""
        persons = {name: who for crew in self.crews.values() for name, who in crew.persons.items()}
        homes = {name: crew for crew in self.crews.values() for name in crew.names}
        pairs = list(combinations(sorted(persons), 2))
        asked: dict[str, list[list[Any]]] = {}
        for one, other in self.random.sample(pairs, min(count, len(pairs))):
            asked.setdefault(homes[one].name, []).append([one, [persons[other]]])
        if count and len(persons) >= 3:
            one, *others = self.random.sample(sorted(persons), 3)
            asked.setdefault(homes[one].name, []).append([one, [persons[two] for two in others]])
        for name, rooms in asked.items():
            self.crews[name].direct(rooms)
        for name in asked:
            self.crews[name].ready()

    # --- talking ------------------------------------------------------------------------------

    def talk(self, on: bool = True) -> None:
        """Have all fleets talk at the rate of the scale, or be silent."""
        self._talking = on
        for crew in self.crews.values():
            if crew.running:
                self._talk(crew)

    def _talk(self, crew: Crew) -> None:
        per_s = self.scale.per_s * (1.0 if crew.name == "light" else 0.05)
        crew.tell("send", per_s=per_s if self._talking else 0.0)

    def rest(self, seconds: float) -> None:
        """Let time pass; what ended by itself is started again, as ``zviazok up`` does."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.cluster.tend()
            time.sleep(min(_LOOK_S, left))

    # --- faults -------------------------------------------------------------------------------

    def begin(self, name: str, **details: Any) -> int:
        """Write down that a fault begins; return its number."""
        self._number += 1
        self.nemesis.fault(self._number, name, "begin", **details)
        return self._number

    def healed(self, number: int, name: str, **details: Any) -> None:
        """Write down that a fault was taken away; ``within_s`` in the details is the least."""
        within_s = max(self.scale.within_s, float(details.pop("within_s", 0.0)))
        self.nemesis.fault(number, name, "heal", within_s=within_s, **details)

    def whole(self, *faults: tuple[int, str]) -> float:
        """Wait, silent, until all are drained and at head; write it down; return the seconds.

        A run in which that never happens is recorded as it is, and judged by the checker.
        """
        began = time.monotonic()
        self.late = []
        self.talk(False)
        while not self.is_whole():
            took_s = time.monotonic() - began
            if took_s > LIMIT_S and not self.late:
                self.late = self.behind()
            if took_s > self.scale.patience_s:
                return took_s
            self.rest(_LOOK_S)
        for number, name in faults:
            self.nemesis.fault(number, name, "whole", late=self.late)
        return time.monotonic() - began

    def is_whole(self) -> bool:
        """Ask all fleets how they stand."""
        for crew in self.crews.values():
            if not crew.running:
                raise RunError(f"fleet {crew.name} ended:\n{crew.complained()}")
            crew.tell("status")
        for crew in self.crews.values():
            self._statuses[crew.name] = crew.wait("status", _ANSWER_S)
        return whole(self._statuses.values())

    def behind(self) -> list[str]:
        """Say who was not whole when last asked, and why; a few of each fleet."""
        return [words for one in self._statuses.values() for words in one["behind"]]

    def count(self, name: str) -> int:
        """Add up one of the counts of all fleets, as they said last."""
        return sum(one["counts"][name] for one in self._statuses.values())

    # --- the end --------------------------------------------------------------------------------

    def finish(self) -> None:
        """Drain and end in order; then the folder can be checked."""
        self.whole()
        for crew in self.crews.values():
            self._statuses[crew.name] = crew.quit()
        self._finished = True
        self._write_plan()
        self.nemesis.close()
        self.cluster.stop()
