"""A broker in the simulation: the product's core and reader, on simulated sockets and a disk.

It stands in for :mod:`broker.server`: ingress, egress and reader are connections whose other ends
are gateways. It is started again by itself a while after it died, as the supervisor does.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import zmq

from broker.core import Core
from broker.grants import Grant
from broker.reader import Reader
from protocol.backplane import FeedKind, read_feed_header
from protocol.codes import Role
from protocol.errors import FencedError, JournalError
from protocol.keys import KeyPair
from tests.faults.simulation.agenda import Agenda
from tests.faults.simulation.journal import Disk, Killed, MemoryHistory, MemoryJournal
from tests.faults.simulation.judge import Judge
from tests.faults.simulation.network import Connection
from tests.faults.simulation.process import Process

TOKEN = "invite-token-of-22-chr"
FRONTEND = KeyPair(b"p" * 32, b"s" * 32)
_POLL_MS = 500
_DRAIN_MAX = 512


class Part(NamedTuple):
    """A part of a message, of a connection that ZAP let in."""

    bytes: bytes

    def get(self, name: str) -> str:
        return name


class MemoryReader(Reader):
    """The product's reader of histories without its thread, its files and its socket."""

    def __init__(self, disk: Disk, epoch: bytes, answer: Callable[[list[bytes]], bool]) -> None:
        self.asked: deque[list[bytes]] = deque()
        self._answer = answer
        self._epoch = epoch
        self._limited = False
        self._counts = dict.fromkeys(("reads", "blob_frames", "faults", "dropped"), 0)
        nothing: Any = None  # nobody has pictures here
        self._begin(MemoryHistory(disk), nothing)
        self._socket: Any = self

    def turn(self) -> None:
        """Serve what has come."""
        self._take()

    def recv_multipart(self, _: int, copy: bool) -> list["Part"]:
        if not self.asked:
            raise zmq.Again
        return [Part(data) for data in self.asked.popleft()]

    def send_multipart(self, parts: list[bytes], _: int) -> None:
        if not self._answer(parts):
            raise zmq.Again


class Route(bytes):
    """A routing id that stands at one place in a set, whatever PYTHONHASHSEED is."""

    def __hash__(self) -> int:
        return int.from_bytes(self, "big")


class NoBlobs:
    """Nothing is uploaded here."""

    def stored(self, sha256: bytes, size: int) -> bool:
        return False

    def uploaded(self, sha256: bytes, device: bytes) -> bool:
        return False


