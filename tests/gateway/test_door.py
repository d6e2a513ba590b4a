"""The door, over real sockets: every connection is known, and the right one is ended."""

import contextlib
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import zmq

from gateway import door as door_module
from gateway.crowd import NOWHERE, Crowd, Origin
from gateway.door import Door
from protocol import sockets
from protocol.addresses import free_ports
from protocol.bucket import Bucket
from tests.protocol.guarded import Caller, Guarded

HOST = "127.0.0.1"
SCHOOL = "203.0.113.7"


class House:
    """A server's door with callers; every call of it is from one thread, as in a gateway."""

    def __init__(self, stack: ExitStack, crowd: Crowd | None = None) -> None:
        self.server = Guarded(stack, lambda domain, key: True)
        self.port = free_ports(1)
        self.endpoint = f"tcp://{HOST}:{self.port}"
        self.crowd = crowd or Crowd(50)
        self.socket = sockets.frontend(self.server.context, self.server.keys)
        stack.callback(self.socket.close, 0)
        self.door = Door(self.server.context, self.socket, self.port, self.crowd)
        stack.callback(self.door.close)
        sockets.bind(self.socket, self.endpoint, "test")
        self.server.poller.register(self.socket, zmq.POLLIN)
        self.now_ms = 1_000

    def until(self, condition: object) -> None:
        assert callable(condition)

        def look() -> bool:
            self.door.news(self.now_ms)
            return bool(condition())

        self.server.until(look)

    def enter(self) -> tuple[Caller, zmq.Frame]:
        """Have somebody say something; return that with its message."""
        caller = self.server.call(self.endpoint)
        caller.socket.send(b"hello")
        self.until(lambda: self.socket.poll(0))
        frame: zmq.Frame = self.socket.recv_multipart(copy=False)[-1]
        return caller, frame

    def origin(self, frame: zmq.Frame) -> Origin:
        return self.door.origin(frame)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def house(stack: ExitStack) -> House:
    return House(stack)


def test_every_connection_is_counted_in_and_out(house: House) -> None:
    raw = [socket.create_connection((HOST, house.port)) for _ in range(5)]
    house.until(lambda: len(house.door) == 5)
    caller, _ = house.enter()
    assert len(house.door) == 6
    for one in raw:
        one.close()
    house.until(lambda: len(house.door) == 1)
    caller.close()
    house.until(lambda: len(house.door) == 0)


def test_one_connection_is_ended_and_no_other(house: House) -> None:
    people = [house.enter() for _ in range(3)]
    origins = [house.origin(frame) for _, frame in people]
    assert len({one.descriptor for one in origins}) == 3
    assert all(one.place == "" and one.peer is not None for one in origins)
    assert house.door.end(origins[1])
    house.until(lambda: people[1][0].disconnected)
    house.until(lambda: len(house.door) == 2)
    for caller, _ in (people[0], people[2]):
        assert not caller.disconnected
        caller.socket.send(b"still here")
        house.until(lambda: house.socket.poll(0))
        assert house.socket.recv_multipart()[-1] == b"still here"
    # It is gone: its number names nothing, or something else.
    assert not house.door.end(origins[1])


def test_a_number_that_another_connection_has_now_ends_nothing(house: House) -> None:
    caller, frame = house.enter()
    gone = house.origin(frame)
    caller.close()
    house.until(lambda: len(house.door) == 0)
    other, frame = house.enter()
    now = house.origin(frame)
    assert now.descriptor == gone.descriptor and now.peer != gone.peer
    assert not house.door.end(gone)
    other.socket.send(b"still here")
    house.until(lambda: house.socket.poll(0))
    assert not other.disconnected


