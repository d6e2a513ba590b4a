"""Says what is odd about a name that could be taken for another one: marked, never forbidden.

Pure. A name is odd if a word of it mixes alphabets that share their looks, or if somebody else
in the same list has one that resembles it.
"""

from collections.abc import Sequence
from typing import Final

from gui.text.textlayout import clean
from gui.words.i18n import Words
from protocol.client.happenings import PersonInfo
from protocol.limits import NICK_MAX_CHARS
from protocol.names import mixed_word, resemblance

COMPARED_MAX: Final = 4_000
"""More people than this are not compared with each other: only their letters are looked at."""


def of_name(tr: Words, name: str) -> str:
    """Return a sentence about the letters of a name, or an empty string."""
    word = mixed_word(name)
    return tr("rooms.mixed_word", word=clean(word)) if word else ""


def while_typed(tr: Words, name: str) -> str:
    """Return what to tell somebody who is about to take a name, or an empty string."""
    word = mixed_word(name[: 4 * NICK_MAX_CHARS])
    return tr("join.nick_mixed", word=clean(word)[:NICK_MAX_CHARS]) if word else ""


def among(tr: Words, people: Sequence[PersonInfo]) -> dict[bytes, str]:
    """Return a sentence for each of these people whose name is odd."""
    found: dict[bytes, str] = {}
    if len(people) <= COMPARED_MAX:
        first: dict[str, PersonInfo] = {}
        for one in people:
            other = first.setdefault(resemblance(one.nick), one)
            if other is not one and one.nick:
                found[one.person] = tr("rooms.resembles", nick=clean(other.nick))
                found.setdefault(other.person, tr("rooms.resembles", nick=clean(one.nick)))
    for one in people:
        if words := of_name(tr, one.nick):
            found[one.person] = words
    return found
