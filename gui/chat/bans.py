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


def find_bans(path: Path, room: bytes) -> dict[bytes, tuple[int, str]]:
    """Return what :attr:`gui.chat.room.Room.bans` holds, for all of the room; raise SetupError."""
    library = Library(path)
    try:
        low, high, _ = library.bounds(room)
        known: dict[bytes, tuple[int, str]] = {}
        before, bottom = high + 1, max(low, high - EVENTS_MAX)
        while before > bottom + 1:
            after = max(bottom, before - 1 - PAGE)
            for message in reversed(library.messages(room, after, before, PAGE)):
                body = message.body
                if message.kind == EventKind.NOTICE and body.get("what") in ("banned", "unbanned"):
                    nick = str(body.get("nick") or "?") if body["what"] == "banned" else ""
                    known.setdefault(bytes(body.get("who") or b""), (message.seq, nick))
            before = after + 1
        return known
    finally:
        library.close()
