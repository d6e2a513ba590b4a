"""Reading anywhere in a room: later, around, all of it; and what grows back by itself."""

from typing import Any

import pytest

from protocol.client.happenings import Arrived, Done, Failed, Gathered, Loaded, RoomsChanged
from protocol.client.outcome import Answer, Touched
from protocol.client.recovery import CALM_MS
from protocol.client.shelf import Shelf
from protocol.client.timeline import QUIET_MAX_EVENTS
from protocol.client.wants import GATHER_MS, Where
from protocol.codes import ErrorCode, EventKind, Kind
from protocol.frames import Error, Events, Heads, Page, Ping, Read, Room
from protocol.items import encode_item
from protocol.limits import PAGE_MAX_EVENTS
from tests.protocol.client.bench import Bench, foreign, of
from tests.protocol.client.wire import EPOCH, ROOM, block

TEA = b"t" * 16


def started(head: int = 2_000) -> Bench:
    """A room of which the newest hundred are held."""
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    (read,) = bench.welcome(head=head)
    bench.give(bench.page(read, max(head - 99, 1), head, head))
    return bench


def answer(bench: Bench, read: Read, head: int = 2_000) -> list[Any]:
    """Give the page that a READ asks for; return the READs that follow."""
    if read.before:
        last = read.before - 1
        return reads(bench.give(bench.page(read, max(last - read.limit + 1, 1), last, head)))
    last = min(read.after + read.limit, head)
    return reads(bench.give(bench.page(read, read.after + 1, last, head)))


def reads(frames: list[Any]) -> list[Read]:
    return [one for one in frames if isinstance(one, Read)]


def loaded(bench: Bench) -> Loaded:
    """Read what the last answer means, as the shell does."""
    recovery = bench.session.recovery
    shelf = Shelf(bench.client.store)
    return shelf.loaded(of(bench.told, Answer)[-1], recovery.decoder(recovery.rooms[ROOM]))


def seqs(bench: Bench) -> list[int]:
    return [one.seq for one in loaded(bench).messages]


@pytest.mark.parametrize(
    ("where", "seq", "limit", "first", "last", "more", "newer"),
    [
        (Where.BEFORE, 0, 10, 1991, 2000, True, False),
        (Where.BEFORE, 1950, 10, 1940, 1949, True, True),
        (Where.AFTER, 1950, 10, 1951, 1960, True, True),
        (Where.AFTER, 1950, 100, 1951, 2000, True, False),
        (Where.AROUND, 1950, 20, 1940, 1959, True, True),
        (Where.AROUND, 1998, 20, 1981, 2000, True, False),
        (Where.AROUND, 5000, 20, 1981, 2000, True, False),
    ],
)
def test_what_is_held_is_answered_at_once(
    where: Where, seq: int, limit: int, first: int, last: int, more: bool, newer: bool
) -> None:
    bench = started()
    bench.session.want(5, ROOM, where, seq, limit, bench.now)
    assert bench.step() == []
    found = loaded(bench)
    assert (found.messages[0].seq, found.messages[-1].seq) == (first, last)
    assert (found.request, found.more, found.newer) == (5, more, newer)


def test_nothing_is_after_the_last_one_and_nothing_before_the_first() -> None:
    bench = started(50)
    bench.session.want(5, ROOM, Where.AFTER, 50, 10, bench.now)
    bench.step()
    assert loaded(bench) == Loaded(5, ROOM, (), True, False)
    bench.session.want(6, ROOM, Where.BEFORE, 1, 10, bench.now)
    bench.step()
    assert loaded(bench) == Loaded(6, ROOM, (), False, True)
    bench.session.want(7, ROOM, Where.AROUND, 1, 10, bench.now)
    bench.step()
    assert seqs(bench) == list(range(1, 11)) and not loaded(bench).more


def test_what_came_while_the_newest_were_asked_for_is_not_called_missing() -> None:
    bench = started()
    bench.session.want(5, ROOM, Where.BEFORE, 0, 10, bench.now)
    bench.give(bench.events(2001, 2001))
    assert not loaded(bench).newer and seqs(bench)[-1] == 2000
    assert [type(one) for one in bench.told[-2:]] == [Answer, Arrived]


def test_an_old_message_is_fetched_page_by_page() -> None:
    bench = started()
    bench.session.want(5, ROOM, Where.AROUND, 700, 40, bench.now)
    waiting = reads(bench.step())
    asked = []
    while waiting:
        (read,) = waiting
        asked.append((read.before, read.limit))
        assert not of(bench.told, Answer)
        waiting = answer(bench, read)
    assert asked == [(1901, 500), (1401, 500), (901, 221)]
    assert seqs(bench) == list(range(680, 720))
    found = loaded(bench)
    assert found.more and found.newer
    bench.session.want(6, ROOM, Where.AFTER, 719, 40, bench.now)
    assert bench.step() == [] and seqs(bench) == list(range(720, 760))
    bench.session.want(7, ROOM, Where.AFTER, 600, 10, bench.now)
    (read,) = reads(bench.step())
    answer(bench, read)
    assert seqs(bench) == list(range(601, 611))


