"""Named timers of one view: each name runs once, and all end with the view.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable


class Timers:
    """Calls of a widget's ``after``, by name."""

    def __init__(self, widget: tk.Misc) -> None:
        """``widget`` must live as long as they are used."""
        self._widget = widget
        self._running: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def soon(self, name: str, work: Callable[[], None]) -> None:
        """Call ``work`` when Tk is idle; many calls until then cost one."""
        if name not in self._running:
            self._running[name] = self._widget.after_idle(lambda: self._run(name, work))

    def after(self, name: str, after_ms: int, work: Callable[[], None]) -> None:
        """Call ``work`` after a while; an earlier one of the name is called off."""
        self.cancel(name)
        self._running[name] = self._widget.after(after_ms, lambda: self._run(name, work))

    def cancel(self, name: str) -> None:
        """Call one off."""
        timer = self._running.pop(name, "")
        if timer:
            self._widget.after_cancel(timer)

    def close(self) -> None:
        """Call all of them off."""
        for name in list(self._running):
            self.cancel(name)

    def _run(self, name: str, work: Callable[[], None]) -> None:
        self._running.pop(name, None)
        work()
