"""Work of the Tk thread in slices: what takes longer is done bit by bit, events in between.

Whatever draws or builds waits in one line for each window. A slice takes from its front until
:data:`SLICE_S` is over; then Tk handles keys and clicks that came meanwhile, and the next slice
follows. Tk itself draws when the line is empty, so nothing half made is seen. Work is a
function, or a generator that yields where it may be interrupted: nothing, or :data:`LONG` if what
comes next takes some 2 ms and more, and begins a slice. Belongs to the Tk thread.
"""

import tkinter as tk
from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Final

SLICE_S: Final = 0.002
"""After so long, the next slice begins."""

LONG: Final = True
"""What comes next begins a slice."""
Steps = Iterator[bool | None]


class Work:
    """Something in the line; made by :class:`Slices` alone."""

    __slots__ = ("begun", "done", "steps")

    def __init__(self, steps: Steps) -> None:
        """It is not begun."""
        self.steps = steps
        self.begun = False
        self.done = False


class Slices:
    """The line of one window."""

    def __init__(self, root: tk.Misc, clock: Callable[[], float] = perf_counter) -> None:
        """``clock`` tells seconds."""
        self._root = root
        self._clock = clock
        self._line: deque[Work] = deque()
        self._running = False
        self._closed = False
        self._after = ""
        self._unpainted: set[tk.Misc] = set()

    def soon(self, call: Callable[[], Steps | None]) -> Work:
        """Have something done after what waits already; if it gives steps, one by one."""
        return self.build(_steps(call))

    def build(self, steps: Steps) -> Work:
        """Have steps taken, after what waits already."""
        work = Work(steps)
        if self._closed:
            work.done = True
            return work
        self._line.append(work)
        self._go_on()
        return work

    def paint(self, widget: tk.Misc, call: Callable[[], Steps | None]) -> None:
        """Have a widget painted by ``call``; many wishes are one, and none once it has gone."""
        if widget not in self._unpainted:
            self._unpainted.add(widget)
            self.build(self._paint(widget, call))

    def _paint(self, widget: tk.Misc, call: Callable[[], Steps | None]) -> Steps:
        self._unpainted.discard(widget)
        if widget.winfo_exists():
            for step in call() or ():
                yield step
                if not widget.winfo_exists():
                    return

    def destroy(self, widget: tk.Misc) -> Work:
        """Have a widget destroyed, with all that is in it, one by one."""
        return self.build(_destroying(widget))

    def finish(self, work: Work | None) -> None:
        """Do the rest of something now, for whoever cannot wait."""
        if work is not None and not work.done:
            self._drop(work)
            for _ in work.steps:
                pass

    def cancel(self, work: Work | None) -> None:
        """Do nothing more of something."""
        if work is not None and not work.done:
            self._drop(work)

    def close(self) -> None:
        """Do nothing more of anything, and take nothing more: the window goes."""
        self._closed = True
        for work in tuple(self._line):
            self._drop(work)
        self._unpainted.clear()
        if self._after:
            self._root.after_cancel(self._after)
            self._after = ""

    def _drop(self, work: Work) -> None:
        work.done = True
        if work in self._line:
            self._line.remove(work)

    def _go_on(self) -> None:
        # Not when Tk is idle: then it draws, and would draw what is half made.
        if not self._after and not self._running:
            self._after = self._root.after(0, self._slice)

    def _slice(self) -> None:
        self._after = ""
        self._running = True
        ends = self._clock() + SLICE_S
        try:
            while self._line and not self._step(self._line[0]) and self._clock() < ends:
                pass
        finally:
            # Also if a step failed: others wait.
            self._running = False
            if self._line:
                self._go_on()

    def _step(self, work: Work) -> bool:
        """Take one step; return whether the slice ends with it."""
        work.begun = True
        try:
            return next(work.steps) is LONG
        except StopIteration:
            self._drop(work)
        except BaseException:
            self._drop(work)
            raise
        return False


def _steps(call: Callable[[], Steps | None]) -> Steps:
    steps = call()
    if steps is not None:
        yield from steps


def _destroying(widget: tk.Misc) -> Steps:
    for child in widget.winfo_children():
        yield from _destroying(child)
    yield None
    if widget.winfo_exists():
        widget.destroy()
