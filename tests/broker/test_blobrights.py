"""Whose message may name which blob, over a real journal and real files."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker import blobrights
from broker.blobrights import BlobRights
from broker.blobs import BlobStore, Uploader
from broker.directory import Device
from broker.journal import BlobRow
from tests.broker.stand import Stand

DATA = b"a picture"
SHA256 = hashlib.sha256(DATA).digest()
SIZE = len(DATA)

Asks = Callable[[Device], bool]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    one = Stand(tmp_path)
    one.enrol(1, "ann")
    one.enrol(2, "bob")
    with one.drain() as batch:
        (general,) = one.directory.rooms.values()
        one.directory.join(general, one.person(2), batch)
    yield one
    one.close()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def asks(stand: Stand, store: BlobStore, size: int = SIZE) -> Asks:
    rights = BlobRights(stand.journal, store)
    return lambda device: rights.may_name(device.person, device, SHA256, size)


def post_in_general(stand: Stand) -> None:
    with stand.drain() as batch:
        batch.blobs.append(BlobRow(next(iter(stand.directory.rooms.values())).no, SHA256, SIZE))


def test_who_sent_it_and_who_is_in_a_room_where_it_was_posted(
    stand: Stand, store: BlobStore
) -> None:
    ann, bob = stand.device(1), stand.device(2)
    may = asks(stand, store)
    assert not may(ann)
    store.write(SHA256, Uploader(ann.person.no, ann.key), SIZE, 0, DATA)
    assert may(ann) and not may(bob)
    assert not asks(stand, store, SIZE + 1)(ann)
    post_in_general(stand)
    assert may(bob)
    with stand.drain() as batch:
        stand.directory.leave(next(iter(bob.person.rooms.values())), bob.person, batch)
    assert may(ann) and not may(bob)


def test_what_was_posted_but_is_not_stored_may_not_be_named(stand: Stand, store: BlobStore) -> None:
    post_in_general(stand)
    assert not asks(stand, store)(stand.device(2))


def test_a_damaged_row_does_not_count(
    stand: Stand, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobrights.log, "propagate", False)  # an error on purpose
    ann, bob = stand.device(1), stand.device(2)
    store.write(SHA256, Uploader(ann.person.no, ann.key), SIZE, 0, DATA)
    post_in_general(stand)
    assert asks(stand, store)(bob)
    stand.journal._db.execute("UPDATE blob SET size = size + 1")
    assert not asks(stand, store)(bob)
    assert asks(stand, store)(ann)
