"""The link that makes whoever starts a server its owner: one at a time, and none once there is."""

import time
from pathlib import Path

import pytest

from broker.firstowner import JOURNAL_FILE, is_owned, owner_token, withdraw
from broker.invites import INVITES_MAX, Book, Mode, change_book, draw, read_book
from broker.journal import Batch, PersonRow, StandingRow
from broker.sqlite_journal import SqliteJournal
from broker.tokens import Tokens
from protocol.codes import Role
from protocol.errors import JournalError, SetupError

NOW_MS = time.time_ns() // 1_000_000
DAY_MS = 86_400_000
ANN = PersonRow(1, b"ann-ann-", "Ann", "ann")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    stand(tmp_path)
    return tmp_path


def stand(data: Path, role: Role = Role.MEMBER, banned: bool = False) -> None:
    """Say what Ann is on the server."""
    journal = SqliteJournal(data / JOURNAL_FILE)
    journal.take_over()
    journal.append(Batch(people=[ANN], standings={1: StandingRow(1, role, banned, False, 0)}))
    journal.close()


def test_there_is_one_at_a_time(data: Path) -> None:
    tokens = Tokens(data)
    drawn = [owner_token(data, NOW_MS + number) for number in range(5)]
    assert len({*drawn}) == 5 and all(drawn)
    *before, last = [tokens.find(token) for token in drawn]
    assert before == [None] * 4
    assert last is not None
    assert (last.role, last.uses, last.expires_ts) == (Role.OWNER, 1, NOW_MS + 4 + DAY_MS)
    assert len(read_book(data).invites) == 1


def test_it_ends_with_its_window_and_nothing_else_does(data: Path) -> None:
    tokens = Tokens(data)
    other, invite = draw(Role.OWNER, 1, NOW_MS + DAY_MS, "for Ada", NOW_MS)
    change_book(data, lambda _: Book(Mode.TOKEN, (invite,)))
    mine = owner_token(data, NOW_MS)
    assert tokens.find(mine) and tokens.find(other)
    withdraw(data)
    assert tokens.find(mine) is None and tokens.find(other)
    assert read_book(data).mode is Mode.TOKEN
    assert owner_token(data, NOW_MS) and tokens.find(other)


@pytest.mark.parametrize(
    ("role", "banned", "owned"),
    [
        (Role.OWNER, False, True),
        (Role.OWNER, True, False),
        (Role.MODERATOR, False, False),
        (Role.MEMBER, False, False),
    ],
)
def test_a_server_with_an_owner_needs_none(
    data: Path, role: Role, banned: bool, owned: bool
) -> None:
    stand(data, role, banned)
    assert is_owned(data) is owned
    # Also beside the broker that holds the journal open.
    journal = SqliteJournal(data / JOURNAL_FILE)
    assert bool(owner_token(data, NOW_MS)) is not owned
    journal.close()


def test_where_it_cannot_be_told_nobody_becomes_owner(data: Path) -> None:
    (data / JOURNAL_FILE).write_bytes(b"no journal" * 1_000)
    with pytest.raises(JournalError):
        owner_token(data, NOW_MS)
    (data / JOURNAL_FILE).unlink()
    with pytest.raises(SetupError):
        owner_token(data, NOW_MS)
    assert read_book(data).invites == ()


def test_a_full_book_makes_none(data: Path) -> None:
    full = tuple(draw(Role.MEMBER, 1, NOW_MS + DAY_MS, "", NOW_MS)[1] for _ in range(INVITES_MAX))
    change_book(data, lambda _: Book(Mode.OPEN, full))
    with pytest.raises(SetupError, match="already"):
        owner_token(data, NOW_MS)
