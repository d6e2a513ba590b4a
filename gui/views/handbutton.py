"""The hand in the bar above the messages: up or down, and not there in a direct message.

Belongs to the Tk thread.
"""

import time
import tkinter as tk

from gui.chat.model import Model
from gui.chat.standing import muted_until
from gui.paint.kit import IconButton
from gui.paint.look import Look


class HandButton:
    """Shows whether one's own hand is up in the open room."""

    def __init__(self, look: Look, model: Model) -> None:
        """``button`` and ``beside`` are set once they are made."""
        self._look = look
        self._model = model
        self.button: IconButton | None = None
        self.beside: tk.Widget | None = None
        """What it is packed before."""

    @property
    def up(self) -> bool:
        """Whether it is."""
        room = self._model.room
        return room is not None and self._model.me in room.order.hands

    def hint(self) -> str:
        """Return what a click does."""
        return self._look.tr("order.hand_lower" if self.up else "order.hand_raise")

    def show(self) -> None:
        """Show how it is, if there is a room for it."""
        room, button, beside = self._model.room, self.button, self.beside
        if button is None or beside is None:
            return
        if room is None or self._model.is_direct(room):
            button.widget.pack_forget()
            return
        button.set_ink("accent" if self.up else "quiet")
        # Who may not write raises no hand.
        button.enable(muted_until(room.order, self._model.me, time.time()) is None)
        if not button.widget.winfo_manager():
            button.widget.pack(side="right", padx=(0, self._look.px(4)), before=beside)
