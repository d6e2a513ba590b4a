"""The gateway's link to its broker, seen from the gateway: nothing that must be said is dropped."""

from random import Random
from typing import Any

import pytest

from gateway.core import Core
from protocol.backplane import Down, Up, check_down, encode_batch
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.errors import WireError
from protocol.frames import Error, People, PeoplePage, encode
from tests.gateway.stand import Wires


@pytest.fixture
def link() -> Wires:
    return Wires()


@pytest.fixture
def core(link: Wires) -> Core:
    core = Core(link, lambda: ["here:8080"], 0, Random(1))
    core.at(1)
    return core


def register(core: Core, link: Wires) -> None:
    """Let the broker answer the introduction."""
    answer = [Down.REGISTERED, "Zviazok", b"p" * 32, b"s" * 32, b"e" * 16, 1, link.instance]
    core.told(encode_batch(b"", [answer]))


def test_an_introduction_that_finds_no_room_is_made_again(core: Core, link: Wires) -> None:
    core.linked()
    assert link.sent == []
    link.room = 1
    core.beat()
    ((introduction,),) = link.sent
    assert introduction[:2] == [Up.REGISTER, ["here:8080"]]
    link.room = 1
    core.beat()
    assert link.sent[1:] == [[[Up.BEAT]]]


def test_whoever_waits_for_an_answer_that_is_lost_is_told(core: Core, link: Wires) -> None:
    link.room = 9
    core.linked()
    for name in ("asks", "rests"):
        one, _ = core.sessions.add(name.encode(), name, b"k" * 32, Purpose.TALK, name, None, 1)
        one.welcome = True
    register(core, link)
    core.heard(b"asks", "asks", encode(People(7, b"", 10)), 1)
    core.heard(b"asks", "asks", encode(People(8, b"", 10)), 1)
    core.send_collected()
    core.told(encode_batch(b"", [[Down.FRAME, 1, encode(PeoplePage(7, False, []))]]))
    link.told.clear()
    core.unlinked()
    core.linked()
    assert [route for route, _ in link.told] == [b"asks"]
    (frame,) = [frame for _, frame in link.told]
    assert isinstance(frame, Error)
    assert (frame.code, frame.kind, frame.request) == (ErrorCode.UNAVAILABLE, Kind.PEOPLE, 8)
    assert [one.user for one in core.sessions.by_slot.values()] == ["asks", "rests"]
    core.linked()
    assert len(link.told) == 1


def test_the_end_of_a_session_is_told_when_there_is_room(core: Core, link: Wires) -> None:
    link.room = 1
    core.linked()
    session, _ = core.sessions.add(b"r", "u", b"k" * 32, Purpose.TALK, "n", None, 0)
    core._drop(session)
    core.send_collected()
    link.room = 1
    core.send_collected()
    assert link.sent[1:] == [[[Up.CLOSE, session.slot]]]
    core.send_collected()
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
    core: Core, link: Wires, operation: list[Any]
) -> None:
    with pytest.raises(WireError):
        check_down(list(operation))
    link.room = 1
    core.linked()
    register(core, link)
    core.told(encode_batch(b"", [operation, [Down.GATEWAYS, ["there:1"]]]))
    assert core.upstream.addresses == ["there:1"]
