"""A bare client that forgets nothing: every byte, frame and event that it was ever sent.

It speaks frames and has none of the real client's care, so a test sees what the servers
do by themselves. Owned by the thread that makes it.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import zmq

from protocol import sockets
from protocol.blocks import Event, decode_block
from protocol.codes import ErrorCode, EventKind
from protocol.frames import (
    Ack,
    AnyFrame,
    Busy,
    Bye,
    Error,
    Events,
    Heads,
    Hello,
    Join,
    Page,
    People,
    PeoplePage,
    Ping,
    Pong,
    Read,
    Refused,
    Room,
    Send,
    Welcome,
    decode,
)
from protocol.invite import Invite
from protocol.items import decode_item, encode_item
from protocol.keys import KeyPair
from tests.benchmarks.peer import Peer

PATIENCE_S = 30.0
_PER_SEND = 64
_WINDOW = 200

T = TypeVar("T", bound=tuple[Any, ...])


class Bare(Peer):
    """One connection, and all that came over it."""

    def __init__(
        self,
        context: sockets.Context,
        invite: Invite,
        nick: str,
        *,
        device: KeyPair | None = None,
        purpose: int = 0,
        token: str | None = None,
    ) -> None:
        self.raw: list[bytes] = []
        self.inbox: list[AnyFrame] = []
        """Frames that nobody has asked for yet."""
        self.live: dict[bytes, list[int]] = defaultdict(list)
        """The ``seq`` of every event that was pushed, in the order of coming."""
        self.events: dict[bytes, dict[int, Event]] = defaultdict(dict)
        self.acked: dict[tuple[bytes, int], int] = {}
        self.heads: dict[bytes, int] = {}
        self.outbox_epoch = os.urandom(8)
        self._next_n: dict[bytes, int] = defaultdict(lambda: 1)
        self._request = 0
        super().__init__(context, invite, nick, device=device, purpose=purpose, token=token)

    # --- receiving --------------------------------------------------------------------------

    def receive(self, timeout_s: float = PATIENCE_S) -> AnyFrame:
        """Wait for the next frame, remember it and decode it."""
        if not self.socket.poll(max(int(timeout_s * 1_000), 0)):
            raise TimeoutError(f"{self.nick}: no frame came")
        data = self.socket.recv()
        self.raw.append(data)
        frame = decode(data)
        self._remember(frame)
        return frame

    def expect(
        self,
        made: type[T],
        right: Callable[[T], bool] = lambda _: True,
        timeout_s: float = PATIENCE_S,
    ) -> T:
        """Return the first frame of this kind that is right; keep all others."""
        deadline = time.monotonic() + timeout_s
        for index, frame in enumerate(self.inbox):
            if isinstance(frame, made) and right(frame):
                del self.inbox[index]
                return frame
        while True:
            frame = self.receive(deadline - time.monotonic())
            if isinstance(frame, made) and right(frame):
                return frame
            self.inbox.append(frame)

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Take frames until ``condition`` holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            self.inbox.append(self.receive(deadline - time.monotonic()))

    def barrier(self) -> None:
        """Take everything that the gateway had sent before now."""
        nonce = int.from_bytes(os.urandom(4), "big")
        self.send(Ping(nonce))
        self.expect(Pong, lambda pong: pong.nonce == nonce)

    def _remember(self, frame: AnyFrame) -> None:
        if isinstance(frame, Events | Page):
            for block in frame.blocks:
                for event in decode_block(block):
                    known = self.events[frame.room].setdefault(event.seq, event)
                    assert known == event, f"event {event.seq} came in two versions"
                    if isinstance(frame, Events):
                        self.live[frame.room].append(event.seq)
        elif isinstance(frame, Ack):
            for place in range(frame.count):
                name = (frame.room, frame.first_n + place)
                seq = frame.first_seq + place
                assert self.acked.setdefault(name, seq) == seq, "an ack changed its mind"
        elif isinstance(frame, Heads | Pong):
            for room, head, *_ in frame.heads:
                self.heads[room] = max(head, self.heads.get(room, 0))

    # --- asking -----------------------------------------------------------------------------

    def greet(self) -> Welcome:
        """Wait for WELCOME."""
        self.welcome = self.expect(Welcome)
        return self.welcome

    @property
    def person(self) -> bytes:
        assert self.welcome is not None
        return self.welcome.person

    def ask(self, question: AnyFrame, made: type[T]) -> T:
        """Send a request under a fresh number and return its answer."""
        number = self._ask(question)
        answer = self._answer(number, made, Error)
        assert isinstance(answer, made), answer
        return answer

    def ask_wrong(self, question: AnyFrame) -> Error:
        """Send a request that must be refused; return the ERROR."""
        wrong = self._answer(self._ask(question), Error)
        assert isinstance(wrong, Error)
        return wrong

    def _ask(self, question: AnyFrame) -> int:
        self._request += 1
        fields = question[1:]
        self.send(type(question)._make((self._request, *fields)))  # type: ignore[attr-defined]
        return self._request

    def _answer(self, number: int, *kinds: type[Any]) -> Any:
        def is_answer(frame: AnyFrame) -> bool:
            return number == (frame.request if isinstance(frame, Error) else frame[0])

        deadline = time.monotonic() + PATIENCE_S
        while True:
            for index, frame in enumerate(self.inbox):
                if isinstance(frame, kinds) and is_answer(frame):
                    del self.inbox[index]
                    return frame
            self.inbox.append(self.receive(deadline - time.monotonic()))

    def enter(self, name: str) -> bytes:
        """Join or make an open room; return its id."""
        return self.ask(Join(0, name, True), Room).room

    def people(self) -> dict[str, bool]:
        """Return everybody's nickname and whether they are online."""
        page = self.ask(People(0, b"", 500), PeoplePage)
        return {nick: online for _, nick, online, *_ in page.people}

    def read(self, room: bytes, after: int = 0, before: int = 0, limit: int = 500) -> Page:
        """Return one page of history."""
        return self.ask(Read(0, room, after, before, limit), Page)

    def read_all(self, room: bytes) -> list[Event]:
        """Read a room from its first event to its last; check that nothing is missing."""
        after = 0
        while True:
            page = self.read(room, after)
            seqs = [event.seq for block in page.blocks for event in decode_block(block)]
            after = max([after, *seqs])
            if not page.more:
                break
            assert seqs, "a page that says more must hold something"
        assert sorted(self.events[room]) == list(range(1, after + 1))
        return [self.events[room][seq] for seq in range(1, after + 1)]

    # --- talking ----------------------------------------------------------------------------

    def say(self, room: bytes, *texts: str, n: int | None = None) -> int:
        """Send texts as one SEND; return the counter of the first."""
        first_n = self._next_n[room] if n is None else n
        self._next_n[room] = max(self._next_n[room], first_n + len(texts))
        self.send(Send(room, self.outbox_epoch, first_n, [text_item(one) for one in texts]))
        return first_n

    def tell(self, room: bytes, *texts: str) -> list[int]:
        """Say texts, however many, and return the ``seq`` of each when all are acknowledged."""
        counters: list[int] = []
        for start in range(0, len(texts), _PER_SEND):
            part = texts[start : start + _PER_SEND]
            first_n = self.say(room, *part)
            fresh = range(first_n, first_n + len(part))
            counters += fresh
            self.until(lambda fresh=fresh: all((room, n) in self.acked for n in fresh))  # type: ignore[misc]
        return [self.acked[room, n] for n in counters]

    def hear(self, room: bytes, *texts: str) -> None:
        """Wait until these texts have come."""
        self.until(lambda: set(texts) <= set(self.texts(room)))

    def texts(self, room: bytes) -> list[str]:
        """Return all texts of a room that are here, in their order."""
        return texts_of(self.events[room][seq] for seq in sorted(self.events[room]))

    def notices(self, room: bytes) -> list[tuple[str, str]]:
        """Return what and whom the notices of a room tell of, in their order."""
        found: list[tuple[str, str]] = []
        for seq in sorted(self.events[room]):
            kind, body = decode_item(self.events[room][seq].item)
            if kind is EventKind.NOTICE:
                found.append((body["what"], self.events[room][seq].nick))
        return found


