"""The client's session: a machine that turns frames, requests and time into what follows.

It opens no socket and no file and looks at no clock. The shell feeds it, calls ``tick``,
takes the :class:`Outcome` and carries it out. Nothing is sent or shown that is not on disk.

The state of a connection ends with it; what lasts is in the :class:`Timeline` of each
room (in ``recovery``) and in the outbox (in ``sending``). A faulty frame of the server is
counted and logged by its code, never raised. Owned by the client's network thread.
"""

import logging
from enum import Enum
from random import Random
from typing import Any

from protocol.blocks import DEVICE_TAG_BYTES
from protocol.client import happenings
from protocol.client.membership import Membership
from protocol.client.messages import Reader, reason
from protocol.client.operations import OutboxRow, PutAddresses, Snapshot
from protocol.client.outcome import Drop, Outcome
from protocol.client.recovery import Recovery
from protocol.client.requests import Requests
from protocol.client.sending import Sending
from protocol.client.timeline import HEAD_GRACE_MS, Timeline
from protocol.client.wants import Where
from protocol.codes import ErrorCode, EventKind, Purpose
from protocol.errors import WireError
from protocol.frames import (
    Ack,
    AnyFrame,
    Busy,
    Bye,
    Error,
    Events,
    Gap,
    Heads,
    Hello,
    Page,
    Ping,
    Pong,
    Refused,
    Welcome,
    decode,
)
from protocol.limits import FAULTS_MAX, HELLO_TIMEOUT_MS, PAGE_MAX_EVENTS, PONG_TIMEOUT_MS

log = logging.getLogger("client")

PERMANENT = frozenset(
    {
        ErrorCode.TOKEN, ErrorCode.NICK_TAKEN, ErrorCode.NICK_BAD, ErrorCode.VERSION,
        ErrorCode.TOO_MANY, ErrorCode.BANNED,
    }
)  # fmt: skip
"""Codes of a BYE after which trying again by itself would not help."""

PROBE_MS = 3_000
"""Within so long a connection that was asked on waking must answer, or it is dead."""


class Phase(Enum):
    """Where a connection stands."""

    AWAY = 0
    GREETING = 1
    ONLINE = 2


