"""Says that an address is known by another key than a link has: nobody goes on by accident.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.paint import kit
from gui.paint.look import Look
from gui.text.textlayout import clean
from gui.views.sheet import Sheet

WIDTH = 480


class KeySheet:
    """The sheet: both fingerprints, what it means, and the two ways on."""

    def __init__(
        self, master: tk.Misc, look: Look, address: str, known: str, given: str,
        trust: Callable[[], None],
    ) -> None:  # fmt: skip
        """``trust`` is for whoever knows from the admin that the key is another one now."""
        tr, px = look.tr, look.px
        self.sheet = Sheet(master, look, tr("join.key_title"), WIDTH)
        self.sheet.words(tr("join.key_text", address=clean(address)))
        for name, print_ in (("key_known", known), ("key_given", given)):
            label = kit.label(self.sheet.card, look, tr(f"join.{name}"), "small", "quiet")
            label.pack(fill="x", padx=px(24))
            shown = kit.label(self.sheet.card, look, print_)
            shown.pack(fill="x", padx=px(24), pady=(0, px(8)))
        self.sheet.words(tr("join.key_advice"))

        def go_on() -> None:
            self.sheet.close()
            trust()

        self.buttons = self.sheet.buttons(
            [(tr("join.key_stop"), "main", self.sheet.close),
             (tr("join.key_trust"), "danger", go_on)]
        )  # fmt: skip
        for one in self.buttons:
            one.bind("<Escape>", self.sheet.escape)
        first = self.buttons[0]
        first.after_idle(lambda: first.focus_set() if self.sheet.open else None)
