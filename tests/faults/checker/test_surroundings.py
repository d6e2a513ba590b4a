"""Privacy, liveness, health and storage (I11 to I14): the checker names what was spoiled."""

import json

import pytest

from protocol.codes import EventKind
from protocol.items import encode_item
from tests.faults.checker.check import check
from tests.faults.checker.spoil import Fields
from tests.faults.checker.spoiled import SpoiledRun, found, phantom
from tests.faults.checker.verdict import Invariant

# --- I11: privacy -------------------------------------------------------------------------------


def test_a_private_message_at_a_stranger(run: SpoiledRun) -> None:
    leaked = next(one for one in run.records("c01", "see") if one["room"] == run.private)
    last = run.records("c03", "end")[0]
    leaked |= {"p": "c03", "s": last["s"]}
    run.change("c03", lambda one: [leaked, one] if one == last else one)
    assert Invariant.PRIVACY in found(run)


def test_a_private_message_in_the_bytes_of_a_stranger(run: SpoiledRun) -> None:
    canary = canary_of(run)
    run.change("c03", lambda one: one | {"canaries": [canary]} if one["f"] == "raw" else one)
    assert found(run) == {Invariant.PRIVACY}
    run.change("c03", lambda one: one | {"canaries": []} if one["f"] == "raw" else one)
    run.change("c02", lambda one: one | {"canaries": [canary]} if one["f"] == "raw" else one)
    assert found(run) == set()


def canary_of(run: SpoiledRun) -> str:
    said = next(one["v"] for one in run.records("c01", "invoke") if one["room"] == run.private)
    return str(said.split()[1])


def test_a_private_message_in_an_open_room(run: SpoiledRun) -> None:
    item = encode_item(EventKind.TEXT, {"text": f"c01-1 {canary_of(run)}"})
    run.plant(phantom(run, item=item), run.room)
    assert {Invariant.PRIVACY, Invariant.PHANTOM} <= found(run)


@pytest.mark.parametrize("what", ["canary", "value"])
def test_what_was_said_in_a_log(run: SpoiledRun, what: str) -> None:
    text = canary_of(run) if what == "canary" else "c01-1"
    with (run.folder / "logs" / "broker.err").open("a") as file:
        file.write("x" * (1 << 20) + f" client_error text={text!r}\n")
    assert found(run) == {Invariant.PRIVACY}


def test_events_of_a_room_that_was_left(run: SpoiledRun) -> None:
    see = [one for one in run.records("c03", "see") if one["room"] == run.two][-1]
    left = {name: see[name] for name in ("t", "p", "s", "room")} | {"f": "left"}
    run.change("c03", lambda one: [left, one] if one == see else one)
    assert Invariant.PRIVACY in found(run)


# --- I12: liveness, I13: health -----------------------------------------------------------------


def test_messages_that_wait_at_the_end(run: SpoiledRun) -> None:
    run.change_end("c03", run.room, waiting=3)
    assert found(run) == {Invariant.LIVENESS}


def test_a_client_without_an_end(run: SpoiledRun) -> None:
    run.change("c03", lambda one: None if one["f"] in ("end", "final") else one)
    assert found(run) == {Invariant.LIVENESS}
    (run.folder / "run.json").write_text(json.dumps({"gone": ["c03"]}))
    assert found(run) == set()


def test_a_client_that_only_writes(run: SpoiledRun) -> None:
    run.change("c03", lambda one: None if one["f"] in ("end", "final", "see") else one)
    assert found(run) == set()
    ok = run.records("c03", "ok")[-1]
    run.change("c03", lambda one: None if one == ok else one)
    assert found(run) == {Invariant.LIVENESS}


def test_a_client_that_is_not_at_head(run: SpoiledRun) -> None:
    head = run.head(run.room)
    run.drop("c03", run.room, range(head, head + 1))
    run.change_end("c03", run.room, high=head - 1)
    assert Invariant.LIVENESS in found(run)


@pytest.mark.parametrize("phase", ["heal", "whole"])
def test_a_fault_without_an_end(run: SpoiledRun, phase: str) -> None:
    run.change_nemesis(lambda one: None if one["phase"] == phase and one["id"] == 2 else one)
    assert found(run) == {Invariant.LIVENESS}


def test_a_recovery_that_takes_too_long(run: SpoiledRun) -> None:
    def slow(fields: Fields) -> Fields:
        late = fields["phase"] == "whole" and fields["id"] == 2
        return fields | {"t": fields["t"] + 11 * 10**9} if late else fields

    run.change_nemesis(slow)
    assert found(run) == {Invariant.LIVENESS}
    run.change_nemesis(lambda one: one | {"within_s": 30})
    assert found(run) == set()


