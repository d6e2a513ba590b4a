"""Which blobs somebody's message may name: knowing a hash is not having the file.

Otherwise who knows one, from a room that they were put out of, could post it in a room of their
own and fetch it there. Pure but for what is looked up. Owned by the broker's main thread.
"""

import logging

from broker.directory import Device, Person
from broker.journal import Journal
from broker.outside import Blobs
from protocol.errors import DamagedError

log = logging.getLogger("broker")


class BlobRights:
    """Asked for every item that names a blob."""

    def __init__(self, journal: Journal, blobs: Blobs) -> None:
        """Look up there what was posted, and what was sent."""
        self._journal = journal
        self._blobs = blobs

    def may_name(self, person: Person, device: Device, sha256: bytes, size: int) -> bool:
        """Whether the blob is stored, and this device sent it or it was posted in a room of theirs.

        What cannot be read does not count: then the bytes are sent once more.
        """
        if not self._blobs.uploaded(sha256, device.key):
            try:
                if not self._journal.posted(sha256, person.rooms):
                    return False
            except DamagedError as error:
                log.error("damaged error=%s", error)
                return False
        return self._blobs.stored(sha256, size)
