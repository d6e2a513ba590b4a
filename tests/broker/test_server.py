"""The broker's loop, as a process, with a gateway played by the test."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq

from broker.journal import Batch, PersonRow
from protocol import keys, sockets
from protocol.backplane import Down, Up, decode_batch, encode_batch
from protocol.codes import Kind
from protocol.frames import People, PeoplePage, Rename, Renamed, decode_as, encode
from protocol.limits import BACKPLANE_MAX_BYTES
from tests.broker.stand import Gate, Stand, key
from tests.server import Server

PATIENCE_MS = 30_000


class Link:
    """A gateway's end of the ingress."""

    def __init__(self, context: sockets.Context, server: Server) -> None:
        pair = keys.load_or_make(server.data / "gateway.key")
        self.token = (server.data / "invite.token").read_text().strip()
        self.socket = sockets.backend(context, pair, keys.from_text(server.broker_key))
        self.socket.connect(f"tcp://127.0.0.1:{server.broker_port}")
        self.sizes: list[int] = []
        self.got: list[list[Any]] = []

    def send(self, *operations: list[Any]) -> None:
        self.socket.send(encode_batch(b"instance", list(operations)))

    def until(self, code: Down, count: int) -> list[list[Any]]:
        """Wait until so many operations of this kind have come; return them."""
        while len(found := [one for one in self.got if one[0] == code]) < count:
            assert self.socket.poll(PATIENCE_MS), f"{len(found)} of {count} came"
            data = self.socket.recv()
            self.sizes.append(len(data))
            self.got += decode_batch(data)[1]
        return found

    def open(self, slot: int, nick: str) -> None:
        self.send([Up.OPEN, slot, key(slot), nick, self.token, 0])

    def register(self) -> None:
        self.send([Up.REGISTER, ["there:1"]])
        self.until(Down.REGISTERED, 1)


@pytest.fixture
def context() -> Iterator[sockets.Context]:
    one: sockets.Context = zmq.Context()
    yield one
    one.destroy(linger=0)


@contextmanager
def linked(context: sockets.Context, server: Server) -> Iterator[Link]:
    link = Link(context, server)
    try:
        yield link
    finally:
        link.socket.close()


def test_large_answers_to_many_at_once_reach_their_gateway(
    server: Callable[..., Server], context: sockets.Context
) -> None:
    with linked(context, server(gateways=0)) as link:
        link.register()
        crowd = 300
        for slot in range(1, crowd + 1):
            link.open(slot, f"{slot:03}" + "\N{SLIGHTLY SMILING FACE}" * 29)
        link.until(Down.OPENED, crowd)
        asks = 600
        link.send(*([Up.ASK, 1, encode(People(one, b"", 500))] for one in range(1, asks + 1)))
        link.until(Down.FRAME, asks)
        pages = [
            decode_as(PeoplePage, one[2]) for one in link.got if _kind(one) == Kind.PEOPLE_PAGE
        ]
        assert [page.request for page in pages] == list(range(1, asks + 1))
        assert sum(link.sizes) > BACKPLANE_MAX_BYTES > max(link.sizes)


def _kind(operation: list[Any]) -> int:
    return int(operation[2][1]) if operation[0] == Down.FRAME else 0


def test_an_operation_of_another_version_costs_itself_alone(
    server: Callable[..., Server], context: sockets.Context
) -> None:
    with linked(context, server(gateways=0)) as link:
        link.register()
        link.open(1, "Ann")
        link.send([99, 1], [Up.ASK], [Up.ASK, 1, encode(People(7, b"", 500))])
        (answer,) = link.until(Down.FRAME, 1)
        assert decode_as(PeoplePage, answer[2]).request == 7


def test_a_note_of_addresses_that_cannot_be_written_stops_nobody(
    server: Callable[..., Server], context: sockets.Context
) -> None:
    one = server(gateways=0)
    (one.data / "addresses.new").mkdir()
    with linked(context, one) as link:
        link.register()
        link.open(1, "Ann")
        link.until(Down.OPENED, 1)


def test_an_invite_token_that_was_cut_off_is_made_again(server: Callable[..., Server]) -> None:
    one = server(gateways=0)
    path = one.data / "invite.token"
    was = path.read_text()
    one.kill_broker()
    path.write_text("")
    one.restart_broker()
    made = path.read_text()
    assert len(made) == len(was) and made != was
    assert os.name != "posix" or path.stat().st_mode & 0o077 == 0
    one.restart_broker()
    assert path.read_text() == made


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_is_a_clean_end(
    server: Callable[..., Server], number: signal.Signals
) -> None:
    one = server(gateways=0)
    one.kill_broker()
    (one.data / "frontend.key").unlink()
    os.mkfifo(one.data / "frontend.key", 0o600)  # where a start waits for ever
    stuck = one._start_broker()
    with (one.data / "frontend.key").open("wb"):  # opens when the broker reads
        stuck.popen.send_signal(number)
        assert stuck._reap() == 0
    assert "Traceback" not in stuck.complained()
    (one.data / "frontend.key").unlink()


def test_a_nickname_that_an_earlier_version_folded_otherwise_can_be_changed(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path)
    try:
        ann = stand.enrol(1, "Ann").person
        stand.journal.append(Batch(people=[PersonRow(1, ann.person, "Ann", "as-it-was-once")]))
        stand.restart()
        gate = Gate(stand)
        gate.open(1, 1)
        assert gate.answer(1, Rename(5, "Anna")) == Renamed(5, "Anna")
        assert gate.answer(1, Rename(6, "Ann")) == Renamed(6, "Ann")
    finally:
        stand.close()
