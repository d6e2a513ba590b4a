"""Names: what is cleaned, what is refused, which look alike and which must not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadNameError
from protocol.names import RESERVED, clean_nick, clean_room_name, skeleton

UKRAINIAN = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
LATIN = "abcdefghijkmnopqrstuvwxyz"


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


@pytest.mark.parametrize("alphabet", [UKRAINIAN, RUSSIAN, LATIN, GREEK])
def test_no_two_letters_of_one_alphabet_look_alike(alphabet: str) -> None:
    strokes = {"l", "i", "1"}
    seen = {skeleton(one): one for one in alphabet if one not in strokes}
    assert len(seen) == len(set(alphabet) - strokes)
