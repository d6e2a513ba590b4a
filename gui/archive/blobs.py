"""Pictures and files for an archive: fetched one after the other, checked before they are used.

Used by the worker thread of a job.
"""

import base64
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gui.paint import pictures

Fetch = Callable[[bytes, int], Path | str]
"""(SHA-256, size) → where the bytes are on this machine, or why they cannot be had."""

SHOWN_PX: Final = 320
"""The longer side of a picture on a page; twice of it is embedded, for dense screens."""
_QUALITY: Final = 82


class Blobs:
    """What could be had, and why the rest could not."""

    def __init__(self, fetch: Fetch) -> None:
        """``fetch`` may take long."""
        self._fetch = fetch
        self._paths: dict[bytes, Path] = {}
        self.missing: dict[bytes, str] = {}
        """SHA-256 → one line for people."""

    @property
    def there(self) -> int:
        """How many there are."""
        return len(self._paths)

    def gather(self, sha256: bytes, size: int) -> None:
        """Have one fetched."""
        got = self._fetch(sha256, size)
        if isinstance(got, Path):
            self._paths[sha256] = got
        else:
            self.missing[sha256] = got

    def read(self, sha256: bytes, otherwise: str) -> bytes | None:
        """Return the bytes, or None; ``otherwise`` is noted where the file is not what it was."""
        path = self._paths.get(sha256)
        if path is None:
            return None
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).digest() == sha256:
            return data
        del self._paths[sha256]
        self.missing[sha256] = otherwise
        return None


def picture_uri(data: bytes) -> str:
    """Return a picture made anew as a ``data:`` URI; raise ``pictures.PictureError``.

    Only pixels go on: what else was hidden in the file does not.
    """
    image = pictures.decode(data, (2 * SHOWN_PX, 2 * SHOWN_PX))
    out = io.BytesIO()
    if image.mode == "RGBA":
        image.save(out, "PNG", optimize=True)
        return uri("image/png", out.getvalue())
    image.convert("RGB").save(out, "JPEG", quality=_QUALITY, optimize=True)
    return uri("image/jpeg", out.getvalue())


def uri(media: str, data: bytes) -> str:
    """Return bytes as a ``data:`` URI."""
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def shown_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of a picture on the page, never larger than it is."""
    part = min(1.0, SHOWN_PX / max(width, height))
    return max(1, round(width * part)), max(1, round(height * part))
