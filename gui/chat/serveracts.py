"""Who is banned from the server and whose nickname is locked, as far as its log has told.

Pure. The log comes newest first; the newest word about somebody counts. Only moderators of the
server get it, and only they need it: a menu says "ban" or "lift the ban" by it.
"""

from collections.abc import Iterable

from protocol.client.happenings import AuditEntry
from protocol.codes import Act

_STATES = {
    Act.BAN: ("banned", True),
    Act.UNBAN: ("banned", False),
}


class ServerActs:
    """What is known of the people of a server."""

    def __init__(self) -> None:
        """Know nothing."""
        self._known: dict[tuple[bytes, str], bool] = {}

    def take(self, acts: Iterable[AuditEntry]) -> None:
        """Take a page of the log, the newest first; pages come from the newest to the oldest."""
        for one in acts:
            state = _state(one.act, one.value)
            if state is not None:
                self._known.setdefault((one.person, state[0]), state[1])

    def done(self, act: int, person: bytes, value: int) -> None:
        """One has done this oneself just now."""
        state = _state(act, value)
        if state is not None:
            self._known[person, state[0]] = state[1]

    def banned(self, person: bytes) -> bool:
        """Whether somebody is known to be banned."""
        return self._known.get((person, "banned"), False)

    def locked(self, person: bytes) -> bool:
        """Whether somebody's nickname is known to be locked."""
        return self._known.get((person, "locked"), False)


def _state(act: int, value: int) -> tuple[str, bool] | None:
    if act == Act.LOCK_NICK:
        return "locked", bool(value)
    return _STATES.get(Act(act)) if act in _STATES else None