def test_away_from_the_server_what_is_here_is_given_and_the_rest_has_failed() -> None:
    bench = started()
    bench.session.disconnected()
    bench.session.want(5, ROOM, Where.AROUND, 1902, 40, bench.now)
    bench.session.want(6, ROOM, Where.AROUND, 1900, 40, bench.now)
    bench.session.want(7, ROOM, Where.AFTER, 1800, 40, bench.now)
    bench.session.gather(8, ROOM, bench.now)
    bench.session.want(9, b"?" * 16, Where.AROUND, 1, 1, bench.now)
    bench.step()
    assert seqs(bench) == list(range(1901, 1941))
    failed = {one.request: one.code for one in of(bench.told, Failed)}
    offline = ErrorCode.UNAVAILABLE
    assert failed == {6: offline, 7: offline, 8: offline, 9: ErrorCode.NOT_MEMBER}


def test_a_room_is_gathered_to_its_first_message_across_a_reconnection() -> None:
    bench = started()
    bench.session.gather(5, ROOM, bench.now)
    (read,) = reads(bench.step())
    assert read.limit == PAGE_MAX_EVENTS
    (read,) = answer(bench, read)
    assert of(bench.told, Gathered) == [Gathered(5, ROOM, 1400, 2000)]
    bench.session.disconnected()
    bench.step(GATHER_MS - 1)
    bench.session.connected("model:1", bench.now)
    bench.step()
    waiting = reads(bench.welcome(head=2_001))
    while waiting:
        (read,) = waiting
        waiting = answer(bench, read, 2_001)
    assert [one.low for one in of(bench.told, Gathered)] == [1400, 1400, 900, 400, 0]
    assert of(bench.told, Done) == [Done(5, ROOM)] and not of(bench.told, Failed)
    assert len(bench.client.store.events(ROOM, 0, 9_999, 9_999)) == 2_001
    bench.session.gather(6, ROOM, bench.now)
    bench.step()
    assert bench.told[-2:] == [Gathered(6, ROOM, 0, 2_001), Done(6, ROOM)]


def test_gathering_waits_out_a_busy_server_and_fails_when_it_cannot_be_read() -> None:
    bench = started()
    bench.session.gather(5, ROOM, bench.now)
    (read,) = reads(bench.step())
    bench.give(Error(ErrorCode.BUSY, "", "later", int(Kind.READ), read.request))
    (read,) = reads(bench.step(1_000))
    assert not of(bench.told, Failed)
    bench.give(Error(ErrorCode.DAMAGED, "", "damaged", int(Kind.READ), read.request))
    assert of(bench.told, Failed) == [Failed(5, ErrorCode.DAMAGED, "damaged")]


def test_gathering_ends_when_cancelled_or_when_nothing_moves() -> None:
    bench = started()
    bench.session.gather(5, ROOM, bench.now)
    bench.session.gather(6, ROOM, bench.now)
    (read,) = reads(bench.step())
    assert bench.session.recovery.cancel(5) and not bench.session.recovery.cancel(5)
    assert bench.session.recovery.cancel(6)
    assert answer(bench, read) == []
    assert [one.request for one in of(bench.told, Failed)] == [5, 6]
    assert not of(bench.told, Gathered)
    bench.session.gather(7, ROOM, bench.now)
    bench.session.disconnected()
    bench.step(GATHER_MS)
    assert of(bench.told, Failed)[-1].request == 7
    assert bench.session.wake_ms(bench.now) > bench.now
    bench.session.connected("model:1", bench.now)
    bench.step()
    bench.welcome(2_000)
    bench.session.gather(8, ROOM, bench.now)
    bench.session.abandon()
    bench.step()
    assert of(bench.told, Failed)[-1].request == 8


def test_what_changes_a_held_message_is_told_after_it_arrived() -> None:
    bench = started()
    items = [
        encode_item(EventKind.EDIT, {"of": 1950, "text": "new"}),
        encode_item(EventKind.REACT, {"of": 1950, "emoji": "👍", "on": True}),
        encode_item(EventKind.DELETE, {"of": 5}),
        encode_item(EventKind.DELETE, {"of": 2005}),
        encode_item(EventKind.EDIT, {"of": 2003, "text": "of a change"}),
    ]
    blocks = [block(foreign(seq, item)) for seq, item in enumerate(items, 2001)]
    bench.give(Events(ROOM, EPOCH, 1, blocks))
    assert [type(one) for one in bench.told[-2:]] == [Arrived, Touched]
    touched = bench.told[-1]
    assert touched == Touched(ROOM, (1950, 2003))
    recovery = bench.session.recovery
    decode = recovery.decoder(recovery.rooms[ROOM])
    changed = Shelf(bench.client.store).changed(touched, decode)
    assert changed is not None
    (message,) = changed.messages
    assert (message.seq, message.body, message.edited) == (1950, {"text": "new"}, True)
    assert message.reactions == (("👍", (b"p" * 8,)),)
    bench.session.want(5, ROOM, Where.AROUND, 1950, 3, bench.now)
    bench.step()
    assert message in loaded(bench).messages


