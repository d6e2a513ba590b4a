"""The window with a long history: how long it takes to open, scroll, jump and change its theme.

The real program under an X server of its own, with a real client's file and nobody who answers
at the other end of the line. Every figure is the best of three processes: other programs on the
machine can only make one worse. ``growth`` compares a history with one of a tenth of its length:
the largest of the ratios of opening, appending, and the typical step, frame and jump.

``longest_ms`` is the longest turn of the window's loop on a way through all of it
(:mod:`tests.benchmarks.guiturns`): CPU of the thread that has the window, Tk's drawing included.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.guistore import NICK, fill, invite
from tests.benchmarks.guiwindow import STARTED

RUNS = 3
RULE_MS = 4.0
"""Nothing in the thread of the window should take longer."""
_TIMEOUT_S = 180
_COMPARED = (
    "open_ms", "append_ms", "typical_wheel_ms", "typical_frame_ms", "typical_jump_ms"
)  # fmt: skip
_SCREEN = "1400x900x24"


@dataclass(frozen=True, slots=True)
class Gui:
    """What to measure."""

    messages: int

    def run(self) -> dict[str, object]:
        """Measure; return the keys that the README explains."""
        with tempfile.TemporaryDirectory(prefix="zviazok-bench-") as name:
            folders = {count: Path(name) / str(count) for count in (self.messages // 10,
                                                                    self.messages)}  # fmt: skip
            for count, folder in folders.items():
                folder.mkdir()
                fill(folder, max(count, 100))
            found: dict[int, list[dict[str, float]]] = {count: [] for count in folders}
            ways: list[dict[str, tuple[float, str]]] = []
            with _display() as display:
                for _ in range(RUNS):
                    for count, folder in folders.items():
                        found[count].append(_measure("guiwindow", folder, display))
                    ways.append(_measure("guiturns", folders[self.messages], display))
        few, many = (_best(runs) for runs in found.values())
        result: dict[str, object] = {"bench": "gui", "messages": self.messages, "runs": RUNS}
        shown = {name: value for name, value in many.items() if not name.startswith("typical")}
        result |= {name: round(value, 2) for name, value in shown.items()}
        result["growth"] = round(max(many[name] / few[name] for name in _COMPARED), 2)
        return result | longest(ways)


def _best(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: min(run[name] for run in runs) for name in runs[0]}


def longest(ways: list[dict[str, tuple[float, str]]]) -> dict[str, object]:
    """Return the longest turn of all, what it was, and which journeys have a turn over 4 ms."""
    turns = {name: min((one[name] for one in ways), key=lambda one: one[0]) for name in ways[0]}
    slow = sorted((name for name in turns if turns[name][0] > RULE_MS), key=lambda n: -turns[n][0])
    name = max(turns, key=lambda one: turns[one][0])
    return {
        "longest_ms": turns[name][0],
        "longest_what": f"{name}: {turns[name][1]}",
        "longer_than_4_ms": ", ".join(f"{one} {turns[one][0]:.1f}" for one in slow) or "nothing",
    }


def _measure(module: str, folder: Path, display: str) -> Any:
    """Run one window to its end; return what it printed."""
    env = {
        **os.environ, "DISPLAY": display, "HOME": str(folder),
        STARTED: str(time.monotonic_ns()),
    }  # fmt: skip
    words = [sys.executable, "-m", f"tests.benchmarks.{module}", str(folder), str(invite()), NICK]
    done = subprocess.run(
        words, env=env, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the window ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _display() -> Iterator[str]:
    """Start an Xvfb on a number that it chooses itself; yield its name."""
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-noreset"]
    try:
        server = subprocess.Popen(
            [*words, "-screen", "0", _SCREEN, "-dpi", "96"], pass_fds=(write,),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        os.close(read)
        os.close(write)
        raise RuntimeError("the benchmark of the window needs Xvfb") from None
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
