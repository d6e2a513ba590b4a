"""A refused message whose bytes the server has not: they are sent once more, from this device.

What one has sent or fetched lies in the gallery, named by its digest. Only what still has that
digest is sent; where it is gone, nobody but the person can find it again. Runs in a worker: it
reads and hashes up to 10 MB. No state.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.client.operations import OutboxRow
from protocol.errors import SetupError, WireError
from protocol.items import decode_item


class GoneError(SetupError):
    """The bytes are not on this device any more."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is uploaded."""

    sha256: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Resent:
    """A refused message, and the bytes that must be at the server before it."""

    row: OutboxRow
    content: Bytes


def attached(row: OutboxRow) -> dict[str, Any] | None:
    """Return the body of a message that holds a picture or a file, else None."""
    try:
        _, body = decode_item(row.item)
    except WireError:
        return None
    return body if "sha256" in body else None


def prepare_again(row: OutboxRow, path_of: Callable[[bytes], Path]) -> Resent:
    """Read the bytes of a message; ``path_of`` tells where those of a digest would be.

    Raises :class:`GoneError`, which is one line for people.
    """
    body = attached(row) or {}
    name = str(body.get("name", "the file"))
    gone = GoneError(f"{name} is not on this device any more; send it again from where it is")
    try:
        sha256, size = bytes(body["sha256"]), int(body["size"])
        path = path_of(sha256)
        data = path.read_bytes() if path.stat().st_size == size else b""
    except (OSError, KeyError):
        raise gone from None
    if hashlib.sha256(data).digest() != sha256:
        raise gone
    return Resent(row, Bytes(sha256, data))
