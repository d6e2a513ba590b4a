"""The only door to customtkinter: the root, buttons, entries and switches in our colours.

customtkinter is untyped and has traps; they are defused here, once. Belongs to
the Tk thread.
"""

import ctypes
import os
import subprocess
import sys
import tkinter as tk
from collections.abc import Callable
from typing import Any

import customtkinter as ctk  # type: ignore[import-untyped,unused-ignore]

from gui.look import Look
from gui.theme import DARK, LIGHT


def make_root(theme: str, scale: float) -> tk.Tk:
    """Return the root window, hidden; raise ``tk.TclError`` without a display.

    ``scale`` holds for customtkinter's widgets as for ours; 1.0 is 96 dots per inch.
    """
    # Never "system": that mode starts a program every 30 ms to ask for the desktop's theme.
    ctk.set_appearance_mode(theme)
    # Before there is a root: later it would force its own size on the window.
    ctk.deactivate_automatic_dpi_awareness()
    ctk.set_widget_scaling(scale)
    root: tk.Tk = ctk.CTk(className="Zviazok")
    root.withdraw()
    # Version 6 moves the focus to whatever is clicked, away from the composer.
    root.unbind_all("<Button-1>")
    return root


def set_theme(theme: str) -> None:
    """Switch all customtkinter widgets to light or dark."""
    ctk.set_appearance_mode(theme)


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


def _both(name: str) -> tuple[str, str]:
    return getattr(LIGHT, name), getattr(DARK, name)


def button(
    master: tk.Misc, look: Look, text: str, command: Callable[[], None], kind: str = "quiet",
    below: str = "card",
) -> Any:  # fmt: skip
    """Return a button; ``kind`` is main, quiet or danger, ``below`` names the colour around."""
    fills = {
        "main": (_both("accent"), _both("accent_hover"), _both("on_accent")),
        "quiet": (_both("field"), _both("hover"), _both("text")),
        "danger": (_both("field"), _both("hover"), _both("danger")),
    }
    fill, hover, ink = fills[kind]
    weight = "bold" if kind == "main" else "normal"
    return ctk.CTkButton(
        master,
        text=text,
        command=command,
        height=40,
        width=96,
        corner_radius=8,
        fg_color=fill,
        hover_color=hover,
        text_color=ink,
        bg_color=_both(below),
        font=ctk.CTkFont(look.fonts.family, 14, weight),
    )


def entry(master: tk.Misc, look: Look, placeholder: str = "", below: str = "card") -> Any:
    """Return a one-line field."""
    made = ctk.CTkEntry(
        master,
        placeholder_text=placeholder or None,
        height=40,
        corner_radius=8,
        border_width=1,
        border_color=_both("line"),
        fg_color=_both("field"),
        text_color=_both("text"),
        placeholder_text_color=_both("quiet"),
        bg_color=_both(below),
        font=ctk.CTkFont(look.fonts.family, 15),
    )
    return made


def put(field: Any, text: str) -> None:
    """Replace what stands in a field."""
    field.delete(0, "end")
    if text:
        field.insert(0, text)


class IconButton:
    """A small line icon that can be clicked, with a hint shown by ``hint``."""

    def __init__(
        self, master: tk.Misc, look: Look, icon: str, command: Callable[[], None], below: str,
        hint: str = "", tell: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        """``below`` names the palette's colour around it; ``tell`` shows the hint, "" ends it."""
        self._look = look
        self._icon = icon
        self._command = command
        self._below = below
        self._over = False
        self._hint = hint
        self._tell = tell
        self.ink = "quiet"
        self.widget = tk.Label(master, bd=0, cursor="hand2", takefocus=1, highlightthickness=2)
        self.widget.bind("<Enter>", lambda _: self._hover(True))
        self.widget.bind("<Leave>", lambda _: self._hover(False))
        self.widget.bind("<ButtonRelease-1>", self._release)
        self.widget.bind("<Return>", lambda _: self._command())
        self.widget.bind("<space>", lambda _: self._command())
        self.restyle()

    def _release(self, event: "tk.Event[tk.Misc]") -> None:
        inside_x = 0 <= event.x < self.widget.winfo_width()
        if inside_x and 0 <= event.y < self.widget.winfo_height():
            self._command()

    def _hover(self, over: bool) -> None:
        self._over = over
        self.restyle()
        if self._tell is not None:
            self._tell(self._hint if over else "")

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon = icon
        self.restyle()

    def restyle(self) -> None:
        """Draw it in the palette of now."""
        look = self._look
        below: str = getattr(look.palette, "hover" if self._over else self._below)
        ink: str = getattr(look.palette, "text" if self._over and self.ink == "quiet" else self.ink)
        image = look.art.icon(self._icon, look.px(22), ink, below)
        side = look.px(36)
        self.widget.configure(
            image=image,
            bg=below,
            width=side,
            height=side,
            highlightbackground=getattr(look.palette, self._below),
            highlightcolor=look.palette.accent,
        )
