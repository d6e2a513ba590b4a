"""Chooses font families that exist here, and measures text with them.

Belongs to the Tk thread. Tk on X11 neither shapes nor kerns, so a text is as
wide as its characters together and each is measured once; elsewhere words are
measured whole. Thai that Tk cannot shape is measured by the Pillow font that
draws it.
"""

import ctypes
import tkinter as tk
from tkinter import font as tkfont

from PIL import ImageFont, features

from gui import thai
from gui.theme import BOLD, FONT_PX

_BODY = ("Noto Sans", "Segoe UI", "Helvetica Neue", "DejaVu Sans", "Arial")
_THAI = ("Noto Looped Thai", "Noto Sans Thai Looped", "Noto Sans Thai", "Leelawadee UI", "Thonburi")
_WORDS_MAX = 20_000
SAFE_XFT = 20305
"""Older versions of libXft end the process when they draw a colour emoji."""


class Fonts:
    """Fonts of one scale; a :class:`gui.textlayout.Ruler`."""

    def __init__(self, root: tk.Misc, scale: float) -> None:
        """Find families and make the fonts of every role, each in a Thai variant too."""
        self.on_x11 = str(root.tk.call("tk", "windowingsystem")) == "x11"
        self.draws_emoji = not self.on_x11 or _xft_version() >= SAFE_XFT
        families = set(tkfont.families(root))
        self.family = next((name for name in _BODY if name in families), "TkDefaultFont")
        shaped = next((name for name in thai.FAMILIES if name in families), "")
        self.shapes_thai = bool(self.on_x11 and shaped)
        thai_family = shaped if self.shapes_thai else self.family
        if self.on_x11 and not shaped:
            thai_family = next((name for name in _THAI if name in families), self.family)
        self._drawn_thai: dict[str, ImageFont.FreeTypeFont] = {}
        self._fonts: dict[str, tkfont.Font] = {}
        self._heights: dict[str, int] = {}
        self._emoji: dict[str, int] = {}
        self._ascents: dict[str, int] = {}
        for role, size in FONT_PX.items():
            pixels = round(size * scale)
            for name, family in ((role, self.family), (f"{role}.thai", thai_family)):
                made = tkfont.Font(
                    root, family=family, size=-pixels, weight="bold" if role in BOLD else "normal"
                )
                self._fonts[name] = made
                self._ascents[name] = int(made.metrics("ascent"))
            if self.on_x11 and not shaped:
                self._load_thai(role, pixels)
            self._emoji[role] = round(pixels * 1.3)
            plain = int(self._fonts[role].metrics("linespace"))
            self._heights[role] = max(plain, self._emoji[role] + 1)
        self._chars: dict[tuple[str, str], int] = {}
        self._words: dict[tuple[str, str], int] = {}

    def _load_thai(self, role: str, pixels: int) -> None:
        path = thai.font_path("bold" if role in BOLD else "normal")
        if path is not None and features.check("raqm"):
            self._drawn_thai[f"{role}.thai"] = ImageFont.truetype(
                str(path), pixels, layout_engine=ImageFont.Layout.RAQM
            )

    def drawn(self, name: str) -> ImageFont.FreeTypeFont | None:
        """Return the Pillow font if text of this font must be drawn as a picture, else None."""
        return self._drawn_thai.get(name)

    def named(self, name: str) -> tkfont.Font:
        """Return the Tk font of a role, or of a role with ``.thai``."""
        return self._fonts[name]

    def ascent(self, name: str) -> int:
        """Return the pixels above the base line."""
        return self._ascents[name]

    def line_height(self, role: str) -> int:
        """Return the height of a line of a role."""
        return self._heights[role]

    def emoji_px(self, role: str) -> int:
        """Return the side of an emoji in a line of a role."""
        return self._emoji[role]

    def shown(self, name: str, text: str) -> str:
        """Return what to hand to Tk for a text in this font."""
        return thai.shape(text) if self.shapes_thai and name.endswith(".thai") else text

    def width(self, font: str, text: str) -> int:
        """Return the width of a text in pixels."""
        known = self._words.get((font, text))
        if known is not None:
            return known
        if len(self._words) > _WORDS_MAX:
            self._words.clear()
        drawn = self._drawn_thai.get(font)
        if drawn is not None:
            width = round(drawn.getlength(text))
        elif self.on_x11:
            width = sum(self._char(font, char) for char in self.shown(font, text))
        else:
            width = int(self._fonts[font].measure(text))
        self._words[font, text] = width
        return width

    def _char(self, font: str, char: str) -> int:
        known = self._chars.get((font, char))
        if known is None:
            known = int(self._fonts[font].measure(char))
            self._chars[font, char] = known
        return known


def _xft_version() -> int:
    try:
        return int(ctypes.CDLL("libXft.so.2").XftGetVersion())
    except (OSError, AttributeError):
        return 0
