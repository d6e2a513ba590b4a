"""Names: what is cleaned, what is refused, which look alike and which must not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadNameError
from protocol.names import (
    RESERVED,
    clean_nick,
    clean_room_name,
    mixed_word,
    resemblance,
    skeleton,
)

UKRAINIAN = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
LATIN = "abcdefghijkmnopqrstuvwxyz"
ARMENIAN = "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցփքօֆ"

DRAWN_ALIKE = {
    "a": "аαᴀɑＡ𝐚𝔸ꓮᎪⲀ",
    "b": "ВΒʙᏴꓐ",
    "c": "сϲϹᴄᏟꓚⅽ",
    "d": "ԁᴅⅆᎠ",
    "e": "еΕᴇЕℯᎬ",
    "g": "ցɡԍᏀ",
    "h": "һНΗհʜℎ",
    "i": "іІΙιӀӏlL1|ɩıɪǀ",
    "j": "јϳյЈ",
    "k": "кΚĸᴋK",
    "m": "МΜᴍ",
    "n": "ΝոɴΝ",
    "o": "оοօ0ᴏОΟ",
    "p": "рΡᴘᏢ",
    "q": "ԛզ",
    "r": "ʀᴦᏒ",
    "s": "ѕꜱЅſ",
    "t": "тΤᴛ",
    "u": "սᴜ",
    "v": "νѵᴠⅴ",
    "w": "ԝաᴡɯ",
    "x": "хΧꭓХⅹ",
    "y": "уΥʏУ",
    "z": "ΖᴢᏃ",
    "3": "зɜЗ",
    "ф": "φɸ",
    "ə": "әǝ",
    "'": "\u2019\u02bc\u2018\u2032",
    "-": "\u2010\u2013\u2014\u2212",
    "\u06f1": "\u0661",
}
"""Facts out of the table of Unicode Technical Standard #39, by letter."""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Оля", "Оля"),
        ("  Anna \t Maria\n", "Anna Maria"),
        ("Ї", "Ї"),
        ("José", "José"),
        ("สมชาย ใจดี", "สมชาย ใจดี"),
        ("李雷", "李雷"),
        ("O'Neil-Smith_2", "O'Neil-Smith_2"),
        ("я ❤️ чай", "я ❤️ чай"),
        ("😀 Max", "😀 Max"),
        ("7", "7"),
        ("х" * 32, "х" * 32),
        ("a@b#c", "a@b#c"),
    ],
)
def test_good_nicknames(text: str, wanted: str) -> None:
    assert clean_nick(text) == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\u3000", "empty"),
        ("х" * 33, "32 characters"),
        ("x" * 100_000, "32 characters"),
        ("@anna", "start with @"),
        ("#anna", "start with #"),
        ("...", "letter or a digit"),
        ("😀", "letter or a digit"),
        ("a\x00b", "U\\+0000"),
        ("a\u200bb", "U\\+200B"),
        ("a\u202eb", "U\\+202E"),
        ("a\u061cb", "U\\+061C"),
        ("a\u200db", "U\\+200D"),
        ("a\u00adb", "U\\+00AD"),
        ("a\U000e0041b", "U\\+E0041"),
        ("ah\u0640mad", "U\\+0640"),
        ("\u1112\u1161\u11a8\u302e", "U\\+302E"),
        ("a\u2066b", "U\\+2066"),
        ("a\ufeffb", "U\\+FEFF"),
        ("a\ue000b", "U\\+E000"),
        ("a\u0378b", "U\\+0378"),
        ("a\ud800b", "U\\+D800"),
        ("\u3164", "U\\+3164"),
        ("a\u2800b", "U\\+2800"),
        ("a\u034fb", "U\\+034F"),
        ("a\U000e0101", "U\\+E0101"),
        ("\u0301a", "no letter below"),
        ("a \u0301", "no letter below"),
        ("a\u0334\u0335\u0336\u0337\u0338", "no letter below"),
        *((word, "kept for the server") for word in RESERVED),
        ("ADMIN", "kept for the server"),
        ("аdmіn", "kept for the server"),  # Cyrillic а and і
        ("Adm1n", "kept for the server"),
        ("S\u0443stem", "kept for the server"),
        ("АДМИНИСТРАТОР", "kept for the server"),
        ("Ｓerver", "kept for the server"),
    ],
)
def test_bad_nicknames_say_why(text: str, reason: str) -> None:
    with pytest.raises(BadNameError, match=reason) as caught:
        clean_nick(text)
    assert "\n" not in str(caught.value)


def test_rooms_are_longer_and_know_no_reserved_words() -> None:
    assert clean_room_name(" all  of us ") == "all of us"
    assert clean_room_name("all") == "all"
    assert clean_room_name("ж" * 64) == "ж" * 64
    with pytest.raises(BadNameError, match="64 characters"):
        clean_room_name("ж" * 65)
    with pytest.raises(BadNameError, match="start with #"):
        clean_room_name("#general")


