"""Font families of the interface, and how wide text is in them.

The shipped families come first (``gui/paint/privatefonts.py``), then others that are found.
Tk on X11 neither shapes nor kerns, so a text is as wide as its characters together and
each is measured once; elsewhere words are measured whole. Thai is set in a family of its
own, whatever the language of the interface. Belongs to the Tk thread.
"""

import re
import tkinter as tk
from tkinter import font as tkfont
from typing import Final

from gui.paint import privatefonts
from gui.paint.theme import BOLD, FONT_PX
from gui.text import emoji, thai

_BODY: Final = (
    privatefonts.SANS, "Noto Sans", "Segoe UI", "Helvetica Neue", "DejaVu Sans", "Arial",
)  # fmt: skip
_THAI: Final = ("Noto Looped Thai", "Noto Sans Thai Looped", "Noto Sans Thai", "Leelawadee UI")
_WORDS_MAX: Final = 20_000
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Fonts:
    """Fonts of one scale; a :class:`gui.text.textlayout.Ruler`."""

    def __init__(self, root: tk.Misc, scale: float) -> None:
        """Find families; the fonts of roles, each with a Thai one, are made when first used."""
        self.draws_emoji = privatefonts.register()
        """False if Tk must not be given emoji: it would end the process."""
        self.on_x11 = str(root.tk.call("tk", "windowingsystem")) == "x11"
        families = set(tkfont.families(root))
        sans = next((name for name in _BODY if name in families), "TkDefaultFont")
        marked = next((name for name in thai.FAMILIES if name in families), "")
        if not marked:
            marked = next((name for name in _THAI if name in families), sans)
        self._shapes_thai = self.on_x11 and marked in thai.FAMILIES
        self.family = sans
        """What the interface is set in."""
        self._root = root
        self._scale = scale
        self._marked = marked
        self._fonts: dict[str, tkfont.Font] = {}
        self._heights: dict[str, int] = {}
        self._emoji: dict[str, int] = {}
        self._ascents: dict[str, int] = {}
        for role, size in FONT_PX.items():
            pixels = round(size * scale)
            self._emoji[role] = round(pixels * 1.3)
            plain = int(self.named(role).metrics("linespace"))
            self._heights[role] = max(plain, self._emoji[role] + 1)
        self._chars: dict[tuple[str, str], int] = {}
        self._words: dict[tuple[str, str], int] = {}
        if not self.draws_emoji:
            self._guard(root)

    def named(self, name: str) -> tkfont.Font:
        """Return the Tk font of a role, or of a role with ``.thai``."""
        made = self._fonts.get(name)
        if made is None:
            role, _, thai_too = name.partition(".")
            made = self._fonts[name] = tkfont.Font(
                self._root, family=self._marked if thai_too else self.family,
                size=-round(FONT_PX[role] * self._scale),
                weight="bold" if role in BOLD else "normal",
            )  # fmt: skip
        return made

    def ascent(self, name: str) -> int:
        """Return the pixels above the base line."""
        known = self._ascents.get(name)
        if known is None:
            known = self._ascents[name] = int(self.named(name).metrics("ascent"))
        return known

    def line_height(self, role: str) -> int:
        """Return the height of a line of a role."""
        return self._heights[role]

    def emoji_px(self, role: str) -> int:
        """Return the side of an emoji in a line of a role."""
        return self._emoji[role]

    def shown(self, name: str, text: str) -> str:
        """Return what to hand to Tk for a text in this font: Thai marks in their places."""
        if text.isascii():
            return text
        return self.safe(thai.shape(text) if self._shapes_thai else text)

    def safe(self, text: str) -> str:
        """Return a text that Tk can be given anywhere; the same one unless libXft is too old."""
        if self.draws_emoji:
            return text
        return _ASTRAL.sub(emoji.FALLBACK, emoji.without(text))

    def width(self, font: str, text: str) -> int:
        """Return the width of a text in pixels."""
        known = self._words.get((font, text))
        if known is not None:
            return known
        if len(self._words) > _WORDS_MAX:
            self._words.clear()
        if self.on_x11:
            width = sum(self._char(font, char) for char in self.shown(font, text))
        else:
            width = int(self.named(font).measure(text))
        self._words[font, text] = width
        return width

    def _char(self, font: str, char: str) -> int:
        known = self._chars.get((font, char))
        if known is None:
            known = int(self.named(font).measure(char))
            self._chars[font, char] = known
        return known

    def _guard(self, root: tk.Misc) -> None:
        """Keep out of all entries what is typed or pasted and would end the process."""
        root.tk.createcommand("zviazok_safe", self.safe)
        root.tk.eval("""
            if {[info commands ::tk::ZviazokSelection] eq ""} {
                rename ::tk::GetSelection ::tk::ZviazokSelection
                proc ::tk::GetSelection {w {sel PRIMARY}} {
                    zviazok_safe [::tk::ZviazokSelection $w $sel]
                }
                foreach name {EntryInsert TextInsert} {
                    rename ::tk::$name ::tk::Zviazok$name
                    proc ::tk::$name {w s} [string map [list NAME $name] {
                        ::tk::ZviazokNAME $w [zviazok_safe $s]
                    }]
                }
            }
        """)
