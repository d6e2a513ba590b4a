"""Shows a long text over the window, to read and to select from. Belongs to the Tk thread."""

import tkinter as tk

from gui.paint.kit import IconButton
from gui.paint.look import Look
from gui.views.compose.field import Field

_MARGIN = 32


class TextViewer:
    """Covers ``master``; Esc or the cross closes it."""

    def __init__(self, master: tk.Misc, look: Look, title: str, text: str) -> None:
        """Cover ``master``."""
        palette, px = look.palette, look.px
        self._back = master.focus_lastfor()
        self.open = True
        self.frame = tk.Frame(master, bg=palette.card, bd=0)
        self.frame.place(x=0, y=0, relwidth=1, relheight=1)
        self.frame.lift()
        head = tk.Frame(self.frame, bg=palette.card, bd=0)
        head.pack(fill="x", padx=(px(_MARGIN), px(8)), pady=px(8))
        self.shut = shut = IconButton(head, look, "close", self.close, "card")
        shut.widget.pack(side="right")
        label = tk.Label(
            head, text=look.plain(title), bg=palette.card, fg=palette.text, anchor="w", bd=0,
            font=look.font("title", title),
        )  # fmt: skip
        label.pack(side="left", fill="x", expand=True)
        line = tk.Frame(self.frame, bg=palette.line, bd=0, height=1)
        line.pack(fill="x")
        # The field shows emoji as pictures, and copies them.
        field = Field(self.frame, look, lambda: None, below="card")
        field.put(text)
        self.text = field.widget
        self.text.configure(state="disabled", cursor="xterm", spacing2=px(2))
        self.text.pack(fill="both", expand=True, padx=(px(_MARGIN), px(8)), pady=px(8))
        for one, other in ((self.text, shut.widget), (shut.widget, self.text)):
            one.bind("<Escape>", lambda _: self._escape())
            for key in ("<Tab>", "<<PrevWindow>>"):
                one.bind(key, lambda _, other=other: self._to(other))
        self.text.see("1.0")
        self.text.focus_set()

    def _escape(self) -> str:
        self.close()
        return "break"

    @staticmethod
    def _to(other: tk.Misc) -> str:
        other.focus_set()
        return "break"

    def close(self) -> None:
        """Take it away."""
        if not self.open:
            return
        self.open = False
        self.frame.destroy()
        if self._back is not None and self._back.winfo_exists():
            self._back.focus_set()
