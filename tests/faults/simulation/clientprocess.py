"""A client in the simulation: the product's session and route, on a simulated link and store.

It stands in for :mod:`protocol.client.network`: write, then send, then tell; a store that fails
ends the connection and begins again from what is on disk.
"""

from collections import deque
from collections.abc import Callable

from protocol.backplane import INSTANCE_BYTES
from protocol.client import happenings
from protocol.client.operations import (
    Apply,
    DropRoom,
    Enqueue,
    Fail,
    Operation,
    PutAddresses,
    Renumber,
    Settle,
)
from protocol.client.outcome import Drop
from protocol.client.route import Route
from protocol.client.session import Session
from protocol.codes import Act, Kind
from protocol.errors import SetupError
from protocol.frames import Act as ActFrame
from protocol.keys import z85
from tests.faults.simulation.brokerprocess import TOKEN
from tests.faults.simulation.gatewayprocess import GatewayProcess
from tests.faults.simulation.journal import Killed
from tests.faults.simulation.judge import Judge, Violation
from tests.faults.simulation.network import Connection, Network
from tests.faults.simulation.process import Process
from tests.faults.simulation.store import MemoryStore

_CONNECT_MS = 5_000
_DRAIN_MAX = 256
_SENT_MAX = 12
_POLL_MS = 60_000
_FIRST_ACT = 1_000
"""Numbers of requests from here on are of acts."""


