"""A journal in memory: :class:`broker.journal.Journal` and ``History`` on a simulated disk.

The disk holds what is synced, as a list of batches in their order, so that a copy of it is a
prefix; what the batches make is kept beside it. A commit can fail, find no room, or be the
moment at which the process dies: before it, in it (then chance says whether it is on the
disk), or after it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from random import Random

from broker.journal import (
    AUDIT_MAX,
    AnswerRow,
    AuditRow,
    Batch,
    BlockRow,
    Contents,
    DeviceRow,
    MarkRow,
    MemberRow,
    Page,
    PersonRow,
    ProfileRow,
    RoomRow,
    RoomStandingRow,
    RulesRow,
    StandingRow,
    TokenRow,
    WriterRow,
)
from broker.sqlite_blocks import Row, newest, oldest, row_of
from broker.witness import Heads, is_older
from protocol.errors import FencedError, FullError, JournalError


class Killed(BaseException):
    """The process of whoever runs now is killed, here and at once."""


@dataclass
class Tables:
    """What a list of batches makes, by the names of rows."""

    people: dict[int, PersonRow] = field(default_factory=dict)
    devices: dict[int, DeviceRow] = field(default_factory=dict)
    rooms: dict[int, RoomRow] = field(default_factory=dict)
    members: dict[tuple[int, int], int] = field(default_factory=dict)
    blocks: dict[int, list[BlockRow]] = field(default_factory=dict)
    rows: dict[int, list[Row]] = field(default_factory=dict)
    """The blocks as a page is made of them."""
    writers: dict[int, WriterRow] = field(default_factory=dict)
    writer_nos: dict[tuple[int, int, bytes], int] = field(default_factory=dict)
    answers: dict[int, list[AnswerRow]] = field(default_factory=dict)
    tokens: dict[bytes, TokenRow] = field(default_factory=dict)
    profiles: dict[int, ProfileRow] = field(default_factory=dict)
    pictures: dict[int, bytes] = field(default_factory=dict)
    marks: dict[tuple[int, int], int] = field(default_factory=dict)
    blobs: dict[tuple[int, bytes], int] = field(default_factory=dict)
    room_nos: dict[bytes, int] = field(default_factory=dict)
    standings: dict[int, StandingRow] = field(default_factory=dict)
    room_standings: dict[tuple[int, int], RoomStandingRow] = field(default_factory=dict)
    rules: dict[int, RulesRow] = field(default_factory=dict)
    banned_devices: dict[int, bool] = field(default_factory=dict)
    audit: list[AuditRow] = field(default_factory=list)
    invite_uses: dict[str, int] = field(default_factory=dict)

    def fits(self, batch: Batch) -> bool:
        """Whether everything that must be unique is."""
        for block in batch.blocks:
            if block.first_seq <= self.head(block.room_no)[0] and any(
                old.first_seq == block.first_seq for old in self.blocks[block.room_no]
            ):
                return False
        if not (batch.people or batch.devices or batch.rooms):
            return True
        rooms = [*self.rooms.values(), *batch.rooms]
        people = {one.no: one for one in (*self.people.values(), *batch.people)}.values()
        keys = [one.key for one in (*self.devices.values(), *batch.devices)]
        unique: list[list[object]] = [
            [one.handle for one in rooms],
            [one.room for one in rooms],
            [one.skeleton for one in people],
            [one.person for one in people],
            list(keys),
        ]
        return all(len(set(one)) == len(one) for one in unique)

    def add(self, batch: Batch) -> None:
        """Take everything of a batch in."""
        for person in batch.people:
            self.people[person.no] = person
        for device in batch.devices:
            self.devices[device.no] = device
        for room in batch.rooms:
            self.rooms[room.no] = room
            self.room_nos[room.room] = room.no
        for joined in batch.joined:
            self.members[joined.room_no, joined.person_no] = joined.order
        for left in batch.left:
            self.members.pop(left, None)
        for block in batch.blocks:
            self.blocks.setdefault(block.room_no, []).append(block)
            self.rows.setdefault(block.room_no, []).append(row_of(block))
        for writer in batch.writers.values():
            self.writers[writer.no] = writer
            self.writer_nos[writer.room_no, writer.device_no, writer.outbox_epoch] = writer.no
        for answer in batch.answers:
            self.answers.setdefault(answer.writer_no, []).append(answer)
        for token in batch.tokens:
            self.tokens[token.digest] = token
        for digest in batch.used_tokens:
            self.tokens.pop(digest, None)
        self.profiles.update(batch.profiles)
        self.pictures.update(batch.pictures)
        for mark in batch.marks:
            if mark.seq:
                self.marks[mark.room_no, mark.person_no] = mark.seq
            else:
                self.marks.pop((mark.room_no, mark.person_no), None)
        for blob in batch.blobs:
            self.blobs.setdefault((blob.room_no, blob.sha256), blob.size)
        self._add_order(batch)

    def _add_order(self, batch: Batch) -> None:
        """Whoever is nothing but a member, and a room without rules, have no row."""
        self.standings.update(batch.standings)
        self.room_standings.update(batch.room_standings)
        self.rules.update(batch.rules)
        self.banned_devices.update(batch.banned_devices)
        for no, standing in batch.standings.items():
            if not any(standing[1:]):
                del self.standings[no]
        for name, room_standing in batch.room_standings.items():
            if not any(room_standing[2:]):
                del self.room_standings[name]
        for no, rules in batch.rules.items():
            if not any(rules[1:]):
                del self.rules[no]
        self.audit += batch.audit
        del self.audit[:-AUDIT_MAX]
        self.invite_uses.update(batch.invite_uses)

    def head(self, room_no: int) -> tuple[int, int]:
        """Return the last ``seq`` of a room, and its ``ts``."""
        blocks = self.blocks.get(room_no)
        return (blocks[-1].last_seq, blocks[-1].ts) if blocks else (0, 0)


class Disk:
    """What outlives a broker; ``stored`` hears of every batch once it is synced."""

    def __init__(self, random: Random, stored: Callable[[bytes, Batch], None]) -> None:
        self._random = random
        self._stored = stored
        self.epoch = random.randbytes(16)
        self.term = 0
        self.batches: list[Batch] = []
        self.tables = Tables()
        self.full = False
        self.reserve = False
        """No more than the reserve is left."""
        self.witness_epoch = b""
        self.witness: dict[bytes, int] = {}
        """How far each room was stored when somebody was told, in a file beside the journal."""
        self.trouble = ""
        """What happens at the next commit: fail, before, during or after."""

    def commit(self, batch: Batch) -> None:
        """Write and sync, with whatever trouble is due."""
        trouble, self.trouble = self.trouble, ""
        if trouble == "before":
            raise Killed
        if not self.tables.fits(batch):
            raise JournalError("the journal cannot be written: something is there twice")
        if self.full:
            raise FullError("the journal cannot be written: database or disk is full")
        # In the middle of a sync nobody knows; after one that failed neither.
        if trouble not in ("during", "fail") or self._random.random() < 0.5:
            self.batches.append(batch)
            self.tables.add(batch)
            self._stored(self.epoch, batch)
        if trouble == "fail":
            raise JournalError("the journal cannot be written: disk I/O error")
        if trouble in ("during", "after"):
            raise Killed

    def put_back(self, count: int) -> list[Batch]:
        """Put back a copy of so many batches, by hand; return what is lost."""
        lost, self.batches = self.batches[count:], self.batches[:count]
        self.tables = Tables()
        for batch in self.batches:
            self.tables.add(batch)
        return lost

    def renew_epoch(self) -> None:
        """Make this another history."""
        self.epoch = self._random.randbytes(16)
        for batch in self.batches:
            self._stored(self.epoch, batch)

    def confirm(self) -> bool:
        """Compare with what was published; True: this was older, and has a new epoch now."""
        tables = self.tables
        heads = {room: tables.head(no)[0] for room, no in tables.room_nos.items()}
        older = is_older(Heads(self.witness_epoch, self.witness), Heads(self.epoch, heads))
        if older:
            self.renew_epoch()
        self.witness_epoch, self.witness = self.epoch, heads
        return older


class MemoryJournal:
    """One writer's hold on the disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._term = 0
        self.epoch = disk.epoch

    def take_over(self) -> int:
        self._disk.term += 1
        self._term = self._disk.term
        return self._term

    def contents(self) -> Contents:
        tables = self._disk.tables
        rooms = []
        for row in tables.rooms.values():
            head, last_ts = tables.head(row.no)
            rooms.append(row._replace(head=head, last_ts=last_ts))
        members = sorted(
            (MemberRow(*names, order) for names, order in tables.members.items()),
            key=lambda row: row.order,
        )
        return Contents(
            sorted(tables.people.values()),
            sorted(tables.devices.values()),
            sorted(rooms),
            members,
            list(tables.tokens.values()),
            list(tables.profiles.values()),
            [MarkRow(*names, seq) for names, seq in tables.marks.items()],
            max(tables.writers, default=0),
            max(tables.members.values(), default=0),
            standings=list(tables.standings.values()),
            room_standings=list(tables.room_standings.values()),
            rules=list(tables.rules.values()),
            banned_devices=[no for no, banned in tables.banned_devices.items() if banned],
            invite_uses=dict(tables.invite_uses),
            last_audit_no=tables.audit[-1].no if tables.audit else 0,
        )

    def append(self, batch: Batch) -> None:
        if self._term != self._disk.term:
            raise FencedError("another broker has taken this journal over")
        self._disk.commit(batch)

    def has_room(self) -> bool:
        return not (self._disk.full or self._disk.reserve)

    def can_write(self) -> bool:
        if self._term != self._disk.term:
            raise FencedError("another broker has taken this journal over")
        return not self._disk.full

    def writer(self, room_no: int, device_no: int, outbox_epoch: bytes) -> WriterRow | None:
        tables = self._disk.tables
        no = tables.writer_nos.get((room_no, device_no, outbox_epoch))
        return None if no is None else tables.writers[no]

    def answers(self, writer_no: int, first_n: int, last_n: int) -> Iterator[AnswerRow]:
        rows = self._disk.tables.answers.get(writer_no, [])
        return iter([one for one in rows if one.last_n >= first_n and one.first_n <= last_n])

    def picture(self, person_no: int) -> bytes:
        return self._disk.tables.pictures.get(person_no, b"")

    def posted(self, sha256: bytes, room_nos: Iterable[int]) -> bool:
        return any((no, sha256) in self._disk.tables.blobs for no in room_nos)

    def audit(self, before: int, limit: int) -> list[AuditRow]:
        acts = [row for row in self._disk.tables.audit if not before or row.no < before]
        return acts[::-1][:limit]

    def health(self) -> dict[str, str]:
        return {"journal": "memory", "term": str(self._term)}

    def close(self) -> None:
        pass


