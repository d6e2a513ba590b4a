"""A server under faults: broker and gateways behind proxies, and all that a fault needs to know.

    with Cluster(folder, Shape(gateways=2, clocks=True)) as cluster:
        cluster.invite                     # clients connect through cluster.fronts
        cluster.clients.append(…)          # so that faults find them
        cluster.tend()                     # start again what ended by itself

The folder is that of a run: ``data/``, ``logs/`` with a pair of files for every start of a process,
``processes.json``, and ``old/`` if a fault restored another journal. A cluster is used by one
thread; at its end all is stopped, and nothing stays behind.

    client ══ fronts[i] ══ gateway i ══ planes[i] (three ports) ══ broker
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol

from tests.faults.nemesis.clocks import Clocks
from tests.faults.nemesis.proxy import Link, Proxy
from tests.faults.nemesis.smalldisk import SmallDisk
from tests.faults.nemesis.started import Ends, Setting, Started
from tests.faults.nemesis.switches import FAULT, TRIGGER
from tests.faults.nemesis.tuned import ANNOUNCE, FEED_HWM
from tests.server import HOST, READY_S, Server

BROKER = "broker"
_PLANE_BUFFER_BYTES = 4_096


class Client(Protocol):
    """A process of the fleet, as faults see it: one client or many."""

    name: str

    @property
    def pid(self) -> int:
        """The process that runs now."""

    @property
    def folder(self) -> Path:
        """Where its profile lies."""

    def kill(self) -> None:
        """Kill it, as planned, and wait for its end."""

    def restart(self) -> None:
        """Start it again on the same profile."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a cluster is made of; some faults need more than the default."""

    gateways: int = 2
    rate: float | None = 0
    """Messages a second that a client may send; 0: no limit, None: the product's."""
    switches: bool = True
    """Start the test build, so that the broker can be killed at chosen moments."""
    disk_mb: int = 0
    """Size of the tmpfs on which the data folder lies; 0: it lies on the ordinary disk."""
    clocks: bool = True
    """Let clocks of processes be set."""
    feed_hwm: int = 0
    """A small high-water mark of what is published; 0: the product's."""
    environment: dict[str, str] = field(default_factory=dict)
    """More variables for broker and gateways."""


