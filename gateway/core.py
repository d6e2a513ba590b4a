"""Everything that a gateway decides: what its sockets bring goes in, what they do comes out.

Whenever the link to the broker stands anew, the gateway introduces itself under a new instance and
opens all its sessions again, because messages under way at a disconnect are lost in both
directions. Sessions that still wait for answers are told NO_SESSION then: they say
HELLO again and send again what has no answer.

Pure: no I/O; time and randomness are passed in, sockets are reached through :class:`Sockets`.
After what came in, :meth:`Core.send_collected` passes on what follows from it. Owned by the
gateway's main thread.
"""

import logging
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Protocol

from gateway.allowance import Allowance
from gateway.counter import FAULTS_RETRY_MS, FAULTS_TEXT, FLOOD_TEXT, Counter, opening
from gateway.crowd import Crowd, Origin
from gateway.delivery import Delivery, Sent
from gateway.fanout import HOLD_MAX_MS, Fanout
from gateway.sentences import Sentences
from gateway.sessions import Session, Sessions, tag_of
from gateway.upstream import Upstream
from protocol.backplane import (
    INSTANCE_BYTES,
    Down,
    FeedKind,
    Up,
    check_down,
    decode_batch,
    decode_slot,
    encode_batch,
    encode_slot,
    read_feed_header,
)
from protocol.codes import ErrorCode, Purpose
from protocol.errors import WireError
from protocol.frames import Busy, Bye, Error, Hello, Typing, decode, encode
from protocol.keys import KeyPair, from_z85, z85
from protocol.limits import BUSY_RETRY_MS, FAULTS_MAX

log = logging.getLogger("gateway")

_STALL_MS = 6_000
"""Who stood still for so long may have been given up by the broker (GATEWAY_DEADLINE_MS after its
last beat): it has to hear anew who is in which room before it pushes anything."""

_ORDINARY = frozenset({ErrorCode.NO_SESSION, ErrorCode.UNAVAILABLE})
"""What a sound client hears too, when a gateway or the broker was started again."""
_STRANGER_FAULTS_MAX = FAULTS_MAX + 512
"""Faults of a connection without a session after which it is ended: more than can have been under
way when it was told the first of them."""


class Sockets(Protocol):
    """What the core has done; nothing of it waits."""

    def send(self, route: bytes, data: bytes) -> Sent:
        """Send a frame to a client's connection."""

    def send_all(self, sessions: Iterable[Session], data: bytes) -> list[tuple[Session, Sent]]:
        """Send one frame to many; return those that did not get it."""

    def send_up(self, batch: bytes) -> bool:
        """Send a batch to the broker; False: it could not be sent."""

    def send_read(self, parts: list[bytes]) -> bool:
        """Send a question to the reader; False: it could not be sent."""

    def subscribe(self, room: bytes) -> None:
        """Have the feed bring this room."""

    def unsubscribe(self, room: bytes) -> None:
        """Have the feed bring it no more."""

    def serve_clients(self, keys: KeyPair) -> None:
        """Listen for clients, if that is not done yet."""

    def origin(self, message: Any) -> Origin:
        """Say where a client's message came from; it is what came with ``Core.heard``."""

    def end(self, origin: Origin) -> None:
        """End a client's connection, if it still stands."""


