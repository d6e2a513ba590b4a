"""The lock of a data folder: one broker at a time, and free again however that one ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from broker.lock import DataLock
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
