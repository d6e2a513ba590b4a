"""What was said arrives: once, in order, without a hole, over two gateways of one broker."""

import os
import secrets
import signal
from collections.abc import Callable
from itertools import pairwise

import pytest

from protocol.blocks import decode_block
from protocol.frames import Ack, Busy, Events, Gap, Send
from protocol.invite import Invite
from tests.integration.bare import Circle, circle, text_item, texts_of
from tests.integration.talker import Talker
from tests.server import Server

HELLOS = ("Привіт, світе!", "Сәлем, әлем!", "Hello,\nworld!", "สวัสดีชาวโลก", "你好，世界 👩‍👩‍👧")


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def test_what_is_said_here_is_read_there(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, unique("Анна"), 0)
    boris = bare(shared.invite, unique("Boris"), 1)
    name = unique("crossing")
    room = anna.enter(name)
    assert boris.enter(name) == room
    seqs = anna.tell(room, *HELLOS)
    boris.hear(room, *HELLOS)
    anna.hear(room, *HELLOS)
    assert boris.texts(room) == anna.texts(room) == list(HELLOS)
    for seq in seqs:
        event = boris.events[room][seq]
        assert (event.person, event.nick) == (anna.person, anna.nick)
        assert event == anna.events[room][seq]


def test_all_see_one_order_without_holes(
    shared: Server, bare: Circle, talker: Callable[[Invite, str], Talker]
) -> None:
    name = unique("order")
    peers = [bare(shared.invite, unique(f"peer{index}"), index % 2) for index in range(3)]
    room = peers[0].enter(name)
    for peer in peers[1:]:
        peer.enter(name)
    real = talker(shared.invite, unique("Vera")).online()
    real.done(real.client.join(name))
    said = [[f"{index}:{number}" for number in range(240)] for index in range(4)]
    for number in range(0, 240, 8):
        for index, peer in enumerate(peers):
            peer.say(room, *said[index][number : number + 8])
        real.say(room, *said[3][number : number + 8])
    everything = [text for texts in said for text in texts]
    for peer in peers:
        peer.hear(room, *everything)
        live = peer.live[room]
        assert live == list(range(live[0], live[-1] + 1)), "pushed twice, or not in order"
    real.hear(room, *everything)
    heard = peers[0].texts(room)
    assert sorted(heard) == sorted(everything)
    assert all(peer.texts(room) == heard for peer in peers)
    assert real.texts(room) == heard
    for texts in said:
        assert [one for one in heard if one in set(texts)] == texts
    stamps = [event.ts for _, event in sorted(peers[0].events[room].items())]
    assert all(one <= other for one, other in pairwise(stamps))


def test_the_same_send_three_times_is_one_event(shared: Server, bare: Circle) -> None:
    anna, boris = bare(shared.invite, unique("anna"), 0), bare(shared.invite, unique("boris"), 1)
    name = unique("thrice")
    room = anna.enter(name)
    boris.enter(name)
    frame = Send(room, anna.outbox_epoch, 1, [text_item("one"), text_item("two")])
    for _ in range(3):
        anna.send(frame)
    acks = [anna.expect(Ack) for _ in range(3)]
    anna.send(frame)
    acks.append(anna.expect(Ack))
    assert len(set(acks)) == 1
    assert acks[0].count == 2
    # Part of it again, with something new behind it.
    more = Send(room, anna.outbox_epoch, 2, [text_item("two"), text_item("three")])
    anna.send(more)
    anna.until(lambda: (room, 3) in anna.acked)
    boris.hear(room, "three")
    assert boris.texts(room) == ["one", "two", "three"]
    assert texts_of(boris.read_all(room)) == ["one", "two", "three"]


def test_counters_live_as_long_as_the_outbox_and_no_longer(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, unique("anna"))
    room = anna.enter(unique("outboxes"))
    anna.tell(room, "from the first outbox")
    again = bare(shared.invite, anna.nick, 1, device=anna.device)
    assert again.person == anna.person
    again.tell(room, "from another one")
    again.outbox_epoch = anna.outbox_epoch
    again.acked.clear()
    again.say(room, "whatever it says now", n=1)
    again.until(lambda: (room, 1) in again.acked)
    assert again.acked == anna.acked
    assert texts_of(again.read_all(room)) == ["from the first outbox", "from another one"]


def test_a_hole_is_answered_with_what_is_expected(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, unique("anna"))
    room = anna.enter(unique("hole"))
    anna.say(room, "too early", n=3)
    assert anna.expect(Gap) == Gap(room, anna.outbox_epoch, 1)
    anna.say(room, "one", "two", n=1)
    anna.expect(Ack)
    anna.say(room, "too early", n=4)
    assert anna.expect(Gap).expect_n == 3
    anna.say(room, "three", n=3)
    anna.expect(Ack)
    assert texts_of(anna.read_all(room)) == ["one", "two", "three"]


