"""Named timers of one view: each name runs once, and all end with the view.

Belongs to the Tk thread.
"""

import tkinter as tk
from collections.abc import Callable

from gui.paint.slices import Slices, Steps, Work


class Timers:
    """Calls of a widget's ``after``, by name."""

    def __init__(self, widget: tk.Misc, slices: Slices) -> None:
        """``widget`` must live as long as they are used."""
        self._widget = widget
        self._slices = slices
        self._running: dict[str, str | Work] = {}
        self._begun: list[Work] = []
        """Steps under way: another one of the name may wait behind them."""

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def soon(self, name: str, work: Callable[[], Steps | None]) -> None:
        """Call ``work`` after what waits already; many calls until it is begun cost one.

        If it gives steps, they are taken one by one.
        """
        if name not in self._running:
            self._running[name] = self._slices.soon(lambda: self._begin(name, work))

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
        for work in self._begun:
            self._slices.cancel(work)

    def _begin(self, name: str, work: Callable[[], Steps | None]) -> Steps | None:
        begun = self._running.pop(name, None)
        steps = work()
        if steps is not None and isinstance(begun, Work):
            self._begun = [one for one in self._begun if not one.done]
            self._begun.append(begun)
        return steps

    def _run(self, name: str, work: Callable[[], None]) -> None:
        self._running.pop(name, None)
        work()
