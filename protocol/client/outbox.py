"""The client's outbox in memory: which messages to send now, and what each answer means.

Every room is a lane with counters of its own. A lane's messages go out in the order
of ``n``; what was sent and has no answer yet is in flight, at most
``WINDOW_MAX_ITEMS`` of all lanes together. An answer settles messages; BUSY and GAP only move
the place from which a lane sends on. Nothing leaves before it is on disk: the
shell commits before it sends. Pure: time and randomness are passed in.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from protocol.client.operations import Snapshot
from protocol.frames import Send
from protocol.limits import ITEMS_PER_SEND_MAX, SEND_MAX_BYTES, WINDOW_MAX_ITEMS

OUTBOX_MAX_ITEMS: Final = 10_000
"""Messages that may wait: beyond, the person is told instead of a growing file."""

ANSWER_MS: Final = 15_000
"""No answer to anything of a lane for this long: send it again; dedupe makes that safe."""

SPREAD_MAX_MS: Final = 2_000
"""All who were told to wait come back over half as long again, or over this: the wait of a slow
room is not to grow by its half."""


@dataclass(slots=True)
class _Lane:
    outbox_epoch: bytes
    next_n: int = 1
    items: dict[int, bytes] = field(default_factory=dict)
    """By n, ascending; without those that are settled."""
    sent_n: int = 0
    """The last n that was sent and not taken back."""
    flying: int = 0
    hold_ms: int = 0
    moved_ms: int = 0

    def rewind(self, to_n: int) -> None:
        """Send from ``to_n`` on again."""
        if self.sent_n >= to_n:
            self.sent_n = to_n - 1
            self.flying = sum(1 for n in self.items if n <= self.sent_n)

    def first_n(self) -> int:
        return next(iter(self.items), self.next_n)


class Outbox:
    """All lanes; one for each room that was ever written to."""

    def __init__(self, snapshot: Snapshot, random: Random) -> None:
        """Continue where the store stands."""
        self._random = random
        self._default_epoch = snapshot.outbox_epoch
        self._lanes: dict[bytes, _Lane] = {
            room: _Lane(epoch, next_n) for room, (epoch, next_n) in snapshot.counters.items()
        }
        self._waiting = 0
        for row in sorted(snapshot.outbox, key=lambda row: row.n):
            lane = self._lane(row.room)
            if row.code == 0 and row.outbox_epoch == lane.outbox_epoch:
                lane.items[row.n] = row.item
                self._waiting += 1
        self.reset()

    def __len__(self) -> int:
        """How many messages wait for their answer."""
        return self._waiting

    def epoch_of(self, room: bytes) -> bytes:
        """Return the outbox epoch under which this room's counters run."""
        lane = self._lanes.get(room)
        return self._default_epoch if lane is None else lane.outbox_epoch

    def add(self, room: bytes, item: bytes) -> int:
        """Take a message; return its counter."""
        lane = self._lane(room)
        n = lane.next_n
        lane.next_n += 1
        lane.items[n] = item
        self._waiting += 1
        return n

    def reset(self) -> None:
        """Nothing is in flight: a new connection sends everything again."""
        for lane in self._lanes.values():
            lane.sent_n = lane.first_n() - 1
            lane.flying = 0
            lane.hold_ms = 0

    def settle(self, room: bytes, outbox_epoch: bytes, first_n: int, count: int) -> list[int]:
        """Take an answer for ever; return the counters that it settles, each once."""
        lane = self._lanes.get(room)
        if lane is None or lane.outbox_epoch != outbox_epoch:
            return []
        # The count is the server's word: never walk further than what is here.
        last_n = min(first_n + count, lane.next_n)
        settled = [n for n in range(max(first_n, lane.first_n()), last_n) if n in lane.items]
        for n in settled:
            del lane.items[n]
            if n <= lane.sent_n:
                lane.flying -= 1
        self._waiting -= len(settled)
        if settled:
            lane.moved_ms = 0
        return settled

    def busy(
        self, room: bytes, outbox_epoch: bytes, first_n: int, retry_ms: int, now_ms: int
    ) -> int:
        """Nothing from ``first_n`` on was taken: hold the lane, then send from there.

        Returns for how long, in ms; 0: nothing waits for it.
        """
        lane = self._lanes.get(room)
        if lane is None or lane.outbox_epoch != outbox_epoch:
            return 0
        lane.rewind(first_n)
        spread_ms = min(retry_ms // 2, SPREAD_MAX_MS)
        wait_ms = retry_ms + int(spread_ms * self._random.random())
        lane.hold_ms = max(lane.hold_ms, now_ms + wait_ms)
        return lane.hold_ms - now_ms if lane.items else 0

    def hurry(self, room: bytes) -> None:
        """What this room waited for is over: send at once; the server says if it is too early."""
        lane = self._lanes.get(room)
        if lane is not None:
            lane.hold_ms = 0

    def gap(self, room: bytes, outbox_epoch: bytes, expect_n: int) -> bool:
        """Send from ``expect_n`` on; False: that one was settled, so the server lost it."""
        lane = self._lanes.get(room)
        if lane is None or lane.outbox_epoch != outbox_epoch or expect_n >= lane.next_n:
            return True
        if expect_n not in lane.items:
            return False
        lane.rewind(expect_n)
        return True

    def waiting(self, room: bytes) -> dict[int, bytes]:
        """Return the items of a room that wait for their answer, by their counters, ascending."""
        lane = self._lanes.get(room)
        return {} if lane is None else dict(lane.items)

    def renumber(self, room: bytes) -> tuple[bytes, dict[int, bytes], bytes]:
        """Empty a lane and start its counters afresh.

        Returns the old outbox epoch, the items that waited by their counters, ascending, and the
        new outbox epoch.
        """
        lane = self._lanes[room]
        self._waiting -= len(lane.items)
        fresh = self._random.randbytes(8)
        self._lanes[room] = _Lane(fresh)
        return lane.outbox_epoch, lane.items, fresh

    def due(self, now_ms: int) -> Iterator[Send]:
        """Yield the frames to send now, as many as the window allows."""
        credit = WINDOW_MAX_ITEMS - sum(lane.flying for lane in self._lanes.values())
        for room, lane in self._lanes.items():
            if not lane.items:
                continue
            if lane.flying and not lane.moved_ms:
                lane.moved_ms = now_ms
            if lane.flying and now_ms - lane.moved_ms >= ANSWER_MS:
                credit += lane.flying
                lane.rewind(lane.first_n())
                lane.moved_ms = now_ms
            if now_ms < lane.hold_ms:
                continue
            while credit > 0 and lane.sent_n + 1 < lane.next_n:
                frame = _next_frame(room, lane, credit)
                if frame is None:
                    break
                credit -= len(frame.items)
                lane.moved_ms = now_ms
                yield frame

    def wake_ms(self, now_ms: int) -> int | None:
        """Return when ``due`` may have something new without an answer; None: never."""
        times = []
        for lane in self._lanes.values():
            if not lane.items:
                continue
            if lane.hold_ms > now_ms:
                times.append(lane.hold_ms)
            if lane.flying:
                times.append((lane.moved_ms or now_ms) + ANSWER_MS)
        return min(times, default=None)

    def _lane(self, room: bytes) -> _Lane:
        lane = self._lanes.get(room)
        if lane is None:
            lane = self._lanes[room] = _Lane(self._default_epoch)
        return lane


def _next_frame(room: bytes, lane: _Lane, credit: int) -> Send | None:
    """Take the next consecutive counters of a lane, within the limits of one SEND."""
    n = lane.sent_n + 1
    while n < lane.next_n and n not in lane.items:
        n += 1
    first_n, size = n, 0
    items: list[bytes] = []
    most = min(credit, ITEMS_PER_SEND_MAX)
    while len(items) < most:
        item = lane.items.get(n)
        if item is None or (items and size + len(item) > SEND_MAX_BYTES):
            break
        items.append(item)
        size += len(item)
        n += 1
    lane.sent_n = n - 1
    lane.flying += len(items)
    return Send(room, lane.outbox_epoch, first_n, items) if items else None
