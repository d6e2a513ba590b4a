"""Spread: the same messages to the same clients, in more rooms or through more gateways.

Every client is in every room, so messages and deliveries are the same however many rooms there are;
or, ``divided``, each is in one of them. Clients are spread over the gateways. Messages come at a
steady rate, to one room after the other.

Run as ``python -m tests.benchmarks.spread LINK COUNT NAME ROOMS [divided]`` it is the crowd of one
gateway: it prints ``ready`` when all are in their rooms, then obeys ``expect COUNT`` as
:mod:`tests.benchmarks.fleet` does.
"""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

import zmq

from protocol.blocks import decode_block
from protocol.codes import EventKind
from protocol.frames import (
    Ack,
    Events,
    Heads,
    Join,
    Leave,
    Page,
    Ping,
    Pong,
    Read,
    Room,
    Send,
    decode,
    kind_of,
)
from protocol.invite import Invite
from protocol.items import decode_item, encode_item
from protocol.limits import PAGE_MAX_EVENTS
from protocol.sockets import Context, raise_file_limit
from tests.benchmarks.cluster import Cluster, cpu_ns, settle
from tests.benchmarks.corpus import bodies
from tests.benchmarks.fleet import Fleet, connect, percentile_ms
from tests.benchmarks.peer import Peer

_STAMP_BYTES = 18
_JOINING_MAX = 20
"""Rooms that one client enters at a time."""
_LAST_S = 60.0
_PING_S = 10.0


def enter(peer: Peer, rooms: range) -> dict[bytes, int]:
    """Enter the rooms, which the first one makes; return their ids, in order, and their heads."""
    entered: dict[bytes, int] = {}
    assert peer.welcome is not None
    # One may be in 200 rooms; the one that everybody is in is no part of the measure.
    peer.send(Leave(0, peer.welcome.rooms[0][0]))
    for begin in range(0, len(rooms), _JOINING_MAX):
        part = rooms[begin : begin + _JOINING_MAX]
        for number in part:
            peer.send(Join(number + 1, f"room {number}", True))
        for _ in part:
            room = peer.wait_for(Room)
            assert isinstance(room, Room)
            entered[room.room] = room.head
    return entered


class Crowd(Fleet):
    """Receives in many rooms; messages of a room must come once and in order at every client."""

    def __init__(self, peers: list[Peer], heads: list[dict[bytes, int]]) -> None:
        """Watch these clients, who know their rooms up to these heads."""
        super().__init__(peers)
        self._last = {id(peer): known for peer, known in zip(peers, heads, strict=True)}
        self._stamps: dict[tuple[int, bytes], int] = {}
        self._read_frames: dict[bytes, tuple[bytes, list[tuple[int, int]], bool]] = {}

    def forget(self) -> None:
        """Count anew."""
        self.latencies_ns, self.delivered, self.fetched, self.frames = [], 0, 0, 0

    def _take(self, peer: Peer, data: bytes) -> None:
        known = self._read_frames.get(data)
        if known is None:
            frame = decode(data)
            if isinstance(frame, Heads | Pong):
                last = self._last[id(peer)]
                for room, head in frame.heads:
                    if head > last.get(room, head):
                        self._fetch(peer, room)
                return
            if not isinstance(frame, Events | Page):
                return
            arrivals = [
                (event.seq, _stamp(event.item))
                for block in frame.blocks
                for event in decode_block(block)
            ]
            known = frame.room, arrivals, isinstance(frame, Page) and frame.more
            if len(self._read_frames) > 4_096:
                self._read_frames.clear()
            self._read_frames[data] = known
            self.fetched += isinstance(frame, Page)
        room, arrivals, more = known
        last = self._last[id(peer)]
        if room not in last:
            return  # the room that everybody was in
        self.frames += 1
        now = time.monotonic_ns()
        for seq, stamp in arrivals:
            if seq <= last[room]:
                continue
            if seq != last[room] + 1:
                more = True
                break
            last[room] = seq
            if stamp:
                self.delivered += 1
                name = (id(peer), room)
                if stamp <= self._stamps.get(name, 0):
                    self.in_order = False
                self._stamps[name] = stamp
                self.latencies_ns.append(now - stamp)
        if more:
            self._fetch(peer, room)

    def _fetch(self, peer: Peer, room: bytes) -> None:
        peer.send(Read(1, room, self._last[id(peer)][room], 0, PAGE_MAX_EVENTS))


