"""Makes a private room: its name, and whom to bring in at once. Belongs to the Tk thread."""

import tkinter as tk
from collections.abc import Callable, Sequence

from gui.chat.model import Model
from gui.paint import kit
from gui.paint.look import Look
from gui.views.newsheets import PeoplePicks, kind_choice
from gui.views.sheet import Sheet
from protocol.limits import ADD_MAX

LIST = 200
LOW = 520
"""In a window that is lower, what is only explained is left out."""


class PrivateSheet(PeoplePicks):
    """The sheet; ``name`` is the field for the name, ``entry`` the one that seeks people."""

    def __init__(
        self, master: tk.Misc, look: Look, model: Model,
        make: Callable[[str, Sequence[bytes], Callable[[str], None]], None],
        instead: Callable[[str], None], name: str = "",
    ) -> None:  # fmt: skip
        """``instead`` asks for an open room with this name."""
        self._make = make
        self._instead = instead
        self._start = name
        tr = look.tr
        super().__init__(
            master, look, model, tr("order.private_title"), tr("order.private_note"),
            tr("order.private_search"), tr("rooms.create"), {model.me}, ADD_MAX, LIST,
        )  # fmt: skip
        self.problem = self.sheet.problem()
        self.problem.pack_configure(before=self.button.master)
        self.button.enable(True)
        if master.winfo_toplevel().winfo_height() < look.px(LOW):
            self.note.pack_forget()
        self.name.after_idle(lambda: self.name.focus() if self.sheet.open else None)

    def above(self, sheet: Sheet) -> None:
        """Put the choice of kind and the name of the room there."""
        self.kind = kind_choice(sheet, self._look, "private", self._switch)
        self.name: kit.Entry = sheet.field(
            self._start, self.submit, self._look.tr("rooms.room_name")
        )

    def _switch(self, kind: str) -> None:
        if kind == "open":
            name = self.name.get().strip()
            self.sheet.close()
            self._instead(name)

    def chose(self) -> None:
        """Other people are chosen: a room can do without."""

    def submit(self) -> None:
        """Make the room."""
        self._make(self.name.get(), tuple(self.chosen), self._answer)

    def _answer(self, reason: str) -> None:
        if not self.sheet.open:
            return
        if reason:
            self.problem.configure(text=self._look.plain(reason))
        else:
            self.sheet.close()
