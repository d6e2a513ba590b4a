"""Words that were searched for, marked in the message list of a real window."""

from typing import Any

import pytest

from gui.views.timeline.travel import FLASH_MS, FOUND_MS
from protocol.codes import EventKind
from tests.gui.conftest import Stage
from tests.gui.fakes import ME
from tests.gui.reading import Reading
from tests.gui.screens import count, rgb
from tests.gui.talk import Talk
from tests.gui.test_rowlayout import FILE, IMAGE


def marked(reading: Reading) -> str:
    """Return the words that stand on the colour of what was found, in order."""
    canvas, ink = reading.timeline.widget, reading.stage.look.palette.on_found
    call, name = canvas.tk.call, str(canvas)
    items = [
        one
        for one in canvas.find_all()
        if call(name, "type", one) == "text" and call(name, "itemcget", one, "-fill") == ink
    ]
    items.sort(key=lambda one: (canvas.coords(one)[1], canvas.coords(one)[0]))
    return "|".join(str(call(name, "itemcget", one, "-text")) for one in items)


def yellow(reading: Reading) -> int:
    """How many pixels have the colour behind what was found."""
    palette = reading.stage.look.palette
    return count(reading.stage.shot(), rgb(palette.found))


def find(reading: Reading, seq: int, query: str) -> None:
    reading.timeline.travel.seek(seq, query)
    reading.timeline.flash(seq)
    reading.stage.settle()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Купили ЁЛКУ во двор", "елк", "ЁЛК"),
        ("pojechał do Łodzi wczoraj", "lodz", "Łodz"),
        ("the lunch and LUNCH again", "unch", "unch|UNCH"),
        ("подвійний їжачок", "їжач", "їжач"),
    ],
)
def test_what_was_found_is_marked_inside_the_bubble(
    stage: Stage, theme: str, text: str, query: str, shown: str
) -> None:
    reading = Reading(stage, lambda talk: talk.say(text), theme=theme)
    assert not marked(reading) and not yellow(reading)
    find(reading, 1, query)
    assert marked(reading) == shown
    assert yellow(reading) > 50


def test_thai_is_marked_and_one_s_own_bubble_too(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say("ไปกินข้าวกัน", ME))
    find(reading, 1, "ข้าว")
    assert yellow(reading) > 50 and marked(reading)


def test_the_mark_goes_with_the_light(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say("find me here"))
    find(reading, 1, "me")
    assert reading.timeline.travel.flashed and marked(reading) == "me"
    assert FOUND_MS > FLASH_MS
    stage.wait(lambda: not marked(reading), "the end of the light")
    assert not reading.timeline.travel.flashed and not yellow(reading)


def test_a_jump_that_is_no_search_marks_nothing(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.many(4))
    find(reading, 2, "message")
    assert marked(reading) == "message"
    reading.timeline.flash(3)
    stage.settle()
    assert not marked(reading) and reading.timeline.travel.flashed == reading.entries[2].key
    reading.timeline.flash(2)
    stage.settle()
    assert not marked(reading)


def test_a_word_in_the_folded_part_of_a_long_text_comes_into_view(stage: Stage) -> None:
    def fill(talk: Talk) -> None:
        talk.many(30)
        talk.say("line of hay\n" * 90 + "a needle here\n" + "more hay\n" * 90)
        talk.many(30)

    reading = Reading(stage, fill)
    find(reading, 31, "needle")
    assert marked(reading) == "needle" and yellow(reading) > 50


def test_a_word_of_a_text_higher_than_the_view_is_what_one_comes_to(stage: Stage) -> None:
    def fill(talk: Talk) -> None:
        talk.many(3)
        talk.say("hay " * 400 + "needle")
        talk.many(3)

    reading = Reading(stage, fill, size=(420, 300))
    reading.timeline.expand(reading.entries[3], True)
    find(reading, 4, "needle")
    assert yellow(reading) > 50


@pytest.mark.parametrize(
    ("kind", "body", "query", "shown"),
    [
        (EventKind.FILE, FILE, "NAME", "name"),
        (EventKind.FILE, {**FILE, "caption": "my file"}, "my", "my"),
        (EventKind.IMAGE, {**IMAGE, "caption": "Ёж в саду"}, "еж", "Ёж"),
    ],
)
def test_captions_and_names_of_files_are_marked(
    stage: Stage, kind: EventKind, body: dict[str, Any], query: str, shown: str
) -> None:
    reading = Reading(stage, lambda talk: talk.say(kind=kind, body=body))
    find(reading, 1, query)
    assert marked(reading) == shown


def test_what_is_selected_lies_over_what_was_found(stage: Stage) -> None:
    reading = Reading(stage, lambda talk: talk.say("find me here"))
    find(reading, 1, "find here")
    reading.timeline.select_all()
    stage.settle()
    assert not marked(reading) and not yellow(reading)
    reading.timeline.travel.calm()
    assert not reading.timeline.travel.flashed
