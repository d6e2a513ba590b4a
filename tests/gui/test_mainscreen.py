"""The main screen in a real window with a fake client: columns, menus, sheets, shortcuts."""

import os
import time
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gui.chat.room import Draft, Notify, Room
from gui.paint import kit
from gui.views.archivesheet import ArchiveSheet
from gui.views.helpsheet import HelpSheet
from gui.views.newsheets import JoinSheet, PeopleSheet
from gui.views.settings.settingssheet import SettingsSheet
from gui.views.sheet import Sheet
from gui.views.switcher import Switcher
from protocol.client.happenings import (
    Arrived,
    Done,
    Failed,
    Link,
    LinkChanged,
    OpenRoom,
    PeopleKnown,
    PersonInfo,
    RoomsChanged,
    RoomsListed,
    Typing,
)
from tests.gui.conftest import LINK, Bench
from tests.gui.fakes import DIRECT, GENERAL, ME, OLENA, PEOPLE, SOMCHAI, info, text, texts
from tests.gui.screens import texts_of

PHYSICS, BIOLOGY = b"p" * 16, b"b" * 16
NOW_MS = int(time.time() * 1000)


def ready(bench: Bench) -> None:
    """Join; four rooms, the newest words in Biology."""
    bench.open()
    bench.enter()
    members = ((ME, "Marko"), (OLENA, "Olena"))
    rooms = (
        info(GENERAL, "general"), info(DIRECT, "", 0, members), info(PHYSICS, "Фізика 7-Б"),
        info(BIOLOGY, "Żółw i biologia"),
    )  # fmt: skip
    bench.tell(RoomsChanged(rooms))
    for at, room in enumerate((GENERAL, DIRECT, PHYSICS, BIOLOGY)):
        bench.tell(Arrived(room, (text(1, f"in {at}", room=room, ts=NOW_MS + at),), True))


def words_of(choices: object) -> list[str]:
    assert isinstance(choices, list | tuple)
    return [one.words for one in choices]


def choose(bench: Bench, *path: str) -> None:
    """Do what a line of the menu does that popped up last."""
    choices, work = bench.main.menu.choices, None
    for words in path:
        (one,) = [choice for choice in choices if choice.words == words]
        choices, work = one.inside, one.work
    assert work is not None
    bench.main.menu.hide()
    work()
    bench.settle()


# --- rooms ----------------------------------------------------------------------


def titles(bench: Bench) -> list[str]:
    model = bench.main._model
    return [model.title(one) for one in bench.main.rooms.list.items if isinstance(one, Room)]


def test_the_newest_conversation_comes_first(bench: Bench) -> None:
    ready(bench)
    assert titles(bench) == ["Żółw i biologia", "Фізика 7-Б", "Olena", "general"]
    bench.tell(Arrived(GENERAL, (text(2, "again", ts=NOW_MS + 50),), True))
    assert titles(bench)[0] == "general"


def test_a_row_shows_draft_typing_unread_and_what_was_said(bench: Bench) -> None:
    ready(bench)
    canvas = bench.main.rooms.list.widget
    bench.tell(Arrived(PHYSICS, texts(2, 4, PHYSICS), True))
    assert "4" in texts_of(canvas)
    named = text(5, "@Marko", room=PHYSICS)
    named = replace(named, body={"text": "@Marko", "mentions": [ME]})
    bench.tell(Arrived(PHYSICS, (named,), True))
    assert "@" in texts_of(canvas)
    bench.main._controller.set_draft(BIOLOGY, Draft("not yet said"))
    bench.settle()
    assert "not yet said" in texts_of(canvas) and "Draft:" in texts_of(canvas)
    bench.tell(Typing(DIRECT, OLENA))
    assert "typing…" in texts_of(canvas)


def test_a_click_opens_a_room_and_its_badge_goes(bench: Bench) -> None:
    ready(bench)
    bench.tell(Arrived(DIRECT, (text(2, room=DIRECT), text(3, room=DIRECT)), True))
    place = bench.main.rooms.place_of(DIRECT)
    assert place is not None and bench.main._model.rooms[DIRECT].unread == 3
    bench.click(bench.main.rooms.list.widget, *place)
    bench.wait(lambda: bench.main._model.rooms[DIRECT].unread == 0, "the badge to go")
    assert bench.main._model.active == DIRECT