class MemoryHistory:
    """Reads what is committed."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def at_once(self) -> AbstractContextManager[None]:
        return nullcontext()  # nobody writes meanwhile

    def read(self, room: bytes, after: int, before: int, limit: int, max_bytes: int) -> Page | None:
        tables = self._disk.tables
        no = tables.room_nos.get(room)
        if no is None:
            return None
        head = tables.head(no)[0]
        rows = tables.rows.get(no, [])
        firsts = [block.first_seq for block in tables.blocks.get(no, [])]
        if before:
            descending = [row for row, first in zip(rows, firsts, strict=True) if first < before]
            return newest(descending[::-1], head, after, before, limit, max_bytes)
        start = max(sum(1 for first in firsts if first <= after + 1) - 1, 0)
        return oldest(rows[start:], head, after, limit, max_bytes)

    def person_of(self, device: bytes) -> int | None:
        tables = self._disk.tables
        for row in tables.devices.values():
            if row.key == device and not tables.banned_devices.get(row.no):
                standing = tables.standings.get(row.person_no)
                return None if standing is not None and standing.banned else row.person_no
        return None

    def is_member(self, person_no: int, room: bytes) -> bool:
        tables = self._disk.tables
        return (tables.room_nos.get(room), person_no) in tables.members

    def has_blob(self, room: bytes, sha256: bytes) -> bool:
        tables = self._disk.tables
        return (tables.room_nos.get(room), sha256) in tables.blobs

    def close(self) -> None:
        pass
