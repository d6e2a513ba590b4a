"""What the window knows: rooms, messages, people, unread counts and the connection.

Pure: no Tk, no clock, no I/O. Happenings go in by :meth:`Model.apply`, which
tells what parts changed. Invariant: the stored entries of a room are dense and
ascending by ``seq`` (:mod:`gui.chat.span`). Own messages that are not stored yet follow
after them, in the order in which they were written. Used in the Tk thread alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import Flag, auto

from gui.chat import reading
from gui.chat.messages import Messages
from gui.chat.room import Entry, Room, State, Transfer
from gui.chat.span import cut_above
from gui.text.textlayout import clean
from protocol.client.happenings import (
    Acked,
    Arrived,
    Changed,
    Discarded,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    Marked,
    MembersKnown,
    OrderKnown,
    PeopleKnown,
    PersonInfo,
    PortraitsCame,
    Progress,
    Queued,
    Refused,
    Resumed,
    RoomInfo,
    RoomsChanged,
    Sent,
    Typing,
    Welcomed,
)
from protocol.codes import Role, RoomKind
from protocol.items import SAID
from protocol.limits import TYPING_MS

_OF_HISTORY = (
    "entries", "quoted", "marks", "plain", "latest", "unread", "mentions", "counted", "read",
    "more", "newer", "asked", "primed", "unread_from", "bans",
)  # fmt: skip
"""Fields of a room that say nothing about another journal."""


class Part(Flag):
    """What a happening changed, so that only that is drawn again."""

    NONE = 0
    LINK = auto()
    ME = auto()
    ROOMS = auto()
    TIMELINE = auto()
    PEOPLE = auto()
    TRANSFERS = auto()
    TYPING = auto()
    ORDER = auto()
    ALL = LINK | ME | ROOMS | TIMELINE | PEOPLE | TRANSFERS | TYPING | ORDER


def _nothing(_: Room) -> None:
    """Remember nothing of a room."""


class Model:
    """The state behind the window."""

    def __init__(self, recall: Callable[[Room], None] = _nothing) -> None:
        """Start empty; ``recall`` fills a room that was just learned of with what is remembered."""
        self.me = b""
        self.nick = ""
        self.server = ""
        self.link = LinkChanged(Link.CONNECTING)
        self.rooms: dict[bytes, Room] = {}
        """Rooms that one is in, in the order joined."""
        self.people: tuple[PersonInfo, ...] = ()
        self.portraits: dict[bytes, bytes] = {}
        """Pictures of people by their name of eight bytes: encoded, untrusted."""
        self.active = b""
        self.transfers: dict[int, Transfer] = {}
        self.alone = "Notes to myself"
        """What a direct message with nobody else is called."""
        self._by_person: dict[bytes, PersonInfo] = {}
        self._recall = recall
        self._early: dict[bytes, Room] = {}
        self.messages = Messages(lambda: (self.me, self.nick))

    # --- what views ask ---------------------------------------------------

    @property
    def room(self) -> Room | None:
        """The room that is open, or None."""
        return self.rooms.get(self.active)

    def person(self, person: bytes) -> PersonInfo | None:
        """Return somebody who is known, or None."""
        return self._by_person.get(person)

    def name_of(self, person: bytes, was: str = "") -> str:
        """Return somebody's nickname of now, or ``was`` if they are not known."""
        if person == self.me and self.nick:
            return self.nick
        known = self._by_person.get(person)
        return known.nick if known is not None else was

    def title(self, room: Room) -> str:
        """A room's name, or the others' nicknames in a direct message: one line, safe to show."""
        info = room.info
        if info is None:
            return ""
        if info.kind is not RoomKind.DIRECT:
            return " ".join(clean(info.name).split())
        others = [self.name_of(who, nick) for who, nick in info.members if who != self.me]
        return " ".join(clean(", ".join(others)).split()) or self.alone

    def is_direct(self, room: Room) -> bool:
        """Whether only its members can see it."""
        return room.info is not None and room.info.kind is RoomKind.DIRECT

    def is_open(self, room: Room) -> bool:
        """Whether everybody may join."""
        return room.info is not None and room.info.kind is RoomKind.OPEN

    def is_private(self, room: Room) -> bool:
        """Whether it is a room by invitation."""
        return room.info is not None and room.info.kind is RoomKind.PRIVATE

    @property
    def server_role(self) -> int:
        """One's own role on the server."""
        known = self._by_person.get(self.me)
        return known.role if known is not None else Role.MEMBER

    def others(self, room: Room) -> list[bytes]:
        """Return the other members of a direct message."""
        if room.info is None:
            return []
        return [who for who, _ in room.info.members if who != self.me]

    def ordered(self) -> list[Room]:
        """Return the rooms as the list shows them: what was said last comes first."""
        return sorted(self.rooms.values(), key=_last_ts, reverse=True)

    def preview(self, room: Room) -> Entry | None:
        """Return the newest row of a room, or None if nothing is known of it."""
        return room.last

    def typing(self, room: Room) -> list[str]:
        """Return the names of those who write in a room just now."""
        return [self.name_of(person, "?") for person in room.typing]

    # --- what the controller does -----------------------------------------

    def open(self, room: bytes) -> Part:
        """Make a room the one that is shown."""
        if room not in self.rooms or room == self.active:
            return Part.NONE
        before = self.room
        if before is not None:
            before.unread_from = 0
            cut_above(before)
        self.active = room
        shown = self.rooms[room]
        shown.unread_from = shown.read + 1 if shown.unread else 0
        return Part.ROOMS | Part.TIMELINE | Part.TYPING | Part.ORDER

    def mark_read(self, room: Room) -> Part:
        """The end of the room was seen."""
        return Part.ROOMS if reading.all_seen(room) else Part.NONE

    def tick(self, now_s: float) -> Part:
        """Forget who no longer writes."""
        part = Part.NONE
        for room in self.rooms.values():
            for person in [one for one, until in room.typing.items() if until <= now_s]:
                del room.typing[person]
                part |= Part.TYPING
        return part

    def start_transfer(self, transfer: Transfer) -> Part:
        """A picture or a file is on its way."""
        self._forget_failed(transfer.sha256)
        self.transfers[transfer.request] = transfer
        return self._transfer_part(transfer)

    def end_transfer(self, request: int) -> Part:
        """It arrived, or was given up."""
        transfer = self.transfers.pop(request, None)
        return self._transfer_part(transfer) if transfer else Part.NONE

    def fail_transfer(self, request: int, problem: str) -> Part:
        """It failed; it stays to be tried again, a download until the next try of its file."""
        transfer = self.transfers.get(request)
        if transfer is None:
            return Part.NONE
        self._forget_failed(transfer.sha256)
        self.transfers[request] = replace(transfer, problem=problem)
        return self._transfer_part(transfer)

    def _forget_failed(self, sha256: bytes) -> None:
        """Another try of a file decides how it stands."""
        same = [
            request
            for request, one in self.transfers.items()
            if sha256 and one.sha256 == sha256 and one.problem
        ]
        for request in same:
            del self.transfers[request]

    def _transfer_part(self, transfer: Transfer) -> Part:
        # What comes down is shown in its message, what goes up by the composer.
        return Part.TRANSFERS if transfer.up else Part.TRANSFERS | Part.TIMELINE

    # --- happenings -------------------------------------------------------

    def apply(self, happening: Happening, now_ms: int) -> Part:
        """Take one happening in; return what changed.

        ``now_ms`` is the local clock, shown for messages that are not stored yet.
        """
        match happening:
            case LinkChanged():
                return self._link_changed(happening)
            case Welcomed():
                self.me, self.nick = happening.person, happening.nick
                self.server = happening.server
                return Part.ME | Part.ROOMS
            case RoomsChanged():
                return self._rooms_changed(happening.rooms)
            case Arrived():
                return self._arrived(happening, now_ms)
            case Queued():
                return self._queued(happening, now_ms)
            case Changed() | Sent() | Acked() | Refused() | Discarded():
                changed = self.messages.take(self._known(happening.room), happening)
                return self._touch(happening.room) if changed else Part.NONE
            case PeopleKnown():
                self.people = happening.people
                self._by_person = {one.person: one for one in happening.people}
                return Part.PEOPLE | Part.ROOMS | Part.TIMELINE | Part.ORDER
            case OrderKnown():
                self._known(happening.room).rule(happening.order, bool(happening.request))
                return self._order_part(happening.room)
            case MembersKnown():
                self._known(happening.room).members = happening.members
                return self._order_part(happening.room)
            case Typing():
                return self._typing(happening, now_ms)
            case Marked():
                return self._marked(happening)
            case PortraitsCame():
                return self._portraits(happening)
            case Resumed():
                known = Transfer(happening.request, happening.room, happening.name, True)
                return self.start_transfer(known)
            case Progress():
                return self._progress(happening)
            case _:
                return Part.NONE

    def _known(self, room: bytes) -> Room:
        """The room, or a place to collect what comes before RoomsChanged names it."""
        found = self.rooms.get(room) or self._early.get(room)
        if found is None:
            found = self._early[room] = Room(room)
        return found

    def _order_part(self, room: bytes) -> Part:
        here = self.room
        # The rules of rooms hold in direct messages and private rooms, too.
        shown = here is not None and (room == self.active or not self.is_open(here))
        return Part.ORDER if shown else Part.NONE

    def _touch(self, room: bytes) -> Part:
        return Part.ROOMS | Part.TIMELINE if room == self.active else Part.ROOMS

    def _link_changed(self, link: LinkChanged) -> Part:
        self.link = link
        part = Part.LINK
        if link.link is not Link.ONLINE:
            # What was under way may not have arrived: it will be sent again.
            for room in self.rooms.values():
                for index, entry in enumerate(room.pending):
                    if entry.state is State.SENT:
                        room.pending[index] = replace(entry, state=State.QUEUED)
                        part |= self._touch(room.room)
                if room.typing:
                    room.typing.clear()
                    part |= Part.TYPING
        return part

    def _rooms_changed(self, infos: Iterable[RoomInfo]) -> Part:
        part = Part.ROOMS
        rooms: dict[bytes, Room] = {}
        for info in infos:
            room = self._known(info.room)
            self._early.pop(info.room, None)
            if room.info is None:
                self._recall(room)
            elif room.info.epoch != info.epoch:
                self._forget(room)
                part |= self._touch(info.room)
            elif room.info.head != info.head:
                part |= self._touch(info.room)
            room.info = info
            reading.begin(room, info, bool(self.rooms))
            rooms[info.room] = room
        self.rooms = rooms
        if self.active not in rooms:
            self.active = b""
            first = next(iter(self.ordered()), None)
            if first is not None:
                part |= self.open(first.room)
            part |= Part.TIMELINE
        return part

    def _forget(self, room: Room) -> None:
        """The server's journal is another one: nothing that was stored counts."""
        fresh = Room(room.room)
        for name in _OF_HISTORY:
            setattr(room, name, getattr(fresh, name))

    # --- messages -----------------------------------------------------------

    def loaded(self, loaded: Loaded, where: str) -> Part:
        """Take the answer to a question for history; ``where`` is start, older, later or around."""
        self.messages.loaded(self._known(loaded.room), loaded, where)
        return self._touch(loaded.room)

    def quote(self, loaded: Loaded) -> Part:
        """Keep a message that others answer."""
        self.messages.quote(self._known(loaded.room), loaded)
        return self._touch(loaded.room)

    def _arrived(self, arrived: Arrived, now_ms: int) -> Part:
        room = self._known(arrived.room)
        if not self.messages.arrived(room, arrived):
            return Part.NONE
        part = self._touch(arrived.room) | Part.TYPING
        if arrived.live and any(one.own and one.kind in SAID for one in arrived.messages):
            room.said_s = now_ms / 1000
            part |= Part.ORDER
        if arrived.room != self.active:
            cut_above(room)
        return part

    def _queued(self, queued: Queued, now_ms: int) -> Part:
        part = self.end_transfer(queued.request) if queued.request else Part.NONE
        if self.messages.queued(self._known(queued.room), queued, now_ms):
            part |= self._touch(queued.room)
        return part

    # --- people -------------------------------------------------------------

    def _typing(self, typing: Typing, now_ms: int) -> Part:
        room = self.rooms.get(typing.room)
        if room is None or typing.person == self.me:
            return Part.NONE
        room.typing[typing.person] = (now_ms + TYPING_MS) / 1000
        return Part.TYPING

    def _marked(self, marked: Marked) -> Part:
        room = self.rooms.get(marked.room)
        if room is None:
            return Part.NONE
        part = Part.NONE
        for person, seq in marked.marks:
            if person == self.me:
                if reading.elsewhere(room, seq, self.me):
                    part |= Part.ROOMS
            elif reading.other(room, person, seq) and marked.room == self.active:
                part |= Part.TIMELINE
        return part

    def _portraits(self, came: PortraitsCame) -> Part:
        for person, picture in came.portraits:
            known = self._by_person.get(person)
            if known is not None and known.picture:
                self.portraits[known.picture] = picture
        return Part.PEOPLE | Part.ROOMS | Part.TIMELINE | Part.ME

    def _progress(self, progress: Progress) -> Part:
        transfer = self.transfers.get(progress.request)
        if transfer is None:
            return Part.NONE
        self.transfers[progress.request] = replace(
            transfer, done=progress.done, total=progress.total
        )
        return self._transfer_part(transfer)


def _last_ts(room: Room) -> int:
    return room.last.ts if room.last is not None else 0
