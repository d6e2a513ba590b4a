"""Relays TCP connections, and does to them what networks do; see ``proxy.py``.

A route listens on a port and relays to another one; some routes make a link, which is what
commands name. What is read and may not go on yet is held, up to ``HELD_MAX_BYTES`` a
direction; then reading pauses, so TCP holds the sender back and memory stays bounded.
Owned by the event loop's thread.
"""

import asyncio
import os
import random
import socket
import struct
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
HELD_MAX_BYTES = 1 << 20
_WRITE_MAX_BYTES = 256 * 1024
_BACKLOG = 1_024
_RESET = struct.pack("ii", 1, 0)
DIRECTIONS = ("up", "down")


@dataclass(slots=True)
class Weather:
    """What one direction of a link is like now."""

    frozen: bool = False
    delay_ms: float = 0
    jitter_ms: float = 0
    loss: float = 0
    """How many of a thousand pieces are "lost": TCP sends them again ``spike_ms`` later."""
    spike_ms: float = 0
    bytes_s: float = 0
    """Bandwidth; 0: as fast as it goes."""


@dataclass(slots=True)
class Link:
    """Routes that suffer together."""

    up: Weather = field(default_factory=Weather)
    down: Weather = field(default_factory=Weather)
    routes: list["Route"] = field(default_factory=list)
    pairs: set["Pair"] = field(default_factory=set)
    refusing: bool = False
    handshake_bytes: int = 0
    """New connections are cut somewhere in their first bytes, up to this many; 0: they are not."""
    flapping: asyncio.Task[None] | None = None
    counters: dict[str, int] = field(
        default_factory=lambda: {"accepted": 0, "up": 0, "down": 0, "cut": 0}
    )

    @property
    def frozen(self) -> bool:
        return self.up.frozen or self.down.frozen

    def pump(self) -> None:
        """Let everything go on that may."""
        for pair in list(self.pairs):
            pair.dial()
            for pipe in pair.pipes:
                pipe.pump()

    async def refuse(self, refusing: bool) -> None:
        """Close the listeners, or open them again."""
        self.refusing = refusing
        for route in self.routes:
            await route.listen(not refusing)

    def reset(self) -> None:
        """End all connections with an RST on both sides."""
        for pair in list(self.pairs):
            pair.end(reset=True)


class Route:
    """A port that is relayed to another one."""

    def __init__(self, link: Link, port: int, target: int, buffer_bytes: int) -> None:
        self.link = link
        self.port = port
        self.target = target
        self._buffer_bytes = buffer_bytes
        self.write_max_bytes = buffer_bytes or _WRITE_MAX_BYTES
        self._server: asyncio.Server | None = None

    async def dialled(self) -> socket.socket:
        """Return a socket that is connected to the target."""
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        if self._buffer_bytes:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer_bytes)
        try:
            await asyncio.get_running_loop().sock_connect(one, (HOST, self.target))
        except BaseException:
            one.close()
            raise
        return one

    async def listen(self, wanted: bool) -> None:
        if not wanted:
            if self._server is not None:
                self._server.close()
                self._server = None
        elif self._server is None:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._buffer_bytes:
                # Connections inherit it.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._buffer_bytes)
            listener.bind((HOST, self.port))
            listener.setblocking(False)
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Pair(self).near, sock=listener, backlog=_BACKLOG
            )


