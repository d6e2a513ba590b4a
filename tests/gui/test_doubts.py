"""What is odd about names: letters of two alphabets, and two people with names alike."""

from gui.text import doubts
from gui.words.i18n import LANGUAGES, Words
from protocol.client.happenings import PersonInfo
from protocol.names import clean_nick

TR = Words("en")


def people(*nicks: str) -> list[PersonInfo]:
    return [PersonInfo(bytes([number]) * 8, nick, True) for number, nick in enumerate(nicks)]


def test_letters_of_two_alphabets_are_told() -> None:
    assert doubts.of_name(TR, "Vera Рavlenko") == "The word “Рavlenko” mixes alphabets"
    assert doubts.of_name(TR, "Олена Smith") == ""
    assert "marк" in doubts.while_typed(TR, " marк")
    assert doubts.while_typed(TR, "mark") == ""
    for language in LANGUAGES:
        assert "marк" in doubts.while_typed(Words(language), "marк")


def test_what_is_typed_may_be_anything() -> None:
    endless = doubts.while_typed(TR, "Оlena\u202e" * 100_000)
    assert "\u202e" not in endless and len(endless) < 200


def test_a_doubtful_name_may_be_taken() -> None:
    assert clean_nick("Vera Рavlenko") == "Vera Рavlenko"


def test_two_who_resemble_each_other_are_both_marked() -> None:
    everybody = people("Barney", "Olena", "Bamey", "Marко", "")
    found = doubts.among(TR, everybody)
    assert {everybody[number].nick: words for number in (0, 1, 2, 3, 4)
            if (words := found.get(everybody[number].person))} == {
        "Barney": "Looks like Bamey",
        "Bamey": "Looks like Barney",
        "Marко": "The word “Marко” mixes alphabets",
    }  # fmt: skip


def test_in_a_crowd_only_letters_are_looked_at() -> None:
    crowd = people("Barney", "Bamey", "Marко")
    crowd += [PersonInfo(n.to_bytes(8, "big"), f"n{n}x", True) for n in range(doubts.COMPARED_MAX)]
    assert list(doubts.among(TR, crowd)) == [crowd[2].person]
