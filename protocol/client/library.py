"""Reading and searching the client's file beside its writer: what the archive and the search use.

A connection of its own that cannot write; WAL lets it read while the network thread writes.
Used by one thread at a time, whichever; only ``interrupt`` may come from another one.
Messages are returned as they read now: edited, taken back, with their reactions.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgpack

from protocol.blocks import Event
from protocol.client import overlay
from protocol.client.catalogue import EVENT_COLUMNS, LAID_OVER, SEQ_BITS
from protocol.client.folding import spans, words
from protocol.client.happenings import Message, RoomInfo
from protocol.client.messages import Reader
from protocol.client.operations import PersonRow
from protocol.client.overlay import words_of
from protocol.client.schema import VERSION
from protocol.codes import RoomKind
from protocol.errors import SetupError

WORDS_MAX: Final = 16
"""Words of a query that count; more narrow nothing down."""

_TRIGRAM = 3
_COLUMNS = ", ".join(f"event.{one}" for one in EVENT_COLUMNS.split(", "))

Cursor = dict[bytes, int]
"""Where a search goes on: room → the ``seq`` below which it was not looked."""


class Interrupted(Exception):
    """What was read was given up by ``interrupt``."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found; ``spans`` are the (start, end) of what was found in ``text``."""

    message: Message
    text: str
    """What was searched: the text, or caption and file name on lines of their own."""
    spans: tuple[tuple[int, int], ...]

    @property
    def room(self) -> bytes:
        """The room that it was said in."""
        return self.message.room


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, the newest first; ``before`` gets the next ones, None: there are no more."""

    hits: tuple[Hit, ...]
    before: Cursor | None


class Library:
    """The client's file to read; every method raises :class:`SetupError` with one line."""

    def __init__(self, path: Path) -> None:
        """Open the file that a :class:`protocol.client.store.Store` has made."""
        self._path = path
        with self._reading():
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro",
                uri=True, isolation_level=None, check_same_thread=False,
            )  # fmt: skip
        try:
            with self._reading():
                version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if version != VERSION:
                raise SetupError(f"{path} is of another version of this program")
        except BaseException:
            self._db.close()
            raise
        self._reader = Reader(b"")

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def interrupt(self) -> None:
        """Have what runs now end with :class:`Interrupted`; any thread."""
        self._db.interrupt()

    # --- rooms ----------------------------------------------------------------------------

    def rooms(self) -> list[RoomInfo]:
        """Return all rooms that one is in, in the order joined."""
        columns = "room, kind, name, members, epoch, head, low, high"
        with self._reading():
            rows = self._db.execute(
                f"SELECT {columns} FROM room WHERE kind > 0 ORDER BY place"
            ).fetchall()
            return [
                RoomInfo(room, RoomKind(kind), name, _members(members), *rest)
                for room, kind, name, members, *rest in rows
            ]

    def room(self, room: bytes) -> RoomInfo | None:
        """Return one room, or None if one is not in it."""
        return next((one for one in self.rooms() if one.room == room), None)

    def bounds(self, room: bytes) -> tuple[int, int, int]:
        """Return (low, high, head): held are ``low < seq <= high``; (0, 0, 0) if unknown."""
        sql = "SELECT max(low, 0), max(high, 0), head FROM room WHERE room = ? AND kind > 0"
        with self._reading():
            row: tuple[int, int, int] | None = self._db.execute(sql, (room,)).fetchone()
        return row or (0, 0, 0)

    def count(self, room: bytes, after: int, upto: int) -> int:
        """Return how many events of ``after < seq <= upto`` are held."""
        sql = "SELECT count(*) FROM event WHERE room = ? AND seq > ? AND seq <= ?"
        with self._reading():
            return int(self._db.execute(sql, (room, after, upto)).fetchone()[0])

    def first_at_or_after(self, room: bytes, ts_ms: int) -> int:
        """Return the lowest held ``seq`` whose time is ``ts_ms`` or later; 0: there is none."""
        return self._edge(room, "ts >= ?", "ASC", ts_ms)

    def last_before(self, room: bytes, ts_ms: int) -> int:
        """Return the highest held ``seq`` whose time is before ``ts_ms``; 0: there is none."""
        return self._edge(room, "ts < ?", "DESC", ts_ms)

    def _edge(self, room: bytes, condition: str, order: str, ts_ms: int) -> int:
        # Read one by one: the server's clock may have been set back, so that times can fall.
        sql = f"SELECT seq FROM event WHERE room = ? AND {condition} ORDER BY seq {order} LIMIT 1"
        with self._reading():
            row = self._db.execute(sql, (room, ts_ms)).fetchone()
        return int(row[0]) if row else 0

    def me(self) -> bytes:
        """Return who one is, or empty bytes before the first connection."""
        with self._reading():
            row = self._db.execute("SELECT value FROM meta WHERE name = 'person'").fetchone()
        return bytes(row[0]) if row else b""

    def people(self) -> dict[bytes, PersonRow]:
        """Return everybody who is known, by person, with the nickname of now."""
        with self._reading():
            rows = self._db.execute("SELECT person, nick, colour, picture FROM person")
            return {row[0]: PersonRow(*row) for row in rows}

    # --- messages -------------------------------------------------------------------------

    def events(self, room: bytes, after: int, before: int, limit: int) -> list[Event]:
        """Return the first ``limit`` events of ``after < seq < before`` as they are stored."""
        sql = (
            f"SELECT {EVENT_COLUMNS} FROM event WHERE room = ?1 AND seq > ?2 AND seq < ?3"
            # Those of a room that one has left go by and by; they are gone already.
            " AND (SELECT kind FROM room WHERE room = ?1) > 0 ORDER BY seq LIMIT ?4"
        )
        with self._reading():
            rows = self._db.execute(sql, (room, after, before, limit)).fetchall()
        return [Event(*row) for row in rows]

    def messages(self, room: bytes, after: int, before: int, limit: int) -> list[Message]:
        """Return the first ``limit`` messages of ``after < seq < before``, ascending.

        Every event is one, those that change others too.
        """
        return self.folded(room, self.events(room, after, before, limit))

    def folded(self, room: bytes, events: Sequence[Event]) -> list[Message]:
        """Return events of a room, ascending, as messages that read as they do now."""
        if not events:
            return []
        self._reader.person = self.me()
        with self._reading():
            sql = "SELECT epoch FROM room WHERE room = ? AND kind > 0"
            row = self._db.execute(sql, (room,)).fetchone()
            epoch = row[0] if row else b""
            changes: dict[int, list[overlay.Change]] = {}
            for one in self._db.execute(LAID_OVER, (room, events[0].seq, events[-1].seq)):
                change = overlay.Change(*one)
                changes.setdefault(change.of, []).append(change)
        return [
            overlay.fold(self._reader.message(room, epoch, event, b""), changes.get(event.seq, ()))
            for event in events
        ]

    # --- search ---------------------------------------------------------------------------

    def search(
        self,
        query: str,
        room: bytes | None = None,
        limit: int = 50,
        before: Cursor | None = None,
        person: bytes | None = None,
        kinds: Sequence[int] = (),
    ) -> Found:
        """Return what holds all words of ``query``, each also inside of words.

        It can be narrowed to a ``room``, to what one ``person`` said and to ``kinds`` of
        messages; then the query may be empty. ``before`` goes on where an earlier search
        with the same question has ended.
        """
        wanted = words(_sound(query))[:WORDS_MAX]
        if not wanted and person is None and not kinds:
            return Found((), None)
        with self._reading():
            sql = "SELECT room, place FROM room WHERE kind > 0 AND (?1 IS NULL OR room = ?1)"
            places = self._db.execute(sql, (room,)).fetchall()
        with self._reading():
            rows = merge(
                *(
                    self._rows(one, place, wanted, before, person, kinds)
                    for one, place in places
                    if before is None or one in before
                ),
                key=_newest,
            )
            found = list(islice(rows, limit + 1))
        more = len(found) > limit
        del found[limit:]
        return Found(self._hits(found, query), _next(found, places, before) if more else None)

    def _rows(
        self, room: bytes, place: int, wanted: Sequence[str], before: Cursor | None,
        person: bytes | None, kinds: Sequence[int],
    ) -> Iterator[tuple[bytes, Event]]:  # fmt: skip
        """Yield the hits of one room, the newest first, as far as somebody takes them."""
        last = before[room] if before is not None else 1 << SEQ_BITS
        first, end = place << SEQ_BITS, (place << SEQ_BITS) + last
        values: list[Any] = [room, first]
        if wanted:
            sql = (
                f"SELECT {_COLUMNS} FROM words JOIN event ON event.room = ?1"
                " AND event.seq = words.rowid - ?2"
            )
            long = [word for word in wanted if len(word) >= _TRIGRAM]
            if long:
                sql += f" WHERE words MATCH ?{_put(values, _match(long))}"
            else:
                sql += " WHERE 1"
            # The index knows three letters in a row; fewer are looked for in the folded text.
            for word in wanted:
                if len(word) < _TRIGRAM:
                    sql += f" AND instr(words.folded, ?{_put(values, word)}) > 0"
            sql += f" AND words.rowid >= ?2 AND words.rowid < ?{_put(values, end)}"
            order = "words.rowid"
        else:
            sql = f"SELECT {_COLUMNS} FROM event WHERE event.room = ?1"
            sql += f" AND event.seq < ?{_put(values, end)} - ?2"
            order = "event.seq"
        if person is not None:
            sql += f" AND event.person = ?{_put(values, person)}"
        if kinds:
            # An item is the array [kind, …], and kinds up to 127 are one byte.
            marks = ", ".join(f"?{_put(values, bytes((kind,)))}" for kind in kinds)
            sql += f" AND substr(event.item, 2, 1) IN ({marks})"
        for row in self._db.execute(f"{sql} ORDER BY {order} DESC", values):
            yield room, Event(*row)

    def _hits(self, found: Sequence[tuple[bytes, Event]], query: str) -> tuple[Hit, ...]:
        hits = []
        for room, event in found:
            message = self.folded(room, [event])[0]
            if not message.deleted:
                text = words_of(message.kind, message.body)
                hits.append(Hit(message, text, tuple(spans(text, _sound(query)))))
        return tuple(hits)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if text == "interrupted":
                raise Interrupted from None
            if "malformed" in text or "not a database" in text:
                text = "it is damaged"
            raise SetupError(f"{self._path} cannot be read: {text}") from None
        except (ValueError, TypeError):
            raise SetupError(f"{self._path} cannot be read: it is damaged") from None


def _next(
    found: Sequence[tuple[bytes, Event]], places: Sequence[tuple[bytes, int]],
    before: Cursor | None,
) -> Cursor:  # fmt: skip
    """Return where the next search goes on, room by room: times alone may be equal or fall."""
    cursor = dict(before) if before is not None else {room: 1 << SEQ_BITS for room, _ in places}
    for room, event in found:
        cursor[room] = min(cursor[room], event.seq)
    return cursor


def _newest(row: tuple[bytes, Event]) -> int:
    return -row[1].ts


def _put(values: list[Any], value: Any) -> int:
    values.append(value)
    return len(values)


def _match(wanted: Sequence[str]) -> str:
    """Return an FTS5 expression: strings that must all occur, with no sign that means more."""
    return " AND ".join('"' + word.replace('"', '""') + '"' for word in wanted)


def _sound(query: str) -> str:
    """Return the query as Unicode: Tk on X11 may hand half characters over."""
    return query.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _members(data: bytes) -> tuple[tuple[bytes, str], ...]:
    return tuple((person, nick) for person, nick in msgpack.unpackb(data))
