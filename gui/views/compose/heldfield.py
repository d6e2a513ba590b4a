"""A field that can be held: what is written in it stays, and nobody changes it by keys.

Belongs to the Tk thread.
"""

from collections.abc import Callable

from gui.text.undo import Moment
from gui.views.compose.field import Field


class HeldField(Field):
    """The field of the composer."""

    held = False
    """Whether keys, the mouse and paste change nothing. What the program puts in, it takes."""
    _putting = False

    def hold(self, held: bool) -> None:
        """Hold what is written, or let it be written on."""
        if held != self.held:
            self.held = held
            self.restyle()

    def put(self, words: str, cursor: int | None = None) -> None:
        """Replace what is written, held or not."""
        self._putting = True
        super().put(words, cursor)
        self._putting = False

    def insert(self, words: str) -> None:
        """Write at the cursor, unless it is held."""
        if not self.held:
            super().insert(words)

    def _travel(self, step: Callable[[], Moment | None]) -> str:
        return "break" if self.held else super()._travel(step)

    def _edit(self, command: str, *words: str) -> None:
        # What was begun before is written to its end.
        if not self.held or self._putting or self._inside:
            super()._edit(command, *words)

    def restyle(self) -> None:
        """Draw in the palette of now; what is held is quiet, and has no cursor."""
        super().restyle()
        palette = self._look.palette
        if self.held:
            self.widget.configure(fg=palette.quiet, insertbackground=palette.field, cursor="arrow")
        else:
            self.widget.configure(cursor="xterm")
