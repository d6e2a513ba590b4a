"""System calls of a running process that fail: strace attaches, injects an error, and lets go.

Needs root. The process goes on when strace ends, however that happens.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_ATTACH_S = 20.0


def why_no_injection() -> str | None:
    """Return what is missing for injecting errors, or None."""
    if sys.platform != "linux":
        return "only on Linux are errors injected"
    if os.geteuid() != 0:
        return "only on systems where the tests are root may they trace any process"
    if shutil.which("strace") is None:
        return "there is no strace (on Debian: apt install strace)"
    return None


class Injection:
    """From now until ``close``: these calls on these files fail with an error.

    ``when``: as strace takes it: "1" the first call, "3+" all from the third on.
    """

    def __init__(
        self, pid: int, calls: Sequence[str], error: str, when: str, paths: Sequence[Path]
    ) -> None:
        names = ",".join(calls)
        where = [word for path in paths for word in ("-P", str(path))]
        what = ("-e", f"trace={names}", "-e", f"inject={names}:error={error}:when={when}")
        self._said = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115
        self._popen = subprocess.Popen(
            ["strace", "-f", "-o", "/dev/null", "-p", str(pid), *where, *what],
            stdin=subprocess.DEVNULL,
            stderr=self._said,
        )
        deadline = time.monotonic() + _ATTACH_S
        # A process with threads: each is announced, the first of them last of all.
        while "attached" not in self._words():
            if self._popen.poll() is not None or time.monotonic() > deadline:
                words = self._words()
                self.close()
                raise OSError(f"strace could not attach: {words.strip()}")
            time.sleep(0.01)

    def _words(self) -> str:
        self._said.seek(0)
        return self._said.read()

    def close(self) -> None:
        """Let the calls succeed again."""
        if self._popen.poll() is None:
            self._popen.terminate()
        self._popen.wait(_ATTACH_S)
        self._said.close()
