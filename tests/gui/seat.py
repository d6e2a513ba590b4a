"""A place at a real server: a real window of this process with the real client behind it.

What others say comes from real clients; what one does comes as X events; what happened is
read off the window.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gui.chat.controller import Controller
from gui.chat.model import Model
from gui.chat.room import Entry, Room
from gui.text.rowlayout import Box
from gui.views.main import MainScreen
from gui.views.timeline.timeline import Timeline
from gui.window import Window
from protocol.folders import profiles_folder
from tests.gui.conftest import Stage, take_leave
from tests.gui.screens import Display, texts_of, wait_for


class Seat(Stage):
    """Somebody's window; it can be left and taken again, and remembers what a person's would."""

    def __init__(self, display: Display, folder: Path, link: str, nick: str) -> None:
        super().__init__(display)
        self._folder = folder
        self._link = link
        self.nick = nick
        self._window: Window | None = None
        chosen = {"theme": "light", "scale": 1.0, "language": "en", "sound": False}
        file = profiles_folder(folder) / "gui.json"
        file.write_text(json.dumps(chosen), encoding="utf-8")

    # --- the window -----------------------------------------------------------

    def take(self, wait_online: bool = True) -> "Seat":
        """Open the window, as with a link and a nickname on the command line."""
        assert self._window is None
        self.display.free_focus()
        self._window = Window(self._link, self.nick, self._folder)
        self.root = self._window.root
        self.settle()
        self.wait(lambda: isinstance(self.window.screen, MainScreen), "the main screen")
        if wait_online:
            self.wait(lambda: self.main.status.text == "Connected", "the connection")
        self.wait(lambda: self.model.room is not None, "a room")
        return self

    def leave(self) -> None:
        """Close the window; nothing may have failed in it."""
        window, self._window = self._window, None
        if window is None:
            return
        if not window._closing:
            take_leave(self.display, window.root)
            window.close()
        assert not window.failures, f"Tk callbacks failed: {window.failures}"

    close = leave

    @property
    def window(self) -> Window:
        assert self._window is not None
        return self._window

    @property
    def main(self) -> MainScreen:
        screen = self.window.screen
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def timeline(self) -> Timeline:
        return self.main.timeline

    @property
    def controller(self) -> Controller:
        session = self.window.session
        assert session is not None
        return session.controller

    @property
    def model(self) -> Model:
        return self.controller.model

    @property
    def room(self) -> Room:
        room = self.model.room
        assert room is not None
        return room

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds; a callback that fails meanwhile ends it."""

        def now() -> bool:
            assert not self.window.failures, f"Tk callbacks failed: {self.window.failures}"
            return condition()

        try:
            wait_for(now, self.root.update, what)
        except AssertionError as error:
            picture = self._folder / "in-vain.png"
            self.display.shot().save(picture)
            raise AssertionError(f"{error}; see {picture}") from None

    # --- what it shows --------------------------------------------------------

    def shows(self, words: str) -> bool:
        """Whether the messages in view have these words, spaces aside."""
        return _tight(self.main._look.plain(words)) in self._messages()

    def _messages(self) -> str:
        return _tight("".join(texts_of(self.timeline.widget)))

    def wait_shown(self, *several: str) -> None:
        """Wait until all of these words are in view."""
        for words in several:
            self.wait(partial(self.shows, words), f"{words!r} in view")

    def lists(self, words: str) -> bool:
        """Whether the list of rooms has these words."""
        return _tight(words) in _tight("".join(texts_of(self.main.rooms.list.widget)))

    def title(self) -> str:
        """The words in the bar above the messages."""
        return " ".join(texts_of(self.main.talk.title.widget))

    def said(self, words: str) -> Entry:
        """Return the message with these words, once it is stored."""

        def found() -> list[Entry]:
            return [
                one for one in self.room.entries if one.shown and one.words == words and one.seq
            ]

        self.wait(lambda: bool(found()), f"{words!r} to be stored")
        entry = found()[-1]
        self.wait(lambda: self.timeline.place_of(entry.key) is not None, f"{words!r} to be drawn")
        return entry

    def place(self, entry: Entry) -> Box:
        """Where the bubble of a message stands in the timeline."""
        box = self.timeline.place_of(entry.key)
        assert box is not None, f"{entry.words!r} is not drawn"
        return box

    def clipboard(self) -> str:
        """What another program gets when it pastes."""
        words = ["xclip", "-selection", "clipboard", "-o", "-t", "UTF8_STRING"]
        return self.display.beside(words, self.root.update).decode()

    # --- what one does --------------------------------------------------------

    def go_to(self, name: str) -> bytes:
        """Join a room by its name and show it, ready to write."""
        self.controller.join(name, lambda reason: None)
        self.wait(
            lambda: self.model.room is not None and self.model.title(self.room) == name,
            f"the room {name}",
        )
        self.main.focus()
        self.settle()
        return self.room.room

    def open_room(self, room: bytes) -> None:
        """Click on a room in the list."""
        place = self.main.rooms.place_of(room)
        assert place is not None
        self.click(self.main.rooms.list.widget, *place)
        self.wait(lambda: self.model.active == room, "the room")

    def type(self, text: str) -> None:
        """Type a text of any script, on the keyboard layout of each."""
        (self.root.focus_lastfor() or self.root).focus_force()
        self.settle()
        at = "us"
        try:
            for part in re.findall("[ -~]+|[^ -~]+", text):
                layout = next((one for one, has in _LAYOUTS if set(part) <= set(has)), "us")
                if layout != at:
                    self.display.run("setxkbmap", at := layout)
                    self.settle()
                self.display.beside(["xdotool", "type", "--delay", "4", part], self.root.update)
        finally:
            self.display.run("setxkbmap", "us")
            self.settle()

    def write(self, words: str) -> None:
        """Type a message and send it."""
        self.type(words)
        composer = self.main.composer
        self.wait(lambda: composer.words() == words, f"{words!r}, not {composer.words()!r}")
        self.keys("Return")
        self.wait(lambda: composer.words() == "", "the empty field")

    def right_click(self, entry: Entry) -> None:
        """Open the menu of a message."""
        box = self.place(entry)
        self.click(self.timeline.widget, box.x + box.w // 2, box.y + 10, 3)
        self.wait(lambda: self.timeline.pointer.menu.open, "the menu")

    def act(self, entry: Entry, name: str) -> None:
        """Choose a line of a message's menu by its name, or a reaction by its emoji."""
        self.right_click(entry)
        menu = self.timeline.pointer.menu
        box = menu.place_of(name)
        assert box is not None, f"the menu has no {name}"
        self.click(menu.widget, box.x + box.w // 2, box.y + box.h // 2)
        assert not menu.open

    def choose(self, *several: str) -> None:
        """Choose lines of the menu that is open, each inside the one before, by keys."""
        menu = self.main.menu
        self.wait(lambda: menu.open, "the menu")
        for words in several:
            lines = [one.words for one in menu.choices if one.work is not None or one.inside]
            self.keys(*["Down"] * (lines.index(words) + 1), "Return")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Drag the mouse over the messages with the left button down."""
        widget = self.timeline.widget
        half = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        for number, at in enumerate((start, half, end)):
            x, y = widget.winfo_rootx() + at[0], widget.winfo_rooty() + at[1]
            self.display.run("xdotool", "mousemove", str(x), str(y))
            self.settle()
            if number == 0:
                self.display.run("xdotool", "mousedown", "1")
                self.settle()
        self.display.run("xdotool", "mouseup", "1")
        self.settle()

    def edges(self, entry: Entry) -> tuple[tuple[int, int], tuple[int, int]]:
        """Points at the beginning and the end of a message of one line."""
        drawn = self.timeline.view.drawn[entry.key]
        block = drawn.shape.block
        assert block is not None and len(block.lines) == 1
        x = drawn.shape.block_at[0]
        y = drawn.y - self.timeline.view.origin + drawn.shape.block_at[1] + block.line_height // 2
        return (x + 1, y), (x + block.lines[0].width + 1, y)

    def wheel(self, notches: int) -> None:
        """Turn the wheel over the messages, up if negative, and wait until they rest."""
        widget = self.timeline.widget
        x = widget.winfo_rootx() + widget.winfo_width() // 2
        y = widget.winfo_rooty() + widget.winfo_height() // 2
        button = "4" if notches < 0 else "5"
        words = ["mousemove", str(x), str(y), "click", "--repeat", str(abs(notches)), button]
        self.display.run("xdotool", *words)
        self.settle()
        self.wait(lambda: "glide" not in self.timeline._timers, "the glide to end")

    @contextmanager
    def answering(self, title: str, path: Path) -> Iterator[None]:
        """Type a path into the file dialog of this title that comes meanwhile."""

        def answer() -> None:
            run = self.display.run
            window = run("xdotool", "search", "--sync", "--onlyvisible", "--name", title).split()[0]
            run("xdotool", "windowfocus", "--sync", window)
            run("xdotool", "type", "--delay", "2", str(path))
            run("xdotool", "key", "Return")

        # The dialog holds this thread until it is answered.
        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


_LAYOUTS = (
    ("th", [chr(code) for code in range(0x0E00, 0x0E60)]),
    ("pl", "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ"),
    ("ru", "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"),
    ("ua", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяАБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯ"),
)
"""Keyboard layouts and the letters that they write."""


def _tight(words: str) -> str:
    return "".join(words.split())
