"""The conformance suite of the journal: every implementation must pass it whole."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker import sqlite_order
from broker.journal import (
    AUDIT_MAX,
    FOREVER_TS,
    AnswerRow,
    AuditRow,
    Batch,
    BlobRow,
    BlockRow,
    DeviceRow,
    History,
    Journal,
    MarkRow,
    MemberRow,
    Page,
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
from protocol.codes import Act, DirectRule, Role, RoomKind
from protocol.errors import DamagedError, FencedError, JournalError, SetupError
from protocol.limits import ROOMS_PER_PERSON_MAX
from tests.faults.simulation import journal as simulated
from tests.faults.simulation.journal import Disk, MemoryHistory, MemoryJournal

_PROJECT = Path(__file__).parents[2]
_MANY = 1 << 30
_DEADLINE_S = 60


@dataclass(frozen=True)
class Kind:
    """How to reach behind one implementation, for what its interface does not offer."""

    journal: Callable[[Path], Journal]
    history: Callable[[Path], History]
    durability: Callable[[Journal], str]
    fill_up: Callable[[Journal], None]
    try_to_write: Callable[[History], None]
    rewrite: Callable[[Path, str], None]
    child: str
    """Names of module and class, for a process that writes; empty: it is not in a file."""


def _sqlite(one: Journal | History) -> sqlite3.Connection:
    connection: sqlite3.Connection = one._db  # type: ignore[union-attr]
    return connection


def _sqlite_durability(journal: Journal) -> str:
    db = _sqlite(journal)
    return f"{_pragma(db, 'journal_mode')} {_pragma(db, 'synchronous')}"


def _pragma(db: sqlite3.Connection, name: str) -> str:
    return str(db.execute(f"PRAGMA {name}").fetchone()[0])


def _sqlite_fill_up(journal: Journal) -> None:
    db = _sqlite(journal)
    db.execute(f"PRAGMA max_page_count={_pragma(db, 'page_count')}")


def _sqlite_try_to_write(history: History) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        _sqlite(history).execute("DELETE FROM block")
    _sqlite(history).execute("PRAGMA query_only=OFF")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        _sqlite(history).execute("DELETE FROM block")


def _sqlite_rewrite(path: Path, sql: str) -> None:
    db = sqlite3.connect(path)
    try:
        with db:
            assert db.execute(sql).rowcount == 1
    finally:
        db.close()


_disks: dict[Path, Disk] = {}


def _disk(path: Path) -> Disk:
    """The simulated disk of a path: another path is another disk."""
    return _disks.setdefault(path, Disk(random.Random(str(path)), lambda *_: None))


def _fill_disk(journal: Journal) -> None:
    assert isinstance(journal, MemoryJournal)
    journal._disk.full = True


KINDS = {
    "memory": Kind(
        lambda path: MemoryJournal(_disk(path)),
        lambda path: MemoryHistory(_disk(path)),
        lambda _: "simulated",
        _fill_disk,
        lambda _: None,
        lambda *_: None,
        "",
    ),
    "sqlite": Kind(
        SqliteJournal,
        SqliteHistory,
        _sqlite_durability,
        _sqlite_fill_up,
        _sqlite_try_to_write,
        _sqlite_rewrite,
        "broker.sqlite_journal SqliteJournal",
    ),
}
DURABLE = {"memory": "simulated", "sqlite": "wal 2"}

in_files = pytest.mark.parametrize(
    "store", [name for name, kind in KINDS.items() if kind.child], indirect=True
)
"""For tests that look at the file, damage it or write it from another process."""


@dataclass
class Store:
    """One journal's place, and what the test has opened there."""

    name: str
    path: Path
    opened: list[Journal | History] = field(default_factory=list)
    rooms: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    def journal(self) -> Journal:
        journal = self.kind.journal(self.path)
        self.opened.append(journal)
        return journal

    def writer(self) -> Journal:
        journal = self.journal()
        journal.take_over()
        return journal

    def history(self) -> History:
        history = self.kind.history(self.path)
        self.opened.append(history)
        return history

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()


