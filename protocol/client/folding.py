"""How texts are made alike for searching: what people type finds what others wrote.

Case, full width forms and ways of composing a letter do not matter; nor do the marks of
Polish letters, ё, the stress mark of dictionaries and the kind of the apostrophe. Letters
that are others (й, ї, і, ґ) and Thai vowels and tones stay: without them words are wrong.
Texts and queries go through the same function. Pure.
"""

import re
import unicodedata
from typing import Final

_ALIKE: Final = {
    **dict(zip("ąćęłńóśźżё", "acelnoszzе", strict=True)),
    # Apostrophes: Ukrainian is written with any of these.
    **dict.fromkeys("\u2018\u2019\u02bc\uff07", "'"),
    # Stress marks, and what shows nothing: soft hyphens, Thai word breaks; SQLite ends at a NUL.
    **dict.fromkeys("\0\u0300\u0301\u00ad\u200b\u2060\ufeff", None),
    # Full width forms; casefold has made their capitals small.
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF07},
    "\u3000": " ",
}
_ANY = re.compile("[" + "".join(map(re.escape, _ALIKE)) + "]")
_TABLE: dict[int, str | int | None] = {
    # The common letters stand for themselves: a miss in the table costs ten times a hit.
    **{code: code for code in (*range(0x20, 0x530), *range(0xE00, 0xE80), *range(0x2000, 0x2070))},
    **{ord(char): other for char, other in _ALIKE.items()},
}
_JOINING = frozenset({"Mn", "Mc", "Me"})


def fold(text: str) -> str:
    """Return what is compared in place of ``text``."""
    if text.isascii():
        return text.lower().replace("\0", "")
    small = unicodedata.normalize("NFC", text).casefold()
    return small.translate(_TABLE) if _ANY.search(small) else small


def words(query: str) -> list[str]:
    """Return the folded words of a query, each once; all of them must be in a hit."""
    return list(dict.fromkeys(fold(query).split()))


def spans(text: str, query: str) -> list[tuple[int, int]]:
    """Return where words of a query lie in a text: (start, end), ascending, never overlapping.

    A hit inside what is one letter folded (``s`` in ``ß``, a vowel without its tone) covers
    the whole character of the text.
    """
    wanted = words(query)
    if not wanted:
        return []
    folded, starts, ends = _mapped(text)
    found: list[tuple[int, int]] = []
    for word in wanted:
        at = folded.find(word)
        while at >= 0:
            found.append((starts[at], ends[at + len(word) - 1]))
            at = folded.find(word, at + len(word))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _mapped(text: str) -> tuple[str, list[int], list[int]]:
    """Return the folded text, and for each of its characters where its source begins and ends."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    # In NFC every character folds by itself; else a letter goes with the marks behind it.
    alone = unicodedata.is_normalized("NFC", text)
    at = 0
    while at < len(text):
        end = at + 1
        while not alone and end < len(text) and _joins(text[end]):
            end += 1
        part = fold(text[at:end])
        parts.append(part)
        starts += [at] * len(part)
        ends += [end] * len(part)
        at = end
    return "".join(parts), starts, ends


def _joins(char: str) -> bool:
    # Marks, and the second and third letters of a Korean syllable.
    return unicodedata.category(char) in _JOINING or "\u1160" <= char <= "\u11ff"
