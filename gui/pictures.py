"""Decodes pictures away from the Tk thread, with limits: they come from strangers.

A small pool of threads; results are carried back by the bridge. Only named
formats are opened, and the size is checked before a pixel is decoded.
"""

import io
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from protocol.limits import IMAGE_PIXELS_MAX, IMAGE_SIDE_MAX

log = logging.getLogger(__name__)

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class PictureError(Exception):
    """A picture that cannot be shown; the text says why."""


def decode(source: bytes | Path, box: tuple[int, int], grow: bool = False) -> Image.Image:
    """Return a picture, opaque or with alpha, shrunk to fit ``box`` pixels.

    With ``grow`` it fills the box exactly, as a thumbnail stands for a larger
    picture. Raises :class:`PictureError`.
    """
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(file, formats=FORMATS) as image:
            width, height = image.size
            if width * height > IMAGE_PIXELS_MAX or max(width, height) > IMAGE_SIDE_MAX:
                raise PictureError("The picture has too many pixels")
            image.draft("RGB", box)
            image.load()
            upright = ImageOps.exif_transpose(image)
            made = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except PictureError:
        raise
    except (OSError, ValueError, SyntaxError, *_BOMBS) as error:
        raise PictureError("This file is not a picture that can be shown") from error
    if grow:
        return made.resize(box, Image.Resampling.LANCZOS)
    made.thumbnail(box, Image.Resampling.LANCZOS)
    return made


def rounded(image: Image.Image, radius: int, below: str) -> Image.Image:
    """Return a picture with round corners, opaque on the colour below it."""
    over = 4
    width, height = image.size
    mask = Image.new("L", (width * over, height * over), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, width * over - 1, height * over - 1), radius * over, fill=255
    )
    mask = mask.resize((width, height), Image.Resampling.BOX)
    opaque = Image.new("RGB", image.size, below)
    flat = Image.new("RGB", image.size, below)
    flat.paste(image, (0, 0), image if image.mode == "RGBA" else None)
    opaque.paste(flat, (0, 0), mask)
    return opaque


class Pictures:
    """Runs decoding on two threads. ``call`` brings work into the Tk thread."""

    def __init__(self, call: Callable[[Callable[[], None]], None]) -> None:
        """``call`` is usually the bridge's."""
        self._call = call
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="pictures")

    def decode(
        self,
        source: bytes | Path,
        box: tuple[int, int],
        done: Callable[[Image.Image | None, str], None],
        grow: bool = False,
    ) -> None:
        """Decode in the background; in the Tk thread ``done`` gets the picture, or None and why."""

        def work() -> None:
            image: Image.Image | None = None
            problem = ""
            try:
                image = decode(source, box, grow)
            except PictureError as error:
                problem = str(error)
            self._call(lambda: done(image, problem))

        self._pool.submit(work)

    def close(self) -> None:
        """End the threads; what is under way is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)
