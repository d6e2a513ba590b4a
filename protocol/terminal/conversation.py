"""The terminal client for people: what is said comes as lines, what is typed is said.

Texts of others are made harmless before they reach the terminal: no control characters, so
nobody can move the cursor or change the colours of somebody else's screen. One thread.
"""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from protocol.client.client import Client
from protocol.client.happenings import (
    Arrived,
    Changed,
    Delayed,
    Discarded,
    Done,
    Failed,
    Fetched,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    Message,
    OrderKnown,
    PeopleKnown,
    Progress,
    PutAside,
    Refused,
    RoomInfo,
    RoomsChanged,
    RoomsListed,
)
from protocol.codes import EventKind, RoomKind
from protocol.hosts import with_hosts
from protocol.items import CHANGES, WITH_BLOB
from protocol.names import resemblance
from protocol.plain import one_line
from protocol.terminal import lines
from protocol.terminal.console import Console, several
from protocol.terminal.durations import spelled
from protocol.terminal.notices import notice, role_mark
from protocol.terminal.ordering import HELP as ORDER_HELP
from protocol.terminal.ordering import Ordering
from protocol.terminal.refusals import WORDS as REFUSED
from protocol.terminal.refusals import Refusals

HELP = """\
/join ROOM          enter a room, or make it, and talk there
/leave              leave the room
/msg NICK TEXT      write to somebody privately
/nick NAME          take another nickname
/people             who is there
/rooms              which rooms there are
/image PATH         send a picture (PNG, JPEG, WebP, GIF)
/get NUMBER         fetch a picture or a file that was sent
/history [NUMBER]   earlier messages of the room
/again  /drop       send what was refused in this room anew; forget it (all: everywhere)
/help order         how order is kept, private rooms, devices
/quit               end
Anything else is said in the room; //text says /text."""

_SHOWN_AT_START = 20
_SEEN_MAX = 1_000
"""Messages that are remembered, to say what an answer or a change is about."""
_NO_ROOM = "you are in no room now: /join one"
_HERE = ("leave", "image", "history")
"""Words that mean the room one is in."""


