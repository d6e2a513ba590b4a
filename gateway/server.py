"""The gateway's loop: owns the sockets, decides nothing that the pure modules can decide.

    clients ══ FRONTEND ROUTER │ counter → BACKEND DEALER ══ broker ingress
                               │ fanout  ← FEED SUB       ══ broker egress
                               │         ↔ READER DEALER  ══ broker reader

Whenever the backend finishes a handshake, the gateway introduces itself under a new instance and
opens all its sessions again, because messages under way at a disconnect are
lost in both directions. Sessions that still wait for answers are told NO_SESSION then: they
say HELLO again and send again what has no answer. All in the main thread.
"""

import contextlib
import logging
import os
import random
import time
from typing import Any

import zmq

from gateway.counter import Counter, opening
from gateway.fanout import Fanout, LiveRoom
from gateway.frontend import Frontend
from gateway.line import Line
from gateway.sessions import Rate, Session, Sessions
from gateway.upstream import Upstream
from protocol.addresses import reachable
from protocol.backplane import (
    BEAT_MS,
    INSTANCE_BYTES,
    LOBBY,
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
from protocol.invite import endpoint, join_address
from protocol.keys import KeyPair, from_z85, to_text
from protocol.limits import BUSY_RETRY_MS
from protocol.sockets import (
    DOMAIN_CLIENT,
    Context,
    Socket,
    backend,
    feed,
    return_memory,
)
from protocol.zap import ZapHandler

log = logging.getLogger("gateway")

_FRAMES_MAX = 512
"""Client frames of one drain."""
_DRAIN_BYTES = 4 * 1024 * 1024
"""Bytes of client frames of one drain: a quarter of what the backplane takes at once."""
_FEED_MAX = 512
_DOWN_MAX = 64
_READS_MAX = 64
_POLL_MS = 500
_TEND_MS = 1_000
_TRIM_AFTER = 100
"""Sessions forgotten at once after which memory is given back."""
_ZMQ_ZERO_COPY_RECV = 10
_NO_WAIT = zmq.DONTWAIT


class Gateway:
    """One gateway process; ``run`` serves until ``stop`` is called (from a signal handler)."""

    def __init__(
        self,
        keys: KeyPair,
        broker: tuple[str, int],
        broker_key: bytes,
        listen: tuple[str, int],
        rate_per_s: float,
    ) -> None:
        """Connect to the broker; listening waits until the broker has given the key for it."""
        self._keys = keys
        self._listen = listen
        self._broker = broker
        self._stopping = False
        self._instance = b""
        self._own: list[str] = []
        self._zaps_closed = 0
        self._told_refused = False
        self._linked = False
        """The handshake with the broker is done."""
        self._connected = False
        """And the introduction was sent."""
        self._sessions = Sessions()
        self._fanout = Fanout()
        self._frontend = Frontend(self._sessions, self._fanout, self._drop)
        self._reply = self._frontend.reply
        self._counter = Counter(
            self._sessions, self._fanout, Rate(rate_per_s), self._reply, self._drop
        )
        self._context: Context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 1024)
        # Copying received frames spares libzmq's 4 KiB a client for not copying them.
        self._context.set(_ZMQ_ZERO_COPY_RECV, 0)
        self._poller = zmq.Poller()
        self._zap = ZapHandler(
            self._context, lambda domain, _: domain == DOMAIN_CLIENT, self._poller
        )
        host, port = broker
        self._backend = backend(self._context, keys, broker_key)
        self._line = Line(self._backend, endpoint(host, port))
        self._feed = feed(self._context, keys, broker_key)
        self._feed.subscribe(LOBBY)
        self._feed_line = Line(self._feed, endpoint(host, port + 1))
        self._reader = backend(self._context, keys, broker_key)
        self._reader_line = Line(self._reader, endpoint(host, port + 2))
        self._upstream = Upstream(
            self._sessions,
            self._fanout,
            self._counter,
            self._reply,
            self._drop,
            self._feed.subscribe,
            self._feed.unsubscribe,
            self._introduce,
            self._serve_clients,
        )
        for socket in (self._line.monitor, self._backend, self._feed, self._reader):
            self._poller.register(socket, zmq.POLLIN)

    def stop(self) -> None:
        """End ``run`` soon; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Serve until stopped."""
        tend_at = beat_at = started = _now_ms()
        told_waiting = False
        while not self._stopping:
            now_ms = _now_ms()
            wait_ms = self._fanout.next_ms(now_ms)
            ready = dict(self._poller.poll(_POLL_MS if wait_ms is None else wait_ms))
            self._zap.serve()
            if self._line.monitor in ready:
                self._watch_backend()
            if self._backend in ready:
                self._drain_backend()
            if self._feed in ready:
                self._drain_feed()
            for room in self._fanout.due(_now_ms()):
                self._flush(room)
            if self._reader in ready:
                self._drain_reader()
            if self._frontend.socket is not None and self._frontend.socket in ready:
                self._drain_frontend(self._frontend.socket)
            now_ms = _now_ms()
            if now_ms >= tend_at:
                tend_at = now_ms + _TEND_MS
                self._tend(now_ms)
            if now_ms >= beat_at:
                beat_at = now_ms + BEAT_MS
                self._beat()
            if self._frontend.socket is None and not told_waiting and now_ms - started > 3_000:
                told_waiting = True
                log.warning(
                    "waiting_for_broker address=%s:%d hint=start_it_or_check_--broker",
                    *self._broker,
                )

    # --- clients ----------------------------------------------------------------------------

    def _drain_frontend(self, socket: Socket) -> None:
        receive = socket.recv_multipart
        by_route = self._sessions.by_route
        take = self._counter.take
        now_ms = _now_ms()
        size = 0
        for _ in range(_FRAMES_MAX):
            try:
                frames = receive(_NO_WAIT, copy=False)
            except zmq.Again:
                break
            try:
                user = frames[-1].get("User-Id")
            except zmq.ZMQError:
                continue  # ZAP did not see this connection: it gets no answer
            route = frames[0].bytes
            session = by_route.get(route)
            if session is not None and session.user != user:
                self._drop(session)
                session = None
            if len(frames) != 2:
                error = WireError(ErrorCode.MALFORMED, "", "a message is one frame")
                if session is not None:
                    self._counter.fault(session, error, 0, 0)
                continue
            data = frames[1].bytes
            size += len(data)
            if session is not None:
                take(session, data, now_ms)
            else:
                self._meet(route, str(user), data, now_ms)
            if size > _DRAIN_BYTES:
                break
        self._send_collected()

    def _meet(self, route: bytes, user: str, data: bytes, now_ms: int) -> None:
        """Take a frame of a connection without a session: only HELLO makes one."""
        try:
            frame = decode(data)
            if type(frame) is not Hello:
                raise WireError(ErrorCode.NO_SESSION, "kind", "say HELLO first")
            if not self._connected:
                raise WireError(ErrorCode.UNAVAILABLE, "", "the server is starting: try again")
        except WireError as error:
            if self._sessions.stranger_fault(route):
                kind = data[1] if len(data) > 1 else 0
                self._frontend.send(
                    route, encode(Error(error.code, error.field, error.text, kind, 0))
                )
            return
        surplus = self._counter.greet(route, user, from_z85(user), frame, now_ms)
        if surplus is not None:
            text = "this device has connected too often"
            self._reply(surplus, encode(Bye(ErrorCode.TOO_MANY, text, 60_000, [])))
            self._drop(surplus)

    def _drop(self, session: Session) -> None:
        self._frontend.forget(session)
        for room in list(session.rooms):
            if session.purpose is Purpose.TALK and self._fanout.leave(session, room):
                self._feed.unsubscribe(room)
        if session.slot in self._sessions.by_slot:
            self._sessions.remove(session)
            self._counter.operate([Up.CLOSE, session.slot])

    # --- towards the broker -----------------------------------------------------------------

    def _send_collected(self) -> None:
        operations, reads = self._counter.collect()
        if operations and not self._send_up(operations):
            self._give_back(operations)
        for session, data in reads:
            parts = [encode_slot(session.slot), session.key, data]
            try:
                self._reader.send_multipart(parts, _NO_WAIT)
            except zmq.ZMQError:
                self._unavailable(session, data)

    def _send_up(self, operations: list[list[Any]]) -> bool:
        if not self._connected:
            return False
        try:
            self._backend.send(encode_batch(self._instance, operations), _NO_WAIT)
        except zmq.ZMQError:
            return False
        return True

    def _beat(self) -> None:
        if self._linked and not self._connected:
            self._introduce()  # there was no room for it before
        else:
            self._send_up([[Up.BEAT]])

    def _give_back(self, operations: list[list[Any]]) -> None:
        """Tell the clients that the broker cannot be reached now; nothing was taken."""
        if self._connected:
            # The broker is there, and would take sessions that are gone for present for ever.
            closes = [one for one in operations if one[0] == Up.CLOSE]
            self._counter.operations[:0] = closes
        for operation in operations:
            session = self._sessions.by_slot.get(operation[1])
            if session is None:
                continue
            if operation[0] == Up.RUN:
                _, _, room, outbox_epoch, first_n, elements = operation
                session.in_flight -= len(elements)
                busy = Busy(room, outbox_epoch, first_n, BUSY_RETRY_MS * 4)
                self._reply(session, encode(busy))
            elif operation[0] == Up.ASK:
                self._unavailable(session, operation[2])
            elif operation[0] == Up.OPEN:
                text = "the server cannot be reached at the moment"
                self._reply(session, encode(Bye(ErrorCode.UNAVAILABLE, text, 1_000, [])))
                self._sessions.remove(session)

    def _unavailable(self, session: Session, data: bytes) -> None:
        frame = decode(data)
        if type(frame) is Typing:
            return  # nobody waits to hear of it
        request = frame[0] if type(frame[0]) is int else 0
        text = "the server cannot be reached at the moment"
        self._reply(session, encode(Error(ErrorCode.UNAVAILABLE, "", text, data[1], request)))

    def _watch_backend(self) -> None:
        for kind in self._line.news():
            if kind == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._linked = True
                self._introduce()
            elif kind == zmq.EVENT_DISCONNECTED:
                if self._connected:
                    log.warning("broker_lost")
                self._connected = self._linked = False
            elif not self._told_refused:
                self._told_refused = True
                log.error(
                    "broker_refuses_this_gateway hint=check_--broker-key,_and_on_the_broker's"
                    "_machine_add_this_line_to_the_file_'gateways'_in_its_data_folder key=%s",
                    to_text(self._keys.public),
                )

    def _introduce(self) -> None:
        """Say who we are and who is here, under a new instance."""
        self._instance = os.urandom(INSTANCE_BYTES)
        self._connected = True
        self._told_refused = False
        self._own = list(reachable(*self._listen))
        for session in list(self._sessions.by_slot.values()):
            if session.in_flight or not session.welcome:
                text = "the connection behind the gateway was lost: say HELLO again"
                self._reply(session, encode(Error(ErrorCode.NO_SESSION, "", text, 0, 0)))
                self._drop(session)
        self._counter.collect()
        operations: list[list[Any]] = [[Up.REGISTER, self._own]]
        operations += [opening(one) for one in self._sessions.by_slot.values()]
        if not self._send_up(operations):
            self._connected = False

    # --- from the broker ----------------------------------------------------------------------

    def _drain_backend(self) -> None:
        for _ in range(_DOWN_MAX):
            try:
                data = self._backend.recv(_NO_WAIT)
            except zmq.Again:
                break
            try:
                _, operations = decode_batch(data)
            except WireError as error:
                log.warning("bad_batch error=%s", error)
                continue
            for operation in operations:
                try:
                    check_down(operation)
                    self._upstream.take(operation)
                except WireError as error:
                    log.warning("bad_operation code=%s error=%s", operation[0], error)
        self._send_collected()

    def _serve_clients(self, keys: KeyPair) -> None:
        """Listen, once the broker has given the key pair for it."""
        if self._frontend.socket is not None:
            return
        host, port = self._listen
        socket = self._frontend.listen(self._context, keys, host, port)
        self._poller.register(socket, zmq.POLLIN)
        with contextlib.suppress(OSError):  # whoever read this may be gone
            print(f"ready gateway={join_address(host, port)}", flush=True)
        log.info("serving port=%d", port)

    def _drain_reader(self) -> None:
        for _ in range(_READS_MAX):
            try:
                parts = self._reader.recv_multipart(_NO_WAIT)
            except zmq.Again:
                return
            try:
                slot, data = parts
                session = self._sessions.by_slot.get(decode_slot(slot))
            except (ValueError, WireError):
                log.warning("bad_answer frames=%d", len(parts))
                continue
            if session is not None:
                self._reply(session, data)

    # --- fan-out --------------------------------------------------------------------------------

    def _drain_feed(self) -> None:
        receive = self._feed.recv_multipart
        for _ in range(_FEED_MAX):
            try:
                parts = receive(_NO_WAIT)
            except zmq.Again:
                return
            try:
                topic, header_data, payload = parts
                header = read_feed_header(header_data)
            except (ValueError, WireError):
                log.warning("bad_feed frames=%d", len(parts))
                continue
            if header.kind == FeedKind.FRAME:
                self._frontend.to_all(payload)
                continue
            if header.kind == FeedKind.MEMBERS:
                room = self._fanout.concerned(topic, header)
                if room is not None:
                    self._frontend.to_room(room, payload)
                continue
            missed = self._fanout.take(topic, header, payload)
            if missed is not None:
                self._frontend.to_room(self._fanout.rooms[topic], missed)

    def _flush(self, room: LiveRoom) -> None:
        for frame in self._fanout.flush(room, _now_ms()):
            self._frontend.to_room(room, frame)

    # --- housekeeping ---------------------------------------------------------------------------

    def _tend(self, now_ms: int) -> None:
        self._line.tend()
        for line in (self._feed_line, self._reader_line):
            line.news()
            line.tend()
        silent = self._sessions.silent(now_ms)
        for session in silent:
            self._drop(session)
        if self._zap.closed != self._zaps_closed or len(silent) > _TRIM_AFTER:
            self._zaps_closed = self._zap.closed
            return_memory()
        self._frontend.tend(now_ms, self._counter.epoch)
        self._send_collected()

    def close(self) -> None:
        """Say BYE to all, then close everything that was opened."""
        others = [one for one in self._upstream.addresses if one not in self._own]
        for session in list(self._sessions.by_slot.values()):
            retry_ms = random.randint(100, 2_000)
            bye = encode(Bye(ErrorCode.STOPPING, "this gateway stops", retry_ms, others))
            self._reply(session, bye)
            self._drop(session)
        self._send_collected()
        for line in (self._line, self._feed_line, self._reader_line):
            line.close()
        self._frontend.close()
        for socket in (self._backend, self._feed, self._reader):
            socket.close()
        self._zap.close()
        self._context.term()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
