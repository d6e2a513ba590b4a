"""Many bare clients in one process: the receiving side of the benchmarks.

Run as ``python -m tests.benchmarks.fleet LINK COUNT NAME``. It prints ``ready`` when all are
welcome, then obeys lines on stdin, each answered with one JSON object: ``expect COUNT`` (receive
``COUNT`` benchmark messages at every client), ``idle SECONDS`` (ping as clients do), ``again``
(connect anew); and ``quit``.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

import zmq

from protocol.blocks import decode_block
from protocol.codes import EventKind
from protocol.frames import (
    Events,
    Heads,
    Page,
    Ping,
    Pong,
    Read,
    decode,
)
from protocol.invite import Invite
from protocol.items import decode_item
from protocol.limits import PAGE_MAX_EVENTS
from protocol.sockets import Context
from tests.benchmarks.peer import Peer

_CONNECTING_MAX = 64
"""Handshakes under way at a time: the measure is their cost, not a storm."""
_QUIET_S = 20.0

Arrival = tuple[int, int]
"""seq and the time that stands in the text (0: not a benchmark's)."""


def connect(context: Context, invite: Invite, count: int, name: str) -> list[Peer]:
    """Connect and enrol ``count`` clients, a few at a time."""
    peers: list[Peer] = []
    for part in _parts(count):
        fresh = [Peer(context, invite, f"{name}{number}") for number in part]
        for peer in fresh:
            peer.greet()
        peers += fresh
    return peers


def connect_again(peers: list[Peer]) -> None:
    """Give every client a new connection, as after the end of its gateway, a few at a time."""
    for peer in peers:
        peer.close()
    for part in _parts(len(peers)):
        for number in part:
            peers[number].connect()
        for number in part:
            peers[number].greet()


def _parts(count: int) -> Iterator[range]:
    for first in range(0, count, _CONNECTING_MAX):
        yield range(first, min(first + _CONNECTING_MAX, count))


class Fleet:
    """Receives at all clients; every frame is decoded once, however many get it."""

    def __init__(self, peers: list[Peer]) -> None:
        """Watch these clients."""
        self._peers = {peer.socket: peer for peer in peers}
        self._poller = zmq.Poller()
        for socket in self._peers:
            self._poller.register(socket, zmq.POLLIN)
        self._cache: dict[bytes, tuple[list[Arrival], bool]] = {}
        self.latencies_ns: list[int] = []
        self.delivered = 0
        self.in_order = True
        self.fetched = 0
        self.frames = 0

    def expect(self, count: int) -> None:
        """Receive until every client has ``count`` benchmark messages, or nothing comes."""
        wanted = count * len(self._peers)
        quiet_since = time.monotonic()
        while self.delivered < wanted and time.monotonic() - quiet_since < _QUIET_S:
            for socket, _ in self._poller.poll(100):
                quiet_since = time.monotonic()
                self._drain(self._peers[socket])

    def catch_up(self) -> None:
        """Take what came while others connected, until nothing comes for a moment."""
        while ready := self._poller.poll(300):
            for socket, _ in ready:
                self._drain(self._peers[socket])

    def idle(self, seconds: float) -> None:
        """Answer and ping as clients do, for a while."""
        deadline = time.monotonic() + seconds
        step = seconds / max(len(self._peers), 1)
        peers = list(self._peers.values())
        pings = int(sum(seconds * 1_000 / one.welcome.ping_ms for one in peers if one.welcome))
        sent = 0
        while (now := time.monotonic()) < deadline:
            due = int(pings * (1 - (deadline - now) / seconds))
            while sent < due:
                peers[sent % len(peers)].send(Ping(sent))
                sent += 1
            for socket, _ in self._poller.poll(max(int(step * 1_000), 20)):
                self._drain(self._peers[socket])

    def _drain(self, peer: Peer) -> None:
        receive = peer.socket.recv
        for _ in range(64):
            try:
                data = receive(zmq.DONTWAIT)
            except zmq.Again:
                return
            self._take(peer, data)

    def _take(self, peer: Peer, data: bytes) -> None:
        known = self._cache.get(data)
        if known is None:
            frame = decode(data)
            if isinstance(frame, Heads | Pong):
                if any(head > peer.last for _, head in frame.heads):
                    self._read_on(peer)
                return
            if not isinstance(frame, Events | Page):
                return
            arrivals = [
                (event.seq, _stamp(event.item))
                for block in frame.blocks
                for event in decode_block(block)
            ]
            known = arrivals, isinstance(frame, Page) and frame.more
            if len(self._cache) > 512:
                self._cache.clear()
            self._cache[data] = known
            self.fetched += isinstance(frame, Page)
        arrivals, more = known
        self.frames += 1
        now = time.monotonic_ns()
        for seq, stamp in arrivals:
            if seq <= peer.last:
                continue
            if seq != peer.last + 1:
                more = True  # a hole: the rest of this frame is fetched with what is missing
                break
            peer.last = seq
            if stamp:
                self.delivered += 1
                if stamp < peer.stamp:
                    self.in_order = False
                peer.stamp = stamp
                self.latencies_ns.append(now - stamp)
        if more:
            self._read_on(peer)

    def _read_on(self, peer: Peer) -> None:
        assert peer.welcome is not None
        peer.send(Read(1, peer.welcome.rooms[0][0], peer.last, 0, PAGE_MAX_EVENTS))


def _stamp(item: bytes) -> int:
    kind, body = decode_item(item)
    if kind is not EventKind.TEXT or not body["text"].startswith("@"):
        return 0
    return int(body["text"][1:17], 16)


def percentile_ms(values_ns: list[int], share: float) -> float:
    """Return a percentile in ms."""
    if not values_ns:
        return float("nan")
    values_ns.sort()
    return values_ns[min(int(len(values_ns) * share), len(values_ns) - 1)] / 1e6


def main() -> None:
    """Run a fleet as a process."""
    invite, count, name = Invite.parse(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context: Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, count + 1_000)
    peers = connect(context, invite, count, name)
    Fleet(peers).catch_up()
    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        fleet = Fleet(peers)
        if word == "expect":
            fleet.expect(int(rest[0]))
            result = {
                "delivered": fleet.delivered,
                "in_order": fleet.in_order,
                "pages": fleet.fetched,
                "frames": fleet.frames,
                "p50_ms": percentile_ms(fleet.latencies_ns, 0.50),
                "p99_ms": percentile_ms(fleet.latencies_ns, 0.99),
            }
            print(json.dumps(result), flush=True)
        elif word == "again":
            connect_again(peers)
            print("{}", flush=True)
        elif word == "idle":
            fleet.idle(float(rest[0]))
            print("{}", flush=True)
        else:
            break
    context.destroy(0)


if __name__ == "__main__":
    main()
