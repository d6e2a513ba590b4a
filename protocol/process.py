"""A server process: how it begins, how it is asked to stop, and with which status it ends.

What broker and gateway have in common around their loops. Main thread.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable

from protocol.sockets import check_library, raise_file_limit, seed_routing_ids

EXIT_STOP = 3
"""Exit status that asks a supervisor not to start this process again."""


def begin() -> None:
    """Prepare the process, before its first socket; raise :class:`SetupError` if it cannot serve.

    Until :func:`on_stop` is called a signal ends it at once: starting is recovering.
    """
    on_stop(lambda: os._exit(0))
    check_library()
    raise_file_limit()
    seed_routing_ids()


def log_to_stderr() -> None:
    """Log one event a line, as ``key=value``."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


def on_stop(stop: Callable[[], None]) -> None:
    """Have ``stop`` called at SIGINT, SIGTERM and, on Windows, Ctrl+Break."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda *_: stop())
