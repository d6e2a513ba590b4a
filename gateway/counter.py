"""The gateway's counter, where clients' frames come in: checks them and says what follows.

Everything that a client can get wrong is met here, and costs only that client: a
clear ERROR or REFUSED, a count against it, and after too many a BYE. What is right becomes an
operation for the broker, a read for its reader, or an answer at once. Pure: it
sends nothing; frames for clients go through the ``reply`` that it is given. Owned
by the gateway's main thread.
"""

import logging
from collections.abc import Callable
from typing import Any

from gateway.fanout import Fanout
from gateway.flight import Flight
from gateway.sessions import Rate, Session, Sessions
from protocol.backplane import Up
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.errors import WireError
from protocol.frames import (
    KIND_OF,
    AnyFrame,
    BlobGet,
    Busy,
    Bye,
    Error,
    Hand,
    Hello,
    Mark,
    Ping,
    Pong,
    Read,
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

_ASK_COST = 5
"""What a request costs of the rate, in items: the broker stores and tells for most."""

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

Reply = Callable[[Session, bytes], bool]
Drop = Callable[[Session], None]


class Counter:
    """Takes frames of clients; collects what goes to the broker."""

    def __init__(
        self, sessions: Sessions, fanout: Fanout, rate: Rate, reply: Reply, drop: Drop
    ) -> None:
        """Work on these; ``reply`` sends a frame to a client, ``drop`` ends its session."""
        self._sessions = sessions
        self._fanout = fanout
        self._rate = rate
        self._reply = reply
        self._drop = drop
        self.flight = Flight()
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
                self._send(session, frame, now_ms)
                return
            kind = KIND_OF[type(frame)]
            request = getattr(frame, "request", 0)
            self._other(session, kind, frame, data, now_ms)
        except WireError as error:
            if kind == 0 and len(data) > 1:
                kind = data[1]
            self.fault(session, error, kind, request)

    def greet(
        self, route: bytes, user: str, key: bytes, frame: Hello, now_ms: int
    ) -> Session | None:
        """Open a session for a HELLO; return one that must be closed for it, if any."""
        session, surplus = self._sessions.add(
            route, user, key, Purpose(frame.purpose), frame.nick, frame.token, now_ms
        )
        # Free for a newcomer, and for nobody else: it is as much work as any request.
        cost = _ASK_COST if session.purse.allowance_ms else 0
        wait_ms = self._rate.wait_ms(session, cost, now_ms)
        if wait_ms:
            text = "too many greetings: wait a little"
            self._reply(session, encode(Bye(ErrorCode.BUSY, text, min(wait_ms, 60_000), [])))
            self._sessions.remove(session)
            return None
        self.operate(opening(session))
        return surplus

    def fault(self, session: Session, error: WireError, kind: int, request: int) -> None:
        """Answer a fault; one of form is counted, and after too many the session is over."""
        session.faults += error.code in _FORM
        if session.faults > FAULTS_MAX:
            log.warning("session_ended slot=%d reason=faults", session.slot)
            bye = Bye(ErrorCode.FAULTS, "too many faulty frames", 60_000, [])
            self._reply(session, encode(bye))
            self._drop(session)
            return
        self._reply(session, encode(Error(error.code, error.field, error.text, kind, request)))

    def operate(self, operation: list[Any]) -> None:
        """Add an operation; nothing may overtake it by joining an earlier run."""
        self._runs.clear()
        self.operations.append(operation)

    # --- messages -----------------------------------------------------------------------

    def _send(self, session: Session, frame: Send, now_ms: int) -> None:
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
                self._busy(session, frame, wait_ms)
                return
        wait_ms = BUSY_RETRY_MS
        if self.flight.fits(session, count, size):
            wait_ms = self._rate.wait_ms(session, count, now_ms)
        if wait_ms:
            session.hold(frame[:2], frame.first_n, now_ms + wait_ms, now_ms)
            self._busy(session, frame, wait_ms)
            return
        self.flight.depart(session, count, size)
        elements: list[Any] = [_element(item) for item in items]
        name = (session.slot, frame.room, frame.outbox_epoch)
        run = self._runs.get(name)
        if run is not None:
            joined = run[5]
            if run[4] + len(joined) == frame.first_n and len(joined) + count <= _RUN_MAX:
                joined += elements
                return
        run = [Up.RUN, session.slot, frame.room, frame.outbox_epoch, frame.first_n, elements]
        self._runs[name] = run
        self.operations.append(run)

    def _busy(self, session: Session, frame: Send, retry_ms: int) -> None:
        busy = Busy(frame.room, frame.outbox_epoch, frame.first_n, min(retry_ms, 60_000))
        self._reply(session, encode(busy))

    # --- everything else ------------------------------------------------------------------

    def _other(
        self, session: Session, kind: Kind, frame: AnyFrame, data: bytes, now_ms: int
    ) -> None:
        if kind is Kind.PING:
            assert isinstance(frame, Ping)
            self._reply(session, self._pong(session, frame))
        elif kind is Kind.BYE:
            self._drop(session)
        elif not session.welcome:
            raise WireError(ErrorCode.MISTIMED, "kind", "wait for WELCOME first")
        elif isinstance(frame, Read) and session.purpose is Purpose.TALK:
            self._need_member(session, frame.room)
            self._afford(session, now_ms, 1)
            session.reads.depart(kind, frame.request)
            self.reads.append((session, data))
        elif kind in _ASKS and session.purpose is Purpose.TALK:
            self._afford(session, now_ms, _ASK_COST)
            session.asks.depart(kind, getattr(frame, "request", 0))
            self.operate([Up.ASK, session.slot, data])
        elif isinstance(frame, Typing) and session.purpose is Purpose.TALK:
            self._need_member(session, frame.room)
            # Nobody misses one that is too much, so it is not worth an answer.
            if session.may_type(frame.room, now_ms) and not self._rate.wait_ms(session, 1, now_ms):
                self.operations.append([Up.ASK, session.slot, data])
        elif isinstance(frame, Hand) and session.purpose is Purpose.TALK:
            self._need_member(session, frame.room)
            if not self._rate.wait_ms(session, 1, now_ms):
                self.operations.append([Up.ASK, session.slot, data])
        elif isinstance(frame, Mark) and session.purpose is Purpose.TALK:
            self._need_member(session, frame.room)
            self._afford(session, now_ms, 1)
            # As with TYPING, runs around it may join: it does not matter which comes first.
            self.operations.append([Up.ASK, session.slot, data])
        elif kind in _BULK and session.purpose is Purpose.BULK:
            if isinstance(frame, BlobGet):
                self._need_member(session, frame.room)
            self.reads.append((session, data))
        elif kind is Kind.HELLO:
            raise WireError(ErrorCode.MISTIMED, "kind", "HELLO was said already")
        else:
            raise WireError(ErrorCode.MISTIMED, "kind", "this kind does not belong here")

    def _pong(self, session: Session, frame: Ping) -> bytes:
        rooms = self._fanout.rooms if session.purpose is Purpose.TALK else {}
        heads = [[room, rooms[room].head] for room in session.rooms if room in rooms]
        return encode(Pong(frame.nonce, self.epoch, heads))

    def _need_member(self, session: Session, room: bytes) -> None:
        if room not in session.rooms:
            raise WireError(ErrorCode.NOT_MEMBER, "room", "you are not in this room")

    def _afford(self, session: Session, now_ms: int, cost: int) -> None:
        if self._rate.wait_ms(session, cost, now_ms):
            raise WireError(ErrorCode.BUSY, "", "too many requests: wait a little")


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
