"""The emoji picker in a real window: typing in any script, keys, clicks, tones, looks."""

import json
import tkinter as tk
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.emojis.emojirows import EmojiRows
from gui.emojis.sheet import sheet
from gui.views.emoji.emojipicker import EmojiPicker
from tests.gui.conftest import Bench, Stage
from tests.gui.screens import rgb, texts_of


class Kept:
    """What the settings keep, and what was chosen."""

    def __init__(self, recent: tuple[str, ...] = ("👍", "🇺🇦")) -> None:
        self.recent = recent
        self.tone = 0
        self.picked: list[str] = []

    def set_tone(self, tone: int) -> None:
        self.tone = tone


Opened = tuple[EmojiPicker, Kept]


@pytest.fixture
def opened(stage: Stage) -> Callable[..., Opened]:
    """Return what opens a window with an open picker."""

    def open_it(
        language: str = "en", theme: str = "light", scale: float = 1.0,
        recent: tuple[str, ...] = ("👍", "🇺🇦"),
    ) -> Opened:  # fmt: skip
        stage.open(theme, scale, language, size=(900, 850))
        kept = Kept(recent)
        picker = EmojiPicker(
            stage.root, stage.look, lambda: kept.recent, lambda: kept.tone, kept.set_tone,
            kept.picked.append,
        )  # fmt: skip
        picker.show(450, 840)
        drawn(stage, picker)
        return picker, kept

    return open_it


def drawn(stage: Stage, picker: EmojiPicker) -> None:
    stage.settle()
    stage.wait(lambda: not picker.grid.waiting, "the pictures")
    stage.settle()


def searched(stage: Stage, picker: EmojiPicker, words: str) -> list[str]:
    stage.type(words)
    stage.wait(lambda: picker.entry.get() == words, "the words")
    drawn(stage, picker)
    return list(picker.grid.cells)


