"""A server's data folder without a server: as a broker leaves it, with all that belongs into it."""

import hashlib
import os
import shutil
from pathlib import Path

from broker.blobs import BlobStore, Uploader
from broker.invites import make_book
from broker.journal import Batch, BlobRow, BlockRow, DeviceRow, MemberRow, PersonRow, RoomRow
from broker.sqlite_journal import SqliteJournal
from broker.sqlite_survey import Survey, opened, survey
from broker.upkeep.manifest import BLOBS_FOLDER, JOURNAL_FILE
from broker.witness import WITNESS_FILE, Witness
from protocol.codes import RoomKind
from protocol.keys import load_or_make

FIRST_MS = 1_700_000_000_000
ROOMS = [b"room-%011d" % number for number in range(3)]
PICTURES = [b"picture %d " % number * 4_000 for number in range(3)]


class DataFolder:
    """The folder, and the open journal that writes to it."""

    def __init__(self, path: Path, fill: bool = True) -> None:
        self.path = path
        path.mkdir(mode=0o700)
        for name in ("frontend.key", "broker.key", "gateway.key"):
            load_or_make(path / name)
        (path / "invite.token").write_text("token-of-22-characters\n", encoding="ascii")
        (path / "invite.token").chmod(0o600)
        make_book(path)
        (path / "gateways").write_text("# none\n", encoding="utf-8")
        self.blobs = BlobStore(path / BLOBS_FOLDER)
        self.witness = Witness(path / WITNESS_FILE)
        self._open()
        self._heads = dict.fromkeys(ROOMS, 0)
        if fill:
            people = [PersonRow(n, b"person-%d" % n, f"p{n}", f"p{n}") for n in (1, 2)]
            self.journal.append(
                Batch(
                    people=people,
                    devices=[DeviceRow(n, b"device-%025d" % n, n) for n in (1, 2)],
                    rooms=[
                        RoomRow(n + 1, room, RoomKind.OPEN, f"r{n}", f"o:r{n}", 0, 0)
                        for n, room in enumerate(ROOMS)
                    ],
                    joined=[MemberRow(1, 1, 1), MemberRow(1, 2, 2)],
                )
            )
            self.say(0, 10)
            self.say(1, 3)
            self.post(*PICTURES)

    def _open(self) -> None:
        self.journal = SqliteJournal(self.path / JOURNAL_FILE)
        self.witness.confirm(self.journal)
        self.journal.take_over()

    def say(self, room: int, count: int) -> None:
        """Append blocks of two events to a room, and one of one event if need be."""
        name = ROOMS[room]
        blocks: list[BlockRow] = []
        while count > 0:
            first, size = self._heads[name] + 1, min(2, count)
            last = first + size - 1
            data = os.urandom(200)
            blocks.append(BlockRow(room + 1, first, last, FIRST_MS + first, data))
            self._heads[name] = last
            count -= size
        self.journal.append(Batch(blocks=blocks))
        self.witness.note(self._heads)

    def post(self, *pictures: bytes) -> None:
        """Store blobs and post them in the first room."""
        for data in pictures:
            digest = hashlib.sha256(data).digest()
            self.blobs.write(digest, Uploader(1, b"D" * 32), len(data), 0, data)
            self.journal.append(Batch(blobs=[BlobRow(1, digest, len(data))]))

    def kill(self, copy: Path) -> Path:
        """Copy the folder as it is while the journal is open: as a killed server leaves it."""
        shutil.copytree(self.path, copy)
        (copy / f"{JOURNAL_FILE}-shm").unlink()
        assert (copy / f"{JOURNAL_FILE}-wal").stat().st_size
        return copy

    def close(self) -> None:
        self.journal.close()
        self.witness.close()

    def reopen(self) -> None:
        self.close()
        self._open()


def look(folder: Path) -> Survey:
    """Return what the journal in a folder holds."""
    with opened(folder / JOURNAL_FILE) as db:
        return survey(db)


def flip(path: Path, place: int) -> None:
    """Flip a bit of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 4]))
