"""What was published, beside the journal: so that a journal that has gone back in time is noticed.

A journal can be older than what clients have seen from it: somebody copied an old file back by
hand, or the disk lost what it said was synced. Going on from there would give sequence numbers
a second time. So the broker notes how far each room is stored, in a small file of its own
(``heads``), before it tells anybody, and compares at its start. If the journal is behind,
it draws a new epoch: clients then drop their copies and read again.

The file is a hint and may be missing. It is written in place and not synced: a kill of the process
loses nothing of it, a power cut may, and a row that is torn says nothing. It is never ahead of a
journal whose disk keeps its word. Whoever puts back a whole old folder puts back its witness too;
that is what ``zviazok restore`` is for. Owned by the broker's main thread.

::

    "ZVH2", epoch (16 bytes), CRC-32 of both (4)
    room (16), head (8), CRC-32 of both (4)          a row for each room
"""

import contextlib
import logging
import os
import struct
import zlib
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import NamedTuple, Protocol

from protocol.limits import ROOMS_MAX

log = logging.getLogger("broker")

WITNESS_FILE = "heads"

_MAGIC = b"ZVH2"
_CRC_BYTES = 4
_BEGIN_BYTES = len(_MAGIC) + 16 + _CRC_BYTES
_ROOM = struct.Struct(">16sQ")
_ROW_BYTES = _ROOM.size + _CRC_BYTES
_MAX_BYTES = _BEGIN_BYTES + ROOMS_MAX * _ROW_BYTES


class Heads(NamedTuple):
    """The heads of all rooms under one epoch."""

    epoch: bytes
    heads: Mapping[bytes, int]


class Renewable(Protocol):
    """What the witness asks of a journal."""

    epoch: bytes

    def heads(self) -> dict[bytes, int]:
        """Return the head of every room."""

    def renew_epoch(self) -> bytes:
        """Draw a new epoch, durably, and return it."""


def is_older(witness: Heads | None, journal: Heads) -> bool:
    """Whether more was published under the journal's epoch than the journal holds. Pure."""
    if witness is None or witness.epoch != journal.epoch:
        return False
    return any(head > journal.heads.get(room, 0) for room, head in witness.heads.items())


class Witness:
    """The file: read at the start, written while heads move."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self._path = path
        self._places: dict[bytes, int] = {}
        self._file: FileIO | None = None

    def confirm(self, journal: Renewable) -> bool:
        """Compare with the journal, before a broker takes it over; begin to note its heads.

        True: the journal was older than what was published, and has a new epoch now.
        """
        heads = journal.heads()
        seen = self.read()
        older = is_older(seen, Heads(journal.epoch, heads))
        if older and seen is not None:
            rooms, events = behind(seen, heads)
            journal.renew_epoch()
            log.warning(
                "journal_is_older_than_what_was_published rooms=%d events=%d new_epoch=yes "
                "hint=an_old_file_was_put_back_or_the_disk_lost_what_it_had_synced;_clients_read_again",
                rooms,
                events,
            )
        self._begin(journal.epoch, heads)
        return older

    def _begin(self, epoch: bytes, heads: Mapping[bytes, int]) -> None:
        """Replace the file by one that says this, and keep it open."""
        self.close()
        self._places = {}
        data = bytearray(_sealed(_MAGIC + epoch))
        for room, head in heads.items():
            self._places[room] = len(data)
            data += _sealed(_ROOM.pack(room, head))
        fresh = self._path.with_name(f"{self._path.name}.new")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
                file.write(data)
            os.replace(fresh, self._path)
            self._file = FileIO(self._path, "r+")
        except OSError as error:
            self._give_up(error)

    def note(self, heads: Mapping[bytes, int]) -> None:
        """Note the heads of rooms that have moved: two calls of the system for each room.

        A disk that fails is logged, and nothing more is noted until the next start.
        """
        if self._file is None:
            return
        try:
            for room, head in heads.items():
                place = self._places.get(room)
                if place is None:
                    if len(self._places) >= ROOMS_MAX:
                        continue
                    place = _BEGIN_BYTES + len(self._places) * _ROW_BYTES
                    self._places[room] = place
                self._file.seek(place)
                self._file.write(_sealed(_ROOM.pack(room, head)))
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Leave the file as it is: one that stands still is behind, and what it says is true."""
        log.warning("heads_not_written errno=%s", error.errno)
        self.close()

    def read(self) -> Heads | None:
        """Return what the file says; None: there is none, or it is torn."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_MAX_BYTES)
        except OSError:
            return None
        return decode(data)

    def close(self) -> None:
        """Close the file; it stays."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def behind(seen: Heads, heads: Mapping[bytes, int]) -> tuple[int, int]:
    """Return of how many rooms, and how many events, ``heads`` know less than was seen. Pure."""
    lacks = [head - heads.get(room, 0) for room, head in seen.heads.items()]
    return sum(one > 0 for one in lacks), sum(one for one in lacks if one > 0)


def decode(data: bytes) -> Heads | None:
    """Read the bytes of a witness, without rows that are torn; None: they are none. Pure."""
    begin = data[:_BEGIN_BYTES]
    if len(begin) < _BEGIN_BYTES or not begin.startswith(_MAGIC) or not _is_whole(begin):
        return None
    places = range(_BEGIN_BYTES, len(data) - _ROW_BYTES + 1, _ROW_BYTES)
    rows = [data[place : place + _ROW_BYTES] for place in places]
    heads = dict(_ROOM.unpack(row[:-_CRC_BYTES]) for row in rows if _is_whole(row))
    return Heads(begin[len(_MAGIC) : -_CRC_BYTES], heads)


def _sealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(_CRC_BYTES, "big")


def _is_whole(data: bytes) -> bool:
    return data[-_CRC_BYTES:] == zlib.crc32(data[:-_CRC_BYTES]).to_bytes(_CRC_BYTES, "big")
