"""What a journal holds, and every kind of damage that is told from soundness."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.sqlite_survey import find_faults, opened, survey
from broker.upkeep.manifest import JOURNAL_FILE
from protocol.errors import DamagedError, JournalError, SetupError
from tests.broker.upkeep.datafolder import FIRST_MS, PICTURES, ROOMS, DataFolder, flip, look


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataFolder]:
    one = DataFolder(tmp_path / "data")
    yield one
    one.close()


def faults(folder: Path, full: bool = True) -> list[str]:
    with opened(folder / JOURNAL_FILE) as db:
        return find_faults(db, full, lambda: None)


def rewrite(data: DataFolder, sql: str) -> None:
    data.close()
    db = sqlite3.connect(data.path / JOURNAL_FILE)
    with db:
        assert db.execute(sql).rowcount == 1
    db.close()


def test_a_sound_journal(data: DataFolder) -> None:
    found = look(data.path)
    assert found.heads == {ROOMS[0]: 10, ROOMS[1]: 3, ROOMS[2]: 0}
    assert found.epoch == data.journal.epoch and found.term == 1
    assert found.people == {b"person-1", b"person-2"} and len(found.devices) == 2
    assert sorted(found.blobs.values()) == sorted(map(len, PICTURES))
    assert found.events == 13 and found.newest_ts == FIRST_MS + 9
    assert faults(data.path) == faults(data.path, full=False) == []


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE block SET data=x'00' WHERE id=(1<<40)+3", "room_no=1 seq=3 is not what was"),
        ("UPDATE block SET ts=ts+1 WHERE id=(1<<40)+3", "room_no=1 seq=3 is not what was"),
        ("DELETE FROM block WHERE id=(1<<40)+3", "room_no=1 goes on at 5 instead of 3"),
        ("DELETE FROM block WHERE id=(2<<40)+1", "room_no=2 goes on at 3 instead of 1"),
        ("DELETE FROM room WHERE no=2", "blocks of room_no=2, which is not"),
        ("DELETE FROM person WHERE no=2", "names a row of person that is not"),
        ("DELETE FROM head WHERE room_no=2", "the last events of room_no=2 are missing"),
    ],
)
def test_what_is_damaged_is_found_by_a_full_look(data: DataFolder, sql: str, says: str) -> None:
    rewrite(data, sql)
    assert faults(data.path, full=False) == []
    assert any(says in one for one in faults(data.path)), faults(data.path)


def test_a_damaged_head_is_found_at_once(data: DataFolder) -> None:
    rewrite(data, "UPDATE block SET last_seq=99 WHERE id=(1<<40)+9")
    with pytest.raises(DamagedError):
        look(data.path)


def test_a_flipped_bit_anywhere_is_found_or_does_not_matter(data: DataFolder) -> None:
    data.close()
    path = data.path / JOURNAL_FILE
    whole = look(data.path)
    for place in range(100, path.stat().st_size, 997):
        flip(path, place)
        try:
            sound = not faults(data.path) and look(data.path) == whole
        except (JournalError, SetupError):
            sound = False
        flip(path, place)
        if sound:
            # What nobody reads: free space in a page. Everything that is stored is as it was.
            assert look(data.path) == whole


def test_what_is_no_journal_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is a long letter to a friend of mine" * 100)
    sqlite3.connect(tmp_path / "empty").close()
    db = sqlite3.connect(tmp_path / "other")
    db.execute("CREATE TABLE something (else_)")
    db.close()
    for name in ("text", "other"):
        with pytest.raises(DamagedError), opened(tmp_path / name) as opened_db:
            survey(opened_db)
    with pytest.raises(SetupError, match="cannot be opened"), opened(tmp_path / "none") as db:
        survey(db)


def test_it_cannot_write(data: DataFolder) -> None:
    with pytest.raises(SetupError), opened(data.path / JOURNAL_FILE) as db:
        db.execute("PRAGMA query_only=OFF")
        db.execute("DELETE FROM block")
    assert look(data.path).events == 13


def test_blocks_that_come_while_one_looks_are_no_fault(data: DataFolder) -> None:
    looks = 0

    def tell() -> None:
        nonlocal looks
        looks += 1

    for _ in range(200):
        data.say(0, 8)
    with opened(data.path / JOURNAL_FILE) as db:
        db.execute("BEGIN")
        before = survey(db).events
        data.say(1, 5)
        assert survey(db).events == before
        db.execute("ROLLBACK")
        assert find_faults(db, True, tell) == []
        assert survey(db).events == before + 5
