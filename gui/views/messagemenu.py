"""What the right button offers on a message: copy its words, open it. Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable

from gui.look import Look
from gui.room import Entry
from protocol.codes import EventKind


class MessageMenu:
    """One menu for all messages of a timeline."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        on_picture: Callable[[Entry], None],
        on_text: Callable[[Entry], None],
    ) -> None:
        """The callables open a picture, or a text."""
        self._look = look
        self._on_picture = on_picture
        self._on_text = on_text
        self._menu = tk.Menu(master, tearoff=0)

    def show(self, entry: Entry, x: int, y: int) -> None:
        """Pop up for a message at a place of the screen."""
        if entry.kind not in (EventKind.TEXT, EventKind.IMAGE):
            return
        palette, menu = self._look.palette, self._menu
        menu.delete(0, "end")
        menu.configure(
            bg=palette.card, fg=palette.text, activebackground=palette.hover,
            activeforeground=palette.text, bd=0, font=self._look.fonts.named("label"),
        )  # fmt: skip
        if words(entry):
            menu.add_command(label="Copy text", command=lambda: self.copy(entry))
        menu.add_command(label="Open", command=lambda: self._open(entry))
        menu.tk_popup(x, y)

    def copy(self, entry: Entry) -> None:
        """Put the words of a message into the clipboard."""
        self._menu.clipboard_clear()
        self._menu.clipboard_append(words(entry))

    def _open(self, entry: Entry) -> None:
        if entry.kind == EventKind.IMAGE:
            self._on_picture(entry)
        else:
            self._on_text(entry)


def words(entry: Entry) -> str:
    """Return what somebody wrote: the text, or the caption."""
    return str(entry.body.get("text") or entry.body.get("caption") or "")
