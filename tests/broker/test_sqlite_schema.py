"""Files of an earlier schema are brought up to date whole, and those of a later one are refused."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from broker.journal import (
    AnswerRow,
    Batch,
    BlockRow,
    MarkRow,
    MemberRow,
    PersonRow,
    ProfileRow,
    RoomRow,
    StandingRow,
    WriterRow,
)
from broker.sqlite_history import SqliteHistory
from broker.sqlite_journal import SqliteJournal
from broker.sqlite_rows import COLUMNS, seal
from broker.sqlite_schema import SCHEMA_VERSION
from broker.sqlite_survey import find_faults, opened, survey
from protocol.codes import Role, RoomKind
from protocol.errors import SetupError

SCHEMA_1 = """
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
"""As version 1 of the schema was, word for word: not to be changed with the program."""

SCHEMA_2 = """
CREATE TABLE profile (person_no INTEGER PRIMARY KEY REFERENCES person, colour INTEGER NOT NULL,
    picture BLOB NOT NULL);
CREATE TABLE picture (person_no INTEGER PRIMARY KEY REFERENCES person, data BLOB NOT NULL);
CREATE TABLE mark (room_no INTEGER NOT NULL REFERENCES room,
    person_no INTEGER NOT NULL REFERENCES person, seq INTEGER NOT NULL,
    PRIMARY KEY (room_no, person_no)) WITHOUT ROWID;
"""
"""And what version 2 added to it."""

SCHEMA_3 = """
CREATE TABLE head (room_no INTEGER PRIMARY KEY REFERENCES room, last_seq INTEGER NOT NULL);
ALTER TABLE person ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE room ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE writer ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE answer ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE profile ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mark ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
"""
"""And what version 3 added to that."""

EPOCH = b"epoch-of-old-age"
ROOM = RoomRow(1, b"r" * 16, RoomKind.OPEN, "general", "o:general", 0, 0)
ANN = PersonRow(1, b"ann-ann-", "Ann", "ann")
BLOCK = BlockRow(1, 1, 3, 77, b"three events")
LATER = Batch(
    profiles={1: ProfileRow(1, 3, b"12345678")},
    pictures={1: b"a picture"},
    marks=[MarkRow(1, 1, 2)],
)


OLD = ("person", "room", "member", "block")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as version 1 made and left it, with a room, a person and a block."""
    path = tmp_path / "journal.sqlite3"
    made = SqliteJournal(path)  # for the checksum of the block; its tables are not used
    made.take_over()
    made.append(Batch(people=[ANN], rooms=[ROOM], joined=[MemberRow(1, 1, 1)], blocks=[BLOCK]))
    rows = {
        name: made._db.execute(f"SELECT {columns} FROM {name}").fetchall()
        for name, columns in ((one, COLUMNS.get(one, "*")) for one in OLD)
    }
    made.close()
    path.unlink()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.executescript(SCHEMA_1)
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("epoch", EPOCH), ("term", 41)])
    for name, values in rows.items():
        places = ",".join("?" * len(values[0]))
        db.executemany(f"INSERT INTO {name} VALUES ({places})", values)
    db.execute("PRAGMA user_version=1")
    db.close()
    return path


def version(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    finally:
        db.close()


def test_a_file_of_version_1_is_the_same_journal_and_takes_what_is_new(path: Path) -> None:
    assert version(path) == 1
    for term in (42, 43):
        journal = SqliteJournal(path)
        assert journal.epoch == EPOCH
        assert journal.take_over() == term
        contents = journal.contents()
        assert contents.people == [ANN]
        assert contents.rooms == [ROOM._replace(head=3, last_ts=77)]
        assert contents.members == [MemberRow(1, 1, 1)]
        if term == 42:
            assert (contents.profiles, contents.marks) == ([], [])
            assert journal.picture(1) == b""
            journal.append(LATER)
        journal.close()
    assert contents.profiles == [*LATER.profiles.values()]
    assert contents.marks == LATER.marks
    history = SqliteHistory(path)
    page = history.read(ROOM.room, 0, 0, 10, 1_000)
    history.close()
    assert page is not None and page.blocks == [BLOCK.data]
    assert version(path) == SCHEMA_VERSION


def test_a_file_of_version_2_gets_its_checksums(path: Path) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA_2)
    db.execute("INSERT INTO mark VALUES (1, 1, 2)")
    db.execute("INSERT INTO writer VALUES (7, 1, 1, ?, 3)", (b"outbox-1",))
    db.execute("INSERT INTO answer VALUES (7, 3, 1, 1, 0, '', 'ї')")
    db.execute("PRAGMA user_version=2")
    db.close()
    journal = SqliteJournal(path)
    contents = journal.contents()
    assert (contents.people, contents.marks) == ([ANN], [MarkRow(1, 1, 2)])
    assert contents.rooms == [ROOM._replace(head=3, last_ts=77)]
    assert journal.writer(1, 1, b"outbox-1") == WriterRow(7, 1, 1, b"outbox-1", 3)
    assert list(journal.answers(7, 1, 3)) == [AnswerRow(7, 1, 3, 1, 0, "", "ї")]
    journal.close()
    assert version(path) == SCHEMA_VERSION and version(path.with_name(path.name + ".2")) == 2


def of_version_3(path: Path) -> None:
    """Make of a file of version 1 what version 3 left, with the checksums of its rows."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA_2 + SCHEMA_3)
    for table, row in (
        ("person", ANN),
        ("room", (*ROOM[:2], int(ROOM.kind), *ROOM[3:5])),
        ("member", (1, 1, 1)),
        ("head", (1, 3)),
    ):
        (sealed,) = seal(table, [row])
        db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * len(sealed))})", sealed)
    db.execute("PRAGMA user_version=3")
    db.close()


