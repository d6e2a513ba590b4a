"""Fixtures of all tests, and two rules: no unexpected error in the log, no silent skip."""

import logging
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from protocol.addresses import free_ports
from tests.server import Server

SKIPS_FAIL = "ZVIAZOK_SKIPS_FAIL"
"""Set by ``make test``: what it installs is there, so a skip is a hole in the suite. A test for
another system may be skipped; its reason starts with "only on"."""


# Time is no assertion: the machine may be busy with other tests. And what passed passes again, so
# whoever changes nothing is told nothing new; new examples are sought on purpose:
# pytest --hypothesis-profile=seek
settings.register_profile(
    "zviazok", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile(
    "seek", settings.get_profile("zviazok"), derandomize=False, print_blob=True, max_examples=1_000
)
settings.load_profile("zviazok")


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def logged_errors() -> Iterator[list[logging.LogRecord]]:
    """Fail a test that logs an error. One that must asks for this list and clears it."""
    handler = _Errors()
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)
    lines = [f"{one.name}: {one.getMessage()}" for one in handler.records]
    assert not lines, "errors were logged:\n" + "\n".join(lines)


@pytest.fixture
def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return what starts a real server: ``server(gateways=2, rate=0)``; see ``tests.server``."""
    made: list[Server] = []

    def make(gateways: int = 1, rate: float | None = None) -> Server:
        made.append(Server(tmp_path / f"server-{len(made)}", gateways, rate))
        return made[-1]

    try:
        yield make
        for one in made:
            one.stop()
    finally:
        for one in made:
            one.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where ``make test`` says that all is there."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(SKIPS_FAIL):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if not reason.removeprefix("Skipped: ").startswith("only on"):
            report.outcome = "failed"
            report.longrepr = f"skipped, though nothing may be missing here: {reason}"
    return report
