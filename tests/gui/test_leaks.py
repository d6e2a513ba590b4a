"""Dialogs and popups leave nothing behind: commands, bindings, pictures, fonts, timers, threads.

Each is opened and closed many times on a full conversation; after the first few times every
count must stay as it is.
"""

import gc
import os
import threading
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gui.paint.pictures import THREADS
from gui.views.keysheet import KeySheet
from gui.views.settings.settingssheet import SECTIONS, SettingsSheet
from gui.views.sheet import Sheet
from protocol.client.darkroom import darkroom
from protocol.client.happenings import (
    AuditEntry,
    AuditKnown,
    DeviceInfo,
    DevicesKnown,
    OrderKnown,
    RoomOrder,
    RoomsListed,
)
from protocol.codes import EventKind, Role
from tests.gui import scenes
from tests.gui.conftest import Bench
from tests.gui.scenes import landscape

TIMES = 50
BUILDS = 10
WARM = 4
"""Times after which everything that is kept for good has been made."""
CLASSES = (".", "all", "Entry", "Text", "Canvas", "Frame", "Label", "Toplevel")


def all_threads(bench: Bench) -> None:
    """Have the pool of pictures begin all its threads, and the child that decodes for them.

    Each begins when it is first needed, and may take longer than all that a test does first.
    """
    together = threading.Barrier(THREADS)
    ended: list[object] = []
    for _ in range(THREADS):
        bench.window.pictures.run(lambda: together.wait(20), lambda one, _: ended.append(one))
    bench.wait(lambda: len(ended) == THREADS, "the threads")
    bench.window.pictures.decode(landscape(), (8, 8), lambda one, _: ended.append(one))
    bench.wait(lambda: len(ended) > THREADS, "the child")
    assert ended[-1] is not None


def counted(bench: Bench) -> dict[str, int]:
    """Return how much there is of everything that could be left behind."""
    root = bench.window.root
    call, split = root.tk.call, root.tk.splitlist
    gc.collect()
    counts = {
        "commands": len(split(call("info", "commands"))),
        "pictures": len(root.image_names()),
        "fonts": len(split(call("font", "names"))),
        "timers": len(split(call("after", "info"))),
        "variables": len(split(call("info", "vars"))),
        "threads": threading.active_count(),
        # Of a child that decodes, both pipes; a second one begins when two pictures meet.
        "files": len(os.listdir("/proc/self/fd")) - 2 * len(darkroom().assistants.pids),
        "widgets": widgets(root),
        "buttons and entries": len(bench.window.look.painted),
        "sheets": len(Sheet._standing),
        "answers": len(bench.main._controller._answers),
    }
    for tag in CLASSES:
        for event in split(call("bind", tag)):
            counts[f"{tag} {event}"] = len(str(call("bind", tag, event)))
    return counts


def widgets(one: tk.Misc) -> int:
    return 1 + sum(widgets(child) for child in one.winfo_children())


def comes_back(bench: Bench, to: dict[str, int]) -> None:
    """Wait until nothing more is left than what was; what is slow may still be at its end."""
    more: dict[str, int] = {}

    def same() -> bool:
        more.clear()
        more.update({k: v - to.get(k, 0) for k, v in counted(bench).items() if v > to.get(k, 0)})
        return not more

    try:
        bench.wait(same, "nothing left")
    except AssertionError:
        raise AssertionError(f"left behind: {more}") from None


