"""The real window under Xvfb with a fake client: joining, writing, columns, dialogs."""

import pytest

from gui.theme import DARK, LIGHT
from gui.views.sheet import JoinSheet, LineSheet
from protocol.client.happenings import (
    Arrived,
    Done,
    Failed,
    Link,
    LinkChanged,
    OpenRoom,
    RoomsListed,
)
from protocol.codes import ErrorCode
from protocol.limits import TEXT_MAX_CHARS
from tests.gui.conftest import LINK, Bench
from tests.gui.fakes import (
    DIRECT,
    GENERAL,
    SOMCHAI,
    text,
    texts,
)
from tests.gui.screens import rgb, texts_of

# --- joining ------------------------------------------------------------------


def test_what_is_wrong_with_a_link_or_a_name_is_said(bench: Bench) -> None:
    window = bench.open()
    window.join("", LINK)
    assert "nickname" in bench.joining.message.cget("text")
    window.join("Marko", "  ")
    assert "Paste" in bench.joining.message.cget("text")
    window.join("Marko", "http://example.org")
    assert "zviazok://" in bench.joining.message.cget("text")
    assert window.session is None


def test_a_taken_nickname_can_be_mended(bench: Bench) -> None:
    window = bench.open()
    window.join("Marko", LINK)
    assert bench.client.started
    bench.tell(LinkChanged(Link.REFUSED, text="taken", code=ErrorCode.NICK_TAKEN))
    assert "taken" in bench.joining.message.cget("text")
    assert bench.client.stopped and bench.profile.closed and window.session is None
    bench.enter()
    assert bench.main.status.text == "Connected to 127.0.0.1:8080"


def test_an_unreachable_server_is_told_and_can_be_given_up(bench: Bench) -> None:
    window = bench.open()
    window.join("Marko", LINK)
    bench.tell(LinkChanged(Link.WAITING, text="No answer from 127.0.0.1:8080", retry_ms=500))
    assert "No answer" in bench.joining.message.cget("text")
    bench.joining.submit()
    assert window.session is None
    assert bench.joining.message.cget("text") == "Cancelled"


