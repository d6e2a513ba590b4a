"""A server that goes back to an older state: nobody mistakes it for the one that was known."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from protocol.client.happenings import PutAside
from protocol.client.store import Store
from protocol.invite import Invite
from protocol.items import decode_item
from protocol.process import EXIT_STOP
from tests.integration.talker import Talker
from tests.server import Server

Talkers = Callable[[Invite, str], Talker]


def test_a_restored_server_is_read_anew_and_what_waits_is_sent(
    server: Callable[..., Server], talker: Talkers, tmp_path: Path
) -> None:
    one = server(gateways=1)
    vera, hans = talker(one.invite, "Vera").online(), talker(one.invite, "Hans").online()
    room = vera.done(vera.client.join("lasting")).room
    hans.done(hans.client.join("lasting"))
    before = [f"before {number}" for number in range(20)]
    vera.say(room, *before)
    vera.until(lambda: len(vera.acked) == 20)
    epoch = vera.rooms[room].epoch
    journal = one.data / "journal.sqlite3"
    assert one.broker.stop() == 0
    shutil.copy(journal, tmp_path / "older")
    one.restart_broker()
    since = [f"since {number}" for number in range(20)]
    vera.say(room, *since)
    vera.until(lambda: len(vera.acked) == 40)
    hans.hear(room, since[-1])
    assert one.broker.stop() == 0
    shutil.copy(tmp_path / "older", journal)
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE meta SET value = randomblob(16) WHERE name = 'epoch'")
    db.close()
    # What is said meanwhile was never acknowledged, so it is sent to the server as it is now.
    vera.say(room, "said meanwhile", "and more")
    vera.acked.clear()  # its counters begin anew
    one.restart_broker()
    for client in (vera, hans):
        client.until(lambda client=client: client.rooms[room].epoch != epoch)  # type: ignore[misc]
        client.until(lambda client=client: any(kept_of(client)))  # type: ignore[misc]
    vera.until(lambda: len(vera.acked) == 2)
    assert not vera.refused
    now = [*before, "said meanwhile", "and more"]
    for client in (vera, hans):
        client.hear(room, "and more")
        said = [one.body.get("text") for one in client.history(room)]
        assert [text for text in said if text is not None] == now
    # Nothing of what the server forgot is lost to those who had it.
    (kept,) = kept_of(hans)
    store = Store(kept)
    texts = [decode_item(event.item)[1].get("text") for event in store.events(room, 0, 999, 999)]
    store.close()
    assert [text for text in texts if text is not None] == [*before, *since]


def kept_of(client: Talker) -> list[Path]:
    return [one.path for one in client.happenings if isinstance(one, PutAside)]


def test_an_old_file_that_was_put_back_by_hand_is_noticed(
    server: Callable[..., Server], talker: Talkers, tmp_path: Path
) -> None:
    one = server(gateways=1)
    vera = talker(one.invite, "Vera").online()
    room = vera.done(vera.client.join("lasting")).room
    vera.say(room, "one", "two")
    vera.until(lambda: len(vera.acked) == 2)
    epoch = vera.rooms[room].epoch
    journal = one.data / "journal.sqlite3"
    assert one.broker.stop() == 0
    shutil.copy(journal, tmp_path / "older")
    one.restart_broker()
    vera.say(room, "three")
    vera.until(lambda: len(vera.acked) == 3)
    assert one.broker.stop() == 0
    shutil.copy(tmp_path / "older", journal)
    vera.acked.clear()
    one.restart_broker()
    assert "journal_is_older_than_what_was_published" in one.broker.complained()
    vera.until(lambda: vera.rooms[room].epoch != epoch)
    vera.say(room, "four")
    vera.hear(room, "four")
    said = [one.body.get("text") for one in vera.history(room)]
    assert [text for text in said if text is not None] == ["one", "two", "four"]
    one.restart_broker()
    assert "journal_is_older" not in one.broker.complained().rsplit("serving", 1)[-1]


def test_a_journal_whose_last_commits_are_damaged_is_refused(
    server: Callable[..., Server], talker: Talkers
) -> None:
    one = server(gateways=1)
    vera = talker(one.invite, "Vera").online()
    room = vera.done(vera.client.join("lasting")).room
    vera.say(room, *(f"{number}" for number in range(30)))
    vera.until(lambda: len(vera.acked) == 30)
    one.kill_broker()
    log = one.data / "journal.sqlite3-wal"
    whole = log.read_bytes()
    log.write_bytes(whole[:-300] + bytes((whole[-300] ^ 1,)) + whole[-299:])
    damaged = log.read_bytes()
    refused = one._start_broker()
    assert refused._reap() == EXIT_STOP
    assert "events that were acknowledged cannot be read" in refused.complained()
    assert log.read_bytes() == damaged
    log.write_bytes(whole)
    one.restart_broker()
    vera.say(room, "and on")
    vera.hear(room, "and on")
    said = [one.body.get("text") for one in vera.history(room)]
    assert [text for text in said if text is not None] == [*map(str, range(30)), "and on"]
