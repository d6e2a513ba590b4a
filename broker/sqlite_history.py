"""The journal's history in SQLite, read on a connection that cannot write.

What is committed is read while the broker writes; see :mod:`broker.sqlite_journal` for why a
reader must not checkpoint. How a page is made of rows says :mod:`broker.sqlite_blocks`.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broker.journal import Page
from broker.sqlite_blocks import BLOCK_COLUMNS, SEQ_BITS, SEQ_MASK, newest, oldest
from broker.sqlite_errors import telling
from broker.sqlite_journal import BUSY_S
from broker.sqlite_rows import check, check_bytes, select
from protocol.errors import DamagedError, SetupError

_DEVICES_MAX = 10_000
"""Devices of which the person is remembered, some 200 bytes each: that never changes."""


class SqliteHistory:
    """Reads what is committed, on a connection that cannot write. Owned by its thread."""

    def __init__(self, path: Path) -> None:
        """Open the file, which the writer has made, read-only; raise :class:`SetupError`."""
        uri = f"{path.absolute().as_uri()}?mode=ro"
        try:
            self._db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
            self._db.execute("PRAGMA query_only=ON")
            # A flipped bit can make text of bytes: that must not fail before it is checked.
            self._db.text_factory = bytes
        except sqlite3.Error as error:
            raise SetupError(f"{path} cannot be opened for reading ({error}).") from None
        self._rooms: dict[bytes, int] = {}
        self._devices: dict[bytes, tuple[int, int]] = {}
        """Numbers of device and person by the device's key."""

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Read what follows as it was at one moment; see :class:`broker.journal.History`."""
        with telling("the history cannot be read"):
            self._db.execute("BEGIN")
        try:
            yield
        finally:
            if self._db.in_transaction:  # a fault of the disk may have ended it
                with telling("the history cannot be read"):
                    self._db.execute("ROLLBACK")

    def _room_no(self, room: bytes) -> int | None:
        no = self._rooms.get(room)
        if no is None:
            row = self._db.execute(select("room", "WHERE room=?"), (room,)).fetchone()
            if row is None:
                return None
            # The wrong number would be the history of another room.
            check_bytes("room", row)
            no = self._rooms[room] = int(row[0])
        return no

    def read(self, room: bytes, after: int, before: int, limit: int, max_bytes: int) -> Page | None:
        """Return blocks of a range; see :class:`broker.journal.History`."""
        with telling("the history cannot be read"):
            no = self._room_no(room)
            if no is None:
                return None
            base, most = no << SEQ_BITS, (no << SEQ_BITS) | SEQ_MASK
            row = self._db.execute(select("head", "WHERE room_no=?"), (no,)).fetchone()
            if row is None:
                raise DamagedError("the head of a room is missing; restore it from a backup")
            head = check("head", row)[1]
            if before:
                sql = f"SELECT {BLOCK_COLUMNS} FROM block WHERE id > ? AND id < ? ORDER BY id DESC"
                rows = self._db.execute(sql, (base, base | min(before, SEQ_MASK)))
            else:
                # The block that holds after + 1 may begin before it.
                sql = (
                    f"SELECT {BLOCK_COLUMNS} FROM block WHERE id <= ? AND id >= coalesce("
                    "(SELECT id FROM block WHERE id > ? AND id <= ? ORDER BY id DESC LIMIT 1), ?)"
                    " ORDER BY id"
                )
                rows = self._db.execute(sql, (most, base, base | min(after + 1, SEQ_MASK), base))
            # An open cursor would hold the WAL: close it whatever comes.
            with contextlib.closing(rows):
                if before:
                    return newest(rows, head, after, before, limit, max_bytes)
                return oldest(rows, head, after, limit, max_bytes)

    def person_of(self, device: bytes) -> int | None:
        """Return whose device it is, unless one is banned; see :class:`broker.journal.History`."""
        with telling("the history cannot be read"):
            numbers = self._devices.get(device)
            if numbers is None:
                row = self._one("device", "WHERE key=?", device)
                if row is None:
                    return None
                numbers = row[0], row[2]
                if len(self._devices) >= _DEVICES_MAX:
                    self._devices.clear()
                self._devices[device] = numbers
            if self._one("banned_device", "WHERE device_no=?", numbers[0]) is not None:
                return None
            standing = self._one("standing", "WHERE person_no=?", numbers[1])
            return None if standing is not None and standing[2] else numbers[1]

    def is_member(self, person_no: int, room: bytes) -> bool:
        """Whether the person is in the room."""
        with telling("the history cannot be read"):
            no = self._room_no(room)
            where = "WHERE room_no=? AND person_no=?"
            return no is not None and self._one("member", where, no, person_no) is not None

    def _one(self, table: str, where: str, *names: bytes | int) -> tuple[Any, ...] | None:
        """Return a row, checked; a wrong one would open a room."""
        row = self._db.execute(select(table, where), names).fetchone()
        return None if row is None else check(table, row)

    def has_blob(self, room: bytes, sha256: bytes) -> bool:
        """Whether the blob was posted in the room."""
        with telling("the history cannot be read"):
            where = "WHERE room_no=? AND sha256=?"
            no = self._room_no(room)
            return no is not None and self._one("blob", where, no, sha256) is not None

    def close(self) -> None:
        """Close the connection."""
        self._db.close()
