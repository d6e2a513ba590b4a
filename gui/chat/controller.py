"""Turns what people ask for into calls of the client, and happenings into the model.

The only module that talks to both sides, with its parts :mod:`gui.chat.history` (what is
loaded), :mod:`gui.chat.roaming` (which rooms), :mod:`gui.chat.ordering` (order in them) and
:mod:`gui.chat.writing` (what one says).
Lives in the Tk thread; holds no widget.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from gui.chat.asking import ClientPort, Context, Got, View
from gui.chat.model import Model, Part
from gui.chat.roaming import Roaming
from gui.chat.room import NEVER, Entry, Room
from gui.chat.serveracts import ServerActs
from gui.chat.writing import Writing
from gui.memory import Memory
from gui.ownership import in_tk_thread
from protocol.client.happenings import (
    ActDone,
    Arrived,
    AuditKnown,
    Changed,
    DevicesKnown,
    Done,
    Failed,
    Fetched,
    Gathered,
    Happening,
    Link,
    LinkChanged,
    Loaded,
    Message,
    PeopleKnown,
    PortraitsCame,
    PutAside,
    Queued,
    Refused,
    RoomsChanged,
    RoomsListed,
    Welcomed,
)
from protocol.errors import BadNameError
from protocol.items import SAID
from protocol.limits import PORTRAITS_MAX
from protocol.names import clean_nick

log = logging.getLogger(__name__)

PORTRAITS_KEPT = 500
"""Pictures of people that are asked for and kept: some 4 MB at most."""

Told = Callable[[Room, Sequence[Entry]], None]
ToldChanged = Callable[[Room, Sequence[Message]], None]


def _quiet(_room: Room, _entries: Sequence[Entry]) -> None:
    """Notify nobody."""


class Controller(Roaming, Writing):
    """One person at one server."""

    def __init__(
        self,
        model: Model,
        client: ClientPort,
        memory: Memory,
        context: Context,
        clock: Callable[[], float] = time.time,
        on_news: Told = _quiet,
    ) -> None:
        """``clock`` tells seconds since 1970; ``on_news`` hears what was said just now."""
        super().__init__(model, client, context, clock)
        self.memory = memory
        self.on_news = on_news
        self.on_changed: ToldChanged = lambda _, __: None
        """Hears which messages look different now, or were taken back."""
        self.on_uploaded = lambda _: None
        self.focused = True
        """Whether the window has the focus: what nobody looks at was not seen."""
        self._quoting = set()
        self._uploads = {}
        self._typed_at = 0.0
        self.server_acts = ServerActs()
        self._audited_s = NEVER
        self._open_next = b""
        self._leaving = set()
        self._asked_portraits: set[bytes] = set()

    def attach(self, view: View) -> None:
        """From now on ``view`` is told what changed."""
        self._view = view
        self.model.alone = self._context.tr("window.alone")
        view.show(Part.ALL)

    def tick(self) -> None:
        """Look at the clock; call it about once a second."""
        now_s = self._clock()
        self.memory.tick(self.model.rooms.values(), now_s)
        self._show(self.model.tick(now_s))
        room = self.model.room
        if self.focused or (room is not None and room.members_s == NEVER):
            self._look_around()

    def close(self) -> None:
        """Stop the client and keep what is to be remembered."""
        self._client.stop()
        self.memory.save(self.model.rooms.values())

    def _remember(self) -> None:
        self.memory.changed()

    # --- happenings -------------------------------------------------------

    def apply(self, happenings: Sequence[Happening]) -> None:
        """Take happenings in, then have what changed drawn once."""
        assert in_tk_thread(), "the controller lives in the Tk thread"
        part = Part.NONE
        now_ms = int(self._clock() * 1000)
        before, rooms = self.model.active, self.model.rooms
        for happening in happenings:
            if isinstance(happening, Refused):
                # The server says it in English.
                happening = replace(happening, text=self._refusal(happening))
                self._change_refused(happening)
            part |= self.model.apply(happening, now_ms)
            part |= self._react(happening)
        if self.model.active != before:
            self._entered()
        self._show(part)
        if rooms is not self.model.rooms:
            self._no_longer_in(rooms.values())

    def _react(self, happening: Happening) -> Part:
        match happening:
            case RoomsChanged():
                self.prime()
                if self._open_next in self.model.rooms:
                    return self._open_now()
            case Arrived():
                self._news(happening)
                self._moved(happening)
                room = self.model.room
                if happening.room == self.model.active and room is not None:
                    replies = (one.body.get("reply") for one in happening.messages)
                    if any(seq and room.entry(seq) is None for seq in replies):
                        self._quote(room)
            case Changed():
                self._changed(happening)
            case PutAside(path):
                self._say(self._context.tr("window.put_aside", path=path))
            case Welcomed():
                self._hushed.append(self._client.people())
            case LinkChanged(link=Link.ONLINE):
                for room in self.model.rooms.values():
                    room.trouble = ""
                self.prime()
                self._hushed.append(self._client.people())
                self._ask_marks()
                self._new_session()
            case PeopleKnown():
                self._ask_portraits()
                self._know_server()
            case PortraitsCame():
                self._ask_portraits()
            case Failed():
                return self._failed(happening)
            case Queued():
                self._uploaded(happening.request)
                self._answers.pop(happening.request, None)
            case ActDone() | DevicesKnown() | AuditKnown():
                answer = self._answers.pop(happening.request, None)
                if answer is not None:
                    answer(happening)
            case Done() | RoomsListed() | Fetched() | Loaded():
                part = Part.NONE
                if not isinstance(happening, Loaded):
                    self._uploaded(happening.request)
                    part = self.model.end_transfer(happening.request)
                answer = self._answers.pop(happening.request, None)
                if answer is not None:
                    answer(happening)
                return part
            case Gathered():
                answer = self._answers.get(happening.request)
                if answer is not None:
                    answer(happening)
        return Part.NONE

    def _failed(self, failed: Failed) -> Part:
        text = self._refusal(failed)
        part = self.model.fail_transfer(failed.request, text)
        transfer = self.model.transfers.get(failed.request)
        if transfer is not None and transfer.up and failed.request not in self._uploads:
            part |= self.model.end_transfer(failed.request)
        answer = self._answers.pop(failed.request, None)
        if answer is not None:
            answer(failed)
        elif text and failed.request not in self._hushed:
            self._say(text, bad=True)
        return part

    def _change_refused(self, refused: Refused) -> None:
        """A change of one's own is undone, which has no row to say why; nobody can retry it."""
        room = self.model.rooms.get(refused.room)
        if room is not None and refused.n in room.changes:
            self._say(refused.text, bad=True)
            self._hushed.append(self._client.discard(refused.room, refused.n))

    def _changed(self, changed: Changed) -> None:
        room = self.model.rooms.get(changed.room)
        if room is not None:
            self.on_changed(room, changed.messages)

    def _news(self, arrived: Arrived) -> None:
        room = self.model.rooms.get(arrived.room)
        if room is None or not arrived.messages:
            return
        away = room.room == self.model.active and not self.focused
        if away and room.unread and room.unread_from <= room.read:
            # What was behind the line has been read: it goes before what came since.
            room.unread_from = room.read + 1
        if not arrived.live:
            return
        first = arrived.messages[0].seq
        fresh = [one for one in room.entries[-len(arrived.messages) :] if one.seq >= first]
        if room.newer and room.latest is not None:
            fresh = [room.latest]
        said = [one for one in fresh if not one.own and one.kind in SAID]
        if said:
            self.on_news(room, said)

    def say(self, text: str, mentions: Sequence[bytes] = (), reply: int = 0) -> str:
        """Send to the open room, and show its end; return "" or the reason why not."""
        reason = super().say(text, mentions, reply)
        if not reason and self.model.room is not None and self.model.room.newer:
            self.to_end()
        return reason

    # --- people -----------------------------------------------------------

    def rename(self, nick: str, answer: Callable[[str], None]) -> None:
        """Take another nickname; ``answer`` gets "" or the reason why not."""
        try:
            nick = clean_nick(nick)
        except BadNameError as error:
            answer(self._context.tr(f"window.name_{error.why}"))
            return

        def done(got: Got) -> None:
            if isinstance(got, Done):
                self.model.nick = got.text or nick
                self._show(Part.ME)
                answer("")
            elif isinstance(got, Failed):
                answer(self._refusal(got))

        self._ask(self._client.rename(nick), done)

    def set_profile(self, colour: int, picture: bytes, answer: Callable[[str], None]) -> None:
        """Take a colour (0: by itself) and a picture (empty: none)."""

        def done(got: Got) -> None:
            if isinstance(got, Failed):
                answer(self._refusal(got))
            elif isinstance(got, Done):
                self._hushed.append(self._client.people())
                answer("")

        self._ask(self._client.set_profile(colour, picture), done)

    def link_device(self, answer: Callable[[str, str], None]) -> None:
        """Ask for a token for another device; ``answer`` gets it, or "" and why not."""

        def done(got: Got) -> None:
            if isinstance(got, Done):
                answer(got.text, "")
            elif isinstance(got, Failed):
                answer("", self._refusal(got))

        self._ask(self._client.link_device(), done)

    def refresh_people(self) -> None:
        """Ask who is on the server."""
        self._client.people()

    def _ask_portraits(self) -> None:
        """Ask for pictures that are not here yet, some at a time."""
        known = self._asked_portraits
        if len(known) >= PORTRAITS_KEPT:
            return
        wanted = [one for one in self.model.people if one.picture and one.picture not in known]
        wanted = wanted[:PORTRAITS_MAX]
        if wanted:
            known.update(one.picture for one in wanted)
            self._hushed.append(self._client.portraits([one.person for one in wanted]))

    def retry_now(self) -> None:
        """Connect without waiting."""
        self._client.retry_now()

    def woke(self) -> None:
        """The machine was asleep: the line about the connection is to be true again soon."""
        self._client.woke()
