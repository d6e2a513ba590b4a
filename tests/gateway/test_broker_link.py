"""The gateway's link to its broker, seen from the gateway: nothing that must be said is dropped."""

from collections.abc import Iterator
from typing import Any

import pytest
import zmq

from gateway.server import Gateway
from protocol import keys
from protocol.addresses import free_ports
from protocol.backplane import Down, Up, check_down, encode_batch
from protocol.codes import Purpose
from protocol.errors import WireError


class Full:
    """A socket that takes ``room`` batches and no more."""

    def __init__(self) -> None:
        self.room = 0
        self.sent: list[bytes] = []
        self.waiting: list[bytes] = []

    def send(self, data: bytes, _: int) -> None:
        if not self.room:
            raise zmq.Again
        self.room -= 1
        self.sent.append(data)

    def recv(self, _: int) -> bytes:
        if not self.waiting:
            raise zmq.Again
        return self.waiting.pop(0)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    port = free_ports(3)
    listen = ("127.0.0.1", free_ports(1))
    one = Gateway(keys.make(), ("127.0.0.1", port), keys.make().public, listen, 0)
    backend = one._backend
    try:
        yield one
    finally:
        one._backend = backend
        one.close()


def linked(gateway: Gateway) -> Full:
    link: Any = Full()
    gateway._backend = link
    gateway._linked = True
    return link  # type: ignore[no-any-return]


def test_an_introduction_that_finds_no_room_is_made_again(gateway: Gateway) -> None:
    link = linked(gateway)
    gateway._introduce()
    assert not gateway._connected
    link.room = 1
    gateway._beat()
    assert gateway._connected
    assert link.sent == [
        encode_batch(gateway._instance, [[Up.REGISTER, gateway._own]]),
    ]


def test_the_end_of_a_session_is_told_when_there_is_room(gateway: Gateway) -> None:
    link = linked(gateway)
    link.room = 1
    gateway._introduce()
    session, _ = gateway._sessions.add(b"r", "u", b"k" * 32, Purpose.TALK, "n", None, 0)
    gateway._drop(session)
    gateway._send_collected()
    link.room = 1
    gateway._send_collected()
    assert link.sent[1:] == [encode_batch(gateway._instance, [[Up.CLOSE, session.slot]])]
    gateway._send_collected()
    assert len(link.sent) == 2


@pytest.mark.parametrize(
    "operation",
    [
        [99, 1, 2],
        ["word"],
        [int(Down.WHO) + 0.5],
        [Down.REGISTERED],
        [Down.REGISTERED, "name", b"short", b"short", b"epoch", 1],
        [Down.OPENED, 1, b"p" * 8, "nick", [[b"r" * 16, 1]]],
        [Down.DONE, 1, 1, "text"],
        [Down.FRAME, 1, None],
        [Down.CLOSED, [1], b"frame"],
        [Down.LEFT, 1, 0],
        [Down.GATEWAYS, 7],
    ],
)
def test_an_operation_of_another_version_costs_itself_alone(
    gateway: Gateway, operation: list[Any]
) -> None:
    with pytest.raises(WireError):
        check_down(list(operation))
    link = linked(gateway)
    link.waiting = [encode_batch(b"", [operation, [Down.GATEWAYS, ["there:1"]]])]
    gateway._drain_backend()
    assert gateway._upstream.addresses == ["there:1"]
