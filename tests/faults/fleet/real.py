"""A real client: the product's, with its profile on disk and a thread of its own.

A kill -9 of the process is the kill of this client between any two of its steps; the next start
goes on from its disk. Three seams are used to look in: the connection (what bytes came), the
store (what was written, before anything is sent), and the happenings. Owned by the fleet's
thread but for what says otherwise.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from protocol.client.client import Client
from protocol.client.happenings import Happening
from protocol.client.link import Link
from protocol.client.operations import Operation
from protocol.client.profile import Profile
from protocol.client.store import Store
from protocol.frames import AnyFrame, Direct, Join
from protocol.invite import Invite
from tests.faults.checker.history import next_session
from tests.faults.fleet.decoding import written
from tests.faults.fleet.plan import ClientPlan
from tests.faults.fleet.recorder import Recorder

_READ_EVENTS = 1_000
_STOP_S = 20.0


class Real:
    """One client of a fleet with all that a person's program has, but for its window."""

    def __init__(
        self, plan: ClientPlan, invite: Invite, histories: Path, profiles: Path, random: Random
    ) -> None:
        self.plan = plan
        self._random = random
        self._profile = Profile.open(profiles, invite, plan.name)
        self.recorder = Recorder(
            histories, plan.name, next_session(histories, plan.name), plan.probe
        )
        self._tell_disk()
        self.client = Client(self._profile, invite, plan.name, self._happened)
        self._tap()
        self.client.start()

    # --- seams; what follows runs in the client's thread -------------------------------------

    def _tap(self) -> None:
        """Look into the client, which has not started yet."""
        network, recorder = self.client._network, self.recorder
        keys, invite = self._profile.keys, network._invite

        class Tapped(Link):
            def receive(self) -> list[bytes]:
                frames = super().receive()
                recorder.came(frames)
                return frames

        def opened(address: str) -> Link:
            return Tapped(network._context, network._poller, keys, invite.server_key, address)

        store = network._store
        apply = store.apply

        def applied(operations: Sequence[Operation]) -> None:
            apply(operations)
            recorder.wrote(operations)
            recorder.flush()

        store.apply = applied  # type: ignore[method-assign]
        network._open = opened  # type: ignore[method-assign]

    def _happened(self, one: Happening) -> None:
        self.recorder.told(one)

    # --- what it is told ------------------------------------------------------------------

    def say(self, room: bytes, text: str) -> None:
        """Put a text into the outbox."""
        self.client.say(room, text)

    def change(self, room: bytes, text: str) -> None:
        """Do one of what the first version did not know: type, mark, edit or react."""
        high = self.recorder.rooms[room].high
        if high < 1:
            return
        match self._random.randrange(4):
            case 0:
                self.client.typing(room)
            case 1:
                self.client.mark(room, high)
            case 2:
                self.client.edit(room, high, text)
            case _:
                self.client.react(room, high, "👍", True)

    def ask(self, question: AnyFrame, now_ms: int) -> None:
        """Send a request; what comes of it shows in the rooms."""
        if isinstance(question, Join):
            self.client.join(question.name, question.create)
        elif isinstance(question, Direct):
            self.client.direct(question.people)

    # --- the disk -----------------------------------------------------------------------------

    def _tell_disk(self) -> None:
        """Record what this client begins with."""
        store = Store(self._profile.store_path)
        try:
            snapshot = store.snapshot()
            self.recorder.start(snapshot)
            for row in snapshot.rooms:
                after = 0
                while events := store.events(row.room, after, 2**62, _READ_EVENTS, newest=False):
                    self.recorder.disk(row.room, events)
                    after = events[-1].seq
        finally:
            store.close()

    def quit(self) -> None:
        """Go in order, and write down what is on disk."""
        self.client.stop(_STOP_S)
        self.recorder.end()
        store = Store(self._profile.store_path)
        try:
            for room in self.recorder.rooms:
                after = 0
                while events := store.events(room, after, 2**62, _READ_EVENTS, newest=False):
                    self.recorder.final(room, map(written, events))
                    after = events[-1].seq
        finally:
            store.close()
            self.recorder.close()
            self._profile.close()