def test_nickname_and_servers_are_remembered(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    assert [one.link for one in window.settings.servers] == [LINK]
    window.close()
    window = bench.open()
    assert bench.joining.nick.get() == "Marko"
    assert bench.joining.link.get() == LINK


# --- writing ------------------------------------------------------------------


def test_enter_sends_and_shift_enter_breaks_the_line(bench: Bench) -> None:
    bench.open()
    bench.enter()
    composer = bench.main.composer
    bench.display.run("setxkbmap", "ua")
    try:
        # The keys L, D, F of a US keyboard write д, в, а.
        bench.click(composer.text, 20, 15)
        bench.keys("46", "40", "41", "shift+Return", "46", "41")
        bench.wait(lambda: composer.words() == "два\nда", "the typed text")
        bench.keys("Return")
        bench.wait(lambda: composer.words() == "", "an empty composer")
    finally:
        bench.display.run("setxkbmap", "us")
    assert [args for _, args in bench.client.asked("send_text")] == [(GENERAL, "два\nда")]


def test_too_long_a_message_stays_and_says_so(bench: Bench) -> None:
    bench.open()
    bench.enter()
    composer = bench.main.composer
    composer.put("я" * (TEXT_MAX_CHARS + 1))
    composer.send()
    assert "Too long by 1" in composer._count.cget("text")
    assert len(composer.words()) == TEXT_MAX_CHARS + 1
    composer.put("🙂" * TEXT_MAX_CHARS)
    composer.send()
    ((_, args),) = bench.client.asked("send_text")
    assert args == (GENERAL, "🙂" * TEXT_MAX_CHARS)


def test_every_room_has_its_draft(bench: Bench) -> None:
    bench.open()
    bench.enter()
    composer = bench.main.composer
    composer.put("for all")
    place = bench.main.rooms.place_of(DIRECT)
    assert place is not None
    bench.click(bench.main.rooms.widget, *place)
    assert bench.main._model.active == DIRECT
    assert composer.words() == ""
    place = bench.main.rooms.place_of(GENERAL)
    assert place is not None
    bench.click(bench.main.rooms.widget, *place)
    assert composer.words() == "for all"


@pytest.mark.parametrize("layout", ["us", "ua", "ru", "th", "pl"])
def test_shortcuts_work_on_every_layout(bench: Bench, layout: str) -> None:
    bench.open()
    bench.enter()
    composer = bench.main.composer
    bench.display.run("setxkbmap", layout)
    try:
        composer.put("words")
        composer.text.focus_force()
        bench.settle()
        # Key codes, not letters: 38 is A, 54 is C, 53 is X, 55 is V.
        for codes, words in (("ctrl+38", "words"), ("ctrl+53", ""), ("ctrl+55", "words")):
            bench.display.run("xdotool", "key", codes)
            bench.wait(lambda words=words: composer.words() == words, codes)
        bench.display.run("xdotool", "key", "ctrl+38")
        bench.display.run("xdotool", "key", "ctrl+54")
        bench.display.run("xdotool", "key", "End")
        bench.display.run("xdotool", "key", "ctrl+55")
        bench.wait(lambda: composer.words() == "wordswords", "the copy")
        bench.display.run("xdotool", "key", "ctrl+57")
        bench.wait(lambda: isinstance(bench.main.dialog, JoinSheet), "the dialog of Ctrl+N")
    finally:
        bench.display.run("setxkbmap", "us")


# --- columns and dialogs ------------------------------------------------------


def test_a_click_on_somebody_opens_a_direct_message(bench: Bench) -> None:
    bench.open()
    bench.enter()
    place = bench.main.people.place_of("Somchai")
    assert place is not None
    bench.click(bench.main.people.widget, *place)
    ((_, args),) = bench.client.asked("direct")
    assert args == ((SOMCHAI,),)
    place = bench.main.people.place_of("Olena")
    assert place is not None
    bench.click(bench.main.people.widget, *place)
    assert bench.main._model.active == DIRECT, "the one that exists is opened"
    assert len(bench.client.asked("direct")) == 1


def test_unread_messages_of_another_room_are_counted(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(DIRECT, (text(1, "here?", room=DIRECT), text(2, room=DIRECT)), True))
    assert bench.window.root.title() == "(2) Zviazok"
    canvas = bench.main.rooms.widget
    assert "2" in texts_of(canvas)
    place = bench.main.rooms.place_of(DIRECT)
    assert place is not None
    bench.click(canvas, *place)
    bench.settle()
    assert bench.window.root.title() == "Zviazok"


def test_joining_and_creating_a_room(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.main.join_room()
    bench.settle()
    sheet = bench.main.dialog
    assert isinstance(sheet, JoinSheet)
    ((request, _),) = bench.client.asked("open_rooms")
    rooms = (OpenRoom(GENERAL, "general", 3, True), OpenRoom(b"q" * 16, "Клас 5-Б", 1, False))
    bench.tell(RoomsListed(request, rooms))
    bench.click(sheet.list.widget, 60, 44 + 22)
    ((request, args),) = bench.client.asked("join")
    assert args == ("Клас 5-Б", True)
    bench.tell(Failed(request, 17, "You are in 200 rooms: leave one first"))
    assert "leave one" in sheet.problem.cget("text") and sheet.sheet.open
    sheet.submit()
    assert sheet.problem.cget("text") != ""
    sheet.entry.insert(0, "новий")
    sheet.submit()
    request, args = bench.client.asked("join")[-1]
    assert args == ("новий", True)
    bench.tell(Done(request, b"n" * 16))
    assert not sheet.sheet.open


def test_a_nickname_is_changed(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.main.rename()
    bench.settle()
    sheet = bench.main.dialog
    assert isinstance(sheet, LineSheet)
    sheet.entry.delete(0, "end")
    sheet.entry.insert(0, "Марко")
    sheet.submit()
    ((request, args),) = bench.client.asked("rename")
    assert args == ("Марко",)
    bench.tell(Failed(request, 12, "This nickname is taken"))
    assert sheet.problem.cget("text") == "This nickname is taken"
    sheet.submit()
    request, _ = bench.client.asked("rename")[-1]
    bench.tell(Done(request, text="Марко"))
    assert not sheet.sheet.open and bench.main._model.nick == "Марко"


def test_leaving_a_room_is_asked_about(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.main.leave()
    bench.settle()
    assert bench.main.sheet is not None and not bench.client.asked("leave")
    bench.keys("Return")
    assert [args for _, args in bench.client.asked("leave")] == [(GENERAL,)]


def test_the_invite_link_is_copied(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    bench.main.copy_link()
    assert window.root.clipboard_get() == LINK


def test_the_theme_is_switched_and_kept(bench: Bench) -> None:
    window = bench.open("light")
    bench.enter()
    bench.tell(Arrived(GENERAL, texts(1, 5), True))
    window.switch_theme()
    canvas = bench.main.timeline.widget
    at = (canvas.winfo_rootx() + 4, canvas.winfo_rooty() + 200)
    assert bench.shot().getpixel(at) == rgb(DARK.chat)
    window.switch_theme()
    assert bench.shot().getpixel(at) == rgb(LIGHT.chat)
    window.switch_theme()
    window.close()
    assert bench.open("dark").settings.theme == "dark"


def test_a_lost_connection_is_told(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(LinkChanged(Link.WAITING, "127.0.0.1:8080", "The connection was lost", 4000))
    assert bench.main.status.text == "The connection was lost – next try in 4 s"
    status = bench.main.status.widget
    bench.click(status, 40, 20)
    assert bench.client.asked("retry_now")


def test_dialogs_leave_nothing_behind(bench: Bench) -> None:
    window = bench.open()
    bench.enter()

    def once() -> int:
        bench.main.rename()
        bench.settle()
        bench.main.escape()
        bench.settle()
        return int(window.root.tk.call("llength", window.root.tk.call("info", "commands")))

    once()
    first = once()
    for _ in range(10):
        last = once()
    assert last <= first + 5


class FakeHost:
    def __init__(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


@pytest.mark.parametrize(("button", "runs_on"), [("Return", False), ("Keep it running", True)])
def test_whoever_hosts_is_asked_before_closing(bench: Bench, button: str, runs_on: bool) -> None:
    window = bench.open()
    bench.enter()
    host = FakeHost()
    window._host = host  # type: ignore[assignment]
    window.ask_close()
    bench.settle()
    assert host.running and not window._closing
    if runs_on:
        window._leave_host()
    else:
        (window.root.focus_lastfor() or window.root).focus_force()
        bench.settle()
        bench.display.run("xdotool", "key", button)
        bench.wait(lambda: window._closing, "the closing")
    assert window._closing and host.running is runs_on
