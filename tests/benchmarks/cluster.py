"""A broker and a gateway as real processes, and what the operating system says of them.

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
from typing import IO

from protocol.addresses import free_ports
from protocol.invite import Invite
from protocol.keys import load_or_make

_START_S = 20.0


class Cluster:
    """One broker and one gateway, on a fresh folder on disk; without ``limited`` without limits."""

    def __init__(self, limited: bool = False) -> None:
        """Name the parts; nothing runs yet."""
        self._rate = [] if limited else ["--rate", "0"]
        self._folder = tempfile.TemporaryDirectory(prefix="zviazok-bench-")
        self.data = Path(self._folder.name) / "server"
        self.broker: subprocess.Popen[str]
        self.gateway: subprocess.Popen[str]
        self.gateway_log: IO[str]

    def __enter__(self) -> "Cluster":
        """Start both and wait until they serve."""
        port = free_ports(4)
        words = ["--data", str(self.data), "--listen", f"127.0.0.1:{port}", *self._rate]
        self.broker, ready, _ = _start("broker", words)
        key = ready.split("key=")[1]
        listen = f"127.0.0.1:{port + 3}"
        words = ["--broker", f"127.0.0.1:{port}", f"--broker-key={key}", "--listen", listen]
        try:
            self.gateway, _, self.gateway_log = _start(
                "gateway", [*words, "--data", str(self.data), *self._rate]
            )
        except RuntimeError:
            self.broker.kill()
            self.broker.wait()
            raise
        token = (self.data / "invite.token").read_text(encoding="ascii").strip()
        server_key = load_or_make(self.data / "frontend.key").public
        self.invite = Invite((listen,), server_key, token)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop both and remove the folder."""
        for process in (self.gateway, self.broker):
            process.terminate()
        for process in (self.gateway, self.broker):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self.gateway_log.close()
        self._folder.cleanup()

    def complained(self) -> str:
        """Return what the gateway has logged."""
        self.gateway_log.seek(0)
        return self.gateway_log.read()

    def cpu_ns(self) -> int:
        """CPU of broker and gateway together so far."""
        return cpu_ns(self.broker.pid) + cpu_ns(self.gateway.pid)


def _start(package: str, words: list[str]) -> tuple[subprocess.Popen[str], str, IO[str]]:
    """Start a process; return it, its ready line, and its log."""
    log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it lasts as long as the process
    process = subprocess.Popen(
        [sys.executable, "-m", package, *words],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    ready = process.stdout.readline().strip()
    if not ready.startswith("ready"):
        process.kill()
        process.wait()
        log.seek(0)
        raise RuntimeError(f"the {package} did not start: {log.read().strip()}")
    return process, ready, log


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


def settle(cluster: Cluster, quiet_ms: float = 3.0, limit_s: float = 30.0) -> None:
    """Wait until the servers use less than ``quiet_ms`` of CPU in 200 ms."""
    deadline = time.monotonic() + limit_s
    before = cluster.cpu_ns()
    while time.monotonic() < deadline:
        time.sleep(0.2)
        now = cluster.cpu_ns()
        if now - before < quiet_ms * 1e6:
            return
        before = now
