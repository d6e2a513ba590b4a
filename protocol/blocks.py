"""Blocks: runs of events of one room, encoded once by the broker and never again.

A block is one msgpack array ``[first_seq, ts, [run, …]]`` and a run is
``[person, nick, device, outbox_epoch, first_n, [item, …]]``. The events of a
block have the sequence numbers ``first_seq, first_seq + 1, …`` in the order in
which they stand. The same bytes are stored, published, sent and replayed.
Pure; no I/O.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import msgpack

from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.fields import (
    COUNTER,
    OUTBOX_EPOCH,
    PERSON,
    SEQ,
    exactly,
    list_of,
    octets,
    row,
    text,
    uint,
)
from protocol.frames import unpack
from protocol.limits import BLOCK_MAX_ITEMS, ITEM_MAX_BYTES, NICK_MAX_CHARS, TS_MAX_MS

DEVICE_TAG_BYTES = 8
"""A device is named in events by the first bytes of its public key."""

NO_OUTBOX = bytes(8)
"""The outbox epoch of events that the broker itself made."""

_pack = msgpack.Packer(autoreset=True).pack

Run = tuple[bytes, str, bytes, bytes, int, list[bytes]]
"""person, nick, device tag, outbox epoch, first n, items."""

_check = row(
    COUNTER,
    uint(TS_MAX_MS),
    list_of(
        row(
            PERSON,
            text(NICK_MAX_CHARS),
            exactly(DEVICE_TAG_BYTES),
            OUTBOX_EPOCH,
            SEQ,
            list_of(octets(ITEM_MAX_BYTES, 1), BLOCK_MAX_ITEMS, 1),
        ),
        BLOCK_MAX_ITEMS,
        1,
    ),
)


class Event(NamedTuple):
    """One event of a room, its item still encoded. ``ts`` is in ms since 1970."""

    seq: int
    ts: int
    person: bytes
    nick: str
    device: bytes
    outbox_epoch: bytes
    n: int
    item: bytes


def encode_block(first_seq: int, ts: int, runs: list[Run]) -> bytes:
    """Return the bytes of a block."""
    return cast(bytes, _pack((first_seq, ts, runs)))


def decode_block(data: bytes) -> Iterator[Event]:
    """Yield the events of a block, ascending; raise :class:`WireError` before the first."""
    value: Any = unpack(data)
    reason = _check(value)
    if reason is None and sum(len(run[5]) for run in value[2]) > BLOCK_MAX_ITEMS:
        reason = f"may have {BLOCK_MAX_ITEMS} events"
    if reason is not None:
        raise WireError(ErrorCode.FIELD, "block", reason)
    return _events(value[0], value[1], value[2])


def _events(seq: int, ts: int, runs: list[Any]) -> Iterator[Event]:
    for run in runs:
        person, nick, device, outbox_epoch, n, items = run
        for item in items:
            yield Event(seq, ts, person, nick, device, outbox_epoch, n, item)
            seq += 1
            n += 1
