"""Servers of WebSocket: websockets.broadcast, uWebSockets, python-socketio; frames by hand."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import ClassVar

from tests.benchmarks.peers import environment
from tests.benchmarks.peers.peer import BODY, Peer, Promise, Step, launch, script, step

_MASK = os.urandom(4)
"""Clients must mask; one mask for a run spares the generator work."""


class Broadcast(Peer):
    """``websockets.broadcast`` on uvloop's event loop."""

    key = "websockets"
    title = "websockets + uvloop"
    package = "PyPI websockets, uvloop"
    promise = Promise("no", "no", "no", "per connection")
    settings: ClassVar[tuple[str, ...]] = ("compression off, pings off", "servers/broadcast.py")
    pattern = re.compile(b"(" + BODY + rb"[^\n]*\n)")

    def version(self) -> str:
        """Ask the environment."""
        return f"{environment.version('websockets')} + uvloop {environment.version('uvloop')}"

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start the script beside this file."""
        return launch(script("broadcast", port, folder, environment.python()), folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Shake hands; the server says ``ready`` when it knows the client."""
        return (step(upgrade("/receive"), rb"101 .*\r\n\r\n.*ready\n"),)

    def enter(self) -> tuple[Step, ...]:
        """Shake hands as the one who sends."""
        return (step(upgrade("/send"), rb"101 .*\r\n\r\n.*ready\n"),)

    def publish(self, number: int, body: bytes) -> bytes:
        """A text frame."""
        return text_frame(body + b"\n")

    def carried(self, body: bytes) -> bytes:
        """With a line end, by which the body is found."""
        return body + b"\n"


class UWebSockets(Broadcast):
    """uWebSockets in C++, driven by its Python binding socketify: subscribe and publish."""

    key = "uwebsockets"
    title = "uWebSockets (socketify)"
    package = "PyPI socketify"
    settings = (
        "compression off, idle time-out off",
        "max_backpressure 64 MiB: nothing is dropped in a burst",
        "servers/uws.py",
    )

    def version(self) -> str:
        """Ask the environment."""
        return f"socketify {environment.version('socketify')}"

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start the script beside this file."""
        return launch(script("uws", port, folder, environment.python()), folder)


class SocketIo(Peer):
    """python-socketio under uvicorn on uvloop; one room, WebSocket transport from the start."""

    key = "socketio"
    title = "python-socketio + uvicorn"
    package = "PyPI python-socketio, uvicorn, uvloop, websockets"
    promise = Promise("no", "no", "no", "per connection")
    settings = (
        "compression off, ping_interval 1 h, access log off",
        "JSON escapes what is not ASCII, as the library does by default: more bytes a message",
        "servers/socketio_app.py",
    )
    messages_max = 500
    pattern = re.compile(rb'42\["text","(' + BODY + rb'(?:[^"\\]|\\.)*)"\]')

    def version(self) -> str:
        """Ask the environment."""
        names = ("python-socketio", "uvicorn")
        first, second = (environment.version(name) for name in names)
        return f"{first} + uvicorn {second}"

    def start(self, folder: Path, port: int) -> subprocess.Popen[bytes]:
        """Start the script beside this file."""
        return launch(script("socketio_app", port, folder, environment.python()), folder)

    def join(self, number: int) -> tuple[Step, ...]:
        """Connect and ask to be put into the room."""
        return (*self.enter(), step(text_frame(b'42["join"]'), rb'42\["joined"\]'))

    def enter(self) -> tuple[Step, ...]:
        """Shake hands, and connect to the namespace."""
        path = "/socket.io/?EIO=4&transport=websocket"
        return (
            step(upgrade(path), rb"101 .*\r\n\r\n.*0\{.*\}"),
            step(text_frame(b"40"), rb"40\{.*\}"),
        )

    def publish(self, number: int, body: bytes) -> bytes:
        """An event with one argument."""
        return text_frame(b'42["say","%s"]' % body)

    def carried(self, body: bytes) -> bytes:
        """As a JSON string in ASCII."""
        return json.dumps(body.decode())[1:-1].encode()


def upgrade(path: str) -> str:
    """Return the request that opens a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )


def text_frame(payload: bytes, mask: bytes = _MASK) -> bytes:
    """Encode a client's text frame: final, masked (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 65_536:
        head = b"\x81\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\x81\xff" + size.to_bytes(8, "big")
    cover = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(cover, "big")
    return head + mask + masked.to_bytes(size, "big")
