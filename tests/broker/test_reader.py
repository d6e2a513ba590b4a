"""The reader over real CURVE sockets, with a real journal and real files behind it."""

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq
from zmq.utils.monitor import recv_monitor_message

from broker import reader as reader_module
from broker import transfers
from broker.blobs import BlobStore
from broker.journal import (
    Batch,
    BlobRow,
    BlockRow,
    DeviceRow,
    History,
    MemberRow,
    PersonRow,
    RoomRow,
    StandingRow,
)
from broker.journal import Page as HistoryPage
from broker.portions import HISTORY, PICTURES, UPLOADS, Portions
from broker.reader import Reader
from broker.sqlite_history import SqliteHistory
from broker.sqlite_journal import SqliteJournal
from protocol.backplane import decode_slot, encode_slot
from protocol.codes import ErrorCode, Kind, Role, RoomKind
from protocol.errors import DamagedError, JournalError, SetupError, WireError
from protocol.frames import (
    AnyFrame,
    BlobChunk,
    BlobData,
    BlobGet,
    BlobHave,
    BlobPut,
    Error,
    Page,
    Ping,
    Read,
    decode,
    encode,
)
from protocol.keys import KeyPair, make
from protocol.limits import (
    BLOB_MAX_BYTES,
    BLOB_RANGE_MAX_BYTES,
    CHUNK_MAX_BYTES,
    DEVICES_PER_PERSON_MAX,
    FRAME_MAX_BYTES,
    PAGE_MAX_BYTES,
    UPLOADS_PER_PERSON_MAX,
)
from protocol.sockets import Context, Socket, backend
from protocol.zap import ZapHandler

ROOM = b"R" * 16
EMPTY = b"E" * 16
FOREIGN = b"F" * 16
EPOCH = b"epoch-epoch-epoc"
DEVICE = b"D" * 32
DEADLINE_S = 30.0


class Zap:
    """Serves a context's ZAP handler in a thread, as the broker's main loop does."""

    def __init__(self, context: Context, allowed: bytes) -> None:
        self._context = context
        self._allowed = allowed
        self._bound = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._bound.wait(DEADLINE_S)

    def _serve(self) -> None:
        poller = zmq.Poller()
        zap = ZapHandler(self._context, lambda domain, key: key == self._allowed, poller)
        self._bound.set()
        while not self._done.is_set():
            poller.poll(20)
            zap.serve()
        zap.close()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


class Gated:
    """A history that can stop the reader's thread until the next message is at its socket."""

    def __init__(self, inner: History) -> None:
        self.inner = inner
        self.reader: Reader | None = None
        self.gates = 0
        """How many calls from now on wait."""
        self.waiting = threading.Event()
        self.fault: Exception | None = None
        self.pages: dict[int, HistoryPage] = {}
        """Pages to give instead, by ``max_bytes``."""

    def _wait(self) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        if self.gates and self.reader is not None:
            self.gates -= 1
            self.waiting.set()
            # This runs in the reader's thread, which owns the socket.
            assert self.reader._socket.poll(int(DEADLINE_S * 1_000))

    def read(
        self, room: bytes, after: int, before: int, limit: int, max_bytes: int
    ) -> HistoryPage | None:
        self._wait()
        if self.pages:
            return self.pages[max_bytes]
        return self.inner.read(room, after, before, limit, max_bytes)

    def at_once(self) -> AbstractContextManager[None]:
        return self.inner.at_once()

    def person_of(self, device: bytes) -> int | None:
        return self.inner.person_of(device)

    def is_member(self, person_no: int, room: bytes) -> bool:
        return self.inner.is_member(person_no, room)

    def has_blob(self, room: bytes, sha256: bytes) -> bool:
        self._wait()
        return self.inner.has_blob(room, sha256)

    def close(self) -> None:
        self.inner.close()


