"""A display for the session, and windows that fail their test if a Tk callback fails."""

import json
import logging
import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from gui.controller import Controller
from gui.model import Model
from gui.session import Session
from gui.views.join import JoinScreen
from gui.views.main import MainScreen
from gui.window import Window
from protocol.client.happenings import (
    Happening,
    Link,
    LinkChanged,
    PeopleKnown,
    RoomsChanged,
    Welcomed,
)
from protocol.folders import profiles_folder
from protocol.invite import Invite
from tests.gui.fakes import DIRECT, GENERAL, ME, OLENA, PEOPLE, FakeClient, info
from tests.gui.screens import Display, wait_for

LINK = "zviazok://127.0.0.1:8080/#" + "A" * 43 + ".token"


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    with Display() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, display: Display) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", display.name)
    return tmp_path


class FakeProfile:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Bench:
    """A real window with a fake client behind it."""

    def __init__(self, display: Display, home: Path) -> None:
        self.display = display
        self.client = FakeClient()
        self.profile = FakeProfile(home)
        self._home = home
        self._window: Window | None = None

    def open(self, theme: str = "light", scale: float = 1.0) -> Window:
        settings = {"theme": theme, "scale": scale, "nick": "Marko"}
        file = profiles_folder(self._home) / "gui.json"
        if not file.exists():
            file.write_text(json.dumps(settings), encoding="utf-8")
        self._window = Window(data=self._home, start=self._begin)
        self.settle()
        return self._window

    @property
    def main(self) -> MainScreen:
        screen = self.window.screen
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def joining(self) -> JoinScreen:
        screen = self.window.screen
        assert isinstance(screen, JoinScreen)
        return screen

    def click(self, widget: tk.Misc, x: int, y: int) -> None:
        """Press and let go the left button with the X server's own events."""
        at = (widget.winfo_rootx() + x, widget.winfo_rooty() + y)
        self.display.run("xdotool", "mousemove", str(at[0]), str(at[1]), "click", "1")
        self.settle()

    def keys(self, *words: str) -> None:
        """Press keys with xdotool: names, or key codes as numbers."""
        # There is no window manager here that would give the window the focus.
        (self.window.root.focus_lastfor() or self.window.root).focus_force()
        self.settle()
        self.display.run("xdotool", "key", "--clearmodifiers", *words)
        self.settle()

    def shot(self) -> Image.Image:
        self.settle()
        self.display.run("xdotool", "mousemove", "1390", "890")
        self.settle()
        return self.display.shot()

    def _begin(self, folder: Path, link: str, nick: str, heard: object) -> Session:
        controller = Controller(Model(), self.client)
        return Session(Invite.parse(link), nick, self.profile, self.client, controller)

    @property
    def window(self) -> Window:
        assert self._window is not None
        return self._window

    def tell(self, *happenings: Happening) -> None:
        """Have the client say something, by way of the bridge."""
        for one in happenings:
            self.window.bridge.post(one)
        done: list[bool] = []
        self.window.bridge.call(lambda: done.append(True))
        self.wait(lambda: bool(done), "the bridge")
        self.settle()

    def enter(self, head: int = 0) -> None:
        """Join: afterwards the main screen shows an empty general."""
        self.window.join("Marko", LINK)
        members = ((ME, "Marko"), (OLENA, "Olena"))
        rooms = (info(GENERAL, "general", head), info(DIRECT, "", 0, members))
        self.tell(
            Welcomed(ME, "Marko", "server"),
            LinkChanged(Link.ONLINE, "127.0.0.1:8080"),
            RoomsChanged(rooms),
            PeopleKnown(PEOPLE),
        )

    def settle(self) -> None:
        """Let Tk do all that it has to, and the X server draw it."""
        for _ in range(3):
            self.window.root.update()
        self.window.root.winfo_pointerxy()

    def wait(self, condition: object, what: str) -> None:
        assert callable(condition)
        wait_for(condition, self.window.root.update, what)

    def close(self) -> None:
        if self._window is not None:
            self._window.close()


@pytest.fixture
def bench(display: Display, home: Path, logged_errors: list[logging.LogRecord]) -> Iterator[Bench]:
    """Return what opens a real window; the test fails if a Tk callback of it does."""
    one = Bench(display, home)
    try:
        yield one
        assert not one.window.failures, f"Tk callbacks failed: {one.window.failures}"
    finally:
        one.close()
