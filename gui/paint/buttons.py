"""Painted buttons: words on a round rectangle, and icons; both worked with mouse, Tab and keys.

Each is one canvas, which costs a tenth of a button of customtkinter and is drawn with the
same pictures as everything else. Belong to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from typing import Final

from gui.paint.look import Look

HEIGHT: Final = 40
WIDTH: Final = 96
RADIUS: Final = 8
_KINDS: Final = {
    "main": ("accent", "accent_hover", "on_accent"),
    "quiet": ("field", "pill", "text"),
    "danger": ("field", "pill", "danger"),
}
"""Kind → the colours of the button, of the button below the mouse, and of its words."""


class Button(tk.Canvas):
    """A button with words; place it as any widget."""

    def __init__(
        self, master: tk.Misc, look: Look, text: str, command: Callable[[], None],
        kind: str = "quiet", below: str = "card",
    ) -> None:  # fmt: skip
        """``kind`` is main, quiet or danger; ``below`` names the colour around."""
        self._look = look
        self._command = command
        self._kind = kind
        self._below = below
        self._over = False
        self.text = text
        """What stands on it."""
        self.enabled = True
        """Whether it can be pressed."""
        self.focused = False
        """Whether keys come here, which its edge shows."""
        super().__init__(
            master, bd=0, highlightthickness=0, takefocus=1, width=self._wide(),
            height=look.px(HEIGHT), cursor="hand2", bg=getattr(look.palette, below),
        )  # fmt: skip
        self.bind("<Configure>", lambda _: look.slices.paint(self, self.restyle))
        self.bind("<Enter>", lambda _: self._hover(True))
        self.bind("<Leave>", lambda _: self._hover(False))
        self.bind("<FocusIn>", lambda _: self._focus(True))
        self.bind("<FocusOut>", lambda _: self._focus(False))
        self.bind("<ButtonRelease-1>", self._release)
        self.bind("<space>", self._key)
        self.bind("<Return>", self._key)
        look.painted.add(self)

    @property
    def role(self) -> str:
        """The role of the font of its words."""
        return "name" if self._kind == "main" else "label"

    def set_text(self, text: str) -> None:
        """Say something else on it."""
        if text != self.text:
            self.text = text
            self.configure(width=self._wide())
            self.restyle()

    def enable(self, enabled: bool) -> None:
        """Let it be pressed, or no longer."""
        if enabled != self.enabled:
            self.enabled = enabled
            self.configure(cursor="hand2" if enabled else "")
            self.restyle()

    def invoke(self) -> None:
        """Press it."""
        if self.enabled:
            self._command()

    def restyle(self) -> None:
        """Draw it in the palette and the size of now."""
        look, palette, px = self._look, self._look.palette, self._look.px
        around: str = getattr(palette, self._below)
        wide, high = self.winfo_width(), self.winfo_height()
        self.configure(bg=around)
        self.delete("all")
        if wide < 2:
            return
        colours = _KINDS[self._kind]
        fill: str = getattr(palette, colours[self._over]) if self.enabled else palette.field
        ink: str = getattr(palette, colours[2]) if self.enabled else palette.groove
        edge = palette.text if self._kind == "main" else palette.accent
        box = look.shapes.box(
            wide, high, px(RADIUS), fill, around, edge, px(2) if self.focused else 0
        )
        self.create_image(0, 0, image=box, anchor="nw")
        words = look.plain(self.text)
        self.create_text(
            wide // 2, high // 2, text=words, fill=ink, font=look.font(self.role, self.text)
        )

    def _wide(self) -> int:
        look = self._look
        words = int(look.font(self.role, self.text).measure(look.plain(self.text)))
        return max(look.px(WIDTH), words + look.px(2 * RADIUS) + 2)

    def _hover(self, over: bool) -> None:
        self._over = over
        self.restyle()

    def _focus(self, focused: bool) -> None:
        self.focused = focused
        self.restyle()

    def _release(self, event: "tk.Event[tk.Misc]") -> None:
        if 0 <= event.x < self.winfo_width() and 0 <= event.y < self.winfo_height():
            self.invoke()

    def _key(self, _event: object) -> str:
        self.invoke()
        # The window below must not take the same key for its own.
        return "break"


class IconButton:
    """A small line icon that can be clicked, with a hint shown by ``hint``."""

    def __init__(
        self, master: tk.Misc, look: Look, icon: str, command: Callable[[], None], below: str,
        hint: str = "", tell: Callable[[str], None] | None = None, ink: str = "quiet",
    ) -> None:  # fmt: skip
        """``below`` and ``ink`` name colours; ``tell`` shows the hint, "" ends it."""
        self._look = look
        self._icon = icon
        self._command = command
        self._below = below
        self._over = self._focused = False
        self._hint = hint
        self._tell = tell
        self.ink = ink
        self.enabled = True
        """Whether it can be pressed."""
        side = look.px(40)
        self.widget = tk.Canvas(
            master, bd=0, cursor="hand2", takefocus=1, highlightthickness=0, width=side,
            height=side, bg=getattr(look.palette, below),
        )  # fmt: skip
        bind = self.widget.bind
        bind("<Enter>", lambda _: self._hover(True))
        bind("<Leave>", lambda _: self._hover(False))
        bind("<FocusIn>", lambda _: self._focus(True))
        bind("<FocusOut>", lambda _: self._focus(False))
        bind("<ButtonRelease-1>", self._release)
        bind("<Return>", self._key)
        bind("<space>", self._key)
        look.slices.paint(self.widget, self.restyle)

    def _release(self, event: "tk.Event[tk.Misc]") -> None:
        inside_x = 0 <= event.x < self.widget.winfo_width()
        if inside_x and 0 <= event.y < self.widget.winfo_height() and self.enabled:
            self._command()

    def _key(self, _event: object) -> str:
        if self.enabled:
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
        if icon != self._icon:
            self._icon = icon
            self.restyle()

    def set_ink(self, ink: str) -> None:
        """Show it in another colour of the palette."""
        if ink != self.ink:
            self.ink = ink
            self.restyle()

    def enable(self, enabled: bool) -> None:
        """Let it be pressed, or no longer."""
        if enabled != self.enabled:
            self.enabled = enabled
            self.widget.configure(cursor="hand2" if enabled else "", takefocus=enabled)
            self.restyle()

    def restyle(self) -> None:
        """Draw it in the palette of now."""
        look, canvas = self._look, self.widget
        around: str = getattr(look.palette, self._below)
        # A hover of the colour that it lies on anyway would not be seen.
        over = look.palette.hover if around != look.palette.hover else look.palette.pill
        fill = over if self._over and self.enabled else around
        name = "text" if self._over and self.ink == "quiet" else self.ink
        ink: str = getattr(look.palette, name if self.enabled else "groove")
        side, edge = look.px(40), look.px(2) if self._focused else 0
        canvas.configure(bg=around, width=side, height=side)
        canvas.delete("all")
        box = look.shapes.box(side, side, look.px(10), fill, around, look.palette.accent, edge)
        canvas.create_image(0, 0, image=box, anchor="nw")
        icon = look.art.icon(self._icon, look.px(22), ink, fill)
        canvas.create_image(side // 2, side // 2, image=icon)
