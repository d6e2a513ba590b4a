"""Files over real processes: who has the bytes may post them, who knows their hash may not."""

import hashlib
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from protocol.codes import Act, ErrorCode, EventKind, Purpose
from protocol.frames import Act as ActFrame
from protocol.frames import (
    BlobChunk,
    BlobData,
    BlobGet,
    BlobHave,
    BlobPut,
    Done,
    Private,
    Refused,
    Room,
    Send,
)
from protocol.items import encode_item
from tests.integration.bare import Bare, Circle
from tests.server import Server


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def bulk(bare: Circle, server: Server, one: Bare) -> Bare:
    return bare(server.invite, one.nick, device=one.device, purpose=Purpose.BULK)


def upload(load: Bare, data: bytes) -> dict[str, Any]:
    """Send a file whose bytes the server must ask for; return the body of its item."""
    sha256 = hashlib.sha256(data).digest()
    assert load.ask(BlobPut(0, sha256, len(data)), BlobHave).offset == 0
    assert load.ask(BlobChunk(0, sha256, len(data), 0, data), BlobHave).offset == len(data)
    return {"name": "p.pdf", "media": "application/pdf", "size": len(data), "sha256": sha256}


def send(one: Bare, room: bytes, body: dict[str, Any]) -> int:
    """Send an item that names a file; return its counter."""
    n = one._next_n[room]
    one._next_n[room] += 1
    one.send(Send(room, one.outbox_epoch, n, [encode_item(EventKind.FILE, body)]))
    return n


def post(one: Bare, room: bytes, body: dict[str, Any]) -> None:
    n = send(one, room, body)
    one.until(lambda: (room, n) in one.acked)


def refused(one: Bare, room: bytes, body: dict[str, Any]) -> None:
    n = send(one, room, body)
    answer = one.expect(Refused)
    assert (answer.code, answer.field, answer.first_n) == (ErrorCode.NO_BLOB, "sha256", n)


def after_restart(server: Server, bare: Circle, one: Bare) -> Bare:
    """Start the broker again, and then the gateway: it takes a session only where it has one."""
    server.restart_broker()
    server.restart_gateway(0)
    return bare(server.invite, one.nick, device=one.device)


def fetch(load: Bare, room: bytes, body: dict[str, Any]) -> bytes:
    load.barrier()
    return load.ask(BlobGet(0, room, body["sha256"], 0, body["size"]), BlobData).data


def test_who_was_put_out_does_not_read_a_file_by_posting_its_hash(
    shared: Server, bare: Circle
) -> None:
    link = shared.invite
    anna, boris = bare(link, unique("anna"), 0), bare(link, unique("boris"), 1)
    mallory, eve = bare(link, unique("mallory"), 1), bare(link, unique("eve"), 0)
    room = anna.ask(Private(0, "secret", [boris.person, mallory.person]), Room).room
    for one in (boris, mallory):
        one.expect(Room, lambda frame: frame.room == room)
    data = secrets.token_bytes(5_000)
    body = upload(bulk(bare, shared, anna), data)
    post(anna, room, body)
    for one in (boris, mallory):
        one.until(lambda one=one: bool(one.events[room]))  # type: ignore[misc]
    anna.ask(ActFrame(0, Act.KICK, room, mallory.person, b"", 0, ""), Done)
    for one in (mallory, eve):
        own = one.ask(Private(0, "mine", []), Room).room
        load = bulk(bare, shared, one)
        refused(one, own, body)
        load.barrier()
        wrong = load.ask_wrong(BlobGet(0, own, body["sha256"], 0, len(data)))
        assert wrong.code == ErrorCode.NO_BLOB
        # What is asked about the file is answered as for one that is not there.
        for sha256 in (body["sha256"], secrets.token_bytes(32)):
            assert load.ask(BlobPut(0, sha256, len(data)), BlobHave).offset == 0
            assert load.ask(BlobPut(0, sha256, 5), BlobHave).offset == 0
        # Who has the bytes after all may post them.
        upload(load, data)
        post(one, own, body)
        assert fetch(load, own, body) == data


def test_a_file_of_ones_room_is_forwarded_without_its_bytes(shared: Server, bare: Circle) -> None:
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    name = unique("from")
    room, own = anna.enter(name), boris.enter(unique("to"))
    data = secrets.token_bytes(5_000)
    body = upload(bulk(bare, shared, anna), data)
    post(anna, room, body)
    refused(boris, own, body)
    assert boris.enter(name) == room
    post(boris, own, body)
    assert fetch(bulk(bare, shared, boris), own, body) == data


def test_two_people_upload_the_same_file(shared: Server, bare: Circle) -> None:
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    data = secrets.token_bytes(5_000)
    for one in (anna, boris):
        load, room = bulk(bare, shared, one), one.enter(unique("mine"))
        body = upload(load, data)
        assert load.ask(BlobPut(0, body["sha256"], len(data)), BlobHave).offset == len(data)
        post(one, room, body)
        assert fetch(load, room, body) == data


def test_what_was_uploaded_may_be_posted_after_a_crash_and_after_a_restore(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(gateways=1)
    anna = bare(one.invite, "anna")
    assert anna.welcome is not None
    room = next(row[0] for row in anna.welcome.rooms if row[2] == "general")
    first = upload(bulk(bare, one, anna), secrets.token_bytes(5_000))
    anna = after_restart(one, bare, anna)
    post(anna, room, first)
    # An older journal in the place of that of now: the blobs stay.
    journal = one.data / "journal.sqlite3"
    assert one.broker.stop() == 0
    shutil.copy(journal, tmp_path / "older")
    anna = after_restart(one, bare, anna)
    second = upload(bulk(bare, one, anna), secrets.token_bytes(5_000))
    assert one.broker.stop() == 0
    shutil.copy(tmp_path / "older", journal)
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE meta SET value = randomblob(16) WHERE name = 'epoch'")
    db.close()
    anna, boris = after_restart(one, bare, anna), bare(one.invite, "boris")
    post(anna, room, second)
    for body in (first, second):
        assert len(fetch(bulk(bare, one, boris), room, body)) == 5_000
    # Where nobody knows any more who has sent what, the bytes go once more.
    third = upload(bulk(bare, one, anna), secrets.token_bytes(5_000))
    assert one.broker.stop() == 0
    shutil.rmtree(one.data / "blobs" / "uploaders")
    anna = after_restart(one, bare, anna)
    load = bulk(bare, one, anna)
    refused(anna, room, third)
    data = (one.data / "blobs" / third["sha256"].hex()[:2] / third["sha256"].hex()).read_bytes()
    upload(load, data)
    post(anna, room, third)
