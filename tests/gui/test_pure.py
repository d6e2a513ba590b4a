"""Palettes, sentences, row geometry, key codes, settings, hosting's link, decoding limits."""

import io
import json
import stat
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from gui import keys, settings, wording
from gui.hosting import find_link
from gui.model import Model
from gui.pictures import PictureError, decode, rounded
from gui.room import Entry, State
from gui.rowlayout import picture_size, rows_of, shape_of
from gui.theme import DARK, LIGHT, Palette, person_colour
from protocol.client.happenings import Arrived, Link, LinkChanged
from protocol.codes import EventKind
from tests.gui.fakes import DAY_MS, GENERAL, ME, NOON, image, notice, text, texts
from tests.gui.test_textlayout import Grid

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
    assert person_colour(palette, b"\x09abc") == palette.people[1]


# --- sentences --------------------------------------------------------------


def entry_of(message: object) -> Entry:
    model = Model()
    model.apply(Arrived(GENERAL, (message,), True), NOON)  # type: ignore[arg-type]
    (entry,) = model._early[GENERAL].entries
    return entry


def test_notices() -> None:
    assert wording.notice(entry_of(notice(1, "joined"))) == "Olena joined"
    renamed = entry_of(notice(1, "renamed", was="Olena", now="Olha"))
    assert wording.notice(renamed) == "Olena is now Olha"


def test_last_lines() -> None:
    assert wording.summary(entry_of(text(1, "a\nb")), direct=False) == "Olena: a b"
    assert wording.summary(entry_of(text(1, "a", person=ME)), direct=True) == "You: a"
    assert wording.summary(entry_of(image(1, 9, 9, b"x")), direct=True) == "Picture"


def test_days() -> None:
    today = date(2026, 11, 20)
    assert wording.day_line(today, today) == "Today"
    assert wording.day_line(date(2026, 11, 19), today) == "Yesterday"
    assert wording.day_line(date(2026, 1, 5), today) == "5 January"
    assert wording.day_line(date(2025, 12, 31), today) == "31 December 2025"


def test_the_connection_is_told_honestly() -> None:
    waiting = LinkChanged(Link.WAITING, "h:1", "No answer", 5000)
    assert wording.link_line(waiting) == "No answer – next try in 5 s"
    assert wording.link_line(waiting, 3000) == "No answer – next try in 2 s"
    assert wording.link_line(waiting, 9000) == "No answer – trying again"
    assert wording.link_line(LinkChanged(Link.ONLINE, "h:1")) == "Connected to h:1"


# --- rows -------------------------------------------------------------------


def entries(*messages: object) -> list[Entry]:
    model = Model()
    model.apply(Arrived(GENERAL, messages, True), NOON)  # type: ignore[arg-type]
    return model._early[GENERAL].entries


def test_messages_of_one_person_are_a_group() -> None:
    got = rows_of(entries(*texts(3, 8)), date(2026, 11, 20))
    assert [row.first for row in got] == [True, False, False, True, False, False]
    assert [row.last for row in got] == [False, False, True, False, False, True]
    assert [bool(row.day) for row in got] == [True, False, False, False, False, False]


def test_a_day_and_a_pause_end_a_group() -> None:
    one, two = text(1), text(2, ts=NOON + 16 * 60_000)
    three = text(3, ts=NOON + DAY_MS)
    got = rows_of(entries(one, two, three), date(2026, 11, 21))
    assert [row.first for row in got] == [True, True, True]
    assert [row.day for row in got] == ["Yesterday", "", "Today"]


def test_own_messages_stand_at_the_right_with_their_state() -> None:
    theirs, ours = rows_of(entries(text(1, "hi"), text(2, "ho", ME, "Marko")), date(2026, 11, 20))
    left = shape_of(theirs, 800, Grid(), 1.0)
    right = shape_of(ours, 800, Grid(), 1.0)
    assert left.bubble is not None and right.bubble is not None
    assert left.bubble.x < 100 and left.avatar is not None
    assert right.bubble.x + right.bubble.w == 784 and right.avatar is None
    assert right.meta.endswith("sent") and "sent" not in left.meta
    failed = Entry(9, 0, NOON, ME, "Marko", EventKind.TEXT, {"text": "x"}, True, 1, State.FAILED,
                   "not a member")  # fmt: skip
    shape = shape_of(rows_of([failed], date(2026, 11, 20))[0], 800, Grid(), 1.0)
    assert shape.meta.endswith("failed") and shape.reason is not None


@pytest.mark.parametrize("width", [200, 400, 800, 2000])
def test_everything_stays_inside_the_bubble(width: int) -> None:
    for message in (text(1, "word " * 80), image(1, 4000, 3000, b"x", "caption " * 9)):
        shape = shape_of(rows_of(entries(message), date(2026, 11, 20))[0], width, Grid(), 1.0)
        box, block = shape.bubble, shape.block
        assert box is not None and block is not None
        assert box.x >= 0 and box.x + box.w <= width
        assert shape.block_at[0] + block.width <= box.x + box.w
        assert shape.block_at[1] + block.height <= box.y + box.h <= shape.height
        assert shape.meta_at[0] <= box.x + box.w
        if shape.picture is not None:
            assert shape.picture.x + shape.picture.w <= box.x + box.w
            assert shape.picture.y + shape.picture.h <= shape.block_at[1]


def test_a_picture_keeps_its_proportions_and_is_not_blown_up() -> None:
    assert picture_size(1600, 1000, 320, 1.0) == (320, 200)
    assert picture_size(100, 50, 320, 1.0) == (100, 50)
    assert picture_size(1, 4000, 320, 1.0) == (24, 320)


# --- keys -------------------------------------------------------------------


def test_keys_of_other_scripts_are_known_by_their_place() -> None:
    assert keys.letter_of(54, "Cyrillic_es", "linux") == "c"
    assert keys.letter_of(54, "Thai_saraae", "linux") == "c"
    assert keys.letter_of(54, "c", "linux") == ""
    assert keys.letter_of(67, "Cyrillic_es", "win32") == "c"
    assert keys.letter_of(36, "Return", "linux") == ""


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


def test_read_marks(tmp_path: Path) -> None:
    settings.save_marks(tmp_path, {"aa": 5})
    assert settings.load_marks(tmp_path) == {"aa": 5}
    (tmp_path / "read.json").write_text(json.dumps({"aa": "x", "bb": -1}), encoding="utf-8")
    assert settings.load_marks(tmp_path) == {}


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
