"""What a peer of the durable ingest is: how it is started, spoken to, and asked what it holds."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.durable.load import Case, Sender


@dataclass(frozen=True, slots=True)
class Promise:
    """What an ack means; words for a table."""

    synced: str
    encrypted: str
    ordered: str
    dedupes: str
    stored: str = "yes"


class Store:
    """One peer with one configuration."""

    name: str
    package: str
    """Debian's."""
    promise: Promise
    configuration: str
    """What differs from the defaults, in a few words."""
    user = ""
    """As whom it runs if everything else runs as root."""
    stop_signal = signal.SIGTERM

    def version(self) -> str:
        """Return the version; raise :class:`FileNotFoundError` if it is not installed."""
        raise NotImplementedError

    def preparing(self, folder: Path) -> list[list[str]]:
        """Return commands to run before it starts."""
        return []

    def command(self, folder: Path, port: int) -> list[str]:
        """Write its configuration into the folder; return the command that serves on the port."""
        raise NotImplementedError

    def takes(self, case: Case) -> bool:
        """Whether the load means something to this configuration."""
        return True

    def spread(self, case: Case) -> tuple[int, int]:
        """Return how many connections there are, and the window of each."""
        return case.senders, case.window

    def make_room(self, port: int, rooms: int) -> None:
        """Make what messages are stored in."""

    def sender(self, port: int, number: int, texts: Sequence[bytes], step: int) -> Sender:
        """Connect somebody."""
        raise NotImplementedError

    def holds(self, sender: Sender) -> int:
        """Return how many messages the peer holds in the room of a sender."""
        raise NotImplementedError

    def read(self, sender: Sender, first: int, count: int) -> list[bytes]:
        """Return texts of a sender's room in the peer's order, from message ``first`` (from 0)."""
        raise NotImplementedError
