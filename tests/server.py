"""A real server for tests: one broker and some gateways, each a process, on free ports.

Every process runs on a leash, so a test run that is killed leaves none behind.
What they print goes to files, which are read for ready lines and tracebacks.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from broker.invitations import make_invite
from protocol.addresses import free_ports
from protocol.invite import Invite

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
READY_S = 30.0
STOP_S = 20.0


class Process:
    """``python -m WORDS``; stdout and stderr are the files ``out`` and ``err``."""

    def __init__(self, name: str, words: Sequence[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.out = folder / f"{name}.out"
        self.err = folder / f"{name}.err"
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        with self.out.open("wb") as out, self.err.open("ab") as err:
            self.popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "protocol.leash", *words],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"},
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def printed(self) -> str:
        return self.out.read_text(encoding="utf-8", errors="replace")

    def complained(self) -> str:
        return self.err.read_text(encoding="utf-8", errors="replace")

    def ready(self) -> dict[str, str]:
        """Wait for the ready line and return its ``key=value`` words."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            for line in self.printed().splitlines(keepends=True):
                if line.startswith("ready ") and line.endswith("\n"):
                    return dict(word.split("=", 1) for word in line.split() if "=" in word)
            status = self.popen.poll()
            assert status is None, f"{self.name} ended with {status}:\n{self.complained()}"
            time.sleep(0.01)
        raise AssertionError(f"{self.name} was not ready in time:\n{self.complained()}")

    def kill(self) -> None:
        self.popen.kill()
        self._reap()

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self._reap()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop:\n{self.complained()}") from None

    def _reap(self) -> int:
        status = self.popen.wait(STOP_S)
        if self.popen.stdin is not None:
            with suppress(OSError):
                self.popen.stdin.close()
        return status


class Server:
    """One broker and its gateways. ``rate`` 0: clients may send as fast as they can."""

    def __init__(self, folder: Path, gateways: int = 1, rate: float | None = None) -> None:
        self.data = folder / "data"
        self._folder = folder
        self._rate = rate
        self._all: list[Process] = []
        self.broker_port = free_ports(3)
        self.broker = self._start_broker()
        self.broker_key = self.broker.ready()["key"]
        self.ports: list[int] = []
        self.gateways: list[Process] = []
        for _ in range(gateways):
            self.add_gateway()

    @property
    def addresses(self) -> list[str]:
        return [f"{HOST}:{port}" for port in self.ports]

    @property
    def invite(self) -> Invite:
        """The invite of all gateways, in their order."""
        return make_invite(self.data, self.addresses)

    @property
    def link(self) -> str:
        return str(self.invite)

    def add_gateway(self) -> Process:
        """Start one more gateway and wait until it serves."""
        self.ports.append(free_ports(1))
        self.gateways.append(self._start_gateway(len(self.ports) - 1))
        return self.gateways[-1]

    def kill_gateway(self, index: int) -> None:
        self.gateways[index].kill()

    def restart_gateway(self, index: int) -> None:
        """Start a gateway again, on its port, after ``kill_gateway`` or instead of it."""
        if self.gateways[index].popen.poll() is None:
            self.gateways[index].kill()
        self.gateways[index] = self._start_gateway(index)

    def kill_broker(self) -> None:
        self.broker.kill()

    def restart_broker(self, hard: bool = True) -> None:
        """End the broker (``hard``: by SIGKILL), start it again and wait until it serves."""
        if self.broker.popen.poll() is None:
            if hard:
                self.broker.kill()
            else:
                self._stop(self.broker)
        self.broker = self._start_broker()
        self.broker.ready()

    def logs(self) -> str:
        """Return what all processes ever printed on stderr."""
        files = {one.err: one.complained() for one in self._all}
        return "\n".join(f"== {path.name}\n{text}" for path, text in files.items())

    def stop(self) -> None:
        """Stop everything; fail if a process did not end well or printed a traceback."""
        failures: list[str] = []
        for one in [*self.gateways, self.broker]:
            if one.popen.poll() is None:
                try:
                    self._stop(one)
                except AssertionError as error:
                    failures.append(str(error))
        if "Traceback (most recent call last)" in self.logs():
            failures.append("a process printed a traceback")
        assert not failures, "\n".join([*failures, self.logs()])

    def end(self) -> None:
        """Kill what still runs; for the time after a failed test."""
        for one in self._all:
            if one.popen.poll() is None:
                one.kill()

    def _stop(self, one: Process) -> None:
        status = one.stop()
        assert status == 0, f"{one.name} ended with {status}:\n{one.complained()}"

    def _start_broker(self) -> Process:
        words = ["broker", "--data", str(self.data), "--listen", f"{HOST}:{self.broker_port}"]
        if self._rate is not None:
            words += ["--rate", str(self._rate)]
        self._all.append(Process("broker", words, self._folder))
        return self._all[-1]

    def _start_gateway(self, index: int) -> Process:
        words = ["gateway", "--data", str(self.data), "--listen", f"{HOST}:{self.ports[index]}"]
        words += ["--broker", f"{HOST}:{self.broker_port}", f"--broker-key={self.broker_key}"]
        if self._rate is not None:
            words += ["--rate", str(self._rate)]
        process = Process(f"gateway-{index}", words, self._folder)
        self._all.append(process)
        process.ready()
        return process
