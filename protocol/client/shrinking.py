"""Makes a picture small enough for a chat: fewer pixels, written anew, without metadata.

Called in the darkroom's child, with bytes whose size in pixels was checked; whatever a decoder does
wrong is raised. No state.
"""

import io
from typing import Any, Final

from PIL import Image, ImageOps

SHRUNK_SIDE: Final = 2560
"""Pixels along the longer side: fills a large screen."""

_JPEG_QUALITY = 85
_WEBP_QUALITY = 88
_WORTH = 0.9
"""Every writing costs some of the picture: not for less than a tenth."""
_PLAIN = ("RGB", "RGBA")


def shrunk(data: bytes | bytearray) -> bytes | None:
    """Return the picture with sides of at most SHRUNK_SIDE, or None where that is not worth it.

    JPEG stays JPEG, PNG and WebP become WebP; what moves stays as it is.
    """
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
        if image.format == "GIF" or getattr(image, "n_frames", 1) > 1:
            return None
        jpeg = image.format == "JPEG"
        options: dict[str, Any] = {}
        # A profile of other colours means nothing after the conversion.
        if (icc := image.info.get("icc_profile")) and image.mode in _PLAIN:
            options["icc_profile"] = icc
        if jpeg:
            image.draft("RGB", (SHRUNK_SIDE, SHRUNK_SIDE))
        turned = ImageOps.exif_transpose(image)
        small = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
        small.thumbnail((SHRUNK_SIDE, SHRUNK_SIDE), Image.Resampling.LANCZOS)
        small.info.clear()
        out = io.BytesIO()
        if jpeg:
            small.save(
                out, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True, **options
            )
        else:
            small.save(out, "WEBP", quality=_WEBP_QUALITY, method=4, **options)
        return out.getvalue() if out.tell() < len(data) * _WORTH else None
