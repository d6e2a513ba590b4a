"""What people look like: a colour, and a picture that they chose.

The colour and the name of the picture (the first bytes of its SHA-256) are in memory, with the
person; pictures stay in the journal, and are looked up when somebody asks for them: at most
PORTRAIT_MAX_BYTES for each of PEOPLE_MAX people. A picture is looked into only so far as to see
that it claims to be one: clients decode it as untrusted bytes.

Pure but for the look-up that is passed in. Owned by the broker's main thread.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Any

from broker.directory import Person
from broker.journal import Batch, ProfileRow
from protocol.codes import ErrorCode
from protocol.errors import DamagedError, WireError

log = logging.getLogger("broker")

_NAME_BYTES = 8

FindPicture = Callable[[int], bytes]


class Profiles:
    """Colours and pictures."""

    def __init__(self, find_picture: FindPicture) -> None:
        """Look stored pictures up by ``find_picture(person.no)``."""
        self._find_picture = find_picture

    def change(self, person: Person, colour: int, picture: bytes, batch: Batch) -> bool:
        """Give somebody this colour and picture (empty: none); False if they had them.

        Raises :class:`WireError` for bytes that are no picture.
        """
        if picture and not _like_a_picture(picture):
            raise WireError(ErrorCode.FIELD, "picture", "must be a PNG, JPEG or WebP picture")
        name = _name(picture)
        if (person.colour, person.picture) == (colour, name):
            return False
        if person.picture != name:
            batch.pictures[person.no] = picture
        person.colour, person.picture = colour, name
        batch.profiles[person.no] = ProfileRow(person.no, colour, name)
        return True

    def portraits(self, people: Iterable[Person], batch: Batch) -> list[list[Any]]:
        """Return rows of person, picture, without those who have none.

        ``batch`` is that of the drain: a picture in it is not in the journal yet.
        """
        rows: list[list[Any]] = []
        for one in people:
            if not one.picture:
                continue
            data = batch.pictures.get(one.no) or self._stored(one.no)
            # What was damaged on the disk is none, rather than another one.
            if data and _name(data) == one.picture:
                rows.append([one.person, data])
        return rows

    def _stored(self, person_no: int) -> bytes:
        try:
            return self._find_picture(person_no)
        except DamagedError as error:
            # It costs this picture alone: whoever looks at it must not end the process.
            log.error("picture_damaged person_no=%d error=%s", person_no, error)
            return b""


def _name(picture: bytes) -> bytes:
    return hashlib.sha256(picture).digest()[:_NAME_BYTES] if picture else b""


def _like_a_picture(data: bytes) -> bool:
    if data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return True
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"
