"""Selecting across messages, and what is copied: whole letters, names and times, pictures."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.chat.room import Entry
from gui.text.rows import Rows
from gui.text.selection import Selection, Spot, copied, copied_whole, extent, part_of, word_at
from gui.words import wording
from gui.words.i18n import Words
from protocol.codes import EventKind
from tests.gui.fakes import DAY_MS, ME, NOON, OLENA

TR = Words("en")
TODAY = date(2026, 11, 20)


def entry(
    seq: int, words: str, kind: int = EventKind.TEXT, ts: int = 0, own: bool = False
) -> Entry:
    body = {"text": words} if kind == EventKind.TEXT else {"caption": words, "name": "a.png"}
    if kind == EventKind.NOTICE:
        body = {"what": "joined"}
    person, nick = (ME, "Marko") if own else (OLENA, "Olena")
    return Entry(seq, seq, ts or NOON + seq * 1000, person, nick, kind, body, own)


def rows_with(*entries: Entry) -> Rows:
    rows = Rows()
    rows.update(list(entries), 0)
    return rows


def copy(rows: Rows, one: tuple[int, int], two: tuple[int, int]) -> str:
    selection = Selection()
    selection.begin(Spot(*one))
    selection.reach(Spot(*two))
    return copied(rows.rows, selection.ends(rows.index_of), TR, TODAY, lambda _, was: was)


def test_a_part_of_one_message_is_copied_as_it_is() -> None:
    rows = rows_with(entry(1, "Привіт, світе 🇺🇦"), entry(2, "ho"))
    assert copy(rows, (1, 8), (1, 13)) == "світе"
    assert copy(rows, (1, 13), (1, 8)) == "світе"
    assert copy(rows, (1, 3), (1, 3)) == ""


def test_several_messages_are_copied_with_names_and_times() -> None:
    rows = rows_with(entry(1, "first one"), entry(2, "two\nlines"), entry(3, "third", own=True))
    clock = wording.clock(NOON + 1000)
    assert copy(rows, (1, 6), (3, 2)) == (
        f"Olena, {clock}\none\n\nOlena, {clock}\ntwo\nlines\n\nMarko, {clock}\nth"
    )


def test_days_are_named_where_there_is_more_than_one() -> None:
    rows = rows_with(entry(1, "a"), entry(2, "b", ts=NOON + DAY_MS))
    text = copy(rows, (1, 0), (2, 1))
    assert "Today" in text or "Yesterday" in text


def test_pictures_and_notices() -> None:
    picture = entry(2, "", EventKind.IMAGE)
    captioned = entry(4, "look", EventKind.FILE)
    rows = rows_with(entry(1, "a"), picture, entry(3, "", EventKind.NOTICE), captioned)
    text = copy(rows, (1, 0), (4, 2))
    assert [block.split("\n", 1)[1] for block in text.split("\n\n")] == [
        "a", "[Picture: a.png]", "[File: a.png]\nlo",
    ]  # fmt: skip
    assert copied_whole(TR, captioned) == "[File: a.png]\nlook"
    assert [extent(row) for row in rows.rows] == [1, 1, 1, 4]


def test_a_selection_survives_what_comes_above_and_ends_with_what_goes() -> None:
    rows = rows_with(*(entry(seq, "word") for seq in range(10, 20)))
    selection = Selection()
    selection.choose(15, 1, 3)
    rows.update([entry(seq, "word") for seq in range(5, 25)], 0)
    ends = selection.ends(rows.index_of)
    assert ends == (10, 1, 10, 3)
    assert part_of(ends, 10, rows.rows[10]) == (1, 3)
    assert part_of(ends, 9, rows.rows[9]) is None
    rows.update([entry(seq, "word") for seq in range(17, 25)], 0)
    assert selection.ends(rows.index_of) is None


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("один два, три", 6, "два"),
        ("don't stop", 2, "don't"),
        ("a 👨‍👩‍👧 b", 3, "👨‍👩‍👧"),
        ("ที่เรียน ไหม", 2, "ที่เรียน"),
        ("x, y", 1, ","),
        ("ab", 2, ""),
    ],
)
def test_a_word_is_found(text: str, at: int, word: str) -> None:
    start, end = word_at(text, at)
    assert text[start:end] == word


@given(st.lists(st.text("ab 😀ที่\n", max_size=12), min_size=1, max_size=6), st.data())
def test_backwards_is_the_same_as_forwards(texts: list[str], data: st.DataObject) -> None:
    rows = rows_with(*(entry(at, text or "-") for at, text in enumerate(texts, 1)))
    spot = st.tuples(st.integers(1, len(texts)), st.integers(0, 12))
    one, two = data.draw(spot), data.draw(spot)
    assert copy(rows, one, two) == copy(rows, two, one)
