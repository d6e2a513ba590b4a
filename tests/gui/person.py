"""Somebody at a window that is a process of its own: seen by screenshots, moved by keys."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from gui.paint.theme import DARK, LIGHT, Palette
from tests.gui.screens import Display
from tests.server import ROOT

DEADLINE_S = 40.0


class Person:
    """Somebody at a window of their own: a process on a display."""

    def __init__(self, display: Display, folder: Path, link: str, nick: str, theme: str) -> None:
        folder.mkdir(exist_ok=True)
        self._again = (display, folder, link, nick, theme)
        self.display = display
        self.nick = nick
        self.palette: Palette = LIGHT if theme == "light" else DARK
        self.errors = folder / "errors"
        env = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        env |= {"DISPLAY": display.name, "HOME": str(folder), "PYTHONPATH": str(ROOT)}
        words = ["gui", link, "--nick", nick, "--data", str(folder / "data"), "--theme", theme]
        with self.errors.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words], env=env, cwd=folder, stderr=file
            )

    def wait(self, what: str, look: Callable[[Image.Image], bool]) -> Image.Image:
        """Look at the screen until it shows something; return the screenshot."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            shot = self.display.shot()
            if look(shot):
                return shot
            status = self.process.poll()
            assert status is None, f"the window ended with {status}:\n{self.errors.read_text()}"
            if time.monotonic() > deadline:
                shot.save(self.errors.with_suffix(".png"))
                raise AssertionError(
                    f"{self.nick} in vain waited for {what}; see "
                    f"{self.errors.with_suffix('.png')}\n{self.errors.read_text()}"
                )
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        self.display.run("xdotool", "key", "--delay", "20", *keys)

    def close(self) -> None:
        self.press("ctrl+q")
        assert self.process.wait(20) == 0
        said = self.errors.read_text()
        assert "Traceback" not in said and " ERROR " not in said, said

    def reopen(self) -> "Person":
        """Open the window again, with what the folder remembers."""
        return Person(*self._again)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
