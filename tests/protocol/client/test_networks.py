"""Two sessions and a model server over many bad networks: once, in order, whole."""

from random import Random
from typing import Any

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.client.happenings import (
    Arrived,
)
from protocol.codes import EventKind
from tests.protocol.client.bench import ME, OTHER, new_store, of
from tests.protocol.client.wire import BAD, ROOM, ModelClient, ModelServer


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), mischief=st.sampled_from([0.0, 0.1, 0.4]))
def test_on_any_network_everything_arrives_once_and_in_order(seed: int, mischief: float) -> None:
    random = Random(seed)
    server = ModelServer(random, mischief)
    clients = [ModelClient(server, key, new_store(), random) for key in (ME, OTHER)]
    said: dict[bytes, list[str]] = {ME: [], OTHER: []}
    now = 1_000
    for turn in range(250):
        now += random.choice([1, 5, 50, 700])
        client = random.choice(clients)
        action = random.random()
        if client.link is None:
            client.connect(now)
        elif action < 0.03:
            client.disconnect()
        elif action < 0.05:
            client.crash(after_commit=random.random() < 0.5)
        elif action < 0.06:
            server.announce()
        elif action < 0.3 and ROOM in client.session.recovery.rooms:
            for part in range(random.randint(1, 40)):
                text = f"{turn}.{part}" + (BAD.decode() if random.random() < 0.05 else "")
                client.session.say(1, ROOM, EventKind.TEXT, {"text": text})
                said[client.device].append(text)
                if random.random() < 0.3:
                    client.session.say(1, ROOM, *change(random, server.head))
            client.step(now)  # a crash may come only after the commit: the person saw "queued"
        elif client.link is not None:
            client.link.serve(random.randint(0, 10))
        client.step(now, random.randint(0, 20))
    server.mischief = 0.0
    for _ in range(400):
        now += 500
        for client in clients:
            if client.link is None:
                client.connect(now)
            client.step(now)
            if client.link is not None:
                client.link.serve(1_000)
            client.step(now)
        server.announce()
        if all(settled(client, server) for client in clients):
            break
    for client in clients:
        assert client.store.snapshot().outbox == tuple(
            row for row in client.store.snapshot().outbox if row.code
        ), "everything is answered"
        line = client.session.recovery.rooms[ROOM]
        stored = client.store.events(ROOM, 0, 2**62, 100_000)
        assert (line.high, line.head) == (server.head, server.head)
        assert stored == server.events[line.low :], "whole, once, in order"
        shown = {seq: one for seq, one in client.shown.items() if seq > line.low}
        wanted_shown = client.stored()
        assert shown == {seq: wanted_shown[seq] for seq in shown}, "told as it reads now"
        arrived = [one.seq for each in of(client.told, Arrived) for one in each.messages]
        assert arrived == sorted(set(arrived)), "ascending, each once"
        mine = [one for one in server.events if one.device == client.device[:8]]
        items = [msgpack.unpackb(one.item) for one in mine]
        texts = [body["text"] for kind, body in items if kind == EventKind.TEXT]
        wanted = [one for one in said[client.device] if BAD.decode() not in one]
        assert texts == wanted, "what was said, once, in order"


def change(random: Random, head: int) -> tuple[EventKind, dict[str, Any]]:
    """A change of one of the messages so far, whosever it is."""
    of = random.randint(1, head + 1)
    kind = random.choice((EventKind.EDIT, EventKind.REACT, EventKind.REACT, EventKind.DELETE))
    if kind is EventKind.EDIT:
        return kind, {"of": of, "text": random.choice(("new", "newer", " "))}
    if kind is EventKind.REACT:
        return kind, {"of": of, "emoji": random.choice("👍😀🎉"), "on": random.random() < 0.7}
    return kind, {"of": of}


def settled(client: ModelClient, server: ModelServer) -> bool:
    line = client.session.recovery.rooms.get(ROOM)
    return (
        line is not None
        and line.high == server.head
        and len(client.session.sending.outbox) == 0
        and client.online
    )
