"""A restore that is killed at any step leaves the old data, or the new, or what finishes itself."""

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.sqlite_journal import SqliteJournal
from broker.sqlite_survey import find_faults, opened
from broker.upkeep.backup import make_backup
from broker.upkeep.manifest import JOURNAL_FILE, blob_path
from broker.upkeep.restoring import STAGE_FOLDER, Finished, finish, stage
from broker.upkeep.verification import verify
from broker.witness import WITNESS_FILE, Witness
from protocol.errors import DamagedError, SetupError
from tests.broker.upkeep.datafolder import ROOMS, DataFolder, flip, look

_STEPS = ("rename", "replace", "unlink", "fsync", "mkdir", "rmdir")
KEYS = ("frontend.key", "broker.key", "gateway.key", "invite.token", "gateways")


class Case:
    """A backup, and a killed server's folder with more in it and another token."""

    def __init__(self, folder: Path) -> None:
        one = DataFolder(folder / "made")
        self.backup = folder / "backup"
        make_backup(one.path, self.backup)
        self.manifest, self.found = verify(self.backup)
        one.say(0, 7)
        one.say(2, 4)
        one.post(b"posted later" * 100)
        (one.path / "invite.token").write_text("another-token-of-chars\n", encoding="ascii")
        self.old = one.kill(folder / "old")
        one.close()
        self.present = look(shutil.copytree(self.old, folder / "looked-at"))

    def fresh(self, place: Path) -> Path:
        shutil.copytree(self.old, place)
        return place

    def restore(self, data: Path) -> Finished | None:
        finish(data)
        stage(data, self.backup, self.manifest, self.found.blobs, 1 + self.present.term)
        return finish(data)

    def check_old(self, folder: Path) -> None:
        """The folder is as the killed server left it, to the last message in the WAL."""
        assert look(folder) == self.present
        for name in KEYS:
            assert (folder / name).read_bytes() == (self.old / name).read_bytes()

    def check_new(self, data: Path) -> None:
        """The folder is the backup's, under an epoch that nobody has seen."""
        now = look(data)
        assert now.epoch not in (self.found.epoch, self.present.epoch)
        assert now.heads == self.found.heads and now.people == self.found.people
        assert now.term > max(self.found.term, self.present.term)
        with opened(data / JOURNAL_FILE) as db:
            assert find_faults(db, True, lambda: None) == []
        for name in KEYS:
            assert (data / name).read_bytes() == (self.backup / name).read_bytes()
        for sha256 in self.present.blobs:
            assert blob_path(data, sha256).is_file(), "no picture is deleted"
        assert not list(data.glob("restoring*")) and not (data / WITNESS_FILE).exists()


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"))


@pytest.fixture
def data(case: Case, tmp_path: Path) -> Iterator[Path]:
    yield case.fresh(tmp_path / "data")


def test_the_backup_is_in_place_and_what_was_there_beside(case: Case, data: Path) -> None:
    done = case.restore(data)
    assert done is not None and done.aside is not None
    case.check_new(data)
    case.check_old(done.aside)
    assert done.aside.parent == data and done.aside.name.startswith("before-restore-2")
    if os.name == "posix":
        assert done.aside.stat().st_mode & 0o077 == 0
        assert (data / JOURNAL_FILE).stat().st_mode & 0o077 == 0


def test_twice_is_two_histories_and_two_folders_beside(case: Case, data: Path) -> None:
    first = case.restore(data)
    epoch, term = look(data).epoch, look(data).term
    second = case.restore(data)
    assert first is not None and second is not None and first.aside != second.aside
    case.check_new(data)
    assert look(data).epoch != epoch and look(data).term >= term
    assert second.aside is not None and look(second.aside).epoch == epoch


