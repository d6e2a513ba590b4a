"""What was published, beside the journal: so that a journal that has gone back in time is noticed.

A journal can be older than what clients have seen from it: somebody copied an old file back by
hand, or the disk said that a commit was synced when it was not. Going on from there would give
sequence numbers a second time. So the broker notes about once a second how far each room was
published, in a small file of its own (``heads``), and compares at its start. If the journal is
behind, it draws a new epoch: clients then drop their copies and read again.

The file is a hint and may be missing: it is replaced as a whole and not synced, and one that is
torn or of another epoch says nothing. It is at most a second behind, and never ahead of a journal
whose disk keeps its word. Whoever puts back a whole old folder puts back its witness too; that
is what ``zviazok restore`` is for. Owned by the broker's main thread.

::

    "ZVH1", epoch (16 bytes), number of rooms (4), then room (16) and head (8) for each, CRC-32 (4)
"""

import logging
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from protocol.limits import ROOMS_MAX

log = logging.getLogger("broker")

WITNESS_FILE = "heads"

_MAGIC = b"ZVH1"
_BEGIN = struct.Struct(">4s16sI")
_ROOM = struct.Struct(">16sQ")
_END = struct.Struct(">I")
_MAX_BYTES = _BEGIN.size + ROOMS_MAX * _ROOM.size + _END.size


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
        self._data = bytearray(_BEGIN.pack(_MAGIC, bytes(16), 0))
        self._moved = False
        self._failing = False

    def confirm(self, journal: Renewable) -> bool:
        """Compare with the journal, before a broker takes it over; begin to note its heads.

        True: the journal was older than what was published, and has a new epoch now.
        """
        heads = journal.heads()
        seen = self.read()
        older = is_older(seen, Heads(journal.epoch, heads))
        if older and seen is not None:
            behind = sum(1 for room, head in seen.heads.items() if head > heads.get(room, 0))
            lost = sum(max(0, head - heads.get(room, 0)) for room, head in seen.heads.items())
            journal.renew_epoch()
            log.warning(
                "journal_is_older_than_what_was_published rooms=%d events=%d new_epoch=yes "
                "hint=an_old_file_was_put_back_or_the_disk_lost_what_it_had_synced;_clients_read_again",
                behind,
                lost,
            )
        self._begin(journal.epoch)
        self.note(heads)
        self.write()
        return older

    def _begin(self, epoch: bytes) -> None:
        self._places = {}
        self._data = bytearray(_BEGIN.pack(_MAGIC, epoch, 0))
        self._moved = True

    def note(self, heads: Mapping[bytes, int]) -> None:
        """Remember the heads of rooms that have moved."""
        for room, head in heads.items():
            place = self._places.get(room)
            if place is None:
                if len(self._places) >= ROOMS_MAX:
                    continue
                place = self._places[room] = len(self._data)
                self._data += _ROOM.pack(room, head)
            else:
                _ROOM.pack_into(self._data, place, room, head)
            self._moved = True

    def write(self) -> None:
        """Replace the file if anything moved; a disk that fails is logged once, and that is all."""
        if not self._moved:
            return
        epoch = bytes(self._data[4:20])
        _BEGIN.pack_into(self._data, 0, _MAGIC, epoch, len(self._places))
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            handle = os.open(
                fresh,
                os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0),
                0o600,
            )
            with os.fdopen(handle, "wb") as file:
                file.write(self._data)
                file.write(_END.pack(zlib.crc32(self._data)))
            os.replace(fresh, self._path)
        except OSError as error:
            if not self._failing:
                log.warning("heads_not_written errno=%s", error.errno)
            self._failing = True
            return
        self._moved = self._failing = False

    def read(self) -> Heads | None:
        """Return what the file says; None: there is none, or it is torn."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError:
            return None
        return decode(data)


def decode(data: bytes) -> Heads | None:
    """Read the bytes of a witness; None: they are not those that were written. Pure."""
    body = data[: -_END.size]
    if len(body) < _BEGIN.size or data[-_END.size :] != _END.pack(zlib.crc32(body)):
        return None
    magic, epoch, count = _BEGIN.unpack_from(body)
    if magic != _MAGIC or len(body) != _BEGIN.size + count * _ROOM.size:
        return None
    return Heads(epoch, dict(_ROOM.iter_unpack(body[_BEGIN.size :])))
