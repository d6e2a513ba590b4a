"""Title and icon of the window."""

import pytest
from PIL import ImageChops

from gui.desktop.windowicon import SIDES, WindowIcon, badge_of, mark, title_of
from gui.paint.slices import Steps
from protocol.client.happenings import Arrived
from tests.gui.conftest import Bench, Stage
from tests.gui.fakes import DIRECT, texts


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


def test_title_and_icon_count_what_is_unread_in_the_whole_window(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    assert window.root.title() == "general – Zviazok"
    bench.tell(Arrived(DIRECT, texts(1, 3, DIRECT), True))
    assert window.root.title() == "(3) general – Zviazok"
    bench.wait(lambda: window.news.icon.badge == "3", "the number in the icon")
    bench.main.open_room(DIRECT)
    bench.wait(lambda: window.root.title() == "Olena – Zviazok", "another title")
    bench.wait(lambda: window.news.icon.badge == "", "no number in the icon")
    window.leave_server()
    bench.wait(lambda: window.root.title() == "Zviazok", "the title of the first screen")


def test_a_number_that_is_passed_over_is_not_drawn(stage: Stage) -> None:
    stage.open()
    waiting: list[Steps] = []
    icon = WindowIcon(stage.root, waiting.append)
    icon.show(1, "")
    icon.show(2, "")
    assert icon.badge == "", "it is drawn later"
    for steps in waiting:
        for _ in steps:
            assert icon.badge != "1"
    assert icon.badge == "2"
