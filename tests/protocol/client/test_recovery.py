"""Rooms without holes: pages, buffers, history, another server's history."""

from protocol.client.happenings import (
    Arrived,
    Failed,
    PeopleKnown,
    Queued,
    RoomsChanged,
    Welcomed,
)
from protocol.client.outcome import Answer
from protocol.client.timeline import BUFFER_MAX_EVENTS
from protocol.codes import ErrorCode, Kind
from protocol.frames import (
    Error,
    Events,
    Heads,
    Read,
    Send,
    encode,
)
from tests.protocol.client.bench import Bench, foreign, new_store, of
from tests.protocol.client.wire import EPOCH, ROOM, block


def test_a_new_room_starts_with_its_newest_page_and_goes_back_on_demand() -> None:
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    (read,) = bench.welcome(head=500)
    assert (read.after, read.before, read.limit) == (0, 501, 100)
    bench.give(bench.page(read, 401, 500, 500))
    assert bench.seqs() == list(range(401, 501))
    assert of(bench.told, Arrived)[0].live is False
    bench.session.history(5, ROOM, 411, 10, bench.now)
    assert bench.step() == []
    assert of(bench.told, Answer)[-1] == Answer(5, ROOM, 400, 411, 10, True, 500)
    bench.session.history(6, ROOM, 401, 50, bench.now)
    (back,) = bench.step()
    assert (back.after, back.before) == (0, 401)
    bench.give(bench.page(back, 301, 400, 500))
    assert of(bench.told, Answer)[-1] == Answer(6, ROOM, 300, 401, 50, True, 500)
    assert len(of(bench.told, Arrived)) == 1
    events = bench.client.store.events(ROOM, 0, 501, 500)
    assert [one.seq for one in events] == list(range(301, 501))


def test_what_is_said_after_one_came_is_read_whole_however_late_the_first_page() -> None:
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    (read,) = bench.welcome(head=3)
    assert (read.after, read.before) == (0, 4)
    bench.give(bench.events(4, 600))
    late = Error(ErrorCode.UNAVAILABLE, "", "not now", int(Kind.READ), read.request)
    bench.give(late)
    bench.now += 2_000
    (again,) = bench.step()
    assert (again.after, again.before) == (0, 4)
    reads = bench.give(bench.page(again, 1, 3, 600))
    while reads:
        (read,) = reads
        last = min(read.after + read.limit, 600)
        reads = bench.give(bench.page(read, read.after + 1, last, 600))
    assert bench.seqs() == list(range(1, 601))


def test_a_room_known_as_empty_is_filled_whole_after_a_restart() -> None:
    store = new_store()
    Bench(store=store)
    again = Bench(head=700, online=False, store=store)
    again.session.connected("model:1", again.now)
    again.step()
    (read,) = again.welcome(head=700)
    assert (read.after, read.before, read.limit) == (0, 0, 500)


def test_a_hole_is_read_while_later_events_wait() -> None:
    bench = Bench()
    bench.give(bench.events(1, 3))
    (read,) = bench.give(bench.events(7, 8))
    assert (read.after, read.before, read.limit) == (3, 0, 3)
    assert bench.give(bench.events(9, 9)) == []
    assert bench.seqs() == [1, 2, 3]
    bench.give(bench.page(read, 3, 6, 9))
    assert bench.seqs() == list(range(1, 10))
    assert bench.give(bench.events(5, 9)) == []
    assert bench.seqs() == list(range(1, 10))


def test_what_the_buffer_cannot_hold_is_read_again() -> None:
    bench = Bench()
    (read,) = bench.give(bench.events(2, 2))
    last = BUFFER_MAX_EVENTS + 50
    for seq in range(3, last + 1, 100):
        bench.give(bench.events(seq, min(seq + 99, last)))
    (second,) = bench.give(bench.page(read, 1, 1, last))
    while second is not None:
        end = min(second.after + second.limit, last)
        frames = bench.give(bench.page(second, second.after + 1, end, last))
        second = frames[0] if frames else None
    assert bench.seqs() == list(range(1, last + 1))


def test_a_head_ahead_of_its_events_is_waited_for_then_read() -> None:
    bench = Bench()
    assert bench.give(Heads(EPOCH, [[ROOM, 2]])) == []
    assert bench.give(bench.events(1, 2)) == []
    assert bench.step(2_000) == []
    assert bench.give(Heads(EPOCH, [[ROOM, 4]])) == []
    (read,) = bench.step(500)
    assert read.after == 2


def test_a_failed_read_is_made_again_and_told_once() -> None:
    bench = Bench()
    (read,) = bench.give(bench.events(3, 3))
    bench.give(Error(ErrorCode.DAMAGED, "", "block 1 is damaged", 9, read.request))
    assert "damaged" in of(bench.told, Failed)[0].text
    (again,) = [one for one in bench.step(1_000) if isinstance(one, Read)]
    bench.give(Error(ErrorCode.DAMAGED, "", "block 1 is damaged", 9, again.request))
    assert len(of(bench.told, Failed)) == 1
    (third,) = [one for one in bench.step(2_000) if isinstance(one, Read)]
    bench.give(bench.page(third, 1, 2, 3))
    assert bench.seqs() == [1, 2, 3]


