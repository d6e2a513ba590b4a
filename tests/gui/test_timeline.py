"""The message list in a real window: drawing, scrolling, what comes while somebody reads."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from gui.chat.room import Entry, State, Transfer
from gui.paint.theme import DARK, LIGHT, THUMB_MAX
from protocol.codes import EventKind
from tests.gui.conftest import Stage
from tests.gui.fakes import DAY_MS, GENERAL, ME, NOON, OLENA, SOMCHAI
from tests.gui.reading import Reading
from tests.gui.screens import rgb, texts_of
from tests.gui.talk import Talk


def fill(count: int) -> Callable[[Talk], None]:
    return lambda talk: talk.many(count)


def thumb(colour: str = "#00c040") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (160, 100), colour).save(file, "PNG")
    return file.getvalue()


def picture(width: int = 1600, height: int = 1000) -> dict[str, object]:
    return {
        "name": "picture.png", "media": "image/png", "size": 1000, "sha256": b"p" * 32,
        "width": width, "height": height, "thumb": thumb(),
    }  # fmt: skip


# --- what it looks like ---------------------------------------------------------


@pytest.mark.parametrize(
    ("theme", "scale", "language"),
    [("light", 1.0, "uk"), ("dark", 1.0, "th"), ("light", 2.0, "pl")],
)
def test_bubbles_have_their_colours_and_contain_words(
    stage: Stage, theme: str, scale: float, language: str
) -> None:
    def say(talk: Talk) -> None:
        talk.say("Привіт усім, кто здесь, ทุกคน")
        talk.say("Моє слово, moje słowo", ME)

    reading = Reading(stage, say, theme=theme, scale=scale, language=language)
    palette = LIGHT if theme == "light" else DARK
    shot = stage.shot()
    canvas = reading.timeline.widget
    theirs, ours = reading.entries
    for entry, fill_colour, ink in (
        (theirs, palette.theirs, palette.text), (ours, palette.ours, palette.on_ours)
    ):  # fmt: skip
        box = reading.place(entry)
        x, y = canvas.winfo_rootx() + box.x, canvas.winfo_rooty() + box.y
        inside = shot.crop((x, y, x + box.w, y + box.h))
        colours = {colour: count for count, colour in inside.getcolors(1 << 20) or []}
        assert colours[rgb(fill_colour)] > 0.6 * box.w * box.h
        assert colours.get(rgb(ink), 0) > 20, "no words in the bubble"
        assert shot.getpixel((x, y)) == rgb(palette.chat), "the corner is round"


def test_another_palette_is_put_on_at_once(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say("hello"))
    stage.look.set_theme("dark")
    reading.timeline.restyle()
    box = reading.place(reading.entries[0])
    assert stage.shot().getpixel((box.x + box.w // 2, box.y + 3)) == rgb(DARK.theirs)


def test_a_thumbnail_has_its_size_before_and_after_it_is_decoded(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say(kind=EventKind.IMAGE, body=picture()))
    entry = reading.entries[0]
    box = reading.timeline.picture_of(entry.key)
    assert box is not None and (box.w, box.h) == (THUMB_MAX, 200)
    green = rgb("#00c040")
    stage.wait(lambda: stage.shot().getpixel((box.x + 160, box.y + 100)) == green, "the thumbnail")
    shot = stage.shot()
    assert shot.getpixel((box.x + 8, box.y + 8)) == green
    assert shot.getpixel((box.x + 311, box.y + 191)) == green
    assert shot.getpixel((box.x, box.y)) != green, "the corner is round"
    assert shot.getpixel((box.x + 160, box.y - 2)) != green
    assert reading.timeline.picture_of(entry.key) == box


def test_a_picture_that_was_sent_twice_is_shown_twice(stage: Stage) -> None:
    def twice(talk: Talk) -> None:
        for who in (OLENA, SOMCHAI):
            talk.say(kind=EventKind.IMAGE, body=picture(), person=who)

    reading = Reading(stage, twice)
    green = rgb("#00c040")

    def shown(entry: Entry) -> bool:
        box = reading.timeline.picture_of(entry.key)
        assert box is not None
        return stage.shot().getpixel((box.x + 160, box.y + 100)) == green

    stage.wait(lambda: all(map(shown, reading.entries)), "both of them")


def test_the_states_of_ones_own_messages_look_different(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.pend("mine"))
    seen: set[bytes] = set()
    for state in State:
        if state is not State.FAILED:
            entry = reading.talk.room.pending[0]
            reading.talk.room.pending[0] = replace(entry, state=state)
            reading.show()
            seen.add(_sign(reading))
    entry = reading.talk.room.pending.pop()
    reading.talk.put(replace(entry, seq=1, state=State.STORED))
    reading.talk.room.marks = {ME: 5}
    reading.show()
    assert _sign(reading) in seen, "having read it oneself is not being seen"
    reading.talk.room.marks[OLENA] = 1
    reading.show()
    seen.add(_sign(reading))
    assert len(seen) == 4
    zone = next(
        zone for zone in reading.timeline.view.drawn[entry.key].shape.zones if zone.kind == "state"
    )
    stored = reading.entries[0]
    assert reading.timeline.pointer.hint(stored, zone) == "Seen by Olena"


def _sign(reading: Reading) -> bytes:
    entry = (reading.entries + reading.talk.room.pending)[0]
    box = reading.timeline.zone_of(entry.key, "state")
    assert box is not None
    return reading.stage.shot().crop((box.x, box.y, box.x + box.w, box.y + box.h)).tobytes()


def test_names_and_colours_follow_the_people(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say("hello"))
    key = reading.entries[0].key
    assert "Olena" in texts_of(reading.timeline.widget, f"row{key}")
    model = reading.talk.model
    model.people = tuple(replace(one, nick="Olha") for one in model.people)
    model._by_person = {one.person: one for one in model.people}
    reading.show()
    assert "Olha" in texts_of(reading.timeline.widget, f"row{key}")


# --- only what is in view ---------------------------------------------------------


def test_only_rows_in_view_exist(stage: Stage) -> None:
    reading = Reading(stage, fill(1500))
    timeline = reading.timeline
    assert len(timeline.drawn_keys()) < 60
    assert len(timeline.widget.find_all()) < 900
    assert timeline.drawn_keys()[-1] == reading.entries[-1].key
    timeline.to_start()
    stage.settle()
    assert timeline.drawn_keys()[0] == reading.entries[0].key
    assert len(timeline.drawn_keys()) < 60


def test_items_do_not_pile_up(stage: Stage) -> None:
    reading = Reading(stage, fill(400))
    timeline = reading.timeline
    counts = []
    for _ in range(3):
        for _ in range(30):
            timeline.scroll(-170)
        timeline.to_end()
        stage.settle()
        counts.append(len(timeline.widget.find_all()))
    assert len(set(counts[1:])) == 1


def test_what_did_not_change_is_not_drawn_again(stage: Stage) -> None:
    reading = Reading(stage, fill(100))
    before = set(reading.timeline.widget.find_withtag("row"))
    reading.show()
    assert set(reading.timeline.widget.find_withtag("row")) == before
    reading.talk.say("one more", ME)
    reading.show()
    after = set(reading.timeline.widget.find_withtag("row"))
    assert len(before - after) < 40, "only the row before it and those out of view go"


# --- nothing jumps ------------------------------------------------------------------


def test_pages_that_come_above_do_not_move_what_is_read(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: None)
    talk, timeline = reading.talk, reading.timeline
    talk.room.more = True
    talk.put(*(talk.entry(f"message {seq}", seq=seq) for seq in range(201, 241)))
    reading.show()
    for first in (101, 1):
        timeline.to_start()
        stage.settle()
        assert reading.acts.asked("older")
        top = reading.entries[0]
        before = reading.text_y(top)
        page = [talk.entry(f"message {seq}", seq=seq) for seq in range(first, first + 100)]
        talk.room.entries[:0] = page
        talk.room.more = first > 1
        reading.show()
        assert reading.text_y(top) == before
    timeline.to_start()
    stage.settle()
    assert timeline.drawn_keys()[0] == reading.entries[0].key
    count = len(reading.acts.asked("older"))
    timeline.scroll(-10)
    assert len(reading.acts.asked("older")) == count, "there is nothing above"


def test_a_day_line_that_goes_does_not_move_the_words(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: None)
    talk = reading.talk
    day = [talk.entry(f"m {seq}", seq=seq, ts=NOON + DAY_MS + seq) for seq in range(51, 120)]
    talk.put(*day)
    reading.show()
    reading.timeline.to_start()
    stage.settle()
    before = reading.text_y(day[0])
    talk.room.entries[:0] = [
        talk.entry(f"m {seq}", seq=seq, ts=NOON + DAY_MS + seq) for seq in range(1, 51)
    ]
    reading.show()
    assert reading.text_y(day[0]) == before


def test_new_messages_do_not_move_what_is_read(stage: Stage) -> None:
    reading = Reading(stage, fill(80))
    timeline, talk = reading.timeline, reading.talk
    timeline.scroll(-900)
    stage.settle()
    assert not timeline.at_end
    middle = reading.entries[[e.key for e in reading.entries].index(timeline.drawn_keys()[8])]
    before = reading.text_y(middle)
    talk.many(3)
    talk.room.unread = 3
    reading.show()
    assert reading.text_y(middle) == before
    assert "3" in texts_of(timeline.widget, "jump")
    assert not reading.acts.asked("seen")
    box = timeline.signs.button
    assert box is not None
    reading.click((box.x + box.w // 2, box.y + box.h // 2))
    assert timeline.at_end and timeline.signs.button is None
    assert reading.acts.asked("seen")
    assert timeline.drawn_keys()[-1] == reading.entries[-1].key
    talk.say("and one more")
    reading.show()
    assert timeline.drawn_keys()[-1] == reading.entries[-1].key


def test_changes_above_and_below_do_not_move_what_is_read(stage: Stage) -> None:
    reading = Reading(stage, fill(120))
    timeline, talk = reading.timeline, reading.talk
    timeline.scroll(-1200)
    stage.settle()
    keys = [key for key in timeline.drawn_keys() if (timeline.view.top_of(key) or 0) >= 0]
    at = [e.key for e in reading.entries].index(keys[0])
    middle = reading.entries[at]
    before = reading.text_y(middle)
    for step in (-9, -2, -1, 1, 4):
        entry = reading.entries[at + step]
        reactions = (("\U0001f44d", (OLENA, ME)),)
        talk.change(entry, replace(entry, body={"text": "longer\n" * 4}, reactions=reactions))
        reading.show()
        assert reading.text_y(middle) == before, step
    gone = reading.entries[at - 2]
    talk.change(gone, replace(gone, deleted=True, body={}))
    reading.show()
    assert reading.text_y(middle) == before


def test_the_anchor_may_fall_away_at_the_far_end(stage: Stage) -> None:
    reading = Reading(stage, fill(300))
    timeline = reading.timeline
    timeline.scroll(-3000)
    stage.settle()
    key = timeline.drawn_keys()[10]
    entry = next(one for one in reading.entries if one.key == key)
    before = reading.text_y(entry)
    del reading.entries[:40]
    reading.show()
    assert reading.text_y(entry) == before


def test_ones_own_message_takes_the_view_to_the_end(stage: Stage) -> None:
    reading = Reading(stage, fill(80))
    reading.timeline.scroll(-900)
    stage.settle()
    mine = reading.talk.pend("mine")
    reading.show()
    assert reading.timeline.at_end
    assert reading.timeline.drawn_keys()[-1] == mine.key
    reading.talk.room.pending.clear()
    reading.talk.put(replace(mine, seq=81, state=State.STORED))
    reading.show()
    assert reading.timeline.drawn_keys()[-1] == mine.key, "it is the same row"


def test_the_end_of_a_window_into_history_is_not_the_end(stage: Stage) -> None:
    def say(talk: Talk) -> None:
        talk.many(80)
        talk.room.newer = True
        talk.room.unread = 7

    reading = Reading(stage, say, head=900)
    timeline, talk = reading.timeline, reading.talk
    assert not timeline.at_end
    assert reading.acts.asked("newer") and not reading.acts.asked("seen")
    top = reading.entries[-1]
    before = reading.text_y(top)
    talk.many(30)
    reading.show()
    assert reading.text_y(top) == before
    timeline.to_end()
    assert reading.acts.asked("to_end")
    talk.room.entries.clear()
    talk.put(*(talk.entry(f"new {seq}", seq=seq) for seq in range(860, 901)))
    talk.room.newer = False
    reading.show()
    assert timeline.at_end
    assert timeline.drawn_keys()[-1] == reading.entries[-1].key


def test_resizing_keeps_the_end_or_what_is_read(stage: Stage) -> None:
    reading = Reading(stage, fill(80))
    timeline = reading.timeline
    stage.root.geometry("400x500")
    stage.wait(lambda: timeline.widget.winfo_width() == 400, "the new size")
    stage.settle()
    assert timeline.at_end and timeline.drawn_keys()[-1] == reading.entries[-1].key
    timeline.scroll(-700)
    stage.settle()
    (key, _), offset = timeline.view.anchor
    stage.root.geometry("620x440")
    stage.wait(lambda: timeline.widget.winfo_width() == 620, "the new size")
    stage.settle()
    assert timeline.view.anchor[0][0] == key and timeline.view.anchor[1] == offset


# --- transfers ------------------------------------------------------------------------


def test_a_transfer_is_shown_and_can_be_ended(stage: Stage) -> None:
    body = {"name": "plan.pdf", "media": "application/pdf", "size": 1000, "sha256": b"f" * 32}
    reading = Reading(stage, lambda talk: talk.say(kind=EventKind.FILE, body=body))
    entry = reading.entries[0]
    reading.click(reading.zone(entry, "file"))
    assert reading.acts.asked("open_file") == [(1,)]
    looks = set()
    transfers = reading.talk.model.transfers
    box = reading.place(entry)
    for done in (0, 500, 1000):
        transfers[7] = Transfer(7, GENERAL, "plan.pdf", False, done, 1000, b"f" * 32)
        reading.show()
        stage.display.run("xdotool", "mousemove", "690", "590")
        looks.add(stage.shot().crop((box.x, box.y, box.x + box.w, box.y + box.h)).tobytes())
    assert len(looks) == 3
    x, y = reading.zone(entry, "file")
    # Elsewhere than before: the second click of a double one does nothing.
    reading.click((x - 20, y))
    assert reading.acts.asked("cancel") == [(7,)]
    transfers[7] = replace(transfers[7], problem="no")
    reading.show()
    reading.click((x + 20, y))
    assert len(reading.acts.asked("open_file")) == 2
    transfers.clear()
    reading.show()


def test_the_view_dies_cleanly_in_the_middle_of_everything(stage: Stage) -> None:
    reading = Reading(stage, fill(100))
    reading.timeline.travel.wheel(-3)
    reading.timeline.flash(50)
    reading.talk.many(3)
    reading.timeline.show()
    reading.timeline.widget.destroy()
    stage.settle()
    assert not stage.failures
