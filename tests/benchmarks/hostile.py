"""Clients that send as much as they can and hear nothing of it: the other side of ``bench flood``.

Run as ``python -m tests.benchmarks.hostile LINK KIND COUNT NAME [behind]``, a process for each
kind. All have valid keys and come in as anybody does. It prints ``ready``. With the first line on
stdin it keeps a core busy and sends nothing, so that one can tell what the mere presence of such a
process costs; with the second it does its worst, until the third; then it prints one JSON object
with what came back. ``behind``: it runs when nobody else wants to (SCHED_IDLE, else the lowest
priority), because such clients do not share a machine with those whom they flood.
"""

import contextlib
import json
import os
import random
import resource
import select
import sys
import time
from collections import Counter
from itertools import count

import zmq

from protocol import sockets
from protocol.codes import ErrorCode, EventKind
from protocol.errors import WireError
from protocol.frames import Busy, Bye, Error, Hello, Page, Ping, Read, Send, decode, encode
from protocol.invite import Invite, endpoint, parse_address
from protocol.items import encode_item
from protocol.sockets import Context, Socket
from tests.benchmarks.peer import Peer

KINDS = ("garbage", "send", "read", "greet", "connect")

_AT_ONCE = 64
_STUCK_S = 0.5
_ITEM = encode_item(EventKind.TEXT, {"text": "spam " * 20})


class Hostile:
    """One device; it makes a new connection whenever the old one is of no use any more."""

    def __init__(self, context: Context, invite: Invite, kind: str, name: str, host: str) -> None:
        self._context = context
        self._host = host
        self._invite = invite
        self._kind = kind
        peer = Peer(context, invite, name)
        welcome = peer.greet()
        self._device = peer.device
        self._room = welcome.rooms[0][0]
        self.socket: Socket = peer.socket
        self._hello = encode(Hello("hostile", name, None, 0))
        self._epoch = os.urandom(8)
        self._n = count(1)
        self._moved_s = 0.0
        self._dice = random.Random(name)
        self.got: Counter[str] = Counter()

    def attack(self, now_s: float) -> None:
        """Send until the pipe is full."""
        if self._kind == "connect":
            self._connect()
            return
        sent = 0
        while sent < _AT_ONCE:
            try:
                for data in self._blow():
                    self.socket.send(data, zmq.DONTWAIT)
                    sent += 1
            except zmq.Again:
                break
        self.got["sent"] += sent
        if sent:
            self._moved_s = now_s
        elif now_s - self._moved_s > _STUCK_S:
            self._connect()
            self._moved_s = now_s

    def _blow(self) -> list[bytes]:
        if self._kind == "garbage":
            return [self._dice.randbytes(self._dice.randrange(300))]
        if self._kind == "send":
            return [encode(Send(self._room, self._epoch, next(self._n), [_ITEM]))]
        if self._kind == "read":
            return [encode(Read(next(self._n) % 2**32, self._room, 0, 0, 500))]
        return [self._hello, encode(Bye(0, "", 0, []))]

    def _connect(self) -> None:
        self.socket.close(0)
        self.socket = sockets.client(self._context, self._device, self._invite.server_key)
        self.socket.setsockopt(zmq.SNDHWM, 100)
        to = endpoint(*parse_address(self._invite.addresses[0], 8080)).removeprefix("tcp://")
        self.socket.connect(f"tcp://{self._host}:0;{to}")
        self.got["connections"] += 1
        with contextlib.suppress(zmq.Again):  # it may be refused already
            self.socket.send(self._hello, zmq.DONTWAIT)

    def hear(self) -> None:
        """Count what comes back."""
        for _ in range(_AT_ONCE):
            try:
                data = self.socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            try:
                frame = decode(data)
            except WireError:
                continue
            if isinstance(frame, Busy):
                self.got["busy"] += 1
            elif isinstance(frame, Page):
                self.got["pages"] += 1
            elif isinstance(frame, Error):
                self.got["error_busy" if frame.code == ErrorCode.BUSY else "error"] += 1
            elif isinstance(frame, Bye):
                self.got[f"bye_{ErrorCode(frame.code).name.lower()}"] += 1


def main() -> None:
    """Run some of them as a process."""
    invite, kind, number, name = Invite.parse(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    if "behind" in sys.argv[5:]:
        _step_back()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context: Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 10_000)
    # Each comes from an address of its own, all of which are this machine's.
    some = [
        Hostile(context, invite, kind, f"{name}{place}", f"127.1.{KINDS.index(kind)}.{place + 1}")
        for place in range(int(number))
    ]
    print("ready", flush=True)
    cue = Cue()
    _stay(some, cue, 1, 0.05)
    _stay(some, cue, 2, 0)
    while not cue.given(3, 0):
        for one in some:
            one.attack(time.monotonic())
            one.hear()
        if kind == "connect":
            time.sleep(0.01)
    got: Counter[str] = sum((one.got for one in some), Counter())
    print(json.dumps(got), flush=True)
    context.destroy(0)


class Cue:
    """Counts the lines that have come on stdin, past its buffer: two may come at once."""

    def __init__(self) -> None:
        self._lines = 0

    def given(self, lines: int, wait_s: float) -> bool:
        """Whether so many lines have come, or stdin has ended."""
        while self._lines < lines and select.select([0], [], [], wait_s)[0]:
            came = os.read(0, 1_000)
            self._lines += came.count(b"\n") if came else lines
        return self._lines >= lines


def _stay(some: list[Hostile], cue: Cue, lines: int, wait_s: float) -> None:
    """Until so many lines have come, take what comes and ping, as anybody does.

    ``wait_s`` is how long to sleep in between; 0: a core is kept busy.
    """
    pinged_s = 0.0
    dice = random.Random(1)
    while not cue.given(lines, wait_s):
        if not wait_s:
            dice.randbytes(100_000)
        for one in some:
            one.hear()
        if time.monotonic() - pinged_s > 10:
            pinged_s = time.monotonic()
            for one in some:
                one.socket.send(encode(Ping(1)), zmq.DONTWAIT)


def _step_back() -> None:
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    elif sys.platform != "win32":
        os.nice(19)


if __name__ == "__main__":
    main()
