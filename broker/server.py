"""The broker's loop: owns the sockets and the journal, decides nothing.

One drain: take what the gateways sent (bounded), let the desk handle it, store everything in one
transaction, and only then send the answers and publish the blocks. Everything here runs
in the main thread; history and blobs are served by :class:`broker.reader.Reader` in its own.
"""

import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import zmq

from broker.blobs import BlobStore
from broker.desk import Desk
from broker.directory import Directory
from broker.journal import BlockRow
from broker.marks import Marks
from broker.peers import Peers
from broker.profiles import Profiles
from broker.reader import Reader
from broker.sequencer import Sequencer
from broker.sessions import Gateway, Sessions
from broker.sqlite_journal import SqliteHistory, SqliteJournal
from protocol.backplane import (
    INSTANCE_BYTES,
    LOBBY,
    Down,
    FeedKind,
    Up,
    check_operation,
    decode_batch,
    encode_batch,
    feed_header,
)
from protocol.errors import JournalError, WireError
from protocol.invite import endpoint
from protocol.keys import KeyPair
from protocol.limits import BACKPLANE_MAX_BYTES
from protocol.sockets import Context, bind, egress, ingress
from protocol.zap import ZapHandler

log = logging.getLogger("broker")

_DRAIN_MAX = 512
"""Batches of one drain: bounds how long the first of them waits for its commit."""
_BATCH_BYTES = BACKPLANE_MAX_BYTES // 4
"""Batches to a gateway that are larger are split."""
_POLL_MS = 500
_HEADS_MS = 1_000
_IDLE_HEADS_MS = 30_000
_PRESENCE_MS = 1_000
_MARKS_MS = 500
_MARKS_STORED_MS = 3_000
"""How often marks that moved are written; the last ones are lost if the broker is killed."""
_SUBSCRIBED_MAX = 1_000_000


