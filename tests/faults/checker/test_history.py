"""Histories: what is written is read, a torn end is forgiven, and nothing else is."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.blocks import NO_OUTBOX, Event
from protocol.codes import EventKind
from protocol.items import encode_item
from tests.faults.checker import records as r
from tests.faults.checker.history import (
    FLUSH_NS,
    HistoryError,
    NemesisWriter,
    Reader,
    Writer,
    next_session,
    sessions,
)

ROOM, EPOCH, OE, PERSON = b"r" * 16, b"e" * 16, b"o" * 8, b"p" * 8


class Clock:
    def __init__(self) -> None:
        self.now_ns = 5

    def __call__(self) -> int:
        return self.now_ns


def test_every_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    clock = Clock()
    writer = Writer(tmp_path, "c07", 2, clock)
    event = r.entry(1, PERSON, OE, 1, "c07-1 é😀\n", 12)
    writer.start()
    writer.start(PERSON)
    writer.me(PERSON, "c07")
    writer.room(ROOM, 2, "", EPOCH, 3, [PERSON])
    writer.room(ROOM, 1, "general", EPOCH, 3)
    writer.left(ROOM)
    writer.invoke(ROOM, OE, 1, "c07-1")
    writer.invoke(ROOM, OE, 2, None)
    writer.ok(ROOM, OE, 1, EPOCH, 9)
    writer.fail(ROOM, OE, 2, 15)
    writer.gone(ROOM, OE, 3)
    writer.see(ROOM, EPOCH, "live", [event])
    writer.see(ROOM, EPOCH, "live", [])
    writer.resync(ROOM, EPOCH)
    writer.link("online", "127.0.0.1:8080")
    writer.busy(ROOM, 100)
    writer.end(ROOM, EPOCH, 0, 1, 0)
    writer.final(ROOM, EPOCH, [event] * 1_001)
    writer.raw(["b", "a"])
    writer.close()
    room, epoch, oe, person = (one.hex() for one in (ROOM, EPOCH, OE, PERSON))
    head = (5, "c07", 2)
    assert list(Reader(tmp_path / "c07.2.jsonl")) == [
        r.Start(*head, None),
        r.Start(*head, person),
        r.Me(*head, person, "c07"),
        r.Room(*head, room, 2, "", epoch, 3, [person]),
        r.Room(*head, room, 1, "general", epoch, 3, None),
        r.Left(*head, room),
        r.Invoke(*head, room, oe, 1, "c07-1"),
        r.Invoke(*head, room, oe, 2, None),
        r.Ok(*head, room, oe, 1, epoch, 9),
        r.Fail(*head, room, oe, 2, 15),
        r.Gone(*head, room, oe, 3),
        r.See(*head, room, epoch, "live", [event]),
        r.Resync(*head, room, epoch),
        r.Link(*head, "online", "127.0.0.1:8080"),
        r.Busy(*head, room, 100),
        r.End(*head, room, epoch, 0, 1, 0),
        r.FinalPiece(*head, room, epoch, [event] * 1_000),
        r.FinalPiece(*head, room, epoch, [event]),
        r.Raw(*head, ["a", "b"]),
    ]


def test_faults_are_read_as_they_were_written(tmp_path: Path) -> None:
    nemesis = NemesisWriter(tmp_path, Clock())
    nemesis.fault(3, "kill broker", "begin", pid=12)
    nemesis.fault(3, "kill broker", "heal")
    nemesis.close()
    assert list(Reader(tmp_path / "nemesis.jsonl")) == [
        r.Fault(5, 3, "kill broker", "begin", {"pid": 12}),
        r.Fault(5, 3, "kill broker", "heal", {}),
    ]


def test_an_invoke_is_there_at_once_and_the_rest_in_time(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "c07.1.jsonl"
    writer = Writer(tmp_path, "c07", 1, clock)

    def there() -> int:
        return len(path.read_bytes().splitlines())

    writer.left(ROOM)
    assert there() == 0
    writer.invoke(ROOM, OE, 1, "c07-1")
    assert there() == 2
    writer.left(ROOM)
    clock.now_ns += FLUSH_NS - 1
    writer.tick()
    assert there() == 2
    clock.now_ns += 1
    writer.tick()
    assert there() == 3
    for _ in range(2_000):  # what waits is bounded though nobody ticks and time stands still
        writer.left(ROOM)
    assert there() > 1_000
    writer.close()
    assert there() == 2_003


def test_a_session_has_a_file_of_its_own(tmp_path: Path) -> None:
    assert next_session(tmp_path, "c07") == 1
    Writer(tmp_path, "c07", 1, Clock()).close()
    Writer(tmp_path, "c07", 10, Clock()).close()
    Writer(tmp_path, "c07", 9, Clock()).close()
    NemesisWriter(tmp_path, Clock()).close()
    assert next_session(tmp_path, "c07") == 11
    assert [number for number, _ in sessions(tmp_path)["c07"]] == [1, 9, 10]
    assert list(sessions(tmp_path)) == ["c07"]
    with pytest.raises(FileExistsError):
        Writer(tmp_path, "c07", 9, Clock())


@settings(deadline=None)
@given(cut=st.integers(0, 400))
def test_a_torn_end_is_forgiven(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("torn")
    writer = Writer(folder, "c07", 1, Clock())
    for n in range(1, 6):
        writer.invoke(ROOM, OE, n, f"c07-{n}")
    writer.close()
    path = folder / "c07.1.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - min(cut, len(data))])
    reader = Reader(path)
    read = list(reader)
    whole = path.read_bytes().count(b"}")
    assert [one.n for one in read if isinstance(one, r.Invoke)] == list(range(1, whole + 1))
    left = path.read_bytes()
    assert reader.torn == (left != b"" and not left.endswith((b"}", b"\n")))


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        '{"t":1,"f":"left"}\n',
        '{"t":1,"p":"c","s":1,"f":"left","room":"ab"\n"n":2}\n',
        '[1]\n{"t":1,"p":"c","s":1,"f":"left","room":"ab"}\n',
        '{"t":true,"p":"c","s":1,"f":"left","room":"ab"}\n',
        '{"t":1,"p":"c","s":1,"f":"see","room":"ab","epoch":"cd","via":"live","events":7}\n',
        '{"t":1,"f":"fault","id":1,"name":"x","phase":"later"}\n',
        "[" * 100_000 + "\n",
    ],
)
def test_what_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.1.jsonl"
    path.write_text(text)
    with pytest.raises(HistoryError):
        list(Reader(path))


def test_records_that_nobody_wants_are_left_out(tmp_path: Path) -> None:
    writer = Writer(tmp_path, "c07", 1, Clock())
    for n in range(1, 4):
        writer.invoke(ROOM, OE, n, '"f":"see"')
        writer.see(ROOM, EPOCH, "live", [r.entry(n, PERSON, OE, n, "x", 1)])
    writer.close()
    path = tmp_path / "c07.1.jsonl"
    with path.open("a") as file:
        file.write('{"t": 1, "p": "c07", "s": 1, "f": "left", "room": "ab"}\n')
        file.write('{"t": 1, "p": "c07", "s": 1, "room": "ab", "f": "see"}\n')
    kinds = [type(one) for one in Reader(path, frozenset({"see"}))]
    assert kinds == [r.Invoke] * 3 + [r.Left]


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (EventKind.TEXT, {"text": "said"}, "said"),
        (EventKind.EDIT, {"of": 3, "text": "better"}, "better"),
        (EventKind.DELETE, {"of": 3}, None),
    ],
)
def test_an_event_of_a_block(kind: EventKind, body: dict[str, Any], text: str | None) -> None:
    event = Event(7, 9, PERSON, "nick", b"d" * 8, OE, 3, encode_item(kind, body))
    assert r.entry_of(event) == [7, PERSON.hex(), OE.hex(), 3, text, 9]


def test_a_notice_and_what_nobody_knows() -> None:
    notice = Event(1, 9, PERSON, "nick", bytes(8), NO_OUTBOX, 0, b"\x92\x10\x80")
    assert r.entry_of(notice) == [1, PERSON.hex(), "", 0, None, 9]


def test_a_canary_is_found_in_a_value() -> None:
    text = r.value("c07", 12, ROOM)
    assert r.CANARY.findall(text) == [r.canary(ROOM)]
    assert text.startswith("c07-12 ")
    assert r.value("c07", 12) == "c07-12"
