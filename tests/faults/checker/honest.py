"""A small honest system that writes the folder of a run: what the checker must find sound.

The journal is a real one, written by the broker's own directory and sequencer; clients are a few
lines that do what clients promise. Time is a counter, chance a seed. Everything happens in one
thread, in the order in which it is called.
"""

import contextlib
import json
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from broker.directory import Device, Directory
from broker.directory import Room as BrokerRoom
from broker.grants import Grant
from broker.journal import Batch
from broker.sequencer import Sequencer
from broker.sqlite_journal import SqliteJournal
from protocol.blocks import decode_block
from protocol.codes import EventKind, Role, RoomKind
from protocol.frames import Ack, Refused, decode
from protocol.items import encode_item
from tests.faults.checker.history import NemesisWriter, Writer
from tests.faults.checker.records import Entry, entry_of, text_of, value

_TOKEN = "invite-token-of-22-chr"
_GRANT = Grant("", Role.MEMBER, 0, 0)
_FIRST_MS = 1_700_000_000_000
_FIRST_PAGE_EVENTS = 4


@dataclass(slots=True)
class Held:
    """What a client holds of a room: ``low < seq <= low + len(events)``, of one epoch."""

    epoch: bytes
    low: int
    events: list[Entry] = field(default_factory=list)

    @property
    def high(self) -> int:
        return self.low + len(self.events)


@dataclass(slots=True)
class Client:
    """One client with a disk, which outlives its processes."""

    name: str
    key: bytes
    oe: bytes
    session: int = 0
    online: bool = False
    said: int = 0
    held: dict[bytes, Held] = field(default_factory=dict)
    last_n: defaultdict[bytes, int] = field(default_factory=lambda: defaultdict(int))
    outbox: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    """Messages without an answer: room, ``n``, item."""


