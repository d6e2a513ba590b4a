"""Title and icon of the window."""

import pytest
from PIL import ImageChops

from gui.desktop.windowicon import SIDES, WindowIcon, badge_of, mark, title_of
from tests.gui.conftest import Stage


@pytest.mark.parametrize(
    ("unread", "place", "title"),
    [
        (0, "", "Zviazok"),
        (0, "general", "general – Zviazok"),
        (3, "general", "(3) general – Zviazok"),
        (12, "", "(12) Zviazok"),
    ],
)
def test_titles(unread: int, place: str, title: str) -> None:
    assert title_of(unread, place) == title


def test_badges() -> None:
    assert [badge_of(n) for n in (-1, 0, 1, 9, 10, 500)] == ["", "", "1", "9", "9+", "9+"]


@pytest.mark.parametrize("side", SIDES)
def test_the_mark_in_every_size_with_and_without_a_number(side: int) -> None:
    plain, three, four = mark(side), mark(side, "3"), mark(side, "4")
    assert plain.size == (side, side) and plain.mode == "RGBA"
    assert plain.getpixel((0, 0)) == (0, 0, 0, 0), "round corners"
    assert ImageChops.difference(plain.convert("RGB"), three.convert("RGB")).getbbox()
    assert ImageChops.difference(three.convert("RGB"), four.convert("RGB")).getbbox()


def test_the_window_gets_title_and_icon(stage: Stage) -> None:
    stage.open()
    icon = WindowIcon(stage.root)
    assert stage.root.title() == "Zviazok"
    before = len(stage.root.image_names())
    icon.show(3, "general")
    assert stage.root.title() == "(3) general – Zviazok"
    photos = [str(one) for one in icon._photos]
    icon.show(3, "Olena")
    assert stage.root.title() == "(3) Olena – Zviazok"
    assert [str(one) for one in icon._photos] == photos, "the same number is not drawn again"
    for unread in range(30):
        icon.show(unread, "general")
    assert len(stage.root.image_names()) == before
