"""The blob store, on real files."""

import errno
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.blobs import PART_KEPT_S, PART_KEPT_TIGHT_S, BlobStore, Uploader
from protocol.codes import ErrorCode
from protocol.errors import SetupError, WireError
from protocol.limits import BLOB_MAX_BYTES, UPLOADS_PER_PERSON_MAX

DEVICE = Uploader(1, b"D" * 32)
OTHER = Uploader(2, b"E" * 32)


def picture(size: int, seed: int = 0) -> tuple[bytes, bytes]:
    """Bytes, and their SHA-256."""
    block = hashlib.sha256(b"%d" % seed).digest()
    data = (block * (size // 32 + 1))[:size]
    return data, hashlib.sha256(data).digest()


def upload(store: BlobStore, data: bytes, uploader: Uploader = DEVICE, step: int = 700) -> int:
    """Send all bytes the way a client does; return the last answer."""
    sha256 = hashlib.sha256(data).digest()
    offset = store.have(sha256, uploader, len(data))
    while offset < len(data):
        offset = store.write(sha256, uploader, len(data), offset, data[offset : offset + step])
    return offset


def files(folder: Path) -> dict[str, bytes]:
    """What is stored or under way."""
    return {
        str(path.relative_to(folder).as_posix()): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "uploaders"
    }


def refusal(call: Callable[..., Any], *args: Any) -> WireError:
    with pytest.raises(WireError) as caught:
        call(*args)
    return caught.value


def test_a_blob_is_stored_by_its_content_once(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(2_000)
    assert store.have(sha256, DEVICE, 2_000) == 0
    assert not store.stored(sha256, 2_000)
    assert upload(store, data) == 2_000
    assert store.stored(sha256, 2_000)
    assert not store.stored(sha256, 1_999)
    name = sha256.hex()
    assert files(tmp_path) == {f"{name[:2]}/{name}": data}
    assert store.used_bytes == 2_000
    assert store.have(sha256, DEVICE, 2_000) == 2_000
    assert store.write(sha256, DEVICE, 2_000, 0, data) == 2_000
    assert upload(store, data, OTHER) == 2_000
    assert files(tmp_path) == {f"{name[:2]}/{name}": data}
    assert store.used_bytes == 2_000
    if os.name == "posix":
        for path in tmp_path.rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path


def test_reading_ranges(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    assert refusal(store.read, sha256, 0, 10).code is ErrorCode.NO_BLOB
    upload(store, data)
    assert store.read(sha256, 0, 400) == (1_000, data[:400])
    assert store.read(sha256, 990, 400) == (1_000, data[990:])
    assert refusal(store.read, sha256, 1_000, 1).field == "offset"
    assert refusal(store.read, sha256, -1, 1).field == "offset"


def test_a_chunk_counts_only_at_the_current_offset(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    write = store.write
    assert write(sha256, DEVICE, 1_000, 100, data[100:200]) == 0
    assert files(tmp_path) == {}
    assert write(sha256, DEVICE, 1_000, 0, data[:300]) == 300
    assert write(sha256, DEVICE, 1_000, 0, data[:300]) == 300
    assert write(sha256, DEVICE, 1_000, 299, data[299:400]) == 300
    assert write(sha256, DEVICE, 1_000, 301, data[301:400]) == 300
    assert write(sha256, DEVICE, 1_000, 300, data[300:900]) == 900
    assert write(sha256, DEVICE, 1_000, 900, data[900:]) == 1_000
    assert store.read(sha256, 0, 1_000) == (1_000, data)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    size=st.integers(1, 60),
    chunks=st.lists(st.tuples(st.booleans(), st.integers(0, 70), st.integers(0, 40)), max_size=25),
    restarts=st.sets(st.integers(0, 25)),
    seed=st.integers(0, 2**60),
)
def test_any_order_of_chunks_and_restarts_gives_the_blob_or_nothing(
    tmp_path: Path,
    size: int,
    chunks: list[tuple[bool, int, int]],
    restarts: set[int],
    seed: int,
) -> None:
    data, sha256 = picture(size, seed)
    store = BlobStore(tmp_path)
    offset = store.have(sha256, DEVICE, size)
    for index, (right, start, length) in enumerate(chunks):
        if index in restarts:
            store = BlobStore(tmp_path)
            assert store.have(sha256, DEVICE, size) == offset
        start = offset if right else start
        piece = data[start : start + length]
        if start + len(piece) > size:
            assert refusal(store.write, sha256, DEVICE, size, start, piece).field == "data"
        else:
            took = len(piece) if start == offset else 0
            offset += 0 if offset == size else took
            assert store.write(sha256, DEVICE, size, start, piece) == offset
        assert store.stored(sha256, size) == (offset == size)
    assert upload(store, data, step=7) == size
    assert store.read(sha256, 0, size) == (size, data)


def test_going_on_after_a_restart(tmp_path: Path) -> None:
    data, sha256 = picture(1_000)
    store = BlobStore(tmp_path)
    store.write(sha256, DEVICE, 1_000, 0, data[:400])
    used = store.used_bytes
    store = BlobStore(tmp_path)
    assert store.used_bytes == used == 1_000
    assert store.have(sha256, DEVICE, 1_000) == 400
    assert store.have(sha256, OTHER, 1_000) == 0
    assert upload(store, data) == 1_000
    store = BlobStore(tmp_path)
    assert store.used_bytes == 1_000
    assert store.have(sha256, DEVICE, 1_000) == 1_000
    assert list((tmp_path / "parts").iterdir()) == []


def test_bytes_that_are_not_those_of_the_name_are_dropped(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    store.write(sha256, DEVICE, 1_000, 0, data[:500])
    error = refusal(store.write, sha256, DEVICE, 1_000, 500, bytes(500))
    assert error.code is ErrorCode.BLOB_MISMATCH
    assert files(tmp_path) == {}
    assert store.used_bytes == 0
    assert not store.stored(sha256, 1_000)
    assert upload(store, data) == 1_000
    # Another size is that of another content.
    assert store.have(sha256, DEVICE, 999) == 0
    error = refusal(store.write, sha256, DEVICE, 999, 0, data[:999])
    assert error.code is ErrorCode.BLOB_MISMATCH
    assert store.read(sha256, 0, 1_000) == (1_000, data)


def test_a_part_that_a_crash_spoilt_starts_over(tmp_path: Path) -> None:
    data, sha256 = picture(1_000)
    BlobStore(tmp_path).write(sha256, DEVICE, 1_000, 0, data[:500])
    (part,) = (tmp_path / "parts").iterdir()
    part.write_bytes(bytes(500))
    store = BlobStore(tmp_path)
    assert store.write(sha256, DEVICE, 1_000, 500, data[500:]) == 0
    assert upload(store, data) == 1_000


def test_a_part_that_vanished_starts_over(tmp_path: Path) -> None:
    data, sha256 = picture(1_000)
    store = BlobStore(tmp_path)
    store.write(sha256, DEVICE, 1_000, 0, data[:500])
    (part,) = (tmp_path / "parts").iterdir()
    part.unlink()
    with pytest.raises(OSError, match="shrunk"):
        store.write(sha256, DEVICE, 1_000, 500, data[500:])
    assert not store.stored(sha256, 1_000)
    assert upload(store, data) == 1_000


def test_who_only_knows_a_hash_learns_nothing(tmp_path: Path) -> None:
    """Whatever they ask, the answers are those of a store in which the blob is not."""
    store, empty = BlobStore(tmp_path / "full"), BlobStore(tmp_path / "empty")
    data, sha256 = picture(1_000)
    upload(store, data)
    store.write(sha256, Uploader(1, b"F" * 32), 1_000, 0, data[:500])
    for one in (store, empty):
        assert not one.uploaded(sha256, OTHER.device)
        for size in (1_000, 999):
            assert one.have(sha256, OTHER, size) == 0
            assert one.due_bytes(sha256, OTHER, size) == size
            assert one.write(sha256, OTHER, size, 0, b"") == 0
            assert one.write(sha256, OTHER, size, 500, data[500:size]) == 0
        for guess in (bytes(1_000), data[:999] + b"?"):
            error = refusal(one.write, sha256, OTHER, 1_000, 0, guess)
            assert error.code is ErrorCode.BLOB_MISMATCH
        assert not one.uploaded(sha256, OTHER.device)
    assert store.read(sha256, 0, 1_000) == (1_000, data)
    assert upload(store, data, OTHER) == 1_000
    assert store.uploaded(sha256, OTHER.device)


def test_who_has_sent_the_bytes_is_known_after_a_restart(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    assert not store.uploaded(sha256, DEVICE.device)
    store.write(sha256, DEVICE, 1_000, 0, data[:999])
    assert not store.uploaded(sha256, DEVICE.device)
    upload(store, data)
    for _ in range(2):
        assert store.uploaded(sha256, DEVICE.device)
        assert not store.uploaded(sha256, OTHER.device)
        assert store.have(sha256, DEVICE, 1_000) == 1_000
        store = BlobStore(tmp_path)


def test_bytes_that_are_lost_are_taken_again(tmp_path: Path) -> None:
    """Of a blob that vanished or shrank, whoever has sent it before."""
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    upload(store, data)
    path = tmp_path / sha256.hex()[:2] / sha256.hex()
    path.write_bytes(data[:300])
    assert store.have(sha256, DEVICE, 1_000) == 0
    assert upload(store, data) == 1_000
    assert store.read(sha256, 0, 1_000) == (1_000, data)


def test_the_faster_of_two_devices_stores(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    store.write(sha256, DEVICE, 1_000, 0, data[:500])
    store.write(sha256, OTHER, 1_000, 0, data[:100])
    assert store.used_bytes == 2_000
    assert store.write(sha256, DEVICE, 1_000, 500, data[500:]) == 1_000
    assert store.write(sha256, OTHER, 1_000, 100, data[100:200]) == 200
    assert upload(store, data, OTHER) == 1_000
    assert store.used_bytes == 1_000
    assert list((tmp_path / "parts").iterdir()) == []


def test_quota_counts_what_is_stored_and_what_was_begun(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota_bytes=2_500)
    first, _ = picture(1_000, 1)
    second, sha_second = picture(1_000, 2)
    third, sha_third = picture(1_000, 3)
    upload(store, first)
    store.write(sha_second, DEVICE, 1_000, 0, second[:10])
    assert refusal(store.have, sha_third, DEVICE, 1_000).code is ErrorCode.QUOTA
    error = refusal(store.write, sha_third, DEVICE, 1_000, 0, third[:10])
    assert error.code is ErrorCode.QUOTA
    assert refusal(BlobStore(tmp_path, 2_500).have, sha_third, DEVICE, 1_000).code is (
        ErrorCode.QUOTA
    )
    # What was begun may end.
    assert upload(store, second) == 1_000
    assert upload(store, picture(500, 4)[0]) == 500
    assert refusal(store.have, sha_third, DEVICE, 1).code is ErrorCode.QUOTA


def test_all_of_an_upload_is_paid_for_at_its_first_byte(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    wrong = hashlib.sha256(b"other").digest()
    assert store.due_bytes(sha256, DEVICE, 1_000) == 1_000
    store.have(sha256, DEVICE, 1_000)
    store.write(sha256, DEVICE, 1_000, 5, data[5:9])
    assert store.take_charges() == []
    store.write(sha256, DEVICE, 1_000, 0, data[:1])
    assert store.take_charges() == [(1, 1_000)]
    assert store.due_bytes(sha256, DEVICE, 1_000) == 0
    # What was begun before a restart is paid for by who goes on with it.
    store = BlobStore(tmp_path)
    assert store.due_bytes(sha256, DEVICE, 1_000) == 999
    upload(store, data)
    assert store.take_charges() == [(1, 999)]
    assert store.due_bytes(sha256, DEVICE, 1_000) == 0
    upload(store, data)
    assert store.take_charges() == []
    # Who sends other bytes has sent them.
    refusal(store.write, wrong, OTHER, 1_000, 0, data)
    assert store.take_charges() == [(2, 1_000)]


def test_what_never_came_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(tmp_path, quota_bytes=2_000)
    store.write(picture(1_500, 1)[1], DEVICE, 1_500, 0, bytes(300))
    second, sha_second = picture(1_000, 2)
    now_s = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: now_s + PART_KEPT_TIGHT_S - 60)
        assert refusal(store.have, sha_second, OTHER, 1_000).code is ErrorCode.QUOTA
    assert store.take_charges() == [(1, 1_500)]
    # After an hour it goes, because its place is needed; and what never came with it.
    monkeypatch.setattr(time, "time", lambda: now_s + PART_KEPT_TIGHT_S + 60)
    assert upload(store, second, OTHER) == 1_000
    assert store.take_charges() == [(1, -1_200), (2, 1_000)]
    assert store.used_bytes == 1_000
    assert list((tmp_path / "parts").iterdir()) == []


def test_a_person_has_few_unfinished_uploads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BlobStore(tmp_path)
    pictures = [picture(100, seed) for seed in range(UPLOADS_PER_PERSON_MAX + 1)]
    for number, (data, sha256) in enumerate(pictures[:-1]):
        device = DEVICE._replace(device=b"%032d" % (number % 4))
        assert store.write(sha256, device, 100, 0, data[:50]) == 50
    data, sha256 = pictures[-1]
    assert refusal(store.have, sha256, DEVICE, 100).code is ErrorCode.TOO_MANY
    assert refusal(store.write, sha256, DEVICE, 100, 0, data).code is ErrorCode.TOO_MANY
    assert upload(store, data, OTHER) == 100
    # Also after a restart; until one is finished, or an hour has passed.
    store = BlobStore(tmp_path)
    assert refusal(store.have, sha256, DEVICE, 100).code is ErrorCode.TOO_MANY
    assert upload(store, pictures[0][0], DEVICE._replace(device=b"%032d" % 0)) == 100
    assert upload(store, picture(100, 99)[0]) == 100
    assert store.write(sha256, DEVICE, 100, 0, data[:50]) == 50
    more, sha_more = picture(100, 98)
    assert refusal(store.have, sha_more, DEVICE, 100).code is ErrorCode.TOO_MANY
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + PART_KEPT_TIGHT_S + 60)
    assert upload(store, more) == 100
    assert list((tmp_path / "parts").iterdir()) == []


def test_old_and_foreign_parts_go_at_the_start(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    old, sha_old = picture(100, 1)
    new, sha_new = picture(100, 2)
    store.write(sha_old, DEVICE, 100, 0, old[:50])
    (part,) = (tmp_path / "parts").iterdir()
    past = time.time() - PART_KEPT_S - 60
    os.utime(part, (past, past))
    store.write(sha_new, DEVICE, 100, 0, new[:50])
    whole = tmp_path / "parts" / f"{picture(100, 3)[1].hex()}-{DEVICE.device[:8].hex()}-100-1"
    whole.write_bytes(picture(100, 3)[0])
    huge = tmp_path / "parts" / f"{sha_new.hex()}-{DEVICE.device[:8].hex()}-{BLOB_MAX_BYTES + 1}-1"
    huge.write_bytes(b"x")
    earlier = tmp_path / "parts" / f"{picture(100, 4)[1].hex()}-{DEVICE.device[:8].hex()}-100"
    earlier.write_bytes(b"x")  # of a version that did not write down the person
    store = BlobStore(tmp_path)
    assert store.have(sha_old, DEVICE, 100) == 0
    assert store.have(sha_new, DEVICE, 100) == 50
    assert store.have(picture(100, 3)[1], DEVICE, 100) == 0
    assert store.used_bytes == 100
    assert len(list((tmp_path / "parts").iterdir())) == 1


def test_names_are_checked(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    for bad in (b"", b"../../../etc/passwd", bytes(31), bytes(33)):
        assert refusal(store.have, bad, DEVICE, 5).field == "sha256"
        assert refusal(store.read, bad, 0, 5).field == "sha256"
        assert refusal(store.write, bad, DEVICE, 5, 0, b"12345").field == "sha256"
    for size in (0, -1, BLOB_MAX_BYTES + 1):
        assert refusal(store.have, bytes(32), DEVICE, size).field == "size"
    for offset, data in ((0, b"123456"), (3, b"123"), (-1, b"1"), (6, b"")):
        assert refusal(store.write, bytes(32), DEVICE, 5, offset, data).field == "data"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["blobs", "parts", "uploaders"]


@pytest.mark.parametrize("last", [False, True])
def test_a_full_disk_is_told_and_mends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    assert store.write(sha256, DEVICE, 1_000, 0, data[:400]) == 400
    end = 1_000 if last else 700

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        # The chunk's bytes are in the file, then the disk is full.
        patch.setattr(os, "fsync" if last else "fstat", full)
        error = refusal(store.write, sha256, DEVICE, 1_000, 400, data[400:end])
    assert error.code is ErrorCode.QUOTA
    assert "disk is full" in error.text
    assert not store.stored(sha256, 1_000)
    assert store.have(sha256, DEVICE, 1_000) == (0 if last else 400)
    assert upload(store, data) == 1_000
    assert store.used_bytes == 1_000


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems that limit the size of files")
def test_a_chunk_that_fits_in_part_is_cut_off_again(tmp_path: Path) -> None:
    import resource

    store = BlobStore(tmp_path)
    data, sha256 = picture(1_000)
    assert store.write(sha256, DEVICE, 1_000, 0, data[:400]) == 400
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
    try:
        error = refusal(store.write, sha256, DEVICE, 1_000, 400, data[400:900])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.code is ErrorCode.QUOTA
    (part,) = (tmp_path / "parts").iterdir()
    assert part.stat().st_size == 600
    assert store.have(sha256, DEVICE, 1_000) == 400
    assert store.write(sha256, DEVICE, 1_000, 400, data[400:410]) == 410
    assert part.stat().st_size == 410
    assert upload(store, data) == 1_000


def test_a_folder_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file is in the way")
    with pytest.raises(SetupError) as caught:
        BlobStore(tmp_path / "blobs")
    assert "\n" not in str(caught.value)


def test_stored_may_be_asked_from_another_thread(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    data, sha256 = picture(40_000)
    seen: list[bool] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            there = store.stored(sha256, 40_000)
            # A name appears with its whole content or not at all.
            if there:
                seen.append(store.read(sha256, 0, 40_000)[1] == data)
        seen.append(store.stored(sha256, 40_000))

    thread = threading.Thread(target=ask)
    thread.start()
    upload(store, data, step=500)
    done.set()
    thread.join()
    assert seen
    assert all(seen)
