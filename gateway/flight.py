"""What is on its way to the broker and has no answer yet: bounded, so that it can be waited for.

Each session may have WINDOW_MAX_ITEMS items under way, and the whole gateway FLYING_MAX_BYTES
bytes, whoever sent them. Everything in the pipes towards the broker, and in the broker before its
commit, is among them; so this bounds all of it. What does not fit is answered BUSY: nothing was
taken. Pure. Owned by the gateway's main thread.
"""

from typing import Final

from gateway.sessions import Session
from protocol.limits import WINDOW_MAX_ITEMS

FLYING_MAX_BYTES: Final = 32 * 1024 * 1024
"""Twice what the backplane takes at once: the broker commits one part while the next arrives."""


class Flight:
    """The items under way of one gateway."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self.size = 0
        """In bytes."""

    def fits(self, session: Session, count: int, size: int) -> bool:
        """Whether ``count`` items of ``size`` bytes may depart; else they must wait."""
        return (
            session.in_flight + count <= WINDOW_MAX_ITEMS and self.size + size <= FLYING_MAX_BYTES
        )

    @property
    def crowded(self) -> bool:
        """Whether so much is under way that whoever has to wait may do so for the others' sake."""
        return self.size > FLYING_MAX_BYTES // 2

    def depart(self, session: Session, count: int, size: int) -> None:
        """These are under way now."""
        session.in_flight += count
        session.flying_bytes += size
        self.size += size

    def settle(self, session: Session, count: int) -> None:
        """``count`` items have their answer; items of one session count as alike in size."""
        before = session.in_flight
        left = session.in_flight = max(before - count, 0)
        size = session.flying_bytes
        freed = size if not left else size * count // before
        session.flying_bytes = size - freed
        self.size -= freed

    def forget(self, session: Session) -> None:
        """The session is over; late answers find nobody."""
        self.size -= session.flying_bytes
        session.flying_bytes = session.in_flight = 0
