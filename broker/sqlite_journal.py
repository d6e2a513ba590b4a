"""The journal in one SQLite file: WAL, ``synchronous=FULL``, one connection that writes.

SQLite before 3.51.3 can corrupt a WAL when two connections write or checkpoint at once
(sqlite.org/wal.html, "the WAL-reset bug"), so the connection of :class:`SqliteJournal`
alone writes and checkpoints; :class:`broker.sqlite_history.SqliteHistory` opens read-only.

How blocks are rows, and how a page is made of them, says :mod:`broker.sqlite_blocks`.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from broker.journal import (
    AnswerRow,
    AuditRow,
    Batch,
    Contents,
    DeviceRow,
    MarkRow,
    MemberRow,
    PersonRow,
    ProfileRow,
    RoomRow,
    TokenRow,
    WriterRow,
)
from broker.sqlite_blocks import (
    SEQ_BITS,
    SEQ_MASK,
    check_row,
    row_of,
)
from broker.sqlite_errors import FULL, telling
from broker.sqlite_order import insert_order, read_audit, read_order
from broker.sqlite_rows import COLUMNS, check, insert, seal, select
from broker.sqlite_schema import SCHEMA_VERSION, bring_up
from broker.sqlite_wal import hides_commits
from broker.witness import Heads, behind, is_older
from protocol.codes import RoomKind
from protocol.errors import DamagedError, FencedError, FullError, SetupError

BUSY_S = 10.0
"""How long a connection waits for another one's lock."""
_CHECKPOINT_PAGES = 16_000
"""64 MiB of WAL between checkpoints, each of which writes every page that has changed once. In a
long history nearly every drain changes pages of its own, so rare checkpoints are cheaper. But as
long as the file of the log grows, a commit costs 0.1 ms more than later: with 128 MiB that never
ends on a small server (table in README.md)."""

_EPOCH_BYTES = 16

_RESERVE_BYTES = 16 * 1024 * 1024
"""Left free for checkpoints, and for a restart, which raises the term."""


