"""Turns any file into what FILE needs: a name to show, media type, SHA-256.

Its bytes stay as they are. Slow, so it runs in a worker thread. No state.
"""

import hashlib
import mimetypes
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.codes import EventKind
from protocol.errors import SetupError
from protocol.items import REQUIRED
from protocol.limits import BLOB_MAX_BYTES, FILE_NAME_MAX_CHARS

BLOB_MAX_MB: Final = BLOB_MAX_BYTES // (1024 * 1024)
ANY_MEDIA: Final = "application/octet-stream"

_types = mimetypes.MimeTypes()
"""Python's own list: what this machine thinks of a suffix is nobody's business."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that may be sent."""

    name: str
    media: str
    sha256: bytes
    data: bytes

    kind = EventKind.FILE

    def body(self, caption: str) -> dict[str, object]:
        """Return the body of the FILE item."""
        body: dict[str, object] = {
            "name": self.name,
            "media": self.media,
            "size": len(self.data),
            "sha256": self.sha256,
        }
        if caption:
            body["caption"] = caption
        return body


def prepare_document(path: Path) -> Document:
    """Read a file; raise :class:`SetupError` with one line if it cannot be sent."""
    data = read_bytes(path, BLOB_MAX_BYTES, "a file")
    if not data:
        raise SetupError(f"{path.name} is empty")
    name = clean_name(path.name)
    return Document(name, media_of(name), hashlib.sha256(data).digest(), data)


def media_of(name: str) -> str:
    """Return the media type by the name's suffix."""
    media, coding = _types.guess_type(name)
    if media is None or coding is not None or REQUIRED[EventKind.FILE]["media"](media):
        return ANY_MEDIA
    return media


def read_bytes(path: Path, limit: int, what: str) -> bytes:
    """Return the bytes of a file of at most ``limit``, or raise :class:`SetupError`."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SetupError(f"{path.name} cannot be read: it is not a file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "not a path"
        raise SetupError(f"{path.name} cannot be read: {words}") from None
    if len(data) > limit:
        megabytes = limit // (1024 * 1024)
        raise SetupError(f"{path.name} is too large: {what} may have {megabytes} MB")
    return data


def clean_name(name: str) -> str:
    """Return a display name without what could not be shown, its suffix kept."""
    shown = "".join(one if one.isprintable() else "_" for one in name).strip() or "file"
    if len(shown) > FILE_NAME_MAX_CHARS:
        suffix = Path(shown).suffix[:16]
        shown = shown[: FILE_NAME_MAX_CHARS - len(suffix)] + suffix
    return shown
