"""Archive jobs: ranges, honest counts, and that nothing but a whole file is ever left."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gui.archive import page
from gui.archive.job import Outcome
from gui.archive.survey import Format
from protocol.client.operations import DropRoom
from protocol.codes import EventKind
from tests.gui.archives import DATE, NOON, Scene
from tests.protocol.client.shelf import GENERAL

FORMATS = list(Format)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "profile").mkdir()
    one = Scene(tmp_path / "profile")
    yield one
    one.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("format", FORMATS)
def test_a_whole_conversation_is_counted_against_the_journal(
    scene: Scene, out: Path, format: Format
) -> None:
    scene.fill()
    target = out / f"general{format.value}"
    outcome = scene.save(target, format)
    assert outcome.path == target and outcome.whole and not outcome.problem
    assert outcome.lines[0] == "8 of 8 messages (events 1–14): nothing is missing"
    assert [one.name for one in out.iterdir()] == [target.name]
    assert "8 of 8 messages" in target.read_text("utf-8") or format is Format.LINES
    assert {what for _, _, what in scene.seen} >= {"count", "write"}
    assert all(0 <= done <= total for done, total, _ in scene.seen)
    assert len(scene.asked) == (0 if format is Format.PLAIN else 2)


def test_pictures_are_not_fetched_if_nobody_wants_them(scene: Scene, out: Path) -> None:
    scene.fill()
    outcome = scene.save(out / "a.html", pictures=False)
    assert outcome.whole and scene.asked == []
    text = (out / "a.html").read_text("utf-8")
    assert "Saved without pictures and files" in text and "download=" not in text


@pytest.mark.parametrize("format", [Format.PAGE, Format.LINES])
def test_a_picture_that_cannot_be_had_is_told(scene: Scene, out: Path, format: Format) -> None:
    scene.picture()
    lost = scene.picture("lost.png")
    del scene.files[lost]
    outcome = scene.save(out / "a", format)
    assert outcome.path is not None and not outcome.whole
    assert outcome.lines[-1] == "1 picture or file could not be had."
    assert "the server has lost it" in (out / "a").read_text("utf-8")


def test_a_picture_that_was_changed_on_the_disk_is_not_embedded(scene: Scene, out: Path) -> None:
    sha256 = scene.picture()
    scene.files[sha256] = b"something else"
    outcome = scene.save(out / "a.html")
    assert not outcome.whole
    assert "The file on this computer is damaged" in (out / "a.html").read_text("utf-8")


def test_deleted_pictures_are_not_fetched(scene: Scene, out: Path) -> None:
    scene.picture()
    scene.change(EventKind.DELETE, of=1)
    assert scene.save(out / "a.html").whole
    assert scene.asked == []


def test_days_are_local_days(scene: Scene, out: Path) -> None:
    scene.part(1, 10, 10)
    two = DATE + timedelta(days=2)
    outcome = scene.save(out / "a.txt", Format.PLAIN, since=two, until=two + timedelta(days=1))
    assert outcome.whole
    assert outcome.lines == ("2 of 2 messages (events 3–4): nothing is missing",)
    text = (out / "a.txt").read_text("utf-8")
    assert [n for n in range(1, 11) if f"text {n}\n" in text] == [3, 4]
    assert "22 November 2026 – 23 November 2026" in text
    outcome = scene.save(out / "b.txt", Format.PLAIN, since=two + timedelta(days=30))
    assert (outcome.path, outcome.problem) == (None, "There are no messages in these days.")
    assert not (out / "b.txt").exists()


def test_offline_the_archive_says_from_where_it_is_complete(scene: Scene, out: Path) -> None:
    scene.part(101, 110, 115)
    outcome = scene.save(out / "a.html")
    assert outcome.path is not None and not outcome.whole
    assert outcome.lines == (
        "10 messages (events 101–110 of 115); some are missing",
        "Missing: events 1–100. The server could not be reached.",
        "Missing: events 111–115. The server could not be reached.",
    )
    text = (out / "a.html").read_text("utf-8")
    assert all(line in text for line in outcome.lines)


def test_days_that_are_held_whole_need_no_gathering(scene: Scene, out: Path) -> None:
    scene.part(101, 110, 110)

    def gather(_: Callable[[int, int], None]) -> str:
        raise AssertionError("not needed")

    second = DATE + timedelta(days=1)
    assert scene.save(out / "a.txt", Format.PLAIN, since=second, gather=gather).whole
    # The first day that is held may have begun before what is held.
    outcome = scene.save(out / "a.txt", Format.PLAIN, since=DATE)
    assert not outcome.whole


def test_what_is_not_held_is_gathered_first(scene: Scene, out: Path) -> None:
    scene.part(6, 10, 10)

    def gather(heard: Callable[[int, int], None]) -> str:
        heard(3, 10)
        scene.part(1, 10, 10)
        heard(0, 10)
        return ""

    outcome = scene.save(out / "a.jsonl", Format.LINES, gather=gather)
    assert outcome.whole
    assert outcome.lines[0] == "10 of 10 messages (events 1–10): nothing is missing"
    assert (7, 10, "gather") in scene.seen


def test_a_gathering_that_fails_is_told_with_its_reason(scene: Scene, out: Path) -> None:
    scene.part(6, 10, 10)
    outcome = scene.save(out / "a.html", gather=lambda _: "the server is busy")
    assert not outcome.whole
    assert outcome.lines[1] == "Missing: events 1–5. the server is busy"


def cancelled_at(scene: Scene, target: Path, format: Format, step: int) -> Outcome:
    """Cancel a job when it tells its progress for the so-manieth time."""
    calls = 0

    def progress(_done: int, _total: int, _what: str) -> None:
        nonlocal calls
        if calls == step:
            job.cancel()
        calls += 1

    job = scene.job(target, format, progress=progress)
    return job.run()


@pytest.mark.parametrize("format", FORMATS)
def test_cancel_at_every_step_leaves_nothing(scene: Scene, out: Path, format: Format) -> None:
    scene.fill()
    target = out / "a"
    target.write_text("an older one")
    steps = 0
    while (outcome := cancelled_at(scene, target, format, steps)) == Outcome(None):
        assert target.read_text() == "an older one"
        assert [one.name for one in out.iterdir()] == ["a"]
        steps += 1
        assert steps < 100
    assert steps > 3 and outcome.whole
    assert [one.name for one in out.iterdir()] == ["a"]


def test_cancel_ends_a_wait_for_somebody_else(scene: Scene, out: Path) -> None:
    scene.fill()
    job = scene.job(out / "a.html")
    waiting = threading.Event()

    def fetch(_sha256: bytes, _size: int) -> Path | str:
        return job.wait(lambda _answer: waiting.set())

    job._fetch = fetch
    done: list[Outcome] = []
    thread = threading.Thread(target=lambda: done.append(job.run()))
    thread.start()
    assert waiting.wait(10)
    job.cancel()
    thread.join(10)
    assert done == [Outcome(None)] and not list(out.iterdir())


def test_a_wait_gives_the_answer(scene: Scene, out: Path) -> None:
    job = scene.job(out / "a.html")
    assert job.wait(lambda answer: threading.Thread(target=answer, args=("x",)).start()) == "x"


_CHILD = """
import resource, sys
from pathlib import Path
from datetime import date
from gui.archive.job import Job
from gui.archive.survey import Format, Order
from gui.words.i18n import Words
store, room, out = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), Path(sys.argv[3])
tr = Words("en")
files = {path.name: path for path in store.parent.iterdir()}
def fetch(sha256, size):
    return files[sha256.hex()]
