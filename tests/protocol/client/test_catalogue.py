"""Changes and words beside the events: right after every transaction, whatever comes first."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.blocks import Event
from protocol.client.catalogue import SEQ_BITS
from protocol.client.folding import fold
from protocol.client.operations import Apply, DropEvents, DropRoom, PutRoom
from protocol.client.overlay import Change, read_now, removes, words_of
from protocol.client.schema import VERSION
from protocol.client.store import Store
from protocol.codes import EventKind, RoomKind
from protocol.errors import SetupError, WireError
from protocol.items import CHANGES, SAID, decode_item, encode_item

ROOM, OTHER, EPOCH = b"r" * 16, b"s" * 16, b"E" * 16
PEOPLE = (b"p" * 8, b"q" * 8)
TEXTS = ("привіт", "Ёлка", "สวัสดี", "łódź", "one two", "x", "ні")

_V1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE room (
    place INTEGER PRIMARY KEY, room BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,
    name TEXT NOT NULL, members BLOB NOT NULL, epoch BLOB NOT NULL, head INTEGER NOT NULL,
    low INTEGER NOT NULL DEFAULT -1, high INTEGER NOT NULL DEFAULT -1
);
CREATE TABLE event (
    room BLOB NOT NULL, seq INTEGER NOT NULL, ts INTEGER NOT NULL, person BLOB NOT NULL,
    nick TEXT NOT NULL, device BLOB NOT NULL, outbox_epoch BLOB NOT NULL, n INTEGER NOT NULL,
    item BLOB NOT NULL, PRIMARY KEY (room, seq)
) WITHOUT ROWID;
CREATE TABLE counter (
    room BLOB PRIMARY KEY, outbox_epoch BLOB NOT NULL, next_n INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, room BLOB NOT NULL, outbox_epoch BLOB NOT NULL,
    n INTEGER NOT NULL, item BLOB NOT NULL, code INTEGER NOT NULL DEFAULT 0,
    field TEXT NOT NULL DEFAULT '', text TEXT NOT NULL DEFAULT '',
    UNIQUE (room, outbox_epoch, n)
);
CREATE TABLE person (person BLOB PRIMARY KEY, nick TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version=1;
"""
"""The file as version 1 made it."""


def put_room(room: bytes = ROOM, epoch: bytes = EPOCH) -> PutRoom:
    return PutRoom(room, RoomKind.OPEN, "g", (), epoch, 99)


def event(seq: int, kind: EventKind, person: bytes = PEOPLE[0], **body: Any) -> Event:
    item = encode_item(kind, body)
    return Event(seq, seq, person, "Nora", b"d" * 8, b"o" * 8, seq, item)


def words(store: Store) -> dict[int, str]:
    return dict(store._db.execute("SELECT rowid, folded FROM words"))


def found(store: Store, text: str) -> list[int]:
    sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid"
    return [row for (row,) in store._db.execute(sql, (f'"{fold(text)}"',))]


def laid_over(one: Event, kind: int, body: dict[str, Any]) -> Change:
    nick = one.nick if kind == EventKind.NOTICE else ""
    return Change(body["of"], one.seq, kind, one.person, one.item, nick)


def reads(events: list[Event]) -> dict[int, str]:
    """What the index must hold: worked out anew from the events alone."""
    said, changes = [], []
    for one in events:
        try:
            kind, body = decode_item(one.item)
        except WireError:
            continue
        if kind in CHANGES or removes(kind, body):
            changes.append(laid_over(one, int(kind), body))
        elif kind in SAID:
            said.append((one, int(kind), body))
    texts = {
        one.seq: words_of(kind, read_now(one.seq, kind, one.person, body, changes).body)
        for one, kind, body in said
    }
    return {seq: fold(text) for seq, text in texts.items() if text}


_person = st.sampled_from(PEOPLE)
_some = st.one_of(
    st.tuples(st.just(EventKind.TEXT), _person, st.sampled_from(TEXTS), st.just(0)),
    st.tuples(st.just(EventKind.FILE), _person, st.sampled_from(TEXTS), st.just(0)),
    st.tuples(st.just(EventKind.EDIT), _person, st.sampled_from(TEXTS), st.integers(1, 5)),
    st.tuples(st.just(EventKind.DELETE), _person, st.just(""), st.integers(1, 5)),
    st.tuples(st.just(EventKind.REACT), _person, st.just("👍"), st.integers(1, 5)),
    st.tuples(st.just(EventKind.NOTICE), _person, st.just("removed"), st.integers(1, 5)),
)


