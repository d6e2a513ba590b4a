"""Sending: windows, answers of every kind, and what is never sent."""

from protocol.client.happenings import (
    Acked,
    Discarded,
    Failed,
    Queued,
    Refused,
    Sent,
)
from protocol.codes import ErrorCode, EventKind
from protocol.frames import (
    Ack,
    Busy,
    Gap,
    Send,
    decode,
    encode,
)
from protocol.frames import Refused as RefusedFrame
from protocol.limits import ITEMS_PER_SEND_MAX, SEND_MAX_BYTES, WINDOW_MAX_ITEMS
from tests.protocol.client.bench import Bench, of, text_item
from tests.protocol.client.wire import EPOCH, ROOM


def test_a_message_is_written_before_it_is_sent_and_told() -> None:
    bench = Bench()
    bench.say("hello")
    bench.session.tick(bench.now)
    out = bench.session.out.take()
    assert [type(one).__name__ for one in out.operations] == ["Enqueue"]
    assert [type(one) for one in out.told] == [Queued, Sent]
    assert [type(decode(one)) for one in out.frames] == [Send]


def test_offline_messages_wait_and_go_out_in_order_in_few_frames() -> None:
    bench = Bench()
    bench.session.disconnected()
    for n in range(300):
        bench.say(f"m{n}")
    assert bench.step() == []
    bench.session.connected("model:1", bench.now)
    bench.step()
    sends = bench.welcome()
    sends = [one for one in sends if isinstance(one, Send)]
    assert [one.first_n for one in sends] == [1, 1 + ITEMS_PER_SEND_MAX]
    assert sum(len(one.items) for one in sends) == WINDOW_MAX_ITEMS


def test_one_send_keeps_to_its_size() -> None:
    bench = Bench()
    for _ in range(20):
        bench.say("ж" * 4096)
    sends = [one for one in bench.step() if isinstance(one, Send)]
    assert len(sends) > 1
    assert all(sum(map(len, one.items)) <= SEND_MAX_BYTES for one in sends)


def test_busy_waits_and_sends_from_there() -> None:
    bench = Bench()
    bench.say("one")
    bench.say("two")
    (send,) = bench.step()
    bench.session.received(
        encode(Gap(ROOM, send.outbox_epoch, 1)), bench.now
    )  # nothing was taken yet, so from 1
    (again,) = bench.step()
    assert again == send
    assert bench.give(Busy(ROOM, send.outbox_epoch, 2, 400)) == []
    assert bench.step(399) == []
    (rest,) = [one for one in bench.step(400) if isinstance(one, Send)]
    assert rest.first_n == 2


def test_no_answer_for_long_sends_again() -> None:
    bench = Bench()
    bench.say("one")
    (send,) = bench.step()
    frames = bench.step(15_000)
    assert send in frames


def test_a_refusal_consumes_its_counter() -> None:
    bench = Bench()
    bench.say("one")
    bench.say("two")
    (send,) = bench.step()
    refused = RefusedFrame(ROOM, send.outbox_epoch, 1, 1, ErrorCode.FIELD, "text", "is rude")
    bench.give(refused, Ack(ROOM, send.outbox_epoch, 2, 1, EPOCH, 9))
    assert of(bench.told, Refused)[0].text == "text is rude"
    assert [(one.n, one.seq) for one in of(bench.told, Acked)] == [(2, 9)]
    assert len(bench.session.sending.outbox) == 0
    bench.say("three")
    (third,) = bench.step()
    assert third.first_n == 3


def test_an_answer_counts_once_and_only_for_this_outbox() -> None:
    bench = Bench()
    bench.say("one")
    (send,) = bench.step()
    bench.give(
        Ack(ROOM, b"z" * 8, 1, 1, EPOCH, 1),
        Ack(ROOM, send.outbox_epoch, 1, 2**62, EPOCH, 1),
        Ack(ROOM, send.outbox_epoch, 1, 1, EPOCH, 1),
    )
    assert [one.n for one in of(bench.told, Acked)] == [1]


def test_a_gap_before_what_was_acked_sends_what_waits_under_a_new_count() -> None:
    bench = Bench()
    bench.say("one")
    (send,) = bench.step()
    bench.give(Ack(ROOM, send.outbox_epoch, 1, 1, EPOCH, 1))
    bench.say("two")
    bench.say("three")
    bench.step()
    bench.told.clear()
    (again,) = bench.give(Gap(ROOM, send.outbox_epoch, 1))
    assert isinstance(again, Send) and again.outbox_epoch != send.outbox_epoch
    assert (again.first_n, again.items) == (1, [text_item("two"), text_item("three")])
    assert [one.n for one in of(bench.told, Discarded)] == [2, 3]
    assert [(one.n, one.body["text"]) for one in of(bench.told, Queued)] == [
        (1, "two"),
        (2, "three"),
    ]
    snapshot = bench.client.store.snapshot()
    assert snapshot.counters[ROOM] == (again.outbox_epoch, 3)
    assert [(row.outbox_epoch, row.n) for row in snapshot.outbox] == [
        (again.outbox_epoch, 1),
        (again.outbox_epoch, 2),
    ]
    # A late answer to the old count means nothing.
    assert not bench.give(Ack(ROOM, send.outbox_epoch, 2, 1, EPOCH, 2))
    assert len(bench.session.sending.outbox) == 2
    bench.give(Ack(ROOM, again.outbox_epoch, 1, 2, EPOCH, 2))
    assert len(bench.session.sending.outbox) == 0


def test_changes_that_wait_mean_nothing_in_another_history() -> None:
    bench = Bench(head=3)
    bench.session.disconnected()
    bench.say("stays")
    bench.session.say(8, ROOM, EventKind.EDIT, {"of": 2, "text": "edited"})
    bench.session.say(9, ROOM, EventKind.DELETE, {"of": 3})
    bench.say("stays too")
    bench.step()
    bench.session.connected("model:1", bench.now)
    bench.step()
    frames = bench.welcome(head=1, epoch=b"N" * 16)
    send, behind = (one for one in frames if isinstance(one, Send))
    assert [(one.n, one.code) for one in of(bench.told, Refused)] == [
        (2, ErrorCode.NO_SESSION),
        (3, ErrorCode.NO_SESSION),
    ]
    assert (send.first_n, send.items) == (1, [text_item("stays")])
    assert behind.first_n == 4, "what is behind them is a hole for the server"
    bench.give(Ack(ROOM, send.outbox_epoch, 1, 1, b"N" * 16, 2))
    (again,) = bench.give(Gap(ROOM, send.outbox_epoch, 2))
    assert again.outbox_epoch != send.outbox_epoch
    assert (again.first_n, again.items) == (1, [text_item("stays too")])


def test_limits_are_told_before_anything_leaves() -> None:
    bench = Bench()
    for text in ("", " \n", "x" * 4097, "\ud800"):
        bench.say(text)
    assert bench.step() == []
    assert len(of(bench.told, Failed)) == 4 and not of(bench.told, Queued)