@given(st.text(max_size=80))
def test_cleaning_settles(text: str) -> None:
    try:
        nick = clean_nick(text)
    except BadNameError:
        return
    assert clean_nick(nick) == nick
    assert 1 <= len(nick) <= 32
    assert unicodedata.is_normalized("NFC", nick)
    assert not any(unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Cn") for one in nick)
    assert skeleton(nick)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "ANNA"),
        ("Anna", "Аnnа"),  # Cyrillic А and а
        ("BOB", "ВОВ"),  # Cyrillic throughout
        ("Ivan", "Іvаn"),
        ("Max", "Мах"),
        ("Nick", "Νick"),  # Greek capital nu
        ("Ivan", "Iνan"),  # Greek small nu
        ("Paula", "PauIa"),  # capital i for l
        ("Paula", "Pau1a"),
        ("Oskar", "0skar"),
        ("Їжак", "Ïжaк"),  # Latin letters with the same dots
        ("Алёна", "Алëна"),
        ("Max", "Ｍａｘ"),
        ("ivan", "İvan"),
        ("Straße", "STRASSE"),
        ("Зоя", "3оя"),
        ("I❤you", "I❤️you"),
        ("Анна Марія", "Анна  Марія"),
    ],
)
def test_these_look_alike(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Іван", "Иван"),
        ("Андрій", "Андрии"),
        ("Олексій", "Олексии"),
        ("Її", "Іі"),
        ("Єва", "Ева"),
        ("Галя", "Ґаля"),
        ("Артём", "Артем"),
        ("Лев", "Леб"),
        ("Саша", "Маша"),
        ("José", "Jose"),
        ("Müller", "Muller"),
        ("Zoë", "Zoe"),
        ("สมชาย", "สมหญิง"),
        ("น้ำ", "นำ"),
        ("Anna B", "AnnaB"),
        ("Max2", "Max3"),
    ],
)
def test_these_are_different_people(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("alphabet", [UKRAINIAN, RUSSIAN, LATIN, GREEK, ARMENIAN])
def test_no_two_letters_of_one_alphabet_look_alike(alphabet: str) -> None:
    strokes = {"l", "i", "1"}
    seen = {skeleton(one): one for one in alphabet if one not in strokes}
    assert len(seen) == len(set(alphabet) - strokes)


def test_letters_that_are_drawn_alike_have_one_skeleton() -> None:
    different = [
        (letter, other)
        for letter, others in DRAWN_ALIKE.items()
        for other in others
        if skeleton(f"Nina{other}Lu") != skeleton(f"Nina{letter}Lu")
    ]
    assert not different


# The examples of RFC 8266, section 3: entered as the first, compared as the second.
@pytest.mark.parametrize(
    ("entered", "compared"),
    [
        ("Foo", "foo"),
        ("foo", "foo"),
        ("Foo Bar", "foo bar"),
        ("foo bar", "foo bar"),
        ("  Foo  \u00a0\u2003Bar ", "foo bar"),
        ("\u03a3", "\u03c3"),
        ("\u03c3", "\u03c3"),
        ("\u03c2", "\u03c3"),
        ("Richard \u2163", "richard iv"),
    ],
)
def test_nicknames_are_compared_as_precis_wants_it(entered: str, compared: str) -> None:
    assert skeleton(clean_nick(entered)) == skeleton(compared)
    assert resemblance(clean_nick(entered)) == resemblance(compared)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Оlena", "Оlena"),  # Cyrillic О
        ("Vera Рavlenko", "Рavlenko"),
        ("Μaria", "Μaria"),  # Greek Μ
        ("Дimitra", "Дimitra"),
        ("Αλеξης", "Αλеξης"),  # Cyrillic е
        ("P1аvel", "P1аvel"),
        ("Pа\u0325ul", "Pаul"),
        ("аpple", "аpple"),
        ("օscar", "օscar"),
        ("𝐎лена", "Oлена"),
    ],
)
def test_a_word_of_two_alphabets_is_marked(name: str, word: str) -> None:
    assert mixed_word(name) == word


@pytest.mark.parametrize(
    "name",
    ["Anna", "Олена", "Олена Smith", "Ольга_Ivanova", "Андрій", "Ёлка", "Żółw", "สมชาย Smith",
     "Ningสวย", "山田Taro", "김 Minsu", "Minsu김", "Αλέξης", "Max2", "я ❤️ чай", "Анна-Maria", ""],
)  # fmt: skip
def test_names_as_people_write_them_are_not_marked(name: str) -> None:
    assert mixed_word(name) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Barney", "Bamey"), ("Vera", "Veга"), ("Savvy", "Sawy"), ("Анна", "Aнна")],
)
def test_names_that_resemble_each_other(one: str, other: str) -> None:
    assert resemblance(one) == resemblance(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Anna", "Hanna"), ("Іван", "Иван"), ("José", "Jose"), ("Марія", "Мария"), ("Лев", "Леб")],
)
def test_names_that_do_not_resemble_each_other(one: str, other: str) -> None:
    assert resemblance(one) != resemblance(other)


@given(
    st.lists(
        st.sampled_from([letter + others for letter, others in DRAWN_ALIKE.items()]).flatmap(
            lambda alike: st.tuples(st.sampled_from(alike), st.sampled_from(alike))
        ),
        max_size=12,
    )
)
def test_what_has_one_skeleton_has_one_resemblance(letters: list[tuple[str, str]]) -> None:
    one = "".join(first for first, _ in letters)
    other = "".join(second for _, second in letters)
    assert skeleton(one) == skeleton(other)
    assert resemblance(one) == resemblance(other)
