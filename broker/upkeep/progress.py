"""How far a long work is, for whoever waits at the keyboard: one line on stderr that moves.

Where stderr is no terminal it says a line every ten seconds, so that a log shows that it lives;
work that ends sooner says nothing there. Main thread, as signals are.
"""

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from types import TracebackType

_REDRAW_S = 0.2
_LINE_S = 10.0


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM do what Ctrl+C does, so that what is half done is removed."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Progress:
    """One work of ``total`` steps (0: nobody knows), shown while in its ``with`` block."""

    def __init__(self, what: str, total: int) -> None:
        """Name the work; nothing is shown yet."""
        self._what = what
        self._total = total
        self._done = 0
        self._moves = sys.stderr.isatty()
        self._due = time.monotonic() + (_REDRAW_S if self._moves else _LINE_S)
        self._width = 0

    def __enter__(self) -> "Progress":
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the line away."""
        if self._width:
            self._write("\r" + " " * self._width + "\r")

    def add(self, steps: int) -> None:
        """So many more steps are done."""
        self._done += steps
        self.show()

    def reach(self, steps: int) -> None:
        """So many steps are done in all; it may go back, when something begins again."""
        self._done = steps
        self.show()

    def show(self) -> None:
        """Say where it is, if it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + (_REDRAW_S if self._moves else _LINE_S)
        text = self._what
        if self._total > 0:
            text += f" {min(100, self._done * 100 // self._total)} %"
        if self._moves:
            line = text[:78]
            self._write("\r" + line.ljust(self._width))
            self._width = max(self._width, len(line))
        else:
            self._write(text + " …\n")

    @staticmethod
    def _write(text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()
