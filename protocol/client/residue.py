"""Whether a picture file holds anything beside its pixels: comments, places, another file.

Reads the four containers block by block and knows only what pixels need; whatever else is in
a file, behind its end too, is residue. A colour profile counts as of the pixels. What somebody has
put into the compressed pixels themselves, behind the last one, is found in a PNG alone. Pure; runs
in the darkroom's child.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs".split()
)
"""Not those of one that moves: it is written anew."""
_PNG_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Type of colour → values of a pixel."""
_PIECE: Final = 256 * 1024
_WEBP_CHUNKS: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_FRAME: Final = frozenset((b"VP8 ", b"VP8L", b"ALPH"))
_ANMF_HEADER: Final = 16
_JPEG_TABLES: Final = frozenset((0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD))
"""Frame headers, Huffman and quantization tables, restart intervals."""
_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
_GIF_LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def plain(data: bytes | bytearray) -> bool:
    """Return whether a PNG, JPEG, WebP or GIF is whole and holds its pixels alone."""
    try:
        if data.startswith(_PNG):
            return _plain_png(data)
        if data.startswith(b"\xff\xd8"):
            return _plain_jpeg(data)
        if data.startswith((b"GIF87a", b"GIF89a")):
            return _plain_gif(data)
        return _plain_webp(data)
    except (IndexError, ValueError, struct.error):
        return False


def lossless(data: bytes | bytearray) -> bool:
    """Return whether a WebP of one frame lost nothing when it was written."""
    try:
        return any(kind == b"VP8L" for kind, _, _ in _riff(data, 12, len(data)))
    except (ValueError, struct.error):
        return False


def _plain_png(data: bytes | bytearray) -> bool:
    at = len(_PNG)
    pixels = []
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in _PNG_CHUNKS:
            return False
        if kind == b"IDAT":
            pixels.append(memoryview(data)[at + 8 : at + 8 + length])
        at += 12 + length
        if kind == b"IEND":
            return length == 0 and at == len(data) and _whole(pixels, _png_bytes(data))


def _png_bytes(data: bytes | bytearray) -> int:
    """Return how many bytes the pixels of a PNG are; 0 if its rows do not follow each other."""
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if data[12:16] != b"IHDR" or interlaced or kind not in _PNG_SAMPLES:
        return 0
    return int(height * (1 + (width * bits * _PNG_SAMPLES[kind] + 7) // 8))


def _whole(parts: list[memoryview], size: int) -> bool:
    """Return whether parts are one stream that becomes ``size`` bytes, and nothing behind it."""
    stream = zlib.decompressobj()
    for part in parts:
        rest: bytes | memoryview = part
        while rest:
            if stream.eof or size < 0:
                return False
            try:
                size -= len(stream.decompress(rest, _PIECE))
            except zlib.error:
                return False
            rest = stream.unconsumed_tail
    size -= len(stream.flush())
    return stream.eof and not stream.unused_data and size == 0


def _plain_jpeg(data: bytes | bytearray) -> bool:
    at = 2
    while True:
        if data[at] != 0xFF:
            return False
        kind = data[at + 1]
        if kind == 0xD9:
            return at + 2 == len(data)
        length = struct.unpack_from(">H", data, at + 2)[0]
        said = bytes(data[at + 4 : at + 2 + length])
        at += 2 + length
        if kind == 0xDA:
            end = _SCAN_END.search(data, at)
            if end is None:
                return False
            at = end.start()
        elif kind not in _JPEG_TABLES and not _needed(kind, said):
            return False


def _needed(kind: int, said: bytes) -> bool:
    """Return whether a JPEG's application segment tells how to show the pixels."""
    if kind == 0xE0:
        # Fourteen bytes: no small picture of another state of the photo behind them.
        return said.startswith(b"JFIF\0") and len(said) == 14
    if kind == 0xE2:
        return said.startswith(b"ICC_PROFILE\0")
    return kind == 0xEE and said.startswith(b"Adobe") and len(said) == 12


def _plain_webp(data: bytes | bytearray) -> bool:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return False
    if struct.unpack_from("<I", data, 4)[0] + 8 != len(data):
        return False
    for kind, start, end in _riff(data, 12, len(data)):
        if kind not in _WEBP_CHUNKS:
            return False
        if kind == b"ANMF":
            frame = _riff(data, start + _ANMF_HEADER, end)
            if any(inner not in _WEBP_FRAME for inner, _, _ in frame):
                return False
    return True


def _riff(data: bytes | bytearray, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each chunk; raise ``ValueError`` if they do not fill it."""
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, at + 8 + length
        at += 8 + length + length % 2
    if at != end:
        raise ValueError("chunks that reach beyond the end")


def _plain_gif(data: bytes | bytearray) -> bool:
    at = 13 + _colours(data[10])
    while True:
        kind = data[at]
        if kind == 0x3B:
            return at + 1 == len(data)
        if kind == 0x2C:
            # A place, its own colours, and how many bits a code has.
            at = _blocks(data, at + 10 + _colours(data[at + 9]) + 1)
        elif kind == 0x21 and data[at + 1 : at + 3] == b"\xf9\x04" and not data[at + 7]:
            at += 8
        elif kind == 0x21 and _loops(data[at + 1 : at + 15]) and not data[at + 18]:
            at += 19
        else:
            return False


def _loops(said: bytes | bytearray) -> bool:
    """Return whether a GIF's extension tells, in one block of three bytes, how often to repeat."""
    return said[:2] == b"\xff\x0b" and said[2:13] in _GIF_LOOPS and said[13:] == b"\x03"


def _colours(flags: int) -> int:
    """Return the bytes of a table of colours that flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data: bytes | bytearray, at: int) -> int:
    """Return where a row of blocks ends."""
    while data[at]:
        at += 1 + data[at]
    return at + 1
