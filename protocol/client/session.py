"""The client's session: a machine that turns frames, requests and time into what follows.

It opens no socket and no file and looks at no clock. The shell feeds it, calls ``tick``,
takes the :class:`Outcome` and carries it out. Nothing is sent or shown that is not on disk.

The state of a connection ends with it; what lasts is in the :class:`Timeline` of each
room (in ``recovery``) and in the outbox (in ``sending``). A faulty frame of the server is
counted and logged by its code, never raised. Owned by the client's network thread.
"""

import logging
from collections.abc import Sequence
from enum import Enum
from random import Random
from typing import Any

from protocol.blocks import DEVICE_TAG_BYTES
from protocol.client import happenings
from protocol.client.messages import Reader, reason
from protocol.client.operations import (
    DropEvents,
    DropRoom,
    PutAddresses,
    PutMe,
    PutPeople,
    PutRoom,
    Snapshot,
)
from protocol.client.outcome import Drop, Outcome
from protocol.client.people import Crowd
from protocol.client.recovery import Recovery
from protocol.client.requests import OFFLINE, PeopleListed, Requests, people_question
from protocol.client.sending import Sending
from protocol.client.timeline import HEAD_GRACE_MS, Timeline
from protocol.codes import ErrorCode, EventKind, Purpose, RoomKind
from protocol.errors import WireError
from protocol.frames import (
    Ack,
    AnyFrame,
    Busy,
    Bye,
    Error,
    Events,
    Gap,
    Heads,
    Hello,
    Left,
    Linked,
    Page,
    PeoplePage,
    Ping,
    Pong,
    Presence,
    Refused,
    Renamed,
    Room,
    RoomsPage,
    Welcome,
    decode,
    encode,
)
from protocol.limits import FAULTS_MAX, HELLO_TIMEOUT_MS, PONG_TIMEOUT_MS

log = logging.getLogger("client")

PERMANENT = frozenset(
    {ErrorCode.TOKEN, ErrorCode.NICK_TAKEN, ErrorCode.NICK_BAD, ErrorCode.VERSION}
)
"""Codes of a BYE after which trying again by itself would not help."""

_ROOM_KINDS = frozenset(int(kind) for kind in RoomKind)


class Phase(Enum):
    """Where a connection stands."""

    AWAY = 0
    GREETING = 1
    ONLINE = 2


