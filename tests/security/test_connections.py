"""Connections that are no clients: other mechanisms, garbage, half handshakes, wrong keys.

None gets in, and nobody who is in notices them.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from protocol import keys, sockets
from protocol.backplane import INSTANCE_BYTES, LOBBY, Up, encode_batch, encode_slot
from protocol.frames import Error, Hello, Read, decode, encode
from protocol.invite import endpoint, parse_address
from protocol.keys import KeyPair, from_text
from tests.integration.bare import Circle
from tests.security.vandal import Friends
from tests.server import HOST, Server

GREETING = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x00"
"""The start of a ZMTP 3.0 greeting; the mechanism's name and filler would follow."""
PATIENCE_S = 20.0

_HANDSHAKE = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_DISCONNECTED
)

MakeSocket = Callable[[int], sockets.Socket]


@pytest.fixture(scope="module")
def friends(target: Server, bare: Circle) -> Friends:
    return Friends(bare, target)


@pytest.fixture
def open_socket(bare: Circle) -> Iterator[MakeSocket]:
    with ExitStack() as opened:

        def make(kind: int) -> sockets.Socket:
            one: sockets.Socket = opened.enter_context(bare.context.socket(kind))
            one.linger = 0
            one.setsockopt(zmq.RECONNECT_IVL, -1)
            return one

        yield make


def ports(target: Server) -> list[int]:
    """Return every port of the server: the gateway's, then the broker's three."""
    return [target.ports[0], *range(target.broker_port, target.broker_port + 3)]


def handshake(one: sockets.Socket, where: str, message: Sequence[bytes] = ()) -> int:
    """Connect, with a message that waits; return the first event that tells how it went."""
    monitor = one.get_monitor_socket(_HANDSHAKE)
    try:
        one.connect(where)
        if message:
            one.send_multipart(message, zmq.DONTWAIT)
        assert monitor.poll(int(PATIENCE_S * 1_000)), "the handshake came to no end"
        return int(recv_monitor_message(monitor)["event"])
    finally:
        one.disable_monitor()
        monitor.close()


def closed_by_server(one: socket.socket) -> bool:
    """Wait until the server ends a connection; whatever it says before is read."""
    one.settimeout(PATIENCE_S)
    try:
        while one.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@pytest.mark.parametrize("kind", [zmq.DEALER, zmq.SUB, zmq.REQ], ids=["dealer", "sub", "req"])
def test_other_mechanisms_do_not_come_in(
    kind: int,
    target: Server,
    friends: Friends,
    open_socket: MakeSocket,
) -> None:
    for port in ports(target):
        null, plain = open_socket(kind), open_socket(kind)
        plain.plain_username, plain.plain_password = b"admin", b"admin"
        for one in (null, plain):
            if kind == zmq.SUB:
                one.subscribe(b"")
            assert handshake(one, endpoint(HOST, port)) != zmq.EVENT_HANDSHAKE_SUCCEEDED
    friends.still_talk()


def test_garbage_over_tcp(target: Server, friends: Friends) -> None:
    garbage = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
        b"TEXT@hello\n" * 100,
        bytes(10_000),
        b"\xff" * 10_000,
        bytes(range(256)) * 40,
        GREETING + b"CURVE".ljust(20, b"\0") + bytes(32) + b"\x04\xff" + b"\xff" * 5_000,
        GREETING + b"CURVE".ljust(20, b"\0") + bytes(32) + b"\x06" + b"\xff" * 8 + bytes(5_000),
        GREETING + b"NULL".ljust(20, b"\0") + bytes(32) + b"\x04\x19\x05READY" + bytes(100),
    ]
    with ExitStack() as opened:
        for port in ports(target):
            held: list[socket.socket] = []
            for data in garbage:
                one = opened.enter_context(socket.create_connection((HOST, port)))
                try:
                    one.sendall(data)
                    one.shutdown(socket.SHUT_WR)
                except OSError:
                    continue  # it has heard enough
                held.append(one)
            friends.still_talk(1)
            assert all(closed_by_server(one) for one in held)
    friends.still_talk()


def test_half_handshakes_hold_nobody_up(target: Server, bare: Circle, friends: Friends) -> None:
    with ExitStack() as opened:
        for port in ports(target):
            for sent in (b"", GREETING[:1], GREETING, GREETING + b"CURVE".ljust(20, b"\0")):
                for _ in range(20):
                    one = opened.enter_context(socket.create_connection((HOST, port)))
                    one.sendall(sent)
        friends.still_talk()
        # Newcomers come in beside them.
        newcomer = bare(target.invite, f"newcomer-{time.monotonic_ns()}")
        newcomer.barrier()
    friends.still_talk()


def test_the_wrong_server_key_leads_nowhere(
    target: Server, friends: Friends, open_socket: MakeSocket
) -> None:
    for port in ports(target):
        one = open_socket(zmq.DEALER)
        as_client(one, keys.make(), keys.make().public)
        assert handshake(one, endpoint(HOST, port)) != zmq.EVENT_HANDSHAKE_SUCCEEDED
    friends.still_talk()


def as_client(one: sockets.Socket, own: KeyPair, server_key: bytes) -> None:
    one.curve_serverkey = keys.z85(server_key)
    one.curve_publickey = keys.z85(own.public)
    one.curve_secretkey = keys.z85(own.secret)
    # The server answers nothing to what it cannot open, so this end has to give up.
    one.setsockopt(zmq.HANDSHAKE_IVL, 3_000)


def test_a_client_is_no_peer_of_the_broker(
    target: Server, bare: Circle, friends: Friends, open_socket: MakeSocket
) -> None:
    """An enrolled device knows the broker's public key, and is refused at all three ports."""
    client = bare(target.invite, f"client-{time.monotonic_ns()}")
    broker_key = from_text(target.broker_key)
    batch = encode_batch(b"x" * INSTANCE_BYTES, [[Up.REGISTER, ["evil.example:8080"]]])
    read = encode(Read(1, friends.room, 0, 0, 100))
    tries: list[tuple[int, int, list[bytes]]] = [
        (zmq.DEALER, target.broker_port, [batch]),
        (zmq.SUB, target.broker_port + 1, []),
        (zmq.DEALER, target.broker_port + 2, [encode_slot(1), client.device.public, read]),
    ]
    refused: list[sockets.Socket] = []
    for kind, port, message in tries:
        one = open_socket(kind)
        as_client(one, client.device, broker_key)
        if kind == zmq.SUB:
            one.subscribe(LOBBY)
            one.subscribe(b"")
        event = handshake(one, endpoint(HOST, port), message)
        assert event == zmq.EVENT_HANDSHAKE_FAILED_AUTH
        refused.append(one)
    friends.still_talk()
    assert not any(one.poll(0) for one in refused)
    newcomer = bare(target.invite, f"later-{time.monotonic_ns()}")
    assert newcomer.welcome is not None
    assert newcomer.welcome.gateways == target.addresses


def test_a_device_that_nobody_enrolled_hears_nothing(
    target: Server, friends: Friends, bare: Circle
) -> None:
    host, port = parse_address(target.addresses[0], 0)
    stranger = sockets.client(bare.context, keys.make(), target.invite.server_key)
    try:
        stranger.connect(endpoint(host, port))
        stranger.send(encode(Read(1, friends.room, 0, 0, 100)))
        stranger.send(encode(Hello("stranger", None, None, 0)))
        friends.still_talk()
        kinds: list[str] = []
        while stranger.poll(1_000 if len(kinds) < 2 else 0):
            kinds.append(type(decode(stranger.recv())).__name__)
        assert kinds == [Error.__name__, "Bye"]
    finally:
        stranger.close()
