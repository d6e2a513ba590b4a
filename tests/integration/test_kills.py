"""Processes are killed in the middle of a conversation, and nothing is lost or doubled."""

import os
import secrets
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from protocol.blocks import Event
from protocol.client.happenings import Link
from protocol.invite import Invite
from protocol.items import decode_item
from tests.integration.bare import Bare, Circle, Stubborn, texts_of
from tests.integration.chat import Chat
from tests.integration.talker import Talker
from tests.server import Server

Talkers = Callable[[Invite, str], Talker]


def counters(events: list[Event], outbox_epoch: bytes) -> list[int]:
    """Return the counters of an outbox's messages, in the order of the room."""
    return [event.n for event in events if event.outbox_epoch == outbox_epoch]


def test_a_killed_broker_loses_nothing_acknowledged_and_doubles_nothing(
    server: Callable[..., Server], bare: Circle, talker: Talkers
) -> None:
    one = server(gateways=2, rate=0)
    anna = bare(one.invite, "anna", 0, made=Stubborn)
    boris = bare(one.invite, "boris", 1)
    assert isinstance(anna, Stubborn)
    vera = talker(one.invite, "Vera").online()
    room = anna.enter("burst")
    boris.enter("burst")
    vera.done(vera.client.join("burst"))
    texts = [f"anna {number}" for number in range(2_400)]
    said = [f"vera {number}" for number in range(400)]
    vera.say(room, *said)
    for stop in (400, 1_300):
        assert not anna.push(room, texts, lambda stop=stop: len(anna.acked) >= stop)  # type: ignore[misc]
        one.kill_broker()
        before = dict(anna.acked)
        assert len(before) < len(texts)
        one.restart_broker()
    assert anna.push(room, texts, lambda: False)
    vera.until(lambda: len(vera.acked) == len(said))
    reader = bare(one.invite, "reader", 1)
    reader.enter("burst")
    events = reader.read_all(room)
    # Every counter once, in order, at the place that its ack named.
    assert counters(events, anna.outbox_epoch) == list(range(1, len(texts) + 1))
    places = {event.n: event.seq for event in events if event.outbox_epoch == anna.outbox_epoch}
    assert places == {n: seq for (_, n), seq in anna.acked.items()}
    found = texts_of(events)
    assert sorted(found) == sorted(texts + said)
    assert [text for text in found if text.startswith("vera")] == said
    by_seq = {event.seq: event for event in events}
    for (_, n), seq in vera.acked.items():
        assert decode_item(by_seq[seq].item)[1]["text"] == said[n - 1]
    # Whoever only listened has all of it too: pushed, or announced and fetched.
    vera.until(lambda: len(vera.texts(room)) >= len(found))
    assert vera.texts(room) == found
    boris.tell(room, "and on it goes")
    anna.hear(room, "and on it goes")
    assert texts_of(boris.read_all(room)) == [*found, "and on it goes"]


def test_clients_of_a_killed_gateway_go_to_the_other(
    server: Callable[..., Server], bare: Circle, talker: Talkers
) -> None:
    one = server(gateways=2, rate=0)
    only_first = replace(one.invite, addresses=one.invite.addresses[:1])
    # Vera's link names one gateway; that there is another she learns from WELCOME.
    vera, hans = talker(only_first, "Vera").online(), talker(one.invite, "Hans").online()
    boris = bare(one.invite, "boris", 1)
    assert vera.address == one.addresses[0]
    room = vera.done(vera.client.join("moving")).room
    hans.done(hans.client.join("moving"))
    boris.enter("moving")
    vera.say(room, *(f"vera {number}" for number in range(100)))
    hans.say(room, *(f"hans {number}" for number in range(100)))
    vera.until(lambda: len(vera.acked) >= 20)
    one.kill_gateway(0)
    vera.say(room, *(f"vera {number}" for number in range(100, 200)))
    boris.tell(room, "from the other gateway")
    vera.until(lambda: len(vera.acked) == 200)
    hans.until(lambda: len(hans.acked) == 100)
    for client in (vera, hans):
        client.until(lambda client=client: client.address == one.addresses[1])  # type: ignore[misc]
        client.online()
        client.hear(room, "from the other gateway", "vera 199", "hans 99")
    found = texts_of(boris.read_all(room))
    assert [text for text in found if text[0] == "v"] == [f"vera {n}" for n in range(200)]
    assert [text for text in found if text[0] == "h"] == [f"hans {n}" for n in range(100)]
    for client in (vera, hans):
        client.until(lambda client=client: len(client.texts(room)) == len(found))  # type: ignore[misc]
        assert client.texts(room) == found


