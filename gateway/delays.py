"""Frames that came a little too soon: held back until their time, in their order.

While something of a session waits, all that follows waits behind it. What of it counts against the
window of the session is counted when it comes, not when it goes on. Bounded in frames and bytes, of
a session and in all; the caller tells BUSY what does not fit. Pure: time is passed in. Owned by the
gateway's main thread.
"""

from collections.abc import Iterator
from typing import Final

from gateway.sessions import Late, Session
from protocol.frames import AnyFrame
from protocol.limits import WINDOW_MAX_ITEMS

FRAMES_MAX: Final = 10_000
BYTES_MAX: Final = 16 * 1024 * 1024
"""Of all sessions: half of what may be under way to the broker."""
STEP_MS: Final = 50
"""They go on in steps: a flood shall not wake the gateway for each of its frames."""


class Delays:
    """All that waits."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sessions: dict[int, Session] = {}
        self._frames = 0
        self._size = 0
        self._step_ms = 0

    def fits(self, session: Session, data: bytes) -> bool:
        """Whether there is room for one more frame."""
        return (
            len(session.late) < WINDOW_MAX_ITEMS
            and self._frames < FRAMES_MAX
            and self._size + len(data) <= BYTES_MAX
        )

    def add(self, session: Session, due_ms: int, frame: AnyFrame, data: bytes) -> None:
        """Hold a frame back until then, and until all before it has gone on."""
        if session.late:
            due_ms = max(due_ms, session.late[-1].due_ms)
        else:
            self._sessions[session.slot] = session
        session.late.append(Late(due_ms, frame, data))
        self._frames += 1
        self._size += len(data)

    def due(self, now_ms: int) -> Iterator[tuple[Session, Late]]:
        """Yield and forget what is due; a session may end meanwhile."""
        if not self._sessions or now_ms < self._step_ms:
            return
        self._step_ms = now_ms + STEP_MS
        for session in list(self._sessions.values()):
            while session.late and session.late[0].due_ms <= now_ms:
                late = session.late.popleft()
                self._frames -= 1
                self._size -= len(late.data)
                yield session, late
            if not session.late:
                self._sessions.pop(session.slot, None)

    def next_ms(self, now_ms: int) -> int | None:
        """In how many ms something may be due, or None."""
        return max(self._step_ms - now_ms, 0) if self._sessions else None

    def forget(self, session: Session) -> None:
        """The session is over, and with it all that waits."""
        if self._sessions.pop(session.slot, None) is not None:
            self._frames -= len(session.late)
            self._size -= sum(len(late.data) for late in session.late)
            session.late.clear()
