"""The gateway's pure parts, without sockets: what its tests stand on."""

from collections.abc import Iterable
from typing import Any

from gateway.allowance import Allowance
from gateway.counter import Counter
from gateway.crowd import NOWHERE, Crowd, Origin
from gateway.delivery import Sent
from gateway.fanout import Fanout
from gateway.sessions import Session, Sessions
from gateway.upstream import Upstream
from protocol.backplane import Down, decode_batch
from protocol.codes import ErrorCode, Purpose, RoomKind
from protocol.frames import AnyFrame, Hello, decode, encode
from protocol.keys import KeyPair

EPOCH = b"epoch-epoch-epoc"
ROOM = b"R" * 16
OTHER = b"O" * 16
TALK, BULK = Purpose.TALK, Purpose.BULK


class Wires:
    """Sockets of a whole core, of which the one to the broker takes ``room`` batches and no more.

    ``told`` is what clients got, by their routes, in order.
    """

    def __init__(self) -> None:
        self.room = 0
        self.told: list[tuple[bytes, AnyFrame]] = []
        self.sent: list[list[list[Any]]] = []
        self.instance = b""
        """Under which the last batch was sent."""
        self.asked: list[list[bytes]] = []
        self.slow: set[bytes] = set()
        """Routes that take nothing of what is for many."""
        self.topics: set[bytes] = set()
        self.ended: list[Origin] = []

    def send(self, route: bytes, data: bytes) -> Sent:
        self.told.append((route, decode(data)))
        return Sent.DONE

    def send_all(self, sessions: Iterable[Session], data: bytes) -> list[tuple[Session, Sent]]:
        reached = [(one, Sent.SLOW if one.route in self.slow else Sent.DONE) for one in sessions]
        self.told += [(one.route, decode(data)) for one, sent in reached if not sent]
        return [(one, sent) for one, sent in reached if sent]

    def send_up(self, batch: bytes) -> bool:
        if not self.room:
            return False
        self.room -= 1
        self.instance, operations = decode_batch(batch)
        self.sent.append(operations)
        return True

    def send_read(self, parts: list[bytes]) -> bool:
        if not self.room:
            return False
        self.asked.append(parts)
        return True

    def subscribe(self, room: bytes) -> None:
        self.topics.add(room)

    def unsubscribe(self, room: bytes) -> None:
        self.topics.remove(room)

    def serve_clients(self, keys: KeyPair) -> None:
        pass

    def origin(self, message: Any) -> Origin:
        """The test says it with the message."""
        return NOWHERE if message is None else Origin(*message)

    def end(self, origin: Origin) -> None:
        self.ended.append(origin)

    def to(self, route: bytes) -> list[AnyFrame]:
        """Return and forget what this client got."""
        mine = [frame for one, frame in self.told if one == route]
        self.told = [pair for pair in self.told if pair[0] != route]
        return mine


class Stand:
    """Everything that decides in a gateway; ``said`` and ``dropped`` are what it did."""

    def __init__(self, rate_per_s: float = 0.0) -> None:
        self.said: list[tuple[Session, AnyFrame]] = []
        self.dropped: list[Session] = []
        self.subscribed: set[bytes] = set()
        self.introduced = 0
        self.served: list[KeyPair] = []
        self.now_ms = 1_000
        self.sessions = Sessions()
        self.fanout = Fanout()
        self.allowance = Allowance(rate_per_s)
        self.crowd = Crowd(rate_per_s)
        self.flooding: list[Session] = []
        self.counter = Counter(
            self.sessions,
            self.fanout,
            self.allowance,
            self.crowd,
            self._reply,
            self._drop,
            self._flood,
        )
        self.upstream = Upstream(
            self.sessions,
            self.fanout,
            self.counter,
            self._reply,
            self._drop,
            self._subscribe,
            self._unsubscribe,
            self._introduce,
            self.served.append,
        )
        self.upstream.take([int(Down.REGISTERED), "Zviazok", b"p" * 32, b"s" * 32, EPOCH, 7])

    def _reply(self, session: Session, data: bytes) -> bool:
        self.said.append((session, decode(data)))
        return True

    def _flood(self, session: Session, code: ErrorCode) -> None:
        self.flooding.append(session)
        self._drop(session)

    def _drop(self, session: Session) -> None:
        self.dropped.append(session)
        self.counter.delays.forget(session)
        for room in list(session.rooms):
            if session.purpose is TALK and self.fanout.leave(session, room):
                self._unsubscribe(room)
        self.sessions.remove(session)

    def _subscribe(self, room: bytes) -> None:
        assert room not in self.subscribed
        self.subscribed.add(room)

    def _unsubscribe(self, room: bytes) -> None:
        self.subscribed.remove(room)

    def _introduce(self) -> None:
        self.introduced += 1

    def meet(self, name: str, purpose: Purpose = TALK) -> Session:
        """A client says HELLO; its operation is collected."""
        hello = Hello("test", name, "token", int(purpose))
        key = name.encode().ljust(32, b"-")
        surplus = self.counter.greet(name.encode(), name, key, hello, self.now_ms)
        assert surplus is None
        self.counter.collect()
        return self.sessions.by_route[name.encode()]

    def welcome(self, session: Session, *rooms: bytes, head: int = 0) -> Session:
        """The broker opens the session in these rooms."""
        rows = [[room, int(RoomKind.OPEN), "room", head, []] for room in rooms]
        self.upstream.take([int(Down.OPENED), session.slot, session.key[:8], session.user, rows])
        self.said.clear()
        return session

    def talker(self, name: str, *rooms: bytes, purpose: Purpose = TALK) -> Session:
        return self.welcome(self.meet(name, purpose), *rooms)

    def take(self, session: Session, frame: AnyFrame) -> list[AnyFrame]:
        """Let the session say this; return what it is answered at once."""
        return self.take_bytes(session, encode(frame))

    def take_bytes(self, session: Session, data: bytes) -> list[AnyFrame]:
        self.said.clear()
        self.counter.take(session, data, self.now_ms)
        assert all(one is session for one, _ in self.said)
        return [frame for _, frame in self.said]

    def to(self, session: Session) -> list[AnyFrame]:
        """Return and forget everything said, which must all be to this session."""
        said, self.said = self.said, []
        assert all(one is session for one, _ in said)
        return [frame for _, frame in said]
