"""What the window knows: rooms, messages, people, unread counts and the connection.

Pure: no Tk, no clock, no I/O. Happenings go in by :meth:`Model.apply`, which
tells what parts changed. Invariant: the stored entries of a room are dense and
ascending by ``seq``; a hole makes the older side fall away (it can be loaded
again). Own messages that are not stored yet follow after them, in the order in
which they were written. Used in the Tk thread alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Flag, auto

from gui.room import Entry, Room, State, Transfer, drop_before_hole
from protocol.client.happenings import (
    Acked,
    Arrived,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    Message,
    PeopleKnown,
    PersonInfo,
    Progress,
    Queued,
    Refused,
    RoomInfo,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import RoomKind

KEEP_ENTRIES = 2000
"""Entries kept of a room that nobody scrolls in; older ones are loaded again on demand."""


class Part(Flag):
    """What a happening changed, so that only that is drawn again."""

    NONE = 0
    LINK = auto()
    ME = auto()
    ROOMS = auto()
    TIMELINE = auto()
    PEOPLE = auto()
    TRANSFERS = auto()
    ALL = LINK | ME | ROOMS | TIMELINE | PEOPLE | TRANSFERS


class Model:
    """The state behind the window."""

    def __init__(self, read_marks: Mapping[str, int] | None = None) -> None:
        """Start empty; ``read_marks`` maps a room in hex to the highest ``seq`` seen."""
        self.me = b""
        self.nick = ""
        self.server = ""
        self.link = LinkChanged(Link.CONNECTING)
        self.rooms: dict[bytes, Room] = {}
        """Rooms that one is in, in the order joined."""
        self.people: tuple[PersonInfo, ...] = ()
        self.active = b""
        self.transfers: dict[int, Transfer] = {}
        self._read_marks = dict(read_marks or {})
        self._early: dict[bytes, Room] = {}
        self._next_key = 1

    # --- what views ask ---------------------------------------------------

    @property
    def room(self) -> Room | None:
        """The room that is open, or None."""
        return self.rooms.get(self.active)

    def title(self, room: Room) -> str:
        """A room's name, or the others' nicknames in a direct message."""
        info = room.info
        if info is None:
            return ""
        if info.kind is RoomKind.OPEN:
            return info.name
        names = self._names()
        others = [names.get(who, nick) for who, nick in info.members if who != self.me]
        return ", ".join(others) or "Notes to myself"

    def is_direct(self, room: Room) -> bool:
        """Whether only its members can see it."""
        return room.info is not None and room.info.kind is RoomKind.DIRECT

    def read_marks(self) -> dict[str, int]:
        """Read marks to keep on disk: room in hex, highest ``seq`` seen."""
        return {room.room.hex(): room.read for room in self.rooms.values() if room.read >= 0}

    def _names(self) -> dict[bytes, str]:
        return {one.person: one.nick for one in self.people}

    # --- what the controller does -----------------------------------------

    def open(self, room: bytes) -> Part:
        """Make a room the one that is shown."""
        if room not in self.rooms or room == self.active:
            return Part.NONE
        before = self.room
        if before is not None:
            self.trim(before)
        self.active = room
        return Part.ROOMS | Part.TIMELINE

    def mark_read(self, room: Room) -> Part:
        """All that is loaded was seen."""
        seq = max(room.read, room.last_seq)
        if seq == room.read:
            return Part.NONE
        had = room.unread
        room.read = seq
        return Part.ROOMS if had else Part.NONE

    def trim(self, room: Room, keep: int = KEEP_ENTRIES) -> None:
        """Forget all but the newest ``keep`` stored entries."""
        if len(room.entries) > keep:
            del room.entries[:-keep]
            room.more = True

    def start_transfer(self, transfer: Transfer) -> Part:
        """A picture is on its way."""
        self.transfers[transfer.request] = transfer
        return Part.TRANSFERS

    def end_transfer(self, request: int) -> Part:
        """It arrived, or failed."""
        return Part.TRANSFERS if self.transfers.pop(request, None) else Part.NONE

    def apply(self, happening: Happening, now_ms: int) -> Part:
        """Take one happening in; return what changed.

        ``now_ms`` is the local clock, shown for messages that are not stored yet.
        """
        match happening:
            case LinkChanged():
                self.link = happening
                return Part.LINK
            case Welcomed():
                self.me, self.nick = happening.person, happening.nick
                self.server = happening.server
                return Part.ME | Part.ROOMS
            case RoomsChanged():
                return self._rooms_changed(happening.rooms)
            case Arrived():
                return self._merge(happening.room, happening.messages)
            case Loaded():
                return self._loaded(happening)
            case Queued():
                return self._queued(happening, now_ms)
            case Acked():
                return self._acked(happening)
            case Refused():
                return self._refused(happening)
            case PeopleKnown():
                self.people = happening.people
                return Part.PEOPLE | Part.ROOMS
            case Progress():
                return self._progress(happening)
            case _:
                return Part.NONE

    # --- happenings -------------------------------------------------------

    def _known(self, room: bytes) -> Room:
        """The room, or a place to collect what comes before RoomsChanged names it."""
        found = self.rooms.get(room) or self._early.get(room)
        if found is None:
            found = self._early[room] = Room(room)
        return found

    def _touch(self, room: bytes) -> Part:
        return Part.ROOMS | Part.TIMELINE if room == self.active else Part.ROOMS

    def _rooms_changed(self, infos: Iterable[RoomInfo]) -> Part:
        part = Part.ROOMS
        rooms: dict[bytes, Room] = {}
        for info in infos:
            room = self._known(info.room)
            self._early.pop(info.room, None)
            if room.info is not None and room.info.epoch != info.epoch:
                self._forget(room)
                part |= self._touch(info.room)
            room.info = info
            if room.read < 0:
                room.read = self._read_marks.get(info.room.hex(), info.head)
            rooms[info.room] = room
        self.rooms = rooms
        if self.active not in rooms:
            self.active = next(iter(rooms), b"")
            part |= Part.TIMELINE
        return part

    def _forget(self, room: Room) -> None:
        """The server's journal is another one: nothing that was stored counts."""
        room.entries.clear()
        room.more, room.asked, room.primed = True, 0, False
        room.read = -1
        self._read_marks.pop(room.room.hex(), None)

    def _loaded(self, loaded: Loaded) -> Part:
        room = self._known(loaded.room)
        before = room.first_seq
        part = self._merge(loaded.room, loaded.messages)
        if loaded.request == room.asked:
            room.asked = 0
        room.trouble = ""
        reached = bool(loaded.messages) and loaded.messages[0].seq == room.first_seq
        if reached or not room.entries or room.first_seq == before:
            room.more = loaded.more and room.first_seq != 1
        return part | self._touch(loaded.room)

    def _merge(self, where: bytes, messages: Sequence[Message]) -> Part:
        if not messages:
            return Part.NONE
        room = self._known(where)
        fresh = [self._entry(room, message) for message in messages]
        entries = room.entries
        if not entries or fresh[0].seq == entries[-1].seq + 1:
            entries.extend(fresh)
        elif fresh[-1].seq + 1 == entries[0].seq:
            entries[:0] = fresh
        else:
            known = {entry.seq: entry for entry in fresh}
            known.update((entry.seq, entry) for entry in entries)
            entries[:] = [known[seq] for seq in sorted(known)]
        drop_before_hole(room)
        return self._touch(where)

    def _entry(self, room: Room, message: Message) -> Entry:
        key = 0
        if message.own and message.n and room.pending:
            for index, entry in enumerate(room.pending):
                if entry.n == message.n:
                    key = entry.key
                    del room.pending[index]
                    break
        return Entry(
            key or self._key(),
            message.seq,
            message.ts,
            message.person,
            message.nick,
            message.kind,
            message.body,
            message.own,
            message.n,
        )

    def _key(self) -> int:
        self._next_key += 1
        return self._next_key

    def _queued(self, queued: Queued, now_ms: int) -> Part:
        room = self._known(queued.room)
        if any(entry.n == queued.n for entry in room.pending):
            return Part.NONE
        room.pending.append(
            Entry(
                self._key(),
                0,
                now_ms,
                self.me,
                self.nick,
                queued.kind,
                queued.body,
                True,
                queued.n,
                State.QUEUED,
            )
        )
        part = self.end_transfer(queued.request) if queued.request else Part.NONE
        return part | self._touch(queued.room)

    def _acked(self, acked: Acked) -> Part:
        room = self._known(acked.room)
        for index, entry in enumerate(room.pending):
            if entry.n == acked.n:
                if room.entries and room.first_seq <= acked.seq <= room.last_seq:
                    del room.pending[index]
                else:
                    room.pending[index] = replace(entry, state=State.SENT, reason="")
                return self._touch(acked.room)
        return Part.NONE

    def _refused(self, refused: Refused) -> Part:
        room = self._known(refused.room)
        for index, entry in enumerate(room.pending):
            if entry.n == refused.n:
                room.pending[index] = replace(entry, state=State.FAILED, reason=refused.text)
                return self._touch(refused.room)
        return Part.NONE

    def _progress(self, progress: Progress) -> Part:
        transfer = self.transfers.get(progress.request)
        if transfer is None:
            return Part.NONE
        self.transfers[progress.request] = replace(
            transfer, done=progress.done, total=progress.total
        )
        return Part.TRANSFERS
