"""Acknowledgements, sessions and unknown fates (I8 to I10): the checker names what was spoiled."""

import json
import shutil
from pathlib import Path

import pytest

from protocol.codes import ErrorCode
from tests.faults.checker.spoiled import SpoiledRun, found, losses
from tests.faults.checker.verdict import Invariant

# --- I8: acknowledgements, I9: sessions, I10: unknown fates -------------------------------------


def test_an_acknowledgement_with_a_wrong_place(run: SpoiledRun) -> None:
    ok = run.records("c01", "ok")[-1]
    run.change("c01", lambda one: ok | {"seq": ok["seq"] - 1} if one == ok else one)
    assert found(run) == {Invariant.ACK}


def test_two_answers_that_differ(run: SpoiledRun) -> None:
    ok = run.records("c01", "ok")[-1]
    run.change("c01", lambda one: [one, ok | {"seq": ok["seq"] + 1}] if one == ok else one)
    assert found(run) == {Invariant.ACK}


@pytest.mark.parametrize("after", [True, False])
def test_a_message_that_was_acknowledged_and_refused(run: SpoiledRun, after: bool) -> None:
    ok = run.records("c01", "ok")[-1]
    fail = {name: ok[name] for name in ("t", "p", "s", "room", "oe", "n")}
    fail |= {"f": "fail", "code": int(ErrorCode.NOT_MEMBER)}
    both = [ok, fail] if after else [fail, ok]
    run.change("c01", lambda one: list(both) if one == ok else one)
    assert Invariant.ACK in found(run)


def test_an_answer_to_what_was_not_said(run: SpoiledRun) -> None:
    ok = run.records("c01", "ok")[-1]
    run.change("c01", lambda one: [one, ok | {"n": 4711}] if one == ok else one)
    assert found(run) == {Invariant.ACK}


def test_an_acknowledgement_in_an_epoch_that_nobody_knows(run: SpoiledRun) -> None:
    ok = run.records("c01", "ok")[-1]
    run.change("c01", lambda one: ok | {"epoch": "ab" * 16} if one == ok else one)
    assert found(run) == {Invariant.ACK}


def test_an_epoch_that_changes_without_a_restore(restored: Path, tmp_path: Path) -> None:
    run = SpoiledRun(restored, tmp_path / "run")
    shutil.rmtree(run.folder / "old")
    assert found(run) == set()  # what is left of the old history is unknown
    run.change_nemesis(lambda one: one | {"name": "kill broker"})
    assert found(run) == {Invariant.ACK}


def test_a_client_that_does_not_see_what_it_said(run: SpoiledRun) -> None:
    seq = run.acked(run.room, "c03")[-1]
    run.drop("c03", run.room, range(seq, seq + 1))
    assert {Invariant.SESSION, Invariant.LOSS} <= found(run)


def test_a_client_that_no_longer_sees_what_it_saw(run: SpoiledRun) -> None:
    seq = run.acked(run.room, "c01")[-1]
    run.drop("c03", run.room, range(seq, seq + 1), "final")
    assert {Invariant.SESSION, Invariant.LOSS} <= found(run)


def test_a_disk_that_lacks_what_was_seen_before_the_start(run: SpoiledRun) -> None:
    disk = next(
        one
        for one in run.records("c02", "see")
        if one["via"] == "disk" and one["room"] == run.room and len(one["events"]) > 2
    )
    short = disk | {"events": disk["events"][:-2]}
    lacking = disk | {"via": "page", "events": disk["events"][-2:]}
    run.change("c02", lambda one: [short, lacking] if one == disk else one)
    assert found(run) == {Invariant.SESSION}


def test_a_head_that_goes_back(run: SpoiledRun) -> None:
    end = run.end("c03", run.room)
    room = next(one for one in run.records("c03", "room") if one["room"] == run.room)
    back = room | {"head": end["high"] - 1}
    run.change("c03", lambda one: [back, one] if one == end else one)
    assert found(run) == {Invariant.SESSION}


def test_a_message_of_unknown_fate_at_one_reader_alone(run: SpoiledRun) -> None:
    last = run.events(run.room)[-1]
    box = [one for one in run.records("c01", "invoke") if one["room"] == run.room][-1]
    n = box["n"] + 1
    start = run.records("c01", "start")[0]
    early = box | {"n": n, "v": "c01-5000", "t": start["t"]}
    # Said in a session that was killed, so that its answer may have come and not be recorded.
    path = run.folder / "histories" / "c01.0.jsonl"
    path.write_text(json.dumps(early | {"s": 0}) + "\n")
    person = next(one["person"] for one in run.records("c01", "me"))
    entry = [last.seq + 1, person, box["oe"], n, "c01-5000", last.ts]
    assert Invariant.INFO not in found(run)
    run.append("c03", run.room, entry)
    assert found(run) == {Invariant.INFO, Invariant.LIVENESS}


def test_a_message_that_is_neither_answered_nor_waits(run: SpoiledRun) -> None:
    ok = run.records("c01", "ok")[-1]
    run.change("c01", lambda one: None if one == ok else one)
    assert found(run) == {Invariant.INFO}


def test_a_message_that_was_given_to_another_outbox(run: SpoiledRun) -> None:
    """After a restore counters do not fit: a client gives what waits other names."""
    last = run.records("c01", "ok")[-1]
    older = last | {"f": "invoke", "oe": "ab" * 8, "n": 1, "t": 10**9}
    del older["epoch"], older["seq"]
    said = next(
        one
        for one in run.records("c01", "invoke")
        if (one["room"], one["n"]) == (last["room"], last["n"])
    )
    older["v"] = said["v"]
    run.change("c01", lambda one: [older, one] if one == said else one)
    assert found(run) == set()
    other = older | {"v": "c01-777"}
    run.change("c01", lambda one: other if one == older else one)
    assert found(run) == {Invariant.INFO}


def test_a_message_that_is_there_under_both_names(run: SpoiledRun) -> None:
    event = next(one for one in reversed(run.events(run.room)) if one.n)
    said = next(
        one
        for client in ("c01", "c02", "c03", "c04")
        for one in run.records(client, "invoke")
        if (one["room"], one["oe"], one["n"]) == (run.room, event.outbox_epoch.hex(), event.n)
    )
    older = said | {"oe": "ab" * 8, "n": 1, "t": 10**9}
    run.change(said["p"], lambda one: [older, one] if one == said else one)
    assert found(run) == set()
    double = event._replace(seq=run.head(run.room) + 1, outbox_epoch=b"\xab" * 8, n=1)
    run.plant(double, run.room)
    assert Invariant.DUPLICATE in found(run)


def test_a_message_of_unknown_fate_that_a_reader_lacks(run: SpoiledRun) -> None:
    """It is stored and was not acknowledged: then it must be everywhere."""
    ok = run.records("c01", "ok")[-1]
    run.change("c01", lambda one: None if one == ok else one)
    run.drop("c03", ok["room"], range(ok["seq"], ok["seq"] + 1))
    assert {Invariant.INFO, Invariant.ORDER} == found(run)
    assert not losses(run, "c03")
