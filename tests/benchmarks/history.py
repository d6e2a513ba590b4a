"""History: what a long one costs: to write on, to open a room in it, and to read a page of it.

A real journal is filled (:mod:`tests.benchmarks.stock`); then broker and gateway start on it, and
the reader is asked over a socket of its own beside it, as a gateway asks. *Warm*: the file is in
the memory of the system, as it is on a server that has the memory. *Cold*: before each question
something is said, so that the reader forgets the pages it holds, and the system forgets the file;
``cold_kib`` says what was read from the disk then. Every page is checked: order, completeness and
texts.

The protocol has no question by date. A client finds the place by halving, with READs of one event,
whose block carries its time; ``date_reads`` says how many that takes, and all of them count.
"""

import os
import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import zmq

from protocol import sockets
from protocol.backplane import encode_slot
from protocol.blocks import Event, decode_block
from protocol.codes import EventKind
from protocol.frames import Ack, Page, Read, Send, decode, encode
from protocol.items import encode_item
from protocol.keys import load_or_make
from protocol.sockets import Context
from tests.benchmarks.cluster import Cluster, cpu_ns, memory_kib, settle
from tests.benchmarks.fleet import percentile_ms
from tests.benchmarks.peer import Peer
from tests.benchmarks.stock import BUSY, DRAIN, QUIET, Stock

_OPEN_EVENTS = 100
"""Events of the first page of a room that a client opens."""
_PAGE_EVENTS = 200
_STEPS = 10
_BYTES_PER_MESSAGE = 500
"""Asked of the disk beforehand: the file and its log, with something to spare."""


class Line:
    """A line to the broker's reader, as a gateway has it."""

    def __init__(self, context: Context, cluster: Cluster, stock: Stock) -> None:
        """Connect with the key of the gateways on this machine."""
        self._socket = sockets.backend(
            context,
            load_or_make(cluster.data / "gateway.key"),
            load_or_make(cluster.data / "broker.key").public,
        )
        self._socket.connect(f"tcp://127.0.0.1:{cluster.broker_port + 2}")
        self._device = stock.device.public
        self._slot = encode_slot(1)
        self.asked = 0

    def read(self, room: bytes, after: int, before: int, limit: int) -> Page:
        """Ask for a page and wait for it; raise :class:`RuntimeError` if it is refused."""
        self.asked += 1
        frame = encode(Read(self.asked, room, after, before, limit))
        self._socket.send_multipart([self._slot, self._device, frame])
        if not self._socket.poll(30_000):
            raise RuntimeError("the broker does not answer")
        answer = decode(self._socket.recv_multipart()[1])
        if not isinstance(answer, Page) or answer.request != self.asked:
            raise RuntimeError(f"the broker answered {answer!r:.200}")
        return answer

    def close(self) -> None:
        """Close the socket."""
        self._socket.close(0)


