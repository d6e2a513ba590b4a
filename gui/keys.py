"""Keyboard shortcuts by the place of the key, so that they work on every layout.

Tk matches ``<Control-c>`` by what the key writes: on a Ukrainian or Thai layout
that is another letter and nothing happens. Where the layout is not Latin, the
key's code is looked up instead. A chord is written as people read it: ``Ctrl+Shift+F``,
``Alt+Up``, ``F1``, ``Esc``. Belongs to the Tk thread.
"""

import sys
import tkinter as tk
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

X11 = {
    10: "1", 11: "2", 12: "3", 13: "4", 14: "5", 15: "6", 16: "7", 17: "8", 18: "9",
    24: "q", 25: "w", 26: "e", 27: "r", 28: "t", 29: "y", 30: "u", 31: "i", 32: "o", 33: "p",
    38: "a", 39: "s", 40: "d", 41: "f", 42: "g", 43: "h", 44: "j", 45: "k", 46: "l",
    52: "z", 53: "x", 54: "c", 55: "v", 56: "b", 57: "n", 58: "m", 59: ",", 61: "/",
}  # fmt: skip
"""Key codes of evdev keyboards: what is printed on that key of a US keyboard."""
MAC = {
    0: "a", 3: "f", 4: "h", 6: "z", 7: "x", 8: "c", 9: "v", 12: "q", 14: "e", 16: "y",
    31: "o", 40: "k", 43: ",", 44: "/", 45: "n",
}  # fmt: skip
_WINDOWS_MARKS = {0xBC: ",", 0xBF: "/"}
_MARKS = {"comma": ",", "slash": "/", "KP_Divide": "/"}
_NAMED = {"Prior": "PgUp", "Next": "PgDn", "Escape": "Esc"}

EDITS = {
    "a": "<<SelectAll>>",
    "c": "<<Copy>>",
    "v": "<<Paste>>",
    "x": "<<Cut>>",
    "y": "<<Redo>>",
    "z": "<<Undo>>",
}

SHORTCUTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("go", "switcher", "Ctrl+K"),
    ("go", "next_room", "Alt+Down, Ctrl+PgDn"),
    ("go", "room_before", "Alt+Up, Ctrl+PgUp"),
    ("go", "numbered", "Ctrl+1 … Ctrl+9"),
    ("go", "join", "Ctrl+N"),
    ("go", "panes", "F6"),
    ("go", "room_menu", "Menu, Shift+F10"),
    ("go", "escape", "Esc"),
    ("find", "search_room", "Ctrl+F"),
    ("find", "search_all", "Ctrl+Shift+F"),
    ("find", "hits", "F3, Shift+F3"),
    ("write", "send", "Enter"),
    ("write", "line", "Shift+Enter"),
    ("write", "edit_last", "Up"),
    ("write", "attach", "Ctrl+O"),
    ("write", "emoji", "Ctrl+E"),
    ("write", "tone", "Shift+Up, Shift+Down"),
    ("write", "paste", "Ctrl+V"),
    ("write", "hand", "Ctrl+Shift+H"),
    ("messages", "copy", "Ctrl+C"),
    ("messages", "reply", "R"),
    ("messages", "delete", "Del"),
    ("messages", "menu", "Menu, Shift+F10"),
    ("messages", "scroll", "PgUp, PgDn"),
    ("program", "settings", "Ctrl+,"),
    ("program", "help", "F1, Ctrl+/"),
    ("program", "quit", "Ctrl+Q"),
)
"""(group, name, keys) of every shortcut, as the help sheet lists them: ``help.NAME`` says what."""

_TAKEN: Final = {
    "<<LineStart>>": ("<Control-Key-a>", "<Control-Lock-Key-A>"),
    "<<LineEnd>>": ("<Control-Key-e>", "<Control-Lock-Key-E>"),
    "<<NextChar>>": ("<Control-Key-f>", "<Control-Lock-Key-F>"),
    "<<NextLine>>": ("<Control-Key-n>", "<Control-Lock-Key-N>"),
    "<<SelectNextChar>>": ("<Control-Key-F>", "<Control-Lock-Key-f>"),
    "<<SelectAll>>": ("<Control-Key-slash>",),
    "<<Paste>>": ("<Control-Key-y>", "<Control-Lock-Key-Y>"),
}
"""What Tk on X11 does in fields with chords that are ours."""
_GIVEN: Final = {
    "<<SelectAll>>": ("<Control-Key-a>", "<Control-Lock-Key-A>"),
    "<<Redo>>": ("<Control-Key-y>", "<Control-Lock-Key-Y>"),
}
"""What people expect of these chords in fields."""

