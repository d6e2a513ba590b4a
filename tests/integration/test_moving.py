"""A machine comes to another network while its client is connected: namespaces, a real address."""

import time

import pytest

from protocol.client.whereabouts import WATCH_MS
from tests.integration import machines
from tests.integration.machines import World
from tests.integration.test_machines import admit_gateway, world

__all__ = ["world"]

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(bool(machines.why_not()), reason=machines.why_not()),
]

ELSEWHERE = "10.203.7.77"
SOON_S = WATCH_MS / 1000 + 6
"""A ping would have been missed after 15 and 10 seconds."""


def move(world: World, name: str, address: str) -> None:
    """Give a machine another address; what was connected from the old one hears of nothing."""
    machine = world.machines[name]
    ip, link = machines._ip, f"{machine.address}/24"
    ip("-n", machine.name, "addr", "del", link, "dev", "eth0")
    machine.address = address
    ip("-n", machine.name, "addr", "add", f"{address}/24", "dev", "eth0")


def test_a_client_is_online_again_before_a_ping_could_tell(world: World) -> None:
    admit_gateway(world, "north")
    link = world.link("north")
    with world.chat("north", "bert", link) as bert, world.chat("south", "anna", link) as anna:
        anna.say("from here")
        bert.hear("general", "from here")
        move(world, "south", ELSEWHERE)
        began = time.monotonic()
        anna.say("from elsewhere")
        bert.hear("general", "from elsewhere")
        took_s = time.monotonic() - began
        assert took_s < SOON_S, f"{took_s:.1f} s"
        bert.say("back")
        anna.hear("general", "back")
