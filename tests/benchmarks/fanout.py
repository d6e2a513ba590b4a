"""Fan-out: one sender, many clients in one room; CPU of broker and gateway per delivery."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass

import zmq

from protocol.codes import EventKind
from protocol.frames import Ack, Busy, Ping, Send, decode, encode
from protocol.items import encode_item
from protocol.sockets import Context
from tests.benchmarks.cluster import Cluster, settle
from tests.benchmarks.corpus import bodies
from tests.benchmarks.peer import Peer

_WINDOW = 200
_PER_FRAME = 50
_STAMP_BYTES = 18


@dataclass(frozen=True, slots=True)
class Fanout:
    """What to measure."""

    clients: int
    messages: int
    rate: float
    size: int
    hold: bool = True

    def run(self) -> dict[str, object]:
        """Measure once; return the keys that the README explains."""
        texts = bodies(self.messages, max(self.size - _STAMP_BYTES, 1))
        with Cluster(hold=self.hold) as cluster:
            fleet = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.benchmarks.fleet",
                    str(cluster.invite),
                    str(self.clients),
                    "fleet",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert fleet.stdin is not None and fleet.stdout is not None
            try:
                if fleet.stdout.readline().strip() != "ready":
                    raise RuntimeError("the clients could not connect")
                context: Context = zmq.Context()
                sender = Peer(context, cluster.invite, "sender")
                room = sender.greet().rooms[0][0]
                settle(cluster)
                fleet.stdin.write(f"expect {self.messages}\n")
                fleet.stdin.flush()
                before, started = cluster.cpu_ns(), time.monotonic()
                self._say(sender, room, texts)
                result = json.loads(fleet.stdout.readline())
                took_s = time.monotonic() - started
                settle(cluster)
                spent_ns = cluster.cpu_ns() - before
                fleet.stdin.write("quit\n")
                fleet.stdin.flush()
                sender.close()
                context.term()
            finally:
                fleet.stdin.close()
                try:
                    fleet.wait(20)
                except subprocess.TimeoutExpired:
                    fleet.kill()
                    fleet.wait()
                fleet.stdout.close()
        delivered = result["delivered"]
        return {
            "bench": "fanout",
            "clients": self.clients,
            "messages": self.messages,
            "rate": self.rate,
            "size": self.size,
            "hold": self.hold,
            "delivered": delivered,
            "expected": self.clients * self.messages,
            "in_order": result["in_order"] and delivered == self.clients * self.messages,
            "pages_fetched": result["pages"],
            "messages_per_frame": round(delivered / max(result["frames"], 1), 1),
            "server_cpu_us_per_delivery": round(spent_ns / 1e3 / max(delivered, 1), 3),
            "deliveries_per_s": round(delivered / took_s),
            "p50_ms": round(result["p50_ms"], 2),
            "p99_ms": round(result["p99_ms"], 2),
        }

    def _say(self, sender: Peer, room: bytes, texts: list[str]) -> None:
        """Send all texts, each with the time at which it was due; keep the window."""
        outbox_epoch = b"fanout-1"
        poll, receive = sender.socket.poll, sender.socket.recv
        acked = sent = 0
        started = time.monotonic_ns()
        step_ns = 0 if not self.rate else int(1e9 / self.rate)
        while acked < len(texts):
            now = time.monotonic_ns()
            due = len(texts) if not step_ns else min((now - started) // step_ns + 1, len(texts))
            while sent < due and sent - acked < _WINDOW:
                last = min(due, sent + _PER_FRAME, acked + _WINDOW)
                items = []
                for index in range(sent, last):
                    stamp = started + index * step_ns if step_ns else time.monotonic_ns()
                    body = {"text": f"@{stamp:016x} {texts[index]}"}
                    items.append(encode_item(EventKind.TEXT, body))
                sender.socket.send(encode(Send(room, outbox_epoch, sent + 1, items)))
                sent = last
            if step_ns and sent < len(texts):
                wait_ms = (started + sent * step_ns - time.monotonic_ns()) / 1e6
                poll(max(int(wait_ms + 0.999), 0))
            else:
                poll(1_000)
                if sent == len(texts) and time.monotonic_ns() - now > 9e8:
                    sender.send(Ping(0))
            while True:
                try:
                    frame = decode(receive(zmq.DONTWAIT))
                except zmq.Again:
                    break
                if isinstance(frame, Ack):
                    acked = max(acked, frame.first_n + frame.count - 1)
                elif isinstance(frame, Busy):
                    sent = frame.first_n - 1
