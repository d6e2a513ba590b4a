"""What stands in the emoji picker when nothing was found. Belongs to the Tk thread."""

import tkinter as tk

from gui.paint.look import Look

GLASS = "\U0001f50d"


class EmojiNothing:
    """Says so; ``widget`` is the canvas to place over the grid."""

    def __init__(self, master: tk.Misc, look: Look) -> None:
        """It is drawn whenever it gets another size."""
        self._look = look
        self.widget = tk.Canvas(master, bd=0, highlightthickness=0, bg=look.palette.card)
        self.widget.bind("<Configure>", lambda _: self._draw())

    def _draw(self) -> None:
        look, palette, px = self._look, self._look.palette, self._look.px
        canvas = self.widget
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        image = look.art.emoji(GLASS, px(48), palette.card)
        canvas.create_image(width // 2, height // 2 - px(44), image=image)
        for name, role, ink, down in (
            ("nothing", "name", palette.text, 4), ("nothing_hint", "small", palette.quiet, 28)
        ):  # fmt: skip
            canvas.create_text(
                width // 2, height // 2 + px(down), text=look.plain(look.tr(f"emoji.{name}")),
                fill=ink, font=look.fonts.named(role), width=width - px(32), justify="center",
            )  # fmt: skip
