"""The clipboard with other programs that own it, and with ourselves."""

import io
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from gui.desktop import clipboard as module
from gui.desktop.clipboard import TEXT_MAX, Clipboard, Taken, files_of
from tests.gui.conftest import Stage
from tests.gui.writing import Desk, Owner


def png(width: int = 60, height: int = 40, colour: str = "#c00040") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def desk(stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    stage.open(size=(700, 300))
    one = Desk(stage, tmp_path)
    yield one
    one.clipboard.close()


def take(desk: Desk) -> Taken:
    found: list[Taken] = []
    desk.clipboard.take(found.append)
    desk.stage.wait(lambda: bool(found), "the clipboard")
    return found[0]


def test_a_picture_of_another_program_is_pasted_into_a_file(desk: Desk) -> None:
    data = png()
    with Owner(desk.stage, "image/png", data):
        desk.stage.keys("ctrl+v")
        desk.stage.wait(lambda: bool(desk.acts.asked("image_pasted")), "the picture")
    ((path,),) = desk.acts.asked("image_pasted")
    assert path.parent == desk.folder and path.suffix == ".png"
    assert path.read_bytes() == data
    desk.clipboard.discard(path)
    assert not path.exists()


def test_the_programs_are_asked_outside_of_the_tk_thread(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    run = subprocess.run

    def noted(*words: object, **more: object) -> object:
        threads.append(threading.current_thread().name)
        return run(*words, **more)  # type: ignore[call-overload]

    monkeypatch.setattr("subprocess.run", noted)
    with Owner(desk.stage, "image/png", png()):
        threads.clear()
        assert take(desk).picture is not None
    assert threads == ["clipboard"]


def test_our_own_picture_and_text_never_block(desk: Desk) -> None:
    desk.stage.root.clipboard_clear()
    desk.stage.root.clipboard_append("0x89 0x50", type="image/png")
    assert take(desk) == Taken(), "a Tk program cannot give a picture"
    desk.clipboard.put_text("слово 😀")
    assert take(desk) == Taken(text="слово 😀")


def test_a_program_that_does_not_answer_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    slow = folder / "xclip"
    slow.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    slow.chmod(0o755)
    with Owner(desk.stage, "image/png", png()):
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        monkeypatch.setattr(module, "LIMIT_S", 0.2)
        got = take(desk)
        assert got.problem == "composer.clip_slow", got
    assert not list(desk.folder.iterdir())


def test_a_missing_program_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with Owner(desk.stage, "image/png", png()):
        monkeypatch.setattr("shutil.which", lambda _: None)
        desk.stage.keys("ctrl+v")
        desk.stage.wait(lambda: bool(desk.acts.asked("say")), "a line")
    ((words, bad),) = desk.acts.asked("say")
    assert "xclip" in words and bad


def test_what_only_claims_to_be_a_picture_is_refused(desk: Desk) -> None:
    with Owner(desk.stage, "image/png", b"no picture"):
        assert take(desk).problem == "composer.clip_bad"
    assert not list(desk.folder.iterdir())


@pytest.mark.parametrize("media", ["text/uri-list", "x-special/gnome-copied-files"])
def test_copied_files_are_recognised(desk: Desk, tmp_path: Path, media: str) -> None:
    file = tmp_path / "Звіт №1 ที่.pdf"
    listed = f"{file.as_uri()}\r\nfile://elsewhere/x\r\nhttps://example.org/\r\n"
    if "gnome" in media:
        listed = f"copy\n{file.as_uri()}"
    with Owner(desk.stage, media, listed.encode()):
        desk.stage.keys("ctrl+v")
        desk.stage.wait(lambda: bool(desk.acts.asked("files_dropped")), "the files")
    assert desk.acts.asked("files_dropped") == [((file,),)]


def test_lists_of_files_are_read_strictly() -> None:
    assert files_of(b"# a list\r\nfile:///a%20b\r\nfile://localhost/c\r\n") == (
        Path("/a b"), Path("/c"),
    )  # fmt: skip
    for bad in (b"", b"file://[", b"file:///a%00b", b"file://other/a", b"/etc/passwd", b"copy"):
        assert files_of(bad) == ()


def test_a_text_is_cleaned_and_cut(desk: Desk) -> None:
    dirty = "a\x07b\u202ec\r\nd"
    with Owner(desk.stage, "UTF8_STRING", dirty.encode()):
        desk.stage.keys("ctrl+v")
        desk.wait_words("abc\nd")
    with Owner(desk.stage, "UTF8_STRING", b"x" * (TEXT_MAX + 5)):
        desk.composer.field.put("")
        desk.stage.keys("ctrl+v")
        desk.stage.wait(lambda: len(desk.words()) == TEXT_MAX, "as much as is taken")
    assert "16,384" in desk.acts.asked("say")[0][0]


def test_a_text_is_preferred_to_its_picture(desk: Desk) -> None:
    with Owner(desk.stage, "UTF8_STRING", b"a cell"):
        assert take(desk) == Taken(text="a cell")


def test_a_picture_is_copied_out_and_read_back(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "one.jpg"
    Image.new("RGB", (300, 200), "#00a050").save(file)
    done: list[str] = []
    desk.clipboard.put_picture(file, done.append)
    desk.stage.wait(lambda: bool(done), "the copy")
    assert done == [""] and not (desk.folder / "copy.png").exists()
    taken = take(desk)
    assert taken.picture is not None
    with Image.open(taken.picture) as image:
        assert (image.format, image.size) == ("PNG", (300, 200))
    desk.clipboard.put_picture(tmp_path / "none.png", done.append)
    desk.stage.wait(lambda: len(done) == 2, "the answer")
    assert done[1] == "viewer.unreadable"


def test_leftovers_go_at_the_start_and_at_the_end(stage: Stage, tmp_path: Path) -> None:
    stage.open(size=(300, 200))
    old = tmp_path / "old.png"
    old.write_bytes(b"x")
    one = Clipboard(stage.root, stage.bridge.call, tmp_path)
    assert not old.exists()
    old.write_bytes(b"x")
    other = tmp_path.parent / "other.png"
    other.write_bytes(b"x")
    one.discard(other)
    assert other.exists(), "only its own files are removed"
    one.close()
    assert not old.exists()