def test_what_is_no_connection_of_a_client_is_never_ended(house: House) -> None:
    """The number may be that of a file, a pipe, or a connection to the broker."""
    with socket.create_server((HOST, 0)) as broker, ExitStack() as opened:
        out = opened.enter_context(socket.create_connection(broker.getsockname()))
        inside, _ = broker.accept()
        opened.enter_context(inside)
        pair = socket.socketpair()
        for one in pair:
            opened.enter_context(one)
        reading, writing = os.pipe()
        opened.callback(os.close, reading)
        opened.callback(os.close, writing)
        numbers = [out.fileno(), inside.fileno(), pair[0].fileno(), reading, 99_999, -1]
        for number in numbers:
            for peer in (out.getpeername(), inside.getpeername(), ("", 0), None):
                assert not house.door.end(Origin("", number, peer))
        out.sendall(b"x")
        assert inside.recv(1) == b"x"
        pair[0].sendall(b"x")
        assert pair[1].recv(1) == b"x"
        os.write(writing, b"x")
        assert os.read(reading, 1) == b"x"


def test_one_too_many_of_an_address_is_ended_at_the_door(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "place", lambda _: SCHOOL)
    monkeypatch.setattr("gateway.crowd.CONNECTIONS_MAX", 3)
    house = House(stack)
    raw = [socket.create_connection((HOST, house.port)) for _ in range(5)]
    house.until(lambda: len(house.door) == 3)
    ended = 0
    for one in raw:
        one.settimeout(0.2)
        try:
            while one.recv(4096):
                pass
            ended += 1
        except TimeoutError:
            pass
        except OSError:
            ended += 1
        one.close()
    assert ended == 2
    house.until(lambda: len(house.door) == 0)
    assert not house.crowd._open
    house.enter()


def test_who_never_says_hello_and_comes_again_is_not_let_in(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door_module, "place", lambda _: SCHOOL)
    monkeypatch.setattr("gateway.crowd._FRUITLESS", Bucket(0.001, 3))
    house = House(stack)
    guest, frame = house.enter()
    house.origin(frame)  # as for a HELLO: it is not counted when it goes
    guest.close()
    house.until(lambda: len(house.door) == 0)
    for _ in range(3):
        with socket.create_connection((HOST, house.port)):
            house.until(lambda: len(house.door) == 1)
        house.until(lambda: len(house.door) == 0)
    with socket.create_connection((HOST, house.port)) as last:
        last.settimeout(0.01)

        def is_ended() -> bool:
            with contextlib.suppress(TimeoutError):
                return not last.recv(4096)  # the greeting of ZMTP may have gone out
            return False

        house.until(is_ended)


def test_whoever_never_comes_in_is_ended_after_a_while(house: House) -> None:
    guest, frame = house.enter()
    seated = house.origin(frame).descriptor
    loiterer = house.server.call(house.endpoint)
    house.until(lambda: loiterer.entered)
    house.door.tend(house.now_ms, lambda: [seated])
    late = house.server.call(house.endpoint)
    house.until(lambda: late.entered)
    house.now_ms += door_module.IDLE_MS - 1
    house.door.tend(house.now_ms, lambda: [seated])
    assert len(house.door) == 3
    house.now_ms += 1
    house.door.tend(house.now_ms, lambda: [seated])
    house.until(lambda: loiterer.disconnected)
    house.until(lambda: len(house.door) == 2)
    assert not late.disconnected and not guest.disconnected
    house.now_ms += door_module.IDLE_MS
    house.door.tend(house.now_ms, lambda: [])
    house.until(lambda: late.disconnected)
    assert not guest.disconnected  # it had a session the last time


def test_where_the_library_does_not_tell_nobody_is_ended(house: House) -> None:
    guest, frame = house.enter()
    assert house.door.origin(zmq.Frame(b"made here")) == NOWHERE
    for _ in range(3):
        house.door.tend(house.now_ms, lambda: [NOWHERE.descriptor])
        house.now_ms += door_module.IDLE_MS
    assert not house.door.end(NOWHERE)
    guest.socket.send(b"still here")
    house.until(lambda: house.socket.poll(0))
    assert not guest.disconnected and frame.bytes == b"hello"


def test_thousands_of_news_hold_nobody_up(house: House) -> None:
    """libzmq's thread would wait where the news are not taken."""
    for _ in range(2_500):
        socket.create_connection((HOST, house.port)).close()
    caller = house.server.call(house.endpoint)
    caller.socket.send(b"hello")
    house.server.until(lambda: bool(house.socket.poll(0)))  # the door has not looked yet
    house.until(lambda: len(house.door) == 1)
