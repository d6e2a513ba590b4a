"""Durable ingest beside others: what is read of a peer's words, and what would be noticed.

None of the peers is needed here: a small Redis of the test's own answers over a real socket.
"""

import socket
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from tests.benchmarks.corpus import bodies
from tests.benchmarks.durable.__main__ import main
from tests.benchmarks.durable.bench import OWN, Measured, check, measure_own
from tests.benchmarks.durable.jetstream import NatsSender
from tests.benchmarks.durable.load import CASES, Case, Sender, pump
from tests.benchmarks.durable.postgres import Postgres, PostgresMany, PostgresSender, message
from tests.benchmarks.durable.redisstreams import RedisSender, RedisStreams, command, reply
from tests.benchmarks.durable.table import beside, figures

TEXTS = [one.encode() for one in bodies(101, 80)]


class _Redis:
    """Streams in memory, for the commands that the benchmark sends."""

    def __init__(self) -> None:
        self.streams: dict[bytes, list[bytes]] = {}
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(link,)))
            self._threads[-1].start()

    def _serve(self, link: socket.socket) -> None:
        data = b""
        with link:
            while more := link.recv(65_536):
                data += more
                answers = []
                while (found := reply(data)) is not None:
                    words, end = found
                    data = data[end:]
                    assert isinstance(words, list)
                    answers.append(self._answer(words))
                link.sendall(b"".join(answers))

    def _answer(self, words: list[bytes]) -> bytes:
        entries = self.streams.setdefault(words[1], [])
        if words[0] == b"XADD":
            entries.append(words[4])
            return b"$%d\r\n%b\r\n" % (len(b"%d-0" % len(entries)), b"%d-0" % len(entries))
        if words[0] == b"XLEN":
            return b":%d\r\n" % (len(entries) - self.lost)
        start = 0 if words[2] == b"-" else int(words[2][1:].partition(b"-")[0])
        page = list(enumerate(entries, 1))[start : start + int(words[5])]
        parts = [b"*2\r\n" + command(b"%d-0" % n)[4:] + command(b"b", text) for n, text in page]
        return b"*%d\r\n%b" % (len(page), b"".join(parts))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._accepting, *self._threads):
            thread.join(10)


