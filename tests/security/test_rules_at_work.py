"""The ZeroMQ rules of design.md, section 5, seen from outside of a real server; see README.md."""

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq

from protocol import sockets
from protocol.blocks import decode_block
from protocol.codes import ErrorCode
from protocol.frames import AnyFrame, Bye, Error, Hello, Pong, Read, Send, Welcome, decode, encode
from protocol.invite import endpoint, parse_address
from protocol.keys import KeyPair, load_or_make, make
from tests.integration.bare import Circle, text_item
from tests.protocol.make_vectors import FRAMES as EXAMPLES
from tests.security.test_connections import MakeSocket, as_client, handshake
from tests.security.test_connections import open_socket as open_socket
from tests.security.vandal import Friends
from tests.server import Server

PATIENCE_S = 30.0
PING = encode(EXAMPLES["ping"])

linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is there /proc")


@pytest.fixture(scope="module")
def friends(target: Server, bare: Circle) -> Friends:
    return Friends(bare, target)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listening(pid: int) -> set[int]:
    """Return the TCP ports on which a process listens (Linux)."""
    try:
        held = {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()}
    except PermissionError:
        pytest.skip("only on Linux as root: a server's descriptors are nobody's to see")
    ports: set[int] = set()
    for table in ("tcp", "tcp6"):
        lines = Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        for words in map(str.split, lines):
            if words[3] == "0A" and f"socket:[{words[9]}]" in held:
                ports.add(int(words[1].rsplit(":", 1)[1], 16))
    return ports


# --- 1: one ROUTER towards the clients, and nothing else ----------------------------------------


@linux
def test_1_a_gateway_listens_on_one_port_and_a_broker_on_three(target: Server) -> None:
    assert listening(target.gateways[0].pid) == set(target.ports)
    broker = set(range(target.broker_port, target.broker_port + 3))
    assert listening(target.broker.pid) == broker


@pytest.mark.parametrize("kind", [zmq.SUB, zmq.XSUB, zmq.PULL, zmq.PUB], ids=str)
def test_1_an_enrolled_device_cannot_subscribe(
    kind: int, target: Server, bare: Circle, friends: Friends, open_socket: MakeSocket
) -> None:
    client = bare(target.invite, f"curious-{secrets.token_hex(4)}")
    one = open_socket(kind)
    as_client(one, client.device, target.invite.server_key)
    if kind == zmq.SUB:
        one.subscribe(b"")
    place = endpoint(*parse_address(target.addresses[0], 8080))
    assert handshake(one, place) != zmq.EVENT_HANDSHAKE_SUCCEEDED
    friends.still_talk()
    if kind in (zmq.SUB, zmq.XSUB, zmq.PULL):
        assert not one.poll(0)


# --- 5: who speaks is said by the connection, every time ----------------------------------------


def named(
    stack: ExitStack, bare: Circle, target: Server, device: KeyPair, name: bytes
) -> sockets.Socket:
    """Connect under a routing id of one's own choice."""
    one = sockets.client(bare.context, device, target.invite.server_key)
    stack.callback(one.close, 0)
    one.setsockopt(zmq.ROUTING_ID, name)
    one.connect(endpoint(*parse_address(target.addresses[0], 8080)))
    return one


def answer(one: sockets.Socket, *wanted: type[AnyFrame], wait_s: float = PATIENCE_S) -> AnyFrame:
    deadline = time.monotonic() + wait_s
    while one.poll(max(int((deadline - time.monotonic()) * 1_000), 0)):
        frame = decode(one.recv())
        if isinstance(frame, wanted):
            return frame
    raise TimeoutError


