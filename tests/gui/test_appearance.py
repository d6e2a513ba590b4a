"""Whether the system is light or dark, by a real settings portal, and by gsettings."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui.desktop.appearance import Appearance
from tests.gui.desktopbus import Portal, SessionBus
from tests.gui.screens import wait_for

DARK, LIGHT, NO_WISH = 1, 2, 0


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    with SessionBus(tmp_path) as one:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", one.address)
        # Real ones of this machine must not be asked.
        monkeypatch.setenv("PATH", str(tmp_path))
        yield one


@pytest.fixture
def followed() -> Iterator[list[Appearance]]:
    made: list[Appearance] = []
    yield made
    for one in made:
        one.close()
    assert not [one for one in threading.enumerate() if one.name == "appearance"]


def pause() -> None:
    threading.Event().wait(0.01)


def test_without_a_desktop_it_is_light(followed: list[Appearance]) -> None:
    one = Appearance()
    followed.append(one)
    assert one.theme == "light"


def test_the_portal_is_read_and_watched(bus: SessionBus, followed: list[Appearance]) -> None:
    portal = Portal(bus.address, DARK)
    try:
        one = Appearance()
        followed.append(one)
        heard: list[str] = []
        one.watch(lambda: heard.append(one.theme))
        wait_for(lambda: one.theme == "dark", pause, "the portal")
        heard.clear()
        portal.change(LIGHT)
        wait_for(lambda: bool(heard), pause, "the change")
        assert heard == ["light"] and one.theme == "light"
        # What concerns something else, or changes nothing, is not told.
        portal.change(DARK, "contrast")
        portal.change(NO_WISH)
        portal.change(DARK)
        wait_for(lambda: len(heard) == 2, pause, "the next change")
        assert heard == ["light", "dark"]
    finally:
        portal.close()


def test_a_bus_that_ends_leaves_the_last_answer(
    bus: SessionBus, followed: list[Appearance]
) -> None:
    portal = Portal(bus.address, DARK)
    one = Appearance()
    followed.append(one)
    wait_for(lambda: one.theme == "dark", pause, "the portal")
    bus.end()
    portal.close()
    one._thread.join(10)
    assert not one._thread.is_alive()
    assert one.theme == "dark"


def test_where_there_is_no_portal_gsettings_is_watched(
    bus: SessionBus, tmp_path: Path, followed: list[Appearance]
) -> None:
    changes = tmp_path / "changes"
    os.mkfifo(changes)
    program = tmp_path / "gsettings"
    program.write_text(
        f"""#!/bin/sh
case $1 in
get) echo "'prefer-dark'" ;;
monitor) exec /bin/cat {changes} ;;
esac
"""
    )
    program.chmod(0o700)
    one = Appearance()
    followed.append(one)
    heard: list[str] = []
    wait_for(lambda: one.theme == "dark", pause, "gsettings get")
    one.watch(lambda: heard.append(one.theme))
    with changes.open("w") as pipe:
        pipe.write("color-scheme: 'default'\n")
        pipe.flush()
        wait_for(lambda: bool(heard), pause, "gsettings monitor")
        assert heard == ["light"]
        one.close()
        assert not one._thread.is_alive()
