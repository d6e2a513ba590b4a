"""Losses, doubles, phantoms, values and order (I1 to I7): the checker names what was spoiled."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codes import ErrorCode, EventKind
from protocol.items import encode_item
from tests.faults.checker.check import check
from tests.faults.checker.records import SEQ, Entry, entry_of, text_of
from tests.faults.checker.spoil import Fields
from tests.faults.checker.spoiled import SpoiledRun, found, losses, phantom, said
from tests.faults.checker.verdict import Invariant

# --- I1: loss -----------------------------------------------------------------------------------


def test_a_message_lost_in_the_middle_at_a_reader(run: SpoiledRun) -> None:
    seq = run.acked(run.room, "c01")[-3]
    run.drop("c03", run.room, range(seq, seq + 1))
    assert losses(run, "c03") == {"middle"}
    assert found(run) == {Invariant.LOSS, Invariant.ORDER}
    assert not losses(run, "c01") and not losses(run, "journal")


def test_a_prefix_lost_at_a_reader(run: SpoiledRun) -> None:
    end = run.end("c03", run.room)
    run.drop("c03", run.room, range(end["low"] + 15), "final")
    assert losses(run, "c03") == {"prefix"}
    run.change_end("c03", run.room, low=end["low"] + 14)  # and it says that it is so
    assert losses(run, "c03") == {"prefix"}
    # A notice that is not there was acknowledged to nobody: it is missed in the order.
    assert found(run) == {Invariant.LOSS, Invariant.SESSION, Invariant.ORDER}


def test_a_postfix_lost_at_a_reader(run: SpoiledRun) -> None:
    head = run.head(run.room)
    run.drop("c03", run.room, range(head, head + 1))
    run.change_end("c03", run.room, high=head - 1)
    assert losses(run, "c03") == {"postfix"}
    assert {Invariant.LOSS, Invariant.LIVENESS} <= found(run)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_acknowledged_message_lost_anywhere(
    honest: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    run = SpoiledRun(honest, tmp_path_factory.mktemp("lost") / "run")
    client = data.draw(st.sampled_from(("c01", "c02", "c03", "c04")))
    room = data.draw(st.sampled_from((run.room, run.two)))
    low = run.end(client, room)["low"]
    seq = data.draw(st.sampled_from([one for one in run.acked(room) if one > low]))
    run.drop(client, room, range(seq, seq + 1), data.draw(st.sampled_from(("final", "see final"))))
    verdict = check(run.folder)
    shutil.rmtree(run.folder)
    assert [name.split(" ")[0] for name in verdict.losses] == [client], said(verdict)


@pytest.mark.parametrize(
    ("which", "kind"),
    [(slice(1, 12), "middle"), (slice(0, 12), "prefix"), (slice(-2, None), "postfix")],
)
def test_messages_lost_in_the_journal(run: SpoiledRun, which: slice, kind: str) -> None:
    assert set(run.drop_blocks(run.room, which)) & set(run.acked(run.room))
    assert losses(run, "journal") == {kind}
    assert Invariant.STORAGE in found(run)


def test_an_acknowledgement_of_what_was_never_stored(run: SpoiledRun) -> None:
    last = run.records("c01", "ok")[-1]
    n = max(one["n"] for one in run.records("c01", "invoke") if one["room"] == run.room) + 1
    fresh = last | {"room": run.room, "n": n, "seq": run.head(run.room) + 1}
    early = {**{name: last[name] for name in ("t", "p", "s", "oe")}, "room": run.room, "n": n}
    early |= {"f": "invoke", "v": "c01-9999"}
    run.change("c01", lambda one: [early, fresh, one] if one == last else one)
    assert found(run) == {Invariant.LOSS, Invariant.ACK}
    assert losses(run, "journal") == losses(run, "c02") == losses(run, "c04") == {"postfix"}


# --- I2: duplicates -----------------------------------------------------------------------------


def test_a_message_that_is_stored_twice(run: SpoiledRun) -> None:
    last = run.events(run.room)[-1]
    run.plant(last._replace(seq=last.seq + 1), run.room)
    assert Invariant.DUPLICATE in found(run)
    assert not {Invariant.LOSS, Invariant.VALUE, Invariant.ORDER} & found(run)


def test_an_event_that_a_session_applies_twice(run: SpoiledRun) -> None:
    again = run.records("c03", "see")[-2]
    run.change("c03", lambda one: [one, one] if one == again else one)
    assert found(run) == {Invariant.DUPLICATE}


def test_an_event_that_a_client_holds_twice(run: SpoiledRun) -> None:
    piece = run.records("c03", "final")[0]
    twice = piece | {"events": piece["events"][:1] + piece["events"]}
    run.change("c03", lambda one: twice if one == piece else one)
    assert found(run) == {Invariant.DUPLICATE}


# --- I3: phantoms -------------------------------------------------------------------------------


def test_a_message_that_nobody_said(run: SpoiledRun) -> None:
    item = encode_item(EventKind.TEXT, {"text": "c01-4711"})
    run.plant(phantom(run, outbox_epoch=b"nobody's", item=item), run.room)
    assert Invariant.PHANTOM in found(run)


def test_a_message_as_somebody_elses(run: SpoiledRun) -> None:
    events = run.events(run.room)
    other = next(one.person for one in events if one.person != events[-1].person)
    mine = events[-1]
    run.change_events(
        run.room, lambda one: one._replace(person=other) if one.seq == mine.seq else one
    )
    for client in ("c01", "c02", "c03", "c04"):
        run.change_entries(
            client,
            run.room,
            lambda one: [one[0], other.hex(), *one[2:]] if one[0] == mine.seq else one,
        )
    assert Invariant.PHANTOM in found(run)


def test_a_byte_changed_everywhere(run: SpoiledRun) -> None:
    mine = run.events(run.room)[-1]
    text = text_of(mine.item)
    assert text is not None
    item = encode_item(EventKind.TEXT, {"text": text + "!"})
    run.change_events(run.room, lambda one: one._replace(item=item) if one.seq == mine.seq else one)
    for client in ("c01", "c02", "c03", "c04"):
        run.change_entries(
            client,
            run.room,
            lambda one: [*one[:4], f"{text}!", one[5]] if one[0] == mine.seq else one,
        )
    assert found(run) == {Invariant.PHANTOM}


def test_a_refused_message_that_is_there(run: SpoiledRun) -> None:
    ok = run.records("c01", "ok")[-1]
    fail = {name: ok[name] for name in ("t", "p", "s", "room", "oe", "n")}
    fail |= {"f": "fail", "code": int(ErrorCode.NOT_MEMBER)}
    run.change("c01", lambda one: fail if one == ok else one)
    assert found(run) == {Invariant.PHANTOM}


# --- I4: one value ------------------------------------------------------------------------------


def test_a_byte_changed_at_one_reader(run: SpoiledRun) -> None:
    seq = run.acked(run.room, "c01")[-1]
    run.change_entries(
        "c03", run.room, lambda one: [*one[:4], f"{one[4]}x", one[5]] if one[0] == seq else one
    )
    assert Invariant.VALUE in found(run)
    assert losses(run, "c03") == {"middle"}


def test_a_place_that_is_used_twice(run: SpoiledRun) -> None:
    """Another message gets an acknowledgement for the same place."""
    first, second = run.records("c01", "ok")[-2:]
    assert first["room"] == second["room"]
    run.change("c01", lambda one: second | {"seq": first["seq"]} if one == second else one)
    assert found(run) == {Invariant.ACK}


def test_two_readers_see_two_orders(run: SpoiledRun) -> None:
    first, second = [one for one in run.events(run.room) if one.n][-2:]

    def swapped(one: Entry) -> Entry:
        other = {first.seq: second, second.seq: first}.get(one[SEQ])
        return entry_of(other._replace(seq=one[0], ts=one[5])) if other else one

    run.change_entries("c03", run.room, swapped)
    assert Invariant.VALUE in found(run)
    assert Invariant.ORDER not in found(run)


# --- I5: order, I6: first in first out, I7: real time -------------------------------------------


def test_events_that_a_reader_applies_out_of_order(run: SpoiledRun) -> None:
    ones = [one for one in run.records("c03", "see") if one["room"] == run.room]
    late, early = ones[-2], ones[-1]
    orders = {json.dumps(late): early, json.dumps(early): late}
    run.change("c03", lambda one: orders.get(json.dumps(one), one))
    assert Invariant.ORDER in found(run)
    assert Invariant.LOSS not in found(run)


@pytest.mark.parametrize("place", [-1, -5])
def test_a_hole_in_what_a_reader_applied(run: SpoiledRun, place: int) -> None:
    """It holds more in the end than it was seen to apply: at the end, or in the middle."""
    seq = run.acked(run.room)[place]
    run.drop("c03", run.room, range(seq, seq + 1), "see")
    assert found(run) == {Invariant.ORDER}


def test_a_sender_whose_messages_changed_places(run: SpoiledRun) -> None:
    mine = [one for one in run.events(run.room) if one.n]
    first, second = next(
        (one, other) for one, other in pairwise(mine) if one.outbox_epoch == other.outbox_epoch
    )
    run.change_everywhere(run.room, first.seq, second.seq)
    assert Invariant.FIFO in found(run)
    assert not {Invariant.LOSS, Invariant.PHANTOM, Invariant.VALUE} & found(run)


def test_senders_whose_messages_changed_places(run: SpoiledRun) -> None:
    mine = [one for one in run.events(run.room) if one.n]
    first, second = next(
        (one, other) for one, other in pairwise(mine) if one.outbox_epoch != other.outbox_epoch
    )
    run.change_everywhere(run.room, first.seq, second.seq)
    assert Invariant.ACK in found(run)
    assert not {Invariant.LOSS, Invariant.PHANTOM, Invariant.VALUE} & found(run)


def test_a_message_before_one_that_was_acknowledged_before_it_was_said(run: SpoiledRun) -> None:
    late = run.records("c01", "ok")[-1]
    room = late["room"]
    early = next(
        one for one in run.records("c02", "ok") if one["room"] == room and one["seq"] < late["seq"]
    )
    n = early["n"]

    def later(fields: Fields) -> Fields:
        if fields["f"] in ("invoke", "ok") and (fields["room"], fields["n"]) == (room, n):
            return fields | {"t": late["t"] + 1 + (fields["f"] == "ok")}
        return fields

    run.change("c02", later)
    assert found(run) == {Invariant.REAL_TIME}
