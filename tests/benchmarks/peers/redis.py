"""Redis pub/sub: RESP2 by hand."""

import re
import subprocess
from pathlib import Path

from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, ask, launch, program, step

_CONFIG = """\
bind 127.0.0.1
port {port}
save ""
appendonly no
maxclients 20000
client-output-buffer-limit pubsub 0 0 0
dir {folder}
"""


class Redis(Peer):
    """SUBSCRIBE and PUBLISH."""

    key = "redis"
    title = "Redis pub/sub"
    package = "Debian redis-server"
    promise = Promise("no", "no", "no", "per channel")
    settings = (
        'save "", appendonly no: nothing is written',
        "client-output-buffer-limit pubsub 0 0 0: no subscriber is cut off in a burst",
    )
    pattern = re.compile(rb"\$7\r\nmessage\r\n\$4\r\nroom\r\n\$\d+\r\n(" + BODY + rb"[^\r]*)\r\n")

    def version(self) -> str:
        """Ask ``redis-server``."""
        return ask([program("redis-server", "redis-server"), "--version"], r"v=([\d.]+)")

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start with a file of its own."""
        config = folder / "redis.conf"
        config.write_text(_CONFIG.format(port=port, folder=folder))
        return launch([program("redis-server", "redis-server"), str(config)], folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Subscribe to the channel."""
        return (step(resp(b"SUBSCRIBE", b"room"), rb"subscribe\r\n\$4\r\nroom\r\n:1\r\n"),)

    def publish(self, number: int, body: bytes) -> bytes:
        """Publish; the server answers with the number of receivers."""
        return resp(b"PUBLISH", b"room", body)


def resp(*words: bytes) -> bytes:
    """Encode a command as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(parts)