# --- what nobody asked for --------------------------------------------------------------------


def quiet(bench: Bench, later_ms: int = CALM_MS) -> list[Read]:
    return reads(bench.step(later_ms))


def test_rooms_grow_back_by_themselves_page_by_page() -> None:
    bench = started()
    assert quiet(bench, CALM_MS - 1) == []
    (read,) = quiet(bench, 1)
    assert (read.after, read.before, read.limit) == (0, 1901, PAGE_MAX_EVENTS)
    rooms = len(of(bench.told, RoomsChanged))
    assert answer(bench, read) == [] and quiet(bench, 100) == []
    told = of(bench.told, RoomsChanged)
    assert len(told) == rooms + 1 and told[-1].rooms[0].low == 1400
    (read,) = quiet(bench, 600)
    answer(bench, read)
    assert len(of(bench.told, RoomsChanged)) == rooms + 1, "once a second"
    while waiting := quiet(bench, 600):
        answer(bench, waiting[0])
    quiet(bench, 1_000)
    assert of(bench.told, RoomsChanged)[-1].rooms[0].low == 0
    assert len(bench.client.store.events(ROOM, 0, 9_999, 9_999)) == 2_000
    assert not of(bench.told, Gathered) and len(of(bench.told, Arrived)) == 1
    bench.step(60_000)
    assert bench.session.wake_ms(bench.now) > bench.now, "nothing is left to do"


def test_only_so_much_is_fetched_unasked() -> None:
    bench = started(QUIET_MAX_EVENTS * 2)
    count = 0
    while waiting := quiet(bench):
        answer(bench, waiting[0], QUIET_MAX_EVENTS * 2)
        count += 1
        assert count < 50
    line = bench.session.recovery.rooms[ROOM]
    assert QUIET_MAX_EVENTS <= line.high - line.low < QUIET_MAX_EVENTS + PAGE_MAX_EVENTS


def test_nothing_is_fetched_unasked_while_something_waits() -> None:
    bench = started()
    bench.say("hello")
    bench.step()
    assert quiet(bench) == [], "a message has no answer yet"
    bench = started()
    bench.give(Heads(EPOCH, [[ROOM, 2_003]]))
    (read,) = quiet(bench)
    assert read.after == 2_000, "the hole comes first"
    assert quiet(bench, 1_000) == []
    bench = started()
    bench.session.want(5, ROOM, Where.AROUND, 50, 10, bench.now)
    (read,) = reads(bench.step())
    (tea,) = reads(bench.give(Room(0, EPOCH, TEA, 1, "tea", 900, [])))
    page = bench.page(tea, 801, 900, 900)
    bench.give(Page(tea.request, TEA, EPOCH, 900, False, page.blocks))
    (read,) = answer(bench, read)
    assert bench.step(CALM_MS + 1_000) == [], "nothing of another room meanwhile"
    assert bench.session.wake_ms(bench.now) > bench.now
    bench.session.disconnected()
    bench.step(CALM_MS)
    assert bench.session.wake_ms(bench.now) > bench.now


def test_the_room_of_which_least_is_held_is_next() -> None:
    bench = started()
    (read,) = reads(bench.give(Room(0, EPOCH, TEA, 1, "tea", 900, [])))
    assert read.room == TEA
    page = bench.page(read, 801, 900, 900)
    bench.give(Page(read.request, TEA, EPOCH, 900, False, page.blocks))
    (read,) = quiet(bench)
    assert read.room == ROOM
    answer(bench, read)
    (read,) = quiet(bench)
    assert read.room == TEA


def test_a_failure_of_what_nobody_asked_for_is_not_told() -> None:
    bench = started()
    (read,) = quiet(bench)
    bench.give(Error(ErrorCode.BUSY, "", "later", int(Kind.READ), read.request))
    (read,) = quiet(bench)
    bench.give(Error(ErrorCode.DAMAGED, "", "damaged", int(Kind.READ), read.request))
    frames = quiet(bench, 40_000)
    assert frames == [] and not of(bench.told, Failed)
    assert all(isinstance(one, Ping) for one in bench.step(1))
