"""The lock of a data folder: one broker at a time, and free again however that one ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from broker.lock import DataLock, is_held, read_note
from protocol.errors import SetupError

_PROJECT = Path(__file__).parents[2]
_HOLD = """
import sys
from pathlib import Path
from broker.lock import DataLock
with DataLock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_a_second_broker_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "broker.lock"
    with DataLock(path):
        with pytest.raises(SetupError, match="--data") as caught, DataLock(path):
            pytest.fail("it must not be locked twice")
        assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)
    with DataLock(path):
        pass
    assert path.exists()


def test_the_lock_ends_with_its_process_even_if_killed(tmp_path: Path) -> None:
    path = tmp_path / "broker.lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        cwd=_PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"locked\n"
            with pytest.raises(SetupError), DataLock(path):
                pytest.fail("another process holds it")
        finally:
            holder.kill()
    with DataLock(path):
        pass


def test_two_folders_have_two_locks(tmp_path: Path) -> None:
    with DataLock(tmp_path / "a"), DataLock(tmp_path / "b"):
        pass


def test_whoever_looks_sees_whether_it_is_held_and_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "broker.lock"
    assert not is_held(path) and read_note(path) == "" and not path.exists()
    for who in ("pid=77 broker=127.0.0.1:8070", "pid=8"):
        with DataLock(path) as lock:
            lock.note(who)
            assert is_held(path) and read_note(path) == who
        assert not is_held(path) and read_note(path) == who


def test_whoever_only_looks_keeps_no_broker_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "broker.lock"
    path.touch()
    look = "import sys; from pathlib import Path; from broker.lock import is_held\n"
    look += "print('looking', flush=True)\nwhile True: is_held(Path(sys.argv[1]))"
    with subprocess.Popen(
        [sys.executable, "-c", look, str(path)], cwd=_PROJECT, stdout=subprocess.PIPE
    ) as looker:
        try:
            assert looker.stdout is not None and looker.stdout.readline() == b"looking\n"
            for _ in range(20):
                with DataLock(path):
                    pass
        finally:
            looker.kill()