_installed: "WeakKeyDictionary[tk.Misc, dict[str, Callable[[], None]]]" = WeakKeyDictionary()


def letter_of(keycode: int, keysym: str, platform: str = sys.platform) -> str:
    """Return the US key of a key that writes another script, or an empty string."""
    if len(keysym) == 1 and keysym.isascii():
        return ""
    if platform == "win32":
        if 65 <= keycode <= 90 or 49 <= keycode <= 57:
            return chr(keycode).lower()
        return _WINDOWS_MARKS.get(keycode, "")
    if platform == "darwin":
        return MAC.get(keycode & 0xFF, "")
    return X11.get(keycode, "")


def chord(keycode: int, keysym: str, state: int, platform: str = sys.platform) -> str:
    """Return what was pressed as a chord such as ``Ctrl+Shift+F``; shift counts for letters."""
    key = _NAMED.get(keysym, "") or _MARKS.get(keysym, "")
    if platform not in ("win32", "darwin") and X11.get(keycode, "").isdigit():
        # Some layouts write marks with the digit keys: "/" on 2 in Thai, "&" on 1 in French.
        key = X11[keycode]
    if not key:
        single = keysym if len(keysym) == 1 else ""
        key = letter_of(keycode, keysym, platform) or single or keysym
    words = ["Ctrl"] if state & 4 else []
    # Mod1 on X11; Windows sets a bit of its own for Alt.
    if state & (0x20000 if platform == "win32" else 8):
        words.append("Alt")
    if state & 1 and len(key) == 1 and key.isalpha():
        words.append("Shift")
    words.append(key.upper() if len(key) == 1 else key)
    return "+".join(words)


def install(root: tk.Misc, shortcuts: Mapping[str, Callable[[], None]]) -> None:
    """Add shortcuts to a window: chord (or a letter, for Ctrl with it) → what it does.

    The first call also makes editing in fields work on all layouts.
    """
    known = _installed.get(root)
    if known is None:
        known = _installed[root] = {}
        _bind(root, known)
    for name, work in shortcuts.items():
        known[f"Ctrl+{name.upper()}" if len(name) == 1 else name] = work


def remove(root: tk.Misc, shortcuts: Mapping[str, Callable[[], None]]) -> None:
    """Forget what :func:`install` was given; another's shortcuts by the same chord stay."""
    known = _installed.get(root, {})
    for name, work in shortcuts.items():
        chord_name = f"Ctrl+{name.upper()}" if len(name) == 1 else name
        if known.get(chord_name) is work:
            del known[chord_name]


def _bind(root: tk.Misc, known: dict[str, Callable[[], None]]) -> None:
    def edit(event: "tk.Event[tk.Misc]") -> str | None:
        letter = letter_of(event.keycode, event.keysym)
        if letter not in EDITS:
            return None
        shift = isinstance(event.state, int) and event.state & 1
        again = letter == "z" and shift
        event.widget.event_generate("<<Redo>>" if again else EDITS[letter])
        return "break"

    def anywhere(event: "tk.Event[tk.Misc]") -> str | None:
        state = event.state if isinstance(event.state, int) else 0
        work = known.get(chord(event.keycode, event.keysym, state))
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

    for virtual, sequences in _TAKEN.items():
        root.event_delete(virtual, *sequences)
    for virtual, sequences in _GIVEN.items():
        root.event_add(virtual, *sequences)
    for name in ("Text", "Entry"):
        root.bind_class(name, "<Control-KeyPress>", edit, add="+")
        root.bind_class(name, "<<SelectAll>>", select_all)
        for letter in ("k", "o"):
            # These cut and break a line on X11; without a binding the window gets them.
            root.unbind_class(name, f"<Control-Key-{letter}>")
    # On the window rather than on everything: an open menu keeps its own keys.
    for event in ("Control-KeyPress", "Alt-KeyPress", "F1", "F6", "Escape"):
        root.bind(f"<{event}>", anywhere)
