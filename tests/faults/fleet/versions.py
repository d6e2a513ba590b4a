"""Older against newer: what a program of the first version sends and understands.

Section 17 of ``protocol/README.md`` says what was added to the first version. The filters here
take exactly that away, between a client of today and its connection, so both sides meet what
they would meet: an older client never sends the newer kinds and ignores those that it does not
know; an older server answers them with ERROR(UNKNOWN_KIND), refuses the newer items, and
leaves the later fields of people's rows out. They are no old programs: what those would do
beyond the wire is not tested here. Pure.
"""

import msgpack

from protocol.codes import ErrorCode, EventKind, Kind
from protocol.frames import Error, PeoplePage, Presence, Send, decode, encode

NEWER_KINDS = frozenset(
    {
        Kind.TYPING,
        Kind.TYPED,
        Kind.MARK,
        Kind.MARKS,
        Kind.MARKED,
        Kind.PROFILE,
        Kind.PROFILED,
        Kind.PORTRAITS,
        Kind.PORTRAITS_PAGE,
    }
)
NEWER_ITEMS = frozenset({EventKind.FILE, EventKind.EDIT, EventKind.DELETE, EventKind.REACT})
NEWER_FIELDS = frozenset({"reply", "mentions", "via"})
_NEVER = 200
"""A kind of item that no version has."""


class Today:
    """Nothing is taken away."""

    def out(self, data: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return what a frame of the client becomes, and what is answered to it at once."""
        return [data], []

    def came(self, data: bytes) -> list[bytes]:
        """Return what a frame of the server becomes."""
        return [data]


class OldClient(Today):
    """The client is of the first version."""

    def out(self, data: bytes) -> tuple[list[bytes], list[bytes]]:
        """It does not know the newer kinds, so it cannot send them."""
        return ([], []) if data[1] in NEWER_KINDS else ([data], [])

    def came(self, data: bytes) -> list[bytes]:
        """It ignores kinds that it does not know, and elements behind those that it knows."""
        return [] if data[1] in NEWER_KINDS else [_first_rows(data)]


class OldServer(Today):
    """The server is of the first version."""

    def out(self, data: bytes) -> tuple[list[bytes], list[bytes]]:
        """It refuses what it does not know, and consumes the ``n`` of items."""
        kind = data[1]
        if kind in NEWER_KINDS:
            frame = decode(data)
            request = getattr(frame, "request", 0)
            text = "this kind of frame is not known"
            return [], [encode(Error(ErrorCode.UNKNOWN_KIND, "kind", text, kind, request))]
        if kind == Kind.SEND:
            frame = decode(data)
            assert isinstance(frame, Send)
            return [encode(frame._replace(items=[_first_item(one) for one in frame.items]))], []
        return [data], []

    def came(self, data: bytes) -> list[bytes]:
        """It says nothing of what it does not know."""
        return [] if data[1] in NEWER_KINDS else [_first_rows(data)]


VERSIONS: dict[str, type[Today]] = {
    "": Today,
    "old_client": OldClient,
    "old_server": OldServer,
}


def _first_rows(data: bytes) -> bytes:
    if data[1] not in (Kind.PEOPLE_PAGE, Kind.PRESENCE):
        return data
    frame = decode(data)
    assert isinstance(frame, PeoplePage | Presence)
    return encode(frame._replace(people=[row[:3] for row in frame.people]))


def _first_item(item: bytes) -> bytes:
    kind, body, *rest = msgpack.unpackb(item)
    if kind in NEWER_ITEMS:
        kind = _NEVER
    body = {name: value for name, value in body.items() if name not in NEWER_FIELDS}
    return bytes(msgpack.packb([kind, body, *rest]))