@pytest.fixture(params=sorted(KINDS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = Store(request.param, tmp_path / "journal")
    yield store
    store.close()


def room_row(no: int, head: int = 0, last_ts: int = 0) -> RoomRow:
    return RoomRow(no, no.to_bytes(16, "big"), RoomKind.OPEN, f"room {no}", f"r{no}", head, last_ts)


def blocks_of(room_no: int, sizes: list[tuple[int, int]]) -> list[BlockRow]:
    """Blocks of (events, bytes) each, dense from 1, each with bytes of its own."""
    rows, seq = [], 1
    for events, size in sizes:
        data = (f"{room_no}/{seq}/".encode() + os.urandom(size))[: max(size, 1)]
        rows.append(BlockRow(room_no, seq, seq + events - 1, 1_000 + seq, data))
        seq += events
    return rows


def fill(journal: Journal, no: int, sizes: list[tuple[int, int]]) -> tuple[bytes, list[BlockRow]]:
    """Make a room with blocks; return its id and the blocks."""
    room, blocks = room_row(no), blocks_of(no, sizes)
    journal.append(Batch(rooms=[room], blocks=blocks))
    return room.room, blocks


def act_row(no: int) -> AuditRow:
    return AuditRow(no, 1_000 + no, no % 2, "Ада", Act.BAN, 3, f"Петро {no}", 60, "спам")


def read_all(history: History, room: bytes) -> list[bytes]:
    page = history.read(room, 0, 0, _MANY, _MANY)
    assert page is not None
    assert not page.more
    return page.blocks


# --- opening, taking over, fencing --------------------------------------------------------


def test_is_durable(store: Store) -> None:
    journal = store.writer()
    assert store.kind.durability(journal) == DURABLE[store.name]
    journal.append(Batch(rooms=[room_row(1)]))
    assert store.kind.durability(journal) == DURABLE[store.name]
    health = journal.health()
    assert health["journal"] == store.name
    assert all(type(word) is str for pair in health.items() for word in pair)


def test_epoch_stays_and_is_another_for_another_journal(store: Store, tmp_path: Path) -> None:
    epoch = store.journal().epoch
    assert len(epoch) == 16
    store.close()
    assert store.journal().epoch == epoch
    store.path = tmp_path / "another"
    assert store.journal().epoch != epoch


def test_take_over_raises_the_term_durably(store: Store) -> None:
    first = store.journal().take_over()
    assert first >= 1
    assert store.journal().take_over() == first + 1
    store.close()
    assert store.journal().take_over() == first + 2


def test_fenced_broker_stores_nothing(store: Store) -> None:
    old = store.writer()
    room, blocks = fill(old, 1, [(2, 10)])
    new = store.writer()
    with pytest.raises(FencedError):
        old.append(
            Batch(
                blocks=[BlockRow(1, 3, 3, 5, b"lost")],
                people=[PersonRow(1, bytes(8), "Олена", "олена")],
            )
        )
    assert read_all(store.history(), room) == [blocks[0].data]
    assert new.contents().people == []
    new.append(Batch(blocks=[BlockRow(1, 3, 3, 5, b"kept")]))
    with pytest.raises(FencedError):
        old.append(Batch(blocks=[BlockRow(1, 4, 4, 5, b"lost")]))
    assert read_all(store.history(), room) == [blocks[0].data, b"kept"]


@in_files
def test_file_is_the_owners_alone(store: Store) -> None:
    fill(store.writer(), 1, [(1, 100)])
    if os.name == "posix":
        modes = {path.name: path.stat().st_mode & 0o077 for path in store.path.parent.iterdir()}
        assert not any(modes.values()), modes


@in_files
def test_what_is_no_journal_is_refused_in_one_line(store: Store) -> None:
    store.path.write_bytes(b"this is a letter to the editor, not a journal\n" * 100)
    with pytest.raises(SetupError) as caught:
        store.journal()
    assert str(store.path) in str(caught.value)
    assert "\n" not in str(caught.value)


@in_files
def test_history_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(SetupError):
        store.history()


@in_files
def test_relative_paths_work(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.path.parent)
    store.path = Path("with ? and #.journal")
    room, blocks = fill(store.writer(), 1, [(1, 5)])
    assert read_all(store.history(), room) == [blocks[0].data]


# --- append -------------------------------------------------------------------------------


def test_batch_is_whole_or_nothing(store: Store) -> None:
    journal = store.writer()
    room, blocks = fill(journal, 1, [(2, 10)])
    bad = Batch(
        blocks=[BlockRow(1, 3, 3, 5, b"good"), BlockRow(1, 1, 1, 5, b"this place is taken")],
        people=[PersonRow(1, bytes(8), "Олена", "олена")],
        writers={1: WriterRow(1, 1, 1, bytes(8), 1)},
        answers=[AnswerRow(1, 1, 1, 3, 0, "", "")],
        blobs=[BlobRow(1, bytes(32), 5)],
        tokens=[TokenRow(b"t", 1, 5)],
        profiles={1: ProfileRow(1, 5, b"name")},
        pictures={1: b"picture"},
        marks=[MarkRow(1, 1, 1)],
        standings={1: StandingRow(1, Role.OWNER, False, False, 0)},
        room_standings={(1, 1): RoomStandingRow(1, 1, Role.OWNER, False, 0)},
        rules={1: RulesRow(1, True, False, 0, DirectRule.FREE)},
        banned_devices={1: True},
        audit=[act_row(1)],
        invite_uses={"a2b4": 1},
    )
    with pytest.raises(JournalError):
        journal.append(bad)
    history = store.history()
    assert read_all(history, room) == [blocks[0].data]
    assert not history.has_blob(room, bytes(32))
    assert journal.writer(1, 1, bytes(8)) is None
    assert list(journal.answers(1, 1, 9)) == []
    contents = journal.contents()
    assert (contents.people, contents.tokens) == ([], [])
    assert (contents.profiles, contents.marks) == ([], [])
    assert (contents.standings, contents.room_standings, contents.rules) == ([], [], [])
    assert (contents.banned_devices, contents.invite_uses) == ([], {})
    assert (contents.last_audit_no, journal.audit(0, 9)) == (0, [])
    assert journal.picture(1) == b""
    journal.append(Batch(blocks=[BlockRow(1, 3, 3, 5, b"good")]))
    assert read_all(history, room) == [blocks[0].data, b"good"]


def test_full_disk_stores_nothing_and_is_told(store: Store) -> None:
    journal = store.writer()
    room, blocks = fill(journal, 1, [(1, 10)])
    store.kind.fill_up(journal)
    with pytest.raises(JournalError, match="full"):
        journal.append(Batch(blocks=[BlockRow(1, 2, 2, 5, os.urandom(500_000))]))
    assert read_all(store.history(), room) == [blocks[0].data]


def test_contents_after_reopening(store: Store) -> None:
    journal = store.writer()
    people = [PersonRow(1, b"a" * 8, "Олена", "олена"), PersonRow(2, b"b" * 8, "Ümit", "umit")]
    devices = [DeviceRow(1, b"k" * 32, 1), DeviceRow(2, b"l" * 32, 2)]
    rooms = [
        room_row(1),
        RoomRow(2, b"d" * 16, RoomKind.DIRECT, "", "direct 1 2", 0, 0),
    ]
    journal.append(
        Batch(
            people=people,
            devices=devices,
            rooms=rooms,
            joined=[MemberRow(1, 1, 1), MemberRow(1, 2, 2), MemberRow(2, 1, 3), MemberRow(2, 2, 4)],
            writers={7: WriterRow(7, 1, 1, b"o" * 8, 3)},
            tokens=[TokenRow(b"x" * 32, 1, 99), TokenRow(b"y" * 32, 2, 99)],
        )
    )
    renamed = PersonRow(1, b"a" * 8, "Оленка", "оленка")
    journal.append(
        Batch(
            people=[renamed],
            left=[(1, 2)],
            used_tokens=[b"y" * 32],
            blocks=[BlockRow(1, 1, 5, 70, b"five"), BlockRow(1, 6, 6, 80, b"one")],
        )
    )
    store.close()
    contents = store.journal().contents()
    assert contents.people == [renamed, people[1]]
    assert contents.devices == devices
    assert contents.rooms == [rooms[0]._replace(head=6, last_ts=80), rooms[1]]
    assert [room.kind for room in contents.rooms] == [RoomKind.OPEN, RoomKind.DIRECT]
    assert contents.members == [MemberRow(1, 1, 1), MemberRow(2, 1, 3), MemberRow(2, 2, 4)]
    assert contents.tokens == [TokenRow(b"x" * 32, 1, 99)]
    assert contents.last_writer_no == 7
    assert contents.last_order == 4


def test_two_rooms_or_people_never_share_what_is_unique(store: Store) -> None:
    journal = store.writer()
    journal.append(Batch(rooms=[room_row(1)], people=[PersonRow(1, b"a" * 8, "A", "a")]))
    for batch in (
        Batch(rooms=[room_row(2)._replace(handle="r1")]),
        Batch(rooms=[room_row(2)._replace(room=room_row(1).room)]),
        Batch(people=[PersonRow(2, b"b" * 8, "Α", "a")]),
    ):
        with pytest.raises(JournalError):
            journal.append(batch)
    assert len(journal.contents().rooms) == len(journal.contents().people) == 1


def test_writers_and_answers(store: Store) -> None:
    journal = store.writer()
    outbox = b"outbox-1"
    answers = [
        AnswerRow(1, 1, 10, 100, 0, "", ""),
        AnswerRow(1, 11, 11, 0, 4, "text", "must be a string"),
        AnswerRow(1, 12, 20, 110, 0, "", ""),
    ]
    other = AnswerRow(2, 1, 30, 200, 0, "", "")
    journal.append(Batch(writers={1: WriterRow(1, 1, 1, outbox, 11)}, answers=answers[:2]))
    journal.append(
        Batch(
            writers={1: WriterRow(1, 1, 1, outbox, 20), 2: WriterRow(2, 2, 1, outbox, 30)},
            answers=[answers[2], other],
        )
    )
    store.close()
    journal = store.journal()
    assert journal.writer(1, 1, outbox) == WriterRow(1, 1, 1, outbox, 20)
    assert journal.writer(2, 1, outbox) == WriterRow(2, 2, 1, outbox, 30)
    assert journal.writer(1, 2, outbox) is None
    assert journal.writer(1, 1, b"outbox-2") is None
    for first in range(1, 25):
        for last in range(first, 25):
            touched = [row for row in answers if row.last_n >= first and row.first_n <= last]
            assert list(journal.answers(1, first, last)) == touched
    assert list(journal.answers(2, 5, 5)) == [other]
    assert list(journal.answers(3, 1, 99)) == []


def test_blobs_belong_to_rooms(store: Store) -> None:
    journal = store.writer()
    journal.append(Batch(rooms=[room_row(1), room_row(2)], blobs=[BlobRow(1, b"s" * 32, 5)]))
    journal.append(Batch(blobs=[BlobRow(1, b"s" * 32, 5)]))
    history = store.history()
    assert history.has_blob(room_row(1).room, b"s" * 32)
    assert not history.has_blob(room_row(2).room, b"s" * 32)
    assert not history.has_blob(room_row(3).room, b"s" * 32)
    assert not history.has_blob(room_row(1).room, b"t" * 32)
    assert journal.posted(b"s" * 32, [1]) and journal.posted(b"s" * 32, {3: 0, 2: 0, 1: 0})
    assert not journal.posted(b"s" * 32, [2, 3]) and not journal.posted(b"t" * 32, [1, 2])
    assert not journal.posted(b"s" * 32, [])
    assert journal.posted(b"s" * 32, range(1, ROOMS_PER_PERSON_MAX + 1))


def test_history_knows_whose_device_it_is_and_who_is_banned(store: Store) -> None:
    journal = store.writer()
    keys = [bytes((no,)) * 32 for no in range(4)]
    people = [PersonRow(no, b"person-%d" % no, f"n{no}", f"n{no}") for no in (1, 2)]
    devices = [DeviceRow(1, keys[1], 1), DeviceRow(2, keys[2], 1), DeviceRow(3, keys[3], 2)]
    journal.append(Batch(people=people, devices=devices))
    history = store.history()

    def whose() -> list[int | None]:
        return [history.person_of(key) for key in keys]

    assert whose() == [None, 1, 1, 2]
    journal.append(Batch(banned_devices={2: True}))
    assert whose() == [None, 1, None, 2]
    journal.append(Batch(standings={1: StandingRow(1, Role.MEMBER, True, False, 0)}))
    assert whose() == [None, None, None, 2]
    journal.append(Batch(standings={1: StandingRow(1, Role.MODERATOR, False, True, 9)}))
    assert whose() == [None, 1, None, 2]
    journal.append(
        Batch(
            banned_devices={2: False}, standings={1: StandingRow(1, Role.MEMBER, False, False, 0)}
        )
    )
    assert whose() == [None, 1, 1, 2]
    store.close()
    history = store.history()
    assert whose() == [None, 1, 1, 2]


def test_history_knows_who_is_in_a_room_at_this_moment(store: Store) -> None:
    journal = store.writer()
    people = [PersonRow(no, b"person-%d" % no, f"n{no}", f"n{no}") for no in (1, 2)]
    rooms = [room_row(1), room_row(2)]
    journal.append(Batch(people=people, rooms=rooms, joined=[MemberRow(1, 1, 1)]))
    history = store.history()

    def members() -> list[tuple[int, int]]:
        every = [(no, who) for no in (1, 2, 3) for who in (1, 2, 3)]
        return [(no, who) for no, who in every if history.is_member(who, room_row(no).room)]

    assert members() == [(1, 1)]
    journal.append(Batch(joined=[MemberRow(1, 2, 2), MemberRow(2, 2, 3)]))
    assert members() == [(1, 1), (1, 2), (2, 2)]
    journal.append(Batch(left=[(1, 1)]))
    assert members() == [(1, 2), (2, 2)]


@in_files
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE member SET room_no=2",
        "UPDATE member SET person_no=2",
        "UPDATE device SET person_no=1 WHERE no=2",
        "UPDATE standing SET banned=0",
        "UPDATE banned_device SET crc=crc+1",
    ],
)
def test_damaged_rows_open_no_room(store: Store, sql: str) -> None:
    journal = store.writer()
    people = [PersonRow(no, b"person-%d" % no, f"n{no}", f"n{no}") for no in (1, 2)]
    keys = [bytes((no,)) * 32 for no in range(3)]
    journal.append(
        Batch(
            people=people,
            rooms=[room_row(1), room_row(2)],
            devices=[DeviceRow(1, keys[1], 1), DeviceRow(2, keys[2], 2)],
            joined=[MemberRow(1, 1, 1)],
            standings={2: StandingRow(2, Role.MEMBER, True, False, 0)},
            banned_devices={1: True},
        )
    )
    store.close()
    store.kind.rewrite(store.path, sql)
    history = store.history()

    def look() -> None:
        for key in keys[1:]:
            assert history.person_of(key) is None
        every = [(room_row(no).room, who) for no in (1, 2) for who in (1, 2)]
        for room, who in every:
            assert not history.is_member(who, room) or (room, who) == (room_row(1).room, 1)

    with pytest.raises(DamagedError):
        look()


