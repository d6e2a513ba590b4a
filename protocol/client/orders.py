"""What is ordered of the darkroom and what comes back: the words of the pipe to its child.

An order is a header (two lengths), a head (msgpack: task, then its own words) and a body (the
file); an answer is a header, a head (a map) and a body (pixels, or the file written anew).
Lengths are checked before anything is read. Imported on both sides of the pipe; no Pillow here.
"""

import struct
from collections.abc import Callable
from enum import IntEnum
from io import FileIO
from typing import Any, Final

import msgpack

SOURCE_MAX_BYTES: Final = 64 * 1024 * 1024
"""A file that may be shrunk: more than any camera makes."""

SOURCE_PIXELS_MAX: Final = 80_000_000
"""Of a JPEG that may be shrunk: it is never decoded in full."""

HEAD_MAX_BYTES: Final = 32 * 1024
"""Of an order or an answer: a thumbnail is in it, and some numbers."""

MEDIA: Final = {
    "PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif",
}  # fmt: skip
"""The formats that are opened, by Pillow's names, and no others."""

_HEADER: Final = struct.Struct(">II")
_PIECE: Final = 1024 * 1024


class Task(IntEnum):
    """What is to be done with the file of an order."""

    MEASURE = 1
    """[]: media type, width and height."""
    SHOW = 2
    """[fit, width, height]: pixels of the first frame, upright."""
    WEIGH = 3
    """[]: bytes of the picture once it is shrunk."""
    PREPARE = 4
    """[shrink]: what is sent of it."""


class Fit(IntEnum):
    """How a picture comes to lie in a box."""

    WHOLE = 0
    """There is no box."""
    WITHIN = 1
    """Shrunk until it is in the box, its shape kept."""
    EXACTLY = 2
    """Stretched or shrunk to the box."""
    FILLED = 3
    """The box is full of it: what stands out on two sides is cut off."""


class Fault(IntEnum):
    """Why there is no picture."""

    NOT_A_PICTURE = 1
    TOO_MANY_PIXELS = 2
    SIDE_TOO_LONG = 3
    TOO_MUCH = 4
    """It took more memory or time than one picture may, or ended the child."""


def put(pipe: FileIO, head: object, body: bytes | bytearray, length: int | None = None) -> None:
    """Write a header, a head and the body; more of the body may follow, up to ``length``.

    Raises ``OSError`` if the other side is gone.
    """
    packed = msgpack.packb(head)
    write(pipe, _HEADER.pack(len(packed), len(body) if length is None else length) + packed)
    write(pipe, body)


def write(pipe: FileIO, data: bytes | bytearray) -> None:
    """Write all of it."""
    view = memoryview(data)
    at = 0
    while at < len(view):
        at += pipe.write(view[at : at + _PIECE]) or 0


def get(pipe: FileIO, most: Callable[[Any], int]) -> tuple[Any, bytearray]:
    """Return a head and a body of at most ``most(head)`` bytes.

    Raises ``EOFError`` if the other side is gone, ``ValueError`` for nonsense.
    """
    head_bytes, length = _HEADER.unpack(read(pipe, _HEADER.size))
    if head_bytes > HEAD_MAX_BYTES:
        raise ValueError("a head that is too long")
    # Its own lengths are bounded by what there is.
    head = msgpack.unpackb(read(pipe, head_bytes))
    if length > most(head):
        raise ValueError("a body that is too long")
    return head, read(pipe, length)


def read(pipe: FileIO, count: int) -> bytearray:
    """Return so many bytes; raise ``EOFError`` if the other side is gone before."""
    data = bytearray(count)
    view = memoryview(data)
    at = 0
    while at < count:
        got = pipe.readinto(view[at:])
        if not got:
            raise EOFError
        at += got
    return data