class Stage:
    """A reader with its journal, its blobs, and one gateway."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.path = folder / "journal"
        self.journal = SqliteJournal(self.path)
        stack.callback(self.journal.close)
        self.journal.take_over()
        self.blocks = [BlockRow(1, seq, seq + 1, seq, b"block %d" % seq) for seq in (1, 3, 5)]
        self.journal.append(
            Batch(
                people=[PersonRow(1, b"person-1", "ann", "ann")],
                devices=[DeviceRow(1, DEVICE, 1)],
                joined=[MemberRow(1, 1, 1), MemberRow(2, 1, 2)],
                rooms=[
                    RoomRow(1, ROOM, RoomKind.OPEN, "r", "r", 0, 0),
                    RoomRow(2, EMPTY, RoomKind.OPEN, "e", "e", 0, 0),
                    RoomRow(3, FOREIGN, RoomKind.PRIVATE, "f", "f", 0, 0),
                ],
                blocks=[*self.blocks, BlockRow(3, 1, 1, 1, b"a secret")],
            )
        )
        self.keys, self.gateway_keys = make(), make()
        self.context: Context = zmq.Context()
        stack.callback(self.context.destroy, 0)
        zap = Zap(self.context, self.gateway_keys.public)
        stack.callback(zap.stop)
        self.gated: Gated
        self.blobs = BlobStore(folder / "blobs")
        self.reader = self.another("tcp://127.0.0.1:*")
        self.reader.start()
        self.gated.reader = self.reader
        stack.callback(self.reader.stop)
        self.far: Context = zmq.Context()
        stack.callback(self.far.destroy, 0)
        self.dealer = self.connect(self.gateway_keys)
        stack.callback(self.dealer.close, 0)
        assert self.dealer.poll(int(DEADLINE_S * 1_000), zmq.POLLOUT)

    def another(self, endpoint: str) -> Reader:
        return Reader(self.context, self.keys, endpoint, self._open, self.blobs, EPOCH)

    def _open(self) -> History:
        self.gated = Gated(SqliteHistory(self.path))
        return self.gated

    def connect(self, keys: KeyPair) -> Socket:
        dealer = backend(self.far, keys, self.keys.public)
        dealer.connect(self.reader.endpoint)
        return dealer

    def send(self, frame: AnyFrame | bytes, slot: int = 7) -> None:
        data = frame if isinstance(frame, bytes) else encode(frame)
        self.dealer.send_multipart([encode_slot(slot), DEVICE, data])

    def answer(self) -> tuple[int, AnyFrame]:
        assert self.dealer.poll(int(DEADLINE_S * 1_000)), "no answer came"
        slot, data = self.dealer.recv_multipart()
        return decode_slot(slot), decode(data)

    def ask(self, frame: AnyFrame | bytes, slot: int = 7) -> AnyFrame:
        self.send(frame, slot)
        answered, answer = self.answer()
        assert answered == slot
        return answer

    def refused(self, frame: AnyFrame | bytes) -> Error:
        answer = self.ask(frame)
        assert isinstance(answer, Error)
        return answer

    def still_serves(self) -> None:
        answer = self.ask(Read(99, ROOM, 0, 0, 500), slot=99)
        assert answer == Page(99, ROOM, EPOCH, 6, False, [block.data for block in self.blocks])
        assert self.reader.alive

    def put(self, data: bytes) -> bytes:
        """Upload and post in ROOM; return the SHA-256."""
        sha256 = hashlib.sha256(data).digest()
        for offset in range(0, len(data), CHUNK_MAX_BYTES):
            piece = data[offset : offset + CHUNK_MAX_BYTES]
            answer = self.ask(BlobChunk(1, sha256, len(data), offset, piece))
            assert answer == BlobHave(1, sha256, len(data), offset + len(piece))
        self.journal.append(Batch(blobs=[BlobRow(1, sha256, len(data))]))
        return sha256


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack)


@pytest.fixture
def reader_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[logging.LogRecord]]:
    """What the reader logs, kept from the root: here errors are made on purpose."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.INFO)
    monkeypatch.setattr(handler, "emit", records.append)
    monkeypatch.setattr(reader_module.log, "propagate", False)
    reader_module.log.addHandler(handler)
    yield records
    reader_module.log.removeHandler(handler)


