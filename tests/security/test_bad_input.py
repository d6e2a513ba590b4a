"""Bad input of an enrolled client, kind by kind of mistake: it costs the sender alone.

Wrong versions and kinds, frames at the wrong time, too large, too many, too deep; and items, of
which a bad one is refused alone.
"""

import itertools
import secrets
from collections.abc import Callable, Iterator

import msgpack
import pytest
import zmq

from protocol.codes import ErrorCode, EventKind, Kind, Purpose
from protocol.frames import (
    KIND_OF,
    SCHEMA,
    Ack,
    AnyFrame,
    Bye,
    Error,
    Hello,
    Ping,
    Pong,
    Read,
    Refused,
    Send,
    Welcome,
    encode,
)
from protocol.items import encode_item
from protocol.limits import (
    FAULTS_MAX,
    FRAME_MAX_BYTES,
    ITEM_MAX_BYTES,
    SEND_MAX_BYTES,
    VERSION,
)
from tests.integration.bare import Circle, text_item, texts_of
from tests.protocol.make_vectors import FRAMES as EXAMPLES
from tests.protocol.make_vectors import INVALID
from tests.security.vandal import Friends, Vandal
from tests.server import Server


def said_by(who: str) -> set[Kind]:
    """Return the kinds of a direction, as their tuples say it: "client → gateway, bulk: …"."""
    found = {kind for kind, (made, _) in SCHEMA.items() if (made.__doc__ or "").startswith(who)}
    assert found
    return found


FROM_CLIENTS = said_by("client → gateway") | {Kind.BYE}
BULK = said_by("client → gateway, bulk")
ASKS = FROM_CLIENTS - BULK - {Kind.HELLO, Kind.SEND, Kind.READ, Kind.PING, Kind.BYE}

MakeVandal = Callable[..., Vandal]


@pytest.fixture(scope="module")
def friends(target: Server, bare: Circle) -> Friends:
    return Friends(bare, target)


@pytest.fixture
def make_vandal(target: Server, bare: Circle) -> Iterator[MakeVandal]:
    made: list[Vandal] = []

    def make(purpose: Purpose = Purpose.TALK) -> Vandal:
        nick = f"vandal-{secrets.token_hex(4)}"
        made.append(Vandal(bare.context, target.invite, nick, purpose))
        return made[-1]

    yield make
    for one in made:
        one.close()


def example(kind: Kind) -> bytes:
    return encode(next(one for one in EXAMPLES.values() if KIND_OF[type(one)] is kind))


# --- frames ------------------------------------------------------------------------------------


def test_wrong_versions_and_unknown_kinds(make_vandal: MakeVandal, friends: Friends) -> None:
    vandal = make_vandal()
    for version in set(range(256)) - {VERSION}:
        vandal.must_fail(ErrorCode.VERSION, "version", bytes((version,)) + example(Kind.PING)[1:])
    for kind in set(range(256)) - {int(kind) for kind in Kind}:
        vandal.must_fail(ErrorCode.UNKNOWN_KIND, "kind", bytes((VERSION, kind, 0x91, 1)))
    assert vandal.byes >= 2
    friends.still_talk()


def test_kinds_of_the_server_and_of_the_other_connection(
    make_vandal: MakeVandal, friends: Friends
) -> None:
    talk, bulk = make_vandal(), make_vandal(Purpose.BULK)
    for kind in set(Kind) - set(FROM_CLIENTS):
        for vandal in (talk, bulk):
            vandal.must_fail(ErrorCode.MISTIMED, "kind", example(kind))
    for kind in BULK:
        talk.must_fail(ErrorCode.MISTIMED, "kind", example(kind))
    for kind in (*ASKS, Kind.SEND):
        # SEND has no request, and its error says which kind it was.
        came = bulk.strike(example(kind))
        codes = [(one.code, one.field) for one in came if isinstance(one, Error)]
        assert (ErrorCode.MISTIMED, "kind") in codes or bulk.byes
    friends.still_talk()


