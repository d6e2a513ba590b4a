"""Pictures from the clipboard and copies of opened files do not stay on the disk."""

import errno
from pathlib import Path

import pytest

from gui.desktop.opened import copy_to_open, remove_copies
from protocol.client.happenings import Failed, Queued
from protocol.codes import EventKind
from tests.gui.conftest import Bench
from tests.gui.fakes import GENERAL


def pasted(bench: Bench, name: str) -> Path:
    folder = bench.window.folder / "clipboard"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(b"picture")
    return path


def test_a_pasted_picture_goes_once_it_was_sent(bench: Bench) -> None:
    bench.open()
    bench.enter()
    controller = bench.main._controller
    one, other = pasted(bench, "one.png"), pasted(bench, "other.png")
    mine = bench.profile.folder / "mine.png"
    mine.write_bytes(b"picture")
    controller.send_files([one, other, mine])
    first, second, third = (request for request, _ in bench.client.asked("send_image"))
    bench.tell(Failed(first, 17, "no"))
    assert one.exists(), "it may be sent again"
    bench.tell(Queued(GENERAL, 1, EventKind.IMAGE, {"name": "other.png"}, second))
    bench.tell(Queued(GENERAL, 2, EventKind.IMAGE, {"name": "mine.png"}, third))
    assert not other.exists() and mine.exists()
    controller.cancel(first)
    assert not one.exists() and not controller._uploads


def test_it_is_said_if_no_program_opens_a_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.open()
    bench.enter()
    monkeypatch.setenv("PATH", "")
    path = bench.profile.folder / "fetched"
    path.write_bytes(b"homework")
    bench.main.talk.files._open(path, "homework.pdf")
    said = "No program here could open it."
    bench.wait(lambda: bench.main.talk.toast.text == said, "what is missing")


def test_another_language_leaves_what_is_being_sent(bench: Bench) -> None:
    bench.open()
    bench.enter()
    path = pasted(bench, "one.png")
    bench.main._controller.send_files([path])
    bench.window._build_again()
    bench.settle()
    assert path.exists()


def test_nothing_stays_when_the_window_closes(bench: Bench) -> None:
    bench.open()
    bench.enter()
    path = pasted(bench, "one.png")
    bench.close()
    assert not path.exists()


def test_copies_of_opened_files_go_at_the_next_start(tmp_path: Path) -> None:
    fetched = tmp_path / "0a1b"
    fetched.write_bytes(b"words")
    copy = copy_to_open(fetched, "notes.txt")
    assert copy.name == "notes.txt" and copy.read_bytes() == b"words"
    assert copy_to_open(fetched, "notes.txt") == copy
    remove_copies(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["0a1b"]
    remove_copies(tmp_path / "none")


def test_a_copy_that_fails_is_told_and_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, target: Path) -> None:
        Path(target).write_bytes(b"home")
        raise OSError(errno.ENOSPC, "No space left on device")

    bench.open()
    bench.enter()
    monkeypatch.setattr("gui.desktop.opened.shutil.copyfile", full)
    path = bench.profile.folder / "fetched"
    path.write_bytes(b"homework")
    bench.main.talk.files._open(path, "homework.pdf")
    said = "It could not be saved: No space left on device"
    bench.wait(lambda: bench.main.talk.toast.text == said, "what went wrong")
    assert not list(bench.profile.folder.glob("fetched.open/*"))