def test_profiles_and_pictures_are_those_of_last_time(store: Store) -> None:
    journal = store.writer()
    people = [PersonRow(no, bytes([no]) * 8, f"p{no}", f"p{no}") for no in (1, 2, 3)]
    large = os.urandom(8_192)
    journal.append(
        Batch(
            people=people,
            profiles={1: ProfileRow(1, 255, b"12345678"), 2: ProfileRow(2, 0, b"abcdefgh")},
            pictures={1: large, 2: b"two"},
        )
    )
    journal.append(Batch(profiles={3: ProfileRow(3, 9, b"")}))
    assert [journal.picture(no) for no in (1, 2, 3, 4)] == [large, b"two", b"", b""]
    journal.append(
        Batch(
            people=[people[0]._replace(nick="renamed")],
            profiles={2: ProfileRow(2, 4, b"")},
            pictures={2: b""},
        )
    )
    store.close()
    journal = store.journal()
    assert sorted(journal.contents().profiles) == [
        ProfileRow(1, 255, b"12345678"),
        ProfileRow(2, 4, b""),
        ProfileRow(3, 9, b""),
    ]
    assert [journal.picture(no) for no in (1, 2, 3)] == [large, b"", b""]


def test_marks_move_and_end(store: Store) -> None:
    journal = store.writer()
    journal.append(Batch(marks=[MarkRow(1, 1, 5), MarkRow(1, 2, 7), MarkRow(2, 1, 1)]))
    journal.append(Batch(marks=[MarkRow(1, 1, 9), MarkRow(1, 2, 0), MarkRow(3, 3, 0)]))
    store.close()
    assert sorted(store.journal().contents().marks) == [MarkRow(1, 1, 9), MarkRow(2, 1, 1)]


