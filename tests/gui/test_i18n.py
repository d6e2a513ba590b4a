"""Sentences: all languages, plural rules, and that the program and the files know each other."""

import ast
import re
import string
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gui
from gui.words import catalog
from gui.words.i18n import LANGUAGES, Words, find_language, of_locale, plural

FOLDER = Path(gui.__file__).parent
FILES = sorted((FOLDER / "words" / "languages").glob("*.toml"))
CATEGORIES = {
    "en": {"one", "other"},
    "uk": {"one", "few", "many"},
    "pl": {"one", "few", "many"},
    "ru": {"one", "few", "many"},
    "th": {"other"},
}
EAST = {
    "one": (1, 21, 31, 101, 121, 1001),
    "few": (2, 3, 4, 22, 24, 102, 104, 1002),
    "many": (0, 5, 10, 11, 12, 13, 14, 15, 20, 25, 100, 111, 112, 114, 1011),
}
TABLE: dict[str, dict[str, tuple[int, ...]]] = {
    "en": {"one": (1,), "other": (0, 2, 4, 5, 11, 12, 14, 21, 22, 25, 101, 111, 112)},
    "uk": EAST,
    "ru": EAST,
    "pl": {
        "one": (1,),
        "few": (2, 3, 4, 22, 24, 102, 104, 1002),
        "many": (0, 5, 10, 11, 12, 13, 14, 15, 20, 21, 25, 100, 101, 111, 112, 114, 1001),
    },
    "th": {"other": (0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 101, 111, 112)},
}
DATES = ("wording.short", "wording.short_year")
"""Each language chooses day, number or name of the month, and year in its own way."""
PAGES = ("views/settings", "views/formpage")
"""Files whose ``tr`` is that of a page, which adds the area itself."""
_AREA = re.compile(r"[a-z]+\\\.")
_NAME = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")


def sentences() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        for name, said in tomllib.loads(file.read_text("utf-8")).items():
            yield f"{file.stem}.{name}", said


SENTENCES = dict(sentences())


def forms(said: str | Mapping[str, str]) -> list[str]:
    return list(said.values()) if isinstance(said, Mapping) else [said]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


# --- plural rules ------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_categories_of_whole_numbers(language: str) -> None:
    for category, numbers in TABLE[language].items():
        assert {number: plural(language, number) for number in numbers} == dict.fromkeys(
            numbers, category
        )


@given(st.sampled_from(list(LANGUAGES)), st.integers(0, 10**12))
def test_a_category_is_one_of_the_language_and_has_a_period_of_a_hundred(
    language: str, n: int
) -> None:
    category = plural(language, n)
    assert category in CATEGORIES[language]
    assert plural(language, -n) == category
    if n > 1:
        assert plural(language, n + 100) == category


# --- the files ----------------------------------------------------------------


@pytest.mark.parametrize("name", SENTENCES)
def test_a_sentence_is_whole_in_all_languages(name: str) -> None:
    said = SENTENCES[name]
    assert list(said) == list(LANGUAGES), "each language once, in one order"
    plurals = {language for language, one in said.items() if isinstance(one, Mapping)}
    # Where no number is shown, a language may have one form for all.
    for language in plurals:
        assert set(said[language]) == CATEGORIES[language], language
    wanted = set().union(*(places(form) for form in forms(said["en"])))
    for language, one in said.items():
        for form in forms(one):
            assert form.strip() == form and form, f"{language}: empty, or blank at an end"
            # "one message" may do without its number.
            if name not in DATES:
                assert places(form) <= wanted and wanted - places(form) <= {"n"}, language
            assert not re.search(r"TODO|FIXME|XXX|\?\?\?|  ", form), language
    words = {language: " ".join(forms(one)) for language, one in said.items()}
    # Beside letters there may be only signs and names that all languages share.
    assert not re.search("[\u0400-\u04ff\u0e00-\u0e7f]", words["en"] + words["pl"])
    assert not re.search("[ыэъё]", words["uk"].lower()), "Russian letters"
    assert not re.search("[іїєґ]", words["ru"].lower()), "Ukrainian letters"


def test_the_quick_reader_reads_what_tomllib_does() -> None:
    for file in FILES:
        text = file.read_text("utf-8")
        for language in LANGUAGES:
            quick = catalog._read_simple(text, language)
            assert quick is not None, f"{file.name} is not simple TOML"
            assert quick == catalog._read_any(text, language), file.name


@pytest.mark.parametrize(
    "text",
    [
        '[a]\nen = "x\\u00a0y \\"q\\" \\\\ \\n"\nuk = \'literal\'',
        '[a]\nen = """two\nlines"""',
        '[a]\nen.one = "x"\nen.other = "{n} xs"\nth.other = "{n}"',
        '[a.en]\none = "x"\nother = "{n} xs"\n[a.th]\nother = "{n}"',
        'a = { en = "x", uk = "y" }',
        '[a]\n# note\nen = { one = "{n} x", other = "{n}, = xs" }  # end\nuk = "ж"',
        '[a]\nen = "x" # note\nuk = "#"',
    ],
)
def test_any_way_to_write_a_sentence_is_read(text: str) -> None:
    for language in LANGUAGES:
        assert catalog.read(text, language) == catalog._read_any(text, language)


