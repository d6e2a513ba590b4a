"""The session as a machine: handshake, sending, holes, history, faults, and many bad networks."""

from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.blocks import NO_OUTBOX, Event
from protocol.codes import ErrorCode, EventKind
from protocol.frames import (
    Ack,
    Busy,
    Bye,
    Error,
    Events,
    Gap,
    Heads,
    Hello,
    Join,
    Left,
    Page,
    PeoplePage,
    Ping,
    Presence,
    Read,
    Renamed,
    Room,
    Send,
    Welcome,
    decode,
    encode,
)
from protocol.frames import Refused as RefusedFrame
from protocol.happenings import (
    Acked,
    Arrived,
    Done,
    Failed,
    Link,
    LinkChanged,
    PeopleKnown,
    Queued,
    Refused,
    RoomsChanged,
    Welcomed,
)
from protocol.items import encode_item
from protocol.limits import FAULTS_MAX, ITEMS_PER_SEND_MAX, SEND_MAX_BYTES, WINDOW_MAX_ITEMS
from protocol.outcome import Answer
from protocol.requests import people_question
from protocol.store import Store
from protocol.timeline import BUFFER_MAX_EVENTS
from tests.protocol.wire import BAD, EPOCH, ROOM, ModelClient, ModelServer, block

ME = b"A" * 32
OTHER = b"B" * 32
_T = TypeVar("_T")


def new_store() -> Store:
    return Store(Path(":memory:"))


def text_item(text: str) -> bytes:
    return encode_item(EventKind.TEXT, {"text": text})


def foreign(seq: int, item: bytes | None = None) -> Event:
    return Event(seq, seq, b"p" * 8, "Nora", b"d" * 8, b"x" * 8, seq, item or text_item(str(seq)))


def of(told: list[Any], kind: type[_T]) -> list[_T]:
    return [one for one in told if isinstance(one, kind)]


class Bench:
    """One client whose frames the test answers itself."""

    def __init__(self, head: int = 0, online: bool = True, store: Store | None = None) -> None:
        self.now = 1_000
        self.server = ModelServer(Random(1))
        self.client = ModelClient(self.server, ME, store or new_store(), Random(2))
        self.session = self.client.session
        self.told: list[Any] = []
        self.drop: Any = None
        if online:
            self.session.connected("model:1", self.now)
            assert [type(one) for one in self.step()] == [Hello]
            self.welcome(head)

    def welcome(self, head: int = 0, epoch: bytes = EPOCH) -> list[Any]:
        rows = [[ROOM, 1, "general", head, []]]
        return self.give(Welcome(b"A" * 8, "nick", epoch, 1, "model", [], rows, 15_000))

    def step(self, later_ms: int = 0) -> list[Any]:
        self.now += later_ms
        out = None
        self.session.tick(self.now)
        out = self.session.out.take()
        self.client.store.apply(out.operations)
        self.told += out.told
        self.drop = out.drop or self.drop
        return [decode(one) for one in out.frames]

    def give(self, *frames: Any) -> list[Any]:
        for frame in frames:
            self.session.received(encode(frame), self.now)
        return self.step()

    def say(self, text: str) -> None:
        self.session.say(7, ROOM, EventKind.TEXT, {"text": text})

    def events(self, first: int, last: int) -> Events:
        return Events(ROOM, EPOCH, 1, [block(foreign(seq)) for seq in range(first, last + 1)])

    def page(self, read: Read, first: int, last: int, head: int) -> Page:
        blocks = [block(foreign(seq)) for seq in range(first, last + 1)]
        return Page(read.request, ROOM, EPOCH, head, False, blocks)

    def seqs(self) -> list[int]:
        return [one.seq for arrived in of(self.told, Arrived) for one in arrived.messages]


def test_greets_and_is_welcomed() -> None:
    bench = Bench()
    kinds = [type(one) for one in bench.told]
    assert kinds == [Welcomed, RoomsChanged, LinkChanged]
    assert of(bench.told, LinkChanged)[0].link is Link.ONLINE


def test_silence_after_the_greeting_asks_for_another_connection() -> None:
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    bench.step(9_999)
    assert not bench.drop
    bench.step(1)
    assert "greeting" in bench.drop.text


