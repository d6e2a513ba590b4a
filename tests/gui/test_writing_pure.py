"""What the composer and the viewer think with, without a display."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from gui.chat.attachments import Attachment, inspect, shrunk_size
from gui.desktop.filenames import safe_name, save_copy
from gui.paint import zoom
from gui.paint.zoom import SCALE_MAX, TILE, Zoom, fit
from gui.text import mentions
from gui.text.mentions import Wanted, wanted
from gui.text.undo import History, Moment
from protocol.limits import BLOB_MAX_BYTES, MENTIONS_MAX
from tests.gui.fakes import OLENA
from tests.gui.writing import ALL, JAN

# --- undo ---------------------------------------------------------------------


def typed(history: History, words: str, start: str = "") -> str:
    for char in words:
        start += char
        history.note(start, len(start))
    return start


def test_typing_is_undone_word_by_word_and_comes_back() -> None:
    history = History()
    typed(history, "one two")
    assert history.undo() == Moment("one ", 4)
    assert history.undo() == Moment("", 0)
    assert history.undo() is None
    assert history.redo() == Moment("one ", 4)
    assert history.redo() == Moment("one two", 7)
    assert history.redo() is None


def test_another_place_and_another_kind_are_other_steps() -> None:
    history = History()
    typed(history, "abc")
    history.note("abc", 0)
    history.note("xabc", 1)
    history.note("abc", 0)
    assert history.undo() == Moment("xabc", 1)
    assert history.undo() == Moment("abc", 0)
    assert history.undo() == Moment("", 0)


def test_writing_anew_forgets_what_was_undone() -> None:
    history = History()
    typed(history, "a b")
    history.undo()
    history.note("a c", 3)
    assert history.redo() is None
    history.reset("other")
    assert history.undo() is None


@given(st.lists(st.tuples(st.text(max_size=30), st.integers(0, 30)), max_size=40))
def test_undo_leads_back_to_the_beginning_and_redo_to_the_end(
    moments: list[tuple[str, int]],
) -> None:
    history = History()
    last = ""
    for text, cursor in moments:
        history.note(text, min(cursor, len(text)))
        last = text
    first, steps = last, 0
    while (moment := history.undo()) is not None:
        first, steps = moment.text, steps + 1
    assert first == ""
    for _ in range(steps):
        moment = history.redo()
        assert moment is not None
        first = moment.text
    assert first == last


# --- mentions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "want"),
    [
        ("@", Wanted("person", 0, "")),
        ("hi @Ja", Wanted("person", 3, "Ja")),
        ("(@Jan Łę", Wanted("person", 1, "Jan Łę")),
        ("mail me@example", None),
        ("привіт @Ол", Wanted("person", 7, "Ол")),
        ("well :sm", Wanted("emoji", 5, "sm")),
        ("well :smile:", Wanted("emoji", 5, "smile", True)),
        (":серце", Wanted("emoji", 0, "серце")),
        ("at 12:30", None),
        ("http://example", None),
        (":s", None),
        ("plain", None),
    ],
)  # fmt: skip
def test_what_is_being_completed(before: str, want: Wanted | None) -> None:
    assert wanted(before + " after", len(before)) == want


def test_people_are_found_from_the_beginning_then_inside() -> None:
    def nicks(word: str) -> list[str]:
        return [one.nick for one in mentions.matching(ALL, word, 8)]

    assert nicks("") == ["Olena", "สมชาย", "Jan Łęcki", "Jan"]
    assert nicks("jan") == ["Jan Łęcki", "Jan"]
    assert nicks("LECK") == ["Jan Łęcki"], "without the marks, and inside"
    assert nicks("สม") == ["สมชาย"]
    assert nicks("Jan ") == ["Jan Łęcki"], "a space only counts at the beginning"
    assert nicks("n") == ["Olena", "Jan Łęcki", "Jan"]
    assert nicks("nobody") == []


def test_the_longest_exact_name_is_the_one_that_is_named() -> None:
    jan = next(one.person for one in ALL if one.nick == "Jan")

    def named(text: str) -> tuple[bytes, ...]:
        return mentions.named(text, ALL, {"Gone": b"gone"})

    assert named("@Jan Łęcki and @Jan, @Olena!") == (JAN, jan, OLENA)
    assert named("@Olena @Olena") == (OLENA,)
    assert named("@Olenka @olena mail@x.org @") == ()
    assert named("@Gone") == (b"gone",), "who was picked and has another name by now"
    many = {f"n{number}": bytes((number,)) for number in range(50)}
    text = " ".join(f"@{nick}" for nick in many)
    assert len(mentions.named(text, (), many)) == MENTIONS_MAX


# --- zoom ---------------------------------------------------------------------

SIDES = st.integers(1, 8000)
WINDOWS = st.tuples(st.integers(64, 3000), st.integers(64, 3000))


@given(st.tuples(SIDES, SIDES), WINDOWS)
def test_a_picture_fits_and_stands_in_the_middle(
    picture: tuple[int, int], window: tuple[int, int]
) -> None:
    now = fit(picture, window)
    assert now.fits and now.scale <= 1
    for at, size, room in zip((now.x, now.y), now.size, window, strict=True):
        assert size <= room + 1
        assert abs(at * 2 + size - room) <= 1.01


@given(
    st.tuples(st.integers(50, 4000), st.integers(50, 4000)),
    WINDOWS,
    st.lists(
        st.tuples(st.floats(0.2, 5), st.floats(0, 1), st.floats(0, 1), st.integers(-500, 500)),
        max_size=8,
    ),
)
def test_whatever_is_done_the_window_is_covered_and_tiles_cover_what_is_seen(
    picture: tuple[int, int],
    window: tuple[int, int],
    acts: list[tuple[float, float, float, int]],
) -> None:
    now = fit(picture, window)
    for factor, x, y, by in acts:
        now = now.at(now.scale * factor, x * window[0], y * window[1]).moved(by, -by)
        assert now.scale <= SCALE_MAX
        for at, size, room in zip((now.x, now.y), now.size, window, strict=True):
            if size > room:
                assert at <= 0.01 and at + size >= room - 0.01
            else:
                assert abs(at * 2 + size - room) < 0.01
    cells = set(now.cells())
    for x in (max(0, now.x), min(window[0], now.x + now.size[0]) - 1):
        for y in (max(0, now.y), min(window[1], now.y + now.size[1]) - 1):
            cell = (int(max(0, x - now.x)) // TILE, int(max(0, y - now.y)) // TILE)
            assert cell in cells


def test_what_is_below_the_pointer_stays_there() -> None:
    now = Zoom((2000, 1000), (500, 500), 1.0, -700.0, -200.0)
    near = now.at(2.0, 100, 50)
    assert ((100 - now.x) / now.scale, (50 - now.y) / now.scale) == pytest.approx(
        ((100 - near.x) / near.scale, (50 - near.y) / near.scale)
    )


@pytest.mark.parametrize("scale", [0.13, 0.5, 1.0, 2.7])
def test_tiles_put_together_are_the_picture_without_seams(scale: float) -> None:
    image = Image.radial_gradient("L").resize((900, 700)).convert("RGB")
    made = zoom.levels(image)
    size = (round(900 * scale), round(700 * scale))
    whole = Image.new("RGB", size)
    for column in range((size[0] - 1) // TILE + 1):
        for row in range((size[1] - 1) // TILE + 1):
            whole.paste(zoom.tile(made, size, (column, row)), (column * TILE, row * TILE))
    want = image.resize(size, Image.Resampling.BICUBIC)
    worst = max(high for _, high in ImageChops.difference(whole, want).getextrema())  # type: ignore[misc]
    assert worst <= 6


# --- files --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("holiday.png", "holiday.png"),
        ("../../etc/passwd", "_.._etc_passwd"),
        (".bashrc", "bashrc"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("con.png", "_con.png"),
        ('a<b>:"c|?*.jpg', "a_b___c___.jpg"),
        ("знімок\nекрана.png", "знімок екрана.png"),
        ("...", "picture"),
        ("", "picture"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_names_of_strangers_become_safe(name: str, safe: str) -> None:
    assert safe_name(name, "picture") == safe


def test_a_copy_is_whole_or_not_there(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b.png"
    source.write_bytes(b"whole")
    assert save_copy(source, target) == "" and target.read_bytes() == b"whole"
    assert save_copy(tmp_path / "none", target) != "" and target.read_bytes() == b"whole"
    assert save_copy(source, tmp_path / "no" / "folder") != ""
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "b.png"]


def test_files_are_judged_one_by_one(tmp_path: Path) -> None:
    picture = tmp_path / "a.JPG"
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(picture, quality=95)
    good = inspect(picture)
    assert (good.picture, good.width, good.height, good.jpeg) == (True, 3000, 2000, True)
    assert good.trouble(True) == good.trouble(False) == ("", 0)
    assert 0 < shrunk_size(good) < good.size
    (tmp_path / "bad.png").write_bytes(b"no picture")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "note.txt").write_text("words")
    for name, problem in (
        ("bad.png", "viewer.not_a_picture"), ("empty.txt", "composer.empty"),
        (".", "composer.folder"), ("none", "composer.unreadable"), ("note.txt", ""),
    ):  # fmt: skip
        one = inspect(tmp_path / name)
        assert one.trouble(True)[0] == problem
        assert shrunk_size(one) == 0


def test_shrinking_helps_pictures_alone_over_the_limit() -> None:
    over = BLOB_MAX_BYTES + 1
    picture = Attachment(Path("a.jpg"), over, True, 4000, 3000, True)
    assert picture.trouble(False) == ("composer.too_big", BLOB_MAX_BYTES)
    assert picture.trouble(True) == ("", 0)
    file = Attachment(Path("a.zip"), over)
    assert file.trouble(True) == ("composer.too_big", BLOB_MAX_BYTES)
    large = Attachment(Path("a.jpg"), 1000, True, 8000, 6000, True)
    assert large.trouble(False)[0] == "viewer.too_many_pixels"
    assert large.trouble(True) == ("", 0)
