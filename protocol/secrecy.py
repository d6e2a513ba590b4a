"""Nothing of a process that holds keys is left for others: no core file, no look at its memory.

For every process that has read a key or a token, at its start. Imports no library, so that it
can be the first thing of all. Any thread; the process keeps it for life, those that it starts
keep the limit alone.
"""

import contextlib
import ctypes
import sys

_PR_SET_DUMPABLE = 4


def forbid_cores() -> None:
    """Leave no core file when the process crashes.

    Enough for the window alone: a desktop's portal looks into ``/proc`` for who asks it, and
    refuses whom it cannot see. The programs that take cores from the kernel keep to the limit.
    """
    try:
        import resource
    except ImportError:  # Windows writes dumps only where its owner has asked for them
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_dumps() -> None:
    """Leave no core, wherever it would go, and let no other process of the same user attach.

    On Linux this closes ``/proc/PID/mem`` and ``environ`` too; elsewhere the system's own rules
    hold.
    """
    forbid_cores()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