@pytest.fixture
def redis() -> Iterator[_Redis]:
    redis = _Redis()
    yield redis
    redis.close()


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on which somebody only listens."""
    with socket.create_server(("127.0.0.1", 0)) as open_port:
        yield open_port.getsockname()[1]


@pytest.mark.parametrize("step", [1, 20])
def test_a_load_is_stored_counted_and_compared(redis: _Redis, step: int) -> None:
    store = RedisStreams()
    senders = [store.sender(redis.port, number, TEXTS, step) for number in range(3)]
    with ExitStack() as opened:
        for one in senders:
            opened.callback(one.close)
        taken = pump(senders, 200, 0.05)
        assert taken.acked == sum(one.acked for one in senders) > 0
        assert len(taken.latencies_ns) == taken.acked // step
        assert min(taken.latencies_ns) > 0
        for one in senders:
            assert redis.streams[b"room:%d" % one.number] == [
                one.text(index) for index in range(one.sent)
            ]
        check(store, senders)
        redis.lost = 1
        with pytest.raises(RuntimeError, match="holds"):
            check(store, senders)
        redis.lost = 0
        stream = redis.streams[b"room:1"]
        stream[-1], stream[-2] = stream[-2], stream[-1]
        with pytest.raises(RuntimeError, match="other texts"):
            check(store, senders)


def _split(sender: Sender, data: bytes) -> int:
    """Give the data byte by byte; return how many messages it acknowledged."""
    rest = b""
    for place in range(len(data)):
        count, rest = sender.take(rest + data[place : place + 1])
        sender.acked += count
    assert rest == b""
    return sender.acked


def test_redis_answers_are_counted_however_they_come(listener: int) -> None:
    sender = RedisSender(listener, 0, TEXTS, 1)
    ids = b"$15\r\n1700000000000-0\r\n$15\r\n1700000000000-1\r\n$16\r\n1700000000000-10\r\n"
    assert sender.take(ids) == (3, b"")
    assert sender.take(ids[:-1]) == (2, ids[-23:-1])
    assert _split(sender, ids) == 3
    for wrong in (b"-ERR full\r\n", ids + b"-OOM command\r\n"):
        with pytest.raises(RuntimeError, match="Redis says"):
            sender.take(wrong)
    with pytest.raises(RuntimeError, match="something else"):
        sender.take(b":1\r\n:2\r\n")
    sender.close()


def test_redis_replies_are_read_whole() -> None:
    data = b"*2\r\n:5\r\n*2\r\n$2\r\nab\r\n+OK\r\n"
    assert reply(data) == ([5, [b"ab", b"OK"]], len(data))
    assert all(reply(data[:end]) is None for end in range(len(data)))
    with pytest.raises(RuntimeError, match="WRONGTYPE"):
        reply(b"-WRONGTYPE of key\r\n")


def _ack(number: int, seq: int) -> bytes:
    body = b'{"stream":"room0", "seq":%d}' % seq
    return b"MSG _INBOX.s0.%d 1 %d\r\n%b\r\n" % (number, len(body), body)


def test_nats_acks_are_counted_in_their_order(listener: int) -> None:
    sender = NatsSender(listener, 0, TEXTS, 1)
    assert _split(sender, _ack(1, 1) + b"PING\r\n" + _ack(2, 2)) == 2
    assert sender.out == b"PONG\r\n"
    assert sender.take(_ack(3, 3) + _ack(4, 4)[:-4]) == (1, _ack(4, 4)[:-4])
    for wrong in (_ack(4, 4), _ack(3, 4)):
        with pytest.raises(RuntimeError, match="was due"):
            sender.take(wrong)
    with pytest.raises(RuntimeError, match="NATS says"):
        sender.take(b"MSG _INBOX.s0.3 1 40\r\n" + b'{"error":{"code":503}}\r\n')
    sender.close()


def test_postgres_rows_count_once_their_transaction_has_ended(listener: int) -> None:
    sender = PostgresSender(listener, 0, TEXTS, 20)
    done = message(b"2", b"") + message(b"C", b"INSERT 0 20\0") + message(b"Z", b"I")
    assert sender.take(done[:-6]) == (0, done[:-6])
    assert _split(sender, done + done) == 40
    with pytest.raises(RuntimeError, match="disk full"):
        sender.take(message(b"E", b"SERROR\0Mdisk full\0\0"))
    sender.close()


def test_a_postgres_request_binds_every_text(listener: int) -> None:
    sender = PostgresSender(listener, 3, TEXTS, 2)
    request = sender.request(7)
    size = struct.unpack_from(">I", request, 1)[0]
    assert request[:1] == b"B"
    assert request[1 + size :] == b"E\0\0\0\x09\0\0\0\0\0" + b"S\0\0\0\x04"
    assert all(sender.text(index) in request for index in (7, 8))
    sender.close()


def test_many_connections_hold_as_much_in_flight() -> None:
    for case in CASES[:2]:
        count, window = PostgresMany().spread(case)
        assert count * window == case.senders * case.window
        assert window >= case.per_request
    assert Postgres().spread(CASES[0]) == (4, 200)
    assert Postgres().spread(CASES[2]) == PostgresMany().spread(CASES[2]) == (1, 1)


def _row(peer: str, per_s: int, cpu_us: float, case: str = "one per request") -> Measured:
    return Measured(peer, case, per_s * 6, per_s, cpu_us, 1.0, 2.0, 50.0)


def test_the_table_says_who_is_faster() -> None:
    own = _row(OWN, 100_000, 10)
    assert beside(_row("a", 250_000, 2), own).startswith("2.50 × the rate: **faster**; 0.20")
    assert "slower" in beside(_row("b", 50_000, 20), own)
    assert "2.00 × the CPU: dearer" in beside(_row("b", 50_000, 20), own)
    rows: Sequence[Measured] = [_row("b", 50_000, 20), own, _row("b", 5, 5, "one at a time")]
    lines = figures(rows).splitlines()
    assert [line.split(" | ")[1] for line in lines[2:]] == [OWN, "b", "b"]
    assert lines[4].endswith("|  |")  # there is none of ours to stand beside


def test_a_peer_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--peers", "oracle"])
    assert ended.value.code == 2
    assert "oracle" in capsys.readouterr().err


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: CPU is read from /proc"
)
def test_our_own_part_is_measured_and_checked() -> None:
    row = measure_own(Case("twenty per request", 2, 40, 20), 0.3)
    assert row.acked >= 40 and row.acked % 20 == 0
    assert row.server_cpu_us_per_message > 0
    assert 0 < row.p50_ms <= row.p99_ms
