"""A peer's server as a process with its children, and what the operating system says of it."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.cluster import cpu_ns, memory_kib, tree

_START_S = 20.0
_STOP_S = 10.0


class Server:
    """A running server; all its processes count."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
        """Watch a process that has just been started."""
        self._process = process
        self._folder = folder
        self._port = port

    def wait_until_it_listens(self) -> None:
        """Return when the port takes connections."""
        deadline = time.monotonic() + _START_S
        while True:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {self.log()}")
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            except OSError:
                time.sleep(0.05)

    def log(self) -> str:
        """Return the end of what the server has said."""
        return (self._folder / "log").read_text(errors="replace")[-800:].strip()

    def cpu_ns(self) -> int:
        """CPU of all processes so far."""
        return self._sum(cpu_ns)

    def memory_kib(self) -> int:
        """Resident memory of all processes."""
        return self._sum(memory_kib)

    def _sum(self, read: Callable[[int], int]) -> int:
        try:
            return sum(read(pid) for pid in tree(self._process.pid))
        except (FileNotFoundError, ProcessLookupError) as error:
            raise RuntimeError(f"a process of the server ended: {self.log()}") from error

    def stop(self) -> None:
        """End the processes that this object started."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
