"""A link whose address is known by another key: the window stops and shows both."""

import pytest

from gui.session import begin
from gui.views.keysheet import KeySheet
from gui.views.sheet import Sheet
from gui.words.i18n import LANGUAGES
from protocol.client.pins import Pins
from protocol.folders import profiles_folder
from protocol.invite import Invite
from protocol.keys import fingerprint, make
from tests.gui.conftest import LINK, Bench
from tests.gui.test_settingssheet import labels

ADDRESS = "127.0.0.1:8080"


def stopped(bench: Bench) -> bytes:
    """Join with a link whose address was met with another key; return that key."""
    window = bench.open()
    key = make().public
    Pins(profiles_folder(bench.profile.folder)).add(ADDRESS, key)
    window.joining._begin = begin
    window.joining.join("Marko", LINK)
    bench.wait(lambda: Sheet.top() is not None, "the sheet")
    return key


def test_both_fingerprints_are_shown_and_nothing_is_joined(bench: Bench) -> None:
    key = stopped(bench)
    top = Sheet.top()
    assert top is not None and bench.window.session is None
    said = labels(top.card)
    assert fingerprint(key) in said and fingerprint(Invite.parse(LINK).server_key) in said
    assert any(ADDRESS in one for one in said)
    bench.keys("Return")
    assert Sheet.top() is None, "the first button does not join"
    assert Pins(profiles_folder(bench.profile.folder)).known() == {ADDRESS: key}
    assert ADDRESS in bench.joining.message.cget("text")
    assert not bench.joining._busy, "another link can be tried"


def test_who_knows_better_forgets_the_known_key_and_has_to_join_again(bench: Bench) -> None:
    stopped(bench)
    bench.keys("Tab", "Return")
    bench.wait(lambda: "forgotten" in bench.joining.message.cget("text"), "it to be forgotten")
    assert Pins(profiles_folder(bench.profile.folder)).known() == {}
    assert bench.window.session is None and not bench.client.started


def test_all_addresses_of_the_known_key_are_forgotten_at_once(bench: Bench) -> None:
    window = bench.open()
    pins, key = Pins(profiles_folder(bench.profile.folder)), make().public
    for address in (ADDRESS, "127.0.0.1:8081"):
        pins.add(address, key)
    window.joining._begin = begin
    window.joining.join("Marko", LINK.replace(ADDRESS, f"{ADDRESS},127.0.0.1:8081"))
    bench.wait(lambda: Sheet.top() is not None, "the sheet")
    top = Sheet.top()
    assert top is not None and any(f"{ADDRESS} (+1)" in one for one in labels(top.card))
    bench.keys("Tab", "Return")
    bench.wait(lambda: "forgotten" in bench.joining.message.cget("text"), "it to be forgotten")
    assert pins.known() == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_sheet_fits_into_the_smallest_window(bench: Bench, language: str, scale: float) -> None:
    window = bench.open(scale=scale, language=language)
    px = window.look.px
    window.root.geometry(f"{px(400)}x{px(440)}")
    bench.settle()
    printed = fingerprint(bytes(32))
    sheet = KeySheet(window.root, window.look, ADDRESS, printed, printed, lambda: None)
    bench.settle()
    card = sheet.sheet.card
    assert card.winfo_height() >= card.winfo_reqheight(), "nothing is cut off"
    for one in sheet.buttons:
        bottom = one.winfo_rooty() + one.winfo_height()
        assert bottom <= window.root.winfo_rooty() + window.root.winfo_height()
        assert one.winfo_rootx() >= window.root.winfo_rootx()
    sheet.sheet.close()