# --- history ------------------------------------------------------------------------------


def test_pages(stage: Stage) -> None:
    data = [block.data for block in stage.blocks]
    for read, page in (
        (Read(1, ROOM, 0, 0, 500), Page(1, ROOM, EPOCH, 6, False, data)),
        (Read(2, ROOM, 0, 0, 1), Page(2, ROOM, EPOCH, 6, True, data[:1])),
        (Read(3, ROOM, 4, 0, 500), Page(3, ROOM, EPOCH, 6, False, data[2:])),
        (Read(4, ROOM, 0, 7, 1), Page(4, ROOM, EPOCH, 6, True, data[2:])),
        (Read(5, ROOM, 0, 3, 9), Page(5, ROOM, EPOCH, 6, False, data[:1])),
        (Read(6, ROOM, 6, 0, 9), Page(6, ROOM, EPOCH, 6, False, [])),
        (Read(7, EMPTY, 0, 0, 9), Page(7, EMPTY, EPOCH, 0, False, [])),
    ):
        assert stage.ask(read, slot=read.request) == page
    stage.journal.append(Batch(blocks=[BlockRow(1, 7, 7, 9, b"fresh")]))
    assert stage.ask(Read(8, ROOM, 6, 0, 9)) == Page(8, ROOM, EPOCH, 7, False, [b"fresh"])
    assert stage.reader.counts() == {"reads": 8, "blob_frames": 0, "faults": 0, "dropped": 0}


@pytest.mark.parametrize("room", [b"X" * 16, FOREIGN])
def test_a_room_of_others_is_as_if_it_were_not_there(stage: Stage, room: bytes) -> None:
    stage.journal.append(Batch(blobs=[BlobRow(3, b"s" * 32, 5)]))
    error = stage.refused(Read(5, room, 0, 0, 9))
    assert (error.code, error.field, error.kind) == (ErrorCode.NOT_MEMBER, "room", Kind.READ)
    assert error.request == 5
    error = stage.refused(BlobGet(6, room, b"s" * 32, 0, 9))
    assert (error.code, error.field, error.kind) == (ErrorCode.NOT_MEMBER, "room", Kind.BLOB_GET)
    stage.still_serves()


def test_who_is_put_out_while_a_page_is_made_gets_it_as_it_was_before(stage: Stage) -> None:
    """Between the look at who is a member and the reading, the broker commits."""
    stage.gated.gates = 1
    stage.send(Read(5, ROOM, 0, 0, 500))
    assert stage.gated.waiting.wait(DEADLINE_S)
    stage.journal.append(Batch(left=[(1, 1)], blocks=[BlockRow(1, 7, 7, 9, b"a secret")]))
    stage.send(Read(6, ROOM, 0, 0, 500))
    data = [block.data for block in stage.blocks]
    assert stage.answer() == (7, Page(5, ROOM, EPOCH, 6, False, data))
    _, error = stage.answer()
    assert isinstance(error, Error) and error.code == ErrorCode.NOT_MEMBER


def test_who_is_put_out_gets_no_file_that_is_posted_at_that_moment(stage: Stage) -> None:
    sha256 = hashlib.sha256(b"a secret").digest()
    stage.ask(BlobChunk(1, sha256, 8, 0, b"a secret"))
    stage.gated.gates = 1
    stage.send(BlobGet(5, ROOM, sha256, 0, 8))
    assert stage.gated.waiting.wait(DEADLINE_S)
    stage.journal.append(Batch(left=[(1, 1)], blobs=[BlobRow(1, sha256, 8)]))
    stage.send(Ping(1))
    answers = [stage.answer()[1] for _ in range(2)]
    (error,) = [one for one in answers if isinstance(one, Error) and one.kind == Kind.BLOB_GET]
    assert error.code == ErrorCode.NO_BLOB


