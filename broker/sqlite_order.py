"""Roles, bans, rules, the audit log and uses of invites, as rows of the journal in SQLite.

Who is nothing but a member, and a room without rules, have no row: what is read at a start grows
with what holds, not with what was once done. Called inside of a transaction by whoever owns the
connection; see :mod:`broker.sqlite_journal`.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from broker.journal import (
    AUDIT_MAX,
    AuditRow,
    Batch,
    RoomStandingRow,
    RulesRow,
    StandingRow,
)
from broker.sqlite_rows import check, insert, seal, select
from protocol.codes import DirectRule, Role


def insert_order(db: sqlite3.Connection, batch: Batch) -> None:
    """Store what a batch says of order; the audit log loses its oldest acts beyond a number."""
    _keep(db, "standing", ["person_no"], batch.standings.values())
    _keep(db, "room_standing", ["room_no", "person_no"], batch.room_standings.values())
    _keep(db, "rules", ["room_no"], batch.rules.values())
    if batch.banned_devices:
        banned = [(no,) for no, is_banned in batch.banned_devices.items() if is_banned]
        let_in = [(no,) for no, is_banned in batch.banned_devices.items() if not is_banned]
        db.executemany(insert("banned_device", "INSERT OR REPLACE"), seal("banned_device", banned))
        db.executemany("DELETE FROM banned_device WHERE device_no=?", let_in)
    if batch.audit:
        # An act's number is a plain number in the file, so that it reads the same there.
        acts = [row._replace(act=int(row.act)) for row in batch.audit]
        db.executemany(insert("audit"), seal("audit", acts))
        newest = max(row.no for row in acts)
        db.execute("DELETE FROM audit WHERE no <= ?", (newest - AUDIT_MAX,))
    if batch.invite_uses:
        uses = seal("invite", batch.invite_uses.items())
        db.executemany(insert("invite", "INSERT OR REPLACE"), uses)


def _keep(
    db: sqlite3.Connection, table: str, key: list[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Replace rows of whole numbers; those that say nothing behind their key go."""
    numbers = [tuple(int(value) for value in row) for row in rows]
    if not numbers:
        return
    kept = [row for row in numbers if any(row[len(key) :])]
    gone = [row[: len(key)] for row in numbers if not any(row[len(key) :])]
    db.executemany(insert(table, "INSERT OR REPLACE"), seal(table, kept))
    where = " AND ".join(f"{name}=?" for name in key)
    db.executemany(f"DELETE FROM {table} WHERE {where}", gone)


def read_order(db: sqlite3.Connection) -> dict[str, Any]:
    """Read what belongs into :class:`broker.journal.Contents`, by its fields' names.

    Raises :class:`DamagedError`.
    """
    newest = db.execute(select("audit", "ORDER BY no DESC LIMIT 1")).fetchone()
    return {
        "standings": [
            StandingRow(no, Role(role), bool(banned), bool(locked), muted_until)
            for no, role, banned, locked, muted_until in _rows(db, "standing")
        ],
        "room_standings": [
            RoomStandingRow(room_no, person_no, Role(role), bool(banned), muted_until)
            for room_no, person_no, role, banned, muted_until in _rows(db, "room_standing")
        ],
        "rules": [
            RulesRow(no, bool(paused), bool(announce), slow_s, DirectRule(direct))
            for no, paused, announce, slow_s, direct in _rows(db, "rules")
        ],
        "banned_devices": [no for (no,) in _rows(db, "banned_device")],
        "invite_uses": dict(_rows(db, "invite")),
        "last_audit_no": check("audit", newest)[0] if newest else 0,
    }


def read_audit(db: sqlite3.Connection, before: int, limit: int) -> list[AuditRow]:
    """Read acts of the audit log, the newest first; see :meth:`broker.journal.Journal.audit`."""
    where, bound = ("WHERE no < ?", [before]) if before else ("", [])
    rows = db.execute(select("audit", f"{where} ORDER BY no DESC LIMIT ?"), [*bound, limit])
    return [AuditRow._make(check("audit", row)) for row in rows]


def _rows(db: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return [check(table, row) for row in db.execute(select(table))]
