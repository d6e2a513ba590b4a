"""An X display of the tests' own, real input by xdotool, and looking at what is on the screen."""

import ctypes
import os
import subprocess
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from types import TracebackType

from PIL import Image, ImageGrab

DEADLINE_S = 20.0
SIZE = (1400, 900)


class Display:
    """An Xvfb on a display number that it chooses itself."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        read, write = os.pipe()
        self.size = width, height = size
        words = ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp", "-noreset"]
        self._process = subprocess.Popen(
            [*words, "-screen", "0", f"{width}x{height}x24", "-dpi", "96"],
            pass_fds=(write,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        self.name = f":{number}"

    def __enter__(self) -> "Display":
        x11 = self._x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = x11.XCreateSimpleWindow.restype = ctypes.c_ulong
        self._own = ctypes.c_void_p(x11.XOpenDisplay(self.name.encode()))
        root = ctypes.c_ulong(x11.XDefaultRootWindow(self._own))
        made = x11.XCreateSimpleWindow(self._own, root, -9, -9, 1, 1, 0, ctypes.c_ulong(0),
                                       ctypes.c_ulong(0))  # fmt: skip
        self._aside = ctypes.c_ulong(made)
        x11.XMapWindow(self._own, self._aside)
        x11.XSync(self._own, 0)
        return self

    def park_focus(self) -> None:
        """Give the keyboard to a window of nobody's, so that one can go without having it.

        Windows of one process share a connection, and on it Tk keeps a pointer to what had the
        focus in a window that is gone: the next one that follows it ends the process.
        """
        self._x11.XSetInputFocus(self._own, self._aside, 0, ctypes.c_ulong(0))
        self._x11.XSync(self._own, 0)

    def free_focus(self) -> None:
        """Let the keyboard follow the mouse, as it does without a window manager."""
        pointer_root = ctypes.c_ulong(1)
        self._x11.XSetInputFocus(self._own, pointer_root, 0, ctypes.c_ulong(0))
        self._x11.XSync(self._own, 0)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._x11.XCloseDisplay(self._own)
        self._process.terminate()
        self._process.wait(10)

    def run(self, *words: str) -> str:
        """Run a program on this display and return what it printed."""
        env = {**os.environ, "DISPLAY": self.name}
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=True
        )
        return done.stdout

    def beside(self, words: Sequence[str], turn: Callable[[], None]) -> bytes:
        """Run a program on this display, calling ``turn`` meanwhile; return what it printed."""
        env = {**os.environ, "DISPLAY": self.name}
        deadline = time.monotonic() + DEADLINE_S
        with subprocess.Popen(words, env=env, stdout=subprocess.PIPE) as process:
            while process.poll() is None:
                assert time.monotonic() < deadline, f"{words[0]} does not end"
                turn()
            assert process.stdout is not None
            return process.stdout.read()

    def shot(self) -> Image.Image:
        """Return what is on the screen."""
        return ImageGrab.grab(xdisplay=self.name).convert("RGB")


def wait_for(condition: Callable[[], bool], turn: Callable[[], None], what: str) -> None:
    """Call ``turn`` until the condition holds; fail after a while."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"in vain waited for {what}"
        turn()
        time.sleep(0.005)


def find_image(needle: Image.Image, where: Image.Image) -> tuple[int, int] | None:
    """Return where a picture stands in another one, pixel for pixel, or None."""
    wide, high = needle.size
    big_w, big_h = where.size
    rows = [needle.crop((0, y, wide, y + 1)).tobytes() for y in range(high)]
    lines = [where.crop((0, y, big_w, y + 1)).tobytes() for y in range(big_h)]
    key = max(range(high), key=lambda y: len(set(zip(*[iter(rows[y])] * 3, strict=True))))
    for y in range(key, big_h - (high - key) + 1):
        at = lines[y].find(rows[key])
        while at >= 0:
            if at % 3 == 0 and all(
                lines[y - key + row][at : at + 3 * wide] == rows[row] for row in range(high)
            ):
                return at // 3, y - key
            at = lines[y].find(rows[key], at + 1)
    return None


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the parts of ``#rrggbb``."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def count(shot: Image.Image, colour: tuple[int, int, int], off: int = 0) -> int:
    """Return how many pixels have a colour, each part at most ``off`` away."""
    total = 0
    for number, got in shot.getcolors(1 << 24) or []:
        assert isinstance(got, tuple)
        if all(abs(a - b) <= off for a, b in zip(got, colour, strict=True)):
            total += number
    return total


def texts_of(canvas: tk.Canvas, tag: str = "all") -> list[str]:
    """The words of all text items with a tag."""
    call, name = canvas.tk.call, str(canvas)
    items = canvas.find_withtag(tag)
    return [
        str(call(name, "itemcget", one, "-text"))
        for one in items
        if call(name, "type", one) == "text"
    ]
