"""Keyboard shortcuts by the place of the key, so that they work on every layout.

Tk matches ``<Control-c>`` by what the key writes: on a Ukrainian or Thai layout
that is another letter and nothing happens. Where the layout is not Latin, the
key's code is looked up instead. Belongs to the Tk thread.
"""

import sys
import tkinter as tk
from collections.abc import Callable, Mapping
from typing import Any

X11 = {
    24: "q", 25: "w", 29: "y", 32: "o", 38: "a", 41: "f", 42: "g", 44: "j", 45: "k", 46: "l",
    52: "z", 53: "x", 54: "c", 55: "v", 57: "n",
}  # fmt: skip
"""Key codes of evdev keyboards: the letter printed on that key of a US keyboard."""
MAC = {0: "a", 6: "z", 7: "x", 8: "c", 9: "v", 16: "y"}

EDITS = {
    "a": "<<SelectAll>>",
    "c": "<<Copy>>",
    "v": "<<Paste>>",
    "x": "<<Cut>>",
    "y": "<<Redo>>",
    "z": "<<Undo>>",
}


def letter_of(keycode: int, keysym: str, platform: str = sys.platform) -> str:
    """Return the Latin letter of a key that writes another script, or an empty string."""
    if len(keysym) == 1 and keysym.isascii():
        return ""
    if platform == "win32":
        return chr(keycode).lower() if 65 <= keycode <= 90 else ""
    if platform == "darwin":
        return MAC.get(keycode & 0xFF, "")
    return X11.get(keycode, "")


def install(root: tk.Misc, shortcuts: Mapping[str, Callable[[], None]]) -> None:
    """Make Ctrl with a letter work on all layouts: editing in fields, ``shortcuts`` anywhere."""

    def edit(event: "tk.Event[tk.Misc]") -> str | None:
        letter = letter_of(event.keycode, event.keysym)
        if letter in EDITS:
            event.widget.event_generate(EDITS[letter])
            return "break"
        return None

    def anywhere(event: "tk.Event[tk.Misc]") -> str | None:
        letter = event.keysym.lower() if len(event.keysym) == 1 else ""
        letter = letter_of(event.keycode, event.keysym) or letter
        work = shortcuts.get(letter)
        if work is None:
            return None
        work()
        return "break"

    def select_all(event: "tk.Event[Any]") -> str:
        widget = event.widget
        if isinstance(widget, tk.Text):
            widget.tag_add("sel", "1.0", "end-1c")
        elif isinstance(widget, tk.Entry):
            widget.selection_range(0, "end")
        return "break"

    for name in ("Text", "Entry"):
        root.bind_class(name, "<Control-KeyPress>", edit, add="+")
        # X11 gives Ctrl+A to "start of the line"; people expect everything.
        root.bind_class(name, "<Control-a>", select_all)
        root.bind_class(name, "<<SelectAll>>", select_all)
    root.bind_all("<Control-KeyPress>", anywhere)