class SqliteJournal:
    """The writer. Owned by the thread that makes it."""

    def __init__(self, path: Path, seen: Heads | None = None) -> None:
        """Open or make the file; raise :class:`SetupError` with what to do if that fails.

        On a full disk it raises :class:`FullError`. ``seen``: what was published from it. If the
        file lacks some of that, and its log holds commits that cannot be read any more, it raises
        :class:`DamagedError` and changes nothing.
        """
        self._path = path
        if seen is not None:
            _need_whole_log(path, seen)
        try:
            made = not path.exists()
            self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
            try:
                if made:
                    path.chmod(0o600)
                self._prepare()
            except BaseException:
                self._db.close()
                raise
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if getattr(error, "sqlite_errorcode", None) in FULL:
                # There may be room again before anybody comes: the next start tries.
                raise FullError(f"{path} cannot be opened: there is no room on the disk") from None
            raise SetupError(
                f"{path} cannot be used as the journal ({error}). Look at its disk and its "
                "permissions; if the file is damaged, restore it from a backup."
            ) from None
        self._term = 0

    def _prepare(self) -> None:
        db = self._db
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA trusted_schema=OFF")
        db.execute("PRAGMA cell_size_check=ON")
        db.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        db.execute("PRAGMA cache_size=-65536")
        if db.execute("PRAGMA synchronous").fetchone()[0] != 2:
            raise SetupError("SQLite does not run with synchronous=FULL here; nothing is stored.")
        bring_up(db, self._path)
        row = db.execute("SELECT value FROM meta WHERE name='epoch'").fetchone()
        if row is None or type(row[0]) is not bytes or len(row[0]) != _EPOCH_BYTES:
            raise DamagedError("the journal has lost its epoch; restore it from a backup")
        self.epoch: bytes = row[0]

    def take_over(self) -> int:
        """Raise the term, durably; from now on older brokers are fenced off."""
        db = self._db
        with telling("the journal cannot be taken over"), self._transaction():
            db.execute("UPDATE meta SET value = value + 1 WHERE name='term'")
            row = db.execute("SELECT value FROM meta WHERE name='term'").fetchone()
            if row is None or type(row[0]) is not int:
                raise DamagedError("the journal has lost its term; restore it from a backup")
        self._term = row[0]
        return self._term

    def renew_epoch(self, least_term: int = 0) -> bytes:
        """Make this another history, durably: draw a new epoch and return it.

        For a journal that is older than what was published from it: every sequence number that
        follows is given under an epoch that nobody has seen. The term becomes at least
        ``least_term``.
        """
        epoch = os.urandom(_EPOCH_BYTES)
        with telling("the journal cannot be given a new epoch"), self._transaction():
            self._db.execute("UPDATE meta SET value = ? WHERE name='epoch'", (epoch,))
            self._db.execute(
                "UPDATE meta SET value = max(value, ?) WHERE name='term'", (least_term,)
            )
        self.epoch = epoch
        return epoch

    def heads(self) -> dict[bytes, int]:
        """Return the head of every room; raise :class:`DamagedError` for a damaged one."""
        with telling("the journal cannot be read"):
            return {room: self._head(no)[0] for no, room, *_ in self._rows("room")}

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def contents(self) -> Contents:
        """Read what the broker keeps in memory; raise :class:`DamagedError` for a damaged head."""
        with telling("the journal cannot be read"):
            return self._contents()

    def _contents(self) -> Contents:
        db = self._db
        for table in ("meta", *COLUMNS):
            # All but the two that grow with what is said: of those, what is read is checked.
            if table != "answer":
                found = db.execute(f"PRAGMA integrity_check({table})").fetchone()[0]
                if found != "ok":
                    raise DamagedError(f"the table {table} is damaged; restore it from a backup")
        for table in ("writer", "blob"):
            # A key that was flipped is a row that nobody would find.
            for row in db.execute(select(table)):
                check(table, row)
        rooms: list[RoomRow] = []
        for no, room, kind, name, handle in self._rows("room", "ORDER BY no"):
            head, last_ts = self._head(no)
            rooms.append(RoomRow(no, room, RoomKind(kind), name, handle, head, last_ts))
        return Contents(
            [PersonRow._make(row) for row in self._rows("person", "ORDER BY no")],
            [DeviceRow._make(row) for row in self._rows("device", "ORDER BY no")],
            rooms,
            [MemberRow._make(row) for row in self._rows("member", "ORDER BY joined")],
            [TokenRow._make(row) for row in self._rows("token")],
            [ProfileRow._make(row) for row in self._rows("profile")],
            [MarkRow._make(row) for row in self._rows("mark")],
            db.execute("SELECT coalesce(max(no), 0) FROM writer").fetchone()[0],
            db.execute("SELECT coalesce(max(joined), 0) FROM member").fetchone()[0],
            **read_order(db),
        )

    def _rows(self, table: str, rest: str = "") -> list[Sequence[Any]]:
        return [check(table, row) for row in self._db.execute(select(table, rest))]

    def _head(self, room_no: int) -> tuple[int, int]:
        base = room_no << SEQ_BITS
        row = self._db.execute(
            "SELECT id, last_seq, ts, crc, data FROM block WHERE id > ? AND id <= ?"
            " ORDER BY id DESC LIMIT 1",
            (base, base | SEQ_MASK),
        ).fetchone()
        noted = self._db.execute(select("head", "WHERE room_no=?"), (room_no,)).fetchone()
        # A wrong head would give a sequence number twice, or leave a hole for ever.
        if noted is None or check("head", noted)[1] != (row[1] if row else 0):
            raise DamagedError(
                f"the last events of room_no={room_no} are missing; restore it from a backup"
            )
        if row is None:
            return 0, 0
        check_row(*row)
        return row[1], row[2]

    def append(self, batch: Batch) -> None:
        """Store the batch in one transaction; it is on the disk when this returns."""
        with telling("the journal cannot be written"), self._transaction():
            self._check_term()
            self._insert(batch)

    def has_room(self) -> bool:
        """Whether the disk has more free than the reserve; if it does not say, it has."""
        try:
            return shutil.disk_usage(self._path.parent).free >= _RESERVE_BYTES
        except OSError:
            return True

    def can_write(self) -> bool:
        """Count the tries: a value that stays as it is would not be written."""
        try:
            with telling("the journal cannot be written"), self._transaction():
                self._check_term()
                self._db.execute(
                    "INSERT INTO meta VALUES ('tries', 1)"
                    " ON CONFLICT (name) DO UPDATE SET value = value + 1"
                )
        except FullError:
            return False
        return True

    def _check_term(self) -> None:
        term = self._db.execute("SELECT value FROM meta WHERE name='term'").fetchone()[0]
        if term != self._term:
            raise FencedError(
                f"another broker has taken this journal over (term {term}, ours {self._term})"
            )

    def _insert(self, batch: Batch) -> None:
        many = self._db.executemany
        if batch.people:
            changed = (
                "ON CONFLICT (no) DO UPDATE SET nick=excluded.nick, skeleton=excluded.skeleton,"
                " crc=excluded.crc"
            )
            many(insert("person", after=changed), seal("person", batch.people))
        if batch.profiles:
            rows = seal("profile", batch.profiles.values())
            many(insert("profile", "INSERT OR REPLACE"), rows)
        if batch.pictures:
            kept = [(no, data) for no, data in batch.pictures.items() if data]
            gone = [(no,) for no, data in batch.pictures.items() if not data]
            many("INSERT OR REPLACE INTO picture VALUES (?,?)", kept)
            many("DELETE FROM picture WHERE person_no=?", gone)
        if batch.devices:
            many(insert("device"), seal("device", batch.devices))
        if batch.rooms:
            made = [(r.no, r.room, int(r.kind), r.name, r.handle) for r in batch.rooms]
            many(insert("room"), seal("room", made))
        if batch.joined:
            many(insert("member"), seal("member", batch.joined))
        if batch.left:
            many("DELETE FROM member WHERE room_no=? AND person_no=?", batch.left)
        if batch.blocks:
            many("INSERT INTO block VALUES (?,?,?,?,?)", map(row_of, batch.blocks))
        if batch.blocks or batch.rooms:
            heads = {room.no: 0 for room in batch.rooms}
            heads |= {block.room_no: block.last_seq for block in batch.blocks}
            many(insert("head", "INSERT OR REPLACE"), seal("head", heads.items()))
        if batch.writers:
            moved_on = "ON CONFLICT (no) DO UPDATE SET last_n=excluded.last_n, crc=excluded.crc"
            many(insert("writer", after=moved_on), seal("writer", batch.writers.values()))
        if batch.answers:
            given = [(one.writer_no, one.last_n, one.first_n, *one[3:]) for one in batch.answers]
            many(insert("answer"), seal("answer", given))
        if batch.blobs:
            many(insert("blob", "INSERT OR IGNORE"), seal("blob", batch.blobs))
        if batch.marks:
            moved = [row for row in batch.marks if row.seq]
            many(insert("mark", "INSERT OR REPLACE"), seal("mark", moved))
            ended = [row[:2] for row in batch.marks if not row.seq]
            many("DELETE FROM mark WHERE room_no=? AND person_no=?", ended)
        if batch.tokens:
            many(insert("token"), seal("token", batch.tokens))
        if batch.used_tokens:
            many("DELETE FROM token WHERE digest=?", [(one,) for one in batch.used_tokens])
        insert_order(self._db, batch)

    def writer(self, room_no: int, device_no: int, outbox_epoch: bytes) -> WriterRow | None:
        """Look a writer up; raise :class:`DamagedError` if it is not what was written."""
        with telling("the journal cannot be read"):
            where = "WHERE room_no=? AND device_no=? AND outbox_epoch=?"
            name = (room_no, device_no, outbox_epoch)
            row = self._db.execute(select("writer", where), name).fetchone()
        return WriterRow._make(check("writer", row)) if row else None

    def answers(self, writer_no: int, first_n: int, last_n: int) -> Iterator[AnswerRow]:
        """Yield stored answers that touch the range, ascending; raise :class:`DamagedError`."""
        found: list[AnswerRow] = []
        with telling("the journal cannot be read"):
            where = "WHERE writer_no=? AND last_n>=? ORDER BY last_n"
            rows = self._db.execute(select("answer", where), (writer_no, first_n))
            with contextlib.closing(rows):
                # Ranges ascend and never overlap: stop behind the last one, because a client that
                # sends its first message again would else cost a walk over all of its others.
                for row in rows:
                    writer, last, first, *rest = check("answer", row)
                    if first > last_n:
                        break
                    found.append(AnswerRow(writer, first, last, *rest))
        return iter(found)

    def picture(self, person_no: int) -> bytes:
        """Look a picture up."""
        with telling("the journal cannot be read"):
            row = self._db.execute(
                "SELECT data FROM picture WHERE person_no=?", (person_no,)
            ).fetchone()
        return row[0] if row and type(row[0]) is bytes else b""

    def posted(self, sha256: bytes, room_nos: Iterable[int]) -> bool:
        """Look for a blob in rooms; raise :class:`DamagedError`."""
        rooms = list(room_nos)
        places = ",".join("?" * len(rooms))
        with telling("the journal cannot be read"):
            where = f"WHERE room_no IN ({places}) AND sha256=? LIMIT 1"
            row = self._db.execute(select("blob", where), (*rooms, sha256)).fetchone()
        return row is not None and bool(check("blob", row))

    def audit(self, before: int, limit: int) -> list[AuditRow]:
        """Read acts of the audit log, the newest first; raise :class:`DamagedError`."""
        with telling("the journal cannot be read"):
            return read_audit(self._db, before, limit)

    def health(self) -> dict[str, str]:
        """Say what this journal is."""
        mode = self._db.execute("PRAGMA journal_mode").fetchone()[0]
        return {
            "journal": "sqlite",
            "sqlite": sqlite3.sqlite_version,
            "mode": str(mode),
            "synchronous": "full",
            "schema": str(SCHEMA_VERSION),
            "term": str(self._term),
        }

    def close(self) -> None:
        """Checkpoint and close."""
        self._db.close()


