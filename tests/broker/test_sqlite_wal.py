"""The log of SQLite: commits behind damage are found, and a journal that hides some is refused."""

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from broker.journal import Batch, BlockRow, RoomRow
from broker.sqlite_journal import SqliteJournal
from broker.sqlite_wal import hides_commits
from broker.witness import Heads, Witness
from protocol.codes import RoomKind
from protocol.errors import DamagedError

ROOM = b"r" * 16
EVENTS = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder as a broker that was killed leaves it: all commits are in the log."""
    made, left = tmp_path / "made", tmp_path / "left"
    made.mkdir()
    journal, witness = SqliteJournal(made / "journal"), Witness(made / "heads")
    witness.confirm(journal)
    journal.take_over()
    journal.append(Batch(rooms=[RoomRow(1, ROOM, RoomKind.OPEN, "general", "o:general", 0, 0)]))
    for seq in range(1, EVENTS + 1):
        journal.append(Batch(blocks=[BlockRow(1, seq, seq, seq, b"%d" % seq * 99)]))
        witness.note({ROOM: seq})
    shutil.copytree(made, left)
    journal.close()
    witness.close()
    return left


def wal(folder: Path) -> Path:
    return folder / "journal-wal"


def head(folder: Path) -> int:
    """Open the journal as a broker does; return the head of its room."""
    seen = Witness(folder / "heads").read()
    assert seen is not None and seen.heads == {ROOM: EVENTS}
    journal = SqliteJournal(folder / "journal", seen)
    try:
        return journal.heads()[ROOM]
    finally:
        journal.close()


def test_a_log_that_is_whole_hides_nothing(folder: Path) -> None:
    assert not hides_commits(wal(folder))
    assert not hides_commits(folder / "no such file")
    assert head(folder) == EVENTS


def test_a_flip_anywhere_in_the_log_is_found_and_the_journal_refused(folder: Path) -> None:
    whole, dice = wal(folder).read_bytes(), random.Random(3)
    kept = {one.name: one.read_bytes() for one in folder.iterdir()}
    for _ in range(60):
        place = dice.randrange(32, len(whole))
        bad = bytearray(whole)
        bad[place] ^= 1 << dice.randrange(8)
        wal(folder).write_bytes(bad)
        assert hides_commits(wal(folder))
        with pytest.raises(DamagedError, match="-wal is damaged"):
            head(folder)
        assert wal(folder).read_bytes() == bad, "nothing is cleaned up"
        for name, data in kept.items():
            (folder / name).write_bytes(data)
    assert head(folder) == EVENTS


def test_a_log_that_is_torn_in_its_last_commit_is_refused(folder: Path) -> None:
    whole = wal(folder).read_bytes()
    wal(folder).write_bytes(whole[:-100])
    with pytest.raises(DamagedError):
        head(folder)


def test_a_commit_that_nobody_was_told_of_may_be_torn(folder: Path) -> None:
    seen = Heads(Witness(folder / "heads").read().epoch, {ROOM: EVENTS - 1})  # type: ignore[union-attr]
    whole = wal(folder).read_bytes()
    wal(folder).write_bytes(whole[:-100])
    journal = SqliteJournal(folder / "journal", seen)
    assert journal.heads()[ROOM] == EVENTS - 1
    journal.close()


def test_frames_of_an_earlier_log_are_none_of_this_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("CREATE TABLE one (data)")
    for _ in range(20):
        db.execute("INSERT INTO one VALUES (randomblob(3000))")
    db.execute("PRAGMA wal_checkpoint(RESTART)")
    db.execute("INSERT INTO one VALUES (1)")
    assert not hides_commits(tmp_path / "file-wal")
    db.close()
