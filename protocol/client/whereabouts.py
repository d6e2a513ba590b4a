"""Whether this machine is at another network than before, judged by its own address.

The address from which it would talk to the server is asked of the system every few seconds
(:func:`protocol.client.network.own_address`; no packet is sent). A machine that comes to
another network gets another one long before a ping goes unanswered. Pure: address and time are
passed in.
"""

from enum import Enum
from typing import Final

WATCH_MS: Final = 3_000
"""How often it is looked."""
APART_MS: Final = 10_000
"""Two ways that take turns end a connection at most so often."""


class Verdict(Enum):
    """What an address means for the connection."""

    SAME = "same"
    """Nothing."""
    BACK = "back"
    """There was no way for a while; now there is one again, from the same address."""
    MOVED = "moved"
    """What was connected from the address before is of no use any more."""


class Whereabouts:
    """Remembers from where the server was talked to."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.wake_ms = 0
        """When to look again."""
        self._target = ""
        self._own = ""
        self._away = False
        self._moved_ms = -APART_MS

    def seen(self, target: str, own: str, now_ms: int) -> Verdict:
        """Take the address (empty: there is no way) from which ``target`` would be talked to."""
        self.wake_ms = now_ms + WATCH_MS
        if target != self._target:
            # Another server address may be in another direction: that says nothing.
            self._target, self._own, self._away = target, own, not own
            return Verdict.SAME
        if not own:
            # Too short for the connection to break, perhaps: wait for what comes.
            self._away = True
            return Verdict.SAME
        before, was_away = self._own, self._away
        if before and own != before:
            if now_ms - self._moved_ms < APART_MS:
                return Verdict.SAME
            self._moved_ms = now_ms
        self._own, self._away = own, False
        if before and own != before:
            return Verdict.MOVED
        return Verdict.BACK if was_away else Verdict.SAME
