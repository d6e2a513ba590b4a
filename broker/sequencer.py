"""Gives every message its place: dedupe by counters, the next ``seq``, blocks and answers.

A drain is one :meth:`Sequencer.begin`, any number of :meth:`submit` and :meth:`notice`, and
one :meth:`finish`, whose batch the caller stores before it sends an answer or publishes
a block. If storing fails, the state here is ahead of the journal and of no use any more: another
one begins from what is stored, in this process after a full disk, else in the next.

Pure but for the look-ups that are passed in. Owned by the broker's main thread.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from broker.directory import Device, Person, Room
from broker.journal import AnswerRow, Batch, BlobRow, BlockRow, WriterRow
from broker.writing import Screened
from protocol.blocks import DEVICE_TAG_BYTES, NO_OUTBOX, Run, encode_block
from protocol.codes import ErrorCode
from protocol.errors import DamagedError
from protocol.frames import Ack, Busy, Gap, Refused, encode
from protocol.limits import BLOCK_MAX_BYTES, BLOCK_MAX_ITEMS

_WRITERS_MAX = 100_000
"""Writers kept in memory, some 300 bytes each; the others are looked up when they write."""
_NO_DEVICE = bytes(DEVICE_TAG_BYTES)

FindWriter = Callable[[int, int, bytes], WriterRow | None]
FindAnswers = Callable[[int, int, int], Iterator[AnswerRow]]
MayName = Callable[[Person, Device, bytes, int], bool]
"""Whether somebody's item may name a blob of this SHA-256 and size."""
Screen = Callable[[list[Any]], Screened]
"""Takes the elements of a RUN that are new; see :meth:`broker.writing.Writing.screen`."""


class Answer(NamedTuple):
    """A frame for the sender that settles this many of its items."""

    settled: int
    frame: bytes


@dataclass(slots=True)
class _Writer:
    no: int
    last_n: int


@dataclass(slots=True)
class _OpenBlock:
    room: Room
    first_seq: int
    ts: int
    runs: list[Run] = field(default_factory=list)
    items: int = 0
    size: int = 0


