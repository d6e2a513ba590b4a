"""What makes a notification, how it is put, and that a real notification service gets it."""

import gc
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from gui.chat.room import Entry, Notify, Room, Sound
from gui.desktop.notifications import (
    BODY_MAX,
    HOLD_S,
    Gatherer,
    Notifier,
    Shown,
    notice,
    should_notify,
    sound_of,
)
from gui.settings import Settings
from gui.words.i18n import Words
from protocol.codes import EventKind
from tests.gui.desktopbus import Notifications, SessionBus
from tests.gui.screens import wait_for

ME, OLENA = b"m" * 16, b"o" * 16
ROOM, OTHER = b"r" * 16, b"x" * 16
NOW = 1_795_176_000.0


def said(text: str = "hello", seq: int = 7, **changes: Any) -> Entry:
    entry = Entry(
        key=seq, seq=seq, ts=int(NOW * 1000), person=OLENA, nick="Olena", kind=EventKind.TEXT,
        body={"text": text}, own=False,
    )  # fmt: skip
    return replace(entry, **changes)


def decide(
    entry: Entry, room: Room | None = None, settings: Settings | None = None,
    focused: bool = False, active: bytes = b"",
) -> bool:  # fmt: skip
    return should_notify(
        room or Room(ROOM), entry, ME, settings or Settings(), focused, active, NOW
    )


# --- the decision --------------------------------------------------------------


def test_what_somebody_says_is_news_unless_it_is_looked_at() -> None:
    assert decide(said())
    assert decide(said(), focused=True, active=OTHER)
    assert decide(said(), focused=False, active=ROOM)
    assert not decide(said(), focused=True, active=ROOM)
    assert not decide(said(), settings=Settings(notify=False))


@pytest.mark.parametrize("kind", [EventKind.IMAGE, EventKind.FILE])
def test_pictures_and_files_are_news(kind: EventKind) -> None:
    assert decide(said(kind=kind, body={}))


@pytest.mark.parametrize(
    "changes",
    [
        {"own": True},
        {"deleted": True, "body": {}},
        {"kind": EventKind.NOTICE, "body": {"what": "joined"}},
        {"kind": EventKind.EDIT, "body": {"of": 3, "text": "x", "mentions": (ME,)}},
        {"kind": EventKind.DELETE, "body": {"of": 3}},
        {"kind": EventKind.REACT, "body": {"of": 3, "emoji": "👍"}},
        {"kind": 999, "body": {}},
    ],
)
def test_one_s_own_notices_and_changes_never_are(changes: dict[str, Any]) -> None:
    assert not decide(said(**changes))


def test_a_muted_room_is_quiet_even_when_one_is_named() -> None:
    named = said(body={"text": "@Me", "mentions": (ME,)})
    assert not decide(named, Room(ROOM, quiet_until=NOW + 1))
    assert decide(named, Room(ROOM, quiet_until=NOW - 1))
    assert not decide(named, Room(ROOM, notify=Notify.NONE))


def test_a_room_that_is_for_mentions_only() -> None:
    own = said("mine", seq=3, own=True, person=ME)
    room = Room(ROOM, notify=Notify.MENTIONS, entries=[own, said("theirs", seq=4)])
    assert not decide(said(), room)
    assert not decide(said(body={"text": "@Marko", "mentions": (OLENA,)}), room)
    assert decide(said(body={"text": "@Me", "mentions": (OLENA, ME)}), room)
    assert decide(said(body={"text": "yes", "reply": 3}), room)
    assert not decide(said(body={"text": "yes", "reply": 4}), room)
    assert not decide(said(body={"text": "yes", "reply": 99}), room)


def test_the_choice_of_a_room_holds_against_the_settings() -> None:
    off = Settings(notify=False)
    assert decide(said(), Room(ROOM, notify=Notify.ALL), off)
    named = said(body={"text": "@Me", "mentions": (ME,)})
    assert decide(named, Room(ROOM, notify=Notify.MENTIONS), off)
    assert not decide(said(), Room(ROOM, notify=Notify.MENTIONS), off)
    assert not decide(named, Room(ROOM), off)
    assert not decide(named, Room(ROOM, notify=Notify.ALL, quiet_until=NOW + 1), off)