class Broker:
    """One broker process; ``run`` serves until ``stop`` is called (from a signal handler)."""

    def __init__(
        self, data: Path, host: str, port: int, keys: KeyPair, frontend: KeyPair, token: str
    ) -> None:
        """Take the journal over and listen; raise :class:`SetupError` with what to do."""
        self._data = data
        self._frontend = frontend
        self._stopping = False
        self._instance = os.urandom(INSTANCE_BYTES)
        self._journal = SqliteJournal(data / "journal.sqlite3")
        self._blobs = BlobStore(data / "blobs")
        self._term = self._journal.take_over()
        self._epoch = self._journal.epoch
        contents = self._journal.contents()
        self._sequencer = Sequencer(
            self._epoch,
            contents.last_writer_no,
            self._journal.writer,
            self._journal.answers,
            self._blobs.stored,
        )
        self._directory = Directory(contents, token, os.urandom)
        self.sessions = Sessions()
        self._marks = Marks(contents.marks, self._directory.rooms.values())
        profiles = Profiles(self._journal.picture)
        self._desk = Desk(self._directory, self._sequencer, self.sessions, self._marks, profiles)
        self._room_ids = {room.no: room.room for room in self._directory.rooms.values()}
        self._moved: set[bytes] = set()
        self._subscribed: set[bytes] = set()
        self._begin()
        self._desk.ensure_general()
        self._commit()
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
            self._epoch,
        )
        self._reader.start()
        health = " ".join(f"{name}={value}" for name, value in self._journal.health().items())
        log.info("serving port=%d people=%d %s", port, len(self._directory.people), health)

    def stop(self) -> None:
        """End ``run`` after the current drain; may be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Serve until stopped; raise :class:`JournalError` when the journal fails."""
        for socket in (self._ingress, self._egress):
            self._poller.register(socket, zmq.POLLIN)
        heads_at = idle_at = presence_at = marks_at = stored_at = _monotonic_ms()
        while not self._stopping:
            ready = dict(self._poller.poll(_POLL_MS))
            self._zap.serve()
            if self._ingress in ready:
                self._drain()
            if self._egress in ready:
                self._greet_subscribers()
            now_ms = _monotonic_ms()
            if now_ms >= heads_at:
                heads_at = now_ms + _HEADS_MS
                moved, self._moved = self._moved, set()
                self._announce(moved)
                self._tend(now_ms)
            if now_ms >= idle_at:
                idle_at = now_ms + _IDLE_HEADS_MS
                self._announce(self._subscribed)
            if now_ms >= presence_at:
                presence_at = now_ms + _PRESENCE_MS
                for frame in self._desk.presence_frames():
                    self._tell(FeedKind.FRAME, LOBBY, frame)
            if now_ms >= marks_at:
                marks_at = now_ms + _MARKS_MS
                for room, frame in self._desk.marked_frames():
                    self._tell(FeedKind.MEMBERS, room, frame)
            if now_ms >= stored_at:
                stored_at = now_ms + _MARKS_STORED_MS
                self._store_marks()
        self._store_marks()

    # --- one drain --------------------------------------------------------------------

    def _begin(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        self._batch = self._sequencer.begin(now_ms)
        self._desk.begin(self._batch, now_ms)

    def _commit(self) -> list[BlockRow]:
        blocks = self._sequencer.finish()
        if self._batch:
            self._journal.append(self._batch)
            for room in self._batch.rooms:
                self._room_ids[room.no] = room.room
        return blocks

    def _drain(self) -> None:
        now_ms = _monotonic_ms()
        self._begin()
        strangers: set[bytes] = set()
        receive = self._ingress.recv_multipart
        for _ in range(_DRAIN_MAX):
            try:
                message = receive(zmq.DONTWAIT)
            except zmq.Again:
                break
            try:
                self._take(message, strangers, now_ms)
            except WireError as error:
                log.warning("bad_batch error=%s", error)
        blocks = self._commit()
        self._send_answers()
        for route in strangers:
            self._send(route, [[Down.WHO]])
        self._publish(blocks)
        for room, frame in self._desk.typed:
            self._tell(FeedKind.MEMBERS, room, frame)

    def _take(self, message: list[bytes], strangers: set[bytes], now_ms: int) -> None:
        if len(message) != 2:
            return
        route, data = message
        instance, operations = decode_batch(data)
        gateway = self.sessions.gateways.get(instance)
        for operation in operations:
            try:
                check_operation(operation)
            except WireError as error:
                # A gateway of another version: what else it says is still to be answered.
                log.warning("bad_operation error=%s", error)
                continue
            if operation[0] == Up.REGISTER:
                gateway = self._register(instance, route, operation[1], now_ms)
            elif gateway is None:
                strangers.add(route)
                return
            else:
                self._desk.handle(gateway, operation)
        if gateway is not None:
            gateway.route = route
            gateway.heard_ms = now_ms

    def _register(
        self, instance: bytes, route: bytes, addresses: list[str], now_ms: int
    ) -> Gateway:
        gateway = self.sessions.register(instance, route, addresses, now_ms)
        self._tell_addresses()
        gateway.out.insert(
            0,
            [
                Down.REGISTERED,
                "Zviazok",
                self._frontend.public,
                self._frontend.secret,
                self._epoch,
                self._term,
            ],
        )
        log.info("gateway_registered gateways=%d", len(self.sessions.gateways))
        return gateway

    def _send_answers(self) -> None:
        for gateway in list(self.sessions.gateways.values()):
            if gateway.out:
                out, gateway.out = gateway.out, []
                if not self._send(gateway.route, out):
                    # Its clients would wait for ever: forget it, so that it introduces itself
                    # again, and they send again what has no answer.
                    self.sessions.drop(gateway)

    def _send(self, route: bytes, operations: list[list[Any]]) -> bool:
        data = encode_batch(self._instance, operations)
        if len(data) > _BATCH_BYTES and len(operations) > 1:
            # What is too large for the backplane ends the connection: small questions of many
            # clients can have large answers.
            half = len(operations) // 2
            return self._send(route, operations[:half]) and self._send(route, operations[half:])
        try:
            self._ingress.send_multipart([route, data], zmq.DONTWAIT)
        except zmq.ZMQError as error:
            log.warning("gateway_unreachable operations=%d error=%s", len(operations), error.errno)
            return False
        return True

    def _publish(self, blocks: list[BlockRow]) -> None:
        send = self._egress.send_multipart
        for block in blocks:
            room = self._room_ids[block.room_no]
            header = feed_header(
                FeedKind.BLOCK, self._term, self._epoch, block.first_seq, block.last_seq
            )
            send([room, header, block.data])
            self._moved.add(room)

    # --- heads, gateways, presence, marks ------------------------------------------------

    def _tell(self, kind: FeedKind, topic: bytes, frame: bytes) -> None:
        header = feed_header(kind, self._term, self._epoch, 0, 0)
        self._egress.send_multipart([topic, header, frame])

    def _store_marks(self) -> None:
        self._begin()
        self._marks.store(self._batch)
        self._commit()

    def _greet_subscribers(self) -> None:
        """Announce a room's head to whoever subscribes to it, behind what was published before."""
        for _ in range(_DRAIN_MAX):
            try:
                notice = self._egress.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            topic = notice[1:]
            if notice[:1] == b"\x01" and topic in self._directory.rooms:
                if len(self._subscribed) < _SUBSCRIBED_MAX:
                    self._subscribed.add(topic)
                self._announce({topic})
            elif notice[:1] == b"\x00":
                self._subscribed.discard(topic)

    def _announce(self, rooms: set[bytes]) -> None:
        for name in rooms:
            head = self._directory.rooms[name].head
            header = feed_header(FeedKind.HEAD, self._term, self._epoch, 0, head)
            self._egress.send_multipart([name, header, b""])

    def _tend(self, now_ms: int) -> None:
        self._peers.refresh()
        silent = self.sessions.silent(now_ms)
        for gateway in silent:
            log.warning("gateway_silent sessions=%d", len(gateway.sessions))
            self.sessions.drop(gateway)
        if silent:
            self._tell_addresses()
            self._send_answers()
        if not self._reader.alive:
            raise JournalError("the reader has stopped")

    def _tell_addresses(self) -> None:
        """Tell every gateway where the others are, and leave it on disk for ``zviazok invite``."""
        addresses = self.sessions.addresses()
        for gateway in self.sessions.gateways.values():
            gateway.out.append([Down.GATEWAYS, addresses])
        if addresses:
            path = self._data / "addresses.json"
            fresh = path.with_suffix(".new")
            try:
                fresh.write_text(json.dumps(addresses), encoding="utf-8")
                fresh.replace(path)
            except OSError as error:
                # A link can be made without it; messages must go on.
                log.warning("addresses_not_written errno=%s", error.errno)

    def close(self) -> None:
        """Close everything that was opened, in the thread that opened it."""
        self._reader.stop()
        self._ingress.close()
        self._egress.close()
        self._zap.close()
        self._context.term()
        self._journal.close()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
