"""The simulated store against the real one: the same transactions, the same answers."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from protocol.client.operations import Operation, Snapshot
from protocol.client.store import Store
from protocol.errors import SetupError
from tests.faults.simulation.clientprocess import ClientProcess
from tests.faults.simulation.store import MemoryStore
from tests.faults.simulation.story import Story
from tests.faults.simulation.world import Types

_SEEDS = (3, 14, 77, 300)


class Recording(MemoryStore):
    """Remembers what it was told."""

    def __init__(self, outbox_epoch: bytes) -> None:
        super().__init__(outbox_epoch)
        self.told: list[list[Operation]] = []

    def apply(self, operations: Sequence[Operation]) -> None:
        super().apply(operations)
        self.told.append(list(operations))


class RecordedClient(ClientProcess):
    """Stands on a store that remembers."""

    def __init__(self, *parts: object) -> None:
        super().__init__(*parts)  # type: ignore[arg-type]
        self.store: MemoryStore = Recording(self.store.snapshot().outbox_epoch)


def _comparable(snapshot: Snapshot) -> dict[str, object]:
    return {
        "me": (snapshot.person, snapshot.nick, snapshot.server),
        "addresses": snapshot.addresses,
        "rooms": snapshot.rooms,
        "outbox": snapshot.outbox,
        "counters": snapshot.counters,
        "people": {row.person: row for row in snapshot.people},
    }


@pytest.mark.parametrize("seed", _SEEDS)
def test_both_stores_hold_the_same(seed: int, tmp_path: Path) -> None:
    story = Story(seed, types=Types(client=RecordedClient))
    story.run()
    for client in story.world.clients:
        memory = client.store
        assert isinstance(memory, Recording)
        store = Store(tmp_path / f"{client.name}.sqlite3")
        try:
            for number, operations in enumerate(memory.told):
                store.apply(operations)
                if number % 10 == 0:
                    while store.tidy():
                        pass
            assert _comparable(store.snapshot()) == _comparable(memory.snapshot())
            for room, held in memory.rooms.items():
                events = [held.events[seq] for seq in sorted(held.events)]
                assert store.events(room, -1, 1 << 40, 1 << 20) == events
        finally:
            store.close()


def test_a_transaction_that_fails_changes_nothing() -> None:
    story = Story(_SEEDS[0], types=Types(client=RecordedClient))
    story.run()
    memory = story.world.clients[0].store
    assert isinstance(memory, Recording)
    operations = next(one for one in memory.told if one)
    fresh = MemoryStore(b"12345678")
    fresh.failing = 2
    before = fresh.snapshot()
    for _ in range(2):
        with pytest.raises(SetupError):
            fresh.apply(operations)
        assert fresh.snapshot() == before
    fresh.apply(operations)
    assert fresh.snapshot() != before
