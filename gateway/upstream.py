"""What the broker says, and what follows for the sessions: the other half of the counter.

It opens sessions, hands answers over, and moves sessions in and out of rooms. Pure: it
sends nothing; frames for clients go through the ``reply`` that it is given, and what only
the owner of the sockets can do through the other callables. Owned by the
gateway's main thread.
"""

from collections.abc import Callable
from typing import Any

from gateway.counter import Counter, Drop, Reply
from gateway.fanout import Fanout
from gateway.sessions import Session, Sessions
from protocol.backplane import Down, Up
from protocol.codes import ErrorCode, Purpose
from protocol.frames import Error, Heads, Left, Renamed, Room, Welcome, encode
from protocol.keys import KeyPair

_WELCOME_MEMBERS_MAX = 1_000
"""Members of direct messages that WELCOME lists; a row has up to 140 bytes, a frame 256 KiB."""
_ADDRESSES_MAX = 64


class Upstream:
    """Takes operations of the broker."""

    def __init__(
        self,
        sessions: Sessions,
        fanout: Fanout,
        counter: Counter,
        reply: Reply,
        drop: Drop,
        subscribe: Callable[[bytes], None],
        unsubscribe: Callable[[bytes], None],
        introduce: Callable[[], None],
        serve_clients: Callable[[KeyPair], None],
    ) -> None:
        """Work on these; the callables act on the sockets."""
        self._sessions = sessions
        self._fanout = fanout
        self._counter = counter
        self._reply = reply
        self._drop = drop
        self._subscribe = subscribe
        self._unsubscribe = unsubscribe
        self._introduce = introduce
        self._serve_clients = serve_clients
        self._server = ""
        self.term = 0
        """Of the broker that has answered the last introduction."""
        self.addresses: list[str] = []
        """Where clients can connect: all gateways, as many as a frame may name."""

    def take(self, operation: list[Any]) -> None:
        """Take one operation; what concerns a session that is gone is dropped."""
        code = operation[0]
        if code == Down.REGISTERED:
            self._registered(*operation[1:6])
            return
        if code == Down.WHO:
            self._introduce()
            return
        if code == Down.GATEWAYS:
            self.addresses = operation[1][:_ADDRESSES_MAX]
            return
        if code == Down.CONFIRM:
            # All that came before it is carried out: whoever was put out of a room is not among
            # those to whom it is sent, and what it holds back for its next flush is for the others.
            self._counter.operate([Up.CONFIRMED, operation[1]])
            return
        session = self._sessions.by_slot.get(operation[1])
        if session is None:
            return
        if code == Down.DONE:
            self._counter.flight.settle(session, operation[2])
            self._reply(session, operation[3])
        elif code == Down.FRAME:
            session.asks.hear(operation[2])
            self._reply(session, operation[2])
        elif code == Down.OPENED:
            self._opened(session, *operation[2:5])
        elif code == Down.CLOSED:
            self._reply(session, operation[2])
            self._drop(session)
        elif code == Down.ENTERED:
            session.asks.arrive(operation[2])
            self._entered(session, *operation[2:8])
        elif code == Down.LEFT:
            session.asks.arrive(operation[2])
            self._left(session, operation[2], operation[3])

    def _registered(
        self, server: str, public: bytes, secret: bytes, epoch: bytes, term: int
    ) -> None:
        self._server, self.term = server, term
        if self._counter.epoch not in (b"", epoch):
            # Another journal: nobody's rooms and heads are what they were told.
            for session in list(self._sessions.by_slot.values()):
                text = "the server was restored: say HELLO again"
                self._reply(session, encode(Error(ErrorCode.NO_SESSION, "", text, 0, 0)))
                self._drop(session)
        self._counter.epoch = epoch
        self._serve_clients(KeyPair(public, secret))

    def _opened(self, session: Session, person: bytes, nick: str, rooms: list[list[Any]]) -> None:
        again, session.welcome = session.welcome, True
        missed, session.doubted, session.missed = session.missed, False, False
        if again and nick != session.nick and session.purpose is Purpose.TALK:
            self._reply(session, encode(Renamed(0, nick)))
        session.person, session.nick, session.token = person, nick, None
        if session.purpose is Purpose.BULK:
            session.rooms = {row[0] for row in rooms}
        else:
            for gone in sorted(session.rooms - {row[0] for row in rooms}):
                self._left(session, 0, gone)
            for row in rooms:
                known = row[0] in session.rooms
                head = self._enter(session, row[0], row[3])
                if again and not known:
                    # Its ENTERED was lost with the connection to the broker.
                    row[3] = max(row[3], head)
                    self._tell_room(session, 0, row[0], row[1], row[2], row[3], row[4])
                elif again and (row[3] > head or missed):
                    row[3] = max(row[3], head)
                    self._reply(session, encode(Heads(self._counter.epoch, [[row[0], row[3]]])))
                row[3] = max(row[3], head)
        if not again:
            self._welcome(session, [] if session.purpose is Purpose.BULK else rooms)

    def _welcome(self, session: Session, rooms: list[list[Any]]) -> None:
        """Send WELCOME; members that do not fit it follow, each room's in a ROOM of its own."""
        epoch = self._counter.epoch
        several: list[list[Any]] = []
        if sum(len(row[4]) for row in rooms) > _WELCOME_MEMBERS_MAX:
            several = [row for row in rooms if row[4]]
            rooms = [[*row[:4], []] for row in rooms]
        welcome = Welcome(
            session.person,
            session.nick or "",
            epoch,
            self.term,
            self._server,
            self.addresses,
            rooms,
            self._sessions.set_ping(session),
        )
        self._reply(session, encode(welcome))
        for row in several:
            self._tell_room(session, 0, *row)

    def _enter(self, session: Session, room: bytes, head: int) -> int:
        """Put the session into the live set; return the head known here."""
        live, fresh = self._fanout.enter(session, room, self._counter.epoch, head)
        if fresh:
            self._subscribe(room)
        return live.head

    def _entered(
        self,
        session: Session,
        request: int,
        room: bytes,
        kind: int,
        name: str,
        head: int,
        members: list[list[Any]],
    ) -> None:
        if session.purpose is Purpose.BULK:
            session.rooms.add(room)
            return
        head = max(head, self._enter(session, room, head))
        self._tell_room(session, request, room, kind, name, head, members)

    def _tell_room(
        self,
        session: Session,
        request: int,
        room: bytes,
        kind: int,
        name: str,
        head: int,
        members: list[list[Any]],
    ) -> None:
        frame = Room(request, self._counter.epoch, room, kind, name, head, members)
        self._reply(session, encode(frame))

    def _left(self, session: Session, request: int, room: bytes) -> None:
        if session.purpose is Purpose.BULK:
            session.rooms.discard(room)
            return
        if self._fanout.leave(session, room):
            self._unsubscribe(room)
        self._reply(session, encode(Left(request, room)))
