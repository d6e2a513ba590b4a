"""Files that are dropped on the window, by tkdnd where it is there; elsewhere only this is missing.

Belongs to the Tk thread.
"""

import logging
import os
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)


def load(widget: tk.Misc) -> bool:
    """Load tkdnd; return whether there is one. The first call takes some 5 ms."""
    try:
        from tkinterdnd2 import TkinterDnD
    except ImportError:
        log.info("event=drops_missing reason=not_installed")
        return False
    try:
        TkinterDnD._require(widget)
    except RuntimeError as error:
        log.info("event=drops_missing reason=%s", type(error).__name__)
        return False
    return True


class Drops:
    """Has one widget, with all that is in it, take files."""

    def __init__(
        self,
        widget: tk.Misc,
        on_files: Callable[[tuple[Path, ...]], None],
        on_over: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """``on_over`` is told when files are held over the widget, and when no longer."""
        self._widget = widget
        self._on_files = on_files
        self._on_over = on_over
        self.ready = load(widget)
        """Whether files can be dropped at all."""
        if self.ready:
            call, path = widget.tk.call, str(widget)
            call("tkdnd::drop_target", "register", path, "DND_Files")
            for name, work in (
                ("<<DropEnter>>", self._enter), ("<<DropPosition>>", self._stay),
                ("<<DropLeave>>", self._leave), ("<<Drop:DND_Files>>", self._drop),
            ):  # fmt: skip
                command = widget.register(work)
                call("bind", path, name, f"{command} %D")

    def _enter(self, _data: str) -> str:
        self._on_over(True)
        return "copy"

    def _stay(self, _data: str) -> str:
        return "copy"

    def _leave(self, _data: str) -> str:
        self._on_over(False)
        return "copy"

    def _drop(self, data: str) -> str:
        self._on_over(False)
        names = [str(one) for one in self._widget.tk.splitlist(data)]
        paths = tuple(Path(name) for name in names if os.path.isabs(name) and "\0" not in name)
        if paths:
            # The other program waits for the answer: what comes of it is done afterwards.
            self._widget.after_idle(lambda: self._on_files(paths))
        return "copy"
