"""Turns a picture file into what IMAGE needs: media type, size in pixels, thumbnail, SHA-256.

The file is read here and looked into in the darkroom alone; whatever goes wrong there is one line
for the person. Slow, so it runs in a worker thread, never in the network's or the window's. No
state.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from protocol.client.darkroom import darkroom
from protocol.client.documents import BLOB_MAX_MB, clean_name, read_bytes
from protocol.client.orders import SOURCE_MAX_BYTES, Fault
from protocol.codes import EventKind
from protocol.errors import DarkroomError, SetupError
from protocol.limits import (
    BLOB_MAX_BYTES,
    FILE_NAME_MAX_CHARS,
    IMAGE_PIXELS_MAX,
    IMAGE_SIDE_MAX,
)

_WHY = {
    Fault.NOT_A_PICTURE: "is not a picture that can be sent (PNG, JPEG, WebP or GIF)",
    Fault.SIDE_TOO_LONG: f"is too large: a side may have {IMAGE_SIDE_MAX} pixels",
    Fault.TOO_MANY_PIXELS: (
        f"is too large: a picture may have {IMAGE_PIXELS_MAX // 1_000_000} million pixels"
    ),
    Fault.TOO_MUCH: "cannot be sent as a picture: it takes too much memory or time to read",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that may be sent; ``width`` and ``height`` are as it is shown."""

    name: str
    media: str
    sha256: bytes
    width: int
    height: int
    thumb: bytes
    data: bytes

    kind = EventKind.IMAGE

    def body(self, caption: str) -> dict[str, object]:
        """Return the body of the IMAGE item."""
        body: dict[str, object] = {
            "name": self.name,
            "media": self.media,
            "size": len(self.data),
            "sha256": self.sha256,
            "width": self.width,
            "height": self.height,
            "thumb": self.thumb,
        }
        if caption:
            body["caption"] = caption
        return body


def prepare(path: Path, shrink: bool = False) -> Picture:
    """Read a file; raise :class:`SetupError` with one line if it cannot be sent.

    ``shrink``: scaled and written anew where that makes it smaller; else its pixels stay.
    """
    data = read_bytes(path, SOURCE_MAX_BYTES if shrink else BLOB_MAX_BYTES, "a picture")
    try:
        made = darkroom().prepare(data, shrink)
    except DarkroomError as error:
        raise SetupError(f"{path.name} {_WHY[Fault(error.fault)]}") from None
    if len(made.data) > BLOB_MAX_BYTES:
        raise SetupError(f"{path.name} is too large: a picture may have {BLOB_MAX_MB} MB")
    name = clean_name(path.name)
    return Picture(
        name if made.data is data else _renamed(name, made.media),
        made.media,
        hashlib.sha256(made.data).digest(),
        made.width,
        made.height,
        made.thumb,
        made.data,
    )


def _renamed(name: str, media: str) -> str:
    """Return the name with the suffix of what the picture is now."""
    suffix = Path(name).suffix
    if media == "image/webp" and suffix.lower() != ".webp":
        return name[: len(name) - len(suffix)][: FILE_NAME_MAX_CHARS - 5] + ".webp"
    return name
