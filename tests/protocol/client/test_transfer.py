"""Pictures on the way: windows, resumption, checks, and a network that loses everything."""

import hashlib
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.client.bulk import IDLE_MS, SILENCE_MS, BulkSession
from protocol.client.happenings import Failed, Progress
from protocol.client.transfer import RANGES_MAX, Download, Upload
from protocol.codes import ErrorCode
from protocol.errors import WireError
from protocol.frames import (
    BlobChunk,
    BlobData,
    BlobGet,
    BlobHave,
    BlobPut,
    Error,
    Hello,
    Welcome,
    decode,
    encode,
)
from protocol.limits import BLOB_RANGE_MAX_BYTES, CHUNK_MAX_BYTES, UPLOAD_WINDOW_CHUNKS

ROOM = b"r" * 16
DATA = Random(5).randbytes(CHUNK_MAX_BYTES * 20 + 123)
SHA = hashlib.sha256(DATA).digest()
WELCOME = Welcome(b"p" * 8, "nick", b"E" * 16, 1, "model", [], [], 15_000)


def download(have: int = 0, data: bytes = DATA) -> Download:
    return Download(ROOM, SHA, len(data), have, hashlib.sha256(data[:have]))


def drain(transfer: Upload | Download, first: int = 1) -> list[Any]:
    frames: list[Any] = []
    while (frame := transfer.due(first + len(frames))) is not None:
        frames.append(frame)
    return frames


def test_an_upload_asks_then_keeps_its_window() -> None:
    upload = Upload(SHA, DATA)
    assert drain(upload) == [BlobPut(1, SHA, len(DATA))]
    upload.take(BlobHave(1, SHA, len(DATA), 0))
    chunks = drain(upload)
    assert len(chunks) == UPLOAD_WINDOW_CHUNKS
    upload.take(BlobHave(1, SHA, len(DATA), CHUNK_MAX_BYTES))
    (more,) = drain(upload)
    assert more.offset == CHUNK_MAX_BYTES * UPLOAD_WINDOW_CHUNKS


def test_an_upload_goes_on_where_the_server_is() -> None:
    upload = Upload(SHA, DATA)
    drain(upload)
    upload.take(BlobHave(1, SHA, len(DATA), 100))
    assert drain(upload)[0].offset == 100
    upload.begin()
    assert drain(upload, 9) == [BlobPut(9, SHA, len(DATA))]
    assert not upload.knows(1)
    upload.take(BlobHave(9, SHA, len(DATA), len(DATA)))
    assert upload.finished and drain(upload) == []


def test_an_upload_whose_first_chunk_was_lost_starts_over_by_itself() -> None:
    upload = Upload(SHA, DATA[: CHUNK_MAX_BYTES * 3])
    size = upload.size
    drain(upload)
    upload.take(BlobHave(1, SHA, size, 0))
    assert len(drain(upload)) == 3
    for _ in range(3):
        upload.take(BlobHave(1, SHA, size, 0))
    assert [one.offset for one in drain(upload)] == [0, CHUNK_MAX_BYTES, 2 * CHUNK_MAX_BYTES]


def test_a_download_asks_for_two_ranges_and_hands_over_in_order() -> None:
    fetch = download()
    first, second = drain(fetch)
    assert (first.offset, first.length) == (0, BLOB_RANGE_MAX_BYTES)
    assert second.offset == BLOB_RANGE_MAX_BYTES
    fetch.take(BlobData(2, SHA, len(DATA), second.offset, DATA[second.offset :][:1000]))
    assert fetch.written() == b"" and fetch.done == 0
    at = 0
    while at < BLOB_RANGE_MAX_BYTES:
        fetch.take(BlobData(1, SHA, len(DATA), at, DATA[at : at + CHUNK_MAX_BYTES]))
        at += CHUNK_MAX_BYTES
    assert fetch.written() == DATA[: BLOB_RANGE_MAX_BYTES + 1000]
    assert len(drain(fetch, 3)) == 1 and RANGES_MAX == 2


def test_a_download_goes_on_where_the_file_ends() -> None:
    fetch = download(have=5_000)
    (first, *_) = drain(fetch)
    assert first.offset == 5_000
    fetch.begin()
    assert drain(fetch, 7)[0] == first._replace(request=7)


def test_a_download_asks_again_for_what_was_dropped_on_the_way() -> None:
    fetch = download()
    drain(fetch)
    fetch.take(BlobData(1, SHA, len(DATA), 0, DATA[:100]))
    assert not fetch.take(BlobData(1, SHA, len(DATA), 200, DATA[200:300]))
    assert fetch.done == 100 and not fetch.knows(1)
    assert drain(fetch, 5)[0].offset == 100


@pytest.mark.parametrize(
    "answer",
    [
        BlobData(1, SHA, len(DATA), BLOB_RANGE_MAX_BYTES, b"x"),
        BlobData(1, SHA, len(DATA) + 1, 0, b"x"),
        BlobData(1, b"0" * 32, len(DATA), 0, b"x"),
        BlobHave(1, SHA, len(DATA), 0),
    ],
)
def test_a_wrong_answer_ends_a_download(answer: Any) -> None:
    fetch = download()
    drain(fetch)
    with pytest.raises(WireError):
        fetch.take(answer)


