"""A client's file that tests fill with events, and the library that reads it."""

from pathlib import Path

from protocol.blocks import Event
from protocol.client.library import Library
from protocol.client.operations import Apply, PutMe, PutRoom
from protocol.client.store import Store
from protocol.codes import EventKind, RoomKind
from protocol.items import encode_item

GENERAL, OTHER, EPOCH = b"g" * 16, b"o" * 16, b"E" * 16
ME, OLENA = b"m" * 8, b"l" * 8


class Shelf:
    """A store that is written, and the library beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Store(path)
        self.store.apply([PutMe(ME, "Marko", "school")])
        self.heads = {GENERAL: 0, OTHER: 0}
        for room, name in ((GENERAL, "general"), (OTHER, "other")):
            self.store.apply([PutRoom(room, RoomKind.OPEN, name, (), EPOCH, 0)])
        self.library = Library(path)

    def add(
        self, *bodies: dict[str, object], kind: EventKind = EventKind.TEXT, room: bytes = GENERAL,
        person: bytes = OLENA, ts: int = 0, raw: bytes = b"",
    ) -> int:  # fmt: skip
        """Store events; return the last ``seq``."""
        first = self.heads[room] + 1
        events = [
            Event(
                seq, ts or seq * 1000, person, "Olena", b"d" * 8, b"x" * 8, seq,
                raw or encode_item(kind, body),
            )
            for seq, body in enumerate(bodies, first)
        ]  # fmt: skip
        last = self.heads[room] = first + len(events) - 1
        self.store.apply([Apply(room, EPOCH, tuple(events), 0, last, last)])
        return last

    def say(self, *texts: str, room: bytes = GENERAL, ts: int = 0, person: bytes = OLENA) -> int:
        bodies: list[dict[str, object]] = [{"text": text} for text in texts]
        return self.add(*bodies, room=room, ts=ts, person=person)

    def find(self, query: str, room: bytes | None = None) -> list[str]:
        return [hit.text for hit in self.library.search(query, room).hits]

    def close(self) -> None:
        self.library.close()
        self.store.close()
