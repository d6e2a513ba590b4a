"""What the tests of faults have in common: somebody who talks through all of it, and a last look.

stand = Stand(cluster, names)
with stand.talking() as load, fault.applied():
    …                                  # what bites
# everything was acknowledged, and is there once, in order, for whoever reads it
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from protocol.blocks import Event
from protocol.codes import ErrorCode
from protocol.frames import Bye, Error, Page, Read, Welcome
from protocol.invite import parse_address
from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.repeater import ROOM, Repeater
from tests.integration.bare import Bare, Circle, circle, texts_of

PATIENCE_S = 40.0
SILENCE_S = 0.4
"""How long nothing must come where nothing may."""

_numbers = itertools.count(1)


def until(condition: Callable[[], bool], what: str = "it") -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.01)


class Load:
    """One who talks all the time, and does not give up."""

    def __init__(self, repeater: Repeater) -> None:
        self.repeater = repeater

    def goes_on(self, count: int = 3) -> None:
        """Wait until more is acknowledged, newly."""
        known = len(self.repeater.acked)
        until(lambda: len(self.repeater.acked) >= known + count, "an answer")

    def stands_still(self) -> None:
        """Check that nothing is acknowledged; what is on its way may arrive before."""
        for _ in range(100):
            before = len(self.repeater.acked)
            time.sleep(SILENCE_S / 2)
            if len(self.repeater.acked) == before:
                break
        before = len(self.repeater.acked)
        time.sleep(SILENCE_S)
        assert len(self.repeater.acked) == before, "something was acknowledged"


class Stand:
    """A cluster, and who talks on it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @contextmanager
    def talking(
        self, gateway: int = 0, times: int = 1, readers: Sequence[int] | None = None
    ) -> Iterator[Load]:
        """Talk during the block; after it, all must be there, once and in order.

        ``readers``: through which gateways that is looked at; by default all.
        """
        number = next(_numbers)
        name = f"load{number}"
        folder = self.cluster.folder / "histories"
        repeater = Repeater(self.cluster.invite, gateway, name, folder, number, times, answer_s=0.3)
        repeater.start()
        try:
            load = Load(repeater)
            load.goes_on()
            yield load
            load.goes_on()
        finally:
            repeater.stop()
        assert len(repeater.acked) == len(repeater.texts)
        for place in range(len(self.cluster.ports)) if readers is None else readers:
            self.check(repeater, place)

    def check(self, repeater: Repeater, gateway: int) -> None:
        """Read what somebody said through a gateway: all of it, once, where its acks say."""
        with circle() as bare:
            reader = self.newcomer(bare, gateway)
            reader.enter(ROOM)
            events = self.read_all(reader, repeater.room)
        own = [event for event in events if event.outbox_epoch == repeater.outbox_epoch]
        assert texts_of(own) == repeater.texts
        assert {event.n: event.seq for event in own} == repeater.acked

    def read_all(self, reader: Bare, room: bytes) -> list[Event]:
        """Read a room; a gateway's line to the history may come back after its others."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            reader.send(Read(0, room, 0, 0, 1))
            answer = reader.wait_for(Page, Error)
            if isinstance(answer, Page):
                return reader.read_all(room)
            assert isinstance(answer, Error) and answer.code == ErrorCode.UNAVAILABLE, answer
            assert time.monotonic() < deadline, "there is no history"
            time.sleep(0.1)

    def newcomer(self, bare: Circle, gateway: int, made: type[Bare] = Bare) -> Bare:
        """Return somebody new on a gateway, however long it takes to get in."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            one = bare(
                self.cluster.invite, f"new{next(_numbers)}", gateway, made=made, welcome=False
            )
            try:
                answer = one.wait_for(Welcome, Bye, Error, timeout_s=2.0)
                if isinstance(answer, Welcome):
                    one.welcome = answer
                    return one
            except TimeoutError:
                pass
            assert time.monotonic() < deadline, "nobody gets in"
            time.sleep(0.1)

    def straight(self, bare: Circle, gateway: int) -> Bare:
        """Return somebody new who goes around the proxy in front of a gateway."""
        invite = self.cluster.invite
        host, _ = parse_address(invite.addresses[gateway], 8080)
        there = replace(invite, addresses=(f"{host}:{self.cluster.ports[gateway]}",))
        return bare(there, f"new{next(_numbers)}")
