"""What stands in a field: texts and pictures of emoji, and how Tk counts them.

Tk counts steps: one for a picture, one for a character, and for one beyond U+FFFF one or two,
which depends on the version of Tk and on what is counted. Everything else here counts characters.
Pure.
"""

from collections.abc import Sequence
from re import Pattern

Token = tuple[bool, str]
"""Whether it is a picture; the characters."""


def split(text: str, emoji: Pattern[str]) -> list[Token]:
    """Return the tokens of a text in which every match of ``emoji`` is a picture."""
    found: list[Token] = []
    at = 0
    for match in emoji.finditer(text):
        if match.start() > at:
            found.append((False, text[at : match.start()]))
        found.append((True, match.group()))
        at = match.end()
    if at < len(text):
        found.append((False, text[at:]))
    return found


def parts(tokens: Sequence[Token], most: int) -> list[str]:
    """Return the text of tokens in parts, in each at most so many pictures."""
    found: list[str] = []
    pictures = most
    for is_picture, piece in tokens:
        if not found or (is_picture and pictures == most):
            found.append("")
            pictures = 0
        pictures += is_picture
        found[-1] += piece
    return found


def joined(tokens: Sequence[Token]) -> str:
    """Return the text of tokens."""
    return "".join(piece for _, piece in tokens)


class Counting:
    """How one Tk counts."""

    def __init__(self, steps: int) -> None:
        """``steps`` is 1 or 2: what a character beyond U+FFFF counts."""
        self._steps = steps

    def units(self, text: str) -> int:
        """Return how many steps a text is long."""
        if self._steps == 1 or text.isascii():
            return len(text)
        return len(text) + sum(1 for char in text if char > "\uffff")

    def width(self, tokens: Sequence[Token]) -> int:
        """Return how many steps tokens are long."""
        return sum(1 if is_picture else self.units(piece) for is_picture, piece in tokens)

    def span(self, tokens: Sequence[Token], offset: int) -> int:
        """Return how many steps away a place is; inside of a picture: behind it."""
        units = 0
        for is_picture, piece in tokens:
            if offset <= 0:
                break
            units += 1 if is_picture else self.units(piece[:offset])
            offset -= len(piece)
        return units

    def offset(self, tokens: Sequence[Token], units: int) -> int:
        """Return how many characters away a place is that is so many steps away."""
        passed = 0
        for is_picture, piece in tokens:
            wide = 1 if is_picture else self.units(piece)
            if wide > units:
                return passed + self._chars(piece, units)
            units -= wide
            passed += len(piece)
        return passed

    def _chars(self, text: str, units: int) -> int:
        if self._steps == 1 or text.isascii():
            return units
        at = 0
        while units > 0 and at < len(text):
            units -= 2 if text[at] > "\uffff" else 1
            at += 1
        return at
