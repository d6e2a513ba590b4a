"""A peer that dies while a server is behind with reading: libzmq must not abort the server."""

import subprocess
import sys
import time

import pytest
import zmq

from protocol import sockets
from protocol.backplane import BEAT_MS, GATEWAY_DEADLINE_MS
from protocol.keys import make

MESSAGES = 3_000
"""Three times the high-water mark at which it aborted."""

_SERVER = """
import os, sys, time
import zmq
from protocol import sockets
from protocol.keys import KeyPair
from protocol.zap import ZapHandler

context, poller = zmq.Context(), zmq.Poller()
zap = ZapHandler(context, lambda *_: True, poller)
keys = KeyPair(bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]))
socket = getattr(sockets, sys.argv[3])(context, keys)
print(sockets.bind(socket, "tcp://127.0.0.1:*", "test"), flush=True)
while not socket.poll(0):
    poller.poll(20)
    zap.serve()
sys.stdin.readline()  # it is behind, and the other end dies meanwhile
count, quiet = 0, 0
while quiet < 50:
    try:
        socket.recv_multipart(zmq.DONTWAIT)
        count, quiet = count + 1, 0
    except zmq.Again:
        quiet += 1
        time.sleep(0.01)
print(count, flush=True)
os._exit(0)
"""

_PEER = """
import sys, time
import zmq
from protocol import sockets
from protocol.keys import KeyPair, make

context = zmq.Context()
mine = make()
socket = getattr(sockets, sys.argv[4])(context, mine, bytes.fromhex(sys.argv[2]))
socket.setsockopt(zmq.SNDHWM, 0)
socket.setsockopt(zmq.HEARTBEAT_IVL, 1)
socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 60_000)
socket.connect(sys.argv[1])
for number in range(int(sys.argv[3])):
    socket.send(b"x" * 100)
    if number % 10 == 0:
        time.sleep(0.002)
print("sent", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
@pytest.mark.parametrize(("made", "peer_made"), [("ingress", "backend"), ("frontend", "client")])
def test_a_server_outlives_a_peer_that_dies_while_it_is_behind(made: str, peer_made: str) -> None:
    """Clients of ours send no heartbeats, but a hostile one may."""
    keys = make()
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, keys.public.hex(), keys.secret.hex(), made],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        address = server.stdout.readline().strip()
        with subprocess.Popen(
            [sys.executable, "-c", _PEER, address, keys.public.hex(), str(MESSAGES), peer_made],
            stdout=subprocess.PIPE,
            text=True,
        ) as peer:
            assert peer.stdout is not None
            assert peer.stdout.readline().strip() == "sent"
            peer.kill()
        time.sleep(0.3)
        out, err = server.communicate("\n", timeout=60)
    assert (server.returncode, err) == (0, "")
    assert 0 < int(out) <= MESSAGES


def test_a_gateway_notices_a_dead_link_before_the_broker_counts_it_as_gone() -> None:
    """It pushes what the feed brings until then; the feed is a connection of its own."""
    context = zmq.Context()
    keys = make()
    for make_socket in (sockets.backend, sockets.feed):
        socket = make_socket(context, keys, keys.public)
        every_ms = socket.getsockopt(zmq.HEARTBEAT_IVL)
        silent_ms = socket.getsockopt(zmq.HEARTBEAT_TIMEOUT)
        assert isinstance(every_ms, int) and isinstance(silent_ms, int)
        assert 0 < every_ms + silent_ms + BEAT_MS <= GATEWAY_DEADLINE_MS - 2_000
        socket.close()
    context.term()


def test_nothing_stops_the_reading_of_a_server() -> None:
    context = zmq.Context()
    keys = make()
    made = [sockets.frontend(context, keys), sockets.ingress(context, keys)]
    made.append(sockets.egress(context, keys))
    made.append(sockets.backend(context, keys, keys.public))
    for socket in made:
        assert socket.getsockopt(zmq.RCVHWM) == 0
        socket.close()
    context.term()
