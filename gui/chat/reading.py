"""How far a room was read: by oneself here and on another device, and by the others.

Pure. The read mark is a ``seq`` and never goes back while the server's journal is the same;
``unread`` and ``mentions`` are what others said behind it. Each function changes a room and
returns whether that shows.
"""

from gui.chat.messages import names
from gui.chat.room import Room
from protocol.client.happenings import RoomInfo
from protocol.codes import RoomKind
from protocol.items import SAID


def begin(room: Room, info: RoomInfo, begun: bool) -> None:
    """The server has told of the room; ``begun``: others were known before it."""
    if room.read < 0:
        # Somebody has begun to write to one: all of it is new. Elsewhere, and where one
        # comes with a machine that knows nothing yet, one begins at the end.
        room.read = 0 if info.kind is RoomKind.DIRECT and begun else info.head
    room.read = min(room.read, info.head)
    if room.counted < 0:
        room.counted = room.read
        if info.high > 0 and info.high < room.read:
            room.counted = info.high


def all_seen(room: Room) -> bool:
    """The end of the room was seen here."""
    seq = max(room.read, room.last_seq, room.latest.seq if room.latest else 0)
    if seq == room.read and not room.unread:
        return False
    had = room.unread
    room.read = room.counted = seq
    room.unread = room.mentions = 0
    return bool(had)


def elsewhere(room: Room, seq: int, me: bytes) -> bool:
    """One has read up to ``seq`` on another device."""
    if seq <= room.read:
        return False
    room.read = seq
    room.counted = max(room.counted, seq)
    unread = mentions = room.counted - seq
    if room.first_seq <= seq + 1 and room.last_seq >= room.counted:
        behind = room.entries[max(0, seq + 1 - room.first_seq) :] if room.entries else []
        said = [one for one in behind if not one.own and one.kind in SAID]
        unread, mentions = len(said), sum(names(one, me) for one in said)
    room.unread = min(room.unread, unread)
    room.mentions = min(room.mentions, mentions)
    return True


def other(room: Room, person: bytes, seq: int) -> bool:
    """Somebody else has read up to ``seq``."""
    if seq <= room.marks.get(person, 0):
        return False
    room.marks[person] = seq
    return True
