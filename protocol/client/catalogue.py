"""What the client's file keeps of events besides themselves: changes by target, words to search.

``overlay`` has a row for each EDIT, DELETE, REACT and NOTICE of a removal, so that a message and
what became of it are found together. ``words`` is a trigram index over the folded text of each
message as it reads now; its rowid is ``place << SEQ_BITS | seq``, where ``place`` is the room's.
Both change in the transaction that stores the events, whichever of message and change comes first.
Owned by the store.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from protocol.blocks import Event
from protocol.client.folding import fold
from protocol.client.overlay import Change, read_now, removes, words_of
from protocol.codes import EventKind
from protocol.errors import WireError
from protocol.items import CHANGES, SAID, decode_item

SEQ_BITS: Final = 40
"""Bits of a rowid of ``words`` that hold the ``seq``: a trillion messages a room."""

CHANGES_MAX: Final = 20_000
"""Changes that are laid over one page: what somebody piles up must not hold up the rest."""

SCHEMA: Final = """
CREATE TABLE overlay (
    room BLOB NOT NULL, of INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL,
    person BLOB NOT NULL, item BLOB NOT NULL, PRIMARY KEY (room, of, seq)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (folded, tokenize = 'trigram');
"""

EVENT_COLUMNS: Final = "seq, ts, person, nick, device, outbox_epoch, n, item"

_FILL_EVENTS = 2_000
_OVERLAY = "INSERT OR IGNORE INTO overlay VALUES (?, ?, ?, ?, ?, ?)"
_WORDS = "REPLACE INTO words (rowid, folded) VALUES (?, ?)"
_CHANGES_EACH = 64
"""Changes of one kind by one person to one message: nobody means more, and the last ones count."""

_REACT, _NOTICE = int(EventKind.REACT), int(EventKind.NOTICE)
_GONE = f"({int(EventKind.DELETE)}, {_NOTICE})"
LAID_OVER: Final = (
    "SELECT of, seq, kind, person, item,"
    f" CASE kind WHEN {_NOTICE} THEN ifnull((SELECT nick FROM event"
    " WHERE event.room = ?1 AND event.seq = change.seq), '') ELSE '' END"
    " FROM (SELECT *, row_number()"
    f" OVER (PARTITION BY of, kind, person ORDER BY iif(kind IN {_GONE}, seq, -seq)) AS nth"
    " FROM overlay WHERE room = ?1 AND of BETWEEN ?2 AND ?3) AS change"
    f" WHERE nth <= iif(kind IN {_GONE}, 1, {_CHANGES_EACH})"
    f" AND (kind IN ({_REACT}, {_NOTICE}) OR person ="
    " (SELECT person FROM event WHERE event.room = ?1 AND event.seq = change.of))"
    f" ORDER BY kind NOT IN {_GONE}, kind = {_REACT}, of, seq"
    f" LIMIT {CHANGES_MAX}"
)
"""What changes messages ``?2 <= seq <= ?3`` of room ``?1``: a :class:`Change` a row.

Nobody can crowd out what others changed: not by changes that count for nothing, nor by many.
What was taken back is never shown again: DELETE and the notice of a removal come first.
"""

_Said = tuple[int, bytes, Mapping[str, Any]]
"""Kind, person and body of a message."""


class Catalogue:
    """The two tables; every method may raise ``sqlite3.Error``."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Use the store's connection."""
        self._db = db

    def fill(self) -> None:
        """Take in all events that the file holds: the tables are new."""
        rooms = self._db.execute("SELECT room, place FROM room").fetchall()
        sql = f"SELECT {EVENT_COLUMNS} FROM event WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?"
        for room, place in rooms:
            last = -1
            while rows := self._db.execute(sql, (room, last, _FILL_EVENTS)).fetchall():
                self.applied(room, place, [Event(*row) for row in rows])
                last = rows[-1][0]

    def find_removals(self) -> None:
        """Take in the removals among the events of a file that did not know them."""
        lead = bytes((0x92, _NOTICE))  # how an item [16, {…}] begins
        sql = (
            "SELECT room.room, room.place, event.seq, event.person, event.item FROM event"
            " JOIN room ON room.room = event.room"
            " WHERE substr(event.item, 1, 2) = ? AND instr(event.item, ?) > 0"
        )
        for room, place, seq, person, item in self._db.execute(sql, (lead, b"removed")).fetchall():
            event = Event(seq, 0, person, "", b"", b"", 0, item)
            self.applied(room, place, [event])

    def applied(self, room: bytes, place: int, events: Iterable[Event]) -> None:
        """Take in events that the transaction has just stored."""
        said: dict[int, _Said] = {}
        rows: list[tuple[bytes, int, int, int, bytes, bytes]] = []
        rewritten: set[int] = set()
        for event in events:
            try:
                kind, body = decode_item(event.item)
            except WireError:
                continue
            if kind in SAID:
                said[event.seq] = (kind, event.person, body)
            elif (kind in CHANGES or removes(kind, body)) and body["of"] < event.seq:
                rows.append((room, body["of"], event.seq, kind, event.person, event.item))
                if kind is not EventKind.REACT:
                    rewritten.add(body["of"])
        if rows:
            self._db.executemany(_OVERLAY, rows)
        if said:
            sql = (
                "SELECT DISTINCT of FROM overlay WHERE room = ? AND of BETWEEN ? AND ?"
                f" AND kind <> {int(EventKind.REACT)}"
            )
            found = self._db.execute(sql, (room, min(said), max(said)))
            rewritten.update(of for (of,) in found)
        fresh = [
            (place << SEQ_BITS | seq, fold(words_of(kind, body)))
            for seq, (kind, _, body) in said.items()
            if seq not in rewritten and seq >> SEQ_BITS == 0
        ]
        self._db.executemany(_WORDS, fresh)
        for seq in rewritten:
            self._rewrite(room, place, seq, said.get(seq) or self._said(room, seq))

    def changes(self, room: bytes, first: int, last: int) -> list[Change]:
        """Return what changes the messages ``first <= seq <= last`` of a room."""
        return [Change(*row) for row in self._db.execute(LAID_OVER, (room, first, last))]

    def forget(self, room: bytes, place: int, before: int = 1 << SEQ_BITS) -> None:
        """Drop what is kept of a room, or only of its messages before the one of this ``seq``."""
        if before >> SEQ_BITS:
            self._db.execute("DELETE FROM overlay WHERE room = ?", (room,))
        else:
            self._db.execute("DELETE FROM overlay WHERE room = ? AND of < ?", (room, before))
        first = place << SEQ_BITS
        sql = "DELETE FROM words WHERE rowid >= ? AND rowid < ?"
        self._db.execute(sql, (first, first + before))

    def _said(self, room: bytes, seq: int) -> _Said | None:
        """Return a message that is held."""
        sql = "SELECT person, item FROM event WHERE room = ? AND seq = ?"
        row: Sequence[bytes] | None = self._db.execute(sql, (room, seq)).fetchone()
        if row is None:
            return None
        try:
            kind, body = decode_item(row[1])
        except WireError:
            return None
        return kind, row[0], body

    def _rewrite(self, room: bytes, place: int, seq: int, said: _Said | None) -> None:
        if said is None or seq >> SEQ_BITS:
            return
        kind, person, body = said
        now = read_now(seq, kind, person, body, self.changes(room, seq, seq))
        words = fold(words_of(kind, now.body))
        rowid = place << SEQ_BITS | seq
        if words:
            self._db.execute(_WORDS, (rowid, words))
        else:
            self._db.execute("DELETE FROM words WHERE rowid = ?", (rowid,))