def test_into_an_empty_folder(case: Case, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = case.restore(tmp_path / "empty")
    assert done == Finished(None)
    now = look(tmp_path / "empty")
    assert now.heads == case.found.heads and now.epoch != case.found.epoch
    for sha256 in case.found.blobs:
        assert blob_path(tmp_path / "empty", sha256).is_file()


def test_damaged_and_missing_pictures_are_mended(case: Case, data: Path) -> None:
    first, second, third = sorted(case.found.blobs)
    flip(blob_path(data, first), 5)
    blob_path(data, second).unlink()
    kept = blob_path(data, third).stat().st_ino
    case.restore(data)
    for sha256 in (first, second, third):
        assert blob_path(data, sha256).read_bytes() == blob_path(case.backup, sha256).read_bytes()
    assert blob_path(data, third).stat().st_ino == kept


def test_nothing_to_finish(data: Path) -> None:
    before = sorted(data.iterdir())
    assert finish(data) is None
    assert sorted(data.iterdir()) == before


def test_a_backup_that_rots_meanwhile_changes_nothing(
    case: Case, data: Path, tmp_path: Path
) -> None:
    rotten = shutil.copytree(case.backup, tmp_path / "rotten")
    flip(rotten / JOURNAL_FILE, 5_000)
    with pytest.raises(DamagedError):
        stage(data, rotten, case.manifest, case.found.blobs, 9)
    case.check_old(data)
    assert not list(data.glob("restoring*"))


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_before_it_holds_changes_nothing(
    case: Case, data: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("broker.upkeep.restoring.write_synced", fail)
    with pytest.raises((SetupError, KeyboardInterrupt)):
        case.restore(data)
    monkeypatch.undo()
    case.check_old(data)
    assert not list(data.glob("restoring*"))


def test_too_little_room_is_seen_before(
    case: Case, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(data)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(SetupError, match="not enough room"):
        case.restore(data)
    monkeypatch.undo()
    case.check_old(data)


def test_what_fails_after_it_holds_says_how_to_finish(
    case: Case, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(data, case.backup, case.manifest, case.found.blobs, 1 + case.present.term)
    whole = os.replace

    def fail(source: Any, target: Any) -> None:
        if Path(target).name == "invite.token":
            raise OSError(13, "Permission denied", str(target))
        whole(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(SetupError, match=r"cannot be finished.*start the server"):
        finish(data)
    monkeypatch.undo()
    done = finish(data)
    assert done is not None and done.aside is not None
    case.check_new(data)
    case.check_old(done.aside)


def die_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a process that dies just before its step of this number; True: it died."""
    count = 0

    def counted(do: Callable[..., Any]) -> Callable[..., Any]:
        def step_by_step(*words: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                os._exit(9)
            return do(*words, **more)

        return step_by_step

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        status = 1
        try:
            for name in _STEPS:
                setattr(os, name, counted(getattr(os, name)))
            work()
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9), status
    return status == 9


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX: fork")
def test_killed_at_every_single_step(case: Case, tmp_path: Path) -> None:
    held = steps = 0
    while True:
        steps += 1
        data = case.fresh(tmp_path / f"data-{steps}")
        if not die_at(steps, lambda data=data: case.restore(data)):  # type: ignore[misc]
            break
        if (data / STAGE_FOLDER).exists():
            held += 1
            # What a broker does at its start; and it may be killed too.
            for step in (1 + steps % 7, 3 + steps % 11):
                die_at(step, lambda data=data: finish(data))  # type: ignore[misc]
            finish(data)
        elif look(data).epoch == case.present.epoch:
            case.check_old(data)
            done = case.restore(data)
            assert done is not None
        case.check_new(data)
        asides = [*data.glob("before-restore-*")]
        assert len(asides) == 1
        case.check_old(asides[0])
        shutil.rmtree(data)
    assert held > 15 and steps > 40
    case.check_new(data)


def test_the_journal_of_a_restored_server_goes_on_under_its_new_epoch(
    case: Case, tmp_path: Path
) -> None:
    data = case.fresh(tmp_path / "data")
    case.restore(data)
    epoch = look(data).epoch
    journal = SqliteJournal(data / JOURNAL_FILE)
    witness = Witness(data / WITNESS_FILE)
    assert not witness.confirm(journal)
    witness.close()
    assert journal.epoch == epoch
    assert journal.take_over() > case.present.term + 1
    assert journal.heads()[ROOMS[0]] == 10
    journal.close()
