"""Folding in five languages: what must meet, what must not, and where a hit lies."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.client.folding import fold, spans, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hello, WORLD", "hello, world"),
        ("Їжак Й Ґанок Ініціатива Є", "їжак й ґанок ініціатива є"),
        ("Подъём Ёлка ёлки", "подъем елка елки"),
        ("Майор йод Рай", "майор йод рай"),
        ("Zażółć GĘŚLĄ jaźń", "zazolc gesla jazn"),
        ("Łódź ŁÓDŹ", "lodz lodz"),
        ("Straße STRASSE", "strasse strasse"),
        ("น้ำ ผู้ใหญ่ เก๋ง ที่", "น้ำ ผู้ใหญ่ เก๋ง ที่"),
        ("ＡＢＣ１２３！ｚ\u3000ｚ", "abc123!z z"),
        ("п’ять пʼять п'ять п‘ять", "п'ять п'ять п'ять п'ять"),
        ("за\u0301мок", "замок"),
        ("ปลา\u200bทอง", "ปลาทอง"),
        ("👍🏽 👨‍👩‍👧 🇺🇦 ❤️", "👍🏽 👨‍👩‍👧 🇺🇦 ❤️"),
        ("İı Iı", "i\u0307ı iı"),
        ("café Ünal", "café ünal"),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("text", ["Їжак йод", "Ёлка", "Zażółć gęślą jaźń", "น้ำใส", "café", "각"])
def test_composed_and_decomposed_letters_are_alike(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert fold(composed) == fold(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("one", "two"),
    [("й", "и"), ("ї", "і"), ("ґ", "г"), ("є", "е"), ("ы", "и"), ("ปา", "ป่า"), ("มา", "ม้า")],
)
def test_letters_that_differ_stay_apart(one: str, two: str) -> None:
    assert fold(one) != fold(two)
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, one)) != fold(unicodedata.normalize(form, two))


@given(st.text())
def test_folding_twice_changes_no_case_and_forms_do_not_matter(text: str) -> None:
    assert fold(fold(text)).casefold() == fold(fold(text))
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


def test_words_of_a_query_are_folded_and_come_once() -> None:
    assert words("  Łódź\nlodz\u00a0ЁЖ ") == ["lodz", "еж"]
    assert words(" \t") == []


@pytest.mark.parametrize(
    ("text", "query", "hits"),
    [
        ("Hello world", "LLO", ["llo"]),
        ("Їжак їв їжу", "їж", ["Їж", "їж"]),
        ("Купили ЁЛКУ", "елк", ["ЁЛК"]),
        ("Zażółć gęślą", "zolc gesl", ["żółć", "gęśl"]),
        ("Weißes Haus", "s", ["ß", "s", "s"]),
        ("Weißes Haus", "ss", ["ß"]),
        ("วันนี้อากาศดี", "อากาศ", ["อากาศ"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("abcd", "abc bcd", ["abcd"]),
        ("ab", "a b", ["a", "b"]),
        ("за\u0301мок", "замок", ["за\u0301мок"]),
        ("ＡＢＣ", "b", ["Ｂ"]),
        ("👍🏽 добре 👍", "добре", ["добре"]),
        ("nothing", "x", []),
        ("nothing", "", []),
    ],
)
def test_spans(text: str, query: str, hits: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text, query)] == hits


def test_spans_in_decomposed_text_cover_a_letter_with_its_marks() -> None:
    text = unicodedata.normalize("NFD", "Żółty їжак")
    found = [unicodedata.normalize("NFC", text[a:b]) for a, b in spans(text, "zolt їж")]
    assert found == ["Żółt", "їж"]


@given(st.text(alphabet="aBłŻёЁйи\u0306\u0301ß ї👍น้ำ각ᄀ\u1161", max_size=20), st.data())
def test_every_part_of_a_composed_text_is_found_where_it_is(text: str, data: st.DataObject) -> None:
    text = unicodedata.normalize("NFC", text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    for word in text[start:end].split():
        if fold(word):
            assert any(fold(word) in fold(text[a:b]) for a, b in spans(text, word)), word


@given(st.text(max_size=30), st.text(max_size=4))
def test_spans_are_ascending_and_inside(text: str, query: str) -> None:
    last = 0
    for start, end in spans(text, query):
        assert last <= start < end <= len(text)
        last = end
