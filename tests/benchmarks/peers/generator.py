"""The load: one process, one epoll, many clients that receive and one sender.

It knows sockets and a peer's bytes, and nothing of any protocol. Every message is compared whole
with what was sent, at its place in the order: what is lost, damaged, doubled or out of order is
counted. In a burst the sender sends as fast as the server takes it; with a rate, every message
carries the time at which it was due, so a late sender shows as latency.
"""

import gc
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from tests.benchmarks.peers.peer import Peer, Step

_PER_SEND = 50
_PER_POLL = 64
"""Sockets read before the sender is asked again whether a message is due."""
_BUFFER_BYTES = 256 * 1024
_DIALOGUE_S = 30.0
_QUIET_S = 15.0
"""Nothing came for so long: the rest is lost."""
_UNFINISHED_MAX = 4 * 1024 * 1024


@dataclass(slots=True)
class Client:
    """One connection that receives."""

    socket: socket.socket
    unfinished: bytes = b""
    got: int = 0
    """Index of the next message."""
    unsaid: bytes = b""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all clients together have seen of one load. Times are of the monotonic clock."""

    delivered: int
    lost: int
    damaged: int
    disordered: int
    took_s: float
    latencies_ns: list[int]
    generator_cpu_s: float


class Generator:
    """All connections to one server; used by one thread."""

    def __init__(self, peer: Peer, port: int) -> None:
        """Nothing is connected yet."""
        self._peer = peer
        self._port = port
        self._clients: dict[int, Client] = {}
        self._epoll = select.epoll()
        self._buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._sender: socket.socket
        self._sent: list[bytes] = []
        self._place: dict[bytes, int] = {}
        self._stamps: list[int] = []
        self._arrivals: list[tuple[int, int, int]] = []
        """(index of the first message, how many, when)"""
        self._damaged = self._disordered = self._delivered = 0

    def connect(self, clients: int) -> None:
        """Connect everybody and go through the peer's dialogues."""
        for number in range(clients):
            one = self._dial(self._peer.join(number))
            self._clients[one.fileno()] = Client(one)
            self._epoll.register(one, select.EPOLLIN)
            if number % 16 == 15:
                self._discard(0.0)
        self._sender = self._dial(self._peer.enter())
        self._epoll.register(self._sender, select.EPOLLIN)
        self._discard(0.3)

    def close(self) -> None:
        """Close all connections."""
        self._epoll.close()
        for client in self._clients.values():
            client.socket.close()
        if hasattr(self, "_sender"):
            self._sender.close()

    def _dial(self, steps: tuple[Step, ...]) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self._port), _DIALOGUE_S)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for step in steps:
            one.sendall(step.say)
            heard = b""
            while step.until is not None and not step.until.search(heard):
                more = one.recv(65_536)
                if not more:
                    raise RuntimeError(f"the server hung up: {heard[-300:]!r}")
                heard += more
        one.setblocking(False)
        return one

    def _discard(self, quiet_s: float) -> None:
        """Read what came besides messages, until nothing comes for a while."""
        while ready := self._epoll.poll(quiet_s, _PER_POLL):
            for number, _ in ready:
                client = self._clients.get(number)
                one = client.socket if client else self._sender
                if not one.recv_into(self._buffer):
                    raise RuntimeError("the server hung up before the load")

    def run(self, texts: list[str], rate: float) -> Outcome:
        """Send all texts at a rate (0: a burst); return when all came, or nothing comes."""
        self._discard(0.3)
        self._sent, self._stamps, self._arrivals, self._place = [], [], [], {}
        self._damaged = self._disordered = self._delivered = 0
        for client in self._clients.values():
            client.unfinished, client.got = b"", 0
        gc.collect()
        gc.disable()
        try:
            cpu, started = time.process_time(), time.monotonic_ns()
            last = self._loop([text.encode() for text in texts], rate, started)
            cpu = time.process_time() - cpu
        finally:
            gc.enable()
        latencies: list[int] = []
        stamps = self._stamps
        for first, count, now in self._arrivals:
            latencies += [now - stamp for stamp in stamps[first : first + count]]
        return Outcome(
            delivered=self._delivered,
            lost=len(texts) * len(self._clients) - self._delivered,
            damaged=self._damaged,
            disordered=self._disordered,
            took_s=(last - started) / 1e9,
            latencies_ns=latencies,
            generator_cpu_s=cpu,
        )

    def _loop(self, bodies: list[bytes], rate: float, started: int) -> int:
        """Send and receive; return when the last message came."""
        total, wanted = len(bodies), len(bodies) * len(self._clients)
        step_ns = int(1e9 / rate) if rate else 0
        sender_number = self._sender.fileno()
        pending = b""
        last = started
        while self._delivered < wanted:
            now = time.monotonic_ns()
            sent = len(self._sent)
            due = min((now - started) // step_ns + 1, total) if step_ns else total
            if not pending and sent < due:
                pending = self._compose(bodies, sent, min(due, sent + _PER_SEND), started, step_ns)
            if pending:
                with suppress(BlockingIOError):
                    pending = pending[self._sender.send(pending) :]
                wait_s = 0.001
            elif sent < total:
                wait_s = max(started + sent * step_ns - now, 0) / 1e9
            else:
                wait_s = 0.1
            ready = self._epoll.poll(wait_s, _PER_POLL)
            for number, _ in ready:
                if number == sender_number:
                    if not self._sender.recv_into(self._buffer):
                        raise RuntimeError("the server hung up on the sender")
                else:
                    self._receive(self._clients[number])
            if ready:
                last = time.monotonic_ns()
            elif now - last > _QUIET_S * 1e9 and len(self._sent) == total and not pending:
                break
        return self._arrivals[-1][2] if self._arrivals else last

    def _compose(self, bodies: list[bytes], first: int, end: int, started: int, step: int) -> bytes:
        peer, parts = self._peer, []
        for index in range(first, end):
            stamp = started + index * step if step else time.monotonic_ns()
            body = b"@%016x %s" % (stamp, bodies[index])
            parts.append(peer.publish(index + 1, body))
            carried = peer.carried(body)
            self._stamps.append(stamp)
            self._place[carried] = index
            self._sent.append(carried)
        return b"".join(parts)

    def _receive(self, client: Client) -> None:
        try:
            count = client.socket.recv_into(self._buffer)
        except BlockingIOError:
            return
        now = time.monotonic_ns()
        if not count:
            raise RuntimeError("the server hung up on a client")
        data = client.unfinished + self._view[:count]
        found = self._peer.pattern.findall(data)
        if not found:
            client.unfinished = data
            if len(data) > _UNFINISHED_MAX:
                raise RuntimeError(f"no message in {len(data)} bytes: {data[:300]!r}")
            return
        first, count = client.got, len(found)
        if found == self._sent[first : first + count]:
            client.got += count
            self._delivered += count
            self._arrivals.append((first, count, now))
        else:
            self._examine(client, found, now)
        end = data.rfind(found[-1]) + len(found[-1])
        if answer := client.unsaid + self._peer.answer(data[:end]):
            try:
                client.unsaid = answer[client.socket.send(answer) :]
            except BlockingIOError:
                client.unsaid = answer
        client.unfinished = data[end:]

    def _examine(self, client: Client, found: list[bytes], now: int) -> None:
        """Take messages one by one, because something is wrong with them."""
        for body in found:
            index = self._place.get(body)
            if index is None:
                self._damaged += 1
            elif index < client.got:
                self._disordered += 1
            else:
                client.got = index + 1
                self._delivered += 1
                self._arrivals.append((index, 1, now))