def test_who_stops_reading_holds_up_nobody(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(gateways=1, rate=0)
    names = [f"busy-{number}" for number in range(8)]
    anna, boris = bare(one.invite, "anna"), bare(one.invite, "boris")
    rooms = [anna.enter(name) for name in names]
    with Chat(tmp_path / "slow", one.link, "slow") as slow:
        for name in names:
            boris.enter(name)
            slow.command(join=name)
        slow.until(lambda: {names[-1]} <= set(slow.rooms))
        os.kill(slow.pid, signal.SIGSTOP)
        try:
            rounds = flood(one, anna, rooms)
            more = unique("while it sleeps")
            for room in rooms:
                anna.tell(room, more)
                boris.hear(room, more)
            for room in rooms:
                # Pushed, every one of them, though somebody else took nothing.
                live = boris.live[room]
                assert live == list(range(live[0], live[-1] + 1))
                assert len(boris.texts(room)) == rounds + 1
            assert "lagging" in one.logs()
        finally:
            os.kill(slow.pid, signal.SIGCONT)
        for name, room in zip(names, rooms, strict=True):
            texts = boris.texts(room)
            slow.until(lambda name=name: slow.rooms[name].texts[-1:] == [more])  # type: ignore[misc]
            shown = slow.rooms[name]
            assert shown.seqs == list(range(shown.seqs[0], shown.seqs[-1] + 1))
            assert shown.texts == texts
        anna.tell(rooms[0], "awake again")
        slow.until(lambda: slow.rooms[names[0]].texts[-1] == "awake again")


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def flood(one: Server, anna: Bare, rooms: list[bytes]) -> int:
    """Talk in all rooms until the gateway says that somebody lags; return the rounds."""
    for number in range(20_000):
        for room in rooms:
            anna.tell(room, f"{number} " + "ы" * 4_000)
        if number % 10 == 0 and "lagging" in one.gateways[0].complained():
            return number + 1
    raise AssertionError("the gateway never met a slow client")


def test_after_a_restart_of_everything_everything_is_there(
    server: Callable[..., Server], bare: Circle, tmp_path: Path
) -> None:
    one = server(gateways=2)
    vera = Talker(tmp_path / "vera", one.invite, "Vera").online()
    anna = bare(one.invite, "anna", 1)
    room = vera.done(vera.client.join("lasting")).room
    assert anna.enter("lasting") == room
    direct = vera.done(vera.client.direct([anna.person])).room
    vera.say(room, *(f"open {number}" for number in range(30)))
    vera.say(direct, *(f"private {number}" for number in range(30)))
    vera.until(lambda: len(vera.acked) == 60)
    history = {place: vera.history(place) for place in (room, direct)}
    person = vera.person
    for gateway in one.gateways:
        assert gateway.stop() == 0
    assert one.broker.stop() == 0
    # What is said meanwhile waits on disk.
    vera.until(lambda: vera.link is not Link.ONLINE)
    vera.say(room, "said to nobody")
    vera.stop()
    one.restart_broker()
    for index in range(2):
        one.restart_gateway(index)
    again = Talker(tmp_path / "vera", one.invite, "Vera")
    try:
        again.hear(room, "said to nobody")
        assert again.person == person
        assert {info.name for info in again.rooms.values()} == {"general", "lasting", ""}
        for place, messages in history.items():
            assert again.history(place)[: len(messages)] == messages
    finally:
        again.stop()
    # Another client on a new machine finds the same on the server.
    back = bare(one.invite, "anna", 0, device=anna.device)
    assert back.person == anna.person
    for place, messages in history.items():
        said = [message.body["text"] for message in messages if "text" in message.body]
        assert texts_of(back.read_all(place))[: len(said)] == said
    assert texts_of(back.read_all(room))[-1] == "said to nobody"
    stored = one.data / "journal.sqlite3"
    assert stored.stat().st_size > 0