# --- order --------------------------------------------------------------------------------


def order_of(journal: Journal) -> list[object]:
    """What holds, each in an order of its own."""
    found = journal.contents()
    return [
        sorted(found.standings),
        sorted(found.room_standings),
        sorted(found.rules),
        sorted(found.banned_devices),
    ]


def test_what_holds_is_what_was_said_last(store: Store) -> None:
    journal = store.writer()
    owner = StandingRow(1, Role.OWNER, False, False, 0)
    muted = StandingRow(2, Role.MEMBER, False, True, FOREVER_TS)
    banned = StandingRow(3, Role.MEMBER, True, False, 0)
    theirs = RoomStandingRow(1, 2, Role.MODERATOR, False, 0)
    put_out = RoomStandingRow(1, 3, Role.MEMBER, True, 5)
    slow = RulesRow(1, True, True, 30, DirectRule.WITH_MODERATORS)
    quiet = RulesRow(2, False, False, 0, DirectRule.OFF)
    journal.append(
        Batch(
            standings={row.person_no: row for row in (owner, muted, banned)},
            room_standings={row[:2]: row for row in (theirs, put_out)},
            rules={1: slow, 2: quiet},
            banned_devices={4: True, 5: True, 6: False},
        )
    )
    store.close()
    journal = store.writer()
    assert order_of(journal) == [[owner, muted, banned], [theirs, put_out], [slow, quiet], [4, 5]]
    # Read as what they are: whoever compares must not meet plain numbers.
    standings = {row.person_no: row for row in journal.contents().standings}
    assert type(standings[1].role) is Role and standings[3].banned is True
    assert type(journal.contents().rules[0].direct) is DirectRule
    # Who is nothing but a member has no row any more, nor has a room without rules.
    lowered = owner._replace(role=Role.MODERATOR, muted_until=7)
    journal.append(
        Batch(
            standings={1: lowered, 3: StandingRow(3, Role.MEMBER, False, False, 0)},
            room_standings={(1, 3): RoomStandingRow(1, 3, Role.MEMBER, False, 0)},
            rules={1: RulesRow(1, False, False, 0, DirectRule.FREE), 2: quiet._replace(slow_s=9)},
            banned_devices={4: False, 5: True, 7: True},
        )
    )
    store.close()
    held = [[lowered, muted], [theirs], [quiet._replace(slow_s=9)], [5, 7]]
    assert order_of(store.journal()) == held


