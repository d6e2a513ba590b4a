"""Where the words of a search stand in a message: folded, inside words, in whole letters."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.text.found import first_box, folded_away, found_in
from gui.text.rows import rows_of
from gui.text.rowshapes import RowShapes
from gui.text.textlayout import clean
from protocol.client.folding import spans
from tests.gui.talk import Talk
from tests.gui.test_rowlayout import page


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Купили ЁЛКУ во двор", "елк", ["ЁЛК"]),
        ("w Łodzi", "lodz", ["Łodz"]),
        ("Straße", "SS", ["ß"]),
        ("подвійний їжачок", "їжач", ["їжач"]),
        ("aXa xA", "XA", ["Xa", "xA"]),
        ("one two one", "one two", ["one", "two", "one"]),
        ("abcabc", "abc", ["abcabc"]),
        ("วันนี้อากาศดี", "อากาศ", ["อากาศ"]),
        ("ไปกินข้าวกัน", "ข้าว", ["ข้าว"]),
        # Of a cluster not even half is left out: the vowel before its consonant, marks above it.
        ("เก้าอี้", "ก", ["เก้า"]),
        ("e\u0301te\u0301", "t", ["t"]),
        ("nothing", "xyz", []),
        ("nothing", "", []),
        ("😀 кіт", "кіт", ["кіт"]),
    ],
)
def test_what_is_found_is_marked_in_whole_letters(text: str, query: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in found_in(text, query)] == found


@given(st.text("aаеёїłŁß 1กเ้ี😀\u0301", max_size=40), st.text("aаеёłßกเ้", max_size=4))
def test_marks_are_in_order_and_cover_what_the_search_found(text: str, query: str) -> None:
    marks = found_in(text, query)
    assert all(one[0] < one[1] for one in marks)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(marks))
    covered = {at for start, end in marks for at in range(start, end)}
    assert {at for start, end in spans(text, query) for at in range(start, end)} <= covered


def test_half_a_character_of_x11_is_no_error() -> None:
    assert found_in("кіт 😀", "\ud83d\ude00") == [(4, 5)]
    assert found_in("кіт", "\ud83d") == []


def test_the_part_of_a_long_text_that_is_folded_is_known() -> None:
    talk = Talk()
    long = "рядок\n" * 200 + "голка в сіні"
    talk.say(long)
    shapes, (row,) = RowShapes(page()), rows_of(talk.room.entries)
    shape = shapes.of(row)
    assert shape.block is not None and shape.block.folded
    assert folded_away(shape, "голка") and not folded_away(shape, "нема")
    assert first_box(shape, page().ruler, "голка") is None
    shapes.expand(row.entry, True)
    shape = shapes.of(row)
    assert not folded_away(shape, "голка")
    box = first_box(shape, page().ruler, "голка")
    assert box is not None and shape.block is not None
    assert box.y >= shape.block_at[1] + 199 * shape.block.line_height
    assert clean(long) == shape.words
