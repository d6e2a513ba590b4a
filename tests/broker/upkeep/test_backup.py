"""A backup is whole or there is none, and every byte of it is checked."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.lock import DataLock
from broker.upkeep import backup
from broker.upkeep.backup import main, make_backup
from broker.upkeep.manifest import MANIFEST_FILE, Manifest, blob_path
from broker.upkeep.verification import verify
from protocol.errors import DamagedError, SetupError
from tests.broker.upkeep.datafolder import PICTURES, ROOMS, DataFolder, flip, look

_PROJECT = Path(__file__).parents[3]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataFolder]:
    one = DataFolder(tmp_path / "data")
    yield one
    one.close()


def start(data: Path, folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "broker.upkeep.backup", "--data", str(data), str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=_PROJECT,
        env={**os.environ, "PYTHONPATH": str(_PROJECT)},
    )


def left(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_backup_holds_everything_and_is_private(data: DataFolder, tmp_path: Path) -> None:
    made = make_backup(data.path, tmp_path / "b")
    manifest, found = verify(tmp_path / "b")
    assert manifest == made == Manifest.read(tmp_path / "b")
    assert found == look(data.path)
    assert (manifest.events, manifest.people, manifest.devices, manifest.blobs) == (13, 2, 2, 3)
    assert manifest.blob_bytes == sum(map(len, PICTURES))
    assert manifest.epoch == data.journal.epoch.hex() and manifest.missing == []
    for name in ("frontend.key", "broker.key", "gateway.key", "invite.token", "gateways"):
        assert (tmp_path / "b" / name).read_bytes() == (data.path / name).read_bytes()
    for sha256 in found.blobs:
        copy, source = blob_path(tmp_path / "b", sha256), blob_path(data.path, sha256)
        assert copy.read_bytes() == source.read_bytes() and copy.stat().st_nlink == 1
    assert left(tmp_path) == ["b", "data"]
    if os.name == "posix":
        for one in [tmp_path / "b", *(tmp_path / "b").rglob("*")]:
            mode = 0o700 if one.is_dir() else 0o600
            assert stat.S_IMODE(one.stat().st_mode) == mode, one


def test_a_backup_of_a_killed_server_has_what_was_in_the_wal(
    data: DataFolder, tmp_path: Path
) -> None:
    killed = data.kill(tmp_path / "killed")
    make_backup(killed, tmp_path / "b")
    assert verify(tmp_path / "b")[1] == look(data.path)


def test_one_line_says_what_it_holds(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(data.path), str(tmp_path / "b")]) == 0
    said = capsys.readouterr()
    assert said.err == "" and said.out.count("\n") == 1
    assert f"{tmp_path / 'b'}: 13 messages in 3 rooms of 2 people, 3 files, " in said.out
    assert f"epoch {data.journal.epoch.hex()[:8]}, term 1, as of 20" in said.out


def test_nothing_is_overwritten(data: DataFolder, tmp_path: Path) -> None:
    for name in ("folder", "file", "link"):
        place = tmp_path / name
        if name == "folder":
            place.mkdir()
        elif name == "file":
            place.touch()
        else:
            place.symlink_to(tmp_path / "nowhere")
        with pytest.raises(SetupError, match="nothing is overwritten"):
            make_backup(data.path, place)
    assert left(tmp_path) == ["data", "file", "folder", "link"]


@pytest.mark.parametrize(
    ("place", "says"),
    [("data/b", "would be lost with it"), ("none/b", "there is no folder")],
)
def test_a_wrong_place(data: DataFolder, tmp_path: Path, place: str, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        make_backup(data.path, tmp_path / place)
    assert left(tmp_path) == ["data"]


def test_no_server_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none"), str(tmp_path / "b")]) == 1
    assert "no server has run on" in capsys.readouterr().err
    assert left(tmp_path) == []


def test_too_little_room_is_seen_before(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = shutil.disk_usage(tmp_path)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(SetupError, match="not enough room"):
        make_backup(data.path, tmp_path / "b")
    assert left(tmp_path) == ["data"]


@pytest.mark.parametrize("what", ["copy_journal", "copy_synced", "verify"])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), DamagedError("bad")]
)
def test_whatever_fails_nothing_is_left(
    data: DataFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    error: BaseException,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(backup, what, fail)
    status = main(["--data", str(data.path), str(tmp_path / "b")])
    assert status == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert left(tmp_path) == ["data"]


def test_a_damaged_journal_is_refused_and_help_says_what_then(
    data: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data.journal._db.execute("UPDATE block SET data=x'00' WHERE id=(1<<40)+3")
    assert main(["--data", str(data.path), str(tmp_path / "b")]) == 1
    said = capsys.readouterr().err
    assert "no backup was made, because the journal" in said and "--help" in said
    assert said.count("\n") == 1
    assert left(tmp_path) == ["data"]
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "If the journal is damaged" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["missing", "flipped"])
def test_a_lost_picture_is_told_and_needs_a_word(
    data: DataFolder, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = sorted(look(data.path).blobs)[0]
    path = blob_path(data.path, lost)
    if how == "missing":
        path.unlink()
    else:
        flip(path, 77)
    words = ["--data", str(data.path), str(tmp_path / "b")]
    assert main(words) == 1
    assert "1 of 3 pictures and files are missing or damaged on the server's disk (the first: " in (
        capsys.readouterr().err
    )
    assert left(tmp_path) == ["data"]
    assert main([*words, "--incomplete"]) == 0
    assert "2 files (1 more are missing)" in capsys.readouterr().out
    manifest, _ = verify(tmp_path / "b")
    assert manifest.missing == [lost.hex()] and manifest.blobs == 2


def test_a_missing_key_is_told(data: DataFolder, tmp_path: Path) -> None:
    (data.path / "frontend.key").unlink()
    with pytest.raises(SetupError, match=r"frontend\.key is missing"):
        make_backup(data.path, tmp_path / "b")
    assert left(tmp_path) == ["data"]


def test_every_damage_of_a_backup_is_found(data: DataFolder, tmp_path: Path) -> None:
    made = tmp_path / "b"
    make_backup(data.path, made)
    files = [one for one in made.rglob("*") if one.is_file()]
    assert len(files) == 11
    for path in files:
        size = path.stat().st_size
        for place in {0, size // 2, size - 1}:
            if path.name == MANIFEST_FILE and place != 0:
                continue  # what a person may change there is checked against the journal
            flip(path, place)
            with pytest.raises((DamagedError, SetupError), match=r"damaged|not a backup"):
                verify(made)
            flip(path, place)
        kept = path.with_name("kept")
        path.rename(kept)
        with pytest.raises((DamagedError, SetupError)):
            verify(made)
        kept.rename(path)
    verify(made)
    manifest = json.loads((made / MANIFEST_FILE).read_text())
    for field, value in (("term", 7), ("epoch", "00" * 16), ("heads", {}), ("files", {})):
        (made / MANIFEST_FILE).write_text(json.dumps({**manifest, field: value}))
        with pytest.raises((DamagedError, SetupError)):
            verify(made)


def test_backups_of_later_versions_are_refused(data: DataFolder, tmp_path: Path) -> None:
    make_backup(data.path, tmp_path / "b")
    path = tmp_path / "b" / MANIFEST_FILE
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "schema": 99}))
    with pytest.raises(SetupError, match="schema version 99"):
        verify(tmp_path / "b")
    path.write_text(json.dumps({**manifest, "format": 3, "more": 1}))
    with pytest.raises(SetupError, match="newer version"):
        verify(tmp_path / "b")


def test_two_at_once_are_one_after_the_other(data: DataFolder, tmp_path: Path) -> None:
    with (
        DataLock(data.path / "backup.lock"),
        pytest.raises(SetupError, match="another backup"),
    ):
        make_backup(data.path, tmp_path / "b")
    make_backup(data.path, tmp_path / "b")


def test_what_is_not_ours_is_not_removed(data: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "b.part").mkdir()
    (tmp_path / "b.part" / "letter").touch()
    with pytest.raises(SetupError, match="in the way"):
        make_backup(data.path, tmp_path / "b")
    assert (tmp_path / "b.part" / "letter").exists()


def test_an_unfinished_restore_is_no_data_to_copy(data: DataFolder, tmp_path: Path) -> None:
    (data.path / "restoring").mkdir()
    with pytest.raises(SetupError, match="not finished"):
        make_backup(data.path, tmp_path / "b")


def test_backups_beside_a_busy_writer_are_each_of_one_moment(
    data: DataFolder, tmp_path: Path
) -> None:
    stop = threading.Event()
    heads: list[int] = []

    def make() -> None:
        for number in range(5):
            make_backup(data.path, tmp_path / f"b{number}")
        stop.set()

    thread = threading.Thread(target=make)
    thread.start()
    number = 0
    while not stop.is_set():
        data.say(0, 4)
        data.say(1, 4)
        if number < 100:
            data.post(os.urandom(2_000))
        number += 1
    thread.join()
    for number in range(5):
        found = verify(tmp_path / f"b{number}")[1]
        # Always the first room before the second: no half of a moment.
        assert found.heads[ROOMS[0]] - 10 - (found.heads[ROOMS[1]] - 3) in (0, 4)
        heads.append(found.events)
    assert heads == sorted(heads) and heads[-1] > heads[0]


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX: signals")
def test_killed_or_stopped_at_any_moment_there_is_a_whole_backup_or_none(
    data: DataFolder, tmp_path: Path
) -> None:
    data.post(*(os.urandom(300_000) for _ in range(30)))
    began = time.monotonic()
    assert start(data.path, tmp_path / "first").wait(60) == 0
    whole_s = time.monotonic() - began
    draw = random.Random(1)
    outcomes = set()
    for number in range(16):
        kind = (signal.SIGKILL, signal.SIGINT)[number % 2]
        place = tmp_path / f"b{number}"
        process = start(data.path, place)
        time.sleep(whole_s * draw.uniform(0.2, 1.1))
        process.send_signal(kind)
        process.wait(60)
        outcomes.add(place.exists())
        if place.exists():
            verify(place)
        if kind == signal.SIGINT and process.returncode == 130:
            assert not place.with_name(f"{place.name}.part").exists()
    assert False in outcomes
    # What a kill left is in nobody's way.
    for number in range(16):
        if not (tmp_path / f"b{number}").exists():
            make_backup(data.path, tmp_path / f"b{number}")
        verify(tmp_path / f"b{number}")
    assert not list(tmp_path.glob("*.part"))