def test_uses_of_invites_are_counted(store: Store) -> None:
    journal = store.writer()
    journal.append(Batch(invite_uses={"a2b4": 1, "c6d8": 30}))
    journal.append(Batch(invite_uses={"a2b4": 2}))
    store.close()
    assert store.journal().contents().invite_uses == {"a2b4": 2, "c6d8": 30}


def test_the_audit_log_is_read_in_pages_from_the_newest(store: Store) -> None:
    journal = store.writer()
    acts = [act_row(no) for no in range(1, 26)]
    for begin in range(0, 25, 10):
        journal.append(Batch(audit=acts[begin : begin + 10]))
    store.close()
    journal = store.journal()
    assert journal.contents().last_audit_no == 25
    for before in range(28):
        for limit in (1, 4, 30):
            expected = [row for row in acts[::-1] if not before or row.no < before][:limit]
            assert journal.audit(before, limit) == expected, (before, limit)


def test_the_audit_log_keeps_the_newest_acts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert AUDIT_MAX == 100_000
    for module in (sqlite_order, simulated):
        monkeypatch.setattr(module, "AUDIT_MAX", 10)
    journal = store.writer()
    kept: list[int] = []
    for no in range(1, 31, 3):
        journal.append(Batch(audit=[act_row(one) for one in range(no, no + 3)]))
        kept = [row.no for row in journal.audit(0, 99)]
        assert kept == list(range(no + 2, max(0, no - 8), -1))
    assert len(kept) == 10
    assert journal.contents().last_audit_no == 30


