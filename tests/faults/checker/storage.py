"""The journal of a run: whether it is sound (I14), and what it holds.

Every row is checked with the broker's own checksums and decoded with the protocol's own
functions; then the whole history is read once more as the broker reads it for clients, which
must give the same blocks. Nothing is written but what SQLite needs beside a file that is read.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from broker.sqlite_blocks import BLOCK_COLUMNS, SEQ_BITS, SEQ_MASK, check_row
from broker.sqlite_history import SqliteHistory
from broker.sqlite_rows import COLUMNS, SEALED_SINCE, check_bytes, select
from protocol.blocks import DEVICE_TAG_BYTES, decode_block
from protocol.errors import ZviazokError
from tests.faults.checker.orders import Order, Orders
from tests.faults.checker.records import PERSON, Entry, N, text_of
from tests.faults.checker.verdict import Findings, Invariant

_PAGE_EVENTS = 5_000
_PAGE_BYTES = 4 * 1024 * 1024


@lru_cache(100_000)
def _hex(name: bytes) -> str:
    """Return the hex of a name; the same string for the same bytes saves memory."""
    return name.hex()


@dataclass(slots=True)
class Stored:
    """Who is where, as a journal says."""

    epoch: str
    events: int = 0
    rooms: dict[str, int] = field(default_factory=dict)
    """Kinds by room."""
    members: dict[str, set[str]] = field(default_factory=dict)
    """People by room."""


@dataclass(frozen=True, slots=True)
class _Writer:
    room_no: int
    tag: bytes
    person: str
    oe: str
    last_n: int


class Storage:
    """One journal file; its findings name it ``who``."""

    def __init__(self, path: Path, who: str, orders: Orders, findings: Findings) -> None:
        self._path = path
        self._who = who
        self._orders = orders
        self._findings = findings
        self._sealed = False
        self._tags: dict[str, dict[str, str]] = {}
        """By room and outbox epoch: the device that wrote, as hex."""

    def check(self) -> Stored | None:
        """Check the file and take what it holds into the orders; None: it cannot be read."""
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
                db.text_factory = bytes  # a flipped bit can make text of bytes
                return self._check(db)
        except (sqlite3.Error, ZviazokError, TypeError, ValueError, AttributeError) as error:
            self._tell(f"cannot be read: {error!r}")
            return None

    def _tell(self, what: str) -> None:
        self._findings.add(Invariant.STORAGE, self._who, what)

    def _check(self, db: sqlite3.Connection) -> Stored:
        for (said,) in db.execute("PRAGMA integrity_check"):
            if said != b"ok":
                self._tell(f"integrity_check: {said!r}")
        self._sealed = db.execute("PRAGMA user_version").fetchone()[0] >= SEALED_SINCE
        if self._sealed:
            self._check_rows(db)
        epoch = db.execute("SELECT value FROM meta WHERE name='epoch'").fetchone()[0].hex()
        stored = Stored(epoch)
        self._orders.journaled.add(epoch)
        people = {no: one.hex() for no, one in db.execute("SELECT no, person FROM person")}
        orders: dict[int, Order] = {}
        for no, room, kind in db.execute("SELECT no, room, kind FROM room").fetchall():
            order = orders[no] = self._orders.of(room.hex(), epoch)
            order.journaled = True
            stored.rooms[order.room] = kind
            members = db.execute("SELECT person_no FROM member WHERE room_no=?", (no,))
            stored.members[order.room] = {people[one] for (one,) in members}
            blocks = self._blocks(db, no, order)
            stored.events += order.head
            if self._sealed:  # one of an earlier version is read by nobody before it is brought up
                self._check_reading(room, blocks, order)
                ends = db.execute("SELECT last_seq FROM head WHERE room_no=?", (no,)).fetchall()
                if ends != [(order.head,)]:
                    self._tell(f"{order}: the head is written down as {ends}, not {order.head}")
        for (row,) in db.execute("SELECT id FROM block"):
            if row >> SEQ_BITS not in orders:
                self._tell(f"a block of no room: {row}")
        self._check_answers(db, people, orders)
        return stored

    def _check_rows(self, db: sqlite3.Connection) -> None:
        """Every row is what was written."""
        for table in COLUMNS:
            for row in db.execute(select(table)):
                try:
                    check_bytes(table, row)
                except ZviazokError as error:
                    self._tell(str(error))

    # --- blocks --------------------------------------------------------------------------------

    def _blocks(self, db: sqlite3.Connection, no: int, order: Order) -> list[bytes]:
        blocks: list[bytes] = []
        due, last_ts = 1, 0
        base = no << SEQ_BITS
        rows = db.execute(
            f"SELECT {BLOCK_COLUMNS} FROM block WHERE id > ? AND id <= ? ORDER BY id",
            (base, base | SEQ_MASK),
        )
        tags = self._tags.setdefault(order.room, {})
        for place, last_seq, ts, crc, data in rows:
            try:
                check_row(place, last_seq, ts, crc, data)
                events: list[Entry] = []
                for seq, at, person, _, device, oe, n, item in decode_block(data):
                    events.append([seq, _hex(person), _hex(oe) if n else "", n, text_of(item), at])
                    if n and tags.setdefault(_hex(oe), _hex(device)) != _hex(device):
                        self._tell(f"two devices write with the outbox epoch {oe.hex()[:8]}")
            except ZviazokError as error:
                self._tell(f"{order} near seq {place & SEQ_MASK}: {error}")
                continue
            first_seq = place & SEQ_MASK
            if first_seq != due:
                self._tell(f"{order}: seq {due} is due and {first_seq} is there")
            if (events[0][0], events[-1][0]) != (first_seq, last_seq) or events[0][5] != ts:
                self._tell(f"{order}: the row of seq {first_seq} is not its block's")
            if ts < last_ts:
                self._tell(f"{order}: the time of seq {first_seq} goes back")
            due, last_ts = last_seq + 1, ts
            blocks.append(data)
            if not order.store(events):
                what = f"{order}: another journal of this epoch has other events near {first_seq}"
                self._findings.add(Invariant.VALUE, self._who, what)
        return blocks

    def _check_reading(self, room: bytes, blocks: list[bytes], order: Order) -> None:
        """Clients are served what is stored."""
        served = list(self._served(room))
        if served != blocks:
            self._tell(f"{order}: clients are served {len(served)} blocks of {len(blocks)}")

    def _served(self, room: bytes) -> Iterator[bytes]:
        history = SqliteHistory(self._path)
        try:
            after = 0
            while True:
                page = history.read(room, after, 0, _PAGE_EVENTS, _PAGE_BYTES)
                if page is None:
                    return
                yield from page.blocks
                if not page.more or not page.blocks:
                    return
                *_, event = decode_block(page.blocks[-1])
                after = event.seq
        except ZviazokError as error:
            self._tell(f"cannot be served: {error}")
        finally:
            history.close()

    # --- answers -------------------------------------------------------------------------------

    def _check_answers(
        self, db: sqlite3.Connection, people: dict[int, str], orders: dict[int, Order]
    ) -> None:
        """Every counter up to the last has one answer, and every stored message is one's."""
        devices = {
            no: (key[:DEVICE_TAG_BYTES], people[person])
            for no, key, person in db.execute("SELECT no, key, person_no FROM device")
        }
        sql = "SELECT no, room_no, device_no, outbox_epoch, last_n FROM writer"
        writers = {
            no: _Writer(room_no, *devices[device], oe.hex(), last_n)
            for no, room_no, device, oe, last_n in db.execute(sql)
        }
        answered = dict.fromkeys(writers, 0)
        placed: dict[int, int] = dict.fromkeys(orders, 0)
        sql = "SELECT writer_no, first_n, last_n, first_seq, code FROM answer ORDER BY 1, 3"
        for no, first_n, last_n, first_seq, code in db.execute(sql):
            writer = writers.get(no)
            if writer is None or writer.room_no not in orders:
                self._tell(f"an answer of no writer: {no}")
                continue
            if first_n != answered[no] + 1 or last_n < first_n:
                self._tell(f"answers of writer {no}: {first_n} follows {answered[no]}")
            answered[no] = last_n
            if code == 0:
                placed[writer.room_no] += last_n - first_n + 1
                self._check_places(writer, orders[writer.room_no], first_n, last_n, first_seq)
        for no, writer in writers.items():
            if answered[no] != writer.last_n:
                self._tell(f"writer {no}: last_n={writer.last_n}, answered up to {answered[no]}")
        for room_no, order in orders.items():
            said = sum(1 for one in order.entries if one is not None and one[N])
            if said != placed[room_no]:
                self._tell(f"{order}: {said} messages and {placed[room_no]} answers for them")

    def _check_places(
        self, writer: _Writer, order: Order, first_n: int, last_n: int, first_seq: int
    ) -> None:
        if self._tags[order.room].get(writer.oe, writer.tag.hex()) != writer.tag.hex():
            self._tell(f"{order}: {writer.oe[:8]} is another device's")
        wanted = [[writer.person, writer.oe, n] for n in range(first_n, last_n + 1)]
        there: list[Any] = [
            one and one[PERSON : N + 1]
            for one in order.entries[first_seq : first_seq + len(wanted)]
        ]
        if there != wanted:
            what = f"answers say n={first_n}…{last_n} are at seq {first_seq}, where others are"
            self._tell(f"{order} {writer.oe[:8]}: {what}")