class Visitor:
    """Opens a room in different ways; every method returns when the page is there."""

    def __init__(self, line: Line, stock: Stock, room: bytes, seed: int) -> None:
        """Visit this room; ``seed`` draws the places."""
        self._line, self._stock, self._room = line, stock, room
        self._chance = random.Random(seed)
        self.head = line.read(room, 0, 0, 1).head
        self._first_ts = _events(line.read(room, 0, 0, 1))[0].ts
        self._last_ts = _events(line.read(room, 0, self.head + 1, 1))[-1].ts

    def end(self) -> tuple[Page, int, int]:
        """Read the newest page; return it with the first and last event that it must have."""
        page = self._line.read(self._room, 0, self.head + 1, _OPEN_EVENTS)
        return page, max(self.head - _OPEN_EVENTS + 1, 1), self.head

    def middle(self) -> tuple[Page, int, int]:
        """Read a page around a ``seq``."""
        return self._around(self._chance.randrange(1, self.head))

    def date(self) -> tuple[Page, int, int]:
        """Read a page around the last event before a date."""
        wanted = self._chance.randrange(self._first_ts + 1, self._last_ts + 1)
        low, high = 1, self.head
        """``low`` is before the date, all behind ``high`` are not."""
        while low < high:
            seq = (low + high + 1) // 2
            events = _events(self._line.read(self._room, seq - 1, seq + 1, 1))
            if events[0].ts < wanted:
                low = max(low, events[-1].seq)
            else:
                high = min(high, events[0].seq - 1)
        page, first, last = self._around(low)
        by_seq = {event.seq: event.ts for event in _events(page)}
        if by_seq[low] >= wanted or by_seq[low + 1] < wanted:
            raise RuntimeError(f"event {low} is not the last one before the date")
        return page, first, last

    def page(self) -> tuple[Page, int, int]:
        """Read a page of 200 somewhere, towards the end."""
        after = self._chance.randrange(max(self.head - _PAGE_EVENTS, 1))
        page = self._line.read(self._room, after, 0, _PAGE_EVENTS)
        return page, after + 1, min(after + _PAGE_EVENTS, self.head)

    def check(self, page: Page, first_seq: int, last_seq: int) -> None:
        """Raise :class:`RuntimeError` if a page is not what was written."""
        self._stock.check(page.blocks, first_seq, last_seq)

    def _around(self, seq: int) -> tuple[Page, int, int]:
        after = max(seq - _OPEN_EVENTS // 2, 0)
        before = min(after + _OPEN_EVENTS, self.head) + 1
        page = self._line.read(self._room, after, before, _OPEN_EVENTS)
        return page, after + 1, before - 1


@dataclass(frozen=True, slots=True)
class History:
    """What to measure: the large rooms get a tenth of the messages each."""

    messages: int
    rooms: int = 300
    opens: int = 100
    pages: int = 1_000

    def run(self) -> dict[str, object]:
        """Measure once; return the keys that the README explains."""
        result: dict[str, object] = {
            "bench": "history",
            "messages": self.messages,
            "rooms": self.rooms,
            "messages_per_drain": DRAIN,
        }
        cluster = Cluster()
        cluster.data.mkdir(mode=0o700)
        try:
            stock = self._write(cluster.data / "journal.sqlite3", result)
        except BaseException:
            cluster.discard()
            raise
        started = time.monotonic()
        with cluster:
            result["start_s"] = round(time.monotonic() - started, 2)
            settle(cluster)
            context: Context = zmq.Context()
            talker = Peer(context, cluster.invite, "talker")
            talker.greet()
            line = Line(context, cluster, stock)
            for name, room in stock.rooms.items():
                result |= self._read(cluster, talker, line, Visitor(line, stock, room, 3), name)
            result["broker_mib"] = round(memory_kib(cluster.broker.pid) / 1024, 1)
            line.close()
            talker.close()
            context.term()
        return result

    def _write(self, path: Path, result: dict[str, object]) -> Stock:
        """Fill the journal, then the first tenth of another one; note what that took."""
        need_bytes = self.messages * _BYTES_PER_MESSAGE
        if shutil.disk_usage(path.parent).free < need_bytes:
            raise RuntimeError(f"{self.messages} messages need {need_bytes // 10**6} MB of disk")
        stock = Stock(path, self.rooms)
        step = -(-self.messages // _STEPS)
        rates = [_rates(stock, step) for _ in range(_STEPS)]
        if stock.heads() != stock.expected():
            raise RuntimeError("the journal does not hold what was stored")
        stock.close()
        fresh_path = path.with_name("fresh.sqlite3")
        fresh = Stock(fresh_path, self.rooms)
        again = _rates(fresh, step)
        fresh.close()
        fresh_path.unlink()
        size = path.stat().st_size
        result |= {
            "appended_per_s": [round(per_s) for per_s, _ in rates],
            "append_cpu_us_per_message": [round(cpu_us, 2) for _, cpu_us in rates],
            "last_to_first_rate": round(rates[-1][0] / rates[0][0], 3),
            "fresh_again_per_s": round(again[0]),
            "last_to_fresh_again_rate": round(rates[-1][0] / again[0], 3),
            "database_mib": round(size / 2**20, 1),
            "database_bytes_per_message": round(size / stock.stored, 1),
            "text_bytes_per_message": round(stock.text_bytes, 1),
        }
        return stock

    def _read(
        self, cluster: Cluster, talker: Peer, line: Line, visitor: Visitor, name: str
    ) -> dict[str, object]:
        """Open a room and read in it; every key begins with its name."""
        result: dict[str, object] = {f"{name}_events": visitor.head}
        pid, path = cluster.broker.pid, cluster.data / "journal.sqlite3"
        n = self._first_n(name)
        for way in ("end", "middle", "date"):
            visit = getattr(visitor, way)
            cold: list[int] = []
            read_bytes = 0
            for _ in range(self.opens):
                _say(talker, n)
                n += 1
                _forget(path)
                before_bytes = _read_bytes(pid)
                before = time.monotonic_ns()
                found = visit()
                cold.append(time.monotonic_ns() - before)
                read_bytes += _read_bytes(pid) - before_bytes
                visitor.check(*found)
            warm: list[int] = []
            settle(cluster)
            asked, spent = line.asked, cpu_ns(pid)
            for _ in range(self.opens):
                before = time.monotonic_ns()
                found = visit()
                warm.append(time.monotonic_ns() - before)
                visitor.check(*found)
            spent = cpu_ns(pid) - spent
            result[f"{name}_{way}"] = {
                "warm_p50_ms": round(percentile_ms(warm, 0.50), 2),
                "warm_p99_ms": round(percentile_ms(warm, 0.99), 2),
                "warm_cpu_ms": round(spent / 1e6 / self.opens, 3),
                "cold_p50_ms": round(percentile_ms(cold, 0.50), 2),
                "cold_p99_ms": round(percentile_ms(cold, 0.99), 2),
                "cold_kib": round(read_bytes / 1024 / self.opens),
                "reads": round((line.asked - asked) / self.opens, 1),
            }
        times: list[int] = []
        spent = cpu_ns(pid)
        for _ in range(self.pages):
            before = time.monotonic_ns()
            found = visitor.page()
            times.append(time.monotonic_ns() - before)
            visitor.check(*found)
        spent = cpu_ns(pid) - spent
        result[f"{name}_page_of_{_PAGE_EVENTS}"] = {
            "cpu_ms": round(spent / 1e6 / self.pages, 3),
            "p50_ms": round(percentile_ms(times, 0.50), 2),
            "p99_ms": round(percentile_ms(times, 0.99), 2),
        }
        return result

    def _first_n(self, name: str) -> int:
        """The talker's counter where a room's turn begins: three ways, ``opens`` each."""
        return 1 + (QUIET, BUSY).index(name) * 3 * self.opens


def _rates(stock: Stock, messages: int) -> tuple[float, float]:
    """Append so many; return messages a second, and µs of CPU for each, in ``append`` alone."""
    stored, took, cpu = stock.stored, stock.append_ns, stock.append_cpu_ns
    stock.fill(messages)
    count = stock.stored - stored
    return count / (stock.append_ns - took) * 1e9, (stock.append_cpu_ns - cpu) / count / 1e3


def _events(page: Page) -> list[Event]:
    return [event for block in page.blocks for event in decode_block(block)]


def _say(talker: Peer, n: int) -> None:
    """Say something in a room that is not measured, and wait until it is stored."""
    assert talker.welcome is not None
    item = encode_item(EventKind.TEXT, {"text": f"Something else, the {n}. time."})
    talker.send(Send(talker.welcome.rooms[0][0], b"history1", n, [item]))
    talker.wait_for(Ack)


def _forget(path: Path) -> None:
    """Have the system forget what it holds in memory of a journal and its log."""
    for one in (path, path.with_name(f"{path.name}-wal")):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def _read_bytes(pid: int) -> int:
    """Bytes that a process has had read from the disk."""
    for text in Path(f"/proc/{pid}/io").read_text().splitlines():
        if text.startswith("read_bytes:"):
            return int(text.split()[1])
    raise RuntimeError("the kernel does not tell read_bytes")
