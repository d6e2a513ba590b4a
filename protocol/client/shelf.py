"""Reads from the store what the session has promised: messages as they read now.

The session decides what is read and knows how events become messages; here they come
from the file and what changed them is laid over. Owned by the client's network thread.
"""

from collections.abc import Callable, Iterable

from protocol.blocks import Event
from protocol.client.happenings import Changed, Loaded, Message
from protocol.client.operations import OutboxRow
from protocol.client.outcome import Answer, Touched
from protocol.client.overlay import Change, fold
from protocol.client.store import Store
from protocol.items import SAID

Decode = Callable[[Iterable[Event]], tuple[Message, ...]]
"""Turns events of the room in question into messages."""


class Shelf:
    """Reads; every method may raise :class:`SetupError`."""

    def __init__(self, store: Store) -> None:
        """Read from this store."""
        self._store = store

    def loaded(self, answer: Answer, decode: Decode) -> Loaded:
        """Carry out what answers a request for messages."""
        room, after, before = answer.room, answer.after, answer.before
        events = self._store.events(room, after, before, answer.limit, answer.newest)
        if not events:
            edge = before - 1 if answer.newest else after
            return Loaded(answer.request, room, (), edge > 0, edge < answer.high)
        more, newer = events[0].seq > 1, events[-1].seq < answer.high
        messages = self._folded(room, decode(events))
        return Loaded(answer.request, room, messages, more, newer)

    def changed(self, touched: Touched, decode: Decode) -> Changed | None:
        """Return those of the messages that can be changed, as they read now."""
        found: list[Message] = []
        for seq in touched.seqs:
            message = self.message(touched.room, seq, decode)
            if message is not None and message.kind in SAID:
                found.append(message)
        return Changed(touched.room, tuple(found)) if found else None

    def message(self, room: bytes, seq: int, decode: Decode) -> Message | None:
        """Return a message that is held, or None."""
        events = self._store.events(room, seq - 1, seq + 1, 1)
        return self._folded(room, decode(events))[0] if events else None

    def refused(self, room: bytes, n: int) -> OutboxRow | None:
        """Return a message of one's own that was refused, or None."""
        return self._store.refused(room, n)

    def _folded(self, room: bytes, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        rows = self._store.changes(room, messages[0].seq, messages[-1].seq)
        if not rows:
            return messages
        by_seq: dict[int, list[Change]] = {}
        for row in rows:
            by_seq.setdefault(row.of, []).append(row)
        return tuple(fold(one, by_seq.get(one.seq, ())) for one in messages)
