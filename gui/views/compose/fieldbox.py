"""A field in a box with round corners, which grows with its lines and says what it is for.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from typing import Final, Literal

from gui.paint.look import Look
from gui.text.textlayout import one_line
from gui.views.compose.field import SPACE
from gui.views.compose.heldfield import HeldField

RADIUS: Final = 12
_CORNERS: Final[tuple[tuple[Literal["nw", "ne", "sw", "se"], int, int], ...]] = (
    ("nw", 0, 0), ("ne", 1, 0), ("sw", 0, 1), ("se", 1, 1),
)  # fmt: skip


class FieldBox:
    """``widget`` is the frame to place, ``field`` what is in it."""

    def __init__(
        self, master: tk.Misc, look: Look, on_change: Callable[[], None], lines_max: int,
        around: str = "card",
    ) -> None:  # fmt: skip
        """``around`` names the colour around the box."""
        self._look = look
        self._lines_max = lines_max
        self._around = around
        self._words = ""
        px = look.px
        self.widget = tk.Frame(master, bd=0)
        self.field = HeldField(self.widget, look, on_change)
        text = self.field.widget
        text.pack(side="left", fill="x", expand=True, padx=(px(RADIUS), px(8)), pady=(px(7), px(9)))
        self._hint = tk.Canvas(
            self.widget, bd=0, highlightthickness=0, cursor="xterm", width=1, height=1
        )
        self._hint.bind("<Button-1>", lambda _: text.focus_set())
        self._corners = [tk.Label(self.widget, bd=0, padx=0, pady=0) for _ in _CORNERS]
        self.widget.bind("<Button-1>", lambda _: text.focus_set())
        text.bind("<Configure>", lambda _: self.fit(), add="+")

    def beside(self, button: tk.Misc) -> None:
        """Put a button at the right end, level with the last line."""
        assert isinstance(button, tk.Widget)
        button.pack(side="right", anchor="s", padx=(0, self._look.px(2)))
        for corner in self._corners:
            corner.lift()

    def set_hint(self, words: str) -> None:
        """Say what the field is for, while it is empty."""
        if words != self._words:
            self._words = words
            self.fit()

    def fit(self) -> None:
        """Be as high as the text needs."""
        text = self.field.widget
        lines = min(self._lines_max, self.field.lines())
        if int(text.cget("height")) != lines:
            text.configure(height=lines)
            text.see("insert")
        if self._words and text.index("end-1c") == "1.0":
            self._draw_hint()
        else:
            self._hint.place_forget()

    def _draw_hint(self) -> None:
        look, hint, text = self._look, self._hint, self.field.widget
        palette = look.palette
        width, height = text.winfo_width() - look.px(4), look.fonts.line_height("body")
        if width < look.px(24):
            return
        line = one_line(self._words, width, look.fonts, "body")
        hint.delete("all")
        hint.configure(bg=palette.field, width=min(width, line.width), height=height)
        ink = (palette.quiet, palette.quiet, palette.field)
        look.line(hint, (0, 0), line, ink, "body", ())
        # Beside the text cursor, which is drawn at the very left.
        spare = height - int(look.fonts.named("body").metrics("linespace"))
        hint.place(in_=text, x=look.px(3), y=look.px(SPACE) - spare // 2)

    def restyle(self) -> None:
        """Draw in the palette of now."""
        look, palette = self._look, self._look.palette
        self.widget.configure(bg=palette.field)
        self.field.restyle()
        radius = look.px(RADIUS)
        around: str = getattr(palette, self._around)
        for label, (which, right, low) in zip(self._corners, _CORNERS, strict=True):
            image = look.art.corner(radius, palette.field, around, which)
            label.configure(image=image, width=radius, height=radius)
            label.place(relx=right, rely=low, anchor=which)
        self.fit()
