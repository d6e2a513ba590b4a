"""One line that says something for a while, over the messages. Belongs to the Tk thread."""

import tkinter as tk

from gui.paint.look import Look
from gui.text.rowlayout import Box
from gui.text.textlayout import clean, wrap

SAY_MS = 6000
_TOP = 76
_LINES_MAX = 4


class Toast:
    """The line; a click takes it away."""

    def __init__(self, over: tk.Frame, look: Look) -> None:
        """``over`` is what it lies on."""
        self._over = over
        self._look = look
        self._saying = ""
        self._bad = False
        self._closed = False
        self.text = ""
        """What it says now, or an empty string."""
        self._canvas = tk.Canvas(over, bd=0, highlightthickness=0, cursor="hand2", takefocus=0)
        self._canvas.bind("<Button-1>", lambda _: self.hide())

    def say(self, text: str, bad: bool = False) -> None:
        """Show a line; another one takes its place. Once closed, it says nothing any more."""
        if self._closed:
            return
        self.text, self._bad = text, bad
        self.restyle()
        self._canvas.place(in_=self._over, relx=0.5, y=self._look.px(_TOP), anchor="n")
        tk.Misc.lift(self._canvas)
        if self._saying:
            self._canvas.after_cancel(self._saying)
        self._saying = self._canvas.after(SAY_MS, self.hide)

    def hide(self) -> None:
        """Take it away."""
        if self._saying:
            self._canvas.after_cancel(self._saying)
        self._saying, self.text = "", ""
        self._canvas.place_forget()

    def restyle(self) -> None:
        """Draw in the palette of now."""
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self._canvas
        fill, ink = palette.text, palette.card
        if self._bad:
            fill, ink = palette.danger, palette.on_person
        most = max(px(240), self._over.winfo_width() - px(96))
        block = wrap(clean(self.text), most, look.fonts, "label", _LINES_MAX)
        box = Box(0, 0, block.width + px(32), block.height + px(20))
        canvas.delete("all")
        # Without round corners: it lies on bubbles and pictures, whose colours they do not know.
        canvas.configure(bg=fill, width=box.w, height=box.h)
        for number, line in enumerate(block.lines):
            at = (px(16), px(10) + number * block.line_height)
            look.line(canvas, at, line, (ink, ink, fill), "label", ())

    def close(self) -> None:
        """Stop its timer: what still answers then is not heard here."""
        self._closed = True
        if self._saying:
            self._canvas.after_cancel(self._saying)
            self._saying = ""
