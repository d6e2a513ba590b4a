"""The numbers of the wire: kinds of frame, kinds of event, error codes, room kinds.

Numbers are never reused. ``protocol/README.md`` says what each means.
"""

from enum import IntEnum


class Kind(IntEnum):
    """The second byte of every frame between client and gateway."""

    HELLO = 1
    WELCOME = 2
    SEND = 3
    ACK = 4
    REFUSED = 5
    BUSY = 6
    GAP = 7
    EVENTS = 8
    READ = 9
    PAGE = 10
    PING = 11
    PONG = 12
    HEADS = 13
    ERROR = 14
    BYE = 15
    PEOPLE = 20
    PEOPLE_PAGE = 21
    ROOMS = 22
    ROOMS_PAGE = 23
    JOIN = 24
    DIRECT = 25
    ROOM = 26
    LEAVE = 27
    LEFT = 28
    RENAME = 29
    RENAMED = 30
    PRESENCE = 31
    LINK = 32
    LINKED = 33
    TYPING = 34
    TYPED = 35
    MARK = 36
    MARKS = 37
    MARKED = 38
    PROFILE = 39
    BLOB_PUT = 40
    BLOB_CHUNK = 41
    BLOB_HAVE = 42
    BLOB_GET = 43
    BLOB_DATA = 44
    PROFILED = 45
    PORTRAITS = 46
    PORTRAITS_PAGE = 47


class EventKind(IntEnum):
    """What an item says; the first element of its msgpack array."""

    TEXT = 1
    IMAGE = 2
    FILE = 3
    EDIT = 4
    DELETE = 5
    REACT = 6
    NOTICE = 16


class RoomKind(IntEnum):
    """Who may see a room."""

    OPEN = 1
    """Listed; anybody on the server may join."""
    DIRECT = 2
    """Of its members alone; listed nowhere."""


class Purpose(IntEnum):
    """What a connection is for (HELLO)."""

    TALK = 0
    BULK = 1


class ErrorCode(IntEnum):
    """Why a frame, an item or a connection was refused."""

    MALFORMED = 1
    VERSION = 2
    UNKNOWN_KIND = 3
    FIELD = 4
    TOO_BIG = 5
    TOO_DEEP = 6
    MISTIMED = 7
    NO_SESSION = 8
    BUSY = 9
    UNAVAILABLE = 10
    TOKEN = 11
    NICK_TAKEN = 12
    NICK_BAD = 13
    NO_ROOM = 14
    NOT_MEMBER = 15
    NO_PERSON = 16
    TOO_MANY = 17
    NO_BLOB = 18
    QUOTA = 19
    BLOB_MISMATCH = 20
    DAMAGED = 21
    FAULTS = 22
    STOPPING = 23
