"""Ways to spoil the folder of a run, so that the checker can show that it says no.

Histories are changed record by record and journals row by row, with right checksums: what is
wrong then is what the system did, not how it was written down.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from broker.journal import BlockRow
from broker.sqlite_blocks import SEQ_BITS, SEQ_MASK, row_of
from broker.sqlite_rows import seal_all
from protocol.blocks import Event, decode_block, encode_block
from tests.faults.checker.history import NEMESIS
from tests.faults.checker.records import Entry

Fields = dict[str, Any]
Change = Callable[[Fields], Fields | list[Fields] | None]


class Spoiler:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal_path = folder / "data" / "journal.sqlite3"

    # --- histories -----------------------------------------------------------------------------

    def file(self, client: str) -> Path:
        """Return the last file of a client."""
        return sorted((self.folder / "histories").glob(f"{client}.*.jsonl"))[-1]

    def records(self, client: str, f: str) -> list[Fields]:
        """Return the records of a client that have this name, of all its sessions."""
        files = sorted((self.folder / "histories").glob(f"{client}.*.jsonl"))
        return [one for path in files for one in _read(path) if one["f"] == f]

    def change(self, client: str, change: Change) -> None:
        """Give every record of a client another form; None: it goes, a list: more come."""
        for path in sorted((self.folder / "histories").glob(f"{client}.*.jsonl")):
            self._change_file(path, change)

    def change_nemesis(self, change: Change) -> None:
        """Change what was done to the system."""
        self._change_file(self.folder / "histories" / f"{NEMESIS}.jsonl", change)

    def _change_file(self, path: Path, change: Change) -> None:
        lines: list[str] = []
        for one in _read(path):
            new = change(one)
            some = new if isinstance(new, list) else [new]
            lines += [json.dumps(fields, separators=(",", ":")) for fields in some if fields]
        path.write_text("".join(f"{line}\n" for line in lines))

    def change_entries(
        self, client: str, room: str, change: Callable[[Entry], Entry | None], f: str = "see final"
    ) -> None:
        """Change what a client saw and held of a room, entry by entry; None: it is not there."""

        def with_entries(fields: Fields) -> Fields:
            if fields["f"] in f.split() and fields["room"] == room:
                events = [change(list(one)) for one in fields["events"]]
                fields["events"] = [one for one in events if one is not None]
            return fields

        self.change(client, with_entries)

    def drop(self, client: str, room: str, seqs: range, f: str = "see final") -> None:
        """Take events from what a client saw and held."""
        self.change_entries(client, room, lambda one: None if one[0] in seqs else one, f)

    # --- the journal ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def journal(self, seal: bool = True) -> Iterator[sqlite3.Connection]:
        """The journal, to be changed; ``seal``: whatever is written has right checksums."""
        with contextlib.closing(sqlite3.connect(self.journal_path)) as db, db:
            db.execute("PRAGMA synchronous=OFF")
            yield db
            if seal:
                seal_all(db)

    def change_events(self, room: str, change: Callable[[Event], Event]) -> None:
        """Change what the journal holds of a room, with right checksums."""
        with self.journal() as db:
            no = room_no(db, room)
            for block in self.blocks(db, no):
                events = [change(one) for one in decode_block(block[2])]
                self.put(db, no, block[0], block[1], events)

    def add_event(self, room: str, event: Event) -> None:
        """Put one more event behind the others of a room."""
        with self.journal() as db:
            no = room_no(db, room)
            self.put(db, no, event.seq, event.ts, [event])

    def drop_blocks(self, room: str, which: slice) -> list[int]:
        """Take blocks out of the journal; return the places of their messages."""
        gone: list[int] = []
        with self.journal() as db:
            no = room_no(db, room)
            for first_seq, _, data in list(self.blocks(db, no))[which]:
                gone += [one.seq for one in decode_block(data) if one.n]
                db.execute("DELETE FROM block WHERE id=?", (no << SEQ_BITS | first_seq,))
        return gone

    def events(self, room: str) -> list[Event]:
        """Return what the journal holds of a room."""
        with self.journal() as db:
            blocks = self.blocks(db, room_no(db, room))
            return [one for block in blocks for one in decode_block(block[2])]

    @staticmethod
    def blocks(db: sqlite3.Connection, no: int) -> list[tuple[int, int, bytes]]:
        rows = db.execute(
            "SELECT id, ts, data FROM block WHERE id >> ? = ? ORDER BY id", (SEQ_BITS, no)
        )
        return [(place & SEQ_MASK, ts, data) for place, ts, data in rows]

    @staticmethod
    def put(db: sqlite3.Connection, no: int, first_seq: int, ts: int, events: list[Event]) -> None:
        runs = [
            (one.person, one.nick, one.device, one.outbox_epoch, one.n, [one.item])
            for one in events
        ]
        last_seq = first_seq + len(events) - 1
        row = row_of(BlockRow(no, first_seq, last_seq, ts, encode_block(first_seq, ts, runs)))
        db.execute("INSERT OR REPLACE INTO block VALUES (?,?,?,?,?)", row)
        sql = "UPDATE head SET last_seq=max(last_seq, ?) WHERE room_no=?"
        db.execute(sql, (last_seq, no))


def room_no(db: sqlite3.Connection, room: str) -> int:
    row = db.execute("SELECT no FROM room WHERE room=?", (bytes.fromhex(room),)).fetchone()
    return int(row[0])


def _read(path: Path) -> list[Fields]:
    found = []
    for line in path.read_text().split("\n"):
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found
