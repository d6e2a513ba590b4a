"""A consistent copy of a journal, made while a broker writes to it.

SQLite's backup reads the file as of one moment, on a connection that cannot write. As long as that
connection keeps its moment no checkpoint can empty the WAL, so the copy goes in steps and looks
at the WAL: if it grows too far the moment is let go, and the copy begins again.
The copy is one file without a WAL. Owned by the thread that calls.
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from broker.durable import sync_file
from broker.sqlite_survey import opened
from protocol.errors import SetupError

STEP_PAGES = 1_024
"""4 MiB between two looks at the WAL, the progress and Ctrl+C."""
WAL_GROWTH_BYTES = 512 * 1024 * 1024
"""How far a copy may let the WAL grow before it begins again."""
_TRIES = 3


class _Outgrown(Exception):
    """The WAL has grown too far."""


def journal_bytes(path: Path) -> int:
    """Return how large a copy of the journal will be, about."""
    with opened(path) as db:
        pages, page_bytes = (
            int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
        )
    return pages * page_bytes


def copy_journal(source: Path, target: Path, tell: Callable[[int], None]) -> None:
    """Copy the journal into a new file (0600), synced; ``tell`` hears how many bytes there are.

    Raises :class:`SetupError`, :class:`DamagedError`, :class:`JournalError`, or ``OSError`` when
    the disk is full; what is at ``target`` is of no use then.
    """
    for _ in range(_TRIES):
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            _copy_once(source, target, tell)
        except _Outgrown:
            continue
        sync_file(target)
        return
    raise SetupError(
        "the server writes so much that its journal cannot be copied in time; "
        "try again when less is said, or copy to a faster disk"
    )


def _copy_once(source: Path, target: Path, tell: Callable[[int], None]) -> None:
    wal = source.with_name(f"{source.name}-wal")
    begun_bytes = _size(wal)
    with opened(source) as db:
        # From here on one moment: without this every commit would make the copy begin again.
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM meta").fetchone()
        page_bytes = int(db.execute("PRAGMA page_size").fetchone()[0])

        def look(_: int, left: int, total: int) -> None:
            tell((total - left) * page_bytes)
            if left and _size(wal) - begun_bytes > WAL_GROWTH_BYTES:
                raise _Outgrown

        copy = sqlite3.connect(target, isolation_level=None)
        try:
            # Nobody sees the file before it is synced as a whole.
            copy.execute("PRAGMA journal_mode=OFF")
            copy.execute("PRAGMA synchronous=OFF")
            db.backup(copy, pages=STEP_PAGES, progress=look)
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from None
            raise
        finally:
            copy.close()
        db.execute("ROLLBACK")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
