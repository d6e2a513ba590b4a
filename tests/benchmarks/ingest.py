"""Ingest: how many messages a second are stored and acknowledged, and what one costs."""

import time
from dataclasses import dataclass, field

import zmq

from protocol.blocks import decode_block
from protocol.codes import EventKind
from protocol.frames import Ack, Join, Leave, Page, Read, Room, Send, encode, kind_of, unpack
from protocol.items import encode_item
from protocol.sockets import Context
from tests.benchmarks.cluster import Cluster, settle
from tests.benchmarks.corpus import bodies
from tests.benchmarks.fleet import percentile_ms
from tests.benchmarks.peer import Peer

_CORPUS = 4_000


@dataclass(slots=True)
class _Sender:
    peer: Peer
    room: bytes
    epoch: bytes
    sent: int = 0
    acked: int = 0
    sent_ns: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingest:
    """What to measure; every sender writes into a room of its own, which it also hears."""

    senders: int
    window: int
    per_frame: int
    size: int
    seconds: float = 6.0

    def run(self) -> dict[str, object]:
        """Measure once; return the keys that the README explains."""
        items = [encode_item(EventKind.TEXT, {"text": one}) for one in bodies(_CORPUS, self.size)]
        with Cluster() as cluster:
            context: Context = zmq.Context()
            senders = [self._enter(context, cluster, number) for number in range(self.senders)]
            settle(cluster)
            self._pump(senders, items, 0.5)
            latencies: list[int] = []
            before, acked = cluster.cpu_ns(), sum(one.acked for one in senders)
            started = time.monotonic()
            self._pump(senders, items, self.seconds, latencies)
            took_s = time.monotonic() - started
            acked = sum(one.acked for one in senders) - acked
            spent_ns = cluster.cpu_ns() - before
            for one in senders:
                self._check(one, items)
            for one in senders:
                one.peer.close()
            context.term()
        return {
            "bench": "ingest",
            "senders": self.senders,
            "window": self.window,
            "per_frame": self.per_frame,
            "size": self.size,
            "acked": acked,
            "acked_per_s": round(acked / took_s),
            "server_cpu_us_per_message": round(spent_ns / 1e3 / max(acked, 1), 2),
            "p50_ms": round(percentile_ms(latencies, 0.50), 3),
            "p99_ms": round(percentile_ms(latencies, 0.99), 3),
        }

    def _enter(self, context: Context, cluster: Cluster, number: int) -> _Sender:
        peer = Peer(context, cluster.invite, f"sender{number}")
        general = peer.greet().rooms[0][0]
        peer.send(Join(1, f"bench {number}", True))
        room = peer.wait_for(Room)
        assert isinstance(room, Room)
        peer.send(Leave(2, general))
        return _Sender(peer, room.room, b"ingest-%d" % number)

    def _check(self, one: _Sender, items: list[bytes]) -> None:
        """Raise :class:`RuntimeError` unless the room holds all that was sent, in order.

        The last event counts them; items are compared at the beginning, in the middle, at the end.
        """
        first = self._page(one, 0)
        told = [event for block in first.blocks for event in decode_block(block)]
        before = next(event.seq for event in told if event.outbox_epoch == one.epoch) - 1
        """Events that are not the sender's: notices that it made the room."""
        head = first.head
        if head != before + one.sent:
            raise RuntimeError(f"the room holds {head - before} of {one.sent} messages")
        for after in (before, before + one.sent // 2, max(head - 50, before)):
            events = [
                event for block in self._page(one, after).blocks for event in decode_block(block)
            ]
            for event in events:
                frame, place = divmod(event.n - 1, self.per_frame)
                start = frame * self.per_frame % (len(items) - self.per_frame)
                if event.seq > before and (
                    event.n != event.seq - before or event.item != items[start + place]
                ):
                    raise RuntimeError(f"event {event.seq} is not message {event.seq - before}")
            if not events or (after == max(head - 50, before) and events[-1].seq != head):
                raise RuntimeError(f"the page after {after} ends too early")

    def _page(self, one: _Sender, after: int) -> Page:
        one.peer.send(Read(1, one.room, after, 0, 100))
        page = one.peer.wait_for(Page)
        assert isinstance(page, Page)
        return page

    def _pump(
        self,
        senders: list[_Sender],
        items: list[bytes],
        seconds: float,
        latencies: list[int] | None = None,
    ) -> None:
        """Keep every window full for a while, then wait until all is acknowledged."""
        poller = zmq.Poller()
        by_socket = {}
        for one in senders:
            by_socket[one.peer.socket] = one
            poller.register(one.peer.socket, zmq.POLLIN)
            self._fill(one, items)
        deadline = time.monotonic() + seconds
        while True:
            filling = time.monotonic() < deadline
            if not filling and all(one.acked == one.sent for one in senders):
                return
            for socket, _ in poller.poll(1_000):
                one = by_socket[socket]
                self._drain(one, latencies)
                if filling:
                    self._fill(one, items)

    def _fill(self, one: _Sender, items: list[bytes]) -> None:
        send, step = one.peer.socket.send, self.per_frame
        while one.sent - one.acked + step <= max(self.window, step):
            start = one.sent % (len(items) - step)
            frame = Send(one.room, one.epoch, one.sent + 1, items[start : start + step])
            one.sent_ns[one.sent + step] = time.monotonic_ns()
            send(encode(frame))
            one.sent += step

    def _drain(self, one: _Sender, latencies: list[int] | None) -> None:
        receive = one.peer.socket.recv
        for _ in range(256):
            try:
                data = receive(zmq.DONTWAIT)
            except zmq.Again:
                return
            kind = kind_of(data)
            if kind.name == "ACK":
                ack = Ack._make(unpack(data[2:]))
                last = ack.first_n + ack.count - 1
                if latencies is not None:
                    now = time.monotonic_ns()
                    for n in range(one.acked + 1, last + 1):
                        if n in one.sent_ns:
                            latencies.append(now - one.sent_ns.pop(n))
                one.acked = max(one.acked, last)
            elif kind.name in ("BUSY", "GAP", "REFUSED", "ERROR"):
                busy = unpack(data[2:])
                raise RuntimeError(f"{kind.name} after {one.acked} of {one.sent}: {busy[2:]}")
