"""Where messages are written: real keys in a real window."""

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui import keys
from gui.chat.room import Draft, Transfer
from protocol.limits import TEXT_MAX_CHARS
from tests.gui.conftest import Stage
from tests.gui.fakes import DIRECT, GENERAL, OLENA
from tests.gui.screens import count, rgb, texts_of
from tests.gui.writing import JAN, Desk

SCRIPTS = "Hello, Привіт ґанок, Zażółć gęślą, Ещё чай, ที่นี่ 😀👩‍💻🇺🇦"


@pytest.fixture
def desk(stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    stage.open(size=(900, 480))
    keys.install(stage.root, {})
    one = Desk(stage, tmp_path)
    yield one
    one.clipboard.close()


def pictures(desk: Desk) -> int:
    return len(desk.composer.text.image_names())


# --- writing ------------------------------------------------------------------


def test_five_scripts_and_emoji_are_typed_and_sent(desk: Desk) -> None:
    desk.stage.type(SCRIPTS)
    desk.wait_words(SCRIPTS)
    assert pictures(desk) == 3, "each emoji is one picture, the family and the flag too"
    assert "\U0001f600" not in desk.composer.text.get("1.0", "end"), "Tk was given none to draw"
    desk.stage.keys("Return")
    assert desk.acts.asked("send") == [(SCRIPTS, (), 0)]
    assert desk.words() == ""
    assert desk.acts.typed > 10


def test_shift_enter_breaks_the_line_and_the_field_grows_to_eight(desk: Desk) -> None:
    one = desk.composer.box.widget.winfo_height()
    desk.stage.type("a")
    for _ in range(11):
        desk.stage.keys("shift+Return")
    desk.stage.keys("ctrl+Return")
    desk.stage.type("b")
    desk.wait_words("a" + "\n" * 12 + "b")
    assert int(desk.composer.text.cget("height")) == 8
    assert desk.composer.box.widget.winfo_height() > one * 4
    assert not desk.acts.asked("send")
    desk.stage.keys("Return")
    assert desk.acts.asked("send") == [("a" + "\n" * 12 + "b", (), 0)]
    desk.stage.wait(lambda: desk.composer.box.widget.winfo_height() == one, "one line again")


def test_blank_is_not_sent(desk: Desk) -> None:
    desk.stage.keys("space", "Return")
    assert not desk.acts.asked("send")


def test_what_was_refused_stays_with_the_reason(desk: Desk) -> None:
    desk.acts.reason = "Join a room first"
    desk.stage.type("hello")
    desk.stage.keys("Return")
    assert desk.words() == "hello"
    assert desk.composer.notice.winfo_ismapped()
    assert desk.composer.notice.cget("text") == "Join a room first"
    desk.stage.type("!")
    desk.stage.wait(lambda: not desk.composer.notice.winfo_ismapped(), "the reason to go")


def test_what_could_not_be_sent_comes_back_before_what_was_written_since(desk: Desk) -> None:
    desk.stage.type("hello")
    desk.stage.keys("Return")
    assert desk.words() == ""
    desk.stage.type("and more")
    desk.wait_words("and more")
    desk.composer.return_unsent(Draft("hello"))
    assert desk.words() == "hello\nand more"
    desk.stage.keys("Return")
    assert desk.acts.asked("send")[-1] == ("hello\nand more", (), 0)


def test_too_long_is_counted_said_and_kept(desk: Desk) -> None:
    words = "слово " * 700
    desk.composer.insert(words)
    desk.stage.settle()
    count = desk.composer._count
    assert count.winfo_ismapped() and count.cget("text") == "4,200 / 4,096"
    assert count.cget("fg") == desk.stage.look.palette.danger
    desk.stage.keys("Return")
    assert desk.words() == words and not desk.acts.asked("send")
    assert "104 characters too many" in desk.composer.notice.cget("text")
    desk.composer.field.replace(0, 104, "")
    desk.stage.settle()
    assert count.cget("fg") == desk.stage.look.palette.quiet
    desk.stage.keys("Return")
    ((sent, _, _),) = desk.acts.asked("send")
    assert len(sent) == TEXT_MAX_CHARS


# --- emoji and undo -----------------------------------------------------------


def test_undo_redo_cut_and_paste_keep_emoji(desk: Desk) -> None:
    desk.stage.type("one 😀 two")
    desk.stage.keys("ctrl+a", "ctrl+x")
    desk.wait_words("")
    desk.stage.keys("ctrl+z")
    desk.wait_words("one 😀 two")
    assert pictures(desk) == 1
    desk.stage.keys("ctrl+y")
    desk.wait_words("")
    desk.stage.keys("ctrl+v", "ctrl+v")
    desk.wait_words("one 😀 twoone 😀 two")
    assert pictures(desk) == 2
    desk.stage.keys("ctrl+z")
    desk.wait_words("one 😀 two")


def test_backspace_takes_a_whole_emoji(desk: Desk) -> None:
    desk.composer.insert("a👩‍💻🇺🇦")
    desk.stage.keys("BackSpace")
    desk.wait_words("a👩‍💻")
    desk.stage.keys("BackSpace", "BackSpace")
    desk.wait_words("")


def test_parts_that_come_together_become_one_picture(desk: Desk) -> None:
    desk.composer.insert("👩💻")
    assert pictures(desk) == 2
    desk.stage.keys("Left")
    desk.composer.insert("\u200d")
    assert desk.words() == "👩‍💻" and pictures(desk) == 1


def test_a_picked_emoji_comes_where_the_cursor_is(desk: Desk) -> None:
    desk.stage.type("ab")
    desk.stage.keys("Left")
    button = desk.composer.emoji_button.widget
    desk.stage.click(button, 12, 12)
    ((x, y),) = desk.acts.asked("pick_emoji")
    assert (x, y) == (button.winfo_rootx(), button.winfo_rooty())
    desk.composer.insert("🎉")
    assert desk.words() == "a🎉b" and desk.composer.field.cursor == 2
    desk.stage.type("c")
    desk.wait_words("a🎉cb")


def test_selected_emoji_lie_on_the_colour_of_the_selection(desk: Desk) -> None:
    desk.composer.insert("😀")
    desk.stage.keys("ctrl+a")
    text = desk.composer.text
    selection = rgb(desk.stage.look.palette.selection)
    box = text.bbox("1.0")
    assert box is not None
    x, y = text.winfo_rootx() + box[0] + 1, text.winfo_rooty() + box[1] + 1
    desk.stage.wait(lambda: desk.stage.shot().getpixel((x, y)) == selection, "the colour")


def test_an_old_libxft_is_never_given_what_it_dies_of(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.open(size=(600, 300))
    monkeypatch.setattr(stage.look.fonts, "draws_emoji", False)
    desk = Desk(stage, tmp_path)
    desk.composer.insert("a𝕳✅😀b")
    assert desk.words() == "a𝕳✅😀b"
    assert desk.composer.text.get("1.0", "end-1c") == "ab"
    assert pictures(desk) == 3


@pytest.mark.parametrize("layout", ["ua", "ru", "th", "pl"])
def test_editing_keys_work_on_every_layout(desk: Desk, layout: str) -> None:
    desk.composer.insert("слово 😀")
    display = desk.stage.display
    display.run("setxkbmap", layout)
    try:
        # By the places of the keys: A, C, End, V, Z.
        desk.stage.keys("ctrl+38", "ctrl+54", "End", "ctrl+55")
        desk.wait_words("слово 😀слово 😀")
        desk.stage.keys("ctrl+52")
        desk.wait_words("слово 😀")
        desk.stage.keys("ctrl+29")
        desk.wait_words("слово 😀слово 😀")
        desk.stage.keys("ctrl+38", "ctrl+53")
        desk.wait_words("")
    finally:
        display.run("setxkbmap", "us")


# --- completing ---------------------------------------------------------------


def test_a_mention_is_completed_by_keys_and_names_the_person(desk: Desk) -> None:
    desk.stage.type("hi @ja")
    desk.stage.wait(lambda: len(desk.composer.completion.offers) == 2, "people")
    labels = [one.label for one in desk.composer.completion.offers]
    assert labels == ["Jan Łęcki", "Jan"]
    desk.stage.keys("Down", "Up", "Tab")
    desk.wait_words("hi @Jan Łęcki ")
    assert desk.composer.text.focus_get() is desk.composer.text
    assert not desk.composer.completion.canvas.winfo_ismapped()
    desk.stage.type("and @Olena")
    desk.stage.keys("Escape", "Return")
    ((sent, mentions, _),) = desk.acts.asked("send")
    assert sent == "hi @Jan Łęcki and @Olena"
    assert mentions == (JAN, OLENA), "one was picked, the other typed"


def test_a_mention_is_completed_by_the_mouse_and_found_inside_and_folded(desk: Desk) -> None:
    desk.stage.type("@lec")
    desk.stage.wait(lambda: len(desk.composer.completion.offers) == 1, "the one with Ł and ę")
    canvas = desk.composer.completion.canvas
    desk.stage.settle()
    assert "Jan Łęcki" in texts_of(canvas)
    desk.stage.click(canvas, 60, 20)
    desk.wait_words("@Jan Łęcki ")


def test_escape_closes_the_list_and_enter_then_sends(desk: Desk) -> None:
    desk.stage.type("@ol")
    desk.stage.wait(lambda: bool(desk.composer.completion.offers), "people")
    desk.stage.keys("Escape")
    assert not desk.composer.completion.offers
    desk.stage.type("e")
    desk.wait_words("@ole")
    assert not desk.composer.completion.offers, "it stays away for this word"
    desk.stage.keys("Return")
    assert desk.acts.asked("send") == [("@ole", (), 0)]


def test_shortcodes_are_offered_and_finished_ones_become_emoji(desk: Desk) -> None:
    desk.stage.wait(lambda: desk.composer.completion._named, "the names")
    desk.stage.type(":sm")
    desk.stage.wait(lambda: bool(desk.composer.completion.offers), "emoji")
    first = desk.composer.completion.offers[0]
    assert first.label.startswith(":sm")
    desk.stage.keys("Return")
    desk.wait_words(f"{first.words} ")
    desk.stage.type("12:30 :tada:")
    desk.wait_words(f"{first.words} 12:30 🎉")
    desk.stage.keys("ctrl+z")
    desk.stage.wait(lambda: ":tada" in desk.words(), "what was typed")


# --- drafts, replies, edits ---------------------------------------------------


def test_each_room_keeps_its_draft_with_what_it_answers(desk: Desk) -> None:
    entry = desk.room.entry(1)
    assert entry is not None
    desk.composer.reply_to(entry)
    desk.stage.type("soon 😀")
    desk.wait_words("soon 😀")
    desk.open(DIRECT)
    desk.stage.settle()
    assert desk.words() == "" and not desk.composer.subject.widget.winfo_ismapped()
    assert desk.acts.drafts[GENERAL] == Draft("soon 😀", 1)
    desk.open(GENERAL)
    desk.stage.settle()
    assert desk.words() == "soon 😀"
    assert desk.composer.subject.widget.winfo_ismapped()
    assert desk.composer.subject.title == "Reply to Olena"
    assert desk.composer.subject.words == "Привіт усім"
    desk.stage.keys("Return")
    assert desk.acts.asked("send") == [("soon 😀", (), 1)]
    assert desk.acts.drafts[GENERAL] == Draft()
    assert not desk.composer.subject.widget.winfo_ismapped()


def test_a_draft_is_kept_after_a_pause(desk: Desk) -> None:
    desk.stage.type("half a tho")
    desk.stage.wait(lambda: desk.acts.drafts.get(GENERAL) == Draft("half a tho"), "the draft")


def test_escape_ends_a_reply_and_the_words_stay(desk: Desk) -> None:
    entry = desk.room.entry(2)
    assert entry is not None
    desk.stage.type("yes")
    desk.composer.reply_to(entry)
    desk.stage.keys("Escape")
    assert not desk.composer.subject.widget.winfo_ismapped()
    desk.wait_words("yes")


def test_the_cross_ends_a_reply_and_the_strip_leads_to_the_message(desk: Desk) -> None:
    entry = desk.room.entry(2)
    assert entry is not None
    desk.composer.reply_to(entry)
    desk.stage.settle()
    strip = desk.composer.subject.widget
    desk.stage.click(strip, 120, 24)
    assert desk.acts.asked("jump") == [(2,)]
    desk.stage.click(strip, strip.winfo_width() - 32, 28)
    assert not strip.winfo_ismapped()


def test_up_asks_for_the_last_message_only_when_nothing_is_written(desk: Desk) -> None:
    desk.stage.keys("Up")
    assert len(desk.acts.asked("edit_last")) == 1
    desk.stage.type("a")
    desk.stage.keys("Up")
    assert len(desk.acts.asked("edit_last")) == 1


def test_an_edit_brings_the_draft_back_afterwards(desk: Desk) -> None:
    entry = desk.room.entry(3)
    assert entry is not None
    desk.stage.type("later")
    desk.composer.edit(entry)
    desk.wait_words("Моє слово")
    assert desk.composer.subject.title == "Edit"
    desk.stage.type("!")
    desk.stage.keys("Return")
    assert desk.acts.asked("edit") == [(3, "Моє слово!", ())]
    desk.wait_words("later")
    desk.composer.edit(entry)
    desk.stage.keys("Escape")
    desk.wait_words("later")
    desk.composer.edit(entry)
    desk.stage.keys("ctrl+a", "BackSpace", "Return")
    assert "empty" in desk.composer.notice.cget("text")
    assert len(desk.acts.asked("edit")) == 1


# --- uploads and looks --------------------------------------------------------


def test_uploads_can_be_cancelled_and_tried_again(desk: Desk) -> None:
    ups = [
        Transfer(7, GENERAL, "holiday.png", True, 100, 1000),
        Transfer(8, GENERAL, "big.zip", True, problem="too large"),
        Transfer(9, DIRECT, "elsewhere.png", True),
    ]
    desk.composer.show_transfers(ups)
    desk.stage.settle()
    strip = desk.composer.uploads.widget
    shown = " ".join(texts_of(strip))
    assert "holiday.png" in shown and "big.zip" in shown and "elsewhere" not in shown
    places = {what: box for box, _, what in desk.composer.uploads._places}
    for what in ("cancel", "again", "discard"):
        desk.stage.click(strip, places[what].x + 12, places[what].y + 12)
    assert desk.acts.asked("cancel") == [(7,), (8,)] and desk.acts.asked("retry") == [(8,)]
    desk.composer.show_transfers([])
    desk.stage.settle()
    assert not strip.winfo_ismapped()


@pytest.mark.parametrize(("theme", "scale"), [("light", 1.0), ("dark", 2.0)])
def test_the_hint_names_the_room_and_goes_with_the_first_key(
    stage: Stage, tmp_path: Path, theme: str, scale: float
) -> None:
    stage.open(theme, scale, "uk", (900, 480))
    desk = Desk(stage, tmp_path)
    hint = desk.composer.box._hint
    assert hint.winfo_ismapped() and texts_of(hint) == ["Повідомлення для general"]
    stage.type("ї")
    stage.wait(lambda: not hint.winfo_ismapped(), "the hint to go")
    stage.look.set_theme("light" if theme == "dark" else "dark")
    desk.composer.restyle()
    stage.settle()
    assert desk.composer.text.cget("bg") == stage.look.palette.field
    assert desk.words() == "ї"


def test_destroying_it_leaves_nothing_behind(desk: Desk) -> None:
    root = desk.stage.root
    desk.composer.insert("a😀")
    desk.stage.type("@o")
    desk.composer.keep_draft()
    path = str(desk.composer.text)
    desk.composer.widget.destroy()
    desk.stage.settle()
    assert not root.tk.call("info", "commands", f"{path}*")
    assert not [one for one in root.winfo_children() if isinstance(one, tk.Canvas)]


def test_the_button_that_sends_has_the_colour_of_the_accent(desk: Desk) -> None:
    stage = desk.stage
    stage.settle()
    widget = desk.composer.send_button.widget
    left, top = widget.winfo_rootx(), widget.winfo_rooty()
    shot = stage.shot().crop((left, top, left + widget.winfo_width(), top + widget.winfo_height()))
    assert count(shot, rgb(stage.look.palette.accent)) > 10
