"""What is being completed at the cursor, whom it could mean, and who is named in a text.

Pure. A mention is written ``@Nick``; nicknames may have spaces. People are compared
folded, as the search does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from protocol.client.folding import fold
from protocol.client.happenings import PersonInfo
from protocol.limits import MENTIONS_MAX, NICK_MAX_CHARS

_PERSON: Final = re.compile(rf"(?:^|(?<=[^\w@]))@([^@\n]{{0,{NICK_MAX_CHARS}}})$")
_EMOJI: Final = re.compile(r"(?:^|(?<=[^\w:])):([\w+-]{2,32})(:?)$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A word that could be completed: ``text[start:cursor]``, its sign included."""

    kind: str
    """``person`` or ``emoji``."""
    start: int
    word: str
    """Without its sign."""
    closed: bool = False
    """An emoji whose second colon was typed."""


def wanted(text: str, cursor: int) -> Wanted | None:
    """Return what is being completed at the cursor, or None."""
    start = max(0, cursor - NICK_MAX_CHARS - 3)
    before = text[start:cursor]
    if found := _EMOJI.search(before):
        return Wanted("emoji", start + found.start(), found[1], bool(found[2]))
    if found := _PERSON.search(before):
        return Wanted("person", start + found.start(), found[1])
    return None


def matching(people: Iterable[PersonInfo], word: str, limit: int) -> list[PersonInfo]:
    """Return those whose nickname begins with the word, then those that have it inside.

    The order is kept otherwise. A word with a space only counts at the beginning.
    """
    part = fold(word)
    first: list[PersonInfo] = []
    inside: list[PersonInfo] = []
    for one in people:
        nick = fold(one.nick)
        if nick.startswith(part):
            first.append(one)
        elif part in nick and " " not in part:
            inside.append(one)
    return (first + inside)[:limit]


def named(
    text: str, people: Sequence[PersonInfo], chosen: Mapping[str, bytes]
) -> tuple[bytes, ...]:
    """Return the people whom a text names, in its order, each once.

    ``chosen`` has nicknames that were picked from the list, with whom they meant.
    """
    by_nick = {one.nick: one.person for one in people} | dict(chosen)
    found: dict[bytes, None] = {}
    at = text.find("@")
    while at >= 0:
        rest = text[at + 1 : at + 1 + NICK_MAX_CHARS + 1]
        # The longest one first: "@Jan Kowalski" does not name Jan.
        for size in range(min(len(rest), NICK_MAX_CHARS), 0, -1):
            if rest[:size] in by_nick and not rest[size : size + 1].isalnum():
                found[by_nick[rest[:size]]] = None
                break
        at = text.find("@", at + 1)
    return tuple(found)[:MENTIONS_MAX]
