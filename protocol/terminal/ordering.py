"""The lines by which people keep order in a terminal, and what is shown of order there.

Belongs to a :class:`Conversation`: takes the words that it does not know itself, and tells what
is restricted in a room when it is entered and when that changes. One thread.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from protocol.client.client import SERVER
from protocol.client.happenings import (
    AuditKnown,
    DevicesKnown,
    Done,
    Failed,
    Happening,
    MembersKnown,
    Message,
    OrderKnown,
    PeopleKnown,
    RoomOrder,
)
from protocol.codes import ErrorCode, Role
from protocol.items import SAID
from protocol.keys import in_groups
from protocol.plain import one_line
from protocol.terminal import acts, notices
from protocol.terminal.acts import ActError, Order, Where
from protocol.terminal.console import Console

HELP: Final = """\
/private ROOM         make a private room, and talk there
/add NICK, NICK       bring people into this private room
/members              who is in this room
/order                what holds in this room, and who keeps order
/hand  /lower         raise your hand, take it down; /lower NICK: somebody else's
/kick NICK            put somebody out; they may come back where the room is open
/ban NICK  /unban     so that they cannot come back
/mute NICK [TIME]     they may not write, for 30s, 10m, 2h, 1d, or until /unmute NICK
/remove NUMBER|NICK   take a message back: that of the number, or their last one
/pause  /resume       nobody but those in charge may write; all may again
/announce on|off      only those in charge may say more
/slow TIME|off        one message each in that time
/direct RULE          direct messages of members: free, moderators (one in them) or off
/role NICK ROLE       member, moderator or owner of this room
/server WORD …        ban, unban, mute, unmute and role for the whole server
/lock NICK  /unlock   they may not change their nickname; they may again
/rename NICK NEW      give somebody another nickname
/devices [NICK]       devices of yours, or of somebody
/ban-device NICK TAG  lock a device out; those in charge let it in by /unban-device
/audit [NUMBER]       what was done on the server, before that number
/link                 make another device yours
/whoami               who you are, and which keys are used here
Instead of NICK, #NUMBER means who wrote that message: /kick #12
A reason may follow what is done to people and rooms: /mute Nora 10m too loud"""

Say = Callable[[str], None]

_HERE = ("add", "members", "order", "hand")
"""Words, beside those of acts, that mean the room one is in."""
_WORDS = (*_HERE, "private", "devices", "audit", "link", "whoami", "server")
_PEOPLE_MAX = 500
"""People of whom the last messages are remembered."""
_LAST_MAX = 20
"""Messages of each of them: so many can be removed one after the other."""
_QUIET = (ErrorCode.UNKNOWN_KIND, ErrorCode.UNAVAILABLE, ErrorCode.BUSY)
"""Not told where nobody has asked."""


class Ordering:
    """What a conversation knows and does about order."""

    def __init__(
        self,
        console: Console,
        say: Say,
        go: Callable[[Happening], None],
        shown: Mapping[tuple[bytes, int], Message],
    ) -> None:
        """Print with ``say``; ``go`` enters the room of a Done; ``shown``: by room and seq."""
        self._console = console
        self._client = console.client
        self._roster = console.roster
        self._say = say
        self._go = go
        self._shown = shown
        self.making = False
        """A private room is being made: the next one that comes is one's own."""
        self._orders: dict[bytes, RoomOrder] = {}
        self._last: dict[tuple[bytes, bytes], list[int]] = {}

    # --- what is shown ------------------------------------------------------------------------

    def enter(self, room: bytes, then: Callable[[], None]) -> None:
        """Somebody looks at a room now: learn what holds there, then go on with ``then``."""
        if not self._console.online or self._roster.is_direct(room):
            then()
            return

        def answered(answer: Happening) -> None:
            if isinstance(answer, OrderKnown):
                self._orders[answer.room] = answer.order
            elif isinstance(answer, Failed) and answer.code not in _QUIET:
                self._say(f"!! {one_line(answer.text)}")
            then()

        self._console.after(self._client.ask_order(room), answered)

    def tell(self, room: bytes) -> None:
        """Say what is restricted in a room."""
        order = self._orders.get(room, RoomOrder())

        def told() -> None:
            for line in notices.held(order, self._nick, _now_ms()):
                self._say(f"-- {line}")

        self._knowing([person for person, _ in order.muted], told)

    def changed(self, known: OrderKnown) -> None:
        """What holds in a room has changed: show what no notice says."""
        was = self._orders.get(known.room)
        self._orders[known.room] = known.order
        if known.room != self._console.room or was is None:
            return
        up = [one for one in known.order.hands if one not in was.hands]
        down = [one for one in was.hands if one not in known.order.hands]

        def told() -> None:
            for person in up:
                self._say(f"-- {self._nick(person)} raises a hand")
            for person in down:
                self._say(f"-- {self._nick(person)} has the hand down")

        self._knowing([*up, *down], told)

    def _knowing(self, people: Sequence[bytes], then: Callable[[], None]) -> None:
        """Go on with the names of these people; ask for them where they are not known yet."""
        if all(one in self._roster.people for one in people):
            then()
        else:
            self._console.after(self._client.people(), lambda _: then())

    def left(self, room: bytes) -> None:
        """One is not in this room any more."""
        self._orders.pop(room, None)

    def number(self, message: Message) -> str:
        """Return the number of a message, where one is in charge and may need it."""
        order = self._orders.get(message.room)
        if order is None or order.role_of(self._roster.person) < Role.MODERATOR:
            return ""
        return f"#{message.seq} "

    def saw(self, message: Message) -> None:
        """A message is shown: the last one of somebody may have to be removed."""
        if message.kind in SAID and not message.deleted:
            self._seen(message.room, message.person).append(message.seq)
        elif message.deleted and message.seq in self._seen(message.room, message.person):
            self._seen(message.room, message.person).remove(message.seq)

    def _seen(self, room: bytes, person: bytes) -> list[int]:
        seqs = self._last.setdefault((room, person), [])
        if len(self._last) > _PEOPLE_MAX:
            del self._last[next(iter(self._last))]
        del seqs[:-_LAST_MAX]
        return seqs

    def _nick(self, person: bytes) -> str:
        return one_line(self._roster.people.get(person, "")) or "somebody"

    # --- what is typed ------------------------------------------------------------------------

    def knows(self, word: str) -> bool:
        """Whether the word is one of order, however the rest of the line reads."""
        return word in acts.WORDS or word in _WORDS

    def is_here(self, word: str) -> bool:
        """Whether a line means the room one is in."""
        if word in acts.WORDS:
            return acts.WORDS[word].where is not Where.SERVER
        return word in _HERE

    def carry_out(self, word: str, rest: str) -> bool:
        """Do what a line says; False: it is of another kind."""
        client, room = self._client, self._console.room
        match word:
            case "private" if rest:
                self.making = True
                self._console.after(client.make_private(rest, ()), self._made)
            case "add" if rest:
                self._with_people(lambda: self._add(room, rest))
            case "members" if not rest:
                self._after(client.ask_members(room), self._show_members)
            case "order" if not rest:
                self._with_people(lambda: self._after(client.ask_order(room), self._show_order))
            case "hand" if not rest:
                client.raise_hand(room, True)
            case "lower" if not rest:
                client.raise_hand(room, False)
            case "devices":
                self._with_people(lambda: self._devices(rest, room))
            case "audit" if not rest or (rest.isascii() and rest.isdigit() and len(rest) < 19):
                self._after(client.ask_audit(int(rest or 0)), self._show_audit)
            case "link" if not rest:
                self._after(client.link_device(), self._show_link)
            case "whoami" if not rest:
                self._show_me()
            case "server" if rest:
                name, _, rest = rest.partition(" ")
                if name not in acts.WORDS or acts.WORDS[name].where is Where.ROOM:
                    self._say(f"!! /server {one_line(name)} cannot be done; /help order says what")
                else:
                    self._with_people(lambda: self._act(name, rest.strip(), SERVER, room))
            case _ if word in acts.WORDS:
                where = acts.WORDS[word].where
                place = SERVER if where is Where.SERVER else room
                self._with_people(lambda: self._act(word, rest, place, room))
            case _:
                return False
        return True

    def _act(self, name: str, rest: str, place: bytes, here: bytes) -> None:
        order: Order = acts.read(
            name,
            rest,
            lambda text: self._find(text, here),
            lambda text: self._find_message(text, here),
        )
        request = self._client.act(
            order.act, place, order.person, order.device, order.value, order.text
        )
        self._after(request, lambda _: self._say("-- done"))

    def _add(self, room: bytes, rest: str) -> None:
        nicks = [nick.strip() for nick in rest.split(",") if nick.strip()]
        people, missing = self._roster.find_people(nicks)
        if missing:
            raise ActError("nobody is called " + ", ".join(missing))
        self._after(self._client.add_people(room, people), lambda _: self._say("-- done"))

    def _devices(self, rest: str, here: bytes) -> None:
        person = self._find(rest, here)[0] if rest else self._roster.person
        self._after(self._client.ask_devices(person), self._show_devices)

    def _find(self, text: str, here: bytes) -> tuple[bytes, str]:
        """Return whom a text begins with, and the rest: a nickname, or #NUMBER of a message.

        A nickname that reads like a number is meant only in quotes.
        """
        first, _, rest = text.partition(" ")
        if first.startswith("#") and (seq := _seq(first)) is not None:
            message = self._shown.get((here, seq))
            if message is None or message.kind not in SAID:
                raise ActError(f"no message {first} was shown here")
            return message.person, rest.strip()
        found = self._roster.split_nick(text)
        if found is None:
            raise ActError(f"nobody is called {text}")
        return found

    def _find_message(self, text: str, here: bytes) -> int:
        seq = _seq(text)
        if seq is not None:
            return seq
        person, rest = self._find(text, here)
        if rest:
            raise ActError(acts.usage("remove"))
        seqs = self._last.get((here, person))
        if not seqs:
            raise ActError("no message of theirs was shown here; name it by its number")
        return max(seqs)

    def _with_people(self, then: Callable[[], None]) -> None:
        """Ask who is there, so that names are those of now; then go on."""

        def known(answer: Happening) -> None:
            try:
                if isinstance(answer, PeopleKnown):
                    then()
                else:
                    self._console.show(answer)
            except ActError as error:
                self._say(f"!! {one_line(str(error))}")

        self._console.after(self._client.people(), known)

    def _after(self, request: int, show: Callable[[Happening], None]) -> None:
        """Show the answer; a failure is told as always."""

        def answered(answer: Happening) -> None:
            if isinstance(answer, Failed):
                self._console.show(answer)
            else:
                show(answer)

        self._console.after(request, answered)

    def _made(self, answer: Happening) -> None:
        self.making = False
        self._go(answer)

    # --- answers ------------------------------------------------------------------------------

    def _show_members(self, answer: Happening) -> None:
        if isinstance(answer, MembersKnown):
            for one in answer.members:
                dot = "●" if one.online else "○"
                self._say(f"   {notices.role_mark(one.role)}{dot} {one_line(one.nick)}")

    def _show_order(self, answer: Happening) -> None:
        if isinstance(answer, OrderKnown):
            self._orders[answer.room] = answer.order
            lines = notices.held(answer.order, self._nick, _now_ms())
            for line in lines or ["nothing is restricted here"]:
                self._say(f"   {line}")
            for line in notices.in_charge(answer.order, self._nick):
                self._say(f"   {line}")

    def _show_devices(self, answer: Happening) -> None:
        if isinstance(answer, DevicesKnown):
            for one in answer.devices:
                here = " (this one)" if one.tag == self._client.profile.device_tag else ""
                banned = " banned" if one.banned else ""
                mark = "●" if one.online else "○"
                self._say(f"   {mark} {in_groups(one.tag)}{banned}{here}")

    def _show_audit(self, answer: Happening) -> None:
        if isinstance(answer, AuditKnown):
            for entry in answer.acts:
                when = notices.clock(entry.ts)
                self._say(f"   {entry.no:>5}  {when}  {notices.audited(entry)}")
            if answer.more:
                self._say(f"-- older ones: /audit {answer.acts[-1].no}")
            elif not answer.acts:
                self._say("-- nothing was done so far")

    def _show_link(self, answer: Happening) -> None:
        if isinstance(answer, Done):
            self._say(f"-- the code for another device: {one_line(answer.text)}")
            self._say(f"-- or the whole link: {self._client.device_link(answer.text)}")
            self._say("-- it makes one device yours, once, within ten minutes; show it to nobody")

    def _show_me(self) -> None:
        profile = self._client.profile
        self._say(f"   you are {one_line(self._roster.nick)} at {one_line(self._roster.server)}")
        self._say(f"   key of the server: {profile.server_fingerprint}")
        self._say(f"   key of this device: {profile.device_fingerprint}")
        self._say(f"   tag of this device: {in_groups(profile.device_tag)}")


def _seq(text: str) -> int | None:
    """Read the number of a message, with its # or without."""
    digits = text.removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