class ClientProcess(Process):
    """One device of one person; ``session_type`` makes its session."""

    def __init__(
        self,
        name: str,
        network: Network,
        gateways: list[GatewayProcess],
        judge: Judge,
        session_type: type[Session] = Session,
    ) -> None:
        super().__init__(name, network.agenda)
        self._network = network
        self._gateways = {one.address: one for one in gateways}
        self._judge = judge
        self._session_type = session_type
        self._random = self.agenda.draw()
        self.key = self._random.randbytes(32)
        self._user = z85(self.key).decode()
        self.store = MemoryStore(self._random.randbytes(INSTANCE_BYTES))
        self.session: Session
        self.token = TOKEN
        self.linked: Callable[[str], None] | None = None
        """Gets the token with which another device becomes this person."""
        self.bounds = (1_000, 256)
        """Frames up and down on its connection."""
        self.die_at = ""
        """Where this process ends itself: commit (before it) or sending (after it)."""
        self.said = 0
        self.refused = ""
        self._attempt = 0
        self._commands: deque[Callable[[int], None]] = deque()
        self._sent: deque[bytes] = deque(maxlen=_SENT_MAX)
        """SEND frames, for doing it again."""
        self._acts: dict[int, tuple[bytes, bytes]] = {}
        """Room and person of acts that put somebody out, by their numbers."""

    # --- its life -------------------------------------------------------------------------

    def _begin(self) -> None:
        self.session = self._new_session()
        addresses = list(self._gateways)
        self._route = Route(addresses, self.store.snapshot().addresses, self._random)
        self._link: Connection | None = None
        self._risen = False
        self._lost_link = False
        self._waiting: deque[bytes] = deque()
        self._left: deque[bytes] = deque()
        self._connect_at: int | None = 0
        self._seen = {room: one.high for room, one in self.store.rooms.items() if one.high > 0}
        self.refused = ""
        self.die_at = ""
        self._commands.clear()
        self.session.begin()
        self.wake(0)

    def _new_session(self) -> Session:
        snapshot = self.store.snapshot()
        return self._session_type(
            snapshot, self.key, "simulation", self.name, self.token, self._random
        )

    def _end(self, gently: bool) -> None:
        self._hang_up(gently)

    def do(self, command: Callable[[int], None]) -> None:
        """Have something done in the next turn, if there is a next one."""
        if self.alive:
            self._commands.append(command)
            self.wake(0)

    def _turn(self) -> None:
        now_ms = self.agenda.now_ms
        session = self.session
        connect_at = self._connect_at
        if self._link is None and connect_at is not None and now_ms >= connect_at:
            self._connect()
        while self._commands:
            self._commands.popleft()(now_ms)
        for data in self._arrived():
            session.received(data, now_ms)
        if self._risen and self._link is not None:
            self._risen = False
            session.connected(self._route.current(), now_ms)
        elif self._lost_link:
            self._lost_link = False
            session.out.end(Drop("the connection broke"))
        session.tick(now_ms)
        self._carry_out(now_ms)
        self._send()
        if not self.alive:
            return
        wake_ms = self.session.wake_ms(now_ms)
        if self._link is None and self._connect_at is not None:
            wake_ms = min(wake_ms, self._connect_at)
        self.wake(min(max(wake_ms - now_ms, 1), _POLL_MS))

    # --- the connection ---------------------------------------------------------------------

    def _connect(self) -> None:
        address = self._route.next()
        self._connect_at = None
        gateway = self._gateways[address]
        self._attempt += 1
        attempt = self._attempt

        def accepts() -> bool | None:
            return None if gateway.paused else gateway.alive and gateway.listening

        def done(connection: Connection | None) -> None:
            if not self.alive or attempt != self._attempt:
                if connection is not None:
                    connection.close(0)
                return
            if connection is None:
                self._lost(Drop("no server answers"), self.agenda.now_ms)
                self.wake(0)
                return
            self._link = connection
            self._risen = True
            connection.user = self._user
            connection.lost[0] = self._link_lost
            connection.wires[1].heard = self.heard
            gateway.accept(connection)
            self.heard()

        hosts = (self.name, gateway.name)
        self._network.dial(hosts, lambda: self.bounds, False, accepts, done, _CONNECT_MS)

    def _link_lost(self) -> None:
        if self._link is not None:
            self._left += self._link.wires[1].arrived
            self._link = None
            self._lost_link = True
            self.heard()

    def _hang_up(self, gently: bool = False) -> None:
        if self._link is not None:
            self._link.close(0, gently)
            self._link = None
        self._attempt += 1
        self._risen = self._lost_link = False
        self._waiting.clear()
        self._left.clear()

    def _arrived(self) -> list[bytes]:
        frames = list(self._left)
        self._left.clear()
        if self._link is not None:
            arrived = self._link.wires[1].arrived
            while arrived and len(frames) < _DRAIN_MAX:
                frames.append(arrived.popleft())
            if arrived:
                self.wake(1)
        for data in frames:
            self._judge.received(self.key, data)
        return frames

    def _send(self) -> None:
        """What does not fit the pipe waits for room in it."""
        while self._waiting and self._link is not None:
            if not self._link.send(0, self._waiting[0]):
                self.wake(20)
                return
            self._waiting.popleft()

    def _lost(self, drop: Drop, now_ms: int) -> None:
        self._hang_up()
        self.session.disconnected()
        self.agenda.trace(self.name, "offline:", drop.text)
        if drop.final:
            self.refused = drop.text
            return
        self._connect_at = now_ms + self._route.failed() + drop.retry_ms

    # --- write, send, tell --------------------------------------------------------------------

    def _carry_out(self, now_ms: int) -> None:
        out = self.session.out.take()
        for index, operation in enumerate(out.operations):
            if isinstance(operation, PutAddresses):
                self._route.learn(operation.addresses)
                out.operations[index] = PutAddresses(self._route.known())
        if out.operations and self.die_at == "commit":
            raise Killed
        try:
            self._write(out.operations)
        except SetupError as error:
            self.agenda.trace(self.name, "store fails")
            old = self.session
            self._lost(Drop(str(error), retry_ms=1_000), now_ms)
            old.abandon()
            self.session = self._new_session()
            self._seen = {room: one.high for room, one in self.store.rooms.items() if one.high > 0}
            self._connect_at = now_ms + 1_000
            return
        if out.operations and self.die_at == "sending":
            raise Killed
        for data in out.frames:
            if data[1] == Kind.SEND:
                self._sent.append(data)
        if self._link is not None:
            self._waiting += out.frames
        settled = {
            (one.room, n): one.outbox_epoch
            for one in out.operations
            if isinstance(one, Settle)
            for n in one.counters
        }
        for told in out.told:
            if isinstance(told, happenings.Acked):
                oe = settled[told.room, told.n]
                where = (told.room, oe, told.n, told.epoch, told.seq)
                self._judge.acked(self.key, *where, now_ms)
            else:
                self._tell(told)
        if out.drop is not None:
            self._lost(out.drop, now_ms)

    def _write(self, operations: list[Operation]) -> None:
        self.store.apply(operations)
        judge = self._judge
        renumbered = {one.room for one in operations if isinstance(one, Renumber)}
        for one in operations:
            if isinstance(one, Apply):
                judge.applied(one.room, one.epoch, one.events)
            elif isinstance(one, Enqueue):
                ms = self.agenda.now_ms
                judge.invoked(self.key, one.room, one.outbox_epoch, one.n, one.item, ms)
            elif isinstance(one, Settle) and one.room not in renumbered:
                judge.settled(self.key, one.room, one.outbox_epoch, one.counters)
            elif isinstance(one, Fail):
                for n in one.counters:
                    judge.refused(self.key, one.room, one.outbox_epoch, n)
                self.agenda.trace(self.name, "refused:", one.text)
            elif isinstance(one, DropRoom):
                self._seen.pop(one.room, None)

    def _tell(self, told: object) -> None:
        if isinstance(told, happenings.Arrived):
            self._told_in_order(told)
        elif isinstance(told, happenings.Done) and told.text and self.linked is not None:
            linked, self.linked = self.linked, None
            linked(told.text)
        elif isinstance(told, happenings.ActDone) and told.request in self._acts:
            self._judge.put_out(*self._acts[told.request])
        elif isinstance(told, happenings.LinkChanged):
            if told.link is happenings.Link.ONLINE:
                self._route.succeeded()
                self.agenda.trace(self.name, "online:", told.address)
        elif isinstance(told, happenings.RoomsChanged):
            for room in told.rooms:
                if room.high < self._seen.get(room.room, 0):
                    del self._seen[room.room]  # it is read anew, under another epoch

    def _told_in_order(self, told: happenings.Arrived) -> None:
        for message in told.messages:
            last = self._seen.get(message.room)
            if last is not None and message.seq != last + 1:
                raise Violation(f"order: {self.name} is told {message.seq} after {last}")
            self._seen[message.room] = message.seq

    # --- what a person does -----------------------------------------------------------------------

    def put_out(self, act: Act, room: bytes, person: bytes) -> None:
        """Put somebody out of a room in the next turn, if there is a next one."""
        number = _FIRST_ACT + len(self._acts)
        self._acts[number] = (room, person)
        frame = ActFrame(0, act, room, person, b"", 0, "")
        self.do(lambda now_ms: self.session.ask(number, frame, now_ms))

    def send_again(self, number: int) -> None:
        """Send frames that were sent before once more."""
        if self._link is not None and self.session.online:
            self._waiting += list(self._sent)[-number:]

    def forget_sent(self) -> None:
        """Nothing that was sent until now is sent again by :meth:`send_again`."""
        self._sent.clear()

    def stop(self) -> None:
        """Quit in good order."""
        if self.alive and not self.paused:
            self.agenda.trace(self.name, "quits")
            self._over(gently=True)
