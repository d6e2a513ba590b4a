"""A peer's processes: started in a folder of their own, and what the system says of them."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from protocol.addresses import free_ports
from tests.benchmarks.cluster import cpu_ns, tree
from tests.benchmarks.durable.peer import Store

_START_S = 30.0
_STOP_S = 20.0


class Service:
    """One peer, started fresh; ``with`` waits until it takes connections."""

    def __init__(self, store: Store) -> None:
        """Name the folder; nothing runs yet."""
        self._store = store
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Service":
        self._folder = tempfile.TemporaryDirectory(prefix="zviazok-durable-")
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def _start(self) -> None:
        folder = Path(self._folder.name)
        self.port = free_ports(1)
        prefix: list[str] = []
        if self._store.user and os.geteuid() == 0:
            # PostgreSQL does not run as root.
            user = pwd.getpwnam(self._store.user)
            os.chown(folder, user.pw_uid, user.pw_gid)
            prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
            prefix.append("--clear-groups")
        self._log = (folder / "log").open("w+b")
        for words in self._store.preparing(folder):
            subprocess.run(
                [*prefix, *words], check=True, cwd=folder, stdout=self._log, stderr=self._log
            )
        self._process = subprocess.Popen(
            [*prefix, *self._store.command(folder, self.port)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        deadline = time.monotonic() + _START_S
        while not self._takes_connections():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._log.seek(0)
                text = self._log.read()[-1_000:].decode(errors="replace")
                raise RuntimeError(f"{self._store.name} did not start: {text}")
            time.sleep(0.05)

    def _takes_connections(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def cpu_ns(self) -> int:
        """CPU so far of the process and all its children that live."""
        assert self._process is not None
        return sum(cpu_ns(pid) for pid in tree(self._process.pid))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.send_signal(self._store.stop_signal)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._log.close()
        shutil.rmtree(self._folder.name, ignore_errors=True)
        self._folder.cleanup()
