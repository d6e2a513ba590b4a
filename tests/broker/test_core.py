"""The core: a drain is stored, then answered, then published; a full disk makes everybody wait."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from broker.core import FULL_RETRY_MAX_MS, FULL_RETRY_MS, HEADS_TIMES, Core
from broker.journal import Batch
from broker.sqlite_history import SqliteHistory
from broker.sqlite_journal import SqliteJournal
from broker.tickets import CONFIRM_MS
from protocol.backplane import (
    GATEWAY_DEADLINE_MS,
    Down,
    FeedKind,
    Up,
    decode_batch,
    encode_batch,
    read_feed_header,
)
from protocol.blocks import decode_block
from protocol.codes import Act, ErrorCode, EventKind, Kind
from protocol.errors import JournalError
from protocol.frames import (
    Ack,
    AnyFrame,
    Busy,
    Bye,
    Done,
    Error,
    Join,
    Ordered,
    People,
    PeoplePage,
    Private,
    decode,
    encode,
)
from protocol.frames import Act as ActFrame
from protocol.items import decode_item, encode_item
from protocol.keys import KeyPair
from tests.broker.stand import FIRST_MS, TOKEN, NoBlobs, key, open_to

OUTBOX = b"outbox-1"
FRONTEND = KeyPair(b"p" * 32, b"s" * 32)


class House:
    """A core on a real file; what it says outside is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.now_ms = 1_000
        self.sent: list[tuple[bytes, list[list[Any]]]] = []
        self.feed: list[list[bytes]] = []
        self.addresses: list[str] = []
        self.heads: dict[bytes, int] = {}
        self.reachable = True
        self.cut_off: set[bytes] = set()
        """Routes to which nothing can be sent."""
        self.journal = SqliteJournal(folder / "journal.sqlite3")
        self.core = Core(
            self.journal,
            NoBlobs(),
            FRONTEND,
            open_to(TOKEN).get,
            Random(1).randbytes,
            self,
            self.now_ms,
            FIRST_MS,
        )

    # broker.outside.Outside

    def send(self, route: bytes, data: bytes) -> bool:
        if self.reachable and route not in self.cut_off:
            self.sent.append((route, decode_batch(data)[1]))
            return True
        return False

    def publish(self, parts: list[bytes]) -> None:
        self.feed.append(parts)

    def note_addresses(self, addresses: list[str]) -> None:
        self.addresses = addresses

    def note_heads(self, heads: dict[bytes, int]) -> None:
        self.heads.update(heads)

    # what a gateway does

    def do(
        self, *operations: list[Any], instance: bytes = b"instance", route: bytes = b"route"
    ) -> list[list[Any]]:
        """One drain with one batch; return what was said to the gateways in it."""
        self.sent.clear()
        batch = encode_batch(instance, list(operations))
        self.core.drain([[route, batch]], self.now_ms, FIRST_MS + self.now_ms)
        return [operation for _, said in self.sent for operation in said]

    def register(self) -> list[list[Any]]:
        return self.do([Up.REGISTER, ["there:1"]])

    def open(self, slot: int, nick: str) -> list[list[Any]]:
        return self.do([Up.OPEN, slot, key(slot), nick, TOKEN, 0])

    def run(self, slot: int, first_n: int, *texts: str) -> list[AnyFrame]:
        """Say something in the room general; return the answers."""
        items = [encode_item(EventKind.TEXT, {"text": text}) for text in texts]
        said = self.do([Up.RUN, slot, self.general(), OUTBOX, first_n, items])
        return [decode(one[3]) for one in said if one[0] == Down.DONE]

    def ask(self, slot: int, frame: AnyFrame) -> AnyFrame:
        (answer,) = [one for one in self.do([Up.ASK, slot, encode(frame)]) if one[0] == Down.FRAME]
        return decode(answer[2])

    def tick(self, after_ms: int) -> None:
        self.now_ms += after_ms
        self.core.tick(self.now_ms, FIRST_MS + self.now_ms)

    def wait(self, for_ms: int, *beating: bytes) -> list[list[Any]]:
        """Let time pass while these gateways beat; return what was said to all."""
        said: list[list[Any]] = []
        for _ in range(for_ms // 1_000):
            for instance in beating:
                said += self.do([Up.BEAT], instance=instance, route=instance)
            self.sent.clear()
            self.tick(1_000)
            said += [operation for _, one in self.sent for operation in one]
        return said

    def general(self) -> bytes:
        room = self.core.directory.open_room("general")
        assert room is not None
        return room.room

    def texts(self) -> list[str]:
        """What the room general says on the disk."""
        history = SqliteHistory(self._folder / "journal.sqlite3")
        page = history.read(self.general(), 0, 0, 1 << 30, 1 << 40)
        history.close()
        assert page is not None
        events = [event for block in page.blocks for event in decode_block(block)]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        bodies = [decode_item(event.item)[1] for event in events]
        return [body["text"] for body in bodies if "text" in body]

    def limit(self, pages: int) -> None:
        """Let the file have so many pages more: SQLite's own way to be full."""
        have = self.journal._db.execute("PRAGMA page_count").fetchone()[0]
        self.journal._db.execute(f"PRAGMA max_page_count={have + pages}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    one.register()
    one.open(1, "Ann")
    yield one
    one.journal.close()


def fill(house: House, first_n: int = 1) -> int:
    """Say things until the disk is full; return the first n that has no answer."""
    house.limit(20)
    for n in range(first_n, first_n + 100):
        if not house.run(1, n, f"{n} " + "ї" * 4_000):
            return n
    raise AssertionError("the disk was never full")


def test_what_is_stored_is_answered_and_then_published(house: House) -> None:
    house.feed.clear()
    (answer,) = house.run(1, 1, "one", "two")
    assert isinstance(answer, Ack) and answer.count == 2
    ((topic, header, block),) = house.feed
    read = read_feed_header(header)
    assert (topic, read.kind, read.last_seq) == (
        house.general(),
        FeedKind.BLOCK,
        answer.first_seq + 1,
    )
    assert [event.n for event in decode_block(block)] == [1, 2]
    house.tick(1_000)
    assert house.heads[house.general()] == read.last_seq
    assert house.addresses == ["there:1"]


def test_a_journal_that_fails_ends_everything_unsaid(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Batch) -> None:
        raise JournalError("gone")

    monkeypatch.setattr(house.journal, "append", fail)
    house.feed.clear()
    with pytest.raises(JournalError):
        house.run(1, 1, "unheard")
    assert not house.sent and not house.feed


def test_on_a_full_disk_nothing_is_said_of_what_is_not_stored(house: House) -> None:
    house.feed.clear()
    n = fill(house)
    assert house.sent == [(b"route", [[Down.WHO, b"instance"]])]
    assert len(house.feed) == n - 1
    assert [text.split()[0] for text in house.texts()] == [str(one) for one in range(1, n)]
    # Gateways are unknown now; each introduces itself again, and everybody is who they were.
    assert house.do([Up.BEAT]) == [[Down.WHO, b"instance"]]
    assert house.register()[0][0] == Down.REGISTERED
    (opened,) = [one for one in house.open(1, "Ann") if one[0] == Down.OPENED]
    assert opened[4][0][3] == n  # the notice of her coming, and n - 1 texts


def test_on_a_full_disk_reading_goes_on_and_writing_waits(house: House) -> None:
    n = fill(house)
    house.register()
    house.open(1, "Ann")
    (busy,) = house.run(1, n, "later", "and later")
    assert isinstance(busy, Busy) and busy.first_n == n and busy.retry_ms > 0
    page = house.ask(1, People(1, b"", 10))
    assert isinstance(page, PeoplePage) and [row[1] for row in page.people] == ["Ann"]
    refused = house.ask(1, Join(2, "another", True))
    assert isinstance(refused, Error) and refused.code == ErrorCode.BUSY
    (closed,) = [one for one in house.open(2, "Bob") if one[0] == Down.CLOSED]
    bye = decode(closed[2])
    assert isinstance(bye, Bye) and bye.code == ErrorCode.UNAVAILABLE and bye.retry_ms > 0
    house.core.finish(house.now_ms, FIRST_MS)


def test_with_room_again_it_goes_on_where_it_was(house: House) -> None:
    n = fill(house)
    house.register()
    house.open(1, "Ann")
    house.limit(10_000)
    house.tick(FULL_RETRY_MS - 1)
    assert house.core.full
    house.tick(1_000)
    assert not house.core.full
    (ack,) = house.run(1, n, "at last")
    assert isinstance(ack, Ack)
    (again,) = house.run(1, n - 1, "whatever")
    assert isinstance(again, Ack) and again.first_seq == ack.first_seq - 1
    assert len(house.texts()) == n and house.texts()[-1] == "at last"


def test_a_disk_that_stays_full_is_tried_less_and_less_often(house: House) -> None:
    n = fill(house)
    tries = 0
    for _ in range(120):
        house.tick(1_000)
        if not house.core.full:
            tries += 1
            house.register()
            house.open(1, "Ann")
            assert not house.run(1, n, "ї" * 4_000)
    # The small write that is tried finds room; the message does not.
    assert 120_000 / FULL_RETRY_MAX_MS / 2 <= tries <= 120_000 / FULL_RETRY_MAX_MS + 3


def test_where_not_even_a_little_can_be_written_nobody_is_disturbed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(house)
    house.register()
    monkeypatch.setattr(house.journal, "can_write", lambda: False)
    for _ in range(30):
        house.tick(1_000)
        assert house.core.full
        assert house.do([Up.BEAT]) == []
    monkeypatch.undo()
    house.limit(100)
    house.tick(1_000)
    assert not house.core.full
    assert house.do([Up.BEAT]) == []


def test_what_moved_is_announced_more_than_once(house: House) -> None:
    house.core.tick(house.now_ms, FIRST_MS)
    for _ in range(HEADS_TIMES):
        house.tick(1_000)
    house.run(1, 1, "one")
    heads = []
    for _ in range(12):
        house.feed.clear()
        house.do([Up.BEAT])  # else it is silent for too long
        house.tick(1_000)
        kinds = [read_feed_header(header).kind for _, header, _ in house.feed]
        heads.append(kinds.count(FeedKind.HEAD))
    assert heads == [1] * HEADS_TIMES + [0] * (12 - HEADS_TIMES)


def test_at_the_reserve_it_stops_by_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.journal, "has_room", lambda: False)
    house.tick(1_000)
    assert house.core.full
    # Nothing failed, so everybody is still known.
    (busy,) = house.run(1, 1, "later")
    assert isinstance(busy, Busy)
    monkeypatch.undo()
    house.tick(FULL_RETRY_MS)
    (ack,) = house.run(1, 1, "now")
    assert isinstance(ack, Ack)


def test_the_reserve_is_there_for_putting_somebody_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.open(2, "Eve")
    eve = house.core.directory.device(key(2))
    assert eve is not None
    person = eve.person.person
    made = house.do([Up.ASK, 1, encode(Private(7, "study", [person]))])
    room = next(one[3] for one in made if one[0] == Down.ENTERED)
    monkeypatch.setattr(house.journal, "has_room", lambda: False)
    house.tick(1_000)
    for what in (Act.MUTE, Act.PAUSE, Act.UNBAN):
        error = house.ask(1, ActFrame(5, what, room, person, b"", 1, ""))
        assert isinstance(error, Error) and error.code == ErrorCode.BUSY
    said = house.do([Up.ASK, 1, encode(ActFrame(5, Act.BAN, room, person, b"", 0, ""))])
    assert [one[0] for one in said] == [Down.LEFT, Down.CONFIRM]
    assert answers(house.do([Up.CONFIRMED, said[-1][1]])) == [Done(5)]
    assert house.core.full
    banned = [one for one in house.journal.contents().room_standings if one.banned]
    assert [one.person_no for one in banned] == [eve.person.no]


def test_a_gateway_that_cannot_be_told_or_is_silent_is_forgotten(house: House) -> None:
    house.reachable = False
    house.run(1, 1, "stored all the same")
    house.reachable = True
    assert house.do([Up.BEAT]) == [[Down.WHO, b"instance"]]
    assert house.texts() == ["stored all the same"]
    house.register()
    house.wait(GATEWAY_DEADLINE_MS)
    assert house.core.sessions.gateways
    house.wait(1_000)
    assert house.do([Up.BEAT]) == [[Down.WHO, b"instance"]]


def test_while_the_broker_stands_still_nobody_is_silent(house: House) -> None:
    """What gateways said meanwhile waits to be read, and they may push what the feed brings."""
    house.wait(2_000)
    house.tick(GATEWAY_DEADLINE_MS * 3)
    assert house.core.sessions.gateways
    house.wait(GATEWAY_DEADLINE_MS)
    assert not house.core.sessions.gateways


def test_a_subscriber_hears_the_head(house: House) -> None:
    house.run(1, 1, "one")
    house.feed.clear()
    house.core.subscribed(b"\0" * 16)
    assert not house.feed
    house.core.subscribed(house.general())
    ((topic, header, _),) = house.feed
    assert topic == house.general()
    assert read_feed_header(header).kind == FeedKind.HEAD
    house.core.unsubscribed(house.general())


def test_the_reserve_is_of_the_disk_that_holds_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SqliteJournal(tmp_path / "journal.sqlite3")
    try:
        monkeypatch.setattr("broker.sqlite_journal.shutil.disk_usage", _Usage)
        _Usage.free_bytes = 1 << 20
        assert not journal.has_room()
        _Usage.free_bytes = 1 << 30
        assert journal.has_room()
    finally:
        journal.close()


class _Usage:
    free_bytes = 0

    def __init__(self, _: Path) -> None:
        self.free = self.free_bytes


def test_answers_that_are_damaged_cost_their_outbox_alone(
    house: House, logged_errors: list[Any]
) -> None:
    house.open(2, "Bob")
    house.run(1, 1, "one")
    house.run(1, 2, "two")
    house.journal._db.execute("DELETE FROM answer WHERE last_n = 1")
    (busy,) = house.run(1, 1, "one", "two")
    assert isinstance(busy, Busy) and busy.first_n == 1 and busy.retry_ms == 60_000
    assert [one.getMessage().split()[0] for one in logged_errors] == ["journal_damaged"]
    logged_errors.clear()
    (again,) = house.run(1, 2, "two")
    assert isinstance(again, Ack)
    (other,) = house.run(2, 1, "three")
    assert isinstance(other, Ack)
    assert house.texts() == ["one", "two", "three"]


# --- acts that every gateway confirms ---------------------------------------------------------


def kick(house: House, other: bytes = b"") -> list[list[Any]]:
    """Let Ann make a room with Bob in it and put him out; return what was said then."""
    house.open(2, "Bob")
    if other:
        house.do([Up.REGISTER, ["elsewhere:1"]], instance=other, route=other)
    bob = house.core.directory.device(key(2))
    assert bob is not None
    made = house.do([Up.ASK, 1, encode(Private(7, "study", [bob.person.person]))])
    room = next(one[3] for one in made if one[0] == Down.ENTERED)
    frame = ActFrame(5, Act.KICK, room, bob.person.person, b"", 0, "")
    return house.do([Up.ASK, 1, encode(frame)])


def answers(said: list[list[Any]]) -> list[AnyFrame]:
    return [decode(one[2]) for one in said if one[0] == Down.FRAME]


def test_putting_out_is_done_when_all_gateways_say_so(house: House) -> None:
    said = kick(house, b"gateway2")
    assert [one[0] for one in said] == [Down.LEFT, Down.CONFIRM, Down.CONFIRM]
    ticket = said[-1][1]
    assert house.do([Up.CONFIRMED, ticket]) == []
    told = house.do([Up.CONFIRMED, ticket], instance=b"gateway2", route=b"gateway2")
    assert answers(told) == [Done(5)]


def test_a_gateway_that_is_there_and_does_not_confirm_is_told_of(house: House) -> None:
    ticket = kick(house, b"gateway2")[-1][1]
    house.do([Up.CONFIRMED, ticket])
    beating = b"instance", b"gateway2"
    assert house.wait(CONFIRM_MS - 1_000, *beating) == []
    (error,) = answers(house.wait(1_000, *beating))
    assert isinstance(error, Error) and (error.code, error.request) == (ErrorCode.UNAVAILABLE, 5)
    # What comes later is for nobody.
    assert house.do([Up.CONFIRMED, ticket], instance=b"gateway2", route=b"gateway2") == []


def test_a_gateway_that_is_gone_is_not_waited_for(house: House) -> None:
    ticket = kick(house, b"gateway2")[-1][1]
    assert house.do([Up.CONFIRMED, ticket]) == []
    # The same connection introduces itself anew: it opens all sessions again.
    told = house.do([Up.REGISTER, ["elsewhere:1"]], instance=b"gateway3", route=b"gateway2")
    assert answers(told) == [Done(5)]
    assert b"gateway2" not in house.core.sessions.gateways


def test_a_gateway_that_cannot_be_told_is_waited_for_until_it_introduces_itself(
    house: House,
) -> None:
    """It may push what the feed brings, which is another connection."""
    house.cut_off = {b"gateway2"}
    ticket = kick(house, b"gateway2")[-1][1]
    assert b"gateway2" not in house.core.sessions.gateways
    assert house.do([Up.CONFIRMED, ticket]) == []
    assert house.wait(5_000, b"instance", b"gateway2") == []
    house.cut_off = set()
    who = house.do([Up.BEAT], instance=b"gateway2", route=b"gateway2")
    assert who == [[Down.WHO, b"gateway2"]]
    told = house.do([Up.REGISTER, ["elsewhere:1"]], instance=b"gateway3", route=b"gateway2")
    assert answers(told) == [Done(5)]


def test_a_gateway_that_cannot_be_told_is_waited_for_until_it_is_gone(house: House) -> None:
    house.cut_off = {b"gateway2"}
    ticket = kick(house, b"gateway2")[-1][1]
    house.do([Up.CONFIRMED, ticket])
    assert house.wait(GATEWAY_DEADLINE_MS, b"instance") == []
    assert answers(house.wait(1_000, b"instance")) == [Done(5)]


def test_a_gateway_that_is_there_and_hears_nothing_is_told_of(house: House) -> None:
    house.cut_off = {b"gateway2"}
    ticket = kick(house, b"gateway2")[-1][1]
    house.do([Up.CONFIRMED, ticket])
    (error,) = answers(house.wait(CONFIRM_MS, b"instance", b"gateway2"))
    assert isinstance(error, Error) and (error.code, error.request) == (ErrorCode.UNAVAILABLE, 5)


def test_gateways_that_a_full_disk_made_forget_are_waited_for(house: House) -> None:
    house.do([Up.REGISTER, ["elsewhere:1"]], instance=b"gateway2", route=b"gateway2")
    house.sent.clear()
    fill(house)
    told = {(route, operation[0], operation[1]) for route, (operation,) in house.sent}
    assert told == {(b"route", Down.WHO, b"instance"), (b"gateway2", Down.WHO, b"gateway2")}
    house.limit(10_000)
    house.register()
    house.open(1, "Ann")
    house.wait(3_000, b"instance")
    said = kick(house)
    assert [one[0] for one in said] == [Down.LEFT, Down.CONFIRM]
    # The ticket waits for the one that was told nothing of it, too.
    assert house.do([Up.CONFIRMED, said[-1][1]]) == []
    told_then = house.do([Up.REGISTER, ["elsewhere:1"]], instance=b"gateway4", route=b"gateway2")
    assert answers(told_then) == [Done(5)]


def test_a_gateway_that_comes_on_another_connection_is_the_same(house: House) -> None:
    def register(number: int) -> list[list[Any]]:
        name = b"gateway%d" % number
        return house.do(
            [Up.REGISTER, ["elsewhere:1"], b"process1", number], instance=name, route=name
        )

    register(2)
    ticket = kick(house)[-1][1]
    house.do([Up.CONFIRMED, ticket])
    assert answers(register(3)) == [Done(5)]
    assert set(house.core.sessions.gateways) == {b"instance", b"gateway3"}
    # What it said on the connection before can be read later.
    assert register(2) == []
    assert set(house.core.sessions.gateways) == {b"instance", b"gateway3"}


def test_what_was_decided_on_a_disk_that_is_full_is_not_confirmed(house: House) -> None:
    fill(house)
    house.register()
    house.open(1, "Ann")
    (error,) = answers(house.do([Up.ASK, 1, encode(ActFrame(5, 1, b"?" * 16, b"", b"", 0, ""))]))
    assert isinstance(error, Error) and error.code == ErrorCode.BUSY


def test_members_are_told_what_holds_at_most_once_a_second(house: House) -> None:
    made = house.do([Up.ASK, 1, encode(Private(7, "study", []))])
    room = next(one[3] for one in made if one[0] == Down.ENTERED)
    house.tick(1_000)
    house.feed.clear()
    for value in (30, 60):
        house.do([Up.ASK, 1, encode(ActFrame(5, Act.SLOW, room, b"", b"", value, ""))])
    house.tick(999)
    assert not [parts for parts in house.feed if parts[2][1:2] == bytes((Kind.ORDERED,))]
    house.tick(1)
    (told,) = [parts for parts in house.feed if parts[2][1:2] == bytes((Kind.ORDERED,))]
    frame = decode(told[2])
    assert isinstance(frame, Ordered) and frame.slow_s == 60
    assert told[0] == room and read_feed_header(told[1]).kind == FeedKind.MEMBERS
