"""The frontend: the ROUTER towards the clients, and what becomes of those that are slow or gone.

Every send is ``DONTWAIT`` under ``ROUTER_MANDATORY``. EAGAIN is a client that takes no more: it is
lagging, events pass it by, and about once a second it is tried again. EHOSTUNREACH is one that
is gone. Both are ordinary, and nobody waits for anybody. Owned by the gateway's main thread.
"""

import logging
import time

import zmq

from gateway.counter import Drop
from gateway.fanout import Fanout, LiveRoom
from gateway.sessions import Session, Sessions
from protocol.codes import ErrorCode, Purpose
from protocol.frames import Error, Heads, encode
from protocol.invite import endpoint
from protocol.keys import KeyPair
from protocol.sockets import Context, Socket, bind, frontend

log = logging.getLogger("gateway")

_LAGGING_MAX_MS = 60_000
_NO_WAIT = zmq.DONTWAIT
_MORE = zmq.DONTWAIT | zmq.SNDMORE


class Frontend:
    """Sends frames to clients; nothing can be sent before :meth:`listen`."""

    def __init__(self, sessions: Sessions, fanout: Fanout, drop: Drop) -> None:
        """Send to these sessions; ``drop`` ends one."""
        self._sessions = sessions
        self._fanout = fanout
        self._drop = drop
        self._lagging: dict[int, Session] = {}
        self.socket: Socket | None = None

    def listen(self, context: Context, keys: KeyPair, host: str, port: int) -> Socket:
        """Open the port for clients; raise :class:`SetupError` with what to do."""
        self.socket = frontend(context, keys)
        bind(self.socket, endpoint(host, port), "gateway")
        return self.socket

    def send(self, route: bytes, data: bytes) -> int:
        """Send to a connection; return 0, EAGAIN (slow) or EHOSTUNREACH (gone)."""
        assert self.socket is not None
        try:
            self.socket.send(route, _MORE)
            self.socket.send(data, _NO_WAIT)
        except zmq.ZMQError as error:
            return int(error.errno or zmq.EHOSTUNREACH)
        return 0

    def reply(self, session: Session, data: bytes) -> bool:
        """Send a frame to a session; a slow one is marked, a gone one dropped."""
        errno = self.send(session.route, data)
        if errno:
            # Nothing makes up for an answer that is lost, as HEADS does for events.
            session.owed = True
            self._unsent(session, errno)
        return not errno

    def to_room(self, room: LiveRoom, data: bytes) -> None:
        """Send one frame to all members who keep up: one ``zmq.Frame``, shared and not copied."""
        assert self.socket is not None
        frame = zmq.Frame(data)
        send = self.socket.send
        failed: list[tuple[Session, int]] = []
        for session in room.live.values():
            if session.lagging_ms:
                continue
            try:
                send(session.route, _MORE)
                send(frame, _NO_WAIT, False)
            except zmq.ZMQError as error:
                failed.append((session, int(error.errno or zmq.EHOSTUNREACH)))
        for session, errno in failed:
            self._unsent(session, errno)

    def to_all(self, data: bytes) -> None:
        """Send a frame to every session that talks and keeps up."""
        for session in list(self._sessions.by_slot.values()):
            if session.welcome and session.purpose is Purpose.TALK and not session.lagging_ms:
                errno = self.send(session.route, data)
                if errno:
                    self._unsent(session, errno)

    def tend(self, now_ms: int, epoch: bytes) -> None:
        """Try the lagging ones again: they learn their heads, and fetch what passed them by."""
        for session in list(self._lagging.values()):
            rooms = self._fanout.rooms
            if session.owed:
                text = "you were too slow for an answer: say HELLO again"
                frame = encode(Error(ErrorCode.NO_SESSION, "", text, 0, 0))
            else:
                heads = [[room, rooms[room].head] for room in session.rooms if room in rooms]
                frame = encode(Heads(epoch, heads))
            errno = self.send(session.route, frame)
            if errno == 0:
                session.lagging_ms = 0
                del self._lagging[session.slot]
                if session.owed:
                    self._drop(session)
            elif errno != zmq.EAGAIN or now_ms - session.lagging_ms > _LAGGING_MAX_MS:
                self._drop(session)

    def forget(self, session: Session) -> None:
        """Stop trying a session that has ended."""
        self._lagging.pop(session.slot, None)

    def close(self) -> None:
        """Close the port."""
        if self.socket is not None:
            self.socket.close()

    def _unsent(self, session: Session, errno: int) -> None:
        if errno != zmq.EAGAIN:
            self._drop(session)
        elif not session.lagging_ms:
            session.lagging_ms = time.monotonic_ns() // 1_000_000
            self._lagging[session.slot] = session
            log.info("lagging slot=%d", session.slot)
