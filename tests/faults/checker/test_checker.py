"""The checker says yes to an honest run, and no, by the right name, to every spoiled one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codes import EventKind
from protocol.items import encode_item
from tests.faults.checker.check import VERDICT, check, main
from tests.faults.checker.honest import Honest
from tests.faults.checker.spoil import Fields
from tests.faults.checker.spoiled import SpoiledRun, found
from tests.faults.checker.verdict import Invariant, Verdict

FAULTS = ("kill broker", "kill client", "cut", "lost answers")


# --- sound runs ---------------------------------------------------------------------------------


def test_an_honest_run_is_sound(honest: Path) -> None:
    verdict = check(honest)
    assert verdict.sound, str(verdict)
    figures = verdict.figures
    assert figures.invoked == figures.acked > 100
    assert figures.clients == 4 and figures.sessions == 5 and figures.torn == 1
    assert figures.rooms == 4 and figures.epochs == 1
    assert figures.deliveries > 300 and figures.held > 300
    assert figures.faults == {"kill broker": 2}
    assert len(figures.recovery_ms["kill broker"]) == 2


def test_a_restore_is_sound(restored: Path) -> None:
    verdict = check(restored)
    assert verdict.sound, str(verdict)
    assert verdict.figures.epochs == 2
    assert verdict.figures.resyncs > 4


WORDS = "say say say drain lose dead kill part back grow leave join backup restore".split()  # noqa: SIM905
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(WORDS), st.integers(0, 3), st.integers(0, 3)), max_size=60
)


@settings(max_examples=25, deadline=None)
@given(operations=OPERATIONS, seed=st.integers(0, 5))
def test_every_honest_run_is_sound(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, int, int]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("any") / "run"
    verdict = check(play(folder, operations, seed))
    shutil.rmtree(folder)
    assert verdict.sound, str(verdict)


def play(folder: Path, operations: list[tuple[str, int, int]], seed: int) -> Path:
    """Let an honest system do these where they can be done."""
    run = Honest(folder, 4, seed)
    dead: set[str] = set()
    backup = run.backup()
    for word, one, other in operations:
        client = run.clients[one]
        rooms = list(client.held)
        room = rooms[other % len(rooms)] if rooms else b""
        alive = client.name not in dead
        if word == "say" and alive and room:
            run.say(client, room)
        elif word in ("drain", "lose", "dead"):
            run.drain(lose_acks=word == "lose", commit=word != "dead")
        elif word == "kill" and alive:
            dead.add(client.name)
            run.kill(client)
        elif word == "part" and client.online:
            run.part(client)
        elif word == "back" and not client.online:
            run.rejoin(client) if alive else run.start(client)
            dead.discard(client.name)
        elif word == "grow" and client.online and room in run.open_rooms:
            run.grow(client, room)
        elif word == "leave" and client.online and room in run.open_rooms and not client.outbox:
            run.leave(client, room)
        elif word == "join" and client.online:
            for lacking in set(run.open_rooms) - set(client.held):
                run.join(client, lacking)
        elif word == "backup":
            backup = run.backup()
        elif word == "restore":
            run.restore(backup)
    for client in run.clients:
        if not client.online:
            run.rejoin(client) if client.name not in dead else run.start(client)
    return run.finish()


# --- after a restore ----------------------------------------------------------------------------


def test_a_client_that_stays_in_the_older_history(after: SpoiledRun) -> None:
    old = after.records("c03", "room")[0]["epoch"]
    resync = min(one["t"] for one in after.records("c03", "resync"))

    def stays(fields: Fields) -> Fields | None:
        if fields["t"] >= resync and "epoch" in fields and fields.get("room") == after.room:
            return fields | {"epoch": old} if fields["f"] == "end" else None
        return fields

    after.change("c03", stays)
    assert Invariant.LIVENESS in found(after)


def test_a_client_that_mixes_histories(after: SpoiledRun) -> None:
    after.change(
        "c03",
        lambda one: (
            None
            if one["f"] == "resync" or (one["f"] == "room" and one["t"] > after_restore(after))
            else one
        ),
    )
    assert Invariant.SESSION in found(after)


def after_restore(run: SpoiledRun) -> int:
    return min(int(one["t"]) for one in run.records("c03", "resync")) - 2_000


def test_an_old_journal_that_is_not_what_was_copied(after: SpoiledRun) -> None:
    after.journal_path = after.folder / "old" / "0.sqlite3"
    seq = after.acked(after.room)[3]
    item = encode_item(EventKind.TEXT, {"text": "c01-1"})
    after.change_events(after.room, lambda one: one._replace(item=item) if one.seq == seq else one)
    assert Invariant.VALUE in found(after)


def test_acknowledged_before_the_restore_and_not_in_the_old_journal(after: SpoiledRun) -> None:
    after.journal_path = after.folder / "old" / "0.sqlite3"
    after.drop_blocks(after.room, slice(-2, None))
    assert {Invariant.LOSS, Invariant.STORAGE} <= found(after)


def test_a_place_that_is_used_again_after_a_restore(after: SpoiledRun) -> None:
    """A reader of the old history has another value for one of its places."""
    epoch = after.records("c03", "room")[0]["epoch"]
    last = [
        one
        for one in after.records("c03", "see")
        if one["epoch"] == epoch and one["room"] == after.room
    ][-1]
    entry = last["events"][-1]
    other = last | {"events": [*last["events"][:-1], [*entry[:3], entry[3] + 1, *entry[4:]]]}
    after.change("c03", lambda one: other if one == last else one)
    assert Invariant.VALUE in found(after)


# --- the records themselves ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '{"t":1}',
        '{"t":1,"p":"c03","s":1,"f":"what"}',
        '{"t":1.5,"p":"c03","s":1,"f":"left","room":"ab"}',
        '{"t":1,"p":"c01","s":1,"f":"left","room":"ab"}',
        '{"t":1,"p":"c03","s":1,"f":"see","room":"ab","epoch":"cd","via":"live","events":[[1]]}',
    ],
)
def test_a_history_that_is_none(run: SpoiledRun, line: str) -> None:
    path = run.file("c03")
    path.write_text(f"{line}\n{path.read_text()}")
    assert Invariant.HISTORY in found(run)


ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, -1, 0, 2**70, 1.5, "", "zz", "c01", [], [[]], [1], [None] * 6, {}, {"t": 1})
)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_history_is_judged(
    honest: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("odd") / "run"
    shutil.copytree(honest, folder)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted((folder / "histories").iterdir())))
        lines = path.read_text().splitlines()
        at = data.draw(st.integers(0, len(lines) - 2))
        fields = json.loads(lines[at])
        fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(ANYTHING)
        lines[at] = json.dumps(fields)
        path.write_text("\n".join(lines))
    check(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["run.json", "processes.json", "histories/nemesis.jsonl"])
def test_whatever_stands_beside_is_judged(run: SpoiledRun, name: str) -> None:
    (run.folder / name).write_text("[{]\n")
    assert found(run) == {Invariant.HISTORY}


def test_the_command(run: SpoiledRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(run.folder)]) == 0
    assert "sound" in capsys.readouterr().out
    assert Verdict.from_json((run.folder / VERDICT).read_text()) == check(run.folder)
    run.change_end("c03", run.room, waiting=3)
    assert main([str(run.folder)]) == 1
    assert "liveness: c03: 3 messages wait at the end" in capsys.readouterr().out
    assert Verdict.from_json((run.folder / VERDICT).read_text()) == check(run.folder)
