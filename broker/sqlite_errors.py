"""SQLite's errors as the journal's: damaged, full, or failed.

Nobody outside knows what stores the journal, so nobody outside hears of ``sqlite3``. No state.
"""

import contextlib
import sqlite3
from collections.abc import Iterator

from protocol.errors import DamagedError, FullError, JournalError

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
"""The second: the index of the WAL could not grow."""


@contextlib.contextmanager
def telling(what: str) -> Iterator[None]:
    """Turn SQLite's errors into the journal's: nobody outside knows what stores it."""
    try:
        yield
    except UnicodeDecodeError:
        # A flipped bit in a name that SQLite's own words repeat.
        raise DamagedError(f"{what}: it is no text; restore it from a backup") from None
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code in FULL:
            raise FullError(f"{what}: {error}") from None
        # Without a code it is the module's own: text that is not UTF-8.
        unreadable = code is None and isinstance(error, sqlite3.OperationalError)
        # The tables are made at the opening; one that is not there was there.
        unreadable = unreadable or "no such table" in str(error)
        if unreadable or (code is not None and code & 0xFF in _DAMAGE):
            raise DamagedError(f"{what}: {error}; restore it from a backup") from None
        raise JournalError(f"{what}: {error}") from None