class Session:
    """One device's conversation with its server, over any number of connections."""

    def __init__(
        self,
        snapshot: Snapshot,
        device_key: bytes,
        agent: str,
        nick: str,
        token: str | None,
        random: Random,
    ) -> None:
        """Continue where the store stands; ``nick`` and ``token`` count for a new device."""
        self._random = random
        self._hello = Hello(agent, nick, token, int(Purpose.TALK))
        self._reader = Reader(device_key[:DEVICE_TAG_BYTES])
        self._reader.person = snapshot.person
        self._nick = snapshot.nick
        self._server = snapshot.server
        self.out = Outcome()
        self.sending = Sending(snapshot, self.out, random)
        self.crowd = Crowd(snapshot.people)
        self.phase = Phase.AWAY
        self._number = 0
        self.requests = Requests(self._next_number)
        self.recovery = Recovery(
            map(Timeline.of, snapshot.rooms),
            self.out,
            self._reader,
            self.sending.outbox.epoch_of,
            self._next_number,
            random,
        )
        self._address = ""
        self._faults = 0
        self._deadline_ms = 0
        self._ping_ms = 0
        self._ping_at_ms = 0
        self._pong_by_ms = 0
        self._rooms_changed = False

    def begin(self) -> None:
        """Tell what is on disk, before any connection."""
        told = self.out.told
        if self._reader.person:
            told.append(happenings.Welcomed(self._reader.person, self._nick, self._server))
        self._tell_rooms()
        if self._reader.person:
            told.append(self.crowd.known())
        self.sending.begin()

    # --- the connection -------------------------------------------------------------------

    def connected(self, address: str, now_ms: int) -> None:
        """The transport stands: say HELLO."""
        self._address = address
        self._faults = 0
        self._greet(now_ms)

    def disconnected(self) -> None:
        """The transport is gone; what waited for an answer has failed."""
        if self.phase is Phase.ONLINE and self.crowd.looked_at:
            self.crowd.all_away()
            self.out.told.append(self.crowd.known())
        self.phase = Phase.AWAY
        self._settle_link()

    def received(self, data: bytes, now_ms: int) -> None:
        """Take a frame of the server."""
        if self.phase is Phase.AWAY:
            return
        self._pong_by_ms = 0  # any sign of life will do
        try:
            self._take(decode(data), now_ms)
        except WireError as error:
            self._faults += 1
            log.warning("faulty_frame code=%s count=%d", error.code.name, self._faults)
            if self._faults > FAULTS_MAX:
                self.out.end(Drop("the server sends frames that cannot be read"))

    def tick(self, now_ms: int) -> None:
        """Look at the time and send what is due; call it after every drain."""
        self.out.told += self.requests.overdue(now_ms)
        self.recovery.tick(now_ms, self.phase is Phase.ONLINE)
        if self._rooms_changed:
            self._tell_rooms()
        if self.phase is Phase.GREETING and now_ms >= self._deadline_ms:
            self.out.end(Drop("the server did not answer the greeting"))
        elif self.phase is Phase.ONLINE:
            self._ping(now_ms)
            self.sending.send_due(now_ms)

    def wake_ms(self, now_ms: int) -> int:
        """Return when ``tick`` should be called though nothing came in."""
        times = [self.requests.wake_ms()]
        if self.phase is Phase.GREETING:
            times.append(self._deadline_ms)
        elif self.phase is Phase.ONLINE:
            times += [self._ping_at_ms, self._pong_by_ms or None]
            times += [self.sending.outbox.wake_ms(now_ms), self.recovery.wake_ms(now_ms)]
        return min([one for one in times if one is not None], default=now_ms + 60_000)

    def _greet(self, now_ms: int) -> None:
        self.phase = Phase.GREETING
        self._deadline_ms = now_ms + HELLO_TIMEOUT_MS
        self._pong_by_ms = 0
        self.out.send(self._hello)

    def _ping(self, now_ms: int) -> None:
        if self._pong_by_ms and now_ms >= self._pong_by_ms:
            self.out.end(Drop("the server does not answer any more"))
        elif now_ms >= self._ping_at_ms:
            self._ping_at_ms = now_ms + int(self._ping_ms * self._random.uniform(0.8, 1.2))
            self._pong_by_ms = self._pong_by_ms or now_ms + PONG_TIMEOUT_MS
            self.out.send(Ping(self._random.getrandbits(32)))

    def _settle_link(self) -> None:
        """Everything that was under way is not."""
        self._pong_by_ms = 0
        self.out.told += self.requests.abandon()
        self.recovery.settle_link()
        self.sending.outbox.reset()

    def _next_number(self) -> int:
        while True:
            self._number = self._number % (2**32 - 1) + 1
            if not self.requests.knows(self._number) and not self.recovery.knows(self._number):
                return self._number

    # --- frames -------------------------------------------------------------------------------

    def _take(self, frame: AnyFrame, now_ms: int) -> None:
        if isinstance(frame, Welcome):
            self._welcome(frame, now_ms)
        elif isinstance(frame, Bye):
            self._bye(frame)
        elif isinstance(frame, Error):
            self._error(frame, now_ms)
        elif self.phase is not Phase.ONLINE:
            raise WireError(ErrorCode.MISTIMED, "kind", "WELCOME is due")
        elif isinstance(frame, Events):
            if self._same_history(frame.room, frame.epoch):
                self.recovery.events(frame, now_ms)
        elif isinstance(frame, Page):
            if self._same_history(frame.room, frame.epoch):
                self.recovery.page(frame, now_ms)
        elif isinstance(frame, Ack | Refused | Busy | Gap):
            self.sending.answered(frame, now_ms)
        elif isinstance(frame, Pong | Heads):
            for room, head, *_ in frame.heads:
                line = self.recovery.rooms.get(room)
                if line is not None and self._same_history(room, frame.epoch):
                    line.announce(head, now_ms, HEAD_GRACE_MS)
        elif isinstance(frame, Presence):
            self._people_changed(self.crowd.update(frame.people))
        elif isinstance(frame, Room):
            if frame.kind in _ROOM_KINDS:
                self._enter(frame.epoch, frame[2:], now_ms)
            self._answered(frame, now_ms)
        elif isinstance(frame, Left):
            self._leave(frame.room)
            self._answered(frame, now_ms)
        elif isinstance(frame, Renamed):
            self._renamed(frame.nick)
            self._answered(frame, now_ms)
        elif isinstance(frame, PeoplePage | RoomsPage | Linked):
            self._answered(frame, now_ms)
        else:
            raise WireError(ErrorCode.MISTIMED, "kind", "only clients send this kind")

    def _welcome(self, frame: Welcome, now_ms: int) -> None:
        if self.phase is Phase.ONLINE:
            self._settle_link()
        self.phase = Phase.ONLINE
        self._ping_ms = frame.ping_ms
        self._ping_at_ms = now_ms + int(frame.ping_ms * self._random.uniform(0.5, 1.0))
        self._reader.person, self._nick, self._server = frame.person, frame.nick, frame.server
        self.out.operations.append(PutMe(frame.person, frame.nick, frame.server))
        self.out.operations.append(PutAddresses(tuple(frame.gateways)))
        for gone in set(self.recovery.rooms) - {row[0] for row in frame.rooms}:
            self._leave(gone)
        for row in frame.rooms:
            if row[1] in _ROOM_KINDS:  # what a later version calls a room cannot be shown here
                self._enter(frame.epoch, row, now_ms)
        self.out.told.append(happenings.Welcomed(frame.person, frame.nick, frame.server))
        self._tell_rooms()
        online = happenings.LinkChanged(happenings.Link.ONLINE, self._address)
        self.out.told.append(online)
        if self.crowd.looked_at:
            self.out.send(self.requests.ask(0, people_question(), now_ms))

    def _bye(self, frame: Bye) -> None:
        if frame.gateways:
            self.out.operations.append(PutAddresses(tuple(frame.gateways)))
        code = frame.code if frame.code in PERMANENT else 0
        text = reason(frame.code, "", frame.text)
        self.out.end(Drop(text, 0 if code else frame.retry_ms, code))

    def _error(self, frame: Error, now_ms: int) -> None:
        log.info("error code=%d kind=%d", frame.code, frame.kind)
        if frame.code == ErrorCode.NO_SESSION and self.phase is Phase.ONLINE:
            # The gateway is there but forgot us: the same connection will do.
            self._settle_link()
            self._greet(now_ms)
        elif self.phase is Phase.GREETING:
            code = frame.code if frame.code in PERMANENT else 0
            self.out.end(Drop(reason(frame.code, frame.field, frame.text), 0, code))
        elif not self.recovery.failed(frame, now_ms):
            failed = self.requests.refused(frame.request, frame.code, frame.field, frame.text)
            if failed is not None:
                self.out.told.append(failed)

    def _same_history(self, room: bytes, epoch: bytes) -> bool:
        line = self.recovery.rooms.get(room)
        if line is None:
            return False  # said just before one left
        if line.epoch != epoch:
            self.out.end(Drop("the server was restored from a backup"))
            return False
        return True

    # --- rooms and people -------------------------------------------------------------------------

    def _enter(self, epoch: bytes, row: Sequence[Any], now_ms: int) -> None:
        room, kind, name, head, rows = row[0], RoomKind(row[1]), row[2], row[3], row[4]
        members = tuple((one[0], one[1]) for one in rows)
        line = self.recovery.rooms.get(room)
        if line is None:
            line = Timeline(room, kind, name, members, epoch, head)
            self.recovery.rooms[room] = line
        elif line.epoch != epoch:
            line.restart(epoch, head)
            self.out.operations.append(DropEvents(room))
        line.kind, line.name, line.members = kind, name, members
        line.announce(head, now_ms)
        self.out.operations.append(PutRoom(room, kind, name, members, epoch, line.head))
        if line.begin_empty():
            self.out.operations.append(line.applied(()))
        self._rooms_changed = True

    def _leave(self, room: bytes) -> None:
        if room in self.recovery.rooms:
            self.recovery.drop(room)
            self.out.operations.append(DropRoom(room))
            self._rooms_changed = True

    def _tell_rooms(self) -> None:
        self._rooms_changed = False
        rooms = tuple(line.info() for line in self.recovery.rooms.values())
        self.out.told.append(happenings.RoomsChanged(rooms))

    def _renamed(self, nick: str) -> None:
        self._nick = nick
        me = (self._reader.person, nick, self._server)
        self.out.operations.append(PutMe(*me))
        self.out.told.append(happenings.Welcomed(*me))

    def _people_changed(self, fresh: tuple[tuple[bytes, str], ...], request: int = 0) -> None:
        """Tell the list where it is looked at; carry new nicknames into direct messages."""
        if fresh:
            self.out.operations.append(PutPeople(fresh))
            nicks = dict(fresh)
            for line in self.recovery.rooms.values():
                members = tuple((one, nicks.get(one, nick)) for one, nick in line.members)
                if members != line.members:
                    line.members = members
                    self._rooms_changed = True
        if self.crowd.looked_at:
            self.out.told.append(self.crowd.known(request))

    # --- requests ------------------------------------------------------------------------

    def ask(self, request: int, question: AnyFrame, now_ms: int) -> None:
        """Send a request of the program; its first field is filled in here."""
        if self.phase is not Phase.ONLINE:
            failed = happenings.Failed(request, int(ErrorCode.UNAVAILABLE), OFFLINE)
            self.out.told.append(failed)
            return
        try:
            # What the server would not even read gets its reason here.
            decode(encode(question))
        except WireError as error:
            text = f"{error.field} {error.text}"
            self.out.told.append(happenings.Failed(request, int(error.code), text))
        except UnicodeEncodeError:
            text = "the name holds half a character"
            self.out.told.append(happenings.Failed(request, int(ErrorCode.FIELD), text))
        else:
            self.out.send(self.requests.ask(request, question, now_ms))

    def say(self, request: int, room: bytes, kind: EventKind, body: dict[str, Any]) -> None:
        """Put a message into the outbox."""
        if room in self.recovery.rooms:
            self.sending.say(request, room, kind, body)
        else:
            text = "you are not in this room"
            failed = happenings.Failed(request, int(ErrorCode.NOT_MEMBER), text)
            self.out.told.append(failed)

    def history(self, request: int, room: bytes, before: int, limit: int, now_ms: int) -> None:
        """Ask for messages before ``before`` (0: the newest)."""
        online = self.phase is Phase.ONLINE
        self.recovery.history(request, room, before, limit, online, now_ms)

    def _answered(self, frame: AnyFrame, now_ms: int) -> None:
        outcome = self.requests.answered(frame, now_ms)
        if outcome.ask is not None:
            self.out.send(outcome.ask)
        if isinstance(outcome.told, PeopleListed):
            fresh = self.crowd.replace(outcome.told.rows)
            self._people_changed(fresh, outcome.told.request)
        elif outcome.told is not None:
            if self._rooms_changed:
                self._tell_rooms()  # a joined room is known before the answer names it
            self.out.told.append(outcome.told)
