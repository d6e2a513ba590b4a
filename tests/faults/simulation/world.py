"""A small world: one broker, some gateways and clients, a network between them, and a judge.

How large it is, how fast its network and how short its queues are follows from the seed. It can be
healed, and then it must come to rest: everybody online, nothing waiting, all at the head.
"""

from dataclasses import dataclass, field

from broker.core import Core as BrokerCore
from gateway.core import Core as GatewayCore
from protocol.client.session import Session
from protocol.codes import EventKind, RoomKind
from protocol.frames import Join, Link, Private
from tests.faults.simulation.agenda import Agenda
from tests.faults.simulation.brokerprocess import TOKEN, BrokerProcess
from tests.faults.simulation.clientprocess import ClientProcess
from tests.faults.simulation.gatewayprocess import GatewayProcess
from tests.faults.simulation.journal import Disk
from tests.faults.simulation.judge import CANARY, Judge, Violation
from tests.faults.simulation.network import Network
from tests.faults.simulation.process import Process

REST_MAX_MS = 120_000
"""After healing; a dead connection is noticed after 45 s, who lags is dropped after 60 s."""
LINK_REQUEST = 9
_LOOK_MS = 250
_WIDE = {"ingress": (1_000, 10_000), "feed": (100_000, 100_000), "reader": (1_000, 1_000)}
"""The product's own high-water marks."""


@dataclass
class Types:
    """What the processes are made of; a test can put something worse in."""

    broker: type[BrokerCore] = BrokerCore
    gateway: type[GatewayCore] = GatewayCore
    session: type[Session] = Session
    client: type[ClientProcess] = ClientProcess
    disk: type[Disk] = Disk
    judge: type[Judge] = field(default=Judge)


