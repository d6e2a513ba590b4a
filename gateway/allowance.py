"""What a device may send through this gateway, and when it is too much: delay, BUSY, the end.

Every limit of a gateway stands in this table, with its reason. They hold where ``--rate`` is above
0. What comes a little too soon is held back for up to DELAY_MAX_MS (:mod:`gateway.delays`). What is
more is told BUSY. Whoever goes on sending regardless is ended: each frame that is refused is taken
from a bucket of its own, and when that is empty it is a flood.

Pure: time is passed in. Owned by the gateway's main thread.
"""

from dataclasses import dataclass, field
from typing import Final

from protocol.bucket import Bucket, Level
from protocol.limits import ITEMS_PER_SEND_MAX

BURST_S: Final = 10
"""So many seconds' worth of messages at once: an outbox that filled up on a journey."""

DELAY_MAX_MS: Final = 1_000
"""What comes so much too soon is held back: a person does not notice, a machine is slowed down."""

ASK_COST: Final = 5
"""What a request costs of the rate, in messages: the broker stores and tells for most."""

_BYTES: Final = Bucket(128 * 1024, 4 * 1024 * 1024)
"""Of messages and requests: ten thumbnails a second, and at once a day's outbox of them."""

_CHUNKS: Final = Bucket(4 * 1024 * 1024, 32 * 1024 * 1024)
"""Of blob frames: three of the largest pictures up at once, then 40 Mbit/s. They have a bucket of
their own, so that a picture never delays a word."""

_CHUNK_LEAST_BYTES: Final = 4_096
"""What a blob frame counts for at least, so a thousand a second are asked for."""

BUSY_MS: Final = 2_000
"""What BUSY asks to wait at least where more was sent than goes."""

_REFUSED: Final = Bucket(150, 600)
"""Frames that are refused. A client that keeps to its window has at most 256 under way when it
hears BUSY, and waits then: 128 a second at the most, which never comes to the end of this."""

_HANDSHAKES: Final = Bucket(1, 60)
"""Handshakes of a device: one that tries again and again backs off to less than one a second."""

_TOLD: Final = Bucket(0.1, 3)

_PENALTY_MS: Final = 10_000
_PENALTY_MAX_MS: Final = 600_000
"""For how long a device stays out after a flood; twice as long each time."""


@dataclass(slots=True, eq=False)
class Purse:
    """What one device may still do; all its sessions at this gateway draw on it."""

    items: Level = field(default_factory=Level)
    written: Level = field(default_factory=Level)
    chunks: Level = field(default_factory=Level)
    refused: Level = field(default_factory=Level)
    handshakes: Level = field(default_factory=Level)
    floods: int = 0
    out_until_ms: int = 0
    """Since its last flood it stays out until then."""
    told: Level = field(default_factory=Level)
    """Lines in the log that greetings were refused."""


class Allowance:
    """The rules; ``per_s`` messages a second, ten seconds' worth at once; 0: no limit of anything.

    Never less at once than one full SEND: it would be told BUSY for ever.
    """

    def __init__(self, per_s: float) -> None:
        """Take the rate."""
        self.limited = per_s > 0
        self.refusals = 0
        """How many frames were refused, of all devices, since the start."""
        self._items = Bucket(per_s, max(per_s * BURST_S, ITEMS_PER_SEND_MAX))

    def wait_ms(self, purse: Purse, items: int, size: int, now_ms: int) -> int:
        """Return for how long so many messages, or what costs as much, have to wait."""
        if not self.limited:
            return 0
        return max(
            self._items.wait_ms(purse.items, items, now_ms),
            _BYTES.wait_ms(purse.written, size, now_ms),
        )

    def spend(self, purse: Purse, items: int, size: int, now_ms: int) -> None:
        """Take it, and be it a debt."""
        if self.limited:
            self._items.spend(purse.items, items, now_ms)
            _BYTES.spend(purse.written, size, now_ms)

    def chunk_ms(self, purse: Purse, size: int, now_ms: int) -> int:
        """Return for how long a chunk of an upload has to wait."""
        size = max(size, _CHUNK_LEAST_BYTES)
        return _CHUNKS.wait_ms(purse.chunks, size, now_ms) if self.limited else 0

    def spend_chunk(self, purse: Purse, size: int, now_ms: int) -> None:
        """Take it."""
        _CHUNKS.spend(purse.chunks, max(size, _CHUNK_LEAST_BYTES), now_ms)

    def is_flood(self, purse: Purse, now_ms: int) -> bool:
        """Count a frame that was refused; True: that was too much."""
        self.refusals += 1
        return self.limited and _REFUSED.take(purse.refused, 1, now_ms) > 0

    def is_news(self, purse: Purse, now_ms: int) -> bool:
        """Whether that a greeting was refused is to be logged: not each of ten thousand times."""
        return not _TOLD.take(purse.told, 1, now_ms)

    def punish(self, purse: Purse, now_ms: int) -> int:
        """Put the device out after a flood; return for how long."""
        penalty_ms = min(_PENALTY_MS << min(purse.floods, 16), _PENALTY_MAX_MS)
        purse.floods += 1
        purse.out_until_ms = now_ms + penalty_ms
        purse.refused = Level()
        # It comes back with nothing saved up but its greeting, or all who were put out together
        # would flood anew together.
        self._items.exhaust(purse.items, ASK_COST, penalty_ms, now_ms)
        _BYTES.exhaust(purse.written, 0, penalty_ms, now_ms)
        return penalty_ms

    def may_shake_hands(self, purse: Purse, now_ms: int) -> bool:
        """Whether the device may make one more connection now."""
        if not self.limited:
            return True
        return now_ms >= purse.out_until_ms and not _HANDSHAKES.take(purse.handshakes, 1, now_ms)
