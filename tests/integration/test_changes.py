"""Files, changes, typing, marks and profiles over real processes, two gateways between."""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from protocol.codes import ErrorCode, EventKind, Purpose
from protocol.frames import (
    BlobChunk,
    BlobData,
    BlobGet,
    BlobHave,
    BlobPut,
    Direct,
    Error,
    Leave,
    Left,
    Link,
    Linked,
    Mark,
    Marked,
    Marks,
    People,
    PeoplePage,
    Portraits,
    PortraitsPage,
    Presence,
    Profile,
    Profiled,
    Refused,
    Room,
    Send,
    Typed,
    Typing,
)
from protocol.items import decode_item, encode_item
from tests.integration.bare import PATIENCE_S, Bare, Circle
from tests.server import Server

PNG = b"\x89PNG\r\n\x1a\n and so on"


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def post(one: Bare, room: bytes, *said: tuple[EventKind, dict[str, Any]]) -> list[int]:
    """Send these items as one; return the ``seq`` of each."""
    first_n = one._next_n[room]
    one._next_n[room] += len(said)
    items = [encode_item(kind, body) for kind, body in said]
    one.send(Send(room, one.outbox_epoch, first_n, items))
    counters = range(first_n, first_n + len(items))
    one.until(lambda: all((room, n) in one.acked for n in counters))
    return [one.acked[room, n] for n in counters]


def upload(bulk: Bare, data: bytes) -> dict[str, Any]:
    """Store a blob; return the body of a FILE of it."""
    digest = hashlib.sha256(data).digest()
    assert bulk.ask(BlobPut(0, digest, len(data)), BlobHave).offset == 0
    assert bulk.ask(BlobChunk(0, digest, len(data), 0, data), BlobHave).offset == len(data)
    return {"name": "p.pdf", "media": "application/pdf", "size": len(data), "sha256": digest}


def both(shared: Server, bare: Circle) -> tuple[Bare, Bare, bytes]:
    """Anna and Boris at different gateways, and a room of theirs."""
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    name = unique("changes")
    room = anna.enter(name)
    assert boris.enter(name) == room
    return anna, boris, room


# --- files and changes ---------------------------------------------------------------------


def test_a_file_is_posted_fetched_and_of_its_room_alone(shared: Server, bare: Circle) -> None:
    anna, boris, room = both(shared, bare)
    data = secrets.token_bytes(50_000)
    bulk = bare(shared.invite, anna.nick, device=anna.device, purpose=Purpose.BULK)
    body = upload(bulk, data) | {"caption": "the plan", "reply": 1, "mentions": [boris.person]}
    (seq,) = post(anna, room, (EventKind.FILE, body))
    boris.until(lambda: seq in boris.events[room])
    assert decode_item(boris.events[room][seq].item) == (EventKind.FILE, body)
    load = bare(shared.invite, boris.nick, 1, device=boris.device, purpose=Purpose.BULK)
    came = load.ask(BlobGet(0, room, body["sha256"], 0, len(data)), BlobData)
    assert came.data == data and came.size == len(data)
    elsewhere = boris.enter(unique("elsewhere"))
    load.barrier()
    wrong = load.ask_wrong(BlobGet(0, elsewhere, body["sha256"], 0, len(data)))
    assert wrong.code in (ErrorCode.NO_BLOB, ErrorCode.NOT_MEMBER)


def test_a_file_whose_bytes_are_not_there_is_refused(shared: Server, bare: Circle) -> None:
    anna, _, room = both(shared, bare)
    body = {"name": "x", "media": "a/b", "size": 5, "sha256": secrets.token_bytes(32)}
    item = encode_item(EventKind.FILE, body)
    anna.send(Send(room, anna.outbox_epoch, 1, [item]))
    refused = anna.expect(Refused)
    assert (refused.code, refused.field, refused.count) == (ErrorCode.NO_BLOB, "sha256", 1)


