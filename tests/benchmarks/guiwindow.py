"""One window of the benchmark, in a process of its own: opens, scrolls, jumps, and prints JSON.

``python -m tests.benchmarks.guiwindow DATA LINK NICK``, with the moment at which it was started in
``ZVIAZOK_BENCH_NS`` (CLOCK_MONOTONIC). Every figure ends with a round trip to the X server,
so that its drawing counts.
"""

import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gui.chat.controller import Controller
from gui.views.main import MainScreen
from gui.views.timeline.timeline import Timeline
from gui.window import Window
from protocol.client.happenings import Arrived, Message
from protocol.codes import EventKind
from tests.benchmarks.guistore import BIG, EPOCH, LOBBY, ME, PEOPLE

STARTED = "ZVIAZOK_BENCH_NS"
SIZE = "900x800+0+0"
NOTCH = 84
FRAME_S = 0.016
APPENDS, STEPS, FRAMES, JUMPS, THEMES = 150, 400, 500, 40, 6
RATE, LATE_S, BEAT_MS = 50, 8.0, 8
_PATIENCE_S = 30.0


def main(words: Sequence[str]) -> int:
    """Measure once."""
    data, link, nick = words
    window = Window(link, nick, Path(data))
    window.root.geometry(SIZE)
    print(json.dumps(Measured(window).all()))
    window.close()
    return 0


