"""zviazok doctor: every fault is one line with what to do, and a sound server has none."""

import json
import os
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgpack
import pytest
import zmq

from broker.invites import Book, Mode, change_book, draw, revoked
from broker.journal import AuditRow, Batch, BlockRow, StandingRow
from broker.lock import DataLock
from broker.sqlite_schema import SCHEMA_VERSION
from broker.upkeep.doctor import main
from broker.upkeep.findings import Level, bad, ok, warn, worst
from broker.upkeep.machine_checks import is_mended
from broker.upkeep.manifest import JOURNAL_FILE, blob_path
from protocol.addresses import free_ports
from protocol.codes import Act, Role
from protocol.invite import Invite
from protocol.keys import load_or_make, make
from tests.broker.upkeep.datafolder import DataFolder, flip, look
from tests.server import Server

Found = list[dict[str, str]]
Doctor = Callable[..., tuple[int, Found]]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataFolder]:
    one = DataFolder(tmp_path / "data")
    yield one
    one.close()


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    def run(data: Path, *words: str) -> tuple[int, Found]:
        status = main(["--data", str(data), "--json", *words])
        said = capsys.readouterr()
        assert said.err == ""
        found: Found = json.loads(said.out)
        assert status == any(one["level"] == "bad" for one in found)
        assert all(one["todo"] or one["level"] == "ok" for one in found)
        return status, found

    return run


def of(found: Found, check: str, level: str = "") -> str:
    return " | ".join(
        f"{one['text']}: {one['todo']}"
        for one in found
        if one["check"] == check and level in ("", one["level"])
    )


def test_a_finding_is_one_line() -> None:
    assert ok("disk", "fine").line() == "ok   disk: fine"
    assert warn("disk", "small", "buy").line() == "warn disk: small: buy"
    assert bad("disk", "gone", "cry").line() == "BAD  disk: gone: cry"
    assert worst([]) is Level.OK
    assert worst([ok("a", "b"), bad("a", "b", "c"), warn("a", "b", "c")]) is Level.BAD


@pytest.mark.parametrize("full", [False, True])
def test_a_sound_folder_has_no_fault_and_nothing_is_changed(
    data: DataFolder, doctor: Doctor, full: bool
) -> None:
    before = {one.name: one.read_bytes() for one in data.path.iterdir() if one.is_file()}
    status, found = doctor(data.path, *(["--full"] if full else []))
    wrong = [one for one in found if one["level"] != "ok"]
    assert (status, wrong) == (0, [])
    assert "13 messages, 3 rooms, 2 people" in of(found, "journal")
    assert "3 pictures and files" in of(found, "blobs")
    assert "stopped" in of(found, "server")
    checks = {one["check"] for one in found}
    assert checks >= {"python", "libzmq", "msgpack", "sqlite", "disk", "time", "keys", "wal"}
    for name, content in before.items():
        if not name.endswith("-shm"):
            assert (data.path / name).read_bytes() == content


