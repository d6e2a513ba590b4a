"""The tables of the client's file, and how a file of an older version gets those of this one.

Before a file is changed to another version, a copy of it is put beside it, whole or not at all.
The change itself is one transaction. Owned by the store.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from protocol.client.catalogue import SCHEMA as CATALOGUE
from protocol.client.catalogue import Catalogue
from protocol.errors import SetupError

VERSION: Final = 3

_FIRST = """
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

_SECOND = f"""
ALTER TABLE person ADD COLUMN colour INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person ADD COLUMN picture BLOB NOT NULL DEFAULT x'';
CREATE TABLE upload (
    number INTEGER PRIMARY KEY, room BLOB NOT NULL, kind INTEGER NOT NULL, path TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, caption TEXT NOT NULL,
    reply INTEGER NOT NULL, shrink INTEGER NOT NULL
);
{CATALOGUE}
"""
"""What version 2 added to version 1. Version 3 puts removals into them too."""


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older version up to date.

    Raises :class:`SetupError` if the file is of a newer version or cannot be copied, and
    ``sqlite3.Error``.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise SetupError(f"{path} was written by a newer version of this program: update it")
    if version == VERSION:
        return
    if version:
        copy_whole(db, path.with_name(f"{path.name}.{version}"))
    db.execute("BEGIN IMMEDIATE")
    try:
        if version == 0:
            _run(db, _FIRST)
            db.execute("INSERT INTO meta VALUES ('outbox_epoch', ?)", (os.urandom(8),))
        if version < 2:
            _run(db, _SECOND)
            Catalogue(db).fill()
        else:
            Catalogue(db).find_removals()
        db.execute(f"PRAGMA user_version={VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _run(db: sqlite3.Connection, script: str) -> None:
    # Not executescript, which would commit what has begun.
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)


def copy_whole(db: sqlite3.Connection, path: Path) -> None:
    """Make ``path`` a copy of the database, whole or not at all; what was there is replaced.

    Raises :class:`SetupError` and ``sqlite3.Error``; nothing of the copy is left then.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            copy = sqlite3.connect(part)
            try:
                db.backup(copy)
            finally:
                copy.close()
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None
