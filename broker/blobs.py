"""The blob store: what people post as files, each stored once, named by the SHA-256 of its bytes.

::

    blobs/ab/ab3f…                       a stored blob (ab: the first byte of its name)
    blobs/parts/ab3f…-<device tag>-<size>-<person>  an upload under way: its first bytes
    blobs/uploaders/                     who has sent what; see :mod:`broker.uploaders`

A blob appears by a rename of a checked and synced file, so what has its name is whole.
File names are made of the 32 checked bytes of a SHA-256 and of numbers, never of anything
that a client names. The quota counts stored bytes and the declared sizes of unfinished
uploads, so an upload that was begun can end. Therefore the whole size is charged to the person at
the first byte; what never came is given back when the upload is given up.

Whether a blob is stored is told to those alone who have sent it whole from the same device:
everybody else sends all of its bytes, as if it were not there.

Owned by one thread (the reader's), except ``stored`` and ``uploaded``, which any thread may call.
"""

import contextlib
import errno
import hashlib
import logging
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from broker.durable import sync_folder
from broker.uploaders import Uploaders
from protocol.blocks import DEVICE_TAG_BYTES
from protocol.codes import ErrorCode
from protocol.errors import SetupError, WireError
from protocol.limits import BLOB_MAX_BYTES, BLOB_QUOTA_BYTES, UPLOADS_PER_PERSON_MAX

if TYPE_CHECKING:
    from hashlib import _Hash

log = logging.getLogger("blobs")

PART_KEPT_S = 24 * 3600
"""An upload that stood still for a day is given up."""
PART_KEPT_TIGHT_S = 3600
"""And after an hour where its place is needed."""

_SWEEP_S = 60
_SHA256_BYTES = 32
_HASH_CHUNK_BYTES = 1024 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FOLDER_NAME = re.compile(r"[0-9a-f]{2}")
_BLOB_NAME = re.compile(r"[0-9a-f]{64}")
_PART_NAME = re.compile(
    rf"([0-9a-f]{{64}})-([0-9a-f]{{{2 * DEVICE_TAG_BYTES}}})-([0-9]{{1,9}})(?:-([0-9]{{1,19}}))?"
)
"""Without a person: of an earlier version."""


class Uploader(NamedTuple):
    """Who uploads: the number of a person, and the key of the device."""

    person_no: int
    device: bytes


class _Name(NamedTuple):
    """Which upload: of what, by whom; ``device`` is its tag."""

    sha256: bytes
    device: bytes
    size: int
    person_no: int


@dataclass(slots=True)
class _Part:
    """An upload under way; ``hasher`` is None until the bytes of an earlier run are read.

    ``charged``: its person has paid for all of it in this run.
    """

    offset: int
    touched_s: float
    hasher: "_Hash | None"
    resumed: bool = False
    charged: bool = False


