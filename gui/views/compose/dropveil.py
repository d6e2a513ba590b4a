"""Takes files that are dropped on a part of the window, and says so while they are held over it.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gui.desktop.drops import Drops
from gui.paint.look import Look
from gui.text.textlayout import one_line

_MARGIN: Final = 16


class DropVeil:
    """Covers ``master`` while files are over it."""

    def __init__(
        self, master: tk.Misc, look: Look, on_files: Callable[[tuple[Path, ...]], None]
    ) -> None:
        """``on_files`` gets what was dropped."""
        self._master = master
        self._look = look
        # Inside of what takes the files: it still takes them when this lies over it.
        self._canvas = tk.Canvas(master, bd=0, highlightthickness=0)
        self._canvas.bind("<Configure>", lambda _: self._draw())
        self.drops = Drops(master, on_files, self._show)

    def _show(self, over: bool) -> None:
        if over:
            self._canvas.place(x=0, y=0, relwidth=1, relheight=1)
            tk.Misc.lift(self._canvas)
            self._draw()
        else:
            self._canvas.place_forget()

    def _draw(self) -> None:
        look, palette, px, canvas = self._look, self._look.palette, self._look.px, self._canvas
        width, height, edge = canvas.winfo_width(), canvas.winfo_height(), px(_MARGIN)
        canvas.delete("all")
        canvas.configure(bg=palette.card)
        canvas.create_rectangle(
            edge, edge, width - edge, height - edge, outline=palette.accent, width=px(2),
            dash=(px(8), px(6)),
        )  # fmt: skip
        line = one_line(look.tr("composer.drop"), width - 4 * edge, look.fonts, "title")
        top = height // 2
        image = look.art.icon("clip", px(44), palette.accent, palette.card)
        canvas.create_image(width // 2, top - px(32), image=image)
        ink = (palette.text, palette.text, palette.card)
        look.line(canvas, ((width - line.width) // 2, top + px(8)), line, ink, "title", ())
