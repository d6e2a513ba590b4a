"""Who is banned from the server or muted there, whose nickname is locked: what its log has told.

Pure. The newest word about somebody counts, whenever it comes. Only moderators of the server get
the log, and only they need it: a menu says "ban" or "lift the ban" by it.
"""

from collections.abc import Iterable

from protocol.client.happenings import AuditEntry
from protocol.codes import Act

_Until = int | None
"""Until when something holds, in ms since 1970, 0: until it is lifted; None: it does not."""


class ServerActs:
    """What is known of the people of a server."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[tuple[bytes, Act], tuple[int, _Until]] = {}
        self._newest = 0

    def take(self, acts: Iterable[AuditEntry]) -> None:
        """Take a page of the log."""
        for one in acts:
            self._newest = max(self._newest, one.no)
            state = _state(one.act, one.value, one.ts)
            if state is not None:
                of = one.person, state[0]
                if one.no > self._known.get(of, (-1, None))[0]:
                    self._known[of] = one.no, state[1]

    def done(self, act: int, person: bytes, value: int, now_s: float) -> None:
        """One has done this oneself just now: newer than all that is known of the log."""
        state = _state(act, value, int(now_s * 1000))
        if state is not None:
            self._known[person, state[0]] = self._newest, state[1]

    def banned(self, person: bytes) -> bool:
        """Whether somebody is known to be banned."""
        return self._until(person, Act.BAN) is not None

    def locked(self, person: bytes) -> bool:
        """Whether somebody's nickname is known to be locked."""
        return self._until(person, Act.LOCK_NICK) is not None

    def muted_until(self, person: bytes, now_s: float) -> _Until:
        """Until when somebody is known to be muted on the server, as in an order of a room."""
        until = self._until(person, Act.MUTE)
        return None if until and until <= now_s * 1000 else until

    def _until(self, person: bytes, act: Act) -> _Until:
        return self._known.get((person, act), (0, None))[1]


def _state(act: int, value: int, ts: int) -> tuple[Act, _Until] | None:
    """Return what an act of this time is about, and until when that holds now."""
    match act:
        case Act.BAN:
            return Act.BAN, 0
        case Act.UNBAN:
            return Act.BAN, None
        case Act.LOCK_NICK:
            return Act.LOCK_NICK, 0 if value else None
        case Act.MUTE:
            return Act.MUTE, ts + value * 1000 if value else 0
        case Act.UNMUTE:
            return Act.MUTE, None
    return None
