"""READs under way to the broker's reader, so that whoever asked is told when they are lost.

The link to the reader can break while the one to ingress stands, and what was under way in it is
gone; the client would wait fifteen seconds for a page. Only READs are remembered, and of a session
only so many as a sound client has under way. Pure. Owned by the gateway's main thread.
"""

from collections.abc import Iterable, Iterator

from gateway.sessions import Session
from protocol.codes import ErrorCode, Kind
from protocol.errors import WireError
from protocol.frames import Error, Read, decode, encode

READS_MAX = 16
"""READs of a session that are remembered: four times what a client of ours has under way."""

_TEXT = "the server cannot be reached at the moment"
_UINT_BYTES = {0xCC: 1, 0xCD: 2, 0xCE: 4}
"""Leading byte of a longer msgpack integer → its bytes."""


def depart(session: Session, data: bytes) -> None:
    """A question of the session is under way to the reader."""
    if data[1] == Kind.READ and len(session.reads) < READS_MAX:
        frame = decode(data)
        assert isinstance(frame, Read)
        session.reads[frame.request] = None


def arrive(session: Session, data: bytes) -> None:
    """An answer of the reader is here."""
    if session.reads:
        session.reads.pop(_request(data), None)


def lost(sessions: Iterable[Session]) -> Iterator[tuple[Session, bytes]]:
    """Yield what to tell whom: the link is gone, and all that was under way."""
    for session in sessions:
        asked, session.reads = session.reads, {}
        for request in asked:
            error = Error(ErrorCode.UNAVAILABLE, "", _TEXT, Kind.READ, request)
            yield session, encode(error)


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
