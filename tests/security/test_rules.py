"""The ZeroMQ rules of design.md, section 5, that no other test would miss; see README.md.

Each test here fails when its rule is dropped, and was seen to. Real sockets, in one process.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

import broker.reader
import broker.server
import gateway.frontend
import gateway.server
from broker.server import Broker
from gateway.core import Core
from gateway.delivery import Sent
from gateway.frontend import Frontend
from gateway.server import Gateway
from protocol import keys, sockets
from protocol.addresses import free_ports
from protocol.backplane import encode_slot
from protocol.codes import ErrorCode, Purpose
from protocol.frames import Error, Hello, Ping, Read, encode
from protocol.keys import KeyPair
from protocol.sockets import DOMAIN_CLIENT, DOMAIN_PEER, Context, Socket
from protocol.zap import ENDPOINT
from tests.gateway.stand import Wires
from tests.protocol.guarded import DEADLINE_S, Guarded

ROOT = Path(__file__).parents[2]
MILLISECONDS = int(DEADLINE_S * 1_000)

Made = Callable[[Context], Socket]
KEYS = keys.make()
SERVERS: dict[str, Made] = {
    "frontend": lambda context: sockets.frontend(context, KEYS),
    "ingress": lambda context: sockets.ingress(context, KEYS),
    "egress": lambda context: sockets.egress(context, KEYS),
}
CLIENTS: dict[str, Made] = {
    "backend": lambda context: sockets.backend(context, KEYS, KEYS.public),
    "feed": lambda context: sockets.feed(context, KEYS, KEYS.public),
    "client": lambda context: sockets.client(context, KEYS, KEYS.public),
}
EVERY = {**SERVERS, **CLIENTS}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def context(stack: ExitStack) -> Context:
    one: Context = zmq.Context()
    stack.callback(one.destroy, 0)
    return one


class Alone:
    """A gateway without a broker, whose loop is the test; clients connect to ``endpoint``."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.keys = keys.make()
        port = free_ports(1)
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.it = Gateway(
            keys.make(), ("127.0.0.1", free_ports(3)), KEYS.public, ("127.0.0.1", port), 0.0
        )
        stack.callback(self.it.close)
        self.heard: list[tuple[bytes, str, bytes | None]] = []
        self.it._core.heard = (  # type: ignore[method-assign]
            lambda route, user, data, *_: self.heard.append((route, user, data))
        )

    def serve(self) -> Socket:
        """Open the port for clients."""
        self.it.serve_clients(self.keys)
        found = self.it._frontend.socket
        assert found is not None
        return found

    def call(self, context: Context) -> Socket:
        one = sockets.client(context, keys.make(), self.keys.public)
        self._stack.callback(one.close, 0)
        one.connect(self.endpoint)
        return one

    def until(self, condition: Callable[[], bool]) -> None:
        """Answer handshakes until the condition holds."""
        for _ in range(MILLISECONDS // 10):
            if condition():
                return
            self.it._poller.poll(10)
            self.it._zap.serve()
        raise AssertionError("it did not come to that")


# --- 3: nothing waits for a client ------------------------------------------------------------


@pytest.mark.timeout(90)
def test_3_a_slow_client_and_one_that_is_gone_hold_nobody_up(stack: ExitStack) -> None:
    """Without DONTWAIT the loop would stand still for the slow one."""
    server = Guarded(stack, lambda domain, key: True)
    front = Frontend()
    front.socket, endpoint = server.listen(sockets.frontend)
    slow, quick = server.call(endpoint), server.call(endpoint)
    routes: list[bytes] = []
    for caller in (slow, quick):
        caller.socket.send(b"hello")
        server.until(lambda: bool(front.socket and front.socket.poll(0)))
        routes.append(front.socket.recv_multipart()[0])
    data = b"x" * 64_000
    outcomes = {front.send(routes[0], data) for _ in range(5_000)}
    assert outcomes == {Sent.DONE, Sent.SLOW}

    class To:
        def __init__(self, route: bytes) -> None:
            self.route = route

    three: list[Any] = [To(routes[0]), To(routes[1]), To(b"gone!")]
    failed = front.send_all(three, b"for all")
    assert [(one, why) for one, why in failed] == [(three[0], Sent.SLOW), (three[2], Sent.GONE)]
    server.until(lambda: bool(quick.socket.poll(0)))
    assert quick.socket.recv() == b"for all"


# --- 4: bounded drains ------------------------------------------------------------------------


def test_4_a_flood_is_drained_in_pieces(stack: ExitStack, context: Context) -> None:
    """What is behind it in the loop, the feed and the broker's answers, has its turn."""
    alone = Alone(stack)
    socket = alone.serve()
    gone = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    stack.callback(gone.close, 0)
    stack.callback(socket.disable_monitor)
    each, callers = 250, 4  # fewer than the high-water mark lets in of one client
    flood = [alone.call(context) for _ in range(callers)]
    for one in flood:
        for _ in range(each):
            one.send(b"x")
        one.close(MILLISECONDS)
    over: list[Any] = []

    def all_in() -> bool:
        while gone.poll(0):
            over.append(recv_monitor_message(gone)["event"])
        return len(over) == callers

    alone.until(all_in)
    drains: list[int] = []
    while sum(drains) < each * callers:
        before = len(alone.heard)
        alone.it._drain_frontend(socket)
        drains.append(len(alone.heard) - before)
        assert drains[-1]
    assert max(drains) <= gateway.server._FRAMES_MAX < each * callers


# --- 5: who speaks is said by the connection ---------------------------------------------------


def test_5_no_socket_of_ours_names_itself(context: Context) -> None:
    for name, make in CLIENTS.items():
        with make(context) as one:
            assert one.getsockopt(zmq.ROUTING_ID) == b"", name


def test_5_a_session_is_believed_only_with_its_key() -> None:
    """Another connection may come under the same routing id; it brings another ``User-Id``."""
    wires = Wires()
    wires.room = 100
    core = Core(wires, lambda: ["here:1"], 0.0, Random(1))
    core.at(1)
    core.linked()
    users = {who: keys.z85(keys.make().public).decode() for who in ("anna", "boris")}
    route = b"\0same"
    core.heard(route, users["anna"], encode(Hello("x", "anna", None, 0)), 1)
    (session,) = core.sessions.by_slot.values()
    assert session.user == users["anna"]
    core.heard(route, users["boris"], encode(Ping(7)), 2)
    assert [type(frame) for _, frame in wires.told] == [Error]
    assert wires.told[0][1][0] == ErrorCode.NO_SESSION
    assert not core.sessions.by_slot, "nobody is left whose route this was"


# --- 6: ZAP, closed in doubt -------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVERS)
def test_6_every_server_socket_asks_and_insists(name: str, context: Context) -> None:
    with SERVERS[name](context) as one:
        assert one.getsockopt(zmq.CURVE_SERVER) == 1
        assert one.getsockopt(zmq.ZAP_ENFORCE_DOMAIN) == 1
        wanted = DOMAIN_CLIENT if name == "frontend" else DOMAIN_PEER
        assert one.getsockopt_string(zmq.ZAP_DOMAIN) == wanted


def test_6_a_frame_without_a_user_is_dropped(
    stack: ExitStack, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second lock, tried with the first one broken: nobody asks ZAP, so anybody gets in."""

    def unguarded(context: Context, own: KeyPair) -> Socket:
        one = sockets.frontend(context, own)
        one.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 0)
        return one

    monkeypatch.setattr(gateway.frontend, "frontend", unguarded)
    alone = Alone(stack)
    alone.it._zap._socket.unbind(ENDPOINT)
    stack.callback(alone.it._zap._socket.bind, ENDPOINT)
    socket = alone.serve()
    intruder = alone.call(context)
    intruder.send(encode(Hello("x", "x", None, int(Purpose.TALK))))
    alone.until(lambda: bool(socket.poll(0)))
    alone.it._drain_frontend(socket)
    assert not socket.poll(0) and alone.heard == []


def test_6_a_batch_of_nobody_is_dropped(
    stack: ExitStack, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same lock between gateways and broker: whoever got past ZAP there would be a gateway."""
    own = keys.make()

    def unguarded(context: Context, pair: KeyPair) -> Socket:
        one = sockets.ingress(context, pair)
        one.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 0)
        return one

    for module in (broker.server, broker.reader):
        monkeypatch.setattr(module, "ingress", unguarded)
    port = free_ports(3)
    it = Broker(tmp_path, "127.0.0.1", port, own, keys.make(), lambda _: None)
    stack.callback(it.close)
    it._zap._socket.unbind(ENDPOINT)
    question = [encode_slot(1), KEYS.public, encode(Read(1, bytes(16), 0, 0, 1))]

    def call(pair: KeyPair, place: int, message: list[bytes]) -> Socket:
        one = sockets.client(context, pair, own.public)
        stack.callback(one.close, 0)
        one.connect(f"tcp://127.0.0.1:{port + place}")
        one.send_multipart(message)
        return one

    unheard = call(keys.make(), 2, question)
    call(keys.make(), 0, [b"batch"])
    assert it._ingress.poll(MILLISECONDS)
    assert list(it._waiting()) == [] and not it._ingress.poll(0)
    it._zap._socket.bind(ENDPOINT)
    known = call(keys.load_or_make(tmp_path / "gateway.key"), 2, question)
    for _ in range(MILLISECONDS // 10):
        it._zap.serve()
        if known.poll(10):
            break
    assert known.poll(0), "the reader answers every question that it hears"
    assert not unheard.poll(0)


def test_6_the_handler_is_bound_before_any_port(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: list[str] = []
    real = zmq.Socket.bind

    def bind(self: Socket, address: str) -> Any:
        bound.append(address)
        return real(self, address)

    monkeypatch.setattr(zmq.Socket, "bind", bind)
    alone = Alone(stack)
    assert bound == [ENDPOINT]
    alone.serve()
    assert bound == [ENDPOINT, alone.endpoint]
    bound.clear()
    it = Broker(tmp_path, "127.0.0.1", free_ports(3), keys.make(), keys.make(), lambda _: None)
    try:
        ports = [one for one in bound if one.startswith("tcp:")]
        assert bound[0] == ENDPOINT and len(ports) == 3
    finally:
        it.close()


# --- 7: libc's dice are thrown before the first socket -----------------------------------------

_BEGINNING = """
import sys
import zmq
import PACKAGE.__main__ as program
from protocol import process

real = process.seed_routing_ids
process.seed_routing_ids = lambda: (print("seeded"), real())

def context(*words):
    print("context", flush=True)
    sys.exit(0)

zmq.Context = context
program.main(sys.argv[1:])
"""


@pytest.mark.parametrize("package", ["broker", "gateway"])
def test_7_a_server_is_seeded_before_its_context(package: str, tmp_path: Path) -> None:
    words = ["--data", str(tmp_path), "--listen", f"127.0.0.1:{free_ports(3)}"]
    if package == "gateway":
        words += ["--broker", "127.0.0.1:1", f"--broker-key={keys.to_text(KEYS.public)}"]
    done = subprocess.run(
        [sys.executable, "-c", _BEGINNING.replace("PACKAGE", package), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["seeded", "context"]


# --- 8: bytes are bounded too ------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_8_every_socket_bounds_its_frames(name: str, context: Context) -> None:
    with EVERY[name](context) as one:
        assert 0 < int(one.getsockopt(zmq.MAXMSGSIZE)) <= 17 * 1024 * 1024


# --- 10: nobody comes back in step with the others ---------------------------------------------


@pytest.mark.parametrize("name", ["backend", "feed"])
def test_10_the_delay_of_a_reconnection_is_drawn(name: str, context: Context) -> None:
    drawn: list[int] = []
    for _ in range(20):
        with CLIENTS[name](context) as one:
            drawn.append(int(one.getsockopt(zmq.RECONNECT_IVL)))
            assert int(one.getsockopt(zmq.RECONNECT_IVL_MAX)) >= drawn[-1]
    assert len(set(drawn)) > 3 and min(drawn) > 0


# --- 12: one frame for many --------------------------------------------------------------------

_SLEEPERS = """
import sys
import zmq
from protocol import keys, sockets

context = zmq.Context()
server_key = bytes.fromhex(sys.argv[2])
made = []
for _ in range(int(sys.argv[3])):
    one = sockets.client(context, keys.make(), server_key)
    one.setsockopt(zmq.RCVHWM, 1)
    one.connect(sys.argv[1])
    one.send(b"hello")
    made.append(one)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is there /proc")
def test_12_what_many_wait_for_is_in_memory_once(stack: ExitStack) -> None:
    callers, frames, size = 40, 60, 60_000
    server = Guarded(stack, lambda domain, key: True)
    front = Frontend()
    front.socket, endpoint = server.listen(sockets.frontend)
    others = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", _SLEEPERS, endpoint, server.keys.public.hex(), str(callers)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
        )
    )
    assert others.stdin is not None
    stack.callback(others.stdin.close)
    routes: list[bytes] = []

    def all_here() -> bool:
        assert front.socket is not None
        while front.socket.poll(0):
            routes.append(front.socket.recv_multipart()[0])
        return len(routes) == callers

    server.until(all_here)

    class To:
        def __init__(self, route: bytes) -> None:
            self.route = route

    everybody: list[Any] = [To(route) for route in routes]
    before = _resident_bytes()
    for number in range(frames):
        failed = front.send_all(everybody, bytes((number,)) * size)
        assert not failed
    grown = _resident_bytes() - before
    assert grown < callers * frames * size // 3, f"{grown:,} bytes for {frames * size:,}"


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
