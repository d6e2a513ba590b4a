"""The only door to customtkinter: the root, its theme and its scale; and all our widgets.

customtkinter is untyped and has traps; they are defused here, once. What stands in the window
is painted by :mod:`gui.paint.buttons`, :mod:`gui.paint.controls` and their like, because a
button of customtkinter takes a millisecond and a field two; all of it is offered here. Belongs to
the Tk thread.
"""

import ctypes
import os
import subprocess
import sys
import tkinter as tk
from collections.abc import Callable

import customtkinter as ctk  # type: ignore[import-untyped,unused-ignore]

from gui.paint import privatefonts
from gui.paint.buttons import Button as Button
from gui.paint.buttons import IconButton as IconButton
from gui.paint.choices import Choice as Choice
from gui.paint.choices import Slider as Slider
from gui.paint.choices import Swatches as Swatches
from gui.paint.controls import CheckBox as CheckBox
from gui.paint.controls import Switch as Switch
from gui.paint.dropdown import Dropdown as Dropdown
from gui.paint.entries import Entry as Entry
from gui.paint.look import Look
from gui.paint.slices import Steps
from gui.paint.theme import palette


def make_root(theme: str, scale: float) -> tk.Tk:
    """Return the root window, hidden; raise ``tk.TclError`` without a display.

    ``scale`` holds for customtkinter's widgets as for ours; 1.0 is 96 dots per inch.
    """
    # Before the first Tk font: what Tk has chosen by then it keeps.
    privatefonts.register()
    # Never "system": that mode starts a program every 30 ms to ask for the desktop's theme.
    ctk.set_appearance_mode(theme)
    # Before there is a root: later it would force its own size on the window.
    ctk.deactivate_automatic_dpi_awareness()
    ctk.set_widget_scaling(scale)
    root: tk.Tk = ctk.CTk(className="Zviazok")
    root.configure(bg=palette(theme).chat)
    root.withdraw()
    # Version 6 moves the focus to whatever is clicked, away from the composer.
    root.unbind_all("<Button-1>")
    return root


def set_theme(look: Look) -> None:
    """Switch customtkinter, our buttons and our fields to the palette of a look."""
    for _ in theme_steps(look):
        pass


def theme_steps(look: Look) -> Steps:
    """Do as :func:`set_theme` does, step by step."""
    ctk.set_appearance_mode(look.palette.name)
    for one in list(look.painted):
        yield None
        try:
            if one.winfo_exists():
                one.restyle()
        except tk.TclError:
            # The window that it was in is gone.
            look.painted.discard(one)


def set_scale(scale: float) -> None:
    """Have customtkinter draw at another scale; widgets that exist are drawn again."""
    ctk.set_widget_scaling(scale)


def find_scale() -> float:
    """Return the scale of this desktop, from 1.0 to 3.0 in quarters."""
    dots = 96.0
    if sys.platform == "win32":
        # A process that does not say so is blown up blurred by Windows.
        ctypes.windll.user32.SetProcessDPIAware()
        dots = float(ctypes.windll.user32.GetDpiForSystem())
    elif sys.platform != "darwin":
        dots = _x11_dots() or 96.0 * _number(os.environ.get("GDK_SCALE", ""))
    return min(3.0, max(1.0, round(dots / 96 * 4) / 4))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _x11_dots() -> float:
    try:
        done = subprocess.run(
            ["xrdb", "-query"], capture_output=True, text=True, timeout=2, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0.0
    for line in done.stdout.splitlines():
        if line.startswith("Xft.dpi:"):
            return _number(line.split(":", 1)[1])
    return 0.0


def button(
    master: tk.Misc, look: Look, text: str, command: Callable[[], None], kind: str = "quiet",
    below: str = "card",
) -> Button:  # fmt: skip
    """Return a button; ``kind`` is main, quiet or danger, ``below`` names the colour around."""
    return Button(master, look, text, command, kind, below)


def entry(master: tk.Misc, look: Look, placeholder: str = "", below: str = "card") -> Entry:
    """Return a one-line field."""
    return Entry(master, look, placeholder, below)


def put(field: Entry, text: str) -> None:
    """Replace what stands in a field."""
    field.put(text)


def label(
    master: tk.Misc, look: Look, text: str, role: str = "label", ink: str = "text",
    below: str = "card", wraps: bool = True, width: int = 0,
) -> tk.Label:  # fmt: skip
    """Return a label whose lines begin at the left; ``ink`` and ``below`` name colours.

    If it ``wraps``, it breaks its lines at the width that it is given; ``width`` is what it will
    be given, if that is known.
    """
    made = tk.Label(
        master, text=look.plain(text), bd=0, padx=0, pady=0, anchor="w", justify="left",
        font=look.font(role, text), fg=getattr(look.palette, ink), bg=getattr(look.palette, below),
        wraplength=width,
    )  # fmt: skip

    def wrap(event: "tk.Event[tk.Misc]") -> None:
        if int(str(made.cget("wraplength"))) != event.width:
            made.configure(wraplength=event.width)

    if wraps:
        made.bind("<Configure>", wrap)
    return made
