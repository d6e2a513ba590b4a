"""The tables of the journal in SQLite: made in a new file, brought up to date in an older one.

Called by whoever owns the connection, before anything else is done with it.
"""

import os
import sqlite3
from pathlib import Path

from protocol.errors import SetupError

SCHEMA_VERSION = 2
"""1: until there were profiles and marks; such a file is brought up to date at its opening."""

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
"""What version 2 added. An older program refuses the file then, and says so."""


def bring_up(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or those that are missing; raise :class:`SetupError` for a newer file.

    Whole or not at all: the version is part of the transaction.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version == 0:
        db.executescript("BEGIN IMMEDIATE;" + _SCHEMA_1 + _SCHEMA_2)
        rows = [("epoch", os.urandom(16)), ("term", 0)]
        db.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    elif version == 1:
        db.executescript("BEGIN IMMEDIATE;" + _SCHEMA_2)
    else:
        raise SetupError(
            f"{path} has schema version {version} and this program knows "
            f"{SCHEMA_VERSION}. Use the version of Zviazok that made it."
        )
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    db.execute("COMMIT")
