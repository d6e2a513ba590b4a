"""Floods on a real server with its limits: told to wait, then ended; nobody else loses a word."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from protocol.codes import ErrorCode
from protocol.frames import Busy, Bye, Error, Hello, Ping, Send, encode
from tests.bench.hostile import KINDS
from tests.integration.bare import PATIENCE_S, Bare, Circle, text_item
from tests.server import ROOT, Server

PATIENCE_MS = int(PATIENCE_S * 1_000)
MOST = 20_000
_QUIET_MS = 1_000
"""Much less than a device stays out after a flood."""
Serve = Callable[..., Server]


@contextmanager
def watched(socket: zmq.Socket[bytes]) -> Iterator[Callable[[], int]]:
    """Lend what waits for the end of a connection and says how it came."""
    events = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    monitor = socket.get_monitor_socket(events)

    def ended() -> int:
        assert monitor.poll(PATIENCE_MS), "the connection stands"
        return int(recv_monitor_message(monitor)["event"])

    try:
        yield ended
    finally:
        socket.disable_monitor()
        monitor.close(0)


def pour(one: Bare, *frames: bytes) -> list[object]:
    """Send these again and again until the connection is ended; return what came back."""
    came: list[object] = []
    events = zmq.EVENT_DISCONNECTED
    monitor = one.socket.get_monitor_socket(events)
    deadline = time.monotonic() + PATIENCE_S
    try:
        while not monitor.poll(0):
            assert time.monotonic() < deadline, "the connection stands"
            for data in frames:
                if one.socket.poll(10, zmq.POLLOUT):
                    one.socket.send(data)
            came += waiting(one)
        return came + waiting(one)
    finally:
        one.socket.disable_monitor()
        monitor.close(0)


def waiting(one: Bare) -> list[object]:
    """Return what has come by now."""
    came: list[object] = []
    while one.socket.poll(0):
        came.append(one.receive())
    return came


def flood(one: Bare, room: bytes) -> list[object]:
    """Send on, whatever comes back, until the end; return all answers.

    The last is BYE, unless the connection was ended while its answers stood in a queue.
    """
    came: list[object] = []
    spam = [text_item("spam")]
    for n in range(1, MOST):
        if not one.socket.poll(_QUIET_MS, zmq.POLLOUT):
            break
        one.socket.send(encode(Send(room, one.outbox_epoch, n, spam)))
        if n % 20 == 0:  # a busy machine reads too slowly for a flood
            came += waiting(one)
            if came and isinstance(came[-1], Bye):
                return came
    while not (came and isinstance(came[-1], Bye)) and one.socket.poll(_QUIET_MS):
        came.append(one.receive())
    return came


def test_who_does_not_hear_busy_is_ended_and_stays_out(server: Serve, bare: Circle) -> None:
    one = server()
    ann, bob, eve = (bare(one.invite, name) for name in ("Ann", "Bob", "Eve"))
    room = ann.enter("kitchen")
    for other in (bob, eve):
        other.enter("kitchen")
    ann.tell(room, "before")
    with watched(eve.socket) as ended:
        came = flood(eve, room)
        if isinstance(bye := came[-1], Bye):
            assert bye.code == ErrorCode.FLOOD and bye.retry_ms >= 10_000
        assert sum(isinstance(frame, Busy) for frame in came) > 256
        assert ended() == zmq.EVENT_DISCONNECTED
    assert "reason=flood" in one.gateways[0].complained()
    # The device is not let in for a while; everybody else is, and talks on.
    again = bare(one.invite, "Eve", device=eve.device, welcome=False)
    with watched(again.socket) as ended:
        assert ended() == zmq.EVENT_HANDSHAKE_FAILED_AUTH
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
    pour(eve, data)
    ann.barrier()


def test_greeting_without_end_is_told_and_ended(server: Serve, bare: Circle) -> None:
    one = server()
    ann, eve = bare(one.invite, "Ann"), bare(one.invite, "Eve")
    hello, bye = encode(Hello("bare", "Eve", None, 0)), encode(Bye(0, "", 0, []))
    codes = [frame.code for frame in pour(eve, bye, hello) if isinstance(frame, Bye)]
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
            [sys.executable, "-m", "tests.bench.hostile", one.link, kind, "3", f"{kind}-"],
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
            process.stdin.write("go on\n")
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
