"""READs that are lost on their way to the reader or back: who asked is told, and nobody else."""

import pytest

from gateway import reads
from gateway.sessions import Session
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.frames import BlobGet, Error, Page, Read, decode, encode
from tests.gateway.stand import EPOCH, ROOM


def session(slot: int = 1) -> Session:
    return Session(slot, b"route", "user", b"k" * 32, Purpose.TALK, "ann", None, 0)


def ask(one: Session, request: int) -> None:
    reads.depart(one, encode(Read(request, ROOM, 0, 0, 10)))


def told(*sessions: Session) -> list[tuple[int, int]]:
    """Slots and requests that are told UNAVAILABLE."""
    errors = [(one.slot, decode(data)) for one, data in reads.lost(sessions)]
    for _, error in errors:
        assert isinstance(error, Error)
        assert (error.code, error.kind) == (ErrorCode.UNAVAILABLE, Kind.READ)
    return [(slot, error[4]) for slot, error in errors]


def test_whoever_waits_is_told_once() -> None:
    ann, bob, eve = session(1), session(2), session(3)
    ask(ann, 7)
    ask(ann, 70_000)
    ask(bob, 1)
    assert told(ann, bob, eve) == [(1, 7), (1, 70_000), (2, 1)]
    assert told(ann, bob, eve) == []


@pytest.mark.parametrize("request_no", [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1])
def test_what_is_answered_is_not_lost(request_no: int) -> None:
    ann = session()
    ask(ann, request_no)
    ask(ann, 300)
    reads.arrive(ann, encode(Page(request_no, ROOM, EPOCH, 5, False, [b"block"])))
    assert told(ann) == [(1, 300)]


def test_an_error_is_an_answer_too() -> None:
    ann = session()
    ask(ann, 300)
    ask(ann, 301)
    reads.arrive(ann, encode(Error(ErrorCode.DAMAGED, "", "damaged", Kind.READ, 300)))
    assert told(ann) == [(1, 301)]


def test_what_nobody_asked_or_nobody_can_read_changes_nothing() -> None:
    ann = session()
    reads.arrive(ann, encode(Page(1, ROOM, EPOCH, 5, False, [])))
    ask(ann, 300)
    reads.arrive(ann, encode(Page(1, ROOM, EPOCH, 5, False, [])))
    reads.arrive(ann, bytes((1, Kind.ERROR, 0xC1)))
    assert told(ann) == [(1, 300)]


def test_pictures_have_time_outs_of_their_own_and_the_rest_is_bounded() -> None:
    ann = session()
    reads.depart(ann, encode(BlobGet(5, ROOM, b"s" * 32, 0, 10)))
    assert told(ann) == []
    for request in range(reads.READS_MAX * 3):
        ask(ann, request)
    assert len(told(ann)) == reads.READS_MAX
