"""Hands frames to clients, and says what becomes of those that are slow or gone.

A client that takes no more is lagging: events pass it by, and about once a second it is tried
again. One that is gone is dropped. Both are ordinary, and nobody waits for anybody. Pure: time is
passed in, sending is the caller's. Owned by the gateway's main thread.
"""

import logging
from collections.abc import Callable, Iterable
from enum import IntEnum

from gateway.counter import Drop
from gateway.fanout import Fanout, LiveRoom
from gateway.sessions import Session, Sessions
from protocol.codes import ErrorCode, Purpose
from protocol.frames import Error, Heads, encode

log = logging.getLogger("gateway")

_LAGGING_MAX_MS = 60_000


class Sent(IntEnum):
    """What became of a frame for a client."""

    DONE = 0
    SLOW = 1
    """It takes no more now."""
    GONE = 2


Send = Callable[[bytes, bytes], Sent]
"""Sends a frame to a connection, by its route."""

SendAll = Callable[[Iterable[Session], bytes], list[tuple[Session, Sent]]]
"""Sends one frame to many sessions; returns those that did not get it."""


class Delivery:
    """All that goes to clients goes through here."""

    def __init__(
        self, sessions: Sessions, fanout: Fanout, drop: Drop, send: Send, send_all: SendAll
    ) -> None:
        """Send to these sessions; ``drop`` ends one."""
        self._sessions = sessions
        self._fanout = fanout
        self._drop = drop
        self._send = send
        self._send_all = send_all
        self._lagging: dict[int, Session] = {}
        self._doubting = False
        self.now_ms = 0
        """Set by the owner before it lets anything be sent."""

    def reply(self, session: Session, data: bytes) -> bool:
        """Send a frame to a session; a slow one is marked, a gone one dropped."""
        sent = self._send(session.route, data)
        if sent:
            # Nothing makes up for an answer that is lost, as HEADS does for events.
            session.owed = True
            self._unsent(session, sent)
        return not sent

    def to_room(self, room: LiveRoom, data: bytes) -> None:
        """Send one frame to all members who keep up."""
        sessions: Iterable[Session] = room.live.values()
        if self._lagging or self._doubting:
            sessions = self._ready(room)
        for session, sent in self._send_all(sessions, data):
            self._unsent(session, sent)

    def to_all(self, data: bytes) -> None:
        """Send a frame to every session that talks and keeps up."""
        sessions = [
            one
            for one in self._sessions.by_slot.values()
            if one.welcome
            and one.purpose is Purpose.TALK
            and not one.lagging_ms
            and not one.doubted
        ]
        for session, sent in self._send_all(sessions, data):
            self._unsent(session, sent)

    def doubt(self) -> None:
        """Push nothing to anybody until the broker has opened the session anew.

        Whoever was put out of a room or of the server while it could not be heard is among them.
        """
        for session in self._sessions.by_slot.values():
            session.doubted = True
        self._doubting = True

    def _ready(self, room: LiveRoom) -> list[Session]:
        ready: list[Session] = []
        for one in room.live.values():
            if one.doubted:
                one.missed = True
            elif not one.lagging_ms:
                ready.append(one)
        return ready

    def tend(self, now_ms: int, epoch: bytes) -> None:
        """Try the lagging ones again: they learn their heads, and fetch what passed them by."""
        if self._doubting:
            self._doubting = any(one.doubted for one in self._sessions.by_slot.values())
        rooms = self._fanout.rooms
        for session in list(self._lagging.values()):
            if session.owed:
                text = "you were too slow for an answer: say HELLO again"
                frame = encode(Error(ErrorCode.NO_SESSION, "", text, 0, 0))
            elif session.doubted:
                continue
            else:
                heads = [[room, rooms[room].head] for room in session.rooms if room in rooms]
                frame = encode(Heads(epoch, heads))
            sent = self._send(session.route, frame)
            if sent is Sent.DONE:
                session.lagging_ms = 0
                del self._lagging[session.slot]
                if session.owed:
                    self._drop(session)
            elif sent is Sent.GONE or now_ms - session.lagging_ms > _LAGGING_MAX_MS:
                self._drop(session)

    def forget(self, session: Session) -> None:
        """Stop trying a session that has ended."""
        self._lagging.pop(session.slot, None)

    def _unsent(self, session: Session, sent: Sent) -> None:
        if sent is Sent.GONE:
            self._drop(session)
        elif not session.lagging_ms:
            session.lagging_ms = self.now_ms
            self._lagging[session.slot] = session
            log.info("lagging slot=%d", session.slot)
