"""The client's file: what is written together, what is found again, what is told when it fails."""

import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from protocol.blocks import Event
from protocol.client.happenings import Happening, PutAside
from protocol.client.library import Library
from protocol.client.network import Network
from protocol.client.operations import (
    Apply,
    DropEvents,
    DropRoom,
    Enqueue,
    Fail,
    PersonRow,
    PutAddresses,
    PutMe,
    PutPeople,
    PutRoom,
    PutUpload,
    Renumber,
    Settle,
    UploadRow,
)
from protocol.client.profile import Profile
from protocol.client.store import ASIDE_MAX, FAILED_MAX, Store
from protocol.codes import ErrorCode, EventKind, RoomKind
from protocol.errors import DiskFullError, SetupError
from protocol.invite import Invite
from protocol.items import encode_item

ROOM, OTHER, EPOCH, OUT = b"r" * 16, b"s" * 16, b"E" * 16, b"o" * 8
MEMBERS = ((b"p" * 8, "Іван"), (b"q" * 8, "Bo"))
PEOPLE = (PersonRow(b"p" * 8, "Іван", 3, b"f" * 8), PersonRow(b"q" * 8, "Bo"))


def put_room(room: bytes = ROOM, epoch: bytes = EPOCH) -> PutRoom:
    return PutRoom(room, RoomKind.DIRECT, "", MEMBERS, epoch, 9)


def event(seq: int) -> Event:
    return Event(seq, 10 * seq, b"p" * 8, "Іван", b"d" * 8, OUT, seq, b"item %d" % seq)


def applied(first: int, last: int, low: int = 0, epoch: bytes = EPOCH) -> Apply:
    return Apply(ROOM, epoch, tuple(map(event, range(first, last + 1))), low, last, 9)


def test_everything_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    store = Store(path)
    outbox_epoch = store.snapshot().outbox_epoch
    store.apply(
        [
            PutMe(b"p" * 8, "Іван", "school"),
            PutAddresses(("10.0.0.1:8080", "[::1]:8081")),
            PutPeople(PEOPLE),
            put_room(),
            put_room(OTHER),
            applied(1, 5),
            Enqueue(ROOM, outbox_epoch, 1, b"one"),
            Enqueue(ROOM, outbox_epoch, 2, b"two"),
            Enqueue(ROOM, outbox_epoch, 3, b"three"),
            Settle(ROOM, outbox_epoch, (1,)),
            Fail(ROOM, outbox_epoch, (2,), ErrorCode.FIELD, "text", "no"),
        ]
    )
    store.close()
    store = Store(path)
    found = store.snapshot()
    assert found.outbox_epoch == outbox_epoch and len(outbox_epoch) == 8
    assert (found.person, found.nick, found.server) == (b"p" * 8, "Іван", "school")
    assert found.addresses == ("10.0.0.1:8080", "[::1]:8081")
    assert found.people == PEOPLE
    assert [one.room for one in found.rooms] == [ROOM, OTHER]
    room = found.rooms[0]
    assert (room.kind, room.members, room.low, room.high) == (RoomKind.DIRECT, MEMBERS, 0, 5)
    assert (found.rooms[1].low, found.rooms[1].high) == (-1, -1)
    assert [(one.n, one.item, one.code) for one in found.outbox] == [
        (2, b"two", ErrorCode.FIELD),
        (3, b"three", 0),
    ]
    assert found.counters == {ROOM: (outbox_epoch, 4)}
    assert store.events(ROOM, 0, 5, 3) == [event(2), event(3), event(4)]
    assert store.events(ROOM, 2, 5, 9) == [event(3), event(4)]
    store.close()


