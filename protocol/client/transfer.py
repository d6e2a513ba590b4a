"""One picture on its way, up or down: which frames to send, what an answer means.

Both kinds begin anew after every broken connection and go on where they were: an upload
asks what the server has, a download knows what it has written. What has not been
checked against the SHA-256 is never shown. Pure: bytes and digests are passed in.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.frames import AnyFrame, BlobChunk, BlobData, BlobGet, BlobHave, BlobPut
from protocol.limits import BLOB_RANGE_MAX_BYTES, CHUNK_MAX_BYTES, UPLOAD_WINDOW_CHUNKS

if TYPE_CHECKING:
    from hashlib import _Hash

RANGES_MAX = 2
"""Ranges of a download asked for at once: the second hides the way of the first."""


class Upload:
    """Sends the bytes of a picture; the server says how far it is."""

    up = True

    def __init__(self, sha256: bytes, data: bytes) -> None:
        """Take the whole picture, at most BLOB_MAX_BYTES."""
        self.sha256 = sha256
        self.size = len(data)
        self.done = 0
        self._data = data
        self._number = 0
        self._sent = 0
        self._answers = 0
        self._asked = False

    @property
    def finished(self) -> bool:
        """Whether the server has stored it."""
        return self.done == self.size

    def begin(self) -> None:
        """The connection is new, or something got lost: ask what the server has."""
        self._number = 0
        self._answers = 0
        self._asked = False

    def knows(self, number: int) -> bool:
        """Whether an answer with this request number is for this transfer."""
        return number != 0 and number == self._number

    def due(self, number: int) -> AnyFrame | None:
        """Return the next frame to send; ``number`` is a fresh request number."""
        if not self._number:
            self._number = number
            self._answers = 1
            return BlobPut(number, self.sha256, self.size)
        if not self._asked or self._sent >= self.size or self._answers >= UPLOAD_WINDOW_CHUNKS:
            return None
        offset = self._sent
        data = self._data[offset : offset + CHUNK_MAX_BYTES]
        self._sent += len(data)
        self._answers += 1
        return BlobChunk(self._number, self.sha256, self.size, offset, data)

    def take(self, frame: BlobHave | BlobData) -> bool:
        """Take an answer; True if it brought the transfer forward."""
        if not isinstance(frame, BlobHave) or frame.sha256 != self.sha256:
            raise WireError(ErrorCode.MISTIMED, "kind", "BLOB_HAVE is due")
        if frame.size != self.size or frame.offset > self.size:
            raise WireError(ErrorCode.FIELD, "offset", "is beyond the size")
        self._answers = max(0, self._answers - 1)
        forward = frame.offset > self.done
        self.done = frame.offset
        if not self._asked:
            self._asked = True
            self._sent = frame.offset
            return True
        if self._answers == 0 and self._sent != frame.offset:
            # All chunks are answered and yet they did not arrive: go on where the server is.
            self._sent = frame.offset
        return forward


@dataclass(slots=True)
class _Range:
    next: int
    end: int


class Download:
    """Fetches a picture; hands over its bytes in order, from ``have`` on."""

    up = False

    def __init__(self, room: bytes, sha256: bytes, size: int, have: int, digest: "_Hash") -> None:
        """Go on behind the ``have`` bytes that are written, over which ``digest`` runs."""
        self.room = room
        self.sha256 = sha256
        self.size = size
        self.done = have
        self._digest = digest
        self._ranges: dict[int, _Range] = {}
        self._asked = have
        self._early: dict[int, bytes] = {}
        self._ready: list[bytes] = []

    @property
    def finished(self) -> bool:
        """Whether all bytes are here."""
        return self.done == self.size

    @property
    def right(self) -> bool:
        """Whether the bytes that are here are those of the name."""
        return self._digest.digest() == self.sha256

    def begin(self) -> None:
        """The connection is new, or something got lost: ask again for what is not here."""
        self._ranges.clear()
        self._early.clear()
        self._asked = self.done

    def knows(self, number: int) -> bool:
        """Whether an answer with this request number is for this transfer."""
        return number in self._ranges

    def due(self, number: int) -> AnyFrame | None:
        """Return the next frame to send; ``number`` is a fresh request number."""
        if len(self._ranges) >= RANGES_MAX or self._asked >= self.size:
            return None
        offset = self._asked
        end = min(offset + BLOB_RANGE_MAX_BYTES, self.size)
        self._asked = end
        self._ranges[number] = _Range(offset, end)
        return BlobGet(number, self.room, self.sha256, offset, end - offset)

    def take(self, frame: BlobHave | BlobData) -> bool:
        """Take an answer; True if it brought the transfer forward."""
        if not isinstance(frame, BlobData) or frame.sha256 != self.sha256:
            raise WireError(ErrorCode.MISTIMED, "kind", "BLOB_DATA is due")
        if frame.size != self.size:
            raise WireError(ErrorCode.BLOB_MISMATCH, "size", "is not what the message says")
        wanted = self._ranges[frame.request]
        if frame.offset + len(frame.data) > wanted.end:
            raise WireError(ErrorCode.FIELD, "offset", "is beyond what was asked for")
        if frame.offset != wanted.next:
            self.begin()  # an answer before this one was dropped, because we were slow
            return False
        wanted.next += len(frame.data)
        if wanted.next == wanted.end:
            del self._ranges[frame.request]
        self._early[frame.offset] = frame.data
        while (data := self._early.pop(self.done, None)) is not None:
            self._digest.update(data)
            self.done += len(data)
            self._ready.append(data)
        return True

    def written(self) -> bytes:
        """Return and forget the bytes to append to the file."""
        data = b"".join(self._ready)
        self._ready.clear()
        return data


Transfer = Upload | Download