def test_damage_is_told_and_costs_only_its_page(
    stage: Stage, reader_log: list[logging.LogRecord]
) -> None:
    writer = stage.journal._db
    writer.execute("UPDATE block SET data=x'00' WHERE id=?", ((1 << 40) | 3,))
    error = stage.refused(Read(5, ROOM, 2, 0, 9))
    assert (error.code, error.request) == (ErrorCode.DAMAGED, 5)
    assert stage.ask(Read(6, ROOM, 4, 0, 9)) == Page(
        6, ROOM, EPOCH, 6, False, [stage.blocks[2].data]
    )
    errors = [record for record in reader_log if record.levelno == logging.ERROR]
    assert len(errors) == 1


def test_a_page_larger_than_a_frame_is_answered(stage: Stage) -> None:
    big = bytes(FRAME_MAX_BYTES // 2)
    stage.gated.pages = {
        PAGE_MAX_BYTES: HistoryPage([big, big], 9, False),
        1: HistoryPage([big], 9, True),
    }
    # A client would refuse such a block as it refuses other bad blocks; here the answer counts.
    answer = stage.ask(Read(5, ROOM, 0, 0, 9))
    assert answer == Page(5, ROOM, EPOCH, 9, True, [big])
    stage.gated.pages[1] = HistoryPage([big + big], 9, True)
    error = stage.refused(Read(6, ROOM, 0, 0, 9))
    assert (error.code, error.request) == (ErrorCode.TOO_BIG, 6)
    stage.gated.pages = {}
    stage.still_serves()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (RuntimeError("on purpose"), ErrorCode.UNAVAILABLE),
        (JournalError("on purpose"), ErrorCode.UNAVAILABLE),
        (OSError(5, "on purpose", "/secret"), ErrorCode.UNAVAILABLE),
        (DamagedError("on purpose"), ErrorCode.DAMAGED),
    ],
)
def test_a_fault_inside_costs_one_message(
    stage: Stage, reader_log: list[logging.LogRecord], fault: Exception, code: ErrorCode
) -> None:
    stage.gated.fault = fault
    error = stage.refused(Read(5, ROOM, 0, 0, 9))
    assert (error.code, error.request) == (code, 5)
    sha256 = hashlib.sha256(b"x").digest()
    stage.gated.fault = fault
    error = stage.refused(BlobGet(6, ROOM, sha256, 0, 9))
    assert (error.code, error.request, error.kind) == (code, 6, Kind.BLOB_GET)
    stage.still_serves()
    errors = [record for record in reader_log if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert not any("/secret" in record.getMessage() for record in reader_log)


# --- bad input ----------------------------------------------------------------------------


def test_frames_that_are_not_for_the_reader(stage: Stage) -> None:
    for frame, code, kind in (
        (b"", ErrorCode.MALFORMED, 0),
        (b"\x01", ErrorCode.MALFORMED, 0),
        (b"\x02\x09\x90", ErrorCode.VERSION, 9),
        (b"\x01\xff\x90", ErrorCode.UNKNOWN_KIND, 255),
        (b"\x01\x09\xc1", ErrorCode.MALFORMED, 9),
        (b"\x01\x09\x90", ErrorCode.FIELD, 9),
        (Ping(1), ErrorCode.UNKNOWN_KIND, Kind.PING),
        (encode(Read(1, ROOM, 0, 0, 9)) + b"\0", ErrorCode.MALFORMED, 9),
    ):
        error = stage.refused(frame)
        assert (error.code, error.kind, error.request) == (code, kind, 0), frame
    stage.still_serves()


def test_broken_envelopes_are_ignored(stage: Stage) -> None:
    read = encode(Read(1, ROOM, 0, 0, 9))
    for parts in (
        [read],
        [b"", read],
        [encode_slot(1), read],
        [encode_slot(1), DEVICE[:31], read],
        [b"slot", DEVICE, read],
        [encode_slot(1), DEVICE, read, b""],
        [b""] * 40,
    ):
        stage.dealer.send_multipart(parts)
    stage.still_serves()
    assert stage.reader.counts()["faults"] == 7


def test_mutated_frames_never_end_it(stage: Stage) -> None:
    dice = random.Random(2)
    data = b"some bytes of a picture"
    sha256 = hashlib.sha256(data).digest()
    frames = [
        encode(Read(1, ROOM, 0, 0, 9)),
        encode(BlobPut(1, sha256, len(data))),
        encode(BlobChunk(1, sha256, len(data), 0, data)),
        encode(BlobGet(1, ROOM, sha256, 0, 9)),
    ]
    for _ in range(300):
        frame = bytearray(dice.choice(frames))
        for _ in range(dice.randrange(1, 4)):
            where = dice.randrange(len(frame))
            how = dice.randrange(3)
            if how == 0:
                frame[where] = dice.randrange(256)
            elif how == 1:
                del frame[where:]
            else:
                frame[where:where] = dice.randbytes(dice.randrange(1, 5))
            frame = frame or bytearray(b"\x01")
        # Every one of them is answered, one way or another.
        stage.ask(bytes(frame))
    stage.still_serves()


def test_a_stranger_does_not_get_in(stage: Stage) -> None:
    stranger = stage.connect(make())
    monitor = stranger.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    try:
        assert monitor.poll(int(DEADLINE_S * 1_000))
        assert recv_monitor_message(monitor)["value"] == 400
    finally:
        stranger.disable_monitor()
        monitor.close(0)
        stranger.close(0)
    stage.still_serves()


# --- pictures -----------------------------------------------------------------------------


def test_a_file_that_is_there_is_as_if_it_were_not_for_who_did_not_send_it(stage: Stage) -> None:
    """Another device of the same person, even: they send the bytes, too."""
    data = b"a secret"
    sha256 = stage.put(data)
    other = b"E" * 32
    stage.journal.append(Batch(devices=[DeviceRow(2, other, 1)]))

    def ask(frame: AnyFrame) -> AnyFrame:
        stage.dealer.send_multipart([encode_slot(7), other, encode(frame)])
        return stage.answer()[1]

    assert ask(BlobPut(1, sha256, 8)) == BlobHave(1, sha256, 8, 0)
    assert ask(BlobPut(2, sha256, 9)) == BlobHave(2, sha256, 9, 0)
    assert ask(BlobChunk(3, sha256, 8, 4, data[4:])) == BlobHave(3, sha256, 8, 0)
    guess = ask(BlobChunk(4, sha256, 8, 0, b"a guess!"))
    assert isinstance(guess, Error) and guess.code == ErrorCode.BLOB_MISMATCH
    assert ask(BlobChunk(5, sha256, 8, 0, data)) == BlobHave(5, sha256, 8, 8)
    assert ask(BlobPut(6, sha256, 8)) == BlobHave(6, sha256, 8, 8)
    assert stage.blobs.used_bytes == 8


def test_a_picture_there_and_back(stage: Stage) -> None:
    data = random.Random(1).randbytes(5 * CHUNK_MAX_BYTES + 123)
    sha256 = hashlib.sha256(data).digest()
    assert stage.ask(BlobPut(3, sha256, len(data))) == BlobHave(3, sha256, len(data), 0)
    assert stage.ask(BlobChunk(4, sha256, len(data), 9, data[9:99])) == BlobHave(
        4, sha256, len(data), 0
    )
    # Here already, but posted in no room.
    assert stage.refused(BlobGet(5, ROOM, sha256, 0, 9)).code == ErrorCode.NO_BLOB
    assert stage.put(data) == sha256
    assert stage.ask(BlobPut(6, sha256, len(data))) == BlobHave(6, sha256, len(data), len(data))
    assert stage.refused(BlobGet(7, EMPTY, sha256, 0, 9)).code == ErrorCode.NO_BLOB
    got = b""
    while len(got) < len(data):
        start = len(got)
        stage.send(BlobGet(8, ROOM, sha256, start, BLOB_RANGE_MAX_BYTES))
        while len(got) < min(start + BLOB_RANGE_MAX_BYTES, len(data)):
            slot, answer = stage.answer()
            assert isinstance(answer, BlobData)
            assert (slot, answer.request, answer.size) == (7, 8, len(data))
            assert answer.offset == len(got)
            assert len(answer.data) <= CHUNK_MAX_BYTES
            got += answer.data
    assert got == data
    answer = stage.ask(BlobGet(9, ROOM, sha256, 100, 50))
    assert answer == BlobData(9, sha256, len(data), 100, data[100:150])
    error = stage.refused(BlobGet(10, ROOM, sha256, len(data), 50))
    assert (error.code, error.field, error.request) == (ErrorCode.FIELD, "offset", 10)
    stage.still_serves()


def test_bytes_of_another_picture(stage: Stage) -> None:
    sha256 = hashlib.sha256(b"what was promised").digest()
    error = stage.refused(BlobChunk(5, sha256, 5, 0, b"other"))
    assert (error.code, error.request, error.kind) == (
        ErrorCode.BLOB_MISMATCH,
        5,
        Kind.BLOB_CHUNK,
    )
    stage.still_serves()


def test_a_read_does_not_wait_for_a_picture(stage: Stage) -> None:
    data = random.Random(1).randbytes(4 * CHUNK_MAX_BYTES)
    sha256 = stage.put(data)
    stage.gated.gates = 1
    stage.send(BlobGet(1, ROOM, sha256, 0, len(data)), slot=1)
    assert stage.gated.waiting.wait(DEADLINE_S)
    stage.send(Read(2, ROOM, 0, 0, 9), slot=2)
    answers = [type(stage.answer()[1]) for _ in range(5)]
    assert answers == [BlobData, Page, BlobData, BlobData, BlobData]


def test_pictures_take_turns(stage: Stage) -> None:
    data = random.Random(1).randbytes(4 * CHUNK_MAX_BYTES)
    sha256 = stage.put(data)
    stage.gated.gates = 1
    stage.send(BlobGet(1, ROOM, sha256, 0, len(data)), slot=1)
    assert stage.gated.waiting.wait(DEADLINE_S)
    stage.send(BlobGet(1, ROOM, sha256, 0, len(data)), slot=2)
    assert [stage.answer()[0] for _ in range(8)] == [1, 1, 2, 1, 2, 1, 2, 2]


def test_too_much_at_once_is_busy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "_BULK_PER_SESSION_MAX", 1)
    data = random.Random(1).randbytes(2 * CHUNK_MAX_BYTES)
    sha256 = stage.put(data)
    stage.gated.gates = 1
    stage.send(BlobGet(1, ROOM, sha256, 0, len(data)))
    assert stage.gated.waiting.wait(DEADLINE_S)
    stage.send(BlobPut(2, sha256, len(data)))
    answers = [stage.answer()[1] for _ in range(3)]
    assert [type(answer) for answer in answers] == [BlobData, Error, BlobData]
    assert isinstance(answers[1], Error)
    assert (answers[1].code, answers[1].request) == (ErrorCode.BUSY, 2)
    assert stage.ask(BlobPut(3, sha256, len(data))) == BlobHave(3, sha256, len(data), len(data))


