"""Questions of a session that have no answer yet, so that it is told when they are lost.

A link of the gateway can break while a client's connection stands, and what was under way in it is
gone; the client would wait fifteen seconds for an answer. A session has two of these: READs
that are at the reader, and requests that are at the broker. Only so many are remembered as
a sound client has under way, the newest: what is older was dropped somewhere, and is asked again
under another number. Pure. Owned by the gateway's main thread.
"""

from collections.abc import Iterator

from protocol.codes import ErrorCode, Kind
from protocol.errors import WireError
from protocol.frames import Error, decode, encode

QUESTIONS_MAX = 16
"""Four times the READs that a client of ours has under way."""

_TEXT = "the server cannot be reached at the moment"
_UINT_BYTES = {0xCC: 1, 0xCD: 2, 0xCE: 4}
"""Leading byte of a longer msgpack integer → its bytes."""


class Questions:
    """Questions under way on one link."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: dict[int, Kind] = {}

    def depart(self, kind: Kind, request: int) -> None:
        """A question of this number is under way."""
        if len(self._waiting) >= QUESTIONS_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[request] = kind

    def arrive(self, request: int) -> None:
        """The answer to this number is here."""
        self._waiting.pop(request, None)

    def hear(self, data: bytes) -> None:
        """A frame for the client is here, perhaps the answer to a question."""
        if self._waiting:
            self._waiting.pop(_request(data), None)

    def lost(self) -> Iterator[bytes]:
        """Yield what to tell the client: the link is gone, and all that was under way."""
        waiting, self._waiting = self._waiting, {}
        for request, kind in waiting.items():
            yield encode(Error(ErrorCode.UNAVAILABLE, "", _TEXT, kind, request))


def _request(data: bytes) -> int:
    """Return the number of the request that is answered, without reading a whole page."""
    if data[1] != Kind.PAGE:
        try:
            return int(getattr(decode(data), "request", 0))
        except WireError:
            return 0
    lead = data[3]  # behind version, kind and the array's header
    size = _UINT_BYTES.get(lead, 0)
    return int.from_bytes(data[4 : 4 + size], "big") if size else lead
