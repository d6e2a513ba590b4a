"""A random story: people talk while processes die, stand still and lose each other.

``Story(seed).run()`` raises :class:`Violation` if an invariant does not hold at any moment, or at
rest after everything has healed. What may happen in a story, and how often, follows from its
seed too: some are calm but for one kind of fault, some are not.
"""

from collections.abc import Callable
from dataclasses import dataclass

from protocol.codes import Act, RoomKind
from protocol.frames import Act as ActFrame
from protocol.frames import Add, Direct, Leave, People, Private, Rename
from tests.faults.simulation.agenda import FIRST_MS, Agenda
from tests.faults.simulation.clientprocess import ClientProcess
from tests.faults.simulation.world import Types, World

_YEARS_10_MS = 315_360_000_000


@dataclass
class Figures:
    """What a story came to."""

    steps: int
    messages: int
    acks: int
    rest_ms: int
    """From healing to rest."""
    span_ms: int
    """Simulated, in all."""


class Story:
    """One seed's story."""

    def __init__(self, seed: int, tracing: bool = False, types: Types | None = None) -> None:
        self.seed = seed
        self.agenda = Agenda(seed, tracing)
        self._random = self.agenda.random
        self.world = World(self.agenda, types or Types())
        self._copies: list[int] = []
        self._renames = 0
        people: dict[Callable[[], None], float] = {
            self._say: 10,
            self._burst: 0.4,
            self._join: 1,
            self._leave: 0.7,
            self._direct: 1,
            self._private: 0.3,
            self._add: 0.5,
            self._put_out: 0.7,
            self._keep_order: 0.4,
            self._rename: 0.3,
            self._type_and_mark: 0.5,
            self._look: 0.5,
            self._say_twice: 1,
        }
        faults: dict[Callable[[], None], float] = {
            self._kill_broker: 1,
            self._broker_dies_at: 2,
            self._kill_gateway: 1,
            self._gateway_leaves: 0.5,
            self._kill_client: 1,
            self._client_dies_at: 1,
            self._kill_all: 0.3,
            self._pause: 2,
            self._partition: 2,
            self._reach: 1,
            self._cut: 2,
            self._fill_disk: 0.7,
            self._make_room: 1,
            self._fail_commit: 0.7,
            self._fail_store: 0.7,
            self._copy: 1.5,
            self._restore: 1,
            self._put_back: 1,
            self._jump: 0.3,
        }
        chosen = [one for one in faults if self._random.random() < 0.5]
        much = self._random.choice([0.1, 0.3, 1.0])
        self._deeds = list(people) + chosen
        self._weights = list(people.values()) + [faults[one] * much for one in chosen]
        self._hurry = self._random.choice([0.0, 0.5, 0.9])

    def run(self) -> Figures:
        """Tell it to the end."""
        random, agenda, world = self._random, self.agenda, self.world
        world.begin()
        steps = random.choice([10, 20, 30, 40, 60, 100])
        for _ in range(steps):
            random.choices(self._deeds, self._weights)[0]()
            if random.random() >= self._hurry:
                agenda.run(random.choice([5, 20, 50, 100, 200, 500, 1_500, 5_000]))
            else:
                agenda.run(random.randrange(10))
        world.heal()
        rest_ms = world.rest()
        for client in world.clients:
            for room in list(client.session.recovery.rooms):
                world.say(client, room, 1)
        agenda.run(50)
        world.rest()
        world.check()
        messages = sum(one.said for one in world.clients)
        return Figures(steps, messages, world.judge.acks, rest_ms, agenda.now_ms - FIRST_MS)

    # --- people -----------------------------------------------------------------------------

    def _somebody(self) -> ClientProcess:
        return self._random.choice(self.world.clients)

    def _room_of(self, client: ClientProcess) -> bytes | None:
        rooms = list(client.session.recovery.rooms) if client.alive else []
        return self._random.choice(rooms) if rooms else None

    def _talk(self, count: int) -> None:
        client = self._somebody()
        room = self._room_of(client)
        if room is not None:
            self.agenda.trace(client.name, "says", count, "in", room.hex()[:6])
            self.world.say(client, room, count)

    def _say(self) -> None:
        self._talk(self._random.choice([1, 1, 1, 2, 5]))

    def _burst(self) -> None:
        self._talk(self._random.choice([20, 20, 60, 150]))

    def _say_twice(self) -> None:
        client = self._somebody()
        if client.alive:
            number = self._random.randint(1, 10)
            self.agenda.trace(client.name, "sends again", number)
            client.do(lambda _: client.send_again(number))

    def _join(self) -> None:
        client = self._somebody()
        name = self._random.choice(["kitchen", "garden", "attic"])
        self.agenda.trace(client.name, "joins", name)
        self.world.join(client, name)

    def _leave(self) -> None:
        client = self._somebody()
        room = self._room_of(client)
        if room is not None:
            self.agenda.trace(client.name, "leaves", room.hex()[:6])
            client.do(lambda now_ms: client.session.ask(0, Leave(0, room), now_ms))

    def _direct(self) -> None:
        client, *others = self._random.sample(self.world.clients, 2)
        people = [one.session.membership._reader.person for one in others if one.alive]
        people = [one for one in people if one]
        if people:
            self.agenda.trace(client.name, "writes to", others[0].name)
            client.do(lambda now_ms: client.session.ask(0, Direct(0, people), now_ms))

    def _private(self) -> None:
        client = self._somebody()
        people = self._others_of(client)
        if people:
            self.agenda.trace(client.name, "makes a private room")
            client.do(lambda now_ms: client.session.ask(0, Private(0, "study", people), now_ms))

    def _add(self) -> None:
        client = self._somebody()
        room, people = self._private_of(client), self._others_of(client)[:1]
        if room is not None and people:
            self.agenda.trace(client.name, "brings somebody into", room.hex()[:6])
            client.do(lambda now_ms: client.session.ask(0, Add(0, room, people), now_ms))

    def _put_out(self) -> None:
        """Mostly by somebody who may, who then goes on talking there."""
        client, room = self._somebody(), None
        for one in self.world.clients:
            room = self._private_of(one)
            if room is not None and self.world.in_charge(one, room):
                client = one
                break
        else:
            room = self._private_of(client)
        people = self._others_of(client)
        if room is None or not people:
            return
        act = self._random.choice([Act.KICK, Act.KICK, Act.BAN])
        for person in people[: self._random.choice([1, 1, 3])]:
            self.agenda.trace(client.name, "puts somebody out of", room.hex()[:6])
            client.put_out(act, room, person)
        for after_ms in (300, 2_000, 8_000):
            self.agenda.after(after_ms, lambda: self.world.say(client, room, 1))

    def _keep_order(self) -> None:
        client = self._somebody()
        room, people = self._private_of(client), self._others_of(client)
        if room is None or not people:
            return
        person = self._random.choice(people)
        acts = [Act.UNBAN, Act.MUTE, Act.UNMUTE, Act.ROLE, Act.PAUSE, Act.ANNOUNCE, Act.SLOW]
        act = self._random.choice(acts)
        value = self._random.choice([0, 1]) if act is not Act.MUTE else 2
        frame = ActFrame(0, act, room, person, b"", value, "")
        self.agenda.trace(client.name, "does", act.name, "in", room.hex()[:6])
        client.do(lambda now_ms: client.session.ask(0, frame, now_ms))

    def _others_of(self, client: ClientProcess) -> list[bytes]:
        """Some people who have come in."""
        others = [one for one in self.world.clients if one is not client and one.alive]
        people = [one.session.membership._reader.person for one in others]
        return [one for one in people if one and self._random.random() < 0.7]

    def _private_of(self, client: ClientProcess) -> bytes | None:
        if not client.alive:
            return None
        lines = client.session.recovery.rooms
        rooms = [room for room, line in lines.items() if line.kind is RoomKind.PRIVATE]
        return self._random.choice(rooms) if rooms else None

    def _rename(self) -> None:
        client = self._somebody()
        self._renames += 1
        nick = f"{client.name}x{self._renames}"
        self.agenda.trace(client.name, "is now", nick)
        client.do(lambda now_ms: client.session.ask(0, Rename(0, nick), now_ms))

    def _type_and_mark(self) -> None:
        client = self._somebody()
        room = self._room_of(client)
        if room is None:
            return

        def command(_: int) -> None:
            session = client.session
            line = session.recovery.rooms.get(room)
            if line is not None:
                session.membership.typing(room, session.online)
                session.membership.mark(room, line.high, session.online)

        client.do(command)

    def _look(self) -> None:
        client = self._somebody()
        room = self._room_of(client)
        if room is not None:
            client.do(lambda now_ms: client.session.history(7, room, 0, 50, now_ms))
        client.do(lambda now_ms: client.session.ask(8, People(0, b"", 100), now_ms))

    # --- processes --------------------------------------------------------------------------

    def _down_ms(self) -> int:
        return self._random.choice([1, 200, 1_000, 5_000])

    def _kill_broker(self) -> None:
        broker = self.world.broker
        broker.down_ms = self._down_ms()
        broker.kill()

    def _broker_dies_at(self) -> None:
        where = self._random.choice(["before", "during", "after", "answers", "publish"])
        self.agenda.trace("B", "is to die:", where)
        if where in ("answers", "publish"):
            self.world.broker.die_at = where
        else:
            self.world.disk.trouble = where

    def _kill_gateway(self) -> None:
        gateway = self._random.choice(self.world.gateways)
        gateway.down_ms = self._down_ms()
        gateway.kill()

    def _gateway_leaves(self) -> None:
        gateway = self._random.choice(self.world.gateways)
        gateway.down_ms = self._down_ms()
        gateway.leave()

    def _kill_client(self) -> None:
        client = self._somebody()
        client.down_ms = self._down_ms()
        if self._random.random() < 0.3:
            client.stop()
        else:
            client.kill()

    def _client_dies_at(self) -> None:
        client = self._somebody()
        client.die_at = self._random.choice(["commit", "sending"])
        self.agenda.trace(client.name, "is to die:", client.die_at)

    def _kill_all(self) -> None:
        for process in self.world.processes:
            process.down_ms = self._down_ms()
            process.kill()

    def _pause(self) -> None:
        process = self._random.choice(self.world.processes)
        process.pause()
        self.world.network.stand_still(process.name, lambda: process.paused)
        self.agenda.after(self._random.choice([50, 500, 3_000, 15_000, 50_000]), process.resume)

    # --- the network ------------------------------------------------------------------------

    def _partition(self) -> None:
        world, random = self.world, self._random
        gateway = random.choice(world.gateways).name
        other = random.choice([world.broker.name, *(one.name for one in world.clients)])
        ways = [(gateway, other), (other, gateway)]
        if random.random() < 0.5:
            ways = [random.choice(ways)]
        for one, another in ways:
            self.agenda.trace(one, "does not reach", another)
            world.network.block(one, another)

    def _reach(self) -> None:
        self.agenda.trace("", "everybody reaches everybody")
        self.world.network.unblock_all()

    def _cut(self) -> None:
        connections = list(self.world.network.connections)
        for connection in self._random.sample(connections, min(len(connections), 3)):
            if self._random.random() < 0.6:
                self.agenda.trace(connection.hosts[0], "is cut from", connection.hosts[1])
                connection.cut()

    # --- disks and clocks ---------------------------------------------------------------------

    def _fill_disk(self) -> None:
        disk = self.world.disk
        disk.reserve = True
        disk.full = self._random.random() < 0.7
        self.agenda.trace("B", "has a full disk" if disk.full else "has its reserve alone")

    def _make_room(self) -> None:
        self.agenda.trace("B", "has room")
        self.world.disk.full = self.world.disk.reserve = False

    def _fail_commit(self) -> None:
        self.agenda.trace("B", "is to fail at a commit")
        self.world.disk.trouble = "fail"

    def _fail_store(self) -> None:
        client = self._somebody()
        client.store.failing = self._random.randint(1, 3)
        self.agenda.trace(client.name, "has a full disk", client.store.failing, "times")

    def _copy(self) -> None:
        self.agenda.trace("B", "is copied")
        self._copies.append(len(self.world.disk.batches))

    def _restore(self) -> None:
        self._go_back(by_hand=False)

    def _put_back(self) -> None:
        self._go_back(by_hand=True)

    def _go_back(self, by_hand: bool) -> None:
        """An older copy is the journal; by hand nobody says so, and the broker must notice."""
        if not self._copies:
            return
        world = self.world
        count = self._copies[-1]
        what = "has an old file put back:" if by_hand else "is restored:"
        self.agenda.trace("B", what, count, "of", len(world.disk.batches))
        world.broker.kill()
        world.judge.restored(world.disk.put_back(count))
        if not by_hand:
            world.disk.renew_epoch()
        world.unlink()
        for client in world.clients:
            # Who sent again by hand what the server has lost would make it new.
            client.forget_sent()

    def _jump(self) -> None:
        years_ms = self._random.choice([-_YEARS_10_MS, -3_600_000, 3_600_000, _YEARS_10_MS])
        self.agenda.trace("", "the wall clock jumps", years_ms)
        self.agenda.wall_offset_ms += years_ms
