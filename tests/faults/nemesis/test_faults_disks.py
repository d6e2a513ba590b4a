"""Disks that are full or fail, at the broker and at a client."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from protocol.frames import AnyFrame, People, PeoplePage
from tests.faults.nemesis.cluster import BROKER, Cluster, Shape
from tests.faults.nemesis.disks import FullDisk
from tests.faults.nemesis.injection import Injection, why_no_injection
from tests.faults.nemesis.registry import make, why_not
from tests.faults.nemesis.smalldisk import why_no_small_disk
from tests.faults.nemesis.stand import Stand, until
from tests.integration.bare import Bare, circle
from tests.integration.chat import Chat

needs_small_disk = pytest.mark.skipif(bool(why_no_small_disk()), reason=str(why_no_small_disk()))
needs_injection = pytest.mark.skipif(bool(why_no_injection()), reason=str(why_no_injection()))


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Return a server whose data folder is on a small disk where that can be."""
    shape = Shape(disk_mb=0 if why_no_small_disk() else 48)
    with Cluster(tmp_path_factory.mktemp("disks"), shape) as cluster:
        yield Stand(cluster)


def asked_again(one: Bare, question: AnyFrame, made: type[AnyFrame]) -> AnyFrame:
    """Ask until there is an answer: a question that was under way when all began has none."""
    for _ in range(10):
        one.send(question)
        with contextlib.suppress(TimeoutError):
            return one.wait_for(made, timeout_s=2.0)
    raise AssertionError("there was no answer")


@needs_small_disk
@pytest.mark.parametrize("leave_bytes", [0, 8 << 20])
def test_with_a_full_disk_nothing_is_acknowledged_and_reading_goes_on(
    stand: Stand, leave_bytes: int
) -> None:
    cluster = stand.cluster
    assert why_not("full-disk-broker", cluster) is None
    fault = make("full-disk-broker", cluster, Random(3))
    assert isinstance(fault, FullDisk)
    fault.leave_bytes = leave_bytes
    broker = cluster.process(BROKER).pid
    with circle() as bare, stand.talking() as load:
        reader = stand.newcomer(bare, 1)
        room = reader.enter("a full disk")
        reader.tell(room, "before")
        with fault.applied():
            load.stands_still()
            until(lambda: "disk_full" in cluster.broker.complained(), "a warning")
            # Who is here reads on: what is stored, and who is there.
            assert [event.seq for event in reader.read_all(room)][-1] >= 1
            assert asked_again(reader, People(1, b"", 100), PeoplePage)
            load.stands_still()
        load.goes_on()
        reader.tell(room, "after")
    assert cluster.process(BROKER).pid == broker
    assert cluster.ends.unplanned == []
    assert "Traceback" not in cluster.logs()


@needs_injection
def test_a_disk_that_says_it_is_full_stops_no_reader(stand: Stand) -> None:
    cluster = stand.cluster
    broker = cluster.process(BROKER).pid
    with stand.talking(1) as load:
        with make("no-space", cluster, Random(3)).applied():
            load.stands_still()
        load.goes_on()
    assert cluster.process(BROKER).pid == broker


@needs_injection
@pytest.mark.parametrize("name", ["write-error", "sync-error"])
def test_after_an_error_of_the_disk_the_broker_ends_and_nothing_acknowledged_is_lost(
    stand: Stand, name: str
) -> None:
    cluster = stand.cluster
    failed = cluster.process(BROKER)
    with stand.talking() as load:
        fault = make(name, cluster, Random(3))
        with fault.applied():
            until(lambda: not failed.runs, "the end of the broker")
            load.stands_still()
        load.goes_on()
    assert failed.popen.returncode == 1
    assert "stopped, nothing acknowledged is lost" in failed.complained()
    assert cluster.ends.unplanned == []
    assert cluster.process(BROKER).pid != failed.pid


@needs_injection
def test_where_nobody_writes_an_injected_error_hits_nobody(stand: Stand) -> None:
    cluster = stand.cluster
    broker = cluster.process(BROKER)
    with make("write-error", cluster, Random(3)).applied():
        pass
    assert not broker.planned or broker is not cluster.process(BROKER)
    with stand.talking():
        pass


@needs_injection
def test_a_process_that_is_gone_cannot_be_injected(stand: Stand) -> None:
    with pytest.raises(OSError, match="could not attach"):
        Injection(1 << 22, ["write"], "EIO", "1", [])


class Terminal:
    """The terminal client, as faults see it."""

    name = "terminal"

    def __init__(self, chat: Chat, folder: Path) -> None:
        self.chat = chat
        self.folder = folder

    @property
    def pid(self) -> int:
        return self.chat.pid

    def kill(self) -> None:
        raise NotImplementedError

    def restart(self) -> None:
        raise NotImplementedError


@needs_small_disk
def test_a_client_with_a_full_disk_says_so_and_goes_on_when_there_is_room(
    stand: Stand, tmp_path: Path
) -> None:
    cluster = stand.cluster
    folder = tmp_path / "terminal"
    disk = cluster.small_disk("terminal", folder, 4)
    try:
        with circle() as bare, Chat(folder, cluster.link, "terminal") as chat:
            anna = stand.newcomer(bare, 0)
            room = anna.enter("small")
            chat.command(join="small")
            chat.until(lambda: "small" in chat.rooms)
            cluster.clients.append(Terminal(chat, folder))
            fault = make("full-disk-client", cluster, Random(3))
            with fault.applied():
                assert disk.free_bytes == 0
                for number in range(60):
                    anna.tell(room, f"{number} " + "ы" * 2_000)
            anna.tell(room, "there is room")
            chat.until(lambda: "there is room" in chat.rooms["small"].texts)
            seqs = chat.rooms["small"].seqs
            assert seqs == list(range(seqs[0], seqs[-1] + 1))
    finally:
        cluster.clients.clear()
        disk.close()
