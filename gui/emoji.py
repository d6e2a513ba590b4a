"""Finds emoji sequences in text, and the colour font that can draw them.

Tk is never given an emoji to draw: some versions of libXft die of it, and the
others break flags, families and skin tones. Pure but for :func:`font_path`.
"""

import re
from pathlib import Path

FALLBACK = "\u25ab"
"""Stands for an emoji where no colour font is found, and in plain one-line widgets."""

_TONE = "[\U0001f3fb-\U0001f3ff]"
_PICTURE = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b"
    "\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25fb-\u25fe\u3030\u303d\u3297\u3299]"
)
_ONE = f"{_PICTURE}\ufe0f?{_TONE}?[\U000e0020-\U000e007f]*"
PATTERN = (
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*"
    "|[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u24c2\u25aa-\u25c0\u2764]\ufe0f"
)
"""A regular expression of one emoji as people see it."""

_EMOJI = re.compile(PATTERN)

_FONTS = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-color-emoji-fonts/NotoColorEmoji.ttf",
    "/System/Library/Fonts/Apple Color Emoji.ttc",
    "C:/Windows/Fonts/seguiemj.ttf",
)


def font_path() -> Path | None:
    """Return a colour emoji font of this machine, or None."""
    return next((path for name in _FONTS if (path := Path(name)).is_file()), None)


def without(text: str) -> str:
    """Return the text with every emoji replaced by a plain glyph, for titles and labels."""
    return _EMOJI.sub(FALLBACK, text)
