"""Questions that are lost with a link: who asked is told, and nobody else."""

import pytest

from gateway.questions import QUESTIONS_MAX, Questions
from protocol.codes import ErrorCode, Kind
from protocol.frames import Error, Page, PeoplePage, decode, encode
from tests.gateway.stand import EPOCH, ROOM


def told(one: Questions) -> list[tuple[int, int]]:
    """Kinds and requests that are told UNAVAILABLE."""
    errors = [decode(data) for data in one.lost()]
    found = []
    for error in errors:
        assert isinstance(error, Error) and error.code == ErrorCode.UNAVAILABLE
        found.append((error.kind, error.request))
    return found


def test_what_is_lost_is_told_once() -> None:
    one = Questions()
    one.depart(Kind.READ, 7)
    one.depart(Kind.READ, 70_000)
    one.depart(Kind.JOIN, 1)
    assert told(one) == [(Kind.READ, 7), (Kind.READ, 70_000), (Kind.JOIN, 1)]
    assert told(one) == []


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1])
def test_what_is_answered_is_not_lost(number: int) -> None:
    one = Questions()
    one.depart(Kind.READ, number)
    one.depart(Kind.READ, 300)
    one.hear(encode(Page(number, ROOM, EPOCH, 5, False, [b"block"])))
    assert told(one) == [(Kind.READ, 300)]


def test_every_kind_of_answer_is_one() -> None:
    one = Questions()
    for number in range(300, 304):
        one.depart(Kind.PEOPLE, number)
    one.hear(encode(Error(ErrorCode.DAMAGED, "", "damaged", Kind.READ, 300)))
    one.hear(encode(PeoplePage(301, False, [])))
    one.arrive(302)
    assert told(one) == [(Kind.PEOPLE, 303)]


def test_what_nobody_asked_or_nobody_can_read_changes_nothing() -> None:
    one = Questions()
    one.hear(encode(Page(1, ROOM, EPOCH, 5, False, [])))
    one.depart(Kind.READ, 300)
    one.hear(encode(Page(1, ROOM, EPOCH, 5, False, [])))
    one.hear(bytes((1, Kind.ERROR, 0xC1)))
    assert told(one) == [(Kind.READ, 300)]


def test_only_so_many_are_remembered_the_newest() -> None:
    one = Questions()
    for number in range(QUESTIONS_MAX * 3):
        one.depart(Kind.READ, number)
    newest = range(QUESTIONS_MAX * 2, QUESTIONS_MAX * 3)
    assert told(one) == [(Kind.READ, number) for number in newest]
