"""The broker's core: everything that decides, from a gateway's batch to what is published.

One drain: the desk handles each operation, the journal stores everything in one transaction, and
only then answers go out and blocks are published. What the core does to the world it does through
:class:`broker.outside.Outside` and :class:`broker.journal.Journal`; it opens no socket and no file
and looks at no clock, so that it runs in a simulation as it runs in a process.

A journal that has no room ends nothing: what the drain had decided is forgotten, the state is read
again from what is stored, and until there is room whoever wants to write is told to wait. Any other
fault of the journal ends the process, because starting is recovering. Owned by the main thread.
"""

import logging
from collections.abc import Iterable
from typing import Any

from broker.blobrights import BlobRights
from broker.desk import Desk
from broker.directory import Directory, Random
from broker.grants import FindGrant
from broker.journal import Batch, BlockRow, Journal
from broker.marks import Marks
from broker.meters import Meters
from broker.office import Office
from broker.order import Order
from broker.outside import Blobs, Outside
from broker.profiles import Profiles
from broker.sequencer import Sequencer
from broker.sessions import Gateway, Sessions
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
from protocol.errors import FullError, WireError
from protocol.keys import KeyPair
from protocol.limits import BACKPLANE_MAX_BYTES

log = logging.getLogger("broker")

HEADS_MS = 1_000
HEADS_TIMES = 3
"""So often a head that has moved is announced, every HEADS_MS: PUB may have dropped the last block
of a room, and the head that followed it."""
IDLE_HEADS_MS = 30_000
PRESENCE_MS = 1_000
ORDERED_MS = 1_000
"""How often at most a room is told that something else holds there."""
MARKS_MS = 500
MARKS_STORED_MS = 3_000
"""How often marks that moved are written; the last ones are lost if the broker is killed."""
FULL_RETRY_MS = 1_000
FULL_RETRY_MAX_MS = 4_000
"""After a commit that found no room nothing is written for so long; longer each time in a row,
because every such commit makes all gateways introduce themselves again."""

_STALL_MS = 3 * HEADS_MS
"""Who looks so late at who is silent has stood still, too."""

_BATCH_BYTES = BACKPLANE_MAX_BYTES // 4
"""Batches to a gateway that are larger are split."""
_SUBSCRIBED_MAX = 1_000_000


