"""Looks at one thing over the whole window: a picture while and after it is fetched, a long text.

Esc or a click closes it. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageTk

from gui import wording
from gui.look import Look
from gui.pictures import Pictures
from gui.room import Transfer
from gui.rowlayout import Box
from gui.textlayout import clean


class PictureViewer:
    """Shows the thumbnail and the progress, then the picture."""

    def __init__(
        self, master: tk.Misc, look: Look, pictures: Pictures, on_close: Callable[[], None]
    ) -> None:
        """Cover ``master``; ``on_close`` is called when it goes."""
        self._look = look
        self._pictures = pictures
        self._on_close = on_close
        self._back = master.focus_get()
        self._photo: ImageTk.PhotoImage | None = None
        self._path: Path | None = None
        self._words = "Fetching the picture…"
        self._part = 0.0
        self._sized = (0, 0)
        self.request = 0
        self.open = True
        self.shown_size = (0, 0)
        """Pixels of the picture as it is shown, once it is."""
        self.canvas = tk.Canvas(
            master, bg=look.palette.veil, highlightthickness=0, bd=0, takefocus=1
        )
        self.canvas.place(x=0, y=0, relwidth=1, relheight=1)
        self.canvas.bind("<Escape>", lambda _: self.close())
        self.canvas.bind("<ButtonRelease-1>", lambda _: self.close())
        self.canvas.bind("<Configure>", lambda _: self._resized())
        self.canvas.focus_set()

    def progress(self, transfer: Transfer) -> None:
        """Show how far it is."""
        if transfer.total:
            self._part = min(1.0, transfer.done / transfer.total)
            done, total = wording.size(transfer.done), wording.size(transfer.total)
            self._words = f"Fetching the picture – {done} of {total}"
            self._draw()

    def problem(self, text: str) -> None:
        """Say why there is no picture."""
        self._words = text
        self._part = 0.0
        self._draw()

    def picture(self, path: Path) -> None:
        """Show the picture of a file."""
        self._path = path
        self._load()

    def close(self) -> None:
        """Take it away."""
        if self.open:
            self.open = False
            back = self._back
            self.canvas.destroy()
            if back is not None and back.winfo_exists():
                back.focus_set()
            self._on_close()

    def _resized(self) -> None:
        size = (self.canvas.winfo_width(), self.canvas.winfo_height())
        if self._path is not None and size != self._sized:
            self._load()
        else:
            self._draw()

    def _load(self) -> None:
        px = self._look.px
        self._sized = (self.canvas.winfo_width(), self.canvas.winfo_height())
        box = (max(64, self._sized[0] - px(48)), max(64, self._sized[1] - px(96)))
        if self._path is not None:
            self._pictures.decode(self._path, box, self._decoded)

    def _decoded(self, image: Image.Image | None, problem: str) -> None:
        if not self.open:
            return
        if image is None:
            self.problem(problem)
            return
        flat = Image.new("RGB", image.size, self._look.palette.veil)
        flat.paste(image, (0, 0), image if image.mode == "RGBA" else None)
        self._photo = self._look.art.photo(flat)
        self.shown_size = image.size
        self._draw()

    def _draw(self) -> None:
        canvas, look, palette, px = self.canvas, self._look, self._look.palette, self._look.px
        canvas.delete("all")
        width, height = canvas.winfo_width(), canvas.winfo_height()
        if self._photo is not None:
            canvas.create_image(width // 2, (height - px(32)) // 2, image=self._photo)
            words = "Esc or a click closes"
        else:
            words = self._words
            if self._part:
                box = Box(width // 2 - px(120), height // 2 + px(24), px(240), px(6))
                look.bubble(canvas, box, px(3), palette.quiet, palette.veil, ())
                done = Box(box.x, box.y, max(px(6), round(box.w * self._part)), box.h)
                look.bubble(canvas, done, px(3), palette.accent, palette.veil, ())
        y = height - px(28) if self._photo is not None else height // 2
        canvas.create_text(
            width // 2, y, text=words, fill=palette.on_veil, width=width - px(64),
            justify="center", font=look.fonts.named("label"),
        )  # fmt: skip


class TextViewer:
    """Shows a long text whole, to read and to select from."""

    def __init__(self, master: tk.Misc, look: Look, title: str, text: str) -> None:
        """Cover ``master``."""
        palette, px = look.palette, look.px
        self._back = master.focus_get()
        self.frame = tk.Frame(master, bg=palette.card, bd=0)
        self.frame.place(x=0, y=0, relwidth=1, relheight=1)
        head = tk.Label(
            self.frame, text=f"{title}   (Esc closes)", bg=palette.card, fg=palette.quiet,
            anchor="w", font=look.fonts.named("label"),
        )  # fmt: skip
        head.pack(fill="x", padx=px(32), pady=(px(20), px(8)))
        self.text = tk.Text(
            self.frame, wrap="word", bd=0, highlightthickness=0, bg=palette.card, fg=palette.text,
            font=look.fonts.named("body"), padx=px(32), pady=px(8),
            selectbackground=palette.accent, selectforeground=palette.on_accent,
        )  # fmt: skip
        self.text.insert("1.0", clean(text))
        self.text.configure(state="disabled")
        self.text.pack(fill="both", expand=True)
        self.text.bind("<Escape>", lambda _: self.close())
        self.text.focus_set()

    def close(self) -> None:
        """Take it away."""
        self.frame.destroy()
        if self._back is not None and self._back.winfo_exists():
            self._back.focus_set()
