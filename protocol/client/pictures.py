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


def prepare(path: Path) -> Picture:
    """Read a file; raise :class:`SetupError` with one line if it cannot be sent."""
    try:
        with path.open("rb") as file:
            data = file.read(BLOB_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "not a path"
        raise SetupError(f"{path.name} cannot be read: {words}") from None
    limit = BLOB_MAX_BYTES // (1024 * 1024)
    if len(data) > BLOB_MAX_BYTES:
        raise SetupError(f"{path.name} is too large: a picture may have {limit} MB")
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_MEDIA)) as image:
            media = _MEDIA[str(image.format)]
            width, height = image.size
            _check_size(path.name, width, height)
            if image.getexif().get(_ORIENTATION) in _LYING:
                width, height = height, width
            if media == "image/jpeg":
                image.draft("RGB", (THUMB_SIDE * 2, THUMB_SIDE * 2))
            thumb = _thumb(ImageOps.exif_transpose(image))
        data = _without_metadata(data)
    except SetupError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(path.name) from None
    except Exception:  # decoders fail in many ways on bytes that are no picture
        raise SetupError(
            f"{path.name} is not a picture that can be sent (PNG, JPEG, WebP or GIF)"
        ) from None
    if len(data) > BLOB_MAX_BYTES:
        raise SetupError(f"{path.name} is too large: a picture may have {limit} MB")
    return Picture(
        clean_name(path.name), media, hashlib.sha256(data).digest(), width, height, thumb, data
    )


def clean_name(name: str) -> str:
    """Return a display name without what could not be shown, its suffix kept."""
    shown = "".join(one if one.isprintable() else "_" for one in name).strip() or "picture"
    if len(shown) > FILE_NAME_MAX_CHARS:
        suffix = Path(shown).suffix[:16]
        shown = shown[: FILE_NAME_MAX_CHARS - len(suffix)] + suffix
    return shown


def _check_size(name: str, width: int, height: int) -> None:
    if not (1 <= width <= IMAGE_SIDE_MAX and 1 <= height <= IMAGE_SIDE_MAX):
        raise SetupError(f"{name} is too large: a side may have {IMAGE_SIDE_MAX} pixels")
    if width * height > IMAGE_PIXELS_MAX:
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


def _thumb(image: Image.Image) -> bytes:
    """Return a WebP of at most THUMB_MAX_BYTES, its longest side THUMB_SIDE or less."""
    small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    side = THUMB_SIDE
    while True:
        small.thumbnail((side, side))
        for quality in _QUALITIES:
            out = io.BytesIO()
            small.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= THUMB_MAX_BYTES:
                return out.getvalue()
        side //= 2
