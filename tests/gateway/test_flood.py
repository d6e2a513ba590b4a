"""Delay first, then BUSY, then the end: whoever does not hear it is put out, and nobody else is."""

import pytest

from gateway import sentences
from gateway.core import _STRANGER_FAULTS_MAX
from gateway.crowd import Origin
from gateway.sentences import Sentences
from protocol.backplane import Down, Up
from protocol.codes import ErrorCode, EventKind
from protocol.frames import Ack, AnyFrame, Busy, Bye, Error, Hello, Join, Ping, Pong, Send, encode
from protocol.items import encode_item
from protocol.keys import from_z85
from protocol.limits import FAULTS_MAX, WINDOW_MAX_ITEMS
from tests.gateway.hall import Hall
from tests.gateway.stand import EPOCH, ROOM

OUTBOX = b"outbox-1"
TEXT = encode_item(EventKind.TEXT, {"text": "ї"})


def send(first_n: int, count: int = 1) -> Send:
    return Send(ROOM, OUTBOX, first_n, [TEXT] * count)


@pytest.fixture
def hall() -> Hall:
    return Hall(50.0)


def origin(hall: Hall, route: bytes) -> Origin:
    return hall.core.sessions.by_route[route].origin


def settle(hall: Hall) -> None:
    """The broker answers all that it was sent."""
    for batch in hall.wires.sent:
        for one in batch:
            if one[0] == Up.RUN:
                _, slot, room, outbox, first_n, elements = one
                ack = Ack(room, outbox, first_n, len(elements), EPOCH, 1)
                hall.tell([Down.DONE, slot, len(elements), encode(ack)])
    hall.wires.sent.clear()


def test_who_sends_on_regardless_is_told_and_then_cut(hall: Hall) -> None:
    eve, bob = hall.enter("eve", ROOM), hall.enter("bob", ROOM)
    there = origin(hall, eve)
    kinds: list[str] = []
    for n in range(1, 5_000):
        hall.say(eve, send(n))
        sent = [one for batch in hall.wires.sent for one in batch]
        settle(hall)
        kinds += [type(one).__name__ for one in hall.wires.to(eve)]
        if kinds[-1:] == ["Bye"]:
            break
        assert n < 3_000, "it never ends"
    assert kinds.count("Ack") == 500  # at once; then some wait; then BUSY, and at last BYE
    assert kinds.count("Busy") == 600 and kinds[-1] == "Bye"
    assert eve not in hall.core.sessions.by_route
    assert sent[-1] == [Up.CLOSE, 1]
    # Nothing of it is heard any more, and soon its connection is ended.
    hall.say(eve, send(1), b"garbage", Hello("t", "eve", None, 0))
    assert hall.wires.to(eve) == [] and hall.wires.ended == []
    hall.flush(sentences.GRACE_MS)
    assert hall.wires.ended == [there]
    hall.flush()
    assert hall.wires.ended == [there]
    # Nobody else is concerned.
    hall.say(bob, send(1))
    settle(hall)
    assert [type(one) for one in hall.wires.to(bob)] == [Ack]


def test_after_a_flood_the_device_stays_out_for_a_while(hall: Hall) -> None:
    eve = hall.enter("eve", ROOM)
    key = from_z85(hall.users[eve])
    assert hall.core.admits(key)
    bye = flood(hall, eve)
    assert (bye.code, bye.retry_ms) == (ErrorCode.FLOOD, 10_000)
    assert not hall.core.admits(key)
    # On a connection that it has already it is told so too.
    hall.users[b"another"] = hall.users[eve]
    hall.flush(4_000)
    hall.greet(b"another")
    (again,) = hall.wires.to(b"another")
    assert isinstance(again, Bye)
    assert again.code == ErrorCode.FLOOD and 5_000 < again.retry_ms <= 6_000
    hall.flush(6_000)
    assert hall.core.admits(key)
    hall.greet(b"another")
    assert hall.wires.to(b"another") == []
    hall.open(b"another", ROOM)
    assert flood(hall, b"another").retry_ms == 20_000


def flood(hall: Hall, route: bytes) -> Bye:
    hall.wires.to(route)
    for n in range(1, 5_000):
        hall.say(route, send(n))
        settle(hall)
        for one in hall.wires.to(route):
            if isinstance(one, Bye):
                return one
    raise AssertionError("it never ends")


def test_too_many_faults_end_the_connection_and_keep_the_device_out(hall: Hall) -> None:
    eve = hall.enter("eve", ROOM)
    there, key = origin(hall, eve), from_z85(hall.users[eve])
    for _ in range(FAULTS_MAX + 1):
        hall.say(eve, b"garbage")
    bye = hall.wires.to(eve)[-1]
    assert isinstance(bye, Bye) and (bye.code, bye.retry_ms) == (ErrorCode.FAULTS, 60_000)
    assert not hall.core.admits(key)
    hall.say(eve, b"garbage", Hello("t", "eve", None, 0))
    assert hall.wires.to(eve) == []
    hall.flush(sentences.GRACE_MS)
    assert hall.wires.ended == [there]


def test_a_device_is_put_out_with_all_its_sessions(hall: Hall) -> None:
    one = hall.enter("one", ROOM)
    hall.users[b"two"] = hall.users[one]
    hall.greet(b"two")
    hall.open(b"two", ROOM)
    there = {origin(hall, one), origin(hall, b"two")}
    hall.wires.to(b"two")
    flood(hall, one)
    (bye,) = [frame for frame in hall.wires.to(b"two") if not isinstance(frame, Ack)]
    assert isinstance(bye, Bye) and bye.code == ErrorCode.FLOOD
    hall.flush()
    assert set(hall.wires.ended) == there and len(hall.core.sessions) == 0


