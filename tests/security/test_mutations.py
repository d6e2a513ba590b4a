"""Every kind of frame, spoiled in every way, from an enrolled client: it costs the sender alone.

What is wrong with a frame is said by the specification's own reader; the real gateway must say
just that over the real connection, and the conversation of two others must go on.
"""

from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings

from protocol.codes import ErrorCode, Kind, Purpose
from protocol.frames import KIND_OF, SCHEMA, Bye, encode
from protocol.limits import FRAME_MAX_BYTES, VERSION
from tests.integration.bare import Circle
from tests.protocol.make_vectors import FRAMES as EXAMPLES
from tests.protocol.make_vectors import INVALID
from tests.security.vandal import Friends, Vandal, fault_of, names
from tests.server import Server
from tests.strategies import FRAMES, WRONG, mutated

BULK = (Kind.BLOB_PUT, Kind.BLOB_CHUNK, Kind.BLOB_GET)
KINDS = pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: str(kind.name))
MANY = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Vandals = dict[Purpose, Vandal]


@pytest.fixture(scope="module")
def friends(target: Server, bare: Circle) -> Friends:
    return Friends(bare, target)


@pytest.fixture(scope="module")
def vandals(target: Server, bare: Circle) -> Iterator[Vandals]:
    """Return one vandal that talks and one with a connection for pictures."""
    made = {
        purpose: Vandal(bare.context, target.invite, f"vandal-{purpose.name}", purpose)
        for purpose in Purpose
    }
    yield made
    for one in made.values():
        one.close()


def side(kind: Kind) -> Purpose:
    return Purpose.BULK if kind in BULK else Purpose.TALK


def check(vandal: Vandal, data: bytes) -> None:
    """Strike with a frame; if it is faulty, the answer must say what the fault is."""
    came = vandal.strike(data)
    fault = fault_of(data)
    if fault is None or any(isinstance(one, Bye) for one in came):
        return
    kind = data[1] if len(data) > 1 else 0
    assert names(came, fault.code, fault.field, kind), (fault, came)


@KINDS
def test_mutated_frames(kind: Kind, vandals: Vandals, friends: Friends) -> None:
    vandal = vandals[side(kind)]

    @MANY
    @given(mutated(FRAMES[kind].map(encode)))
    def strike(data: bytes) -> None:
        if len(data) <= FRAME_MAX_BYTES:  # a larger one ends the connection, see test_bad_input
            check(vandal, data)

    strike()
    friends.still_talk(1)


@KINDS
def test_every_field_with_values_of_every_type(
    kind: Kind, vandals: Vandals, friends: Friends
) -> None:
    vandal = vandals[side(kind)]
    good = list(next(frame for frame in EXAMPLES.values() if KIND_OF[type(frame)] is kind))
    fields = SCHEMA[kind][0]._fields  # type: ignore[attr-defined]
    head = bytes((VERSION, kind))

    def frame(values: list[Any]) -> bytes:
        return head + bytes(msgpack.packb(values))

    for place in range(len(good)):
        for wrong in WRONG:
            check(vandal, frame([*good[:place], wrong, *good[place + 1 :]]))
        vandal.must_fail(ErrorCode.FIELD, fields[place], frame(good[:place]))
    for wrong in WRONG:
        # What is not an array; and more elements than are known, which is no fault.
        check(vandal, head + bytes(msgpack.packb(wrong)))
        check(vandal, frame([*good, wrong, wrong]))
    friends.still_talk(1)


@pytest.mark.parametrize("name", [name for name, one in INVALID.items() if one[0] == "frame"])
def test_the_wrong_examples_of_the_specification(
    name: str, vandals: Vandals, friends: Friends
) -> None:
    _, data, code, field = INVALID[name]
    vandals[Purpose.TALK].must_fail(code, field, data)
    friends.still_talk(1)
