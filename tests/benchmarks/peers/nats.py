"""NATS core: its text protocol by hand."""

import re
import subprocess
from pathlib import Path

from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, ask, launch, program, step

_CONFIG = """\
host: 127.0.0.1
port: {port}
max_connections: 20000
ping_interval: "1h"
"""
_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n'


class Nats(Peer):
    """SUB and PUB on one subject; no JetStream."""

    key = "nats"
    title = "NATS"
    package = "Debian nats-server"
    promise = Promise("no", "no", "no", "per publisher")
    settings = ("ping_interval 1h: no pings in a run", "no JetStream: nothing is stored")
    pattern = re.compile(rb"MSG room 1 \d+\r\n(" + BODY + rb"[^\r]*)\r\n")

    def version(self) -> str:
        """Ask ``nats-server``."""
        return ask([program("nats-server", "nats-server"), "--version"], r"v([\d.]+)")

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start with a file of its own."""
        config = folder / "nats.conf"
        config.write_text(_CONFIG.format(port=port))
        return launch([program("nats-server", "nats-server"), "-c", str(config)], folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Subscribe; PING and PONG show that it is done."""
        return (
            step(b"", rb"INFO .*\r\n"),
            step(_CONNECT + b"SUB room 1\r\nPING\r\n", rb"PONG\r\n"),
        )

    def enter(self) -> tuple[Step, ...]:
        """Connect without a subscription."""
        return (step(b"", rb"INFO .*\r\n"), step(_CONNECT + b"PING\r\n", rb"PONG\r\n"))

    def publish(self, number: int, body: bytes) -> bytes:
        """Publish; nothing comes back."""
        return b"PUB room %d\r\n%s\r\n" % (len(body), body)
