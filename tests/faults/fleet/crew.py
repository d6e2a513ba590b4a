"""A fleet as whoever runs it sees it: a process that is given a plan, commands, and a kill.

Owned by one thread. Answers are read without waiting; what a killed process still had to say is
lost with it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.fleet.plan import FleetPlan
from tests.faults.nemesis.started import Ends
from tests.server import ROOT

READY_S = 120.0


class CrewError(Exception):
    """A fleet did not do what it was told."""


class Crew:
    """One fleet's process; ``start`` it again after ``kill``: real clients go on from disk."""

    def __init__(
        self,
        name: str,
        plan: FleetPlan,
        ends: Ends,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.plan = plan
        self.persons: dict[str, str] = {}
        self.directs: list[list[Any]] = []
        """Rows of a client here and the persons with whom it is to have a direct message."""
        self._ends = ends
        self._environment = dict(environment or {})
        self._popen: subprocess.Popen[bytes] | None = None
        self._folder = Path(plan.folder)
        self._starts = 0
        self._heard = b""

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether there is a process that has not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def folder(self) -> Path:
        """Where its profiles lie."""
        return Path(self.plan.profiles)

    @property
    def names(self) -> tuple[str, ...]:
        """The clients in it."""
        return tuple(one.name for one in self.plan.clients)

    def start(self) -> None:
        """Start the process; ``ready`` waits until its clients are welcome."""
        self._starts += 1
        logs = self._folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        words = self._folder / f"{self.name}.plan.json"
        words.write_text(self.plan.write(), encoding="utf-8")
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        with (logs / f"{self.name}.{self._starts}.err").open("wb") as err:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.faults.fleet", str(words)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", **self._environment},
                # Ctrl+C is for the one who runs the campaign: it ends fleets in order.
                process_group=0,
            )
        assert self._popen.stdout is not None
        os.set_blocking(self._popen.stdout.fileno(), False)
        self._heard = b""
        if self.directs:
            self.tell("direct", rooms=self.directs)

    def direct(self, rooms: list[list[Any]]) -> None:
        """Have direct messages, now and after every start; answered by ``ready``."""
        self.directs = rooms
        self.tell("direct", rooms=rooms)

    def ready(self, timeout_s: float = READY_S) -> dict[str, Any]:
        """Wait until all clients are welcome and in their rooms."""
        answer = self.wait("ready", timeout_s)
        self.persons = answer["persons"]
        return answer

    def tell(self, do: str, **values: Any) -> None:
        """Give a command."""
        assert self._popen is not None and self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps({"do": do, **values}).encode() + b"\n")
            self._popen.stdin.flush()
        except OSError:
            raise CrewError(f"fleet {self.name} is gone:\n{self.complained()}") from None

    def wait(self, what: str, timeout_s: float) -> dict[str, Any]:
        """Return the next answer of this kind; forget those before it."""
        deadline = time.monotonic() + timeout_s
        while True:
            answer = self.hear()
            if answer is not None:
                if answer["is"] == what:
                    return answer
                continue
            if not self.running:
                raise CrewError(f"fleet {self.name} ended:\n{self.complained()}")
            if time.monotonic() > deadline:
                raise CrewError(f"fleet {self.name} did not say {what} in {timeout_s:.0f} s")
            time.sleep(0.01)

    def hear(self) -> dict[str, Any] | None:
        """Return the next answer if one is here."""
        assert self._popen is not None and self._popen.stdout is not None
        if b"\n" not in self._heard:
            with suppress(OSError):
                while piece := self._popen.stdout.read(1 << 16):
                    self._heard += piece
        line, found, rest = self._heard.partition(b"\n")
        if not found:
            return None
        self._heard = rest
        answer: dict[str, Any] = json.loads(line)
        return answer

    def status(self, timeout_s: float = 30.0) -> dict[str, Any]:
        """Ask how it stands."""
        self.tell("status")
        return self.wait("status", timeout_s)

    def quit(self, timeout_s: float = 120.0) -> dict[str, Any]:
        """End it in order and return its last figures."""
        self.tell("quit")
        answer = self.wait("quitting", timeout_s)
        assert self._popen is not None
        try:
            self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._over(planned=True)
        return answer

    def kill(self) -> None:
        """kill -9 of all its clients, on purpose."""
        if self._popen is not None:
            self._popen.kill()
            self._over(planned=True)

    def restart(self) -> None:
        """Start it again, on the same profiles; do not wait for it."""
        self.kill()
        self.start()

    def complained(self) -> str:
        """Return what its present process printed on stderr."""
        path = self._folder / "logs" / f"{self.name}.{self._starts}.err"
        return path.read_text(encoding="utf-8", errors="replace")[-4_000:]

    def end(self) -> None:
        """Kill what still runs; for the time after something failed."""
        if self._popen is not None:
            ended = self._popen.poll() is not None
            self._popen.kill()
            self._over(planned=not ended)

    def _over(self, planned: bool) -> None:
        assert self._popen is not None
        status = self._popen.wait()
        self._ends.add(
            self.name, self._popen.pid, status, planned, f"{self.name}.{self._starts}.err"
        )
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._popen = None
