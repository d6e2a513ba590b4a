"""Nothing of a process that holds keys is left for others: no core file, no look at its memory.

For every process that has read a key or a token, at its start. Imports no library, so that it
can be the first thing of all. Any thread; the process keeps it for life, those that it starts
keep the limit alone.
"""

import contextlib
import ctypes
import sys

_PR_SET_DUMPABLE = 4


def forbid_dumps() -> None:
    """Leave no core file when the process crashes, and let no other one of its user attach.

    The limit is for files, and kernels do not ask it where ``core_pattern`` names a program;
    that a process is not dumpable holds there too, and closes ``/proc/PID/mem`` and ``environ``.
    Windows and macOS have the former at most: there the system's own rules hold.
    """
    try:
        import resource
    except ImportError:  # Windows writes dumps only where its owner has asked for them
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
