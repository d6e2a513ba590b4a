"""How long to leave the clients alone, so that what they say comes together and not one by one.

What a message costs beside its bytes is a turn of this loop, a batch to the broker, a commit and an
answer: half a millisecond of CPU for one message, and hardly more for ten. So after a small drain
the next one waits a little. That pays where many speak. Where somebody waits for an answer before
saying the next, it gathers nothing and only slows down: then it is left, and tried again later.

Pure: time is passed in. Owned by the gateway's main thread.
"""

from typing import Final

GAP_MS: Final = 8
"""From one small drain to the next. A person does not notice; at 1,000 messages a second it saves
most of what they cost beside their bytes (measured: 1.64 to 1.1 µs a delivery, with the hold)."""

ENOUGH: Final = 16
ENOUGH_BYTES: Final = 4_096
"""Frames, or bytes, that are worth a drain: with so many the next comes as soon as it can."""

_LEAVE_MS: Final = 64
_LEAVE_MAX_MS: Final = 1_024
"""For how long it is not tried again after it gathered nothing; twice as long each time."""


class Pace:
    """When the next drain may come."""

    def __init__(self) -> None:
        """Begin without a wait."""
        self._next_ms = 0
        self._paused = False
        self._leave_ms = _LEAVE_MS
        self._left_until_ms = 0

    def wait_ms(self, now_ms: int) -> int:
        """Return for how long not to look at what clients say; 0: look now."""
        return max(self._next_ms - now_ms, 0)

    def drained(self, frames: int, size: int, refused: bool, now_ms: int) -> None:
        """Take note of a drain that began at ``now_ms``: its frames, and their bytes.

        ``refused``: some of them, so it is no conversation that could be gathered: nobody waits
        for whoever floods.
        """
        if self._paused and frames:
            if frames > 1:
                self._leave_ms = _LEAVE_MS
            elif now_ms < self._next_ms + GAP_MS:
                self._left_until_ms = now_ms + self._leave_ms
                self._leave_ms = min(self._leave_ms * 2, _LEAVE_MAX_MS)
        few = 0 < frames < ENOUGH and size < ENOUGH_BYTES
        self._paused = few and not refused and now_ms >= self._left_until_ms
        self._next_ms = now_ms + GAP_MS if self._paused else 0
