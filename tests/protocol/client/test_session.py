"""The session as a machine: handshake, faults, requests, people, messages."""

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.blocks import NO_OUTBOX, Event
from protocol.client.happenings import (
    Arrived,
    Delayed,
    Done,
    Failed,
    Link,
    LinkChanged,
    PeopleKnown,
    RoomsChanged,
    Welcomed,
)
from protocol.client.requests import people_question
from protocol.client.session import PROBE_MS
from protocol.codes import ErrorCode
from protocol.frames import (
    Ack,
    Busy,
    Bye,
    Error,
    Events,
    Hello,
    Join,
    Left,
    PeoplePage,
    Ping,
    Pong,
    Presence,
    Renamed,
    Room,
)
from protocol.limits import BUSY_RETRY_MS, FAULTS_MAX
from tests.protocol.client.bench import ME, Bench, foreign, of, text_item
from tests.protocol.client.wire import EPOCH, ROOM, block


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
        (ErrorCode.TOO_MANY, True),
        (ErrorCode.BANNED, True),
        (ErrorCode.FLOOD, False),
        (ErrorCode.STOPPING, False),
        (ErrorCode.UNAVAILABLE, False),
    ],
)
def test_bye_says_whether_to_come_back(code: ErrorCode, permanent: bool) -> None:
    bench = Bench()
    bench.give(Bye(code, "because", 700, ["10.0.0.1:80"]))
    assert bench.drop.text == "because"
    assert bench.drop.code == code and bench.drop.final is permanent
    assert bench.drop.retry_ms == (0 if permanent else 700)


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


def test_after_sleep_the_connection_answers_soon_or_is_over() -> None:
    bench = Bench()
    bench.session.probe(bench.now)
    assert [type(one) for one in bench.step()] == [Ping]
    bench.give(Pong(1, EPOCH, []))
    bench.step(5_000)
    assert not bench.drop
    bench.session.probe(bench.now)
    bench.step(PROBE_MS)
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
    while bench.client.store.tidy():
        pass
    assert bench.client.store.events(ROOM, 0, 99, 99) == []
    bench.say("into the void")
    bench.step()
    assert of(bench.told, Failed)[-1].code == ErrorCode.NOT_MEMBER


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), kind=st.integers(0, 50))
def test_no_bytes_of_the_server_raise(data: bytes, kind: int) -> None:
    bench = Bench()
    bench.session.received(bytes((1, kind)) + data, bench.now)
    bench.session.received(data, bench.now)
    bench.step(100)


def test_a_long_wait_of_a_slow_room_is_told_and_a_short_one_is_not() -> None:
    bench = Bench()
    bench.say("one")
    (sent,) = bench.step()
    bench.give(Busy(ROOM, sent.outbox_epoch, 1, BUSY_RETRY_MS))
    assert of(bench.told, Delayed) == []
    bench.give(Busy(ROOM, sent.outbox_epoch, 1, 20_000))
    (told,) = of(bench.told, Delayed)
    assert (told.room, told.n) == (ROOM, 1) and 20_000 <= told.retry_ms <= 22_000
    assert sent not in bench.step(told.retry_ms - 1)
    assert sent in bench.step(1), "it goes by itself"
    bench.give(Ack(ROOM, sent.outbox_epoch, 1, 1, EPOCH, 1))
    bench.give(Busy(ROOM, sent.outbox_epoch, 1, 20_000), Busy(b"?" * 16, b"o" * 8, 1, 20_000))
    assert len(of(bench.told, Delayed)) == 1, "nothing waits for it"
