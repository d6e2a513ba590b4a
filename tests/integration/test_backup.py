"""Backups of a server that is talked to, and what clients see after one is restored."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from broker.upkeep.restoring import STAGE_FOLDER, stage
from broker.upkeep.verification import verify
from protocol.client.happenings import Acked, Happening
from protocol.invite import Invite
from tests.broker.upkeep.datafolder import flip, look
from tests.integration.bare import Circle, Stubborn, texts_of
from tests.integration.talker import Talker
from tests.server import ROOT, Server


class Renumbered(Talker):
    """A client whose counters may begin again: after a restore its outbox is given new ones."""

    def _take(self, happening: Happening) -> None:
        if isinstance(happening, Acked):
            self.acked.pop((happening.room, happening.n), None)
        super()._take(happening)


@pytest.fixture
def vera(tmp_path: Path) -> Iterator[Callable[[Invite], Talker]]:
    """Return what starts a real client."""
    with ExitStack() as started:

        def start(invite: Invite) -> Talker:
            one = Renumbered(tmp_path / "vera", invite, "Vera")
            started.callback(one.stop)
            return one.online()

        yield start


def zviazok(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "zviazok", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )


def done(*words: str, status: int = 0) -> str:
    process = zviazok(*words)
    said, _ = process.communicate(timeout=100)
    assert process.returncode == status, said
    return said


def test_a_backup_made_in_a_burst_restores_and_clients_read_again(
    server: Callable[..., Server],
    bare: Circle,
    vera: Callable[[Invite], Talker],
    tmp_path: Path,
) -> None:
    one = server(gateways=2, rate=0)
    data, backup = str(one.data), tmp_path / "backup"
    anna = bare(one.invite, "anna", 0, made=Stubborn)
    assert isinstance(anna, Stubborn)
    hers = vera(one.invite)
    room = anna.enter("burst")
    hers.done(hers.client.join("burst"))
    texts = [f"anna {number}" for number in range(6_000)]
    stop = threading.Event()
    said: list[str] = []

    def copy() -> None:
        said.append(done("backup", "--data", data, str(backup)))
        stop.set()

    copying = threading.Thread(target=copy)
    assert not anna.push(room, texts, lambda: len(anna.acked) >= 1_000)
    copying.start()
    anna.push(room, texts, stop.is_set)
    copying.join()
    # What comes after the backup: acknowledged, and to be lost with the disk.
    anna.tell(room, *(f"late {number}" for number in range(50)))
    hers.say(room, "vera late")
    hers.until(lambda: hers.acked)
    boris = bare(one.invite, "boris", 1)
    boris.enter("burst")
    _, found = verify(backup)
    before = look(one.data)
    kept = found.heads[room]
    assert 1_000 < kept <= before.heads[room] - 51
    assert f"epoch {before.epoch.hex()[:8]}" in said[0]
    assert "is running: stop it first" in done(
        "restore", "--data", data, str(backup), "--yes", status=1
    )
    # Two messages that are not acknowledged when the disk is lost; one was stored.
    for gateway in range(2):
        one.kill_gateway(gateway)
    hers.say(room, "vera waits")
    one.kill_broker()
    told = done("restore", "--data", data, str(backup), "--yes")
    newer = before.events - found.events
    assert f"{newer:,} messages in" in told and "are newer than the backup" in told
    assert "People who joined since (1)" in told
    after = look(one.data)
    assert after.heads == found.heads and after.epoch != before.epoch
    assert after.term > before.term
    one.restart_broker()
    for gateway in range(2):
        one.restart_gateway(gateway)
    hers.hear(room, "vera waits")
    reader = bare(one.invite, "reader", 1)
    reader.enter("burst")
    assert reader.welcome is not None and reader.welcome.epoch == after.epoch
    events = reader.read_all(room)
    found_texts = texts_of(events)
    # All that was acknowledged before the backup, once and in its order; nothing that came after.
    mine = [event for event in events if event.outbox_epoch == anna.outbox_epoch]
    assert [event.n for event in mine] == list(range(1, len(mine) + 1))
    assert {event.n: event.seq for event in mine}.items() <= {
        n: seq for (_, n), seq in anna.acked.items()
    }.items()
    assert found_texts.count("vera waits") == 1
    assert not any(text.startswith("late") or text == "vera late" for text in found_texts)
    # No (room, epoch, seq) names two events: what is new stands under the new epoch.
    names = {(happening.epoch, happening.seq) for happening in acks(hers)}
    assert len(names) == len(acks(hers)) == 2 and {one[0] for one in names} == {
        before.epoch,
        after.epoch,
    }
    # The real client holds what the server holds, and nothing else.
    held = [one.body.get("text") for one in hers.history(room) if "text" in one.body]
    assert held == texts_of(reader.read_all(room))
    assert len(list(one.data.glob("before-restore-*"))) == 1
    aside = look(next(one.data.glob("before-restore-*")))
    assert aside.heads == before.heads and aside.epoch == before.epoch


def acks(talker: Talker) -> list[Acked]:
    return [one for one in talker.happenings if isinstance(one, Acked)]


def test_into_a_fresh_folder_the_same_server_comes_back(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    first = server(rate=0)
    anna = bare(first.invite, "anna")
    room = anna.enter("here")
    anna.tell(room, *(f"word {number}" for number in range(200)))
    done("backup", "--data", str(first.data), str(tmp_path / "backup"))
    # The fixture's next server has its folder there.
    fresh = tmp_path / "server-1" / "data"
    told = done("restore", "--data", str(fresh), str(tmp_path / "backup"), "--yes")
    assert "There is no journal there now." in told
    second = server(rate=0)
    assert second.data == fresh
    # The same key and token: links are as good as before.
    assert second.invite.server_key == first.invite.server_key
    assert second.invite.token == first.invite.token
    boris = bare(second.invite, "boris")
    boris.enter("here")
    assert texts_of(boris.read_all(room)) == [f"word {number}" for number in range(200)]
    assert boris.welcome is not None and anna.welcome is not None
    assert boris.welcome.epoch != anna.welcome.epoch
    assert "ok " in done("doctor", "--data", str(fresh), "--full", "--link", second.link)
    # Its own device is the same person there.
    again = bare(second.invite, "anna", device=anna.device)
    assert again.person == anna.person


def test_a_damaged_backup_is_refused(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(rate=0)
    anna = bare(one.invite, "anna")
    anna.tell(anna.enter("here"), "a word")
    done("backup", "--data", str(one.data), str(tmp_path / "backup"))
    one.stop()
    before = look(one.data)
    flip(tmp_path / "backup" / "journal.sqlite3", 9_000)
    told = done("restore", "--data", str(one.data), str(tmp_path / "backup"), "--yes", status=1)
    assert "is damaged" in told and told.count("\n") == 1
    assert look(one.data) == before and not list(one.data.glob("before-restore-*"))


def test_a_broker_finishes_a_restore_that_was_killed(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(rate=0)
    anna = bare(one.invite, "anna")
    room = anna.enter("here")
    anna.tell(room, "kept")
    done("backup", "--data", str(one.data), str(tmp_path / "backup"))
    anna.tell(room, "lost")
    one.kill_broker()
    manifest, found = verify(tmp_path / "backup")
    epoch = stage(one.data, tmp_path / "backup", manifest, found.blobs, 50)
    assert (one.data / STAGE_FOLDER).is_dir()
    assert "not finished" in done("backup", "--data", str(one.data), str(tmp_path / "b2"), status=1)
    assert "not finished" in done("doctor", "--data", str(one.data), status=1)
    one.restart_broker()
    one.restart_gateway(0)
    assert "restore_finished aside=before-restore-" in one.broker.complained()
    assert look(one.data).epoch == epoch
    boris = bare(one.invite, "boris")
    boris.enter("here")
    assert texts_of(boris.read_all(room)) == ["kept"]


@pytest.mark.skipif(os.name != "posix", reason="only on POSIX: signals")
def test_a_restore_killed_at_random_moments_leaves_a_server_that_starts(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(rate=0)
    anna = bare(one.invite, "anna")
    room = anna.enter("here")
    anna.tell(room, *(f"word {number}" for number in range(300)))
    backup = tmp_path / "backup"
    done("backup", "--data", str(one.data), str(backup))
    anna.tell(room, *(f"late {number}" for number in range(30)))
    one.kill_broker()
    before, found = look(one.data), verify(backup)[1]
    began = time.monotonic()
    probe = shutil.copytree(one.data, tmp_path / "probe")
    done("restore", "--data", str(probe), str(backup), "--yes")
    whole_s = time.monotonic() - began
    draw = Random(2)
    seen = {before.epoch, found.epoch}
    for number in range(8):
        data = shutil.copytree(one.data, tmp_path / f"data-{number}")
        process = zviazok("restore", "--data", str(data), str(backup), "--yes")
        time.sleep(whole_s * draw.uniform(0.5, 1.1))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        if not (data / STAGE_FOLDER).exists():
            now = look(data)
            assert now.heads in (before.heads, found.heads)
            if now.heads == before.heads:
                assert now.epoch == before.epoch
                done("restore", "--data", str(data), str(backup), "--yes")
        else:
            done("restore", "--data", str(data), str(backup), "--yes")
        now = look(data)
        assert now.heads == found.heads and now.epoch not in seen
        seen.add(now.epoch)
    one.restart_broker()


def test_an_old_file_put_back_by_hand_is_noticed(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(rate=0)
    anna = bare(one.invite, "anna")
    room = anna.enter("here")
    anna.tell(room, "kept")
    one.restart_broker(hard=False)
    one.restart_gateway(0)
    shutil.copy(one.data / "journal.sqlite3", tmp_path / "old")
    epoch = look(one.data).epoch
    boris = bare(one.invite, "boris")
    boris.enter("here")
    boris.tell(room, "seen by everybody", "and this")
    time.sleep(1.5)  # heads are noted once a second
    one.kill_broker()
    for name in ("journal.sqlite3-wal", "journal.sqlite3-shm"):
        (one.data / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "old", one.data / "journal.sqlite3")
    one.restart_broker()
    one.restart_gateway(0)
    assert "journal_is_older_than_what_was_published" in one.broker.complained()
    assert look(one.data).epoch != epoch
    vera = bare(one.invite, "vera")
    vera.enter("here")
    assert texts_of(vera.read_all(room)) == ["kept"]
    one.restart_broker()
    assert one.broker.complained().count("journal_is_older") <= 1
