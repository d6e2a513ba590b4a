"""Searching and reading the client's file in five languages, beside a writer that goes on."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from protocol.client.library import Found, Interrupted, Library
from protocol.client.operations import DropRoom, PersonRow, PutPeople
from protocol.codes import EventKind
from protocol.errors import SetupError
from tests.protocol.client.shelf import GENERAL, ME, OLENA, OTHER, Shelf

FILE = {"media": "text/plain", "size": 5, "sha256": b"h" * 32}


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    one = Shelf(tmp_path / "store.sqlite3")
    yield one
    one.close()


TEXTS = (
    "Hello there, what's for lunch?",
    "Ця їжа смачна, а ґанок новий",
    "Zażółć gęślą jaźń w Łodzi",
    "Купили ЁЛКУ во двор",
    "วันนี้อากาศดีมาก ไปกินข้าวกัน",
    "100% _done_ \"quoted\" C:\\path 'single' AND NOT (x*y)",
)


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("LUNC", [0]),
        ("їжа", [1]),
        ("ґан", [1]),
        ("їж", [1]),
        ("і", []),
        ("иж", []),
        ("zazolc", [2]),
        ("ges", [2]),
        ("ŁÓD", [2]),
        ("łodz", [2]),
        ("lodz", [2]),
        ("ł", [5, 2, 0]),
        ("елк", [3]),
        ("Ёлку", [3]),
        ("ел", [3]),
        ("อากาศ", [4]),
        ("กา", [4]),
        ("ดี", [4]),
        ("ข้าว", [4]),
        ("ขาว", []),
        ("нов ЇЖ", [1]),
        ("їжа lunch", []),
        ("0%", [5]),
        ("%", [5]),
        ("100% don", [5]),
        ("a%e", []),
        ('"quoted"', [5]),
        ('"', [5]),
        ("_d", [5]),
        ("\\path", [5]),
        ("\\", [5]),
        ("and not", [5]),
        ("x*y", [5]),
        ("'s", [5, 0]),
        ("words:x", []),
        ("NEAR(", []),
        ("*", [5]),
        ("   ", []),
        ("", []),
        ("\0", []),
        ("\ud800", []),
    ],
)
def test_finds_inside_words_in_every_language(shelf: Shelf, query: str, hits: list[int]) -> None:
    shelf.say(*TEXTS)
    assert shelf.find(query) == [TEXTS[index] for index in hits]


def test_a_hit_says_where_it_lies_and_reads_as_now(shelf: Shelf) -> None:
    seq = shelf.say("Їжак пішов")
    shelf.add({"of": seq, "text": "Добрий Їжачок"}, kind=EventKind.EDIT)
    shelf.add({"of": seq, "emoji": "🦔", "on": True}, kind=EventKind.REACT, person=ME)
    (hit,) = shelf.library.search("їжач").hits
    assert [hit.text[start:end] for start, end in hit.spans] == ["Їжач"]
    assert (hit.room, hit.message.seq, hit.message.edited) == (GENERAL, seq, True)
    assert hit.message.reactions == (("🦔", (ME,)),)
    assert shelf.find("пішов") == []


def test_what_was_deleted_is_never_found(shelf: Shelf) -> None:
    seq = shelf.say("secret words")
    assert shelf.find("secret") == ["secret words"]
    shelf.add({"of": seq}, kind=EventKind.DELETE)
    assert shelf.find("secret") == shelf.find("se") == []
    assert shelf.library.search("", person=OLENA, kinds=[EventKind.TEXT]).hits == ()


def test_what_somebody_in_charge_removed_is_never_found_and_says_who_did(shelf: Shelf) -> None:
    seq = shelf.say("secret words")
    shelf.add({"what": "removed", "of": seq, "who": OLENA}, kind=EventKind.NOTICE, person=ME)
    assert shelf.find("secret") == shelf.find("se") == []
    assert shelf.library.search("", person=OLENA, kinds=[EventKind.TEXT]).hits == ()
    read = shelf.library.messages(GENERAL, seq - 1, seq + 1, 1)[0]
    assert read.deleted and read.body == {} and read.removed_by == (ME, "Olena")


def test_file_names_and_captions_are_found_and_filtered(shelf: Shelf) -> None:
    shelf.say("the report is late")
    shelf.add(FILE | {"name": "Report ŻÓŁTY.pdf", "caption": "ось"}, kind=EventKind.FILE)
    shelf.add(FILE | {"name": "notes.txt"}, kind=EventKind.FILE, person=ME)
    assert shelf.find("report") == ["ось\nReport ŻÓŁTY.pdf", "the report is late"]
    assert shelf.find("zolty ось") == ["ось\nReport ŻÓŁTY.pdf"]
    search = shelf.library.search
    assert [hit.text for hit in search("report", kinds=[EventKind.FILE]).hits] == [
        "ось\nReport ŻÓŁTY.pdf"
    ]
    assert [hit.text for hit in search("", kinds=[EventKind.FILE]).hits] == [
        "notes.txt",
        "ось\nReport ŻÓŁTY.pdf",
    ]
    assert [hit.text for hit in search("o", person=ME).hits] == ["notes.txt"]
    assert [hit.message.own for hit in search("", person=ME).hits] == [True]


def pages(shelf: Shelf, query: str, limit: int) -> list[Found]:
    found = [shelf.library.search(query, limit=limit)]
    while found[-1].before is not None:
        found.append(shelf.library.search(query, limit=limit, before=found[-1].before))
    return found


@pytest.mark.parametrize("query", ["word", "wo", "word 1", ""])
def test_pages_over_rooms_hold_every_hit_once_the_newest_first(shelf: Shelf, query: str) -> None:
    # Equal times, and a clock that was set back.
    for step in range(40):
        shelf.say(f"word {step}", room=(GENERAL, OTHER)[step % 3 == 0], ts=1000 + step // 5)
    straight = shelf.library.search(query, limit=1000)
    times = [hit.message.ts for hit in straight.hits]
    assert times == sorted(times, reverse=True)
    shelf.say("word 1 late", ts=500)
    whole = shelf.library.search(query, limit=1000)
    expected = [hit.text for hit in whole.hits]
    assert whole.before is None
    for limit in (1, 7, 41):
        got = pages(shelf, query, limit)
        assert sorted(hit.text for page in got for hit in page.hits) == sorted(expected)
        assert all(len(page.hits) == limit for page in got[:-1])


def test_one_room_or_all(shelf: Shelf) -> None:
    shelf.say("alpha here", room=GENERAL, ts=1)
    shelf.say("alpha there", room=OTHER, ts=2)
    assert shelf.find("alpha") == ["alpha there", "alpha here"]
    assert shelf.find("alpha", GENERAL) == ["alpha here"]
    assert shelf.find("alpha", b"?" * 16) == []
    shelf.store.apply([DropRoom(OTHER)])
    assert shelf.find("alpha") == ["alpha here"]


def test_messages_are_read_as_they_are_now_and_events_as_they_are_stored(shelf: Shelf) -> None:
    seq = shelf.say("one", "two", person=ME)
    shelf.add({"of": seq, "text": "zwei"}, kind=EventKind.EDIT, person=ME)
    shelf.add({"of": 1}, kind=EventKind.DELETE, person=OLENA)  # not hers
    shelf.add({}, raw=b"\x92\x7f\x80")
    library = shelf.library
    got = library.messages(GENERAL, 0, 100, 10)
    assert [one.seq for one in got] == [1, 2, 3, 4, 5]
    assert [one.body.get("text") for one in got] == ["one", "zwei", "zwei", None, None]
    assert [one.own for one in got] == [True, True, True, False, False]
    assert (got[0].deleted, got[1].edited, got[4].kind) == (False, True, 127)
    assert [one.seq for one in library.messages(GENERAL, 1, 4, 10)] == [2, 3]
    assert [one.seq for one in library.messages(GENERAL, 0, 100, 2)] == [1, 2]
    assert library.events(GENERAL, 4, 6, 1)[0].item == b"\x92\x7f\x80"


def test_bounds_counts_and_days(shelf: Shelf) -> None:
    shelf.say("a", "b", "c")
    shelf.store.apply([PutPeople((PersonRow(OLENA, "Olena", 0, b""),))])
    library = shelf.library
    assert library.bounds(GENERAL) == (0, 3, 3)
    assert library.bounds(b"?" * 16) == (0, 0, 0)
    assert library.bounds(OTHER) == (0, 0, 0)
    assert (library.count(GENERAL, 0, 3), library.count(GENERAL, 1, 2)) == (3, 1)
    assert [library.first_at_or_after(GENERAL, ts) for ts in (0, 2000, 2001, 9999)] == [1, 2, 3, 0]
    assert [library.last_before(GENERAL, ts) for ts in (0, 2000, 2001, 9999)] == [0, 1, 2, 3]
    assert library.people() == {OLENA: PersonRow(OLENA, "Olena")}
    assert [one.name for one in library.rooms()] == ["general", "other"]
    info = library.room(GENERAL)
    assert info is not None and (info.low, info.high, info.head) == (0, 3, 3)
    assert library.room(b"?" * 16) is None


def test_sees_what_is_written_while_it_is_open(shelf: Shelf) -> None:
    assert shelf.find("later") == []
    shelf.say("said later")
    assert shelf.find("later") == ["said later"]


def test_cannot_write(shelf: Shelf) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        shelf.library._db.execute("DELETE FROM event")


def test_what_is_no_file_of_ours_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        Library(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()
    (tmp_path / "junk").write_bytes(b"junk" * 1000)
    with pytest.raises(SetupError, match="damaged"):
        Library(tmp_path / "junk")
    sqlite3.connect(tmp_path / "old").execute("PRAGMA user_version=1")
    with pytest.raises(SetupError, match="version"):
        Library(tmp_path / "old")


LINES: Sequence[str] = (
    "Hello everyone, the build number {n} is ready for the evening test",
    "Всім привіт, збірка {n} готова, їжаки й ґанок чекають на вечір",
    "Cześć wszystkim, wersja {n} jest gotowa, zażółć gęślą jaźń wieczorem",
    "Всем привет, сборка {n} готова, ёлка и подъезд ждут вечера",
    "สวัสดีทุกคน รุ่นที่ {n} พร้อมแล้ว วันนี้อากาศดีมาก เจอกันตอนเย็น",
)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """100,000 messages in five languages, in two rooms."""
    one = Shelf(tmp_path_factory.mktemp("large") / "store.sqlite3")
    started = time.perf_counter()
    for first in range(0, 100_000, 5000):
        room = OTHER if first % 20_000 == 0 else GENERAL
        one.say(*(LINES[n % 5].format(n=n) for n in range(first, first + 5000)), room=room)
    print(f"\n  100,000 messages stored in {time.perf_counter() - started:.1f} s")
    yield one
    one.close()


@pytest.mark.parametrize(
    "query",
    ["build", "їжак", "zazolc", "ёлка", "อากาศ", "99998", "їж", "ดี", "g", "лк 77", "nowhere", "qq"],
)
def test_a_hundred_thousand_messages(large: Shelf, query: str) -> None:
    started = time.perf_counter()
    found = large.library.search(query)
    took = time.perf_counter() - started
    print(f"\n  {query!r}: {len(found.hits)} hits in {took * 1000:.1f} ms")
    assert bool(found.hits) == (query not in ("nowhere", "qq"))
    assert (found.before is None) == (len(found.hits) < 50)
    assert all(hit.spans for hit in found.hits)


def test_another_thread_can_interrupt(large: Shelf) -> None:
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            while True:
                large.library.search("qq")
        except Interrupted as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(10_000):
        large.library.interrupt()
        thread.join(0.002)
        if not thread.is_alive():
            break
    assert ended and not thread.is_alive()
    assert large.library.search("build").hits