def test_typing_filters_rooms_and_people(bench: Bench) -> None:
    ready(bench)
    field = bench.main.rooms.field
    bench.click(field, 40, 20)
    bench.display.run("xdotool", "type", "--delay", "2", "zolw")
    bench.wait(lambda: titles(bench) == ["Żółw i biologia"], "the filtered list")
    bench.keys("Return")
    assert bench.main._model.active == BIOLOGY and field.get() == ""
    bench.click(field, 40, 20)
    bench.display.run("xdotool", "type", "--delay", "2", "som")
    bench.wait(lambda: titles(bench) == [], "people alone")
    bench.keys("Return")
    assert [args for _, args in bench.client.asked("direct")] == [((SOMCHAI,),)]


def test_the_menu_of_a_room_sets_its_notifications(bench: Bench) -> None:
    ready(bench)
    place = bench.main.rooms.place_of(PHYSICS)
    assert place is not None
    canvas = bench.main.rooms.list.widget
    bench.main.rooms._asked(bench.main._model.rooms[PHYSICS], 300, 300)
    choose(bench, "Notifications", "Only when I am mentioned")
    room = bench.main._model.rooms[PHYSICS]
    assert room.notify is Notify.MENTIONS
    bench.main.room_menu(room, 300, 300)
    choose(bench, "Notifications", "Mute for 8 hours")
    assert 7.9 * 3600 < room.quiet_until - time.time() <= 8 * 3600 and bench.main.quiet(room)
    bench.main.room_menu(room, 300, 300)
    choose(bench, "Notifications", "Turn on again")
    assert not bench.main.quiet(room)
    bench.main.room_menu(room, 300, 300)
    choose(bench, "Mark as read")
    assert room.unread == 0
    assert canvas.winfo_exists()


def test_the_right_button_pops_the_menu_up_and_escape_takes_it_away(bench: Bench) -> None:
    ready(bench)
    place = bench.main.rooms.place_of(PHYSICS)
    assert place is not None
    canvas = bench.main.rooms.list.widget
    at = (str(canvas.winfo_rootx() + place[0]), str(canvas.winfo_rooty() + place[1]))
    bench.display.run("xdotool", "mousemove", *at, "click", "3")
    menu = bench.main.menu
    bench.wait(lambda: menu.open, "the menu")
    assert words_of(menu.choices)[0] == "Open"
    # Down to Notifications, in, down to "None, until I turn them on".
    bench.keys("Down", "Down", "Down", "Right", "Up", "Up", "Up", "Return")
    assert not menu.open and bench.main._model.rooms[PHYSICS].notify is Notify.NONE
    assert bench.main._model.active == GENERAL
    bench.display.run("xdotool", "click", "3")
    bench.wait(lambda: menu.open, "the menu again")
    bench.keys("Escape")
    assert not menu.open
    bench.display.run("xdotool", "click", "3")
    bench.wait(lambda: menu.open, "the menu a third time")
    bench.click(bench.main.timeline.widget, 300, 300)
    assert not menu.open
    bench.main.more_menu()
    menu.hide()
    bench.main.new_menu()
    bench.settle()
    assert menu.open and len(menu.choices) == 3


def test_leaving_a_room_is_asked_about(bench: Bench) -> None:
    ready(bench)
    bench.main.more_menu()
    choose(bench, "Leave…")
    assert Sheet.top() is not None and not bench.client.asked("leave")
    bench.keys("Return")
    assert [args for _, args in bench.client.asked("leave")] == [(GENERAL,)]


def test_a_direct_message_is_not_offered_to_be_left(bench: Bench) -> None:
    ready(bench)
    bench.main.open_room(DIRECT)
    bench.main.more_menu()
    words = [choice.words for choice in bench.main.menu.choices]
    assert "Save the conversation…" in words and "Leave…" not in words


# --- people ---------------------------------------------------------------------


def test_the_menu_of_somebody_writes_to_them_and_mentions_them(bench: Bench) -> None:
    ready(bench)
    place = bench.main.people.place_of("Somchai")
    assert place is not None
    bench.main.people._chosen(bench.main._model.people[2])
    choose(bench, "Mention")
    assert bench.main.composer.words() == "@Somchai "
    bench.main.people._chosen(bench.main._model.people[2])
    choose(bench, "Write privately")
    assert [args for _, args in bench.client.asked("direct")] == [((SOMCHAI,),)]
    bench.main.people._chosen(bench.main._model.people[1])
    choose(bench, "Write privately")
    assert bench.main._model.active == DIRECT, "the one that exists is opened"
    assert len(bench.client.asked("direct")) == 1


