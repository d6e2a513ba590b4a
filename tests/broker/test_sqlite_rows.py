"""Checksums of rows: whatever happened to the file, what is read is what was written."""

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.journal import (
    AnswerRow,
    AuditRow,
    Batch,
    BlobRow,
    BlockRow,
    DeviceRow,
    MarkRow,
    MemberRow,
    PersonRow,
    ProfileRow,
    RoomRow,
    RoomStandingRow,
    RulesRow,
    StandingRow,
    TokenRow,
    WriterRow,
)
from broker.sqlite_history import SqliteHistory
from broker.sqlite_journal import SqliteJournal
from broker.sqlite_rows import COLUMNS, check, seal
from broker.sqlite_survey import find_faults, opened
from protocol.codes import Act, DirectRule, Role, RoomKind
from protocol.errors import DamagedError, FullError, JournalError, SetupError

CROWD = 60
FLIPS = 300
OUTBOX = b"outbox-1"


def number(no: int, size: int) -> bytes:
    return (b"%d-" % no * size)[:size]


def state() -> Batch:
    """People, devices, rooms, members, writers with answers: a page and more of each."""
    everybody = range(1, CROWD + 1)
    return Batch(
        people=[PersonRow(no, number(no, 8), f"Анна {no}", f"анна{no}") for no in everybody],
        devices=[DeviceRow(no, number(no, 32), no) for no in everybody],
        rooms=[
            RoomRow(no, number(no, 16), RoomKind.OPEN, f"кімната {no}", f"o:{no}", 0, 0)
            for no in everybody
        ],
        joined=[MemberRow(no, 1 + no % 7, no) for no in everybody],
        blocks=[BlockRow(no, 1, 3, 1_000, number(no, 300)) for no in everybody],
        writers={no: WriterRow(no, no, no, OUTBOX, 3) for no in everybody},
        answers=[AnswerRow(no, 1, 3, 1, 0, "", "") for no in everybody],
        blobs=[BlobRow(no, number(no, 32), no) for no in everybody],
        tokens=[TokenRow(number(no, 32), no, 10**12 + no) for no in everybody],
        profiles={no: ProfileRow(no, no % 9, number(no, 8)) for no in everybody},
        marks=[MarkRow(no, 1 + no % 7, no % 4 + 1) for no in everybody],
        standings={no: StandingRow(no, Role(no % 3), no % 5 == 0, True, no) for no in everybody},
        room_standings={
            (no, 1 + no % 7): RoomStandingRow(no, 1 + no % 7, Role(no % 3), True, no)
            for no in everybody
        },
        rules={no: RulesRow(no, no % 2 == 0, True, no, DirectRule(no % 3)) for no in everybody},
        banned_devices=dict.fromkeys(everybody, True),
        audit=[
            AuditRow(no, no, no, f"Ада {no}", Act.MUTE, no, f"Ян {no}", 60, "ї") for no in everybody
        ],
        invite_uses={f"invite-{no}": no for no in everybody},
    )


def everything(path: Path) -> list[Any]:
    """All that can be read of the journal, in an order of its own."""
    journal, history = SqliteJournal(path), SqliteHistory(path)
    try:
        contents = journal.contents()
        found: list[Any] = [contents, journal.audit(0, CROWD)]
        for no in range(1, CROWD + 1):
            found.append(journal.writer(no, no, OUTBOX))
            found.append(list(journal.answers(no, 1, 3)))
            found.append(history.has_blob(number(no, 16), number(no, 32)))
            found.append(history.read(number(no, 16), 0, 0, 10, 10**6))
    finally:
        journal.close()
        history.close()
    return found


def test_bits_that_were_flipped_are_refused_and_never_served(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = SqliteJournal(path)
    journal.take_over()
    journal.append(state())
    journal.close()
    right, whole = everything(path), path.read_bytes()
    assert isinstance(right[0].people[0], PersonRow) and len(right[0].people) == CROWD
    refused, dice = 0, random.Random(2026)
    for _ in range(FLIPS):
        for old in tmp_path.iterdir():
            old.unlink()
        place = dice.randrange(100, len(whole))
        flipped = whole[place] ^ 1 << dice.randrange(8)
        path.write_bytes(whole[:place] + bytes((flipped,)) + whole[place + 1 :])
        try:
            found = everything(path)
        except (JournalError, SetupError):
            refused += 1
            continue
        # Answers may be missing, which the sequencer notices; all else is as it was written.
        for one, other in zip(found, right, strict=True):
            assert one == other or (one == [] and type(other) is list), place
    assert refused > FLIPS // 3


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_a_value_that_was_changed_is_told(tmp_path: Path, table: str) -> None:
    path = tmp_path / "journal"
    journal = SqliteJournal(path)
    journal.take_over()
    journal.append(state())
    journal.close()
    column = COLUMNS[table].split(", ")[-1]
    with sqlite3.connect(path) as db:
        value = db.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()[0]
        other = {int: lambda v: v + 1_000, bytes: lambda v: v + b"x", str: lambda v: v + "x"}
        changed = other[type(value)](value)
        db.execute(f"UPDATE {table} SET {column} = ?", (changed,)) if table in (
            "answer",
            "writer",
        ) else db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (changed, value))
    db.close()
    with pytest.raises(DamagedError, match=f"row of {table} "):
        everything(path)
    with opened(path) as read:
        faults = find_faults(read, True, lambda: None)
    assert any(f"row of {table} " in one for one in faults)


@given(
    st.sampled_from(sorted(COLUMNS)), st.lists(st.integers() | st.binary() | st.text(), max_size=7)
)
def test_what_was_sealed_is_whole_and_of_its_table(table: str, values: list[Any]) -> None:
    values = [one % 2**63 if isinstance(one, int) else one for one in values]
    (row,) = seal(table, [values])
    assert list(check(table, row)) == values
    other = next(one for one in COLUMNS if one != table)
    with pytest.raises(DamagedError):
        check(other, row)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM meta",
        "UPDATE meta SET name='Epoch' WHERE name='epoch'",
        "UPDATE meta SET value=substr(value, 2) WHERE name='epoch'",
        "UPDATE meta SET value='sixteen letters!' WHERE name='epoch'",
        "UPDATE meta SET name='Term' WHERE name='term'",
    ],
)
def test_a_journal_without_its_epoch_or_term_is_damaged(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "journal"
    SqliteJournal(path).close()
    with sqlite3.connect(path) as db:
        db.execute(sql)
    db.close()
    with pytest.raises(DamagedError, match="has lost its"):
        SqliteJournal(path).take_over()


def test_a_little_that_is_written_reaches_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = SqliteJournal(path)
    journal.take_over()
    sizes = []
    for _ in range(3):
        assert journal.can_write()
        sizes.append((tmp_path / "journal-wal").stat().st_size)
    assert sizes == sorted(set(sizes)), "each time a page more"
    journal.close()


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE])
def test_a_full_disk_at_the_opening_may_have_room_at_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def fail(*_: Any) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = code
        raise error

    with monkeypatch.context() as full:
        full.setattr("broker.sqlite_journal.bring_up", fail)
        with pytest.raises(FullError):
            SqliteJournal(tmp_path / "journal")
    SqliteJournal(tmp_path / "journal").close()
