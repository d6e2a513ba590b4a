"""The scroll thumb of a timeline: it stands for the whole room, whatever of it is loaded.

Places are parts of the room from 0 to 1. Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.paint.look import Look
from gui.views.timeline.glyphs import mix

WIDTH = 12
THUMB_MIN = 36


class Strip:
    """A narrow canvas at the right edge; ``widget`` is placed by the timeline."""

    def __init__(
        self,
        master: tk.Misc,
        look: Look,
        on_drag: Callable[[float], None],
        on_drop: Callable[[float], None],
    ) -> None:
        """``on_drag`` gets the part at which the view is to begin; ``on_drop`` the last one."""
        self._look = look
        self._on_drag = on_drag
        self._on_drop = on_drop
        self._top = 0.0
        self._bottom = 1.0
        self._hover = False
        self._grip: int | None = None
        self._drawn: tuple[object, ...] = ()
        self.widget = tk.Canvas(
            master, width=look.px(WIDTH), highlightthickness=0, bd=0, takefocus=0
        )
        bind = self.widget.bind
        bind("<Enter>", lambda _: self._over(True))
        bind("<Leave>", lambda _: self._over(False))
        bind("<Button-1>", self._press)
        bind("<B1-Motion>", self._drag)
        bind("<ButtonRelease-1>", self._release)
        bind("<Configure>", lambda _: self._draw())

    @property
    def dragging(self) -> bool:
        """Whether somebody holds the thumb."""
        return self._grip is not None

    @property
    def size(self) -> float:
        """How large a part of the room is in view."""
        return self._bottom - self._top

    @property
    def thumb(self) -> tuple[int, int] | None:
        """Where the thumb begins and ends; None if all is in view."""
        high = self.widget.winfo_height()
        size = self.size
        if size >= 0.9999 or high < 2:
            return None
        least = min(self._look.px(THUMB_MIN), high)
        step = self._look.px(8)
        # In steps, so that it does not breathe while rows of other heights come by.
        long = max(least, round(high * size / step) * step)
        way = high - long
        part = self._top / (1 - size) if size < 1 else 0.0
        top = round(way * max(0.0, min(1.0, part)))
        return top, top + long

    def show(self, top: float, bottom: float) -> None:
        """Show that the view is from ``top`` to ``bottom`` of the room."""
        if self._grip is None:
            self._top, self._bottom = top, max(bottom, top)
            self._draw()

    def restyle(self) -> None:
        """Draw in the palette of now."""
        self._drawn = ()
        self._draw()

    def _draw(self) -> None:
        palette, px = self._look.palette, self._look.px
        thumb = self.thumb
        wide = self._hover or self._grip is not None
        state = (thumb, wide, palette)
        if state == self._drawn:
            return
        self._drawn = state
        canvas = self.widget
        canvas.configure(bg=palette.chat)
        canvas.delete("all")
        if thumb is None:
            return
        thick = px(8) if wide else px(5)
        fill = mix(palette.chat, palette.quiet, 0.75 if self._grip is not None else 0.35)
        x = canvas.winfo_width() - px(2) - thick
        image = self._look.shapes.box(
            thick, thumb[1] - thumb[0], thick // 2, fill, palette.chat
        )  # fmt: skip
        canvas.create_image(x, thumb[0], image=image, anchor="nw")

    def _over(self, over: bool) -> None:
        self._hover = over
        self._draw()

    def _press(self, event: "tk.Event[tk.Canvas]") -> str:
        thumb = self.thumb
        if thumb is None:
            return "break"
        inside = thumb[0] <= event.y < thumb[1]
        self._grip = event.y - thumb[0] if inside else (thumb[1] - thumb[0]) // 2
        self._draw()
        if not inside:
            self._drag(event)
        return "break"

    def _drag(self, event: "tk.Event[tk.Canvas]") -> str:
        thumb = self.thumb
        if self._grip is None or thumb is None:
            return "break"
        size = self.size
        way = max(1, self.widget.winfo_height() - (thumb[1] - thumb[0]))
        part = max(0.0, min(1.0, (event.y - self._grip) / way)) * (1 - size)
        self._top, self._bottom = part, part + size
        self._draw()
        self._on_drag(part)
        return "break"

    def _release(self, _event: object) -> str:
        if self._grip is not None:
            self._grip = None
            self._on_drop(self._top)
            self._drawn = ()
            self._draw()
        return "break"
