"""Makes of a picture file what was ordered: its measures, its pixels, what is sent of it.

Runs in the darkroom's child alone: here strangers' bytes meet Pillow's decoders. Four formats
are opened, and limits are checked before a pixel is decoded. Whatever else a decoder does wrong
is raised, or ends the process. No state.
"""

import io
from contextlib import suppress
from typing import Any, Final

from PIL import Image, ImageFile, ImageOps
from PIL.PngImagePlugin import PngInfo

from protocol.client import residue
from protocol.client.orders import MEDIA, SOURCE_PIXELS_MAX, Fault, Fit
from protocol.client.shrinking import shrunk
from protocol.limits import IMAGE_PIXELS_MAX, IMAGE_SIDE_MAX, THUMB_MAX_BYTES

THUMB_SIDE: Final = 320
_JPEG: Final = b"\xff\xd8"
_ORIENTATION: Final = 0x0112
_LYING: Final = (5, 6, 7, 8)
"""EXIF orientations that turn a picture by a quarter."""
_TELLTALES: Final = ("exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop", "mp")
"""Names under which Pillow keeps what a file says beside its pixels."""
_WEBP_QUALITY: Final = 90
_QUALITIES: Final = (80, 60, 40, 20)


class FaultError(Exception):
    """A picture that is not decoded; the argument is a :class:`Fault`."""


def rehearse() -> None:
    """Go once through all that is done, with small pictures of one's own.

    What Pillow imports as late as it can is there afterwards; the child opens no file any more.
    """
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    frames = [Image.new("RGB", (2, 3), colour) for colour in ("#ff0000", "#00ff00")]
    for kind in MEDIA:
        for moving in (False, kind != "JPEG"):
            out = io.BytesIO()
            frames[0].save(out, kind, save_all=moving, append_images=frames[1:], exif=exif)
            data = bytearray(out.getvalue())
            show(data, Fit.FILLED, (2, 2))
            shrunk(data)
            _pixels_alone(data)
            _thumb(data)
            with suppress(OSError, SyntaxError, ValueError):
                show(data[: len(data) // 2], Fit.WITHIN, (2, 2))


def measure(data: bytearray) -> tuple[str, int, int]:
    """Return media type, width and height as the header tells them; it may lie on its side."""
    with _opened(data) as image:
        return MEDIA[str(image.format)], *image.size


def show(data: bytearray, fit: Fit, box: tuple[int, int]) -> Image.Image:
    """Return the pixels of the first frame, upright, RGB or RGBA, as they lie in a box."""
    with _opened(data) as image:
        _check(image.size, IMAGE_PIXELS_MAX)
        if fit is not Fit.WHOLE:
            image.draft("RGB", box)
        made = _upright(image)
    if fit is Fit.WITHIN:
        made.thumbnail(box, Image.Resampling.LANCZOS)
    elif fit is Fit.EXACTLY:
        made = made.resize(box, Image.Resampling.LANCZOS)
    elif fit is Fit.FILLED:
        made = ImageOps.fit(made, box, Image.Resampling.LANCZOS)
    return made


def weigh(data: bytearray) -> int:
    """Return the bytes of a picture once it is shrunk, or 0 if that is not worth it."""
    _checked(data, shrink=True)
    return len(shrunk(data) or b"")


def prepare(data: bytearray, shrink: bool) -> tuple[str, int, int, bytes, bytes]:
    """Return media type, width, height, thumbnail, and the file written anew.

    The last is empty where the file is good as it is.
    """
    media, width, height = _checked(data, shrink)
    anew = (shrunk(data) if shrink else None) or b""
    if anew:
        media, width, height = _checked(anew, shrink=False)
    else:
        if shrink:
            _checked(data, shrink=False)
        anew = b"" if residue.plain(data) else _pixels_alone(data)
    return media, width, height, _thumb(anew or data), anew


def _opened(data: bytes | bytearray) -> ImageFile.ImageFile:
    """Open a picture; its size is looked at before a decoder makes room for it."""
    most = SOURCE_PIXELS_MAX if data.startswith(_JPEG) else IMAGE_PIXELS_MAX
    # Pillow raises beyond twice of this.
    Image.MAX_IMAGE_PIXELS = most // 2
    try:
        return Image.open(io.BytesIO(data), formats=tuple(MEDIA))
    except Image.DecompressionBombError:
        raise FaultError(Fault.TOO_MANY_PIXELS) from None


def _checked(data: bytes | bytearray, shrink: bool) -> tuple[str, int, int]:
    """Return media type, width and height, upright; raise :class:`FaultError` for too large."""
    with _opened(data) as image:
        media = MEDIA[str(image.format)]
        width, height = image.size
        # A large JPEG is made small while it is decoded.
        large = shrink and image.format == "JPEG"
        _check(image.size, SOURCE_PIXELS_MAX if large else IMAGE_PIXELS_MAX)
        # Of a PNG all is decoded for this.
        if image.getexif().get(_ORIENTATION) in _LYING:
            width, height = height, width
        return media, width, height


def _check(size: tuple[int, int], pixels: int) -> None:
    if min(size) < 1:
        raise FaultError(Fault.NOT_A_PICTURE)
    if max(size) > IMAGE_SIDE_MAX:
        raise FaultError(Fault.SIDE_TOO_LONG)
    if size[0] * size[1] > pixels:
        raise FaultError(Fault.TOO_MANY_PIXELS)


def _upright(image: Image.Image) -> Image.Image:
    """Return its pixels, copied as seldom as may be: a large one fills the memory."""
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image.copy() if image.mode == mode else image.convert(mode)


def _pixels_alone(data: bytearray) -> bytes:
    """Return the picture without what its file says beside it: place, camera, comments.

    It is written anew: JPEG with its own tables, so that next to nothing is lost, and with its
    orientation alone.
    """
    with _opened(data) as image:
        options: dict[str, Any] = {}
        if icc := image.info.get("icc_profile"):
            options["icc_profile"] = icc
        if turned := image.getexif().get(_ORIENTATION):
            kept = Image.Exif()
            kept[_ORIENTATION] = turned
            options["exif"] = kept
        if image.format == "JPEG":
            options |= {"quality": "keep", "progressive": bool(image.info.get("progressive"))}
        elif image.format == "WEBP":
            options |= {"quality": _WEBP_QUALITY, "lossless": residue.lossless(data)}
        elif image.format == "PNG":
            options["pnginfo"] = PngInfo()
        if getattr(image, "n_frames", 1) > 1:
            options["save_all"] = True
        for name in _TELLTALES:
            image.info.pop(name, None)
        out = io.BytesIO()
        image.save(out, image.format, **options)
        return out.getvalue()


def _thumb(data: bytes | bytearray) -> bytes:
    """Return a WebP of at most THUMB_MAX_BYTES, its longest side THUMB_SIDE or less."""
    with _opened(data) as image:
        if image.format == "JPEG":
            image.draft("RGB", (THUMB_SIDE * 2, THUMB_SIDE * 2))
        small = _upright(image)
    side = THUMB_SIDE
    while True:
        small.thumbnail((side, side))
        for quality in _QUALITIES:
            out = io.BytesIO()
            small.save(out, "WEBP", quality=quality, method=4)
            if out.tell() <= THUMB_MAX_BYTES:
                return out.getvalue()
        side //= 2
