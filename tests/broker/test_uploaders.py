"""Who has sent what, on real files."""

import os
import threading
from hashlib import sha256 as hashed
from pathlib import Path

import pytest

from broker import uploaders
from broker.uploaders import Uploaders

ANNA, BORIS = b"A" * 32, b"B" * 32


def sha(number: int) -> bytes:
    return hashed(b"%d" % number).digest()


def held(them: Uploaders, device: bytes, count: int) -> list[int]:
    return [number for number in range(count) if them.holds(sha(number), device)]


def age(folder: Path, numbers: range) -> None:
    """Give the files of these blobs times that ascend, as uploads that took a while have."""
    for path in folder.iterdir():
        for number in numbers:
            if path.name.startswith(sha(number).hex()):
                os.utime(path, (1_000 + number, 1_000 + number))


def test_each_device_is_known_by_itself(tmp_path: Path) -> None:
    them = Uploaders(tmp_path / "uploaders")
    them.note(sha(1), ANNA)
    them.note(sha(1), ANNA)
    them.note(sha(2), BORIS)
    (tmp_path / "uploaders" / "foreign").write_text("something else")
    for one in (them, Uploaders(tmp_path / "uploaders")):
        assert held(one, ANNA, 4) == [1]
        assert held(one, BORIS, 4) == [2]
    assert len(list((tmp_path / "uploaders").iterdir())) == 3
    if os.name == "posix":
        assert (tmp_path / "uploaders").stat().st_mode & 0o077 == 0


def test_the_newest_of_a_device_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploaders, "UPLOADED_PER_DEVICE_MAX", 3)
    them = Uploaders(tmp_path)
    them.note(sha(9), BORIS)
    for number in (0, 1, 2, 0, 3):
        them.note(sha(number), ANNA)
    assert held(them, ANNA, 9) == [0, 2, 3]
    assert held(them, BORIS, 10) == [9]
    assert len(list(tmp_path.iterdir())) == 4


def test_the_newest_of_all_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploaders, "UPLOADED_MAX", 4)
    them = Uploaders(tmp_path)
    for number in range(6):
        them.note(sha(number), bytes([number]) * 32)
    known = [number for number in range(6) if them.holds(sha(number), bytes([number]) * 32)]
    assert known == [2, 3, 4, 5]
    age(tmp_path, range(6))
    # A smaller bound after a restart: the oldest go.
    monkeypatch.setattr(uploaders, "UPLOADED_MAX", 2)
    them = Uploaders(tmp_path)
    known = [number for number in range(6) if them.holds(sha(number), bytes([number]) * 32)]
    assert known == [4, 5]
    assert len(list(tmp_path.iterdir())) == 2


def test_where_it_cannot_be_written_it_holds_until_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    them = Uploaders(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", full)
        them.note(sha(1), ANNA)
    assert them.holds(sha(1), ANNA)
    assert not Uploaders(tmp_path).holds(sha(1), ANNA)


def test_it_may_be_asked_by_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploaders, "UPLOADED_PER_DEVICE_MAX", 3)
    monkeypatch.setattr(uploaders, "UPLOADED_MAX", 10)
    them = Uploaders(tmp_path)
    them.note(sha(0), ANNA)
    done = threading.Event()
    wrong: list[int] = []

    def ask() -> None:
        while not done.is_set():
            if not them.holds(sha(0), ANNA) or them.holds(sha(0), BORIS):
                wrong.append(1)

    thread = threading.Thread(target=ask)
    thread.start()
    for number in range(1, 200):
        them.note(sha(number), BORIS)
    done.set()
    thread.join()
    assert not wrong
    assert held(them, BORIS, 200) == [197, 198, 199]
