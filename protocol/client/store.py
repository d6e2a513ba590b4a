"""What a client keeps on disk: its outbox, its rooms and their events, in one SQLite file.

A drain's operations become one transaction (WAL, ``synchronous=FULL``), events together with
the interval that they extend, so the file never holds a hole that it does not know.
Applying twice is the same as once. One connection; owned by the client's network
thread once the client has started.
"""

import logging
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgpack

from protocol.blocks import Event
from protocol.client.operations import (
    Apply,
    DropEvents,
    DropRoom,
    Enqueue,
    Fail,
    Members,
    Operation,
    OutboxRow,
    PutAddresses,
    PutMe,
    PutPeople,
    PutRoom,
    Renumber,
    RoomRow,
    Settle,
    Snapshot,
)
from protocol.codes import RoomKind
from protocol.errors import SetupError

log = logging.getLogger("store")

SCHEMA_VERSION = 1
FAILED_MAX = 100
"""Refused messages that are kept to be shown; older ones go."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE room (
    place INTEGER PRIMARY KEY, room BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,
    name TEXT NOT NULL, members BLOB NOT NULL, epoch BLOB NOT NULL, head INTEGER NOT NULL,
    low INTEGER NOT NULL DEFAULT -1, high INTEGER NOT NULL DEFAULT -1
);
CREATE TABLE event (
    room BLOB NOT NULL, seq INTEGER NOT NULL, ts INTEGER NOT NULL, person BLOB NOT NULL,
    nick TEXT NOT NULL, device BLOB NOT NULL, outbox_epoch BLOB NOT NULL, n INTEGER NOT NULL,
    item BLOB NOT NULL, PRIMARY KEY (room, seq)
) WITHOUT ROWID;
CREATE TABLE counter (
    room BLOB PRIMARY KEY, outbox_epoch BLOB NOT NULL, next_n INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, room BLOB NOT NULL, outbox_epoch BLOB NOT NULL,
    n INTEGER NOT NULL, item BLOB NOT NULL, code INTEGER NOT NULL DEFAULT 0,
    field TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
    UNIQUE (room, outbox_epoch, n)
);
CREATE TABLE person (person BLOB PRIMARY KEY, nick TEXT NOT NULL) WITHOUT ROWID;
"""

