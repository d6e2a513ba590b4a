"""Which gateway to try next, and when: rotation over the known addresses, with back-off.

The delay grows by rounds, not by tries, so a client finds the one gateway of several
that lives at once; it is drawn anew each time (full jitter), so a crowd that lost
its gateway does not come back as one. Pure: time and randomness are passed in.
"""

from collections.abc import Iterable
from random import Random
from typing import Final

from protocol.errors import SetupError
from protocol.invite import DEFAULT_PORT, join_address, parse_address

DELAY_MS: Final = 300
DELAY_MAX_MS: Final = 5_000
"""A crowd of 5,000 is then back within five seconds: 1,000 handshakes a second, half a core."""
_LEAST_MS = 20
ADDRESSES_MAX: Final = 64


class Route:
    """The known addresses in the order of trying."""

    def __init__(self, preferred: Iterable[str], others: Iterable[str], random: Random) -> None:
        """Try ``preferred`` first, those of one host in a random order: they share the load."""
        self._random = random
        self._addresses: list[str] = []
        hosts: dict[str, list[str]] = {}
        for address in _valid(preferred):
            hosts.setdefault(parse_address(address, DEFAULT_PORT)[0], []).append(address)
        for gateways in hosts.values():
            random.shuffle(gateways)
            self._addresses += gateways
        self.learn(others)
        self._place = -1
        self._failed = 0

    def next(self) -> str:
        """Return the address to try now."""
        self._place = (self._place + 1) % len(self._addresses)
        return self._addresses[self._place]

    def current(self) -> str:
        """Return the address of the last try."""
        return self._addresses[max(self._place, 0)]

    def learn(self, addresses: Iterable[str]) -> None:
        """Add addresses that the server named."""
        for address in _valid(addresses):
            if address not in self._addresses and len(self._addresses) < ADDRESSES_MAX:
                self._addresses.append(address)

    def known(self) -> tuple[str, ...]:
        """Return all addresses, the one that was tried last first."""
        place = max(self._place, 0)
        return tuple(self._addresses[place:] + self._addresses[:place])

    def succeeded(self) -> None:
        """The connection stands: the next failure begins with short delays."""
        self._failed = 0

    def failed(self) -> int:
        """Count a failure; return for how many milliseconds to wait."""
        rounds = self._failed // len(self._addresses)
        self._failed += 1
        most = min(DELAY_MS * 2 ** min(rounds, 10), DELAY_MAX_MS)
        return int(self._random.uniform(_LEAST_MS, most))


def _valid(addresses: Iterable[str]) -> list[str]:
    """Drop what cannot be connected to; a server's list is not to be trusted blindly."""
    found: list[str] = []
    for address in addresses:
        try:
            host, port = parse_address(address, DEFAULT_PORT)
        except SetupError:
            continue
        if host not in ("0.0.0.0", "::"):
            found.append(join_address(host, port))
    return list(dict.fromkeys(found))