class Session:
    """One device's conversation with its server, over any number of connections."""

    def __init__(
        self,
        snapshot: Snapshot,
        device_key: bytes,
        agent: str,
        nick: str,
        token: str | None,
        random: Random,
    ) -> None:
        """Continue where the store stands; ``nick`` and ``token`` count for a new device."""
        self._random = random
        self._hello = Hello(agent, nick, token, int(Purpose.TALK))
        reader = Reader(device_key[:DEVICE_TAG_BYTES])
        self.out = Outcome()
        self.sending = Sending(snapshot, self.out, random)
        self.phase = Phase.AWAY
        self._number = 0
        self.requests = Requests(self._next_number)
        self.recovery = Recovery(
            map(Timeline.of, snapshot.rooms),
            self.out,
            reader,
            self.sending.outbox.epoch_of,
            self._next_number,
            random,
        )
        self.membership = Membership(
            snapshot, reader, self.recovery, self.requests, self.out, self.sending.outbox.hurry
        )
        self._address = ""
        self._faults = 0
        self._deadline_ms = 0
        self._ping_ms = 0
        self._ping_at_ms = 0
        self._pong_by_ms = 0

    def begin(self) -> None:
        """Tell what is on disk, before any connection."""
        self.membership.begin()
        self.sending.begin()

    # --- the connection -------------------------------------------------------------------

    def connected(self, address: str, now_ms: int) -> None:
        """The transport stands: say HELLO."""
        self._address = address
        self._faults = 0
        self._greet(now_ms)

    def disconnected(self) -> None:
        """The transport is gone; what waited for an answer has failed."""
        if self.online:
            self.membership.away()
        self.phase = Phase.AWAY
        self._settle_link()

    def received(self, data: bytes, now_ms: int) -> None:
        """Take a frame of the server."""
        if self.phase is Phase.AWAY:
            return
        self._pong_by_ms = 0  # any sign of life will do
        try:
            self._take(decode(data), now_ms)
        except WireError as error:
            self._faults += 1
            log.warning("faulty_frame code=%s count=%d", error.code.name, self._faults)
            if self._faults > FAULTS_MAX:
                self.out.end(Drop("the server sends frames that cannot be read"))

    def tick(self, now_ms: int) -> None:
        """Look at the time and send what is due; call it after every drain."""
        self.out.told += self.requests.overdue(now_ms)
        self.recovery.tick(now_ms, self.online, self._quiet)
        self.membership.tick(now_ms)
        if self.phase is Phase.GREETING and now_ms >= self._deadline_ms:
            self.out.end(Drop("the server did not answer the greeting"))
        elif self.phase is Phase.ONLINE:
            self._ping(now_ms)
            self.sending.send_due(now_ms)

    def wake_ms(self, now_ms: int) -> int:
        """Return when ``tick`` should be called though nothing came in."""
        times = [self.requests.wake_ms(), self.membership.wake_ms()]
        times.append(self.recovery.wake_ms(now_ms, self.online, self._quiet))
        if self.phase is Phase.GREETING:
            times.append(self._deadline_ms)
        elif self.phase is Phase.ONLINE:
            times += [self._ping_at_ms, self._pong_by_ms or None]
            times.append(self.sending.outbox.wake_ms(now_ms))
        return min([one for one in times if one is not None], default=now_ms + 60_000)

    def _greet(self, now_ms: int) -> None:
        self.phase = Phase.GREETING
        self._deadline_ms = now_ms + HELLO_TIMEOUT_MS
        self._pong_by_ms = 0
        self.out.send(self._hello)

    def _ping(self, now_ms: int) -> None:
        if self._pong_by_ms and now_ms >= self._pong_by_ms:
            self.out.end(Drop("the server does not answer any more"))
        elif now_ms >= self._ping_at_ms:
            self._ping_at_ms = now_ms + int(self._ping_ms * self._random.uniform(0.8, 1.2))
            self._pong_by_ms = self._pong_by_ms or now_ms + PONG_TIMEOUT_MS
            self.out.send(Ping(self._random.getrandbits(32)))

    def probe(self, now_ms: int) -> None:
        """Ask for a sign of life within PROBE_MS: the machine has slept, or the network changed."""
        if self.online:
            self._pong_by_ms = now_ms + PROBE_MS
            self.out.send(Ping(self._random.getrandbits(32)))

    def _settle_link(self) -> None:
        """Everything that was under way is not."""
        self._pong_by_ms = 0
        self.out.told += self.requests.abandon()
        self.recovery.settle_link()
        self.sending.outbox.reset()

    def _next_number(self) -> int:
        while True:
            self._number = self._number % (2**32 - 1) + 1
            if not self.requests.knows(self._number) and not self.recovery.knows(self._number):
                return self._number

    # --- frames -------------------------------------------------------------------------------

    def _take(self, frame: AnyFrame, now_ms: int) -> None:
        if isinstance(frame, Welcome):
            self._welcome(frame, now_ms)
        elif isinstance(frame, Bye):
            self._bye(frame)
        elif isinstance(frame, Error):
            self._error(frame, now_ms)
        elif self.phase is not Phase.ONLINE:
            raise WireError(ErrorCode.MISTIMED, "kind", "WELCOME is due")
        elif isinstance(frame, Events):
            if self._same_history(frame.room, frame.epoch):
                told = len(self.out.told)
                self.recovery.events(frame, now_ms)
                self.membership.heard(self.out.told[told:], now_ms)
        elif isinstance(frame, Page):
            if self._same_history(frame.room, frame.epoch):
                told = len(self.out.told)
                self.recovery.page(frame, now_ms)
                self.membership.heard(self.out.told[told:], now_ms)
        elif isinstance(frame, Ack | Refused | Busy | Gap):
            self.sending.answered(frame, now_ms)
        elif isinstance(frame, Pong | Heads):
            for room, head, *_ in frame.heads:
                line = self.recovery.rooms.get(room)
                if line is not None and self._same_history(room, frame.epoch):
                    line.announce(head, now_ms, HEAD_GRACE_MS)
        elif not self.membership.take(frame, now_ms):
            raise WireError(ErrorCode.MISTIMED, "kind", "only clients send this kind")

    def _welcome(self, frame: Welcome, now_ms: int) -> None:
        if self.phase is Phase.ONLINE:
            self._settle_link()
        self.phase = Phase.ONLINE
        self._ping_ms = frame.ping_ms
        self._ping_at_ms = now_ms + int(frame.ping_ms * self._random.uniform(0.5, 1.0))
        self.out.operations.append(PutAddresses(tuple(frame.gateways)))
        for row in frame.rooms:
            line = self.recovery.rooms.get(row[0])
            if line is not None and line.epoch != frame.epoch:
                self.sending.forget_changes(line.room)
        self.membership.welcome(frame, now_ms)
        online = happenings.LinkChanged(happenings.Link.ONLINE, self._address)
        self.out.told.append(online)
        self.membership.online(now_ms)
        self.recovery.welcome(now_ms)

    def _bye(self, frame: Bye) -> None:
        if frame.gateways:
            self.out.operations.append(PutAddresses(tuple(frame.gateways)))
        final = frame.code in PERMANENT
        text = reason(frame.code, "", frame.text)
        self.out.end(Drop(text, 0 if final else frame.retry_ms, frame.code, final))

    def _error(self, frame: Error, now_ms: int) -> None:
        log.info("error code=%d kind=%d", frame.code, frame.kind)
        if frame.code == ErrorCode.NO_SESSION and self.phase is Phase.ONLINE:
            # The gateway is there but forgot us: the same connection will do.
            self._settle_link()
            self._greet(now_ms)
        elif self.phase is Phase.GREETING:
            text = reason(frame.code, frame.field, frame.text)
            self.out.end(Drop(text, 0, frame.code, frame.code in PERMANENT))
        elif frame.code == ErrorCode.UNKNOWN_KIND and frame.kind:
            self.membership.unknown_kind(frame.kind)
        elif not self.recovery.failed(frame, now_ms):
            failed = self.requests.refused(frame.request, frame.code, frame.field, frame.text)
            if failed is not None:
                self.out.told.append(failed)

    def _same_history(self, room: bytes, epoch: bytes) -> bool:
        line = self.recovery.rooms.get(room)
        if line is None:
            return False  # said just before one left
        if line.epoch != epoch:
            self.out.end(Drop("the server was restored from a backup"))
            return False
        return True

    # --- what the program asks for --------------------------------------------------------

    def ask(self, request: int, question: AnyFrame, now_ms: int) -> None:
        """Send a request of the program; its first field is filled in here."""
        self.membership.ask(request, question, self.online, now_ms)

    def say(self, request: int, room: bytes, kind: EventKind, body: dict[str, Any]) -> None:
        """Put a message into the outbox."""
        if self._member(request, room):
            self.sending.say(request, room, kind, body)

    def again(self, request: int, row: OutboxRow) -> None:
        """Send a refused message anew."""
        if self._member(request, row.room):
            self.sending.again(request, row)

    def history(self, request: int, room: bytes, before: int, limit: int, now_ms: int) -> None:
        """Ask for messages before ``before`` (0: the newest)."""
        self.want(request, room, Where.BEFORE, before, limit, now_ms)

    def want(
        self, request: int, room: bytes, where: Where, seq: int, limit: int, now_ms: int
    ) -> None:
        """Ask for messages before, after or around ``seq``."""
        self.recovery.want(request, room, where, seq, limit, self.online, now_ms)

    def gather(self, request: int, room: bytes, now_ms: int) -> None:
        """Ask for the room back to its first message."""
        self.want(request, room, Where.ALL, 0, PAGE_MAX_EVENTS, now_ms)

    def abandon(self) -> None:
        """This session is over for good: what would have waited for a connection fails."""
        self.disconnected()
        self.recovery.abandon()

    @property
    def online(self) -> bool:
        """Whether a session stands."""
        return self.phase is Phase.ONLINE

    @property
    def _quiet(self) -> bool:
        """Whether nothing that somebody asked for waits for the server."""
        return self.online and self.requests.wake_ms() is None and not len(self.sending.outbox)

    def _member(self, request: int, room: bytes) -> bool:
        if room in self.recovery.rooms:
            return True
        text = "you are not in this room"
        self.out.told.append(happenings.Failed(request, int(ErrorCode.NOT_MEMBER), text))
        return False
