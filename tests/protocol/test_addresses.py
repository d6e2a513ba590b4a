"""Addresses of this machine: what is named to others, and which ports can be had."""

import errno
import ipaddress
import socket

import pytest

from protocol import addresses
from protocol.errors import SetupError
from protocol.invite import parse_address


def test_a_named_host_is_itself() -> None:
    assert addresses.reachable("127.0.0.1", 80) == ("127.0.0.1:80",)
    assert addresses.reachable("::1", 80) == ("[::1]:80",)
    assert addresses.reachable("chat.example", 80) == ("chat.example:80",)


def test_every_address_becomes_those_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "own_addresses", lambda: ["192.0.2.7", "2001:db8::7"])
    assert addresses.reachable("0.0.0.0", 80) == ("192.0.2.7:80",)
    assert addresses.reachable("::", 80) == ("192.0.2.7:80", "[2001:db8::7]:80")


def test_a_machine_without_a_network_has_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "own_addresses", list)
    assert addresses.reachable("0.0.0.0", 80) == ("127.0.0.1:80",)
    assert addresses.reachable("::", 80) == ("127.0.0.1:80",)


def test_own_addresses_mean_something_elsewhere() -> None:
    found = [ipaddress.ip_address(one) for one in addresses.own_addresses()]
    assert len(found) == len(set(found))
    assert not any(one.is_loopback or one.is_unspecified or one.is_link_local for one in found)
    assert [one.version for one in found] == sorted(one.version for one in found)


def test_loopback_is_only_here() -> None:
    assert addresses.only_here(["127.0.0.1", "127.9.9.9", "::1", "localhost", "a.localhost"])
    assert not addresses.only_here(["127.0.0.1", "192.168.1.5"])
    assert not addresses.only_here(["chat.example"])


def test_a_port_in_use_is_one_line_that_helps() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} is in use") as caught:
            addresses.check_listen("127.0.0.1", port)
        assert "--listen" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not addresses.ports_are_free(port, 1)
        with pytest.raises(SetupError, match="in use"):
            addresses.check_listen("0.0.0.0", port)
    addresses.check_listen("127.0.0.1", port)


def test_a_host_that_is_not_here() -> None:
    with pytest.raises(SetupError, match="cannot listen on"):
        addresses.check_listen("192.0.2.77", 8080)


@pytest.mark.parametrize(
    ("port", "number"), [(80, errno.EACCES), (8080, errno.EADDRINUSE), (64_000, errno.EADDRINUSE)]
)
def test_a_suggested_address_can_be_read(
    monkeypatch: pytest.MonkeyPatch, port: int, number: int
) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(number, "no")

    monkeypatch.setattr(addresses, "_bound", refuse)
    with pytest.raises(SetupError) as caught:
        addresses.check_listen("127.0.0.1", port)
    assert parse_address(str(caught.value).split("--listen ")[1], 1)[1] > 1023


def test_free_ports_come_in_a_row() -> None:
    first = addresses.free_ports(3)
    taken = [socket.socket() for _ in range(3)]
    try:
        for offset, one in enumerate(taken):
            one.bind(("127.0.0.1", first + offset))
    finally:
        for one in taken:
            one.close()
