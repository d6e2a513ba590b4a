"""Files that last: synced to the disk, copied with their hash, and only where there is room.

What has its final name is whole: it is written under another one, synced, and renamed, and the
folder is synced after the rename. No state; any thread.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from protocol.errors import SetupError

CHUNK_BYTES = 1024 * 1024
_SPARE_BYTES = 16 * 1024 * 1024
"""Left free by every copy: the journal keeps as much for its checkpoints."""


def sync_file(path: Path) -> None:
    """Make what was written to a file last."""
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last; Windows does that by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, data: bytes) -> None:
    """Make a file (0600) that holds ``data``, synced; it must not be there yet."""
    with os.fdopen(_create(path), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def copy_synced(source: Path, target: Path, tell: Callable[[int], None] | None = None) -> str:
    """Copy a file into a new one (0600), synced; return the SHA-256 of what was copied, in hex.

    ``tell`` hears the number of bytes after each piece. Raises ``OSError``.
    """
    hasher = hashlib.sha256()
    with source.open("rb") as old, os.fdopen(_create(target), "wb") as new:
        while data := old.read(CHUNK_BYTES):
            hasher.update(data)
            new.write(data)
            if tell is not None:
                tell(len(data))
        new.flush()
        os.fsync(new.fileno())
    return hasher.hexdigest()


def hash_file(path: Path, tell: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of a file in hex; see :func:`copy_synced`."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            hasher.update(data)
            if tell is not None:
                tell(len(data))
    return hasher.hexdigest()


def make_folder(path: Path) -> None:
    """Make a folder that only its owner can enter, and those above it if need be."""
    for missing in reversed([one for one in (path, *path.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def check_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Raise :class:`SetupError` if a disk has less free than ``needed_bytes`` and some to spare."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:  # a file system that does not say
        return
    if free < needed_bytes + _SPARE_BYTES:
        raise SetupError(
            f"there is not enough room in {folder} {what}: {megabytes(needed_bytes + _SPARE_BYTES)}"
            f" are needed and {megabytes(free)} are free. Nothing was changed."
        )


def megabytes(size_bytes: int) -> str:
    """Write a size for people."""
    if size_bytes < 1_000_000:
        return f"{(size_bytes + 999) // 1_000} kB"
    return f"{size_bytes / 1_000_000:,.1f} MB"


def remove_tree(folder: Path) -> None:
    """Remove a folder of ours that is of no use any more, as far as the system lets us."""
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)


def _create(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o600)
