"""Blocks as rows of SQLite: their places, their checksums, and pages made of them.

A block's row number is ``room_no << 40 | first_seq``: blocks of a room lie side by side,
and a page is one range. Every row carries the CRC-32 of its bytes, its place, its last
sequence number and its time, so that a flipped bit or a misplaced row is noticed at reading and
never served; blocks of a room join without a hole, so that a lost row is noticed too.
Pure: rows come from whoever owns the connection.
"""

import struct
import zlib
from collections.abc import Iterable

from broker.journal import BlockRow, Page
from protocol.errors import DamagedError

SEQ_BITS = 40
SEQ_MASK = (1 << SEQ_BITS) - 1

BLOCK_COLUMNS = "id, last_seq, ts, crc, data"
"""Columns of a :data:`Row`, in order."""

Row = tuple[int, int, int, int, bytes]

_CRC_ROW = struct.Struct(">QQQ")


def row_of(block: BlockRow) -> Row:
    """Return the row that stores a block."""
    place = block.room_no << SEQ_BITS | block.first_seq
    crc = _crc(place, block.last_seq, block.ts, block.data)
    return place, block.last_seq, block.ts, crc, block.data


def check_row(place: int, last_seq: int, ts: int, crc: int, data: bytes) -> None:
    """Raise :class:`DamagedError` if a row is not what was written."""
    try:
        right = type(data) is bytes and _crc(place, last_seq, ts, data) == crc
    except (struct.error, TypeError):  # a flipped bit can change the type of a value
        right = False
    if not right:
        raise DamagedError(
            f"the block at {_where(place)} is not what was written; restore it from a backup"
        )


def oldest(rows: Iterable[Row], head: int, after: int, limit: int, max_bytes: int) -> Page:
    """Make a page of ``after < seq`` from rows that ascend and begin at or before ``after + 1``.

    A page ends before damage; the page that would begin with it raises :class:`DamagedError`.
    """
    blocks: list[bytes] = []
    events = size = 0
    due = after + 1
    for place, last_seq, ts, crc, data in rows:
        if blocks and events >= limit:
            return Page(blocks, max(head, due), True)
        try:
            check_row(place, last_seq, ts, crc, data)
            if place & SEQ_MASK > due:
                raise _hole(place, due)
        except DamagedError:
            if blocks:
                return Page(blocks, max(head, due), True)
            raise
        if last_seq <= after:
            continue
        if blocks and size + len(data) > max_bytes:
            return Page(blocks, max(head, last_seq), True)
        events += last_seq - due + 1
        size += len(data)
        due = last_seq + 1
        blocks.append(data)
    # What was committed after the head was read may be in the blocks.
    return Page(blocks, max(head, due - 1) if blocks else head, False)


def newest(
    rows: Iterable[Row], head: int, after: int, before: int, limit: int, max_bytes: int
) -> Page:
    """Make a page of ``after < seq < before`` from rows that descend; its blocks ascend.

    A page ends before damage, as with :func:`oldest`.
    """
    blocks: list[bytes] = []
    events = size = 0
    due = min(before - 1, head)
    for place, last_seq, ts, crc, data in rows:
        if due <= after:
            return Page(blocks[::-1], head, False)
        if blocks and events >= limit:
            return Page(blocks[::-1], head, True)
        try:
            check_row(place, last_seq, ts, crc, data)
            if last_seq < due:
                raise _hole(place, due)
        except DamagedError:
            if blocks:
                return Page(blocks[::-1], head, True)
            raise
        if blocks and size + len(data) > max_bytes:
            return Page(blocks[::-1], head, True)
        head = max(head, last_seq)
        first_seq = place & SEQ_MASK
        events += min(last_seq, before - 1) - max(first_seq, after + 1) + 1
        size += len(data)
        due = first_seq - 1
        blocks.append(data)
    if due > after:
        if not blocks:
            raise _hole(0, due)
        return Page(blocks[::-1], head, True)
    return Page(blocks[::-1], head, False)


def _crc(place: int, last_seq: int, ts: int, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(_CRC_ROW.pack(place, last_seq, ts)))


def _where(place: int) -> str:
    return f"room_no={place >> SEQ_BITS} seq={place & SEQ_MASK}"


def _hole(place: int, due: int) -> DamagedError:
    return DamagedError(
        f"event {due} is missing beside the block at {_where(place)}; restore it from a backup"
    )
