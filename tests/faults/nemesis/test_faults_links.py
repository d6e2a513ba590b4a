"""Every fault of links, between gateway and broker and between gateway and clients."""

from collections.abc import Iterator
from random import Random

import pytest

from protocol.codes import ErrorCode
from protocol.frames import Busy, Bye, Error, Ping, Pong
from tests.faults.nemesis.cluster import Cluster
from tests.faults.nemesis.links import KINDS, OnLink
from tests.faults.nemesis.packets import LosePackets
from tests.faults.nemesis.privatenet import is_private, private_net, run, why_no_private_net
from tests.faults.nemesis.registry import FAULTS, make, why_not
from tests.faults.nemesis.stand import Load, Stand, until
from tests.integration.bare import circle

SEED = 3
DEAF = ["partition", "partition-up", "partition-down", "refuse", "cut-handshake"]
"""Kinds in which nobody can have an answer."""
ROUGH = ["flap", "flap-reset", "delay", "narrow", "lose", "reset", "cut-frame", "half-close"]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with Cluster(tmp_path_factory.mktemp("links")) as cluster:
        yield Stand(cluster)
        assert cluster.ends.unplanned == []


def test_every_kind_is_tested_and_there_on_both_sides() -> None:
    assert sorted(DEAF + ROUGH) == sorted(kind.word for kind in KINDS)
    for kind in KINDS:
        for side in ("plane", "front"):
            assert FAULTS[f"{kind.word}-{side}"].acts_on == side


def fault_of(stand: Stand, name: str) -> OnLink:
    fault = make(name, stand.cluster, Random(SEED))
    assert isinstance(fault, OnLink)
    return fault


@pytest.mark.parametrize("side", ["plane", "front"])
@pytest.mark.parametrize("word", DEAF)
def test_cut_off_nothing_is_acknowledged(stand: Stand, word: str, side: str) -> None:
    fault = fault_of(stand, f"{word}-{side}")
    other = 1 - fault.index
    with stand.talking(fault.index) as load:
        with fault.applied(), stand.talking(other, readers=[other]) as elsewhere:
            load.stands_still()
            elsewhere.goes_on()
        load.goes_on()


@pytest.mark.parametrize("side", ["plane", "front"])
@pytest.mark.parametrize("word", ROUGH)
def test_a_rough_link_loses_nothing(stand: Stand, word: str, side: str) -> None:
    fault = fault_of(stand, f"{word}-{side}")
    with stand.talking(fault.index) as load:
        rough(fault, load)


def rough(fault: OnLink, load: Load) -> None:
    word = fault.word
    before = fault.link.counters()
    with fault.applied():
        if word in ("reset", "cut-frame", "half-close", "flap-reset"):
            # Its connections are not those of before.
            until(lambda: fault.link.counters().accepted > before.accepted, "a new connection")
        load.goes_on()
        assert (fault.link.counters().cut > before.cut) is (word == "cut-frame")


def test_behind_a_partition_clients_are_told_to_wait(stand: Stand) -> None:
    fault = fault_of(stand, "refuse-plane")
    with circle() as bare:
        one = stand.newcomer(bare, fault.index)
        room = one.enter("told")
        with fault.applied():
            one.send(Ping(1))
            one.expect(Pong)
            one.say(room, "to nobody")
            # No false answer: whatever it is, it says that this was not taken.
            answer = one.wait_for(Busy, Error, Bye)
            if isinstance(answer, Error | Bye):
                assert answer.code in (ErrorCode.UNAVAILABLE, ErrorCode.NO_SESSION)
            assert (room, 1) not in one.acked


@pytest.mark.skipif(bool(why_no_private_net()), reason=str(why_no_private_net()))
def test_lost_packets_and_reset_sockets_in_a_network_of_ones_own(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with private_net(), Cluster(tmp_path_factory.mktemp("packets")) as cluster:
        assert is_private()
        assert why_not("lose-packets", cluster) is None
        stand = Stand(cluster)
        fault = make("lose-packets", cluster, Random(SEED))
        assert isinstance(fault, LosePackets)
        fault.per_mille = 100
        with stand.talking(fault.index) as load, fault.applied():
            until(lambda: fault.lost >= 3, "a loss")
            load.goes_on()
        assert run("nft", "list", "ruleset") == ""
        before = cluster.fronts[fault.index].counters().accepted
        with (
            stand.talking(fault.index) as load,
            make("reset-sockets", cluster, Random(SEED)).applied(),
        ):
            known = cluster.fronts[fault.index].counters
            until(lambda: known().accepted >= before + 2, "a new connection")
            load.goes_on()


def test_outside_of_one_no_packet_is_lost(stand: Stand) -> None:
    if not is_private():
        assert why_not("lose-packets", stand.cluster)
