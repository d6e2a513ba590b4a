"""The tables of the journal in SQLite: made in a new file, brought up to date in an older one.

Before a file is brought up to date, a copy of it is put beside it, whole or not at all:
``journal.sqlite3.1`` is what version 1 of the schema left. Called by whoever owns the
connection, before anything else is done with it.
"""

import logging
import os
import sqlite3
from pathlib import Path

from broker.durable import check_room, sync_file, sync_folder
from broker.sqlite_blocks import SEQ_BITS, SEQ_MASK
from broker.sqlite_rows import SEALED_SINCE, seal_all, tables
from protocol.errors import SetupError

log = logging.getLogger("journal")

SCHEMA_VERSION = 4
"""1: until there were profiles and marks. 2: until every row had a checksum. 3: until there were
roles and order. Such files are brought up to date at their opening."""

_SCHEMA_1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE person (no INTEGER PRIMARY KEY, person BLOB NOT NULL UNIQUE, nick TEXT NOT NULL,
    skeleton TEXT NOT NULL UNIQUE);
CREATE TABLE device (no INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,
    person_no INTEGER NOT NULL REFERENCES person);
CREATE TABLE room (no INTEGER PRIMARY KEY, room BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,
    name TEXT NOT NULL, handle TEXT NOT NULL UNIQUE);
CREATE TABLE member (room_no INTEGER NOT NULL REFERENCES room,
    person_no INTEGER NOT NULL REFERENCES person, joined INTEGER NOT NULL,
    PRIMARY KEY (room_no, person_no)) WITHOUT ROWID;
CREATE TABLE block (id INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, ts INTEGER NOT NULL,
    crc INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE writer (no INTEGER PRIMARY KEY, room_no INTEGER NOT NULL, device_no INTEGER NOT NULL,
    outbox_epoch BLOB NOT NULL, last_n INTEGER NOT NULL,
    UNIQUE (room_no, device_no, outbox_epoch));
CREATE TABLE answer (writer_no INTEGER NOT NULL, last_n INTEGER NOT NULL, first_n INTEGER NOT NULL,
    first_seq INTEGER NOT NULL, code INTEGER NOT NULL, field TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (writer_no, last_n)) WITHOUT ROWID;
CREATE TABLE blob (room_no INTEGER NOT NULL, sha256 BLOB NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (room_no, sha256)) WITHOUT ROWID;
CREATE TABLE token (digest BLOB PRIMARY KEY, person_no INTEGER NOT NULL,
    expires_ts INTEGER NOT NULL) WITHOUT ROWID;
"""
_SCHEMA_2 = """
CREATE TABLE profile (person_no INTEGER PRIMARY KEY REFERENCES person, colour INTEGER NOT NULL,
    picture BLOB NOT NULL);
CREATE TABLE picture (person_no INTEGER PRIMARY KEY REFERENCES person, data BLOB NOT NULL);
CREATE TABLE mark (room_no INTEGER NOT NULL REFERENCES room,
    person_no INTEGER NOT NULL REFERENCES person, seq INTEGER NOT NULL,
    PRIMARY KEY (room_no, person_no)) WITHOUT ROWID;
"""
_SCHEMA_3 = "".join(
    [
        "CREATE TABLE head (room_no INTEGER PRIMARY KEY REFERENCES room,",
        " last_seq INTEGER NOT NULL);",
        *(
            f"ALTER TABLE {table} ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;"
            for table in tables(SEALED_SINCE)
        ),
    ]
)
_SCHEMA_4 = """
CREATE TABLE standing (person_no INTEGER PRIMARY KEY REFERENCES person, role INTEGER NOT NULL,
    banned INTEGER NOT NULL, nick_locked INTEGER NOT NULL, muted_until INTEGER NOT NULL,
    crc INTEGER NOT NULL);
CREATE TABLE room_standing (room_no INTEGER NOT NULL REFERENCES room,
    person_no INTEGER NOT NULL REFERENCES person, role INTEGER NOT NULL, banned INTEGER NOT NULL,
    muted_until INTEGER NOT NULL, crc INTEGER NOT NULL,
    PRIMARY KEY (room_no, person_no)) WITHOUT ROWID;
CREATE TABLE rules (room_no INTEGER PRIMARY KEY REFERENCES room, paused INTEGER NOT NULL,
    announce INTEGER NOT NULL, slow_s INTEGER NOT NULL, direct INTEGER NOT NULL,
    crc INTEGER NOT NULL);
CREATE TABLE banned_device (device_no INTEGER PRIMARY KEY REFERENCES device,
    crc INTEGER NOT NULL);
CREATE TABLE audit (no INTEGER PRIMARY KEY, ts INTEGER NOT NULL, actor_no INTEGER NOT NULL,
    actor_nick TEXT NOT NULL, act INTEGER NOT NULL, person_no INTEGER NOT NULL, nick TEXT NOT NULL,
    value INTEGER NOT NULL, text TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE invite (id TEXT PRIMARY KEY, uses INTEGER NOT NULL, crc INTEGER NOT NULL)
    WITHOUT ROWID;
"""
_STEPS = {1: _SCHEMA_1, 2: _SCHEMA_2, 3: _SCHEMA_3, 4: _SCHEMA_4}
"""What each version added. An older program refuses the file then, and says so."""


def bring_up(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or those that are missing; raise :class:`SetupError` for a newer file.

    Whole or not at all: the version is part of the transaction. A file of an earlier version is
    copied first; without room for that it stays as it is.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    missing = "".join(step for number, step in _STEPS.items() if number > version)
    if version == 0:
        db.executescript("BEGIN IMMEDIATE;" + missing)
        rows = [("epoch", os.urandom(16)), ("term", 0)]
        db.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    elif version < SCHEMA_VERSION:
        _copy(db, path, version)
        db.executescript("BEGIN IMMEDIATE;" + missing)
        if version < SEALED_SINCE:
            db.execute(
                "INSERT INTO head (room_no, last_seq) SELECT no, coalesce((SELECT last_seq FROM"
                " block WHERE id > no << ? AND id <= no << ? | ? ORDER BY id DESC LIMIT 1), 0)"
                " FROM room",
                (SEQ_BITS, SEQ_BITS, SEQ_MASK),
            )
            seal_all(db)
    else:
        raise SetupError(
            f"{path} has schema version {version} and this program knows "
            f"{SCHEMA_VERSION}. Use the version of Zviazok that made it."
        )
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    db.execute("COMMIT")


def _copy(db: sqlite3.Connection, path: Path, version: int) -> None:
    """Put a copy of the file beside it; one of an earlier try is replaced."""
    kept = path.with_name(f"{path.name}.{version}")
    part = path.with_name(f"{path.name}.part")
    pages, page_bytes = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")
    )
    try:
        # A quarter more: the upgrade itself writes into the log.
        need_bytes = pages * page_bytes * 5 // 4
        check_room(path.parent, need_bytes, f"for the copy of {path} before its upgrade")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        copy = sqlite3.connect(part, isolation_level=None)
        try:
            # Synced below, before it gets its name: until then it needs no journal of its own.
            copy.execute("PRAGMA journal_mode=OFF")
            copy.execute("PRAGMA synchronous=OFF")
            db.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            copy.close()
        sync_file(part)
        os.replace(part, kept)
        sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise
        raise SetupError(
            f"{path} must be copied before its upgrade, and cannot: {error.strerror}. "
            "Nothing was changed."
        ) from None
    log.info("journal_copied_before_upgrade schema=%d copy=%s", version, kept.name)
