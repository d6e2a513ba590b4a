"""What all clients of a fleet decode and write down once, because all of them get the same bytes.

A frame of EVENTS comes to every member of a room with the same bytes, and a block stands in
frames and pages alike. Kept by content, never by name: two versions of an event stay two. Several
threads may look up at once; what is kept is never changed.
"""

import json
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import protocol.client.recovery
import protocol.client.session
from protocol.blocks import Event, decode_block
from protocol.codes import Kind
from protocol.frames import AnyFrame, decode
from tests.faults.checker.records import entry_of

T = TypeVar("T")
K = TypeVar("K")


class Kept(Generic[K, T]):
    """Results of a pure function, by its argument; the oldest half goes when there are many."""

    def __init__(self, function: Callable[[K], T], most: int) -> None:
        self._function = function
        self._most = most
        self._young: dict[K, T] = {}
        self._old: dict[K, T] = {}

    def __call__(self, argument: K) -> T:
        found = self._young.get(argument)
        if found is None:
            found = self._old.get(argument)
            if found is None:
                found = self._function(argument)
            if len(self._young) >= self._most:
                self._old, self._young = self._young, {}
            self._young[argument] = found
        return found


def _written(event: Event) -> str:
    return json.dumps(entry_of(event), separators=(",", ":"))


written: Kept[Event, str] = Kept(_written, 20_000)
"""An event as it stands in a history."""

_events: Kept[bytes, tuple[Event, ...]] = Kept(lambda data: tuple(decode_block(data)), 4_000)
_frames: Kept[bytes, AnyFrame] = Kept(decode, 1_000)
_SHARED = frozenset((Kind.EVENTS, Kind.PAGE, Kind.HEADS, Kind.PRESENCE))


def frame_of(data: bytes) -> AnyFrame:
    """Decode a frame, or remember it."""
    return _frames(data) if len(data) > 1 and data[1] in _SHARED else decode(data)


def _decoded(data: bytes) -> Iterator[Event]:
    return iter(_events(data))


def share() -> None:
    """Have the clients of this process decode alike bytes once."""
    protocol.client.session.decode = frame_of  # type: ignore[attr-defined]
    protocol.client.recovery.decode_block = _decoded  # type: ignore[attr-defined]
