"""Checks runs beside the campaign, one after the other, each in a process of its own.

A check holds a whole run in memory; the process gives it back. What was found sound is thrown
away, but for its verdict; what was not stays, for whoever looks into it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.faults.checker.check import VERDICT
from tests.faults.checker.verdict import Verdict
from tests.server import ROOT


class Judge:
    """Takes folders of runs; owned by one thread."""

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self._waiting: list[Path] = []
        self._now: tuple[Path, subprocess.Popen[str]] | None = None
        self.verdicts: list[Verdict] = []
        self.failed: list[str] = []
        """Folders that could not be checked, with the words."""

    def take(self, folder: Path) -> None:
        """Check this one when those before it are done."""
        self._waiting.append(folder)
        self.look()

    def look(self) -> list[Verdict]:
        """Go on without waiting; return the verdicts that are new."""
        if self._now is not None and self._now[1].poll() is None:
            return []
        fresh = self._over()
        if self._waiting:
            folder = self._waiting.pop(0)
            path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
            self._now = (
                folder,
                subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.checker", str(folder)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": path},
                    text=True,
                ),
            )
        return fresh

    def finish(self) -> list[Verdict]:
        """Wait until all is checked; return the verdicts that are new."""
        fresh: list[Verdict] = []
        while self._now is not None or self._waiting:
            if self._now is not None:
                self._now[1].wait()
            fresh += self.look()
        return fresh

    def close(self) -> None:
        """End what runs."""
        if self._now is not None:
            self._now[1].kill()
            self._now[1].communicate()
            self._now = None

    def _over(self) -> list[Verdict]:
        if self._now is None:
            return []
        folder, process = self._now
        self._now = None
        _, words = process.communicate()
        try:
            text = (folder / VERDICT).read_text(encoding="utf-8")
        except OSError:
            self.failed.append(f"{folder.name}: {words.strip()[-400:]}")
            return []
        verdict = Verdict.from_json(text)
        self.verdicts.append(verdict)
        if verdict.sound and not self._keep:
            for part in ("histories", "profiles", "data", "old", "clocks"):
                shutil.rmtree(folder / part, ignore_errors=True)
        return [verdict]
