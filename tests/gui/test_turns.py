"""No turn of the loop does much: what the window builds and draws comes in small steps.

Time is not measured here (``zviazok bench gui`` does that). What counts is how often a turn
calls Tk, on a clock on which every step takes a whole slice.
"""

import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from gui.paint import kit
from gui.paint.slices import SLICE_S, Slices
from gui.views.settings.settingssheet import SECTIONS, SettingsSheet
from gui.views.sheet import Sheet
from gui.window import Window
from protocol.client.happenings import (
    AuditEntry,
    AuditKnown,
    DeviceInfo,
    DevicesKnown,
    OrderKnown,
    RoomOrder,
    RoomsListed,
)
from protocol.codes import Role
from tests.gui import scenes
from tests.gui.conftest import LINK, Bench

CALLS_MAX = 300
"""Of Tk in one turn: some 3 ms of the slowest machines that the window is meant for."""
_DONT_WAIT = 2


class Counted:
    """An interpreter of Tk that counts how often it is called."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.calls = 0

    def call(self, *words: Any) -> Any:
        self.calls += 1
        return self._real.call(*words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Watched:
    """A window whose turns are counted, and what was too much in one."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench = bench
        self.most = 0
        self._now = 0.0
        make_root = kit.make_root

        def counted_root(theme: str, scale: float) -> tk.Tk:
            root = make_root(theme, scale)
            root.tk = Counted(root.tk)  # type: ignore[assignment]
            return root

        monkeypatch.setattr(kit, "make_root", counted_root)
        real = Slices.__init__
        monkeypatch.setattr(Slices, "__init__", lambda one, root: real(one, root, self._clock))

    def _clock(self) -> float:
        self._now += SLICE_S
        return self._now

    @property
    def window(self) -> Window:
        return self.bench.window

    def turns(self) -> int:
        """Turn until there is nothing to do; return the most calls of one turn."""
        tk_: Any = self.window.root.tk
        most = 0
        while True:
            tk_.calls = 0
            if not tk_.dooneevent(_DONT_WAIT):
                return most
            most = max(most, tk_.calls)

    def do(self, work: Callable[[], object]) -> int:
        """Do something in a turn of its own; return the most calls of a turn from then on."""
        self.window.root.after(0, work)
        most = self.turns()
        self.bench.settle()
        return most


@pytest.fixture
def watched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    yield Watched(bench, monkeypatch)


def journeys(watched: Watched) -> Iterator[tuple[str, Callable[[], object]]]:
    """What one does in the window, each in its turn."""
    bench = watched.bench
    window = bench.window

    def close() -> None:
        top = Sheet.top()
        assert top is not None
        top.close()

    def change(**fields: Any) -> Callable[[], None]:
        return lambda: window.change(replace(window.settings, **fields))

    def settings() -> SettingsSheet:
        sheet = bench.main.dialog
        assert isinstance(sheet, SettingsSheet)
        return sheet

    main = bench.main
    room = main._model.room
    assert room is not None
    yield "settings", main.open_settings
    for name, _ in SECTIONS:
        yield f"settings: {name}", lambda name=name: settings().show(name)  # type: ignore[misc]
    yield "theme over the settings", window.switch_theme
    yield "closing the settings", close
    for name, show in (
        ("archive", lambda: main.archive(room)), ("join", main.join_room),
        ("people", main.write_to_people), ("switcher", main.switch), ("help", main.help),
        ("question", lambda: main.leave(room)),
    ):  # fmt: skip
        yield name, show
        if name == "join":
            bench.tell(RoomsListed(bench.client.asked("open_rooms")[-1][0], ()))
        yield f"closing: {name}", close
    yield "private room", main.make_private
    yield "closing: private room", close
    bench.tell(OrderKnown(scenes.CLASS, RoomOrder(roles=((scenes.ME, Role.OWNER),))))
    yield "order", main.order_sheet
    muted = tuple((one.person, 0) for one in scenes.PEOPLE)
    rules = RoomOrder(True, True, 30, 2, ((scenes.ME, Role.OWNER),), muted, (scenes.ZOFIA,))
    yield "order of others", lambda: window.bridge.post(OrderKnown(scenes.CLASS, rules))
    yield "closing: order", close
    yield "adding people", lambda: main.add_people(room)
    yield "closing: adding people", close
    yield "log", main.audit_sheet
    log = tuple(
        AuditEntry(no, 1, scenes.OLENA, "Олена", 2, scenes.PYOTR, "Пётр", 0, "why " * 20)
        for no in range(200, 0, -1)
    )
    asked = bench.client.asked("ask_audit")[-1][0]
    yield "what is in it", lambda: window.bridge.post(AuditKnown(log, False, asked))
    yield "closing: log", close
    yield "devices", lambda: main.keeping.devices(scenes.PEOPLE[0])
    named = bench.client.asked("ask_devices")[-1][0]
    shown = tuple(DeviceInfo(bytes((one,)) * 8, True, False) for one in range(16))
    yield "whose", lambda: window.bridge.post(DevicesKnown(scenes.OLENA, shown, named))
    yield "closing: devices", close
    yield "menu of somebody", lambda: main.person_menu(scenes.PEOPLE[0], 400, 100)
    yield "no menu of somebody", main.menu.hide
    yield "everybody", main.people.toggle
    yield "emoji", lambda: main.emoji.show(400, 400)
    yield "no emoji", main.emoji.hide
    yield "search", lambda: main.search(True)
    yield "no search", main.finder.hide
    yield "menu", main.more_menu
    yield "no menu", main.menu.hide
    yield "theme", window.switch_theme
    yield "language", change(language="uk")
    yield "size of text", change(text_percent=125)
    yield "leaving", window.leave_server


def test_nothing_that_one_does_is_much_in_one_turn(watched: Watched) -> None:
    bench = watched.bench
    bench.scene("light", 1.0, "en")
    found = {name: watched.do(work) for name, work in journeys(watched)}
    much = {name: calls for name, calls in found.items() if calls > CALLS_MAX}
    assert not much, f"calls of Tk in one turn: {much}"


def test_joining_builds_the_main_screen_in_small_turns(watched: Watched) -> None:
    bench = watched.bench
    window = bench.open()
    window.joining.join("Andriy", LINK)
    for one in scenes.opening():
        window.bridge.post(one)
    most = watched.turns()
    assert bench.main.widget.winfo_ismapped()
    assert most <= CALLS_MAX, f"{most} calls of Tk in one turn"


def test_a_server_that_is_left_while_its_screen_is_built_is_not_shown(bench: Bench) -> None:
    window = bench.open()
    window.joining.join("Andriy", LINK)
    first = bench.joining
    for one in scenes.opening():
        window.bridge.post(one)
    line = window.look.slices._line
    while not any(work.begun for work in line):
        window.root.tk.dooneevent(_DONT_WAIT)
    assert window.screen is first
    window.joining.cancel()
    bench.settle()
    assert window.screen is first and window.session is None
    assert not line
