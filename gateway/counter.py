"""The gateway's counter, where clients' frames come in: checks them and says what follows.

Everything that a client can get wrong is met here, and costs only that client: a
clear ERROR or REFUSED, a count against it, and after too many a BYE. What is too much waits, then
is told BUSY, then ends the connection (:mod:`gateway.allowance`). What is right becomes an
operation for the broker, a read for its reader, or an answer at once. Pure: it
sends nothing; frames for clients go through the ``reply`` that it is given. Owned
by the gateway's main thread.
"""

import logging
from collections.abc import Callable
from typing import Any

from gateway.allowance import ASK_COST, BUSY_MS, DELAY_MAX_MS, Allowance
from gateway.crowd import NOWHERE, Crowd, Origin
from gateway.delays import Delays
from gateway.fanout import Fanout
from gateway.flight import Flight
from gateway.sessions import Session, Sessions
from protocol.backplane import Up
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.errors import WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    Busy,
    Bye,
    Error,
    Hello,
    Ping,
    Pong,
    Send,
    Typing,
    decode,
    encode,
)
from protocol.items import check_from_client
from protocol.limits import BUSY_RETRY_MS, FAULTS_MAX, SEND_MAX_BYTES

log = logging.getLogger("gateway")

_RUN_MAX = 256
"""Elements of one RUN; a longer one would only make the answers lumpy."""

_FORM = frozenset(
    {
        ErrorCode.MALFORMED,
        ErrorCode.VERSION,
        ErrorCode.UNKNOWN_KIND,
        ErrorCode.FIELD,
        ErrorCode.TOO_BIG,
        ErrorCode.TOO_DEEP,
        ErrorCode.MISTIMED,
    }
)
"""What a sound client never does. To be busy, or out of a room a moment ago, may happen to it."""

_ASKS = frozenset(
    {
        Kind.PEOPLE,
        Kind.ROOMS,
        Kind.JOIN,
        Kind.DIRECT,
        Kind.LEAVE,
        Kind.RENAME,
        Kind.LINK,
        Kind.MARKS,
        Kind.PROFILE,
        Kind.PORTRAITS,
        Kind.PRIVATE,
        Kind.ADD,
        Kind.MEMBERS,
        Kind.ORDER,
        Kind.ACT,
        Kind.DEVICES,
        Kind.AUDIT,
    }
)
_BULK = frozenset({Kind.BLOB_PUT, Kind.BLOB_CHUNK, Kind.BLOB_GET})
_SILENT = frozenset({Kind.TYPING, Kind.HAND})
"""What is dropped when it is too much."""
_TALK = _ASKS | {Kind.READ, Kind.MARK}
_CHEAP = frozenset({Kind.READ, Kind.MARK})
_IN_ROOM = _SILENT | {Kind.READ, Kind.MARK, Kind.BLOB_GET}
"""What the gateway itself refuses to those who are not in the room."""

FLOOD_TEXT = "you sent much more than the server had said it would take"
FAULTS_TEXT = "too many faulty frames"
FAULTS_RETRY_MS = 60_000
RETRY_MAX_MS = 60_000

Reply = Callable[[Session, bytes], bool]
Drop = Callable[[Session], None]
Flood = Callable[[Session, ErrorCode], None]