def test_a_name_of_two_alphabets_is_marked_in_list_and_menu(bench: Bench) -> None:
    ready(bench)
    column = bench.main.people
    bench.still()
    before = len(column.list.widget.find_all())
    odd = PersonInfo(SOMCHAI, "Sоmchai", False)
    bench.tell(PeopleKnown((*PEOPLE[:2], odd)))
    bench.still()
    assert column.doubt(odd) == "The word “Sоmchai” mixes alphabets"
    assert len(column.list.widget.find_all()) == before + 1, "a sign beside the name"
    column._chosen(odd)
    assert bench.main.menu.choices[1].words == "⚠ The word “Sоmchai” mixes alphabets"


def test_members_of_a_direct_message_stand_first(bench: Bench) -> None:
    ready(bench)
    assert [one.nick for one in bench.main.people.shown] == ["Marko", "Olena", "Somchai"]
    bench.main.open_room(DIRECT)
    bench.settle()
    assert bench.main.people.list.items[0] == "In this conversation – 2"


def inside(widget: tk.Misc) -> list[tk.Misc]:
    """Return a widget and all that stands in it."""
    return [widget, *(one for child in widget.winfo_children() for one in inside(child))]


def test_a_link_is_opened_only_after_its_real_host_was_shown(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, told = tmp_path / "bin", tmp_path / "told"
    folder.mkdir()
    opener = folder / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s\\n" "$#" "$@" > {told}.new\nmv {told}.new {told}\n')
    opener.chmod(0o700)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    ready(bench)
    bench.main.talk.open_link("javascript:alert(1)")
    assert Sheet.top() is None
    address = "https://bank.example@evil.example/`touch x`?\u202e$(y)"
    for words in ("Cancel", "Open"):
        bench.main.talk.open_link(address)
        sheet = Sheet.top()
        assert sheet is not None and not told.exists()
        parts = inside(sheet.card)
        said = "\n".join(str(one.cget("text")) for one in parts if isinstance(one, tk.Label))
        assert "It leads to evil.example" in said and "bank.example" not in said
        assert "\u202e" not in said
        (button,) = [one for one in parts if isinstance(one, kit.Button) and one.text == words]
        button.invoke()
        assert Sheet.top() is None
    bench.wait(told.exists, "the program that opens addresses")
    assert told.read_text().splitlines() == [
        "1", "https://evil.example/%60touch%20x%60?%E2%80%AE$(y)"
    ]  # fmt: skip


# --- the connection ---------------------------------------------------------------


def test_a_lost_connection_is_told_and_a_click_tries_now(bench: Bench) -> None:
    ready(bench)
    assert bench.main.status.widget.winfo_height() <= 2
    bench.tell(LinkChanged(Link.WAITING, "127.0.0.1:8080", "The connection was lost", 4000))
    assert bench.main.status.text.startswith("Reconnecting in 4 s")
    bench.wait(lambda: bench.main.status.widget.winfo_height() > 20, "the line")
    bench.click(bench.main.status.widget, 40, 12)
    assert bench.client.asked("retry_now")
    bench.tell(LinkChanged(Link.ONLINE, "127.0.0.1:8080"))
    bench.wait(lambda: bench.main.status.widget.winfo_height() <= 2, "the line to go")


def test_the_title_tells_who_writes_and_who_is_there(bench: Bench) -> None:
    ready(bench)
    title = bench.main.talk.title
    assert title.more == ("3 members, 2 online", False)
    bench.tell(Typing(GENERAL, OLENA))
    assert title.more == ("Olena is typing…", True)
    bench.main.open_room(DIRECT)
    assert title.more == ("online", True)


# --- sheets -----------------------------------------------------------------------


def test_joining_and_creating_a_room(bench: Bench) -> None:
    ready(bench)
    bench.main.join_room()
    bench.settle()
    sheet = bench.main.dialog
    assert isinstance(sheet, JoinSheet)
    ((request, _),) = bench.client.asked("open_rooms")
    rooms = (OpenRoom(GENERAL, "general", 3, True), OpenRoom(b"q" * 16, "Клас 5-Б", 1, False))
    bench.tell(RoomsListed(request, rooms))
    bench.click(sheet.list.widget, 60, 48 + 22)
    ((request, args),) = bench.client.asked("join")
    assert args == ("Клас 5-Б", True)
    bench.tell(Failed(request, 17, "You are in 200 rooms: leave one first"))
    assert "leave one" in sheet.problem.cget("text") and sheet.sheet.open
    sheet.submit()
    assert sheet.problem.cget("text") != ""
    sheet.entry.focus_force()
    bench.display.run("xdotool", "type", "--delay", "2", "novyi")
    bench.wait(lambda: sheet.button.text == "Create", "the other word")
    bench.keys("Return")
    request, args = bench.client.asked("join")[-1]
    assert args == ("novyi", True)
    bench.tell(Done(request, b"n" * 16))
    assert not sheet.sheet.open


def test_several_people_are_written_to_at_once(bench: Bench) -> None:
    ready(bench)
    bench.main.write_to_people()
    bench.settle()
    sheet = bench.main.dialog
    assert isinstance(sheet, PeopleSheet)
    sheet.entry.focus_force()
    bench.display.run("xdotool", "type", "--delay", "2", "ole")
    bench.wait(lambda: [one.nick for one in sheet.items] == ["Olena"], "Olena")
    bench.keys("Return")
    bench.click(sheet.list.widget, 60, 48 + 20)
    assert sheet.chosen == [OLENA, SOMCHAI]
    bench.keys("Return")
    assert [args for _, args in bench.client.asked("direct")] == [((OLENA, SOMCHAI),)]


def test_the_switcher_ranks_and_opens(bench: Bench) -> None:
    ready(bench)
    bench.keys("ctrl+k")
    sheet = bench.main.dialog
    assert isinstance(sheet, Switcher)
    bench.wait(lambda: sheet.sheet.open and len(sheet.items) == 5, "rooms and people")
    bench.display.run("xdotool", "type", "--delay", "2", "bio")
    bench.wait(lambda: len(sheet.items) == 1, "one hit")
    bench.keys("Return")
    assert bench.main._model.active == BIOLOGY and not sheet.sheet.open
    bench.wait(
        lambda: bench.window.root.focus_get() is bench.main.composer.text, "the focus to write"
    )


def test_messages_are_forwarded_to_a_room(bench: Bench) -> None:
    ready(bench)
    room = bench.main._model.room
    assert room is not None
    bench.main.talk.forward(room.entries)
    bench.settle()
    top = Sheet.top()
    assert top is not None and "Forward" in top.title.cget("text")
    bench.keys("Down", "Return")
    assert [args for _, args in bench.client.asked("forward")] == [(GENERAL, 1, PHYSICS)]
    assert "Фізика" in bench.main.talk.toast.text


def test_sheets_hold_tab_and_close_by_escape_or_a_click_beside(bench: Bench) -> None:
    ready(bench)
    bench.main.join_room()
    bench.settle()
    sheet = Sheet.top()
    assert sheet is not None
    for _ in range(8):
        bench.keys("Tab")
        focus = bench.window.root.focus_get()
        assert str(focus).startswith(str(sheet.shade)), "Tab left the sheet"
    bench.keys("Escape")
    assert not sheet.open
    bench.main.help()
    bench.settle()
    assert isinstance(bench.main.dialog, HelpSheet)
    bench.click(bench.main.rooms.list.widget, 100, 500)
    assert not bench.main.dialog.sheet.open and Sheet.top() is None


def test_dialogs_leave_nothing_behind(bench: Bench) -> None:
    ready(bench)
    main, root = bench.main, bench.window.root
    openers: tuple[Callable[[], None], ...] = (
        main.join_room, main.write_to_people, main.switch, main.help, main.open_settings,
        lambda: main.leave(main._model.rooms[GENERAL]),
        lambda: main.archive(main._model.rooms[GENERAL]),
    )  # fmt: skip

    def counts() -> tuple[int, int]:
        for work in openers:
            work()
            bench.settle()
            main.escape()
            bench.settle()
        commands = root.tk.call("llength", root.tk.call("info", "commands"))
        return int(commands), len(root.image_names())

    counts()
    first = counts()
    for _ in range(5):
        last = counts()
    assert last[0] <= first[0] + 5 and last[1] <= first[1] + 5


# --- getting around -----------------------------------------------------------------


def test_rooms_are_reached_by_keys(bench: Bench) -> None:
    ready(bench)
    model = bench.main._model
    bench.keys("ctrl+2")
    assert model.active == PHYSICS
    bench.keys("alt+Down")
    assert model.active == DIRECT
    bench.keys("ctrl+Prior")
    assert model.active == PHYSICS
    bench.keys("ctrl+Next", "ctrl+Next")
    assert model.active == GENERAL


def test_f6_goes_through_the_parts_of_the_window(bench: Bench) -> None:
    ready(bench)
    bench.main.focus()
    seen = []
    for _ in range(4):
        bench.keys("F6")
        seen.append(bench.window.root.focus_get())
    main = bench.main
    assert seen == [
        main.people.list.widget, main.rooms.list.widget, main.timeline.widget, main.composer.text
    ]  # fmt: skip


@pytest.mark.parametrize("layout", ["us", "ua", "ru", "th", "pl"])
def test_shortcuts_work_on_every_layout(bench: Bench, layout: str) -> None:
    ready(bench)
    composer = bench.main.composer
    bench.display.run("setxkbmap", layout)
    try:
        composer.field.put("words")
        composer.text.focus_force()
        bench.settle()
        # Key codes, not letters: 38 is A, 54 is C, 53 is X, 55 is V.
        for codes, words in (("ctrl+38", "words"), ("ctrl+53", ""), ("ctrl+55", "words")):
            bench.display.run("xdotool", "key", codes)
            bench.wait(lambda words=words: composer.words() == words, codes)
        for codes, kind in (
            ("ctrl+45", Switcher),
            ("ctrl+61", HelpSheet),
            ("ctrl+59", SettingsSheet),
        ):
            bench.keys(codes)
            bench.wait(lambda kind=kind: isinstance(bench.main.dialog, kind), codes)
            bench.keys("Escape")
            bench.wait(lambda: Sheet.top() is None, "the sheet to go")
        bench.keys("ctrl+11")
        bench.wait(lambda: bench.main._model.active == PHYSICS, "the second room")
        assert composer.words() == ""
        bench.keys("ctrl+41")
        bench.wait(lambda: bench.main.panes.searching, "the search")
        bench.keys("Escape")
        bench.wait(lambda: not bench.main.panes.searching, "the search to go")
    finally:
        bench.display.run("setxkbmap", "us")


@pytest.mark.parametrize(
    ("width", "shown"),
    [(1000, ("rooms", "talk", "people")), (800, ("rooms", "talk")), (560, ("talk",))],
)
def test_a_narrow_window_shows_less(bench: Bench, width: int, shown: tuple[str, ...]) -> None:
    ready(bench)
    root, panes = bench.window.root, bench.main.panes
    root.minsize(1, 1)
    root.geometry(f"{width}x600")
    bench.wait(lambda: root.winfo_width() == width and panes._shown == shown, "the parts")
    if len(shown) == 1:
        bench.main.to_rooms()
        bench.settle()
        assert panes._shown == ("rooms",)
        place = bench.main.rooms.place_of(PHYSICS)
        assert place is not None
        bench.click(bench.main.rooms.list.widget, *place)
        assert panes._shown == ("talk",) and bench.main._model.active == PHYSICS


def test_a_tooltip_says_what_a_button_does(bench: Bench) -> None:
    ready(bench)
    button = bench.main.new_button.widget
    at = (button.winfo_rootx() + 10, button.winfo_rooty() + 10)
    bench.display.run("xdotool", "mousemove", str(at[0]), str(at[1]))
    bench.wait(lambda: bench.main.tip.text == "New conversation", "the tooltip")
    bench.display.run("xdotool", "mousemove", "5", "5")
    bench.wait(lambda: bench.main.tip.text == "", "the tooltip to go")


def test_the_invite_link_is_copied(bench: Bench) -> None:
    ready(bench)
    bench.main.more_menu()
    choose(bench, "Copy the invite link")
    assert bench.window.root.clipboard_get() == LINK
    assert "copied" in bench.main.talk.toast.text


def test_an_emoji_is_picked_into_the_message_and_remembered(bench: Bench) -> None:
    ready(bench)
    bench.main.talk.pick_emoji()
    bench.wait(lambda: bench.main.emoji.open, "the picker")
    bench.main.emoji.hide()
    bench.main._picked("🔥")
    assert bench.main.composer.words() == "🔥"
    assert bench.window.settings.recent_emoji[0] == "🔥"


def test_the_conversation_can_be_saved_from_its_menu(bench: Bench) -> None:
    ready(bench)
    bench.main.more_menu()
    choose(bench, "Save the conversation…")
    assert isinstance(bench.main.dialog, ArchiveSheet) and Sheet.top() is not None
    bench.keys("Escape")
    assert Sheet.top() is None


def test_it_asks_before_deleting(bench: Bench) -> None:
    ready(bench)
    own = text(2, "mine", ME, "Marko")
    bench.tell(Arrived(GENERAL, (own,), True))
    room = bench.main._model.room
    assert room is not None
    bench.main.talk.delete(room.entries)
    bench.settle()
    assert not bench.client.asked("delete")
    bench.keys("Return")
    assert [args for _, args in bench.client.asked("delete")] == [(GENERAL, 2)]