class Sequencer:
    """The order of every room."""

    def __init__(
        self,
        epoch: bytes,
        last_writer_no: int,
        find_writer: FindWriter,
        find_answers: FindAnswers,
        may_name: MayName,
    ) -> None:
        """Start behind what the journal holds."""
        self._epoch = epoch
        self._writer_no = last_writer_no
        self._find_writer = find_writer
        self._find_answers = find_answers
        self._may_name = may_name
        self._writers: OrderedDict[tuple[int, int, bytes], _Writer] = OrderedDict()
        self._batch = Batch()
        self._noted: dict[int, list[int]] = {}
        self._open: dict[int, _OpenBlock] = {}
        self._now_ms = 0

    def begin(self, now_ms: int) -> Batch:
        """Start a drain; the batch also takes what the directory changes."""
        self._batch = Batch()
        self._noted.clear()
        self._open.clear()
        self._now_ms = now_ms
        while len(self._writers) > _WRITERS_MAX:
            self._writers.popitem(last=False)
        return self._batch

    def submit(
        self,
        person: Person,
        device: Device,
        room: Room,
        outbox_epoch: bytes,
        first_n: int,
        elements: list[Any],
        screen: Screen | None = None,
    ) -> list[Answer]:
        """Take the elements of a RUN (see :class:`protocol.backplane.Up`) and answer them.

        ``screen`` is asked about those that were not answered before, if something holds in the
        room. The answers settle every element, in order: ACK, REFUSED, or for a hole one GAP, and
        behind them one BUSY for those that have to wait, whose counters are not used up. Raises
        :class:`DamagedError` if what was answered before is not known any more: nothing was taken.
        """
        writer = self._writer(room, device, outbox_epoch)
        expect = writer.last_n + 1
        if first_n > expect:
            return [Answer(len(elements), encode(Gap(room.room, outbox_epoch, expect)))]
        answers: list[Answer] = []
        if first_n < expect:
            known = min(expect - first_n, len(elements))
            answers += self._again(writer, room, outbox_epoch, first_n, known)
            elements = elements[known:]
            first_n += known
            if not elements:
                return answers
        if room.no not in person.rooms:
            answers.append(
                self._refuse(
                    writer,
                    room,
                    outbox_epoch,
                    first_n,
                    len(elements),
                    (int(ErrorCode.NOT_MEMBER), "room", "you are not in this room"),
                )
            )
        else:
            waiting = retry_ms = 0
            if screen is not None:
                elements, waiting, retry_ms = screen(elements)
            for stretch in self._stretches(person, device, room, elements):
                if isinstance(stretch, list):
                    seq = self._place(person, device, room, outbox_epoch, first_n, stretch)
                    count = len(stretch)
                    self._note(AnswerRow(writer.no, first_n, first_n + count - 1, seq, 0, "", ""))
                    ack = Ack(room.room, outbox_epoch, first_n, count, self._epoch, seq)
                    answers.append(Answer(count, encode(ack)))
                else:
                    count = 1
                    answers.append(
                        self._refuse(writer, room, outbox_epoch, first_n, count, stretch)
                    )
                first_n += count
                writer.last_n = first_n - 1
            if waiting:
                busy = Busy(room.room, outbox_epoch, first_n, retry_ms)
                answers.append(Answer(waiting, encode(busy)))
                if not elements:
                    return answers
        self._batch.writers[writer.no] = WriterRow(
            writer.no, room.no, device.no, outbox_epoch, writer.last_n
        )
        return answers

    def notice(self, room: Room, person: Person, item: bytes) -> None:
        """Place an event that the broker itself makes."""
        self._append(room, (person.person, person.nick, _NO_DEVICE, NO_OUTBOX, 0, [item]))

    def finish(self) -> list[BlockRow]:
        """End the drain: the blocks to publish, in order; they are in the batch too."""
        for block in self._open.values():
            self._close(block)
        self._open.clear()
        return self._batch.blocks

    def _writer(self, room: Room, device: Device, outbox_epoch: bytes) -> _Writer:
        name = (room.no, device.no, outbox_epoch)
        writer = self._writers.get(name)
        if writer is not None:
            return writer
        row = self._find_writer(*name)
        if row is None:
            self._writer_no += 1
            writer = _Writer(self._writer_no, 0)
        else:
            writer = _Writer(row.no, row.last_n)
        self._writers[name] = writer
        return writer

    def _again(
        self, writer: _Writer, room: Room, outbox_epoch: bytes, first_n: int, count: int
    ) -> list[Answer]:
        """Answer counters that were answered before as they were answered then."""
        last_n = first_n + count - 1
        pending = [self._batch.answers[place] for place in self._noted.get(writer.no, ())]
        answers: list[Answer] = []
        for row in _both(self._find_answers(writer.no, first_n, last_n), pending):
            low, high = max(first_n, row.first_n), min(last_n, row.last_n)
            if low > high:
                continue
            many = high - low + 1
            if row.code:
                frame = encode(
                    Refused(room.room, outbox_epoch, low, many, row.code, row.field, row.text)
                )
            else:
                seq = row.first_seq + low - row.first_n
                frame = encode(Ack(room.room, outbox_epoch, low, many, self._epoch, seq))
            answers.append(Answer(many, frame))
        if sum(one.settled for one in answers) != count:
            raise DamagedError("answers that were given are missing; restore from a backup")
        return answers

    def _stretches(
        self, person: Person, device: Device, room: Room, elements: list[Any]
    ) -> Iterator[list[bytes] | tuple[int, str, str]]:
        """Split elements into lists of items to place and single refusals."""
        if all(type(one) is bytes for one in elements):
            if elements:
                yield elements
            return
        items: list[bytes] = []
        for one in elements:
            refusal: tuple[int, str, str] | None = None
            if type(one) is bytes:
                items.append(one)
            elif type(one[0]) is int:
                refusal = (one[0], one[1], one[2])
            elif self._may_name(person, device, one[1], one[2]):
                self._batch.blobs.append(BlobRow(room.no, one[1], one[2]))
                items.append(one[0])
            else:
                refusal = (int(ErrorCode.NO_BLOB), "sha256", "send its bytes first")
            if refusal is not None:
                if items:
                    yield items
                    items = []
                yield refusal
        if items:
            yield items

    def _refuse(
        self,
        writer: _Writer,
        room: Room,
        outbox_epoch: bytes,
        first_n: int,
        count: int,
        refusal: tuple[int, str, str],
    ) -> Answer:
        last_n = first_n + count - 1
        self._note(AnswerRow(writer.no, first_n, last_n, 0, *refusal))
        writer.last_n = last_n
        return Answer(count, encode(Refused(room.room, outbox_epoch, first_n, count, *refusal)))

    def _note(self, row: AnswerRow) -> None:
        """Remember an answer, joined to the one before where they are of one piece."""
        answers = self._batch.answers
        if answers and row.code == 0:
            last = answers[-1]
            if (
                last.writer_no == row.writer_no
                and last.code == 0
                and last.last_n + 1 == row.first_n
                and last.first_seq + (last.last_n - last.first_n + 1) == row.first_seq
            ):
                answers[-1] = last._replace(last_n=row.last_n)
                return
        # Found by writer: after a break many send again what waits in this very drain.
        self._noted.setdefault(row.writer_no, []).append(len(answers))
        answers.append(row)

    def _place(
        self,
        person: Person,
        device: Device,
        room: Room,
        outbox_epoch: bytes,
        first_n: int,
        items: list[bytes],
    ) -> int:
        seq = room.head + 1
        tag = device.key[:DEVICE_TAG_BYTES]
        while items:
            fits = _fitting(items)
            part = items if fits == len(items) else items[:fits]
            self._append(room, (person.person, person.nick, tag, outbox_epoch, first_n, part))
            if part is items:
                break
            items = items[fits:]
            first_n += fits
        return seq

    def _append(self, room: Room, run: Run) -> None:
        count, size = len(run[5]), sum(map(len, run[5]))
        block = self._open.get(room.no)
        if block is not None and (
            block.items + count > BLOCK_MAX_ITEMS or block.size + size > BLOCK_MAX_BYTES
        ):
            self._close(block)
            block = None
        if block is None:
            room.last_ts = max(self._now_ms, room.last_ts)
            block = self._open[room.no] = _OpenBlock(room, room.head + 1, room.last_ts)
        block.runs.append(run)
        block.items += count
        block.size += size
        room.head += count

    def _close(self, block: _OpenBlock) -> None:
        data = encode_block(block.first_seq, block.ts, block.runs)
        last_seq = block.first_seq + block.items - 1
        self._batch.blocks.append(
            BlockRow(block.room.no, block.first_seq, last_seq, block.ts, data)
        )


def _fitting(items: list[bytes]) -> int:
    """How many of the items fit one block; at least one."""
    size = 0
    for index, item in enumerate(items):
        size += len(item)
        if index == BLOCK_MAX_ITEMS or (size > BLOCK_MAX_BYTES and index):
            return index
    return len(items)


def _both(stored: Iterable[AnswerRow], pending: Iterable[AnswerRow]) -> Iterator[AnswerRow]:
    yield from stored
    yield from pending
