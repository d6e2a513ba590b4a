"""How sockets are set up, seen from outside: what they refuse, and what they tell when bound."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import zmq

from protocol import sockets
from protocol.errors import SetupError
from protocol.keys import KeyPair, make
from protocol.limits import FRAME_MAX_BYTES
from protocol.sockets import Context, Socket
from tests.protocol.guarded import DEADLINE_S, Guarded

_PROJECT = Path(__file__).parents[2]
_ROUTES = """
import sys
import zmq
from protocol.sockets import seed_routing_ids
if sys.argv[1] == "seeded":
    seed_routing_ids()
context = zmq.Context()
router = context.socket(zmq.ROUTER)
router.bind("inproc://here")
for _ in range(4):
    dealer = context.socket(zmq.DEALER)
    dealer.connect("inproc://here")
    dealer.send(b"")
    print(router.recv_multipart()[0].hex())
context.destroy(0)
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(stack: ExitStack) -> Guarded:
    return Guarded(stack, lambda domain, key: True)


def routes(how: str) -> list[str]:
    """The routing ids that a new process gives to its first connections."""
    done = subprocess.run(
        [sys.executable, "-c", _ROUTES, how],
        cwd=_PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    found = done.stdout.split()
    assert len(set(found)) == 4
    return found


def test_routing_ids_differ_between_processes() -> None:
    """Each starts at a number that the C library draws; they only count up from there."""
    seeded = [routes("seeded") for _ in range(3)]
    assert len({one for process in seeded for one in process}) == 12


def test_without_the_seed_they_would_be_the_same() -> None:
    """If this fails, the library seeds by itself, and ``seed_routing_ids`` can go."""
    if sys.platform != "linux":
        pytest.skip("only on Linux: other systems draw otherwise")
    assert routes("bare") == routes("bare")


@pytest.mark.parametrize("make_socket", [sockets.frontend, sockets.ingress])
def test_a_server_is_told_that_a_peer_is_gone(
    server: Guarded, make_socket: Callable[[Context, KeyPair], Socket]
) -> None:
    """A ROUTER drops silently otherwise."""
    socket, _ = server.listen(make_socket)
    with pytest.raises(zmq.ZMQError) as caught:
        socket.send_multipart([b"nobody", b"frame"], zmq.DONTWAIT)
    assert caught.value.errno == zmq.EHOSTUNREACH


def test_a_client_that_does_not_read_is_slow_and_the_others_are_not(server: Guarded) -> None:
    socket, endpoint = server.listen(sockets.frontend)
    slow, quick = server.call(endpoint), server.call(endpoint)
    routing = []
    for caller in (slow, quick):
        caller.socket.send(b"hello")
        server.until(lambda: bool(socket.poll(0)))
        routing.append(socket.recv_multipart()[0])
    data = b"x" * 64_000
    with pytest.raises(zmq.Again):
        for _ in range(100_000):
            socket.send_multipart([routing[0], data], zmq.DONTWAIT)
    socket.send_multipart([routing[1], b"for you"], zmq.DONTWAIT)
    server.until(lambda: bool(quick.socket.poll(0)))
    assert quick.socket.recv() == b"for you"


def test_a_frame_that_is_too_large_ends_only_its_connection(server: Guarded) -> None:
    socket, endpoint = server.listen(sockets.frontend)
    large, other = server.call(endpoint), server.call(endpoint)
    server.until(lambda: bool(large.entered and other.entered))
    large.socket.send(b"x" * FRAME_MAX_BYTES)
    server.until(lambda: bool(socket.poll(0)))
    assert len(socket.recv_multipart()[1]) == FRAME_MAX_BYTES
    large.socket.send(b"x" * (FRAME_MAX_BYTES + 1))
    server.until(lambda: large.disconnected)
    other.socket.send(b"hello")
    server.until(lambda: bool(socket.poll(0)))
    assert socket.recv_multipart()[1] == b"hello"
    assert not socket.poll(0)


def test_what_a_server_sends_is_bounded_for_a_client_too(server: Guarded) -> None:
    socket, endpoint = server.listen(sockets.frontend)
    caller = server.call(endpoint)
    caller.socket.send(b"hello")
    server.until(lambda: bool(socket.poll(0)))
    route = socket.recv_multipart()[0]
    socket.send_multipart([route, b"x" * (FRAME_MAX_BYTES + 1)])
    server.until(lambda: caller.disconnected)
    assert not caller.socket.poll(0)


def test_the_frontend_has_no_heartbeats_and_the_backplane_has() -> None:
    """libzmq searches its timers linearly: with thousands of clients they cost a core."""
    keys = make()
    context: Context = zmq.Context()
    made = [
        sockets.frontend(context, keys),
        sockets.client(context, keys, keys.public),
        sockets.backend(context, keys, keys.public),
        sockets.feed(context, keys, keys.public),
    ]
    try:
        found = [one.getsockopt(zmq.HEARTBEAT_IVL) for one in made]
        assert found[:2] == [0, 0] and all(found[2:])
        assert made[3].getsockopt(zmq.SNDHWM) == 0  # it would lose subscriptions beyond it
        assert made[1].getsockopt(zmq.RECONNECT_IVL) == -1
        assert all(one.getsockopt(zmq.IPV6) for one in made)
    finally:
        context.destroy(0)


def test_a_feed_keeps_thousands_of_subscriptions(server: Guarded, stack: ExitStack) -> None:
    """Made before the connection stands, as after a restart of the broker."""
    socket, endpoint = server.listen(sockets.egress)
    feed = sockets.feed(server.context, make(), server.keys.public)
    stack.callback(feed.close, 0)
    wanted = {number.to_bytes(16, "big") for number in range(5_000)}
    for topic in wanted:
        feed.subscribe(topic)
    feed.connect(endpoint)
    heard: set[bytes] = set()

    def all_heard() -> bool:
        while socket.poll(0):
            heard.add(socket.recv()[1:])
        return heard == wanted

    server.until(all_heard)
    last = (4_999).to_bytes(16, "big")
    socket.send_multipart([b"?" * 16, b"not for it"])
    socket.send_multipart([last, b"for it"])
    server.until(lambda: bool(feed.poll(0)))
    assert feed.recv_multipart() == [last, b"for it"]


def test_a_port_in_use_is_one_line_that_says_what_to_do(server: Guarded) -> None:
    _, endpoint = server.listen(sockets.frontend)
    second = sockets.frontend(server.context, server.keys)
    try:
        with pytest.raises(SetupError) as caught:
            sockets.bind(second, endpoint, "gateway")
        text = str(caught.value)
        assert text.startswith(f"gateway: {endpoint.removeprefix('tcp://')} is in use")
        assert "--listen" in text and "\n" not in text
        with pytest.raises(SetupError, match=r"^gateway: cannot listen on 203\.0\.113\.7:1"):
            sockets.bind(second, "tcp://203.0.113.7:1", "gateway")
    finally:
        second.close(0)


def test_the_limit_of_files_is_raised_as_far_as_allowed() -> None:
    if sys.platform == "win32":
        pytest.skip("only on POSIX systems")
    words = "from protocol.sockets import raise_file_limit; import resource; "
    words += "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE); "
    words += "resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 64), min(hard, 512))); "
    words += "print(raise_file_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=_PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    told, found = done.stdout.split()
    assert told == found == "512"
