"""A broker and gateways as real processes, and what the operating system says of them.

CPU is read from the kernel: nanoseconds on a core, summed over a process's threads
(``/proc/PID/task/*/schedstat``), user and system time together, so also the time in
libzmq's own threads and in the network stack on the process's behalf.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from protocol.addresses import free_ports
from protocol.invite import Invite
from protocol.keys import load_or_make


class Cluster:
    """One broker and some gateways, on a fresh folder on disk; without ``limited`` no limits."""

    def __init__(self, limited: bool = False, gateways: int = 1, hold: bool = True) -> None:
        """Name the parts; nothing runs yet. Without ``hold`` no message waits for another."""
        self._hold = [] if hold else ["--hold", "0"]
        self._rate = [] if limited else ["--rate", "0"]
        self._folder = tempfile.TemporaryDirectory(prefix="zviazok-bench-")
        self.data = Path(self._folder.name) / "server"
        """May be made, and filled, before they start."""
        self.broker_port = 0
        """The first of three; known once they run."""
        self._count = gateways
        self._processes: list[subprocess.Popen[str]] = []
        self._logs: list[IO[str]] = []

    def __enter__(self) -> "Cluster":
        """Start all and wait until they serve."""
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def _begin(self) -> None:
        self.broker_port = free_ports(3 + self._count)
        broker = f"127.0.0.1:{self.broker_port}"
        words = ["--data", str(self.data), *self._rate]
        key = self._start("broker", [*words, "--listen", broker]).split("key=")[1]
        words += ["--broker", broker, f"--broker-key={key}", *self._hold]
        listen = [f"127.0.0.1:{self.broker_port + 3 + number}" for number in range(self._count)]
        self._first = [*words, "--listen", listen[0]]
        for one in listen:
            self._start("gateway", [*words, "--listen", one])
        token = (self.data / "invite.token").read_text(encoding="ascii").strip()
        server_key = load_or_make(self.data / "frontend.key").public
        self.invites = [Invite((one,), server_key, token) for one in listen]
        """One for each gateway."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all and remove the folder."""
        self._end()

    def _end(self) -> None:
        for process in self._processes[::-1]:
            process.terminate()
        for process in self._processes[::-1]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for log in self._logs:
            log.close()
        self.discard()

    def discard(self) -> None:
        """Remove the folder; also of one that was never started."""
        self._folder.cleanup()

    @property
    def broker(self) -> subprocess.Popen[str]:
        """The broker's process."""
        return self._processes[0]

    @property
    def gateways(self) -> list[subprocess.Popen[str]]:
        """The gateways' processes."""
        return self._processes[1:]

    @property
    def gateway(self) -> subprocess.Popen[str]:
        """The first gateway's process."""
        return self._processes[1]

    @property
    def invite(self) -> Invite:
        """Leads to the first gateway."""
        return self.invites[0]

    def complained(self) -> str:
        """Return what the first gateway has logged."""
        log = self._logs[1]
        log.seek(0)
        return log.read()

    def cpu_ns(self) -> int:
        """CPU of all of them together so far."""
        return sum(cpu_ns(process.pid) for process in self._processes)

    def replace_gateway(self) -> None:
        """Kill the first gateway and start it anew at the same address."""
        old = self.gateway
        old.kill()
        old.wait()
        assert old.stdout is not None
        old.stdout.close()
        self._start("gateway", self._first)
        self._processes[1] = self._processes.pop()
        self._logs.pop(1).close()
        self._logs.insert(1, self._logs.pop())

    def _start(self, package: str, words: list[str]) -> str:
        """Start a process; return its ready line."""
        log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lasts as long as the process
        self._logs.append(log)
        process = subprocess.Popen(
            [sys.executable, "-m", package, *words],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        ready = process.stdout.readline().strip()
        if not ready.startswith("ready"):
            log.seek(0)
            raise RuntimeError(f"the {package} did not start: {log.read().strip()}")
        return ready


def cpu_ns(pid: int) -> int:
    """Nanoseconds that all threads of a process have spent on a core."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def memory_kib(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("the kernel does not tell VmRSS")


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it, as the kernel has them now."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name in parentheses may hold anything.
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(words[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


class Spends(Protocol):
    """Whatever tells of its CPU."""

    def cpu_ns(self) -> int:
        """CPU so far."""


def settle(server: Spends, quiet_ms: float = 3.0, limit_s: float = 30.0) -> None:
    """Wait until the server uses less than ``quiet_ms`` of CPU in 200 ms."""
    deadline = time.monotonic() + limit_s
    before = server.cpu_ns()
    while time.monotonic() < deadline:
        time.sleep(0.2)
        now = server.cpu_ns()
        if now - before < quiet_ms * 1e6:
            return
        before = now
