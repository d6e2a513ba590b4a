"""What holds in the open room, above where one writes: paused, slow mode, muted and so on.

It has no height where nothing holds, and counts down while one has to wait. A click asks for the
order of the room, where one keeps it. Belongs to the Tk thread.
"""

import time
import tkinter as tk
from collections.abc import Callable
from datetime import date

from gui.chat.standing import Standing
from gui.paint.look import Look
from gui.paint.theme import Palette
from gui.text.rowlayout import Box
from gui.text.textlayout import wrap
from gui.words import holdwords

TICK_MS = 500
LINES_MAX = 4
_ICON = 18


class HoldBar:
    """``widget`` is the canvas to place once; it is as high as what it says."""

    def __init__(
        self, master: tk.Misc, look: Look, stand: Callable[[], Standing],
        changed: Callable[[Standing], None], on_click: Callable[[], None],
    ) -> None:  # fmt: skip
        """``stand`` tells how one stands just now; ``changed`` hears when that is otherwise."""
        self._look = look
        self._stand = stand
        self._changed = changed
        self._on_click = on_click
        self._shown: tuple[str, str, int, Palette] | None = None
        self._known: Standing | None = None
        self._ticking = ""
        self.text = ""
        """What it says, or an empty string."""
        self.widget = tk.Canvas(master, bd=0, highlightthickness=0, height=1, takefocus=0)
        bind = self.widget.bind
        bind("<Configure>", lambda _: look.slices.paint(self.widget, self.draw))
        bind("<ButtonRelease-1>", lambda _: self._clicked())
        bind("<Destroy>", lambda _: self.close())

    def show(self) -> None:
        """Look again at what holds."""
        stand = self._stand()
        words = holdwords.holding(self._look.tr, stand, date.today()) if stand.holds else []
        self.text = " · ".join(words)
        fresh, self._known = stand != self._known, stand
        self.draw()
        if fresh:
            self._changed(stand)
        ends = stand.muted is not None and stand.muted > time.time() * 1000
        if stand.slow_left_s or ends:
            self._tick_soon()
        else:
            self.close()

    def _tick_soon(self) -> None:
        if not self._ticking:
            self._ticking = self.widget.after(TICK_MS, self._tick)

    def _tick(self) -> None:
        self._ticking = ""
        self.show()

    def close(self) -> None:
        """Stop counting."""
        if self._ticking:
            self.widget.after_cancel(self._ticking)
            self._ticking = ""

    def _clicked(self) -> None:
        if self.text and self._known is not None and self._known.in_charge:
            self._on_click()

    def restyle(self) -> None:
        """Draw in the palette of now."""
        self._shown = None
        self.draw()

    def draw(self) -> None:
        """Draw what it says, as wide as it is."""
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self.widget
        width = canvas.winfo_width()
        state = (self.text, self._icon(), width, palette)
        if state == self._shown:
            return
        self._shown = state
        canvas.delete("all")
        chief = self._known is not None and self._known.in_charge
        canvas.configure(bg=palette.card, cursor="hand2" if chief and self.text else "")
        if not self.text or width < px(80):
            canvas.configure(height=1)
            return
        left, right = px(16 + 12 + _ICON + 8), width - px(16 + 12)
        block = wrap(self.text, right - left, look.fonts, "small", LINES_MAX)
        high = block.height + px(16)
        canvas.configure(height=high + px(16))
        fill, ink = palette.pill, palette.on_pill
        look.bubble(
            canvas, Box(px(16), px(8), width - px(32), high), px(10), fill, palette.card, ()
        )
        image = look.art.icon(self._icon(), px(_ICON), ink, fill)
        middle = px(8) + px(8) + block.line_height // 2
        canvas.create_image(px(16 + 12), middle, image=image, anchor="w")
        for number, line in enumerate(block.lines):
            at = (left, px(16) + number * block.line_height)
            look.line(canvas, at, line, (ink, ink, fill), "small", ())

    def _icon(self) -> str:
        stand = self._known
        if stand is None or stand.muted is not None:
            return "muted"
        order = stand.order
        if stand.apart:
            return "lock"
        if order.paused:
            return "pause"
        if order.announce:
            return "megaphone"
        return "clock" if order.slow_s else "lock"
