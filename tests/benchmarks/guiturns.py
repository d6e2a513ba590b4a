"""The longest turns of the Tk thread while one goes through the whole window.

``python -m tests.benchmarks.guiturns DATA LINK NICK`` prints JSON: journey → [ms, what it was]. The
longest turn of a journey is a turn of the loop with everything in it; see ``turns.py``.
"""

import json
import sys
import tempfile
import tkinter as tk
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from gui.views.compose.attachsheet import AttachSheet
from gui.views.main import MainScreen
from gui.views.settings.settingssheet import SECTIONS, SettingsSheet
from gui.views.sheet import Sheet
from gui.views.viewing.textviewer import TextViewer
from gui.views.viewing.viewer import PictureViewer
from gui.views.viewing.viewerbars import Subject
from gui.window import Window
from protocol.client.happenings import RoomOrder
from protocol.codes import Role
from tests.benchmarks.guistore import BIG, LOBBY
from tests.benchmarks.turns import Turn, Turns

SIZE = "1120x720+0+0"
PICTURE = (3000, 2000)
EMOJI = 500


def main(words: Sequence[str]) -> int:
    """Go through the window once."""
    data, link, nick = words
    with Turns() as turns, tempfile.TemporaryDirectory() as name:
        window = Window(link, nick, Path(data))
        window.root.geometry(SIZE)
        turns.root = window.root
        print(json.dumps(Journeys(window, turns, Path(name)).all()))
        window.close()
    return 0


class _Nobody:
    """Steps to no other picture."""

    def step(self, by: int) -> None: ...

    def closed(self) -> None: ...