@pytest.mark.parametrize(
    ("room", "settings", "heard"),
    [
        (Sound.DEFAULT, Settings(), Sound.NOTES),
        (Sound.DEFAULT, Settings(chime="wood"), Sound.WOOD),
        (Sound.DEFAULT, Settings(sound=False), Sound.NONE),
        (Sound.DROP, Settings(), Sound.DROP),
        (Sound.DROP, Settings(sound=False), Sound.DROP),
        (Sound.NONE, Settings(), Sound.NONE),
    ],
)
def test_a_room_sounds_as_it_was_chosen(room: Sound, settings: Settings, heard: Sound) -> None:
    assert sound_of(Room(ROOM, sound=room), settings) is heard


# --- the words -------------------------------------------------------------------


def test_one_message_is_shown_with_who_and_where() -> None:
    tr = Words("en")
    assert notice(tr, "general", False, [said()], True) == ("Olena · general", "hello")
    assert notice(tr, "Olena", True, [said()], True) == ("Olena", "hello")
    assert notice(tr, "general", False, [said()], False) == ("Olena · general", "")


def test_several_messages_are_counted_in_every_language() -> None:
    many = [said(f"m{n}", seq=n) for n in range(1, 6)]
    heads = {
        language: notice(Words(language), "general", False, many, False)[0]
        for language in ("en", "uk", "pl", "ru", "th")
    }
    assert heads == {
        "en": "5 new messages in general",
        "uk": "5 нових повідомлень в «general»",
        "pl": "5 nowych wiadomości w „general”",
        "ru": "5 новых сообщений в «general»",
        "th": "ข้อความใหม่ 5 ข้อความใน general",
    }
    _head, body = notice(Words("en"), "general", False, many, True)
    assert body.endswith("m5") and "m4" not in body


def test_without_words_nothing_shows_what_was_said() -> None:
    for entries in ([said("secret")], [said("secret"), said("secret", seq=8)]):
        for direct in (True, False):
            assert "secret" not in "".join(notice(Words("en"), "room", direct, entries, False))


def test_strangers_words_are_cleaned_and_cut() -> None:
    nasty = said("a\u202eb\x07" + "x" * 5000, nick="O\u202elena")
    head, body = notice(Words("en"), "r\x00oom", False, [nasty], True)
    assert head == "Olena · room"
    assert body.startswith("abxxx") and len(body) == BODY_MAX and body.endswith("…")


def test_what_follows_a_notification_is_gathered() -> None:
    held = Gatherer()
    assert held.wait_s(0.0) is None
    held.add(ROOM, [said("1")])
    assert held.wait_s(0.0) == 0.0
    assert [(room, len(entries)) for room, entries in held.due(0.0)] == [(ROOM, 1)]
    for n in range(5):
        held.add(ROOM, [said(str(n))])
        assert held.due(0.1 * n) == []
    # Another room does not wait for this one.
    held.add(OTHER, [said("x")])
    assert [room for room, _ in held.due(1.0)] == [OTHER]
    assert held.wait_s(1.0) == pytest.approx(HOLD_S - 1.0)
    assert [(room, len(entries)) for room, entries in held.due(HOLD_S)] == [(ROOM, 5)]
    assert held.due(100.0) == [] and held.wait_s(100.0) is None


def test_what_was_looked_at_is_not_told_any_more() -> None:
    held = Gatherer()
    held.add(ROOM, [said()])
    held.due(0.0)
    held.add(ROOM, [said()])
    held.seen(ROOM)
    assert held.due(100.0) == []
    held.add(ROOM, [said()])
    assert len(held.due(100.1)) == 1


# --- the service -------------------------------------------------------------------