def test_5_who_takes_the_name_of_a_connection_is_not_who_had_it(
    stack: ExitStack, target: Server, bare: Circle, friends: Friends
) -> None:
    """A session is found by its routing id, and believed only with its key."""
    name = b"mine-" + secrets.token_hex(8).encode()
    victim = named(stack, bare, target, make(), name)
    nick = f"victim-{secrets.token_hex(4)}"
    victim.send(encode(Hello("test", nick, target.invite.token, 0)))
    welcome = answer(victim, Welcome)
    assert isinstance(welcome, Welcome)
    room = welcome.rooms[0][0]
    victim.send(PING)
    answer(victim, Pong)
    victim.close(0)  # without a BYE: its session is still there
    deadline = time.monotonic() + PATIENCE_S
    while True:
        # While the old connection is there, a second one of its name is passed over.
        impostor = named(stack, bare, target, make(), name)
        for frame in (
            PING,
            encode(Read(7, room, 0, 0, 100)),
            encode(Send(room, bytes(8), 1, [text_item("I am the victim")])),
        ):
            impostor.send(frame)
        try:
            said = [answer(impostor, tuple, wait_s=1.0) for _ in range(3)]
            break
        except TimeoutError:
            impostor.close(0)
            assert time.monotonic() < deadline
    assert [type(one) for one in said] == [Error] * 3
    assert {one.code for one in said if isinstance(one, Error)} == {ErrorCode.NO_SESSION}
    friends.still_talk()
    watcher = bare(target.invite, f"watcher-{secrets.token_hex(4)}")
    page = watcher.read(watcher.enter("general"))
    events = [event for block in page.blocks for event in decode_block(block)]
    assert not any(b"I am the victim" in event.item for event in events)
    for form in (name, name.hex().encode()):
        assert form not in target.logs().encode(), "a routing id is in a log"


# --- 6: keys open the doors that they are for ---------------------------------------------------


def test_6_a_gateway_s_key_is_no_token_and_no_member(
    stack: ExitStack, target: Server, bare: Circle, friends: Friends
) -> None:
    """Whoever takes a gateway's key has the backplane, and is no person by it."""
    device = load_or_make(target.data / "gateway.key")
    stranger = bare(target.invite, "gateway", device=device, token="no-token", welcome=False)
    assert stranger.expect(Bye).code == ErrorCode.TOKEN
    friends.still_talk()


# --- 8: bytes, not only messages ---------------------------------------------------------------


@linux
def test_8_a_gateway_has_a_limit_of_memory(target: Server) -> None:
    import resource

    most, _ = resource.prlimit(target.gateways[0].pid, resource.RLIMIT_DATA)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < most <= memory // 2


@linux
def test_8_at_its_limit_of_memory_a_gateway_lets_nobody_else_feel_it(
    server: Callable[..., Server], bare: Circle
) -> None:
    """A message of 300 MB in small frames, where there is room for a fifth of it."""
    import resource

    one = server(gateways=2, rate=0)
    pid = one.gateways[0].pid
    wide, anna, boris = (
        bare(one.invite, nick, at) for at, nick in ((0, "wide"), (1, "a"), (1, "b"))
    )
    most = _taken(pid) + 64 * 1024 * 1024
    resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))
    monitor = wide.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    try:
        wide.socket.send_multipart([zmq.Frame(b"x" * 60_000)] * 5_000, copy=False)
        assert monitor.poll(int(PATIENCE_S * 1_000)), "it was taken whole"
    finally:
        wide.socket.disable_monitor()
        monitor.close()
    room = anna.enter("quiet")
    boris.enter("quiet")
    anna.tell(room, "nothing was felt here")
    boris.hear(room, "nothing was felt here")


def _taken(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.findall(r"^VmData:\s+(\d+) kB", status, re.MULTILINE)[0]) * 1024


def test_8_a_message_of_very_many_frames_costs_its_sender_alone(
    target: Server, bare: Circle, friends: Friends
) -> None:
    """libzmq counts it as one message, however many frames it has."""
    one = bare(target.invite, f"many-{secrets.token_hex(4)}")
    one.socket.send_multipart([b"x" * 1_000] * 10_000)
    one.socket.send(PING)
    wrong = one.expect(Error)
    assert (wrong.code, wrong.kind) == (ErrorCode.MALFORMED, 0)
    one.expect(Pong)
    friends.still_talk()