@pytest.mark.parametrize("batch", [
    Batch(profiles={1: ProfileRow(1, 1, b"")}), Batch(pictures={1: b"x"}),
    Batch(marks=[MarkRow(1, 1, 1)]),
    Batch(standings={1: StandingRow(1, Role.MEMBER, False, False, 0)}),
    Batch(room_standings={(1, 1): RoomStandingRow(1, 1, Role.MEMBER, False, 0)}),
    Batch(rules={1: RulesRow(1, False, False, 0, DirectRule.FREE)}),
    Batch(banned_devices={1: False}), Batch(audit=[act_row(1)]), Batch(invite_uses={"a": 1}),
])  # fmt: skip
def test_a_batch_of_one_thing_is_worth_storing(batch: Batch) -> None:
    assert batch and not Batch()


# --- pages --------------------------------------------------------------------------------


def model_page(blocks: list[BlockRow], after: int, before: int, limit: int, max_bytes: int) -> Page:
    """What a page is, said as plainly as possible."""

    def asked(block: BlockRow) -> int:
        seqs = range(block.first_seq, block.last_seq + 1)
        return sum(1 for seq in seqs if seq > after and not 0 < before <= seq)

    wanted = [block for block in blocks if asked(block)]
    taken: list[BlockRow] = []
    events = 0
    more = False
    for block in reversed(wanted) if before else wanted:
        size = sum(len(one.data) for one in taken) + len(block.data)
        if taken and (events >= limit or size > max_bytes):
            more = True
            break
        taken.append(block)
        events += asked(block)
    taken.sort()
    return Page([one.data for one in taken], blocks[-1].last_seq if blocks else 0, more)


SIZES = st.lists(st.tuples(st.integers(1, 6), st.integers(8, 40)), max_size=12)
RANGES = st.lists(
    st.tuples(
        st.integers(0, 75),
        st.one_of(st.just(0), st.integers(1, 75)),
        st.integers(1, 30),
        st.integers(1, 300),
    ),
    min_size=1,
    max_size=20,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sizes=SIZES, ranges=RANGES)
def test_pages_are_those_of_the_model(
    store: Store, sizes: list[tuple[int, int]], ranges: list[tuple[int, int, int, int]]
) -> None:
    if not store.opened:
        store.writer()
        store.history()
    journal, history = store.opened
    assert isinstance(journal, SqliteJournal | MemoryJournal)
    assert isinstance(history, SqliteHistory | MemoryHistory)
    # Neighbours on both sides must never be seen.
    no = 3 * next(store.rooms)
    for neighbour in (no - 1, no + 1):
        fill(journal, neighbour, [(3, 20), (3, 20)])
    room, blocks = fill(journal, no, sizes)
    for one in ranges:
        assert history.read(room, *one) == model_page(blocks, *one), one


def test_pages_at_every_boundary(store: Store) -> None:
    journal = store.writer()
    room, blocks = fill(journal, 1, [(1, 9), (4, 9), (2, 9), (1, 9)])
    fill(journal, 2, [(9, 9)])
    history = store.history()
    head = blocks[-1].last_seq
    for after in range(head + 3):
        for before in range(head + 3):
            for limit in range(1, head + 2):
                for max_bytes in (1, 18, 27, _MANY):
                    one = (after, before, limit, max_bytes)
                    assert history.read(room, *one) == model_page(blocks, *one), one
    huge = 2**63 - 1
    assert history.read(room, huge, 0, 5, _MANY) == Page([], head, False)
    assert history.read(room, huge, huge, 5, _MANY) == Page([], head, False)
    assert history.read(room, 0, huge, _MANY, _MANY) == Page(
        [block.data for block in blocks], head, False
    )


