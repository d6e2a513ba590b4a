"""Turns a picture file into what IMAGE needs: media type, size in pixels, thumbnail, SHA-256.

Files are strangers' bytes: only four formats are opened, limits are checked before
a pixel is decoded, and whatever a decoder does wrong is one line for the person.
Slow, so it runs in a worker thread, never in the network's or the window's. No state.
"""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from protocol.client.documents import BLOB_MAX_MB, clean_name, read_bytes
from protocol.client.shrinking import SOURCE_MAX_BYTES, SOURCE_PIXELS_MAX, shrunk
from protocol.codes import EventKind
from protocol.errors import SetupError
from protocol.limits import (
    BLOB_MAX_BYTES,
    FILE_NAME_MAX_CHARS,
    IMAGE_PIXELS_MAX,
    IMAGE_SIDE_MAX,
    THUMB_MAX_BYTES,
)

THUMB_SIDE = 320
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_ORIENTATION = 0x0112
_LYING = (5, 6, 7, 8)
"""EXIF orientations that turn a picture by a quarter."""
_TELLTALES = ("exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop", "mp")
"""Names under which Pillow keeps what a file says beside its pixels."""
_WEBP_QUALITY = 90
_QUALITIES = (80, 60, 40, 20)


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
    name = clean_name(path.name)
    try:
        media, width, height = _measured(path.name, data, shrink)
        small = shrunk(data) if shrink else None
        data = small or _without_metadata(data)
        if small:
            media, width, height = _measured(path.name, data, shrink)
            name = _renamed(name, media)
        elif shrink:
            _measured(path.name, data, False)
        thumb = _thumb(data)
    except SetupError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(path.name) from None
    except Exception:  # decoders fail in many ways on bytes that are no picture
        raise SetupError(
            f"{path.name} is not a picture that can be sent (PNG, JPEG, WebP or GIF)"
        ) from None
    if len(data) > BLOB_MAX_BYTES:
        raise SetupError(f"{path.name} is too large: a picture may have {BLOB_MAX_MB} MB")
    return Picture(name, media, hashlib.sha256(data).digest(), width, height, thumb, data)


def _measured(name: str, data: bytes, shrink: bool) -> tuple[str, int, int]:
    """Return media type, width and height, from the header alone."""
    with Image.open(io.BytesIO(data), formats=tuple(_MEDIA)) as image:
        media = _MEDIA[str(image.format)]
        width, height = image.size
        # A large JPEG is made small while it is decoded.
        large = shrink and media == "image/jpeg"
        _check_size(name, width, height, SOURCE_PIXELS_MAX if large else IMAGE_PIXELS_MAX)
        if image.getexif().get(_ORIENTATION) in _LYING:
            width, height = height, width
        return media, width, height


def _renamed(name: str, media: str) -> str:
    """Return the name with the suffix of what the picture is now."""
    suffix = Path(name).suffix
    if media == "image/webp" and suffix.lower() != ".webp":
        return name[: len(name) - len(suffix)][: FILE_NAME_MAX_CHARS - 5] + ".webp"
    return name


def _check_size(name: str, width: int, height: int, pixels: int) -> None:
    if not (1 <= width <= IMAGE_SIDE_MAX and 1 <= height <= IMAGE_SIDE_MAX):
        raise SetupError(f"{name} is too large: a side may have {IMAGE_SIDE_MAX} pixels")
    if width * height > pixels:
        raise _too_many_pixels(name)


def _too_many_pixels(name: str) -> SetupError:
    millions = IMAGE_PIXELS_MAX // 1_000_000
    return SetupError(f"{name} is too large: a picture may have {millions} million pixels")


def _without_metadata(data: bytes) -> bytes:
    """Return the picture without what it says of its maker: place, camera, comments.

    A file that says nothing stays as it is, to the byte. Others are written anew: JPEG with its
    own tables, so that next to nothing is lost, and with its orientation alone.
    """
    with Image.open(io.BytesIO(data), formats=tuple(_MEDIA)) as image:
        exif = image.getexif()
        said = [name for name in _TELLTALES if image.info.get(name)]
        if not exif and not said and not getattr(image, "text", None):
            return data
        options: dict[str, Any] = {}
        if icc := image.info.get("icc_profile"):
            options["icc_profile"] = icc
        if turned := exif.get(_ORIENTATION):
            kept = Image.Exif()
            kept[_ORIENTATION] = turned
            options["exif"] = kept
        if image.format == "JPEG":
            options["quality"] = "keep"
        elif image.format == "WEBP":
            options["quality"] = _WEBP_QUALITY
        if getattr(image, "n_frames", 1) > 1:
            options["save_all"] = True
        for name in said:
            del image.info[name]
        if image.format == "PNG":
            options["pnginfo"] = PngInfo()
        out = io.BytesIO()
        image.save(out, image.format, **options)
        return out.getvalue()


def _thumb(data: bytes) -> bytes:
    """Return a WebP of at most THUMB_MAX_BYTES, its longest side THUMB_SIDE or less."""
    with Image.open(io.BytesIO(data), formats=tuple(_MEDIA)) as image:
        if image.format == "JPEG":
            image.draft("RGB", (THUMB_SIDE * 2, THUMB_SIDE * 2))
        turned = ImageOps.exif_transpose(image)
        small = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
    side = THUMB_SIDE
    while True:
        small.thumbnail((side, side))
        for quality in _QUALITIES:
            out = io.BytesIO()
            small.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= THUMB_MAX_BYTES:
                return out.getvalue()
        side //= 2
