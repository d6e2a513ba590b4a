"""Finding emoji by words in five languages, and by shortcodes."""

import pytest

from gui.emojis.names import Names, names
from gui.emojis.sheet import sheet
from gui.emojis.shortcodes import complete, replace_shortcodes, shortcodes, typed
from gui.text.emoji import TONES, bare
from gui.words.i18n import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_emoji_has_a_name(language: str) -> None:
    known = names(language)
    assert known.language == language
    assert all(known.name(one) for one in sheet().base)
    assert [one for one in sheet().toned if one not in TONES and not known.name(one)] == [
        # Pairs of two tones, which have no form without one, and the parts of hair.
        one
        for one in sheet().toned
        if (one not in TONES and not sheet().knows("".join(c for c in one if c not in TONES)))
        or bare(one) in "\U0001f9b0\U0001f9b1\U0001f9b3\U0001f9b2"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words", "wanted"),
    [
        ("en", "thumbs up", "👍"),
        ("en", "GRINN", "😀"),
        ("en", ":+1:", "👍"),
        ("en", "heart", "❤️"),
        ("uk", "червоне серце", "❤️"),
        ("uk", "прапор україна", "🇺🇦"),
        ("uk", "кіт", "🐈"),
        ("uk", "cat", "🐱"),
        ("pl", "zolw", "🐢"),
        ("pl", "Żółw", "🐢"),
        ("ru", "ёлка", "🎄"),
        ("ru", "елка", "🎄"),
        ("th", "หัวใจ", "❤️"),
        ("th", "แมว", "🐈"),
        ("th", "pizza", "🍕"),
    ],
)
def test_words_find_it_in_the_language_and_in_english(
    language: str, words: str, wanted: str
) -> None:
    found = names(language).search(words)
    assert wanted in found[:12], "".join(found[:12])


def test_the_start_of_a_name_comes_before_a_word_before_a_place_inside() -> None:
    found = names("en").search("cat")
    assert found[0] in ("🐈", "🐱")
    # cat face starts so; grinning cat has the word; vacation only has the letters.
    assert found.index("🐱") < found.index("😺")
    inside = [one for one in found if "cat" not in names("en").name(one).split()]
    assert inside and found.index("😺") < found.index(inside[-1])


def test_all_words_must_be_there() -> None:
    found = names("uk").search("синє серце")
    assert found == ["💙"]
    assert names("uk").search("") == names("uk").search("  :  ") == []
    assert names("uk").search("щщщщ") == []


def test_an_emoji_finds_itself() -> None:
    assert names("en").search("❤")[0] == "❤️"
    assert names("pl").search("🇵🇱")[0] == "🇵🇱"


def test_another_language_is_english() -> None:
    assert Names("xx").name("😀") == "grinning face"


def test_a_toned_emoji_is_called_by_its_name() -> None:
    assert names("en").name("👍🏽") == names("en").name("👍") == "thumbs up"
    assert names("en").name("x") == names("en").shortcode("x") == ""
    assert names("en").shortcode("👍🏿") in ("thumbsup", "+1")


def test_shortcodes_are_completed_best_first() -> None:
    codes = complete(":smi")
    assert codes[0] == ("smile", "😄")
    assert len(codes) == 8 and len({one for _, one in codes}) == 8
    assert ("heart_eyes", "😍") in complete(":eyes") or ("eyes", "👀") in complete(":eyes")
    assert complete(":eyes")[0] == ("eyes", "👀")
    assert complete(":") == complete(":s") == complete(":qqqq") == []
    assert complete(":SMI") == codes
    assert all(code in shortcodes() for code, _ in complete(":th"))


def test_what_is_being_typed() -> None:
    assert typed("Hello :smi") == ":smi"
    assert typed(":+1") == ":+1"
    assert typed("12:30") == typed("http://x") == typed(":) ") == typed("a :s") == ""


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("hi :smile:", "hi 😄"),
        (":+1::fire:", "👍🔥"),
        ("(:thumbsup:)!", "(👍)!"),
        (":Smile:", "😄"),
        ("12:30:45", "12:30:45"),
        ("http://x/:smile:", "http://x/:smile:"),
        ("http://x:smile:8080", "http://x:smile:8080"),
        (":nosuchthing:", ":nosuchthing:"),
        ("no colon", "no colon"),
        (":smile", ":smile"),
        ("Привіт :heart: світ", "Привіт ❤️ світ"),
    ],
)
def test_finished_shortcodes_become_emoji(text: str, result: str) -> None:
    assert replace_shortcodes(text) == result


def test_every_shortcode_names_an_emoji_of_the_sheet() -> None:
    assert len(shortcodes()) > 2500
    assert all(sheet().knows(one) for one in shortcodes().values())