def test_walking_back_and_forth_meets_every_event_once(store: Store) -> None:
    room, blocks = fill(store.writer(), 1, [(1 + i % 5, 30) for i in range(40)])
    history = store.history()
    data = [block.data for block in blocks]
    first = {block.data: block.first_seq for block in blocks}
    last = {block.data: block.last_seq for block in blocks}
    walked: list[bytes] = []
    after, more = 0, True
    while more:
        page = history.read(room, after, 0, 7, 100)
        assert page is not None
        walked += page.blocks
        after, more = last[page.blocks[-1]], page.more
    assert walked == data
    walked = []
    before, more = last[data[-1]] + 1, True
    while more:
        page = history.read(room, 0, before, 7, 100)
        assert page is not None
        walked = page.blocks + walked
        before, more = first[page.blocks[0]], page.more
    assert walked == data


def test_a_room_that_is_not_there_and_an_empty_one(store: Store) -> None:
    journal = store.writer()
    journal.append(Batch(rooms=[room_row(1)]))
    history = store.history()
    assert history.read(room_row(2).room, 0, 0, 5, _MANY) is None
    for before in (0, 1, 5):
        assert history.read(room_row(1).room, 0, before, 5, _MANY) == Page([], 0, False)
    journal.append(Batch(rooms=[room_row(2)]))
    assert history.read(room_row(2).room, 0, 0, 5, _MANY) == Page([], 0, False)


def test_history_sees_what_is_committed_at_once(store: Store) -> None:
    journal = store.writer()
    room, _ = fill(journal, 1, [(1, 9)])
    first, second = store.history(), store.history()
    for seq in range(2, 30):
        journal.append(Batch(blocks=[BlockRow(1, seq, seq, seq, b"%d" % seq)]))
        for history in (first, second):
            page = history.read(room, seq - 1, 0, 5, _MANY)
            assert page == Page([b"%d" % seq], seq, False)


@in_files
def test_history_cannot_write(store: Store) -> None:
    room, blocks = fill(store.writer(), 1, [(1, 9)])
    history = store.history()
    store.kind.try_to_write(history)
    assert read_all(history, room) == [blocks[0].data]


# --- damage and death ---------------------------------------------------------------------


@in_files
def test_block_changed_by_another_hand_is_never_served(store: Store) -> None:
    journal = store.writer()
    room, blocks = fill(journal, 1, [(2, 50), (2, 50), (2, 50)])
    other, others = fill(journal, 2, [(2, 50)])
    store.close()
    place = (1 << 40) | 3
    whole = store.path.read_bytes()
    for sql in (
        f"UPDATE block SET data=x'00' || substr(data, 2) WHERE id={place}",
        f"UPDATE block SET data=substr(data, 2) WHERE id={place}",
        f"UPDATE block SET data='text' WHERE id={place}",
        f"UPDATE block SET data=17 WHERE id={place}",
        f"UPDATE block SET crc=crc+1 WHERE id={place}",
        f"UPDATE block SET crc='x' WHERE id={place}",
        f"UPDATE block SET last_seq=3 WHERE id={place}",
        f"UPDATE block SET last_seq=-1 WHERE id={place}",
        f"UPDATE block SET last_seq='x' WHERE id={place}",
        f"UPDATE block SET ts=ts+1 WHERE id={place}",
        f"UPDATE block SET id={1 << 40 | 4} WHERE id={place}",
        f"DELETE FROM block WHERE id={place}",
    ):
        store.path.write_bytes(whole)
        store.kind.rewrite(store.path, sql)
        journal = store.writer()
        history = store.history()
        for after, before in ((2, 0), (3, 0), (0, 5), (0, 4), (2, 5)):
            with pytest.raises(DamagedError):
                history.read(room, after, before, _MANY, _MANY)
        # What stands before the damage is served up to it.
        assert history.read(room, 0, 0, _MANY, _MANY) == Page([blocks[0].data], 6, True)
        assert history.read(room, 0, 7, _MANY, _MANY) == Page([blocks[2].data], 6, True)
        assert read_all(history, other) == [others[0].data]
        store.close()


@in_files
@pytest.mark.parametrize("value", ["9", "'x'", "x'ff'", "CAST(x'ff' AS TEXT)"])
@pytest.mark.parametrize("column", ["last_seq", "data"])
def test_damaged_head_stops_a_broker(store: Store, column: str, value: str) -> None:
    room, _ = fill(store.writer(), 1, [(2, 50), (2, 50)])
    store.close()
    place = (1 << 40) | 3
    store.kind.rewrite(store.path, f"UPDATE block SET {column}={value} WHERE id={place}")
    with pytest.raises(DamagedError, match="backup"):
        store.writer().contents()
    for before in (0, 9):
        with pytest.raises(DamagedError):
            store.history().read(room, 2, before, _MANY, _MANY)


