"""The geometry of rows, kept until something changes it: the row, what it answers, who is who.

Pure. Drawing compares by identity, so the same row has the same object as its shape
as long as it looks the same. Used in the Tk thread alone.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from gui.chat.room import Entry
from gui.text.bubblelayout import shape_of
from gui.text.rowlayout import Page, Shape
from gui.text.rows import Row
from protocol.client.happenings import PersonInfo

KEEP = 3000
"""Geometries kept: more than a room has rows that are loaded."""


class RowShapes:
    """Shapes of the rows of one room, on one page."""

    def __init__(self, page: Page) -> None:
        """``page`` says for what they are set."""
        self.page = page
        self._shapes: dict[int, tuple[Row, Entry | None, Shape]] = {}
        self._people: Sequence[PersonInfo] = ()
        self._names: dict[bytes, tuple[str, int, bytes]] = {}
        self._portraits = 0

    def of(self, row: Row) -> Shape:
        """Return the geometry of a row."""
        known = self._shapes.get(row.key)
        reply = row.entry.reply
        quoted = self.page.quoted(reply) if reply else None
        if known is not None and known[0] is row and known[1] is quoted:
            return known[2]
        if len(self._shapes) > KEEP:
            self._shapes.clear()
        shape = shape_of(row, self.page)
        self._shapes[row.key] = (row, quoted, shape)
        return shape

    def clear(self) -> None:
        """Set all of them anew."""
        self._shapes.clear()

    def resize(self, width: int) -> None:
        """Take another width."""
        if width != self.page.width:
            self.page.width = width
            self.clear()

    def turn(self, today: date) -> None:
        """Another day may have begun: what was today is yesterday."""
        if today != self.page.today:
            self.page.today = today
            self.clear()

    def expand(self, entry: Entry, whole: bool) -> None:
        """Show a long text whole, or folded again."""
        if whole:
            self.page.expanded.add(entry.key)
        else:
            self.page.expanded.discard(entry.key)
        self._shapes.pop(entry.key, None)

    def meet(self, people: Sequence[PersonInfo], portraits: Mapping[bytes, bytes]) -> None:
        """Names, colours and pictures may have changed; presence does not matter here."""
        if people is self._people and len(portraits) == self._portraits:
            return
        self._people = people
        names = {one.person: (one.nick, one.colour, one.picture) for one in people}
        if names != self._names or len(portraits) != self._portraits:
            self.clear()
        self._names, self._portraits = names, len(portraits)
