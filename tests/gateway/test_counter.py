"""The counter: what a client may say when, what it costs, and that it costs only that client."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.allowance import BUSY_MS
from gateway.sessions import Session
from protocol.backplane import Up, check_operation, decode_batch, encode_batch
from protocol.codes import ErrorCode, EventKind, Kind, Purpose
from protocol.fields import COUNTER
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    BlobChunk,
    BlobGet,
    BlobPut,
    Busy,
    Bye,
    Error,
    Hand,
    Hello,
    Join,
    Mark,
    People,
    Ping,
    Pong,
    Read,
    Send,
    Typing,
    encode,
)
from protocol.items import encode_item
from protocol.limits import (
    BUSY_RETRY_MS,
    FAULTS_MAX,
    FRAME_MAX_BYTES,
    ITEM_MAX_BYTES,
    ITEMS_PER_SEND_MAX,
    ROOMS_PER_PERSON_MAX,
    SEND_MAX_BYTES,
    WINDOW_MAX_ITEMS,
)
from tests.gateway.stand import BULK, EPOCH, OTHER, ROOM, TALK, Stand
from tests.protocol.make_vectors import ITEMS
from tests.strategies import FRAMES, any_frame, any_item, mutated

EXAMPLES = dict(ITEMS.values())
OUTBOX, OUTBOX2 = b"outbox-1", b"outbox-2"
TEXT = encode_item(EventKind.TEXT, {"text": "ї"})
ASKS = {
    Kind.PEOPLE,
    Kind.ROOMS,
    Kind.JOIN,
    Kind.DIRECT,
    Kind.LEAVE,
    Kind.RENAME,
    Kind.LINK,
    Kind.TYPING,
    Kind.MARK,
    Kind.MARKS,
    Kind.PROFILE,
    Kind.PORTRAITS,
    Kind.PRIVATE,
    Kind.ADD,
    Kind.MEMBERS,
    Kind.ORDER,
    Kind.ACT,
    Kind.HAND,
    Kind.DEVICES,
    Kind.AUDIT,
}
TALKING = ASKS | {Kind.SEND, Kind.READ, Kind.PING, Kind.BYE}
TRANSFERRING = {Kind.BLOB_PUT, Kind.BLOB_CHUNK, Kind.BLOB_GET, Kind.PING, Kind.BYE}


def send(first_n: int, count: int = 1, room: bytes = ROOM, outbox: bytes = OUTBOX) -> Send:
    return Send(room, outbox, first_n, [TEXT] * count)


def runs(stand: Stand) -> list[tuple[int, bytes, bytes, int, int]]:
    """Slot, room, outbox, first n and count of the runs collected; nothing else may be."""
    operations, reads = stand.counter.collect()
    assert not reads and all(one[0] == Up.RUN for one in operations)
    return [(*one[1:5], len(one[5])) for one in operations]


# --- messages ---------------------------------------------------------------------------


def test_runs_that_follow_each_other_are_one(stand: Stand, ann: Session) -> None:
    for first_n, count in ((1, 2), (3, 1), (4, 5)):
        assert stand.take(ann, send(first_n, count)) == []
    assert runs(stand) == [(ann.slot, ROOM, OUTBOX, 1, 8)]
    assert ann.in_flight == 8
    stand.take(ann, send(9))
    assert runs(stand) == [(ann.slot, ROOM, OUTBOX, 9, 1)]


def test_runs_join_only_within_a_drain_session_room_and_outbox(stand: Stand, ann: Session) -> None:
    bob = stand.talker("bob", ROOM)
    for session, frame in (
        (ann, send(1)),
        (bob, send(1)),
        (ann, send(1, outbox=OUTBOX2)),
        (ann, send(1, room=OTHER)),
        (bob, send(2)),
        (ann, send(2)),
        (ann, send(4)),
        (ann, send(5)),
    ):
        stand.take(session, frame)
    assert runs(stand) == [
        (ann.slot, ROOM, OUTBOX, 1, 2),
        (bob.slot, ROOM, OUTBOX, 1, 2),
        (ann.slot, ROOM, OUTBOX2, 1, 1),
        (ann.slot, OTHER, OUTBOX, 1, 1),
        (ann.slot, ROOM, OUTBOX, 4, 2),
    ]


@pytest.mark.parametrize("frame", [Join(1, "kitchen", True), People(1, b"", 5)])
def test_no_message_overtakes_a_request(stand: Stand, ann: Session, frame: AnyFrame) -> None:
    stand.take(ann, send(1))
    stand.take(ann, frame)
    stand.take(ann, send(2))
    operations, _ = stand.counter.collect()
    assert [one[0] for one in operations] == [Up.RUN, Up.ASK, Up.RUN]
    assert operations[1] == [Up.ASK, ann.slot, encode(frame)]


def test_the_window_is_full_at_its_limit_and_free_again_with_answers(
    stand: Stand, ann: Session
) -> None:
    half = WINDOW_MAX_ITEMS // 2
    assert half <= ITEMS_PER_SEND_MAX
    assert stand.take(ann, send(1, half)) == stand.take(ann, send(1 + half, half)) == []
    busy = stand.take(ann, send(1 + 2 * half))
    assert busy == [Busy(ROOM, OUTBOX, 1 + 2 * half, BUSY_RETRY_MS)]
    assert ann.in_flight == WINDOW_MAX_ITEMS and ann.faults == 0
    assert runs(stand) == [(ann.slot, ROOM, OUTBOX, 1, WINDOW_MAX_ITEMS)]
    stand.upstream.take([6, ann.slot, 1, encode(Pong(0, EPOCH, []))])
    assert ann.in_flight == WINDOW_MAX_ITEMS - 1
    assert stand.take(ann, send(1 + 2 * half, 2))[0] == busy[0]
    assert stand.take(ann, send(1 + 2 * half)) == []


def test_faster_than_the_rate_is_busy_until_the_time_it_names(stand50: Stand) -> None:
    stand = stand50
    ann = stand.talker("ann", ROOM)
    n = 1
    while not (said := stand.take(ann, send(n, 100))):
        n += 100
        ann.in_flight = 0
    assert n == 501
    (busy,) = said
    assert isinstance(busy, Busy) and busy.first_n == n
    assert busy.retry_ms == BUSY_MS + 1  # a hundred at 50 a second
    stand.now_ms += 500
    assert stand.take(ann, send(n, 100))
    stand.now_ms += busy.retry_ms
    assert stand.take(ann, send(n, 100)) == []
    assert ann.faults == 0


def test_what_follows_messages_that_wait_waits_with_them(stand50: Stand) -> None:
    """Else it ends as a hole, at the cost of those before it, which never come to their turn."""
    ann = stand50.talker("ann", ROOM)
    n = 1
    while not (said := stand50.take(ann, send(n, 100))):
        n += 100
        ann.in_flight = 0
    stand50.counter.collect()
    for _ in range(3):
        (busy,) = said
        assert isinstance(busy, Busy)
        (later,) = stand50.take(ann, send(n + 100, 1))
        assert isinstance(later, Busy)
        assert later.first_n == n + 100 and 0 < later.retry_ms <= busy.retry_ms
        stand50.now_ms += busy.retry_ms - 1
        said = stand50.take(ann, send(n, 100))
        if not said:
            break
    assert said == [] and runs(stand50) == [(ann.slot, ROOM, OUTBOX, n, 100)]
    stand50.now_ms += 1_000
    assert stand50.take(ann, send(n + 100, 1)) == []


def test_what_waits_holds_up_its_own_room_alone_and_not_for_ever(stand50: Stand) -> None:
    ann = stand50.talker("ann", ROOM, OTHER)
    ann.in_flight = WINDOW_MAX_ITEMS
    assert stand50.take(ann, send(5, 2))
    ann.in_flight = 0
    assert stand50.take(ann, send(6))
    assert stand50.take(ann, send(1, 2, room=OTHER)) == []
    assert stand50.take(ann, send(5, 1)) == []
    assert stand50.take(ann, send(6, 1)) == []
    ann.in_flight = WINDOW_MAX_ITEMS
    assert stand50.take(ann, send(7, 2))
    ann.in_flight = 0
    stand50.now_ms += BUSY_RETRY_MS
    assert stand50.take(ann, send(9)) == []


def test_lanes_that_wait_are_bounded(stand: Stand, ann: Session) -> None:
    ann.in_flight = WINDOW_MAX_ITEMS
    for number in range(ROOMS_PER_PERSON_MAX * 2):
        outbox_epoch = number.to_bytes(8, "big")
        assert stand.take(ann, Send(ROOM, outbox_epoch, 1, [TEXT]))
    assert len(ann.held) == ROOMS_PER_PERSON_MAX
    stand.now_ms += BUSY_RETRY_MS
    assert stand.take(ann, send(1))
    assert len(ann.held) == 1


def test_a_busy_client_costs_another_nothing(stand50: Stand) -> None:
    ann, bob = stand50.talker("ann", ROOM), stand50.talker("bob", ROOM)
    while not stand50.take(ann, send(1, 128)):
        ann.in_flight = 0
    assert stand50.take(bob, send(1, 128)) == []


def test_items_are_refused_one_by_one(stand: Stand, ann: Session) -> None:
    picture = {
        "name": "кіт.png",
        "media": "image/png",
        "size": 70,
        "sha256": b"s" * 32,
        "width": 3,
        "height": 4,
        "thumb": b"t",
    }
    image = encode_item(EventKind.IMAGE, picture)
    notice = encode_item(EventKind.NOTICE, {"what": "joined"})
    assert stand.take(ann, Send(ROOM, OUTBOX, 1, [TEXT, b"\xc1", notice, image])) == []
    ((_, _, _, _, first_n, elements),) = stand.counter.collect()[0]
    assert first_n == 1 and ann.in_flight == 4 and ann.faults == 0
    assert elements[0] == TEXT
    assert elements[1][0] == ErrorCode.MALFORMED
    assert elements[2][:2] == [ErrorCode.UNKNOWN_KIND, "kind"]
    assert elements[3] == [image, b"s" * 32, 70]


def test_items_that_are_too_many_bytes_in_all(stand: Stand, ann: Session) -> None:
    many = SEND_MAX_BYTES // ITEM_MAX_BYTES + 1
    (error,) = stand.take(ann, Send(ROOM, OUTBOX, 1, [b"x" * ITEM_MAX_BYTES] * many))
    assert isinstance(error, Error) and error[:2] == (ErrorCode.TOO_BIG, "items")
    assert error.kind == Kind.SEND and ann.in_flight == 0 and runs(stand) == []
    assert stand.take(ann, Send(ROOM, OUTBOX, 1, [b"x" * ITEM_MAX_BYTES] * (many - 1))) == []


@given(any_item, st.data())
def test_an_element_is_what_the_broker_takes(
    found: tuple[EventKind, dict[str, Any]], data: st.DataObject
) -> None:
    stand = Stand()
    ann = stand.talker("ann", ROOM)
    kind, body = found
    item = data.draw(mutated(st.just(encode_item(kind, body))) | st.just(encode_item(kind, body)))
    if not 0 < len(item) <= ITEM_MAX_BYTES:
        return
    stand.take(ann, Send(ROOM, OUTBOX, 1, [item, TEXT]))
    ((*_, elements),) = accepted(stand)
    assert elements[-1] == TEXT and len(elements) == 2
    if type(elements[0]) is bytes:
        assert elements[0] == item
    elif type(elements[0][0]) is bytes:
        assert elements[0][0] == item and len(elements[0][1]) == 32


@pytest.mark.parametrize("kind", EventKind)
def test_what_needs_a_blob_says_which(stand: Stand, ann: Session, kind: EventKind) -> None:
    body = EXAMPLES[kind]
    item = encode_item(kind, body)
    stand.take(ann, Send(ROOM, OUTBOX, 1, [item]))
    ((*_, elements),) = accepted(stand)
    if kind is EventKind.NOTICE:
        assert elements[0][:2] == [ErrorCode.UNKNOWN_KIND, "kind"]
    elif kind in (EventKind.IMAGE, EventKind.FILE):
        assert elements == [[item, body["sha256"], body["size"]]]
    else:
        assert elements == [item]


def accepted(stand: Stand) -> list[list[Any]]:
    """The operations collected, as the broker reads them; it must accept them all."""
    operations, _ = stand.counter.collect()
    read = decode_batch(encode_batch(b"instance", operations))[1]
    for operation in read:
        check_operation(operation)
    return read


# --- when, and on which connection --------------------------------------------------------


@given(any_frame)
def test_before_welcome_one_may_only_ping_and_go(frame: AnyFrame) -> None:
    stand = Stand()
    ann = stand.meet("ann")
    kind = KIND_OF[type(frame)]
    said = stand.take(ann, frame)
    if kind is Kind.PING:
        assert said == [Pong(frame[0], EPOCH, [])] and not ann.faults
    elif kind is Kind.BYE:
        assert said == [] and stand.dropped == [ann]
    else:
        (error,) = said
        assert isinstance(error, Error) and error.code == ErrorCode.MISTIMED and error.text
        assert error.kind == kind and error.request == getattr(frame, "request", 0)
        assert ann.faults == 1
    assert stand.counter.collect() == ([], [])


@pytest.mark.parametrize(("purpose", "allowed"), [(TALK, TALKING), (BULK, TRANSFERRING)])
@given(frame=any_frame)
def test_a_kind_belongs_to_a_direction_and_a_purpose(
    purpose: Purpose, allowed: set[Kind], frame: AnyFrame
) -> None:
    stand = Stand()
    kind = KIND_OF[type(frame)]
    room = getattr(frame, "room", ROOM)
    ann = stand.talker("ann", room, purpose=purpose)
    said = stand.take(ann, frame)
    operations, reads = stand.counter.collect()
    if kind not in allowed:
        (error,) = said
        assert isinstance(error, Error) and error.code == ErrorCode.MISTIMED
        assert (error.kind, error.request) == (kind, getattr(frame, "request", 0))
        assert not operations and not reads
        return
    assert ann.faults == 0
    if kind is Kind.SEND:
        assert isinstance(frame, Send)
        ((code, slot, *named, elements),) = operations
        assert (code, slot, len(elements)) == (Up.RUN, ann.slot, len(frame.items))
        assert tuple(named) == frame[:3] and not said
    elif kind in ASKS:
        assert operations == [[Up.ASK, ann.slot, encode(frame)]] and not said
    elif kind in (Kind.READ, Kind.BLOB_PUT, Kind.BLOB_CHUNK, Kind.BLOB_GET):
        assert reads == [(ann, encode(frame))] and not said
    elif kind is Kind.PING:
        assert said == [Pong(frame[0], EPOCH, [[room, 0]] if purpose is TALK else [])]
    else:
        assert kind is Kind.BYE and stand.dropped == [ann]


def test_a_second_hello_is_mistimed(stand: Stand, ann: Session) -> None:
    (error,) = stand.take(ann, Hello("test", "Ann", None, 0))
    assert isinstance(error, Error) and error.code == ErrorCode.MISTIMED
    assert "HELLO" in error.text


@pytest.mark.parametrize(
    ("purpose", "make"),
    [
        (TALK, lambda room: Read(5, room, 0, 0, 10)),
        (BULK, lambda room: BlobGet(5, room, b"s" * 32, 0, 10)),
    ],
)
def test_only_members_read(
    stand: Stand, purpose: Purpose, make: Callable[[bytes], AnyFrame]
) -> None:
    stand.talker("bob", OTHER)
    ann = stand.talker("ann", ROOM, purpose=purpose)
    for room in (OTHER, b"?" * 16):
        (error,) = stand.take(ann, make(room))
        assert isinstance(error, Error) and error[:2] == (ErrorCode.NOT_MEMBER, "room")
        assert error.request == 5
    assert stand.counter.collect() == ([], [])
    stand.take(ann, make(ROOM))
    assert stand.counter.collect()[1] == [(ann, encode(make(ROOM)))]


def test_uploads_need_no_room(stand: Stand) -> None:
    ann = stand.talker("ann", purpose=BULK)
    for frame in (BlobPut(1, b"s" * 32, 9), BlobChunk(2, b"s" * 32, 9, 0, b"x")):
        assert stand.take(ann, frame) == []
    assert [data[1] for _, data in stand.counter.collect()[1]] == [Kind.BLOB_PUT, Kind.BLOB_CHUNK]


def test_a_pong_names_the_heads_of_ones_own_rooms(stand: Stand, ann: Session) -> None:
    stand.talker("bob", ROOM, OTHER)
    stand.fanout.rooms[ROOM].head = 12
    assert stand.take(ann, Ping(9)) == [Pong(9, EPOCH, [[ROOM, 12]])]


# --- typing and marks -------------------------------------------------------------------


def test_typing_more_often_than_it_counts_is_dropped_without_a_word(
    stand: Stand, ann: Session
) -> None:
    stand.take(ann, send(1))
    stand.welcome(ann, ROOM, OTHER)
    for room in (ROOM, OTHER):
        for passed_ms, comes in ((0, True), (1_999, False), (1, True), (1, False), (2_000, True)):
            stand.now_ms += passed_ms
            assert stand.take(ann, Typing(room)) == []
            asked = [one for one in stand.counter.collect()[0] if one[0] == Up.ASK]
            assert asked == ([[Up.ASK, ann.slot, encode(Typing(room))]] if comes else [])
    # Of one session in one room alone.
    bob = stand.talker("bob", ROOM)
    stand.take(bob, Typing(ROOM))
    assert len(stand.counter.collect()[0]) == 1
    assert ann.faults == bob.faults == 0


def test_typing_in_many_rooms_is_bounded(stand: Stand) -> None:
    rooms = [number.to_bytes(16, "big") for number in range(ROOMS_PER_PERSON_MAX + 50)]
    ann = stand.talker("ann")
    ann.rooms.update(rooms)  # some were left and others entered meanwhile
    for room in rooms:
        stand.take(ann, Typing(room))
    assert len(ann.typed) == len(stand.counter.collect()[0]) == ROOMS_PER_PERSON_MAX
    stand.now_ms += 2_000
    assert stand.take(ann, Typing(rooms[-1])) == []
    assert len(ann.typed) == len(stand.counter.collect()[0]) == 1


@pytest.mark.parametrize(
    "make", [Typing, lambda room: Mark(room, 4), lambda room: Hand(room, True)]
)
def test_only_members_type_and_mark_and_raise_a_hand(
    stand: Stand, ann: Session, make: Callable[[bytes], AnyFrame]
) -> None:
    stand.talker("bob", OTHER)
    for room in (OTHER, b"?" * 16):
        (error,) = stand.take(ann, make(room))
        assert isinstance(error, Error) and error[:2] == (ErrorCode.NOT_MEMBER, "room")
        assert (error.kind, error.request) == (KIND_OF[type(make(room))], 0)
    assert stand.counter.collect() == ([], []) and not ann.typed and not ann.faults


def test_messages_around_typing_and_marks_are_one_run(stand: Stand, ann: Session) -> None:
    for first_n, frame in ((1, Typing(ROOM)), (2, Mark(ROOM, 4)), (3, Mark(ROOM, 5))):
        stand.take(ann, send(first_n))
        assert stand.take(ann, frame) == []
    stand.take(ann, send(4))
    operations, _ = stand.counter.collect()
    assert [one[0] for one in operations] == [Up.RUN, Up.ASK, Up.ASK, Up.ASK]
    assert operations[0][4:] == [1, [TEXT] * 4]


def test_who_is_too_busy_types_in_silence_and_is_told_of_marks(stand50: Stand) -> None:
    ann = stand50.talker("ann", ROOM)
    while not stand50.take(ann, send(1, 100)):
        ann.in_flight = 0
    stand50.counter.collect()
    for silent in (Typing(ROOM), Hand(ROOM, True)):
        assert stand50.take(ann, silent) == []
    while not (said := stand50.take(ann, Mark(ROOM, 4))):
        assert len(ann.late) < 50
    (error,) = said
    assert isinstance(error, Error) and (error.code, error.kind) == (ErrorCode.BUSY, Kind.MARK)
    assert stand50.counter.collect() == ([], []) and ann.faults == 0


def test_requests_cost_more_of_the_rate_than_messages(stand50: Stand) -> None:
    ann = stand50.talker("ann", ROOM)
    asked = 0
    while not (said := stand50.take(ann, People(asked, b"", 5))):
        asked += 1
    (error,) = said
    assert isinstance(error, Error) and error.code == ErrorCode.BUSY and error.request == asked
    assert (asked, len(ann.late)) == (109, 9)
    assert len(stand50.counter.collect()[0]) == 100


# --- faults -------------------------------------------------------------------------------


def test_after_too_many_faults_the_session_is_over(stand: Stand, ann: Session) -> None:
    bob = stand.talker("bob", ROOM)
    for count in range(1, FAULTS_MAX + 1):
        (error,) = stand.take_bytes(ann, b"\x01\xff\x90")
        assert isinstance(error, Error)
        assert (error.code, error.field, error.kind) == (ErrorCode.UNKNOWN_KIND, "kind", 255)
        assert ann.faults == count and not stand.dropped
        assert stand.take(ann, send(count)) == []
    (bye,) = stand.take_bytes(ann, b"")
    assert isinstance(bye, Bye) and bye.code == ErrorCode.FAULTS and bye.retry_ms > 0
    assert stand.dropped == [ann] and bob.faults == 0


@pytest.mark.parametrize(
    ("data", "code", "field", "kind"),
    [
        (b"", ErrorCode.MALFORMED, "", 0),
        (b"\x01", ErrorCode.MALFORMED, "", 0),
        (b"\x02\x0b\x91\x00", ErrorCode.VERSION, "version", 11),
        (b"\x01\x0b\x80", ErrorCode.MALFORMED, "", 11),
        (b"\x01\x0b\x90", ErrorCode.FIELD, "nonce", 11),
        (b"\x01\x0b\x91\xa1x", ErrorCode.FIELD, "nonce", 11),
        (b"\x01\x0b" + b"\x91" * 5_000, ErrorCode.TOO_DEEP, "", 11),
        (b"\x01\x0b\x91\xc4\x00" + b"x" * FRAME_MAX_BYTES, ErrorCode.TOO_BIG, "", 11),
    ],
)
def test_a_fault_is_named(
    stand: Stand, ann: Session, data: bytes, code: ErrorCode, field: str, kind: int
) -> None:
    (error,) = stand.take_bytes(ann, data)
    assert isinstance(error, Error)
    assert (error.code, error.field, error.kind, error.request) == (code, field, kind, 0)


@settings(max_examples=400)
@given(st.lists(mutated(any_frame.map(encode)) | any_frame.map(encode), max_size=6), st.booleans())
def test_whatever_one_says_costs_only_oneself(them: list[bytes], bulk: bool) -> None:
    _attack(them, BULK if bulk else TALK)


@pytest.mark.parametrize("kind", list(Kind))
@settings(max_examples=40)
@given(data=st.data())
def test_mutations_of_every_kind(kind: Kind, data: st.DataObject) -> None:
    source = FRAMES[kind].map(encode)
    _attack([data.draw(mutated(source))], data.draw(st.sampled_from((TALK, BULK))))


def _attack(them: list[bytes], purpose: Purpose) -> None:
    """Nothing is raised, and only the one who sends is answered, counted and spoken for."""
    stand = Stand(rate_per_s=50.0)
    bob = stand.talker("bob", ROOM, OTHER)
    eve = stand.talker("eve", ROOM, purpose=purpose)
    stand.take(bob, send(1))
    before = copy.copy(bob), set(bob.rooms)
    for data in them:
        if stand.dropped:
            break
        said = stand.take_bytes(eve, data)
        assert len(said) <= 1
        for frame in said:
            assert isinstance(frame, Error | Busy | Pong | Bye)
            if isinstance(frame, Busy):
                assert COUNTER(frame.first_n) is None and frame.retry_ms > 0
    assert set(stand.dropped) <= {eve}
    for one in Session.__slots__:
        assert getattr(bob, one) == getattr(before[0], one)
    assert bob.rooms == before[1]
    stand.take(bob, send(2))
    reads = stand.counter.reads
    assert all(session is eve for session, _ in reads)
    operations = accepted(stand)
    assert sum(len(one[5]) for one in operations if one[1] == bob.slot) == 2
    assert all(one[0] == Up.RUN for one in operations if one[1] == bob.slot)
    assert {one[1] for one in operations} <= {bob.slot, eve.slot}


def test_what_an_attack_collects_is_its_own(stand: Stand, ann: Session) -> None:
    """The messages of others come through whole, in whatever company."""
    eve = stand.talker("eve", ROOM)

    @settings(max_examples=100)
    @given(st.lists(mutated(any_frame.map(encode)), min_size=1, max_size=4))
    def attack(them: list[bytes]) -> None:
        eve.faults = 0
        ann.in_flight = eve.in_flight = 0
        for n, data in enumerate(them, 1):
            stand.take(ann, send(n))
            stand.take_bytes(eve, data)
        mine = [one for one in accepted(stand) if one[1] == ann.slot]
        due = 1
        for code, _, room, outbox, first_n, elements in mine:
            assert (code, room, outbox, first_n) == (Up.RUN, ROOM, OUTBOX, due)
            assert elements == [TEXT] * len(elements)
            due += len(elements)
        assert due == len(them) + 1

    attack()


@pytest.fixture
def stand() -> Stand:
    """A gateway without a rate limit."""
    return Stand()


@pytest.fixture
def stand50() -> Stand:
    """A gateway that lets everybody send 50 messages a second."""
    return Stand(rate_per_s=50.0)


@pytest.fixture
def ann(stand: Stand) -> Session:
    """A session that talks, in one room."""
    return stand.talker("ann", ROOM)
