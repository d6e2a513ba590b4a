"""How a client comes to hold its rooms without holes: READ, PAGE, EVENTS and history.

Live events go to the room's :class:`Timeline`; where that sees a hole, or somebody
wants older messages, a READ is due, one at a time in a room and a few in all. A READ
without a good answer is made again, less and less often, and the person is told
why once. When nothing else is to be done, rooms grow back by themselves, page by page, so
that there is something to search. Pure: time and randomness are passed in. Owned by the session.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from protocol.blocks import Event, decode_block
from protocol.client.happenings import Arrived, Done, Failed, Gathered, Message
from protocol.client.messages import Reader, reason
from protocol.client.outcome import Outcome, Touched
from protocol.client.overlay import removes
from protocol.client.requests import CANCELLED, NO_ANSWER, OFFLINE
from protocol.client.timeline import Timeline
from protocol.client.wants import REQUEST_MS, Want, Where
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.frames import Error, Events, Page, Read
from protocol.items import CHANGES
from protocol.limits import COUNTER_MAX, PAGE_MAX_EVENTS

log = logging.getLogger("client")

READS_MAX: Final = 4
"""READs of one session under way: more would only wait in the server's queue."""

QUIET_MS: Final = 400
"""Between two pages that nobody asked for: 5 % of this thread, 1,000 messages/s at most."""

CALM_MS: Final = 3_000
"""For this long after a connection or a request nothing is fetched that nobody asked for."""

_PASSING = frozenset({ErrorCode.BUSY, ErrorCode.UNAVAILABLE})


@dataclass(slots=True)
class _Reading:
    room: bytes
    after: int
    before: int
    first: bool
    deadline_ms: int
    quiet: bool = False
    """Nobody asked for it."""


