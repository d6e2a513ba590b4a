"""A flood: how long messages take among people who chat, without and with hostile clients.

Three things are measured in one run, in the same room, with all connected each time: ``calm``;
``beside``, where the processes of the hostile keep the machine busy and send nothing; ``flood``. So
what the flood does to the server can be told from what busy neighbours on the same cores do to it;
the ratios are what counts. A latency is the time from when a message was due to its arrival at one
client.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field

import zmq

from protocol.codes import EventKind
from protocol.frames import Ack, Busy, Bye, Error, Gap, Ping, Refused, Send, decode, encode
from protocol.items import encode_item
from protocol.sockets import Context
from tests.benchmarks.cluster import Cluster, cpu_ns, memory_kib, settle
from tests.benchmarks.corpus import bodies
from tests.benchmarks.fleet import Fleet, percentile_ms
from tests.benchmarks.hostile import KINDS
from tests.benchmarks.peer import Peer

_PING_S = 10.0
_LAST_S = 20.0
_WARM_S = 2.0
_SIZE = 120


@dataclass(slots=True)
class _Talker:
    """Somebody who says one thing after the other, and keeps what has no answer."""

    peer: Peer
    epoch: bytes
    n: int = 0
    waiting: dict[int, bytes] = field(default_factory=dict)
    hold_ns: int = 0

    def frame(self, room: bytes, n: int) -> bytes:
        return encode(Send(room, self.epoch, n, [self.waiting[n]]))


class Talkers(Fleet):
    """Sound clients, all in one room."""

    def __init__(self, peers: list[Peer]) -> None:
        """Let these talk."""
        super().__init__(peers)
        assert peers[0].welcome is not None
        self._room = peers[0].welcome.rooms[0][0]
        self._talkers = [_Talker(peer, b"flood-%02d" % place) for place, peer in enumerate(peers)]
        self._by_peer = {id(one.peer): one for one in self._talkers}
        self._texts = bodies(1_000, _SIZE)
        self.busy = 0
        self.ended: list[str] = []

    def talk(self, seconds: float, rate: float) -> dict[str, float]:
        """Say ``rate`` things a second, in turns; return how that went."""
        self.latencies_ns, self.delivered, self.busy = [], 0, 0
        started_ns = pinged_ns = time.monotonic_ns()
        step_ns, count = int(1e9 / rate), int(seconds * rate)
        said = 0
        last_ns = started_ns + count * step_ns + int(_LAST_S * 1e9)
        wanted = count * len(self._talkers)
        while self.delivered < wanted and (now_ns := time.monotonic_ns()) < last_ns:
            while said < count and started_ns + said * step_ns <= now_ns:
                self._say(self._talkers[said % len(self._talkers)], started_ns + said * step_ns)
                said += 1
            if now_ns - pinged_ns > _PING_S * 1e9:
                pinged_ns = now_ns
                for one in self._talkers:
                    one.peer.send(Ping(1))
            for one in self._talkers:
                if one.hold_ns and now_ns >= one.hold_ns:
                    self._again(one)
            next_ms = (started_ns + said * step_ns - time.monotonic_ns()) / 1e6
            wait_ms = 20 if said >= count else min(max(int(next_ms + 0.999), 0), 20)
            for socket, _ in self._poller.poll(wait_ms):
                self._drain(self._peers[socket])
        return {
            "delivered": self.delivered,
            "expected": wanted,
            "busy": self.busy,
            "p50_ms": round(percentile_ms(self.latencies_ns, 0.50), 2),
            "p99_ms": round(percentile_ms(self.latencies_ns, 0.99), 2),
            "max_ms": round(percentile_ms(self.latencies_ns, 1.0), 2),
        }

    def _say(self, one: _Talker, due_ns: int) -> None:
        one.n += 1
        text = f"@{due_ns:016x} {self._texts[one.n % len(self._texts)]}"
        one.waiting[one.n] = encode_item(EventKind.TEXT, {"text": text})
        if not one.hold_ns:
            one.peer.socket.send(one.frame(self._room, one.n))

    def _again(self, one: _Talker) -> None:
        one.hold_ns = 0
        for n in one.waiting:
            one.peer.socket.send(one.frame(self._room, n))

    def _take(self, peer: Peer, data: bytes) -> None:
        frame = decode(data) if data not in self._cache else None
        one = self._by_peer[id(peer)]
        if isinstance(frame, Ack):
            for n in range(frame.first_n, frame.first_n + frame.count):
                one.waiting.pop(n, None)
        elif isinstance(frame, Busy):
            self.busy += 1
            one.hold_ns = time.monotonic_ns() + frame.retry_ms * 1_000_000
        elif isinstance(frame, Bye | Refused | Gap) or (
            isinstance(frame, Error) and frame.code not in (9, 10)
        ):
            self.ended.append(repr(frame)[:100])
        else:
            super()._take(peer, data)


@dataclass(frozen=True, slots=True)
class Flood:
    """What to measure."""

    clients: int
    hostile: int
    rate: float
    seconds: float

    def run(self) -> dict[str, object]:
        """Measure once; return the keys that the README explains."""
        with Cluster(limited=True) as cluster:
            context: Context = zmq.Context()
            peers = [Peer(context, cluster.invite, f"talker{n}") for n in range(self.clients)]
            for peer in peers:
                peer.greet()
            share = [
                self.hostile // len(KINDS) + (place < self.hostile % len(KINDS))
                for place in range(len(KINDS))
            ]
            floods = [
                _start(cluster, kind, number)
                for kind, number in zip(KINDS, share, strict=True)
                if number
            ]
            try:
                for one in floods:
                    _line(one)
                talkers = Talkers(peers)
                talkers.catch_up()
                settle(cluster)
                talkers.talk(_WARM_S, self.rate)
                calm = self._measure(cluster, talkers)
                before_kib = memory_kib(cluster.gateway.pid)
                for one in floods:
                    _tell(one)
                talkers.talk(_WARM_S, self.rate)
                beside = self._measure(cluster, talkers)
                for one in floods:
                    _tell(one)
                began = talkers.talk(_WARM_S, self.rate)
                flood = self._measure(cluster, talkers)
                after_kib = memory_kib(cluster.gateway.pid)
                for one in floods:
                    _tell(one)
                floods_ended = cluster.complained().count("reason=flood")
                hostile = {
                    kind: json.loads(_line(one)) for kind, one in zip(KINDS, floods, strict=False)
                }
                for peer in peers:
                    peer.close()
                context.term()
            finally:
                for one in floods:
                    one.kill()
                    one.wait()
        return {
            "bench": "flood",
            "clients": self.clients,
            "hostile": self.hostile,
            "rate": self.rate,
            "seconds": self.seconds,
            "calm": calm,
            "beside": beside,
            "first_seconds": began,
            "flood": flood,
            "p99_ratio": round(flood["p99_ms"] / calm["p99_ms"], 2),
            "p99_ratio_beside": round(flood["p99_ms"] / beside["p99_ms"], 2),
            "sound_ended": talkers.ended,
            "floods_ended": floods_ended,
            "gateway_mib": [round(before_kib / 1024, 1), round(after_kib / 1024, 1)],
            **{f"hostile_{kind}": got for kind, got in hostile.items()},
        }

    def _measure(self, cluster: Cluster, talkers: Talkers) -> dict[str, float]:
        pids = {"broker": cluster.broker.pid, "gateway": cluster.gateway.pid}
        before = {name: cpu_ns(pid) for name, pid in pids.items()}
        started_ns = time.monotonic_ns()
        found = talkers.talk(self.seconds, self.rate)
        took_ns = time.monotonic_ns() - started_ns
        for name, pid in pids.items():
            found[f"{name}_percent"] = round(100 * (cpu_ns(pid) - before[name]) / took_ns, 1)
        return found


def _start(cluster: Cluster, kind: str, number: int) -> "subprocess.Popen[str]":
    words = [str(cluster.invite), kind, str(number), f"{kind}-", "behind"]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.hostile", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _tell(one: "subprocess.Popen[str]") -> None:
    assert one.stdin is not None
    one.stdin.write("go on\n")
    one.stdin.flush()


def _line(one: "subprocess.Popen[str]") -> str:
    assert one.stdout is not None
    line = one.stdout.readline()
    if not line:
        raise RuntimeError("a hostile client ended")
    return line
