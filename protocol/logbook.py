"""The log of a server process: one event a line on stderr, with its time in UTC, and not too many.

Clients can cause events, so a flood of theirs would fill the disk on which the log is kept. Each
event has a bucket: :data:`AT_ONCE` lines, then one in :data:`EVERY_S` seconds, which says how many
were left out before it (``left_out=``). One event does not use up the lines of another.

An exception that nobody expected is an event too (``unexpected``), and the process ends with it.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from protocol.bucket import Bucket, Level
from protocol.plain import LogFormatter

AT_ONCE: Final = 60
"""Lines of one event: a class that arrives, or a fault and all that follows from it."""
EVERY_S: Final = 10
"""Seconds from line to line of an event that does not stop: less than a megabyte a day."""
_EVENTS_MAX: Final = 1_000
"""Events are in the source; libraries might make texts of their own."""

FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Ration(logging.Filter):
    """Lets so many lines of each event pass. ``now_ms`` is monotonic."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """Begin with full buckets."""
        super().__init__()
        self._now_ms = now_ms
        self._bucket = Bucket(1 / EVERY_S, AT_ONCE)
        self._levels: dict[tuple[str, str], Level] = {}
        self._left_out: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether this line may be written; add how many before it were not."""
        event = (record.name, str(record.msg))
        with self._lock:
            level = self._levels.get(event)
            if level is None:
                if len(self._levels) >= _EVENTS_MAX:
                    self._levels.clear()
                    self._left_out.clear()
                level = self._levels[event] = Level()
            if self._bucket.take(level, 1, self._now_ms()):
                self._left_out[event] = self._left_out.get(event, 0) + 1
                return False
            left_out = self._left_out.pop(event, 0)
        if left_out:
            record.msg = f"{record.getMessage()} left_out={left_out}"
            record.args = ()
        return True


def log_to_stderr() -> None:
    """Write the log of this process to stderr, from INFO on, and what ends it unexpectedly."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter(FORMAT))
    handler.addFilter(Ration(lambda: time.monotonic_ns() // 1_000_000))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    sys.excepthook = _ended
    threading.excepthook = lambda args: _ended(args.exc_type, args.exc_value, args.exc_traceback)


def _ended(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Write down what nobody has caught, so that its words cannot forge a line either."""
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("process").critical("unexpected", exc_info=(kind, error, trace))
