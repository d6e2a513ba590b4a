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
    PRIVATE = 48
    ADD = 49
    MEMBERS = 50
    MEMBERS_PAGE = 51
    ORDER = 52
    ORDERED = 53
    ACT = 54
    DONE = 55
    HAND = 56
    DEVICES = 57
    DEVICES_PAGE = 58
    AUDIT = 59
    AUDIT_PAGE = 60


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
    PRIVATE = 3
    """By invitation; to everybody else it is as if it were not there."""


class Role(IntEnum):
    """What somebody may do in a room, or on the server; more is higher."""

    MEMBER = 0
    MODERATOR = 1
    OWNER = 2


class DirectRule(IntEnum):
    """Whether the members of a room may write to each other privately."""

    FREE = 0
    WITH_MODERATORS = 1
    """Only in direct messages in which a moderator of the room takes part."""
    OFF = 2


class Act(IntEnum):
    """What those in charge do (ACT); what each field means is said in the specification."""

    KICK = 1
    BAN = 2
    UNBAN = 3
    MUTE = 4
    UNMUTE = 5
    REMOVE = 6
    PAUSE = 7
    ANNOUNCE = 8
    SLOW = 9
    DIRECT = 10
    ROLE = 11
    LOCK_NICK = 12
    RENAME = 13
    LOWER = 14
    BAN_DEVICE = 15
    UNBAN_DEVICE = 16


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
    FORBIDDEN = 24
    BANNED = 25
    FLOOD = 26
