"""The write-ahead log of SQLite, looked at for commits that cannot be read any more.

SQLite reads a log up to the first frame whose checksum is wrong, and takes that for its end: right
after a power cut, whose last commit was never acknowledged, and silently wrong where a frame that
was synced is damaged. Whoever knows that more was committed than the journal shows can ask here
whether it is still in the log, behind the damage. Format: sqlite.org/fileformat2.html, section 4.
Reads a file and changes nothing.
"""

import struct
from array import array
from pathlib import Path
from typing import BinaryIO, Final

_HEADER: Final = struct.Struct(">8I")
_FRAME: Final = struct.Struct(">6I")
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
_PAGE_MAX = 65_536


def hides_commits(wal: Path) -> bool:
    """Whether the log holds a commit behind a frame that is not what was written.

    False where there is no log, or one that ends as SQLite thinks. Raises ``OSError``.
    """
    try:
        with wal.open("rb") as file:
            return _hides_commits(file)
    except FileNotFoundError:
        return False


def _hides_commits(file: BinaryIO) -> bool:
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return False
    magic, _, page, _, *salts, sum_1, sum_2 = _HEADER.unpack(header)
    big = magic == _MAGIC_BIG
    right = magic in (_MAGIC_LITTLE, _MAGIC_BIG) and 512 <= page <= _PAGE_MAX
    sums = _checksum(header[:24], (0, 0), big)
    if not right or sums != (sum_1, sum_2):
        return bool(file.read(1))
    whole = True
    # A frame at a time: a log that something kept from being emptied can be larger than memory.
    while len(frame := file.read(_FRAME.size + page)) >= _FRAME.size:
        _, commits, *frame_salts, sum_1, sum_2 = _FRAME.unpack_from(frame)
        if whole and len(frame) == _FRAME.size + page:
            sums = _checksum(frame[:8] + frame[_FRAME.size :], sums, big)
            whole = frame_salts == salts and sums == (sum_1, sum_2)
        else:
            whole = False
        # Frames of the log before this one have other salts.
        if not whole and frame_salts == salts and commits:
            return True
    return False


def _checksum(data: bytes, sums: tuple[int, int], big: bool) -> tuple[int, int]:
    words = array("I", data)
    if big != (words.itemsize == 4 and struct.pack("=I", 1) == struct.pack(">I", 1)):
        words.byteswap()
    one, two = sums
    for place in range(0, len(words), 2):
        one = one + words[place] + two & 0xFFFFFFFF
        two = two + words[place + 1] + one & 0xFFFFFFFF
    return one, two
