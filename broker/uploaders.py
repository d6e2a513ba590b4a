"""Which devices have sent all bytes of which blobs: what they may name, wherever they write.

::

    blobs/uploaders/ab3f…-<device tag>    an empty file: this device has sent the whole blob

Knowing a hash is not having the file. Whoever names a blob in a message must have sent its bytes,
or be in a room in which it was posted. Between the last byte and the message the server may be
started again, or an older journal be put in its place: so it stands on the disk, beside the
blobs, and under the key of the device, which no restore gives to anybody else.

Only the newest are known, of each device and of all. Whoever is forgotten sends the bytes again.

Noted by one thread (the reader's); ``holds`` may be called by any.
"""

import logging
import os
import re
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from broker.durable import sync_folder
from protocol.blocks import DEVICE_TAG_BYTES

log = logging.getLogger("blobs")

UPLOADED_PER_DEVICE_MAX: Final = 64
"""Blobs of one device that are known: a client carries eight at a time, and says each at once."""
UPLOADED_MAX: Final = 20_000
"""Of all devices: 300 bytes each in memory, and an empty file."""

_NAME = re.compile(rf"([0-9a-f]{{64}})-([0-9a-f]{{{2 * DEVICE_TAG_BYTES}}})")

_Name = tuple[bytes, bytes]
"""The tag of a device, and a SHA-256."""


class Uploaders:
    """The newest finished uploads."""

    def __init__(self, folder: Path) -> None:
        """Make or read the folder; raise OSError."""
        self._folder = folder
        self._lock = threading.Lock()
        self._newest: OrderedDict[_Name, None] = OrderedDict()
        self._of_device: dict[bytes, OrderedDict[bytes, None]] = {}
        folder.mkdir(mode=0o700, exist_ok=True)
        found: list[tuple[int, str]] = []
        for entry in os.scandir(folder):
            if _NAME.fullmatch(entry.name):
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
        for _, name in sorted(found):
            sha256, _, tag = name.partition("-")
            self._remove(self._add((bytes.fromhex(tag), bytes.fromhex(sha256))))

    def holds(self, sha256: bytes, device: bytes) -> bool:
        """Whether the device with this key has sent all bytes of the blob."""
        with self._lock:
            return (device[:DEVICE_TAG_BYTES], sha256) in self._newest

    def note(self, sha256: bytes, device: bytes) -> None:
        """The device has sent the last byte, and the blob is stored."""
        name = (device[:DEVICE_TAG_BYTES], sha256)
        try:
            path = self._path(name)
            path.touch(mode=0o600)
            sync_folder(self._folder)
        except OSError as error:
            # It holds until the next start; then the bytes are sent again.
            log.warning("uploader_not_written error=%s", error.strerror)
        self._remove(self._add(name))

    def _path(self, name: _Name) -> Path:
        return self._folder / f"{name[1].hex()}-{name[0].hex()}"

    def _add(self, name: _Name) -> list[_Name]:
        """Remember a name as the newest; return those that are forgotten for it."""
        tag, sha256 = name
        gone: list[_Name] = []
        with self._lock:
            own = self._of_device.setdefault(tag, OrderedDict())
            own[sha256] = self._newest[name] = None
            own.move_to_end(sha256)
            self._newest.move_to_end(name)
            if len(own) > UPLOADED_PER_DEVICE_MAX:
                gone.append((tag, next(iter(own))))
            elif len(self._newest) > UPLOADED_MAX:
                gone.append(next(iter(self._newest)))
            for one in gone:
                del self._newest[one]
                owned = self._of_device[one[0]]
                del owned[one[1]]
                if not owned:
                    del self._of_device[one[0]]
        return gone

    def _remove(self, names: list[_Name]) -> None:
        for name in names:
            try:
                self._path(name).unlink(missing_ok=True)
            except OSError as error:
                log.warning("uploader_not_removed error=%s", error.strerror)
