"""The load of all peers: senders that keep a window of messages without an ack full.

The shape is that of :mod:`tests.benchmarks.ingest`: so many senders in one thread, each with a room
of its own, texts of the same corpus, the time of an ack taken from the moment at which its request
was handed to the socket. What a peer's requests and answers look like says its :class:`Sender`.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_READ_BYTES = 256 * 1024
_QUIET_S = 30.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of a peer; ``window`` messages of each sender may be without an ack."""

    name: str
    senders: int
    window: int
    per_request: int


CASES = (
    Case("one per request", 4, 200, 1),
    Case("twenty per request", 4, 200, 20),
    Case("one at a time", 1, 1, 1),
)


class Sender:
    """One connection to a peer, in a room of its own; what follows the peer's words is abstract."""

    def __init__(self, port: int, number: int, texts: Sequence[bytes], step: int) -> None:
        """Connect; ``step`` messages go into a request."""
        self.number, self.step = number, step
        self.texts = texts
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_QUIET_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = self.acked = 0
        self.out = bytearray()
        self.rest = b""
        self.waiting: deque[tuple[int, int]] = deque()
        """The last message of each request, and when it was handed over (ns)."""

    def greet(self) -> None:
        """Say what comes before the first message; the socket still blocks."""

    def request(self, first: int) -> bytes:
        """Return a request with messages ``first … first + step - 1`` (from 0) of this sender."""
        raise NotImplementedError

    def take(self, data: bytes) -> tuple[int, bytes]:
        """Return how many messages the data acknowledge, and what of it is not whole yet.

        Raises :class:`RuntimeError` for an error of the peer, and for an ack that is not due.
        """
        raise NotImplementedError

    def text(self, index: int) -> bytes:
        """Return the text of a message: of neighbours, and of all senders, another one."""
        return self.texts[(index + 97 * self.number) % len(self.texts)]

    def ask(self, data: bytes, whole: Callable[[bytes], bool]) -> bytes:
        """Send something and wait, blocking, until the answer is whole."""
        self.socket.sendall(data)
        answer = b""
        while not whole(answer):
            more = self.socket.recv(_READ_BYTES)
            if not more:
                raise RuntimeError(f"the connection ended after {answer[-200:]!r}")
            answer += more
        return answer

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


@dataclass(slots=True)
class Taken:
    """What a pump did."""

    acked: int = 0
    took_s: float = 0.0
    latencies_ns: list[int] = field(default_factory=list)


def pump(senders: Sequence[Sender], window: int, seconds: float) -> Taken:
    """Keep every window full for a while, then wait until all is acknowledged.

    Raises :class:`RuntimeError` if nothing comes for long.
    """
    taken = Taken()
    started = time.monotonic()
    deadline = started + seconds
    with selectors.DefaultSelector() as ready:
        for one in senders:
            one.socket.setblocking(False)
            ready.register(one.socket, selectors.EVENT_READ, one)
            _fill(one, window)
        last = started
        while any(one.acked < one.sent for one in senders):
            for one in senders:
                _flush(one)
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if one.out else 0)
                if ready.get_key(one.socket).events != wanted:
                    ready.modify(one.socket, wanted, one)
            for key, events in ready.select(1.0):
                one = key.data
                if events & selectors.EVENT_READ:
                    last = time.monotonic()
                    taken.acked += _drain(one, taken.latencies_ns)
                    if last < deadline:
                        _fill(one, window)
            if time.monotonic() - last > _QUIET_S:
                raise RuntimeError("the peer does not acknowledge any more")
    taken.took_s = time.monotonic() - started
    for one in senders:
        one.socket.settimeout(_QUIET_S)
    return taken


def _fill(one: Sender, window: int) -> None:
    while one.sent - one.acked + one.step <= max(window, one.step):
        one.out += one.request(one.sent)
        one.sent += one.step
        one.waiting.append((one.sent, time.monotonic_ns()))


def _flush(one: Sender) -> None:
    if one.out:
        try:
            del one.out[: one.socket.send(one.out)]
        except BlockingIOError:
            return


def _drain(one: Sender, latencies_ns: list[int]) -> int:
    data = one.socket.recv(_READ_BYTES)
    if not data:
        raise RuntimeError("the peer closed the connection")
    count, one.rest = one.take(one.rest + data)
    one.acked += count
    if one.acked > one.sent:
        raise RuntimeError("the peer acknowledges more than was sent")
    now = time.monotonic_ns()
    while one.waiting and one.waiting[0][0] <= one.acked:
        latencies_ns.append(now - one.waiting.popleft()[1])
    return count
