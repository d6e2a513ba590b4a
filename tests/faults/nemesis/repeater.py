"""A client that never gives up, and may send everything several times.

It runs in a thread of its own and writes a history (``invoke``, ``ok``), so that the checker of a
run knows its messages. Whatever happens to its connection, it makes a new one and goes on; at
its end it sends until everything is acknowledged. A frame that is refused is a failure, and so
is an answer that changes.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import zmq

from protocol import keys, sockets
from protocol.frames import Ack, Busy, Bye, Error, Join, Refused, Room, Send, Welcome
from protocol.invite import Invite
from tests.benchmarks.peer import Peer
from tests.faults.checker.history import Writer
from tests.integration.bare import text_item

ROOM = "again and again"
_TIMES = 3
_PAUSE_S = 0.02
_ALL_EVERY = 20
_WINDOW = 50
"""Messages that are sent at once: the oldest and the newest fit what may wait for an answer."""
_ANSWER_S = 1.0
_DRAIN_S = 60.0


class Repeater:
    """The thread; ``start`` it, and ``stop`` it, which waits until all is acknowledged.

    ``times``: how often each message is sent; more than once, and the oldest are sent again too.
    ``answer_s``: after three times that without an answer the connection is given up.
    """

    def __init__(
        self,
        invite: Invite,
        gateway: int,
        name: str,
        folder: Path,
        seed: int,
        times: int = _TIMES,
        answer_s: float = _ANSWER_S,
    ) -> None:
        self._invite = replace(invite, addresses=(invite.addresses[gateway],))
        self.name = name
        self.sent = 0
        """Messages, each counted once."""
        self.acked: dict[int, int] = {}
        """The ``seq`` of each counter."""
        self.failure: BaseException | None = None
        self._folder = folder
        self._random = Random(seed)
        self._times = times
        self._answer_s = answer_s
        self._device = keys.make()
        self.outbox_epoch = self._random.randbytes(8)
        self.room = b""
        """Where it talks, once it is there."""
        self._texts: list[str] = []
        self._epoch = b""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)
        self._started = False

    @property
    def texts(self) -> list[str]:
        """What it has said so far, in order."""
        return list(self._texts)

    def start(self) -> None:
        self._started = True
        self._thread.start()

    def stop(self) -> None:
        """Send no new messages, wait for the last answer; raise what went wrong."""
        self._stopping.set()
        if self._started:
            self._started = False
            self._thread.join(_DRAIN_S + 10)
            assert not self._thread.is_alive(), f"{self.name} does not end"
            if self.failure is not None:
                raise self.failure

    def _guarded(self) -> None:
        context: sockets.Context = zmq.Context()
        history = Writer(self._folder, self.name, 1)
        try:
            history.start()
            self._run(context, history)
        except BaseException as error:
            self.failure = error
        finally:
            history.close()
            context.term()

    def _run(self, context: sockets.Context, history: Writer) -> None:
        gave_up = 0.0
        while not self._stopping.is_set() or len(self.acked) < len(self._texts):
            if self._stopping.is_set():
                gave_up = gave_up or time.monotonic() + _DRAIN_S
                assert time.monotonic() < gave_up, f"{self.name}: messages without an answer"
            peer = Peer(context, self._invite, self.name, device=self._device)
            try:
                self._talk(peer, history)
            except TimeoutError:
                pass
            finally:
                peer.close()

    def _talk(self, peer: Peer, history: Writer) -> None:
        """Talk over one connection until it is over; a TimeoutError says so too."""
        welcome = peer.wait_for(Welcome, Bye, timeout_s=self._answer_s * 3)
        if not isinstance(welcome, Welcome):
            time.sleep(self._answer_s)
            return
        history.me(welcome.person, welcome.nick)
        peer.send(Join(1, ROOM, True))
        answer = peer.wait_for(Room, Error, Bye, timeout_s=self._answer_s * 3)
        if not isinstance(answer, Room):
            time.sleep(self._answer_s)
            return
        self.room = answer.room
        history.room(answer.room, answer.kind, ROOM, welcome.epoch, answer.head)
        first = len(self.acked) + 1
        self._say(peer, answer.room, range(first, min(len(self._texts), first + _WINDOW) + 1))
        heard = time.monotonic()
        while not self._stopping.is_set() or len(self.acked) < len(self._texts):
            if not self._stopping.is_set():
                self._texts.append(f"{self.name}-{len(self._texts) + 1}")
                n = self.sent = len(self._texts)
                history.invoke(answer.room, self.outbox_epoch, n, self._texts[-1])
                for _ in range(self._times):
                    self._say(peer, answer.room, range(n, n + 1))
                if self._times > 1 and n % _ALL_EVERY == 0:
                    self._say(peer, answer.room, range(1, min(n, _WINDOW) + 1))
                    self._say(peer, answer.room, range(max(1, n - _WINDOW), n + 1))
            while peer.socket.poll(int(_PAUSE_S * 1_000)):
                frame = peer.receive()
                if isinstance(frame, Ack):
                    heard = time.monotonic()
                    self._take(frame, history)
                elif isinstance(frame, Busy):
                    time.sleep(min(frame.retry_ms / 1_000, self._answer_s))
                    return
                elif isinstance(frame, Error | Bye):
                    return
                assert not isinstance(frame, Refused), frame
            if time.monotonic() - heard > self._answer_s * 3:
                return

    def _say(self, peer: Peer, room: bytes, counters: range) -> None:
        for n in counters:
            peer.send(Send(room, self.outbox_epoch, n, [text_item(self._texts[n - 1])]))

    def _take(self, ack: Ack, history: Writer) -> None:
        if ack.epoch != self._epoch:
            # Another journal: what was acknowledged by the one before it may be lost.
            self._epoch = ack.epoch
            self.acked.clear()
        for place in range(ack.count):
            n, seq = ack.first_n + place, ack.first_seq + place
            known = self.acked.get(n)
            assert known in (None, seq), f"{n} was acknowledged as {known} and as {seq}"
            if known is None:
                self.acked[n] = seq
                history.ok(ack.room, ack.outbox_epoch, n, ack.epoch, seq)
