"""Makes the small picture of oneself from a file: square, 96 pixels, at most 8 KiB.

Slow: for a worker thread. Nothing of the file but its pixels remains in it.
"""

import io
from pathlib import Path
from typing import Final

from gui.paint.pictures import PictureError, flat, load
from protocol.client.orders import Fit
from protocol.limits import PORTRAIT_MAX_BYTES

SIDE: Final = 96
_QUALITIES: Final = (88, 80, 70, 60, 45, 30, 15)


def make_portrait(path: Path) -> bytes:
    """Return a picture's middle square as WebP; raise :class:`gui.paint.pictures.PictureError`."""
    square = flat(load(path, Fit.FILLED, (SIDE, SIDE)), "#ffffff")
    for quality in _QUALITIES:
        target = io.BytesIO()
        square.save(target, "WEBP", quality=quality, method=6)
        if target.tell() <= PORTRAIT_MAX_BYTES:
            return target.getvalue()
    raise PictureError("settings.picture_too_big")