def test_beyond_the_window_is_busy_and_costs_no_counter(shared: Server, bare: Circle) -> None:
    anna = bare(shared.invite, unique("anna"))
    room = anna.enter(unique("window"))
    texts = [str(number) for number in range(384)]
    os.kill(shared.broker.pid, signal.SIGSTOP)
    try:
        for start in range(0, 384, 128):
            anna.say(room, *texts[start : start + 128])
        busy = anna.expect(Busy)
    finally:
        os.kill(shared.broker.pid, signal.SIGCONT)
    assert (busy.room, busy.outbox_epoch, busy.first_n) == (room, anna.outbox_epoch, 257)
    assert busy.retry_ms > 0
    anna.until(lambda: len(anna.acked) == 256)
    anna.say(room, *texts[256:], n=257)
    anna.until(lambda: len(anna.acked) == 384)
    assert texts_of(anna.read_all(room)) == texts


@pytest.fixture(scope="module")
def long_room(shared: Server) -> tuple[str, list[str]]:
    """Fill a room with blocks of many sizes; return its name and its texts."""
    name, texts = unique("long"), [f"{number} " + "ы" * (number % 97) for number in range(1100)]
    with circle() as make:
        anna = make(shared.invite, unique("writer"))
        room = anna.enter(name)
        start = 0
        for size in (1, 2, 127, 128, 1, 60, 3, 128, 128, 128, 77, 128, 128, 1, 60):
            anna.say(room, *texts[start : start + size])
            start += size
            anna.until(lambda start=start: len(anna.acked) == start)  # type: ignore[misc]
        assert start == len(texts)
    return name, texts


def test_pages_reach_every_event_from_every_place(
    shared: Server, bare: Circle, long_room: tuple[str, list[str]]
) -> None:
    name, texts = long_room
    anna = bare(shared.invite, unique("anna"), 1)
    room = anna.enter(name)
    everything = anna.read_all(room)
    assert texts_of(everything) == texts
    head = len(everything)

    def seqs(after: int, before: int, limit: int) -> tuple[list[int], bool]:
        page = anna.read(room, after, before, limit)
        assert page.head >= head
        return [one.seq for block in page.blocks for one in decode_block(block)], page.more

    for limit in (1, 2, 127, 128, 129, 256, 499, 500):
        after, steps = 0, 0
        while True:
            found, more = seqs(after, 0, limit)
            assert found == list(range(found[0], found[-1] + 1))
            assert found[0] <= after + 1 <= found[-1]
            after, steps = found[-1], steps + 1
            assert more == (after < head)
            if not more:
                break
        assert steps <= head
        before = head + 1
        while before > 1:
            found, more = seqs(0, before, limit)
            assert found == list(range(found[0], found[-1] + 1))
            assert found[0] < before <= found[-1] + 1
            before = found[0]
            assert more == (before > 1)
    for seq in range(1, head + 1):
        found, _ = seqs(seq - 1, seq + 1, 1)
        assert seq in found
    assert seqs(head, 0, 500) == ([], False)
    assert seqs(0, 1, 500) == ([], False)


def test_the_client_pages_back_to_the_first_message(
    shared: Server, talker: Callable[[Invite, str], Talker], long_room: tuple[str, list[str]]
) -> None:
    name, texts = long_room
    vera = talker(shared.invite, unique("Vera")).online()
    room = vera.done(vera.client.join(name)).room
    for page in (500, 100, 37):
        found = vera.history(room, page)
        assert [one.seq for one in found] == list(range(1, len(found) + 1))
        assert [one.body["text"] for one in found if "text" in one.body] == texts


def test_events_that_were_missed_are_fetched(shared: Server, bare: Circle) -> None:
    name = unique("gone")
    anna = bare(shared.invite, unique("anna"), 0)
    room = anna.enter(name)
    boris = bare(shared.invite, unique("boris"), 1)
    boris.enter(name)
    boris.close()
    anna.tell(room, *map(str, range(50)))
    again = bare(shared.invite, boris.nick, 1, device=boris.device)
    assert again.welcome is not None
    head = next(row[3] for row in again.welcome.rooms if row[0] == room)
    assert texts_of(again.read_all(room)) == [str(number) for number in range(50)]
    assert len(again.events[room]) == head
    anna.tell(room, "live again")
    # What was said before may still be on its way to this gateway when one comes.
    again.expect(Events, lambda one: any(next(decode_block(b)).seq == head + 1 for b in one.blocks))
