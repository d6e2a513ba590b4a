"""How clients stand: what waits, who is away, and how far behind they are in their rooms.

``standing`` says it of one fleet, as JSON takes it; ``whole`` decides for several. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from tests.faults.fleet.recorder import Counts, Recorder

_BEHIND_MAX = 8


def standing(recorders: Sequence[Recorder], missing: Sequence[bool]) -> dict[str, Any]:
    """Describe some clients; ``missing``: who of them is not in all its rooms.

    ``rooms``: by room and epoch, the least that one holds and the most that one knows of.
    Measured delays are given once.
    """
    rooms: dict[str, list[int]] = {}
    counts: dict[str, Any] = asdict(Counts())
    delays = counts.pop("delays_ms")
    waiting = away = 0
    for recorder in recorders:
        waiting += len(recorder.waiting)
        away += not recorder.online
        for name in counts:
            counts[name] += getattr(recorder.counts, name)
        if recorder.counts.delays_ms:
            delays += recorder.counts.delays_ms
            recorder.counts.delays_ms = []
        for room, held in list(recorder.rooms.items()):
            name = f"{room.hex()} {held.epoch.hex()}"
            low, head = rooms.get(name, (1 << 62, 0))
            rooms[name] = [min(low, held.high), max(head, held.head, held.high)]
    return {
        "waiting": waiting,
        "away": away,
        "missing": sum(missing),
        "behind": _behind(recorders, missing, rooms),
        "clients": len(recorders),
        "rooms": rooms,
        "counts": counts,
        "delays_ms": delays,
    }


def whole(statuses: Iterable[dict[str, Any]]) -> bool:
    """Whether all clients of some fleets are there, drained, and at the same head of every room."""
    rooms: dict[str, tuple[str, int, int]] = {}
    for status in statuses:
        if status["waiting"] or status["away"] or status["missing"]:
            return False
        for name, (low, head) in status["rooms"].items():
            room, epoch = name.split()
            known = rooms.setdefault(room, (epoch, low, head))
            if known[0] != epoch:
                return False
            rooms[room] = (epoch, min(low, known[1]), max(head, known[2]))
    return all(low >= head for _, low, head in rooms.values())


def _behind(
    recorders: Sequence[Recorder], missing: Sequence[bool], rooms: dict[str, list[int]]
) -> list[str]:
    """Say of a few clients why they are not whole."""
    found: list[str] = []
    for recorder, lacks in zip(recorders, missing, strict=True):
        if not recorder.online:
            found.append(f"{recorder.name} is away")
        elif recorder.waiting:
            found.append(f"{recorder.name} waits for {len(recorder.waiting)} answers")
        elif lacks:
            found.append(f"{recorder.name} is not in all its rooms")
        for room, held in list(recorder.rooms.items()):
            _, head = rooms.get(f"{room.hex()} {held.epoch.hex()}", (0, 0))
            if held.high < head:
                found.append(f"{recorder.name} is at {held.high} of {head} in {room.hex()[:8]}")
        if len(found) >= _BEHIND_MAX:
            break
    return found[:_BEHIND_MAX]
