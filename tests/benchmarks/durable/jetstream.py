"""NATS JetStream, spoken to by hand: the text protocol over a socket, acks to an inbox.

https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.durable.load import Sender
from tests.benchmarks.durable.peer import Promise, Store

_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"protocol":1,"headers":false}\r\n'


class NatsSender(Sender):
    """Publishes to the subject of a stream of its own; every message asks for its ack."""

    def greet(self) -> None:
        """Introduce itself and listen to its inbox."""
        inbox = b"_INBOX.s%d.>" % self.number
        self.ask(_CONNECT + b"SUB %b 1\r\nPING\r\n" % inbox, lambda data: b"PONG\r\n" in data)

    def request(self, first: int) -> bytes:
        """Return one PUB for each message; the inbox ends with its number."""
        parts = []
        for index in range(first, first + self.step):
            text = self.text(index)
            parts.append(
                b"PUB room.%d _INBOX.s%d.%d %d\r\n%b\r\n"
                % (self.number, self.number, index + 1, len(text), text)
            )
        return b"".join(parts)

    def take(self, data: bytes) -> tuple[int, bytes]:
        """Count acks, whose last one must have the number that is due and its place in the stream.

        An ack is ``MSG _INBOX.s0.7 1 26``, then ``{"stream":"room0", "seq":7}``.
        """
        whole = data.rfind(b"}\r\n") + 3 if b"}\r\n" in data else 0
        if b"-ERR" in data or b'"error"' in data:
            raise RuntimeError(f"NATS says: {data[-300:]!r}")
        if b"PING\r\n" in data:
            self.out += b"PONG\r\n"
            data = data.replace(b"PING\r\n", b"")
            return self.take(data)
        acks = data[:whole]
        count = acks.count(b'"seq":')
        if count:
            head, _, body = acks[acks.rindex(b"MSG ") :].partition(b"\r\n")
            number = int(head.split()[1].rpartition(b".")[2])
            seq = json.loads(body)["seq"]
            if number != self.acked + count or seq != number:
                raise RuntimeError(f"ack {number} at {seq} where {self.acked + count} was due")
        return count, data[whole:]

    def call(self, subject: str, question: object) -> Any:
        """Ask the JetStream API."""
        body = json.dumps(question).encode() if question is not None else b""
        inbox = b"_INBOX.s%d.api" % self.number
        ask = b"PUB $JS.API.%b %b %d\r\n%b\r\n" % (subject.encode(), inbox, len(body), body)
        answer = self.ask(ask, lambda data: _payload(data) is not None)
        found = json.loads(_payload(answer) or b"")
        if "error" in found:
            raise RuntimeError(f"NATS says: {found['error']}")
        return found


def _payload(data: bytes) -> bytes | None:
    """Return the bytes of the first MSG, once they are whole."""
    start = data.find(b"MSG ")
    end = data.find(b"\r\n", start)
    if start < 0 or end < 0:
        return None
    size = int(data[start:end].split()[-1])
    body = data[end + 2 : end + 2 + size]
    return body if len(data) >= end + 4 + size else None


class JetStream(Store):
    """JetStream with file storage, as it is packaged."""

    name = "NATS JetStream"
    package = "nats-server"
    promise = Promise(
        stored="yes",
        synced="no: every 2 minutes",
        encrypted="no",
        ordered="yes, in a stream",
        dedupes="only with ids, 2 minutes",
    )
    configuration = (
        "file storage, its default sync interval (2 minutes; this version has no setting for "
        "it); a stream for each sender"
    )

    def version(self) -> str:
        """Ask the program."""
        if shutil.which("nats-server") is None:
            raise FileNotFoundError("nats-server")
        words = subprocess.run(["nats-server", "--version"], capture_output=True, text=True)
        return words.stdout.strip().rpartition("v")[2]

    def command(self, folder: Path, port: int) -> list[str]:
        """Write the configuration."""
        file = folder / "nats.conf"
        store = folder / "store"
        file.write_text(
            f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{store}" }}\n', encoding="utf-8"
        )
        return ["nats-server", "-c", str(file)]

    def make_room(self, port: int, rooms: int) -> None:
        """Make the streams."""
        maker = NatsSender(port, 0, [b""], 1)
        maker.greet()
        for number in range(rooms):
            name = f"room{number}"
            question = {"name": name, "subjects": [f"room.{number}"], "storage": "file"}
            maker.call(f"STREAM.CREATE.{name}", question)
        maker.close()

    def sender(self, port: int, number: int, texts: Sequence[bytes], step: int) -> NatsSender:
        """Connect."""
        return NatsSender(port, number, texts, step)

    def holds(self, sender: Sender) -> int:
        """Ask for the state of the stream."""
        assert isinstance(sender, NatsSender)
        return int(sender.call(f"STREAM.INFO.room{sender.number}", None)["state"]["messages"])

    def read(self, sender: Sender, first: int, count: int) -> list[bytes]:
        """Get messages by their numbers."""
        assert isinstance(sender, NatsSender)
        name = f"STREAM.MSG.GET.room{sender.number}"
        found = [sender.call(name, {"seq": first + one + 1}) for one in range(count)]
        return [base64.b64decode(one["message"]["data"]) for one in found]
