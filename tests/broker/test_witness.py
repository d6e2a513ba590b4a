"""The witness beside the journal: a journal that has gone back in time gets a new epoch."""

import os
import shutil
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.journal import Batch, BlockRow, RoomRow
from broker.sqlite_journal import SqliteJournal
from broker.witness import Heads, Witness, decode, is_older
from protocol.codes import RoomKind
from protocol.errors import DamagedError

EPOCH = b"an-epoch-for-all"
A, B = b"a" * 16, b"b" * 16
ROOMS = st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(0, (1 << 40) - 1))


@pytest.mark.parametrize(
    ("seen", "held", "older"),
    [
        ({A: 5}, {A: 5}, False),
        ({A: 5}, {A: 6}, False),
        ({A: 5}, {A: 4}, True),
        ({A: 5, B: 1}, {A: 5}, True),
        ({A: 5}, {A: 5, B: 1}, False),
        ({A: 0, B: 0}, {}, False),
        ({A: 9, B: 3}, {A: 100, B: 2}, True),
        ({}, {A: 5}, False),
    ],
)
def test_a_journal_is_older_when_a_head_is_behind(
    seen: dict[bytes, int], held: dict[bytes, int], older: bool
) -> None:
    assert is_older(Heads(EPOCH, seen), Heads(EPOCH, held)) is older
    assert not is_older(Heads(b"of another epoch", seen), Heads(EPOCH, held))


def test_no_witness_says_nothing() -> None:
    assert not is_older(None, Heads(EPOCH, {}))


@given(ROOMS, ROOMS)
def test_what_was_noted_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, first: dict[bytes, int], then: dict[bytes, int]
) -> None:
    one = Witness(tmp_path_factory.getbasetemp() / "heads")
    one._begin(EPOCH, first)
    assert one.read() == Heads(EPOCH, first)
    one.note(then)
    # Nothing is held back: whoever kills the process finds it written.
    assert one.read() == Heads(EPOCH, first | then)
    one.close()


@given(st.binary(max_size=200))
def test_any_bytes_are_no_witness(data: bytes) -> None:
    assert decode(data) is None


@given(st.data())
def test_a_flipped_bit_or_a_cut_costs_its_row_alone(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    one = Witness(tmp_path_factory.getbasetemp() / "heads")
    one._begin(EPOCH, {A: 7, B: 8})
    one.close()
    whole = one._path.read_bytes()
    assert decode(whole) == Heads(EPOCH, {A: 7, B: 8})
    place = data.draw(st.integers(0, len(whole) * 8 - 1))
    bad = bytearray(whole)
    bad[place // 8] ^= 1 << place % 8
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    for found in (decode(bytes(bad)), decode(cut)):
        assert found is None or (found.epoch == EPOCH and found.heads in ({}, {A: 7}, {B: 8}))


def test_the_file_is_for_its_owner_and_of_a_known_size(tmp_path: Path) -> None:
    one = Witness(tmp_path / "heads")
    one._begin(EPOCH, {A: 7})
    size = one._path.stat().st_size
    for head in range(8, 20):
        one.note({A: head})
    one.note({B: 1})
    one.close()
    assert one._path.stat().st_size == size + 28
    if os.name == "posix":
        assert one._path.stat().st_mode & 0o077 == 0


def test_a_disk_that_fails_is_logged_once_and_what_was_noted_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Witness(tmp_path / "missing" / "heads")
    nowhere._begin(EPOCH, {})
    one = Witness(tmp_path / "heads")
    one._begin(EPOCH, {A: 1})
    assert one._file is not None
    one._file.close()
    one._file = FileIO(one._path, "r")  # it takes nothing
    for head in (2, 3):
        nowhere.note({A: head})
        one.note({A: head})
    assert caplog.text.count("heads_not_written") == 2
    assert nowhere.read() is None and one.read() == Heads(EPOCH, {A: 1})


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A journal with two events in a room."""
    path = tmp_path / "journal.sqlite3"
    journal = SqliteJournal(path)
    journal.take_over()
    journal.append(
        Batch(
            rooms=[RoomRow(1, A, RoomKind.OPEN, "general", "o:general", 0, 0)],
            blocks=[BlockRow(1, 1, 2, 77, b"two events")],
        )
    )
    journal.close()
    yield path


def test_an_old_file_that_was_put_back_gets_a_new_epoch(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(path, tmp_path / "old")
    for head in (3, 4):
        journal, witness = SqliteJournal(path), Witness(tmp_path / "heads")
        assert not witness.confirm(journal)
        journal.take_over()
        epoch = journal.epoch
        journal.append(Batch(blocks=[BlockRow(1, head, head, 78, b"one more")]))
        witness.note({A: head})
        witness.close()
        journal.close()
    shutil.copy(tmp_path / "old", path)
    journal, witness = SqliteJournal(path), Witness(tmp_path / "heads")
    assert journal.epoch == epoch
    assert witness.confirm(journal)
    assert journal.epoch != epoch
    assert caplog.text.count("journal_is_older_than_what_was_published rooms=1 events=2") == 1
    assert witness.read() == Heads(journal.epoch, {A: 2})
    witness.close()
    renewed = journal.epoch
    journal.close()
    # Once: at the next start all is as it should be.
    journal = SqliteJournal(path)
    witness = Witness(tmp_path / "heads")
    assert journal.epoch == renewed and not witness.confirm(journal)
    witness.close()
    journal.close()


def test_a_renewed_epoch_keeps_everything_else_and_is_never_fenced_by_itself(path: Path) -> None:
    journal = SqliteJournal(path)
    epoch, term = journal.epoch, journal.take_over()
    before = journal.contents()
    assert journal.renew_epoch() == journal.epoch != epoch
    assert len(journal.epoch) == 16
    assert journal.contents() == before and journal.heads() == {A: 2}
    journal.append(Batch(blocks=[BlockRow(1, 3, 3, 78, b"one more")]))
    assert journal.take_over() == term + 1
    journal.renew_epoch(least_term=90)
    assert journal.take_over() == 91
    journal.renew_epoch(least_term=5)
    assert journal.take_over() == 92
    kept = journal.epoch
    journal.close()
    journal = SqliteJournal(path)
    assert journal.epoch == kept
    journal.close()


def test_a_room_that_was_damaged_is_no_older_journal(path: Path, tmp_path: Path) -> None:
    journal, witness = SqliteJournal(path), Witness(tmp_path / "heads")
    witness.confirm(journal)
    witness.close()
    epoch = journal.epoch
    journal._db.execute("UPDATE room SET room = ?", (B,))
    with pytest.raises(DamagedError, match="a row of room"):
        Witness(tmp_path / "heads").confirm(journal)
    journal.close()
    journal = SqliteJournal(path)
    assert journal.epoch == epoch
    journal.close()
