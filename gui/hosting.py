"""Starts a server as a process of its own and learns the invite link that it prints.

A thread waits for the link; everything is told by one callable, in that
thread. The server writes into a file rather than a pipe, so that it can go on
when the window is closed.
"""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 8.0
_STEP_S = 0.05
_NEW_GROUP = 0x200
"""CREATE_NEW_PROCESS_GROUP of Windows."""


class Host:
    """A server that this window started. Made and ended in the Tk thread."""

    def __init__(
        self,
        folder: Path,
        data: Path | None,
        tell: Callable[[str, str], None],
        listen: str = "",
    ) -> None:
        """Start it. ``tell(link, problem)`` is called once, from another thread.

        ``folder`` takes its output (host.log), ``listen`` is HOST:PORT or the
        default; raises OSError if the file or the process cannot be made.
        """
        words = [sys.executable, "-m", "zviazok", "up", "--no-gui"]
        if data is not None:
            words += ["--data", str(data)]
        if listen:
            words += ["--listen", listen]
        self._data = data
        self.owner_link = ""
        """Makes whoever started the server its owner, if it has none; known when it is told."""
        self._path = folder / "host.log"
        self._tell = tell
        flags = _NEW_GROUP if sys.platform == "win32" else 0
        with self._path.open("wb") as out:
            self._path.chmod(0o600)
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # Ctrl+C in the window's terminal must not end the server unasked.
                start_new_session=sys.platform != "win32",
                creationflags=flags,
            )
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="hosting", daemon=True).start()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the server and wait for it; it stops cleanly on a signal."""
        self._ended.set()
        if not self.running:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            log.warning("event=host_killed pid=%d", self._process.pid)
            self._process.kill()
            self._process.wait()

    def _watch(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            ended = not self.running
            text = self._path.read_text("utf-8", "replace")
            link = find_link(text)
            if link:
                self.owner_link = self._ask_owner_link()
                self._tell(link, "")
                return
            if ended:
                self._tell("", _last_line(text))
                return
            if self._ended.wait(_STEP_S):
                return
        self._tell("", f"The server did not start within {START_TIMEOUT_S:.0f} seconds")

    def _ask_owner_link(self) -> str:
        """Return the link that makes an owner, or nothing: there is one, or none can be made.

        It is not in the server's output, because that is kept in a file.
        """
        words = [sys.executable, "-m", "zviazok", "invite", "--first-owner"]
        if self._data is not None:
            words += ["--data", str(self._data)]
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=START_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            log.warning("event=no_owner_link error=%s", type(error).__name__)
            return ""
        return find_link(done.stdout.decode("utf-8", "replace"))


def find_link(text: str) -> str:
    """Return the invite link in a server's output, or an empty string."""
    for line in text.splitlines():
        at = line.find("zviazok://")
        if at >= 0 and text.endswith("\n"):
            return line[at:].split()[0]
    return ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"The server did not start: {lines[-1] if lines else 'it said nothing'}"
