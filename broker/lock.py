"""The lock of a data folder: one broker at a time writes there, or one that restores it.

An operating-system lock on an open file, so it ends with the process, however
that ends; the file itself stays. Behind its first byte the holder may note who it is, for
people who look for it.
"""

import contextlib
import os
import sys
import time
from pathlib import Path
from types import TracebackType

from protocol.errors import SetupError

LOCK_FILE = "broker.lock"

_PATIENCE_S = 0.3
"""Whoever only looks whether the lock is held has it for an instant."""
_PAUSE_S = 0.02
_NOTE_AT = 1
"""Windows locks the first byte against reading too."""
_NOTE_MAX_BYTES = 200


class DataLock:
    """Hold the lock in a ``with`` block; raise :class:`SetupError` if somebody else has it."""

    def __init__(self, path: Path, busy: str = "") -> None:
        """Name the file; nothing is locked yet. ``busy`` is what to say if it cannot be had."""
        self._path = path
        self._busy = busy or (
            f"another broker is running on {path.parent}. Stop it first, or give this one "
            "another folder with --data."
        )
        self._handle = -1

    def __enter__(self) -> "DataLock":
        """Take the lock at once (but for a moment of patience) or not at all."""
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SetupError(
                f"the file {self._path} cannot be used ({error.strerror}); look at its permissions"
            ) from None
        deadline = time.monotonic() + _PATIENCE_S
        while not _try_lock(self._handle):
            if time.monotonic() > deadline:
                os.close(self._handle)
                raise SetupError(self._busy)
            time.sleep(_PAUSE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        os.close(self._handle)

    def note(self, text: str) -> None:
        """Say who holds the lock; it is a hint, so a disk that fails does not matter."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, _NOTE_AT, os.SEEK_SET)
            os.write(self._handle, text.encode()[:_NOTE_MAX_BYTES])


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock; a folder that has none yet is not locked."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def read_note(path: Path) -> str:
    """Return what the last holder noted; empty: nothing that can be read."""
    try:
        with path.open("rb") as file:
            file.seek(_NOTE_AT)
            return file.read(_NOTE_MAX_BYTES).decode(errors="replace").strip()
    except OSError:
        return ""


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
