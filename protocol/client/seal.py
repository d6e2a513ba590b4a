"""What the darkroom's child may not do any more: grow, write files, start programs, open anything.

Each limit is set where the system has it and passed over where it has not: Windows has none of
them, macOS none on memory. Nothing can be taken back. On its end, at the latest, the parent's
deadline counts.
"""

import ctypes
import sys
import time
from contextlib import suppress
from typing import Final

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_STDIO: Final = 3


def limit(memory_bytes: int) -> None:
    """Before Pillow is imported: bound the memory, forbid files, cores and other programs."""
    _set("RLIMIT_AS", memory_bytes)
    _set("RLIMIT_CORE", 0)
    _set("RLIMIT_FSIZE", 0)
    _set("RLIMIT_NOFILE", 64)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # Nobody of the same user looks into it, and no core is made of it.
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def close() -> None:
    """Before the first order: no file, socket, thread or process is made from here on."""
    _set("RLIMIT_NOFILE", _STDIO)
    _set("RLIMIT_NPROC", 0)


def grant_cpu(seconds: int) -> None:
    """Give so much processor time, from now; the process ends when it is used up."""
    if resource is not None:
        with suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + seconds + 1, hard))


def _set(name: str, most: int) -> None:
    kind = getattr(resource, name, None)
    if kind is not None:
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))
