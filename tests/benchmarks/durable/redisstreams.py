"""Redis streams, spoken to by hand: RESP over a socket, XADD for every message.

https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.durable.load import Sender
from tests.benchmarks.durable.peer import Promise, Store

_PAGE = 1_000


def command(*words: bytes) -> bytes:
    """Encode a command as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


def reply(data: bytes, start: int = 0) -> tuple[object, int] | None:
    """Read one reply; return it and where the next begins, or None: it is not whole.

    Raises :class:`RuntimeError` for an error.
    """
    end = data.find(b"\r\n", start)
    if end < 0:
        return None
    kind, line, after = data[start : start + 1], data[start + 1 : end], end + 2
    if kind == b"-":
        raise RuntimeError(f"Redis says: {line.decode()}")
    if kind in (b"+", b":"):
        return (int(line) if kind == b":" else line), after
    if kind == b"$":
        stop = after + int(line)
        return (data[after:stop], stop + 2) if len(data) >= stop + 2 else None
    if kind != b"*":
        raise RuntimeError(f"Redis says {data[start:end]!r}")
    values: list[object] = []
    for _ in range(int(line)):
        one = reply(data, after)
        if one is None:
            return None
        values.append(one[0])
        after = one[1]
    return values, after


class RedisSender(Sender):
    """Adds to a stream of its own; twenty per request are twenty XADD in one write."""

    @property
    def room(self) -> bytes:
        """The stream."""
        return b"room:%d" % self.number

    def request(self, first: int) -> bytes:
        """Return one XADD for each message."""
        lead = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%b\r\n$1\r\n*\r\n$1\r\nb\r\n" % (
            len(self.room),
            self.room,
        )
        texts = [self.text(index) for index in range(first, first + self.step)]
        return b"".join(b"%b$%d\r\n%b\r\n" % (lead, len(text), text) for text in texts)

    def take(self, data: bytes) -> tuple[int, bytes]:
        """Count ids of entries: two lines each."""
        lines = data.count(b"\r\n") // 2 * 2
        if data.startswith(b"-") or b"\r\n-" in data:
            raise RuntimeError(f"Redis says: {data[-200:]!r}")
        if data.count(b"\r\n") > lines:
            last = data.rindex(b"\r\n")  # the first line of an answer whose second is missing
            whole = data.rfind(b"\r\n", 0, last) + 2 if lines else 0
        else:
            whole = data.rfind(b"\r\n") + 2 if lines else 0
        if data[:whole].count(b"$") != lines // 2:
            raise RuntimeError(f"Redis answers something else: {data[:200]!r}")
        return lines // 2, data[whole:]

    def call(self, *words: bytes) -> object:
        """Send a command and wait for its reply."""
        found = reply(self.ask(command(*words), lambda data: reply(data) is not None))
        assert found is not None
        return found[0]


class RedisStreams(Store):
    """Redis with an append-only file that is synced before every answer."""

    name = "Redis streams"
    package = "redis-server"
    promise = Promise(
        synced="yes, before the ack",
        encrypted="no",
        ordered="yes, in a stream",
        dedupes="no",
    )
    configuration = (
        "`appendonly yes`, `appendfsync always`, no snapshots, no rewriting of the file; "
        "a stream for each sender"
    )

    def version(self) -> str:
        """Ask the program."""
        if shutil.which("redis-server") is None:
            raise FileNotFoundError("redis-server")
        words = subprocess.run(["redis-server", "--version"], capture_output=True, text=True)
        return words.stdout.split("v=")[1].split()[0]

    def command(self, folder: Path, port: int) -> list[str]:
        """Give everything as words."""
        return [
            "redis-server",
            *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
            *("--appendonly", "yes", "--appendfsync", "always"),
            *("--auto-aof-rewrite-percentage", "0", "--save", "", "--daemonize", "no"),
        ]

    def sender(self, port: int, number: int, texts: Sequence[bytes], step: int) -> RedisSender:
        """Connect."""
        return RedisSender(port, number, texts, step)

    def holds(self, sender: Sender) -> int:
        """Ask for the length of the stream."""
        assert isinstance(sender, RedisSender)
        count = sender.call(b"XLEN", sender.room)
        assert isinstance(count, int)
        return count

    def read(self, sender: Sender, first: int, count: int) -> list[bytes]:
        """Walk the stream to the place, by pages: it has ids and no numbers."""
        assert isinstance(sender, RedisSender)
        texts: list[bytes] = []
        start = b"-"
        skipped = 0
        while len(texts) < count:
            page = sender.call(b"XRANGE", sender.room, start, b"+", b"COUNT", b"%d" % _PAGE)
            assert isinstance(page, list)
            if not page:
                break
            texts += [fields[1] for _, fields in page[max(first - skipped, 0) :]]
            skipped += len(page)
            start = b"(" + page[-1][0]
        return texts[:count]