@in_files
def test_lost_first_block_is_noticed(store: Store) -> None:
    room, blocks = fill(store.writer(), 1, [(2, 50), (2, 50)])
    store.close()
    store.kind.rewrite(store.path, f"DELETE FROM block WHERE id={1 << 40 | 1}")
    store.writer()
    history = store.history()
    with pytest.raises(DamagedError):
        history.read(room, 0, 0, _MANY, _MANY)
    with pytest.raises(DamagedError):
        history.read(room, 0, 2, _MANY, _MANY)
    assert history.read(room, 0, 9, _MANY, _MANY) == Page([blocks[1].data], 4, True)


@in_files
def test_flipped_bits_in_the_file_are_never_served(store: Store) -> None:
    room, blocks = fill(store.writer(), 1, [(2, 300)] * 60)
    store.close()
    whole = store.path.read_bytes()
    data = [block.data for block in blocks]
    # One flip in a block's bytes is always told.
    start = whole.index(data[30])
    _flip(store.path, whole, start + 150)
    store.writer()
    with pytest.raises(DamagedError):
        store.history().read(room, blocks[30].first_seq - 1, 0, 2, _MANY)
    store.close()
    # Flips anywhere: whatever is served is what was written, from the asked place on.
    told = 0
    dice = random.Random(8070)
    for _ in range(120):
        _flip(store.path, whole, dice.randrange(100, len(whole)), 1 << dice.randrange(8))
        try:
            store.journal()
            page = store.history().read(room, 0, 0, _MANY, _MANY)
            if page is not None:
                assert page.blocks == data[: len(page.blocks)]
                told += len(page.blocks) < len(data)
        except (JournalError, SetupError):
            told += 1
        store.close()
    assert told > 10


def _flip(path: Path, whole: bytes, place: int, bit: int = 1) -> None:
    for old in path.parent.iterdir():
        old.unlink()
    path.write_bytes(whole[:place] + bytes((whole[place] ^ bit,)) + whole[place + 1 :])


_WRITE_FOR_EVER = """
import importlib, sys
from pathlib import Path
from broker.journal import AnswerRow, Batch, BlobRow, BlockRow, RoomRow, WriterRow
from protocol.codes import RoomKind

journal = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(Path(sys.argv[3]))
journal.take_over()
if not journal.contents().rooms:
    journal.append(Batch(rooms=[RoomRow(1, bytes(16), RoomKind.OPEN, "r", "r", 0, 0)]))
seq = journal.contents().rooms[0].head
while True:
    data = b"%d " % (seq + 1) * (1 + seq % 500)
    journal.append(Batch(
        blocks=[BlockRow(1, seq + 1, seq + 3, seq, data)],
        writers={1: WriterRow(1, 1, 1, bytes(8), seq + 3)},
        answers=[AnswerRow(1, seq + 1, seq + 3, seq + 1, 0, "", "")],
        blobs=[BlobRow(1, (seq + 1).to_bytes(32, "big"), 5)],
    ))
    seq += 3
    print(seq, flush=True)
"""


@in_files
def test_all_that_was_acknowledged_survives_kill_9(store: Store) -> None:
    acked = 0
    for lines in (1, 40, 160):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITE_FOR_EVER, *store.kind.child.split(), str(store.path)],
            stdout=subprocess.PIPE,
            cwd=_PROJECT,
            text=True,
        )
        assert child.stdout is not None
        with child.stdout as out:
            for _ in range(lines):
                acked = int(out.readline())
            child.kill()
            rest = out.read().splitlines(keepends=True)
            child.wait(_DEADLINE_S)
        acked = max([acked, *(int(line) for line in rest if line.endswith("\n"))])
        # Another process finds it, as the restarted broker would.
        journal = store.writer()
        (room,) = journal.contents().rooms
        assert room.head in (acked, acked + 3)
        history = store.history()
        expected = [b"%d " % (seq + 1) * (1 + seq % 500) for seq in range(0, room.head, 3)]
        assert read_all(history, room.room) == expected
        writer = journal.writer(1, 1, bytes(8))
        assert writer is not None
        assert writer.last_n == room.head
        answered = list(journal.answers(1, 1, _MANY))
        assert [row.first_seq for row in answered] == list(range(1, room.head, 3))
        assert history.has_blob(room.room, (room.head - 2).to_bytes(32, "big"))
        acked = room.head
        store.close()


@in_files
def test_a_copy_of_the_file_is_the_same_history(store: Store, tmp_path: Path) -> None:
    journal = store.writer()
    room, blocks = fill(journal, 1, [(2, 30), (1, 30)])
    epoch, term = journal.epoch, int(journal.health()["term"])
    store.close()
    shutil.copy(store.path, tmp_path / "copy")
    store.path = tmp_path / "copy"
    journal = store.journal()
    assert journal.epoch == epoch
    assert journal.take_over() == term + 1
    assert read_all(store.history(), room) == [block.data for block in blocks]
