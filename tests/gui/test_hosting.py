"""Hosting a chat from the window: a real server starts, is joined, and ends when asked to."""

import threading
from pathlib import Path

import pytest

from gui.hosting import Host
from protocol.addresses import free_ports
from protocol.invite import Invite, parse_address
from tests.server import ROOT
from tests.test_server_fixture import answers


class Told:
    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self._event = threading.Event()

    def __call__(self, link: str, problem: str) -> None:
        self.got.append((link, problem))
        self._event.set()

    def wait(self) -> tuple[str, str]:
        assert self._event.wait(40), "nothing was told"
        return self.got[0]


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_server_is_started_and_ended(tmp_path: Path) -> None:
    told = Told()
    port = free_ports(1)
    host = Host(tmp_path, tmp_path / "data", told, f"127.0.0.1:{port}")
    try:
        link, problem = told.wait()
        assert not problem, problem
        address = f"127.0.0.1:{port}"
        assert parse_address(Invite.parse(link).addresses[0], 0)[1] == port
        assert host.running and answers(address)
        # Whoever started it becomes its owner, by a link that its output does not hold.
        owner, server = Invite.parse(host.owner_link), Invite.parse(link)
        assert (owner.server_key, owner.addresses) == (server.server_key, server.addresses)
        assert owner.token is not None and owner.token != server.token
        assert owner.token not in (tmp_path / "host.log").read_text("utf-8")
    finally:
        host.stop()
    assert not answers(address)
    host.stop()


def test_what_the_server_says_on_failing_is_told(tmp_path: Path) -> None:
    told = Told()
    host = Host(tmp_path, tmp_path / "data", told, "nonsense:port:here")
    try:
        link, problem = told.wait()
        assert not link
        assert problem.startswith("The server did not start: ")
        assert len(problem) > 40
    finally:
        host.stop()
