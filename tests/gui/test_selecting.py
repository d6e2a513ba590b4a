"""Selecting, clicking and the menu of messages, with a real mouse and a real keyboard."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from gui.chat.room import State
from gui.paint.theme import LIGHT
from gui.views.timeline.pointer import HINT_MS
from protocol.codes import EventKind
from tests.gui.conftest import Stage
from tests.gui.fakes import ME, OLENA, SOMCHAI
from tests.gui.reading import Reading
from tests.gui.screens import rgb
from tests.gui.talk import Talk

UKRAINIAN = "Привіт, світе 🇺🇦 ось так"
THAI = "ที่เรียนน้ำ ไหม"


def three(talk: Talk) -> None:
    talk.say(UKRAINIAN)
    talk.say("друге повідомлення", SOMCHAI)
    talk.say(THAI, ME)


def fill(count: int) -> Callable[[Talk], None]:
    return lambda talk: talk.many(count)


# --- selecting ------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_dragging_over_words_selects_and_ctrl_c_copies_them(stage: Stage, scale: float) -> None:
    reading = Reading(stage, three, scale=scale, size=(900, 700))
    one = reading.entries[0]
    start = UKRAINIAN.index("світе")
    end = UKRAINIAN.index(" ось")
    reading.drag(reading.char(one, start), reading.char(one, end))
    assert reading.timeline.selected_text() == "світе 🇺🇦"
    box = reading.place(one)
    shot = stage.shot().crop((box.x, box.y, box.x + box.w, box.y + box.h))
    colours = {colour: count for count, colour in shot.getcolors(1 << 20) or []}
    assert colours[rgb(LIGHT.selection)] > 300, "the selection is not to be seen"
    stage.keys("ctrl+c")
    assert reading.acts.asked("copy") == [("світе 🇺🇦",)]


def test_dragging_across_messages_copies_names_and_times(stage: Stage) -> None:
    reading = Reading(stage, three)
    one, two, three_ = reading.entries
    reading.drag(reading.char(one, 8), reading.char(two, 5), reading.char(three_, 8))
    text = reading.timeline.selected_text()
    blocks = [block.split("\n", 1) for block in text.split("\n\n")]
    assert [words for _, words in blocks] == [UKRAINIAN[8:], "друге повідомлення", THAI[:8]]
    assert [head.split(",")[0] for head, _ in blocks] == ["Olena", "สมชาย", "Marko"]
    assert reading.timeline.selected_entries() == [one, two, three_]


def test_much_is_copied_in_slices_and_whole(stage: Stage) -> None:
    reading = Reading(stage, fill(300))
    reading.timeline.focus()
    stage.keys("ctrl+a")
    asked = reading.acts.asked
    expected = reading.timeline.selected_text()
    stage.keys("ctrl+c")
    stage.wait(lambda: bool(asked("copy")), "the copy")
    assert asked("copy") == [(expected,)]
    assert expected.count("\n\n") == 299


def test_a_thai_letter_is_never_split(stage: Stage) -> None:
    reading = Reading(stage, three)
    thai = reading.entries[2]
    # ที่ is one letter of three characters, เรี one of three.
    reading.drag(reading.char(thai, 0), reading.char(thai, 3))
    assert reading.timeline.selected_text() == "ที่"


def test_shift_and_a_click_extend_the_selection(stage: Stage) -> None:
    reading = Reading(stage, three)
    one, two, _ = reading.entries
    reading.drag(reading.char(one, 0), reading.char(one, 6))
    stage.display.run("xdotool", "keydown", "shift")
    reading.click(reading.char(two, 5))
    stage.display.run("xdotool", "keyup", "shift")
    assert reading.timeline.selected_text().endswith("\nдруге")


def test_two_clicks_select_a_word_and_three_the_message(stage: Stage) -> None:
    reading = Reading(stage, three)
    one = reading.entries[0]
    x, y = reading.char(one, 10)
    stage.display.run("xdotool", "mousemove", str(x), str(y), "click", "--repeat", "2", "1")
    stage.settle()
    assert reading.timeline.selected_text() == "світе"
    stage.display.run("xdotool", "click", "1")
    stage.settle()
    assert reading.timeline.selected_text() == UKRAINIAN
    assert not reading.acts.asked("reply")


def test_two_clicks_beside_the_words_answer(stage: Stage) -> None:
    reading = Reading(stage, three)
    box = reading.place(reading.entries[1])
    x, y = box.x + 4, box.y + 4
    stage.display.run("xdotool", "mousemove", str(x), str(y), "click", "--repeat", "2", "1")
    stage.settle()
    assert reading.acts.asked("reply") == [(2,)]


def test_a_click_elsewhere_selects_nothing(stage: Stage) -> None:
    reading = Reading(stage, three)
    reading.drag(reading.char(reading.entries[0], 0), reading.char(reading.entries[1], 4))
    before = stage.shot()
    reading.click((340, 8))
    assert not reading.timeline.selected_text()
    assert stage.shot().tobytes() != before.tobytes()


def test_a_selection_survives_scrolling_and_arrivals(stage: Stage) -> None:
    reading = Reading(stage, fill(100))
    one, two = reading.entries[-4], reading.entries[-2]
    reading.drag(reading.char(one, 3), reading.char(two, 5))
    text = reading.timeline.selected_text()
    reading.timeline.scroll(-2500)
    reading.talk.many(5)
    reading.talk.change(one, replace(one, reactions=(("👍", (ME,)),)))
    reading.show()
    assert reading.timeline.selected_text() == text
    reading.timeline.to_end()
    stage.settle()
    stage.keys("ctrl+c")
    assert reading.acts.asked("copy") == [(text,)]


def test_dragging_beyond_the_edge_scrolls_and_selects_on(stage: Stage) -> None:
    reading = Reading(stage, fill(100), size=(700, 400))
    timeline = reading.timeline
    last = reading.entries[-1]
    x, _ = reading.char(last, 3)
    stage.root.geometry("700x400+0+200")
    stage.wait(lambda: stage.root.winfo_rooty() >= 200, "the window to move")
    stage.settle()
    reading.drag(reading.char(last, 3), (x, -60), hold=True)
    before = timeline.view.origin
    stage.wait(lambda: timeline.view.origin < before - 400, "the view to move")
    assert len(timeline.selected_entries()) > 15
    reading.let_go()
    origin = timeline.view.origin
    stage.settle()
    assert timeline.view.origin == origin


def test_ctrl_a_selects_all_and_escape_nothing(stage: Stage) -> None:
    reading = Reading(stage, fill(150))
    reading.timeline.focus()
    stage.keys("ctrl+a")
    assert len(reading.timeline.selected_entries()) == 150
    stage.keys("Escape")
    assert reading.timeline.selected_entries() == []


def test_ctrl_c_works_on_a_ukrainian_keyboard(stage: Stage) -> None:
    reading = Reading(stage, three)
    reading.drag(reading.char(reading.entries[1], 0), reading.char(reading.entries[1], 5))
    stage.display.run("setxkbmap", "ua")
    try:
        stage.keys("ctrl+54")
    finally:
        stage.display.run("setxkbmap", "us")
    assert reading.acts.asked("copy") == [("друге",)]


# --- clicking -------------------------------------------------------------------


def busy(talk: Talk) -> None:
    one = talk.say("look at https://example.org/a?b=c and https://google.com@evil.example/", OLENA)
    talk.say(
        "an answer", ME, body={"reply": one.seq},
        reactions=(("👍", (OLENA, SOMCHAI)), ("🎉", (ME,))),
    )  # fmt: skip
    talk.say("\n".join(f"line {at}" for at in range(33)), SOMCHAI)


def test_links_open_where_they_lead(stage: Stage) -> None:
    reading = Reading(stage, busy)
    reading.timeline.to_start()
    stage.settle()
    one = reading.entries[0]
    reading.click(reading.char(one, one.words.index("example")))
    reading.click(reading.char(one, one.words.index("google")))
    assert reading.acts.asked("open_link") == [
        ("https://example.org/a?b=c",), ("https://evil.example/",),
    ]  # fmt: skip
    stage.wait(lambda: bool(reading.timeline.signs.hint), "the hint")
    assert reading.timeline.signs.hint == "Opens evil.example"
    assert str(reading.timeline.widget.cget("cursor")) == "hand2"


def test_a_drag_over_a_link_does_not_open_it(stage: Stage) -> None:
    reading = Reading(stage, busy)
    reading.timeline.to_start()
    stage.settle()
    one = reading.entries[0]
    at = one.words.index("https")
    reading.drag(reading.char(one, at + 2), reading.char(one, at + 12))
    assert not reading.acts.asked("open_link")
    assert reading.timeline.selected_text() == one.words[at + 2 : at + 12]
    time.sleep(HINT_MS / 1000)
    stage.settle()
    assert not reading.timeline.signs.hint, "nor is it said where it leads"


def test_a_quote_leads_to_what_it_answers(stage: Stage) -> None:
    reading = Reading(stage, busy)
    reading.timeline.to_start()
    stage.settle()
    reading.click(reading.zone(reading.entries[1], "quote"))
    assert reading.acts.asked("jump") == [(1,)]


def test_chips_toggle_and_tell_who(stage: Stage) -> None:
    reading = Reading(stage, busy)
    reading.timeline.to_start()
    stage.settle()
    answer = reading.entries[1]
    reading.click(reading.zone(answer, "chip", "👍"))
    assert reading.acts.asked("react") == [(2, "👍")]
    stage.wait(lambda: bool(reading.timeline.signs.hint), "the hint")
    assert reading.timeline.signs.hint == "Olena, สมชาย"
    reading.click(reading.zone(answer, "chip", "🎉"))
    assert reading.acts.asked("react")[-1] == (2, "🎉")


def test_a_long_text_opens_and_folds_in_its_place(stage: Stage) -> None:
    reading = Reading(stage, busy)
    timeline = reading.timeline
    long = reading.entries[2]
    height = reading.place(long).h
    reading.click(reading.zone(long, "more"))
    assert reading.place(long).h > height
    timeline.to_end()
    stage.settle()
    reading.click(reading.zone(long, "less"))
    assert reading.place(long).h == height


def test_a_very_long_text_is_opened_by_itself(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say("x\n" * 400))
    reading.click(reading.zone(reading.entries[0], "more"))
    assert reading.acts.asked("open_text") == [(1,)]


def test_what_was_not_sent_can_be_sent_again_or_thrown_away(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.pend("x", State.FAILED, "no"))
    entry = reading.talk.room.pending[0]
    reading.click(reading.zone(entry, "retry"))
    reading.click(reading.zone(entry, "discard"))
    assert reading.acts.asked("retry") and reading.acts.asked("discard")


# --- the menu and the keyboard ----------------------------------------------------


def choose(reading: Reading, name: str) -> None:
    menu = reading.timeline.pointer.menu
    box = menu.place_of(name)
    assert box is not None, f"the menu has no {name}"
    reading.stage.click(menu.widget, box.x + box.w // 2, box.y + box.h // 2)


def names(reading: Reading) -> list[str]:
    return [one.name for line in reading.timeline.pointer.menu.lines for one in line if one.words]


def test_the_right_button_opens_the_menu(stage: Stage) -> None:
    reading = Reading(stage, three)
    theirs, _, mine = reading.entries
    reading.click(reading.char(theirs, 4), button=3)
    assert names(reading) == ["reply", "copy", "forward", "direct"]
    choose(reading, "reply")
    assert reading.acts.asked("reply") == [(1,)]
    assert not reading.timeline.pointer.menu.open
    reading.click(reading.char(mine, 4), button=3)
    assert names(reading) == ["reply", "copy", "forward", "edit", "delete"]
    choose(reading, "delete")
    assert reading.acts.asked("delete") == [([3],)]
    reading.click(reading.char(mine, 4), button=3)
    choose(reading, "copy")
    assert reading.acts.asked("copy") == [(THAI,)]


def test_reactions_stand_above_the_menu(stage: Stage) -> None:
    reading = Reading(stage, three)
    reading.click(reading.char(reading.entries[0], 4), button=3)
    choose(reading, "😂")
    assert reading.acts.asked("react") == [(1, "😂")]
    reading.click(reading.char(reading.entries[0], 4), button=3)
    choose(reading, "more")
    assert reading.acts.asked("pick_reaction") == [(1,)]


def test_a_click_beside_the_menu_and_escape_close_it(stage: Stage) -> None:
    reading = Reading(stage, three)
    menu = reading.timeline.pointer.menu
    reading.click(reading.char(reading.entries[2], 4), button=3)
    assert menu.open
    reading.click((20, 20))
    assert not menu.open
    reading.click(reading.char(reading.entries[2], 4), button=3)
    stage.keys("Escape")
    assert not menu.open
    assert stage.root.focus_get() is reading.timeline.widget
    assert not [call for call in reading.acts.calls if call[0] != "seen"]


def test_the_menu_of_a_link_and_of_a_selection(stage: Stage) -> None:
    reading = Reading(stage, busy)
    reading.timeline.to_start()
    stage.settle()
    one, two = reading.entries[:2]
    reading.click(reading.char(one, one.words.index("example")), button=3)
    choose(reading, "copy_link")
    assert reading.acts.asked("copy") == [("https://example.org/a?b=c",)]
    reading.drag(reading.char(one, 0), reading.char(two, 4))
    text = reading.timeline.selected_text()
    reading.click(reading.char(one, 2), button=3)
    choose(reading, "copy_selected")
    assert reading.acts.asked("copy")[-1] == (text,)
    reading.click(reading.char(one, 2), button=3)
    choose(reading, "forward")
    assert reading.acts.asked("forward") == [([1, 2],)]


@pytest.mark.parametrize(
    ("kind", "opens", "saves"),
    [(EventKind.IMAGE, "open_picture", "save_picture"), (EventKind.FILE, "open_file", "save_file")],
)
def test_the_menu_of_a_picture_and_of_a_file(
    stage: Stage, kind: int, opens: str, saves: str
) -> None:
    body = {"name": "a", "media": "image/png", "size": 9, "sha256": b"x" * 32}
    body |= {"width": 100, "height": 100, "thumb": b"no picture"}
    reading = Reading(stage, lambda talk: talk.say(kind=kind, body=body))
    at = reading.zone(reading.entries[0], "picture" if kind == EventKind.IMAGE else "file")
    reading.click(at, button=3)
    choose(reading, saves)
    assert reading.acts.asked("save") == [(1,)]
    reading.click(at, button=3)
    choose(reading, "open")
    assert reading.acts.asked(opens) == [(1,)]


def test_notices_and_deleted_messages_offer_little(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.say(kind=EventKind.NOTICE, body={"what": "joined"})
        gone = talk.say("gone")
        talk.change(gone, replace(gone, deleted=True, body={}))

    reading = Reading(stage, say)
    menu = reading.timeline.pointer.menu
    menu.show(reading.entries[0], 10, 10)
    assert not menu.open
    box = reading.place(reading.entries[1])
    reading.click((box.x + 20, box.y + 20), button=3)
    assert names(reading) == ["direct"]


def test_messages_are_reached_by_keyboard(stage: Stage) -> None:
    reading = Reading(stage, three)
    timeline = reading.timeline
    timeline.focus()
    stage.settle()
    assert timeline.cursor == reading.entries[2].key, "it shows where the keyboard is"
    with_cursor = stage.shot().tobytes()
    stage.keys("Escape")
    assert not timeline.cursor
    assert stage.shot().tobytes() != with_cursor, "the cursor is not to be seen"
    stage.keys("Up")
    assert timeline.cursor == reading.entries[2].key
    stage.keys("Delete")
    assert reading.acts.asked("delete") == [([3],)]
    stage.keys("Up", "Up")
    assert timeline.cursor == reading.entries[0].key
    stage.keys("Delete")
    assert len(reading.acts.asked("delete")) == 1, "others' messages cannot be deleted"
    stage.keys("Return")
    assert reading.acts.asked("reply") == [(1,)]
    stage.keys("ctrl+c")
    assert reading.acts.asked("copy") == [(UKRAINIAN,)]
    stage.keys("Menu")
    assert timeline.pointer.menu.open
    stage.keys("Right", "Return")
    assert reading.acts.asked("react") == [(1, "❤️")]
    stage.keys("shift+F10")
    stage.keys("Down", "Down", "Return")
    assert reading.acts.asked("copy")[-1] == (UKRAINIAN,)


def test_the_cursor_goes_on_beyond_the_view(stage: Stage) -> None:
    reading = Reading(stage, fill(60))
    reading.timeline.widget.focus_set()
    for _ in range(5):
        stage.keys(*["Up"] * 8)
    assert reading.timeline.cursor == reading.entries[20].key
    box = reading.place(reading.entries[20])
    assert box.y >= 0 and box.y + box.h <= 600
    stage.keys(*["Down"] * 39)
    assert reading.timeline.at_end