class Measured:
    """One window and its figures."""

    def __init__(self, window: Window) -> None:
        """``window`` is about to join."""
        self._window = window
        self._root = window.root
        self._chance = random.Random(3)
        self._seq = 0

    def all(self) -> dict[str, float]:
        """Return every figure: milliseconds, megabytes."""
        figures: dict[str, float] = {}
        self._until(lambda: self._shown(LOBBY), "the first room")
        figures["start_ms"] = (time.monotonic_ns() - int(os.environ[STARTED])) / 1e6
        self._rest(0.5)
        empty_kb = _resident_kb()
        controller = self._controller
        self._seq = self._head()

        began = time.perf_counter()
        controller.open_room(BIG)
        self._until(lambda: self._shown(BIG), "the big room", False)
        figures["open_ms"] = (time.perf_counter() - began) * 1e3
        self._rest(0.5)

        figures["append_ms"] = _part([self._append() for _ in range(APPENDS)], 0.5)
        wheel = [self._wheel() for _ in range(STEPS)]
        figures["wheel_p95_ms"] = _part(wheel, 0.95)
        frames = self._frames()
        figures["frame_p99_ms"] = _part(frames, 0.99)
        jumps = [self._jump() for _ in range(JUMPS)]
        figures["jump_ms"] = _part(jumps, 0.95)
        # What growth is told by: the rare slow one says more about the machine.
        figures["typical_wheel_ms"] = _part(wheel, 0.5)
        figures["typical_frame_ms"] = sum(frames) / len(frames)
        figures["typical_jump_ms"] = _part(jumps, 0.5)
        figures["theme_ms"] = max(self._theme() for _ in range(THEMES))
        self._rest(0.3)
        figures["memory_mb"] = (_resident_kb() - empty_kb) / 1024
        figures["late_max_ms"] = self._late()
        return figures

    @property
    def _controller(self) -> Controller:
        session = self._window.session
        assert session is not None
        return session.controller

    @property
    def _timeline(self) -> Timeline:
        screen = self._window.screen
        assert isinstance(screen, MainScreen)
        return screen.timeline

    def _head(self) -> int:
        info = self._controller.model.rooms[BIG].info
        assert info is not None
        return info.head

    # --- turns of the loop --------------------------------------------------

    def _turn(self) -> None:
        self._root.update()
        self._root.winfo_pointerxy()

    def _until(self, condition: Callable[[], bool], what: str, rest: bool = True) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"in vain waited for {what}")
            self._turn()
            if rest:
                time.sleep(0.001)
        self._turn()

    def _rest(self, seconds: float) -> None:
        """Let what is under way come to an end."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._turn()
            time.sleep(0.005)

    def _shown(self, room: bytes) -> bool:
        session = self._window.session
        if session is None or not session.welcomed or session.controller.model.active != room:
            return False
        return bool(self._timeline.drawn_keys())

    # --- what is measured ---------------------------------------------------

    def _message(self) -> Message:
        self._seq += 1
        person = self._chance.choice([one for one in PEOPLE if one != ME])
        body = {"text": f"One more message, number {self._seq}, with a few words of its own"}
        now_ms = int(time.time() * 1000)
        return Message(
            BIG, EPOCH, self._seq, now_ms, person, PEOPLE[person], EventKind.TEXT, body, False, 0
        )

    def _append(self) -> float:
        arrived = Arrived(BIG, (self._message(),), True)
        self._turn()
        began = time.perf_counter()
        self._controller.apply([arrived])
        self._turn()
        return (time.perf_counter() - began) * 1e3

    def _wheel(self) -> float:
        began = time.perf_counter()
        self._timeline.scroll(-NOTCH)
        self._root.update_idletasks()
        self._root.winfo_pointerxy()
        spent = time.perf_counter() - began
        # What else happened meanwhile (a page that was loaded) counts in the frames.
        self._turn()
        time.sleep(0.002)
        return spent * 1e3

    def _frames(self) -> list[float]:
        """Turn the wheel for a while; return the work of every frame, whatever it was for."""
        widget, spent = self._timeline.widget, []
        for number in range(FRAMES):
            if number % 4 == 0:
                # A long way up, then down again; events as the X server sends them.
                up = number < FRAMES // 2
                widget.event_generate("<Button-4>" if up else "<Button-5>", x=200, y=200)
            began = time.perf_counter()
            self._turn()
            spent.append((time.perf_counter() - began) * 1e3)
            time.sleep(max(0.0, FRAME_S - spent[-1] / 1e3))
        return spent

    def _jump(self) -> float:
        """Go to any message of the room, loaded or not."""
        room = self._controller.model.rooms[BIG]
        wanted = self._chance.randint(1, self._head())
        timeline = self._timeline
        drawn = timeline.view.drawn

        def there() -> bool:
            if not timeline.travel.flashed or not room.entries:
                return False
            if not room.first_seq <= wanted <= room.last_seq:
                return False
            return timeline.travel.flashed in drawn

        self._turn()
        began = time.perf_counter()
        self._controller.jump(wanted)
        self._until(there, f"message {wanted}", False)
        spent = (time.perf_counter() - began) * 1e3
        timeline.travel.flashed = 0
        self._rest(0.05)
        return spent

    def _theme(self) -> float:
        self._turn()
        began = time.perf_counter()
        self._window.switch_theme()
        self._turn()
        return (time.perf_counter() - began) * 1e3

    def _late(self) -> float:
        """Let messages arrive while it scrolls; return how late the loop was at worst."""
        self._controller.to_end()
        self._rest(0.5)
        worst = [0.0]
        done = threading.Event()
        messages = [self._message() for _ in range(int(RATE * LATE_S))]
        bridge, root, widget = self._window.bridge, self._root, self._timeline.widget

        def arrive() -> None:
            started = time.monotonic()
            for number, message in enumerate(messages):
                bridge.post(Arrived(BIG, (message,), True))
                if done.wait(max(0.0, started + (number + 1) / RATE - time.monotonic())):
                    return

        def beat(due: float) -> None:
            now = time.perf_counter()
            worst[0] = max(worst[0], (now - due) * 1e3)
            if not done.is_set():
                root.after(BEAT_MS, beat, now + BEAT_MS / 1e3)

        def scroll(number: int) -> None:
            widget.event_generate(
                "<Button-4>" if number // 20 % 2 == 0 else "<Button-5>", x=200, y=200
            )
            if not done.is_set():
                root.after(60, scroll, number + 1)

        thread = threading.Thread(target=arrive, daemon=True)
        thread.start()
        beat(time.perf_counter())
        scroll(0)
        end = time.monotonic() + LATE_S
        while time.monotonic() < end:
            root.tk.dooneevent(0)
        done.set()
        thread.join()
        return worst[0]


def _part(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _resident_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
