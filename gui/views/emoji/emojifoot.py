"""The foot of the emoji picker: what is selected and how it is called, and the skin tone.

A click on the hand offers six of them in place of the name; keys go from one tone to the
next and show them too. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from gui.emojis import sheet
from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import one_line

HAND: Final = "\u270b"
HEIGHT: Final = 52
STEP: Final = 40
"""From one hand to the next."""
_LAST: Final = 5


class EmojiFoot:
    """Shows one emoji with its name; ``widget`` is the canvas to place."""

    def __init__(
        self, master: tk.Misc, look: Look, tone: Callable[[], int], on_tone: Callable[[int], None]
    ) -> None:
        """``tone`` is the one that holds, 0 to 5; ``on_tone`` gets another."""
        self._look = look
        self._tone = tone
        self._on_tone = on_tone
        self._shown = ("", "", "")
        self._asking = False
        self._by_keys = False
        """The tones are offered because a key has taken another one."""
        self._over = -1
        self.widget = tk.Canvas(
            master, height=look.px(HEIGHT), width=1, bd=0, highlightthickness=0,
            bg=look.palette.card,
        )  # fmt: skip
        self.widget.bind("<Configure>", lambda _: self._draw())
        self.widget.bind("<ButtonRelease-1>", lambda e: self._click(self._hand_at(e.x)))
        self.widget.bind("<Motion>", lambda e: self._hover(self._hand_at(e.x)))
        self.widget.bind("<Leave>", lambda _: self._hover(-1))

    def show(self, sequence: str, name: str, code: str) -> None:
        """Show an emoji, its name and its shortcode; "" shows that one may be chosen."""
        self._shown = (sequence, name, code)
        if self._by_keys:
            self._asking = self._by_keys = False
        self._draw()

    def reset(self) -> None:
        """Ask for no skin tone any more, and show nothing."""
        self._shown = ("", "", "")
        self.calm()
        self._draw()

    def calm(self) -> bool:
        """Ask for no skin tone any more; return whether it was asked for."""
        asked = self._asking
        self._asking = self._by_keys = False
        if asked:
            self._draw()
        return asked

    def step(self, by: int) -> None:
        """Take the next darker tone (1) or the next lighter one (-1), and show where it stands."""
        tone = max(0, min(_LAST, self._tone() + by))
        if tone != self._tone():
            self._on_tone(tone)
        self._asking = self._by_keys = True
        self._draw()

    def _hand_x(self, tone: int) -> int:
        """Return the middle of a hand of the row that asks for the tone; the last stays."""
        px = self._look.px
        return self.widget.winfo_width() - px(20) - (_LAST - tone) * px(STEP)

    def _hand_at(self, x: int) -> int:
        """Return the number of the hand at a place, or -1."""
        hand = round((x - self._hand_x(0)) / self._look.px(STEP))
        return hand if (0 if self._asking else _LAST) <= hand <= _LAST else -1

    def _hover(self, hand: int) -> None:
        self.widget.configure(cursor="hand2" if hand >= 0 else "arrow")
        if hand != self._over:
            self._over = hand
            self._draw()

    def _click(self, hand: int) -> None:
        if self._asking:
            self._asking = False
            if hand >= 0:
                self._on_tone(hand)
        else:
            self._asking = hand >= 0
        self._draw()

    def _draw_hand(self, place: int, tone: int, marked: bool) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        below, x, height = palette.card, self._hand_x(place), self.widget.winfo_height()
        if marked or place == self._over:
            below, side = palette.hover, px(36)
            box = Box(x - side // 2, (height - side) // 2, side, side)
            look.bubble(self.widget, box, px(8), below, palette.card, ())
        image = look.art.emoji(sheet.sheet().toned_as(HAND, tone), px(24), below)
        self.widget.create_image(x, height // 2, image=image)

    def _draw(self) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas = self.widget
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        if width < px(STEP):
            return
        if self._asking:
            for tone in range(_LAST + 1):
                self._draw_hand(tone, tone, tone == self._tone())
            room = self._hand_x(0) - px(28)
            self._say(look.tr("emoji.tone"), px(8), height // 2, room, "small", palette.quiet)
            return
        self._draw_hand(_LAST, self._tone(), False)
        room = width - px(56)
        sequence, name, code = self._shown
        if not sequence:
            self._say(look.tr("emoji.choose"), px(8), height // 2, room, "label", palette.quiet)
            return
        image = look.art.emoji(sequence, px(36), palette.card)
        canvas.create_image(px(4), height // 2, image=image, anchor="w")
        name, left, room = name[:1].upper() + name[1:], px(52), room - px(44)
        if not code:
            self._say(name, left, height // 2, room, "label", palette.text)
            return
        self._say(name, left, height // 2 - px(9), room, "label", palette.text)
        self._say(f":{code}:", left, height // 2 + px(11), room, "small", palette.quiet)

    def _say(self, text: str, x: int, middle: int, room: int, role: str, ink: str) -> None:
        look, below = self._look, self._look.palette.card
        line = one_line(text, room, look.fonts, role)
        top = middle - look.fonts.line_height(role) // 2
        look.line(self.widget, (x, top), line, (ink, ink, below), role, ())
