"""Places Thai marks where the drawing system does no shaping (Tk on X11).

The TLWG fonts, of which Loma ships with the program, carry ready-made shifted marks at
U+F700 to U+F71A. Same length in, same length out; for display only, never for stored or
copied text. Windows and macOS shape by themselves. Pure.
"""

import re

FAMILIES = ("Loma", "Waree", "Garuda", "Umpush", "Sawasdee", "Laksaman", "Norasi")
"""Fonts that have these glyphs, best first."""

_TALL = frozenset("\u0e1b\u0e1d\u0e1f\u0e2c")
_CUT = {"\u0e0d": "\uf70f", "\u0e10": "\uf700"}
_DEEP = frozenset("\u0e0e\u0e0f")
_TONES = "\u0e48\u0e49\u0e4a\u0e4b\u0e4c"
_LOW = dict(zip(_TONES, "\uf70a\uf70b\uf70c\uf70d\uf70e", strict=True))
_LOW_LEFT = dict(zip(_TONES, "\uf705\uf706\uf707\uf708\uf709", strict=True))
_HIGH_LEFT = dict(zip(_TONES, "\uf713\uf714\uf715\uf716\uf717", strict=True))
_ABOVE = frozenset("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e47\u0e4d")
_ABOVE_LEFT = dict(
    zip(
        "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e47\u0e4d",
        "\uf710\uf701\uf702\uf703\uf704\uf712\uf711",
        strict=True,
    )
)
_BELOW = dict(zip("\u0e38\u0e39\u0e3a", "\uf718\uf719\uf71a", strict=True))
_SARA_AM = "\u0e33"
_MARKED = re.compile("[\u0e31\u0e34-\u0e3a\u0e47-\u0e4d]")


def shape(text: str) -> str:
    """Return the text with marks swapped for their shifted forms where they would collide."""
    if not _MARKED.search(text):
        return text
    out: list[str] = []
    base, base_at, above = "", -1, False
    for index, char in enumerate(text):
        glyph = char
        if char in _LOW:
            raised = above or text[index + 1 : index + 2] == _SARA_AM
            if base in _TALL:
                glyph = _HIGH_LEFT[char] if raised else _LOW_LEFT[char]
            elif not raised:
                glyph = _LOW[char]
        elif char in _ABOVE:
            above = True
            if base in _TALL:
                glyph = _ABOVE_LEFT[char]
        elif char in _BELOW:
            if base in _CUT:
                out[base_at] = _CUT[base]
            elif base in _DEEP:
                glyph = _BELOW[char]
        else:
            base, base_at, above = char, index, False
        out.append(glyph)
    return "".join(out)