class Popups:
    """Opens and closes every dialog and popup of the main window."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.main = bench.main
        room = self.main._model.room
        assert room is not None
        self.room = room
        self.picture = bench.profile.folder / "picture.webp"
        self.picture.write_bytes(landscape())
        self.image = next(one for one in room.entries if one.kind == EventKind.IMAGE)
        self.own = [one for one in room.entries if one.own]

    def settings(self) -> None:
        self.main.open_settings()
        self.bench.settle()
        assert isinstance(self.main.dialog, SettingsSheet)
        for name, _ in SECTIONS:
            self.main.dialog.show(name)
            self.bench.settle()
            if name == "devices":
                self.devices_known()

    def devices_known(self) -> None:
        request = self.bench.client.asked("ask_devices")[-1][0]
        some = (DeviceInfo(b"1" * 8, True, False), DeviceInfo(b"2" * 8, False, True))
        self.bench.tell(DevicesKnown(scenes.ME, some, request))

    def devices(self) -> None:
        self.main.keeping.devices(scenes.PEOPLE[0])
        self.devices_known()

    def in_charge(self) -> None:
        rules = RoomOrder(roles=((scenes.ME, Role.OWNER),), muted=((scenes.OLENA, 0),))
        self.bench.tell(OrderKnown(self.room.room, rules))

    def order(self) -> None:
        self.in_charge()
        self.main.order_sheet()
        self.bench.settle()

    def reason(self) -> None:
        self.main.keeping.kick(self.room, scenes.PEOPLE[0])

    def log(self) -> None:
        self.main.audit_sheet()
        request = self.bench.client.asked("ask_audit")[-1][0]
        row = AuditEntry(1, 1, scenes.OLENA, "Олена", 2, scenes.PYOTR, "Пётр", 0, "why")
        self.bench.tell(AuditKnown((row,), False, request))

    def key(self) -> None:
        KeySheet(self.main._root, self.main._look, "a:1", "0123", "4567", lambda: None)

    def join(self) -> None:
        self.main.join_room()
        # As long as there is no answer, it is waited for.
        self.bench.tell(RoomsListed(self.bench.client.asked("open_rooms")[-1][0], ()))

    def attach(self) -> None:
        composing = self.main.talk.composing
        composing.files_dropped([self.picture])
        sheet = composing.sheet
        assert sheet is not None
        self.bench.wait(lambda: bool(sheet._thumbs), "the thumbnail")
        # What stands in its place until it comes is drawn only if it is late, and is kept for good.
        sheet._thumbs.clear()
        sheet.list.draw()
        self.bench.settle()

    def viewer(self) -> None:
        files = self.main.talk.files
        files.view(self.image)
        viewer = files.viewer
        assert viewer is not None
        request = self.bench.client.asked("fetch")[-1][0]
        self.bench.settle()
        viewer.picture(self.picture)
        self.bench.wait(lambda: viewer.shown_size[0] > 0, "the picture")
        self.main._controller._answers.pop(request)

    def emoji(self) -> None:
        self.main.talk.pick_emoji()
        self.bench.settle()
        self.bench.wait(lambda: not self.main.emoji.grid.waiting, "the emoji")

    def whose(self) -> None:
        self.main.search(False)
        panel = self.main.finder.panel
        assert panel is not None
        panel.filters.person_field.open()

    def no_search(self) -> None:
        self.main.escape()
        self.main.escape()

    def tooltip(self) -> None:
        self.main.tip._show(self.main.new_button.widget, "New conversation")

    def openers(self) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
        main, talk, room = self.main, self.main.talk, self.room
        menu = main.timeline.pointer.menu
        out, down = main.escape, main.menu.hide
        somebody = main._model.people[0]
        return {
            "settings": (self.settings, out),
            "help": (main.help, out),
            "switcher": (main.switch, out),
            "join": (self.join, out),
            "people": (main.write_to_people, out),
            "forward": (lambda: talk.forward(self.own), out),
            "leave": (lambda: main.leave(room), out),
            "delete": (lambda: talk.delete(self.own), out),
            "archive": (lambda: main.archive(room), out),
            "attach": (self.attach, out),
            "viewer": (self.viewer, out),
            "reader": (lambda: talk.open_text(self.own[0]), out),
            "emoji": (self.emoji, main.emoji.hide),
            "room menu": (lambda: main.room_menu(room, 300, 300), down),
            "more menu": (main.more_menu, down),
            "person menu": (lambda: main.person_menu(somebody, 300, 300), down),
            "new menu": (main.new_menu, down),
            "message menu": (lambda: menu.show(self.own[0], 50, 50, "", True), menu.hide),
            "search": (lambda: main.search(False), out),
            "whose": (self.whose, self.no_search),
            "private room": (main.make_private, out),
            "add": (lambda: main.add_people(room), out),
            "order": (self.order, out),
            "reason": (self.reason, out),
            "log": (self.log, out),
            "devices": (self.devices, out),
            "key": (self.key, out),
            "tooltip": (self.tooltip, main.tip.hide),
            "toast": (lambda: main.say("words"), out),
        }


NAMES = (
    "settings", "help", "switcher", "join", "people", "forward", "leave", "delete", "archive",
    "attach", "viewer", "reader", "emoji", "room menu", "more menu", "person menu", "new menu",
    "message menu", "search", "whose", "private room", "add", "order", "reason", "log", "devices",
    "key", "tooltip", "toast",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_opens_and_closes_leaves_nothing_behind(bench: Bench, name: str) -> None:
    bench.scene("light", 1.0, "en")
    all_threads(bench)
    begin, end = Popups(bench).openers()[name]
    before: dict[str, int] = {}
    focus = bench.window.root.focus_lastfor()
    for time in range(TIMES + WARM):
        if time == WARM:
            bench.settle()
            before = counted(bench)
        begin()
        bench.settle()
        end()
        bench.settle()
    comes_back(bench, before)
    if name == "message menu":
        focus = bench.main.timeline.widget
    assert bench.window.root.focus_lastfor() is focus, "the focus was not given back"


@pytest.mark.parametrize(
    "choices",
    [
        [{"language": "uk"}, {"language": "en"}],
        [{"text_percent": 110}, {"text_percent": 100}],
        [{"theme": "dark"}, {"theme": "light"}],
        [{"accent": "teal"}, {"accent": "indigo"}],
    ],
    ids=["language", "size", "theme", "accent"],
)
def test_another_look_leaves_nothing_behind(bench: Bench, choices: list[dict[str, Any]]) -> None:
    window = bench.scene("light", 1.0, "en")
    all_threads(bench)

    def change() -> None:
        for one in choices:
            window.change(replace(window.settings, **one))
            bench.settle()

    def change_all() -> None:
        # With what is made at its first use.
        bench.main.search(False)
        bench.main.talk.pick_emoji()
        bench.settle()
        change()

    for _ in range(WARM):
        change_all()
    # customtkinter takes a second after each change of size.
    bench.wait(lambda: not late(window.root), "the timers of customtkinter")
    # The pictures of the conversation come from the threads.
    bench.still()
    before = counted(bench)
    for _ in range(BUILDS):
        change_all()
    comes_back(bench, before)


def late(root: tk.Misc) -> bool:
    """Return whether customtkinter is about to set the limits of the window."""
    return "_set_scaled_min_max" in str(root.tk.call("info", "commands"))
