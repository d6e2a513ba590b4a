"""Whatever a server says, the client's session raises nothing and grows by nothing for ever.

:mod:`tests.security.test_false_server` does the same to the whole client over the wire; here are
many more frames in less time, in orders that no server would send, and the memory is counted.
Driven by the kinds of the wire, so that a new one is tried by itself.
"""

import gc
import types
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.client import people, timeline
from protocol.client.happenings import Link, LinkChanged
from protocol.codes import Kind
from protocol.frames import KIND_OF, AnyFrame, encode
from tests.protocol.client.bench import Bench, foreign
from tests.protocol.client.wire import EPOCH, ROOM, block
from tests.protocol.make_vectors import FRAMES as EXAMPLES
from tests.strategies import FRAMES, WRONG, mutated, packed

KINDS = pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: str(kind.name))
MANY = settings(
    max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
GROWN_MAX = 400
"""Objects: what one more round of the same may leave, of thousands of frames."""
ROUND = 700
"""Frames of one round: more than rooms of a person (200), people and events as bounded here."""

_any_kind = st.sampled_from(Kind)


def aimed(frame: AnyFrame, request: int, near: bool) -> AnyFrame:
    """Put in the room, the epoch and a request that this client knows."""
    true: dict[str, Any] = {"request": request, "epoch": EPOCH}
    if near:
        true["room"] = ROOM
    names = frame._fields  # type: ignore[attr-defined]
    return frame._replace(**{one: true[one] for one in true if one in names})  # type: ignore[attr-defined,no-any-return]


def busy(bench: Bench) -> None:
    """Have the session wait for answers of many kinds."""
    bench.say("does this arrive?")
    bench.step()


def hear(bench: Bench, data: bytes) -> None:
    """Let the session take it, and begin a new connection when it has had enough."""
    bench.session.received(data, bench.now)
    bench.step(50)
    bench.told.clear()
    if bench.drop is not None or not bench.session.online:
        bench.drop = None
        bench.session.disconnected()
        bench.session.connected("model:1", bench.now)
        bench.step()
        bench.welcome(0)
        bench.told.clear()


_frame = st.builds(
    aimed, _any_kind.flatmap(lambda kind: FRAMES[kind]), st.integers(0, 6), st.booleans()
)


@MANY
@given(st.lists(_frame.map(encode) | mutated(_frame.map(encode)), min_size=1, max_size=30))
def test_any_frames_in_any_order(said: list[bytes]) -> None:
    bench = Bench()
    busy(bench)
    for data in said:
        hear(bench, data)
    bench.session.disconnected()
    assert not any(isinstance(one, LinkChanged) and one.link is Link.STOPPED for one in bench.told)


@KINDS
def test_every_field_with_values_of_every_type(kind: Kind) -> None:
    bench = Bench()
    busy(bench)
    good = list(next(frame for frame in EXAMPLES.values() if KIND_OF[type(frame)] is kind))
    for place in range(len(good)):
        for wrong in WRONG:
            values = [*good[:place], wrong, *good[place + 1 :]]
            hear(bench, bytes((1, kind)) + packed(values))


# --- memory -----------------------------------------------------------------------------------


def fresh(value: Any, dice: Random) -> Any:
    """Return a value of the same shape that was never there before."""
    if type(value) is bytes and len(value) in (8, 16, 32):
        return dice.randbytes(len(value))
    if type(value) is list:
        return [fresh(one, dice) for one in value]
    if type(value) is tuple:
        return tuple(fresh(one, dice) for one in value)
    return value


def reachable(root: object) -> int:
    """Count the objects that hang on one, but not those of the program itself."""
    program = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
    seen: set[int] = set()
    stack: list[object] = [root]
    while stack:
        one = stack.pop()
        if id(one) not in seen and not isinstance(one, program):
            seen.add(id(one))
            stack += gc.get_referents(one)
    return len(seen)


def endless(kind: Kind, dice: Random) -> Iterator[bytes]:
    """Yield frames of a kind, each about other rooms, people and events than those before."""
    examples = [one for one in EXAMPLES.values() if KIND_OF[type(one)] is kind]
    made = type(examples[0])
    for number in range(10**9):
        example = examples[number % len(examples)]
        frame: Any = made._make(fresh(tuple(example), dice))  # type: ignore[attr-defined]
        frame = aimed(frame, number % 3, near=number % 2 == 0)
        if "blocks" in frame._fields and number % 4 < 2:
            # Behind a hole: what comes later is kept, but not without end.
            frame = frame._replace(blocks=[block(foreign(2 * number + 2))])
        yield encode(frame)


@KINDS
def test_no_kind_of_frame_fills_the_memory(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PEOPLE_MAX", 50)
    monkeypatch.setattr(timeline, "BUFFER_MAX_EVENTS", 50)
    bench = Bench()
    busy(bench)
    frames = endless(kind, Random(int(kind)))
    sizes: list[int] = []
    for _ in range(3):
        for _ in range(ROUND):
            hear(bench, next(frames))
        gc.collect()
        sizes.append(reachable(bench.session))
    assert sizes[2] - sizes[1] <= GROWN_MAX, sizes