class Stubborn(Bare):
    """A bare client that sends every text until it is acknowledged, whatever happens between."""

    def push(self, room: bytes, texts: list[str], enough: Callable[[], bool]) -> bool:
        """Send ``texts`` as the counters 1, 2, …; return early, with False, once ``enough``."""
        sent = self._acked_of(room)
        busy: Busy | None = None
        while (done := self._acked_of(room)) < len(texts):
            if enough():
                return False
            if busy is not None and done + 1 >= busy.first_n:
                # Nothing from here on was taken, and what was before has its answer.
                time.sleep(busy.retry_ms / 1_000)
                sent, busy = done, None
            while busy is None and sent < len(texts) and sent - done < _WINDOW:
                part = texts[sent : sent + 20]
                self.say(room, *part, n=sent + 1)
                sent += len(part)
            frame = self.receive()
            if isinstance(frame, Busy):
                busy = frame if busy is None else min(busy, frame, key=lambda one: one.first_n)
            elif isinstance(frame, Error | Bye):
                self._greet_again()
                sent, busy = self._acked_of(room), None
            else:
                assert not isinstance(frame, Refused), frame
        return True

    def _greet_again(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.send(Hello("bare", self.nick, None, 0))
            while True:
                frame = self.receive()
                if isinstance(frame, Welcome):
                    return
                # Other errors are of what was sent before.
                if isinstance(frame, Error | Bye) and frame.code == ErrorCode.UNAVAILABLE:
                    break
            time.sleep(0.1)
        raise TimeoutError(f"{self.nick}: no WELCOME came")

    def _acked_of(self, room: bytes) -> int:
        return sum(1 for name, _ in self.acked if name == room)


def text_item(text: str) -> bytes:
    """Return the item of a text."""
    return encode_item(EventKind.TEXT, {"text": text})


def texts_of(events: Iterator[Event] | list[Event]) -> list[str]:
    """Return what the texts among ``events`` say."""
    found: list[str] = []
    for event in events:
        kind, body = decode_item(event.item)
        if kind is EventKind.TEXT:
            found.append(body["text"])
    return found


class Circle:
    """Makes bare clients on one server's gateways, and closes them all at the end."""

    def __init__(self) -> None:
        self.context: sockets.Context = zmq.Context()
        self._made: list[Bare] = []

    def __call__(
        self,
        invite: Invite,
        nick: str,
        gateway: int = 0,
        *,
        device: KeyPair | None = None,
        purpose: int = 0,
        token: str | None = None,
        made: type[Bare] = Bare,
        welcome: bool = True,
    ) -> Bare:
        """Connect to a gateway by its place in the invite, say HELLO and wait for WELCOME."""
        there = replace(invite, addresses=(invite.addresses[gateway],))
        one = made(self.context, there, nick, device=device, purpose=purpose, token=token)
        self._made.append(one)
        if welcome:
            one.greet()
        return one

    def close(self) -> None:
        for one in self._made:
            one.close()
        self.context.term()


@contextmanager
def circle() -> Iterator[Circle]:
    """Lend a circle."""
    one = Circle()
    try:
        yield one
    finally:
        one.close()
