"""A box to tick, with words beside it. Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable

from gui.paint.look import Look
from gui.text.textlayout import one_line


class TickBox:
    """``widget`` is the canvas to place; ``on`` whether it is ticked."""

    def __init__(
        self, master: tk.Misc, look: Look, words: str, on: bool, on_change: Callable[[bool], None]
    ) -> None:
        """``on_change`` is called when somebody ticks it or takes the tick away."""
        self._look = look
        self._words = words
        self._on_change = on_change
        self._focused = self._over = False
        self.on = on
        self.widget = tk.Canvas(
            master, bd=0, highlightthickness=0, height=look.px(32), cursor="hand2", takefocus=1
        )
        bind = self.widget.bind
        bind("<Configure>", lambda _: self.restyle())
        bind("<ButtonRelease-1>", lambda _: self.toggle())
        bind("<space>", lambda _: self.toggle())
        bind("<Return>", lambda _: self.toggle())
        bind("<Enter>", lambda _: self._light(over=True))
        bind("<Leave>", lambda _: self._light(over=False))
        bind("<FocusIn>", lambda _: self._light(focused=True))
        bind("<FocusOut>", lambda _: self._light(focused=False))

    def toggle(self) -> str:
        """Tick it, or take the tick away; ends the event."""
        self.on = not self.on
        self.restyle()
        self._on_change(self.on)
        return "break"

    def set_words(self, words: str) -> None:
        """Say something else beside it."""
        if words != self._words:
            self._words = words
            self.restyle()

    def _light(self, over: bool | None = None, focused: bool | None = None) -> None:
        self._over = self._over if over is None else over
        self._focused = self._focused if focused is None else focused
        self.restyle()

    def restyle(self) -> None:
        """Draw it in the palette of now."""
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self.widget
        canvas.delete("all")
        canvas.configure(bg=palette.card)
        height, side = px(32), px(20)
        edge = palette.accent if self._focused or self._over else palette.groove
        if self._focused:
            ring = look.shapes.box(
                side + px(8), side + px(8), px(8), palette.card, palette.card, palette.accent, px(2)
            )
            canvas.create_image(side // 2 + px(4), height // 2, image=ring)
        tick = look.shapes.tick(
            side, self.on, palette.accent, palette.on_accent, edge, palette.card
        )
        canvas.create_image(side // 2 + px(4), height // 2, image=tick)
        line = one_line(
            self._words, max(px(40), canvas.winfo_width() - px(48)), look.fonts, "label"
        )
        top = (height - look.fonts.line_height("label")) // 2
        ink = (palette.text, palette.text, palette.card)
        look.line(canvas, (side + px(16), top), line, ink, "label", ())
