"""Fan-out: what the feed brings, grouped by room, to all who are in the room.

A quiet room is delivered at once. A room that was flushed less than the hold time
ago waits for the rest of it, and then one frame carries all that came: the cost of a
delivery is the cost of a frame divided by its messages. How long that is follows from
how many people busy rooms reach: for a class it is not worth a wait that anybody could
notice, for four hundred it is. Nobody decodes a block here.

Pure: time is passed in, sending is the caller's. Owned by the gateway's main thread.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from gateway.sessions import Session
from protocol.backplane import FeedHeader, FeedKind
from protocol.frames import Events, Heads, encode
from protocol.limits import EVENTS_MAX_BYTES

HOLD_MAX_MS = 100
"""The longest that a busy room's messages are held: while it is heard as one conversation."""

_FRAMES_SHARE = 1 / 15
"""Of a core, for the frames of busy rooms, bytes aside: 60 ms for 400 people, 3 ms for 20."""
_SHARE_MAX = 0.5
"""Of libzmq's thread, with the bytes: beyond, the next flush would only queue behind the last."""
_COST_PER_FRAME_MS = 0.010
_COST_PER_BYTE_MS = 2.5e-6
"""What a frame and a byte cost libzmq's thread, encryption and TCP together, to 400 clients
(measured: 0.7 µs for 212 bytes in frames of 12 KiB)."""


@dataclass(slots=True, eq=False)
class LiveRoom:
    """A room of which this gateway has members."""

    room: bytes
    epoch: bytes
    head: int
    """The highest ``seq`` known: delivered, on its way, or announced."""
    term: int = 0
    live: dict[int, Session] = field(default_factory=dict)
    pending: list[bytes] = field(default_factory=list)
    flushed_ms: int = 0
    hold_ms: int = 0
    wanted_ms: int = 0


class Fanout:
    """The live rooms and what they hold back."""

    def __init__(self, hold_max_ms: int = HOLD_MAX_MS) -> None:
        """Start with no rooms; ``hold_max_ms`` 0: nothing is ever held."""
        self.rooms: dict[bytes, LiveRoom] = {}
        self._waiting: dict[bytes, LiveRoom] = {}
        self._hold_max_ms = hold_max_ms
        self._busy: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        """Rooms that were flushed less than ``hold_max_ms`` ago: when, and to how many; the oldest
        first."""
        self._reached = 0
        """How many all of those are."""

    def enter(
        self, session: Session, room: bytes, epoch: bytes, head: int
    ) -> tuple[LiveRoom, bool]:
        """Add the session to the live set; True if the room must now be subscribed to.

        From now on the session gets everything above the live room's ``head``. Where the
        broker's ``head`` is higher, the difference is committed and on its way on the feed.
        """
        live = self.rooms.get(room)
        fresh = live is None
        if live is None:
            live = self.rooms[room] = LiveRoom(room, epoch, head)
        live.live[session.slot] = session
        session.rooms.add(room)
        return live, fresh

    def leave(self, session: Session, room: bytes) -> bool:
        """Take the session out of the room; True if nobody is left to subscribe for."""
        session.rooms.discard(room)
        live = self.rooms.get(room)
        if live is None:
            return False
        live.live.pop(session.slot, None)
        if live.live:
            return False
        del self.rooms[room]
        self._waiting.pop(room, None)
        return True

    def concerned(self, topic: bytes, header: FeedHeader) -> LiveRoom | None:
        """Return the room of a feed message, unless it is of a broker that was replaced."""
        room = self.rooms.get(topic)
        if room is None or header.term < room.term or header.epoch != room.epoch:
            return None
        room.term = header.term
        return room

    def take(self, topic: bytes, header: FeedHeader, payload: bytes) -> bytes | None:
        """Take a feed message; return a HEADS frame for the room if something was missed."""
        room = self.concerned(topic, header)
        if room is None:
            return None
        if header.kind == FeedKind.BLOCK:
            if header.last_seq > room.head:
                room.head = header.last_seq
            room.pending.append(payload)
            self._waiting[topic] = room
        elif header.kind == FeedKind.HEAD and header.last_seq > room.head:
            room.head = header.last_seq
            return encode(Heads(room.epoch, [[room.room, room.head]]))
        return None

    def due(self, now_ms: int) -> list[LiveRoom]:
        """Return the rooms that are to be flushed now."""
        return [room for room in self._waiting.values() if now_ms - room.flushed_ms >= room.hold_ms]

    def next_ms(self, now_ms: int) -> int | None:
        """In how many ms a room will be due, or None."""
        if not self._waiting:
            return None
        first = min(room.flushed_ms + room.hold_ms for room in self._waiting.values())
        return max(first - now_ms, 0)

    def flush(self, room: LiveRoom, now_ms: int) -> list[bytes]:
        """Return the EVENTS frames that carry what the room held back."""
        self._waiting.pop(room.room, None)
        elapsed_ms, room.flushed_ms = now_ms - room.flushed_ms, now_ms
        blocks, room.pending = room.pending, []
        frames: list[bytes] = []
        part: list[bytes] = []
        size = 0
        for block in blocks:
            if part and size + len(block) > EVENTS_MAX_BYTES:
                frames.append(encode(Events(room.room, room.epoch, room.term, part)))
                part, size = [], 0
            part.append(block)
            size += len(block)
        if part:
            frames.append(encode(Events(room.room, room.epoch, room.term, part)))
        self._note(room.room, len(room.live), now_ms)
        by_bytes = len(room.live) * _COST_PER_BYTE_MS * sum(map(len, blocks)) / max(elapsed_ms, 1)
        wanted_ms = self._hold_ms(by_bytes)
        # Once is a hiccup upstream, whose messages came together; twice is a load.
        room.hold_ms, room.wanted_ms = min(wanted_ms, room.wanted_ms), wanted_ms
        return frames

    def _note(self, room: bytes, recipients: int, now_ms: int) -> None:
        """Take note of a flush."""
        self._reached += recipients - self._busy.pop(room, (0, 0))[1]
        self._busy[room] = now_ms, recipients
        while now_ms - next(iter(self._busy.values()))[0] > self._hold_max_ms:
            self._reached -= self._busy.popitem(last=False)[1][1]

    def _hold_ms(self, by_bytes: float) -> int:
        """Return for how long to hold a room whose bytes take this share of libzmq's thread.

        As short as the bounds allow: what the bytes take is given, what frames take falls with the
        hold. Beyond the bounds frames grow rather than queues, and the same bytes in larger frames
        cost a third.
        """
        share = min(_FRAMES_SHARE, _SHARE_MAX - by_bytes)
        if share <= 0:
            return self._hold_max_ms
        return min(int(self._reached * _COST_PER_FRAME_MS / share), self._hold_max_ms)
