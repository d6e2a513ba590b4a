"""Acting on messages: changing, passing on, sending anew; what is refused before it leaves."""

from typing import Any

from protocol.blocks import NO_OUTBOX, Event
from protocol.client.composing import Composing
from protocol.client.happenings import Discarded, Failed, Queued, Refused, Sent
from protocol.client.shelf import Shelf
from protocol.codes import ErrorCode, EventKind
from protocol.frames import Events, Room, Send
from protocol.frames import Refused as RefusedFrame
from protocol.items import decode_item, encode_item
from protocol.limits import CAPTION_MAX_CHARS
from tests.protocol.client.bench import Bench, of
from tests.protocol.client.wire import EPOCH, ROOM, block

ME, NORA = b"A" * 8, b"N" * 8
TEA = b"t" * 16
FILE = {"name": "a.pdf", "media": "application/pdf", "size": 3, "sha256": bytes(32)}


def bench_with(*said: tuple[bytes, EventKind, dict[str, Any]]) -> tuple[Bench, Composing]:
    bench = Bench()
    bench.give(Room(0, EPOCH, TEA, 1, "tea", 0, []))
    events = [
        Event(seq, seq, person, "Nora", bytes(8), NO_OUTBOX, 0, encode_item(kind, body))
        for seq, (person, kind, body) in enumerate(said, 1)
    ]
    bench.give(Events(ROOM, EPOCH, 1, [block(one) for one in events]))
    bench.told.clear()
    return bench, Composing(Shelf(bench.client.store), lambda: bench.session)


def queued(bench: Bench) -> list[tuple[bytes, int, dict[str, Any]]]:
    bench.step()
    return [(one.room, one.kind, one.body) for one in of(bench.told, Queued)]


def refusals(bench: Bench) -> dict[int, str]:
    bench.step()
    return {one.request: one.text for one in of(bench.told, Failed)}


def test_what_is_said_carries_whom_it_answers_and_names() -> None:
    bench, composing = bench_with()
    composing.say(1, ROOM, "hi", 5, (NORA,), "Omar")
    composing.say(2, ROOM, "hi")
    composing.say(3, ROOM, " ")
    wanted = {"text": "hi", "reply": 5, "mentions": [NORA], "via": "Omar"}
    assert queued(bench) == [(ROOM, 1, wanted), (ROOM, 1, {"text": "hi"})]
    assert list(refusals(bench)) == [3]


def test_one_changes_and_takes_back_what_is_ones_own() -> None:
    bench, composing = bench_with(
        (ME, EventKind.TEXT, {"text": "mine"}),
        (NORA, EventKind.TEXT, {"text": "hers"}),
        (ME, EventKind.FILE, FILE),
        (ME, EventKind.TEXT, {"text": "gone"}),
        (ME, EventKind.DELETE, {"of": 4}),
        (ME, EventKind.NOTICE, {"what": "joined"}),
    )
    long = "x" * (CAPTION_MAX_CHARS + 1)
    edits = ((1, "new"), (1, " "), (2, "no"), (3, ""), (3, long), (4, "x"), (5, "x"), (6, "x"))
    for request, (seq, text) in enumerate((*edits, (99, "x"), (0, "x")), 1):
        composing.edit(request, ROOM, seq, text, (NORA,) if seq == 1 else ())
    composing.edit(90, b"?" * 16, 1, "x", ())
    for seq in range(1, 7):
        composing.delete(20 + seq, ROOM, seq)
    composing.react(30, ROOM, 2, "👍", True)
    composing.react(31, ROOM, 4, "👍", True)
    composing.react(32, ROOM, 6, "👍", False)
    composing.react(33, ROOM, 2, "", True)
    assert [(kind, body) for _, kind, body in queued(bench)] == [
        (4, {"of": 1, "text": "new", "mentions": [NORA]}),
        (4, {"of": 3, "text": ""}),
        (5, {"of": 1}),
        (5, {"of": 3}),
        (6, {"of": 2, "emoji": "👍", "on": True}),
    ]
    failed = refusals(bench)
    assert sorted(failed) == [2, 3, 5, 6, 7, 8, 9, 10, 22, 24, 25, 26, 31, 32, 33, 90]
    assert "author" in failed[3] and "deleted" in failed[6] and "visible" in failed[2]


