"""The only door to customtkinter: the root, buttons and entries in our colours; icon buttons.

customtkinter is untyped and has traps; they are defused here, once. Switches, choices and
sliders are painted by :mod:`gui.paint.controls` and its like, and offered here too. Belongs to the
Tk thread.
"""

import ctypes
import os
import subprocess
import sys
import tkinter as tk
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import customtkinter as ctk  # type: ignore[import-untyped,unused-ignore]

from gui.paint import privatefonts
from gui.paint.choices import Choice as Choice
from gui.paint.choices import Slider as Slider
from gui.paint.choices import Swatches as Swatches
from gui.paint.controls import CheckBox as CheckBox
from gui.paint.controls import Switch as Switch
from gui.paint.dropdown import Dropdown as Dropdown
from gui.paint.look import Look
from gui.paint.theme import palette
from gui.text.undo import History, Moment


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


def set_theme(theme: str) -> None:
    """Switch all customtkinter widgets to light or dark, and to the accent of their look."""
    ctk.set_appearance_mode(theme)
    for one in list(_alive):
        try:
            if one.winfo_exists():
                one.recolour()
        except tk.TclError:
            # The window that it was in is gone.
            _alive.discard(one)


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


class _Button(ctk.CTkButton):  # type: ignore[misc]
    """A button that Tab reaches, that shows its focus, and whose clicks may destroy it."""

    def __init__(self, master: tk.Misc, look: Look, kind: str, below: str, **options: Any) -> None:
        self._look = look
        self._kind = kind
        self._below = below
        super().__init__(master, **options, **self._colours())
        for child in self.winfo_children():
            # The canvas and the label get the same bindings; Tab should stop once.
            child.configure(takefocus=int(isinstance(child, tk.Label)))
        self.bind("<FocusIn>", lambda _: self._focused(True))
        self.bind("<FocusOut>", lambda _: self._focused(False))
        self.bind("<space>", lambda _: self.invoke())
        self.bind("<Return>", self._enter)
        _alive.add(self)

    def _colours(self) -> dict[str, tuple[str, str]]:
        fill, hover, ink = _KINDS[self._kind]
        return {
            "fg_color": _both(self._look, fill),
            "hover_color": _both(self._look, hover),
            "text_color": _both(self._look, ink),
            "text_color_disabled": _both(self._look, "on_accent" if ink == "on_accent" else "line"),
            "bg_color": _both(self._look, self._below),
            "border_color": _both(self._look, "text" if self._kind == "main" else "accent"),
        }

    def recolour(self) -> None:
        self.configure(**self._colours())

    def _focused(self, focused: bool) -> None:
        if self.winfo_exists():
            self.configure(border_width=2 if focused else 0)

    def _enter(self, _event: object) -> str:
        self.invoke()
        # The window below must not take the same key for its own.
        return "break"

    def after(self, ms: Any, func: Any = None, *args: Any) -> Any:
        """Wait as Tk does; but what customtkinter does 100 ms after a click is done at once.

        Until then it would hear no other click, and by then the button may be gone.
        """
        if getattr(func, "__name__", "") == "_click_animation":
            return func()
        return super().after(ms, func, *args)


class _Entry(ctk.CTkEntry):  # type: ignore[misc]
    """A field whose edge shows its focus, and that can undo: Tk's own entry cannot."""

    def __init__(self, master: tk.Misc, look: Look, below: str, **options: Any) -> None:
        self._look = look
        self._below = below
        self._has_focus = False
        self.history = History()
        super().__init__(master, **options, **self._colours())
        self.bind("<FocusIn>", lambda _: self._focused(True))
        self.bind("<FocusOut>", lambda _: self._focused(False))
        # The key has not changed anything yet: this is what can be gone back to.
        self.bind("<KeyPress>", lambda _: self._note())
        self.bind("<<Undo>>", lambda _: self._travel(self.history.undo))
        self.bind("<<Redo>>", lambda _: self._travel(self.history.redo))
        _alive.add(self)

    def _note(self) -> None:
        self.history.note(str(self.get()), int(self.index("insert")))

    def _travel(self, step: Callable[[], Moment | None]) -> str:
        self._note()
        moment = step()
        if moment is not None:
            self.delete(0, "end")
            self.insert(0, moment.text)
            self.icursor(moment.cursor)
        return "break"

    def _colours(self) -> dict[str, Any]:
        return {
            "border_color": _both(self._look, "accent" if self._has_focus else "line"),
            "fg_color": _both(self._look, "field"),
            "text_color": _both(self._look, "text"),
            "placeholder_text_color": _both(self._look, "quiet"),
            "bg_color": _both(self._look, self._below),
        }

    def recolour(self) -> None:
        self.configure(**self._colours())
        for child in self.winfo_children():
            if isinstance(child, tk.Entry):
                child.configure(
                    selectbackground=self._look.palette.selection,
                    selectforeground=self._look.palette.on_selection,
                )

    def _focused(self, focused: bool) -> None:
        self._has_focus = focused
        if self.winfo_exists():
            self.configure(border_color=self._colours()["border_color"])