def test_changes_are_events_like_any_other(shared: Server, bare: Circle) -> None:
    anna, boris, room = both(shared, bare)
    said = (EventKind.TEXT, {"text": "one", "via": "somebody"})
    (first,) = post(anna, room, said)
    changes: list[tuple[EventKind, dict[str, Any]]] = [
        (EventKind.EDIT, {"of": first, "text": "two", "mentions": [anna.person]}),
        (EventKind.REACT, {"of": first, "emoji": "👍🏿", "on": True}),
        (EventKind.REACT, {"of": first, "emoji": "👍🏿", "on": False}),
        (EventKind.DELETE, {"of": first}),
        # Nothing of this has an effect, and every client knows it: the server does not look.
        (EventKind.EDIT, {"of": first + 1_000_000, "text": ""}),
        (EventKind.DELETE, {"of": 1}),
    ]
    seqs = [*post(anna, room, *changes), *post(boris, room, *changes)]
    assert seqs == list(range(first + 1, first + 1 + 2 * len(changes)))
    for reader in (anna, boris):
        events = [one for one in reader.read_all(room) if any(one.device)]
        assert [decode_item(one.item) for one in events] == [said, *changes, *changes]
        people = [one.person for one in events]
        assert people == [anna.person] * (1 + len(changes)) + [boris.person] * len(changes)


def test_a_change_that_is_wrong_is_refused_alone(shared: Server, bare: Circle) -> None:
    anna, _, room = both(shared, bare)
    good = encode_item(EventKind.DELETE, {"of": 1})
    bad = encode_item(EventKind.REACT, {"of": 1, "emoji": "👍", "on": True}).replace(
        "👍".encode(), b"spam"
    )
    anna.send(Send(room, anna.outbox_epoch, 1, [good, bad, good]))
    refused = anna.expect(Refused)
    assert (refused.first_n, refused.count) == (2, 1)
    assert (refused.code, refused.field) == (ErrorCode.FIELD, "emoji")
    anna.until(lambda: {(room, 1), (room, 3)} <= set(anna.acked))


# --- typing and marks ----------------------------------------------------------------------


def test_typing_reaches_members_at_every_gateway_and_nobody_else(
    shared: Server, bare: Circle
) -> None:
    anna, boris, _ = both(shared, bare)
    vera = bare(shared.invite, unique("vera"), 0)
    outsiders = [bare(shared.invite, unique("outsider"), gateway) for gateway in (0, 1)]
    room = anna.ask(Direct(0, [boris.person, vera.person]), Room).room
    for one in (boris, vera):
        one.expect(Room, lambda frame: frame.room == room)
        one.barrier()
    anna.send(Typing(room))
    anna.send(Typing(room))
    for one in (boris, vera, anna):
        assert one.expect(Typed, lambda frame: frame.room == room).person == anna.person
    anna.tell(room, "written")
    for one in (boris, vera):
        one.hear(room, "written")
        one.barrier()
        assert not [frame for frame in one.inbox if isinstance(frame, Typed)]
    # What is published later has passed every gateway by the time it comes.
    general = next(row[0] for row in anna.welcome.rooms if row[2] == "general")  # type: ignore[union-attr]
    after = unique("after")
    anna.tell(general, after)
    for one in outsiders:
        one.hear(general, after)
        assert room not in b"".join(one.raw)
        one.send(Typing(room))
        assert one.expect(Error).code == ErrorCode.NOT_MEMBER
    assert len(boris.read_all(room)) == 1