def test_the_file_is_synced_at_every_commit(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    assert store._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store._db.execute("PRAGMA synchronous").fetchone()[0] == 2
    store.close()


def test_twice_is_once_and_a_counter_is_never_given_twice(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.apply([put_room(), applied(1, 3)])
    store.apply([put_room(), applied(1, 3)])
    assert len(store.events(ROOM, 0, 99, 99)) == 3
    assert store.snapshot().rooms[0].high == 3, "putting a room again keeps its interval"
    store.apply([Enqueue(ROOM, OUT, 1, b"x"), Settle(ROOM, OUT, (1,))])
    assert store.snapshot().counters[ROOM] == (OUT, 2), "also after the ack"
    store.apply([Renumber(ROOM, b"n" * 8)])
    assert store.snapshot().counters[ROOM] == (b"n" * 8, 1)
    store.close()


def test_a_copy_is_put_aside_whole_and_only_the_newest_stay(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite3")
    store.apply([put_room()])
    assert store.put_aside("1") is None, "there is nothing to keep"
    store.apply([applied(1, 3)])
    made = [store.put_aside(str(number)) for number in range(1, ASIDE_MAX + 2)]
    store.apply([DropEvents(ROOM)])
    store.close()
    kept = sorted(tmp_path.glob("*before-restore*"))
    assert kept == made[1:]
    assert all(one.stat().st_mode & 0o077 == 0 for one in kept)
    old = Store(kept[-1])
    assert len(old.events(ROOM, 0, 99, 99)) == 3
    old.close()


def test_a_copy_that_cannot_be_made_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite3")
    store.apply([put_room(), applied(1, 3)])
    (tmp_path / "store.before-restore-1.sqlite3.part").mkdir()
    with pytest.raises(SetupError):
        store.put_aside("1")
    assert len(store.events(ROOM, 0, 99, 99)) == 3
    store.close()


def test_a_transaction_is_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.apply([put_room(), Enqueue(ROOM, OUT, 1, b"x")])
    with pytest.raises(SetupError):
        store.apply([applied(1, 3), Enqueue(ROOM, OUT, 1, b"the same counter")])
    found = store.snapshot()
    assert found.rooms[0].high == -1 and store.events(ROOM, 0, 99, 99) == []
    store.apply([applied(1, 3)])
    assert store.snapshot().rooms[0].high == 3
    store.close()


@pytest.fixture(autouse=True)
def _expected_errors(logged_errors: list[Any]) -> Any:
    yield
    logged_errors[:] = [one for one in logged_errors if one.name != "store"]


def test_an_interval_of_another_history_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.apply([put_room(), applied(1, 3), DropEvents(ROOM), put_room(epoch=b"N" * 16)])
    room = store.snapshot().rooms[0]
    assert (room.low, room.high, room.epoch) == (-1, -1, b"N" * 16)
    assert store.events(ROOM, 0, 99, 99) == []
    store.apply([applied(1, 3, epoch=EPOCH)])
    assert store.snapshot().rooms[0].high == -1
    store.close()


def test_leaving_a_room_keeps_its_outbox(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.apply([put_room(), applied(1, 3), Enqueue(ROOM, OUT, 1, b"x"), DropRoom(ROOM)])
    found = store.snapshot()
    assert found.rooms == () and len(found.outbox) == 1
    store.close()


@pytest.mark.parametrize("slices", [0, 1, 2, 99])
def test_a_room_that_was_left_goes_in_slices_and_may_be_entered_meanwhile(
    tmp_path: Path, slices: int
) -> None:
    path, count = tmp_path / "s", 2_500
    store = Store(path)
    texts = tuple(
        event(seq)._replace(item=encode_item(EventKind.TEXT, {"text": f"hello {seq}"}))
        for seq in range(1, count + 1)
    )
    store.apply([put_room(), Apply(ROOM, EPOCH, texts, 0, count, count), put_room(OTHER)])
    store.apply([DropRoom(ROOM)])
    library = Library(path)
    assert [one.room for one in store.snapshot().rooms] == [OTHER]
    assert [one.room for one in library.rooms()] == [OTHER] and library.room(ROOM) is None
    assert not library.search("hello").hits and library.bounds(ROOM) == (0, 0, 0)
    done = 0
    while done < slices and store.tidy():
        done += 1
    store.close()  # as if killed: what is left over goes on
    store = Store(path)
    other = b"F" * 16
    store.apply([put_room(epoch=other), Apply(ROOM, other, texts[1_999:2_000], 1_999, 2_000, 9)])
    assert [one.seq for one in store.events(ROOM, 0, 9_999, 9_999)] == [2_000]
    assert [hit.message.seq for hit in library.search("hello").hits] == [2_000]
    assert not store.tidy()
    library.close()
    store.close()


def test_a_file_name_need_not_be_unicode(tmp_path: Path) -> None:
    path = os.fsdecode(b"/tmp/caf\xe9.txt")
    row = UploadRow(1, ROOM, 3, path, 5, 7, "look", 0, False)
    store = Store(tmp_path / "s")
    store.apply([PutUpload(row)])
    assert store.snapshot().uploads == (row,)
    store.close()


def test_refused_messages_do_not_pile_up(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    count = FAILED_MAX + 20
    store.apply([Enqueue(ROOM, OUT, n, b"x") for n in range(1, count + 2)])
    store.apply([Fail(ROOM, OUT, tuple(range(1, count + 1)), 4, "", "")])
    left = store.snapshot().outbox
    assert [one.n for one in left] == list(range(21, count + 2))
    store.close()


@pytest.mark.parametrize("data", [b"this is no database at all" * 100, b"SQLite format 3\0" * 300])
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s"
    path.write_bytes(data)
    with pytest.raises(SetupError, match="damaged"):
        Store(path)


def test_damaged_pages_are_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "s"
    store = Store(path)
    store.apply([put_room(), *(applied(n, n) for n in range(1, 400))])
    store.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 9] = b"\xaa" * (4096 * 6)
    path.write_bytes(data)
    with pytest.raises(SetupError, match="damaged"):
        Store(path)


def test_a_newer_file_and_a_folder_are_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "s"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(SetupError, match="newer"):
        Store(path)
    with pytest.raises(SetupError):
        Store(tmp_path)


def test_a_full_disk_is_one_clear_line_and_nothing_is_half_written(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.apply([put_room()])
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(SetupError, match="disk is full"):
        store.apply([Enqueue(ROOM, OUT, 1, b"x" * 20_000)])
    assert store.snapshot().outbox == ()
    store._db.execute("PRAGMA max_page_count=100000")
    store.apply([Enqueue(ROOM, OUT, 1, b"x" * 20_000)])
    assert len(store.snapshot().outbox) == 1
    store.close()


def test_a_copy_that_has_no_room_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store.sqlite3")
    store.apply([put_room(), applied(1, 3)])
    free = SimpleNamespace(free=(tmp_path / "store.sqlite3").stat().st_size - 1)
    monkeypatch.setattr("protocol.client.store.shutil.disk_usage", lambda _: free)
    with pytest.raises(DiskFullError, match="make room"):
        store.put_aside("1")
    assert not list(tmp_path.glob("*before-restore*"))
    store.close()


def test_a_clock_that_was_set_back_costs_no_copy_that_was_just_made(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite3")
    store.apply([put_room(), applied(1, 3)])
    for stamp in ("4", "5", "6", "1"):
        path = store.put_aside(stamp)
        assert path is not None and path.exists()
    store.close()


def test_a_copy_is_not_kept_when_nothing_was_dropped_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite = Invite(("127.0.0.1:9",), b"k" * 32)
    profile = Profile.open(tmp_path, invite, "Nora")
    told: list[Happening] = []
    network = Network(profile, invite, "Nora", "test", told.append)
    store = network._store
    store.apply([put_room(), applied(1, 3)])

    def fail(_: object) -> None:
        raise DiskFullError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(store, "apply", fail)
        for _ in range(ASIDE_MAX + 1):
            network.session.out.operations.append(DropEvents(ROOM))
            network._carry_out(1)
    assert not list(profile.store_path.parent.glob("*before-restore*"))
    assert not any(isinstance(one, PutAside) for one in told)
    network.session.out.operations.append(DropEvents(ROOM))
    network._carry_out(1)
    (kept,) = profile.store_path.parent.glob("*before-restore*")
    assert [one.path for one in told if isinstance(one, PutAside)] == [kept]
    network._close()
    profile.close()
