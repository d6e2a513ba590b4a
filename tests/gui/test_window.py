"""The real window under Xvfb with a fake client: joining, hosting, theme, language, closing."""

import socket
from dataclasses import replace

import pytest

from gui import ports
from gui.paint.theme import DARK, LIGHT
from gui.views.settings.settingssheet import SettingsSheet
from protocol.client.happenings import Arrived, Link, LinkChanged
from protocol.codes import ErrorCode
from protocol.errors import SetupError
from tests.gui.conftest import LINK, Bench
from tests.gui.fakes import GENERAL, texts
from tests.gui.screens import rgb, texts_of

# --- joining ------------------------------------------------------------------


def test_what_is_wrong_with_a_link_or_a_name_is_said(bench: Bench) -> None:
    window = bench.open()
    window.joining.join("", LINK)
    assert "nickname" in bench.joining.message.cget("text")
    window.joining.join("Marko", "  ")
    assert "link" in bench.joining.message.cget("text")
    window.joining.join("Marko", "http://example.org")
    assert "zviazok://" in bench.joining.message.cget("text")
    assert window.session is None


def test_what_is_wrong_with_a_name_goes_while_one_types_another(bench: Bench) -> None:
    bench.open()
    joining = bench.joining
    joining.nick.put("")
    joining.submit()
    assert "nickname" in joining.message.cget("text")
    bench.keys("Return")
    assert "nickname" in joining.message.cget("text")
    bench.keys("o")
    assert not joining.message.winfo_manager() and joining.nick.get() == "o"


def test_a_nickname_of_two_alphabets_is_warned_of_and_taken(bench: Bench) -> None:
    bench.open()
    joining = bench.joining
    joining.nick.put("Olenа")
    assert "“Olenа” mixes letters" in joining.message.cget("text")
    assert joining.message.winfo_manager()
    joining.nick.put("Olena")
    assert not joining.message.winfo_manager()
    joining.nick.put("Olenа")
    joining.link.put(LINK)
    joining.submit()
    bench.settle()
    assert bench.client.started


def test_a_taken_nickname_can_be_mended(bench: Bench) -> None:
    window = bench.open()
    window.joining.join("Marko", LINK)
    bench.settle()
    assert bench.client.started
    bench.tell(LinkChanged(Link.REFUSED, text="taken", code=ErrorCode.NICK_TAKEN))
    assert "taken" in bench.joining.message.cget("text")
    assert bench.client.stopped and bench.profile.closed and window.session is None
    bench.enter()
    assert bench.main.status.text == "Connected"


def test_an_attempt_that_is_given_up_before_its_files_are_open_is_closed(bench: Bench) -> None:
    window = bench.open()
    window.joining.join("Marko", LINK)
    window.joining.join("Marko", LINK)
    window.joining.cancel()
    assert not bench.client.started, "the answer is still to come"
    bench.wait(lambda: bench.profile.closed, "the end of what came too late")
    assert bench.client.stopped and window.session is None
    bench.enter()
    assert bench.main.status.text == "Connected"


def test_what_keeps_files_from_being_opened_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = bench.open()

    def fails(*words: object) -> None:
        answer = words[-1]
        assert callable(answer)
        answer(SetupError("Marko is already open on this computer"))

    monkeypatch.setattr(window.joining, "_begin", fails)
    window.joining.join("Marko", LINK)
    bench.settle()
    assert "already open" in bench.joining.message.cget("text")
    assert bench.joining.join_button.text == "Join" and window.session is None


def test_an_unreachable_server_is_told_and_can_be_given_up(bench: Bench) -> None:
    window = bench.open()
    window.joining.join("Marko", LINK)
    bench.tell(LinkChanged(Link.WAITING, text="No answer from 127.0.0.1:8080", retry_ms=500))
    assert "cannot be reached" in bench.joining.message.cget("text")
    bench.joining.submit()
    assert window.session is None
    assert bench.joining.message.cget("text") == "Cancelled"


