"""A simulated network with ZeroMQ's semantics, as the design's rules describe them.

A connection is two :class:`Wire` of bounded length: who sends into a full one hears it at once
(EAGAIN, or a PUB's silent drop). What is under way when a connection ends is lost, but for a
prefix; what has arrived can still be read. Nothing is reordered or doubled, and nothing is
lost without a connection. A partition holds frames back, one way or both, as TCP does; an end hears
of the other's end when something gets through to it.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from tests.faults.simulation.agenda import Agenda

Frame = Any
_SYN_MS = (0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000)
"""When TCP asks for a connection again that nobody answered."""
_HANDSHAKE_MS = 8_000


class Wire:
    """One direction of a connection."""

    __slots__ = ("_agenda", "_dead", "_last_ms", "_pumping", "_under_way", "arrived", "blocked",
                 "bound", "heard", "latency")  # fmt: skip

    def __init__(self, agenda: Agenda, bound: int, latency: tuple[int, int]) -> None:
        self._agenda = agenda
        self._dead = False
        self._last_ms = 0
        self._pumping = False
        self._under_way: deque[tuple[int, Frame]] = deque()
        self.arrived: deque[Frame] = deque()
        self.blocked = False
        self.bound = bound
        self.latency = latency
        self.heard: Callable[[], None] = _nothing

    def send(self, frame: Frame) -> bool:
        """Send a frame; False: there is no room. Into a wire that is cut: into the dark."""
        if self._dead:
            return True
        if len(self._under_way) + len(self.arrived) >= self.bound:
            return False
        agenda = self._agenda
        low, spread = self.latency
        ms = agenda.now_ms + low + int(agenda.random.random() * spread)
        self._last_ms = ms = max(ms, self._last_ms)
        self._under_way.append((ms, frame))
        if not self._pumping:
            self._pumping = True
            agenda.at(ms, self._pump)
        return True

    def _pump(self) -> None:
        self._pumping = False
        if self.blocked or not self._under_way:
            return
        now_ms = self._agenda.now_ms
        under_way = self._under_way
        came = False
        while under_way and under_way[0][0] <= now_ms:
            self.arrived.append(under_way.popleft()[1])
            came = True
        if under_way:
            self._pumping = True
            self._agenda.at(under_way[0][0], self._pump)
        if came:
            self.heard()

    def unblock(self) -> None:
        """What was held back goes on."""
        self.blocked = False
        if self._under_way and not self._pumping:
            self._pumping = True
            self._agenda.after(self.latency[0], self._pump)

    def lose(self, keep: int) -> None:
        """All but the first ``keep`` of what is under way is lost."""
        while len(self._under_way) > keep:
            self._under_way.pop()

    def cut(self) -> None:
        """The connection breaks: a prefix of what is under way still arrives, and no more."""
        self._dead = True
        if self._under_way:
            self.lose(self._agenda.random.randrange(len(self._under_way) + 1))

    @property
    def clear_ms(self) -> int:
        """When all that is under way has arrived."""
        return max(self._agenda.now_ms, self._under_way[-1][0] if self._under_way else 0)


class Connection:
    """Between ``hosts[0]``, who asked for it, and ``hosts[1]``."""

    __slots__ = ("_agenda", "_network", "hosts", "lost", "open", "trunk", "user", "wires")

    def __init__(
        self, network: "Network", hosts: tuple[str, str], bounds: tuple[int, int], trunk: bool
    ) -> None:
        self._network = network
        self._agenda = network.agenda
        self.hosts = hosts
        self.trunk = trunk
        self.user = ""
        self.wires = tuple(Wire(self._agenda, bound, network.latency) for bound in bounds)
        """What ``hosts[0]`` sends, and what ``hosts[1]`` sends."""
        self.open = [True, True]
        """Whether each end believes that it stands."""
        self.lost: list[Callable[[], None]] = [_nothing, _nothing]

    def send(self, side: int, frame: Frame) -> bool:
        """Send from one end; False: no room. Into a connection that is gone: into the dark."""
        if not self.open[1 - side]:
            return True
        return self.wires[side].send(frame)

    def close(self, side: int, gently: bool = False) -> None:
        """One end closes, or its process ends."""
        if not self.open[side]:
            return
        self.open[side] = False
        self.lost[side] = _nothing
        outgoing, incoming = self.wires[side], self.wires[1 - side]
        incoming.lose(0)
        incoming.arrived.clear()
        incoming.heard = _nothing
        if not gently:
            outgoing.cut()
        self._tell(1 - side)

    def cut(self) -> None:
        """Break it between the ends."""
        for side in (0, 1):
            self.wires[side].cut()
            self._tell(side)

    def _tell(self, side: int) -> None:
        """Let one end hear, in a while, that the connection is gone."""
        if self.open[side]:
            wire = self.wires[1 - side]
            ms = max(wire.clear_ms, self._agenda.now_ms + self._agenda.random.randrange(30))
            self._agenda.at(ms, self._hear, side)
        elif not any(self.open):
            self._network.forget(self)

    def _hear(self, side: int) -> None:
        if not self.open[side]:
            return
        if self.wires[1 - side].blocked:
            self._agenda.after(500, self._hear, side)
            return
        self.open[side] = False
        lost, self.lost[side] = self.lost[side], _nothing
        lost()
        if not any(self.open):
            self._network.forget(self)
        elif self.open[1 - side]:
            self._tell(1 - side)


class Network:
    """All connections, and who cannot reach whom."""

    def __init__(self, agenda: Agenda, latency: tuple[int, int]) -> None:
        self.agenda = agenda
        self.latency = latency
        """The least milliseconds of a frame, and how many more it may take."""
        self.connections: dict[Connection, None] = {}
        self._blocked: dict[tuple[str, str], None] = {}

    def reaches(self, one: str, other: str) -> bool:
        """Whether a connection can be made: both ways are open."""
        return (one, other) not in self._blocked and (other, one) not in self._blocked

    def dial(
        self,
        hosts: tuple[str, str],
        bounds: Callable[[], tuple[int, int]],
        trunk: bool,
        accepts: Callable[[], bool | None],
        done: Callable[[Connection | None], None],
        patience_ms: int,
    ) -> None:
        """Ask for a connection; ``done`` gets it, or None when there is none.

        ``accepts`` says for the other end: True, False (nobody listens), or None (it stands still).
        """
        began_ms = self.agenda.now_ms
        low, spread = self.latency

        def ask(number: int) -> None:
            if not self.reaches(*hosts):
                again_ms = _SYN_MS[number + 1] if number + 1 < len(_SYN_MS) else patience_ms
                if again_ms >= patience_ms:
                    self.agenda.at(began_ms + patience_ms, done, None)
                else:
                    self.agenda.at(began_ms + again_ms, ask, number + 1)
                return
            self.agenda.after(2 * low + int(self.agenda.random.random() * spread), greet, 0)

        def greet(waited_ms: int) -> None:
            accepted = accepts() if self.reaches(*hosts) else None
            if accepted is None:
                if waited_ms >= _HANDSHAKE_MS:
                    done(None)
                else:
                    self.agenda.after(250, greet, waited_ms + 250)
            elif accepted:
                connection = Connection(self, hosts, bounds(), trunk)
                self.connections[connection] = None
                done(connection)
            else:
                done(None)

        ask(0)

    def forget(self, connection: Connection) -> None:
        """Both ends know that it is gone."""
        self.connections.pop(connection, None)

    def block(self, one: str, other: str) -> None:
        """Nothing gets from ``one`` to ``other``."""
        self._blocked[one, other] = None
        for connection in self.connections:
            for side in (0, 1):
                if (connection.hosts[side], connection.hosts[1 - side]) == (one, other):
                    connection.wires[side].blocked = True
                    if connection.trunk:
                        self._watch(connection, side)

    def unblock_all(self) -> None:
        """Everybody reaches everybody."""
        self._blocked.clear()
        for connection in list(self.connections):
            for wire in connection.wires:
                if wire.blocked:
                    wire.unblock()

    def _watch(self, connection: Connection, side: int) -> None:
        """The heartbeats of gateways' links: who hears nothing for so long lets go."""
        self.agenda.after(self._noticed_ms(1 - side), self._starve, connection, side)

    def _noticed_ms(self, side: int) -> int:
        """After how long an end notices that it hears nothing (``protocol/sockets.py``)."""
        return (4_000, 7_000)[side] + self.agenda.random.randrange(2_000)

    def _starve(self, connection: Connection, side: int) -> None:
        if connection.wires[side].blocked and connection.open[1 - side]:
            lost = connection.lost[1 - side]
            connection.close(1 - side)
            lost()

    def stand_still(self, host: str, paused: Callable[[], bool]) -> None:
        """A process stands still: the other ends of its links let go after a while."""
        for connection in self.connections:
            if connection.trunk and host in connection.hosts:
                side = 1 - connection.hosts.index(host)
                self.agenda.after(self._noticed_ms(side), self._let_go, connection, side, paused)

    def _let_go(self, connection: Connection, side: int, paused: Callable[[], bool]) -> None:
        if paused() and connection.open[side]:
            lost = connection.lost[side]
            connection.close(side)
            lost()

    def between(self, *hosts: str) -> list[Connection]:
        """Return the connections that one of these has."""
        return [one for one in self.connections if set(hosts) & set(one.hosts)]


def _nothing() -> None:
    pass
