"""The folder of pictures that a profile has fetched or sent, each whole and checked.

A picture that is being fetched is a ``.part`` file, to which bytes are only appended,
so its length says where to go on; it gets its name when its SHA-256 is right. File names are
made of the digest alone, never of anything that a message says. Owned by the
client's network thread.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash


class Gallery:
    """Pictures by their SHA-256; every method may raise ``OSError``."""

    def __init__(self, folder: Path) -> None:
        """Use a folder that is there."""
        self._folder = folder

    def path(self, sha256: bytes) -> Path:
        """Return where the picture is, or would be."""
        return self._folder / sha256.hex()

    def has(self, sha256: bytes, size: int) -> bool:
        """Whether it is here."""
        try:
            return self.path(sha256).stat().st_size == size
        except OSError:
            return False

    def resume(self, sha256: bytes, size: int) -> tuple[int, "_Hash"]:
        """Return how many bytes an earlier fetch has left, and the digest over them."""
        digest = hashlib.sha256()
        part = self._part(sha256)
        have = 0
        try:
            with part.open("rb") as file:
                while data := file.read(1024 * 1024):
                    digest.update(data)
                    have += len(data)
        except FileNotFoundError:
            return 0, digest
        if have > size:
            part.unlink()
            return 0, hashlib.sha256()
        return have, digest

    def append(self, sha256: bytes, data: bytes) -> None:
        """Add the next bytes of a picture that is being fetched."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self._part(sha256), flags, 0o600), "wb") as file:
            file.write(data)

    def finish(self, sha256: bytes) -> Path:
        """Give a fetched picture its name; its digest was checked."""
        os.replace(self._part(sha256), self.path(sha256))
        return self.path(sha256)

    def discard(self, sha256: bytes) -> None:
        """Forget what was fetched."""
        with contextlib.suppress(FileNotFoundError):
            self._part(sha256).unlink()

    def keep(self, sha256: bytes, data: bytes) -> None:
        """Keep a picture that one sends oneself; no second one is written."""
        if not self.has(sha256, len(data)):
            self.discard(sha256)
            self.append(sha256, data)
            self.finish(sha256)

    def _part(self, sha256: bytes) -> Path:
        return self._folder / f"{sha256.hex()}.part"