class Recovery:
    """The rooms of a session and the READs for them."""

    def __init__(
        self,
        rooms: Iterable[Timeline],
        out: Outcome,
        reader: Reader,
        outbox_epoch_of: Callable[[bytes], bytes],
        number: Callable[[], int],
        random: Random,
    ) -> None:
        """Work on these; ``number`` draws request numbers, what follows goes into ``out``."""
        self.rooms: dict[bytes, Timeline] = {line.room: line for line in rooms}
        self._out = out
        self._reader = reader
        self._outbox_epoch_of = outbox_epoch_of
        self._number = number
        self._random = random
        self._readings: dict[int, _Reading] = {}
        self._quiet_at_ms = 0
        self.grown = False
        """A room reaches further back without being asked to; whoever tells it resets this."""

    def knows(self, number: int) -> bool:
        """Whether a READ of this number is under way."""
        return number in self._readings

    def settle_link(self) -> None:
        """The connection is over, and with it every READ."""
        self._readings.clear()
        for line in self.rooms.values():
            line.settle_link()
            for want in line.wants:
                if want.where is not Where.ALL:
                    self._give(line, want)
            line.wants = [want for want in line.wants if want.where is Where.ALL]

    def abandon(self) -> None:
        """There will be no connection any more."""
        for line in self.rooms.values():
            for want in line.wants:
                self._out.told.append(Failed(want.request, ErrorCode.UNAVAILABLE, OFFLINE))
            line.wants.clear()

    def drop(self, room: bytes) -> None:
        """One is no longer in this room."""
        line = self.rooms.pop(room)
        self._readings.pop(line.reading, None)
        for want in line.wants:
            text = "you are not in this room any more"
            self._out.told.append(Failed(want.request, ErrorCode.NOT_MEMBER, text))

    # --- what comes in ----------------------------------------------------------------------

    def events(self, frame: Events, now_ms: int) -> None:
        """Take live events."""
        line = self.rooms.get(frame.room)
        if line is not None:
            self._arrived(line, line.offer(_unpacked(frame.blocks), now_ms), live=True)

    def page(self, frame: Page, now_ms: int) -> None:
        """Take the answer to a READ; one that nobody waits for is ignored."""
        reading = self._readings.pop(frame.request, None)
        line = self.rooms.get(frame.room)
        if reading is None or line is None or line.reading != frame.request:
            return
        try:
            events = list(_unpacked(frame.blocks))
        except WireError:
            line.read_failed(now_ms, self._random)
            raise
        line.announce(frame.head, now_ms)
        got: Sequence[Event] = ()
        if reading.first:
            got = line.start(events, frame.head, now_ms)
            self._arrived(line, got, live=False)
            if line.started and not got:
                self._out.operations.append(line.applied(()))
        elif reading.before:
            older = line.back(events)
            got = older
            if older:
                self._out.operations.append(line.applied(older))
                self.grown = self.grown or reading.quiet
        else:
            got = line.offer(events, now_ms)
            self._arrived(line, got, live=False)
        # What was said meanwhile may have filled the hole before the page came.
        overtaken = not reading.before and line.high > reading.after
        if got or overtaken or (line.started and line.head == 0):
            line.read_done()
        else:
            log.warning("page_without_progress events=%d", len(events))
            line.read_failed(now_ms, self._random)
        self._give_what_is_here(line, now_ms, bool(got))

    def failed(self, error: Error, now_ms: int) -> bool:
        """Take an ERROR; False if it is not about a READ."""
        reading = self._readings.pop(error.request, None)
        if reading is None:
            return False
        line = self.rooms.get(reading.room)
        if line is None:
            return True
        line.read_failed(now_ms, self._random, error.code in _PASSING)
        text = reason(error.code, error.field, error.text)
        if reading.before and line.wants:
            for want in list(line.wants):
                if want.where is Where.ALL and error.code in _PASSING:
                    continue
                line.wants.remove(want)
                if line.has_some(want):
                    self._give(line, want)
                else:
                    self._out.told.append(Failed(want.request, error.code, text))
        elif reading.quiet:
            line.quiet_failed = error.code not in _PASSING
        elif not line.told and error.code not in _PASSING:
            line.told = True
            text = f"some messages cannot be read at the moment: {text}"
            self._out.told.append(Failed(0, error.code, text))
        return True

    # --- history -----------------------------------------------------------------------------

    def want(
        self,
        request: int,
        room: bytes,
        where: Where,
        seq: int,
        limit: int,
        online: bool,
        now_ms: int,
    ) -> None:
        """Answer from what is here, or read it first."""
        line = self.rooms.get(room)
        if line is None:
            text = "you are not in this room"
            self._out.told.append(Failed(request, ErrorCode.NOT_MEMBER, text))
            return
        most = min(max(limit, 1), PAGE_MAX_EVENTS)
        want = Want(request, where, min(max(seq, 0), COUNTER_MAX), most, now_ms)
        want.deadline_ms += want.patience_ms
        self._calm(now_ms)
        if line.can_answer(want) or not online:
            self._give(line, want)
        else:
            line.wants.append(want)

    def cancel(self, request: int) -> bool:
        """Forget what a request wants; False: it wants nothing here."""
        for line in self.rooms.values():
            for want in line.wants:
                if want.request == request:
                    line.wants.remove(want)
                    self._out.told.append(Failed(request, 0, CANCELLED))
                    return True
        return False

    def _give_what_is_here(self, line: Timeline, now_ms: int, moved: bool) -> None:
        kept: list[Want] = []
        for want in line.wants:
            if line.can_answer(want):
                self._give(line, want)
            else:
                kept.append(want)
                if moved:
                    want.deadline_ms = now_ms + want.patience_ms
                    if want.where is Where.ALL:
                        told = Gathered(want.request, line.room, line.low, line.high)
                        self._out.told.append(told)
        line.wants = kept

    def _give(self, line: Timeline, want: Want) -> None:
        if not (line.has_some(want) or line.can_answer(want)):
            self._out.told.append(Failed(want.request, ErrorCode.UNAVAILABLE, OFFLINE))
        elif want.where is Where.ALL:
            self._out.told.append(Gathered(want.request, line.room, line.low, line.high))
            self._out.told.append(Done(want.request, line.room))
        else:
            self._out.told.append(want.answer(line.room, line.low, line.high))

    # --- time ----------------------------------------------------------------------------------

    def tick(self, now_ms: int, online: bool, quiet: bool) -> None:
        """Give up what is overdue; send the READs that are due.

        ``quiet``: nothing else waits for the server.
        """
        for number, reading in list(self._readings.items()):
            if now_ms >= reading.deadline_ms:
                del self._readings[number]
                late_line = self.rooms.get(reading.room)
                if late_line is not None:
                    late_line.read_failed(now_ms, self._random)
        for line in self.rooms.values():
            if line.wants:
                self._give_up(line, now_ms)
            if online and len(self._readings) < READS_MAX:
                self._read(line, line.read(now_ms), now_ms)
        if quiet and now_ms >= self._quiet_at_ms:
            self._grow(now_ms)

    def wake_ms(self, now_ms: int, online: bool, quiet: bool) -> int | None:
        """Return when ``tick`` should be called though nothing came in; None: never."""
        if not online:
            wants = (want for line in self.rooms.values() for want in line.wants)
            return min((want.deadline_ms for want in wants), default=None)
        times = [one.deadline_ms for one in self._readings.values()]
        if len(self._readings) < READS_MAX:
            wakes = (line.wake_ms() for line in self.rooms.values())
            times += [one for one in wakes if one is not None]
        if quiet and not times and any(line.may_grow(now_ms) for line in self.rooms.values()):
            times.append(self._quiet_at_ms)
        return min(times, default=None)

    def welcome(self, now_ms: int) -> None:
        """A connection stands: what is asked for comes first."""
        self._calm(now_ms)

    def _calm(self, now_ms: int) -> None:
        self._quiet_at_ms = max(self._quiet_at_ms, now_ms + CALM_MS)

    def _grow(self, now_ms: int) -> None:
        """Fetch one more page for the room of which least is held, if nothing else waits."""
        if self._readings or any(line.wants for line in self.rooms.values()):
            return
        lines = [line for line in self.rooms.values() if line.may_grow(now_ms)]
        if lines:
            line = min(lines, key=lambda one: one.high - one.low)
            self._read(line, (0, line.low + 1, PAGE_MAX_EVENTS), now_ms, quiet=True)
            self._quiet_at_ms = now_ms + int(QUIET_MS * self._random.uniform(0.5, 1.5))

    def _read(
        self, line: Timeline, wanted: tuple[int, int, int] | None, now_ms: int, quiet: bool = False
    ) -> None:
        if wanted is None:
            return
        after, before, limit = wanted
        before = min(before, COUNTER_MAX)  # a server may lie about its head
        number = line.reading = self._number()
        first = not line.started
        deadline_ms = now_ms + REQUEST_MS
        self._readings[number] = _Reading(line.room, after, before, first, deadline_ms, quiet)
        self._out.send(Read(number, line.room, after, before, limit))

    def _give_up(self, line: Timeline, now_ms: int) -> None:
        for want in [one for one in line.wants if one.deadline_ms <= now_ms]:
            line.wants.remove(want)
            if line.has_some(want):
                self._give(line, want)
            else:
                self._out.told.append(Failed(want.request, ErrorCode.UNAVAILABLE, NO_ANSWER))

    # --- telling -------------------------------------------------------------------------------

    def _arrived(self, line: Timeline, fresh: list[Event], live: bool) -> None:
        if fresh:
            self._out.operations.append(line.applied(fresh))
            messages = self.messages(line, fresh)
            self._out.told.append(Arrived(line.room, messages, live))
            changes = [one for one in messages if one.body and _changes(one)]
            seqs = {one.body["of"] for one in changes if line.low < one.body["of"] < one.seq}
            if seqs:
                self._out.told.append(Touched(line.room, tuple(sorted(seqs))))

    def decoder(self, line: Timeline) -> Callable[[Iterable[Event]], tuple[Message, ...]]:
        """Return what decodes events of this room."""
        return lambda events: self.messages(line, events)

    def messages(self, line: Timeline, events: Iterable[Event]) -> tuple[Message, ...]:
        """Decode events of a room."""
        mine = self._outbox_epoch_of(line.room)
        decode_one = self._reader.message
        return tuple(decode_one(line.room, line.epoch, event, mine) for event in events)


def _changes(message: Message) -> bool:
    return message.kind in CHANGES or removes(message.kind, message.body)


def _unpacked(blocks: list[bytes]) -> Iterator[Event]:
    """Yield the events of all blocks; every block is checked before the first."""
    for events in [decode_block(block) for block in blocks]:
        yield from events
