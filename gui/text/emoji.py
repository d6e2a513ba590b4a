"""Finds emoji sequences in text: what people see as one picture is one match.

Tk is never given an emoji to draw: some versions of libXft die of it, and the others
break flags, families and skin tones. The classes of characters come with the pictures
(``gui/emojis``), so that what is found can be drawn. A pair of letters is a flag only if
there is such a flag; others stay text. A sequence that a newer client sends is found by
its form, and drawn as the nearest known one. Pure.
"""

import re
from typing import Final

from gui.emojis.ranges import ALWAYS, BEARERS, CHOSEN, FLAGS

FALLBACK: Final = "\u25ab"
"""Stands for an emoji in plain one-line widgets."""

VARIANT: Final = "\ufe0f"
"""Asks for the picture rather than the sign of text (which U+FE0E asks for)."""
JOINER: Final = "\u200d"
TONES: Final = ("\U0001f3fb", "\U0001f3fc", "\U0001f3fd", "\U0001f3fe", "\U0001f3ff")

QUICK: Final = (
    "\U0001f44d",
    "\u2764\ufe0f",
    "\U0001f602",
    "\U0001f62e",
    "\U0001f622",
    "\U0001f64f",
)
"""The reactions that are offered at once: thumb up, heart, joy, surprise, tear, thanks."""

_TONE = "[\U0001f3fb-\U0001f3ff]"
_FIRST = f"(?:[{BEARERS}]\ufe0f?{_TONE}|[{ALWAYS}](?!\ufe0e)\ufe0f?|[{CHOSEN}]\ufe0f|{_TONE})"
_NEXT = f"(?:[{BEARERS}]\ufe0f?{_TONE}|[{ALWAYS}{CHOSEN}](?!\ufe0e)\ufe0f?)"
_TAGS = "(?:[\U000e0020-\U000e007e]+\U000e007f)?"
PATTERN: Final = (
    # Most letters stop here, at one comparison.
    "(?=[#*0-9\u00a9\u00ae\u203c-\u3299\U0001f004-\U0001ffff])"
    f"(?:{FLAGS}|[0-9#*]\ufe0f?\u20e3|{_FIRST}{_TAGS}(?:\u200d{_NEXT})*)"
)
"""A regular expression of one emoji as people see it; it has no groups of its own."""

_EMOJI = re.compile(PATTERN)


def without(text: str) -> str:
    """Return the text with every emoji replaced by a plain glyph, for titles and labels."""
    return _EMOJI.sub(FALLBACK, text)


def found(text: str) -> list[str]:
    """Return the emoji of a text, in order."""
    return _EMOJI.findall(text)


def bare(sequence: str) -> str:
    """Return a sequence without U+FE0F: what two spellings of an emoji have in common."""
    return sequence.replace(VARIANT, "")


def nearest(sequence: str) -> list[str]:
    """Return what may stand for a sequence, best first: itself, without tones, ever shorter."""
    bare_one = bare(sequence)
    plain = "".join(char for char in bare_one if char not in TONES)
    tries = [bare_one, plain]
    for one in (bare_one, plain):
        parts = one.split(JOINER)
        tries += [JOINER.join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    tries += [one[0] for one in (bare_one, plain) if one]
    return [one for one in dict.fromkeys(tries) if one]
