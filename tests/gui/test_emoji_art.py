"""Pictures of emoji and icons: from the shipped sheet, opaque, kept while they are shown."""

import tkinter as tk

import pytest
from PIL import Image, ImageChops

from gui.emojis.sheet import SIDE, sheet
from gui.paint import iconpen, icons
from gui.paint.album import Album
from gui.text import emoji
from tests.gui.conftest import Stage
from tests.gui.screens import rgb


def ink(image: Image.Image, below: str) -> int:
    """How many pixels differ from the colour below."""
    flat = Image.new("RGB", image.size, below)
    changed = ImageChops.difference(image.convert("RGB"), flat).convert("L")
    return sum(changed.histogram()[8:])


def test_every_picture_of_the_sheet_can_be_read() -> None:
    one = sheet()
    seen = set()
    for sequence in (*one.base, *one.toned):
        image = one.picture(sequence)
        assert image is not None and image.mode == "RGBA" and image.size == (SIDE, SIDE)
        assert image.getbbox() is not None
        seen.add(image.tobytes())
    # Some flags are the same cloth: France and its islands, Norway and Svalbard.
    assert len(seen) > len(one.base) + len(one.toned) - 20


def test_the_groups_are_those_of_unicode() -> None:
    names = [name for name, _ in sheet().groups]
    assert names == [
        "smileys", "people", "animals", "food", "travel", "activities", "objects", "symbols",
        "flags",
    ]  # fmt: skip
    assert (sheet().base[0], sheet().base[-1][0]) == ("😀", "🏴")


def test_skin_tones() -> None:
    one = sheet()
    assert [one.toned_as("👍", tone) for tone in range(6)] == [
        "👍", "👍🏻", "👍🏼", "👍🏽", "👍🏾", "👍🏿",
    ]  # fmt: skip
    assert one.toned_as("☝️", 3) == "☝🏽"
    assert one.toned_as("👩\u200d❤️\u200d👨", 5) == "👩🏿\u200d❤️\u200d👨🏿"
    assert one.toned_as("😀", 3) == "😀" and not one.has_tones("😀")
    assert sum(one.has_tones(each) for each in one.base) > 300


def test_a_newer_sequence_is_drawn_as_the_nearest() -> None:
    one = sheet()

    def same(a: str, b: str) -> bool:
        left, right = one.picture(a), one.picture(b)
        return left is not None and right is not None and left.tobytes() == right.tobytes()

    assert same("🏃\u200d➡️", "🏃")
    assert same("👨🏽\u200d👩🏽\u200d👧", "👨\u200d👩\u200d👧")
    assert same("🏴\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f", "🏴")
    assert one.picture("\U0001fae9") is None


@pytest.mark.parametrize("side", [14, 20, 28, 64, 96])
@pytest.mark.parametrize("below", ["#ffffff", "#1e232f"])
def test_an_emoji_is_opaque_at_every_size(stage: Stage, side: int, below: str) -> None:
    stage.open()
    canvas = tk.Canvas(stage.root, width=120, height=120, bg=below, highlightthickness=0)
    canvas.place(x=0, y=0)
    image = stage.look.art.emoji("❤️", side, below)
    assert (image.width(), image.height()) == (side, side)
    canvas.create_image(0, 0, image=image, anchor="nw")
    shot = stage.shot().crop((0, 0, side, side))
    assert shot.getpixel((0, side - 1)) == rgb(below)
    red, green, blue = shot.getpixel((side // 2, side // 2))  # type: ignore[misc]
    assert red > 180 and green < 120 and blue < 120


def test_what_is_not_in_the_sheet_is_a_quiet_square(stage: Stage) -> None:
    stage.open()
    image = stage.look.art.emoji("\U0001fae9", 32, "#ffffff")
    canvas = tk.Canvas(stage.root, width=60, height=60, bg="#ffffff", highlightthickness=0)
    canvas.place(x=0, y=0)
    canvas.create_image(0, 0, image=image, anchor="nw")
    shot = stage.shot().crop((0, 0, 32, 32))
    assert 20 < ink(shot, "#ffffff") < 200


def test_what_is_shown_is_never_given_up(stage: Stage) -> None:
    stage.open()
    each = 4 * 20 * 20
    album = Album(stage.root, keep_bytes=10 * each)
    canvas = tk.Canvas(stage.root, width=200, height=200, bg="#ffffff", highlightthickness=0)
    canvas.place(x=0, y=0)

    def make(colour: str) -> Image.Image:
        return Image.new("RGB", (20, 20), colour)

    canvas.create_image(0, 0, image=album.get("shown", lambda: make("#ff0000")), anchor="nw")
    for number in range(100):
        album.get(number, lambda: make("#00ff00"))
    assert album.bytes <= 10 * each
    assert len(album) == album.bytes // each
    assert "shown" in album and 99 in album and 0 not in album
    assert stage.shot().getpixel((10, 10)) == (255, 0, 0)
    canvas.delete("all")
    stage.settle()
    for number in range(100, 120):
        album.get(number, lambda: make("#0000ff"))
    assert "shown" not in album


def test_more_may_be_shown_than_is_kept(stage: Stage) -> None:
    stage.open()
    album = Album(stage.root, keep_bytes=4 * 20 * 20 * 5)
    canvas = tk.Canvas(stage.root, width=800, height=30, bg="#ffffff", highlightthickness=0)
    canvas.place(x=0, y=0)
    for number in range(30):
        image = album.get(number, lambda: Image.new("RGB", (20, 20), "#ff0000"))
        canvas.create_image(number * 20, 0, image=image, anchor="nw")
        stage.root.update_idletasks()
    assert ink(stage.shot().crop((0, 0, 600, 20)), "#ffffff") == 600 * 20
    canvas.delete("all")
    stage.settle()
    for number in range(100, 104):
        album.get(number, lambda: Image.new("RGB", (20, 20), "#ff0000"))
    assert album.bytes <= 4 * 20 * 20 * 5


@pytest.mark.parametrize("side", [16, 18, 20, 22, 24, 32, 44])
def test_every_icon_has_ink_and_keeps_inside(side: int) -> None:
    for name in icons.ICONS:
        mask = iconpen.mask(name, side)
        assert mask is not None and mask.size == (side, side)
        assert mask.getbbox() is not None, name
        full = sum(mask.histogram()[200:])
        assert full > side // 4, f"{name} is blurred at {side}"


def test_straight_lines_are_crisp() -> None:
    for side in (16, 20, 22, 24):
        for name in ("plus", "menu"):
            mask = iconpen.mask(name, side)
            assert mask is not None
            levels = mask.histogram()
            grey = sum(levels[32:224])
            # Only the round ends are smoothed.
            assert grey <= 28, (name, side, grey)


def test_the_names_that_views_use_are_there() -> None:
    wanted = (
        "search settings smile clip file download check double-check clock warning bell bell-off "
        "reply forward edit trash copy more user hash at archive keyboard globe palette shield "
        "image back up plus-circle pin plus close send down leave link pencil again sun moon people"
    )
    assert [name for name in wanted.split() if iconpen.mask(name, 16) is None] == []
    assert iconpen.mask("bell_off", 16) is not None
    assert iconpen.mask("nothing", 16) is None


def test_the_quick_reactions_are_six_known_emoji() -> None:
    assert len(set(emoji.QUICK)) == 6
    assert all(sheet().knows(one) and emoji.found(one) == [one] for one in emoji.QUICK)
