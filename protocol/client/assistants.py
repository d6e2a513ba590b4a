"""The darkroom's children: started when there is work, lent to one thread each, ended by force.

Spawned, never forked, with an environment of their own. One that dies, takes too long or answers
nonsense costs its order and nothing else: it is ended, and the next order gets another. Whoever
asks waits in his own thread, so the queue is as long as there are worker threads. Any thread may
come here; a watchman ends what is late or idle, and is gone when there is nobody to watch.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, Final, cast

from protocol.client.orders import get, put

log = logging.getLogger("client")

MOST: Final = 2
"""Children at a time: a large picture does not keep the small ones waiting."""
IDLE_S: Final = 60.0
"""A child without work is ended: it holds some 25 MB."""
PROGRAM: Final = "protocol.client.developer"
_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_PIPE_BYTES: Final = 1024 * 1024
_F_SETPIPE_SZ: Final = 1031
_NEEDED: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")
"""Variables without which Python may not start; PYTHONPATH is made anew."""


class Assistant:
    """A running child, and the two pipes to it; belongs to whoever it is lent to."""

    def __init__(self, program: str, megabytes: int) -> None:
        """Start it; raise ``OSError`` if the system cannot."""
        folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        # An empty one would be the current directory.
        path = os.pathsep.join([str(_ROOT), *(os.path.abspath(one) for one in folders if one)])
        kept = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        self._process = subprocess.Popen(
            # -P: a module of the same name in the current directory must not be run instead.
            [sys.executable, "-P", "-B", "-m", program, str(megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # The folder in which somebody stands may be removed, or hold modules of its own.
            cwd=_ROOT.anchor,
            env={**kept, "PYTHONPATH": path, "PYTHONUTF8": "1"},
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.megabytes = megabytes
        self.until = 0.0
        """When it is ended: the deadline of its order, or the end of its idleness."""
        self._orders = cast(FileIO, self._process.stdin)
        self._answers = cast(FileIO, self._process.stdout)
        _widen(self._orders, self._answers)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def ask(
        self, head: list[Any], body: bytes, most: Callable[[Any], int]
    ) -> tuple[dict[str, Any], bytearray]:
        """Return the head and the body of its answer, the latter of at most ``most(head)`` bytes.

        Raises ``OSError`` or ``EOFError`` if it is gone, ``ValueError`` for nonsense.
        """
        put(self._orders, head, body)
        return get(self._answers, most)

    def kill(self) -> None:
        """End it at once; whoever waits for its answer hears so from the pipe."""
        self._process.kill()

    def end(self) -> int:
        """End it and return its status: by a signal, if negative."""
        with self._process:
            self._process.kill()
        return self._process.returncode


class Assistants:
    """All children of one darkroom."""

    def __init__(self, most: int = MOST, idle_s: float = IDLE_S, program: str = PROGRAM) -> None:
        """``program`` is the module that a child runs."""
        self._most = most
        self._idle_s = idle_s
        self._program = program
        self._changed = threading.Condition()
        self._idle: list[Assistant] = []
        self._busy: list[Assistant] = []
        self._watched = False

    @property
    def pids(self) -> list[int]:
        """The process ids of all children."""
        with self._changed:
            return [one.pid for one in (*self._busy, *self._idle)]

    @property
    def working(self) -> list[int]:
        """The process ids of those at work."""
        with self._changed:
            return [one.pid for one in self._busy]

    @contextmanager
    def lend(self, megabytes: int, seconds: float, alone: bool) -> Iterator[Assistant]:
        """Lend a child for one order that takes ``seconds`` at most.

        ``alone``: it has had no order before and gets none after. Raises ``OSError`` if none can
        be started. An exception inside ends the child.
        """
        one = self._take(megabytes, seconds, alone)
        good = False
        try:
            yield one
            good = True
        finally:
            if not good or alone:
                status = one.end()
                if not good:
                    log.info("event=darkroom_child_ended status=%d", status)
            with self._changed:
                self._busy.remove(one)
                if good and not alone:
                    one.until = time.monotonic() + self._idle_s
                    self._idle.append(one)
                self._changed.notify_all()

    def close(self) -> None:
        """End all children; an order under way fails. A later order starts others."""
        with self._changed:
            for one in self._busy:
                one.kill()
            while self._idle:
                self._idle.pop().end()
            self._changed.notify_all()

    def _take(self, megabytes: int, seconds: float, alone: bool) -> Assistant:
        with self._changed:
            one = None
            while one is None:
                one = None if alone else self._find(megabytes)
                if one is None and len(self._busy) + len(self._idle) >= self._most and self._idle:
                    self._idle.pop(0).end()
                if one is None and len(self._busy) < self._most:
                    one = Assistant(self._program, megabytes)
                if one is None:
                    self._changed.wait()
            one.until = time.monotonic() + seconds
            self._busy.append(one)
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="darkroom", daemon=True).start()
            self._changed.notify_all()
            return one

    def _find(self, megabytes: int) -> Assistant | None:
        """Return an idle child that still lives."""
        for one in reversed(self._idle):
            if one.megabytes == megabytes:
                self._idle.remove(one)
                if one.alive:
                    return one
                one.end()
        return None

    def _watch(self) -> None:
        with self._changed:
            while self._busy or self._idle:
                now = time.monotonic()
                for one in self._busy:
                    if one.until <= now:
                        one.kill()
                for one in [one for one in self._idle if one.until <= now]:
                    self._idle.remove(one)
                    one.end()
                rest = [one.until - now for one in (*self._busy, *self._idle) if one.until > now]
                self._changed.wait(min(rest, default=None))
            self._watched = False


def _widen(*pipes: FileIO) -> None:
    """Let a pipe hold more, on Linux: large pictures go through with fewer turns."""
    if sys.platform == "linux":
        import fcntl

        for pipe in pipes:
            try:
                fcntl.fcntl(pipe.fileno(), _F_SETPIPE_SZ, _PIPE_BYTES)
            except OSError:
                return  # what one person's pipes may hold is used up: slower, nothing else
