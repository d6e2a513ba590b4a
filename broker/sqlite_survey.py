"""A journal looked at from outside: what it holds, and whether it is sound.

Reads only, on connections that cannot write, so that it may run beside a broker: a read-only
connection neither writes nor checkpoints (see :mod:`broker.sqlite_journal`). Blocks are checked in
pieces, each a short transaction, so that nobody holds up a checkpoint for long.
Owned by whoever opens the connection.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.sqlite_blocks import BLOCK_COLUMNS, SEQ_BITS, SEQ_MASK, check_row
from broker.sqlite_rows import check_bytes, select, tables
from protocol.codes import Role
from protocol.errors import DamagedError, JournalError, SetupError

_BUSY_S = 10.0
_PIECE_ROWS = 500
_STEPS = 200_000
"""Instructions of SQLite between two looks at the clock and at Ctrl+C."""
_FAULTS_MAX = 10
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@dataclass(frozen=True, slots=True)
class Survey:
    """What a journal holds."""

    schema: int
    epoch: bytes
    term: int
    heads: dict[bytes, int]
    people: frozenset[bytes]
    devices: frozenset[bytes]
    blobs: dict[bytes, int]
    """SHA-256 → size, of everything that was posted."""
    newest_ts: int
    """ms since 1970 of the last event; 0: there is none."""
    in_charge: int = 0
    """People with a role on the server."""
    owners: int = 0
    """Those of them who own it and are not banned."""
    banned: frozenset[bytes] = frozenset()
    """People who are banned from the server."""
    acts: int = 0
    """In the audit log."""

    @property
    def events(self) -> int:
        """Return the number of messages and notices."""
        return sum(self.heads.values())


@contextlib.contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: damaged, unreadable, full, or interrupted by Ctrl+C."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        kind = None if code is None else code & 0xFF
        if kind == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from None
        if kind in _DAMAGE:
            raise DamagedError(f"{path} is damaged ({error})") from None
        if kind == sqlite3.SQLITE_FULL:
            raise SetupError(f"there is no room on the disk for {path}") from None
        if kind in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY):
            raise SetupError(
                f"{path} cannot be opened ({error}); look at its permissions"
            ) from None
        raise JournalError(f"{path} cannot be read ({error})") from None


@contextlib.contextmanager
def opened(path: Path, alone: bool = False) -> Iterator[sqlite3.Connection]:
    """Lend a read-only connection; ``alone``: the file is nobody else's and does not change.

    Raises :class:`DamagedError`, :class:`JournalError` or :class:`SetupError`, also for what the
    block does with it.
    """
    with telling(path):
        uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
        db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
        try:
            db.execute("PRAGMA query_only=ON")
            db.execute("PRAGMA trusted_schema=OFF")
            # A flipped bit can make text of bytes: that must not fail before it is checked.
            db.text_factory = bytes
            yield db
        finally:
            db.close()


def survey(db: sqlite3.Connection) -> Survey:
    """Read what the journal holds, as of one moment; raise :class:`DamagedError` or sqlite's."""
    begun = not db.in_transaction
    if begun:
        db.execute("BEGIN")
    try:
        return _survey(db)
    finally:
        if begun:
            db.execute("ROLLBACK")


def _survey(db: sqlite3.Connection) -> Survey:
    schema = int(db.execute("PRAGMA user_version").fetchone()[0])
    names = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
    if schema < 1 or not {b"meta", b"block", b"room"} <= names:
        raise DamagedError("the file is not a journal")
    meta = dict(db.execute("SELECT name, value FROM meta"))
    epoch, term = meta.get(b"epoch"), meta.get(b"term")
    if type(epoch) is not bytes or type(term) is not int:
        raise DamagedError("the journal has lost its epoch or its term")
    heads: dict[bytes, int] = {}
    newest_ts = 0
    for no, room in db.execute("SELECT no, room FROM room").fetchall():
        base = no << SEQ_BITS
        row = db.execute(
            f"SELECT {BLOCK_COLUMNS} FROM block WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT 1",
            (base, base | SEQ_MASK),
        ).fetchone()
        if row is not None:
            check_row(*row)
            newest_ts = max(newest_ts, row[2])
        heads[room] = row[1] if row is not None else 0
    return Survey(
        schema,
        epoch,
        term,
        heads,
        frozenset(row[0] for row in db.execute("SELECT person FROM person")),
        frozenset(row[0] for row in db.execute("SELECT key FROM device")),
        dict(db.execute("SELECT DISTINCT sha256, size FROM blob")),
        newest_ts,
        **_order(db),
    )


def has_owner(db: sqlite3.Connection) -> bool:
    """Whether somebody who is not banned owns the server; raise :class:`DamagedError`."""
    rows = _checked(db, "standing")
    return any(role == Role.OWNER and not banned for _, role, banned, *_ in rows)


def invite_uses(db: sqlite3.Connection) -> dict[str, int]:
    """Return how often each counted invite was used; raise :class:`DamagedError`."""
    return dict(_checked(db, "invite"))


