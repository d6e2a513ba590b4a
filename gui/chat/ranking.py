"""How well a name answers what was typed, for lists that are filtered by typing.

Pure. Both sides are folded first, so that ``zolw`` finds ``Żółw`` and case does not count.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

from protocol.client.folding import fold

T = TypeVar("T")
_WORD = re.compile(r"[\s\-_.,#()]+")


def rank(typed: str, name: str) -> int:
    """Return 3 if ``name`` begins with what was typed, 2 if a word of it does, 1 inside, else 0.

    Several typed words must all be found; the worst of them counts, and the
    first one must begin the name for 3. Nothing typed: 3.
    """
    folded = fold(name)
    wanted = fold(typed).strip()
    if folded.startswith(wanted):
        return 3
    words = _WORD.split(folded)
    return min((_one(part, folded, words) for part in wanted.split()), default=3)


def _one(part: str, folded: str, words: list[str]) -> int:
    if any(word.startswith(part) for word in words):
        return 2
    return 1 if part in folded else 0


def ranked(typed: str, named: Iterable[tuple[str, T]]) -> list[T]:
    """Return what answers, best first; what is as good stays in the order given."""
    found = [(rank(typed, name), one) for name, one in named]
    return [one for score, one in sorted(found, key=lambda pair: -pair[0]) if score]