@pytest.mark.parametrize(
    ("code", "permanent"),
    [
        (ErrorCode.TOKEN, True),
        (ErrorCode.NICK_TAKEN, True),
        (ErrorCode.NICK_BAD, True),
        (ErrorCode.STOPPING, False),
        (ErrorCode.UNAVAILABLE, False),
    ],
)
def test_bye_says_whether_to_come_back(code: ErrorCode, permanent: bool) -> None:
    bench = Bench()
    bench.give(Bye(code, "because", 700, ["10.0.0.1:80"]))
    assert bench.drop.text == "because"
    assert (bench.drop.code == code) is permanent
    assert bench.drop.retry_ms == (0 if permanent else 700)


def test_a_message_is_written_before_it_is_sent_and_told() -> None:
    bench = Bench()
    bench.say("hello")
    bench.session.tick(bench.now)
    out = bench.session.out.take()
    assert [type(one).__name__ for one in out.operations] == ["Enqueue"]
    assert [type(one) for one in out.told] == [Queued]
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


def test_a_gap_before_what_was_acked_begins_a_new_count(
    logged_errors: list[Any],
) -> None:
    bench = Bench()
    bench.say("one")
    (send,) = bench.step()
    bench.give(Ack(ROOM, send.outbox_epoch, 1, 1, EPOCH, 1))
    bench.say("two")
    bench.step()
    bench.give(Gap(ROOM, send.outbox_epoch, 1))
    assert [one.n for one in of(bench.told, Refused)] == [2]
    assert of(bench.told, Failed)
    bench.say("three")
    (third,) = bench.step()
    assert third.first_n == 1 and third.outbox_epoch != send.outbox_epoch
    snapshot = bench.client.store.snapshot()
    assert snapshot.counters[ROOM] == (third.outbox_epoch, 2)
    logged_errors.clear()


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
    assert of(bench.told, Answer)[-1] == Answer(5, ROOM, 411, 400, 10)
    bench.session.history(6, ROOM, 401, 50, bench.now)
    (back,) = bench.step()
    assert (back.after, back.before) == (0, 401)
    bench.give(bench.page(back, 301, 400, 500))
    assert of(bench.told, Answer)[-1] == Answer(6, ROOM, 401, 300, 50)
    assert len(of(bench.told, Arrived)) == 1
    events = bench.client.store.before(ROOM, 501, 0, 500)
    assert [one.seq for one in events] == list(range(301, 501))


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


def test_a_page_without_progress_does_not_spin() -> None:
    bench = Bench()
    (read,) = bench.give(bench.events(3, 3))
    assert bench.give(bench.page(read, 3, 3, 3)) == []
    assert [type(one) for one in bench.step(1_000)] == [Read]


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
    assert of(bench.told, Answer) == [Answer(6, ROOM, 401, 300, 50)]


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
    assert bench.client.store.before(ROOM, 99, 0, 99) == []
    assert len(bench.client.store.snapshot().outbox) == 1


def test_another_epoch_in_between_asks_for_another_connection() -> None:
    bench = Bench()
    bench.give(Events(ROOM, b"N" * 16, 1, [block(foreign(1))]))
    assert bench.drop is not None and bench.seqs() == []


def test_lost_session_says_hello_again_on_the_same_connection() -> None:
    bench = Bench()
    bench.session.ask(3, Join(0, "x", True), bench.now)
    bench.step()
    (hello,) = bench.give(Error(ErrorCode.NO_SESSION, "", "say HELLO again", 0, 0))
    assert isinstance(hello, Hello) and bench.drop is None
    assert of(bench.told, Failed)[0].request == 3
    bench.welcome()
    assert len(of(bench.told, Welcomed)) == 2


def test_ping_is_answered_or_the_connection_is_over() -> None:
    bench = Bench()
    frames = bench.step(15_000)
    assert [type(one) for one in frames] == [Ping]
    bench.step(9_999)
    assert not bench.drop
    bench.step(1)
    assert "answer" in bench.drop.text


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02\x02\x90", b"\x01\xff\x90", b"\x01\x02\xc1"])
def test_faulty_frames_are_counted_then_the_connection_is_over(data: bytes) -> None:
    bench = Bench()
    for _ in range(FAULTS_MAX):
        bench.session.received(data, bench.now)
    bench.step()
    assert bench.drop is None
    bench.session.received(data, bench.now)
    bench.step()
    assert bench.drop is not None


