"""A gateway in the simulation: the product's core on simulated sockets.

It stands in for :mod:`gateway.server`: its three links to the broker are made anew when they
break, as libzmq does, and what waited in them is lost.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

from gateway.core import Core
from gateway.crowd import NOWHERE, Origin
from gateway.delivery import Sent
from gateway.sessions import Session
from protocol.backplane import BEAT_MS, LOBBY
from protocol.keys import KeyPair
from tests.faults.simulation.brokerprocess import BrokerProcess
from tests.faults.simulation.judge import Judge
from tests.faults.simulation.network import Connection, Network
from tests.faults.simulation.process import Process

_TEND_MS = 1_000
_LINKS = ("ingress", "feed", "reader")
_RETRY_MAX_MS = 3_000
_CONNECT_MS = 5_000


class Link:
    """A line to one port of the broker."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.left: deque[Any] = deque()
        """What had arrived on connections that are gone."""
        self.retry_ms = 0


class GatewayProcess(Process):
    """One gateway; ``core_type`` makes its core."""

    def __init__(
        self,
        name: str,
        network: Network,
        broker: BrokerProcess,
        judge: Judge,
        bounds: dict[str, tuple[int, int]],
        rate_per_s: float,
        core_type: type[Core] = Core,
    ) -> None:
        super().__init__(name, network.agenda)
        self.address = f"{name}.example:8080"
        self._network = network
        self._broker = broker
        self._judge = judge
        self.bounds = bounds
        """Of each link, and of a client's connection: frames up, frames down."""
        self._rate_per_s = rate_per_s
        self._core_type = core_type
        self.core: Core
        self.listening = False

    # --- its life -------------------------------------------------------------------------

    def _begin(self) -> None:
        agenda = self.agenda
        self.core = self._core_type(self, lambda: [self.address], self._rate_per_s, agenda.draw())
        self.listening = False
        self._reader_lost = False
        self._clients: dict[bytes, Connection] = {}
        self._routes = 0
        self._came: deque[tuple[bytes, str, bytes]] = deque()
        self._news: deque[bool] = deque()
        self._topics: dict[bytes, None] = {LOBBY: None}
        self._links = {kind: Link() for kind in _LINKS}
        self._tend_ms = self._beat_ms = agenda.now_ms
        for kind in _LINKS:
            self._dial(kind, self.lives)
        self.wake(1)

    def _end(self, gently: bool) -> None:
        for connection in self._clients.values():
            connection.close(1, gently)
        for link in self._links.values():
            if link.connection is not None:
                link.connection.close(0, gently)
                link.connection = None
        self.listening = False

    def leave(self) -> None:
        """End in good order."""
        if not self.alive or self.paused:
            return
        self.agenda.trace(self.name, "leaves")
        self.core.at(self.agenda.now_ms)
        self.core.leave()
        self._over(gently=True)

    def _turn(self) -> None:
        core, agenda = self.core, self.agenda
        now_ms = agenda.now_ms
        core.at(now_ms)
        while self._news:
            if self._news.popleft():
                core.linked()
            else:
                core.unlinked()
        for batch in self._arrived("ingress"):
            core.told(batch)
        core.send_collected()
        for parts in self._arrived("feed"):
            if parts[0] in self._topics:  # SUB looks again at what has arrived
                core.fed(parts)
        core.flush(now_ms)
        for parts in self._arrived("reader"):
            core.answered(parts)
        if self._reader_lost:
            self._reader_lost = False
            core.reader_lost()
        for route, user, data in self._said():
            core.heard(route, user, data, now_ms)
        core.send_collected()
        if now_ms >= self._tend_ms:
            self._tend_ms = now_ms + _TEND_MS
            core.tend(now_ms)
        if now_ms >= self._beat_ms:
            self._beat_ms = now_ms + BEAT_MS
            core.beat()
        due_ms = core.next_ms(now_ms)
        wake_ms = min(self._tend_ms, self._beat_ms) - now_ms
        self.wake(wake_ms if due_ms is None else min(wake_ms, max(due_ms, 1)))

    # --- links to the broker ------------------------------------------------------------------

    def _dial(self, kind: str, life: int) -> None:
        if not self.alive or life != self.lives:
            return
        broker = self._broker

        def accepts() -> bool | None:
            return None if broker.paused else broker.alive

        def done(connection: Connection | None) -> None:
            if not self.alive or life != self.lives:
                if connection is not None:
                    connection.close(0)
                return
            link = self._links[kind]
            if connection is None:
                link.retry_ms = min(max(100, link.retry_ms * 2), _RETRY_MAX_MS)
                spread_ms = int(link.retry_ms * self.agenda.random.random())
                self.agenda.after(link.retry_ms + spread_ms, self._dial, kind, life)
                return
            link.retry_ms = 0
            link.connection = connection
            connection.lost[0] = lambda: self._lost(kind, connection, life)
            connection.wires[1].heard = self.heard
            broker.accept(kind, connection)
            if kind == "feed":
                for topic in self._topics:
                    connection.send(0, b"\1" + topic)
            elif kind == "ingress":
                self._news.append(True)
                self.heard()

        hosts = (self.name, broker.name)
        self._network.dial(hosts, lambda: self.bounds[kind], True, accepts, done, _CONNECT_MS)

    def _lost(self, kind: str, connection: Connection, life: int) -> None:
        if not self.alive or life != self.lives:
            return
        link = self._links[kind]
        if link.connection is connection:
            link.connection = None
            link.left += connection.wires[1].arrived
            if kind == "ingress":
                self._news.append(False)
            elif kind == "reader":
                self._reader_lost = True
            self.heard()
            ms = 100 + int(self.agenda.random.random() * 300)
            self.agenda.after(ms, self._dial, kind, life)

    def _arrived(self, kind: str) -> list[Any]:
        link = self._links[kind]
        frames = list(link.left)
        link.left.clear()
        if link.connection is not None:
            arrived = link.connection.wires[1].arrived
            frames += arrived
            arrived.clear()
        return frames

    # --- clients --------------------------------------------------------------------------------

    def accept(self, connection: Connection) -> None:
        """A client has connected."""
        self._routes += 1
        route = self._routes.to_bytes(5, "big")
        self._clients[route] = connection
        connection.wires[0].heard = self.heard
        connection.lost[1] = lambda: self._left(route)

    def _left(self, route: bytes) -> None:
        connection = self._clients.pop(route)
        arrived = connection.wires[0].arrived
        self._came += [(route, connection.user, data) for data in arrived]
        arrived.clear()

    def _said(self) -> list[tuple[bytes, str, bytes]]:
        said = list(self._came)
        self._came.clear()
        for route, connection in self._clients.items():
            arrived = connection.wires[0].arrived
            if arrived:
                said += [(route, connection.user, data) for data in arrived]
                arrived.clear()
        return said

    # --- what the core has done: gateway.core.Sockets -------------------------------------------

    def send(self, route: bytes, data: bytes) -> Sent:
        connection = self._clients.get(route)
        if connection is None:
            return Sent.GONE
        return Sent.DONE if connection.send(1, data) else Sent.SLOW

    def send_all(self, sessions: Iterable[Session], data: bytes) -> list[tuple[Session, Sent]]:
        sent = [(session, self.send(session.route, data)) for session in sessions]
        return [one for one in sent if one[1]]

    def send_up(self, batch: bytes) -> bool:
        connection = self._links["ingress"].connection
        return connection is not None and connection.send(0, batch)

    def send_read(self, parts: list[bytes]) -> bool:
        connection = self._links["reader"].connection
        return connection is not None and connection.send(0, parts)

    def subscribe(self, room: bytes) -> None:
        live = self.core.fanout.rooms[room].live.values()
        self._judge.subscribed(room, [session.key for session in live])
        self._topics[room] = None
        connection = self._links["feed"].connection
        if connection is not None:
            connection.send(0, b"\1" + room)

    def unsubscribe(self, room: bytes) -> None:
        self._topics.pop(room, None)
        connection = self._links["feed"].connection
        if connection is not None:
            connection.send(0, b"\0" + room)

    def serve_clients(self, keys: KeyPair) -> None:
        self.listening = True

    def origin(self, message: Any) -> Origin:
        return NOWHERE

    def end(self, origin: Origin) -> None:
        raise AssertionError("a client of ours was taken for a flood")