def _need_whole_log(path: Path, seen: Heads) -> None:
    """Refuse a journal whose last commits are damaged: opening it would write over them."""
    wal = path.with_name(f"{path.name}-wal")
    if not wal.exists() or _shows(path, seen):
        return
    try:
        if not hides_commits(wal):
            return
    except OSError:
        return  # SQLite will say so
    with telling(f"{wal} is damaged, and without it nothing can be read"):
        heads = _peek(path)
    if is_older(seen, heads):
        lost = behind(seen, heads.heads)[1]
        raise DamagedError(
            f"{wal} is damaged: {lost} events that were acknowledged cannot "
            "be read. Nothing was changed. Restore a backup (zviazok restore); or go on without "
            "these events: zviazok backup to a new folder, then zviazok restore from there"
        )


def _shows(path: Path, seen: Heads) -> bool:
    """Whether the journal shows all that was ever seen of it.

    Asked first, because reading the whole log takes 0.1 ms a page here, and SQLite a hundredth.
    """
    try:
        return not is_older(seen, _peek(path))
    except (sqlite3.Error, TypeError):
        return False  # of an earlier version, or damaged


def _peek(path: Path) -> Heads:
    """Return how far a journal goes, without writing to it; raise ``sqlite3.Error``."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    try:
        db.text_factory = bytes
        epoch = db.execute("SELECT value FROM meta WHERE name='epoch'").fetchone()[0]
        sql = "SELECT room, last_seq FROM room JOIN head ON room_no = no"
        return Heads(epoch, dict(db.execute(sql)))
    finally:
        db.close()