def test_a_read_that_cannot_be_answered_for_long_is_soon_made_when_it_can() -> None:
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    (read,) = bench.welcome(head=3)
    for _ in range(20):
        bench.give(Error(ErrorCode.UNAVAILABLE, "", "not now", int(Kind.READ), read.request))
        asked = [one for one in bench.step(4_500) if isinstance(one, Read)]
        (read,) = asked
    bench.give(bench.page(read, 1, 3, 3))
    assert bench.seqs() == [1, 2, 3]


def test_a_page_without_progress_does_not_spin() -> None:
    bench = Bench()
    (read,) = bench.give(bench.events(3, 3))
    assert bench.give(bench.page(read, 3, 3, 3)) == []
    assert [type(one) for one in bench.step(1_000)] == [Read]


def test_a_page_that_was_overtaken_puts_no_later_one_off() -> None:
    bench = Bench()
    for first in range(1, 200, 10):
        bench.give(Heads(EPOCH, [[ROOM, first + 4]]))
        bench.now += 1_000
        (read,) = of(bench.step(), Read)
        bench.give(bench.events(first, first + 4))
        assert bench.give(bench.page(read, first, first + 4, first + 4)) == []
        bench.give(bench.events(first + 5, first + 9))
    (read,) = bench.give(bench.events(205, 206))
    assert (read.after, read.before) == (200, 0)


def test_an_older_page_with_a_hole_is_not_believed() -> None:
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    (read,) = bench.welcome(head=500)
    bench.give(bench.page(read, 401, 500, 500))
    bench.session.history(6, ROOM, 401, 50, bench.now)
    (back,) = bench.step()
    assert bench.give(bench.page(back, 301, 350, 500)) == []
    assert of(bench.told, Answer) == []
    (again,) = [one for one in bench.step(1_000) if isinstance(one, Read)]
    bench.give(bench.page(again, 301, 410, 500))
    assert of(bench.told, Answer) == [Answer(6, ROOM, 300, 401, 50, True, 500)]


def test_reads_end_with_their_connection() -> None:
    bench = Bench()
    bench.give(bench.events(3, 3))
    bench.session.disconnected()
    bench.step(10_000)
    bench.session.connected("model:1", bench.now)
    bench.step()
    frames = bench.welcome(head=3)
    assert [type(one) for one in frames] == [Read]
    assert [one for one in bench.step(5_000) if isinstance(one, Read)] == []
    assert [type(one) for one in bench.give(bench.page(frames[0], 1, 3, 3))] == []
    assert bench.seqs() == [1, 2, 3]


def test_another_history_starts_the_room_afresh_and_keeps_the_outbox() -> None:
    bench = Bench()
    bench.give(bench.events(1, 5))
    bench.say("mine")
    bench.step()
    bench.session.disconnected()
    bench.session.connected("model:1", bench.now)
    bench.step()
    frames = bench.welcome(head=2, epoch=b"N" * 16)
    assert {type(one) for one in frames} == {Read, Send}
    assert of(bench.told, RoomsChanged)[-1].rooms[0].epoch == b"N" * 16
    assert bench.client.store.events(ROOM, 0, 99, 99) == []
    assert len(bench.client.store.snapshot().outbox) == 1


def test_another_epoch_in_between_asks_for_another_connection() -> None:
    bench = Bench()
    bench.give(Events(ROOM, b"N" * 16, 1, [block(foreign(1))]))
    assert bench.drop is not None and bench.seqs() == []


def test_damaged_blocks_are_a_fault_of_the_whole_frame() -> None:
    bench = Bench()
    bench.session.received(encode(Events(ROOM, EPOCH, 1, [block(foreign(1)), b"\xc1"])), bench.now)
    bench.step()
    assert bench.seqs() == [] and bench.drop is None
    bench.give(bench.events(1, 1))
    assert bench.seqs() == [1]


def test_a_restart_tells_what_is_on_disk() -> None:
    store = new_store()
    bench = Bench(store=store)
    bench.give(bench.events(1, 2))
    bench.say("unsent")
    bench.step()
    again = Bench(online=False, store=store)
    again.session.begin()
    again.step()
    kinds = [type(one) for one in again.told]
    assert kinds == [Welcomed, RoomsChanged, PeopleKnown, Queued]
    info = of(again.told, RoomsChanged)[0].rooms[0]
    assert (info.low, info.high) == (0, 2)
    again.session.history(4, ROOM, 0, 10, again.now)
    again.step()
    assert of(again.told, Answer) == [Answer(4, ROOM, 0, 3, 10, True, 2)]
