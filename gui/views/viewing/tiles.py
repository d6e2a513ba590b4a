"""Shows a part of a large picture on a canvas, in tiles that a worker makes.

Moving the picture moves the tiles; another scale is shown when all of its tiles are there,
so that nothing flickers. One batch is under way at a time: whatever has been asked for when
it is done comes next. Items have the tag ``tile``, or ``fresh`` while they wait for the
others; ``tile`` stays below everything else. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable
from typing import Any, Final

from PIL import Image, ImageTk

from gui.paint import zoom
from gui.paint.look import Look
from gui.paint.pictures import Job, Pictures
from gui.paint.slices import LONG, Steps, Work
from gui.paint.zoom import Cell, Zoom

MARGIN: Final = 192
"""Pixels around what is in view that are made too, for the next movement."""
TILES_MAX: Final = 240

Made = list[tuple[Cell, Image.Image]]


class Tiles:
    """The picture on ``canvas``; its window begins at ``origin()``."""

    def __init__(
        self, canvas: tk.Canvas, look: Look, pictures: Pictures,
        origin: Callable[[], tuple[int, int]], on_shown: Callable[[], None],
    ) -> None:  # fmt: skip
        """``on_shown`` is called when tiles came onto the canvas."""
        self._canvas = canvas
        self._look = look
        self._pictures = pictures
        self._origin = origin
        self._on_shown = on_shown
        self._levels: list[Image.Image] = []
        self._drawn: dict[Cell, tuple[int, ImageTk.PhotoImage]] = {}
        self._at = (0, 0)
        self._job: Job[Any] | None = None
        self._sending: Work | None = None
        self.zoom: Zoom | None = None
        """How the picture should lie; None: there is none."""
        self.size = (0, 0)
        """Pixels of the picture as it is shown, once it is."""

    def open(self, levels: list[Image.Image], room: tuple[int, int]) -> None:
        """Show a picture whole in a window of ``room`` pixels; see ``gui.paint.zoom.levels``."""
        self._levels = levels
        self.zoom = zoom.fit(levels[0].size, room)
        self._want()

    def clear(self) -> None:
        """Show nothing."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._look.slices.cancel(self._sending)
        self.zoom = None
        self.size = (0, 0)
        self._levels = []
        self._drawn.clear()
        self._canvas.delete("tile", "fresh")

    def go(self, to: Zoom) -> None:
        """Show the picture as it should lie now."""
        self.zoom = to
        if to.size == self.size:
            self._place()
        self._want()

    def _place(self) -> None:
        if self.zoom is None:
            return
        left, top = self._origin()
        x, y = left + round(self.zoom.x), top + round(self.zoom.y)
        self._canvas.move("tile", x - self._at[0], y - self._at[1])
        self._at = (x, y)

    def _want(self) -> None:
        now = self.zoom
        if now is None or self._job is not None:
            return
        size = now.size
        if size == self.size:
            cells = [cell for cell in now.cells(MARGIN) if cell not in self._drawn]
        else:
            # What lies beside the window is seen as well; more comes afterwards.
            cells = now.cells(max(self._origin()))
        if not cells:
            return
        levels = self._levels

        def work() -> Made:
            return [(cell, zoom.tile(levels, size, cell)) for cell in cells]

        self._job = self._pictures.run(work, lambda made, _: self._made(size, made or []))

    def _made(self, size: tuple[int, int], made: Made) -> None:
        """Put a batch on the screen, tile by tile; another scale all at once in the end."""
        self._sending = self._look.slices.build(self._send(size, made))

    def _send(self, size: tuple[int, int], made: Made) -> Steps:
        fresh: dict[Cell, tuple[int, ImageTk.PhotoImage]] = {}
        for cell, image in made:
            photo = self._look.art.photo(image)
            # Sent to the screen now, seen later.
            item = self._canvas.create_image(
                cell[0] * zoom.TILE, cell[1] * zoom.TILE, image=photo, anchor="nw",
                state="hidden", tags="fresh",
            )  # fmt: skip
            fresh[cell] = (item, photo)
            yield None
        yield LONG
        self._job = None
        self._put(size, fresh)
        if fresh:
            self._want()

    def _put(
        self, size: tuple[int, int], fresh: dict[Cell, tuple[int, ImageTk.PhotoImage]]
    ) -> None:
        canvas, now = self._canvas, self.zoom
        if now is None:
            return
        if size != self.size:
            canvas.delete("tile")
            self._drawn.clear()
            self.size = size
            left, top = self._origin()
            # If another scale is wanted by now, this one is on the way there.
            middle = (now.window[0] / 2, now.window[1] / 2)
            way = now if now.size == size else now.at(size[0] / now.picture[0], *middle)
            self._at = (left + round(way.x), top + round(way.y))
        elif len(self._drawn) > TILES_MAX:
            near = set(now.cells(MARGIN * 2))
            for cell in [one for one in self._drawn if one not in near]:
                canvas.delete(self._drawn.pop(cell)[0])
        canvas.move("fresh", *self._at)
        canvas.itemconfigure("fresh", state="normal", tags="tile")
        self._drawn.update(fresh)
        canvas.tag_lower("tile")
        if now.size == size:
            self._place()
        self._on_shown()