for format in Format:
    target = out / f"a{format.value}"
    target.write_text("an older one")
    for most in (0, 1, 1000, 1500, 3000, 6000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        outcome = Job(
            Order(room, "general", target, format), store, tr, fetch, None, "", lambda *_: None
        ).run()
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        left = sorted(path.name for path in out.iterdir() if ".part" in path.name)
        print(format.name, most, outcome.problem or "written", left,
              target.read_text() == "an older one")
        if outcome.path:
            break
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_disk_that_is_full_leaves_nothing(scene: Scene, out: Path) -> None:
    scene.fill()
    for sha256 in scene.files:
        scene.fetch(sha256, 0)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(scene.shelf.path), GENERAL.hex(), str(out)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    failed = [line for line in lines if "written" not in line]
    assert len(failed) >= 9
    assert {name for name in ("PAGE", "LINES", "PLAIN") if any(name in x for x in failed)} == {
        "PAGE", "LINES", "PLAIN",
    }  # fmt: skip
    for line in failed:
        assert line.endswith("The disk is full. Make room or choose another folder. [] True"), line


def test_a_folder_that_is_not_there_is_told(scene: Scene, out: Path) -> None:
    scene.fill()
    outcome = scene.save(out / "missing" / "a.html")
    assert outcome.path is None and "could not be written" in outcome.problem
    (out / "taken").mkdir()
    outcome = scene.save(out / "taken")
    assert outcome.path is None and outcome.problem
    assert [one.name for one in out.iterdir()] == ["taken"]


def test_a_room_that_goes_meanwhile_makes_no_archive(scene: Scene, out: Path) -> None:
    scene.fill()

    def progress(_done: int, _total: int, what: str) -> None:
        if what == "fetch":
            scene.shelf.store.apply([DropRoom(GENERAL)])

    outcome = scene.job(out / "a.html", progress=progress).run()
    assert outcome.problem == "The history changed while it was saved. Try again."
    assert not list(out.iterdir())
    assert "no longer" in scene.save(out / "a.html").problem


def test_an_error_of_ours_leaves_nothing_and_is_not_hidden(
    scene: Scene, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.fill()

    def broken(words: str) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(page, "linked", broken)
    with pytest.raises(ZeroDivisionError):
        scene.save(out / "a.html")
    assert not list(out.iterdir())


def test_the_file_is_for_its_owner_alone(scene: Scene, out: Path) -> None:
    scene.say("secret", ts=NOON)
    scene.save(out / "a.html")
    if os.name == "posix":
        assert (out / "a.html").stat().st_mode & 0o777 == 0o600