@pytest.mark.parametrize(
    "frame",
    [Ping(1), Join(1, "kitchen", True), b"", b"\x01\xff\x90", encode(Ping(1))[:-1]],
    ids=["ping", "request", "nothing", "unknown", "broken"],
)
def test_every_kind_of_flood_comes_to_its_end(hall: Hall, frame: AnyFrame | bytes) -> None:
    eve = hall.enter("eve", ROOM)
    there = origin(hall, eve)
    for _ in range(3_000):
        hall.say(eve, frame)
        settle(hall)
        hall.wires.told.clear()
        if eve not in hall.core.sessions.by_route and eve not in hall.core._sentences:
            # After too many faults one may come back at once.
            hall.greet(eve)
            hall.open(eve, ROOM) if eve in hall.core.sessions.by_route else None
        if eve in hall.core._sentences:
            break
    hall.flush()
    assert hall.wires.ended == [there]


def test_coming_and_going_without_end_comes_to_its_end(hall: Hall) -> None:
    eve = hall.enter("eve", ROOM)
    there = origin(hall, eve)
    opened = 1
    for _ in range(2_000):
        hall.say(eve, Bye(0, "", 0, []), Hello("t", "eve", None, 0))
        opened += eve in hall.core.sessions.by_route
        if eve in hall.core._sentences:
            break
    assert opened <= 102
    hall.flush()
    assert hall.wires.ended == [there]


def test_garbage_without_a_session_is_answered_then_ignored_then_cut(hall: Hall) -> None:
    hall.users[b"eve"] = "x" * 40
    for _ in range(_STRANGER_FAULTS_MAX):
        hall.say(b"eve", b"garbage")
    assert len(hall.wires.to(b"eve")) == FAULTS_MAX
    hall.flush()
    assert hall.wires.ended == []
    hall.say(b"eve", b"garbage")
    hall.flush()
    assert len(hall.wires.ended) == 1 and hall.wires.to(b"eve") == []


def test_a_sound_client_that_fills_its_window_never_floods(hall: Hall) -> None:
    """One message in each SEND, as many as the window allows, and it waits when it is told to."""
    ann = hall.enter("ann", ROOM)
    assert write(hall, ann, 5_000) > 600


def test_not_even_after_a_flood(hall: Hall) -> None:
    eve = hall.enter("eve", ROOM)
    hall.users[b"again"] = hall.users[eve]
    retry_ms = flood(hall, eve).retry_ms
    for _ in range(retry_ms // 1_000):
        hall.flush(1_000)
    hall.wires.ended.clear()
    hall.wires.sent.clear()
    hall.greet(b"again")
    hall.open(b"again", ROOM)
    hall.wires.to(b"again")
    before_ms = hall.now_ms
    write(hall, b"again", 1_000)
    # Nothing was saved up meanwhile.
    assert hall.now_ms - before_ms >= 1_000 / 50 * 1_000 - 1_000


def write(hall: Hall, route: bytes, count: int) -> int:
    """Have so many messages acknowledged; return how many were told BUSY on the way."""
    done = sent = retry_ms = 0
    refused = 0
    while done < count:
        hall.flush(retry_ms or 50)
        sent, retry_ms = done, 0
        while sent - done < WINDOW_MAX_ITEMS:
            sent += 1
            hall.say(route, send(sent))
        settle(hall)
        for frame in hall.wires.to(route):
            assert not isinstance(frame, Bye | Error), frame
            if isinstance(frame, Ack):
                done = frame.first_n + frame.count - 1
            elif isinstance(frame, Busy):
                retry_ms = max(retry_ms, frame.retry_ms)
                refused += 1
    assert hall.wires.ended == []
    return refused


def test_ping_is_answered_though_all_is_spent(hall: Hall) -> None:
    ann = hall.enter("ann", ROOM)
    hall.say(ann, *(send(n, 125) for n in range(1, 501, 125)))
    settle(hall)
    hall.say(ann, *(send(n, 128) for n in range(501, 900, 128)))
    hall.wires.to(ann)
    for nonce in range(50):
        hall.say(ann, Ping(nonce))
    assert [type(one) for one in hall.wires.to(ann)] == [Pong] * 50


def test_without_a_rate_nothing_is_a_flood() -> None:
    hall = Hall(0.0)
    eve = hall.enter("eve", ROOM)
    for n in range(1, 5_000):
        hall.say(eve, send(n), Ping(n))
    for _ in range(2_000):
        hall.users[b"stranger"] = "x" * 40
        hall.say(b"stranger", b"garbage")
    hall.flush()
    assert hall.wires.ended == [] and eve in hall.core.sessions.by_route
    assert len(hall.core._allowance.__dict__) and not hall.core.sessions._purses


def test_those_who_are_not_heard_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "_SENTENCED_MAX", 10)
    some = Sentences()
    for number in range(100):
        some.add(b"%d" % number, Origin("", number, None), 1_000)
        some.add(b"%d" % number, Origin("", number, None), 1_000)
    assert len(some._deaf) == 10 and b"99" in some and b"1" not in some
    assert [one.descriptor for one in some.due(1_000 + sentences.GRACE_MS)] == list(range(100))
    assert some.next_ms(1_000) is None
    some.tend(1_000 + sentences._DEAF_MS)
    assert b"99" not in some