def test_hello_comes_first_and_once(
    target: Server, bare: Circle, make_vandal: MakeVandal, friends: Friends
) -> None:
    early = make_vandal()
    early.strike(encode(Bye(0, "", 0, [])))
    early.socket.send(encode(Bye(0, "", 0, [])))
    for kind in (Kind.SEND, Kind.READ, Kind.PING, Kind.JOIN, Kind.BLOB_GET, Kind.EVENTS):
        early.socket.send(example(kind))
        error = early.receive()
        assert isinstance(error, Error)
        assert (error.code, error.kind) == (ErrorCode.NO_SESSION, kind)
    for data, code in ((b"", ErrorCode.MALFORMED), (b"\x01\x0b\xc1", ErrorCode.MALFORMED)):
        early.socket.send(data)
        error = early.receive()
        assert isinstance(error, Error)
        assert error.code == code
    early.greet()
    someone = bare(target.invite, f"known-{secrets.token_hex(4)}")
    before = someone.welcome
    someone.send(Hello("again", "another", target.invite.token, 0))
    wrong = someone.expect(Error)
    assert (wrong.code, wrong.field, wrong.kind) == (ErrorCode.MISTIMED, "kind", Kind.HELLO)
    someone.barrier()
    assert before is not None
    assert before.nick in someone.people()
    friends.still_talk()


def test_strangers_are_answered_for_a_while_and_may_still_say_hello(
    make_vandal: MakeVandal, friends: Friends
) -> None:
    vandal = make_vandal()
    vandal.socket.send(encode(Bye(0, "", 0, [])))
    for _ in range(FAULTS_MAX * 3):
        vandal.socket.send(example(Kind.PING))
    vandal.socket.send(encode(Hello("vandal", None, None, 0)))
    frames: list[AnyFrame] = []
    while not frames or not isinstance(frames[-1], Welcome):
        frames.append(vandal.receive())
    assert len(frames) - 1 == FAULTS_MAX
    friends.still_talk()


def test_too_many_faults_end_the_session(make_vandal: MakeVandal, friends: Friends) -> None:
    vandal = make_vandal()
    for _ in range(FAULTS_MAX + 3):
        vandal.socket.send(b"\x01\x0b\xc1")
    codes: list[int] = []
    for _ in range(FAULTS_MAX):
        error = vandal.receive()
        assert isinstance(error, Error)
        codes.append(error.code)
    assert set(codes) == {ErrorCode.MALFORMED}
    bye = vandal.receive()
    assert isinstance(bye, Bye)
    assert bye.code == ErrorCode.FAULTS
    assert bye.retry_ms > 0
    vandal.greet()
    pongs = [one for one in vandal.strike(example(Kind.PING)) if isinstance(one, Pong)]
    assert len(pongs) == 1
    friends.still_talk()


def test_messages_of_many_frames(make_vandal: MakeVandal, friends: Friends) -> None:
    vandal = make_vandal()
    ping = example(Kind.PING)
    for parts in (
        (ping, ping),
        (b"", ping),
        (ping, b""),
        (b"", b""),
        (ping,) * 2_000,
        (b"",) * 2_000,
        (example(Kind.JOIN),) * 2_000,
        (secrets.token_bytes(20_000),) * 100,
    ):
        vandal.must_fail(ErrorCode.MALFORMED, "", *parts)
    vandal.must_fail(ErrorCode.MALFORMED, "", b"")
    friends.still_talk()


def test_deep_nesting(make_vandal: MakeVandal, friends: Friends) -> None:
    vandal = make_vandal()
    for nest in (b"\x91", b"\x81\xa1a", b"\xdc\x00\x01"):
        for depth in (2_000, 60_000):
            for kind in (Kind.PING, Kind.SEND, Kind.HELLO, Kind.EVENTS):
                data = bytes((VERSION, kind)) + nest * depth
                vandal.must_fail(ErrorCode.TOO_DEEP, "", data)
    room = bytes(16)
    for depth in (5, 500, 8_000):
        item = b"\x92\x01\x81\xa4text" + b"\x91" * depth + b"\xa1x"
        came = vandal.strike(encode(Send(room, bytes(8), 1, [item])))
        assert not [one for one in came if isinstance(one, Bye)]
    friends.still_talk()


def padded(size: int) -> bytes:
    """Return a PING of ``size`` bytes: what is behind the known fields is ignored."""
    empty = len(_ping_with(b"x" * 70_000)) - 70_000
    return _ping_with(b"x" * (size - empty))


def _ping_with(padding: bytes) -> bytes:
    return bytes((VERSION, Kind.PING)) + bytes(msgpack.packb([7, padding]))