class Honest:
    """The system: some clients in two open rooms, and pairs of them in private ones."""

    def __init__(self, folder: Path, clients: int = 4, seed: int = 1) -> None:
        self.folder = folder
        self._random = Random(seed)
        self._ns = 1_000_000_000
        self._histories = folder / "histories"
        self._path = folder / "data" / "journal.sqlite3"
        self._path.parent.mkdir(parents=True)
        self._nemesis = NemesisWriter(self._histories, self._tick)
        self._faults = 0
        self._ended: list[dict[str, object]] = []
        self._writers: dict[str, Writer] = {}
        self._log: dict[bytes, list[Entry]] = {}
        self.clients: list[Client] = []
        self._open()
        with self._drain() as batch:
            for name in ("general", "two"):
                self.directory.create(name, batch)
        self.open_rooms = [room.room for room in self.directory.rooms.values()]
        self.private: list[bytes] = []
        for number in range(1, clients + 1):
            self._enrol(number)
        for one, other in zip(self.clients[::2], self.clients[1::2], strict=False):
            self._direct(one, other)

    def _tick(self) -> int:
        self._ns += 1_000
        return self._ns

    # --- the server ----------------------------------------------------------------------------

    @property
    def epoch(self) -> bytes:
        """The journal's."""
        return self.journal.epoch

    def _open(self) -> None:
        self.journal = SqliteJournal(self._path)
        self.journal._db.execute("PRAGMA synchronous=OFF")  # the disk is not what is tested
        self.journal.take_over()
        contents = self.journal.contents()
        self.sequencer = Sequencer(
            self.journal.epoch,
            contents.last_writer_no,
            self.journal.writer,
            self.journal.answers,
            lambda *_: False,
        )
        self.directory = Directory(contents, self._random.randbytes)

    @contextlib.contextmanager
    def _drain(self) -> Iterator[Batch]:
        """What one drain changes, committed and then told to everybody who is there."""
        batch = self.sequencer.begin(_FIRST_MS + self._ns // 1_000)
        yield batch
        blocks = self.sequencer.finish()
        if not batch:
            return
        self.journal.append(batch)
        rooms = {room.no: room.room for room in self.directory.rooms.values()}
        for block in blocks:
            events = [entry_of(one) for one in decode_block(block.data)]
            room = rooms[block.room_no]
            self._log.setdefault(room, []).extend(events)
            for client in self.clients:
                held = client.held.get(room)
                if client.online and held is not None:
                    assert held.high + 1 == block.first_seq
                    held.events += events
                    self._writers[client.name].see(room, self.epoch, "live", events)

    def _room(self, room: bytes) -> BrokerRoom:
        return self.directory.rooms[room]

    def _device(self, client: Client) -> Device:
        device = self.directory.device(client.key)
        assert device is not None
        return device

    def drain(self, lose_acks: bool = False, commit: bool = True) -> None:
        """Take what all clients send; ``commit`` False: the broker is killed before that."""
        answers: list[tuple[Client, bytes]] = []
        if not commit:
            self.restart_broker()
            return
        with self._drain():
            for client in self.clients:
                for room, n, item in client.outbox if client.online else ():
                    device = self._device(client)
                    found = self.sequencer.submit(
                        device.person, device, self._room(room), client.oe, n, [item]
                    )
                    answers += [(client, answer.frame) for answer in found]
        if not lose_acks:
            for client, frame in answers:
                self._answer(client, frame)

    def _answer(self, client: Client, data: bytes) -> None:
        frame = decode(data)
        assert isinstance(frame, Ack | Refused)
        writer, room, n = self._writers[client.name], frame.room, frame.first_n
        if isinstance(frame, Ack):
            writer.ok(room, frame.outbox_epoch, n, frame.epoch, frame.first_seq)
        else:
            writer.fail(room, frame.outbox_epoch, n, frame.code)
        client.outbox = [one for one in client.outbox if one[:2] != (room, n)]

    def restart_broker(self) -> None:
        """Kill the broker and start it again."""
        self._fault("kill broker", "begin")
        self.journal.close()
        self._ended.append({"name": "broker", "pid": 7, "status": -9, "planned": True})
        self._open()
        self._fault("kill broker", "heal")
        self._fault("kill broker", "whole")

    def backup(self) -> Path:
        """Copy the journal."""
        path = self.folder / "backup.sqlite3"
        path.unlink(missing_ok=True)
        closing = contextlib.closing
        with closing(sqlite3.connect(path)) as copy, closing(sqlite3.connect(self._path)) as db:
            db.backup(copy)
        return path

    def restore(self, backup: Path) -> None:
        """Bring a copy back, under another epoch; everybody begins anew."""
        self._fault("restore", "begin")
        self.journal.close()
        old = self.folder / "old"
        old.mkdir(exist_ok=True)
        shutil.move(self._path, old / f"{len(list(old.iterdir()))}.sqlite3")
        shutil.copy(backup, self._path)
        with contextlib.closing(sqlite3.connect(self._path)) as db, db:
            db.execute("UPDATE meta SET value=? WHERE name='epoch'", (self._random.randbytes(16),))
        self._open()
        for room in self.directory.rooms.values():
            del self._log.get(room.room, [])[room.head :]
        self._fault("restore", "heal")
        for client in self.clients:
            if client.online:
                self._welcome(client)
        self._fault("restore", "whole")

    def _fault(self, name: str, phase: str) -> None:
        self._faults += phase == "begin"
        self._nemesis.fault(self._faults, name, phase)

    # --- clients -------------------------------------------------------------------------------

    def _enrol(self, number: int) -> None:
        key = number.to_bytes(8, "big") * 4
        client = Client(f"c{number:02}", key, self._random.randbytes(8))
        with self._drain() as batch:
            self.directory.enrol(key, client.name, _TOKEN, _GRANT, 0, batch)
        self.clients.append(client)
        self.start(client)
        for room in self.open_rooms:
            self.join(client, room)

    def start(self, client: Client) -> None:
        """A process begins with what is on the disk, and connects."""
        client.session += 1
        writer = Writer(self._histories, client.name, client.session, self._tick)
        self._writers[client.name] = writer
        person = self._device(client).person
        writer.start(person.person)
        writer.me(person.person, person.nick)
        for room, held in client.held.items():
            self._tell_room(client, room, held)
            writer.see(room, held.epoch, "disk", held.events)
        for room, n, item in client.outbox:
            writer.invoke(room, client.oe, n, text_of(item))
        self.rejoin(client)

    def kill(self, client: Client) -> None:
        """A process ends in the middle of a line."""
        client.online = False
        self._writers[client.name].close()
        with (self._histories / f"{client.name}.{client.session}.jsonl").open("ab") as file:
            file.write(b'{"t":12,"p":"' + client.name.encode())
        self._ended.append({"name": client.name, "pid": 8, "status": -9, "planned": True})

    def part(self, client: Client) -> None:
        """The connection is lost."""
        client.online = False
        self._writers[client.name].link("waiting", "127.0.0.1:8080")

    def rejoin(self, client: Client) -> None:
        """The connection is there again."""
        client.online = True
        self._writers[client.name].link("online", "127.0.0.1:8081")
        self._welcome(client)

    def _welcome(self, client: Client) -> None:
        """Hear of the epoch and the heads, and fetch what was missed."""
        writer = self._writers[client.name]
        for room, held in client.held.items():
            log = self._log.get(room, [])
            if held.epoch != self.epoch:
                held.epoch, held.low = self.epoch, max(len(log) - _FIRST_PAGE_EVENTS, 0)
                held.events = []
                self._tell_room(client, room, held)
                writer.resync(room, self.epoch)
            missed = log[held.high :]
            held.events += missed
            writer.see(room, self.epoch, "page", missed)

    def join(self, client: Client, room: bytes) -> None:
        """Come into an open room, and begin with its newest page."""
        there = self._room(room)
        with self._drain() as batch:
            person = self._device(client).person
            self.directory.join(there, person, batch)
            self.sequencer.notice(there, person, encode_item(EventKind.NOTICE, {"what": "joined"}))
        low = max(there.head - _FIRST_PAGE_EVENTS, 0)
        held = client.held[room] = Held(self.epoch, low)
        self._tell_room(client, room, held)
        self._welcome(client)

    def leave(self, client: Client, room: bytes) -> None:
        """Leave an open room."""
        with self._drain() as batch:
            self.directory.leave(self._room(room), self._device(client).person, batch)
        del client.held[room]
        self._writers[client.name].left(room)

    def _direct(self, one: Client, other: Client) -> None:
        with self._drain() as batch:
            people = [self._device(other).person]
            room, _ = self.directory.direct(self._device(one).person, people, batch)
        self.private.append(room.room)
        for client in (one, other):
            client.held[room.room] = Held(self.epoch, 0)
            self._tell_room(client, room.room, client.held[room.room])

    def _tell_room(self, client: Client, room: bytes, held: Held) -> None:
        there = self._room(room)
        members = [one.person for one in there.members.values()]
        private = there.kind is RoomKind.DIRECT
        self._writers[client.name].room(
            room,
            there.kind,
            there.name,
            held.epoch,
            there.head if held.epoch == self.epoch else held.high,
            members if private else None,
        )

    def grow(self, client: Client, room: bytes) -> None:
        """Read what is before."""
        held = client.held[room]
        low = max(held.low - 3, 0)
        older = self._log[room][low : held.low]
        held.low, held.events = low, older + held.events
        self._writers[client.name].see(room, self.epoch, "page", older)

    def say(self, client: Client, room: bytes) -> None:
        """Put a message into the outbox."""
        client.said += 1
        client.last_n[room] += 1
        n = client.last_n[room]
        text = value(client.name, client.said, room if room in self.private else None)
        client.outbox.append((room, n, encode_item(EventKind.TEXT, {"text": text})))
        self._writers[client.name].invoke(room, client.oe, n, text)

    # --- the end -------------------------------------------------------------------------------

    def finish(self) -> Path:
        """Bring everything to its end, and return the folder."""
        for client in self.clients:
            if not client.online:
                self.start(client)
        self.drain()
        for client in self.clients:
            writer = self._writers[client.name]
            for room, held in client.held.items():
                writer.end(room, held.epoch, held.low, held.high, len(client.outbox))
                writer.final(room, held.epoch, held.events)
            writer.raw([])
            writer.close()
        self._nemesis.close()
        self.journal.close()
        self._ended.append({"name": "gateway-0", "pid": 9, "status": 0, "planned": False})
        (self.folder / "processes.json").write_text(json.dumps(self._ended))
        (self.folder / "run.json").write_text(json.dumps({"seed": 1}))
        logs = self.folder / "logs"
        logs.mkdir()
        (logs / "broker.err").write_text("serving port=8070\ngateway_silent route=c01-x\n")
        return self.folder
