"""Which link the window passes on, and what it remembers of the one that its user came by."""

import json
from pathlib import Path
from typing import Any

import pytest

from gui.views.settings.choosing import Choosing
from protocol.client.happenings import Done, Link, LinkChanged, Welcomed
from protocol.folders import profiles_folder
from tests.gui.conftest import LINK, Bench
from tests.gui.fakes import ME

BARE = LINK.removesuffix(".token")
FOR_SOME = ["Cvv8_3n0w", "L" + "0f" * 16]
ONLINE = LinkChanged(Link.ONLINE, "127.0.0.1:8080")


def remembered(home: Path) -> list[str]:
    """Return the links in gui.json."""
    path = profiles_folder(home) / "gui.json"
    value: Any = json.loads(path.read_text("utf-8"))
    return [one["link"] for one in value.get("servers", [])]


def come(bench: Bench, link: str) -> None:
    """Join by this link, as far as the session."""
    bench.window.joining.join("Marko", link)
    bench.wait(lambda: bench.window.session is not None, "the session")


def copied(bench: Bench) -> str:
    """Copy the link; return what is in the clipboard then, that was "before"."""
    root = bench.window.root
    root.clipboard_clear()
    root.clipboard_append("before")
    bench.main.copy_link()
    bench.settle()
    return root.clipboard_get()


def test_the_standing_link_is_passed_on(bench: Bench, home: Path) -> None:
    bench.open()
    bench.enter()
    assert copied(bench) == LINK and remembered(home) == [LINK]


@pytest.mark.parametrize("token", FOR_SOME)
def test_a_link_for_some_alone_is_not_passed_on_nor_kept(
    bench: Bench, home: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    bench.open()
    come(bench, f"{BARE}.{token}")
    bench.tell(Welcomed(ME, "Marko", "server"), ONLINE)
    said: list[str] = []
    monkeypatch.setattr(bench.main.talk.toast, "say", lambda text, bad: said.append(text))
    assert copied(bench) == "before"
    assert said == [bench.window.tr("main.link_for_one")]
    assert remembered(home) == [BARE]
    # Known by its device, one comes again without the token.
    bench.close()
    bench.open()
    come(bench, remembered(home)[0])
    assert bench.greeted == [f"{BARE}.{token}", BARE]
    bench.tell(Welcomed(ME, "Marko", "server"), ONLINE)
    assert copied(bench) == "before" and remembered(home) == [BARE]


@pytest.mark.parametrize("token", FOR_SOME)
def test_the_token_is_kept_until_the_server_has_let_one_in(
    bench: Bench, home: Path, token: str
) -> None:
    link = f"{BARE}.{token}"
    bench.open()
    come(bench, link)
    # A newcomer whose server is not to be reached: nothing is remembered, the field has it still.
    bench.tell(LinkChanged(Link.WAITING, "127.0.0.1:8080"))
    assert remembered(home) == []
    bench.window.joining.cancel()
    # Somebody whom this machine knows: what is on disk is shown before the server has answered.
    come(bench, link)
    bench.tell(Welcomed(ME, "Marko", "server"))
    bench.tell(LinkChanged(Link.WAITING, "127.0.0.1:8080"))
    assert copied(bench) == "before" and remembered(home) == [link]
    bench.tell(ONLINE, Welcomed(ME, "Marko", "server"))
    assert remembered(home) == [BARE]


def test_who_opens_another_link_passes_the_standing_one_on_as_before(
    bench: Bench, home: Path
) -> None:
    bench.open()
    bench.enter()
    bench.window.leave_server()
    bench.settle()
    come(bench, f"{BARE}.{FOR_SOME[0]}")
    bench.tell(Welcomed(ME, "Marko", "server"), ONLINE)
    assert bench.greeted[-1] == f"{BARE}.{FOR_SOME[0]}"
    assert copied(bench) == LINK and remembered(home) == [LINK]


def test_a_device_link_is_made_without_a_link_to_pass_on(bench: Bench) -> None:
    window = bench.open()
    come(bench, f"{BARE}.{FOR_SOME[0]}")
    bench.tell(Welcomed(ME, "Marko", "server"), ONLINE)
    assert window.session is not None
    made: list[tuple[str, str]] = []
    choosing = Choosing(window.session.controller, window, lambda: None)
    choosing.link_device(lambda link, why: made.append((link, why)))
    ((request, _),) = bench.client.asked("link_device")
    bench.tell(Done(request, text="L123"))
    assert made == [(f"{BARE}.L123", "")]