class Conversation(Console):
    """Speaks with a person."""

    def __init__(self, client: Client, room_name: str, say: Callable[[str], None]) -> None:
        """Print lines with ``say``."""
        super().__init__(client, room_name)
        self._say = say
        self._files: dict[int, Message] = {}
        self._file = 0
        self._seen: dict[tuple[bytes, int], Message] = {}
        self._oldest: dict[bytes, int] = {}
        self._refusals = Refusals(client, say)
        self._ordering = Ordering(self, say, self._go, self._seen)
        self._looking = b""
        """The room of which the last messages are about to be shown, those that come now too."""
        self._names: dict[bytes, str] = {}
        """Rooms that one was in a moment ago."""

    def begun(self) -> None:
        """Greet, and show the last messages of the room."""
        self._names = {room: self._name(room) for room in self.roster.rooms}
        me, place = one_line(self.roster.nick), self._name(self.room)
        self._say(f"You are {me}, in {place}. /help lists commands.")
        self._refusals.tell(self.room, elsewhere=True)
        self._look()

    # --- what happens -------------------------------------------------------------------------

    def show(self, happening: Happening) -> None:
        """Print what concerns the person."""
        match happening:
            case Arrived(room, messages, live) if self.ready and room != self._looking:
                for message in messages if live else messages[-_SHOWN_AT_START:]:
                    self._show_message(message)
            case Changed(_, messages) if self.ready:
                for message in messages:
                    self._show_change(message)
            case RoomsChanged(rooms) if self.ready:
                self._rooms_changed(rooms)
            case LinkChanged(Link.ONLINE) if self.ready:
                self._say("-- connected")
            case LinkChanged(Link.WAITING, _, text) if self.ready:
                self._say(f"-- not connected: {one_line(text)}")
            case PutAside(path):
                self._say("-- the server was restored from a backup; its rooms are read anew")
                self._say(f"-- what this computer had before is kept in {one_line(str(path))}")
            case OrderKnown():
                self._ordering.changed(happening)
            case Delayed(room, _, retry_ms):
                wait = spelled(-(-retry_ms // 1000))
                self._say(f"-- {self._place(room)}not taken yet; sent by itself in {wait}")
            case Discarded(room, n):
                self._refusals.discarded(room, n)
            case Refused():
                self._refusals.take(happening, fresh=self.ready)
            case Failed(_, _, text):
                self._say(f"!! {one_line(text)}")
            case Progress():
                pass  # the end is told

    def _rooms_changed(self, rooms: tuple[RoomInfo, ...]) -> None:
        """Say where one was brought in, or is not any more."""
        was, self._names = self._names, {info.room: self._name(info.room) for info in rooms}
        for info in rooms:
            if info.room not in was and info.kind is RoomKind.PRIVATE and not self._ordering.making:
                name = one_line(info.name)
                self._say(f"-- you were brought into {name} (private): /join {name} talks there")
        for room, name in was.items():
            if room not in self._names:
                self._ordering.left(room)
                self._say(f"-- you are not in {name} any more")
        if self.room and self.room not in self._names:
            # Into no other room: what is typed next was meant for those of this one.
            self.room = b""
            self._say(f"-- {_NO_ROOM}")

    def _show_message(self, message: Message, everywhere: bool = True) -> None:
        if message.kind in CHANGES:
            return  # what it changes is told
        self._remember(message)
        clock = time.strftime("%H:%M", time.localtime(message.ts / 1000))
        nick, body = lines.who(message.nick), message.body
        self._ordering.saw(message)
        number = self._ordering.number(message)
        start = f"{clock} {number}{self._place(message.room) if everywhere else ''}{nick}"
        if body.get("via"):
            start += f" (from {one_line(body['via'])})"
        if body.get("reply"):
            answered = self._seen.get((message.room, body["reply"]))
            whom = f"{one_line(answered.nick)}, " if answered else ""
            start += f" (to {whom}{lines.excerpt(answered)})"
        end = " (edited)" if message.edited else ""
        if message.removed_by is not None:
            self._say(f"{start}: removed by {one_line(message.removed_by[1]) or 'somebody'}")
        elif message.deleted:
            self._say(f"{start} deleted this message")
        elif message.kind == EventKind.TEXT and body:
            text = lines.said(body["text"])
            self._say(f"{start}: {text}{end}")
        elif message.kind in WITH_BLOB and body:
            self._file += 1
            self._files[self._file] = message
            self._files.pop(self._file - _SEEN_MAX, None)
            size = f"{body['size'] // 1024 + 1} KB"
            if message.kind == EventKind.IMAGE:
                size = f"{body['width']}×{body['height']}, {size}"
            caption = with_hosts(one_line(body.get("caption", "")))
            end = f"{' ' if caption else ''}{caption}{end}"
            self._say(f"{start} sent {one_line(body['name'])} ({size}): /get {self._file}{end}")
        elif message.kind == EventKind.NOTICE and body:
            self._show_notice(message, clock)
        else:
            self._say(f"{start} sent something that needs a newer version")
        if message.reactions:
            self._say(f"      {lines.reactions(message)}")

    def _show_notice(self, message: Message, clock: str) -> None:
        body = message.body
        about = self._seen.get((message.room, body.get("of", 0)))
        if about is not None:
            body = {"nick": about.nick, **body}
        said = notice(message.nick, body)
        self._say(f"{clock} {self._place(message.room)}{said}")

    def _show_change(self, message: Message) -> None:
        """Say what is different about a message that was shown, or is further up."""
        was = self._seen.get((message.room, message.seq))
        about = lines.excerpt(was)
        self._remember(message)
        place, nick = self._place(message.room), one_line(message.nick)
        self._ordering.saw(message)
        if message.deleted:
            if message.removed_by is None and (was is None or not was.deleted):
                self._say(f"-- {place}{nick} deleted {about}")
            return  # what was removed is told by a notice
        if message.edited and (was is None or was.body != message.body):
            text = message.body.get("text") or message.body.get("caption", "")
            self._say(f"-- {place}{nick} changed {about} to: {lines.said(text)}")
        if was is None or was.reactions != message.reactions:
            self._say(f"-- {place}{nick}, {about}: {lines.reactions(message) or 'no reactions'}")

    def _remember(self, message: Message) -> None:
        self._seen.pop((message.room, message.seq), None)
        self._seen[message.room, message.seq] = message
        if len(self._seen) > _SEEN_MAX:
            del self._seen[next(iter(self._seen))]

    def _place(self, room: bytes) -> str:
        return "" if room == self.room else f"[{self._name(room)}] "

    def _show_history(self, happening: Happening) -> None:
        if isinstance(happening, Loaded):
            if happening.messages:
                self._oldest[happening.room] = happening.messages[0].seq
            for message in happening.messages:
                self._show_message(message, everywhere=False)
            if not happening.more:
                self._say("-- this is where the room begins")
        else:
            self.show(happening)

    def _name(self, room: bytes) -> str:
        name = one_line(self.roster.name_of(room))
        if self.roster.is_direct(room):
            return f"@{name}"
        return f"{name} (private)" if self.roster.is_private(room) else name

    # --- what is typed ------------------------------------------------------------------------

    def carry_out(self, line: str) -> None:
        """Say a line, or do what its command says."""
        line = line.rstrip("\r\n")
        if not line.strip():
            return
        said = not line.startswith("/") or line.startswith("//")
        word, _, rest = line[1:].partition(" ")
        rest = rest.strip()
        if not self.room and (said or word in _HERE or self._ordering.is_here(word)):
            self._say(f"!! {_NO_ROOM}")
            return
        if said:
            self.client.say(self.room, line[1:] if line.startswith("//") else line)
            return
        client = self.client
        match word:
            case "join" if rest:
                self._join(rest)
            case "leave":
                self.after(client.leave(self.room), self.show)
            case "msg" if " " in rest:
                nick, _, text = rest.partition(" ")
                self.after(client.people(), lambda one: self._message_to(nick, text, one))
            case "nick" if rest:
                self.after(client.rename(rest), self._done)
            case "people":
                self.after(client.people(), self._show_people)
            case "rooms":
                self.after(client.open_rooms(), self._show_rooms)
            case "image" if rest:
                client.send_image(self.room, Path(rest).expanduser(), shrink=False)
            case "get" if rest.isascii() and rest.isdigit() and int(rest) in self._files:
                body = self._files[int(rest)].body
                room = self._files[int(rest)].room
                self.after(client.fetch(room, body["sha256"], body["size"]), self._fetched)
            case "history":
                limit = int(rest) if rest.isascii() and rest.isdigit() and len(rest) < 4 else 50
                before = self._oldest.get(self.room, 0)
                self.after(client.history(self.room, before, limit), self._show_history)
            case "quit":
                self.leaving = True
            case "help":
                self._say(ORDER_HELP if rest == "order" else HELP)
            case _ if word in REFUSED and self._refusals.carry_out(word, rest, self.room):
                pass
            case _ if self._ordering.carry_out(word, rest):
                pass
            case _:
                lists = "/help order" if self._ordering.knows(word) else "/help"
                self._say(f"!! /{one_line(word)} cannot be done like this; {lists} lists commands")

    def _join(self, name: str) -> None:
        rooms = self.roster.rooms_called(name)
        if len(rooms) > 1:
            self._say(f"!! {one_line(several(name, rooms))}")
        elif rooms and self.roster.is_private(rooms[0]):
            self._enter_room(rooms[0])
        else:
            self.after(self.client.join(name), self._go)

    def _enter_room(self, room: bytes) -> None:
        self.room = room
        self._say(f"-- you are in {self._name(room)}")
        self._refusals.tell(room)
        self._look()

    def _look(self) -> None:
        """Show the last messages of the room, and what is restricted there."""
        room = self._looking = self.room

        def shown(answer: Happening) -> None:
            if self._looking == room:
                self._looking = b""
            self._show_history(answer)
            self._ordering.tell(room)

        def last() -> None:
            self.after(self.client.history(room, 0, _SHOWN_AT_START), shown)

        self._ordering.enter(room, last)

    def _go(self, happening: Happening) -> None:
        if not isinstance(happening, Done):
            self.show(happening)
            return
        self._enter_room(happening.room)

    def _message_to(self, nick: str, text: str, happening: Happening) -> None:
        if not isinstance(happening, PeopleKnown):
            self.show(happening)
            return
        people, missing = self.roster.find_people([nick])
        if missing:
            self._say(f"!! nobody is called {one_line(nick)}")
            return

        def opened(answer: Happening) -> None:
            if isinstance(answer, Done):
                self.client.say(answer.room, text)
            else:
                self.show(answer)

        self.after(self.client.direct(people), opened)

    def _done(self, happening: Happening) -> None:
        if isinstance(happening, Done):
            self._say(f"-- done: {one_line(happening.text)}")
        else:
            self.show(happening)

    def _fetched(self, happening: Happening) -> None:
        if isinstance(happening, Fetched):
            self._say(f"-- saved as {one_line(str(happening.path))}")
        else:
            self.show(happening)

    def _show_people(self, happening: Happening) -> None:
        if isinstance(happening, PeopleKnown):
            alike = Counter(resemblance(one.nick) for one in happening.people)
            for one in happening.people:
                twin = " [looks like another]" if alike[resemblance(one.nick)] > 1 else ""
                dot = "●" if one.online else "○"
                self._say(f"   {role_mark(one.role)}{dot} {lines.who(one.nick)}{twin}")
        else:
            self.show(happening)

    def _show_rooms(self, happening: Happening) -> None:
        if isinstance(happening, RoomsListed):
            for room in happening.rooms:
                mark = "*" if room.joined else " "
                self._say(f" {mark} {lines.who(room.name)} ({room.members})")
            for info in self.roster.rooms.values():
                if info.kind is RoomKind.PRIVATE:
                    self._say(f" * {one_line(info.name)} (private)")
        else:
            self.show(happening)