def test_marks_reach_members_and_ones_other_devices(shared: Server, bare: Circle) -> None:
    anna, boris, room = both(shared, bare)
    token = boris.ask(Link(0), Linked).token
    second = bare(shared.invite, "ignored", 0, token=token)
    assert second.person == boris.person
    seqs = anna.tell(room, *(f"line {number}" for number in range(10)))
    assert anna.ask(Marks(0, room), Marked).marks == []
    for seq in (seqs[3], seqs[1], seqs[7]):
        boris.send(Mark(room, seq))
    for one in (anna, boris, second):
        one.expect(Marked, lambda frame: frame == Marked(0, room, [[boris.person, seqs[7]]]))
    assert anna.ask(Marks(0, room), Marked).marks == [[boris.person, seqs[7]]]
    anna.send(Mark(room, seqs[-1]))
    boris.expect(Marked, lambda frame: [anna.person, seqs[-1]] in frame.marks)
    boris.send(Mark(room, seqs[-1] + 1))
    wrong = boris.expect(Error)
    assert (wrong.code, wrong.field) == (ErrorCode.FIELD, "seq")
    stranger = bare(shared.invite, unique("stranger"), 1)
    assert stranger.ask_wrong(Marks(0, room)).code == ErrorCode.NOT_MEMBER
    boris.ask(Leave(0, room), Left)
    assert anna.ask(Marks(0, room), Marked).marks == [[anna.person, seqs[-1]]]
    assert boris.ask_wrong(Marks(0, room)).code == ErrorCode.NOT_MEMBER


def test_marks_and_profiles_outlive_the_broker(server: Callable[..., Server], bare: Circle) -> None:
    one = server(gateways=1, rate=0)
    anna = bare(one.invite, "anna")
    room = anna.enter("marked")
    (seq,) = anna.tell(room, "read me")
    assert anna.ask(Profile(0, 7, PNG), Profiled).colour == 7
    anna.send(Mark(room, seq))
    anna.expect(Marked)
    for gateway in one.gateways:
        assert gateway.stop() == 0
    assert one.broker.stop() == 0  # what it ends with is stored
    one.restart_broker()
    one.restart_gateway(0)
    again = bare(one.invite, "anna", device=anna.device)
    assert again.ask(Marks(0, room), Marked).marks == [[anna.person, seq]]
    name = hashlib.sha256(PNG).digest()[:8]
    page = again.ask(People(0, b"", 500), PeoplePage)
    assert page.people == [[anna.person, "anna", True, 7, name, 0]]
    found = again.ask(Portraits(0, [anna.person]), PortraitsPage)
    assert found.portraits == [[anna.person, PNG]]
    # And what it has written meanwhile is there though it is killed.
    (later,) = again.tell(room, "and me")
    again.send(Mark(room, later))
    deadline = time.monotonic() + PATIENCE_S
    while stored_marks(one) != [later]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    one.restart_broker()
    one.restart_gateway(0)
    last = bare(one.invite, "anna", device=anna.device)
    assert last.ask(Marks(0, room), Marked).marks == [[anna.person, later]]


def stored_marks(one: Server) -> list[int]:
    """Look into the journal, as anybody may at any time."""
    uri = f"{(one.data / 'journal.sqlite3').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        return [seq for (seq,) in db.execute("SELECT seq FROM mark")]


# --- profiles ------------------------------------------------------------------------------


def test_a_profile_is_seen_by_others_at_every_gateway(shared: Server, bare: Circle) -> None:
    anna, boris, _ = both(shared, bare)
    name = hashlib.sha256(PNG).digest()[:8]
    assert anna.ask(Profile(0, 200, PNG), Profiled)[1:] == (200, name)
    row = [anna.person, anna.nick, True, 200, name, 0]
    boris.expect(Presence, lambda frame: row in frame.people)
    assert row in boris.ask(People(0, b"", 500), PeoplePage).people
    asked = Portraits(0, [boris.person, anna.person])
    assert boris.ask(asked, PortraitsPage).portraits == [[anna.person, PNG]]
    wrong = anna.ask_wrong(Profile(0, 1, b"<svg onload='x'/>"))
    assert (wrong.code, wrong.field) == (ErrorCode.FIELD, "picture")
    assert boris.ask_wrong(Portraits(0, [bytes(8)])).code == ErrorCode.NO_PERSON
    assert anna.ask(Profile(0, 0, b""), Profiled)[1:] == (0, b"")
    boris.expect(Presence, lambda frame: [anna.person, anna.nick, True, 0, b"", 0] in frame.people)
    assert boris.ask(asked, PortraitsPage).portraits == []