# --- who may ------------------------------------------------------------------------------


def ban(person: bool, banned: bool) -> Batch:
    if person:
        return Batch(standings={1: StandingRow(1, Role.MEMBER, banned, False, 0)})
    return Batch(banned_devices={1: banned})


@pytest.mark.parametrize("person", [True, False])
def test_who_is_banned_reads_and_uploads_nothing(stage: Stage, person: bool) -> None:
    data = b"a picture"
    sha256 = stage.put(data)
    other = hashlib.sha256(b"another").digest()
    asks: list[AnyFrame] = [
        Read(1, ROOM, 0, 0, 9),
        BlobGet(2, ROOM, sha256, 0, 9),
        BlobPut(3, other, 7),
        BlobChunk(4, other, 7, 0, b"another"),
    ]
    stage.journal.append(ban(person, True))
    for ask in asks:
        error = stage.refused(ask)
        assert (error.code, error.request) == (ErrorCode.NOT_MEMBER, ask[0])
    assert not stage.blobs.stored(other, 7)
    stage.journal.append(ban(person, False))
    for ask in asks:
        assert not isinstance(stage.ask(ask), Error)


def test_a_device_that_nobody_knows_reads_nothing(stage: Stage) -> None:
    stage.dealer.send_multipart([encode_slot(7), b"?" * 32, encode(Read(5, ROOM, 0, 0, 9))])
    _, error = stage.answer()
    assert isinstance(error, Error) and (error.code, error.request) == (ErrorCode.NOT_MEMBER, 5)