class Cluster(Server):
    """Processes that can be killed, stopped, cut off and started again."""

    def __init__(self, folder: Path, shape: Shape | None = None) -> None:
        self.folder = folder
        self.shape = shape or Shape()
        self.clients: list[Client] = []
        self.moment = ""
        """At which of the moments of ``switches.py`` the next broker kills itself when told."""
        self.trigger = folder / "trigger"
        self.disks: dict[str, SmallDisk] = {}
        """Small disks, of ``broker`` or of a client's name."""
        self.fronts: list[Link] = []
        self.planes: list[Link] = []
        self.settings: dict[str, Setting] = {}
        """In what a process is started next; by its name."""
        self._held: set[str] = set()
        self._starts: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.ends = Ends(folder / "processes.json")
        self.clocks = Clocks(folder / "clocks")
        self._closing = ExitStack()
        try:
            self.proxy = self._closing.enter_context(Proxy())
            if self.shape.disk_mb:
                self.disks[BROKER] = SmallDisk(folder / "data", self.shape.disk_mb)
                self._closing.callback(self.disks[BROKER].close, keep=True)
            self._closing.callback(self.end)
            super().__init__(folder, self.shape.gateways, self.shape.rate)
        except BaseException:
            self._closing.close()
            raise

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything; without another failure, everything must end well."""
        try:
            if error is None:
                self.stop()
        finally:
            self._closing.close()

    # --- what there is ------------------------------------------------------------------------

    @property
    def addresses(self) -> list[str]:
        """Where clients connect: the proxies in front of the gateways."""
        return [f"{HOST}:{link.port}" for link in self.fronts]

    @property
    def journal(self) -> Path:
        return self.data / "journal.sqlite3"

    @property
    def names(self) -> list[str]:
        return [BROKER, *(f"gateway-{index}" for index in range(len(self.ports)))]

    def process(self, name: str) -> Started:
        """Return the process that runs, or last ran, under a name."""
        one = self.broker if name == BROKER else self.gateways[int(name.split("-")[1])]
        assert isinstance(one, Started)
        return one

    def environment(self, name: str) -> dict[str, str]:
        """Return what a process, also one of the fleet, needs in its environment for faults.

        A client's process begins with ``tests.faults.nemesis.clocks.follow_clock()``.
        """
        return self.clocks.environment(name) if self.shape.clocks else {}

    def small_disk(self, name: str, folder: Path, size_mb: int) -> SmallDisk:
        """Put a small disk under a client's profile, before it starts; it goes with the cluster."""
        self.disks[name] = SmallDisk(folder, size_mb)
        self._closing.callback(self.disks[name].close, keep=True)
        return self.disks[name]

    # --- starting again -------------------------------------------------------------------------

    def start(self, name: str) -> Started:
        """Start a process that has ended, and wait until it serves."""
        assert not self.process(name).runs, f"{name} runs"
        if name == BROKER:
            self.broker = self._start_broker()
            self.broker.ready()
        else:
            index = int(name.split("-")[1])
            self.gateways[index] = self._start_gateway(index)
        return self.process(name)

    def serves_again(self) -> bool:
        """Start the broker, which may refuse to serve; return whether it did not."""
        one = self.broker = self._start_broker()
        one.planned = True  # should it refuse
        deadline = time.monotonic() + READY_S
        while one.runs and "ready " not in one.printed():
            assert time.monotonic() < deadline, one.complained()
            time.sleep(0.02)
        if not one.runs:
            return False
        one.planned = False
        return True

    def restart(self, name: str) -> Started:
        """End a process in order and start it again; whatever state it is in."""
        one = self.process(name)
        if one.runs:
            status = one.stop()
            assert status == 0, f"{name} ended with {status}:\n{one.complained()}"
        return self.start(name)

    @contextmanager
    def holding(self, *names: str) -> Iterator[None]:
        """Keep ``tend`` away from processes for a while."""
        self.hold(*names)
        try:
            yield
        finally:
            self.release(*names)

    def hold(self, *names: str) -> None:
        """Keep ``tend`` away from processes: a fault has ended them, and will start them."""
        self._held.update(names)

    def release(self, *names: str) -> None:
        self._held.difference_update(names)

    def tend(self) -> list[str]:
        """Start again what has ended by itself, as ``zviazok up`` does; return what it was."""
        found = [
            name for name in self.names if name not in self._held and not self.process(name).runs
        ]
        for name in found:
            self.start(name)
        return found

    # --- as the server wants it -----------------------------------------------------------------

    def _start_broker(self) -> Started:
        words = ["broker", "--data", str(self.data), "--listen", f"{HOST}:{self.broker_port}"]
        if self.shape.rate is not None:
            words += ["--rate", str(self.shape.rate)]
        more = {FAULT: self.moment, TRIGGER: str(self.trigger)} if self.moment else {}
        return self._start(BROKER, words, more)

    def _start_gateway(self, index: int) -> Started:
        if index == len(self.fronts):
            ports = [self.broker_port + place for place in range(3)]
            # Small buffers at the proxy too, or they would take what is to overflow.
            small = _PLANE_BUFFER_BYTES if self.shape.feed_hwm else 0
            self.planes.append(self.proxy.link(f"plane-{index}", ports, down_buffer_bytes=small))
            self.fronts.append(self.proxy.link(f"front-{index}", [self.ports[index]]))
        words = ["gateway", "--data", str(self.data), "--listen", f"{HOST}:{self.ports[index]}"]
        words += ["--broker", f"{HOST}:{self.planes[index].port}"]
        words.append(f"--broker-key={self.broker_key}")
        if self.shape.rate is not None:
            words += ["--rate", str(self.shape.rate)]
        more = {ANNOUNCE: self.addresses[index]}
        process = self._start(f"gateway-{index}", words, more)
        process.ready()
        return process

    def _start(self, name: str, words: list[str], more: dict[str, str]) -> Started:
        if self.shape.switches:
            words = ["tests.faults.nemesis.switches", *words]
        setting = self.settings.get(name, Setting())
        environment = {**self.shape.environment, **self.environment(name), **more}
        if self.shape.feed_hwm:
            environment[FEED_HWM] = str(self.shape.feed_hwm)
        number = self._starts[name] = self._starts.get(name, 0) + 1
        one = Started(
            name,
            number,
            ["tests.faults.nemesis.tuned", *words],
            self._folder,
            self.folder / "logs",
            self.ends,
            Setting({**environment, **setting.environment}, setting.prefix),
        )
        self._all.append(one)
        return one
