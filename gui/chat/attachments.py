"""Files that somebody is about to send: what they are, and why one cannot be sent.

:func:`inspect`, :func:`shrunk_size` and :func:`cut` read files: they run in a worker. The rest
is pure.
"""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from gui.chat.writing import PICTURES
from gui.paint.pictures import WHY, PictureError, decode, read, rounded
from protocol.client.darkroom import darkroom
from protocol.client.orders import MEDIA, SOURCE_MAX_BYTES, SOURCE_PIXELS_MAX, Fault
from protocol.errors import DarkroomError
from protocol.limits import BLOB_MAX_BYTES, IMAGE_PIXELS_MAX, IMAGE_SIDE_MAX

FILES_MAX: Final = 50
"""Files that are sent at a time."""
Cut = dict[tuple[bool, bool], Image.Image]
"""A picture as it is listed: (large, on the second colour) → what is shown."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file; ``size`` in bytes."""

    path: Path
    size: int = 0
    picture: bool = False
    """It is sent as a picture, because of its suffix."""
    width: int = 0
    height: int = 0
    jpeg: bool = False
    problem: str = ""
    """The name of the sentence that says why it cannot be sent at all."""
    small: int = 0
    """Bytes of the picture once it is shrunk; 0: not known, or no smaller."""

    def trouble(self, shrink: bool) -> tuple[str, int]:
        """Return why it cannot be sent: a sentence's name and the bytes that it may have.

        ("", 0): it can be.
        """
        if self.problem:
            return self.problem, 0
        most = SOURCE_MAX_BYTES if shrink and self.picture else BLOB_MAX_BYTES
        if self.size > most:
            return "composer.too_big", most
        if shrink and self.small > BLOB_MAX_BYTES:
            return "composer.too_big", BLOB_MAX_BYTES
        pixels = SOURCE_PIXELS_MAX if shrink and self.jpeg else IMAGE_PIXELS_MAX
        if self.width * self.height > pixels or max(self.width, self.height) > IMAGE_SIDE_MAX:
            return "viewer.too_many_pixels", 0
        return "", 0


def inspect(path: Path) -> Attachment:
    """Return what a file is; what is wrong with it is told, never raised."""
    picture = path.suffix.lower() in PICTURES
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return Attachment(path, problem="composer.folder")
        if not stat.S_ISREG(found.st_mode):
            return Attachment(path, problem="composer.unreadable")
        with path.open("rb") as file:
            if not file.read(1):
                return Attachment(path, problem="composer.empty")
    except (OSError, ValueError):
        return Attachment(path, problem="composer.unreadable")
    if not picture:
        return Attachment(path, found.st_size)
    if found.st_size > SOURCE_MAX_BYTES:
        # Its size is trouble enough.
        return Attachment(path, found.st_size, True)
    try:
        one = darkroom().measure(read(path))
    except PictureError as error:
        return Attachment(path, found.st_size, True, problem=str(error))
    except DarkroomError as error:
        return Attachment(path, found.st_size, True, problem=WHY[Fault(error.fault)])
    jpeg = one.media == MEDIA["JPEG"]
    return Attachment(path, found.st_size, True, one.width, one.height, jpeg)


def shrunk_size(one: Attachment) -> int:
    """Return the bytes of a picture once it is shrunk, or 0 if that makes it no smaller."""
    if one.trouble(shrink=True)[0]:
        return 0
    try:
        return darkroom().weigh(read(one.path))
    except (PictureError, DarkroomError):
        return 0


def cut(
    path: Path, large: tuple[int, int], side: int, radius: int, colours: tuple[str, str]
) -> Cut:
    """Return a picture large and as a small square, each on both colours; in a worker.

    Raises :class:`gui.paint.pictures.PictureError`.
    """
    whole = decode(path, (large[0], max(large[1], side)))
    least = min(whole.size)
    left, top = (whole.width - least) // 2, (whole.height - least) // 2
    box = (left, top, left + least, top + least)
    small = whole.resize((side, side), Image.Resampling.LANCZOS, box)
    return {
        (is_large, lit): rounded(whole if is_large else small, radius, colours[lit])
        for is_large in (True, False)
        for lit in (True, False)
    }