def test_damaged_blocks_are_a_fault_of_the_whole_frame() -> None:
    bench = Bench()
    bench.session.received(encode(Events(ROOM, EPOCH, 1, [block(foreign(1)), b"\xc1"])), bench.now)
    bench.step()
    assert bench.seqs() == [] and bench.drop is None
    bench.give(bench.events(1, 1))
    assert bench.seqs() == [1]


def test_what_cannot_be_read_is_a_message_with_an_empty_body() -> None:
    bench = Bench()
    strange = msgpack.packb([77, {"a": 1}])
    items = [text_item("ok"), strange, msgpack.packb([1, {"text": ""}]), b"\xc1", text_item("end")]
    blocks = [block(foreign(seq, item)) for seq, item in enumerate(items, 1)]
    bench.give(Events(ROOM, EPOCH, 1, blocks))
    (arrived,) = of(bench.told, Arrived)
    assert [(one.kind, bool(one.body)) for one in arrived.messages] == [
        (1, True),
        (77, False),
        (1, False),
        (0, False),
        (1, True),
    ]


def test_own_and_n_need_person_device_and_outbox() -> None:
    bench = Bench()
    mine = bench.client.store.snapshot().outbox_epoch
    events = [
        Event(1, 1, b"A" * 8, "nick", ME[:8], mine, 1, text_item("1")),
        Event(2, 1, b"A" * 8, "nick", b"phone...", mine, 2, text_item("2")),
        Event(3, 1, b"B" * 8, "thief", ME[:8], mine, 3, text_item("3")),
        Event(4, 1, b"A" * 8, "nick", bytes(8), NO_OUTBOX, 0, text_item("4")),
    ]
    bench.give(Events(ROOM, EPOCH, 1, [block(one) for one in events]))
    (arrived,) = of(bench.told, Arrived)
    assert [(one.own, one.n) for one in arrived.messages] == [
        (True, 1),
        (True, 0),
        (False, 0),
        (True, 0),
    ]


def test_requests_end_once_each() -> None:
    bench = Bench()
    bench.session.ask(1, Join(0, "tea", True), bench.now)
    bench.session.ask(2, Join(0, "x" * 400, True), bench.now)
    bench.session.ask(3, Join(0, "\ud800", True), bench.now)
    bench.session.ask(4, Join(0, "milk", True), bench.now)
    joins = [one for one in bench.step() if isinstance(one, Join)]
    assert [one.name for one in joins] == ["tea", "milk"]
    bench.give(Room(joins[0].request, EPOCH, b"t" * 16, 1, "tea", 0, []))
    assert Done(1, b"t" * 16) in bench.told
    assert any(info.name == "tea" for info in of(bench.told, RoomsChanged)[-1].rooms)
    bench.step(15_000)
    assert sorted(one.request for one in of(bench.told, Failed)) == [2, 3, 4]
    bench.give(Room(joins[1].request, EPOCH, b"m" * 16, 1, "milk", 0, []))
    assert len(of(bench.told, Done)) == 1
    bench.session.disconnected()
    bench.session.ask(9, Join(0, "tea", True), bench.now)
    bench.step()
    assert of(bench.told, Failed)[-1].request == 9


def test_people_come_in_pages_and_changes_after_the_first_look() -> None:
    bench = Bench()
    bench.give(Presence([[b"1" * 8, "Anna", True]]))
    assert of(bench.told, PeopleKnown) == []
    bench.session.ask(5, people_question(), bench.now)
    (first,) = bench.step()
    (second,) = bench.give(PeoplePage(first.request, True, [[b"1" * 8, "Anna", True]]))
    assert second.after == b"1" * 8
    bench.give(PeoplePage(second.request, False, [[b"2" * 8, "bert", False]]))
    known = of(bench.told, PeopleKnown)[-1]
    assert known.request == 5 and [one.nick for one in known.people] == ["Anna", "bert"]
    bench.give(Presence([[b"2" * 8, "Bert", True]]))
    known = of(bench.told, PeopleKnown)[-1]
    assert known.request == 0 and known.people[1].nick == "Bert" and known.people[1].online


