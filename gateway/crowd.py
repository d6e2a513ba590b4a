"""Who comes from one address: connections, greetings and messages of all of them together.

A school or an office is one address to the gateway, so all of this is generous; it is for somebody
with a thousand keys. IPv6 counts by /64, which is what one household gets. This machine itself
(127.0.0.1, ::1) is no crowd: behind it may be a proxy with everybody. Pure: time is passed in.
Bounded: the addresses that were heard of last. Owned by the gateway's main thread.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from gateway.allowance import BURST_S
from protocol.bucket import Bucket, Levels

CONNECTIONS_MAX: Final = 2_000
"""Open connections of one address, with those that are shaking hands: the largest school twice."""

_TIMES: Final = 40
"""Messages of an address: as many as forty devices that send as fast as they may."""
_BYTES: Final = Bucket(4 * 1024 * 1024, 64 * 1024 * 1024)
_HANDSHAKES: Final = Bucket(50, 1_000)
"""Each costs half a millisecond of a core. At once: everybody is back after the power was."""
_FRUITLESS: Final = Bucket(2, 120)
"""Connections that never said HELLO, or were ended: of devices that are out, of strangers and of
those who flood. Nobody sound makes many, so who has made so many is let in no more for a while."""
_GREETINGS: Final = Bucket(50, 1_000)
_ADDRESSES_MAX: Final = 10_000

_LOOPBACK: Final = IPv4Address("127.0.0.1")

Peer = tuple[str, int]
"""Address and port of the other end of a connection."""


class Origin(NamedTuple):
    """Where a message came from; ``peer`` None: its connection is gone already."""

    place: str
    descriptor: int
    peer: Peer | None


NOWHERE: Final = Origin("", -1, None)
"""Of a message that did not come over a network."""


def place(address: str) -> str:
    """Return what counts as one address; "" for this machine, and for what is none."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return "" if ip.is_loopback else str(ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return "" if ip == _LOOPBACK else str(ip)


class Crowd:
    """All addresses; "" is not limited."""

    def __init__(self, per_s: float) -> None:
        """``per_s`` messages a second of one device; 0: no limit of anything."""
        self._limited = per_s > 0
        self._items = Bucket(per_s * _TIMES, per_s * _TIMES * BURST_S)
        self._said: Levels[str] = Levels(_ADDRESSES_MAX)
        self._written: Levels[str] = Levels(_ADDRESSES_MAX)
        self._shaken: Levels[str] = Levels(_ADDRESSES_MAX)
        self._greeted: Levels[str] = Levels(_ADDRESSES_MAX)
        self._fruitless: Levels[str] = Levels(_ADDRESSES_MAX)
        self._open: dict[str, int] = {}

    def came(self, place: str, now_ms: int) -> bool:
        """Count a connection; False: it is one too many.

        Every connection that came is to be counted out by ``went``, whatever was said of it.
        """
        if not place:
            return True
        number = self._open[place] = self._open.get(place, 0) + 1
        if not self._limited:
            return True
        few = number <= CONNECTIONS_MAX and not self._is_fruitless(place, now_ms)
        return not _HANDSHAKES.take(self._shaken.of(place), 1, now_ms) and few

    def _is_fruitless(self, place: str, now_ms: int) -> bool:
        return _FRUITLESS.wait_ms(self._fruitless.of(place), 1, now_ms) > 0

    def went(self, place: str, greeted: bool, now_ms: int) -> None:
        """A connection is gone; whether it had said HELLO, and was not ended for what it did."""
        if place and self._limited and not greeted and not self._is_fruitless(place, now_ms):
            _FRUITLESS.spend(self._fruitless.of(place), 1, now_ms)
        left = self._open.get(place, 0) - 1
        if left > 0:
            self._open[place] = left
        else:
            self._open.pop(place, None)

    def greet_ms(self, place: str, now_ms: int) -> int:
        """Take a greeting; or return for how long it has to wait."""
        if not place or not self._limited:
            return 0
        return _GREETINGS.take(self._greeted.of(place), 1, now_ms)

    def say_ms(self, place: str, items: int, size: int, now_ms: int) -> int:
        """Take messages, or what costs as much; or return for how long they have to wait."""
        if not place or not self._limited:
            return 0
        said, written = self._said.of(place), self._written.of(place)
        wait_ms = max(
            self._items.wait_ms(said, items, now_ms), _BYTES.wait_ms(written, size, now_ms)
        )
        if not wait_ms:
            self._items.spend(said, items, now_ms)
            _BYTES.spend(written, size, now_ms)
        return wait_ms
