"""Several machines on one: network namespaces that a bridge joins, and a server spread over them.

Everything has names of its own run and is removed at the end. The addresses exist inside the
namespaces alone. Needs root, or sudo without a password; programs run as who runs the tests.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from broker.invitations import make_invite
from tests.integration.chat import Chat
from tests.server import ROOT, Process

_NETWORK = "10.203.7"
_BROKER_PORT = 8070
_GATEWAY_PORT = 8080
_PLACES = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_SUDO = [] if os.geteuid() == 0 else ["sudo", "-n"]


def why_not() -> str:
    """Return what is missing for namespaces, or nothing."""
    if sys.platform != "linux":
        return "only on Linux are there network namespaces"
    if shutil.which("ip", path=_PLACES) is None:
        return "there is no ip command (on Debian: apt install iproute2)"
    if _SUDO and subprocess.run([*_SUDO, "true"], capture_output=True, check=False).returncode:
        return "network namespaces need root, or sudo without a password"
    return ""


def _ip(*words: str) -> str:
    command = [*_SUDO, shutil.which("ip", path=_PLACES) or "ip", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr.strip()}"
    return done.stdout


class Machine:
    """A namespace with an address on the common network."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    def prefix(self, folder: Path) -> list[str]:
        """Return the words that run a program on this machine, as the user of the tests."""
        enter = [*_SUDO, shutil.which("ip", path=_PLACES) or "ip", "netns", "exec", self.name]
        if not _SUDO:
            return enter
        user = ["setpriv", f"--reuid={os.getuid()}", f"--regid={os.getgid()}", "--clear-groups"]
        kept = {"PATH": _PLACES, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "HOME": str(folder)}
        return [*enter, *user, "env", *(f"{name}={value}" for name, value in kept.items())]

    def received_bytes(self) -> int:
        """Return what came in over the network since the start, loopback aside."""
        shown = json.loads(_ip("-n", self.name, "-s", "-j", "link", "show", "eth0"))
        return int(shown[0]["stats64"]["rx"]["bytes"])


class Inside(Process):
    """A process of the server on a machine."""

    def __init__(self, machine: Machine, name: str, words: Sequence[str], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.out = folder / f"{name}.out"
        self.err = folder / f"{name}.err"
        with self.out.open("wb") as out, self.err.open("ab") as err:
            self.popen = subprocess.Popen(
                [*machine.prefix(folder), sys.executable, "-P", "-m", "protocol.leash", *words],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            )

    @property
    def pid(self) -> int:
        """The program itself, which sudo may stand in front of."""
        return innermost(self.popen.pid)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._reap()

    def stop(self) -> int:
        """Ask it to stop and return its exit status."""
        if self.popen.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        return self._reap()


def innermost(pid: int) -> int:
    """Return the last of a chain of processes, each with one child."""
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        if len(children) != 1:
            return pid
        pid = int(children[0])


class World:
    """A broker's machine and two gateways' machines, ``north`` and ``south``."""

    def __init__(self, folder: Path, rate: float | None = None) -> None:
        """Plan; ``with`` makes the machines and starts the broker."""
        self._folder = folder
        self._rate = rate
        self._run = f"zv{os.getpid()}-{secrets.token_hex(2)}"
        self._closing = ExitStack()
        self._processes: list[Process] = []
        names = ("broker", "north", "south")
        self.machines = {
            name: Machine(f"{self._run}-{name}", f"{_NETWORK}.{number}")
            for number, name in enumerate(names, 1)
        }
        self.data = folder / "broker"
        self.gateways: dict[str, Process] = {}

    def __enter__(self) -> "World":
        with ExitStack() as opened:
            hub = self._namespace(opened, f"{self._run}-hub")
            _ip("-n", hub, "link", "add", "br0", "type", "bridge")
            _ip("-n", hub, "link", "set", "br0", "up")
            for number, machine in enumerate(self.machines.values()):
                self._connect(opened, hub, machine, f"port{number}")
            opened.callback(self._end_processes)
            place = self.machines["broker"].address
            words = ["broker", "--data", str(self.data), "--listen", f"{place}:{_BROKER_PORT}"]
            if self._rate is not None:
                words += ["--rate", str(self._rate)]
            self.broker = self._start("broker", "broker", words)
            self.broker_key = self.broker.ready()["key"]
            self._closing = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all; without another failure, all must have ended well."""
        failures: list[str] = []
        try:
            for one in [*self.gateways.values(), self.broker]:
                if one.popen.poll() is None and one.stop() != 0:
                    failures.append(f"{one.name} ended badly")
            failures += [
                f"{one.name} printed a traceback"
                for one in self._processes
                if "Traceback" in one.complained()
            ]
            assert error is not None or not failures, "\n".join([*failures, self.logs()])
        finally:
            self._closing.close()

    def logs(self) -> str:
        """Return what all processes printed on stderr."""
        return "\n".join(f"== {one.name}\n{one.complained()}" for one in self._processes)

    def link(self, *names: str) -> str:
        """Return an invite link of these machines' gateways, in this order."""
        listening = [f"{self.machines[name].address}:{_GATEWAY_PORT}" for name in names]
        return str(make_invite(self.data, listening))

    def address(self, name: str) -> str:
        """Return where the gateway of a machine listens."""
        return f"{self.machines[name].address}:{_GATEWAY_PORT}"

    def start_gateway(self, name: str) -> Process:
        """Start a gateway with a data folder of its own; the broker may not know it yet."""
        broker, place = self.machines["broker"].address, self.address(name)
        words = ["gateway", "--data", str(self._folder / name), "--listen", place]
        words += ["--broker", broker, f"--broker-key={self.broker_key}"]
        if self._rate is not None:
            words += ["--rate", str(self._rate)]
        self.gateways[name] = self._start(name, f"gateway-{name}", words)
        return self.gateways[name]

    def admit(self, key: str) -> None:
        """Add a gateway's key on the broker's machine, as its line says."""
        with (self.data / "gateways").open("a", encoding="utf-8") as file:
            file.write(f"{key}  # of a test\n")

    def chat(self, name: str, nick: str, link: str) -> Chat:
        """Return a person's terminal client on a machine; it starts at once."""
        folder = self._folder / f"chat-{nick}"
        return Chat(folder, link, nick, prefix=self.machines[name].prefix(folder))

    def _start(self, where: str, name: str, words: list[str]) -> Process:
        process = Inside(self.machines[where], name, words, self._folder / f"logs-{where}")
        self._processes.append(process)
        return process

    def _end_processes(self) -> None:
        for one in self._processes:
            if one.popen.poll() is None:
                one.kill()

    def _namespace(self, opened: ExitStack, name: str) -> str:
        _ip("netns", "add", name)
        opened.callback(_ip, "netns", "del", name)
        _ip("-n", name, "link", "set", "lo", "up")
        return name

    def _connect(self, opened: ExitStack, hub: str, machine: Machine, port: str) -> None:
        name = self._namespace(opened, machine.name)
        veth = ["link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name]
        _ip("-n", hub, *veth)
        _ip("-n", hub, "link", "set", port, "master", "br0")
        _ip("-n", hub, "link", "set", port, "up")
        _ip("-n", name, "addr", "add", f"{machine.address}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")


def namespaces_left(pid: int) -> Iterator[str]:
    """Yield the namespaces that a run of this process has left behind."""
    for line in _ip("netns", "list").splitlines():
        if line.startswith(f"zv{pid}-"):
            yield line.split()[0]
