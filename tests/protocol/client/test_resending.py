"""Bytes that the server lost, or never got, go once more before their message; or a plain no."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from protocol.client.happenings import (
    Acked,
    Discarded,
    Done,
    Failed,
    Fetched,
    Progress,
    Queued,
    Refused,
    Resumed,
)
from protocol.client.operations import OutboxRow
from protocol.client.resending import GoneError, attached, prepare_again
from protocol.codes import ErrorCode, EventKind
from protocol.items import encode_item
from tests.protocol.client.test_changes import pair, person, said
from tests.protocol.client.test_client import Person
from tests.server import Server

__all__ = ["pair", "person"]

DATA = b"what was written" * 100
SHA256 = hashlib.sha256(DATA).digest()
FILE = {"name": "notes.txt", "media": "text/plain", "size": len(DATA), "sha256": SHA256}


def row(kind: EventKind = EventKind.FILE, **body: Any) -> OutboxRow:
    code = int(ErrorCode.NO_BLOB)
    return OutboxRow(b"r" * 16, b"e" * 8, 1, encode_item(kind, body or FILE), code, "sha256", "no")


def test_the_bytes_are_those_of_the_digest(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(DATA)
    asked: list[bytes] = []
    resent = prepare_again(row(), lambda sha256: asked.append(sha256) or kept)  # type: ignore[func-returns-value]
    assert asked == [SHA256]
    assert (resent.content.sha256, resent.content.data) == (SHA256, DATA)


@pytest.mark.parametrize("data", [None, DATA[:-1], DATA[:-1] + b"X"])
def test_what_is_gone_or_another_one_is_not_sent(tmp_path: Path, data: bytes | None) -> None:
    kept = tmp_path / "kept"
    if data is not None:
        kept.write_bytes(data)
    with pytest.raises(GoneError, match=r"notes\.txt is not on this device any more") as error:
        prepare_again(row(), lambda _: kept)
    assert "\n" not in str(error.value) and str(tmp_path) not in str(error.value)


def test_only_pictures_and_files_hold_bytes() -> None:
    assert attached(row(EventKind.TEXT, text="hello")) is None
    assert attached(row()) is not None
    assert attached(OutboxRow(b"r" * 16, b"e" * 8, 1, b"\xff", 18, "", "")) is None


# --- with a server ---------------------------------------------------------------------


def lose_the_bytes_once(nora: Person) -> None:
    """The next file is said although its bytes never reach the server."""
    courier, parcels = nora.client._network.courier, nora.client._network.parcels

    def forget(request: int, parcel: Any) -> None:
        parcels.use(courier.send)
        courier._gallery.keep(parcel.content.sha256, parcel.content.data)
        parcels.carried(request, parcel)

    parcels.use(forget)


def refused(nora: Person, folder: Path) -> int:
    """Send a file whose bytes the server does not get; return the ``n`` of its message."""
    path = folder / "notes.txt"
    path.write_bytes(DATA)
    nora.client.send_file(nora.general, path, "read this")
    one = nora.wait(Refused)
    assert one.code == ErrorCode.NO_BLOB
    path.unlink()
    return one.n


def test_the_bytes_go_first_and_then_the_message(
    pair: tuple[Server, Person, Person], tmp_path: Path
) -> None:
    _, nora, omar = pair
    lose_the_bytes_once(nora)
    n = refused(nora, tmp_path)
    request = nora.client.retry(nora.general, n)
    again = nora.client.retry(nora.general, n)
    resumed = nora.wait(Resumed)
    assert (resumed.request, resumed.name, resumed.kind) == (request, "notes.txt", EventKind.FILE)
    nora.wait(Discarded, lambda one: one.n == n)
    queued = nora.wait(Queued)
    assert (queued.request, queued.body["caption"]) == (request, "read this")
    assert any(one.request == again for one in nora.of(Done) + nora.of(Failed))
    nora.wait(Acked)
    assert [one for one in nora.of(Progress) if one.request == request and one.up]
    message = said(omar, EventKind.FILE)
    assert message.body["sha256"] == SHA256
    omar.client.fetch(omar.general, SHA256, len(DATA))
    assert omar.wait(Fetched).path.read_bytes() == DATA


def test_where_the_bytes_are_gone_it_stays_refused_and_says_so(
    pair: tuple[Server, Person, Person], tmp_path: Path
) -> None:
    _, nora, _ = pair
    lose_the_bytes_once(nora)
    n = refused(nora, tmp_path)
    (nora.profile.pictures / SHA256.hex()).unlink()
    for _ in range(2):
        request = nora.client.retry(nora.general, n)
        failed = nora.wait(Failed, lambda one, at=request: one.request == at)  # type: ignore[misc]
        assert failed.code == ErrorCode.NO_BLOB and "notes.txt" in failed.text
    assert not nora.of(Discarded)
    nora.client.discard(nora.general, n)
    assert nora.wait(Discarded).n == n


def test_the_server_is_killed_between_the_upload_and_the_message(
    pair: tuple[Server, Person, Person], tmp_path: Path
) -> None:
    one, nora, omar = pair
    parcels = nora.client._network.parcels
    said_it = parcels.carried

    def kill_first(request: int, parcel: Any) -> None:
        one.kill_broker()
        said_it(request, parcel)

    parcels.carried = kill_first  # type: ignore[method-assign]
    path = tmp_path / "notes.txt"
    path.write_bytes(DATA)
    nora.client.send_file(nora.general, path, "read this")
    nora.wait(Queued)
    one.restart_broker()
    message = said(omar, EventKind.FILE)
    assert (message.body["sha256"], message.body["caption"]) == (SHA256, "read this")
    nora.wait(Acked)
    assert not nora.of(Refused)
    omar.client.fetch(omar.general, SHA256, len(DATA))
    assert omar.wait(Fetched).path.read_bytes() == DATA
