"""Geometry of rows: everything stands where it can be seen, whatever strangers send."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gui.chat.room import Entry, State
from gui.text.bubblelayout import FOLD_LINES, names_in, shape_of
from gui.text.hits import boxes_of, cut, edge, in_words, offset_at, zone_at
from gui.text.rowlayout import Page, Shape, picture_size
from gui.text.rows import rows_of
from gui.text.textlayout import letters
from gui.words.i18n import LANGUAGES, Words
from protocol.codes import EventKind
from tests.gui.fakes import ME, NOON, OLENA, SOMCHAI
from tests.gui.test_textlayout import Grid

TR = {language: Words(language) for language in LANGUAGES}


def page(width: int = 800, language: str = "en", **more: Any) -> Page:
    return Page(width, 1.0, Grid(), TR[language], date(2026, 11, 20), ME, **more)


def message(
    words: str = "hello", person: bytes = OLENA, kind: int = EventKind.TEXT, seq: int = 1,
    body: dict[str, Any] | None = None, **more: Any,
) -> Entry:  # fmt: skip
    said: dict[str, Any] = {"text": words} if kind == EventKind.TEXT else {"caption": words}
    nick = "Marko" if person == ME else "Olena"
    return Entry(seq, seq, NOON, person, nick, kind, said | (body or {}), person == ME, **more)


IMAGE = {"name": "a.png", "size": 10, "sha256": b"s" * 32, "width": 4000, "height": 3000}
FILE = {"name": "a long name of a file.pdf", "size": 123456, "sha256": b"f" * 32}


def shape(entry: Entry, width: int = 800, **more: Any) -> Shape:
    return shape_of(rows_of([entry])[0], page(width, **more))


def said(one: Shape) -> list[str]:
    return ["".join(run.text for run in label.line.runs) for label in one.labels]


def test_own_messages_stand_at_the_right_with_a_sign_for_their_state() -> None:
    left, right = shape(message()), shape(message(person=ME))
    assert left.bubble is not None and right.bubble is not None
    assert left.bubble.x < 100 and left.avatar is not None and left.state_at is None
    assert 770 < right.bubble.x + right.bubble.w < 800
    assert right.avatar is None and right.state_at is not None
    assert "Olena" in said(left) and "Marko" not in said(right)


def test_a_failed_message_says_why_and_what_can_be_done() -> None:
    one = shape(message(person=ME, state=State.FAILED, reason="too long"))
    assert "Not sent: too long" in said(one)
    assert [zone.kind for zone in one.zones] == ["retry", "discard", "state"]


def test_a_change_that_waits_has_a_sign_too() -> None:
    assert shape(message(waiting=True)).state_at is not None


def test_the_time_stands_beside_the_last_line_if_there_is_room() -> None:
    short, long = shape(message("hi")), shape(message("x" * 49 + " " + "y" * 47))
    for one, below in ((short, False), (long, True)):
        time = one.labels[-1]
        assert one.block is not None
        assert (time.at[1] >= one.block_at[1] + one.block.height) is below


def test_a_few_emoji_alone_are_large_and_have_no_bubble() -> None:
    for words, bare in (("😀", True), ("😀 🎉\n🇺🇦", True), ("😀😀😀😀", False), ("a😀", False)):
        one = shape(message(words))
        assert (one.bare, one.block_role) == (bare, "huge" if bare else "body"), words
    assert not shape(message("😀", body={"reply": 5})).bare


def test_a_quote_shows_who_said_what() -> None:
    quoted = {5: message("what was\nsaid", SOMCHAI), 6: replace(message(), deleted=True, body={})}
    look = page(quoted=quoted.get, name_of=lambda who, was: "Somchai" if who == SOMCHAI else was)
    one = shape_of(rows_of([message(body={"reply": 5})])[0], look)
    assert one.quote is not None and one.quote.person == SOMCHAI
    assert said(one)[:3] == ["Olena", "Somchai", "what was said"]
    deleted = shape_of(rows_of([message(body={"reply": 6})])[0], look)
    assert TR["en"]("wording.deleted") in said(deleted)
    unknown = shape_of(rows_of([message(body={"reply": 7})])[0], look)
    assert "An earlier message" in said(unknown)


def test_what_cannot_be_shown_is_said() -> None:
    assert TR["en"]("wording.newer_version") in said(shape(message(kind=77)))
    gone = shape(replace(message(body={"reply": 3}), deleted=True, body={}))
    assert TR["en"]("wording.deleted") in said(gone)
    assert gone.block is None and gone.quote is None


def test_long_texts_are_folded_until_they_are_opened() -> None:
    entry = message("a\n" * 50)
    folded = shape(entry)
    assert folded.block is not None and len(folded.block.lines) == FOLD_LINES
    assert "more" in [zone.kind for zone in folded.zones]
    whole = shape(entry, expanded={entry.key})
    assert whole.block is not None and len(whole.block.lines) == 51
    assert "less" in [zone.kind for zone in whole.zones]


def test_reactions_are_chips_in_rows() -> None:
    many = tuple((chr(0x1F600 + at), (OLENA, ME) if at == 3 else (OLENA,)) for at in range(30))
    one = shape(message("hi", reactions=many), 300)
    assert [chip.own for chip in one.chips] == [at == 3 for at in range(30)]
    assert len({chip.box.y for chip in one.chips}) > 2
    assert [zone.value for zone in one.zones if zone.kind == "chip"] == [who for who, _ in many]


def test_a_picture_keeps_its_proportions_and_is_not_blown_up() -> None:
    assert picture_size(1600, 1000, 320, 1.0) == (320, 200)
    assert picture_size(100, 50, 320, 1.0) == (100, 50)
    assert picture_size(1, 4000, 320, 1.0) == (24, 320)


def test_the_words_stay_where_a_name_above_them_goes() -> None:
    one, two = rows_of([message(), message(seq=2)])
    for row in (one, two):
        made = shape_of(row, page())
        assert made.pin == made.block_at[1]


def test_names_in_a_text() -> None:
    people = [(OLENA, "Olena"), (SOMCHAI, "Olena K"), (ME, "Marko")]
    text = "@olena k, @Olena! @Markoff @marko"
    found = [(text[one.start : one.end], one.me) for one in names_in(text, people, ME)]
    assert found == [("@olena k", False), ("@Olena", False), ("@marko", True)]
    assert names_in("İ@Olena", people[:1], ME)[0].start in (1, 2)


# --- whatever comes -------------------------------------------------------------

WORDS = st.text(
    st.sampled_from("ab їґ ń\n😀🇺🇦ที่เรียนน้ำ@.:/httpsexample\u0301\u200d\ufe0f\U0001f3fd"),
    max_size=160,
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind, body = draw(
        st.sampled_from(
            [(EventKind.TEXT, {}), (EventKind.IMAGE, IMAGE), (EventKind.FILE, FILE), (88, {})]
        )
    )
    more = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "reply": st.integers(1, 9),
                "via": st.text(min_size=1, max_size=40),
                "mentions": st.just([ME, OLENA]),
            },
        )
    )
    reactions = tuple((sign, (ME,)) for sign in draw(st.sets(st.sampled_from("😀🎉🙏👍😢"))))
    return message(
        draw(WORDS) or "x", draw(st.sampled_from([ME, OLENA])), kind, body={**body, **more},
        reactions=reactions, edited=draw(st.booleans()), waiting=draw(st.booleans()),
        state=draw(st.sampled_from(list(State))),
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(entries(), st.sampled_from([220, 400, 800, 2000]), st.sampled_from(sorted(LANGUAGES)))
def test_everything_stays_inside_the_bubble(entry: Entry, width: int, language: str) -> None:
    quoted = {3: message("said before " * 20)}
    look = page(width, language, quoted=quoted.get, name_of=lambda _, was: was or "Olena")
    one = shape_of(rows_of([entry])[0], look)
    box = one.bubble
    assert box is not None and box.y + box.h == one.height
    right, bottom = box.x + box.w, box.y + box.h
    assert box.x >= 0
    if width >= 400:
        assert right <= width
    beside = [zone for zone in one.zones if (zone.box.x, zone.box.y) == one.avatar]
    assert [zone.kind for zone in beside] == (["person"] if one.avatar else [])
    for zone in one.zones:
        if zone in beside:
            continue
        assert box.x <= zone.box.x and zone.box.x + zone.box.w <= right, zone
        assert box.y <= zone.box.y and zone.box.y + zone.box.h <= bottom, zone
    for label in one.labels:
        assert box.x <= label.at[0] and label.at[0] + label.line.width <= right
        assert box.y <= label.at[1] and label.at[1] + 20 <= bottom
    if one.block is not None:
        assert one.block_at[0] + one.block.width <= right
        assert one.block_at[1] + one.block.height <= bottom


@settings(max_examples=200, deadline=None)
@given(entries(), st.integers(-50, 900), st.integers(-50, 900))
def test_every_point_is_a_place_in_the_words(entry: Entry, x: int, y: int) -> None:
    one = shape(entry, 500)
    offset = offset_at(one, Grid(), x, y)
    assert 0 <= offset <= max(1, len(one.words))
    zone = zone_at(one, x, y)
    assert zone is None or zone.box.holds(x, y)
    in_words(one, x, y)


@settings(max_examples=200, deadline=None)
@given(WORDS)
def test_the_place_of_a_character_is_found_where_it_is_drawn(words: str) -> None:
    one = shape(message(words or "x"), 420)
    assert one.block is not None
    left, top = one.block_at
    for number, line in enumerate(one.block.lines):
        y = top + number * one.block.line_height + 5
        for run in line.runs:
            if run.kind == "host":
                continue
            assert one.words[run.start : run.end] == run.text
            at = run.start
            for letter in letters(run):
                x0, x1 = edge(line, Grid(), at), edge(line, Grid(), at + len(letter))
                if x1 > x0 + 2:
                    assert offset_at(one, Grid(), left + x0 + 1, y) == at
                at += len(letter)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.integers(0, 160), st.integers(0, 160))
def test_a_selection_is_drawn_and_cut_without_loss(words: str, one_end: int, other: int) -> None:
    start, end = sorted((one_end, other))
    one = shape(message(words or "x"), 420)
    assert one.block is not None and one.bubble is not None
    for box in boxes_of(one, Grid(), start, end):
        assert box.x >= one.block_at[0] and box.w > 0
    for line in one.block.lines:
        for run in line.runs:
            parts = cut(run, Grid(), start, end)
            assert "".join(part.text for part, _ in parts) == run.text
            assert sum(part.width for part, _ in parts) == run.width
            assert parts[0][0].x == run.x and parts[0][0].start == run.start


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_all_sentences_of_the_message_list_are_there(language: str) -> None:
    file = {
        name for name in TR["en"]._sentences if name.startswith("timeline.")
    }  # fmt: skip
    assert file == {name for name in TR[language]._sentences if name.startswith("timeline.")}


@pytest.mark.parametrize("nick", ["Оlena", "Оlena " + "x" * 26])
def test_a_name_of_two_alphabets_is_marked_and_the_mark_is_no_button(nick: str) -> None:
    one = shape(message(), 300, name_of=lambda _, was: nick)
    (name, *_), (mark,) = one.zones, [zone for zone in one.zones if zone.kind == "doubt"]
    assert name.kind == "person" and mark.box.x >= name.box.x + name.box.w
    assert one.bubble is not None and mark.box.x + mark.box.w <= one.bubble.x + one.bubble.w
    assert "⚠" in said(one)
    plain = shape(message(), 300)
    assert "⚠" not in said(plain) and not [zone for zone in plain.zones if zone.kind == "doubt"]
