"""Finds who is banned from a room by what was told there: the server lists it nowhere else.

Reads the client's file; slow, for a thread. Where the room's history is not whole on this
machine, older bans are missing.
"""

from pathlib import Path

from protocol.client.library import Library
from protocol.codes import EventKind

PAGE = 500
EVENTS_MAX = 20_000
"""Events that are looked at, from the newest back: as many as a client fetches by itself."""


def find_bans(path: Path, room: bytes) -> tuple[tuple[bytes, str], ...]:
    """Return (person, nickname) of who is banned, the newest ban first; raise SetupError."""
    library = Library(path)
    try:
        low, high, _ = library.bounds(room)
        known: dict[bytes, str] = {}
        """Person → nickname, or "" if the newest word about them is that the ban was lifted."""
        before, bottom = high + 1, max(low, high - EVENTS_MAX)
        while before > bottom + 1:
            after = max(bottom, before - 1 - PAGE)
            for message in reversed(library.messages(room, after, before, PAGE)):
                body = message.body
                if message.kind == EventKind.NOTICE and body.get("what") in ("banned", "unbanned"):
                    nick = str(body.get("nick") or "?") if body["what"] == "banned" else ""
                    known.setdefault(bytes(body.get("who") or b""), nick)
            before = after + 1
        return tuple((person, nick) for person, nick in known.items() if nick and person)
    finally:
        library.close()
