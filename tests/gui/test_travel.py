"""Where the message list opens and how it moves: wheel, keys, jumps, the thumb."""

from collections.abc import Callable

from gui.chat.room import Room
from tests.gui.conftest import Stage
from tests.gui.fakes import DAY_MS, DIRECT, GENERAL, NOON, info
from tests.gui.reading import Reading
from tests.gui.screens import rgb, texts_of
from tests.gui.talk import Talk


def fill(count: int) -> Callable[[Talk], None]:
    return lambda talk: talk.many(count)


# --- opening ------------------------------------------------------------------------


def test_a_room_opens_at_its_new_messages(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.many(120)
        talk.room.unread_from, talk.room.unread = 61, 60

    reading = Reading(stage, say)
    entry = reading.entries[60]
    assert 0 < reading.text_y(entry) < 120
    assert "New messages" in texts_of(reading.timeline.widget, f"row{entry.key}")
    assert not reading.timeline.at_end and not reading.acts.asked("seen")


def test_few_new_messages_are_seen_at_once(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.many(120)
        talk.room.unread_from, talk.room.unread = 119, 2

    reading = Reading(stage, say)
    assert reading.timeline.at_end and reading.acts.asked("seen")


def test_a_room_that_one_comes_back_to_is_where_it_was(stage: Stage) -> None:
    reading = Reading(stage, fill(200))
    model, timeline = reading.talk.model, reading.timeline
    timeline.scroll(-2000)
    stage.settle()
    anchor = timeline.view.anchor
    model.rooms[DIRECT] = Room(DIRECT, info(DIRECT, "other"))
    model.active = DIRECT
    reading.show()
    assert not timeline.drawn_keys()
    model.active = GENERAL
    reading.show()
    assert timeline.view.anchor == anchor


def test_without_messages_it_says_so(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: None, language="uk")
    assert "Тут ще нічого не написано" in " ".join(texts_of(reading.timeline.widget, "empty"))
    reading.talk.say("first")
    reading.show()
    assert not texts_of(reading.timeline.widget, "empty")
    reading.talk.model.active = b""
    reading.show()
    assert "Жодної розмови не відкрито" in " ".join(texts_of(reading.timeline.widget, "empty"))


def test_what_could_not_be_fetched_can_be_asked_for_again(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.many(3)
        talk.room.more, talk.room.trouble = True, "No connection"

    reading = Reading(stage, say)
    assert not reading.acts.asked("older")
    assert "No connection" in " ".join(texts_of(reading.timeline.widget, "above"))
    top = reading.place(reading.entries[0])
    reading.click((350, top.y - 60))
    assert reading.acts.asked("older")


# --- moving -------------------------------------------------------------------------


def test_the_wheel_scrolls_both_ways(stage: Stage) -> None:
    reading = Reading(stage, fill(80))
    timeline = reading.timeline
    before = timeline.view.origin
    reading.wheel(-4)
    assert not timeline.at_end
    assert before - timeline.view.origin == 4 * 84
    reading.wheel(5)
    assert timeline.at_end


def test_the_day_floats_while_it_scrolls(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        for seq in range(1, 200):
            talk.say(f"message {seq}", ts=NOON - 40 * DAY_MS + seq * 1000)

    reading = Reading(stage, say)
    timeline = reading.timeline
    assert not timeline.signs.day
    timeline.scroll(-400)
    assert timeline.signs.day
    stage.wait(lambda: not timeline.signs.day, "the day to go")


def test_keys_move_the_view(stage: Stage) -> None:
    reading = Reading(stage, fill(200))
    timeline = reading.timeline
    timeline.focus()
    stage.keys("Prior")
    first = timeline.view.anchor
    assert not timeline.at_end
    stage.keys("Home")
    assert timeline.drawn_keys()[0] == reading.entries[0].key
    stage.keys("Next")
    assert timeline.view.anchor != first
    stage.keys("End")
    assert timeline.at_end


def test_home_goes_to_the_first_message_of_the_room_loaded_or_not(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.put(*(talk.entry(f"message {seq}", seq=seq) for seq in range(801, 1001)))
        talk.room.more = True

    reading = Reading(stage, say, head=1000)
    reading.timeline.focus()
    stage.keys("Home")
    assert reading.acts.asked("jump") == [(1,)]


def test_the_thumb_stands_for_the_whole_room(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.put(*(talk.entry(f"message {seq}", seq=seq) for seq in range(4801, 5001)))
        talk.room.more = True

    reading = Reading(stage, say, head=5000)
    strip = reading.timeline.travel.strip
    thumb_at = strip.thumb
    assert thumb_at is not None
    high = strip.widget.winfo_height()
    assert thumb_at[1] == high and thumb_at[1] - thumb_at[0] < 60
    reading.timeline.to_start()
    stage.settle()
    moved = strip.thumb
    assert moved is not None and moved[0] > 0.9 * (high - 60), "the rest is not loaded"


def test_dragging_the_thumb_asks_for_what_is_not_loaded(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.put(*(talk.entry(f"message {seq}", seq=seq) for seq in range(4801, 5001)))
        talk.room.more = True

    reading = Reading(stage, say, head=5000)
    timeline, talk = reading.timeline, reading.talk
    x = timeline.widget.winfo_width() - 5
    thumb_at = timeline.travel.strip.thumb
    assert thumb_at is not None
    reading.drag((x, (thumb_at[0] + thumb_at[1]) // 2), (x, 300))
    stage.wait(lambda: bool(reading.acts.asked("jump")), "the jump")
    (seq,) = reading.acts.asked("jump")[-1]
    assert 2200 < seq < 2800
    talk.room.entries.clear()
    talk.put(*(talk.entry(f"older {at}", seq=at) for at in range(seq - 50, seq + 50)))
    talk.room.newer = True
    timeline.show()
    timeline.flash(seq)
    stage.settle()
    assert timeline.travel.flashed == 0, "nothing shines when one only scrolls"
    entry = next(one for one in reading.entries if one.seq == seq)
    assert abs(reading.text_y(entry)) < 60


def test_dragging_the_thumb_within_what_is_loaded(stage: Stage) -> None:
    reading = Reading(stage, fill(600), head=600)
    timeline = reading.timeline
    x = timeline.widget.winfo_width() - 5
    thumb_at = timeline.travel.strip.thumb
    assert thumb_at is not None
    reading.drag((x, thumb_at[0] + 10), (x, 10 + (600 - (thumb_at[1] - thumb_at[0])) // 2))
    middle = next(e for e in reading.entries if e.key == timeline.drawn_keys()[10])
    assert 250 < middle.seq < 350
    reading.drag((x, 300), (x, 598))
    assert timeline.at_end
    assert not reading.acts.asked("jump")


def test_a_jump_shows_the_message_and_lets_it_shine(stage: Stage) -> None:
    reading = Reading(stage, fill(400))
    timeline = reading.timeline
    timeline.flash(40)
    stage.settle()
    entry = reading.entries[39]
    box = reading.place(entry)
    assert 0 < box.y < 500
    chat = rgb(stage.look.palette.chat)
    beside = (4, box.y + box.h // 2)
    assert stage.shot().getpixel(beside) != chat
    stage.wait(lambda: stage.shot().getpixel(beside) == chat, "the light to go")


def test_a_jump_within_the_view_does_not_move_it(stage: Stage) -> None:
    reading = Reading(stage, fill(100))
    entry = reading.entries[-4]
    before = reading.text_y(entry)
    reading.timeline.flash(entry.seq)
    stage.settle()
    assert reading.text_y(entry) == before and reading.timeline.at_end
