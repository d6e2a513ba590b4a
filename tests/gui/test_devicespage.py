"""The section of one's devices: shutting one out, a link for another, fingerprints."""

import time
import tkinter as tk
from pathlib import Path

import pytest

from gui.views.settings import devicespage
from gui.views.sheet import Sheet
from gui.words.i18n import LANGUAGES
from tests.gui.conftest import Stage
from tests.gui.test_settingssheet import LINK, Opened, labels

OTHER = b"\xab\xcd" * 4


def test_ones_devices_are_listed_and_another_one_is_shut_out(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "devices")
    said = labels(opened.sheet.pane.inner)
    assert "This device" in said and "online · 1234 1234 1234 1234" in said
    assert "Device 2" in said and "offline · abcd abcd abcd abcd" in said
    assert "device1" not in opened.sheet.parts, "this one cannot shut itself out"
    opened.click(opened.part("device0"))
    assert opened.acts.asked == [("devices",)], "it is asked first"
    stage.keys("Escape")
    assert Sheet.top() is opened.sheet.sheet
    opened.click(opened.part("device0"))
    stage.keys("Return")
    assert opened.acts.asked[1:] == [("change_device", OTHER, True), ("devices",)]
    assert any(one.startswith("shut out") for one in labels(opened.sheet.pane.inner))
    assert not opened.part("device0").winfo_exists(), "it stays shut out"


def test_why_the_devices_cannot_be_told_stands_there(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "privacy")
    opened.acts.reason = "Not connected"
    opened.sheet.show("devices")
    stage.settle()
    assert opened.part("devices_answer").cget("text") == "Not connected"
    assert opened.part("devices_answer").winfo_ismapped()


def test_a_link_for_another_device_is_made_and_copied_and_counts_down(
    stage: Stage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Opened(stage, home, "devices")
    opened.acts.reason = "Not connected"
    opened.click(opened.part("link_get"))
    assert opened.part("link_answer").cget("text") == "Not connected"
    assert not opened.part("link").winfo_ismapped()
    opened.acts.reason = ""
    monkeypatch.setattr(devicespage, "TICK_MS", 1)
    now = [1_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    opened.click(opened.part("link_get"))
    assert opened.part("link").get() == LINK
    said = opened.part("link_answer")
    assert said.cget("text") == "Works once, still 10 min 00 s."
    opened.click(opened.part("link_copy"))
    assert stage.root.clipboard_get() == LINK and opened.part("link_done").winfo_ismapped()
    now[0] += 570
    stage.wait(lambda: "30 s" in said.cget("text"), "the time to go on")
    opened.click(opened.part("link_get"))
    stage.wait(lambda: "10 min" in said.cget("text"), "the time of another link")
    now[0] += 601
    stage.wait(lambda: not opened.part("link").winfo_ismapped(), "the link to go")
    assert "over" in said.cget("text")


def test_fingerprints_of_both_are_shown(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "devices")
    assert opened.part("print_device").cget("text") == "0123 4567 89ab cdef"
    assert opened.part("print_server").cget("text") == "fedc ba98 7654 3210"


def test_the_log_is_offered_to_moderators_alone(stage: Stage, home: Path) -> None:
    opened = Opened(stage, home, "device")
    assert "audit" not in opened.sheet.parts
    opened.acts.moderator = True
    opened.sheet.show("device")
    stage.settle()
    opened.part("audit").invoke()
    assert opened.acts.asked == [("show_audit",)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_of_it_is_wider_than_its_place(stage: Stage, home: Path, language: str) -> None:
    opened = Opened(stage, home, "devices", "dark", 2.0, language, (1000, 900))
    room = opened.sheet.pane.room
    waiting: list[tk.Misc] = [opened.sheet.pane.inner]
    while waiting:
        one = waiting.pop()
        waiting.extend(one.winfo_children())
        left = one.winfo_rootx() - opened.sheet.pane.inner.winfo_rootx()
        assert left + one.winfo_reqwidth() <= room + 2 or not one.winfo_ismapped(), one