def test_people_read_lines(data: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    (data.path / "broker.key").unlink()
    assert main(["--data", str(data.path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(one.startswith(("ok   ", "warn ", "BAD  ")) for one in lines)
    assert [one for one in lines if one.startswith("BAD")] == [
        "BAD  keys: broker.key is missing: put it back from a backup, or let the next start make "
        "a new one, which gateways on other machines must be told (--broker-key)"
    ]


def break_(name: str, data: DataFolder) -> None:
    path = data.path
    match name:
        case "token empty":
            (path / "invite.token").write_text("")
        case "token short":
            (path / "invite.token").write_text("abc")
        case "token gone":
            (path / "invite.token").unlink()
        case "token open":
            (path / "invite.token").chmod(0o644)
        case "invites open":
            (path / "invites.json").chmod(0o644)
        case "invites garbage":
            (path / "invites.json").write_text("garbage")
        case "key open":
            (path / "frontend.key").chmod(0o640)
        case "key garbage":
            (path / "frontend.key").write_text("garbage")
        case "folder open":
            path.chmod(0o755)
        case "gateways":
            (path / "gateways").write_text("# fine\nno key at all\n")
        case "restoring":
            (path / "restoring").mkdir()
        case "journal gone":
            data.close()
            (path / JOURNAL_FILE).unlink()
        case "journal garbage":
            data.close()
            (path / JOURNAL_FILE).write_bytes(b"garbage" * 1_000)
        case "schema":
            data.journal._db.execute("PRAGMA user_version=99")
        case "clock":
            data.journal._db.execute("DELETE FROM block WHERE id > (2<<40)")
            block = BlockRow(2, 1, 1, 4_000_000_000_000, b"x")
            data.journal.append(Batch(blocks=[block]))
        case "blob gone":
            blob_path(path, sorted(look(path).blobs)[0]).unlink()


@pytest.mark.parametrize(
    ("name", "level", "check", "says"),
    [
        ("token empty", "bad", "token", "is empty: start the server again"),
        ("token short", "warn", "token", "only 3 characters"),
        ("token gone", "bad", "token", "is missing"),
        ("token open", "warn", "token", "chmod 600"),
        ("invites open", "bad", "invites", "if you trust it, run: chmod 600"),
        ("invites garbage", "bad", "invites", "admit nobody. Put it back from a backup"),
        ("key open", "bad", "keys", "chmod 600"),
        ("key garbage", "bad", "keys", "does not hold a key: put back the file from a backup"),
        ("folder open", "warn", "folder", "chmod 700"),
        ("gateways", "warn", "gateways", "lines that are no key: 2"),
        ("restoring", "bad", "restore", "not finished: start the server"),
        ("journal gone", "bad", "journal", "there is none"),
        ("journal garbage", "bad", "journal", "zviazok restore BACKUP"),
        ("schema", "bad", "schema", f"version 99 and this program knows {SCHEMA_VERSION}"),
        ("clock", "warn", "clock", "before the newest message: set it"),
        ("blob gone", "bad", "blobs", "1 of 3 pictures and files are missing"),
    ],
)
def test_each_fault_is_found(
    data: DataFolder, doctor: Doctor, name: str, level: str, check: str, says: str
) -> None:
    if os.name != "posix" and "open" in name:
        pytest.skip("only on POSIX: modes of files")
    break_(name, data)
    _, found = doctor(data.path)
    assert says in of(found, check, level), of(found, check)
    assert sum(one["level"] != "ok" for one in found) == 1, found


@pytest.mark.parametrize("what", ["block", "blob"])
def test_what_only_a_full_look_finds(data: DataFolder, doctor: Doctor, what: str) -> None:
    if what == "block":
        data.close()
        db = sqlite3.connect(data.path / JOURNAL_FILE)
        with db:
            db.execute("UPDATE block SET data=x'00' WHERE id=(1<<40)+3")
        db.close()
    else:
        flip(blob_path(data.path, sorted(look(data.path).blobs)[0]), 3)
    assert doctor(data.path)[0] == 0
    status, found = doctor(data.path, "--full")
    assert status == 1
    assert of(found, "journal" if what == "block" else "blobs", "bad")


def test_who_may_come_in_and_who_is_in_charge(data: DataFolder, doctor: Doctor) -> None:
    _, found = doctor(data.path)
    assert "mode open: whoever has the standing link can join; 0 counted" in of(found, "invites")
    assert "has no owner; to make one: zviazok invite --role owner" in of(found, "order")
    now_ms = time.time_ns() // 1_000_000
    made = [
        draw(Role.MEMBER, 1, now_ms + one, "", now_ms)[1] for one in (-1, 60_000, 60_000, 60_000)
    ]
    made[1] = replace(made[1], revoked=True)
    change_book(data.path, lambda _: Book(Mode.TOKEN, tuple(made)))
    standings = [
        StandingRow(1, Role.OWNER, False, False, 0),
        StandingRow(2, Role.MODERATOR, True, False, 0),
    ]
    acts = [AuditRow(no, 1, 1, "p1", Act.BAN, 2, "p2", 0, "") for no in (1, 2, 3)]
    data.journal.append(Batch(standings={one.person_no: one for one in standings}, audit=acts))
    status, found = doctor(data.path)
    assert status == 0
    says = "mode token: only counted links let anybody in; 2 counted, not expired or revoked"
    assert says in of(found, "invites", "ok")
    says = "2 people in charge (1 owner), 1 banned, 3 acts in the audit log"
    assert says in of(found, "order", "ok")


def test_a_link_of_a_counted_invite(data: DataFolder, doctor: Doctor) -> None:
    key = load_or_make(data.path / "frontend.key").public
    now_ms = time.time_ns() // 1_000_000

    def says(token: str) -> str:
        link = Invite((f"127.0.0.1:{free_ports(1)}",), key, token)
        return of(doctor(data.path, "--link", str(link))[1], "link")

    standing = (data.path / "invite.token").read_text().strip()
    assert f"it is of the server in {data.path}" in says(standing)
    token, invite = draw(Role.MEMBER, 1, now_ms + 60_000, "", now_ms)
    assert "is not the server's invite token" in says(token)
    change_book(data.path, lambda _: Book(Mode.TOKEN, (invite,)))
    assert f"it is invite {invite.id} of the server" in says(token)
    assert "takes counted links only" in says(standing)
    change_book(data.path, lambda book: revoked(book, invite.id))
    assert f"it is invite {invite.id}, which is revoked" in says(token)


def test_no_folder(tmp_path: Path, doctor: Doctor) -> None:
    status, found = doctor(tmp_path / "none")
    assert status == 1 and "there is no" in of(found, "folder", "bad")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("free", "level"), [(1 << 20, "bad"), (500 << 20, "warn"), (100 << 30, "ok")]
)
def test_room_on_the_disk(
    data: DataFolder, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    usage = shutil.disk_usage(data.path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert of(doctor(data.path)[1], "disk", level)


def test_old_versions_are_bad(
    data: DataFolder, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zmq, "zmq_version_info", lambda: (4, 3, 4))
    monkeypatch.setattr(msgpack, "version", (1, 1, 0))
    _, found = doctor(data.path)
    assert "4.3.4 is older than 4.3.5: install what" in of(found, "libzmq", "bad")
    assert "1.1.0 is older than 1.2.1" in of(found, "msgpack", "bad")
    monkeypatch.setattr(zmq, "has", lambda _: False)
    assert "cannot encrypt" in of(doctor(data.path)[1], "libzmq", "bad")


def test_a_clock_of_another_age(
    data: DataFolder, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = time.gmtime(0)
    monkeypatch.setattr(time, "gmtime", lambda: long_ago)
    assert "the year 1970" in of(doctor(data.path)[1], "time", "bad")


@pytest.mark.parametrize(
    ("version", "mended"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 50, 4), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_which_sqlite_has_the_bug(version: tuple[int, int, int], mended: bool) -> None:
    assert is_mended(version) is mended


def note_addresses(data: Path, *addresses: str) -> None:
    (data / "addresses.json").write_text(json.dumps(addresses))


def test_ports_of_a_stopped_server(data: DataFolder, doctor: Doctor) -> None:
    port = free_ports(1)
    note_addresses(data.path, f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port} is free" in of(doctor(data.path)[1], "ports", "ok")
    with socket.create_server(("127.0.0.1", port)):
        assert "taken by another program" in of(doctor(data.path)[1], "ports", "bad")


def test_a_running_server_whose_gateway_is_gone(data: DataFolder, doctor: Doctor) -> None:
    note_addresses(data.path, f"127.0.0.1:{free_ports(1)}")
    with DataLock(data.path / "broker.lock") as lock:
        lock.note(f"pid=1 broker=127.0.0.1:{free_ports(3)}")
        _, found = doctor(data.path)
    assert "it runs (pid=1 broker=127.0.0.1:" in of(found, "server", "ok")
    assert "no gateway answers" in of(found, "ports", "bad")
    assert "does not answer" in of(found, "broker", "bad")


def test_a_real_server_and_its_link(server: Callable[..., Server], doctor: Doctor) -> None:
    one = server()
    _, found = doctor(one.data, "--link", one.link)
    assert [each for each in found if each["level"] != "ok"] == []
    assert "it answers at" in of(found, "broker", "ok")
    assert f"a gateway answers at {one.addresses[0]}" in of(found, "ports", "ok")
    assert f"the server of the link answers at {one.addresses[0]}" in of(found, "link", "ok")
    # A link with another key: what answers there is not that server.
    false = Invite(one.invite.addresses, make().public, "token-of-somebody")
    _, found = doctor(one.data, "--link", str(false))
    assert "it is not of the server in" in of(found, "link", "bad")
    assert "(there is another program)" in of(found, "link", "bad")
    _, found = doctor(one.data, "--link", "zviazok://nonsense")
    assert "copy it whole: print it again" in of(found, "link", "bad")
    one.kill_broker()
    _, found = doctor(one.data)
    assert "but the broker does not run: start the broker" in of(found, "ports", "warn")
    one.restart_broker()
    assert "it runs (pid=" in of(doctor(one.data)[1], "server", "ok")


def test_a_link_alone_needs_no_server_here(
    server: Callable[..., Server],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = server()
    monkeypatch.setattr("broker.upkeep.doctor.server_place", lambda _: Path("/nonexistent/server"))
    assert main(["--link", one.link]) == 0
    assert f"ok   link: the server of the link answers at {one.addresses[0]}" in (
        capsys.readouterr().out
    )
    assert load_or_make(one.data / "frontend.key").public == one.invite.server_key