def _stamp(item: bytes) -> int:
    kind, body = decode_item(item)
    if kind is not EventKind.TEXT or not body["text"].startswith("@"):
        return 0
    return int(body["text"][1:17], 16)


@dataclass(frozen=True, slots=True)
class Spread:
    """What to measure."""

    clients: int
    rooms: int
    gateways: int
    messages: int
    rate: float
    size: int = 200
    divided: bool = False

    def run(self) -> dict[str, object]:
        """Measure once; raise :class:`RuntimeError` if something did not come, or out of order."""
        if self.divided and self.messages % self.rooms:
            raise RuntimeError("every room must get as many messages as any other")
        each = self.messages // self.rooms if self.divided else self.messages
        texts = bodies(self.messages, max(self.size - _STAMP_BYTES, 1))
        with Cluster(gateways=self.gateways) as cluster, ExitStack() as started:
            context: Context = zmq.Context()
            started.callback(context.destroy, 0)
            crowds = []
            for number, invite in enumerate(cluster.invites):
                count = self.clients // self.gateways + (number < self.clients % self.gateways)
                crowd = self._start(invite, count, f"crowd{number}x")
                started.callback(_end, crowd)
                crowds.append(crowd)
            for crowd in crowds:
                if _line(crowd) != "ready":
                    raise RuntimeError("the clients could not connect")
            # The last to come: it does not ping while the others do.
            sender = Peer(context, cluster.invite, "sender")
            sender.greet()
            rooms = list(enter(sender, range(self.rooms)))
            for wait_ms in (1_000, 0):
                # The sender hears of everybody who has come.
                while sender.socket.poll(wait_ms):
                    sender.socket.recv()
                settle(cluster, limit_s=10.0)
            for crowd in crowds:
                assert crowd.stdin is not None
                crowd.stdin.write(f"expect {each}\n")
                crowd.stdin.flush()
            before, broker_ns = cluster.cpu_ns(), cpu_ns(cluster.broker.pid)
            self._say(sender, rooms, texts)
            results = [json.loads(_line(crowd)) for crowd in crowds]
            settle(cluster)
            spent_ns = cluster.cpu_ns() - before
            broker_ns = cpu_ns(cluster.broker.pid) - broker_ns
        delivered = sum(one["delivered"] for one in results)
        expected = self.clients * each
        if delivered != expected or not all(one["in_order"] for one in results):
            raise RuntimeError(f"{delivered} of {expected} came, or not in order")
        return {
            "bench": "spread",
            "clients": self.clients,
            "rooms": self.rooms,
            "rooms_of_a_client": 1 if self.divided else self.rooms,
            "gateways": self.gateways,
            "messages": self.messages,
            "rate": self.rate,
            "delivered": delivered,
            "pages_fetched": sum(one["pages"] for one in results),
            "messages_per_frame": round(delivered / sum(one["frames"] for one in results), 2),
            "server_cpu_ms": round(spent_ns / 1e6, 1),
            "broker_cpu_ms": round(broker_ns / 1e6, 1),
            "server_cpu_us_per_delivery": round(spent_ns / 1e3 / delivered, 3),
            "p50_ms": round(max(one["p50_ms"] for one in results), 2),
            "p99_ms": round(max(one["p99_ms"] for one in results), 2),
        }

    def _start(self, invite: Invite, count: int, name: str) -> "subprocess.Popen[str]":
        words = [str(invite), str(count), name, str(self.rooms), *["divided"] * self.divided]
        return subprocess.Popen(
            [sys.executable, "-m", __spec__.name, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _say(self, sender: Peer, rooms: list[bytes], texts: list[str]) -> None:
        """Say everything at its time; what is due for a room at once goes in one frame."""
        step_ns = int(1e9 / self.rate)
        started = pinged = time.monotonic_ns()
        counters = dict.fromkeys(rooms, 0)
        sent = acked = 0
        while acked < len(texts):
            now = time.monotonic_ns()
            if now - started > len(texts) * step_ns + _LAST_S * 1e9:
                raise RuntimeError("the broker does not acknowledge any more")
            due: dict[bytes, list[bytes]] = {}
            while sent < len(texts) and started + sent * step_ns <= now:
                body = {"text": f"@{started + sent * step_ns:016x} {texts[sent]}"}
                item = encode_item(EventKind.TEXT, body)
                due.setdefault(rooms[sent % len(rooms)], []).append(item)
                sent += 1
            for room, items in due.items():
                sender.send(Send(room, b"spread-1", counters[room] + 1, items))
                counters[room] += len(items)
            if now - pinged > _PING_S * 1e9:
                pinged = now
                sender.send(Ping(1))
            wait_ms = (started + sent * step_ns - time.monotonic_ns()) / 1e6
            sender.socket.poll(20 if sent == len(texts) else max(int(wait_ms + 0.999), 0))
            acked += _acks(sender)


def _acks(sender: Peer) -> int:
    """Take what came; return how many messages it acknowledges."""
    count = 0
    while True:
        try:
            data = sender.socket.recv(zmq.DONTWAIT)
        except zmq.Again:
            return count
        if kind_of(data).name in ("ACK", "BUSY", "GAP", "REFUSED", "ERROR", "BYE"):
            frame = decode(data)
            if not isinstance(frame, Ack):
                raise RuntimeError(f"the sender was answered {frame!r:.200}")
            count += frame.count


def _line(crowd: "subprocess.Popen[str]") -> str:
    assert crowd.stdout is not None
    line = crowd.stdout.readline()
    if not line:
        raise RuntimeError("a crowd ended")
    return line.strip()


def _end(crowd: "subprocess.Popen[str]") -> None:
    assert crowd.stdin is not None and crowd.stdout is not None
    crowd.stdin.close()
    try:
        crowd.wait(20)
    except subprocess.TimeoutExpired:
        crowd.kill()
        crowd.wait()
    crowd.stdout.close()


def main() -> None:
    """Run a crowd as a process."""
    invite, count, name = Invite.parse(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    raise_file_limit()
    context: Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, count + 1_000)
    peers = connect(context, invite, count, name)
    rooms = int(sys.argv[4])
    mine = [
        range(number % rooms, number % rooms + 1) if "divided" in sys.argv[5:] else range(rooms)
        for number in range(count)
    ]
    heads: list[dict[bytes, int]] = []
    pinged = time.monotonic()
    for peer, some in zip(peers, mine, strict=True):
        heads.append(enter(peer, some))
        if time.monotonic() - pinged > _PING_S:
            pinged = time.monotonic()
            for one in peers:
                one.send(Ping(1))
    crowd = Crowd(peers, heads)
    crowd.catch_up()
    print("ready", flush=True)
    for line in sys.stdin:
        crowd.forget()
        crowd.expect(int(line.split()[1]))
        result = {
            "delivered": crowd.delivered,
            "in_order": crowd.in_order,
            "pages": crowd.fetched,
            "frames": crowd.frames,
            "p50_ms": percentile_ms(crowd.latencies_ns, 0.50),
            "p99_ms": percentile_ms(crowd.latencies_ns, 0.99),
        }
        print(json.dumps(result), flush=True)
    context.destroy(0)


if __name__ == "__main__":
    main()
