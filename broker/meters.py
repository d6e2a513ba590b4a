"""What one person may do, and what one room may take: the buckets that no gateway can keep.

A gateway holds back what a device sends through it (:mod:`gateway`). A person may have several
devices at several gateways, and a room many people; here all of it comes together. Whoever is over
an allowance is told BUSY, or ERROR(BUSY), and nothing was taken.

A room's allowance is for those who write much. Who writes no more than a share of their own is
never refused for the sake of the room, so that a few who flood it do not silence the others.

Pure: time is passed in, monotonic. Bounded: the levels of those who were heard of last. Owned by
the broker's main thread.
"""

from enum import Enum
from typing import Final

from protocol.bucket import Bucket, Level, Levels
from protocol.codes import ErrorCode
from protocol.errors import WireError

PERSON_PER_S: Final = 100.0
"""Messages of a person in the long run: twice what a gateway takes of one device (``--rate``)."""

_BURST_S: Final = 10
"""So many seconds' worth at once: an outbox that filled up on a journey."""
_ROOM_TIMES: Final = 2
"""A room takes as much as two people who type as fast as they may: nobody reads more than that,
and each message costs as many deliveries as there are members."""
_ROOM_BURST_S: Final = 30
"""At once more than a person: when the server comes back, the outboxes of all are emptied."""
_PERSON_BYTES: Final = Bucket(256 * 1024, 8 * 1024 * 1024)
"""What a person writes, in bytes: 20 thumbnails a second; at once a day's outbox of them."""
_SHARE: Final = Bucket(2, 20)
"""What anybody may say in a room that is over its allowance: more than two a second is no talk."""
_NEWCOMERS: Final = Bucket(1, 1_000)
"""People who come to an open server: a school at once, then 60 a minute, so that filling it up
(PEOPLE_MAX) takes longer than a day and stands in the log all the while."""
_LEVELS_MAX: Final = 20_000
"""People, and rooms, of whom a level is kept: some 200 bytes each."""


class Deed(Enum):
    """What costs many others something, or stays for ever; each has a bucket of its own."""

    MOVE = ("too many rooms joined and left", Bucket(0.5, 60))
    """Joining, leaving, bringing in: up to 200 members are told. At once: all rooms of a school."""
    MAKE = ("too many new rooms", Bucket(1 / 30, 20))
    """A room stays, and a server has 100,000; a direct message counts as one, and those whom it
    is made with cannot leave it."""
    RENAME = ("too many new nicknames", Bucket(1 / 60, 10))
    """A notice in each of up to 200 rooms."""
    PROFILE = ("too many new pictures and colours", Bucket(0.1, 10))
    """8 KiB are stored, and everybody asks for them."""
    ACT = ("too many acts", Bucket(5, 100))
    """Every gateway has to confirm it. At once: everything that one who spammed has said."""

    def __init__(self, text: str, bucket: Bucket) -> None:
        """Say why one has to wait, and by which rule."""
        self.text = text
        self.bucket = bucket


class Meters:
    """The levels of people and rooms."""

    def __init__(self, per_s: float = PERSON_PER_S) -> None:
        """Allow ``per_s`` messages of a person in the long run; 0: no limit, of anything."""
        self.limited = per_s > 0
        """Whether anything is limited at all."""
        self._person = Bucket(per_s, per_s * _BURST_S)
        self._room = Bucket(per_s * _ROOM_TIMES, per_s * _ROOM_TIMES * _ROOM_BURST_S)
        self._people: Levels[int] = Levels(_LEVELS_MAX)
        self._bytes: Levels[int] = Levels(_LEVELS_MAX)
        self._shares: Levels[int] = Levels(_LEVELS_MAX)
        self._rooms: Levels[int] = Levels(_LEVELS_MAX)
        self._newcomers = Level()
        self._deeds: Levels[tuple[int, Deed]] = Levels(_LEVELS_MAX)

    def say_ms(self, person_no: int, room_no: int, count: int, size: int, now_ms: int) -> int:
        """Take ``count`` messages of ``size`` bytes in all; or return for how long to wait.

        The room's allowance is only looked at: see :meth:`placed`.
        """
        if not self.limited:
            return 0
        person, written = self._people.of(person_no), self._bytes.of(person_no)
        wait_ms = max(
            self._person.wait_ms(person, count, now_ms),
            _PERSON_BYTES.wait_ms(written, size, now_ms),
        )
        if wait_ms:
            return wait_ms
        share = self._shares.of(person_no)
        if count > _SHARE.most or _SHARE.wait_ms(share, count, now_ms):
            wait_ms = self._room.wait_ms(self._rooms.of(room_no), count, now_ms)
            if wait_ms:
                return wait_ms
        self._person.spend(person, count, now_ms)
        _PERSON_BYTES.spend(written, size, now_ms)
        return 0

    def placed(self, person_no: int, room_no: int, count: int, now_ms: int) -> None:
        """Take from the room what has a place in it now: who may not write uses up nothing."""
        if self.limited and (
            count > _SHARE.most or _SHARE.take(self._shares.of(person_no), count, now_ms)
        ):
            self._room.spend(self._rooms.of(room_no), count, now_ms)

    def need(self, person_no: int, deed: Deed, now_ms: int) -> None:
        """Let somebody do this once; raise :class:`WireError` (BUSY) if it is too much."""
        if not self.limited:
            return
        wait_ms = deed.bucket.take(self._deeds.of((person_no, deed)), 1, now_ms)
        if wait_ms:
            raise WireError(ErrorCode.BUSY, "", f"{deed.text}: wait {-(-wait_ms // 1_000)} s")

    def need_newcomer(self, now_ms: int) -> None:
        """Raise :class:`WireError` (BUSY) if too many people came to the server lately."""
        if self.limited and _NEWCOMERS.wait_ms(self._newcomers, 1, now_ms):
            text = "too many newcomers at once: try again in a minute"
            raise WireError(ErrorCode.BUSY, "", text)

    def came(self, now_ms: int) -> None:
        """Count somebody who is new."""
        if self.limited:
            _NEWCOMERS.spend(self._newcomers, 1, now_ms)
