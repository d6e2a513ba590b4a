"""The broker's loop: owns the sockets and the files, decides nothing.

It hands what the gateways sent to :class:`broker.core.Core`, a bounded drain at a time, and carries
out what follows. Everything here runs in the main thread; history and blobs are served by
:class:`broker.reader.Reader` in its own.
"""

import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import zmq

from broker.blobs import BlobStore
from broker.core import Core
from broker.grants import FindGrant
from broker.meters import PERSON_PER_S
from broker.peers import Peers
from broker.reader import Reader
from broker.sqlite_history import SqliteHistory
from broker.sqlite_journal import SqliteJournal
from broker.witness import WITNESS_FILE, Witness
from protocol.errors import JournalError
from protocol.invite import endpoint
from protocol.keys import KeyPair
from protocol.limits import BACKPLANE_MAX_BYTES
from protocol.sockets import Context, bind, egress, ingress, receive_known
from protocol.zap import ZapHandler

log = logging.getLogger("broker")

_DRAIN_MAX = 512
"""Batches of one drain: bounds how long the first of them waits for its commit."""
_DRAIN_BYTES = 2 * BACKPLANE_MAX_BYTES
"""And their bytes: bounds what one transaction holds in memory."""
_POLL_MS = 500
_TEND_MS = 1_000


class Broker:
    """One broker process; ``run`` serves until ``stop`` is called (from a signal handler)."""

    def __init__(
        self,
        data: Path,
        host: str,
        port: int,
        keys: KeyPair,
        frontend: KeyPair,
        find_grant: FindGrant,
        rate_per_s: float = PERSON_PER_S,
    ) -> None:
        """Take the journal over and listen; raise :class:`SetupError` with what to do."""
        self._data = data
        self._stopping = False
        self._witness = Witness(data / WITNESS_FILE)
        self._journal = SqliteJournal(data / "journal.sqlite3", self._witness.read())
        self._witness.confirm(self._journal)
        self._blobs = BlobStore(data / "blobs")
        self.core = Core(
            self._journal,
            self._blobs,
            frontend,
            find_grant,
            os.urandom,
            self,
            _monotonic_ms(),
            _wall_ms(),
            rate_per_s,
        )
        self._context: Context = zmq.Context()
        self._peers = Peers(data)
        self._poller = zmq.Poller()
        self._zap = ZapHandler(self._context, self._peers.allow, self._poller)
        self._ingress = ingress(self._context, keys)
        self._egress = egress(self._context, keys)
        bind(self._ingress, endpoint(host, port), "broker")
        bind(self._egress, endpoint(host, port + 1), "broker")
        self._reader = Reader(
            self._context,
            keys,
            endpoint(host, port + 2),
            lambda: SqliteHistory(data / "journal.sqlite3"),
            self._blobs,
            self._journal.epoch,
            rate_per_s > 0,
        )
        self._reader.start()
        health = " ".join(f"{name}={value}" for name, value in self._journal.health().items())
        people = len(self.core.directory.people)
        log.info("serving port=%d libzmq=%s people=%d %s", port, zmq.zmq_version(), people, health)

    def stop(self) -> None:
        """End ``run`` after the current drain; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Serve until stopped; raise :class:`JournalError` when the journal fails."""
        for socket in (self._ingress, self._egress):
            self._poller.register(socket, zmq.POLLIN)
        tend_at = _monotonic_ms()
        while not self._stopping:
            ready = dict(self._poller.poll(_POLL_MS))
            self._zap.serve()
            if self._ingress in ready:
                self.core.drain(self._waiting(), _monotonic_ms(), _wall_ms())
            if self._egress in ready:
                self._hear_subscribers()
            now_ms = _monotonic_ms()
            self.core.tick(now_ms, _wall_ms())
            if now_ms >= tend_at:
                tend_at = now_ms + _TEND_MS
                self._peers.refresh()
                if not self._reader.alive:
                    raise JournalError("the reader has stopped")
        self.core.finish(_monotonic_ms(), _wall_ms())

    def _waiting(self) -> Iterator[list[bytes]]:
        size = 0
        for _ in range(_DRAIN_MAX):
            try:
                message = receive_known(self._ingress)
            except zmq.Again:
                return
            if message is None:
                continue
            yield message
            size += len(message[-1])
            if size > _DRAIN_BYTES:
                return

    def _hear_subscribers(self) -> None:
        for _ in range(_DRAIN_MAX):
            try:
                notice = self._egress.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            if notice[:1] == b"\x01":
                self.core.subscribed(notice[1:])
            elif notice[:1] == b"\x00":
                self.core.unsubscribed(notice[1:])

    # --- what the core asks for: broker.outside.Outside ------------------------------------

    def send(self, route: bytes, data: bytes) -> bool:
        """Send a batch to a gateway; False: it is gone, or takes no more."""
        try:
            self._ingress.send_multipart([route, data], zmq.DONTWAIT)
        except zmq.ZMQError:
            return False
        return True

    def publish(self, parts: list[bytes]) -> None:
        """Publish a message; it is dropped for gateways that take no more."""
        self._egress.send_multipart(parts)

    def note_addresses(self, addresses: list[str]) -> None:
        """Leave the gateways' addresses on disk for ``zviazok invite``."""
        path = self._data / "addresses.json"
        fresh = path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(addresses), encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            # A link can be made without it; messages must go on.
            log.warning("addresses_not_written errno=%s", error.errno)

    def note_heads(self, heads: dict[bytes, int]) -> None:
        """Note beside the journal how far these rooms are stored."""
        self._witness.note(heads)

    def close(self) -> None:
        """Close everything that was opened, in the thread that opened it."""
        self._reader.stop()
        self._ingress.close()
        self._egress.close()
        self._zap.close()
        self._context.term()
        self._journal.close()
        self._witness.close()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
