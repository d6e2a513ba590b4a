"""How much history and how many pictures one person gets, and gives, by bytes.

What a page or a picture costs is known when it is read, so a person may owe for the last one; the
next waits until that is paid. Uploads are counted by the day. Pure: time is passed in, monotonic.
Bounded: the levels of those who were heard of last. Owned by the reader's thread.
"""

from typing import Final

from protocol.bucket import Bucket, Level, Levels
from protocol.codes import ErrorCode
from protocol.errors import WireError

_DAY_S: Final = 24 * 3_600

HISTORY: Final = Bucket(512 * 1024, 8 * 1024 * 1024)
"""Bytes of pages: 40,000 messages at once, then 2,500 a second. A client that reads a whole room
goes on at this pace. What somebody asks for and does not take waits in the memory of a gateway."""
PICTURES: Final = Bucket(4 * 1024 * 1024, 64 * 1024 * 1024)
"""Bytes of pictures and files that are fetched: six of the largest at once, one in 2.5 s then."""
UPLOADS: Final = Bucket(512 * 1024 * 1024 / _DAY_S, 512 * 1024 * 1024)
"""Bytes that are uploaded: fifty of the largest a day, a twentieth of the server's quota."""
_PEOPLE_MAX: Final = 20_000


class Portions:
    """What is left to each person."""

    def __init__(self, limited: bool) -> None:
        """Begin with nothing taken; without ``limited`` everybody may have all."""
        self._limited = limited
        self._history: Levels[int] = Levels(_PEOPLE_MAX)
        self._pictures: Levels[int] = Levels(_PEOPLE_MAX)
        self._uploads: Levels[int] = Levels(_PEOPLE_MAX)

    def history_ms(self, person_no: int, now_ms: int) -> int:
        """Return for how long the person's next page has to wait."""
        return self._wait_ms(HISTORY, self._history, person_no, now_ms)

    def pictures_ms(self, person_no: int, now_ms: int) -> int:
        """Return for how long the next piece of a picture has to wait."""
        return self._wait_ms(PICTURES, self._pictures, person_no, now_ms)

    def gave_history(self, person_no: int, size: int, now_ms: int) -> None:
        """A page of so many bytes went out."""
        HISTORY.spend(self._history.of(person_no), size, now_ms)

    def gave_picture(self, person_no: int, size: int, now_ms: int) -> None:
        """A piece of a picture went out."""
        PICTURES.spend(self._pictures.of(person_no), size, now_ms)

    def need_upload(self, person_no: int, size: int, now_ms: int) -> None:
        """Raise :class:`WireError` (QUOTA) if the person may not upload so much now."""
        if not self._limited:
            return
        level: Level = self._uploads.of(person_no)
        wait_ms = UPLOADS.wait_ms(level, size, now_ms)
        if wait_ms:
            most = int(UPLOADS.most) // (1024 * 1024)
            raise WireError(
                ErrorCode.QUOTA,
                "size",
                f"one person may upload {most} MiB a day: wait {wait_ms // 3_600_000 + 1} h",
            )

    def took_upload(self, person_no: int, size: int, now_ms: int) -> None:
        """The person has begun an upload of so many bytes: room is kept for all of them.

        Below zero: it was given up, and so many bytes of it never came.
        """
        level = self._uploads.of(person_no)
        if size < 0:
            UPLOADS.give(level, -size, now_ms)
        else:
            UPLOADS.spend(level, size, now_ms)

    def _wait_ms(self, bucket: Bucket, levels: Levels[int], person_no: int, now_ms: int) -> int:
        return bucket.wait_ms(levels.of(person_no), 0, now_ms) if self._limited else 0