class Pair:
    """A connection that was accepted, and the one to the target that continues it."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.link = route.link
        self.near = Side(self)
        self.far = Side(self)
        self.pipes = (Pipe(self, "up"), Pipe(self, "down"))
        self._dialling = False
        self.over = False

    def accepted(self) -> None:
        self.link.pairs.add(self)
        self.link.counters["accepted"] += 1
        if self.link.handshake_bytes:
            pipe = random.choice(self.pipes)
            pipe.cut(random.randrange(self.link.handshake_bytes), random.random() < 0.5)
        self.dial()

    def dial(self) -> None:
        """Connect to the target, unless the link is frozen: then not even a SYN goes through."""
        if not (self._dialling or self.over or self.link.frozen):
            self._dialling = True
            task = asyncio.get_running_loop().create_task(self._dial())
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.far, sock=await self.route.dialled())
        except OSError:
            self.end(reset=True)
            return
        if self.over:
            self.far.close(reset=True)
            return
        for pipe in self.pipes:
            pipe.pump()

    def end(self, reset: bool) -> None:
        """Close both sides; without ``reset`` what was written still arrives."""
        self.over = True
        self.link.pairs.discard(self)
        for side in (self.near, self.far):
            side.close(reset)


class Side(asyncio.Protocol):
    """One of the two sockets of a pair."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self.transport: asyncio.Transport | None = None
        self.full = False
        """What was written could not be sent on yet."""

    @property
    def _pipe(self) -> "Pipe":
        return self._pair.pipes[0 if self is self._pair.near else 1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(self._pair.route.write_max_bytes)
        if self is self._pair.near:
            transport.pause_reading()
            self._pair.accepted()

    def data_received(self, data: bytes) -> None:
        self._pipe.take(data)

    def eof_received(self) -> bool:
        self._pipe.take(b"")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._pair.over:
            self._pair.end(reset=exc is not None)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        for pipe in self._pair.pipes:
            pipe.pump()

    def close(self, reset: bool) -> None:
        transport, self.transport = self.transport, None
        if transport is None:
            return
        if reset:
            one = transport.get_extra_info("socket")
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()
        else:
            transport.close()


class Pipe:
    """One direction of a pair: takes what one side received, gives it to the other in time."""

    def __init__(self, pair: Pair, direction: str) -> None:
        self._pair = pair
        self._direction = direction
        self._weather: Weather = getattr(pair.link, direction)
        self._held: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._due = 0.0
        self._free = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._left: int | None = None
        self._resets = False
        self._ended = False

    @property
    def _sides(self) -> tuple[Side, Side]:
        near, far = self._pair.near, self._pair.far
        return (near, far) if self._direction == "up" else (far, near)

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    def cut(self, after: int | None, reset: bool = False) -> None:
        """End the connection once so many bytes more have gone this way; None: do not."""
        self._left, self._resets = after, reset

    def half_close(self) -> None:
        """Send FIN this way; what comes later is read and dropped."""
        if not self._ended:
            self._write(b"")

    def take(self, data: bytes) -> None:
        """Take what was received; nothing (``b""``) is its end."""
        weather, now = self._weather, asyncio.get_running_loop().time()
        due = now + (weather.delay_ms + random.random() * weather.jitter_ms) / 1_000
        if weather.loss and random.random() * 1_000 < weather.loss:
            due += weather.spike_ms / 1_000
        # TCP keeps the order: nothing overtakes what was before it.
        self._due = max(due, self._due)
        size = max(int(weather.bytes_s / 20), 512) if weather.bytes_s else len(data) or 1
        for start in range(0, max(len(data), 1), size):
            self._held.append((self._due, data[start : start + size]))
        self._held_bytes += len(data)
        self.pump()

    def pump(self) -> None:
        """Write what may be written now, and see to it that this is called when more may."""
        source, sink = self._sides
        loop = asyncio.get_running_loop()
        while self._held and not (self._weather.frozen or sink.full or sink.transport is None):
            due, data = self._held[0]
            wait_until = max(due, self._free)
            if wait_until > loop.time():
                if self._timer is None:
                    self._timer = loop.call_at(wait_until, self._awake)
                break
            self._held.popleft()
            self._held_bytes -= len(data)
            if self._weather.bytes_s:
                self._free = loop.time() + len(data) / self._weather.bytes_s
            self._write(data)
            if self._pair.over:
                return
        if source.transport is not None and not source.transport.is_closing():
            full = self._weather.frozen or sink.full or self._held_bytes >= HELD_MAX_BYTES
            if full or sink.transport is None:
                source.transport.pause_reading()
            else:
                source.transport.resume_reading()

    def _awake(self) -> None:
        self._timer = None
        self.pump()

    def _write(self, data: bytes) -> None:
        _, sink = self._sides
        if self._ended or sink.transport is None:
            return
        if not data:
            self._ended = True
            with suppress(OSError, RuntimeError):
                sink.transport.write_eof()
            if all(pipe._ended for pipe in self._pair.pipes):
                self._pair.end(reset=False)
            return
        if self._left is not None:
            data, self._left = data[: self._left], self._left - len(data)
        if data:
            self._pair.link.counters[self._direction] += len(data)
            sink.transport.write(data)
        if self._left is not None and self._left <= 0:
            self._pair.link.counters["cut"] += 1
            self._pair.end(self._resets)


_tasks: set[asyncio.Task[None]] = set()
