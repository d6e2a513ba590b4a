"""One process that the supervisor started: its lines, its end, and how it is stopped.

A child is spawned by ``subprocess``, in a group of its own so that Ctrl+C in
the terminal reaches the supervisor alone, which then stops the children in
order. Two reader threads hand what happens to the supervisor's queue; all
else belongs to the supervisor's thread.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Said:
    """A child printed a line on stdout."""

    child: "Child"
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A child is gone."""

    child: "Child"
    status: int


@dataclass(frozen=True, slots=True)
class Signalled:
    """Somebody wants the supervisor to stop."""


News = Said | Ended | Signalled


class Child:
    """A running process; ``leashed`` ones end when the supervisor does, however it does."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        news: "SimpleQueue[News]",
        leashed: bool,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start ``python -m WORDS``; raise ``OSError`` if the system cannot.

        ``variables`` go into its environment: the place for what others may not read.
        """
        self.name = name
        self.since = time.monotonic()
        self._news = news
        # -P: a folder of the same name in the current directory must not be run instead.
        command = [sys.executable, "-P", "-m", *(["protocol.leash"] if leashed else []), *words]
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process: subprocess.Popen[str] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if leashed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", **(variables or {})},
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        errors = threading.Thread(
            target=self._pass_on, args=(self._process.stderr,), name=f"{name} stderr", daemon=True
        )
        errors.start()
        threading.Thread(
            target=self._watch,
            args=(self._process.stdout, errors),
            name=f"{name} stdout",
            daemon=True,
        ).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def lived_s(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.since

    def stop(self) -> None:
        """Ask the process to stop."""
        with suppress(OSError):
            if sys.platform == "win32":
                self._process.send_signal(signal.CTRL_BREAK_EVENT)
            else:
                self._process.terminate()

    def kill(self) -> None:
        """End the process the hard way."""
        with suppress(OSError):
            self._process.kill()

    def _pass_on(self, stream: IO[str]) -> None:
        for line in stream:
            with suppress(OSError, ValueError):  # a terminal that is gone is no reason to end
                sys.stderr.write(f"{self.name}: {line.rstrip()}\n")
                sys.stderr.flush()

    def _watch(self, stream: IO[str], errors: threading.Thread) -> None:
        for line in stream:
            self._news.put(Said(self, line.rstrip()))
        status = self._process.wait()
        # Its last words first; but a grandchild may hold stderr open, so not for ever.
        errors.join(1.0)
        self._news.put(Ended(self, status))
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
