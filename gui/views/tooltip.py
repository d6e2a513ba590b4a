"""What a button does, in a small box beside it: one box for the whole window.

It comes when the mouse rests, and goes at the next key or click. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.paint.look import Look

REST_MS = 450


class Tooltip:
    """The one box; :meth:`attach` tells it about widgets."""

    def __init__(self, root: tk.Misc, look: Look) -> None:
        """``root`` is the window in which it stays."""
        self._root = root
        self._look = look
        self._waiting = ""
        self._over: tk.Misc | None = None
        self._label = tk.Label(root, bd=0, font=look.fonts.named("small"))
        self.text = ""
        """What stands in it; an empty string while it is hidden."""

    def attach(self, widget: tk.Misc, text: str | Callable[[], str]) -> None:
        """Show ``text`` for a widget, or what it gives just then."""
        widget.bind("<Enter>", lambda _: self._soon(widget, text), add="+")
        for event in ("<Leave>", "<Button>", "<Key>", "<Unmap>", "<Destroy>"):
            widget.bind(event, lambda _: self.hide(), add="+")

    def _soon(self, widget: tk.Misc, text: str | Callable[[], str]) -> None:
        self.hide()
        self._over = widget
        self._waiting = self._root.after(
            REST_MS, lambda: self._show(widget, text if isinstance(text, str) else text())
        )

    def _show(self, widget: tk.Misc, text: str) -> None:
        self._waiting = ""
        if not widget.winfo_exists() or not widget.winfo_ismapped():
            return
        look, palette, px = self._look, self._look.palette, self._look.px
        root = self._root
        self._label.configure(
            text=look.plain(text), bg=palette.text, fg=palette.card, padx=px(8), pady=px(4)
        )
        wide, high = self._label.winfo_reqwidth(), self._label.winfo_reqheight()
        left = widget.winfo_rootx() - root.winfo_rootx() + (widget.winfo_width() - wide) // 2
        left = max(px(4), min(left, root.winfo_width() - wide - px(4)))
        top = widget.winfo_rooty() - root.winfo_rooty() + widget.winfo_height() + px(4)
        if top + high > root.winfo_height():
            top -= widget.winfo_height() + high + px(8)
        self._label.place(in_=root, x=left, y=top)
        self._label.lift()
        self.text = text

    def hide(self) -> None:
        """Take it away."""
        if self._waiting:
            self._root.after_cancel(self._waiting)
            self._waiting = ""
        if self.text:
            self.text = ""
            if self._label.winfo_exists():
                self._label.place_forget()

    def close(self) -> None:
        """End it for good."""
        self.hide()
        if self._label.winfo_exists():
            self._label.destroy()