class Core:
    """One broker; ``outside`` carries out what follows."""

    def __init__(
        self,
        journal: Journal,
        blobs: Blobs,
        frontend: KeyPair,
        find_grant: FindGrant,
        random: Random,
        outside: Outside,
        now_ms: int,
        wall_ms: int,
        rate_per_s: float = 0,
    ) -> None:
        """Take the journal over and read what it holds; raise :class:`JournalError`.

        ``rate_per_s`` is what one person may write in the long run; 0: without any limit.
        """
        self._journal = journal
        self._blobs = blobs
        self._frontend = frontend
        self._find_grant = find_grant
        self._random = random
        self._outside = outside
        self._instance = random(INSTANCE_BYTES)
        self._meters = Meters(rate_per_s)
        self._subscribed: set[bytes] = set()
        self._full_ms = 0
        self._full_wait_ms = FULL_RETRY_MS
        self.full = False
        """There is no room to write: whoever wants to is told to wait."""
        self._term = journal.take_over()
        self._load()
        self._begin(wall_ms, now_ms)
        self._desk.ensure_general()
        self._commit()
        self._heads_ms = self._idle_ms = self._presence_ms = self._looked_ms = now_ms
        self._ordered_ms = self._marks_ms = self._stored_ms = now_ms

    def _load(self) -> None:
        """Read everything anew from what is stored; no gateway is known then."""
        self._epoch = self._journal.epoch
        contents = self._journal.contents()
        self._sequencer = Sequencer(
            self._epoch,
            contents.last_writer_no,
            self._journal.writer,
            self._journal.answers,
            BlobRights(self._journal, self._blobs).may_name,
        )
        self.directory = Directory(contents, self._random)
        self.sessions = Sessions()
        self._marks = Marks(contents.marks, self.directory.rooms.values())
        self._office = Office(
            self.directory,
            self._sequencer,
            self.sessions,
            self._marks,
            Profiles(self._journal.picture),
            Order(self.directory, contents.last_audit_no),
            self._find_grant,
            self._journal.audit,
            self._meters,
        )
        self._desk = Desk(self._office)
        self._desk.full = self.full
        self._room_ids = {room.no: room.room for room in self.directory.rooms.values()}
        self._moved: dict[bytes, int] = {}
        """Rooms whose head has moved, and how often that is still to be announced."""
        self._batch = Batch()

    # --- one drain --------------------------------------------------------------------

    def drain(self, messages: Iterable[list[bytes]], now_ms: int, wall_ms: int) -> None:
        """Take ``[route, batch]`` of gateways; store, answer, publish.

        Raises :class:`JournalError` when the journal fails: nothing was said then.
        """
        self._begin(wall_ms, now_ms)
        strangers: dict[bytes, bytes] = {}
        for message in messages:
            try:
                self._take(message, strangers, now_ms)
            except WireError as error:
                log.warning("bad_batch error=%s", error)
        try:
            blocks = self._commit()
        except FullError as error:
            self._fill_up(error, now_ms)
            return
        if blocks:
            self._outside.note_heads({self._room_ids[one.room_no]: one.last_seq for one in blocks})
        self._send_answers()
        for instance, route in strangers.items():
            self._send(route, [[Down.WHO, instance]])
        self._publish(blocks)
        for room, frame in self._office.typed:
            self._tell(FeedKind.MEMBERS, room, frame)

    def _begin(self, wall_ms: int, now_ms: int) -> None:
        self._batch = self._sequencer.begin(wall_ms)
        self._office.begin(self._batch, wall_ms, now_ms)

    def _commit(self) -> list[BlockRow]:
        blocks = self._sequencer.finish()
        if self._batch:
            self._journal.append(self._batch)
            for room in self._batch.rooms:
                self._room_ids[room.no] = room.room
        return blocks

    def _take(self, message: list[bytes], strangers: dict[bytes, bytes], now_ms: int) -> None:
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
                gateway = self._register(instance, route, operation[1:], now_ms)
                if gateway is None:
                    return
            elif gateway is None:
                self._office.tickets.heard(instance, now_ms)
                strangers[instance] = route
                return
            else:
                self._desk.handle(gateway, operation)
        if gateway is not None:
            gateway.route = route
            gateway.heard_ms = now_ms

    def _register(
        self, instance: bytes, route: bytes, introduction: list[Any], now_ms: int
    ) -> Gateway | None:
        """Take a gateway in; None: it has introduced itself anew on another connection since."""
        addresses, process, number = (*introduction, b"", 0)[:3]
        others = [*self.sessions.gateways.values(), *self._office.tickets.missed]
        mine = [one for one in others if process and one.process == process]
        if any(one.number > number for one in mine):
            return None
        for other in others:
            if other in mine or other.route == route or other.instance == instance:
                # It introduces itself anew, and opens all its sessions again.
                self._part(other)
        gateway = self.sessions.register(instance, route, addresses, now_ms)
        gateway.process, gateway.number = process, number
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
                instance,
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
                    self._office.tickets.miss(gateway)

    def _part(self, gateway: Gateway) -> None:
        """Forget a gateway that pushes nothing any more of what it was told to."""
        self.sessions.drop(gateway)
        self._office.tickets.gone(gateway)

    def _send(self, route: bytes, operations: list[list[Any]]) -> bool:
        data = encode_batch(self._instance, operations)
        if len(data) > _BATCH_BYTES and len(operations) > 1:
            # What is too large for the backplane ends the connection: small questions of many
            # clients can have large answers.
            half = len(operations) // 2
            return self._send(route, operations[:half]) and self._send(route, operations[half:])
        if not self._outside.send(route, data):
            log.warning("gateway_unreachable operations=%d", len(operations))
            return False
        return True

    def _publish(self, blocks: list[BlockRow]) -> None:
        publish = self._outside.publish
        for block in blocks:
            room = self._room_ids[block.room_no]
            header = feed_header(
                FeedKind.BLOCK, self._term, self._epoch, block.first_seq, block.last_seq
            )
            publish([room, header, block.data])
            self._moved[room] = HEADS_TIMES

    # --- a full disk --------------------------------------------------------------------

    def _fill_up(self, error: FullError, now_ms: int) -> None:
        """Nothing of this drain is stored: forget it, and write no more until there is room.

        No gateway is known then: each is asked to introduce itself again, and its clients send
        again what has no answer.
        """
        self._set_full(True, now_ms, str(error))
        known, missed = list(self.sessions.gateways.values()), self._office.tickets.missed
        self._load()
        for gateway in (*missed, *known):
            self._office.tickets.miss(gateway)
        for gateway in known:
            self._send(gateway.route, [[Down.WHO, gateway.instance]])

    def _set_full(self, full: bool, now_ms: int, text: str, reserve: bool = False) -> None:
        if full and not self.full:
            log.warning("disk_full hint=make_room;_nothing_is_taken_until_then error=%s", text)
        elif self.full and not full:
            log.info("disk_has_room")
        self.full = self._desk.full = full
        self._desk.reserve = reserve
        self._full_ms = now_ms

    def _look_for_room(self, now_ms: int) -> None:
        if not self.full:
            if not self._journal.has_room():
                self._set_full(True, now_ms, "the reserve is reached", reserve=True)
            elif now_ms - self._full_ms > FULL_RETRY_MAX_MS:
                self._full_wait_ms = FULL_RETRY_MS
        elif (
            now_ms - self._full_ms >= self._full_wait_ms
            and self._journal.has_room()
            and self._journal.can_write()
        ):
            self._full_wait_ms = min(self._full_wait_ms * 2, FULL_RETRY_MAX_MS)
            self._set_full(False, now_ms, "")

    # --- heads, gateways, presence, marks ------------------------------------------------

    def tick(self, now_ms: int, wall_ms: int) -> None:
        """Do what is due: heads, presence, order, marks; who is silent; whether there is room."""
        if now_ms >= self._heads_ms:
            self._heads_ms = now_ms + HEADS_MS
            self._announce(self._moved)
            self._moved = {room: left - 1 for room, left in self._moved.items() if left > 1}
            self._part_with_silent(now_ms)
            self._office.tickets.expire(now_ms)
            self._send_answers()
            self._look_for_room(now_ms)
        if now_ms >= self._idle_ms:
            self._idle_ms = now_ms + IDLE_HEADS_MS
            self._announce(self._subscribed & self.directory.rooms.keys())
        if now_ms >= self._presence_ms:
            self._presence_ms = now_ms + PRESENCE_MS
            for frame in self._desk.presence_frames():
                self._tell(FeedKind.FRAME, LOBBY, frame)
        if now_ms >= self._ordered_ms:
            self._ordered_ms = now_ms + ORDERED_MS
            for room, frame in self._desk.ordered_frames(wall_ms):
                self._tell(FeedKind.MEMBERS, room, frame)
        if now_ms >= self._marks_ms:
            self._marks_ms = now_ms + MARKS_MS
            for room, frame in self._desk.marked_frames():
                self._tell(FeedKind.MEMBERS, room, frame)
        if now_ms >= self._stored_ms:
            self._stored_ms = now_ms + MARKS_STORED_MS
            self._store_marks(now_ms, wall_ms)

    def finish(self, now_ms: int, wall_ms: int) -> None:
        """Write down at an orderly end what else would have been written a little later."""
        self._store_marks(now_ms, wall_ms)

    def _store_marks(self, now_ms: int, wall_ms: int) -> None:
        """Write the marks that have moved, a bounded number of them."""
        if self.full:
            return
        self._begin(wall_ms, now_ms)
        self._marks.store(self._batch)
        try:
            self._commit()
        except FullError as error:
            self._fill_up(error, now_ms)

    def subscribed(self, topic: bytes) -> None:
        """Announce a room's head to whoever subscribes to it, behind what was published before."""
        if topic in self.directory.rooms:
            if len(self._subscribed) < _SUBSCRIBED_MAX:
                self._subscribed.add(topic)
            self._announce({topic})

    def unsubscribed(self, topic: bytes) -> None:
        """Nobody subscribes to the topic any more."""
        self._subscribed.discard(topic)

    def _tell(self, kind: FeedKind, topic: bytes, frame: bytes) -> None:
        header = feed_header(kind, self._term, self._epoch, 0, 0)
        self._outside.publish([topic, header, frame])

    def _announce(self, rooms: Iterable[bytes]) -> None:
        for name in rooms:
            head = self.directory.rooms[name].head
            header = feed_header(FeedKind.HEAD, self._term, self._epoch, 0, head)
            self._outside.publish([name, header, b""])

    def _part_with_silent(self, now_ms: int) -> None:
        stood_ms, self._looked_ms = now_ms - self._looked_ms, now_ms
        if stood_ms > _STALL_MS:
            # This process stood still, and what they said meanwhile still waits to be read.
            for gateway in (*self.sessions.gateways.values(), *self._office.tickets.missed):
                gateway.heard_ms = min(gateway.heard_ms + stood_ms, now_ms)
        silent = self.sessions.silent(now_ms)
        for gateway in silent:
            log.warning("gateway_silent sessions=%d", len(gateway.sessions))
            self._part(gateway)
        self._office.tickets.part_with_silent(now_ms)
        if silent:
            self._tell_addresses()

    def _tell_addresses(self) -> None:
        """Tell every gateway where the others are, and leave it for ``zviazok invite``."""
        addresses = self.sessions.addresses()
        for gateway in self.sessions.gateways.values():
            gateway.out.append([Down.GATEWAYS, addresses])
        if addresses:
            self._outside.note_addresses(addresses)
