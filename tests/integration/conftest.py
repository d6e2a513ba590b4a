"""Fixtures of the integration tests: a server for a whole file, and clients that close."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from protocol.invite import Invite
from tests.integration.bare import Circle, circle
from tests.integration.talker import Talker
from tests.server import Server


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with two gateways and no limit of rate, for all tests of a file.

    Its tests use rooms and nicknames of their own.
    """
    one = Server(tmp_path_factory.mktemp("shared"), gateways=2, rate=0)
    try:
        yield one
        one.stop()
    finally:
        one.end()


@pytest.fixture
def bare() -> Iterator[Circle]:
    """Return what makes bare clients: ``bare(invite, nick, gateway)``."""
    with circle() as one:
        yield one


@pytest.fixture
def talker(tmp_path: Path) -> Iterator[Callable[[Invite, str], Talker]]:
    """Return what starts real clients: ``talker(invite, nick)``; all end with the test."""
    made = 0
    with ExitStack() as started:

        def start(invite: Invite, nick: str) -> Talker:
            nonlocal made
            made += 1
            one = Talker(tmp_path / f"client-{made}", invite, nick)
            started.callback(one.stop)
            return one

        yield start