class Journeys:
    """One window, and what is done in it."""

    def __init__(self, window: Window, turns: Turns, folder: Path) -> None:
        """``window`` is about to join; files may be made in ``folder``."""
        self._window = window
        self._turns = turns
        self._folder = folder
        self.found: dict[str, tuple[float, str]] = {}

    def all(self) -> dict[str, tuple[float, str]]:
        """Go; return the longest turn of every journey."""
        # The window joins by itself; that opens the file of the client.
        began = self._turns.until(lambda: self._window.session)
        self._add("begin to join", began)
        self._add("main screen", self._turns.until(self._joined) + self._turns.rest())
        self._rooms()
        self._menus()
        self._sheets()
        self._settings()
        self._pickers()
        self._composer()
        self._viewers()
        self._changes()
        self._do("first screen", self._window.leave_server)
        return self.found

    def _add(self, journey: str, turns: Iterable[Turn]) -> None:
        longest = max(turns, key=lambda one: one.ms, default=Turn(0.0, 0.0, ""))
        if longest.ms >= self.found.get(journey, (0.0, ""))[0]:
            self.found[journey] = (round(longest.ms, 2), longest.what)

    def _do(self, journey: str, *works: Callable[[], object]) -> None:
        for work in works:
            self._add(journey, self._turns.act(work))

    def _joined(self) -> bool:
        session = self._window.session
        return bool(session and session.welcomed and session.controller.model.active)

    @property
    def _main(self) -> MainScreen:
        screen = self._window.screen
        assert isinstance(screen, MainScreen)
        return screen

    def _close(self) -> None:
        top = Sheet.top()
        if top is not None:
            top.close()

    def _key(self, widget: Callable[[], tk.Misc], sequence: str, **more: Any) -> Callable[[], None]:
        return lambda: widget().event_generate(sequence, **more)

    # --- the journeys ---------------------------------------------------------

    def _rooms(self) -> None:
        main, talk = self._main, self._main.timeline.widget
        self._do("open a room", lambda: main.open_room(BIG))
        self._do("open a room", lambda: main.open_room(LOBBY), lambda: main.open_room(BIG))
        wheel = [self._key(lambda: talk, f"<Button-{4 + turn // 6}>", x=200, y=200)
                 for turn in range(12)]  # fmt: skip
        self._do("wheel", *wheel)
        hover = [self._key(lambda: talk, "<Motion>", x=300, y=40 * step) for step in range(1, 14)]
        self._do("mouse over messages", *hover)
        self._do("jump", lambda: main._controller.jump(7), lambda: main._controller.to_end())
        self._do("people", main.toggle_people, main.toggle_people)
        self._do("people", main.people.toggle, main.people.toggle)
        self._do("resize", lambda: self._window.root.geometry("900x640"),
                 lambda: self._window.root.geometry(SIZE))  # fmt: skip
        self._do("filter rooms", lambda: main.rooms.field.insert(0, "big"),
                 main.rooms._typed, main.rooms.clear)  # fmt: skip

    def _menus(self) -> None:
        main = self._main
        drawn = main.timeline.view.drawn.values()
        entry = next(one.row.entry for one in drawn if one.row.entry.words)
        menu = main.timeline.pointer.menu
        self._do("menus", lambda: menu.show(entry, 300, 200), menu.hide)
        somebody = main._model.people[0]
        self._do("menus", lambda: main.person_menu(somebody, 600, 200), main.menu.hide)
        self._do("menus", main.more_menu, main.menu.hide, main.new_menu, main.menu.hide)

    def _sheets(self) -> None:
        main = self._main
        room = main._model.room
        assert room is not None
        shown: dict[str, Callable[[], object]] = {
            "archive": lambda: main.archive(room),
            "join a room": main.join_room,
            "people to write to": main.write_to_people,
            "switcher": main.switch,
            "help": main.help,
            "question": lambda: main.leave(room),
            "forward": lambda: main.talk.forward([room.entries[-1]]),
            "attach": lambda: self._attach(self._picture()),
        }
        # Sheets of order are shown to those in charge; nothing in them is pressed here.
        room.order = RoomOrder(roles=((main._model.me, Role.OWNER),))
        shown |= {
            "private room": main.make_private,
            "adding people": lambda: main.add_people(room),
            "order of a room": lambda: main.order_sheet(room),
            "log": main.audit_sheet,
            "devices": lambda: main.keeping.devices(main._model.people[0]),
        }
        self._picture()
        for name, show in shown.items():
            for _ in range(2):
                self._do(name, show, self._close)
        self._do("search", lambda: main.search(True), main.finder.hide)

    def _attach(self, path: Path) -> None:
        main, clipboard = self._main, self._window.clipboard
        AttachSheet(main._root, main._look, self._window.pictures, clipboard, [path], "",
                    lambda *_: None, lambda _: None)  # fmt: skip

    def _settings(self) -> None:
        main = self._main

        def show(name: str) -> Callable[[], None]:
            def now() -> None:
                assert isinstance(main.dialog, SettingsSheet)
                main.dialog.show(name)

            return now

        self._do("settings", main.open_settings)
        for _ in range(2):
            for name, _icon in SECTIONS:
                self._do(f"settings: {name}", show(name))
        self._do("settings", self._close)

    def _pickers(self) -> None:
        emoji = self._main.emoji
        self._do("emoji picker", lambda: emoji.show(600, 600))
        self._do("emoji search", *(partial(emoji.entry.insert, "end", one) for one in "cat"))
        self._do("emoji picker", emoji.hide)
        self._do("emoji picker", lambda: emoji.show(600, 600), emoji.hide)

    def _composer(self) -> None:
        field = self._main.composer.field
        write = partial(field.widget.insert, "insert")
        self._do("type", *(partial(write, one) for one in "Hello"))
        self._do("complete", partial(write, " @"), partial(write, "a"))
        self._do("complete", partial(field.put, ""), partial(write, ":sm"))
        self._do(
            f"paste {EMOJI} emoji", partial(field.insert, "\U0001f600\U0001f44d" * (EMOJI // 2))
        )
        name = f"type beside {EMOJI} emoji"
        self._do(name, *(partial(write, one) for one in "Hello"))
        self._do(name, partial(field.widget.mark_set, "insert", "1.20"),
                 *(partial(write, one) for one in "Hi there"),
                 partial(field.widget.delete, "insert - 1 indices"))  # fmt: skip
        self._do("type", partial(field.put, ""), self._main.composer.keep_draft)

    def _picture(self) -> Path:
        path = self._folder / "picture.png"
        if not path.exists():
            noise = Image.effect_noise((PICTURE[0] // 4, PICTURE[1] // 4), 60).resize(PICTURE)
            noise.convert("RGB").save(path, "PNG", compress_level=1)
        return path

    def _viewers(self) -> None:
        root, look, clipboard = self._window.root, self._window.look, self._window.clipboard
        made: list[PictureViewer] = []

        def show() -> None:
            made.append(PictureViewer(root, look, self._window.pictures, clipboard, _Nobody()))
            made[0].show(Subject("picture.png", "Olena", "today", "A caption", b"", PICTURE))
            made[0].picture(self._picture())

        self._do("viewer", show)
        self._add("viewer", self._turns.until(lambda: made[0].shown_size[0]))
        for what in ("zoom_in", "zoom_in", "zoom_in", "zoom_in", "zoom_in", "whole", "zoom_out",
                     "zoom_out", "fit"):  # fmt: skip
            self._do("viewer: zoom", partial(made[0].act, what))
        self._do("viewer", made[0].close)
        words = "\n".join("Long words of a very long text, line after line." for _ in range(400))
        readers: list[TextViewer] = []
        self._do("long text", lambda: readers.append(TextViewer(root, look, "Olena", words)))
        self._do("long text", lambda: readers[0].close())

    def _changes(self) -> None:
        window = self._window

        def change(**fields: Any) -> Callable[[], None]:
            return lambda: window.change(replace(window.settings, **fields))

        self._do("theme", window.switch_theme, window.switch_theme)
        self._do("accent", change(accent="teal"), change(accent=window.settings.accent))
        self._do("language", change(language="uk"), change(language="en"))
        self._do("text size", change(text_percent=125), change(text_percent=100))
        main = self._main
        self._do("settings over a change", main.open_settings, window.switch_theme,
                 window.switch_theme, change(text_percent=125), change(text_percent=100),
                 self._close)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