def made(drawn: list[tuple[EventKind, bytes, str, int]]) -> list[Event]:
    events = []
    for seq, (kind, person, text, back) in enumerate(drawn, 1):
        of = max(seq - back, 1)
        body: dict[str, Any] = {"of": of}
        if kind is EventKind.TEXT:
            body = {"text": text}
        elif kind is EventKind.FILE:
            body = {"name": text, "media": "a/b", "size": 1, "sha256": bytes(32)}
        elif kind is EventKind.EDIT:
            body["text"] = text
        elif kind is EventKind.REACT:
            body |= {"emoji": text, "on": True}
        elif kind is EventKind.NOTICE:
            body["what"] = text
        events.append(event(seq, kind, person, **body))
    return events


@settings(max_examples=150)
@given(st.lists(_some, min_size=1, max_size=30), st.data())
def test_words_and_changes_are_right_however_the_events_come(
    drawn: list[tuple[EventKind, bytes, str, int]], data: st.DataObject
) -> None:
    events = made(drawn)
    store = Store(Path(":memory:"))
    store.apply([put_room(OTHER), put_room()])
    low = high = data.draw(st.integers(0, len(events)))
    while low > 0 or high < len(events):
        back = data.draw(st.booleans()) if low > 0 and high < len(events) else low > 0
        count = data.draw(st.integers(1, 12))
        if back:
            part = events[max(low - count, 0) : low]
            low -= len(part)
        else:
            part = events[high : high + count]
            high += len(part)
        for _ in range(data.draw(st.integers(1, 2))):  # twice is once
            store.apply([Apply(ROOM, EPOCH, tuple(part), low, high, len(events))])
        held = reads(events[low:high])
        assert words(store) == {2 << SEQ_BITS | seq: text for seq, text in held.items()}
    bodies = [decode_item(one.item) for one in events]
    changes = [
        laid_over(one, kind, body)
        for one, (kind, body) in zip(events, bodies, strict=True)
        if kind in CHANGES or removes(kind, body)
    ]
    rows = store.changes(ROOM, 0, 2**62)
    for one, (kind, body) in zip(events, bodies, strict=True):
        wanted = read_now(one.seq, kind, one.person, body, changes)
        assert read_now(one.seq, kind, one.person, body, rows) == wanted
    store.apply([DropEvents(ROOM)])
    assert words(store) == {} and store.changes(ROOM, 0, 2**62) == []
    store.close()


def test_a_room_is_forgotten_alone_and_what_is_damaged_is_passed_over() -> None:
    store = Store(Path(":memory:"))
    store.apply([put_room(), put_room(OTHER)])
    for room in (ROOM, OTHER):
        strange = Event(2, 2, PEOPLE[0], "N", b"d" * 8, b"o" * 8, 2, b"\xc1")
        newer = Event(3, 3, PEOPLE[0], "N", b"d" * 8, b"o" * 8, 3, b"\x92\x4d\x80")
        events = (event(1, EventKind.TEXT, text="Зв'язок є"), strange, newer)
        store.apply([Apply(room, EPOCH, events, 0, 3, 3)])
    assert found(store, "ЗВʼЯЗ") == [1 << SEQ_BITS | 1, 2 << SEQ_BITS | 1]
    store.apply([DropRoom(ROOM)])
    while store.tidy():
        pass
    assert found(store, "язок") == [2 << SEQ_BITS | 1]
    store.apply([put_room()])
    assert store.snapshot().rooms[-1].room == ROOM and found(store, "язок") == [2 << SEQ_BITS | 1]
    store.close()