def _order(db: sqlite3.Connection) -> dict[str, Any]:
    """Return who is in charge, who is banned, and what was done, by the fields of a survey."""
    if not _is_there(db, "standing"):
        return {}
    standings = _checked(db, "standing")
    people = dict(db.execute("SELECT no, person FROM person"))
    return {
        "in_charge": sum(role > Role.MEMBER for _, role, *_ in standings),
        "owners": sum(role == Role.OWNER and not banned for _, role, banned, *_ in standings),
        "banned": frozenset(people.get(no, b"") for no, _, banned, *_ in standings if banned),
        "acts": int(db.execute("SELECT count(*) FROM audit").fetchone()[0]),
    }


def _checked(db: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table; a file of an earlier version has none."""
    if not _is_there(db, table):
        return []
    return [check_bytes(table, row) for row in db.execute(select(table))]


def _is_there(db: sqlite3.Connection, table: str) -> bool:
    return table in tables(int(db.execute("PRAGMA user_version").fetchone()[0]))


def find_faults(db: sqlite3.Connection, full: bool, tell: Callable[[], None]) -> list[str]:
    """Return what is wrong with the file, a bounded number of lines; empty: it is sound.

    ``full`` reads everything: the pages and indexes, the checksum of every block, and that
    the blocks of each room join without a hole. ``tell`` is called now and then. Raises what
    sqlite3 raises.
    """

    def look() -> int:
        tell()
        return 0

    db.set_progress_handler(look, _STEPS)
    try:
        check = "integrity_check" if full else "quick_check"
        rows = db.execute(f"PRAGMA {check}({_FAULTS_MAX})").fetchall()
        faults = [_text(row[0]) for row in rows if row[0] != b"ok"]
        if full and not faults:
            faults = [*_loose_rows(db), *_bad_rows(db), *_bad_blocks(db)]
    finally:
        db.set_progress_handler(None, 0)
    return faults[:_FAULTS_MAX]


def _loose_rows(db: sqlite3.Connection) -> list[str]:
    rows = db.execute("PRAGMA foreign_key_check").fetchmany(_FAULTS_MAX)
    return [f"a row of {_text(row[0])} names a row of {_text(row[2])} that is not" for row in rows]


def _bad_rows(db: sqlite3.Connection) -> list[str]:
    """Return what is wrong with rows of other tables than blocks."""
    faults: list[str] = []
    sealed = tables(int(db.execute("PRAGMA user_version").fetchone()[0]))
    if not sealed:
        return faults
    for table in sealed:
        for row in db.execute(select(table)):
            try:
                check_bytes(table, row)
            except DamagedError as error:
                faults.append(str(error).partition(";")[0])
                if len(faults) >= _FAULTS_MAX:
                    return faults
    ends = (
        "SELECT no FROM room LEFT JOIN head ON room_no = no WHERE head.last_seq IS NOT coalesce("
        "(SELECT last_seq FROM block WHERE id > no << ? AND id <= no << ? | ?"
        " ORDER BY id DESC LIMIT 1), 0)"
    )
    rows = db.execute(ends, (SEQ_BITS, SEQ_BITS, SEQ_MASK)).fetchmany(_FAULTS_MAX)
    return faults + [f"the last events of room_no={no} are missing" for (no,) in rows]


def _bad_blocks(db: sqlite3.Connection) -> list[str]:
    faults: list[str] = []
    rooms = {row[0] for row in db.execute("SELECT no FROM room")}
    after, room_no, due, ts = -1, -1, 1, 0
    while len(faults) < _FAULTS_MAX:
        rows = db.execute(
            f"SELECT {BLOCK_COLUMNS} FROM block WHERE id > ? ORDER BY id LIMIT {_PIECE_ROWS}",
            (after,),
        ).fetchall()
        if not rows:
            break
        for row in rows:
            try:
                check_row(*row)
            except DamagedError as error:
                faults.append(str(error).partition(";")[0])
                continue
            place, last_seq, row_ts = row[:3]
            if place >> SEQ_BITS != room_no:
                room_no, due, ts = place >> SEQ_BITS, 1, 0
                if room_no not in rooms and not _is_room(db, room_no):
                    faults.append(f"there are blocks of room_no={room_no}, which is not")
            if place & SEQ_MASK != due or last_seq < due:
                faults.append(f"room_no={room_no} goes on at {place & SEQ_MASK} instead of {due}")
            if row_ts < ts:
                faults.append(f"the time of room_no={room_no} goes back at {place & SEQ_MASK}")
            due, ts = last_seq + 1, row_ts
        after = rows[-1][0]
    return faults


def _is_room(db: sqlite3.Connection, room_no: int) -> bool:
    """Whether the room has been made since the look began."""
    return db.execute("SELECT 1 FROM room WHERE no=?", (room_no,)).fetchone() is not None


def _text(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return " ".join(text.split())
