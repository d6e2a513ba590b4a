"""The sequencer on a real journal: against a model by hypothesis, and its limits by hand."""

import copy
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import tests.strategies  # noqa: F401  # its settings profile: no deadline
from broker import sequencer as sequencer_module
from broker.directory import Room
from broker.sequencer import Answer
from protocol.blocks import NO_OUTBOX, decode_block
from protocol.codes import ErrorCode, EventKind
from protocol.frames import Ack, Gap, Refused, decode
from protocol.items import encode_item
from protocol.limits import BLOCK_MAX_BYTES, BLOCK_MAX_ITEMS, ITEM_MAX_BYTES
from tests.broker.stand import Stand

PEOPLE = 3
ROOMS = ("general", "kitchen")
OUTBOXES = (b"outbox-1", b"outbox-2")
NOTICE = encode_item(EventKind.NOTICE, {"what": "renamed", "was": "a", "now": "b"})
SHA256 = b"s" * 32
SIZE = 77

Writer = tuple[str, int, bytes]
"""Room, number of the device, outbox epoch."""


class Said(NamedTuple):
    """An event as the model has it; its place in the list is its ``seq``."""

    person: bytes
    nick: str
    device: bytes
    outbox_epoch: bytes
    n: int
    item: bytes


@dataclass
class Model:
    """What must be so: the order of every room, and every answer that was given."""

    events: dict[str, list[Said]] = field(default_factory=lambda: {one: [] for one in ROOMS})
    answers: dict[Writer, list[tuple[Any, ...]]] = field(default_factory=dict)
    """By ``n - 1``: ``("ack", seq)`` or ``("refused", code, field, text)``."""
    members: set[tuple[str, int]] = field(default_factory=set)


def told(answers: list[Answer], room: bytes, outbox_epoch: bytes, epoch: bytes) -> list[Any]:
    """Spread answers over their counters: ``(n, what was said)``, in the order of the frames."""
    spread: list[Any] = []
    for answer in answers:
        frame = decode(answer.frame)
        assert frame[:2] == (room, outbox_epoch)
        if isinstance(frame, Gap):
            assert len(answers) == 1
            return [("gap", frame.expect_n, answer.settled)]
        assert isinstance(frame, Ack | Refused)
        assert answer.settled == frame.count
        for step in range(frame.count):
            if isinstance(frame, Ack):
                assert frame.epoch == epoch
                spread.append((frame.first_n + step, ("ack", frame.first_seq + step)))
            else:
                said = ("refused", frame.code, frame.field, frame.text)
                spread.append((frame.first_n + step, said))
    return spread


small = st.binary(min_size=1, max_size=4)
refusal = st.tuples(st.sampled_from((4, 6)), st.just("text"), st.sampled_from(("no", "nein")))
picture = st.tuples(small, st.just(SHA256), st.sampled_from((SIZE, SIZE + 1)))
elements = st.one_of(
    st.lists(small, min_size=1, max_size=5),
    st.lists(small | refusal.map(list) | picture.map(list), min_size=1, max_size=5),
    # Whole blocks, by their number and by their bytes.
    st.integers(BLOCK_MAX_ITEMS - 2, 2 * BLOCK_MAX_ITEMS + 2).map(lambda many: [b"i"] * many),
    st.lists(st.integers(1, ITEM_MAX_BYTES).map(bytes), min_size=1, max_size=9),
)