class Counter:
    """Takes frames of clients; collects what goes to the broker."""

    def __init__(
        self,
        sessions: Sessions,
        fanout: Fanout,
        allowance: Allowance,
        crowd: Crowd,
        reply: Reply,
        drop: Drop,
        flood: Flood,
    ) -> None:
        """Work on these.

        ``reply`` sends a frame to a client, ``drop`` ends its session, ``flood`` its connection.
        """
        self._sessions = sessions
        self._fanout = fanout
        self._allowance = allowance
        self._crowd = crowd
        self._reply = reply
        self._drop = drop
        self._flood = flood
        self.flight = Flight()
        self.delays = Delays()
        self.epoch = b""
        self.operations: list[list[Any]] = []
        """What to send to the broker at the end of the drain."""
        self.reads: list[tuple[Session, bytes]] = []
        """What to send to the reader."""
        self._runs: dict[tuple[int, bytes, bytes], list[Any]] = {}

    def collect(self) -> tuple[list[list[Any]], list[tuple[Session, bytes]]]:
        """Return and forget the operations and the reads of this drain."""
        operations, reads = self.operations, self.reads
        self.operations, self.reads = [], []
        self._runs.clear()
        return operations, reads

    def take(self, session: Session, data: bytes, now_ms: int) -> None:
        """Take a frame of a session."""
        session.heard_ms = now_ms
        kind = request = 0
        try:
            frame = decode(data)
            if type(frame) is Send:
                self._send(session, frame, data, now_ms)
                return
            kind = KIND_OF[type(frame)]
            request = getattr(frame, "request", 0)
            self._other(session, kind, frame, data, now_ms)
        except WireError as error:
            if kind == 0 and len(data) > 1:
                kind = data[1]
            self.fault(session, error, kind, request, now_ms)

    def go_on(self, now_ms: int) -> bool:
        """Pass on what has waited long enough; False: there was nothing."""
        went = False
        for session, late in self.delays.due(now_ms):
            went = True
            if type(late.frame) is Send:
                self._depart(session, late.frame)
                continue
            kind = KIND_OF[type(late.frame)]
            try:
                self._pass_on(session, kind, late.frame, late.data)
            except WireError as error:  # it is in that room no more
                request = getattr(late.frame, "request", 0)
                self.fault(session, error, kind, request, now_ms)
        return went

    def greet(
        self,
        route: bytes,
        user: str,
        key: bytes,
        frame: Hello,
        now_ms: int,
        origin: Origin = NOWHERE,
    ) -> Session | None:
        """Open a session for a HELLO; return one that must be closed for it, if any."""
        purse = self._sessions.purse(user)
        # Free for a newcomer, and for nobody else: it is as much work as any request.
        cost = ASK_COST if purse.items.at_ms else 0
        wait_ms = max(
            self._allowance.wait_ms(purse, cost, 0, now_ms),
            self._crowd.greet_ms(origin.place, now_ms),
        )
        session, surplus = self._sessions.add(
            route, user, key, Purpose(frame.purpose), frame.nick, frame.token, now_ms, origin
        )
        if now_ms < purse.out_until_ms:
            wait_ms = purse.out_until_ms - now_ms
            bye = Bye(ErrorCode.FLOOD, FLOOD_TEXT, wait_ms, [])
        elif wait_ms:
            text = "too many greetings: wait a little"
            bye = Bye(ErrorCode.BUSY, text, min(wait_ms, RETRY_MAX_MS), [])
        else:
            self._allowance.spend(purse, cost, 0, now_ms)
            self.operate(opening(session))
            return surplus
        if self._allowance.is_news(purse, now_ms):
            log.warning("greeting_refused code=%s device=%s", ErrorCode(bye.code).name, session.tag)
        if self._allowance.is_flood(purse, now_ms):
            self._flood(session, ErrorCode.FLOOD)
        else:
            self._reply(session, encode(bye))
            self._sessions.remove(session)
        return None

    def fault(
        self, session: Session, error: WireError, kind: int, request: int, now_ms: int
    ) -> None:
        """Answer a fault; one of form is counted, and after too many the session is over."""
        session.faults += error.code in _FORM
        if session.faults > FAULTS_MAX:
            log.warning("session_ended device=%s reason=faults", session.tag)
            if self._allowance.limited:
                self._flood(session, ErrorCode.FAULTS)
                return
            self._reply(session, encode(Bye(ErrorCode.FAULTS, FAULTS_TEXT, FAULTS_RETRY_MS, [])))
            self._drop(session)
        elif self._allowance.is_flood(session.purse, now_ms):
            self._flood(session, ErrorCode.FLOOD)
        else:
            if error.code is not ErrorCode.BUSY:
                told = kind, error.code.name, error.field, session.tag
                log.info("refused kind=%d code=%s field=%s device=%s", *told)
            answer = Error(error.code, error.field, error.text, kind, request)
            self._reply(session, encode(answer))

    def operate(self, operation: list[Any]) -> None:
        """Add an operation; nothing may overtake it by joining an earlier run."""
        self._runs.clear()
        self.operations.append(operation)

    # --- messages -----------------------------------------------------------------------

    def _send(self, session: Session, frame: Send, data: bytes, now_ms: int) -> None:
        items = frame.items
        count = len(items)
        if not session.welcome or session.purpose is not Purpose.TALK:
            raise WireError(ErrorCode.MISTIMED, "kind", "SEND comes after WELCOME, to talk")
        size = sum(map(len, items))
        if count > 1 and size > SEND_MAX_BYTES:
            raise WireError(ErrorCode.TOO_BIG, "items", f"may have {SEND_MAX_BYTES} bytes in all")
        if session.held:
            wait_ms = session.held_ms(frame[:2], frame.first_n, now_ms)
            if wait_ms:
                self._busy(session, frame, wait_ms, now_ms)
                return
        if not self.flight.fits(session, count, size):
            session.hold(frame[:2], frame.first_n, now_ms + BUSY_RETRY_MS, now_ms)
            self._busy(session, frame, BUSY_RETRY_MS, now_ms)
            return
        wait_ms = self._afford(session, count, size, frame, data, now_ms)
        if wait_ms > DELAY_MAX_MS:
            wait_ms = max(wait_ms, BUSY_MS)
            session.hold(frame[:2], frame.first_n, now_ms + wait_ms, now_ms)
            self._busy(session, frame, wait_ms, now_ms)
            return
        self.flight.depart(session, count, size)
        if not wait_ms:
            self._depart(session, frame)

    def _depart(self, session: Session, frame: Send) -> None:
        """Have the broker get it, as a part of the run before it if there is one."""
        elements: list[Any] = [_element(item) for item in frame.items]
        name = (session.slot, frame.room, frame.outbox_epoch)
        run = self._runs.get(name)
        if run is not None:
            joined = run[5]
            if run[4] + len(joined) == frame.first_n and len(joined) + len(elements) <= _RUN_MAX:
                joined += elements
                return
        run = [Up.RUN, session.slot, frame.room, frame.outbox_epoch, frame.first_n, elements]
        self._runs[name] = run
        self.operations.append(run)

    def _busy(self, session: Session, frame: Send, retry_ms: int, now_ms: int) -> None:
        if not self.flight.crowded and self._allowance.is_flood(session.purse, now_ms):
            self._flood(session, ErrorCode.FLOOD)
            return
        retry_ms = min(retry_ms, RETRY_MAX_MS)
        busy = Busy(frame.room, frame.outbox_epoch, frame.first_n, retry_ms)
        self._reply(session, encode(busy))

    def _afford(
        self, session: Session, items: int, size: int, frame: AnyFrame, data: bytes, now_ms: int
    ) -> int:
        """Take what a frame costs; return for how long it has to wait.

        0: it may go on at once. Up to DELAY_MAX_MS: it was put where it waits. Above: nothing was
        taken.
        """
        if not self._allowance.limited:
            return 0
        purse = session.purse
        wait_ms = self._allowance.wait_ms(purse, items, size, now_ms)
        if wait_ms > DELAY_MAX_MS:
            return wait_ms
        if (wait_ms or session.late) and not self.delays.fits(session, data):
            return max(wait_ms, DELAY_MAX_MS + 1)
        together_ms = self._crowd.say_ms(session.origin.place, items, size, now_ms)
        if together_ms:
            return max(together_ms, DELAY_MAX_MS + 1)
        self._allowance.spend(purse, items, size, now_ms)
        if wait_ms or session.late:
            self.delays.add(session, now_ms + wait_ms, frame, data)
            return max(wait_ms, 1)
        return 0

    # --- everything else ------------------------------------------------------------------

    def _other(
        self, session: Session, kind: Kind, frame: AnyFrame, data: bytes, now_ms: int
    ) -> None:
        if kind is Kind.PING:
            assert isinstance(frame, Ping)
            self._ping(session, frame, now_ms)
        elif kind is Kind.BYE:
            self._drop(session)
        elif not session.welcome:
            raise WireError(ErrorCode.MISTIMED, "kind", "wait for WELCOME first")
        elif kind in _SILENT and session.purpose is Purpose.TALK:
            self._hint(session, kind, frame, data, now_ms)
        elif kind in (_TALK if session.purpose is Purpose.TALK else _BULK):
            if kind in _IN_ROOM:
                self._need_member(session, frame)
            if kind in _BULK:
                wait_ms = self._afford_chunk(session, frame, data, now_ms)
            else:
                cost = 1 if kind in _CHEAP else ASK_COST
                wait_ms = self._afford(session, cost, len(data), frame, data, now_ms)
            if wait_ms > DELAY_MAX_MS:
                raise WireError(ErrorCode.BUSY, "", "too many requests: wait a little")
            if not wait_ms:
                self._pass_on(session, kind, frame, data)
        elif kind is Kind.HELLO:
            raise WireError(ErrorCode.MISTIMED, "kind", "HELLO was said already")
        else:
            raise WireError(ErrorCode.MISTIMED, "kind", "this kind does not belong here")

    def _ping(self, session: Session, frame: Ping, now_ms: int) -> None:
        """Answer at once, whatever is spent: without an answer a client takes us for dead."""
        if self._allowance.wait_ms(session.purse, 1, 0, now_ms):
            if self._allowance.is_flood(session.purse, now_ms):
                self._flood(session, ErrorCode.FLOOD)
                return
        else:
            self._allowance.spend(session.purse, 1, 0, now_ms)
        self._reply(session, self._pong(session, frame))

    def _hint(
        self, session: Session, kind: Kind, frame: AnyFrame, data: bytes, now_ms: int
    ) -> None:
        """Pass on what nobody misses, or drop it: it is not worth an answer."""
        self._need_member(session, frame)
        if isinstance(frame, Typing) and not session.may_type(frame.room, now_ms):
            return
        if not self._allowance.wait_ms(session.purse, 1, len(data), now_ms):
            self._allowance.spend(session.purse, 1, len(data), now_ms)
            self._pass_on(session, kind, frame, data)
        elif self._allowance.is_flood(session.purse, now_ms):
            self._flood(session, ErrorCode.FLOOD)

    def _afford_chunk(self, session: Session, frame: AnyFrame, data: bytes, now_ms: int) -> int:
        """Take what a blob frame costs, which is no message's; see :meth:`_afford`."""
        wait_ms = self._allowance.chunk_ms(session.purse, len(data), now_ms)
        if wait_ms or session.late:
            if wait_ms > DELAY_MAX_MS or not self.delays.fits(session, data):
                return DELAY_MAX_MS + 1
            self.delays.add(session, now_ms + wait_ms, frame, data)
        self._allowance.spend_chunk(session.purse, len(data), now_ms)
        return max(wait_ms, 1) if session.late else 0

    def _pass_on(self, session: Session, kind: Kind, frame: AnyFrame, data: bytes) -> None:
        """Have the reader or the broker get it."""
        if kind in _IN_ROOM:
            self._need_member(session, frame)
        if kind is Kind.READ:
            session.reads.depart(kind, getattr(frame, "request", 0))
        if kind is Kind.READ or kind in _BULK:
            self.reads.append((session, data))
        elif kind in _ASKS:
            session.asks.depart(kind, getattr(frame, "request", 0))
            self.operate([Up.ASK, session.slot, data])
        else:
            # Runs around it may join: it does not matter which comes first.
            self.operations.append([Up.ASK, session.slot, data])

    def _pong(self, session: Session, frame: Ping) -> bytes:
        # Of rooms from which somebody may have been put out not even the head is told.
        silent = session.purpose is not Purpose.TALK or session.doubted
        rooms = {} if silent else self._fanout.rooms
        heads = [[room, rooms[room].head] for room in session.rooms if room in rooms]
        return encode(Pong(frame.nonce, self.epoch, heads))

    def _need_member(self, session: Session, frame: AnyFrame) -> None:
        if getattr(frame, "room", b"") not in session.rooms:
            raise WireError(ErrorCode.NOT_MEMBER, "room", "you are not in this room")


def opening(session: Session) -> list[Any]:
    """Return the operation that opens the session at the broker."""
    purpose = int(session.purpose)
    return [Up.OPEN, session.slot, session.key, session.nick, session.token, purpose]


def _element(item: bytes) -> Any:
    """Return what a RUN holds for this item (see :class:`protocol.backplane.Up`)."""
    try:
        _, body = check_from_client(item)
    except WireError as error:
        return [int(error.code), error.field, error.text]
    if body is None:
        return item
    return [item, body["sha256"], body["size"]]
