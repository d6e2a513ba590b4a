"""The gateway's loop: owns the sockets, decides nothing.

    clients ══ FRONTEND ROUTER │ core → BACKEND DEALER ══ broker ingress
                               │      ← FEED SUB       ══ broker egress
                               │      ↔ READER DEALER  ══ broker reader

It drains what came, bounded, hands it to :class:`gateway.core.Core`, and does what that asks of
:class:`gateway.core.Sockets`. All in the main thread.
"""

import contextlib
import logging
import time
from collections.abc import Iterable
from random import SystemRandom

import zmq

from gateway.core import Core
from gateway.crowd import Origin
from gateway.delivery import Sent
from gateway.door import Door
from gateway.fanout import HOLD_MAX_MS
from gateway.frontend import Frontend
from gateway.line import Line
from gateway.pace import Pace
from gateway.sessions import Session
from protocol.addresses import reachable
from protocol.backplane import BEAT_MS, LOBBY
from protocol.invite import endpoint, join_address
from protocol.keys import KeyPair, to_text
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
_DRAIN_MS = 2
"""And its time, looked at every so many frames: what the feed brings must not wait for a flood."""
_LOOK_AFTER = 8
_FEED_MAX = 512
_DOWN_MAX = 64
_READS_MAX = 64
_POLL_MS = 500
_TEND_MS = 1_000
_TRIM_AFTER = 100
"""Sessions forgotten at once after which memory is given back."""
_ZMQ_ZERO_COPY_RECV = 10
_CLIENTS_THREAD, _BROKER_THREAD = 1, 2
"""libzmq's threads, as bits: handshakes of clients, 0.4 ms each, are not in the broker's way."""
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
        hold_max_ms: int = HOLD_MAX_MS,
    ) -> None:
        """Connect to the broker; listening waits until the broker has given the key for it."""
        self._keys = keys
        self._listen = listen
        self._broker = broker
        self._stopping = False
        self._zaps_closed = 0
        self._told_refused = False
        self._frontend = Frontend()
        self._context: Context = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 1024)
        self._context.set(zmq.IO_THREADS, 2)
        # Copying received frames spares libzmq's 4 KiB a client for not copying them.
        self._context.set(_ZMQ_ZERO_COPY_RECV, 0)
        self._poller = zmq.Poller()
        self._but_clients = zmq.Poller()
        """All but the frontend: while what clients say is left to gather."""
        self._pace = Pace()
        self._door: Door | None = None
        self._zap = ZapHandler(self._context, self._admits, self._poller)
        host, port = broker
        self._backend = backend(self._context, keys, broker_key)
        self._feed = feed(self._context, keys, broker_key)
        self._reader = backend(self._context, keys, broker_key)
        for socket in (self._backend, self._feed, self._reader):
            socket.setsockopt(zmq.AFFINITY, _BROKER_THREAD)
        self._feed.subscribe(LOBBY)
        self._line = Line(self._backend, endpoint(host, port))
        self._feed_line = Line(self._feed, endpoint(host, port + 1))
        self._reader_line = Line(self._reader, endpoint(host, port + 2))
        self._core = Core(
            self, lambda: list(reachable(*listen)), rate_per_s, SystemRandom(), hold_max_ms
        )
        monitors = (self._line.monitor, self._reader_line.monitor)
        for socket in (*monitors, self._backend, self._feed, self._reader):
            self._watch(socket)

    def _watch(self, socket: Socket) -> None:
        self._poller.register(socket, zmq.POLLIN)
        self._but_clients.register(socket, zmq.POLLIN)

    def stop(self) -> None:
        """End ``run`` soon; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Serve until stopped."""
        core = self._core
        tend_at = beat_at = started = _now_ms()
        told_waiting = False
        while not self._stopping:
            now_ms = _now_ms()
            due_ms = core.next_ms(now_ms)
            wait_ms = _POLL_MS if due_ms is None else due_ms
            if pause_ms := self._pace.wait_ms(now_ms):
                ready = dict(self._but_clients.poll(min(wait_ms, pause_ms)))
            else:
                ready = dict(self._poller.poll(wait_ms))
            core.at(_now_ms())
            self._zap.serve()
            if self._door is not None and self._door.monitor in ready:
                self._door.news(_now_ms())
            if self._line.monitor in ready:
                self._watch_backend()
            if self._backend in ready:
                self._drain_backend()
            if self._feed in ready:
                self._drain_feed()
            core.flush(_now_ms())
            if self._reader in ready:
                self._drain_reader()
            if self._reader_line.monitor in ready and self._reader_line.lost():
                core.reader_lost()
            if self._frontend.socket is not None and self._frontend.socket in ready:
                self._drain_frontend(self._frontend.socket)
            now_ms = _now_ms()
            if now_ms >= tend_at:
                tend_at = now_ms + _TEND_MS
                self._tend(now_ms)
            if now_ms >= beat_at:
                beat_at = now_ms + BEAT_MS
                core.beat()
            if self._frontend.socket is None and not told_waiting and now_ms - started > 3_000:
                told_waiting = True
                log.warning(
                    "waiting_for_broker address=%s:%d hint=start_it_or_check_--broker",
                    *self._broker,
                )

    # --- drains -----------------------------------------------------------------------------

    def _drain_frontend(self, socket: Socket) -> None:
        receive = socket.recv
        heard = self._core.heard
        now_ms = _now_ms()
        refusals = self._core.refusals
        size = count = 0
        for count in range(_FRAMES_MAX):
            try:
                route = last = receive(_NO_WAIT, False)
            except zmq.Again:
                break
            parts = 0
            while last.more:  # a message is there whole or not at all
                last = receive(_NO_WAIT, False)
                parts += 1
            try:
                user = str(last.get("User-Id"))
            except zmq.ZMQError:
                continue  # ZAP did not see this connection: it gets no answer
            data = last.bytes if parts == 1 else None
            heard(route.bytes, user, data, now_ms, last)
            if data is not None:
                size += len(data)
                if size > _DRAIN_BYTES:
                    break
            if count % _LOOK_AFTER == _LOOK_AFTER - 1 and _now_ms() - now_ms >= _DRAIN_MS:
                break
        self._pace.drained(count, size, self._core.refusals > refusals, now_ms)
        self._core.send_collected()

    def _drain_backend(self) -> None:
        for _ in range(_DOWN_MAX):
            try:
                data = self._backend.recv(_NO_WAIT)
            except zmq.Again:
                break
            self._core.at(_now_ms())
            self._core.told(data)
        self._core.send_collected()

    def _drain_reader(self) -> None:
        for _ in range(_READS_MAX):
            try:
                parts = self._reader.recv_multipart(_NO_WAIT)
            except zmq.Again:
                return
            self._core.answered(parts)

    def _drain_feed(self) -> None:
        receive, at, fed = self._feed.recv_multipart, self._core.at, self._core.fed
        for _ in range(_FEED_MAX):
            try:
                parts = receive(_NO_WAIT)
            except zmq.Again:
                return
            at(_now_ms())
            fed(parts)

    def _watch_backend(self) -> None:
        for kind in self._line.news():
            if kind == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._told_refused = False
                self._core.linked()
            elif kind == zmq.EVENT_DISCONNECTED:
                self._core.unlinked()
            elif not self._told_refused:
                self._told_refused = True
                log.error(
                    "broker_refuses_this_gateway hint=check_--broker-key,_and_on_the_broker's"
                    "_machine_add_this_line_to_the_file_'gateways'_in_its_data_folder key=%s",
                    to_text(self._keys.public),
                )

    def _tend(self, now_ms: int) -> None:
        self._line.tend()
        self._reader_line.tend()
        self._feed_line.news()
        self._feed_line.tend()
        silent = self._core.tend(now_ms)
        if self._door is not None:
            self._door.tend(now_ms, self._core.at_work)
        if self._zap.closed != self._zaps_closed or silent > _TRIM_AFTER:
            self._zaps_closed = self._zap.closed
            return_memory()

    # --- what the core has done (gateway.core.Sockets) ----------------------------------------

    def send(self, route: bytes, data: bytes) -> Sent:
        """Send a frame to a client's connection."""
        return self._frontend.send(route, data)

    def send_all(self, sessions: Iterable[Session], data: bytes) -> list[tuple[Session, Sent]]:
        """Send one frame to many; return those that did not get it."""
        return self._frontend.send_all(sessions, data)

    def send_up(self, batch: bytes) -> bool:
        """Send a batch to the broker."""
        try:
            self._backend.send(batch, _NO_WAIT)
        except zmq.ZMQError:
            return False
        return True

    def send_read(self, parts: list[bytes]) -> bool:
        """Send a question to the reader."""
        try:
            self._reader.send_multipart(parts, _NO_WAIT)
        except zmq.ZMQError:
            return False
        return True

    def subscribe(self, room: bytes) -> None:
        """Have the feed bring this room."""
        self._feed.subscribe(room)

    def unsubscribe(self, room: bytes) -> None:
        """Have the feed bring it no more."""
        self._feed.unsubscribe(room)

    def serve_clients(self, keys: KeyPair) -> None:
        """Listen, once the broker has given the key pair for it."""
        if self._frontend.socket is not None:
            return
        host, port = self._listen
        socket = self._frontend.open(self._context, keys)
        socket.setsockopt(zmq.AFFINITY, _CLIENTS_THREAD)
        self._door = Door(self._context, socket, port, self._core.crowd)
        self._frontend.listen(host, port)
        self._watch(self._door.monitor)
        self._poller.register(socket, zmq.POLLIN)
        with contextlib.suppress(OSError):  # whoever read this may be gone
            print(f"ready gateway={join_address(host, port)}", flush=True)
        log.info("serving port=%d libzmq=%s", port, zmq.zmq_version())

    def origin(self, message: zmq.Frame) -> Origin:
        """Say where a client's message came from."""
        assert self._door is not None
        return self._door.origin(message)

    def end(self, origin: Origin) -> None:
        """End a client's connection."""
        assert self._door is not None
        self._door.end(origin)

    def _admits(self, domain: str, key: bytes) -> bool:
        return domain == DOMAIN_CLIENT and self._core.admits(key)

    # --- the end --------------------------------------------------------------------------------

    def close(self) -> None:
        """Say BYE to all, then close everything that was opened."""
        self._core.at(_now_ms())
        self._core.leave()
        for line in (self._line, self._feed_line, self._reader_line):
            line.close()
        if self._door is not None:
            self._door.close()
        self._frontend.close()
        for socket in (self._backend, self._feed, self._reader):
            socket.close()
        self._zap.close()
        self._context.term()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