def test_escape_gives_an_attempt_up(bench: Bench) -> None:
    window = bench.open()
    window.joining.join("Marko", LINK)
    bench.keys("Escape")
    assert window.session is None


def test_a_chat_that_is_known_is_joined_by_a_click(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    assert [one.link for one in window.settings.servers] == [LINK]
    bench.close()
    bench.open()
    assert bench.joining.nick.get() == "Marko"
    assert "server" in texts_of(bench.joining.servers.widget)
    bench.click(bench.joining.servers.widget, 80, 28)
    assert bench.window.session is not None
    assert bench.joining.typed() == ("Marko", LINK)


def test_a_known_chat_is_forgotten_after_asking(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.window.leave_server()
    bench.settle()
    screen = bench.joining
    list_ = screen.servers.widget
    bench.click(list_, list_.winfo_width() - 24, 28)
    assert bench.window.session is None and len(bench.window.settings.servers) == 1
    bench.keys("Return")
    assert not bench.window.settings.servers and list(screen.servers.items) == []


def test_the_link_is_pasted_by_a_button(bench: Bench) -> None:
    window = bench.open()
    window.root.clipboard_clear()
    window.root.clipboard_append(f"  {LINK}\nand more")
    button = bench.joining.paste_button
    bench.click(button, button.winfo_width() // 2, button.winfo_height() // 2)
    bench.wait(lambda: bench.joining.link.get() == LINK, "the pasted link")


def test_language_is_changed_on_the_first_screen(bench: Bench) -> None:
    window = bench.open()
    bench.joining.link.insert(0, "zviazok://half")
    for language, word in (("uk", "Приєднатися"), ("pl", "Dołącz"), ("en", "Join")):
        window.change(replace(window.settings, language=language))
        bench.settle()
        assert bench.joining.join_button.text == word
        assert bench.joining.typed() == ("Marko", "zviazok://half")


class FakeHost:
    owner_link = ""

    def __init__(self, *words: object) -> None:
        self.words = words
        self.running = True

    def stop(self) -> None:
        self.running = False


def test_another_port_is_offered_if_the_usual_one_is_in_use(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert not ports.is_free(busy)
        monkeypatch.setattr(ports, "USUAL", busy)
        monkeypatch.setattr("gui.joining.Host", FakeHost)
        window = bench.open()
        screen = bench.joining
        screen.host()
        assert str(busy) in screen.message.cget("text") and window.joining.host is None
        other = screen.port.get()
        assert ports.is_free(int(other)) and other in screen.host_button.text
        screen.host()
        host = window.joining.host
        assert isinstance(host, FakeHost) and host.words[-1] == f"0.0.0.0:{other}"
        assert screen.join_button.text == "Cancel"
        screen.submit()
        assert not host.running


# --- theme, language, closing ---------------------------------------------------


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
    bench.close()
    assert bench.open("dark").settings.theme == "dark"


def test_settings_stay_open_when_another_language_builds_the_screen_anew(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    bench.main.composer.field.insert("half a sentence")
    bench.settle()
    before = bench.main
    bench.main.open_settings()
    bench.settle()
    sheet = bench.main.dialog
    assert isinstance(sheet, SettingsSheet)
    sheet.show("language")
    window.change(replace(window.settings, language="uk"))
    bench.settle()
    assert bench.main is not before and bench.main.composer.words() == "half a sentence"
    again = bench.main.dialog
    assert isinstance(again, SettingsSheet) and again.open and again.section == "language"
    again.close()
    assert bench.main.people.title.cget("text") == "У кімнаті"


@pytest.mark.parametrize(("button", "runs_on"), [("Return", False), ("Keep it running", True)])
def test_whoever_hosts_is_asked_before_closing(bench: Bench, button: str, runs_on: bool) -> None:
    window = bench.open()
    bench.enter()
    host = FakeHost()
    window.joining.host = host  # type: ignore[assignment]
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


def test_after_sleep_the_connection_is_looked_at(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    window._ticked_at -= 60
    bench.wait(lambda: bool(bench.client.asked("woke")), "a look at the connection")