def test_leaving_drops_the_local_copy_and_renaming_is_told() -> None:
    bench = Bench()
    bench.give(bench.events(1, 3))
    bench.give(Renamed(0, "neo"))
    assert of(bench.told, Welcomed)[-1].nick == "neo"
    bench.give(Left(0, ROOM))
    assert of(bench.told, RoomsChanged)[-1].rooms == ()
    assert bench.client.store.before(ROOM, 99, 0, 99) == []
    bench.say("into the void")
    bench.step()
    assert of(bench.told, Failed)[-1].code == ErrorCode.NOT_MEMBER


def test_limits_are_told_before_anything_leaves() -> None:
    bench = Bench()
    for text in ("", " \n", "x" * 4097, "\ud800"):
        bench.say(text)
    assert bench.step() == []
    assert len(of(bench.told, Failed)) == 4 and not of(bench.told, Queued)


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
    assert of(again.told, Answer) == [Answer(4, ROOM, 3, 0, 10)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), mischief=st.sampled_from([0.0, 0.1, 0.4]))
def test_on_any_network_everything_arrives_once_and_in_order(seed: int, mischief: float) -> None:
    random = Random(seed)
    server = ModelServer(random, mischief)
    clients = [ModelClient(server, key, new_store(), random) for key in (ME, OTHER)]
    said: dict[bytes, list[str]] = {ME: [], OTHER: []}
    now = 1_000
    for turn in range(250):
        now += random.choice([1, 5, 50, 700])
        client = random.choice(clients)
        action = random.random()
        if client.link is None:
            client.connect(now)
        elif action < 0.03:
            client.disconnect()
        elif action < 0.05:
            client.crash(after_commit=random.random() < 0.5)
        elif action < 0.06:
            server.announce()
        elif action < 0.3 and ROOM in client.session.recovery.rooms:
            for part in range(random.randint(1, 40)):
                text = f"{turn}.{part}" + (BAD.decode() if random.random() < 0.05 else "")
                client.session.say(1, ROOM, EventKind.TEXT, {"text": text})
                said[client.device].append(text)
            client.step(now)  # a crash may come only after the commit: the person saw "queued"
        elif client.link is not None:
            client.link.serve(random.randint(0, 10))
        client.step(now, random.randint(0, 20))
    server.mischief = 0.0
    for _ in range(400):
        now += 500
        for client in clients:
            if client.link is None:
                client.connect(now)
            client.step(now)
            if client.link is not None:
                client.link.serve(1_000)
            client.step(now)
        server.announce()
        if all(settled(client, server) for client in clients):
            break
    for client in clients:
        assert client.store.snapshot().outbox == tuple(
            row for row in client.store.snapshot().outbox if row.code
        ), "everything is answered"
        line = client.session.recovery.rooms[ROOM]
        stored = client.store.before(ROOM, 2**62, 0, 100_000)
        assert (line.high, line.head) == (server.head, server.head)
        assert stored == server.events[line.low :], "whole, once, in order"
        arrived = [one.seq for each in of(client.told, Arrived) for one in each.messages]
        assert arrived == sorted(set(arrived)), "ascending, each once"
        mine = [one for one in server.events if one.device == client.device[:8]]
        texts = [msgpack.unpackb(one.item)[1]["text"] for one in mine]
        wanted = [one for one in said[client.device] if BAD.decode() not in one]
        assert texts == wanted, "what was said, once, in order"


def settled(client: ModelClient, server: ModelServer) -> bool:
    line = client.session.recovery.rooms.get(ROOM)
    return (
        line is not None
        and line.high == server.head
        and len(client.session.sending.outbox) == 0
        and client.online
    )


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), kind=st.integers(0, 50))
def test_no_bytes_of_the_server_raise(data: bytes, kind: int) -> None:
    bench = Bench()
    bench.session.received(bytes((1, kind)) + data, bench.now)
    bench.session.received(data, bench.now)
    bench.step(100)
