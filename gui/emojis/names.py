"""Finds emoji by name and keyword in a language and in English, and by shortcode.

The words are Unicode CLDR's, one file a language beside this one, a line for each emoji of
the sheet's order: the name, then keywords. Pure after loading, which takes some 10 ms and
belongs into a worker; afterwards any thread. A search takes about a millisecond.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from gui.emojis.sheet import FOLDER, sheet
from gui.text.emoji import TONES, bare
from gui.words.i18n import LANGUAGES
from protocol.client.folding import fold

_EXACT, _NAME, _WORD_START, _KEYWORD, _INSIDE, _NEVER = range(6)
FOUND_MAX: Final = 400


class _Words(NamedTuple):
    """The words of one emoji in one language, folded; every word has a space before it."""

    name: str
    every: str


class Names:
    """Names of all emoji in one language; search in it and in English."""

    def __init__(self, language: str) -> None:
        """Read the words of a language of ``LANGUAGES``, or English for another."""
        self.language = language if language in LANGUAGES else "en"
        self._base = sheet().base
        lines = _lines(f"{self.language}.txt")
        self._names = {
            bare(one): line.partition("\t")[0]
            for one, line in zip(self._base, lines, strict=True)
        }  # fmt: skip
        self._sets = [_folded(lines)]
        if self.language != "en":
            self._sets.append(_folded(_lines("en.txt")))
        self._codes = [f" {line} " for line in _lines("shortcodes.txt")]
        self._first_codes = {
            bare(one): codes.split(maxsplit=1)[0]
            for one, codes in zip(self._base, self._codes, strict=True)
            if codes.strip()
        }

    def name(self, sequence: str) -> str:
        """Return what an emoji is called, whatever its skin tone; "" if it is unknown."""
        plain = "".join(char for char in bare(sequence) if char not in TONES)
        return self._names.get(plain, "")

    def shortcode(self, sequence: str) -> str:
        """Return the shortcode that people type most for an emoji, without colons, or ""."""
        plain = "".join(char for char in bare(sequence) if char not in TONES)
        return self._first_codes.get(plain, "")

    def search(self, words: str) -> list[str]:
        """Return emoji in which all words occur, best first.

        A name that begins with what was typed comes before a word that does, and that
        before a place inside a word; among equals Unicode's order holds. An emoji that is
        typed itself is found too. Nothing typed finds nothing.
        """
        typed = fold(words).strip().strip(":")
        parts = typed.replace("_", " ").split()
        if not parts:
            return []
        phrase = " ".join(parts)
        itself = bare(words.strip())
        ranks: dict[int, int] = {}
        for known in self._sets:
            for at, one in enumerate(known):
                if parts[0] in one.every:
                    rank = _rank(one, phrase, parts)
                    if rank < ranks.get(at, _NEVER):
                        ranks[at] = rank
        for at, codes in enumerate(self._codes):
            if " " + typed in codes:
                whole = f" {typed} " in codes
                ranks[at] = min(ranks.get(at, _NEVER), _EXACT if whole else _WORD_START)
        for at, sequence in enumerate(self._base):
            if sequence[0] == itself[:1] and bare(sequence) == itself:
                ranks[at] = -1
        best = sorted((rank, at) for at, rank in ranks.items())
        return [self._base[at] for _, at in best[:FOUND_MAX]]


def _rank(words: _Words, phrase: str, parts: list[str]) -> int:
    if words.name.startswith(" " + phrase):
        return _EXACT if len(words.name) == len(phrase) + 1 else _NAME
    worst = _EXACT
    for part in parts:
        if " " + part in words.name:
            rank = _WORD_START
        elif " " + part in words.every:
            rank = _KEYWORD
        elif part in words.every:
            rank = _INSIDE
        else:
            return _NEVER
        worst = max(worst, rank)
    return worst


def _lines(file: str) -> list[str]:
    return (FOLDER / file).read_text("utf-8").splitlines()


def _folded(lines: Iterable[str]) -> list[_Words]:
    # Once for all: folding leaves tabs and ends of lines where they are.
    text = fold("\n".join(lines)).replace("-", " ")
    return [
        _Words(" " + line.partition("\t")[0], " " + line.replace("\t", " "))
        for line in text.split("\n")
    ]


@lru_cache(maxsize=2)
def names(language: str) -> Names:
    """Return the names in a language, read once."""
    return Names(language)