def test_recovery_is_counted_from_the_last_healing(run: SpoiledRun) -> None:
    lines = [
        {"t": 10**9, "f": "fault", "id": 8, "name": "one", "phase": "begin"},
        {"t": 2 * 10**9, "f": "fault", "id": 8, "name": "one", "phase": "heal"},
        {"t": 3 * 10**9, "f": "fault", "id": 9, "name": "other", "phase": "begin"},
        {"t": 20 * 10**9, "f": "fault", "id": 9, "name": "other", "phase": "heal"},
        {"t": 21 * 10**9, "f": "fault", "id": 8, "name": "one", "phase": "whole"},
        {"t": 22 * 10**9, "f": "fault", "id": 9, "name": "other", "phase": "whole"},
    ]
    path = run.folder / "histories" / "nemesis.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdict = check(run.folder)
    assert verdict.sound, str(verdict)
    assert verdict.figures.recovery_ms == {"one": [1_000], "other": [2_000]}


def test_a_process_that_ended_of_itself(run: SpoiledRun) -> None:
    path = run.folder / "processes.json"
    ended = json.loads(path.read_text())
    path.write_text(json.dumps([*ended, {"name": "x", "pid": 3, "status": 1, "planned": False}]))
    assert found(run) == {Invariant.HEALTH}


def test_a_traceback(run: SpoiledRun) -> None:
    text = "Traceback (most recent call last):\n  File\n"
    (run.folder / "logs" / "gateway-0.1.err").write_text(text)
    assert found(run) == {Invariant.HEALTH}


# --- I14: storage -------------------------------------------------------------------------------


def test_a_flipped_byte_in_the_journal(run: SpoiledRun) -> None:
    with run.journal() as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    event = [one for one in run.events(run.room) if one.n][-1]
    path = run.folder / "data" / "journal.sqlite3"
    data = bytearray(path.read_bytes())
    at = data.rindex(event.item)
    data[at + len(event.item) - 1] ^= 1
    path.write_bytes(data)
    assert Invariant.STORAGE in found(run)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE writer SET last_n = last_n + 1 WHERE no = 1",
        "DELETE FROM answer WHERE writer_no = 1",
        "UPDATE answer SET first_seq = first_seq + 1 WHERE writer_no = 1",
        "UPDATE answer SET code = 15 WHERE writer_no = 1",
        "UPDATE block SET crc = crc + 1 WHERE id IN (SELECT max(id) FROM block)",
        "UPDATE block SET ts = ts + 1 WHERE id IN (SELECT max(id) FROM block)",
        "DELETE FROM writer WHERE no = 1",
        "UPDATE head SET last_seq = last_seq - 1 WHERE room_no = 1",
        "DELETE FROM head WHERE room_no = 1",
        "DELETE FROM meta",
    ],
)
def test_a_journal_that_contradicts_itself(run: SpoiledRun, sql: str) -> None:
    with run.journal() as db:
        assert db.execute(sql).rowcount
    assert Invariant.STORAGE in found(run)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE person SET nick = 'other' WHERE no = 1",
        "UPDATE member SET joined = joined + 100 WHERE person_no = 1",
        "UPDATE answer SET crc = crc + 1 WHERE writer_no = 1",
    ],
)
def test_a_row_that_is_not_what_was_written(run: SpoiledRun, sql: str) -> None:
    with run.journal(seal=False) as db:
        assert db.execute(sql).rowcount
    assert found(run) == {Invariant.STORAGE}


def test_times_that_go_back_in_the_journal(run: SpoiledRun) -> None:
    with run.journal() as db:
        no = db.execute("SELECT no FROM room WHERE room=?", (bytes.fromhex(run.room),)).fetchone()[
            0
        ]
        first_seq = run.blocks(db, no)[-1][0]
        events = [*run.events(run.room)][first_seq - 1 :]
        run.put(db, no, first_seq, 1, events)
    assert Invariant.STORAGE in found(run)


def test_no_journal(run: SpoiledRun) -> None:
    (run.folder / "data" / "journal.sqlite3").unlink()
    assert found(run) == {Invariant.STORAGE}
    (run.folder / "data" / "journal.sqlite3").write_bytes(b"SQLite no more" * 100)
    assert found(run) == {Invariant.STORAGE}
