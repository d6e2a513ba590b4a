"""Fixtures of the security tests: one server that takes every blow of a file's tests."""

from collections.abc import Iterator

import pytest

from tests.integration.bare import Circle, circle
from tests.server import Server


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server for all tests of a file; at its end it must be well, and its log clean."""
    one = Server(tmp_path_factory.mktemp("target"), gateways=1, rate=0)
    try:
        yield one
        one.stop()
    finally:
        one.end()


@pytest.fixture(scope="module")
def bare() -> Iterator[Circle]:
    """Return what makes bare clients; they last for the whole file."""
    with circle() as one:
        yield one