class BrokerProcess(Process):
    """The broker; ``core_type`` makes its core, so that a test can have a worse one."""

    def __init__(
        self, agenda: Agenda, disk: Disk, judge: Judge, core_type: type[Core] = Core
    ) -> None:
        super().__init__("B", agenda)
        self._disk = disk
        self._judge = judge
        self._core_type = core_type
        self.core: Core
        self.die_at = ""
        """Where this process ends itself: answers (after the first), publish (before the first)."""
        self._routes: dict[bytes, tuple[Connection, str]] = {}
        self._route_of: dict[Connection, bytes] = {}
        self._route = 0
        self._feeds: dict[Connection, dict[bytes, None]] = {}
        self._notices: deque[bytes] = deque()
        self._heads: list[list[bytes]] = []

    # --- its life -----------------------------------------------------------------------

    def _begin(self) -> None:
        self._routes.clear()
        self._route_of.clear()
        self._feeds.clear()
        self._notices.clear()
        self._heads.clear()
        self.die_at = ""
        agenda = self.agenda
        if self._disk.confirm():
            agenda.trace(self.name, "finds its journal older than what was published")
        self._judge.begins(self._disk.epoch, self._disk.witness)
        try:
            journal = MemoryJournal(self._disk)
            self.core = self._core_type(
                journal,
                NoBlobs(),
                FRONTEND,
                {TOKEN: Grant("", Role.MEMBER, 0, 0)}.get,
                agenda.draw().randbytes,
                self,
                agenda.now_ms,
                agenda.wall_ms,
            )
        except JournalError as error:
            agenda.trace(self.name, "cannot start:", error)
            raise Killed from None
        self.reader = MemoryReader(self._disk, journal.epoch, self._answer_read)
        self.wake(1)

    def _end(self, gently: bool) -> None:
        for connection in list(self._route_of) + list(self._feeds):
            connection.close(1, gently)

    def _turn(self) -> None:
        core, agenda = self.core, self.agenda
        try:
            messages = self._ingress()
            if messages:
                core.drain(messages, agenda.now_ms, agenda.wall_ms)
                self._egress()
            self._subscriptions()
            while self._notices:
                notice = self._notices.popleft()
                if notice[0]:
                    core.subscribed(notice[1:])
                else:
                    core.unsubscribed(notice[1:])
            core.tick(agenda.now_ms, agenda.wall_ms)
            self._egress()
        except FencedError:
            raise
        except JournalError as error:
            agenda.trace(self.name, "ends:", error)
            raise Killed from None
        if self.reader.asked:
            self.reader.turn()
        self.wake(_POLL_MS)

    # --- its sockets ----------------------------------------------------------------------

    def accept(self, kind: str, connection: Connection) -> None:
        """A gateway has connected to ingress, egress or reader."""
        connection.lost[1] = lambda: self._forget(connection)
        if kind == "feed":
            self._feeds[connection] = {}
            connection.wires[0].heard = self._subscriptions_came
            return
        self._route += 1
        route = Route(self._route.to_bytes(5, "big"))
        self._routes[route] = (connection, kind)
        self._route_of[connection] = route
        connection.wires[0].heard = self.heard

    def _forget(self, connection: Connection) -> None:
        route = self._route_of.pop(connection, None)
        if route is not None:
            del self._routes[route]
        for topic in self._feeds.pop(connection, ()):
            self._unsubscribed(topic)

    def _ingress(self) -> list[list[bytes]]:
        messages: list[list[bytes]] = []
        for route, (connection, kind) in self._routes.items():
            arrived = connection.wires[0].arrived
            if kind == "reader":
                while arrived:
                    self.reader.asked.append([route, *arrived.popleft()])
            else:
                while arrived and len(messages) < _DRAIN_MAX:
                    messages.append([route, arrived.popleft()])
        return messages

    def _answer_read(self, parts: list[bytes]) -> bool:
        there = self._routes.get(parts[0])
        return there is not None and there[0].send(1, parts[1:])

    def _subscriptions_came(self) -> None:
        if not self.paused:  # else when it goes on: libzmq hears of them in the main thread
            self._subscriptions()
            self.heard()

    def _subscriptions(self) -> None:
        for connection, topics in self._feeds.items():
            arrived = connection.wires[0].arrived
            while arrived:
                notice = arrived.popleft()
                if notice[0]:
                    topics[notice[1:]] = None
                    self._notices.append(notice)
                elif notice[1:] in topics:
                    del topics[notice[1:]]
                    self._unsubscribed(notice[1:])

    def _unsubscribed(self, topic: bytes) -> None:
        if not any(topic in topics for topics in self._feeds.values()):
            self._notices.append(b"\0" + topic)

    # --- what the core asks for: broker.core.Outside ------------------------------------------

    def send(self, route: bytes, data: bytes) -> bool:
        there = self._routes.get(route)
        sent = there is not None and there[0].send(1, data)
        if self.die_at == "answers":
            raise Killed
        return sent

    def publish(self, parts: list[bytes]) -> None:
        if self.die_at == "publish":
            raise Killed
        topic, header_data, payload = parts
        header = read_feed_header(header_data)
        if header.kind == FeedKind.HEAD:
            # They are told from a set: in an order of their own, for a run must be repeatable.
            self._heads.append(parts)
            return
        self._egress()
        if header.kind == FeedKind.BLOCK:
            self._judge.published(header.epoch, topic, payload)
        self._publish(parts)

    def _egress(self) -> None:
        heads, self._heads = self._heads, []
        for parts in sorted(heads):
            self._publish(parts)

    def _publish(self, parts: list[bytes]) -> None:
        for connection, topics in self._feeds.items():
            if parts[0] in topics:
                connection.send(1, parts)  # no room: it is dropped

    def note_addresses(self, addresses: list[str]) -> None:
        """Nobody makes an invite here."""

    def note_heads(self, heads: dict[bytes, int]) -> None:
        self._disk.witness.update(heads)