@given(st.text(), st.text())
def test_any_words_survive_the_quick_reader(one: str, two: str) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = f"[a]\nen = {quoted(one)}\nuk = {{ one = {quoted(two)}, many = {quoted(one)} }}\n"
    try:
        wanted = catalog._read_any(text, "uk")
    except tomllib.TOMLDecodeError:
        with pytest.raises(tomllib.TOMLDecodeError):
            catalog.read(text, "uk")
    else:
        assert catalog.read(text, "uk") == wanted


# --- the program and the files -------------------------------------------------


def asked() -> Iterator[tuple[str, ast.Call]]:
    """Yield (place, call) of every call of ``tr``."""
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else ""
                name = called.id if isinstance(called, ast.Name) else name
                if name in ("tr", "_tr"):
                    yield f"{file.relative_to(FOLDER)}:{node.lineno}", node


def pattern(node: ast.JoinedStr) -> str:
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z0-9_]+"
        for part in node.values
    )


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """Walk, but not into what an f-string is made of."""
    yield node
    if not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from parts(child)


def test_every_sentence_that_is_asked_for_exists() -> None:
    missing = []
    for place, call in asked():
        page = place.startswith(PAGES)
        for node in parts(call.args[0]):
            match node:
                case ast.JoinedStr():
                    like = pattern(node)
                    like = like if _AREA.match(like) or not page else f"settings\\.{like}"
                    if not any(re.fullmatch(like, name) for name in SENTENCES):
                        missing.append(f"{place}: {like}")
                case ast.Constant(value=str() as name):
                    name = name if "." in name or not page else f"settings.{name}"
                    if _NAME.fullmatch(name) and name not in SENTENCES:
                        missing.append(f"{place}: {name}")
    assert not missing, "\n".join(missing)


def test_every_sentence_gets_what_it_names() -> None:
    wrong = []
    for place, call in asked():
        first = call.args[0]
        given_names = {one.arg for one in call.keywords}
        if not isinstance(first, ast.Constant) or None in given_names:
            continue
        said = SENTENCES.get(str(first.value))
        if said is None:
            continue
        if len(call.args) > 1:
            given_names.add("n")
        wanted = set().union(*(places(form) for one in said.values() for form in forms(one)))
        if not wanted <= given_names:
            wrong.append(f"{place}: {first.value!r} lacks {sorted(wanted - given_names)}")
        if "n" not in given_names and any(isinstance(one, Mapping) for one in said.values()):
            wrong.append(f"{place}: {first.value!r} lacks its number")
    assert not wrong, "\n".join(wrong)


def test_every_sentence_is_used() -> None:
    exact: set[str] = set()
    likes: set[str] = set()
    for file in FOLDER.rglob("*.py"):
        page = str(file.relative_to(FOLDER)).startswith(PAGES)
        for node in parts(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.JoinedStr():
                    like = pattern(node)
                    if _AREA.match(like):
                        likes.add(like)
                    elif page:
                        likes.add(f"settings\\.{like}")
                case ast.Constant(value=str() as value):
                    exact.add(value)
                    if page:
                        # Its switches have a note below them, mostly.
                        exact |= {f"settings.{value}", f"settings.{value}_note"}
    # Those of the pages are named by their last part alone.
    likes -= {r"settings\.[a-z0-9_]+", r"settings\.[a-z0-9_]+_note"}
    unused = [
        name
        for name in SENTENCES
        if name not in exact and not any(re.fullmatch(like, name) for like in likes)
    ]
    assert not unused, "\n".join(unused)


# --- saying them ---------------------------------------------------------------


def test_numbers_choose_the_form_and_are_written_as_the_language_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = Words("pl")
    said = {"one": "{n} plik", "few": "{n} pliki", "many": "{n} plików"}
    monkeypatch.setitem(words._sentences, "test.files", said)
    assert words("test.files", 1) == "1 plik"
    assert words("test.files", 22) == "22 pliki"
    assert words("test.files", 12345) == "12\u00a0345 plików"
    assert Words("en").number(1234567) == "1,234,567"


def test_what_is_filled_in_is_never_looked_at_for_braces(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Words("en")
    monkeypatch.setitem(words._sentences, "test.who", "{who} joined")
    assert words("test.who", who="{0.__class__}{x}") == "{0.__class__}{x} joined"


def test_a_sentence_that_is_missing_is_logged_and_named(
    logged_errors: list[Any],
) -> None:
    assert Words("uk")("test.nothing") == "test.nothing"
    assert [one.getMessage() for one in logged_errors] == [
        "event=sentence_missing name=test.nothing"
    ]
    logged_errors.clear()


def test_an_unknown_language_is_english() -> None:
    assert Words("xx").language == "en"


# --- the language of the system --------------------------------------------------


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("uk_UA.UTF-8", "uk"),
        ("pl", "pl"),
        ("th-TH", "th"),
        ("ru_RU.KOI8-R", "ru"),
        ("en_GB", "en"),
        ("C.UTF-8", "en"),
        ("POSIX", "en"),
        ("de_DE.UTF-8", "en"),
        ("", "en"),
    ],
)
def test_the_language_of_a_locale(name: str, language: str) -> None:
    assert of_locale(name) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "uk_UA.UTF-8"}, "uk"),
        ({"LANG": "uk_UA.UTF-8", "LC_ALL": "pl_PL.UTF-8"}, "pl"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "th_TH.UTF-8"}, "th"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "ru:en"}, "ru"),
        ({"LANG": "uk_UA.UTF-8", "LANGUAGE": "de:uk"}, "uk"),
        ({"LC_ALL": "", "LANG": "pl_PL"}, "pl"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_environment(
    environment: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert find_language() == language
