"""A bare server with a thread for every client: the floor, with no protocol at all."""

import platform
import re
import subprocess
from pathlib import Path

from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, launch, script, step


class Threads(Peer):
    """Python, a thread per client, ``sendall`` of whatever bytes came, one after the other."""

    key = "threads"
    title = "threads + sendall"
    package = "servers/threads.py"
    promise = Promise("no", "no", "no", "per connection")
    settings = ("no framing: bytes go on as they came; one slow client holds up all",)
    pattern = re.compile(b"(" + BODY + rb"[^\n]*\n)")

    def version(self) -> str:
        """Return Python's."""
        return f"Python {platform.python_version()}"

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start the script beside this file."""
        return launch(script("threads", port, folder), folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Wait until the server knows the client."""
        return (step(b"", rb"ready\n"),)

    def enter(self) -> tuple[Step, ...]:
        """The sender is a client like the others; it does not get its own bytes back."""
        return self.join(-1)

    def publish(self, number: int, body: bytes) -> bytes:
        """A line."""
        return body + b"\n"

    def carried(self, body: bytes) -> bytes:
        """A line."""
        return body + b"\n"
