"""Decoding away from the Tk thread: order, cancelling, limits."""

import io
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from gui.paint import pictures as module
from gui.paint.pictures import PictureError, Pictures, checkered, decode, load
from protocol.client.darkroom import darkroom


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


class Turns:
    """Collects what would run in the Tk thread."""

    def __init__(self) -> None:
        self._work: list[Callable[[], None]] = []
        self._ready = threading.Condition()

    def call(self, work: Callable[[], None]) -> None:
        with self._ready:
            self._work.append(work)
            self._ready.notify()

    def run(self, count: int) -> None:
        for _ in range(count):
            with self._ready:
                assert self._ready.wait_for(lambda: bool(self._work), 10), "no result"
                work = self._work.pop(0)
            work()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def workers(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pictures]:
    monkeypatch.setattr(module, "THREADS", 1)
    one = Pictures(turns.call)
    yield one
    one.close()


def test_the_newest_request_comes_first_and_a_cancelled_one_never(
    workers: Pictures, turns: Turns
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    done: list[int] = []

    def first() -> int:
        begun.set()
        go_on.wait(10)
        return 0

    def note(number: int | None, _problem: str) -> None:
        assert number is not None
        done.append(number)

    workers.run(first, note)
    assert begun.wait(10)
    ran: list[int] = []

    def work(number: int) -> int:
        ran.append(number)
        return number

    jobs = [workers.run(partial(work, number), note) for number in range(1, 5)]
    jobs[2].cancel()
    go_on.set()
    turns.run(4)
    assert done == [0, 4, 2, 1] and ran == [4, 2, 1]


def test_a_result_that_comes_after_cancelling_is_dropped(workers: Pictures, turns: Turns) -> None:
    done: list[object] = []
    job = workers.run(lambda: 1, lambda one, _: done.append(one))
    with turns._ready:
        assert turns._ready.wait_for(lambda: bool(turns._work), 10)
    job.cancel()
    turns.run(1)
    assert not done


def test_what_goes_wrong_is_a_sentence_and_logged_if_it_is_a_fault(
    workers: Pictures, turns: Turns, logged_errors: list[logging.LogRecord]
) -> None:
    problems: list[str] = []
    workers.decode(b"no picture", (10, 10), lambda _, problem: problems.append(problem))
    turns.run(1)
    assert problems == ["viewer.not_a_picture"]
    assert not logged_errors
    workers.run(lambda: 1 // 0, lambda _, problem: problems.append(problem))
    turns.run(1)
    assert problems[1] == "viewer.not_a_picture"
    assert "picture_work_failed" in logged_errors.pop().getMessage()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_four_formats_are_decoded_and_fit(kind: str) -> None:
    data = saved(Image.new("RGB", (400, 200), "#336699"), kind)
    assert decode(data, (100, 100)).size == (100, 50)
    assert decode(data, (100, 100), grow=True).size == (100, 100)
    assert load(data).size == (400, 200)


def test_other_formats_and_too_many_pixels_are_refused(tmp_path: Path) -> None:
    for data, problem in (
        (saved(Image.new("RGB", (9, 9)), "BMP"), "viewer.not_a_picture"),
        (saved(Image.new("1", (6000, 5000)), "PNG"), "viewer.too_many_pixels"),
        (saved(Image.new("L", (20_001, 1)), "PNG"), "viewer.too_many_pixels"),
        (saved(Image.effect_noise((99, 99), 9), "PNG")[:500], "viewer.not_a_picture"),
        (b"", "viewer.not_a_picture"),
    ):
        with pytest.raises(PictureError, match=problem):
            load(data)
    with pytest.raises(PictureError, match=r"viewer\.unreadable"):
        load(tmp_path / "none.png")


@pytest.mark.skipif(os.name != "posix", reason="only on systems with signals")
def test_a_child_that_is_killed_costs_one_picture(workers: Pictures, turns: Turns) -> None:
    data = saved(Image.new("RGB", (40, 20), "#336699"), "PNG")
    load(data)
    for pid in darkroom().assistants.pids:
        os.kill(pid, signal.SIGSTOP)
    told: list[str] = []
    workers.decode(data, (10, 10), lambda _, problem: told.append(problem))
    deadline = time.monotonic() + 60
    while not darkroom().assistants.working:
        assert time.monotonic() < deadline, "nobody works"
        time.sleep(0.01)
    for pid in darkroom().assistants.working:
        os.kill(pid, signal.SIGKILL)
    turns.run(1)
    assert told == ["viewer.too_much"]
    assert load(data).size == (40, 20)


def test_closing_the_window_ends_the_children(turns: Turns) -> None:
    one = Pictures(turns.call)
    load(saved(Image.new("RGB", (4, 4)), "PNG"))
    assert darkroom().assistants.pids
    one.close()
    assert not darkroom().assistants.pids


def test_pictures_stand_upright_and_moving_ones_show_their_first_frame() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert load(saved(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("#ff0000", "#00ff00")]
    for kind in ("GIF", "WEBP"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert load(data).convert("RGB").getpixel((4, 4)) == (255, 0, 0)


def test_what_shows_through_stands_on_squares() -> None:
    made = checkered(Image.new("RGBA", (101, 77), (0, 0, 0, 0)))
    assert made.mode == "RGB" and made.size == (101, 77)
    assert {colour for _, colour in made.getcolors() or []} == {(255, 255, 255), (226, 228, 233)}
    assert made.getpixel((0, 0)) == made.getpixel((24, 24)) == made.getpixel((96, 72))
    assert made.getpixel((0, 0)) != made.getpixel((12, 0)) != made.getpixel((12, 12))
