"""The audit of libraries, against a service that speaks as OSV does; and the lock, with none."""

import importlib.metadata
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from protocol.addresses import free_ports
from protocol.minimums import MSGPACK, PILLOW, numbers
from tests.security import audit

ROOT = Path(__file__).parents[2]
PINS = audit.pins(audit.LOCK.read_text(encoding="ascii"))

Answer = Callable[[list[dict[str, Any]]], bytes]


@pytest.fixture
def service() -> Iterator[Callable[[Answer], str]]:
    """Return what starts a service of advisories that answers as it is told."""
    running: list[tuple[HTTPServer, threading.Thread]] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = answer(asked["queries"])
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/v1/querybatch"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def results(queries: list[dict[str, Any]], **bad: str) -> bytes:
    """Answer as the service's documentation says: one result a question, in order."""
    names = [one["package"]["name"] for one in queries]
    found = [{"vulns": [{"id": bad[name]}]} if name in bad else {} for name in names]
    return json.dumps({"results": found}).encode()


def run(capsys: pytest.CaptureFixture[str], service: str) -> tuple[int, list[str]]:
    status = audit.main(["--service", service])
    return status, capsys.readouterr().out.splitlines()


def test_what_is_known_fails_and_names_the_library(
    service: Callable[[Answer], str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []

    def answer(queries: list[dict[str, Any]]) -> bytes:
        asked.extend(queries)
        return results(queries, pillow="GHSA-xxxx", msgpack="PYSEC-2026-1")

    status, lines = run(capsys, service(answer))
    assert status == 1 and len(lines) == 2
    assert f"pillow {PINS['pillow']}: GHSA-xxxx" in "\n".join(lines)
    assert {one["package"]["name"]: one["version"] for one in asked} == PINS
    assert {one["package"]["ecosystem"] for one in asked} == {"PyPI"}


def test_what_was_looked_at_and_does_not_concern_us_is_no_failure(
    service: Callable[[Answer], str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(audit.ACCEPTED, "GHSA-xxxx", "it is about a format that is never opened")
    place = service(lambda queries: results(queries, pillow="GHSA-xxxx"))
    assert run(capsys, place)[0] == 0
    assert all(len(reason) > 20 for reason in audit.ACCEPTED.values())


def test_nothing_is_known(
    service: Callable[[Answer], str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = run(capsys, service(results))
    assert (status, len(lines)) == (0, 1) and "nothing is known" in lines[0]


@pytest.mark.parametrize(
    "said", [b"", b"<html>", b"[]", b"{}", b'{"results": []}', b'{"results": 7}', b"null"]
)
def test_an_answer_that_is_none_is_told_in_one_line(
    said: bytes, service: Callable[[Answer], str], capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = run(capsys, service(lambda _: said))
    assert (status, len(lines)) == (0, 1) and "could not be asked" in lines[0]


def test_without_a_network_it_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for place in (f"http://127.0.0.1:{free_ports(1)}/", "http://nowhere.invalid/"):
        status, lines = run(capsys, place)
        assert (status, len(lines)) == (0, 1) and "could not be asked" in lines[0]


# --- the lock, without any network (its form: tests/test_packaging.py) ---------------------------


def test_every_pin_is_asked_about() -> None:
    lines = audit.LOCK.read_text(encoding="ascii").splitlines()
    assert len(PINS) == sum(not line.startswith((" ", "#")) for line in lines if line)


def test_what_is_installed_is_what_the_lock_names() -> None:
    installed = {
        re.sub(r"[-_.]+", "-", one.name).lower(): one.version
        for one in importlib.metadata.distributions()
    }
    other = {
        name: (installed[name], version)
        for name, version in PINS.items()
        if name in installed and installed[name] != version
    }
    assert other == {}, "run: make setup"
    assert {"pyzmq", "msgpack", "pillow", "customtkinter", "platformdirs"} <= installed.keys()


def test_known_holes_lie_below_what_the_lock_names() -> None:
    least = {"pyzmq": (26,), "msgpack": MSGPACK, "pillow": PILLOW, "customtkinter": (6,)}
    for name, version in least.items():
        assert numbers(PINS[name]) >= version, name


def test_the_check_of_the_project_asks() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    check = makefile.split("\ncheck: ", 1)[1].split("\n\n", 1)[0]
    assert "-m tests.security.audit" in check
