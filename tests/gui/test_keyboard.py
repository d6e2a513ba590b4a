"""The main window by keys alone: Tab, F6, Esc, menus, and editing on every layout."""

import tkinter as tk

import pytest

from gui.views.sheet import Sheet
from gui.views.switcher import Switcher
from protocol.client.happenings import Link, LinkChanged
from tests.gui.conftest import Bench


def focus(bench: Bench) -> tk.Misc | None:
    return bench.window.root.focus_get()


def looks(bench: Bench, widget: tk.Misc) -> bytes:
    """Return what the screen shows of a widget and right around it."""
    x, y = widget.winfo_rootx() - 4, widget.winfo_rooty() - 4
    wide, high = widget.winfo_width() + 8, widget.winfo_height() + 8
    return bench.display.shot().crop((max(0, x), max(0, y), x + wide, y + high)).tobytes()


def test_tab_goes_through_everything_and_shows_where_it_is(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    main = bench.main
    bench.keys("F6")
    main.focus()
    bench.still()
    seen: list[tk.Misc] = []
    blind = []
    for _ in range(30):
        bench.keys("Tab")
        at = focus(bench)
        assert at is not None
        if seen and at is seen[0]:
            break
        if not isinstance(at, tk.Text | tk.Entry):
            with_it = looks(bench, at)
            at.event_generate("<FocusOut>")
            bench.settle()
            if looks(bench, at) == with_it:
                blind.append(str(at))
        seen.append(at)
    wanted = {
        main.new_button.widget, main.talk.more_button.widget, main.rooms.list.widget,
        main.people.list.widget, main.timeline.widget, main.composer.text,
        main.composer.attach_button.widget, main.composer.emoji_button.widget,
        main.composer.send_button.widget,
    }  # fmt: skip
    assert wanted <= set(seen), f"not reached: {wanted - set(seen)}"
    assert not blind, f"no ring: {blind}"
    for widget in reversed(seen[:-1]):
        bench.keys("shift+Tab")
        assert focus(bench) in seen and widget is not None
    assert len(seen) == len(set(seen))


def test_f6_comes_to_the_search_too(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    main = bench.main
    bench.keys("ctrl+f")
    assert main.finder.panel is not None
    field = main.finder.panel.entry.field
    assert focus(bench) is field
    seen = []
    for _ in range(4):
        bench.keys("F6")
        seen.append(focus(bench))
    assert seen == [main.rooms.list.widget, main.timeline.widget, main.composer.text, field]


def test_what_covers_the_window_has_the_keyboard_for_itself(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    main, root = bench.main, bench.window.root
    room = main._model.active
    bench.keys("ctrl+k")
    sheet = Sheet.top()
    assert sheet is not None
    bench.keys("F6", "ctrl+2", "ctrl+f", "ctrl+k", "F1")
    assert str(focus(bench)).startswith(str(sheet.shade)) and Sheet.top() is sheet
    assert main._model.active == room and not main.finder.open
    bench.keys("Escape")
    assert Sheet.top() is None and focus(bench) is main.composer.text
    entry = main._model.rooms[room].entries[0]
    main.talk.open_text(entry)
    bench.settle()
    reader = main.talk.reader
    assert reader is not None
    for key in ("Tab", "Tab", "shift+Tab", "F6"):
        bench.keys(key)
        assert str(focus(bench)).startswith(str(reader.frame)), key
    bench.keys("ctrl+k")
    assert Sheet.top() is None and reader.open
    bench.keys("Escape")
    assert not reader.open and root.focus_get() is main.composer.text


def test_escape_closes_one_thing_at_a_time(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    main, talk = bench.main, bench.main.talk
    bench.keys("ctrl+f")
    main.say("words")
    talk.open_text(main._model.rooms[main._model.active].entries[0])
    main.open_settings()
    bench.settle()
    left = []
    for _ in range(4):
        main.escape()
        bench.settle()
        reading = talk.reader is not None and talk.reader.open
        left.append((Sheet.top() is not None, reading, main.finder.open, bool(talk.toast.text)))
    assert left == [
        (False, True, True, True), (False, False, True, True), (False, False, False, True),
        (False, False, False, False),
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["Menu", "shift+F10"])
def test_the_menu_key_works_in_rooms_people_and_messages(bench: Bench, key: str) -> None:
    bench.scene("light", 1.0, "en")
    main = bench.main
    for rows in (main.rooms.list, main.people.list):
        rows.widget.focus_set()
        bench.keys("Down", "Down")
        row = rows.lit
        assert row > 0
        bench.keys(key)
        assert main.menu.open
        bench.keys("Escape")
        assert not main.menu.open and focus(bench) is rows.widget
        assert rows.lit == row, "the row is another one than before the menu"
    main.timeline.widget.focus_set()
    bench.keys("Up", key)
    menu = main.timeline.pointer.menu
    assert menu.open
    bench.keys("Escape")
    assert not menu.open and focus(bench) is main.timeline.widget


def test_a_lost_connection_is_tried_again_by_a_key(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    status = bench.main.status.widget
    assert not int(status.cget("takefocus"))
    bench.tell(LinkChanged(Link.WAITING, "127.0.0.1:8080", "The connection was lost", 4000))
    bench.main.rooms.list.widget.focus_set()
    bench.keys("Tab")
    assert focus(bench) is status
    bench.keys("Return")
    assert bench.client.asked("retry_now")


def test_the_search_selects_nothing_where_one_writes(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    bench.main.composer.focus()
    bench.keys("ctrl+shift+f")
    bench.keys("Escape")
    assert not bench.main.composer.box.field.widget.tag_ranges("sel")


def test_the_search_does_not_select_its_hint(bench: Bench) -> None:
    bench.scene("light", 1.0, "en")
    bench.main.search(False)
    bench.settle()
    panel = bench.main.finder.panel
    assert panel is not None
    assert not panel.entry.field.selection_present()
    bench.keys("p", "a", "r", "k")
    bench.wait(lambda: panel.entry.get() == "park", "what was typed")
    bench.main.search(False)
    bench.settle()
    assert panel.entry.field.tk.call("selection", "get") == "park"


@pytest.mark.parametrize("layout", ["us", "ua", "th"])
def test_fields_are_edited_on_every_layout(bench: Bench, layout: str) -> None:
    bench.scene("light", 1.0, "en")
    bench.keys("ctrl+k")
    sheet = bench.main.dialog
    assert isinstance(sheet, Switcher)
    bench.wait(lambda: focus(bench) is sheet.entry.field, "the field")
    bench.display.run("xdotool", "type", "--delay", "2", "one two")
    bench.wait(lambda: sheet.typed == "one two", "what was typed")
    # Key codes: 38 is A, 54 is C, 53 is X, 55 is V, 52 is Z, 29 is Y.
    steps = (
        (("ctrl+38", "ctrl+53"), ""), (("ctrl+55",), "one two"), (("ctrl+52",), ""),
        (("ctrl+29",), "one two"), (("ctrl+52", "ctrl+52"), "one two"),
        (("ctrl+52",), "one"), (("ctrl+shift+52",), "one two"),
        (("ctrl+38", "ctrl+54", "End", "ctrl+55"), "one twoone two"),
    )  # fmt: skip
    bench.display.run("setxkbmap", layout)
    try:
        for codes, words in steps:
            for code in codes:
                bench.display.run("xdotool", "key", code)
                bench.settle()
            bench.wait(lambda words=words: sheet.typed == words, f"{codes}: {words}")
    finally:
        bench.display.run("setxkbmap", "us")
