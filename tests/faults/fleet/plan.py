"""What a fleet is told at its start: who its clients are, and what they do. JSON on the wire."""

import json
from dataclasses import asdict, dataclass, field
from random import Random

GENERAL = "general"


@dataclass(frozen=True, slots=True)
class ClientPlan:
    """One simulated client."""

    name: str
    """Unique in the run; its nickname, and ``p`` in its history."""
    kind: str = "light"
    """``real``: its profile on disk, a thread of its own. ``light``: all in memory."""
    rooms: tuple[str, ...] = ()
    """Open rooms to join, besides ``general``, into which the server puts everybody."""
    share: float = 1.0
    """How much of the fleet's messages this client says, compared with the others; 0: none."""
    version: str = ""
    """``old_client``: a program of the first version. ``old_server``: as if the server were one."""
    lively: bool = False
    """It also types, marks what it has read, edits and reacts."""
    probe: bool = False
    """How long its messages take until they are acknowledged is measured."""
    mute: bool = False
    """It writes no history: one of a crowd whose coming and going alone counts."""


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """One process of clients."""

    link: str
    """The invite link, with the addresses of the proxies before the gateways."""
    folder: str
    """The run's folder, with ``histories/`` in it."""
    profiles: str
    """The folder of this fleet's profiles."""
    seed: int
    clients: tuple[ClientPlan, ...] = ()
    stay: bool = False
    """Light clients keep to the addresses of the link, whatever gateways the server names."""
    weights: dict[str, float] = field(default_factory=dict)
    """How much is said in a room compared with others (default 1); ``@``: direct messages."""

    def write(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "FleetPlan":
        """Read what ``write`` wrote."""
        values = json.loads(text)
        clients = [{**one, "rooms": tuple(one["rooms"])} for one in values.pop("clients")]
        return cls(**values, clients=tuple(ClientPlan(**one) for one in clients))


def spread(random: Random, rooms: list[str], most: int) -> tuple[str, ...]:
    """Return some of the rooms for one client, at least one if there are any."""
    if not rooms:
        return ()
    return tuple(sorted(random.sample(rooms, random.randint(1, min(most, len(rooms))))))