class Sequencing(RuleBasedStateMachine):
    """Random drains of several writers, with crashes between and within them."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.stand = Stand(Path(self._folder.name))
        self.model = Model()
        self.committed = self.model
        self.last_ts: dict[bytes, int] = {}

    @initialize()
    def prepare(self) -> None:
        stand = self.stand
        for number in range(PEOPLE):
            stand.enrol(number, f"person {number}")
        with stand.drain() as batch:
            stand.directory.create(ROOMS[1], batch)
            for number in range(PEOPLE - 1):
                for name in ROOMS:
                    stand.directory.join(self.room(name), stand.person(number), batch)
                    self.model.members.add((name, number))
        self.committed = copy.deepcopy(self.model)
        stand.begin()

    def room(self, name: str) -> Room:
        room = self.stand.directory.open_room(name)
        assert room is not None
        return room

    @rule(
        name=st.sampled_from(ROOMS),
        number=st.integers(0, PEOPLE - 1),
        outbox_epoch=st.sampled_from(OUTBOXES),
        shift=st.integers(-8, 2) | st.just(0),
        them=elements,
    )
    def submit(
        self, name: str, number: int, outbox_epoch: bytes, shift: int, them: list[Any]
    ) -> None:
        """A run that begins ``shift`` after the counter that is due."""
        room, device = self.room(name), self.stand.device(number)
        known = self.model.answers.setdefault((name, number, outbox_epoch), [])
        first_n = max(1, len(known) + 1 + shift)
        answers = self.stand.sequencer.submit(
            device.person, device, room, outbox_epoch, first_n, list(them)
        )
        expected: list[Any]
        if first_n > len(known) + 1:
            expected = [("gap", len(known) + 1, len(them))]
        else:
            for element in them[len(known) + 1 - first_n :]:
                known.append(self.settle(name, number, outbox_epoch, len(known) + 1, element))
            expected = [(n, known[n - 1]) for n in range(first_n, first_n + len(them))]
        epoch = self.stand.journal.epoch
        assert told(answers, room.room, outbox_epoch, epoch) == expected

    def settle(
        self, name: str, number: int, outbox_epoch: bytes, n: int, element: Any
    ) -> tuple[Any, ...]:
        """What a counter that is new must be answered."""
        if (name, number) not in self.model.members:
            return ("refused", ErrorCode.NOT_MEMBER, "room", "you are not in this room")
        if type(element) is list:
            if type(element[0]) is int:
                return ("refused", *element)
            if (element[1], element[2]) not in self.stand.blobs:
                return ("refused", ErrorCode.NO_BLOB, "sha256", "send its bytes first")
            element = element[0]
        device = self.stand.device(number)
        person = device.person
        events = self.model.events[name]
        events.append(Said(person.person, person.nick, device.key[:8], outbox_epoch, n, element))
        return ("ack", len(events))

    @rule(name=st.sampled_from(ROOMS), number=st.integers(0, PEOPLE - 1))
    def notice(self, name: str, number: int) -> None:
        person = self.stand.person(number)
        self.stand.sequencer.notice(self.room(name), person, NOTICE)
        said = Said(person.person, person.nick, bytes(8), NO_OUTBOX, 0, NOTICE)
        self.model.events[name].append(said)

    @rule(name=st.sampled_from(ROOMS), number=st.integers(0, PEOPLE - 1))
    def enter_or_leave(self, name: str, number: int) -> None:
        room, person = self.room(name), self.stand.person(number)
        if (name, number) in self.model.members:
            self.stand.directory.leave(room, person, self.stand.batch)
            self.model.members.remove((name, number))
        else:
            assert self.stand.directory.join(room, person, self.stand.batch)
            self.model.members.add((name, number))

    @precondition(lambda self: not self.stand.blobs)
    @rule()
    def store_picture(self) -> None:
        self.stand.blobs.add((SHA256, SIZE))

    @rule(step_ms=st.integers(-5_000, 5_000))
    def commit(self, step_ms: int) -> None:
        """End the drain; the clock of the next one may have gone back."""
        heads = {name: len(events) for name, events in self.committed.events.items()}
        self.stand.commit()
        self.committed = copy.deepcopy(self.model)
        names = {self.room(name).no: name for name in ROOMS}
        for block in self.stand.blocks:
            name = names[block.room_no]
            events = list(decode_block(block.data))
            assert block.first_seq == heads[name] + 1
            assert [one.seq for one in events] == list(range(block.first_seq, block.last_seq + 1))
            assert len(events) <= BLOCK_MAX_ITEMS
            assert sum(len(one.item) for one in events) <= BLOCK_MAX_BYTES
            heads[name] = block.last_seq
        assert heads == {name: len(events) for name, events in self.model.events.items()}
        assert heads == {name: self.room(name).head for name in ROOMS}
        self.stand.now_ms += step_ms
        self.stand.begin()

    @rule()
    def crash(self) -> None:
        """What was not committed was never said, and may be said again otherwise."""
        self.model = copy.deepcopy(self.committed)
        self.stand.restart()
        assert {name: self.room(name).head for name in ROOMS} == {
            name: len(events) for name, events in self.model.events.items()
        }
        self.stand.begin()

    @rule()
    def read(self) -> None:
        """The journal holds what was committed, dense, with times that never go back."""
        for name in ROOMS:
            events = self.stand.history(self.room(name).room)
            assert [Said(*one[2:]) for one in events] == self.committed.events[name]
            assert [one.seq for one in events] == list(range(1, len(events) + 1))
            times = [one.ts for one in events]
            assert times == sorted(times)

    def teardown(self) -> None:
        self.crash()
        self.read()
        self.stand.close()
        self._folder.cleanup()


TestSequencing = Sequencing.TestCase
TestSequencing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    stand.enrol(1, "Ann")
    with stand.drain() as batch:
        stand.directory.join(general(stand), stand.person(1), batch)
    yield stand
    stand.close()


def general(stand: Stand) -> Room:
    room = stand.directory.open_room("general")
    assert room is not None
    return room


def submit(stand: Stand, first_n: int, them: list[Any], outbox_epoch: bytes = b"o" * 8) -> Any:
    room, device = general(stand), stand.device(1)
    answers = stand.sequencer.submit(device.person, device, room, outbox_epoch, first_n, them)
    return told(answers, room.room, outbox_epoch, stand.journal.epoch)


def test_one_drain_makes_one_block_of_many_writers(stand: Stand) -> None:
    with stand.drain():
        for number in range(5):
            submit(stand, 1, [b"item"], bytes([number]) * 8)
    assert [(one.first_seq, one.last_seq) for one in stand.blocks] == [(1, 5)]


def test_an_answer_again_in_one_drain_and_after_a_restart(stand: Stand) -> None:
    them = [b"a", [4, "text", "no"], b"b"]
    with stand.drain():
        first = submit(stand, 1, list(them))
        assert submit(stand, 1, [b"x", b"y", b"z"]) == first
        assert submit(stand, 2, [b"y", b"z", b"c"]) == [*first[1:], (4, ("ack", 3))]
    stand.restart()
    with stand.drain():
        assert submit(stand, 1, [b"x", b"y", b"z"]) == first
    assert not stand.blocks
    assert [one.item for one in stand.history(general(stand).room)] == [b"a", b"b", b"c"]


def test_a_gap_names_what_is_expected_and_takes_nothing(stand: Stand) -> None:
    with stand.drain():
        assert submit(stand, 3, [b"c", b"d"]) == [("gap", 1, 2)]
        submit(stand, 1, [b"a"])
        assert submit(stand, 3, [b"c", b"d"]) == [("gap", 2, 2)]
    assert general(stand).head == 1


def test_what_was_not_committed_is_forgotten_whole(stand: Stand) -> None:
    stand.begin()
    submit(stand, 1, [b"lost", [4, "text", "no"]])
    stand.restart()
    assert general(stand).head == 0
    with stand.drain():
        assert submit(stand, 1, [b"kept", b"too"]) == [(1, ("ack", 1)), (2, ("ack", 2))]


def test_a_refused_picture_stays_refused_though_it_came_later(stand: Stand) -> None:
    with stand.drain():
        first = submit(stand, 1, [[b"picture", SHA256, SIZE]])
        assert first[0][1][:2] == ("refused", ErrorCode.NO_BLOB)
    stand.blobs.add((SHA256, SIZE))
    with stand.drain() as batch:
        assert submit(stand, 1, [[b"picture", SHA256, SIZE]]) == first
        assert not batch.blobs
        assert submit(stand, 2, [[b"picture", SHA256, SIZE]]) == [(2, ("ack", 1))]
        assert [(one.sha256, one.size) for one in batch.blobs] == [(SHA256, SIZE)]


def test_writers_leave_memory_and_are_found_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer_module, "_WRITERS_MAX", 2)
    outboxes = [bytes([number]) * 8 for number in range(6)]
    for n in (1, 2, 3):
        with stand.drain():
            for outbox_epoch in outboxes:
                assert submit(stand, n, [b"item"], outbox_epoch)[0][1][0] == "ack"
        stand.begin()
        assert len(stand.sequencer._writers) <= 2
    assert general(stand).head == 18


def test_ts_never_goes_back_even_over_a_restart(stand: Stand) -> None:
    room = general(stand).room
    for n, now_ms in enumerate((5_000, 1_000, 9_000, 2_000), 1):
        stand.now_ms = now_ms
        with stand.drain():
            submit(stand, n, [b"item"])
        stand.restart()
    assert [one.ts for one in stand.history(room)] == [5_000, 5_000, 9_000, 9_000]


def test_a_notice_between_two_runs_parts_their_answers(stand: Stand) -> None:
    with stand.drain():
        first = submit(stand, 1, [b"a", b"b"])
        stand.sequencer.notice(general(stand), stand.person(1), NOTICE)
        second = submit(stand, 3, [b"c"])
        assert second == [(3, ("ack", 4))]
        assert submit(stand, 1, [b"a", b"b", b"c"]) == first + second
    stand.restart()
    with stand.drain():
        assert submit(stand, 1, [b"a", b"b", b"c"]) == first + second


@pytest.mark.parametrize("size", [ITEM_MAX_BYTES, BLOCK_MAX_BYTES // 6, 1])
def test_runs_share_a_block_until_it_is_full(stand: Stand, size: int) -> None:
    with stand.drain():
        for number in range(300):
            submit(stand, 1, [bytes(size)], number.to_bytes(8, "big"))
    most = min(BLOCK_MAX_BYTES // size, BLOCK_MAX_ITEMS)
    counts = [one.last_seq - one.first_seq + 1 for one in stand.blocks]
    assert sum(counts) == 300
    assert counts[:-1] == [most] * (len(counts) - 1) and counts[-1] <= most
    # The names around the items come on top; a block still fits a frame with room to spare.
    assert max(len(one.data) for one in stand.blocks) <= 2 * BLOCK_MAX_BYTES
