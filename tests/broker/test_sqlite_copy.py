"""A journal is copied as of one moment while it is written, and holds up nobody for ever."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import sqlite_copy
from broker.sqlite_copy import copy_journal, journal_bytes
from broker.sqlite_survey import find_faults, opened, survey
from broker.upkeep.manifest import JOURNAL_FILE
from protocol.errors import DamagedError, SetupError
from tests.broker.upkeep.datafolder import ROOMS, DataFolder, look


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataFolder]:
    one = DataFolder(tmp_path / "data")
    yield one
    one.close()


def ignore(_: int) -> None:
    pass


def test_a_copy_is_of_one_moment_though_everything_moves(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "STEP_PAGES", 4)
    for _ in range(50):
        data.say(0, 20)
    before = look(data.path)
    told: list[int] = []

    def tell(size: int) -> None:
        told.append(size)
        data.say(0, 2)
        data.say(1, 2)

    target = tmp_path / "copy.sqlite3"
    copy_journal(data.path / JOURNAL_FILE, target, tell)
    assert told == sorted(told) and len(told) > 10
    assert look(data.path).heads[ROOMS[1]] == before.heads[ROOMS[1]] + 2 * len(told)
    with opened(target, alone=True) as db:
        assert survey(db) == before
        assert find_faults(db, True, lambda: None) == []
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == b"delete"
    assert not list(tmp_path.glob("copy.sqlite3-*"))
    assert told[-1] == target.stat().st_size
    assert abs(journal_bytes(data.path / JOURNAL_FILE) - told[-1]) < 100 * 4096


def test_a_copy_that_lets_the_wal_grow_begins_again(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copy, "STEP_PAGES", 1)
    monkeypatch.setattr(sqlite_copy, "WAL_GROWTH_BYTES", 48 * 1024)
    busy = 8

    def tell(_: int) -> None:
        nonlocal busy
        busy -= 1
        if busy > 0:
            data.say(0, 10)

    begun = look(data.path).events
    copy_journal(data.path / JOURNAL_FILE, tmp_path / "copy", tell)
    with opened(tmp_path / "copy", alone=True) as db:
        assert begun < survey(db).events <= look(data.path).events, "it is of a later moment"
    busy = 1 << 30
    with pytest.raises(SetupError, match="writes so much"):
        copy_journal(data.path / JOURNAL_FILE, tmp_path / "copy", tell)


def test_nothing_is_held_when_it_is_over(data: DataFolder, tmp_path: Path) -> None:
    copy_journal(data.path / JOURNAL_FILE, tmp_path / "copy", ignore)
    data.say(0, 50)
    busy, log, done = data.journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, log, done) == (0, 0, 0)


def test_a_writer_in_another_thread_is_never_held_up(data: DataFolder, tmp_path: Path) -> None:
    stop = threading.Event()
    failures: list[BaseException] = []

    def copy() -> None:
        try:
            for number in range(30):
                copy_journal(data.path / JOURNAL_FILE, tmp_path / f"copy-{number}", ignore)
        except BaseException as error:
            failures.append(error)
        finally:
            stop.set()

    thread = threading.Thread(target=copy)
    thread.start()
    written = 0
    while not stop.is_set():
        data.say(written % 2, 3)
        written += 1
    thread.join()
    assert not failures and written > 10
    heads = []
    for number in range(30):
        with opened(tmp_path / f"copy-{number}", alone=True) as db:
            assert find_faults(db, True, lambda: None) == []
            heads.append(survey(db).events)
    assert heads == sorted(heads)


def test_a_damaged_file_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"no journal at all " * 1_000)
    with pytest.raises(DamagedError):
        copy_journal(tmp_path / "journal", tmp_path / "copy", ignore)
