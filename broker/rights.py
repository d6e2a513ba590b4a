"""Who may read what, by what is committed at this moment.

The gateways know it too, and the broker tells them of every change; this is the second lock, for a
gateway that has not heard of it, and the only one that a restart does not open. Pure but for the
history. Owned by the reader's thread.
"""

from broker.journal import History
from protocol.codes import ErrorCode
from protocol.errors import WireError


class Rights:
    """Looks up people and memberships; the errors are those of the client's request."""

    def __init__(self, history: History) -> None:
        """Look them up there."""
        self._history = history

    def person(self, device: bytes) -> int:
        """Return whose device it is; raise :class:`WireError` if nobody's, or one of a ban."""
        person_no = self._history.person_of(device)
        if person_no is None:
            raise WireError(ErrorCode.NOT_MEMBER, "", "you are not on this server any more")
        return person_no

    def need_member(self, person_no: int, room: bytes) -> None:
        """Raise :class:`WireError` if the person is not in the room."""
        # Alike for a room that is not there: that one exists is its members' business.
        if not self._history.is_member(person_no, room):
            raise WireError(ErrorCode.NOT_MEMBER, "room", "you are not in this room")
