"""A frame that scrolls when it is higher than its place. Belongs to the Tk thread.

Made of one canvas; the wheel is bound on each widget in it, nothing is bound on all.
"""

import tkinter as tk

from gui.paint.look import Look

STEP = 56
"""Pixels that one notch of the wheel moves."""
_GAP = 14
"""Room for the thumb at the right."""


class ScrollPane:
    """``widget`` is what to place, ``inner`` what to fill; then call :meth:`filled`."""

    def __init__(self, master: tk.Misc, look: Look, below: str) -> None:
        """``below`` names the palette's colour behind it."""
        self._look = look
        self._below = below
        colour = getattr(look.palette, below)
        self.widget = tk.Canvas(
            master, bd=0, highlightthickness=0, takefocus=0, width=10, height=10, bg=colour,
            yscrollincrement=1,
        )  # fmt: skip
        self.inner = self._frame()
        self._window = self.widget.create_window(0, 0, window=self.inner, anchor="nw")
        self._top = 0
        self.widget.bind("<Configure>", lambda event: self._sized(event.width))
        self._wheel(self.widget)

    def _frame(self) -> tk.Frame:
        made = tk.Frame(self.widget, bd=0, bg=getattr(self._look.palette, self._below), takefocus=0)
        made.bind("<Configure>", lambda _: self._place())
        return made

    def filled(self, part: tk.Misc | None = None) -> None:
        """Listen to what stands in it now: the wheel over it, and where the focus goes.

        Once for each: later for a ``part`` that was added.
        """
        waiting: list[tk.Misc] = [part or self.inner]
        while waiting:
            one = waiting.pop()
            waiting.extend(one.winfo_children())
            self._wheel(one)
            # A widget of customtkinter has a bind of its own, which is not meant here.
            tk.Misc.bind(one, "<FocusIn>", lambda event: self._show(event.widget), add="+")

    def clear(self) -> None:
        """Take everything out and go to the top."""
        old, self.inner = self.inner, self._frame()
        self.widget.itemconfigure(self._window, window=self.inner)
        self._look.slices.destroy(old)
        self._top = 0
        self._place()

    def set_width(self, width: int) -> None:
        """Say how wide it will be, before Tk knows it: labels break their lines by that."""
        self._sized(width)

    @property
    def room(self) -> int:
        """How wide what stands in it is."""
        return int(self.widget.itemcget(self._window, "width"))  # type: ignore[no-untyped-call]

    def begin_at(self, top: int) -> None:
        """Show what is so many pixels down, once what stands in it has its height."""
        self._top = top
        self.widget.after_idle(self._place)

    def restyle(self) -> None:
        """Take the palette of now."""
        colour = getattr(self._look.palette, self._below)
        self.widget.configure(bg=colour)
        self.inner.configure(bg=colour)
        self._place()

    def scroll(self, pixels: int) -> None:
        """Move what is in view."""
        self._top += pixels
        self._place()

    @property
    def top(self) -> int:
        """How many pixels are above what is in view."""
        return self._top

    def _wheel(self, widget: tk.Misc) -> None:
        step = self._look.px(STEP)
        bind = tk.Misc.bind
        bind(widget, "<Button-4>", lambda _: self.scroll(-step), add="+")
        bind(widget, "<Button-5>", lambda _: self.scroll(step), add="+")
        bind(
            widget, "<MouseWheel>",
            lambda event: self.scroll(-step if event.delta > 0 else step), add="+",
        )  # fmt: skip

    def _sized(self, width: int) -> None:
        self.widget.itemconfigure(self._window, width=max(1, width - self._look.px(_GAP)))
        self._place()

    def _place(self) -> None:
        canvas, px = self.widget, self._look.px
        view, total = canvas.winfo_height(), self.inner.winfo_reqheight()
        self._top = max(0, min(self._top, total - view))
        canvas.coords(self._window, 0, -self._top)
        canvas.delete("thumb")
        if total > view > 1:
            high = max(px(24), view * view // total)
            y = (view - high) * self._top // (total - view)
            thumb = self._look.shapes.box(
                px(4), high, px(2), self._look.palette.groove, str(canvas.cget("bg"))
            )
            canvas.create_image(
                canvas.winfo_width() - px(6), y, image=thumb, anchor="nw", tags="thumb"
            )

    def _show(self, widget: tk.Misc) -> None:
        """Bring a widget into view."""
        top = widget.winfo_rooty() - self.inner.winfo_rooty()
        bottom = top + widget.winfo_height()
        edge = self._look.px(12)
        if top - edge < self._top:
            self.scroll(top - edge - self._top)
        elif bottom + edge > self._top + self.widget.winfo_height():
            self.scroll(bottom + edge - self._top - self.widget.winfo_height())
