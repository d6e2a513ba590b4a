"""``python -m gui``: exit statuses, one clear line each, and signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gui.conftest import LINK
from tests.gui.screens import Display
from tests.server import ROOT


def run(home: Path, *words: str, display: str = "") -> "subprocess.Popen[str]":
    env = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
    env |= {"HOME": str(home), "PYTHONPATH": str(ROOT), "DISPLAY": display}
    return subprocess.Popen(
        [sys.executable, "-m", "gui", *words], env=env, cwd=home, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("http://example.org",), 2, "zviazok://"),
        (("--theme", "blue"), 2, "blue"),
        ((), 1, "no window can be shown"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, words: tuple[str, ...], status: int, says: str
) -> None:
    process = run(tmp_path, *words)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert says in said and "Traceback" not in said
    assert len(said.strip().splitlines()) <= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_window(tmp_path: Path, display: Display, number: int) -> None:
    process = run(tmp_path, LINK, "--nick", "Marko", "--data", str(tmp_path), display=display.name)
    try:
        display.run("xdotool", "search", "--sync", "--onlyvisible", "--name", "Zviazok")
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in said
    finally:
        process.kill()
        process.wait()