_APPLY = "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Store:
    """The file; every method raises :class:`SetupError` with one line if the disk fails."""

    def __init__(self, path: Path) -> None:
        """Open or make the file."""
        self._path = path
        try:
            # Made by one thread and then used by another, never by two at a time.
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._db.close()
            raise self._trouble(error) from None
        except SetupError:
            self._db.close()
            raise

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            raise SetupError(
                f"{self._path} was written by a newer version of this program: update it"
            )
        if version == 0:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
            db.execute("INSERT INTO meta VALUES ('outbox_epoch', ?)", (os.urandom(8),))
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("malformed")

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    # --- writing ----------------------------------------------------------------------------

    def apply(self, operations: Sequence[Operation]) -> None:
        """Carry the operations out in one durable transaction, or none of them."""
        if not operations:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for operation in operations:
                    self._one(operation)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def _one(self, operation: Operation) -> None:
        run = self._db.execute
        match operation:
            case Apply(room, epoch, events, low, high, head):
                self._db.executemany(_APPLY, [(room, *event) for event in events])
                sql = "UPDATE room SET low = ?, high = ?, head = ? WHERE room = ? AND epoch = ?"
                run(sql, (low, high, head, room, epoch))
            case Enqueue(room, outbox_epoch, n, item):
                sql = "INSERT INTO outbox (room, outbox_epoch, n, item) VALUES (?, ?, ?, ?)"
                run(sql, (room, outbox_epoch, n, item))
                run("REPLACE INTO counter VALUES (?, ?, ?)", (room, outbox_epoch, n + 1))
            case Settle(room, outbox_epoch, counters):
                sql = "DELETE FROM outbox WHERE room = ? AND outbox_epoch = ? AND n = ?"
                self._db.executemany(sql, [(room, outbox_epoch, n) for n in counters])
            case Fail(room, outbox_epoch, counters, code, field, text):
                sql = (
                    "UPDATE outbox SET code = ?, field = ?, text = ?"
                    " WHERE room = ? AND outbox_epoch = ? AND n = ?"
                )
                rows = [(code, field, text, room, outbox_epoch, n) for n in counters]
                self._db.executemany(sql, rows)
                run(
                    "DELETE FROM outbox WHERE code > 0 AND id NOT IN"
                    " (SELECT id FROM outbox WHERE code > 0 ORDER BY id DESC LIMIT ?)",
                    (FAILED_MAX,),
                )
            case Renumber(room, outbox_epoch):
                run("REPLACE INTO counter VALUES (?, ?, 1)", (room, outbox_epoch))
            case PutRoom(room, kind, name, members, epoch, head):
                sql = (
                    "INSERT INTO room (room, kind, name, members, epoch, head)"
                    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room) DO UPDATE SET"
                    " kind = excluded.kind, name = excluded.name, members = excluded.members,"
                    " epoch = excluded.epoch, head = excluded.head"
                )
                run(sql, (room, int(kind), name, msgpack.packb(members), epoch, head))
            case DropEvents(room):
                run("DELETE FROM event WHERE room = ?", (room,))
                run("UPDATE room SET low = -1, high = -1 WHERE room = ?", (room,))
            case DropRoom(room):
                run("DELETE FROM event WHERE room = ?", (room,))
                run("DELETE FROM room WHERE room = ?", (room,))
            case PutMe(person, nick, server):
                self._put("person", person)
                self._put("nick", nick.encode())
                self._put("server", server.encode())
            case PutAddresses(addresses):
                self._put("addresses", msgpack.packb(addresses))
            case PutPeople(people):
                self._db.executemany("REPLACE INTO person VALUES (?, ?)", people)

    def _put(self, name: str, value: bytes) -> None:
        self._db.execute("REPLACE INTO meta VALUES (?, ?)", (name, value))

    # --- reading ----------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Read all that a session needs to know from the last time."""
        try:
            run = self._db.execute
            meta: dict[str, bytes] = dict(run("SELECT name, value FROM meta"))
            columns = "room, kind, name, members, epoch, head, low, high"
            rooms = [
                RoomRow(room, RoomKind(kind), name, _members(members), *rest)
                for room, kind, name, members, *rest in run(
                    f"SELECT {columns} FROM room ORDER BY place"
                )
            ]
            columns = "room, outbox_epoch, n, item, code, field, text"
            outbox = [OutboxRow(*row) for row in run(f"SELECT {columns} FROM outbox ORDER BY id")]
            counters = {
                room: (outbox_epoch, next_n)
                for room, outbox_epoch, next_n in run("SELECT * FROM counter")
            }
            people = tuple(run("SELECT person, nick FROM person").fetchall())
            return Snapshot(
                meta["outbox_epoch"],
                meta.get("person", b""),
                meta.get("nick", b"").decode(),
                meta.get("server", b"").decode(),
                tuple(msgpack.unpackb(meta.get("addresses", b"\x90"))),
                tuple(rooms),
                tuple(outbox),
                counters,
                people,
            )
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        except (ValueError, KeyError, TypeError):
            raise self._trouble(sqlite3.DatabaseError("malformed")) from None

    def before(self, room: bytes, before: int, low: int, limit: int) -> list[Event]:
        """Return the last ``limit`` events of ``low < seq < before``, ascending."""
        sql = (
            "SELECT seq, ts, person, nick, device, outbox_epoch, n, item FROM event"
            " WHERE room = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        )
        try:
            rows = self._db.execute(sql, (room, low, before, limit)).fetchall()
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        return [Event(*row) for row in reversed(rows)]

    def _trouble(self, error: sqlite3.Error) -> SetupError:
        words = str(error)
        log.error("failed error=%s", type(error).__name__)
        if "full" in words:
            return SetupError(f"the disk is full: {self._path} cannot be written; make room")
        if "malformed" in words or "not a database" in words:
            return SetupError(
                f"{self._path} is damaged: move it away and start again; messages that the "
                "server has will come back"
            )
        return SetupError(f"{self._path} cannot be used: {words}")


def _members(data: bytes) -> Members:
    rows: list[list[Any]] = msgpack.unpackb(data)
    return tuple((person, nick) for person, nick in rows)
