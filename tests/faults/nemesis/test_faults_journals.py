"""Journals that are damaged or torn are refused and left alone; older ones are another epoch."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from protocol.blocks import decode_block
from protocol.codes import ErrorCode
from protocol.frames import Error, Page, Read
from tests.faults.nemesis.cluster import BROKER, Cluster
from tests.faults.nemesis.journals import DamagedBlock, FlippedJournal, RestoreOlder, TornJournal
from tests.faults.nemesis.registry import make
from tests.faults.nemesis.repeater import ROOM
from tests.faults.nemesis.stand import Stand
from tests.integration.bare import Bare, circle


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with Cluster(tmp_path_factory.mktemp("journals")) as cluster:
        stand = Stand(cluster)
        with stand.talking(), circle() as bare:
            one = stand.newcomer(bare, 0)
            for name in ("first", "second"):
                one.tell(one.enter(name), *(f"{name} {number}" for number in range(200)))
        yield stand
        assert cluster.ends.unplanned == []


@pytest.mark.parametrize("place", ["magic", "schema", "head"])
def test_a_flipped_bit_is_refused_and_left_alone(stand: Stand, place: str) -> None:
    cluster = stand.cluster
    fault = make("flipped-journal", cluster, Random(place))
    assert isinstance(fault, FlippedJournal)
    fault.place = place
    with fault.applied():
        assert fault.describe() == {"refused": True, "place": place}
        assert "backup" in fault.complaint, "it says what to do"
        assert not cluster.process(BROKER).runs
    with stand.talking():
        pass


def test_a_torn_journal_is_refused_and_left_alone(stand: Stand) -> None:
    for seed in range(2):
        fault = make("torn-journal", stand.cluster, Random(seed))
        assert isinstance(fault, TornJournal)
        with fault.applied():
            assert fault.refused
    with stand.talking():
        pass


def test_a_damaged_block_is_not_served_and_all_else_is(stand: Stand) -> None:
    fault = make("damaged-block", stand.cluster, Random(3))
    assert isinstance(fault, DamagedBlock)
    with stand.talking(1), fault.applied(), circle() as bare:
        reader = stand.newcomer(bare, 0)
        damaged = fault.room
        name = name_of(stand.cluster, damaged)
        reader.enter(name)
        assert refusal(reader, damaged) is ErrorCode.DAMAGED
        others = {"first", "second", ROOM} - {name}
        for other in others:
            stand.read_all(reader, reader.enter(other))
    with circle() as bare:
        reader = stand.newcomer(bare, 0)
        reader.enter(name)
        stand.read_all(reader, damaged)


def refusal(reader: Bare, room: bytes) -> ErrorCode:
    """Read a room from its beginning until a page is refused."""
    after = 0
    for number in range(1, 100):
        reader.send(Read(number, room, after, 0, 50))
        answer = reader.wait_for(Page, Error)
        if isinstance(answer, Error) and answer.code == ErrorCode.UNAVAILABLE:
            time.sleep(0.1)  # the gateway's link to the reader comes a little after the broker's
            continue
        if isinstance(answer, Error):
            return ErrorCode(answer.code)
        assert isinstance(answer, Page)
        seqs = [event.seq for block in answer.blocks for event in decode_block(block)]
        assert seqs and seqs[0] <= after + 1, "a hole was served"
        after = seqs[-1]
    raise AssertionError("all of it was served")


def test_an_older_journal_is_another_epoch_and_gives_no_number_twice(stand: Stand) -> None:
    cluster = stand.cluster
    fault = make("restore-older", cluster, Random(3))
    assert isinstance(fault, RestoreOlder)
    with circle() as bare:
        anna = stand.newcomer(bare, 0)
        room = anna.enter("restored")
        anna.tell(room, "in the backup")
        before = anna.welcome
        with fault.applied():
            pass
    fault = make("restore-older", cluster, Random(4))
    assert isinstance(fault, RestoreOlder)
    with circle() as bare:
        anna = stand.newcomer(bare, 0)
        assert before is not None and anna.welcome is not None
        assert anna.welcome.epoch != before.epoch
        room = anna.enter("restored")
        fault.back_up()
        anna.tell(room, "after the backup")
        fault.bring_back()
        fault.heal()
    with circle() as bare:
        reader = stand.newcomer(bare, 1)
        assert reader.enter("restored") == room
        stand.read_all(reader, room)
        texts = reader.texts(room)
        assert "in the backup" in texts and "after the backup" not in texts
    # What was replaced is there for who checks the run.
    old = cluster.folder / "old" / "1" / "journal.sqlite3"
    with closing(sqlite3.connect(old)) as db:
        assert b"after the backup" in b"".join(
            row[0] for row in db.execute("SELECT data FROM block")
        )
    with stand.talking():
        pass


def name_of(cluster: Cluster, room: bytes) -> str:
    with closing(sqlite3.connect(f"file:{cluster.journal}?mode=ro", uri=True)) as db:
        (name,) = db.execute("SELECT name FROM room WHERE room = ?", (room,)).fetchone()
        return str(name)
