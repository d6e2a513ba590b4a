"""Shortcodes as people type them in chats: ``:smile:`` becomes an emoji.

One emoji may have several; those most used stand first in the file. Read at the first
use, in some 2 ms. Any thread.
"""

import re
from functools import lru_cache
from typing import Final

from gui.emojis.sheet import FOLDER, sheet

TYPED_MIN: Final = 2
"""Characters after the colon before anything is offered: ``:)`` and ``12:3`` are none."""

_TYPED = re.compile(r"(?<![\w:/]):([\w+-]{2,40})$")
_FINISHED = re.compile(r"(?<![\w/]):([a-zA-Z0-9_+-]{1,60}):(?![/\w])")


@lru_cache(maxsize=1)
def shortcodes() -> dict[str, str]:
    """Return shortcode → emoji, without colons, in the order of the sheet."""
    lines = (FOLDER / "shortcodes.txt").read_text("utf-8").splitlines()
    return {
        code: one for one, line in zip(sheet().base, lines, strict=True) for code in line.split()
    }


def typed(before: str) -> str:
    """Return the shortcode that is being typed at the end of a text, ":" included, or ""."""
    match = _TYPED.search(before)
    return match.group() if match else ""


def complete(word: str, most: int = 8) -> list[tuple[str, str]]:
    """Return (shortcode without colons, emoji) for a beginning like ``:smi``, best first.

    Those that begin so come before those of which a later word does, short ones before
    long ones. No emoji is offered twice.
    """
    start = word.removeprefix(":").casefold()
    if len(start) < TYPED_MIN:
        return []
    ranked: list[tuple[int, int, int, str, str]] = []
    for at, (code, one) in enumerate(shortcodes().items()):
        if code.startswith(start):
            ranked.append((0, len(code), at, code, one))
        elif "_" + start in code:
            ranked.append((1, len(code), at, code, one))
    offered: dict[str, str] = {}
    for _, _, _, code, one in sorted(ranked):
        offered.setdefault(one, code)
        if len(offered) == most:
            break
    return [(code, one) for one, code in offered.items()]


def replace_shortcodes(text: str) -> str:
    """Return a text with every finished and known ``:shortcode:`` replaced by its emoji.

    Times (12:30:45), addresses and unknown words between colons stay.
    """
    if ":" not in text:
        return text
    known = shortcodes()
    return _FINISHED.sub(lambda match: known.get(match[1].casefold(), match[0]), text)
