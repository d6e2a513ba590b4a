"""The darkroom: real children that work, die, hang, take too much or answer nonsense."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from protocol.client.assistants import MOST, Assistants
from protocol.client.darkroom import Darkroom
from protocol.client.orders import Fault, Fit
from protocol.errors import DarkroomError
from tests.protocol.client import clumsy

DEADLINE_S = 60.0
CLUMSY = "tests.protocol.client.clumsy"
posix = pytest.mark.skipif(os.name != "posix", reason="only on systems with signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: limits of memory")


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


SMALL = saved(Image.new("RGB", (40, 20), "#336699"), "PNG")


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def room() -> Iterator[Darkroom]:
    one = Darkroom(Assistants(), show_s=DEADLINE_S, send_s=DEADLINE_S)
    yield one
    one.close()


@pytest.fixture
def bad_room() -> Iterator[Darkroom]:
    one = Darkroom(Assistants(program=CLUMSY), show_s=DEADLINE_S, send_s=DEADLINE_S)
    yield one
    one.close()


def fault_of(work: Callable[[], object]) -> Fault:
    with pytest.raises(DarkroomError) as caught:
        work()
    return Fault(caught.value.fault)


# --- what it does -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_pixels_come_as_they_were_ordered(room: Darkroom, kind: str) -> None:
    data = saved(Image.new("RGB", (400, 200), "#336699"), kind)
    found = room.measure(data)
    assert (found.media, found.width, found.height) == (f"image/{kind.lower()}", 400, 200)
    for fit, box, size in (
        (Fit.WHOLE, (0, 0), (400, 200)),
        (Fit.WITHIN, (100, 100), (100, 50)),
        (Fit.WITHIN, (900, 900), (400, 200)),
        (Fit.EXACTLY, (90, 70), (90, 70)),
        (Fit.FILLED, (64, 64), (64, 64)),
    ):
        made = room.show(data, fit, box)
        assert (made.mode, made.width, made.height) == ("RGB", *size)
        assert len(made.data) == 3 * size[0] * size[1]
        assert all(abs(a - b) < 8 for a, b in zip(made.data[:3], (0x33, 0x66, 0x99), strict=True))


def test_a_large_picture_comes_whole_and_in_order(room: Darkroom) -> None:
    image = Image.linear_gradient("L").resize((3001, 2003)).convert("RGBA")
    image.putalpha(Image.radial_gradient("L").resize((3001, 2003)))
    made = room.show(saved(image, "PNG", compress_level=1))
    assert made.mode == "RGBA" and bytes(made.data) == image.tobytes()


def test_children_are_few_and_work_again(room: Darkroom) -> None:
    room.measure(SMALL)
    first = room.assistants.pids
    room.show(SMALL)
    assert room.assistants.pids == first and len(first) == 1
    seen: set[int] = set()

    def work(_: int) -> int:
        made = room.show(SMALL, Fit.EXACTLY, (30, 30))
        pids = room.assistants.pids
        seen.update(pids)
        assert len(pids) <= MOST
        return len(made.data)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(60))) == {2700}
    assert len(seen) <= MOST


def test_what_is_sent_is_made_by_a_child_that_saw_nothing_else(room: Darkroom) -> None:
    room.show(SMALL)
    before = room.assistants.pids
    during: list[int] = []
    # Noise takes a while to be made small: long enough to look.
    noise = saved(Image.effect_noise((1500, 1500), 99), "PNG", compress_level=1)
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(room.prepare, noise, True)
        wait_for(lambda: len(room.assistants.pids) == 2 or job.done(), "nobody works")
        during = room.assistants.pids
        assert job.result(DEADLINE_S).media == "image/webp"
    assert set(before) < set(during)
    assert room.assistants.pids == before


def test_without_work_there_is_no_child() -> None:
    room = Darkroom(Assistants(idle_s=0.05))
    room.measure(SMALL)
    wait_for(lambda: not room.assistants.pids, "an idle child stays")
    room.measure(SMALL)
    room.close()
    assert not room.assistants.pids
    assert room.measure(SMALL).width == 40
    room.close()


# --- what goes wrong ---------------------------------------------------------------


@posix
def test_a_child_that_is_killed_costs_its_order_alone(room: Darkroom) -> None:
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(room.prepare, SMALL, True)
        wait_for(lambda: bool(room.assistants.pids), "no child")
        (pid,) = room.assistants.pids
        # Stopped first, so that it is in the middle for certain.
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        assert fault_of(lambda: job.result(DEADLINE_S)) is Fault.TOO_MUCH
    assert room.show(SMALL).width == 40
    assert pid not in room.assistants.pids and gone(pid)


@posix
def test_a_child_that_died_while_idle_costs_nothing(room: Darkroom) -> None:
    room.measure(SMALL)
    (pid,) = room.assistants.pids
    os.kill(pid, signal.SIGKILL)
    # It is dead once its parent may take its status; until then there is nothing to see.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert room.measure(SMALL).width == 40
    assert pid not in room.assistants.pids


@posix
def test_a_child_that_never_answers_is_ended_at_the_deadline(room: Darkroom) -> None:
    room.measure(SMALL)
    (pid,) = room.assistants.pids
    os.kill(pid, signal.SIGSTOP)
    hasty = Darkroom(room.assistants, show_s=0.2)
    # More than fits into the pipe: the writing is what waits.
    large = saved(Image.effect_noise((1600, 1600), 99), "PNG", compress_level=0)
    assert len(large) > 2_000_000
    assert fault_of(lambda: hasty.show(large)) is Fault.TOO_MUCH
    assert room.measure(SMALL).width == 40
    assert gone(pid)


def test_one_that_reads_and_says_nothing_too(bad_room: Darkroom) -> None:
    hasty = Darkroom(bad_room.assistants, show_s=0.2)
    assert fault_of(lambda: hasty.measure(b"say nothing")) is Fault.TOO_MUCH
    assert not hasty.assistants.pids


@linux
def test_a_picture_that_takes_too_much_memory_is_given_up() -> None:
    room = Darkroom(Assistants(), show_mb=96, send_mb=96, show_s=DEADLINE_S, send_s=DEADLINE_S)
    large = saved(Image.new("RGB", (5000, 4000), "#336699"), "PNG", compress_level=1)
    try:
        assert fault_of(lambda: room.show(large)) is Fault.TOO_MUCH
        assert fault_of(lambda: room.prepare(large, False)) is Fault.TOO_MUCH
        assert room.measure(large).width == 5000
        assert room.show(SMALL).width == 40
    finally:
        room.close()
    assert Darkroom(Assistants(idle_s=0)).show(large).width == 5000


@pytest.mark.parametrize("asked", [*clumsy.HEADS, *clumsy.RAW], ids=bytes.decode)
def test_no_answer_is_believed(bad_room: Darkroom, asked: bytes) -> None:
    ways: tuple[Callable[[], object], ...] = (
        lambda: bad_room.measure(asked),
        lambda: bad_room.show(asked),
        lambda: bad_room.show(asked, Fit.EXACTLY, (3, 3)),
        lambda: bad_room.show(asked, Fit.WITHIN, (1, 1)),
        lambda: bad_room.prepare(asked, False),
        lambda: bad_room.weigh(asked),
    )
    for way in ways:
        fault_of(way)
        # Whoever talks nonsense once gets nothing more to do.
        assert not bad_room.assistants.pids


@pytest.mark.parametrize("asked", clumsy.THUMBS, ids=bytes.decode)
def test_nothing_is_sent_that_the_protocol_forbids(bad_room: Darkroom, asked: bytes) -> None:
    assert fault_of(lambda: bad_room.prepare(asked, False)) is Fault.NOT_A_PICTURE


def test_a_child_that_ends_or_cannot_start_is_a_fault(bad_room: Darkroom) -> None:
    assert fault_of(lambda: bad_room.show(b"die")) is Fault.TOO_MUCH
    none = Darkroom(Assistants(program="tests.protocol.client.no_such_program"))
    assert fault_of(lambda: none.show(SMALL)) is Fault.TOO_MUCH
    assert not none.assistants.pids


def test_closing_ends_what_is_under_way(bad_room: Darkroom) -> None:
    ended: list[Fault] = []
    thread = threading.Thread(
        target=lambda: ended.append(fault_of(lambda: bad_room.measure(b"say nothing")))
    )
    thread.start()
    wait_for(lambda: bool(bad_room.assistants.pids), "no child")
    bad_room.close()
    thread.join(DEADLINE_S)
    assert ended == [Fault.TOO_MUCH] and not bad_room.assistants.pids


# --- what it knows -------------------------------------------------------------------


def test_a_child_knows_next_to_nothing_of_the_environment(
    bad_room: Darkroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZVIAZOK_CANARY", "CANARY")
    made = bad_room.show(b"environment")
    names = set(bytes(made.data[: made.width]).decode().split())
    assert "PYTHONPATH" in names
    # LC_CTYPE is set by Python itself.
    assert names <= {
        "PYTHONPATH", "PYTHONUTF8", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
        "SYSTEMROOT", "LC_CTYPE",
    }  # fmt: skip


def test_modules_of_the_current_folder_are_not_run(
    room: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("msgpack", "PIL", "protocol", "signal", "warnings"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nquit()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep)
    assert room.show(SMALL).width == 40
    assert not (tmp_path / "ran").exists()


@posix
def test_a_current_folder_that_is_gone_does_not_matter(
    room: Darkroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    # What is written anew needs the most of Pillow.
    assert room.prepare(SMALL + b"residue", False).width == 40


@posix
def test_a_child_ends_with_its_parent() -> None:
    words = (
        "from protocol.client.darkroom import darkroom\n"
        f"darkroom().measure({SMALL!r})\n"
        "print(*darkroom().assistants.pids, flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
    wait_for(lambda: gone(pid), "the child outlived its parent")
