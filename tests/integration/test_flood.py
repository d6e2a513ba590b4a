"""Floods on a real server with its limits: told to wait, then ended; nobody else loses a word."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, cycle, repeat

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from protocol import sockets
from protocol.codes import ErrorCode
from protocol.frames import Busy, Bye, Error, Hello, Ping, Send, encode
from protocol.invite import Invite, endpoint, parse_address
from protocol.keys import KeyPair
from tests.benchmarks.hostile import KINDS
from tests.integration.bare import PATIENCE_S, Bare, Circle, text_item
from tests.server import ROOT, Server

PATIENCE_MS = int(PATIENCE_S * 1_000)
Serve = Callable[..., Server]


@contextmanager
def watched(socket: zmq.Socket[bytes]) -> Iterator[Callable[[int], int]]:
    """Lend what waits so many ms for the end of a connection and says how it came; 0: it stands."""
    events = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    monitor = socket.get_monitor_socket(events)

    def ended(wait_ms: int) -> int:
        return int(recv_monitor_message(monitor)["event"]) if monitor.poll(wait_ms) else 0

    try:
        yield ended
    finally:
        socket.disable_monitor()
        monitor.close(0)


def pour(one: Bare, frames: Iterator[bytes]) -> list[object]:
    """Send on, whatever comes back, until the connection is ended; return what came back.

    The last is BYE, unless the connection was ended while its answers stood in a queue.
    """
    came: list[object] = []
    deadline = time.monotonic() + PATIENCE_S
    with watched(one.socket) as ended:
        for number, data in enumerate(frames):
            if one.socket.poll(10, zmq.POLLOUT):
                one.socket.send(data)
            if number % 20 == 0:  # a busy machine reads too slowly for a flood
                came += waiting(one)
            if ended(0):
                return came + waiting(one)
            assert time.monotonic() < deadline, "the connection stands"
    raise AssertionError("too few frames")


def waiting(one: Bare) -> list[object]:
    """Return what has come by now."""
    came: list[object] = []
    while one.socket.poll(0):
        came.append(one.receive())
    return came


def knock(invite: Invite, device: KeyPair) -> int:
    """Connect anew; return how that ended."""
    context: sockets.Context = zmq.Context()
    again = sockets.client(context, device, invite.server_key)
    try:
        with watched(again) as ended:
            again.connect(endpoint(*parse_address(invite.addresses[0], 8080)))
            return ended(PATIENCE_MS)
    finally:
        context.destroy(0)


def flood(one: Bare, room: bytes) -> list[object]:
    """Write without end, until the end."""
    item = text_item("spam")
    return pour(one, (encode(Send(room, one.outbox_epoch, n, [item])) for n in count(1)))


def test_who_does_not_hear_busy_is_ended_and_stays_out(server: Serve, bare: Circle) -> None:
    one = server()
    ann, bob, eve = (bare(one.invite, name) for name in ("Ann", "Bob", "Eve"))
    room = ann.enter("kitchen")
    for other in (bob, eve):
        other.enter("kitchen")
    ann.tell(room, "before")
    came = flood(eve, room)
    if isinstance(bye := came[-1], Bye):
        assert bye.code == ErrorCode.FLOOD and bye.retry_ms >= 10_000
    assert sum(isinstance(frame, Busy) for frame in came) > 256
    assert "reason=flood" in one.gateways[0].complained()
    # The device is not let in for a while; everybody else is, and talks on.
    assert knock(one.invite, eve.device) == zmq.EVENT_HANDSHAKE_FAILED_AUTH
    bare(one.invite, "Dan").enter("kitchen")
    for text in ("one", "two", "three"):
        ann.tell(room, text)
        bob.hear(room, text)
    for friend in (ann, bob):
        assert not [frame for frame in friend.inbox if isinstance(frame, Error | Bye | Busy)]


def test_what_eve_was_told_is_stored_is_and_the_rest_is_not(server: Serve, bare: Circle) -> None:
    """The end of a flood makes no hole and no double."""
    one = server()
    ann, eve = bare(one.invite, "Ann"), bare(one.invite, "Eve")
    room = ann.enter("kitchen")
    eve.enter("kitchen")
    flood(eve, room)
    stored = [event for event in ann.read_all(room) if event.device == eve.device.public[:8]]
    acked = {seq for _, seq in eve.acked.items()}
    assert acked <= {event.seq for event in stored}
    assert [event.n for event in stored] == list(range(1, len(stored) + 1))


@pytest.mark.parametrize("data", [b"", b"garbage", encode(Ping(1))], ids=["empty", "junk", "ping"])
def test_a_connection_that_never_says_hello_is_ended(
    server: Serve, bare: Circle, data: bytes
) -> None:
    one = server()
    ann = bare(one.invite, "Ann")
    eve = bare(one.invite, "Eve", welcome=False)
    eve.greet()
    eve.send(Bye(0, "", 0, []))
    pour(eve, repeat(data))
    ann.barrier()


def test_greeting_without_end_is_told_and_ended(server: Serve, bare: Circle) -> None:
    one = server()
    ann, eve = bare(one.invite, "Ann"), bare(one.invite, "Eve")
    hello, bye = encode(Hello("bare", "Eve", None, 0)), encode(Bye(0, "", 0, []))
    codes = [frame.code for frame in pour(eve, cycle([bye, hello])) if isinstance(frame, Bye)]
    # The last word, BYE(FLOOD), may have found its queue full.
    assert ErrorCode.BUSY in codes and set(codes) <= {ErrorCode.BUSY, ErrorCode.FLOOD}
    assert "reason=flood" in one.gateways[0].complained()
    ann.barrier()


@pytest.mark.timeout(180)
def test_friends_lose_nothing_in_a_flood_of_every_kind(server: Serve, bare: Circle) -> None:
    one = server()
    friends = [bare(one.invite, name) for name in ("Ann", "Bob", "Cleo")]
    assert friends[0].welcome is not None
    general = friends[0].welcome.rooms[0][0]
    floods = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.hostile", one.link, kind, "3", f"{kind}-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for kind in KINDS
    ]
    try:
        for process in floods:
            assert process.stdout is not None and process.stdin is not None
            assert process.stdout.readline() == "ready\n"
        for process in floods:
            assert process.stdin is not None
            process.stdin.write("be busy\nflood\n")
            process.stdin.flush()
        said: list[str] = []
        while len(said) < 60 or "reason=flood" not in one.gateways[0].complained():
            speaker = friends[len(said) % 3]
            said.append(f"word {len(said)}")
            speaker.tell(general, said[-1])
    finally:
        for process in floods:
            process.kill()
            process.communicate()
    for friend in friends:
        friend.read_all(general)
        heard = [text for text in friend.texts(general) if text.startswith("word ")]
        assert heard == said
        assert not [frame for frame in friend.inbox if isinstance(frame, Error | Bye | Busy)]
    newcomer = bare(one.invite, "Newcomer")
    newcomer.tell(general, "well, that was loud")