class BlobStore:
    """The files of one folder, which is ``blobs`` in the server's data folder."""

    def __init__(self, folder: Path, quota_bytes: int = BLOB_QUOTA_BYTES) -> None:
        """Make or open the folder and count what is there; raise :class:`SetupError`."""
        self._folder = folder
        self._parts_folder = folder / "parts"
        self._quota_bytes = quota_bytes
        self._parts: dict[_Name, _Part] = {}
        self._of_person: dict[int, set[_Name]] = {}
        self._charges: list[tuple[int, int]] = []
        self._reserved_bytes = 0
        self._swept_s = 0.0
        try:
            self._parts_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._uploaders = Uploaders(folder / "uploaders")
            self._stored_bytes = self._count_blobs()
            self._find_parts()
        except OSError as error:
            raise SetupError(
                f"{folder} cannot be used for pictures: {error.strerror}. "
                "Look at its permissions and its disk."
            ) from None

    @property
    def used_bytes(self) -> int:
        """Bytes that count against the quota."""
        return self._stored_bytes + self._reserved_bytes

    def stored(self, sha256: bytes, size: int) -> bool:
        """Whether a blob of this content and size is stored; a single stat."""
        try:
            return self._path(sha256).stat().st_size == size
        except OSError:
            return False

    def uploaded(self, sha256: bytes, device: bytes) -> bool:
        """Whether the device with this key has sent all bytes of the blob, as far as is known."""
        return self._uploaders.holds(sha256, device)

    def take_charges(self) -> list[tuple[int, int]]:
        """Return and forget what people have to pay: pairs of person and bytes.

        Below zero: they are given back.
        """
        charges, self._charges = self._charges, []
        return charges

    def due_bytes(self, sha256: bytes, uploader: Uploader, size: int) -> int:
        """Return how many bytes the uploader would pay for by going on with this blob."""
        name = _name(sha256, uploader, size)
        if self._is_done(name):
            return 0
        part = self._parts.get(name)
        if part is None:
            return size
        return 0 if part.charged else size - part.offset

    def have(self, sha256: bytes, uploader: Uploader, size: int) -> int:
        """Return how many first bytes the uploader has sent; all: stored.

        Raises :class:`WireError` if the upload could not begin: QUOTA, TOO_MANY.
        """
        name = _name(sha256, uploader, size)
        if self._is_done(name):
            return size
        part = self._parts.get(name)
        if part is None:
            self._check_room(name)
            return 0
        return part.offset

    def write(self, sha256: bytes, uploader: Uploader, size: int, offset: int, data: bytes) -> int:
        """Append a chunk at exactly the current offset; return the offset then.

        A chunk for another offset is dropped: the answer says where to go on. With the
        last byte the blob is checked, synced and stored. Raises :class:`WireError`:
        BLOB_MISMATCH when the bytes are not those of the name (the upload is dropped),
        QUOTA when there is no room, TOO_MANY, FIELD; and OSError when the disk fails.
        """
        name = _name(sha256, uploader, size)
        if not 0 <= offset <= size - len(data):
            raise WireError(ErrorCode.FIELD, "data", "goes beyond the size of the blob")
        if self._is_done(name):
            return size
        part = self._parts.get(name)
        if part is None:
            if offset or not data:
                return 0
            self._check_room(name)
            part = _Part(0, time.time(), hashlib.sha256())
            self._keep(name, part)
        if offset != part.offset or not data:
            return part.offset
        if not part.charged:
            part.charged = True
            self._charges.append((name.person_no, size - offset))
        try:
            self._append(name, part, data)
            return self._finish(name, part) if part.offset == size else part.offset
        except OSError as error:
            # Full while appending: go on from here when there is room. Anything else (a failed
            # sync forgets which bytes it lost): start over.
            if error.errno not in _FULL or offset == 0 or offset + len(data) == size:
                self._drop(name)
            if error.errno in _FULL:
                log.warning("disk_full used_bytes=%d", self.used_bytes)
                raise WireError(
                    ErrorCode.QUOTA, "", "the server's disk is full; its admin must make room"
                ) from None
            raise

    def read(self, sha256: bytes, offset: int, length: int) -> tuple[int, bytes]:
        """Return the size of a blob and at most ``length`` of its bytes from ``offset``.

        Raises :class:`WireError`: NO_BLOB, or FIELD for an offset that is not inside it.
        """
        try:
            with self._path(sha256).open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                if not 0 <= offset < size:
                    raise WireError(ErrorCode.FIELD, "offset", "is beyond the end of the blob")
                file.seek(offset)
                return size, file.read(length)
        except FileNotFoundError:
            raise WireError(ErrorCode.NO_BLOB, "sha256", "the server has no such blob") from None

    def _path(self, sha256: bytes) -> Path:
        _check_sha256(sha256)
        name = sha256.hex()
        return self._folder / name[:2] / name

    def _part_path(self, name: _Name) -> Path:
        of = f"{name.sha256.hex()}-{name.device.hex()}-{name.size}-{name.person_no}"
        return self._parts_folder / of

    def _is_done(self, name: _Name) -> bool:
        """Whether it is stored and this device has sent it, so that it may be told so."""
        return self.uploaded(name.sha256, name.device) and self.stored(name.sha256, name.size)

    def _check_room(self, name: _Name) -> None:
        """Raise :class:`WireError` if a new upload must not begin."""
        own = self._of_person.get(name.person_no, set())
        if len(own) >= UPLOADS_PER_PERSON_MAX:
            self._drop_still(own, time.time())
            if len(own) >= UPLOADS_PER_PERSON_MAX:
                raise WireError(
                    ErrorCode.TOO_MANY,
                    "",
                    f"one person may have {UPLOADS_PER_PERSON_MAX} unfinished uploads; "
                    "finish one, or wait an hour",
                )
        if self.used_bytes + name.size > self._quota_bytes:
            self._make_room()
            if self.used_bytes + name.size > self._quota_bytes:
                raise WireError(
                    ErrorCode.QUOTA,
                    "size",
                    f"the server's {self._quota_bytes // (1024 * 1024)} MiB for files are full",
                )

    def _keep(self, name: _Name, part: _Part) -> None:
        self._parts[name] = part
        self._of_person.setdefault(name.person_no, set()).add(name)
        self._reserved_bytes += name.size

    def _forget(self, name: _Name) -> None:
        if self._parts.pop(name, None) is not None:
            self._reserved_bytes -= name.size
            own = self._of_person[name.person_no]
            own.remove(name)
            if not own:
                del self._of_person[name.person_no]

    def _append(self, name: _Name, part: _Part, data: bytes) -> None:
        """Write behind the part's offset; whatever an earlier failure left there goes."""
        path = self._part_path(name)
        if part.hasher is None:
            part.hasher = _hash_file(path, part.offset)
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size < part.offset:
                raise OSError(errno.EIO, "the file of an upload has shrunk")
            file.truncate(part.offset)
            file.seek(part.offset)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            if part.offset + len(data) == name.size:
                os.fsync(file.fileno())
        part.hasher.update(data)
        part.offset += len(data)
        part.touched_s = time.time()

    def _finish(self, name: _Name, part: _Part) -> int:
        """Check a whole, synced part and store it."""
        if part.hasher is None or part.hasher.digest() != name.sha256:
            self._drop(name)
            if part.resumed:
                # A crash may have lost bytes of a part, which is not synced: start over.
                return 0
            raise WireError(ErrorCode.BLOB_MISMATCH, "sha256", "is not that of the bytes sent")
        path = self._path(name.sha256)
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700)
            sync_folder(self._folder)
        # It may be there already, from somebody else: then the same bytes take its place.
        before_bytes = _size(path)
        os.replace(self._part_path(name), path)
        self._forget(name)
        self._stored_bytes += name.size - before_bytes
        sync_folder(path.parent)
        self._uploaders.note(name.sha256, name.device)
        return name.size

    def _drop(self, name: _Name) -> None:
        part = self._parts.get(name)
        if part is not None and part.charged and part.offset < name.size:
            self._charges.append((name.person_no, part.offset - name.size))
        self._forget(name)
        with contextlib.suppress(OSError):
            self._part_path(name).unlink()

    def _make_room(self) -> None:
        """Give up uploads that stood still; looks at all of them, so not often."""
        now_s = time.time()
        if abs(now_s - self._swept_s) >= _SWEEP_S:
            self._swept_s = now_s
            self._drop_still(self._parts, now_s)

    def _drop_still(self, names: Iterable[_Name], now_s: float) -> None:
        oldest_s = now_s - PART_KEPT_TIGHT_S
        for name in [name for name in names if self._parts[name].touched_s < oldest_s]:
            self._drop(name)

    def _count_blobs(self) -> int:
        total = 0
        for folder in os.scandir(self._folder):
            if _FOLDER_NAME.fullmatch(folder.name) and folder.is_dir(follow_symlinks=False):
                for entry in os.scandir(folder):
                    if _BLOB_NAME.fullmatch(entry.name):
                        total += entry.stat(follow_symlinks=False).st_size
        return total

    def _find_parts(self) -> None:
        """Go on with the uploads of an earlier run; remove those that are of no use."""
        oldest_s = time.time() - PART_KEPT_S
        for path in sorted(self._parts_folder.iterdir()):
            match = _PART_NAME.fullmatch(path.name)
            if match is None:
                continue
            status = path.stat()
            size = int(match[3])
            # A whole part was not checked before the crash, so it cannot be told from a bad one.
            in_part = 0 < status.st_size < size <= BLOB_MAX_BYTES
            if match[4] and in_part and status.st_mtime >= oldest_s:
                sha256, tag = bytes.fromhex(match[1]), bytes.fromhex(match[2])
                name = _Name(sha256, tag, size, int(match[4]))
                self._keep(name, _Part(status.st_size, status.st_mtime, None, resumed=True))
            else:
                path.unlink()


def _name(sha256: bytes, uploader: Uploader, size: int) -> _Name:
    _check_sha256(sha256)
    if not 1 <= size <= BLOB_MAX_BYTES:
        raise WireError(ErrorCode.FIELD, "size", f"must be from 1 to {BLOB_MAX_BYTES}")
    tag = uploader.device[:DEVICE_TAG_BYTES]
    return _Name(sha256, tag, size, uploader.person_no)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _check_sha256(sha256: bytes) -> None:
    if type(sha256) is not bytes or len(sha256) != _SHA256_BYTES:
        raise WireError(ErrorCode.FIELD, "sha256", f"must have {_SHA256_BYTES} bytes")


def _hash_file(path: Path, length: int) -> "_Hash":
    """Hash the first ``length`` bytes of a file."""
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (data := file.read(min(length, _HASH_CHUNK_BYTES))):
            hasher.update(data)
            length -= len(data)
    return hasher