def test_who_is_put_out_in_the_middle_of_a_picture_gets_no_more_of_it(stage: Stage) -> None:
    data = random.Random(1).randbytes(4 * CHUNK_MAX_BYTES)
    sha256 = stage.put(data)
    stage.gated.gates = 1
    stage.send(BlobGet(1, ROOM, sha256, 0, len(data)), slot=1)
    assert stage.gated.waiting.wait(DEADLINE_S)
    stage.journal.append(Batch(left=[(1, 1)]))
    stage.send(Read(2, ROOM, 0, 0, 9), slot=2)  # lets the reader go on
    answers = [stage.answer()[1] for _ in range(3)]
    assert isinstance(answers[0], BlobData)  # it was being read
    for answer in answers[1:]:
        assert isinstance(answer, Error) and answer.code == ErrorCode.NOT_MEMBER


# --- portions -----------------------------------------------------------------------------


class Clock:
    """The reader's time; it stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ms = 1_000
        monkeypatch.setattr(reader_module, "_now_ms", lambda: self.now_ms)
        monkeypatch.setattr(reader_module, "_POLL_MS", 5)


def test_more_history_than_ones_portion_waits_in_order_and_then_is_busy(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    page = 128 * 1024
    stage.gated.pages = {PAGE_MAX_BYTES: HistoryPage([bytes(page)], 6, True)}
    at_once = int(HISTORY.most) // page
    for number in range(at_once):
        assert isinstance(stage.ask(Read(number, ROOM, 0, 0, 9)), Page)
    more = range(100, 100 + reader_module._LATE_PER_PERSON_MAX)
    for number in [99, *more]:
        stage.send(Read(number, ROOM, 0, 0, 9))
    assert stage.answer()[1][0] == 99  # all is spent now, and nothing owed
    error = stage.refused(Read(200, ROOM, 0, 0, 9))
    assert (error.code, error.request) == (ErrorCode.BUSY, 200)
    for number in more:
        assert not stage.dealer.poll(20)
        clock.now_ms += int(page / HISTORY.per_s * 1_000) + 1
        assert stage.answer()[1][0] == number
    # Who was put out while a READ waited does not get it.
    stage.send(Read(300, ROOM, 0, 0, 9))
    stage.send(BlobPut(301, b"s" * 32, 7))
    assert stage.answer()[1][0] == 301
    stage.journal.append(ban(True, True))
    clock.now_ms += 1_000
    _, refused = stage.answer()
    assert isinstance(refused, Error) and refused.code == ErrorCode.NOT_MEMBER


def test_more_pictures_than_ones_portion_rest(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    data = random.Random(1).randbytes(4 * CHUNK_MAX_BYTES)
    sha256 = stage.put(data)
    ask = BlobGet(1, ROOM, sha256, 0, len(data))
    for _ in range(int(PICTURES.most) // len(data)):
        stage.send(ask)
        assert sum(len(stage.answer()[1][4]) for _ in range(4)) == len(data)
    stage.send(ask)
    pieces = 0
    while stage.dealer.poll(200):
        stage.answer()
        pieces += 1
    assert pieces == 1  # for which one may owe
    stage.send(Read(2, ROOM, 0, 0, 9), slot=2)
    assert isinstance(stage.answer()[1], Page)  # nobody else waits
    clock.now_ms += 1_000
    assert [stage.answer()[1][3] for _ in range(3)] == [
        number * CHUNK_MAX_BYTES for number in (1, 2, 3)
    ]


def test_more_uploads_than_ones_portion_a_day_are_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    portions = stage.reader._portions
    portions.took_upload(1, int(UPLOADS.most) - 20, clock.now_ms)
    data = b"0123456789"
    sha256 = stage.put(data)
    # What is there already costs nothing.
    assert isinstance(stage.ask(BlobPut(1, sha256, 10)), BlobHave)
    assert isinstance(stage.ask(BlobPut(1, sha256, 10)), BlobHave)
    error = stage.refused(BlobPut(2, b"s" * 32, 11))
    assert (error.code, error.field, error.request) == (ErrorCode.QUOTA, "size", 2)
    error = stage.refused(BlobChunk(3, b"s" * 32, 11, 0, b"x" * 11))
    assert (error.code, error.field, error.request) == (ErrorCode.QUOTA, "size", 3)
    clock.now_ms += 1_000
    assert isinstance(stage.ask(BlobPut(4, b"s" * 32, 11)), BlobHave)


def test_few_people_cannot_take_the_room_of_all_by_a_byte_each(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many devices they have: begun uploads count by the person, at their whole size."""
    clock = Clock(monkeypatch)
    devices = [b"%032d" % number for number in range(2, DEVICES_PER_PERSON_MAX + 1)]
    rows = [DeviceRow(number, key, 1) for number, key in enumerate(devices, 2)]
    stage.journal.append(Batch(devices=rows))
    begun = 0
    for device in devices:
        for number in range(3):
            sha256 = hashlib.sha256(device + bytes([number])).digest()
            chunk = encode(BlobChunk(1, sha256, BLOB_MAX_BYTES, 0, b"x"))
            stage.dealer.send_multipart([encode_slot(7), device, chunk])
            answer = stage.answer()[1]
            if isinstance(answer, BlobHave):
                begun += 1
            else:
                assert isinstance(answer, Error) and answer.code == ErrorCode.TOO_MANY
    assert begun == UPLOADS_PER_PERSON_MAX
    assert stage.blobs.used_bytes == begun * BLOB_MAX_BYTES
    # The day's portion is spent as if all had come, so no other is paid for by what was begun.
    left = int(UPLOADS.most) - stage.blobs.used_bytes
    portions = stage.reader._portions
    portions.need_upload(1, left, clock.now_ms)
    with pytest.raises(WireError):
        portions.need_upload(1, left + 1, clock.now_ms)
    portions.took_upload(1, -BLOB_MAX_BYTES, clock.now_ms)
    portions.need_upload(1, left + BLOB_MAX_BYTES, clock.now_ms)


