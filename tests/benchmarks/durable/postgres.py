"""PostgreSQL, spoken to by hand: the extended protocol, a transaction for each request.

https://www.postgresql.org/docs/current/protocol.html
"""

import re
import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.durable.load import Case, Sender
from tests.benchmarks.durable.peer import Promise, Store

_IN_FLIGHT = 800
"""Messages without an ack, of all connections: as with the other peers."""
_HEAD = struct.Struct(">cI")
_SYNC = b"S\0\0\0\4"
_EXECUTE = b"E\0\0\0\11\0\0\0\0\0"
_DONE = re.compile(rb"INSERT 0 (\d+)\0")


def message(kind: bytes, body: bytes) -> bytes:
    """Return a message of the protocol; the first one of a connection has no kind."""
    return kind + struct.pack(">I", len(body) + 4) + body


def messages(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield kind, body and end of every whole message; raise :class:`RuntimeError` for an error."""
    place = 0
    while len(data) - place >= _HEAD.size:
        kind, size = _HEAD.unpack_from(data, place)
        end = place + 1 + size
        if end > len(data):
            return
        body = data[place + _HEAD.size : end]
        if kind == b"E":
            raise RuntimeError(f"PostgreSQL says: {body.replace(bytes(1), b' ').decode()}")
        yield kind, body, end
        place = end


def is_ready(data: bytes) -> bool:
    """Whether the server waits for the next question."""
    return any(kind == b"Z" for kind, _, _ in messages(data))


class PostgresSender(Sender):
    """Inserts rows; twenty per request are one INSERT of twenty rows."""

    def greet(self) -> None:
        """Introduce itself and prepare the INSERT."""
        words = b"user\0postgres\0database\0postgres\0\0"
        self.ask(message(b"", struct.pack(">I", 3 << 16) + words), is_ready)
        rows = ",".join(f"({self.number},${place})" for place in range(1, self.step + 1))
        sql = f"INSERT INTO message (room, body) VALUES {rows}".encode()
        types = struct.pack(f">H{self.step}I", self.step, *[25] * self.step)
        self.ask(message(b"P", b"one\0" + sql + b"\0" + types) + _SYNC, is_ready)

    def request(self, first: int) -> bytes:
        """Return Bind, Execute and Sync, which commits."""
        body = [b"\0one\0\0\0", struct.pack(">H", self.step)]
        for index in range(first, first + self.step):
            text = self.text(index)
            body += struct.pack(">I", len(text)), text
        body.append(b"\0\0")
        return message(b"B", b"".join(body)) + _EXECUTE + _SYNC

    def take(self, data: bytes) -> tuple[int, bytes]:
        """Count rows whose transaction has ended."""
        count = done = whole = 0
        for kind, body, end in messages(data):
            if kind == b"C":
                found = _DONE.fullmatch(body)
                if found is None:
                    raise RuntimeError(f"PostgreSQL answers {body!r}")
                done += int(found[1])
            elif kind == b"Z":
                count, done, whole = count + done, 0, end
        return count, data[whole:]

    def query(self, sql: str) -> list[list[bytes]]:
        """Return the rows of a question, as text."""
        answer = self.ask(message(b"Q", sql.encode() + b"\0"), is_ready)
        return [_columns(body) for kind, body, _ in messages(answer) if kind == b"D"]


def _columns(body: bytes) -> list[bytes]:
    values, place = [], 2
    for _ in range(struct.unpack_from(">H", body)[0]):
        (size,) = struct.unpack_from(">i", body, place)
        values.append(body[place + 4 : place + 4 + max(size, 0)])
        place += 4 + max(size, 0)
    return values


def _bin(name: str) -> str:
    """Return the path of a program of PostgreSQL; raise :class:`FileNotFoundError`."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    path = max(map(str, versions), default=shutil.which(name))
    if path is None:
        raise FileNotFoundError(name)
    return path


class Postgres(Store):
    """PostgreSQL with few connections, on each of which one transaction follows the other."""

    name = "PostgreSQL"
    package = "postgresql"
    promise = Promise(
        synced="yes, before the ack",
        encrypted="no",
        ordered="yes, of a connection",
        dedupes="no",
    )
    user = "postgres"
    stop_signal = signal.SIGINT
    commit_delay_us = 0
    connections = 0
    """0: one for each sender."""

    @property
    def configuration(self) -> str:  # type: ignore[override]
        """Say what is set."""
        return (
            f"`synchronous_commit=on`, `commit_delay={self.commit_delay_us}`; "
            f"{self.connections or 'one'} connection{'s' if self.connections else ' a sender'}, "
            "a prepared INSERT, a transaction a request"
        )

    def version(self) -> str:
        """Ask the program."""
        words = subprocess.run([_bin("postgres"), "--version"], capture_output=True, text=True)
        return words.stdout.split()[2]

    def preparing(self, folder: Path) -> list[list[str]]:
        """Make the cluster of databases."""
        words = ["-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        return [[_bin("initdb"), *words, "--locale=C", "--no-sync"]]

    def command(self, folder: Path, port: int) -> list[str]:
        """Give everything as words."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "synchronous_commit": "on",
            "commit_delay": self.commit_delay_us,
            "max_connections": 120,
        }
        words = [f"--{name}={value}" for name, value in settings.items()]
        return [_bin("postgres"), "-D", str(folder / "data"), *words]

    def spread(self, case: Case) -> tuple[int, int]:
        """Spread what is in flight over the connections, at least a request for each."""
        if not self.connections or case.senders == 1:
            return case.senders, case.window
        count = min(self.connections, _IN_FLIGHT // case.per_request)
        return count, _IN_FLIGHT // count

    def make_room(self, port: int, rooms: int) -> None:
        """Make the table."""
        maker = self.sender(port, 0, [b""], 1)
        words = b"user\0postgres\0database\0postgres\0\0"
        maker.ask(message(b"", struct.pack(">I", 3 << 16) + words), is_ready)
        maker.query(
            "CREATE TABLE message (seq bigserial PRIMARY KEY, room integer NOT NULL,"
            " body text NOT NULL)"
        )
        maker.close()

    def sender(self, port: int, number: int, texts: Sequence[bytes], step: int) -> PostgresSender:
        """Connect."""
        return PostgresSender(port, number, texts, step)

    def holds(self, sender: Sender) -> int:
        """Count the rows."""
        assert isinstance(sender, PostgresSender)
        return int(sender.query(f"SELECT count(*) FROM message WHERE room={sender.number}")[0][0])

    def read(self, sender: Sender, first: int, count: int) -> list[bytes]:
        """Read rows in the order of their numbers."""
        assert isinstance(sender, PostgresSender)
        rows = sender.query(
            f"SELECT body FROM message WHERE room={sender.number} ORDER BY seq"
            f" LIMIT {count} OFFSET {first}"
        )
        return [row[0] for row in rows]


class PostgresMany(Postgres):
    """PostgreSQL as a busy server uses it: many connections, whose commits share a sync."""

    name = "PostgreSQL, many connections"
    connections = 100
    commit_delay_us = 1_000

    def takes(self, case: Case) -> bool:
        """One at a time there is one connection, as in the other configuration."""
        return case.senders > 1
