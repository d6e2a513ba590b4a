"""The server fixture itself: it serves, survives kills, and notices a traceback."""

import socket
from collections.abc import Callable

import pytest

from protocol.invite import Invite, parse_address
from tests.server import Server


def answers(address: str) -> bool:
    host, port = parse_address(address, 0)
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((host, port)) == 0


def test_it_serves_and_comes_back(server: Callable[..., Server]) -> None:
    one = server(gateways=2)
    assert Invite.parse(one.link) == one.invite
    assert len(one.invite.addresses) == 2
    assert all(answers(address) for address in one.addresses)
    one.kill_gateway(0)
    assert not answers(one.addresses[0])
    one.restart_gateway(0)
    assert answers(one.addresses[0])
    first = one.broker.pid
    one.restart_broker()
    assert one.broker.pid != first


def test_it_notices_a_traceback(server: Callable[..., Server]) -> None:
    one = server()
    one.stop()
    clean = one.broker.err.read_bytes()
    one.broker.err.write_text("Traceback (most recent call last):\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="traceback"):
        one.stop()
    one.broker.err.write_bytes(clean)


def test_two_servers_stand_side_by_side(server: Callable[..., Server]) -> None:
    one, two = server(), server()
    assert one.invite.server_key != two.invite.server_key
    assert not set(one.addresses) & set(two.addresses)