_alive: WeakSet[Any] = WeakSet()
"""Buttons and entries of all windows: each is coloured again when the accent changes."""
_KINDS = {
    "main": ("accent", "accent_hover", "on_accent"),
    "quiet": ("field", "pill", "text"),
    "danger": ("field", "pill", "danger"),
}


def _both(look: Look, name: str) -> tuple[str, str]:
    light, dark = palette("light", look.accent), palette("dark", look.accent)
    return getattr(light, name), getattr(dark, name)


def button(
    master: tk.Misc, look: Look, text: str, command: Callable[[], None], kind: str = "quiet",
    below: str = "card",
) -> Any:  # fmt: skip
    """Return a button; ``kind`` is main, quiet or danger, ``below`` names the colour around."""
    family = str(look.font("label", text).cget("family"))
    return _Button(
        master,
        look,
        kind,
        below,
        text=look.plain(text),
        command=command,
        height=40,
        width=96,
        corner_radius=8,
        border_width=0,
        font=(family, 14, "bold" if kind == "main" else "normal"),
    )


def entry(master: tk.Misc, look: Look, placeholder: str = "", below: str = "card") -> Any:
    """Return a one-line field."""
    made = _Entry(
        master,
        look,
        below,
        placeholder_text=look.plain(placeholder) or None,
        height=40,
        corner_radius=8,
        border_width=1,
        font=(str(look.font("body", placeholder).cget("family")), 15),
    )
    made.recolour()
    return made


def put(field: Any, text: str) -> None:
    """Replace what stands in a field."""
    field.delete(0, "end")
    if text:
        field.insert(0, text)
    field.history.reset(text)


def label(
    master: tk.Misc, look: Look, text: str, role: str = "label", ink: str = "text",
    below: str = "card", wraps: bool = True,
) -> tk.Label:  # fmt: skip
    """Return a label whose lines begin at the left; ``ink`` and ``below`` name colours.

    If it ``wraps``, it breaks its lines at the width that it is given.
    """
    made = tk.Label(
        master, text=look.plain(text), bd=0, padx=0, pady=0, anchor="w", justify="left",
        font=look.font(role, text), fg=getattr(look.palette, ink), bg=getattr(look.palette, below),
    )  # fmt: skip

    def wrap(event: "tk.Event[tk.Misc]") -> None:
        if int(str(made.cget("wraplength"))) != event.width:
            made.configure(wraplength=event.width)

    if wraps:
        made.bind("<Configure>", wrap)
    return made


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
        self._over = self._focused = False
        self._hint = hint
        self._tell = tell
        self.ink = "quiet"
        side = look.px(40)
        self.widget = tk.Canvas(
            master, bd=0, cursor="hand2", takefocus=1, highlightthickness=0, width=side, height=side
        )
        bind = self.widget.bind
        bind("<Enter>", lambda _: self._hover(True))
        bind("<Leave>", lambda _: self._hover(False))
        bind("<FocusIn>", lambda _: self._focus(True))
        bind("<FocusOut>", lambda _: self._focus(False))
        bind("<ButtonRelease-1>", self._release)
        bind("<Return>", self._key)
        bind("<space>", self._key)
        self.restyle()

    def _release(self, event: "tk.Event[tk.Misc]") -> None:
        inside_x = 0 <= event.x < self.widget.winfo_width()
        if inside_x and 0 <= event.y < self.widget.winfo_height():
            self._command()

    def _key(self, _event: object) -> str:
        self._command()
        return "break"

    def _hover(self, over: bool) -> None:
        self._over = over
        self.restyle()
        if self._tell is not None:
            self._tell(self._hint if over else "")

    def _focus(self, focused: bool) -> None:
        self._focused = focused
        self.restyle()

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon = icon
        self.restyle()

    def restyle(self) -> None:
        """Draw it in the palette of now."""
        look, canvas = self._look, self.widget
        around: str = getattr(look.palette, self._below)
        # A hover of the colour that it lies on anyway would not be seen.
        over = look.palette.hover if around != look.palette.hover else look.palette.pill
        fill = over if self._over else around
        ink: str = getattr(look.palette, "text" if self._over and self.ink == "quiet" else self.ink)
        side, edge = look.px(40), look.px(2) if self._focused else 0
        canvas.configure(bg=around, width=side, height=side)
        canvas.delete("all")
        box = look.shapes.box(side, side, look.px(10), fill, around, look.palette.accent, edge)
        canvas.create_image(0, 0, image=box, anchor="nw")
        icon = look.art.icon(self._icon, look.px(22), ink, fill)
        canvas.create_image(side // 2, side // 2, image=icon)
