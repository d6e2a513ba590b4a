"""Palettes, sentences, row geometry, key codes, settings, hosting's link, decoding limits."""

import io
import stat
from pathlib import Path

import pytest
from PIL import Image

from gui import settings
from gui.hosting import find_link
from gui.paint.pictures import PictureError, decode, rounded
from gui.paint.theme import DARK, LIGHT, Palette, person_colour

# --- colours ----------------------------------------------------------------


def light_of(colour: str) -> float:
    def part(at: int) -> float:
        value = int(colour[at : at + 2], 16) / 255
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)


def contrast(one: str, two: str) -> float:
    high, low = sorted((light_of(one), light_of(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PAIRS = (
    ("text", "theirs"), ("text", "side"), ("text", "card"), ("text", "field"), ("text", "pill"),
    ("quiet", "theirs"), ("quiet", "side"), ("quiet", "card"), ("quiet", "chat"),
    ("quiet", "pill"), ("on_ours", "ours"), ("quiet_ours", "ours"), ("on_accent", "accent"),
    ("on_accent", "accent_hover"), ("on_pill", "pill"), ("link", "theirs"), ("link_ours", "ours"),
    ("danger", "card"), ("danger", "ours"), ("on_veil", "veil"), ("accent", "card"),
)  # fmt: skip


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda one: one.name)
@pytest.mark.parametrize(("ink", "below"), PAIRS, ids="-".join)
def test_everything_can_be_read(palette: Palette, ink: str, below: str) -> None:
    assert contrast(getattr(palette, ink), getattr(palette, below)) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda one: one.name)
def test_names_can_be_read_and_keep_their_colour(palette: Palette) -> None:
    assert all(contrast(colour, palette.theirs) >= 4.5 for colour in palette.people)
    letter = "#ffffff" if palette is LIGHT else "#10131b"
    assert all(contrast(colour, letter) >= 4.5 for colour in palette.people)
    assert person_colour(palette, b"\x0dabc") == palette.people[1]


# --- settings ---------------------------------------------------------------

LINK = "zviazok://127.0.0.1:8080/#" + "A" * 43


def test_settings_come_back_for_the_owner_alone(tmp_path: Path) -> None:
    kept = settings.Settings("Оля", "dark").joined(LINK, "Оля")
    settings.save(tmp_path, kept)
    assert settings.load(tmp_path) == kept
    assert stat.S_IMODE((tmp_path / "gui.json").stat().st_mode) == 0o600
    again = kept.joined(LINK.replace("127.0.0.1", "example.org"), "Olya")
    assert [one.name for one in again.servers] == ["example.org:8080"]


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"nick": 5, "servers": [1, {"name": 2}]}', '{"scale": 99}']
)
def test_damaged_settings_do_not_stop_the_window(tmp_path: Path, damage: str) -> None:
    (tmp_path / "gui.json").write_text(damage, encoding="utf-8")
    assert settings.load(tmp_path) == settings.Settings()


# --- hosting ----------------------------------------------------------------


def test_the_link_is_found_once_its_line_is_whole() -> None:
    assert find_link("starting\nzviazok://h:1/#key") == ""
    assert find_link("starting\n  join with zviazok://h:1/#key\n") == "zviazok://h:1/#key"


# --- pictures ---------------------------------------------------------------


def png(width: int, height: int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height), (200, 10, 10, 0)[: len(mode)]).save(file, "PNG")
    return file.getvalue()


def test_pictures_are_shrunk_to_fit() -> None:
    assert decode(png(400, 200), (100, 100)).size == (100, 50)
    assert decode(png(10, 10), (100, 100)).size == (10, 10)
    assert decode(png(10, 10), (100, 80), grow=True).size == (100, 80)


def test_what_is_not_a_picture_or_too_large_is_refused() -> None:
    file = io.BytesIO()
    Image.new("1", (6000, 5000)).save(file, "PNG")
    for bad in (b"", b"hello", png(9, 9)[:40], file.getvalue(), b"P6 1 1 255 abc"):
        with pytest.raises(PictureError):
            decode(bad, (100, 100))


def test_round_corners_show_what_is_below() -> None:
    made = rounded(decode(png(40, 40), (40, 40)), 10, "#00ff00")
    assert made.getpixel((0, 0)) == (0, 255, 0)
    assert made.getpixel((20, 20)) == (200, 10, 10)
    clear = rounded(decode(png(40, 40, "RGBA"), (40, 40)), 10, "#00ff00")
    assert clear.getpixel((20, 20)) == (0, 255, 0)