def test_a_deleted_text_is_nowhere_in_the_index(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    said = event(1, EventKind.TEXT, text="secretword")
    gone = event(2, EventKind.DELETE, of=1)
    store.apply([put_room(), Apply(ROOM, EPOCH, (said,), 0, 1, 1)])
    assert found(store, "secret")
    store.apply([Apply(ROOM, EPOCH, (gone,), 0, 2, 2)])
    assert not found(store, "secret") and words(store) == {}
    store.close()


def test_nobody_crowds_out_what_others_changed() -> None:
    """However much somebody piles up on a page: what was taken back there stays away."""
    store = Store(Path(":memory:"))
    ann, bad = PEOPLE[0], PEOPLE[1]
    events = [
        event(1, EventKind.TEXT, bad, text="mine"),
        event(2, EventKind.TEXT, ann, text="secretword"),
        event(3, EventKind.TEXT, ann, text="wrng"),
    ]
    for _ in range(7_000):
        for of, kind, body in (
            (1, EventKind.EDIT, {"text": "again"}),
            (1, EventKind.DELETE, {}),
            (2, EventKind.DELETE, {}),
            (1, EventKind.REACT, {"emoji": "👍", "on": True}),
        ):
            events.append(event(len(events) + 1, kind, bad, of=of, **body))
    events.append(event(len(events) + 1, EventKind.EDIT, ann, of=3, text="right"))
    events.append(event(len(events) + 1, EventKind.DELETE, ann, of=2))
    last = len(events)
    # In one piece: what each costs by itself is not the point here.
    store.apply([put_room(), Apply(ROOM, EPOCH, tuple(events), 0, last, last)])
    rows = store.changes(ROOM, 1, 3)
    assert len(rows) < 200
    assert read_now(2, EventKind.TEXT, ann, {"text": "secretword"}, rows).deleted
    assert read_now(3, EventKind.TEXT, ann, {"text": "wrng"}, rows).body == {"text": "right"}
    assert not found(store, "secret")
    store.close()


def old_file(path: Path, events: list[Event]) -> None:
    db = sqlite3.connect(path)
    db.executescript(_V1)
    db.execute("INSERT INTO meta VALUES ('outbox_epoch', ?)", (b"o" * 8,))
    db.execute("INSERT INTO person VALUES (?, 'Nora')", (PEOPLE[0],))
    db.execute(
        "INSERT INTO room VALUES (7, ?, 1, 'g', x'90', ?, ?, 0, ?)",
        (ROOM, EPOCH, len(events), len(events)),
    )
    db.executemany(
        "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [(ROOM, *one) for one in events]
    )
    db.commit()
    db.close()


def some_events(count: int) -> list[Event]:
    drawn: Any = [
        (EventKind.TEXT, PEOPLE[0], TEXTS[at % len(TEXTS)], 0)
        if at % 5
        else (EventKind.EDIT, PEOPLE[0], "edited", 3)
        for at in range(count)
    ]
    return made(drawn)


def test_a_file_of_the_first_version_is_copied_and_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    events = some_events(5_000)
    old_file(path, events)
    store = Store(path)
    snapshot = store.snapshot()
    assert snapshot.outbox_epoch == b"o" * 8 and snapshot.rooms[0].high == 5_000
    assert snapshot.people[0][1:] == ("Nora", 0, b"")
    assert store.events(ROOM, 0, 9_999, 9_999) == events
    assert words(store) == {7 << SEQ_BITS | seq: text for seq, text in reads(events).items()}
    assert len(store.changes(ROOM, 0, 9_999)) == 999, "the first one changes nothing before it"
    store.close()
    copy = sqlite3.connect(tmp_path / "store.sqlite3.1")
    assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    assert copy.execute("SELECT count(*) FROM event").fetchone() == (5_000,)
    copy.close()
    assert os.stat(tmp_path / "store.sqlite3.1").st_mode & 0o077 == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["store.sqlite3", "store.sqlite3.1"]
    again = Store(path)
    assert again._db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    again.close()


def test_a_file_of_the_second_version_learns_what_was_removed(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    store = Store(path)
    said = [event(seq, EventKind.TEXT, text=text) for seq, text in ((1, "badword"), (2, "good"))]
    removal = event(3, EventKind.NOTICE, PEOPLE[1], what="removed", of=1, who=PEOPLE[0])
    other = event(4, EventKind.NOTICE, PEOPLE[1], what="muted", who=PEOPLE[0], text="removed")
    store.apply([put_room(), Apply(ROOM, EPOCH, (*said, removal, other), 0, 4, 4)])
    # As version 2 would have left it: it knew no such notice.
    store._db.execute("DELETE FROM overlay")
    store._db.execute(
        "INSERT INTO words (rowid, folded) VALUES (?, 'badword')", (1 << SEQ_BITS | 1,)
    )
    store._db.execute("PRAGMA user_version=2")
    store.close()
    again = Store(path)
    assert again._db.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert words(again) == {1 << SEQ_BITS | 2: "good"}
    (row,) = again.changes(ROOM, 1, 2)
    assert (row.of, row.person, row.nick) == (1, PEOPLE[1], "Nora")
    again.close()
    assert (tmp_path / "store.sqlite3.2").exists()


def test_a_change_of_version_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged_errors: list[Any]
) -> None:
    path = tmp_path / "store.sqlite3"
    old_file(path, some_events(50))

    def fails(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("protocol.client.catalogue.Catalogue.applied", fails)
    with pytest.raises(SetupError, match="disk is full"):
        Store(path)
    logged_errors.clear()
    monkeypatch.undo()
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    assert "overlay" not in tables and "upload" not in tables
    db.close()
    store = Store(path)
    assert len(words(store)) == len(reads(some_events(50)))
    store.close()
