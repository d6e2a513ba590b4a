"""A light client: the real session, its connection, and a store in memory; many in one thread.

The session is the product's own, and so is the link; what is simulated is the disk. It can
misbehave as told: read slowly, send everything three times, be away. Owned by the fleet's thread.
"""

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from random import Random

import zmq

from protocol.client.happenings import Happening, LinkChanged
from protocol.client.happenings import Link as LinkState
from protocol.client.link import Link, LinkDown
from protocol.client.operations import (
    Apply,
    DropEvents,
    DropRoom,
    Operation,
    PutAddresses,
    Snapshot,
)
from protocol.client.outcome import Answer, Drop, Touched
from protocol.client.route import Route
from protocol.client.session import Session
from protocol.codes import EventKind, Kind
from protocol.frames import AnyFrame
from protocol.invite import Invite
from protocol.keys import make
from protocol.sockets import Context
from tests.faults.checker.history import next_session
from tests.faults.fleet.decoding import written
from tests.faults.fleet.plan import ClientPlan
from tests.faults.fleet.recorder import Recorder
from tests.faults.fleet.versions import VERSIONS
from tests.faults.fleet.watch import Watch

_AGAIN_MAX = 64
"""SENDs that a client in duplicate mode keeps to send them once more."""


class Light:
    """One client of a fleet's loop; ``turn`` it when something came or its time has come."""

    def __init__(
        self,
        plan: ClientPlan,
        invite: Invite,
        histories: Path,
        context: Context,
        watch: Watch,
        random: Random,
    ) -> None:
        self.plan = plan
        self._invite = invite
        self._context = context
        self._watch = watch
        self._random = random
        self._keys = make()
        if plan.mute:
            self.recorder = Recorder(None, plan.name, 1, plan.probe)
        else:
            session = next_session(histories, plan.name)
            self.recorder = Recorder(histories, plan.name, session, plan.probe)
        snapshot = Snapshot(random.randbytes(8))
        self.session = Session(
            snapshot, self._keys.public, "fleet", plan.name, invite.token, random
        )
        # What messages look like is nobody's business here, and decoding them is half the work.
        recovery = self.session.recovery
        recovery.messages = lambda _, __: ()  # type: ignore[method-assign, assignment]
        self._version = VERSIONS[plan.version]()
        self._route = Route(invite.addresses, (), random)
        self._link: Link | None = None
        self._connect_at: int | None = 0
        self._store: dict[bytes, deque[str]] = {}
        self._sent: deque[bytes] = deque(maxlen=_AGAIN_MAX)
        self._inbox: deque[bytes] = deque()
        """Answers of the filter, for the next turn."""
        self.stay = False
        self.twice = False
        self.read_every_ms = 0
        self._read_at = 0
        self.recorder.start(snapshot)
        self.session.begin()
        self._carry_out(0)

    # --- what it is told ------------------------------------------------------------------

    def say(self, room: bytes, text: str) -> None:
        """Put a text into the outbox."""
        before = self.session.sending.outbox
        waiting = len(before)
        self.session.say(0, room, EventKind.TEXT, {"text": text})
        if len(before) == waiting:
            self.recorder.counts.unsaid += 1

    def change(self, room: bytes, text: str) -> None:
        """Do one of what the first version did not know: type, mark, edit or react."""
        held = self.recorder.rooms[room]
        seq = max(held.high, 1)
        match self._random.randrange(4):
            case 0:
                self.session.membership.typing(room, self.session.online)
            case 1:
                if held.high > 0:
                    self.session.membership.mark(room, held.high, self.session.online)
            case 2:
                self.session.say(0, room, EventKind.EDIT, {"of": seq, "text": text})
            case _:
                body = {"of": seq, "emoji": "👍", "on": True}
                self.session.say(0, room, EventKind.REACT, body)

    def ask(self, question: AnyFrame, now_ms: int) -> None:
        """Send a request; what comes of it shows in the rooms."""
        self.session.ask(1, question, now_ms)

    def leave(self) -> None:
        """Be away until told to come back."""
        self._connect_at = None
        if self._link is not None:
            self._link.leave()
            self._lost("away")

    @property
    def is_away(self) -> bool:
        """Whether it does not even try to connect."""
        return self._link is None and self._connect_at is None

    def come(self, now_ms: int) -> None:
        """Come back, if away."""
        if self._link is None:
            self._connect_at = now_ms

    def slow(self, every_ms: int) -> None:
        """Read one frame in so many ms; 0: as they come."""
        self.read_every_ms, self._read_at = every_ms, 0
        if self._link is not None:
            self._watch.modify(self._link.socket, zmq.POLLIN)

    # --- the loop ---------------------------------------------------------------------------

    @property
    def sockets(self) -> tuple[object, ...]:
        """What the fleet watches for it."""
        return () if self._link is None else (self._link.socket, self._link.monitor)

    def turn(self, now_ms: int) -> int:
        """Take what came, look at the time, carry out; return when to be called again."""
        if self._link is None and self._connect_at is not None and now_ms >= self._connect_at:
            self._connect(now_ms)
        if self._link is not None:
            self._receive(self._link, now_ms)
        self.session.tick(now_ms)
        self._carry_out(now_ms)
        times = [self.session.wake_ms(now_ms)]
        if self._link is None and self._connect_at is not None:
            times.append(self._connect_at)
        if self._inbox:
            times.append(now_ms)
        if self.read_every_ms and self._link is not None:
            times.append(self._read_at)
        return min(times)

    def _connect(self, now_ms: int) -> None:
        self._connect_at = None
        address = self._route.next()
        try:
            self._link = Link(
                self._context, self._watch, self._keys, self._invite.server_key, address
            )
        except LinkDown as down:
            self._down(Drop(str(down)), now_ms)

    def _receive(self, link: Link, now_ms: int) -> None:
        frames = list(self._inbox)
        self._inbox.clear()
        if not self.read_every_ms:
            frames += link.receive()
        elif now_ms >= self._read_at:
            self._read_at = now_ms + self.read_every_ms
            if link.socket.poll(0):
                frames.append(link.socket.recv())
            self._watch.modify(link.socket, 0)
        frames = [one for data in frames if len(data) > 1 for one in self._version.came(data)]
        self.recorder.came(frames)
        for data in frames:
            self.session.received(data, now_ms)
        try:
            if link.watch():
                self.session.connected(link.address, now_ms)
        except LinkDown as down:
            self.session.out.end(Drop(str(down)))

    def _carry_out(self, now_ms: int) -> None:
        out = self.session.out.take()
        if out.operations:
            self._write(out.operations)
            self.recorder.wrote(out.operations)
        if out.frames and self._link is not None:
            self._link.send(self._filtered(out.frames))
            if self.read_every_ms:
                self._watch.modify(self._link.socket, 0)
        for one in out.told:
            if isinstance(one, Answer | Touched):
                continue
            if isinstance(one, LinkChanged) and one.link is LinkState.ONLINE:
                self._route.succeeded()
            self._tell(one)
        if out.drop is not None:
            self._down(out.drop, now_ms)

    def _tell(self, one: Happening) -> None:
        self.recorder.told(one)

    def _filtered(self, frames: Iterable[bytes]) -> list[bytes]:
        """Return what goes out for these frames."""
        going: list[bytes] = []
        for data in frames:
            out, answers = self._version.out(data)
            self._inbox += answers
            for one in out:
                going.append(one)
                if self.twice and one[1] == Kind.SEND:
                    self._sent.append(one)
                    old = self._sent[self._random.randrange(len(self._sent))]
                    going += [one, one, old]
        return going

    def _write(self, operations: Iterable[Operation]) -> None:
        """Keep what a store would keep of the rooms."""
        for one in operations:
            if isinstance(one, Apply):
                if one.events and not self.plan.mute:
                    store = self._store.setdefault(one.room, deque())
                    if one.events[-1].seq == one.high:
                        store.extend(map(written, one.events))
                    else:
                        store.extendleft(written(event) for event in reversed(one.events))
            elif isinstance(one, DropEvents | DropRoom):
                self._store.pop(one.room, None)
            elif isinstance(one, PutAddresses) and not self.stay:
                self._route.learn(one.addresses)

    def _down(self, drop: Drop, now_ms: int) -> None:
        refused = drop.final
        self._lost(drop.text, refused)
        if not refused:
            self._connect_at = now_ms + self._route.failed() + drop.retry_ms

    def _lost(self, text: str, refused: bool = False) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        self._inbox.clear()
        self.session.disconnected()
        state = LinkState.REFUSED if refused else LinkState.WAITING
        self._tell(LinkChanged(state, self._route.current(), text))

    def quit(self) -> None:
        """Go in order, and write down what it holds."""
        if self._link is not None:
            self._link.leave()
            self._link = None
        self.recorder.end()
        for room, events in self._store.items():
            self.recorder.final(room, events)
        self.recorder.close()
