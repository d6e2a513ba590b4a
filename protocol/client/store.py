"""What a client keeps on disk: its outbox, its rooms and their events, in one SQLite file.

A drain's operations become one transaction (WAL, ``synchronous=FULL``), events together with
the interval that they extend and with the :class:`Catalogue` of them, so the file never
holds a hole that it does not know. Applying twice is the same as once. One connection that
writes; owned by the client's network thread once the client has started. Others may read.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import msgpack

from protocol.blocks import Event
from protocol.client.catalogue import EVENT_COLUMNS, Catalogue
from protocol.client.operations import (
    Apply,
    Discard,
    DropEvents,
    DropRoom,
    DropUpload,
    Enqueue,
    Fail,
    Members,
    Operation,
    OutboxRow,
    PersonRow,
    PutAddresses,
    PutMe,
    PutPeople,
    PutRoom,
    PutUpload,
    Renumber,
    RoomRow,
    Settle,
    Snapshot,
    UploadRow,
)
from protocol.client.overlay import Change
from protocol.client.schema import copy_whole, prepare
from protocol.codes import RoomKind
from protocol.errors import DiskFullError, SetupError

log = logging.getLogger("store")

FAILED_MAX = 100
"""Refused messages that are kept to be shown; older ones go."""

ASIDE_MAX = 3
"""Copies of the file from before restores of the server; older ones go."""

_LEFT = 0
"""The kind of a room that one has left, until all that is kept of it is deleted."""

_SLICE_EVENTS = 1_000
"""Deleted in one transaction: some 10 ms of the network thread."""

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
        self._catalogue = Catalogue(self._db)

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        prepare(db, self._path)
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
                sql = (
                    "UPDATE room SET low = ?, high = ?, head = ? WHERE room = ? AND epoch = ?"
                    " RETURNING place"
                )
                place = run(sql, (low, high, head, room, epoch)).fetchone()
                if place is not None:
                    self._db.executemany(_APPLY, [(room, *event) for event in events])
                    self._catalogue.applied(room, place[0], events)
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
            case Discard(room, outbox_epoch, n):
                sql = (
                    "DELETE FROM outbox WHERE room = ? AND outbox_epoch = ? AND n = ? AND code > 0"
                )
                run(sql, (room, outbox_epoch, n))
            case Renumber(room, outbox_epoch):
                run("REPLACE INTO counter VALUES (?, ?, 1)", (room, outbox_epoch))
            case PutRoom(room, kind, name, members, epoch, head):
                if run(f"SELECT 1 FROM room WHERE room = ? AND kind = {_LEFT}", (room,)).fetchone():
                    self._drop_events(room)  # one has come back before all of it was gone
                    run("DELETE FROM room WHERE room = ?", (room,))
                sql = (
                    "INSERT INTO room (room, kind, name, members, epoch, head)"
                    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (room) DO UPDATE SET"
                    " kind = excluded.kind, name = excluded.name, members = excluded.members,"
                    " epoch = excluded.epoch, head = excluded.head"
                )
                run(sql, (room, int(kind), name, msgpack.packb(members), epoch, head))
            case DropEvents(room):
                self._drop_events(room)
                run("UPDATE room SET low = -1, high = -1 WHERE room = ?", (room,))
            case DropRoom(room):
                run(f"UPDATE room SET kind = {_LEFT} WHERE room = ?", (room,))
            case PutMe(person, nick, server):
                self._put("person", person)
                self._put("nick", nick.encode())
                self._put("server", server.encode())
            case PutAddresses(addresses):
                self._put("addresses", msgpack.packb(addresses))
            case PutPeople(people):
                self._db.executemany("REPLACE INTO person VALUES (?, ?, ?, ?)", people)
            case PutUpload(row):
                # A path need not be Unicode, and SQLite takes no other text.
                number, at, kind, path, *rest = astuple(row)
                values = (number, at, kind, os.fsencode(path), *rest)
                run("REPLACE INTO upload VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            case DropUpload(number):
                run("DELETE FROM upload WHERE number = ?", (number,))

    def tidy(self) -> bool:
        """Delete a slice of a room that one has left, durably; False: there is nothing left."""
        try:
            sql = f"SELECT room, place FROM room WHERE kind = {_LEFT} LIMIT 1"
            row = self._db.execute(sql).fetchone()
            if row is None:
                return False
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._tidy(*row)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        return True

    def _tidy(self, room: bytes, place: int) -> None:
        run = self._db.execute
        sql = "SELECT seq FROM event WHERE room = ? ORDER BY seq LIMIT 1 OFFSET ?"
        row = run(sql, (room, _SLICE_EVENTS)).fetchone()
        if row is None:
            self._drop_events(room)
            run("DELETE FROM room WHERE room = ?", (room,))
        else:
            self._catalogue.forget(room, place, row[0])
            run("DELETE FROM event WHERE room = ? AND seq < ?", (room, row[0]))

    def _drop_events(self, room: bytes) -> None:
        row = self._db.execute("SELECT place FROM room WHERE room = ?", (room,)).fetchone()
        if row is not None:
            self._catalogue.forget(room, row[0])
        self._db.execute("DELETE FROM event WHERE room = ?", (room,))

    def _put(self, name: str, value: bytes) -> None:
        self._db.execute("REPLACE INTO meta VALUES (?, ?)", (name, value))

    def put_aside(self, stamp: str) -> Path | None:
        """Copy the file beside itself before its rooms are read anew; None: it holds no events.

        ``stamp`` sorts by time and is part of the name. The newest ASIDE_MAX copies are kept.
        """
        path = self._path.with_name(f"{self._path.stem}.before-restore-{stamp}.sqlite3")
        try:
            if self._db.execute("SELECT 1 FROM event LIMIT 1").fetchone() is None:
                return None
            self._need_room()
            copy_whole(self._db, path)
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        copies = sorted(path.parent.glob(f"{self._path.stem}.before-restore-*.sqlite3"))
        for old in copies[:-ASIDE_MAX]:
            with contextlib.suppress(OSError):
                if old != path:  # a clock that was set back makes it the oldest
                    old.unlink()
        return path

    def _need_room(self) -> None:
        """Raise :class:`DiskFullError` before a copy fills the disk up, every few seconds anew."""
        pages, page_bytes = (
            int(self._db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "page_size")
        )
        try:
            free = shutil.disk_usage(self._path.parent).free
        except OSError:  # a file system that does not say
            return
        if free < pages * page_bytes:
            raise DiskFullError(f"the disk is full: {self._path} cannot be copied; make room")

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
                    f"SELECT {columns} FROM room WHERE kind <> {_LEFT} ORDER BY place"
                )
            ]
            columns = "room, outbox_epoch, n, item, code, field, text"
            outbox = [OutboxRow(*row) for row in run(f"SELECT {columns} FROM outbox ORDER BY id")]
            counters = {
                room: (outbox_epoch, next_n)
                for room, outbox_epoch, next_n in run("SELECT * FROM counter")
            }
            columns = "person, nick, colour, picture"
            people = tuple(PersonRow(*row) for row in run(f"SELECT {columns} FROM person"))
            columns = "number, room, kind, path, size, mtime_ns, caption, reply, shrink"
            uploads = tuple(
                replace(UploadRow(*row), path=os.fsdecode(row[3]), shrink=bool(row[-1]))
                for row in run(f"SELECT {columns} FROM upload ORDER BY number")
            )
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
                uploads,
            )
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        except (ValueError, KeyError, TypeError):
            raise self._trouble(sqlite3.DatabaseError("malformed")) from None

    def events(
        self, room: bytes, after: int, before: int, limit: int, newest: bool = True
    ) -> list[Event]:
        """Return events of ``after < seq < before``, ascending.

        They are at most ``limit``: the last ones if ``newest``, else the first ones.
        """
        sql = (
            f"SELECT {EVENT_COLUMNS} FROM event WHERE room = ? AND seq > ? AND seq < ?"
            f" ORDER BY seq {'DESC' if newest else 'ASC'} LIMIT ?"
        )
        try:
            rows = self._db.execute(sql, (room, after, before, limit)).fetchall()
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        if newest:
            rows.reverse()
        return [Event(*row) for row in rows]

    def changes(self, room: bytes, first: int, last: int) -> list[Change]:
        """Return what changes the messages ``first <= seq <= last``, for ``overlay.fold``."""
        try:
            return self._catalogue.changes(room, first, last)
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def refused(self, room: bytes, n: int) -> OutboxRow | None:
        """Return a refused message, the newest of this counter."""
        sql = (
            "SELECT room, outbox_epoch, n, item, code, field, text FROM outbox"
            " WHERE room = ? AND n = ? AND code > 0 ORDER BY id DESC LIMIT 1"
        )
        try:
            row = self._db.execute(sql, (room, n)).fetchone()
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        return None if row is None else OutboxRow(*row)

    def _trouble(self, error: sqlite3.Error) -> SetupError:
        words = str(error)
        log.error("failed error=%s", type(error).__name__)
        if "full" in words:
            return DiskFullError(f"the disk is full: {self._path} cannot be written; make room")
        if "malformed" in words or "not a database" in words:
            return SetupError(
                f"{self._path} is damaged: move it away and start again; messages that the "
                "server has will come back"
            )
        return SetupError(f"{self._path} cannot be used: {words}")


def _members(data: bytes) -> Members:
    rows: list[list[Any]] = msgpack.unpackb(data)
    return tuple((person, nick) for person, nick in rows)
