"""Whatever a gateway says to a broker, and a broker to a gateway, neither ends of it.

Both ends hold keys that the other knows, so this is no stranger's boundary; but a gateway is the
process that strangers reach, and one that was taken must not take the broker with it. Real
cores, a real journal, no sockets.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core import Core
from gateway.delivery import Sent
from gateway.sessions import Session
from protocol.backplane import (
    INSTANCE_BYTES,
    LOBBY,
    Down,
    FeedKind,
    Up,
    encode_batch,
    encode_slot,
    feed_header,
)
from protocol.blocks import encode_block
from protocol.codes import EventKind, Kind, Purpose
from protocol.frames import encode
from protocol.items import encode_item
from protocol.limits import U63_MAX
from tests.broker.stand import key
from tests.broker.test_core import House
from tests.gateway.stand import Wires
from tests.protocol.test_backplane import OPERATIONS
from tests.strategies import BLOCKS, FRAMES, WRONG, any_item, mutated

MANY = settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ROOM = b"R" * 16
EPOCH = b"E" * 16
KEY = b"k" * 32

_slots = st.integers(0, 4) | st.sampled_from((2**40, U63_MAX))
_frames = st.sampled_from(Kind).flatmap(lambda kind: FRAMES[kind]).map(encode)
_octets = st.sampled_from((0, 8, 16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))
_items = any_item.map(lambda one: encode_item(*one)) | st.binary(min_size=1, max_size=40)
_pool = st.one_of(
    _slots,
    st.sampled_from(WRONG),
    st.sampled_from((KEY, ROOM, EPOCH, "nick", True)),
    _octets,
    _frames | mutated(_frames),
    st.lists(_items, max_size=4),
    st.lists(st.tuples(_octets, _slots).map(list), max_size=3),
)


@st.composite
def operations(draw: st.DrawFn, known: list[list[Any]], numbers: type[Up] | type[Down]) -> Any:
    """A right operation of which some fields are others; now and then of any shape at all."""
    if draw(st.integers(0, 9)) == 0:
        number = draw(st.sampled_from(numbers).map(int) | st.integers(-1, 300))
        return [number, *draw(st.lists(_pool, max_size=8))]
    number, *fields = draw(st.sampled_from(known))
    one: list[Any] = [int(number), *fields]
    for place in range(1, len(one)):
        if type(one[place]) is int and draw(st.booleans()):
            one[place] = draw(_slots)
        elif type(one[place]) is bytes and len(one[place]) > 32:
            one[place] = draw(_frames | mutated(_frames))
        elif draw(st.integers(0, 3)) == 0:
            one[place] = draw(_pool)
    return one


# --- a gateway towards its broker ---------------------------------------------------------------


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory() as folder:
        one = House(Path(folder))
        yield one
        one.journal.close()


def well(house: House) -> None:
    """Say something through a new gateway, and find it stored."""
    house.do([Up.REGISTER, ["there:1"]], instance=b"honest-1")
    slot = 900 + house.now_ms
    house.do([Up.OPEN, slot, key(99), "Honest", "invite-token-of-22-chr", 0], instance=b"honest-1")
    house.now_ms += 1
    text = f"still well at {house.now_ms}"
    run = [Up.RUN, slot, house.general(), slot.to_bytes(8, "big"), 1]
    run.append([encode_item(EventKind.TEXT, {"text": text})])
    house.do(run, instance=b"honest-1")
    assert text in house.texts()
    house.do([Up.CLOSE, slot], instance=b"honest-1")


def test_no_batch_of_a_gateway_ends_the_broker(house: House) -> None:
    known = [
        *OPERATIONS,
        [Up.ASK, 1, b"a frame, and longer than thirty-two bytes"],
        [Up.RUN, 1, house.general(), b"o" * 8, 1, [encode_item(EventKind.TEXT, {"text": "x"})]],
        [Up.OPEN, 1, KEY, "nick", "invite-token-of-22-chr", 0],
    ]
    instances = st.sampled_from((b"instance", b"another-", b"", b"x"))

    @MANY
    @given(instances, st.lists(operations(known, Up), min_size=1, max_size=6))
    def strike(instance: bytes, batch: list[list[Any]]) -> None:
        data = encode_batch(instance, batch)
        house.core.drain([[b"route", data]], house.now_ms, house.now_ms)
        house.tick(700)

    logging.disable(logging.WARNING)
    try:
        strike()
    finally:
        logging.disable(logging.NOTSET)
    well(house)


def test_no_message_of_a_gateway_ends_the_broker(house: House) -> None:
    batch = st.lists(operations(OPERATIONS, Up), max_size=3).map(
        lambda one: encode_batch(b"instance", one)
    )
    message = st.lists(st.binary(max_size=40) | mutated(batch), max_size=4)

    @MANY
    @given(st.lists(message, max_size=3))
    def strike(messages: list[list[bytes]]) -> None:
        house.core.drain(messages, house.now_ms, house.now_ms)

    logging.disable(logging.WARNING)
    try:
        strike()
    finally:
        logging.disable(logging.NOTSET)
    well(house)


# --- a broker towards its gateways --------------------------------------------------------------


class Line(Wires):
    """Takes all that a gateway does; what it hands on to clients it does not look into."""

    def send(self, route: bytes, data: bytes) -> Sent:
        return Sent.DONE

    def send_all(self, sessions: Iterable[Session], data: bytes) -> list[tuple[Session, Sent]]:
        return [(one, Sent.GONE) for one in sessions if not data]

    def send_up(self, batch: bytes) -> bool:
        return True


@pytest.fixture
def core() -> Core:
    core = Core(Line(), lambda: ["here:8080"], 0, Random(1))
    core.at(1)
    core.linked()
    for number in (1, 2, 3):
        core.sessions.add(b"%d" % number, f"{number}", KEY, Purpose.TALK, "nick", None, 1)
    return core


_ROW = [ROOM, 1, "general", 5, []]
_SAID: list[list[Any]] = [
    [Down.REGISTERED, "name", KEY, KEY, EPOCH, 1],
    [Down.WHO],
    [Down.OPENED, 1, b"p" * 8, "nick", [_ROW]],
    [Down.CLOSED, 1, b"a frame, and longer than thirty-two bytes"],
    [Down.FRAME, 1, b"a frame, and longer than thirty-two bytes"],
    [Down.DONE, 1, 1, b"a frame, and longer than thirty-two bytes"],
    [Down.ENTERED, 1, 7, *_ROW],
    [Down.LEFT, 1, 7, ROOM],
    [Down.GATEWAYS, ["here:1"]],
]


def test_no_batch_of_a_broker_ends_a_gateway(core: Core) -> None:
    batch = st.lists(operations(_SAID, Down), min_size=1, max_size=5).map(
        lambda one: encode_batch(b"i" * INSTANCE_BYTES, one)
    )

    @MANY
    @given(batch | mutated(batch))
    def strike(data: bytes) -> None:
        core.told(data)
        core.send_collected()
        core.flush(10)
        core.tend(10)

    logging.disable(logging.WARNING)
    try:
        strike()
    finally:
        logging.disable(logging.NOTSET)
    core.leave()


def test_no_feed_and_no_answer_of_a_broker_ends_a_gateway(core: Core) -> None:
    core.told(encode_batch(b"i" * INSTANCE_BYTES, _SAID[:1] + _SAID[2:3]))
    headers = st.builds(
        feed_header,
        st.sampled_from(FeedKind),
        st.integers(0, 3),
        st.sampled_from((EPOCH, bytes(16))),
        st.integers(0, 20) | st.integers(0, 2**64 - 1),
        st.integers(0, 20) | st.integers(0, 2**64 - 1),
    )
    payloads = BLOCKS.map(lambda one: encode_block(*one)) | _frames | st.binary(max_size=60)
    topics = st.sampled_from((ROOM, LOBBY, b"", b"x" * 16))
    fed = st.tuples(topics, headers | mutated(headers), payloads).map(list)
    any_parts = st.lists(st.binary(max_size=50), max_size=5)

    @MANY
    @given(fed | any_parts, st.integers(0, 100))
    def feed(parts: list[bytes], later_ms: int) -> None:
        core.fed(parts)
        core.flush(later_ms)

    slots = _slots.map(encode_slot) | st.binary(max_size=9)

    @MANY
    @given(st.tuples(slots, payloads).map(list) | any_parts)
    def answer(parts: list[bytes]) -> None:
        core.answered(parts)

    logging.disable(logging.WARNING)
    try:
        feed()
        answer()
    finally:
        logging.disable(logging.NOTSET)
    core.leave()
