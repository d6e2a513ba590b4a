"""zviazok restore: what it says before it does anything, and when it refuses."""

import io
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from broker.invites import Book, Mode, change_book, draw, read_book, revoked
from broker.journal import AuditRow, Batch, RoomStandingRow, RulesRow, StandingRow
from broker.lock import DataLock
from broker.sqlite_schema import SCHEMA_VERSION
from broker.sqlite_survey import Survey
from broker.tokens import Tokens
from broker.upkeep.backup import make_backup
from broker.upkeep.manifest import JOURNAL_FILE, MANIFEST_FILE, blob_path
from broker.upkeep.restore import Present, consequences, main
from broker.upkeep.restoring import stage
from broker.upkeep.verification import verify
from protocol.codes import Act, DirectRule, Role
from tests.broker.test_sqlite_schema import SCHEMA_1
from tests.broker.upkeep.datafolder import DataFolder, flip, look

A, B = b"a" * 16, b"b" * 16
FOUND = Survey(2, b"e" * 16, 3, {A: 10}, frozenset({b"ann"}), frozenset({b"key"}), {}, 77)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataFolder]:
    one = DataFolder(tmp_path / "data")
    yield one
    one.close()


def words(data: DataFolder, backup: Path, *more: str) -> list[str]:
    return ["--data", str(data.path), str(backup), *more]


@pytest.mark.parametrize(
    ("present", "changed", "says"),
    [
        (Present(None), set(), "There is no journal there now."),
        (Present(None, "it is broken"), set(), "cannot be read (it is broken)"),
        (Present(FOUND), set(), "Nothing was said since the backup"),
        (
            Present(replace(FOUND, heads={A: 12, B: 1})),
            set(),
            "3 messages in 2 rooms are newer than the backup and will be missing.",
        ),
        (
            Present(replace(FOUND, heads={A: 11})),
            set(),
            "1 message in 1 room is newer than the backup and will be missing.",
        ),
        (Present(replace(FOUND, heads={A: 9})), set(), "Nothing was said since the backup"),
        (
            Present(replace(FOUND, people=frozenset({b"ann", b"bob", b"cyd"}))),
            set(),
            "People who joined since (2) and devices that were added since (0) must join again",
        ),
        (
            Present(replace(FOUND, epoch=b"x" * 16, heads={A: 1_234})),
            set(),
            "another history. Its 1,234 messages will be missing",
        ),
        (Present(FOUND), {"invite.token"}, "links of now are worth nothing"),
        (Present(FOUND), {"frontend.key"}, "links of now are worth nothing"),
        (Present(FOUND), {"gateways"}, "let in as the backup lists them"),
        (Present(FOUND), {"invites.json"}, "what was revoked since then holds again"),
        (
            Present(replace(FOUND, banned=frozenset({b"ann", b"new"}))),
            set(),
            "1 person who is banned now may come in again: ban them again",
        ),
        (
            Present(replace(FOUND, acts=4)),
            set(),
            "4 acts of those in charge will be undone and missing in the audit log",
        ),
    ],
)
def test_what_will_happen_is_said(present: Present, changed: set[str], says: str) -> None:
    lines = [*consequences(present, FOUND, changed)]
    assert any(says in one for one in lines), lines
    assert any("drops its copy of the rooms" in one for one in lines)
    assert any("outboxes of clients is sent again" in one for one in lines)


