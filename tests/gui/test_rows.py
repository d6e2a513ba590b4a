"""Rows of a timeline: grouping, days, the unread line, notices; kept up to date step by step."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gui.chat.room import Entry, State
from gui.text.noticewords import gathered
from gui.text.rows import Row, Rows, rows_of
from gui.words.i18n import Words
from protocol.codes import EventKind
from tests.gui.fakes import DAY_MS, ME, NOON, OLENA, SOMCHAI

MINUTE_MS = 60_000


def entry(
    seq: int, person: bytes = OLENA, kind: int = EventKind.TEXT, ts: int = 0, what: str = ""
) -> Entry:
    body = {"what": what} if what else {"text": f"m{seq}"}
    nick = {OLENA: "Olena", SOMCHAI: "Somchai", ME: "Marko"}.get(person, person[:1].decode())
    return Entry(seq, seq, ts or NOON + seq * 1000, person, nick, kind, body, person == ME)


def test_messages_of_one_person_are_a_group() -> None:
    who = [OLENA, OLENA, OLENA, SOMCHAI, OLENA]
    rows = rows_of([entry(seq, one) for seq, one in enumerate(who, 1)])
    assert [row.first for row in rows] == [True, False, False, True, True]
    assert [row.last for row in rows] == [False, False, True, True, True]
    assert [row.day is not None for row in rows] == [True, False, False, False, False]


def test_a_day_and_a_pause_end_a_group() -> None:
    one, two = entry(1), entry(2, ts=NOON + 16 * MINUTE_MS)
    three = entry(3, ts=NOON + DAY_MS)
    rows = rows_of([one, two, three])
    assert [row.first for row in rows] == [True, True, True]
    assert [row.day for row in rows if row.day] == [
        datetime.fromtimestamp(at / 1000, UTC).astimezone().date()
        for at in (one.ts, three.ts)
    ]  # fmt: skip


def test_fourteen_minutes_do_not() -> None:
    rows = rows_of([entry(1, ts=NOON), entry(2, ts=NOON + 14 * MINUTE_MS)])
    assert [row.last for row in rows] == [False, True]


def test_the_unread_line_stands_once_and_ends_a_group() -> None:
    rows = rows_of([entry(seq) for seq in range(1, 6)], 3)
    assert [row.unread for row in rows] == [False, False, True, False, False]
    assert [row.first for row in rows] == [True, False, True, False, False]
    assert [row.last for row in rows] == [False, True, False, False, True]


def test_the_unread_line_stands_above_what_is_shown_first_behind_it() -> None:
    change = entry(3, kind=EventKind.REACT)
    rows = rows_of([entry(2), change, entry(4), entry(5)], 3)
    assert [row.unread for row in rows] == [False, True, False]
    # What it stands for may not be loaded: then it is not shown at all.
    assert not any(row.unread for row in rows_of([entry(8), entry(9)], 3))
    assert [row.unread for row in rows_of([entry(3), entry(4)], 3)] == [True, False]


def test_changes_have_no_row_and_break_no_group() -> None:
    kinds = [EventKind.TEXT, EventKind.EDIT, EventKind.REACT, EventKind.DELETE, EventKind.TEXT]
    rows = rows_of([entry(seq, kind=kind) for seq, kind in enumerate(kinds, 1)])
    assert [row.entry.seq for row in rows] == [1, 5]
    assert [row.first for row in rows] == [True, False]


def test_notices_that_follow_each_other_are_one_row() -> None:
    people = [bytes([letter]) * 16 for letter in b"abcde"]
    notices = [
        entry(seq, one, EventKind.NOTICE, what="joined") for seq, one in enumerate(people, 2)
    ]
    rows = rows_of([entry(1), *notices, entry(9)])
    assert [len(row.entries) for row in rows] == [1, 5, 1]
    assert rows[0].last and rows[2].first
    tr = Words("en")
    assert gathered(tr, rows[1].entries) == "a, b and 3 others joined"
    assert gathered(tr, rows[1].entries[:1]) == "a joined"
    assert gathered(tr, rows[1].entries[:2]) == "a and b joined"
    assert gathered(tr, rows[1].entries[:3]) == "a, b and c joined"
    mixed = [*rows[1].entries[:2], entry(20, people[0], EventKind.NOTICE, what="left")]
    assert gathered(tr, mixed) == "a and b joined · a left"
    assert "3 людини" in gathered(Words("uk"), rows[1].entries)
    assert "5 osób" in gathered(Words("pl"), [
        entry(seq, bytes([97 + seq]) * 16, EventKind.NOTICE, what="joined") for seq in range(7)
    ])  # fmt: skip


def test_a_row_that_stays_is_the_same_object() -> None:
    rows = Rows()
    entries = [entry(seq, (OLENA, SOMCHAI)[seq // 3 % 2]) for seq in range(1, 200)]
    assert rows.update(list(entries), 0)
    before = list(rows.rows)
    assert not rows.update(list(entries), 0)
    entries.append(entry(200, ME))
    assert rows.update(list(entries), 0)
    assert all(one is two for one, two in zip(before[:-2], rows.rows, strict=False))
    entries[100] = replace(entries[100], edited=True)
    before = list(rows.rows)
    assert rows.update(list(entries), 0)
    changed = [at for at, (one, two) in enumerate(zip(before, rows.rows, strict=True))
               if one is not two]  # fmt: skip
    assert 100 in changed and len(changed) <= 5


def test_rows_are_found_by_key_and_by_seq() -> None:
    rows = Rows()
    kinds = {4: EventKind.EDIT, 6: EventKind.NOTICE, 7: EventKind.NOTICE}
    entries = [entry(seq, kind=kinds.get(seq, EventKind.TEXT)) for seq in range(2, 12)]
    pending = replace(entry(50, ME), seq=0, state=State.QUEUED)
    rows.update([*entries, pending], 0)
    assert rows.rows[rows.index_of(9)].entry.seq == 9
    assert rows.index_of(7) == rows.index_of(6)
    assert rows.index_of(50) == len(rows.rows) - 1
    assert rows.index_of(999) == -1
    assert rows.rows[rows.index_of_seq(4)].entry.seq == 3
    assert rows.rows[rows.index_of_seq(11)].entry.seq == 11
    assert rows.index_of_seq(1) == -1


# --- step by step it is the same as at once -----------------------------------

KINDS = (EventKind.TEXT, EventKind.TEXT, EventKind.NOTICE, EventKind.REACT, EventKind.IMAGE)
PEOPLE = (OLENA, SOMCHAI, ME)


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int, int, int]]:
    what = st.sampled_from(["append", "prepend", "drop", "trim", "change", "pend", "ack", "mark"])
    number = st.integers(0, 9)
    return draw(st.lists(st.tuples(what, number, number, number, number), max_size=25))


def made(seq: int, a: int, b: int, key: int) -> Entry:
    minute = seq * (7 + b) * MINUTE_MS
    one = entry(seq, PEOPLE[a % 3], KINDS[b % 5], NOON + minute, "joined" if b % 5 == 2 else "")
    return replace(one, key=key)


@settings(max_examples=300, deadline=None)
@given(steps())
def test_step_by_step_is_the_same_as_at_once(todo: list[tuple[str, int, int, int, int]]) -> None:
    rows = Rows()
    entries: list[Entry] = [made(seq, seq, seq, seq) for seq in range(50, 60)]
    pending: list[Entry] = []
    key, unread = 1000, 0
    for what, a, b, c, d in todo:
        key += 1
        if what == "append" or (what == "ack" and not pending):
            entries.append(made(entries[-1].seq + 1 if entries else 70, a, b, key))
        elif what == "prepend" and entries and entries[0].seq > 3:
            first = entries[0].seq
            count = min(c % 3 + 1, first - 1)
            page = [made(first - count + at, a, b + at, key + 100 * at) for at in range(count)]
            entries[:0] = page
        elif what == "drop":
            del entries[: d % 4]
        elif what == "trim" and entries:
            del entries[len(entries) - d % 4 :]
        elif what == "change" and entries:
            at = (a * 10 + b) % len(entries)
            entries[at] = replace(entries[at], edited=not entries[at].edited)
        elif what == "pend":
            pending.append(replace(made(0, 2, 0, key), seq=0, ts=NOON + 10**9))
        elif what == "ack" and pending:
            entries.append(replace(pending.pop(0), seq=entries[-1].seq + 1 if entries else 70))
        elif what == "mark":
            unread = 45 + a + b if c % 2 else 0
        rows.update(entries + pending, unread)
        assert rows.rows == rows_of(entries + pending, unread)
        check_groups(rows.rows)


def check_groups(rows: list[Row]) -> None:
    for one, two in pairwise(rows):
        assert one.last == two.first or EventKind.NOTICE in (one.entry.kind, two.entry.kind)
    assert sum(row.unread for row in rows) <= 1
