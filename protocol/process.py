"""A server process: how it begins, how it is asked to stop, and with which status it ends.

What broker and gateway have in common around their loops. Main thread.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from protocol.minimums import check_server
from protocol.secrecy import forbid_dumps
from protocol.sockets import raise_file_limit, seed_routing_ids

EXIT_STOP = 3
"""Exit status that asks a supervisor not to start this process again."""

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def begin() -> None:
    """Prepare the process, before its first socket; raise :class:`SetupError` if it cannot serve.

    Until :func:`on_stop` is called a signal ends it at once: starting is recovering. Whatever
    it makes is for its own user alone, also in a folder that others may enter.
    """
    on_stop(lambda: os._exit(0))
    forbid_dumps()
    os.umask(0o077)
    check_server()
    raise_file_limit()
    seed_routing_ids()


def limit_memory() -> int:
    """Let this process have half of the machine's memory at most; return the bytes, 0: no limit.

    For a gateway, before its sockets: libzmq counts messages and not bytes, however many frames
    they have. At the limit the connection that wants more ends; or the process does, and the
    supervisor starts it again. Neither the broker nor the other gateways have noticed. Linux
    alone counts what a process really has taken.
    """
    if sys.platform != "linux":
        return 0
    import resource

    most = _memory_bytes() // 2
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        return most
    return 0


def _memory_bytes() -> int:
    """Return what this machine has, or the container that the process is in."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # "max", or no such file
        found = min(found, int(_CGROUP_LIMIT.read_text(encoding="ascii")))
    return found


def on_stop(stop: Callable[[], None]) -> None:
    """Have ``stop`` called at SIGINT, SIGTERM and, on Windows, Ctrl+Break."""
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda *_: stop())
