"""Rows of the journal with checksums: what is read is what was written, or it is refused.

SQLite notices a page that makes no sense, but not a bit that was flipped in a value. Blocks carry
their own checksum (:mod:`broker.sqlite_blocks`) and pictures are named by theirs; every row of the
other tables, except ``meta``, ends with the CRC-32 of its table's name and its values. A wrong
counter would give a sequence number twice, a wrong membership would open a room.
Pure: rows come from whoever owns the connection.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgpack

from protocol.errors import DamagedError

COLUMNS: Final = {
    "person": "no, person, nick, skeleton",
    "device": "no, key, person_no",
    "room": "no, room, kind, name, handle",
    "member": "room_no, person_no, joined",
    "writer": "no, room_no, device_no, outbox_epoch, last_n",
    "answer": "writer_no, last_n, first_n, first_seq, code, field, text",
    "blob": "room_no, sha256, size",
    "token": "digest, person_no, expires_ts",
    "profile": "person_no, colour, picture",
    "mark": "room_no, person_no, seq",
    "head": "room_no, last_seq",
    "standing": "person_no, role, banned, nick_locked, muted_until",
    "room_standing": "room_no, person_no, role, banned, muted_until",
    "rules": "room_no, paused, announce, slow_s, direct",
    "banned_device": "device_no",
    "audit": "no, ts, actor_no, actor_nick, act, person_no, nick, value, text",
    "invite": "id, uses",
}
"""The columns of each table in their order; ``crc`` follows them."""

SEALED_SINCE: Final = 3
"""Files of an earlier version of the schema have no checksums of rows."""
_SINCE = dict.fromkeys(
    ("standing", "room_standing", "rules", "banned_device", "audit", "invite"), 4
)

_TEXTS = {
    table: tuple(
        place
        for place, name in enumerate(columns.split(", "))
        if name in ("nick", "skeleton", "name", "handle", "field", "text", "actor_nick", "id")
    )
    for table, columns in COLUMNS.items()
}
_SEEDS = {table: zlib.crc32(table.encode()) for table in COLUMNS}
_INSERTS = {
    table: f"VALUES ({','.join('?' * (columns.count(',') + 2))})"
    for table, columns in COLUMNS.items()
}
_pack = msgpack.Packer(autoreset=True).pack


def tables(schema: int) -> list[str]:
    """Return the tables with checksums that a file of this version of the schema has."""
    return [table for table in COLUMNS if schema >= _SINCE.get(table, SEALED_SINCE)]


def insert(table: str, verb: str = "INSERT", after: str = "") -> str:
    """Return the SQL that puts sealed rows into a table; ``after`` says what a conflict does."""
    return f"{verb} INTO {table} {_INSERTS[table]} {after}"


def select(table: str, rest: str = "") -> str:
    """Return the SQL that reads rows of a table for :func:`check`."""
    return f"SELECT {COLUMNS[table]}, crc FROM {table} {rest}"


def seal(table: str, rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Return the rows with their checksums."""
    seed = _SEEDS[table]
    return [(*row, zlib.crc32(_pack(tuple(row)), seed)) for row in rows]


def check(table: str, row: Sequence[Any]) -> tuple[Any, ...]:
    """Return a row without its checksum; raise :class:`DamagedError` if it is another one."""
    values = tuple(row[:-1])
    if zlib.crc32(_pack(values), _SEEDS[table]) != row[-1]:
        raise DamagedError(f"a row of {table} is not what was written; restore it from a backup")
    return values


def check_bytes(table: str, row: Sequence[Any]) -> tuple[Any, ...]:
    """Like :func:`check`, for a connection that gives texts as bytes."""
    texts = _TEXTS.get(table, ())
    try:
        values = [one.decode() if place in texts else one for place, one in enumerate(row)]
    except (UnicodeDecodeError, AttributeError):
        raise DamagedError(f"a row of {table} is no text; restore it from a backup") from None
    return check(table, values)


def seal_all(db: sqlite3.Connection) -> None:
    """Give every row of an older file its checksum, in the transaction that is open."""
    for table, columns in COLUMNS.items():
        seed = _SEEDS[table]
        db.create_function(
            "checksum",
            columns.count(",") + 1,
            lambda *values, seed=seed: zlib.crc32(_pack(values), seed),
            deterministic=True,
        )
        db.execute(f"UPDATE {table} SET crc = checksum({columns})")
    db.create_function("checksum", -1, None)
