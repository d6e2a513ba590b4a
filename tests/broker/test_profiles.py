"""Profiles: colours and pictures, what is told of them, and what a restart leaves of them."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.backplane import Down
from protocol.codes import ErrorCode, Kind, Purpose
from protocol.frames import (
    Error,
    People,
    PeoplePage,
    Portraits,
    PortraitsPage,
    Presence,
    Profile,
    Profiled,
    Rename,
    decode,
)
from protocol.limits import PORTRAIT_MAX_BYTES, PORTRAITS_MAX
from tests.broker.stand import Gate, Stand

ANN, BOB = 1, 2
PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff\xe0 and so on"
WEBP = b"RIFF\x10\0\0\0WEBPVP8 and so on"


def name(picture: bytes) -> bytes:
    return hashlib.sha256(picture).digest()[:8]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    stand.close()


@pytest.fixture
def gate(stand: Stand) -> Gate:
    """A gateway with Ann and Bob at slots 1 and 2."""
    gate = Gate(stand)
    gate.open(ANN, ANN, "Ann")
    gate.open(BOB, BOB, "Bob")
    stand.desk.presence_frames()
    return gate


def portraits(gate: Gate, *people: bytes) -> dict[bytes, bytes]:
    page = gate.answer(BOB, Portraits(9, list(people)))
    assert isinstance(page, PortraitsPage) and page.request == 9
    assert len({person for person, _ in page.portraits}) == len(page.portraits)
    return dict(page.portraits)


def test_a_profile_is_told_to_others_and_to_all_of_ones_devices(gate: Gate, stand: Stand) -> None:
    gate.open(11, ANN)
    gate.open(12, ANN, purpose=Purpose.BULK)
    said = gate.ask(ANN, Profile(5, 12, PNG))
    assert [(one[0], one[1], decode(one[2])) for one in said] == [
        (Down.FRAME, ANN, Profiled(5, 12, name(PNG))),
        (Down.FRAME, 11, Profiled(0, 12, name(PNG))),
    ]
    ann = stand.person(ANN).person
    row = [ann, "Ann", True, 12, name(PNG), 0]
    assert list(map(decode, stand.desk.presence_frames())) == [Presence([row])]
    page = gate.answer(BOB, People(1, b"", 500))
    assert isinstance(page, PeoplePage) and row in page.people
    assert portraits(gate, ann, stand.person(BOB).person, ann) == {ann: PNG}


def test_the_same_profile_again_is_no_news(gate: Gate, stand: Stand) -> None:
    gate.ask(ANN, Profile(5, 12, PNG))
    stand.desk.presence_frames()
    assert gate.answer(ANN, Profile(6, 12, PNG)) == Profiled(6, 12, name(PNG))
    assert stand.desk.presence_frames() == [] and not stand.batch


@pytest.mark.parametrize("picture", [PNG, JPEG, WEBP, JPEG.ljust(PORTRAIT_MAX_BYTES, b"x")])
def test_a_picture_stays_over_renames_and_restarts(
    gate: Gate, stand: Stand, picture: bytes
) -> None:
    gate.ask(ANN, Profile(5, 255, picture))
    gate.ask(ANN, Rename(6, "Anna"))
    ann = stand.person(ANN).person
    stand.restart()
    again = Gate(stand)
    again.open(BOB, BOB)
    page = again.answer(BOB, People(1, b"", 500))
    assert isinstance(page, PeoplePage)
    assert [ann, "Anna", False, 255, name(picture), 0] in page.people
    assert portraits(again, ann) == {ann: picture}


def test_a_picture_can_be_another_one_and_go(gate: Gate, stand: Stand) -> None:
    ann = stand.person(ANN).person
    for colour, picture in ((1, PNG), (1, JPEG), (2, JPEG), (2, b""), (0, b""), (0, WEBP)):
        assert gate.answer(ANN, Profile(5, colour, picture)) == Profiled(
            5, colour, name_of(picture)
        )
        for _ in range(2):
            assert portraits(gate, ann) == ({ann: picture} if picture else {})
            stand.restart()
            gate = Gate(stand)
            gate.open(ANN, ANN)
            gate.open(BOB, BOB)
        assert stand.person(ANN).colour == colour


def name_of(picture: bytes) -> bytes:
    return name(picture) if picture else b""


def test_a_picture_is_there_in_the_drain_that_brings_it(gate: Gate, stand: Stand) -> None:
    ann = stand.person(ANN)
    with stand.drain() as batch:
        for picture in (PNG, b"", JPEG):
            stand.profiles.change(ann, 1, picture, batch)
            rows = stand.profiles.portraits([ann], batch)
            assert rows == ([[ann.person, picture]] if picture else [])
    assert portraits(gate, ann.person) == {ann.person: JPEG}


@pytest.mark.parametrize(
    "data",
    [b"x", b"GIF89a", b"<svg/>", PNG[1:], b"\xff\xd8", b"RIFF", b"RIFF\0\0\0\0WAVE", b"\0" * 100],
)
def test_what_does_not_begin_like_a_picture_is_refused(
    gate: Gate, stand: Stand, data: bytes
) -> None:
    error = gate.answer(ANN, Profile(5, 3, data))
    assert isinstance(error, Error)
    assert (error.code, error.field) == (ErrorCode.FIELD, "picture")
    assert (error.kind, error.request) == (Kind.PROFILE, 5)
    assert stand.person(ANN).colour == 0 and not stand.batch


def test_pictures_of_nobody_are_an_error(gate: Gate, stand: Stand) -> None:
    error = gate.answer(BOB, Portraits(9, [stand.person(ANN).person, b"nobody  "]))
    assert isinstance(error, Error)
    assert (error.code, error.field) == (ErrorCode.NO_PERSON, "people")


def test_as_many_pictures_as_one_may_ask_for(gate: Gate, stand: Stand) -> None:
    pictures: dict[bytes, bytes] = {}
    for number in range(10, 10 + PORTRAITS_MAX):
        gate.open(number, number, f"p{number}")
        picture = JPEG + bytes([number]) * (PORTRAIT_MAX_BYTES - len(JPEG))
        gate.ask(number, Profile(1, number, picture))
        pictures[stand.person(number).person] = picture
    assert portraits(gate, *pictures) == pictures


def test_a_picture_that_was_damaged_is_none(gate: Gate, stand: Stand) -> None:
    gate.ask(ANN, Profile(5, 1, PNG))
    ann = stand.person(ANN).person
    for value in ("x'00'", "'text'", "17", "substr(data, 2)"):
        stand.journal._db.execute(f"UPDATE picture SET data={value}")
        assert portraits(gate, ann) == {}


def test_a_picture_on_a_page_that_was_damaged_is_none_and_ends_nothing(
    gate: Gate, stand: Stand, logged_errors: list[logging.LogRecord]
) -> None:
    for number, picture in ((ANN, PNG), (BOB, JPEG.ljust(PORTRAIT_MAX_BYTES, b"x"))):
        gate.ask(number, Profile(5, 1, picture))
    ann, bob = stand.person(ANN).person, stand.person(BOB).person
    (root,) = stand.journal._db.execute(
        "SELECT rootpage FROM sqlite_schema WHERE name='picture'"
    ).fetchone()
    stand.journal.close()
    with stand._path.open("r+b") as file:
        file.seek((root - 1) * 4_096)
        file.write(b"\xff" * 4_096)
    stand._open()
    again = Gate(stand)
    again.open(BOB, BOB)
    assert portraits(again, ann, bob) == {}
    assert [one.getMessage().split()[0] for one in logged_errors] == ["picture_damaged"] * 2
    logged_errors.clear()
