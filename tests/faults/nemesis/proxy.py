"""The TCP fault proxy: links that pass, delay, freeze, cut and refuse, while programs use them.

It runs in a process of its own (``switchboard.py``), so it costs nobody's interpreter time, and
it is portable: no root, no tool of the system. A :class:`Link` may be used from any thread.

    with Proxy() as proxy:
        link = proxy.link("plane-0", [8070, 8071, 8072])    # listens on link.port, +1, +2
        link.freeze("up")                                   # nothing more goes to the targets
        link.heal()

"up" is towards the target, "down" is back from it. Freezing is a partition: nothing is closed,
nothing goes through, new connections get no answer. What TCP does with lost packets is
seen here as delays: see :meth:`Link.lose`.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from protocol.addresses import free_ports
from tests.server import ROOT

Direction = Literal["up", "down", "both"]
OneWay = Literal["up", "down"]

_STOP_S = 10.0
_TRIES = 20


class ProxyError(Exception):
    """The proxy could not do what it was told."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What a link has seen so far."""

    accepted: int
    open: int
    up: int
    """Bytes that went on towards the target."""
    down: int
    held: int
    """Bytes that wait in the proxy now."""
    cut: int
    """Connections that were cut at a chosen byte."""


class Proxy:
    """The process; ``close`` ends it and every connection through it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.faults.nemesis.switchboard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"},
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def tell(self, link: str, do: str, **words: Any) -> Any:
        """Give a command and return its answer; raise :class:`ProxyError`."""
        stdin, stdout = self._popen.stdin, self._popen.stdout
        assert stdin is not None and stdout is not None
        with self._lock:
            try:
                stdin.write(json.dumps({"link": link, "do": do, **words}) + "\n")
                stdin.flush()
                line = stdout.readline()
            except (OSError, ValueError) as error:
                raise ProxyError(f"the proxy is gone: {error}") from None
        if not line:
            raise ProxyError("the proxy is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise ProxyError(answer["error"])
        return answer["ok"]

    def link(self, name: str, targets: Sequence[int], down_buffer_bytes: int = 0) -> "Link":
        """Open ports in a row, one for each target port of this host; names are unique.

        ``down_buffer_bytes`` bounds what is held of what the targets send, here and in the system.
        """
        for _ in range(_TRIES):
            first = free_ports(len(targets))
            try:
                for place, target in enumerate(targets):
                    words = {"port": first + place, "target": target}
                    self.tell(name, "open", **words, buffer_bytes=down_buffer_bytes)
            except ProxyError as error:
                if "Errno" not in str(error) or self.tell(name, "forget") is not None:
                    raise
                continue
            return Link(self, name, first)
        raise ProxyError("no free ports were found")

    def close(self) -> None:
        """End the process."""
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self._popen.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait(_STOP_S)


class Link:
    """One or more ports that suffer together."""

    def __init__(self, proxy: Proxy, name: str, port: int) -> None:
        self.name = name
        self.port = port
        """The first of its ports."""
        self._proxy = proxy

    def freeze(self, direction: Direction = "both") -> None:
        """Let nothing through and close nothing: a partition."""
        self._tell("weather", direction=direction, frozen=True)

    def delay(self, delay_ms: float, jitter_ms: float = 0, direction: Direction = "both") -> None:
        """Bring everything later, in its order."""
        self._tell("weather", direction=direction, delay_ms=delay_ms, jitter_ms=jitter_ms)

    def narrow(self, bytes_s: float, direction: Direction = "both") -> None:
        """Limit the bandwidth of each connection."""
        self._tell("weather", direction=direction, bytes_s=bytes_s)

    def lose(self, per_mille: float, spike_ms: float, direction: Direction = "both") -> None:
        """Have so many of a thousand pieces come later, with all that is behind them."""
        self._tell("weather", direction=direction, loss=per_mille, spike_ms=spike_ms)

    def reset(self) -> None:
        """End all connections with an RST."""
        self._tell("reset")

    def cut(self, direction: OneWay, least: int, most: int, reset: bool = False) -> None:
        """End each connection after so many bytes more (drawn for each): within a frame."""
        self._tell("cut", direction=direction, least=least, most=most, reset=reset)

    def half_close(self, direction: OneWay) -> None:
        """Send FIN one way on all connections; the other way goes on."""
        self._tell("half_close", direction=direction)

    def cut_handshakes(self, within_bytes: int) -> None:
        """End each new connection somewhere in its first bytes, either way."""
        self._tell("cut_handshakes", most=within_bytes)

    def refuse(self) -> None:
        """Refuse new connections; those that are there stay."""
        self._tell("refuse")

    def flap(self, period_ms: float, reset: bool) -> None:
        """Go down and up in turns; down is frozen or, with ``reset``, closed and refused."""
        self._tell("flap", period_ms=period_ms, reset=reset)

    def heal(self) -> None:
        """Be an ordinary link again; what was held goes on, what was closed stays closed."""
        self._tell("heal")

    def counters(self) -> Counters:
        """Return what went through so far."""
        return Counters(**self._tell("counters"))

    def _tell(self, do: str, **words: Any) -> Any:
        return self._proxy.tell(self.name, do, **words)