class World:
    """Everything there is in one story."""

    def __init__(self, agenda: Agenda, types: Types) -> None:
        self.agenda = agenda
        random = agenda.random
        self.judge = types.judge()
        self.disk = types.disk(agenda.draw(), self.judge.stored)
        self.network = Network(agenda, random.choice([(1, 3), (1, 20), (10, 60)]))
        self.broker = BrokerProcess(agenda, self.disk, self.judge, types.broker)
        short = random.random() < 0.4
        rate_per_s = random.choice([0.0, 50.0])
        self.gateways: list[GatewayProcess] = []
        for number in range(random.choice([1, 2, 2, 2, 3])):
            bounds = dict(_WIDE)
            if short:
                bounds["ingress"] = (random.randint(2, 20), random.randint(2, 20))
                bounds["feed"] = (100_000, random.choice([2, 4, 10]))
                bounds["reader"] = (random.randint(2, 8), random.randint(2, 8))
            self.gateways.append(
                GatewayProcess(
                    f"g{number}",
                    self.network,
                    self.broker,
                    self.judge,
                    bounds,
                    rate_per_s,
                    types.gateway,
                )
            )
        self.clients: list[ClientProcess] = []
        for number in range(random.randint(2, 6)):
            client = types.client(
                f"c{number}", self.network, self.gateways, self.judge, types.session
            )
            if random.random() < 0.4:
                client.bounds = (random.randint(3, 20), random.randint(3, 20))
            self.clients.append(client)
        self.second: ClientProcess | None = self.clients[-1] if random.random() < 0.3 else None
        """A second device of the person who has the first."""

    @property
    def processes(self) -> list[Process]:
        """All of them."""
        return [self.broker, *self.gateways, *self.clients]

    def begin(self) -> None:
        """Start everything and let everybody come in."""
        for process in self.processes:
            if process is not self.second:
                process.start()
        names = ["kitchen", "garden"]
        self.agenda.run(1_500)
        if self.second is not None:
            self._link(self.clients[0], self.second)
        for client in self.clients:
            for name in names:
                if self.agenda.random.random() < 0.7:
                    self.join(client, name)
        self.agenda.run(300)
        if self.agenda.random.random() < 0.5:
            self.found(self.clients[0])
            self.agenda.run(300)

    def _link(self, first: ClientProcess, second: ClientProcess) -> None:
        """Let a device become the person of another."""

        def linked(token: str) -> None:
            second.token = token
            second.start()

        first.linked = linked
        first.do(lambda now_ms: first.session.ask(LINK_REQUEST, Link(0), now_ms))
        self.agenda.run(300)
        second.start()  # as somebody else, if that came to nothing

    def unlink(self) -> None:
        """The server may not know any more that two devices are one person's."""
        if self.second is not None:
            self.second.token = TOKEN
            self.second.kill()

    # --- what people do ---------------------------------------------------------------------

    def join(self, client: ClientProcess, name: str) -> None:
        """Enter an open room, or make it."""
        client.do(lambda now_ms: client.session.ask(0, Join(0, name, True), now_ms))

    def found(self, client: ClientProcess) -> None:
        """Make a private room with everybody in it who has come in."""

        def command(now_ms: int) -> None:
            others = [one for one in self.clients if one is not client and one.alive]
            people = [one.session.membership._reader.person for one in others]
            frame = Private(0, "study", [one for one in people if one])
            client.session.ask(0, frame, now_ms)

        client.do(command)

    def in_charge(self, client: ClientProcess, room_id: bytes) -> bool:
        """Whether the broker that is there knows that somebody keeps order in a room."""
        if not self.broker.alive:
            return False
        core = self.broker.core
        device, room = core.directory.device(client.key), core.directory.rooms.get(room_id)
        return bool(device and room and core._office.order.in_charge(room, device.person))

    def say(self, client: ClientProcess, room: bytes, count: int) -> None:
        """Put so many messages into a room's outbox in one turn."""

        def command(_: int) -> None:
            for _ in range(count):
                line = client.session.recovery.rooms.get(room)
                if line is None:
                    return
                client.said += 1
                text = f"{client.name}-{client.said}"
                if line.kind is not RoomKind.OPEN:
                    text = f"{CANARY.decode()}{room.hex()}:{text}"
                client.session.say(0, room, EventKind.TEXT, {"text": text})

        client.do(command)

    # --- the end ------------------------------------------------------------------------------

    def heal(self) -> None:
        """Take every fault away."""
        self.agenda.trace("", "everything heals")
        disk = self.disk
        disk.full = disk.reserve = False
        disk.trouble = self.broker.die_at = ""
        self.network.unblock_all()
        for gateway in self.gateways:
            gateway.bounds = dict(_WIDE)
        for client in self.clients:
            client.store.failing = 0
            client.die_at = ""
            client.bounds = (1_000, 256)
        for connection in self.network.connections:
            wide = _WIDE["feed"] if connection.trunk else (1_000, 256)
            for wire, bound in zip(connection.wires, wide, strict=True):
                wire.bound = bound
        for process in self.processes:
            process.resume()
            if not process.alive:
                process.start()

    def rest(self) -> int:
        """Let time run until all is quiet; return how long that took."""
        began_ms = self.agenda.now_ms
        while self.agenda.now_ms - began_ms < REST_MAX_MS:
            self.agenda.run(_LOOK_MS)
            why = self.unrest()
            if not why:
                return self.agenda.now_ms - began_ms
        raise Violation(f"drained: {why} after {REST_MAX_MS // 1000} s")

    def unrest(self) -> str:
        """Say what is not quiet yet, if anything."""
        for process in self.processes:
            if not process.alive:
                return f"{process.name} is not there"
        for gateway in self.gateways:
            if not gateway.core.connected:
                return f"{gateway.name} has no broker"
        core = self.broker.core
        epoch = self.disk.epoch
        heads = {room: len(line.events) for room, line in self.judge.truth[epoch].items()}
        for client in self.clients:
            session = client.session
            if not session.online:
                return f"{client.name} is not online {client.refused}".rstrip()
            if len(session.sending.outbox):
                return f"{client.name} has messages that wait"
            device = core.directory.device(client.key)
            if device is None:
                return f"{client.name} is not known"
            mine = {room.room: room.head for room in device.person.rooms.values()}
            lines = session.recovery.rooms
            if mine.keys() != lines.keys():
                return f"{client.name} is not where it is said to be"
            for room, line in lines.items():
                if mine[room] != heads[room] or line.epoch != epoch:
                    return f"{client.name} has another history of {room.hex()[:6]}"
                if line.high != heads[room]:
                    return f"{client.name} is at {line.high} of {heads[room]} in {room.hex()[:6]}"
        return ""

    def check(self) -> None:
        """Compare everything with everything, at rest."""
        epoch = self.disk.epoch
        judge = self.judge
        judge.real_time()
        judge.nothing_lost()
        judge.all_answered()
        for gateway in self.gateways:
            under_way = sum(one.in_flight for one in gateway.core.sessions.by_slot.values())
            if under_way or gateway.core.flying_bytes:
                raise Violation(f"drained: {gateway.name} counts messages as under way for ever")
        for client in self.clients:
            if any(not row.code for row in client.store.outbox.values()):
                raise Violation(f"drained: {client.name} keeps messages in its outbox")
            for room, held in client.store.rooms.items():
                events = [held.events[seq] for seq in sorted(held.events)]
                judge.same(client.name, room, epoch, events, max(held.low, 0))