class Bench:
    """A bulk session with a server that stores and serves one blob."""

    def __init__(self, seed: int = 1) -> None:
        self.now = 1_000
        self.random = Random(seed)
        self.bulk = BulkSession("model", "nick", None, self.random)
        self.told: list[Any] = []
        self.ended: list[Any] = []
        self.got = b""
        self.stored = b""
        self.drop: Any = None

    def connect(self) -> None:
        self.bulk.connected(self.now)
        self.give(WELCOME)

    def give(self, *frames: Any) -> list[Any]:
        for frame in frames:
            self.bulk.received(encode(frame), self.now)
        return self.step()

    def step(self, later_ms: int = 0) -> list[Any]:
        self.now += later_ms
        self.bulk.tick(self.now)
        out = self.bulk.take()
        self.told += out.told
        self.ended += out.ended
        self.drop = out.drop or self.drop
        for job in out.moved:
            if isinstance(job.transfer, Download):
                self.got += job.transfer.written()
        return [decode(one) for one in out.frames]

    def answer(self, frame: Any) -> list[Any]:
        """Answer as the broker's reader does."""
        if isinstance(frame, BlobPut):
            return [BlobHave(frame.request, SHA, frame.size, len(self.stored))]
        if isinstance(frame, BlobChunk):
            if frame.offset == len(self.stored):
                self.stored += frame.data
            return [BlobHave(frame.request, SHA, frame.size, len(self.stored))]
        if isinstance(frame, BlobGet):
            end = frame.offset + frame.length
            return [
                BlobData(frame.request, SHA, len(DATA), at, DATA[at : min(at + 40_000, end)])
                for at in range(frame.offset, end, 40_000)
            ]
        return []


def test_a_connection_is_wanted_only_for_work_and_a_while_after() -> None:
    bench = Bench()
    assert not bench.bulk.wanted(bench.now)
    bench.bulk.add(1, Upload(SHA, DATA))
    assert bench.bulk.wanted(bench.now)
    bench.bulk.connected(bench.now)
    assert isinstance(bench.step()[0], Hello)
    bench.give(WELCOME)
    bench.bulk.cancel(1)
    bench.step()
    assert of(bench.told, Failed)[0].text == "cancelled"
    assert bench.bulk.wanted(bench.now + IDLE_MS - 1)
    assert not bench.bulk.wanted(bench.now + IDLE_MS)


def of(told: list[Any], kind: type[Any]) -> list[Any]:
    return [one for one in told if isinstance(one, kind)]


def test_the_same_picture_is_fetched_once_for_all_who_ask() -> None:
    bench = Bench()
    bench.bulk.add(1, download())
    bench.bulk.add(2, download())
    bench.bulk.cancel(1)
    bench.connect()
    assert len(bench.bulk.jobs) == 1 and bench.bulk.jobs[0].requests == [2]


def test_an_error_ends_one_transfer_and_busy_only_holds_it() -> None:
    bench = Bench()
    bench.bulk.add(1, download())
    bench.bulk.add(2, Upload(SHA, DATA))
    bench.bulk.connected(bench.now)
    bench.step()
    frames = bench.give(WELCOME)
    get = next(one for one in frames if isinstance(one, BlobGet))
    put = next(one for one in frames if isinstance(one, BlobPut))
    assert bench.give(Error(ErrorCode.BUSY, "", "later", 40, put.request)) == []
    bench.give(Error(ErrorCode.NO_BLOB, "sha256", "gone", 43, get.request))
    assert [(one.request, one.code) for one in of(bench.told, Failed)] == [(1, ErrorCode.NO_BLOB)]
    again = bench.step(2_000)
    assert isinstance(again[0], BlobPut) and again[0].request != put.request


def test_silence_makes_a_new_connection_and_a_lost_session_a_new_greeting() -> None:
    bench = Bench()
    bench.bulk.add(1, download())
    bench.connect()
    frames = bench.give(Error(ErrorCode.NO_SESSION, "", "say HELLO", 0, 0))
    assert isinstance(frames[0], Hello)
    assert isinstance(bench.give(WELCOME)[0], BlobGet)
    bench.step(SILENCE_MS)
    assert bench.drop is not None


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), up=st.booleans())
def test_over_a_bad_network_every_byte_arrives(seed: int, up: bool) -> None:
    bench = Bench(seed)
    random = bench.random
    bench.bulk.add(1, Upload(SHA, DATA) if up else download())
    wire: list[Any] = []
    for _ in range(5_000):
        bench.now += random.choice([1, 20, 300])
        if not bench.bulk.connected_now:
            wire.clear()
            bench.drop = None
            bench.bulk.connected(bench.now)
            wire += bench.step()
            continue
        if random.random() < 0.02 or bench.drop is not None:
            bench.bulk.disconnected()
            continue
        answers: list[Any] = []
        for _ in range(min(len(wire), random.randint(0, 4))):
            frame = wire.pop(0)
            if isinstance(frame, Hello):
                answers.append(WELCOME)
            elif random.random() < 0.02:
                answers.append(Error(ErrorCode.BUSY, "", "later", 40, frame[0]))
            else:
                answers += self_answers(bench, frame, random)
        wire += bench.give(*answers)
        if bench.ended:
            break
    assert bench.ended, "it comes to an end"
    assert (bench.stored if up else bench.got) == DATA
    if not up:
        assert bench.ended[0].transfer.right
    done = [one.done for one in of(bench.told, Progress)]
    assert done[-1] == len(DATA)


def self_answers(bench: Bench, frame: Any, random: Random) -> list[Any]:
    """Answer, now and then losing a part of it."""
    answers = bench.answer(frame)
    if random.random() < 0.02:
        return [one for one in answers if random.random() < 0.5]
    return answers
