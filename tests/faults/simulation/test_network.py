"""The simulated network keeps ZeroMQ's promises, and no more than these."""

from collections.abc import Callable

import pytest

from tests.faults.simulation.agenda import Agenda
from tests.faults.simulation.network import Connection, Network

HOSTS = ("a", "b")


class Pair:
    """Two ends and what they hear."""

    def __init__(self, seed: int = 1, bound: int = 100, trunk: bool = False) -> None:
        self.agenda = Agenda(seed)
        self.network = Network(self.agenda, (5, 40))
        self.got: list[Connection | None] = []
        self.lost: list[int] = []
        self._bound = bound
        self._trunk = trunk

    def dial(
        self, accepts: Callable[[], bool | None] = lambda: True, patience: int = 5_000
    ) -> None:
        bounds = (self._bound, self._bound)
        self.network.dial(HOSTS, lambda: bounds, self._trunk, accepts, self.got.append, patience)

    def connect(self) -> Connection:
        self.dial()
        self.agenda.run(200)
        (connection,) = self.got
        assert connection is not None
        for side in (0, 1):
            connection.lost[side] = lambda side=side: self.lost.append(side)
        return connection


def test_frames_come_in_order_and_after_a_while() -> None:
    pair = Pair()
    wire = pair.connect().wires[0]
    for number in range(50):
        assert wire.send(number)
    assert not wire.arrived
    pair.agenda.run(4)
    assert not wire.arrived
    pair.agenda.run(100)
    assert list(wire.arrived) == list(range(50))


def test_a_full_pipe_says_so_until_somebody_reads() -> None:
    pair = Pair(bound=3)
    connection = pair.connect()
    assert [connection.send(0, number) for number in range(5)] == [True] * 3 + [False] * 2
    pair.agenda.run(100)
    assert not connection.send(0, 5)
    connection.wires[0].arrived.popleft()
    assert connection.send(0, 6)


def test_a_cut_loses_the_end_of_what_is_under_way_and_nothing_else() -> None:
    arrived: set[int] = set()
    for seed in range(30):
        pair = Pair(seed)
        connection = pair.connect()
        wire = connection.wires[0]
        wire.send(-1)
        pair.agenda.run(100)
        for number in range(5):
            wire.send(number)
        connection.cut()
        assert wire.send(99)
        pair.agenda.run(1_000)
        frames = list(wire.arrived)
        assert frames == list(range(-1, len(frames) - 1))
        assert sorted(pair.lost) == [0, 1] and connection not in pair.network.connections
        arrived.add(len(frames))
    assert len(arrived) > 3


def test_a_partition_holds_back_and_loses_nothing() -> None:
    pair = Pair()
    connection = pair.connect()
    pair.network.block("a", "b")
    connection.send(0, "there")
    connection.send(1, "back")
    pair.agenda.run(60_000)
    assert not connection.wires[0].arrived and list(connection.wires[1].arrived) == ["back"]
    pair.network.unblock_all()
    pair.agenda.run(100)
    assert list(connection.wires[0].arrived) == ["there"] and pair.lost == []


def test_the_end_of_one_side_is_heard_when_it_gets_through() -> None:
    pair = Pair()
    connection = pair.connect()
    pair.network.block("a", "b")
    connection.close(0)
    pair.agenda.run(30_000)
    assert pair.lost == [] and connection.send(1, "into the dark")
    pair.network.unblock_all()
    pair.agenda.run(1_000)
    assert pair.lost == [1] and connection not in pair.network.connections


def test_links_of_gateways_notice_a_silence_of_nine_seconds() -> None:
    pair = Pair(trunk=True)
    pair.connect()
    pair.network.block("a", "b")
    pair.agenda.run(8_000)
    assert pair.lost == []
    pair.agenda.run(5_000)
    assert sorted(pair.lost) == [0, 1]


def test_a_process_that_stands_still_loses_its_links() -> None:
    pair = Pair(trunk=True)
    pair.connect()
    pair.network.stand_still("b", lambda: True)
    pair.agenda.run(13_000)
    assert sorted(pair.lost) == [0, 1]


@pytest.mark.parametrize("answer", [False, None])
def test_where_nobody_answers_there_is_no_connection(answer: bool | None) -> None:
    pair = Pair()
    pair.dial(lambda: answer)
    pair.agenda.run(10_000)
    assert pair.got == [None]


def test_a_connection_through_a_partition_is_asked_for_again_as_tcp_does() -> None:
    pair = Pair()
    pair.network.block("b", "a")
    pair.dial(patience=100_000)
    pair.agenda.run(8_000)
    pair.network.unblock_all()
    pair.agenda.run(6_500)
    assert pair.got == []
    pair.agenda.run(1_000)
    assert len(pair.got) == 1 and pair.got[0] is not None
    patient = Pair()
    patient.network.block("b", "a")
    patient.dial(patience=5_000)
    patient.agenda.run(5_500)
    assert patient.got == [None]
