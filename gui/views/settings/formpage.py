"""A section of the settings being filled: headings, paragraphs, controls, below each other.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gui.paint import kit
from gui.paint.look import Look

if TYPE_CHECKING:
    from gui.views.settings.settingssheet import SettingsSheet


class Page:
    """Puts things below each other into a section."""

    def __init__(self, host: "SettingsSheet", frame: tk.Frame) -> None:
        """``host`` is the sheet; ``frame`` is empty."""
        self.host = host
        self.look: Look = host.look
        self.acts = host.acts
        self.frame = frame

    def tr(self, name: str, n: int | None = None, **values: object) -> str:
        """Return a sentence of the settings."""
        return self.look.tr(f"settings.{name}", n, **values)

    def heading(self, text: str) -> None:
        """Begin a group."""
        above = self.look.px(20) if self.frame.winfo_children() else 0
        made = kit.label(self.frame, self.look, text, "name")
        made.pack(fill="x", padx=self.look.px(8), pady=(above, self.look.px(6)))

    def words(self, text: str, ink: str = "quiet") -> tk.Label:
        """Add a paragraph."""
        width = self.host.pane.room - 2 * self.look.px(8)
        made = kit.label(self.frame, self.look, text, "label", ink, width=width)
        made.pack(fill="x", padx=self.look.px(8), pady=(0, self.look.px(8)))
        return made

    def add(self, name: str, made: Any, inset: int = 0) -> Any:
        """Add a control under a name; ``inset`` pixels at both sides, if it has an edge."""
        self.host.parts[name] = made
        px = self.look.px
        made.widget.pack(fill="x", padx=px(inset), pady=(0, px(4)))
        return made

    def row(self) -> tk.Frame:
        """Add a row for things side by side."""
        made = tk.Frame(self.frame, bd=0, bg=self.look.palette.card)
        made.pack(fill="x", padx=self.look.px(8), pady=(0, self.look.px(8)))
        return made

    def button(
        self, row: tk.Frame, name: str, work: Callable[[], None], kind: str = "quiet"
    ) -> Any:
        """Add a button named by its sentence to a row."""
        made = kit.button(row, self.look, self.tr(name), work, kind)
        made.pack(side="left", padx=(0, self.look.px(8)))
        self.host.parts[name] = made
        return made

    def switch(self, name: str, field: str, noted: bool = True) -> None:
        """Add a switch for a field of the settings."""
        self.add(
            name,
            kit.Switch(
                self.frame, self.look, self.tr(name), getattr(self.acts.settings, field),
                lambda on: self.host.change(**{field: on}),
                self.tr(f"{name}_note") if noted else "",
            ),
        )  # fmt: skip