def test_it_opens_with_recent_ones_and_all_groups(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    assert picker.open and stage.root.focus_get() is picker.entry
    assert list(picker.grid.cells) == [*kept.recent, *sheet().base]
    assert texts_of(picker.grid.widget)[:2] == ["Recent", "Smileys and emotion"]


@pytest.mark.parametrize(
    ("language", "words", "wanted"),
    [
        ("uk", "серце", "❤️"), ("th", "หัวใจ", "❤️"), ("pl", "żółw", "🐢"), ("ru", "кошка", "🐈"),
        ("uk", "turtle", "🐢"), ("en", "thumbs", "👍"),
    ],
)  # fmt: skip
def test_typing_searches_in_the_language_and_in_english(
    stage: Stage, opened: object, language: str, words: str, wanted: str
) -> None:
    assert callable(opened)
    picker, kept = opened(language)
    found = searched(stage, picker, words)
    assert wanted in found and len(found) < 60
    stage.keys("Return")
    assert kept.picked == [found[0]]
    assert not picker.open


def test_arrows_choose_and_escape_closes(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened(recent=())
    stage.keys("Return")
    assert picker.open and kept.picked == []
    stage.keys("Down", "Right", "Right", "Down", "Left")
    assert picker.grid.selected == sheet().base[9]
    stage.keys("Up")
    assert picker.grid.selected == sheet().base[1]
    stage.keys("Return")
    assert kept.picked == [sheet().base[1]]
    picker.show(450, 840)
    drawn(stage, picker)
    stage.keys("Escape")
    assert not picker.open and len(kept.picked) == 1


def test_a_click_picks_what_is_there(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    stage.click(picker.grid.widget, *picker.grid.place_of(5))
    assert kept.picked == [[*kept.recent, *sheet().base][5]]
    assert not picker.open


def test_pointing_shows_the_name_in_the_language(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, _ = opened("uk")
    x, y = picker.grid.place_of(0)
    canvas = picker.grid.widget
    at = (canvas.winfo_rootx() + x, canvas.winfo_rooty() + y)
    stage.display.run("xdotool", "mousemove", str(at[0]), str(at[1]))
    stage.wait(lambda: picker.grid.selected == "👍", "the pointer")
    words = texts_of(picker.foot.widget)
    assert words == ["Великі пальці вгору", ":thumbsup:"], words


def test_a_click_anywhere_else_closes_it_and_does_nothing_more(
    stage: Stage, opened: object
) -> None:
    assert callable(opened)
    picker, kept = opened()
    clicked: list[str] = []
    other = tk.Button(stage.root, text="other", command=lambda: clicked.append("x"))
    other.place(x=0, y=0)
    stage.settle()
    stage.click(other, 5, 5)
    assert not picker.open and clicked == [] and kept.picked == []
    stage.click(other, 5, 5)
    assert clicked == ["x"]


def test_the_focus_goes_back_to_where_it_was(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    picker.hide()
    field = tk.Entry(stage.root)
    field.place(x=0, y=0)
    field.focus_force()
    stage.settle()
    picker.show(450, 840)
    drawn(stage, picker)
    assert stage.root.focus_get() is picker.entry
    stage.keys("Down", "Return")
    assert kept.picked == ["👍"]
    assert stage.root.focus_get() is field


def test_it_makes_way_for_what_takes_the_focus(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    field = tk.Entry(stage.root)
    field.place(x=0, y=0)
    field.focus_set()
    stage.wait(lambda: not picker.open, "the picker to go")
    assert stage.root.focus_get() is field
    assert stage.root.tk.call("grab", "current") == ""
    assert kept.picked == []


def test_a_group_is_reached_by_its_tab_and_by_keys(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, _ = opened()
    width = picker.tabs.winfo_width()
    stage.click(picker.tabs, width * 19 // 20, 15)
    drawn(stage, picker)
    assert "Flags" in texts_of(picker.grid.widget)
    stage.keys("Prior")
    drawn(stage, picker)
    assert "Symbols" in texts_of(picker.grid.widget)
    found = searched(stage, picker, "cat")
    assert "🐱" in found
    stage.click(picker.tabs, width * 9 // 20, 15)
    drawn(stage, picker)
    assert picker.entry.get() == ""
    assert "Food and drink" in texts_of(picker.grid.widget)


def test_the_wheel_scrolls(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, _ = opened()
    before = picker.grid.place_of(20)[1]
    canvas = picker.grid.widget
    at = (str(canvas.winfo_rootx() + 50), str(canvas.winfo_rooty() + 50))
    stage.display.run("xdotool", "mousemove", *at, "click", "--repeat", "3", "5")
    stage.wait(lambda: picker.grid.place_of(20)[1] == before - 120, "the wheel")
    stage.display.run("xdotool", "click", "--repeat", "9", "4")
    stage.wait(lambda: picker.grid.place_of(20)[1] == before, "the wheel")


def test_the_bar_at_the_right_can_be_dragged(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    canvas = picker.grid.widget
    x = str(canvas.winfo_rootx() + canvas.winfo_width() - 4)
    top, high = canvas.winfo_rooty(), canvas.winfo_height()
    stage.display.run("xdotool", "mousemove", x, str(top + 10), "mousedown", "1")
    stage.settle()
    stage.display.run("xdotool", "mousemove", x, str(top + high - 2), "mouseup", "1")
    stage.settle()
    last = len(picker.grid.cells) - 1
    stage.wait(lambda: picker.grid.place_of(last)[1] < high, "the end")
    drawn(stage, picker)
    assert picker.open and kept.picked == []


def test_a_skin_tone_is_chosen_and_kept(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    foot = picker.foot.widget
    middle = foot.winfo_height() // 2
    stage.click(foot, foot.winfo_width() - 20, middle)
    stage.click(foot, foot.winfo_width() - 20 - 40, middle)
    assert kept.tone == 4
    drawn(stage, picker)
    assert "👋🏾" in picker.grid.cells and "👋" not in picker.grid.cells
    # The recent ones are as they were chosen.
    assert picker.grid.cells[0] == "👍"
    found = searched(stage, picker, "thumbs up")
    assert found[0] == "👍🏾"
    stage.keys("Return")
    assert kept.picked == ["👍🏾"]


def hands(picker: EmojiPicker) -> int:
    """How many pictures the foot shows: the hand alone (and an emoji), or six of them."""
    canvas = picker.foot.widget
    call, name = canvas.tk.call, str(canvas)
    return sum(call(name, "type", one) == "image" for one in canvas.find_all())


def test_a_skin_tone_is_chosen_by_keys_where_one_is(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    found = searched(stage, picker, "thumbs")
    stage.keys("Right")
    at = picker.grid.cells.index(picker.grid.selected)
    assert at == 1 and len(found) > 1
    stage.keys("shift+Down", "shift+Down", "shift+Down")
    drawn(stage, picker)
    assert kept.tone == 3 and picker.entry.get() == "thumbs"
    assert picker.grid.selected == sheet().toned_as(found[1], 3), "the selection stays"
    assert picker.grid.cells[0] == "👍🏽"
    assert hands(picker) >= 6, "all tones are shown while one goes through them"
    stage.keys("shift+Up")
    assert kept.tone == 2
    stage.keys("Left")
    assert hands(picker) < 6, "the name is shown again"
    stage.keys("shift+Down", "Escape")
    assert picker.open and hands(picker) < 6
    stage.keys("Return")
    assert kept.picked == ["👍🏽"] and not picker.open


def test_tones_end_at_both_ends_and_the_view_stays(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened()
    stage.keys("Next", "Next")
    drawn(stage, picker)
    before = picker.grid.place_of(100)
    stage.keys(*["shift+Down"] * 7)
    drawn(stage, picker)
    assert kept.tone == 5 and picker.grid.place_of(100) == before
    stage.keys(*["shift+Up"] * 7)
    assert kept.tone == 0 and "👋" in picker.grid.cells


def test_the_tone_is_remembered_for_the_next_start(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.keys("ctrl+e")
    bench.wait(lambda: bench.main.emoji.open, "the picker")
    bench.keys("shift+Down", "shift+Down")
    bench.keys("Escape", "Escape")
    assert not bench.main.emoji.open
    file = bench.window.folder / "gui.json"
    assert json.loads(file.read_text("utf-8"))["skin_tone"] == 2


def test_nothing_found_is_said(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, kept = opened("pl")
    assert searched(stage, picker, "qqqq") == []
    shown = [one for one in picker.grid.widget.winfo_children() if one.winfo_ismapped()]
    assert len(shown) == 1 and isinstance(shown[0], tk.Canvas)
    assert "Nie ma takiego emoji" in texts_of(shown[0])
    stage.keys("Return")
    assert picker.open and kept.picked == []
    stage.keys("BackSpace", "BackSpace", "BackSpace", "BackSpace")
    stage.wait(lambda: len(picker.grid.cells) > 1000, "all of them")
    assert not shown[0].winfo_ismapped()


@pytest.mark.parametrize(("theme", "card"), [("light", "#ffffff"), ("dark", "#1e232f")])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_it_shows_colours_and_stays_inside_the_window(
    stage: Stage, opened: object, theme: str, card: str, scale: float
) -> None:
    assert callable(opened)
    picker, _ = opened("th", theme, scale, ("❤️", "👍"))
    x, y = picker.grid.place_of(0)
    canvas = picker.grid.widget
    shot = stage.shot()
    red, green, blue = shot.getpixel(  # type: ignore[misc]
        (canvas.winfo_rootx() + x, canvas.winfo_rooty() + y)
    )
    assert red > 180 and green < 120 and blue < 120
    side = round(20 * scale)
    corner = (canvas.winfo_rootx() + x - side + 1, canvas.winfo_rooty() + y - side + 1)
    assert shot.getpixel(corner) == rgb(card) == rgb(stage.look.palette.card)
    frame = picker.grid.widget.master
    assert frame.winfo_x() >= 0 and frame.winfo_x() + frame.winfo_width() <= 900
    assert frame.winfo_y() >= 0 and frame.winfo_y() + frame.winfo_height() <= 850


@pytest.mark.parametrize("at", [(0, 0), (899, 0), (0, 849), (899, 849), (-50, 2000)])
def test_near_any_point_it_is_inside(stage: Stage, opened: object, at: tuple[int, int]) -> None:
    assert callable(opened)
    picker, _ = opened()
    picker.show(*at)
    drawn(stage, picker)
    frame = picker.grid.widget.master
    assert frame.winfo_x() >= 0 and frame.winfo_x() + frame.winfo_width() <= 900
    assert frame.winfo_y() >= 0 and frame.winfo_y() + frame.winfo_height() <= 850


def test_another_theme_is_taken_at_the_next_opening(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, _ = opened()
    stage.look.set_theme("dark")
    picker.restyle()
    assert not picker.open
    picker.show(450, 840)
    drawn(stage, picker)
    assert picker.grid.widget["bg"] == stage.look.palette.card == "#1e232f"


def test_opening_it_many_times_leaves_nothing_behind(stage: Stage, opened: object) -> None:
    assert callable(opened)
    picker, _ = opened()

    def count() -> tuple[int, int]:
        commands = len(stage.root.tk.splitlist(stage.root.tk.call("info", "commands")))
        return commands, len(picker.grid.widget.find_all())

    def once() -> None:
        picker.show(450, 840)
        drawn(stage, picker)
        assert picker.open
        picker.hide()
        stage.settle()

    once()
    before = count()
    for _ in range(20):
        once()
    assert count() == before
    picker.close()
    assert stage.root.tk.call("grab", "current") == ""


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 12), st.integers(0, 300)
)
def test_every_cell_has_its_place(counts: list[int], columns: int, pick: int) -> None:
    sections = [(f"g{number}", ["x"] * count) for number, count in enumerate(counts)]
    rows = EmojiRows(sections, columns, 40, 30)
    assert len(rows.cells) == sum(counts)
    for cell in range(len(rows.cells)):
        x, y = rows.place(cell)
        assert rows.at(x, y) == rows.at(x + 39, y + 39) == cell
    assert rows.at(columns * 40, 0) == rows.at(5, rows.height) == rows.at(-1, 50) == -1
    assert rows.between(0, rows.height) == range(len(rows.rows))
    if rows.cells:
        cell = pick % len(rows.cells)
        for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            assert 0 <= rows.moved(cell, *step) < len(rows.cells)
        down = rows.moved(cell, 0, 1)
        assert rows.place(down)[1] > rows.place(cell)[1] or rows.row_of(cell) == rows.row_of(
            len(rows.cells) - 1
        )
    else:
        assert rows.moved(-1, 0, 1) == -1
