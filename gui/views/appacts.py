"""What the main screen needs of the program around it. Belongs to the Tk thread."""

from typing import Protocol

from gui.bridge import Bridge
from gui.desktop.clipboard import Clipboard
from gui.views.settings.choosing import Program


class AppActs(Program, Protocol):
    """What the screen needs of the program around it."""

    @property
    def bridge(self) -> Bridge:
        """The way into the Tk thread."""

    @property
    def clipboard(self) -> Clipboard:
        """The clipboard of the window."""

    def looked_at(self, room: bytes) -> None:
        """This room is in view, and what is unread may have changed."""

    def ask_close(self) -> None:
        """Close the window, after asking if need be."""
