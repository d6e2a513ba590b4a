"""A real gateway process: devices that connect too often, a broker that goes, and its own end."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from protocol import keys
from protocol.addresses import free_ports
from protocol.codes import ErrorCode, Kind
from protocol.frames import (
    Ack,
    Busy,
    Bye,
    Error,
    Hello,
    Mark,
    Page,
    Ping,
    Pong,
    Read,
    Typing,
)
from tests.integration.bare import Bare, Circle, circle
from tests.server import HOST, READY_S, Process, Server

DEADLINE_S = 30.0
Serve = Callable[..., Server]


@pytest.fixture
def bare() -> Iterator[Circle]:
    with circle() as one:
        yield one


def until(condition: Callable[[], bool], process: Process) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, process.complained()
        time.sleep(0.01)


def words(broker_port: int, broker_key: str, port: int, data: Path) -> list[str]:
    there = ["--broker", f"{HOST}:{broker_port}", f"--broker-key={broker_key}"]
    return ["gateway", *there, "--listen", f"{HOST}:{port}", "--data", str(data)]


def ended(process: Process) -> tuple[int, list[str]]:
    """Wait for its end; return its status and what it printed on stderr but for the log."""
    try:
        process.popen.wait(READY_S)
    finally:
        status = process.stop()
    lines = process.complained().splitlines()
    return status, [one for one in lines if not one.startswith(("INFO ", "WARNING "))]


def test_a_device_that_connects_too_often_loses_its_oldest_session(
    server: Serve, bare: Circle
) -> None:
    one = server(rate=0)
    device = keys.make()
    ann = [bare(one.invite, "Ann", device=device) for _ in range(9)]
    assert ann[0].expect(Bye).code == ErrorCode.TOO_MANY
    for session in ann[1:]:
        session.barrier()
    assert ann[8].people() == {"Ann": True}


def test_while_the_broker_is_gone_clients_are_told_and_not_forgotten(
    server: Serve, bare: Circle
) -> None:
    one = server(rate=0)
    ann, bob = bare(one.invite, "Ann"), bare(one.invite, "Bob")
    room = ann.enter("kitchen")
    bob.enter("kitchen")
    ann.tell(room, "before")
    bob.hear(room, "before")
    one.kill_broker()
    until(lambda: "broker_lost" in one.gateways[0].complained(), one.gateways[0])
    eve = bare(one.invite, "Eve", welcome=False)
    assert eve.expect(Error).code == ErrorCode.UNAVAILABLE
    n = ann.say(room, "meanwhile")
    busy = ann.expect(Busy)
    assert (busy.room, busy.first_n) == (room, n) and busy.retry_ms > 0
    ann.send(Typing(room))  # of which nobody waits to hear
    ann.send(Mark(room, 1))
    wrong = ann.expect(Error)
    assert (wrong.code, wrong.kind, wrong.request) == (ErrorCode.UNAVAILABLE, Kind.MARK, 0)
    ann.send(Ping(7))
    assert ann.expect(Pong, lambda pong: pong.nonce == 7)
    one.restart_broker()
    # The same sessions go on; neither says HELLO again.
    _again(ann, room, n)
    seq = ann.acked[room, n]
    # The feed may come back later than the messages: then the head is announced.
    bob.until(lambda: seq in bob.live[room] or bob.heads.get(room, 0) >= seq)
    page = _read(bob, room)
    assert page.head == seq and seq in bob.events[room]
    # And once it is back, all is pushed again.
    deadline = time.monotonic() + DEADLINE_S
    while max(bob.live[room]) <= seq:
        assert time.monotonic() < deadline
        ann.tell(room, "afterwards")
        bob.barrier()
    for nobody in (ann, bob):
        assert not [frame for frame in nobody.inbox if isinstance(frame, Error | Bye)]
    eve.send(Hello("bare", "Eve", one.invite.token, 0))
    eve.greet()


def _read(peer: Bare, room: bytes) -> Page:
    """Read, again and again until the gateway's link to the reader is back too."""
    deadline = time.monotonic() + DEADLINE_S
    for request in count(1_000):
        peer.send(Read(request, room, 0, 0, 500))
        while not isinstance(frame := peer.receive(deadline - time.monotonic()), Page | Error):
            pass
        if isinstance(frame, Page):
            return frame
        assert (frame.code, frame.request) == (ErrorCode.UNAVAILABLE, request)
        time.sleep(0.05)
    raise AssertionError("the numbers are at an end")


