"""Fleets: clients that do as they are told, and histories that say what they did."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from protocol.codes import ErrorCode, EventKind, Kind
from protocol.frames import (
    Error,
    Marks,
    PeoplePage,
    Ping,
    Pong,
    Presence,
    Send,
    Typed,
    Typing,
    decode,
    encode,
)
from protocol.items import decode_item, encode_item
from tests.faults.checker.check import check
from tests.faults.checker.history import Reader, sessions
from tests.faults.fleet.decoding import Kept
from tests.faults.fleet.load import Load
from tests.faults.fleet.plan import ClientPlan, FleetPlan
from tests.faults.fleet.recorder import Held, Recorder
from tests.faults.fleet.standing import whole
from tests.faults.fleet.versions import OldClient, OldServer
from tests.faults.run import Run, Scale

ROOM, EPOCH, OUTBOX = b"r" * 16, b"e" * 16, b"o" * 8


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run(tmp_path / "run", 3, Scale(6, (2,), rooms=2, directs=3, per_s=60.0)) as one:
        yield one


def records(folder: Path, what: str) -> dict[str, list[object]]:
    """Return the records of a kind, by client."""
    return {
        name: [one for _, path in files for one in Reader(path) if type(one).__name__ == what]
        for name, files in sessions(folder / "histories").items()
    }


def test_a_killed_fleet_of_real_clients_goes_on_from_its_disk(run: Run) -> None:
    run.talk()
    run.rest(1.0)
    crew = run.crews["real-a"]
    crew.tell("burst", messages=200)
    run.rest(0.05)
    crew.kill()
    run.rest(0.3)
    crew.restart()
    run.whole()
    run.finish()
    verdict = check(run.folder)
    assert verdict.sound, verdict
    assert len(sessions(run.folder / "histories")["real-a0"]) == 2
    from_disk = records(run.folder, "See")["real-a0"]
    assert {getattr(one, "via") for one in from_disk} >= {"live", "disk"}  # noqa: B009


def test_light_clients_do_as_they_are_told(run: Run) -> None:
    light = run.crews["light"]
    assert run.is_whole()
    who = list(light.names[:2])
    light.tell("leave", who=who)
    light.tell("queue", messages=700, who=who)
    status = light.status()
    assert status["away"] == 2
    assert 1_000 < status["waiting"] <= 1_400  # some type and mark instead
    assert not run.is_whole()
    light.tell("twice", on=True, who=who)
    light.tell("come", who=who)
    run.whole()
    assert run.count("acked") + run.count("failed") == run.count("invoked")
    assert light.status()["counts"]["lost"] == 2
    light.tell("slow", every_ms=1_000, who=[light.names[3]])
    run.talk()
    run.rest(2.0)
    run.talk(False)
    light.tell("slow", every_ms=0, who=[light.names[3]])
    run.whole()
    run.finish()
    verdict = check(run.folder)
    assert verdict.sound, verdict
    assert verdict.figures.busy > 0  # what is sent three times does not fit the window


def test_drain_answers_when_all_is_there(run: Run) -> None:
    light = run.crews["light"]
    light.tell("send", per_s=100.0)
    run.rest(0.5)
    light.tell("drain")
    answer = light.wait("drained", 60.0)
    assert answer["waiting"] == 0
    assert answer["counts"]["acked"] > 0
    run.finish()


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = FleetPlan("link", "folder", "profiles", 7, (ClientPlan("a", rooms=("x", "y")),))
    assert FleetPlan.read(plan.write()) == plan


def test_fleets_are_whole_together_or_not_at_all() -> None:
    one = {"waiting": 0, "away": 0, "missing": 0, "rooms": {"aa 01": [7, 7]}}
    assert whole([one, one])
    assert not whole([one, {**one, "waiting": 1}])
    assert not whole([one, {**one, "rooms": {"aa 01": [8, 8]}}])
    assert not whole([one, {**one, "rooms": {"aa 02": [7, 7]}}])


def test_a_load_repeats_from_its_seed(tmp_path: Path) -> None:
    def drawn() -> list[list[int]]:
        plans = [ClientPlan("a", share=3.0), ClientPlan("b"), ClientPlan("c", share=0.0)]
        load = Load(plans, [Recorder(None, "x", 1)] * 3, {}, Random(5))
        load.per_s = 10.0
        return [load.due(now_ms) for now_ms in range(0, 3_000, 130)]

    first = drawn()
    assert first == drawn()
    said = [place for some in first for place in some]
    assert len(said) == 29
    assert said.count(0) > said.count(1) > 0 == said.count(2)


def test_rooms_are_drawn_by_their_weight() -> None:
    recorder = Recorder(None, "x", 1)
    recorder.rooms = {b"1": Held(1, "general", EPOCH), b"2": Held(2, "", EPOCH)}
    load = Load([ClientPlan("x")], [recorder], {"@": 1.0, "general": 0.0}, Random(1))
    assert {load.room(0) for _ in range(20)} == {b"2"}


def test_what_is_kept_is_kept_by_its_content_and_bounded() -> None:
    calls: list[int] = []

    def square(number: int) -> int:
        calls.append(number)
        return number * number

    kept = Kept(square, 3)
    assert [kept(number) for number in (1, 2, 1, 2)] == [1, 4, 1, 4]
    assert calls == [1, 2]
    for number in range(20):
        assert kept(number) == number * number
    assert len(kept._young) + len(kept._old) <= 6


# --- versions ---------------------------------------------------------------------------------


def test_a_client_of_the_first_version_neither_says_nor_hears_what_is_newer() -> None:
    old = OldClient()
    assert old.out(encode(Typing(ROOM))) == ([], [])
    ping = encode(Ping(1))
    assert old.out(ping) == ([ping], [])
    assert old.came(encode(Typed(ROOM, b"p" * 8))) == []
    (page,) = old.came(encode(PeoplePage(1, False, [[b"p" * 8, "anna", True, 3, b"q" * 8, 2]])))
    frame = decode(page)
    assert isinstance(frame, PeoplePage)
    assert frame.people == [[b"p" * 8, "anna", True, 0, b"", 0]]


def test_a_server_of_the_first_version_does_not_know_what_is_newer() -> None:
    old = OldServer()
    gone, (answer,) = old.out(encode(Marks(9, ROOM)))
    error = decode(answer)
    assert gone == []
    assert isinstance(error, Error)
    assert (error.code, error.kind, error.request) == (ErrorCode.UNKNOWN_KIND, Kind.MARKS, 9)
    items = [
        encode_item(EventKind.TEXT, {"text": "hello", "reply": 3}),
        encode_item(EventKind.REACT, {"of": 1, "emoji": "👍", "on": True}),
    ]
    (data,), answers = old.out(encode(Send(ROOM, OUTBOX, 1, items)))
    sent = decode(data)
    assert answers == []
    assert isinstance(sent, Send)
    assert decode_item(sent.items[0])[1] == {"text": "hello"}
    assert sent.items[1][1] != EventKind.REACT
    pong = encode(Pong(1, EPOCH, []))
    assert old.came(pong) == [pong]
    (rows,) = old.came(encode(Presence([[b"p" * 8, "anna", True, 3, b""]])))
    assert isinstance(decode(rows), Presence)