def test_without_limits_nobody_waits(stage: Stage) -> None:
    portions = Portions(limited=False)
    for size in (10**12, 10**12):
        portions.gave_history(1, size, 1_000)
        portions.gave_picture(1, size, 1_000)
        portions.took_upload(1, size, 1_000)
        portions.need_upload(1, size, 1_000)
        assert portions.history_ms(1, 1_000) == portions.pictures_ms(1, 1_000) == 0


# --- starting and stopping ----------------------------------------------------------------


def test_a_port_in_use_is_told(stage: Stage) -> None:
    second = stage.another(stage.reader.endpoint)
    with pytest.raises(SetupError, match="in use"):
        second.start()
    assert not second.alive
    second.stop()
    stage.still_serves()


def test_a_history_that_does_not_open_is_told(stage: Stage) -> None:
    stage.path = stage.path.with_name("nothing")
    second = stage.another("tcp://127.0.0.1:*")
    with pytest.raises(SetupError):
        second.start()
    assert not second.alive


def test_stopping_ends_the_thread_and_frees_the_port(stage: Stage) -> None:
    stage.reader.stop()
    stage.reader.stop()
    assert not stage.reader.alive
    stage.dealer.close(0)
    _until(lambda: _starts(stage))


def _starts(stage: Stage) -> bool:
    second = stage.another(stage.reader.endpoint)
    try:
        second.start()
    except SetupError:
        # libzmq closes a listener in the background.
        return False
    second.stop()
    return True


def _until(condition: Callable[[], bool]) -> None:
    pause: Any = threading.Event()
    for _ in range(int(DEADLINE_S * 100)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("the condition did not come true in time")


def test_never_started_it_stops(stage: Stage) -> None:
    stage.another("tcp://127.0.0.1:*").stop()
