"""A short campaign: every fault once, held as shortly as it allows, and all runs are sound."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.campaign import NAMES, Campaign, Plan, _fits, _kind
from tests.faults.nemesis.cluster import Shape
from tests.faults.nemesis.privatenet import private_net, why_no_private_net
from tests.faults.run import Run, Scale
from tests.faults.storms import STORMS

SEED = 1
PATIENT_S = 100.0
"""Where other programs want the cores too, a recovery may take long; ``make faults`` judges it."""


def swept(folder: Path, names: tuple[str, ...]) -> Campaign:
    """Do each of these faults once, and return the campaign when all of it is sound."""
    scale = Scale(10, (2, 1), rooms=3, directs=5, per_s=100.0, within_s=PATIENT_S)
    campaign = Campaign(folder, Plan(SEED, names, short=True, scale=scale), print)
    with ExitStack() as closing:
        if why_no_private_net() is None:
            closing.enter_context(private_net())
        report = campaign.run()
    assert not campaign.troubles, campaign.troubles
    assert campaign.sound, report
    assert sum(report.faults.values()) == len(names) - len(campaign.left_out)
    return campaign


@pytest.mark.timeout(400)
def test_everything_holds_under_every_fault(tmp_path: Path) -> None:
    campaign = swept(tmp_path, tuple(name for name in NAMES if name not in STORMS))
    print(campaign.left_out)


def test_faults_at_once_do_not_stand_in_each_others_way() -> None:
    kinds = {name: _kind(name) for name in NAMES if name not in STORMS}
    broker, plane, gateway = kinds["kill-broker"], kinds["flap-plane"], kinds["kill-gateway"]
    everything = kinds["kill-everything"]

    class Cluster:
        gateways = (0, 1)
        planes = fronts = (type("Link", (), {"name": "link"})(),) * 2

    from random import Random

    there = [broker(Cluster(), Random(1))]  # type: ignore[arg-type]
    assert _fits(plane, there)
    assert _fits(gateway, there)
    assert not _fits(broker, there)
    assert not _fits(everything, there)
    assert _fits(everything, [])
    assert not _fits(gateway, [plane(Cluster(), Random(1))])  # type: ignore[arg-type]


def test_a_run_names_who_is_behind(tmp_path: Path) -> None:
    scale = Scale(4, (), rooms=1, directs=0, per_s=20.0, shape=Shape(clocks=False))
    with Run(tmp_path / "run", SEED, scale) as run:
        light = run.crews["light"]
        light.tell("leave", who=["light1"])
        assert not run.is_whole()
        assert run.behind() == ["light1 is away"]
        light.tell("come", who=["light1"])
        run.finish()
