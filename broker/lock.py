"""The lock of a data folder: one broker at a time writes there.

An operating-system lock on an open file, so it ends with the process, however
that ends; the file itself stays.
"""

import os
import sys
from pathlib import Path
from types import TracebackType

from protocol.errors import SetupError


class DataLock:
    """Hold the lock in a ``with`` block; raise :class:`SetupError` if another broker has it."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is locked yet."""
        self._path = path
        self._handle = -1

    def __enter__(self) -> "DataLock":
        """Take the lock at once or not at all."""
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._handle)
        except OSError:
            os.close(self._handle)
            raise SetupError(
                f"another broker is running on {self._path.parent}. Stop it first, or give this "
                "one another folder with --data."
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        os.close(self._handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
