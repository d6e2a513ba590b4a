"""The leash: a process ends with the one that holds its stdin, and else runs as usual."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGE = """\
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"stopped\\n"), sys.exit(7)))
print("words", *sys.argv[1:], __name__, flush=True)
if "exit" in sys.argv:
    sys.exit(5)
time.sleep(600)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "__main__.py").write_text(PACKAGE, encoding="utf-8")
    return tmp_path


def start(package: Path, *words: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "protocol.leash", "worker", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(package)))},
    )
    assert process.stdout is not None
    assert process.stdout.readline().split() == ["words", *words, "__main__"]
    return process


def test_it_runs_the_package_with_its_words_and_status(package: Path) -> None:
    process = start(package, "exit", "--data", "x")
    assert process.wait(60) == 5
    process.communicate()


def test_it_stops_when_the_holder_lets_go(package: Path) -> None:
    process = start(package)
    out, _ = process.communicate(timeout=60)  # closes stdin
    assert out == "stopped\n"
    assert process.returncode == 7


@pytest.mark.skipif(os.name != "posix", reason="only on systems with SIGKILL")
def test_it_stops_when_the_holder_is_killed(package: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-P', '-m', 'protocol.leash', 'worker'],"
        " stdin=subprocess.PIPE);"
        "time.sleep(600)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(package)))},
    )
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline().startswith("words")
        holder.send_signal(signal.SIGKILL)
        holder.wait(60)
        # The pipe ends when the worker, its last writer, is gone.
        assert holder.stdout.read() == "stopped\n"
