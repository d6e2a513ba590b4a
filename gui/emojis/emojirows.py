"""Where emoji lie in a grid with headings: rows of cells, and moving between them.

Pure: pixels without a display. Cells are numbered through all sections.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A heading (``title``), or ``count`` cells from number ``first`` on."""

    y: int
    height: int
    title: str = ""
    first: int = 0
    count: int = 0


class EmojiRows:
    """The rows of some sections (heading, emoji), from the top."""

    def __init__(
        self, sections: Sequence[tuple[str, Sequence[str]]], columns: int, cell: int, heading: int
    ) -> None:
        """``cell`` and ``heading`` are heights in pixels; a cell is as wide as it is high."""
        self.columns = max(1, columns)
        self.cell = cell
        self.cells: list[str] = []
        self.rows: list[Row] = []
        self.starts: list[int] = []
        """Where each section begins, in pixels."""
        y = 0
        for title, emoji in sections:
            self.starts.append(y)
            self.rows.append(Row(y, heading, title))
            y += heading
            for at in range(0, len(emoji), self.columns):
                count = min(self.columns, len(emoji) - at)
                self.rows.append(Row(y, cell, "", len(self.cells) + at, count))
                y += cell
            self.cells.extend(emoji)
        self.height = y
        self._tops = [row.y for row in self.rows]
        self._filled = [at for at, row in enumerate(self.rows) if row.count]
        self._firsts = [self.rows[at].first for at in self._filled]

    def between(self, top: int, bottom: int) -> range:
        """Return the numbers of the rows that show between two heights."""
        first = max(0, bisect_right(self._tops, top) - 1)
        return range(first, bisect_right(self._tops, bottom - 1))

    def at(self, x: int, y: int) -> int:
        """Return the cell at a point, or -1."""
        index = bisect_right(self._tops, y) - 1
        if index < 0 or x < 0 or not y < self.height:
            return -1
        row, column = self.rows[index], x // self.cell
        return row.first + column if column < row.count else -1

    def place(self, cell: int) -> tuple[int, int]:
        """Return the upper left corner of a cell."""
        row = self.rows[self.row_of(cell)]
        return (cell - row.first) * self.cell, row.y

    def row_of(self, cell: int) -> int:
        """Return the number of the row that a cell is in."""
        return self._filled[bisect_right(self._firsts, cell) - 1]

    def section_at(self, y: int) -> int:
        """Return the number of the section at a height."""
        return max(0, bisect_right(self.starts, y) - 1)

    def moved(self, cell: int, columns: int, rows: int) -> int:
        """Return the cell that is reached from one; from none (-1) the first one."""
        if not self.cells:
            return -1
        if cell < 0:
            return 0
        if columns:
            return max(0, min(len(self.cells) - 1, cell + columns))
        at = self._filled.index(self.row_of(cell))
        column = cell - self.rows[self._filled[at]].first
        row = self.rows[self._filled[max(0, min(len(self._filled) - 1, at + rows))]]
        return row.first + min(column, row.count - 1)
