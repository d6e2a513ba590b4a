"""Named timers of one view: each name runs once, and all end with the view.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.paint.slices import Slices, Work


class Timers:
    """Calls of a widget's ``after``, by name."""

    def __init__(self, widget: tk.Misc, slices: Slices) -> None:
        """``widget`` must live as long as they are used."""
        self._widget = widget
        self._slices = slices
        self._running: dict[str, str | Work] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def soon(self, name: str, work: Callable[[], None]) -> None:
        """Call ``work`` after what waits already; many calls until then cost one."""
        if name not in self._running:
            self._running[name] = self._slices.soon(lambda: self._run(name, work))

    def after(self, name: str, after_ms: int, work: Callable[[], None]) -> None:
        """Call ``work`` after a while; an earlier one of the name is called off."""
        self.cancel(name)
        self._running[name] = self._widget.after(after_ms, lambda: self._run(name, work))

    def cancel(self, name: str) -> None:
        """Call one off."""
        timer = self._running.pop(name, "")
        if isinstance(timer, Work):
            self._slices.cancel(timer)
        elif timer:
            self._widget.after_cancel(timer)

    def close(self) -> None:
        """Call all of them off."""
        for name in list(self._running):
            self.cancel(name)

    def _run(self, name: str, work: Callable[[], None]) -> None:
        self._running.pop(name, None)
        work()