def _again(peer: Bare, room: bytes, n: int) -> None:
    """Send a counter until it is taken, as a client does that is told BUSY."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        peer.say(room, "meanwhile", n=n)
        while not isinstance(frame := peer.receive(), Ack | Busy):
            assert not isinstance(frame, Error | Bye), frame
        if isinstance(frame, Ack):
            return
        time.sleep(0.05)
    raise TimeoutError("the broker did not come back")


def test_a_gateway_that_stops_names_the_others(server: Serve, bare: Circle) -> None:
    one = server(gateways=2)
    first, second = bare(one.invite, "Ann", 0), bare(one.invite, "Bob", 1)
    assert one.gateways[0].stop() == 0
    bye = first.expect(Bye)
    assert bye.code == ErrorCode.STOPPING and bye.retry_ms > 0
    assert one.addresses[1] in bye.gateways and one.addresses[0] not in bye.gateways
    second.barrier()


def test_a_stranger_says_which_line_would_let_it_in_and_comes_in_with_it(
    server: Serve, tmp_path: Path, bare: Circle
) -> None:
    one = server(gateways=0)
    port = free_ports(1)
    data = tmp_path / "elsewhere"
    stranger = Process("stranger", words(one.broker_port, one.broker_key, port, data), tmp_path)
    try:
        until(lambda: (data / "gateway.key").exists(), stranger)
        line = keys.to_text(keys.load_or_make(data / "gateway.key").public)
        until(lambda: line in stranger.complained() or stranger.popen.poll() is not None, stranger)
        assert stranger.popen.poll() is None
        hint = next(one for one in stranger.complained().splitlines() if line in one)
        assert "gateways" in hint
        assert "ready" not in stranger.printed()
        with (one.data / "gateways").open("a", encoding="utf-8") as file:
            file.write(f"{line}  # elsewhere\n")
        assert stranger.ready() == {"gateway": f"{HOST}:{port}"}
        one.ports.append(port)
        ann = bare(one.invite, "Ann")
        assert ann.tell(ann.enter("kitchen"), "hello")
        assert stranger.stop() == 0
    finally:
        if stranger.popen.poll() is None:
            stranger.kill()


def test_a_port_in_use_is_one_line_that_says_what_to_do(server: Serve, tmp_path: Path) -> None:
    one = server(gateways=0)
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        late = Process("late", words(one.broker_port, one.broker_key, port, one.data), tmp_path)
        status, lines = ended(late)
    assert status not in (0, 2) and len(lines) == 1
    assert f"{HOST}:{port} is in use" in lines[0] and "--listen" in lines[0]
    assert "ready" not in late.printed()


@pytest.mark.parametrize(
    "wrong",
    [
        ["--broker", "127.0.0.1:99999"],
        ["--broker-key", "short"],
        ["--listen", "nowhere at all"],
        ["--rate", "-1"],
        ["--rate", "nan"],
        ["--colour", "blue"],
    ],
)
def test_wrong_words_are_one_line_and_status_2(tmp_path: Path, wrong: list[str]) -> None:
    right = words(8070, keys.to_text(os.urandom(32)), 8080, tmp_path / "data")
    status, lines = ended(Process("wrong", [*right, *wrong], tmp_path))
    assert status == 2 and len(lines) == 1
    assert not (tmp_path / "data").exists()