def test_it_says_asks_and_restores(
    data: DataFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_backup(data.path, tmp_path / "b")
    data.say(0, 5)
    data.close()
    before = look(data.path)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for answer in ("", "no\n", "y\n"):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        assert main(words(data, tmp_path / "b")) == 1
        assert "Nothing was changed." in capsys.readouterr().out
        assert look(data.path) == before
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert main(words(data, tmp_path / "b")) == 0
    said = capsys.readouterr().out
    assert "13 messages in 3 rooms of 2 people" in said and "It is sound." in said
    assert "- 5 messages in 1 room are newer than the backup and will be missing." in said
    assert "under the new epoch" in said and "before-restore-" in said
    now = look(data.path)
    assert now.events == 13 and now.epoch != before.epoch and now.term > before.term
    assert f"{now.epoch.hex()[:8]}." in said


def test_where_nobody_can_be_asked_it_wants_a_word(
    data: DataFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_backup(data.path, tmp_path / "b")
    data.close()
    before = look(data.path)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert main(words(data, tmp_path / "b")) == 1
    assert "--yes" in capsys.readouterr().err
    assert look(data.path) == before
    assert main(words(data, tmp_path / "b", "--yes")) == 0
    assert look(data.path).epoch != before.epoch


def test_a_running_server_is_left_alone(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_backup(data.path, tmp_path / "b")
    with DataLock(data.path / "broker.lock"):
        assert main(words(data, tmp_path / "b", "--yes")) == 1
    assert "is running: stop it first" in capsys.readouterr().err


def test_a_damaged_backup_changes_nothing(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_backup(data.path, tmp_path / "b")
    data.close()
    before = look(data.path)
    for name in (JOURNAL_FILE, "frontend.key", MANIFEST_FILE):
        flip(tmp_path / "b" / name, 0)
        assert main(words(data, tmp_path / "b", "--yes")) == 1
        assert "damaged" in capsys.readouterr().err
        flip(tmp_path / "b" / name, 0)
    assert look(data.path) == before and not list(data.path.glob("before-restore-*"))


def test_what_is_no_backup_makes_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters").mkdir()
    for place in ("letters", "none"):
        assert main(["--data", str(tmp_path / "data"), str(tmp_path / place), "--yes"]) == 1
        assert "is not a backup" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_damaged_journal_can_be_restored_over(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_backup(data.path, tmp_path / "b")
    data.close()
    path = data.path / JOURNAL_FILE
    path.write_bytes(b"not a journal any more " * 1_000)
    assert main(words(data, tmp_path / "b", "--yes")) == 0
    said = capsys.readouterr().out
    assert "cannot be read" in said and "cannot be counted" in said
    assert look(data.path).events == 13
    aside = next(data.path.glob("before-restore-*"))
    assert (aside / JOURNAL_FILE).read_bytes().startswith(b"not a journal any more")


def test_an_earlier_one_is_finished_first(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_backup(data.path, tmp_path / "b")
    manifest, found = verify(tmp_path / "b")
    data.close()
    epoch = stage(data.path, tmp_path / "b", manifest, found.blobs, 9)
    assert main(words(data, tmp_path / "b", "--yes")) == 0
    said = capsys.readouterr().out
    assert "An earlier restore had not been finished; it is now. What was there is in " in said
    assert "another history" in said
    assert len(list(data.path.glob("before-restore-*"))) == 2
    assert look(data.path).epoch not in (epoch, found.epoch)


def test_one_can_go_back_to_what_was_put_aside(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_backup(data.path, tmp_path / "b")
    data.say(0, 5)
    data.post(b"posted later" * 100)
    data.close()
    before = look(data.path)
    assert main(words(data, tmp_path / "b", "--yes")) == 0
    aside = next(data.path.glob("before-restore-*"))
    assert main(words(data, aside, "--yes")) == 1
    assert f"zviazok backup --data '{aside}' FOLDER; and restore that" in capsys.readouterr().err
    make_backup(aside, tmp_path / "again", incomplete=True)
    assert main(words(data, tmp_path / "again", "--yes")) == 0
    now = look(data.path)
    assert now == replace(before, epoch=now.epoch, term=now.term)
    assert now.epoch != before.epoch and now.term > before.term
    assert all(blob_path(data.path, one).is_file() for one in now.blobs)


def test_a_backup_of_an_earlier_schema_is_brought_up_to_date_on_its_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = DataFolder(tmp_path / "data", fill=False)
    one.close()
    path = one.path / JOURNAL_FILE
    path.unlink()
    db = sqlite3.connect(path)
    db.executescript(SCHEMA_1)
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("epoch", b"e" * 16), ("term", 41)])
    db.execute("INSERT INTO person VALUES (1, x'aa', 'Ann', 'ann')")
    db.execute("PRAGMA user_version=1")
    db.commit()
    db.close()
    made = make_backup(one.path, tmp_path / "b")
    assert (made.schema, made.people) == (1, 1)
    assert main(words(one, tmp_path / "b", "--yes")) == 0
    now = look(one.path)
    assert now.schema == SCHEMA_VERSION and now.people == {b"\xaa"} and now.term >= 42
    assert not list(one.path.glob(f"{JOURNAL_FILE}.*")), "the backup is the copy"
    assert verify(tmp_path / "b")[1].schema == 1


def test_who_is_in_charge_banned_and_invited_comes_back(data: DataFolder, tmp_path: Path) -> None:
    now_ms = time.time_ns() // 1_000_000
    token, invite = draw(Role.MODERATOR, 3, now_ms + 60_000, "клас", now_ms)
    book = change_book(data.path, lambda _: Book(Mode.TOKEN, (invite,)))
    owner = StandingRow(1, Role.OWNER, False, False, 0)
    banned = StandingRow(2, Role.MEMBER, True, False, 0)
    theirs = RoomStandingRow(1, 2, Role.MODERATOR, False, 0)
    rules = RulesRow(1, True, False, 30, DirectRule.OFF)
    act = AuditRow(1, now_ms, 1, "p1", Act.BAN, 2, "p2", 0, "")
    data.journal.append(
        Batch(
            standings={1: owner, 2: banned},
            room_standings={(1, 2): theirs},
            rules={1: rules},
            banned_devices={2: True},
            audit=[act],
            invite_uses={invite.id: 2},
        )
    )
    make_backup(data.path, tmp_path / "b")
    data.journal.append(
        Batch(
            standings={2: banned._replace(banned=False)},
            rules={1: rules._replace(paused=False)},
            banned_devices={2: False},
            audit=[act._replace(no=2)],
            invite_uses={invite.id: 3},
        )
    )
    change_book(data.path, lambda book: replace(revoked(book, invite.id), mode=Mode.OPEN))
    data.close()
    assert main(words(data, tmp_path / "b", "--yes")) == 0
    assert read_book(data.path) == book and Tokens(data.path).find(token) is not None
    data.reopen()
    found = data.journal.contents()
    assert found.standings == [owner, banned]
    assert (found.room_standings, found.rules) == ([theirs], [rules])
    assert (found.banned_devices, found.invite_uses) == ([2], {invite.id: 2})
    assert data.journal.audit(0, 9) == [act]


def test_a_backup_of_before_there_were_counted_invites(data: DataFolder, tmp_path: Path) -> None:
    (data.path / "invites.json").unlink()
    make_backup(data.path, tmp_path / "b")
    manifest = tmp_path / "b" / MANIFEST_FILE
    manifest.write_text(manifest.read_text().replace('"format": 2', '"format": 1'))
    book = change_book(data.path, lambda _: Book(Mode.TOKEN))
    data.close()
    assert main(words(data, tmp_path / "b", "--yes")) == 0
    # What it says nothing about stays.
    assert read_book(data.path) == book