def test_a_frame_that_is_too_large_ends_its_connection_alone(
    target: Server, bare: Circle, make_vandal: MakeVandal, friends: Friends
) -> None:
    vandal = make_vandal()
    whole = padded(FRAME_MAX_BYTES)
    assert len(whole) == FRAME_MAX_BYTES
    vandal.socket.send(whole)
    pong = vandal.receive()
    assert isinstance(pong, Pong)
    assert pong.nonce == 7
    beside = bare(target.invite, "beside", device=vandal.device)
    for size in (FRAME_MAX_BYTES + 1024, FRAME_MAX_BYTES * 40):
        hurt = make_vandal()
        monitor = hurt.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        try:
            hurt.socket.send(padded(size))
            assert monitor.poll(20_000), "the connection was not ended"
        finally:
            hurt.socket.disable_monitor()
            monitor.close()
    vandal.strike(example(Kind.PING))
    beside.barrier()
    friends.still_talk()


# --- items -------------------------------------------------------------------------------------


def test_a_bad_item_is_refused_alone(target: Server, bare: Circle, friends: Friends) -> None:
    anna = bare(target.invite, f"anna-{secrets.token_hex(4)}")
    room = anna.enter(f"items-{secrets.token_hex(4)}")
    bad = {name: one[1:] for name, one in INVALID.items() if one[0] == "item"}
    bad["garbage"] = (secrets.token_bytes(40) + b"\xc1", ErrorCode.MALFORMED, "")
    body = {"name": "p", "media": "image/png", "size": 5, "sha256": bytes(32)}
    picture = encode_item(EventKind.IMAGE, {**body, "width": 1, "height": 1, "thumb": b"t"})
    bad["no_such_picture"] = (picture, ErrorCode.NO_BLOB, "sha256")
    counter = itertools.count(1)
    said: list[str] = []
    for name, (item, code, field) in bad.items():
        first, second, third = (next(counter) for _ in range(3))
        said += [f"before {name}", f"after {name}"]
        items = [text_item(said[-2]), item, text_item(said[-1])]
        for _ in range(2):  # the same again is answered as it was
            anna.send(Send(room, anna.outbox_epoch, first, items))
            refused = anna.expect(Refused, lambda one: one.first_n == second)  # noqa: B023
            assert (refused.count, refused.code, refused.field) == (1, code, field), name
            assert refused.text
            for n in (first, third):
                anna.expect(Ack, lambda one: one.first_n <= n < one.first_n + one.count)  # noqa: B023
    events = anna.read_all(room)
    assert texts_of(events) == said
    refused_counters = {n for n in range(1, next(counter)) if n % 3 == 2}
    stored = {event.n for event in events if event.outbox_epoch == anna.outbox_epoch}
    assert not stored & refused_counters
    assert not [one for one in anna.inbox if isinstance(one, Error | Bye)]
    friends.still_talk()


def test_a_send_that_is_too_large_takes_no_counter(
    target: Server, bare: Circle, friends: Friends
) -> None:
    anna = bare(target.invite, f"anna-{secrets.token_hex(4)}")
    room = anna.enter(f"large-{secrets.token_hex(4)}")
    big = text_item("🐘" * 4_096)
    count = SEND_MAX_BYTES // len(big) + 1
    anna.send(Send(room, anna.outbox_epoch, 1, [big] * count))
    wrong = anna.expect(Error)
    assert (wrong.code, wrong.field, wrong.kind) == (ErrorCode.TOO_BIG, "items", Kind.SEND)
    anna.send(Send(room, anna.outbox_epoch, 1, [bytes(ITEM_MAX_BYTES + 1)]))
    wrong = anna.expect(Error)
    assert (wrong.code, wrong.field, wrong.kind) == (ErrorCode.FIELD, "items", Kind.SEND)
    anna.say(room, "small", n=1)
    anna.expect(Ack)
    assert texts_of(anna.read_all(room)) == ["small"]
    friends.still_talk()


def test_rooms_that_are_not_there(target: Server, bare: Circle, friends: Friends) -> None:
    anna = bare(target.invite, f"anna-{secrets.token_hex(4)}")
    nowhere = secrets.token_bytes(16)
    anna.say(nowhere, "hello?")
    assert anna.expect(Refused).code == ErrorCode.NO_ROOM
    assert anna.ask_wrong(Read(0, nowhere, 0, 0, 1)).code == ErrorCode.NOT_MEMBER
    anna.send(Ping(3))
    assert anna.expect(Pong).nonce == 3
    # The broker's own topic is no room of anybody.
    anna.say(bytes(16), "to all of you")
    assert anna.expect(Refused).code == ErrorCode.NO_ROOM
    friends.still_talk()