class Desk:
    """A notifier, with the "Tk thread" turned by hand."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.unreachable: list[Shown] = []
        self.clicked: list[str] = []
        self.notifier = Notifier(self.queue.put, self.unreachable.append)

    def turn(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()()

    def show(self, room: bytes, title: str, body: str = "") -> None:
        self.notifier.show(room, title, body, lambda: self.clicked.append(title))

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        wait_for(condition, self.turn, what)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    with SessionBus(tmp_path) as one:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", one.address)
        yield one


@pytest.fixture
def service(bus: SessionBus) -> Iterator[Notifications]:
    one = Notifications(bus.address)
    yield one
    one.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    one = Desk()
    yield one
    one.notifier.close()


def test_a_notification_reaches_the_desktop_and_a_click_comes_back(
    service: Notifications, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.show(ROOM, "Olena · general", "if a < b & c: <b>bold</b> 🙂 привіт")
    desk.wait(lambda: len(service.shown) == 1, "Notify")
    which, title, body = service.shown[0]
    assert title == "Olena · general"
    # The body is markup: what people wrote must arrive as they wrote it.
    assert body == "if a &lt; b &amp; c: &lt;b&gt;bold&lt;/b&gt; 🙂 привіт"
    assert service.calls[0][0] == "Zviazok"
    assert service.calls[0][2].endswith("mark.png")
    assert not desk.clicked
    service.click(which)
    desk.wait(lambda: bool(desk.clicked), "the click")
    assert desk.clicked == ["Olena · general"]
    assert not desk.unreachable
    assert "привіт" not in caplog.text and "Olena" not in caplog.text


def test_a_room_has_one_notification_and_looking_clears_it(
    service: Notifications, desk: Desk
) -> None:
    desk.show(ROOM, "one")
    desk.show(OTHER, "another room")
    desk.show(ROOM, "two")
    desk.wait(lambda: len(service.shown) == 3, "Notify")
    assert service.closed == [1]
    desk.notifier.clear(ROOM)
    desk.wait(lambda: len(service.closed) == 2, "CloseNotification")
    assert service.closed == [1, 3]
    desk.notifier.clear(ROOM)
    desk.show(ROOM, "three")
    desk.wait(lambda: len(service.shown) == 4, "Notify")
    assert service.closed == [1, 3]


def test_one_that_was_dismissed_is_not_closed_again(service: Notifications, desk: Desk) -> None:
    desk.show(ROOM, "one")
    desk.wait(lambda: len(service.shown) == 1, "Notify")
    service.dismiss(1)
    desk.show(ROOM, "two")
    desk.wait(lambda: len(service.shown) == 2, "Notify")
    assert not desk.unreachable and not desk.clicked


def test_closing_takes_all_of_them_away(service: Notifications, desk: Desk) -> None:
    desk.show(ROOM, "one")
    desk.show(OTHER, "two")
    desk.wait(lambda: len(service.shown) == 2, "Notify")
    desk.notifier.close()
    desk.wait(lambda: sorted(service.closed) == [1, 2], "CloseNotification")
    desk.show(ROOM, "too late")
    assert len(service.shown) == 2


def test_without_a_bus_the_window_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    desk.show(ROOM, "Olena", "hello")
    desk.wait(lambda: bool(desk.unreachable), "the way out")
    assert [(one.room, one.title, one.body) for one in desk.unreachable] == [
        (ROOM, "Olena", "hello")
    ]
    desk.unreachable[0].on_click()
    assert desk.clicked == ["Olena"]


def test_without_a_service_on_the_bus_the_window_is_told(bus: SessionBus, desk: Desk) -> None:
    desk.show(ROOM, "Olena")
    desk.show(OTHER, "Somchai")
    desk.wait(lambda: len(desk.unreachable) == 2, "the way out")


def test_a_bus_that_dies_is_noticed(bus: SessionBus, service: Notifications, desk: Desk) -> None:
    desk.show(ROOM, "one")
    desk.wait(lambda: len(service.shown) == 1, "Notify")
    lost = desk.notifier._desk
    assert lost is not None
    connection = lost._service._backend.bus
    bus.end()
    desk.wait(lambda: not connection.connected, "the end of the connection")
    desk.notifier.clear(ROOM)
    desk.show(ROOM, "two")
    desk.wait(lambda: len(desk.unreachable) == 1, "the way out")
    # What nobody waits for must not be complained about by asyncio, either.
    desk.notifier.close()
    gc.collect()