def test_a_file_of_version_3_gets_the_tables_of_order(path: Path) -> None:
    of_version_3(path)
    with opened(path) as db:
        assert find_faults(db, True, lambda: None) == []
        assert survey(db).owners == 0
    journal = SqliteJournal(path)
    journal.take_over()
    contents = journal.contents()
    assert (contents.people, contents.members) == ([ANN], [MemberRow(1, 1, 1)])
    assert contents.rooms == [ROOM._replace(head=3, last_ts=77)]
    assert (contents.standings, contents.last_audit_no) == ([], 0)
    owner = StandingRow(1, Role.OWNER, False, False, 0)
    journal.append(Batch(standings={1: owner}))
    assert journal.contents().standings == [owner]
    journal.close()
    assert version(path) == SCHEMA_VERSION and version(path.with_name(path.name + ".3")) == 3


@pytest.mark.parametrize("version_before", [1, 3])
def test_an_old_file_and_a_new_one_have_the_same_tables(
    path: Path, tmp_path: Path, version_before: int
) -> None:
    if version_before == 3:
        of_version_3(path)
    found = []
    for one in (path, tmp_path / "new"):
        SqliteJournal(one).close()
        db = sqlite3.connect(one)
        found.append(set(db.execute("SELECT type, name, sql FROM sqlite_schema")))
        db.close()
    assert found[0] == found[1]


def test_a_file_that_cannot_be_brought_up_to_date_stays_as_it_is(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mark (something)")
    db.commit()
    db.close()
    with pytest.raises(SetupError):
        SqliteJournal(path)
    db = sqlite3.connect(path)
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    db.close()
    assert "profile" not in names and version(path) == 1


def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    SqliteJournal(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(SetupError, match=f"version {SCHEMA_VERSION + 1}"):
        SqliteJournal(path)


COPY = "journal.sqlite3.1"
_KILLED = """
import os, sys
from pathlib import Path
from broker import sqlite_schema
from broker.sqlite_journal import SqliteJournal
def kill(*_):
    os._exit(77)
if sys.argv[2] == "before":
    os.replace = kill
else:
    sqlite_schema.log.info = kill
SqliteJournal(Path(sys.argv[1]))
"""


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    db = sqlite3.connect(path)
    try:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE sql > ''")]
        return {one: db.execute(f"SELECT * FROM {one}").fetchall() for one in names}
    finally:
        db.close()


def test_a_copy_is_made_before_a_file_is_brought_up_to_date(path: Path) -> None:
    before = everything(path)
    SqliteJournal(path).close()
    copy = path.with_name(COPY)
    assert version(path) == SCHEMA_VERSION and version(copy) == 1
    assert everything(copy) == before
    if os.name == "posix":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    stamp = copy.stat()
    SqliteJournal(path).close()
    assert copy.stat() == stamp, "a file that is up to date is not copied"
    # The copy is one file, without a WAL, and can be put back as it is.
    assert sorted(one.name for one in path.parent.iterdir()) == [path.name, COPY]
    shutil.copy(copy, path)
    journal = SqliteJournal(path)
    assert journal.epoch == EPOCH
    journal.close()


def test_a_new_file_is_not_copied(tmp_path: Path) -> None:
    SqliteJournal(tmp_path / "journal.sqlite3").close()
    assert [one.name for one in tmp_path.iterdir()] == ["journal.sqlite3"]


def test_without_room_for_the_copy_nothing_is_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(path)
    full = shutil._ntuple_diskusage(1 << 40, 1 << 40, 1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(SetupError, match="not enough room"):
        SqliteJournal(path)
    monkeypatch.undo()
    assert everything(path) == before and version(path) == 1
    assert not path.with_name(COPY).exists()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_copy_and_upgrade_nothing_is_lost(path: Path, moment: str) -> None:
    before = everything(path)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path), moment],
        cwd=Path(__file__).parents[2],
        timeout=60,
    )
    assert done.returncode == 77
    copy = path.with_name(COPY)
    assert copy.exists() is (moment == "after")
    assert version(path) == 1 and everything(path) == before
    SqliteJournal(path).close()
    assert version(path) == SCHEMA_VERSION
    assert version(copy) == 1 and everything(copy) == before
    assert not path.with_name("journal.sqlite3.part").exists()