class Core:
    """A gateway without its sockets."""

    def __init__(
        self,
        sockets: Sockets,
        own_addresses: Callable[[], list[str]],
        rate_per_s: float,
        random: Random,
        hold_max_ms: int = HOLD_MAX_MS,
    ) -> None:
        """Begin without a broker; ``own_addresses`` tells where clients can connect."""
        self._sockets = sockets
        self._own_addresses = own_addresses
        self._random = random
        self._process = random.randbytes(INSTANCE_BYTES)
        self._introductions = 0
        self._instance = b""
        self._registered = False
        """The broker has answered the introduction. Until then nothing else of it is taken: it is
        of before, and somebody may have been put out since."""
        self._own: list[str] = []
        self._at_ms = 0
        self._linked = False
        """The handshake with the broker is done."""
        self.connected = False
        """And the introduction was sent."""
        self.sessions = Sessions()
        self.fanout = Fanout(hold_max_ms)
        self._delivery = Delivery(
            self.sessions, self.fanout, self._drop, sockets.send, sockets.send_all
        )
        self._reply = self._delivery.reply
        self._allowance = Allowance(rate_per_s)
        self.crowd = Crowd(rate_per_s)
        self._counter = Counter(
            self.sessions,
            self.fanout,
            self._allowance,
            self.crowd,
            self._reply,
            self._drop,
            self._flood,
        )
        self._sentences = Sentences()
        self.upstream = Upstream(
            self.sessions,
            self.fanout,
            self._counter,
            self._reply,
            self._drop,
            sockets.subscribe,
            sockets.unsubscribe,
            self._introduce,
            sockets.serve_clients,
        )
        self._by_route = self.sessions.by_route
        self._take = self._counter.take

    def at(self, now_ms: int) -> None:
        """Set the time; monotonic, above 0.

        Call it when something was received and before it is passed on: what waited while this
        process stood still is not pushed then.
        """
        if self.connected and self._at_ms and now_ms - self._at_ms > _STALL_MS:
            log.warning("stood_still ms=%d", now_ms - self._at_ms)
            self._doubt()
        self._at_ms = self._delivery.now_ms = now_ms

    def _doubt(self) -> None:
        """Push nothing, and take nothing of the broker; the next beat introduces this gateway."""
        self._delivery.doubt()
        self.connected = self._registered = False

    # --- clients ----------------------------------------------------------------------------

    def admits(self, key: bytes) -> bool:
        """Whether a device may make one more connection; asked in its handshake."""
        if not self._allowance.limited:
            return True
        purse = self.sessions.purse(z85(key).decode("ascii"))
        return self._allowance.may_shake_hands(purse, self._at_ms)

    def heard(
        self, route: bytes, user: str, data: bytes | None, now_ms: int, message: Any = None
    ) -> None:
        """Take a frame of a client; None stands for a message of more than one frame."""
        session = self._by_route.get(route)
        if session is not None and session.user != user:
            self._drop(session)
            session = None
        if session is None:
            if route not in self._sentences:
                self._meet(route, user, data, now_ms, message)
        elif data is not None:
            self._take(session, data, now_ms)
        else:
            error = WireError(ErrorCode.MALFORMED, "", "a message is one frame")
            self._counter.fault(session, error, 0, 0, now_ms)

    def _meet(self, route: bytes, user: str, data: bytes | None, now_ms: int, message: Any) -> None:
        """Take a frame of a connection without a session: only HELLO makes one."""
        data = data or b""
        try:
            frame = decode(data)
            if type(frame) is not Hello:
                raise WireError(ErrorCode.NO_SESSION, "kind", "say HELLO first")
            if not self.connected:
                raise WireError(ErrorCode.UNAVAILABLE, "", "the server is starting: try again")
        except WireError as error:
            faults = self.sessions.stranger_fault(route)
            if faults <= FAULTS_MAX:
                kind = data[1] if len(data) > 1 else 0
                answer = Error(error.code, error.field, error.text, kind, 0)
                self._sockets.send(route, encode(answer))
                if error.code not in _ORDINARY:
                    told = kind, error.code.name, error.field, tag_of(from_z85(user))
                    log.info("refused kind=%d code=%s field=%s device=%s", *told)
            elif faults > _STRANGER_FAULTS_MAX and self._allowance.limited:
                log.warning("connection_ended device=%s reason=flood", tag_of(from_z85(user)))
                self._sentences.add(route, self._sockets.origin(message), now_ms)
            return
        origin = self._sockets.origin(message)
        surplus = self._counter.greet(route, user, from_z85(user), frame, now_ms, origin)
        if surplus is not None:
            log.warning("session_ended device=%s reason=too_many", surplus.tag)
            text = "this device has connected too often"
            self._reply(surplus, encode(Bye(ErrorCode.TOO_MANY, text, 60_000, [])))
            self._drop(surplus)

    def _flood(self, session: Session, code: ErrorCode) -> None:
        """Put out a device that does not hear that it has to wait, or sends faulty frames (FAULTS).

        A flood ends all its connections, faults that one.
        """
        retry_ms = self._allowance.punish(session.purse, self._at_ms)
        bye, ended = Bye(code, FLOOD_TEXT, retry_ms, []), list(self.sessions.of(session.user))
        if code is ErrorCode.FAULTS:
            bye, ended = Bye(code, FAULTS_TEXT, max(retry_ms, FAULTS_RETRY_MS), []), [session]
        for one in ended:
            if code is ErrorCode.FLOOD:
                log.warning("session_ended device=%s reason=flood out_ms=%d", one.tag, retry_ms)
            self._reply(one, encode(bye))
            self._drop(one)
            self._sentences.add(one.route, one.origin, self._at_ms)

    def _drop(self, session: Session) -> None:
        self._delivery.forget(session)
        self._counter.flight.forget(session)
        self._counter.delays.forget(session)
        for room in sorted(session.rooms):  # in one order, for a simulation to repeat
            if session.purpose is Purpose.TALK and self.fanout.leave(session, room):
                self._sockets.unsubscribe(room)
        if session.slot in self.sessions.by_slot:
            self.sessions.remove(session)
            self._counter.operate([Up.CLOSE, session.slot])

    # --- towards the broker -----------------------------------------------------------------

    def send_collected(self) -> None:
        """Pass on what came in since the last call; call it at the end of every drain."""
        operations, questions = self._counter.collect()
        if operations and not self._send_up(operations):
            self._give_back(operations)
        for session, data in questions:
            if not self._sockets.send_read([encode_slot(session.slot), session.key, data]):
                self._unavailable(session, data)

    def _send_up(self, operations: list[list[Any]]) -> bool:
        return self.connected and self._sockets.send_up(encode_batch(self._instance, operations))

    def beat(self) -> None:
        """Say that one is still here; call it every BEAT_MS."""
        if self._linked and not self.connected:
            self._introduce()  # there was no room for it before
        else:
            self._send_up([[Up.BEAT]])

    def _give_back(self, operations: list[list[Any]]) -> None:
        """Tell the clients that the broker cannot be reached now; nothing was taken."""
        if self.connected:
            # The broker is there: it would take sessions that are gone for present for ever, and
            # wait in vain to hear that what it decided is in force.
            kept = [one for one in operations if one[0] in (Up.CLOSE, Up.CONFIRMED)]
            self._counter.operations[:0] = kept
        for operation in operations:
            if operation[0] == Up.CONFIRMED:
                continue  # it names no session
            session = self.sessions.by_slot.get(operation[1])
            if session is None:
                continue
            if operation[0] == Up.RUN:
                _, _, room, outbox_epoch, first_n, elements = operation
                self._counter.flight.settle(session, len(elements))
                busy = Busy(room, outbox_epoch, first_n, BUSY_RETRY_MS * 4)
                self._reply(session, encode(busy))
            elif operation[0] == Up.ASK:
                self._unavailable(session, operation[2])
            elif operation[0] == Up.OPEN:
                text = "the server cannot be reached at the moment"
                self._reply(session, encode(Bye(ErrorCode.UNAVAILABLE, text, 1_000, [])))
                self.sessions.remove(session)

    def _unavailable(self, session: Session, data: bytes) -> None:
        frame = decode(data)
        if type(frame) is Typing:
            return  # nobody waits to hear of it
        request = frame[0] if type(frame[0]) is int else 0
        session.reads.arrive(request)
        session.asks.arrive(request)
        text = "the server cannot be reached at the moment"
        self._reply(session, encode(Error(ErrorCode.UNAVAILABLE, "", text, data[1], request)))

    def linked(self) -> None:
        """The link to the broker stands."""
        self._linked = True
        self._introduce()

    def unlinked(self) -> None:
        """The link to the broker is gone."""
        if self.connected:
            log.warning("broker_lost")
        self._doubt()
        self._linked = False

    def _introduce(self) -> None:
        """Say who we are and who is here, under a new instance."""
        self._doubt()
        self._instance = self._random.randbytes(INSTANCE_BYTES)
        self._introductions += 1
        self.connected = True
        self._own = self._own_addresses()
        for session in list(self.sessions.by_slot.values()):
            if session.in_flight or not session.welcome:
                text = "the connection behind the gateway was lost: say HELLO again"
                self._reply(session, encode(Error(ErrorCode.NO_SESSION, "", text, 0, 0)))
                self._drop(session)
                continue
            for lost in session.asks.lost():
                self._reply(session, lost)
        self._counter.collect()
        introduction = [Up.REGISTER, self._own, self._process, self._introductions]
        operations: list[list[Any]] = [introduction]
        operations += [opening(one) for one in self.sessions.by_slot.values()]
        if not self._send_up(operations):
            self.connected = False

    # --- from the broker ----------------------------------------------------------------------

    def told(self, batch: bytes) -> None:
        """Take a batch of the broker."""
        try:
            _, operations = decode_batch(batch)
        except WireError as error:
            log.warning("bad_batch error=%s", error)
            return
        for operation in operations:
            try:
                check_down(operation)
                if self._is_of_now(operation):
                    self.upstream.take(operation)
            except WireError as error:
                log.warning("bad_operation code=%s error=%s", operation[0], error)

    def _is_of_now(self, operation: list[Any]) -> bool:
        """Whether the broker says it to this gateway as it has introduced itself last."""
        code = operation[0]
        if code == Down.WHO:
            return len(operation) < 2 or operation[1] == self._instance
        if code == Down.REGISTERED:
            mine = len(operation) < 7 or operation[6] == self._instance
            if not mine or not self.connected:
                return False
            self._registered = True
        return self._registered

    def answered(self, parts: list[bytes]) -> None:
        """Take an answer of the reader."""
        try:
            slot, data = parts
            session = self.sessions.by_slot.get(decode_slot(slot))
        except (ValueError, WireError):
            log.warning("bad_answer frames=%d", len(parts))
            return
        if session is not None:
            session.reads.hear(data)
            self._reply(session, data)

    def reader_lost(self) -> None:
        """The link to the reader is gone, and with it all questions that were under way."""
        for session in list(self.sessions.by_slot.values()):
            for lost in session.reads.lost():
                self._reply(session, lost)
        self.send_collected()

    def fed(self, parts: list[bytes]) -> None:
        """Take a message of the feed."""
        try:
            topic, header_data, payload = parts
            header = read_feed_header(header_data)
        except (ValueError, WireError):
            log.warning("bad_feed frames=%d", len(parts))
            return
        if self._registered and header.term > self.upstream.term:
            # Of a broker that was started since: the link to the one before is gone, too.
            log.warning("broker_lost")
            self._doubt()
        if header.kind == FeedKind.FRAME:
            self._delivery.to_all(payload)
        elif header.kind == FeedKind.MEMBERS:
            room = self.fanout.concerned(topic, header)
            if room is not None:
                self._delivery.to_room(room, payload)
        else:
            missed = self.fanout.take(topic, header, payload)
            if missed is not None:
                self._delivery.to_room(self.fanout.rooms[topic], missed)

    def at_work(self) -> Iterable[int]:
        """Return the descriptors of all connections that have a session."""
        return {one.origin.descriptor for one in self.sessions.by_slot.values()}

    @property
    def refusals(self) -> int:
        """How many frames were refused since the start."""
        return self._allowance.refusals

    @property
    def flying_bytes(self) -> int:
        """Bytes of messages that are under way to the broker."""
        return self._counter.flight.size

    # --- time -----------------------------------------------------------------------------------

    def next_ms(self, now_ms: int) -> int | None:
        """In how many ms something is due that nothing which comes in announces, or None."""
        parts = (self.fanout, self._counter.delays, self._sentences)
        times = [one.next_ms(now_ms) for one in parts]
        return min((one for one in times if one is not None), default=None)

    def flush(self, now_ms: int) -> None:
        """Do what is due: send what rooms held back, and pass on what clients sent too soon.

        Call it after every look at the feed.
        """
        self.at(now_ms)
        if self._counter.go_on(now_ms):
            self.send_collected()
        for origin in self._sentences.due(now_ms):
            self._sockets.end(origin)
        for room in self.fanout.due(now_ms):
            for frame in self.fanout.flush(room, now_ms):
                self._delivery.to_room(room, frame)

    def tend(self, now_ms: int) -> int:
        """Forget the silent and try the lagging; call it about once a second.

        Returns how many sessions were silent for too long.
        """
        silent = self.sessions.silent(now_ms)
        for session in silent:
            self._drop(session)
        self._sentences.tend(now_ms)
        self._delivery.tend(now_ms, self._counter.epoch)
        self.send_collected()
        return len(silent)

    def leave(self) -> None:
        """Say BYE to all: this gateway stops."""
        others = [one for one in self.upstream.addresses if one not in self._own]
        for session in list(self.sessions.by_slot.values()):
            retry_ms = self._random.randint(100, 2_000)
            bye = encode(Bye(ErrorCode.STOPPING, "this gateway stops", retry_ms, others))
            self._reply(session, bye)
            self._drop(session)
        self.send_collected()