def test_passing_on_takes_what_it_says_now_and_who_said_it() -> None:
    bench, composing = bench_with(
        (NORA, EventKind.TEXT, {"text": "old", "reply": 7, "mentions": [ME]}),
        (NORA, EventKind.EDIT, {"of": 1, "text": "new"}),
        (NORA, EventKind.FILE, {**FILE, "caption": "read", "via": "Omar", "reply": 1}),
        (NORA, EventKind.TEXT, {"text": "gone"}),
        (NORA, EventKind.DELETE, {"of": 4}),
    )
    for request, seq in enumerate((1, 3, 4, 5, 77), 1):
        composing.forward(request, ROOM, seq, TEA)
    composing.forward(9, ROOM, 1, b"?" * 16)
    assert queued(bench) == [
        (TEA, 1, {"text": "new", "via": "Nora"}),
        (TEA, 3, {**FILE, "caption": "read", "via": "Omar"}),
    ]
    assert sorted(refusals(bench)) == [3, 4, 5, 9]


def test_a_refused_message_is_sent_anew_or_thrown_away() -> None:
    bench, composing = bench_with()
    for request, text in enumerate(("one", "two", "three"), 1):
        composing.say(request, ROOM, text)
    (send,) = [one for one in bench.step() if isinstance(one, Send)]
    assert of(bench.told, Sent) == [Sent(ROOM, 1, 3)]
    refused = RefusedFrame(ROOM, send.outbox_epoch, 1, 2, ErrorCode.FIELD, "text", "is not nice")
    bench.give(refused)
    bench.told.clear()
    composing.retry(7, ROOM, 1)
    composing.discard(8, ROOM, 2)
    composing.retry(9, ROOM, 1)
    composing.discard(10, ROOM, 3)
    (send,) = [one for one in bench.step() if isinstance(one, Send)]
    assert (send.first_n, [decode_item(one)[1] for one in send.items]) == (4, [{"text": "one"}])
    kinds: list[type[Any]] = [type(one) for one in bench.told]
    assert kinds == [Discarded, Queued, Discarded, Failed, Failed, Sent]
    assert of(bench.told, Discarded) == [Discarded(ROOM, 1), Discarded(ROOM, 2)]
    assert of(bench.told, Queued)[0] == Queued(ROOM, 4, 1, {"text": "one"}, 7)
    assert [one.request for one in of(bench.told, Failed)] == [9, 10]
    left = [(row.n, row.code) for row in bench.client.store.snapshot().outbox]
    assert left == [(3, 0), (4, 0)]
    bench.told.clear()
    composing.retry(11, ROOM, 1)
    composing.discard(12, ROOM, 2)
    assert list(refusals(bench)) == [11, 12]


def test_what_was_refused_is_there_after_a_restart() -> None:
    bench, composing = bench_with()
    composing.say(1, ROOM, "one")
    (send,) = [one for one in bench.step() if isinstance(one, Send)]
    bench.give(RefusedFrame(ROOM, send.outbox_epoch, 1, 1, ErrorCode.FIELD, "text", "no"))
    again = Bench(store=bench.client.store, online=False)
    again.session.begin()
    again.step()
    assert of(again.told, Refused)[0].n == 1
    again.told.clear()
    composing = Composing(Shelf(again.client.store), lambda: again.session)
    composing.retry(5, ROOM, 1)
    again.step()
    assert [type(one) for one in again.told] == [Discarded, Queued]
    assert of(again.told, Queued)[0] == Queued(ROOM, 2, 1, {"text": "one"}, 5)
