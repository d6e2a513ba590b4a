"""Every mode of the fault proxy, with real sockets on both sides."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.faults.nemesis.proxy import Link, Proxy
from tests.faults.nemesis.relay import HELD_MAX_BYTES

PATIENCE_S = 20.0
SILENCE_S = 0.15
"""How long nothing must come where nothing may."""


class Echo:
    """Three ports that give back what they get; ``raw`` ones only keep their connections."""

    def __init__(self, opened: ExitStack, raw: bool = False) -> None:
        self.accepted: list[socket.socket] = []
        self._opened = opened
        self._raw = raw
        self.ports: list[int] = []
        for _ in range(3):
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
            self.ports.append(listener.getsockname()[1])
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                one, _ = listener.accept()
                one.settimeout(PATIENCE_S)
                self._opened.callback(one.close)
                self.accepted.append(one)
                if not self._raw:
                    threading.Thread(target=self._echo, args=(one,), daemon=True).start()

    def _echo(self, one: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                one.sendall(data)
            one.shutdown(socket.SHUT_WR)


class Wire:
    """A link to an echo, and connections through it."""

    def __init__(self, opened: ExitStack, proxy: Proxy, raw: bool = False) -> None:
        self._opened = opened
        self.echo = Echo(opened, raw)
        self.link: Link = proxy.link(f"wire-{id(self)}", self.echo.ports)

    def connect(self, place: int = 0) -> socket.socket:
        one = socket.create_connection(("127.0.0.1", self.link.port + place), PATIENCE_S)
        self._opened.callback(one.close)
        return one

    def accepted(self, count: int = 1) -> list[socket.socket]:
        until(lambda: len(self.echo.accepted) >= count)
        return self.echo.accepted


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def take(one: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := one.recv(size - len(data))):
        data += piece
    return data


def bounce(one: socket.socket, data: bytes) -> bytes:
    one.sendall(data)
    return take(one, len(data))


def is_silent(one: socket.socket) -> bool:
    one.settimeout(SILENCE_S)
    try:
        one.recv(1)
    except TimeoutError:
        return True
    finally:
        one.settimeout(PATIENCE_S)
    return False


def ends_by(one: socket.socket) -> tuple[bytes, bool]:
    """Return what still came, and whether the end was a reset."""
    data = b""
    try:
        while piece := one.recv(65_536):
            data += piece
    except ConnectionError:
        return data, True
    return data, False


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as one:
        yield one


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as one:
        yield one


@pytest.fixture
def wire(opened: ExitStack, proxy: Proxy) -> Wire:
    return Wire(opened, proxy)


@pytest.fixture
def raw(opened: ExitStack, proxy: Proxy) -> Wire:
    return Wire(opened, proxy, raw=True)


def test_all_ports_pass_what_comes_and_its_end(wire: Wire) -> None:
    for place in range(3):
        one = wire.connect(place)
        data = bytes(range(256)) * 4_000
        threading.Thread(target=one.sendall, args=(data,), daemon=True).start()
        assert take(one, len(data)) == data
        one.shutdown(socket.SHUT_WR)
        assert one.recv(1) == b""
    until(lambda: wire.link.counters().open == 0)
    assert wire.link.counters().up == wire.link.counters().down == 3 * len(data)


def test_a_reset_of_one_side_is_a_reset_on_the_other(raw: Wire) -> None:
    one = raw.connect()
    (there,) = raw.accepted()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.close()
    assert ends_by(there) == (b"", True)


@pytest.mark.parametrize(
    ("direction", "arrives", "answered"),
    [("up", False, False), ("down", True, False), ("both", False, False)],
)
def test_frozen_nothing_goes_through_and_nothing_is_closed(
    wire: Wire, direction: str, arrives: bool, answered: bool
) -> None:
    one = wire.connect()
    assert bounce(one, b"before") == b"before"
    before = wire.link.counters()
    wire.link.freeze(direction)  # type: ignore[arg-type]
    one.sendall(b"during")
    assert is_silent(one) is not answered
    assert (wire.link.counters().up > before.up) is arrives
    # A new connection is not refused and not answered: it reaches nobody.
    late = wire.connect()
    late.sendall(b"late")
    assert is_silent(late)
    assert len(wire.echo.accepted) == 1
    wire.link.heal()
    assert take(one, 6) == b"during"
    assert take(late, 4) == b"late"


def test_delayed_pieces_keep_their_order(wire: Wire) -> None:
    wire.link.delay(30, 40)
    one = wire.connect()
    began = time.monotonic()
    for number in range(200):
        one.sendall(b"%04d" % number)
    assert take(one, 800) == b"".join(b"%04d" % number for number in range(200))
    assert time.monotonic() - began >= 0.06


def test_lost_packets_are_spikes_that_hold_up_what_is_behind(wire: Wire) -> None:
    wire.link.lose(1_000, 100)
    one = wire.connect()
    began = time.monotonic()
    assert bounce(one, b"lost") == b"lost"
    assert time.monotonic() - began >= 0.2


def test_a_narrow_link_takes_its_time(wire: Wire) -> None:
    wire.link.narrow(100_000, "down")
    one = wire.connect()
    began = time.monotonic()
    assert bounce(one, b"n" * 50_000) == b"n" * 50_000
    assert time.monotonic() - began >= 0.4


def test_what_is_held_is_bounded_and_holds_the_sender_back(raw: Wire) -> None:
    one = raw.connect()
    (there,) = raw.accepted()
    raw.link.delay(60_000, direction="up")
    sent = 0
    one.settimeout(1.0)
    with pytest.raises(TimeoutError):
        while sent < 64 * HELD_MAX_BYTES:
            sent += one.send(b"x" * 65_536)
    held = raw.link.counters().held
    assert HELD_MAX_BYTES <= held <= 2 * HELD_MAX_BYTES
    assert is_silent(there)


def test_a_reset_link_ends_all_connections(raw: Wire) -> None:
    ones = [raw.connect(), raw.connect(1)]
    raw.accepted(2)
    raw.link.reset()
    assert [ends_by(one) for one in [*ones, *raw.echo.accepted]] == [(b"", True)] * 4


@pytest.mark.parametrize("reset", [False, True])
def test_cut_in_the_middle_of_a_frame(raw: Wire, reset: bool) -> None:
    one = raw.connect()
    (there,) = raw.accepted()
    raw.link.cut("up", 5, 5, reset)
    one.sendall(b"0123456789")
    data, was_reset = ends_by(there)
    assert was_reset is reset
    # What was on its way may be lost with a reset, but never more comes than was let through.
    assert data == b"01234" or (reset and b"01234".startswith(data))
    ends_by(one)
    assert raw.link.counters().cut == 1


def test_cut_in_mid_handshake(raw: Wire) -> None:
    raw.link.cut_handshakes(10)
    for count in range(1, 9):
        one = raw.connect()
        there = raw.accepted(count)[count - 1]
        for end in (one, there):
            with suppress(OSError):
                end.sendall(b"greeting" * 8)
        assert len(ends_by(there)[0]) < 10 or len(ends_by(one)[0]) < 10
    assert raw.link.counters().cut == 8
    raw.link.heal()
    raw.connect().sendall(b"greeting" * 8)
    assert take(raw.accepted(9)[8], 64) == b"greeting" * 8


def test_half_closed_the_other_way_goes_on(raw: Wire) -> None:
    one = raw.connect()
    (there,) = raw.accepted()
    raw.link.half_close("up")
    one.sendall(b"to nobody")
    assert ends_by(there) == (b"", False)
    there.sendall(b"still heard")
    assert take(one, 11) == b"still heard"


def test_refused_is_refused_and_who_is_there_stays(wire: Wire) -> None:
    one = wire.connect()
    assert bounce(one, b"here") == b"here"
    wire.link.refuse()
    with pytest.raises(ConnectionRefusedError):
        wire.connect()
    assert bounce(one, b"still") == b"still"
    wire.link.heal()
    assert bounce(wire.connect(), b"again") == b"again"


@pytest.mark.parametrize("reset", [False, True])
def test_a_flapping_link_comes_and_goes(wire: Wire, reset: bool) -> None:
    wire.link.flap(60, reset)
    down = up = 0
    for _ in range(400):
        if down >= 3 and up >= 3:
            break
        try:
            with socket.create_connection(("127.0.0.1", wire.link.port), 0.03) as one:
                one.sendall(b"there?")
                up += take(one, 6) == b"there?"
        except OSError:
            down += 1
            time.sleep(0.01)
    assert down >= 3 and up >= 3
    wire.link.heal()
    assert bounce(wire.connect(), b"well") == b"well"


def test_a_target_that_is_not_there_is_a_reset(proxy: Proxy, free_port: int) -> None:
    link = proxy.link("nobody", [free_port])
    with (
        pytest.raises(ConnectionError),
        socket.create_connection(("127.0.0.1", link.port), PATIENCE_S) as one,
    ):
        one.recv(1)
        raise AssertionError("somebody was there")


def test_it_ends_with_its_owner() -> None:
    with Proxy() as one, ExitStack() as opened:
        wire = Wire(opened, one)
        there = wire.connect()
        assert bounce(there, b"here") == b"here"
        one.close()
        with pytest.raises(OSError, match="refused"):
            wire.connect()
