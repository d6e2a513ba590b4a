"""Runs a package as a process that does not outlive the one that started it.

``python -m protocol.leash broker …`` is ``python -m broker …``, except that the
process stops itself, as at SIGTERM, when its stdin ends. A supervisor holds the
other end of that pipe, so its death, of whatever kind, lets go: no port and no
lock stays behind. One daemon thread reads stdin; the package owns all the rest.
"""

import os
import runpy
import signal
import sys
import threading
import time

STOP_S = 10.0
"""Seconds that the package has for stopping before the process ends the hard way."""


def main() -> None:
    """Take the package's name and words from ``sys.argv`` and run it."""
    package = sys.argv[1]
    sys.argv = [package, *sys.argv[2:]]
    threading.Thread(target=_hold, name="leash", daemon=True).start()
    runpy.run_module(package, run_name="__main__", alter_sys=True)


def _hold() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass  # a stdin that cannot be read is one that has ended
    if hasattr(signal, "pthread_kill"):
        # Sent to the main thread, the signal also ends a poll that it waits in.
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)
    time.sleep(STOP_S)
    os._exit(1)


if __name__ == "__main__":
    main()
