"""The broker's pure parts on a real journal, without sockets: what its tests stand on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from broker.desk import Desk
from broker.directory import Device, Directory, Person
from broker.grants import Grant
from broker.journal import Batch, BlockRow
from broker.marks import Marks
from broker.meters import Meters
from broker.office import Office
from broker.order import Order
from broker.profiles import Profiles
from broker.sequencer import Sequencer
from broker.sessions import Gateway, Sessions
from broker.sqlite_history import SqliteHistory
from broker.sqlite_journal import SqliteJournal
from protocol.backplane import Down, Up, check_operation, decode_batch, encode_batch
from protocol.blocks import Event, decode_block
from protocol.codes import Purpose, Role
from protocol.frames import AnyFrame, decode, encode
from protocol.items import decode_item

TOKEN = "invite-token-of-22-chr"
FIRST_MS = 1_700_000_000_000


def open_to(*tokens: str) -> dict[str, Grant]:
    """Return what standing invites of an open server grant, by their tokens."""
    return dict.fromkeys(tokens, Grant("", Role.MEMBER, 0, 0))


def key(number: int) -> bytes:
    """Return a device's public key."""
    return number.to_bytes(8, "big") * 4


class NoBlobs:
    """No pictures at all."""

    def stored(self, sha256: bytes, size: int) -> bool:
        return False

    def uploaded(self, sha256: bytes, device: bytes) -> bool:
        return False


class Stand:
    """Everything that decides in a broker.

    ``blobs`` are the pictures that are stored, ``grants`` the invites that hold.
    """

    def __init__(self, folder: Path, token: str = TOKEN) -> None:
        self._path = folder / "journal"
        self._token = token
        self.grants = open_to(token)
        self._random = Random(1)
        self.now_ms = FIRST_MS
        """Of the wall clock; the monotonic one began at FIRST_MS."""
        self.meters = Meters(0)
        self.blobs: set[tuple[bytes, int]] = set()
        self._open()
        with self.drain():
            self.desk.ensure_general()

    def _open(self) -> None:
        self.journal = SqliteJournal(self._path)
        self.journal.take_over()
        contents = self.journal.contents()
        self.sequencer = Sequencer(
            self.journal.epoch,
            contents.last_writer_no,
            self.journal.writer,
            self.journal.answers,
            lambda person, device, sha256, size: (sha256, size) in self.blobs,
        )
        self.directory = Directory(contents, self._random.randbytes)
        self.sessions = Sessions()
        self.marks = Marks(contents.marks, self.directory.rooms.values())
        self.profiles = Profiles(self.journal.picture)
        self.order = Order(self.directory, contents.last_audit_no)
        self.office = Office(
            self.directory,
            self.sequencer,
            self.sessions,
            self.marks,
            self.profiles,
            self.order,
            lambda token: self.grants.get(token),
            self.journal.audit,
            self.meters,
        )
        self.desk = Desk(self.office)
        self.batch = Batch()
        self.blocks: list[BlockRow] = []

    def restart(self) -> None:
        """Start again from the journal; what was not committed is lost."""
        self.journal.close()
        self._open()

    def close(self) -> None:
        self.journal.close()

    def begin(self) -> None:
        self.batch = self.sequencer.begin(self.now_ms)
        self.office.begin(self.batch, self.now_ms, self.now_ms - FIRST_MS)

    def commit(self) -> None:
        self.blocks = self.sequencer.finish()
        assert self.blocks is self.batch.blocks
        if self.batch:
            self.journal.append(self.batch)

    @contextlib.contextmanager
    def drain(self) -> Iterator[Batch]:
        """One drain, committed at its end."""
        self.begin()
        yield self.batch
        self.commit()

    def admit(self, number: int, nick: str | None, token: str | None, batch: Batch) -> Device:
        grant = self.grants.get(token or "")
        return self.directory.enrol(key(number), nick, token, grant, self.now_ms, batch)

    def enrol(self, number: int, nick: str) -> Device:
        with self.drain() as batch:
            return self.admit(number, nick, self._token, batch)

    def person(self, number: int) -> Person:
        return self.device(number).person

    def device(self, number: int) -> Device:
        device = self.directory.device(key(number))
        assert device is not None
        return device

    def history(self, room: bytes) -> list[Event]:
        """Read all events of a room from the disk."""
        history = SqliteHistory(self._path)
        try:
            page = history.read(room, 0, 0, 1 << 30, 1 << 40)
        finally:
            history.close()
        assert page is not None and not page.more
        return [event for block in page.blocks for event in decode_block(block)]

    def notices(self, room: bytes) -> list[tuple[str, dict[str, Any]]]:
        """Return who and what of all notices of a room."""
        events = [(one.nick, decode_item(one.item)) for one in self.history(room)]
        return [(nick, body) for nick, (_, body) in events if "what" in body]


class Gate:
    """A gateway at the stand's desk; every call is a drain of its own."""

    def __init__(self, stand: Stand, instance: bytes = b"gateway1") -> None:
        self.stand = stand
        self.gateway: Gateway = stand.sessions.register(
            instance, b"route", [f"{instance.decode()}:8080"], 0
        )

    def do(self, *operations: list[Any]) -> list[list[Any]]:
        """Let the desk handle these in one drain; return what it answers."""
        self.stand.sessions.gateways[self.gateway.instance].out.clear()
        with self.stand.drain():
            for operation in decode_batch(encode_batch(self.gateway.instance, list(operations)))[1]:
                check_operation(operation)
                self.stand.desk.handle(self.gateway, operation)
        return self.said()

    def said(self) -> list[list[Any]]:
        """Take what is queued for this gateway."""
        out, self.gateway.out = self.gateway.out, []
        return out

    def open(
        self,
        slot: int,
        number: int,
        nick: str | None = None,
        token: str | None = TOKEN,
        purpose: Purpose = Purpose.TALK,
    ) -> list[list[Any]]:
        return self.do([Up.OPEN, slot, key(number), nick, token, int(purpose)])

    def ask(self, slot: int, frame: AnyFrame) -> list[list[Any]]:
        return self.do([Up.ASK, slot, encode(frame)])

    def answer(self, slot: int, frame: AnyFrame) -> AnyFrame:
        """Ask, and return the one frame that comes back to the slot."""
        mine = [one for one in self.ask(slot, frame) if one[:2] == [Down.FRAME, slot]]
        assert len(mine) == 1
        return decode(mine[0][2])
