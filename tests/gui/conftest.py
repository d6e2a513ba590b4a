"""A display for the session, and windows that fail their test if a Tk callback fails."""

import gc
import json
import logging
import re
import time
import tkinter as tk
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from gui.bridge import Bridge
from gui.chat.asking import Context
from gui.chat.controller import Controller
from gui.chat.model import Model
from gui.memory import Memory
from gui.ownership import claim
from gui.paint import kit
from gui.paint.look import Look
from gui.paint.pictures import Pictures
from gui.session import Answer, Session
from gui.views.join import JoinScreen
from gui.views.main import MainScreen
from gui.window import Window
from protocol.client.happenings import (
    Happening,
    Link,
    LinkChanged,
    Loaded,
    PeopleKnown,
    RoomsChanged,
    Welcomed,
)
from protocol.folders import profiles_folder
from protocol.invite import Invite
from tests.gui import scenes
from tests.gui.fakes import DIRECT, GENERAL, ME, OLENA, PEOPLE, FakeClient, info, members_known
from tests.gui.screens import DEADLINE_S, Display, wait_for

LINK = "zviazok://127.0.0.1:8080/#" + "A" * 43 + ".token"


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    with Display() as one:
        yield one


@pytest.fixture
def tidy() -> Iterator[None]:
    """Collect garbage between tests alone.

    A worker that came to collect a picture of Tk's would wait for a Tk that is gone, or is not
    in its main loop, a second for each; see ``gui.garbage``.
    """
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, display: Display, tidy: None) -> Path:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", display.name)
    return tmp_path


def take_leave(display: Display, root: tk.Tk) -> None:
    """Have a window lose the focus, before it goes; see :meth:`Display.park_focus`."""
    display.park_focus()
    for _ in range(3):
        root.update()
        root.winfo_pointerxy()


class FakeProfile:
    device_tag = b"\x0d" * 8
    device_fingerprint = "0d0d 0d0d 0d0d 0d0d"
    server_fingerprint = "5e5e 5e5e 5e5e 5e5e"

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
        self.greeted: list[str] = []
        """The links with which sessions were made."""

    def open(self, theme: str = "light", scale: float = 1.0, language: str = "en") -> Window:
        settings = {"theme": theme, "scale": scale, "language": language, "nick": "Marko"}
        file = profiles_folder(self._home) / "gui.json"
        if not file.exists():
            file.write_text(json.dumps(settings), encoding="utf-8")
        self.display.free_focus()
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
        corner = (str(side - 1) for side in self.display.size)
        self.display.run("xdotool", "mousemove", *corner)
        self.settle()
        return self.display.shot()

    def scene(self, theme: str, scale: float, language: str) -> Window:
        """Open the window on the conversation of :mod:`tests.gui.scenes`."""
        window = self.open(theme, scale, language)
        window.joining.join("Andriy", LINK)
        self.tell(*scenes.opening())
        window.session.controller.open_room(scenes.CLASS)  # type: ignore[union-attr]
        for request, (room, *_) in self.client.asked("history"):
            if room == scenes.CLASS:
                self.tell(Loaded(request, room, scenes.conversation(), False))
        self.tell(*scenes.news())
        self.still()
        return window

    def still(self) -> Image.Image:
        """Wait until nothing on the screen changes any more; return what is on it."""
        before = self.shot()
        same = 0
        deadline = time.monotonic() + DEADLINE_S
        while same < 3:
            assert time.monotonic() < deadline, "the screen does not come to rest"
            time.sleep(0.05)
            now = self.shot()
            same = same + 1 if now.tobytes() == before.tobytes() else 0
            before = now
        return before

    def _begin(
        self, folder: Path, link: str, nick: str, heard: object, context: Context, answer: Answer
    ) -> None:
        self.greeted.append(link)
        memory = Memory(self.profile.folder)
        controller = Controller(Model(memory.recall), self.client, memory, context)
        answer(Session(Invite.parse(link), nick, self.profile, self.client, controller))

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
        self.window.joining.join("Marko", LINK)
        members = ((ME, "Marko"), (OLENA, "Olena"))
        rooms = (info(GENERAL, "general", head), info(DIRECT, "", 0, members))
        self.tell(
            Welcomed(ME, "Marko", "server"),
            LinkChanged(Link.ONLINE, "127.0.0.1:8080"),
            RoomsChanged(rooms),
            PeopleKnown(PEOPLE),
            members_known(GENERAL, PEOPLE),
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
            if not self._window._closing:
                take_leave(self.display, self._window.root)
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


class Stage:
    """A root window with nothing in it, for one view at a time."""

    def __init__(self, display: Display) -> None:
        self.display = display
        self.failures: list[str] = []
        self.root: tk.Tk = None  # type: ignore[assignment]
        self.look: Look = None  # type: ignore[assignment]
        self.pictures: Pictures = None  # type: ignore[assignment]
        self.bridge: Bridge = None  # type: ignore[assignment]

    def open(
        self, theme: str = "light", scale: float = 1.0, language: str = "en",
        size: tuple[int, int] = (900, 800),
    ) -> None:  # fmt: skip
        claim()
        self.display.free_focus()
        self.root = kit.make_root(theme, scale)
        self.root.report_callback_exception = self._failed
        self.root.geometry(f"{size[0]}x{size[1]}+0+0")
        self.look = Look(self.root, theme, scale, language)
        self.bridge = Bridge(self.root, lambda _: None)
        self.pictures = Pictures(self.bridge.call)
        self.root.deiconify()
        self.settle()

    def _failed(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        traceback.print_exception(error)
        self.failures.append(repr(error))

    def click(self, widget: tk.Misc, x: int, y: int, button: int = 1) -> None:
        """Press and let go a button with the X server's own events."""
        at = (str(widget.winfo_rootx() + x), str(widget.winfo_rooty() + y))
        self.display.run("xdotool", "mousemove", *at, "click", str(button))
        self.settle()

    def keys(self, *words: str) -> None:
        """Press keys with xdotool: names, or key codes as numbers."""
        (self.root.focus_lastfor() or self.root).focus_force()
        self.settle()
        self.display.run("xdotool", "key", "--clearmodifiers", *words)
        self.settle()

    def type(self, text: str) -> None:
        """Type a text of any script with xdotool, while the window goes on."""
        (self.root.focus_lastfor() or self.root).focus_force()
        self.settle()
        # A character that the layout lacks is put onto a spare key, for as long as it is pressed:
        # the window must look at the layout just then.
        for part in re.findall(r"[ -~]+|.", text, re.DOTALL):
            words = ["xdotool", "type", "--delay", "2" if part.isascii() else "90", part]
            self.display.beside(words, self.root.update)
        self.settle()

    def shot(self) -> Image.Image:
        self.settle()
        return self.display.shot()

    def settle(self) -> None:
        """Let Tk do all that it has to, and the X server draw it."""
        for _ in range(3):
            self.root.update()
        self.root.winfo_pointerxy()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        wait_for(condition, self.root.update, what)

    def close(self) -> None:
        if self.root is not None:
            take_leave(self.display, self.root)
            self.bridge.close()
            self.pictures.close()
            self.root.destroy()


@pytest.fixture
def stage(display: Display, home: Path, logged_errors: list[logging.LogRecord]) -> Iterator[Stage]:
    """Return what opens a root for one view; a Tk callback that fails fails the test."""
    one = Stage(display)
    try:
        yield one
        assert not one.failures, f"Tk callbacks failed: {one.failures}"
    finally:
        one.close()
