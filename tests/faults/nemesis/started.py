"""A process of a server under faults: every start has its own log, every end is recorded.

What a fault does to a process it says here first, so that an end that nobody planned stands
out. Owned by the thread that made it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.machines import innermost
from tests.server import ROOT, Process

END_S = 30.0


@dataclass(slots=True)
class Ends:
    """``processes.json``: every process that has ended, in the order of their ends."""

    path: Path
    found: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, pid: int, status: int, planned: bool, log: str = "") -> None:
        """Record an end; the file is whole at every moment."""
        self.found.append(
            {"name": name, "pid": pid, "status": status, "planned": planned, "log": log}
        )
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.found, indent=1), encoding="utf-8")
        fresh.replace(self.path)

    @property
    def unplanned(self) -> list[dict[str, Any]]:
        """Return the ends that no fault and no test has asked for."""
        return [one for one in self.found if not one["planned"]]


@dataclass(frozen=True, slots=True)
class Setting:
    """In what a process runs."""

    environment: Mapping[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    """Words in front of Python, such as ``["strace", "-f", …]``."""


class Started(Process):
    """``python -m WORDS`` in a setting; its logs, ``NAME.NUMBER.err``, are of this start alone."""

    def __init__(
        self,
        name: str,
        number: int,
        words: Sequence[str],
        folder: Path,
        logs: Path,
        ends: Ends,
        setting: Setting,
    ) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.out = logs / f"{name}.{number}.out"
        self.err = logs / f"{name}.{number}.err"
        self.planned = False
        """Its end is asked for: by a fault or at the end of the run."""
        self._ends = ends
        self._recorded = False
        self._prefixed = bool(setting.prefix)
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        fixed = {"PYTHONPATH": path, "PYTHONUTF8": "1"}
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.popen = subprocess.Popen(
                [*setting.prefix, sys.executable, "-P", "-m", "protocol.leash", *words],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, **fixed, **setting.environment},
            )

    @property
    def pid(self) -> int:
        """The program itself, also behind words in front of it."""
        return innermost(self.popen.pid) if self._prefixed else self.popen.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended; an end that is seen here is recorded."""
        if self.popen.poll() is None:
            return True
        self._reap()
        return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it and wait for its end."""
        self.planned = True
        if self.popen.poll() is None:
            self.send(signal.SIGKILL)
        self._reap()

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        self.planned = True
        if self.popen.poll() is None:
            self.send(signal.SIGTERM)
        try:
            return self._reap()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop:\n{self.complained()}") from None

    def wait(self, timeout_s: float = END_S) -> int:
        """Wait until it ends by itself, because a fault has seen to that; return its status."""
        self.planned = True
        deadline = time.monotonic() + timeout_s
        while self.runs:
            assert time.monotonic() < deadline, f"{self.name} did not end:\n{self.complained()}"
            time.sleep(0.02)
        return self._reap()

    def _reap(self) -> int:
        status = super()._reap()
        self._record(status)
        return status

    def _record(self, status: int) -> None:
        if not self._recorded:
            self._recorded = True
            self._ends.add(self.name, self.popen.pid, status, self.planned, self.err.name)
