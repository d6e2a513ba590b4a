"""The model: what happenings make of rooms, messages, states and unread counts."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gui.model import Model, Part
from gui.room import State, Transfer
from protocol.client.happenings import (
    Acked,
    Arrived,
    Loaded,
    PeopleKnown,
    Progress,
    Queued,
    Refused,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import EventKind
from tests.gui.fakes import (
    DIRECT,
    GENERAL,
    ME,
    NOON,
    OLENA,
    PEOPLE,
    info,
    notice,
    text,
    texts,
)


def fresh(head: int = 0) -> Model:
    model = Model()
    model.apply(Welcomed(ME, "Marko", "server"), NOON)
    members = ((ME, "Marko"), (OLENA, "Olena"))
    model.apply(RoomsChanged((info(head=head), info(DIRECT, members=members))), NOON)
    return model


def seqs(model: Model) -> list[int]:
    return [entry.seq for entry in model.rooms[GENERAL].entries]


def test_a_message_goes_from_queued_to_sent_to_stored_as_one_row() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    part = model.apply(Queued(GENERAL, 7, EventKind.TEXT, {"text": "hi"}, 1), NOON)
    assert Part.TIMELINE in part
    (entry,) = room.timeline
    assert (entry.state, entry.seq, entry.own) == (State.QUEUED, 0, True)
    model.apply(Acked(GENERAL, 7, b"e" * 16, 1), NOON)
    assert room.timeline[0].state is State.SENT
    model.apply(Arrived(GENERAL, (text(1, "hi", ME, "Marko", n=7),), True), NOON)
    (stored,) = room.timeline
    assert (stored.key, stored.seq, stored.state) == (entry.key, 1, State.SENT)
    assert not room.pending


def test_an_ack_after_the_arrival_leaves_nothing_behind() -> None:
    model = fresh()
    model.apply(Arrived(GENERAL, texts(1, 3), True), NOON)
    model.apply(Queued(GENERAL, 7, EventKind.TEXT, {"text": "hi"}), NOON)
    model.apply(Acked(GENERAL, 7, b"e" * 16, 2), NOON)
    assert not model.rooms[GENERAL].pending


def test_a_refused_message_stays_with_its_reason() -> None:
    model = fresh()
    model.apply(Queued(GENERAL, 7, EventKind.TEXT, {"text": "hi"}), NOON)
    model.apply(Refused(GENERAL, 7, 15, "", "You are not in this room"), NOON)
    (entry,) = model.rooms[GENERAL].timeline
    assert (entry.state, entry.reason) == (State.FAILED, "You are not in this room")


def test_queued_twice_is_shown_once() -> None:
    model = fresh()
    for _ in range(2):
        model.apply(Queued(GENERAL, 7, EventKind.TEXT, {"text": "hi"}), NOON)
    assert len(model.rooms[GENERAL].timeline) == 1


def test_unread_counts_others_words_behind_the_mark() -> None:
    model = fresh(head=3)
    room = model.rooms[GENERAL]
    assert room.unread == 0
    model.apply(Arrived(GENERAL, (text(4), notice(5, "joined")), True), NOON)
    model.apply(Arrived(GENERAL, (text(6, person=ME), text(7)), True), NOON)
    assert room.unread == 2
    assert model.mark_read(room) is Part.ROOMS
    assert room.unread == 0
    assert model.read_marks()[GENERAL.hex()] == 7


def test_unread_counts_what_is_not_loaded_too() -> None:
    model = Model({GENERAL.hex(): 10})
    model.apply(RoomsChanged((info(head=100),)), NOON)
    model.apply(Loaded(1, GENERAL, texts(61, 100), True), NOON)
    assert model.rooms[GENERAL].unread == 90


def test_a_hole_drops_the_older_side() -> None:
    model = fresh()
    model.apply(Arrived(GENERAL, texts(1, 5), True), NOON)
    model.apply(Arrived(GENERAL, texts(9, 12), False), NOON)
    assert seqs(model) == [9, 10, 11, 12]
    assert model.rooms[GENERAL].more


def test_pages_are_put_before_and_the_first_message_ends_them() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    room.asked = 1
    model.apply(Loaded(1, GENERAL, texts(101, 200), True), NOON)
    assert room.more and not room.asked
    room.asked = 2
    model.apply(Loaded(2, GENERAL, texts(1, 100), False), NOON)
    assert seqs(model) == list(range(1, 201))
    assert not room.more


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), max_size=12))
def test_entries_are_dense_and_ascending_whatever_comes(spans: list[tuple[int, int]]) -> None:
    model = fresh()
    for first, count in spans:
        model.apply(Arrived(GENERAL, texts(first, first + count), True), NOON)
        got = seqs(model)
        assert got == list(range(got[0], got[-1] + 1))


def test_another_epoch_forgets_what_was_stored() -> None:
    model = fresh(5)
    room = model.rooms[GENERAL]
    model.apply(Arrived(GENERAL, texts(6, 9), True), NOON)
    part = model.apply(RoomsChanged((info(head=2, epoch=b"x" * 16),)), NOON)
    assert Part.TIMELINE in part
    assert not room.entries and not room.primed and room.unread == 0
    assert list(model.rooms) == [GENERAL]


def test_leaving_the_open_room_opens_another() -> None:
    model = fresh()
    assert model.active == GENERAL
    assert model.room is not None
    model.apply(RoomsChanged((info(DIRECT, members=((ME, "M"), (OLENA, "Olena"))),)), NOON)
    assert model.active == DIRECT
    model.apply(RoomsChanged(()), NOON)
    assert model.room is None


def test_a_direct_message_is_called_by_the_nicknames_of_now() -> None:
    model = fresh()
    room = model.rooms[DIRECT]
    assert model.title(room) == "Olena"
    people = (PEOPLE[0], replace(PEOPLE[1], nick="Olha"))
    model.apply(PeopleKnown(people), NOON)
    assert model.title(room) == "Olha"


def test_messages_before_their_room_are_kept() -> None:
    model = Model()
    model.apply(Arrived(GENERAL, texts(1, 2), False), NOON)
    model.apply(RoomsChanged((info(head=2),)), NOON)
    assert seqs(model) == [1, 2]


def test_progress_belongs_to_a_known_transfer() -> None:
    model = fresh()
    assert model.apply(Progress(9, 1, 2, True), NOON) is Part.NONE
    model.start_transfer(Transfer(9, GENERAL, "a.png", True))
    assert model.apply(Progress(9, 1, 2, True), NOON) is Part.TRANSFERS
    assert model.transfers[9].done == 1
    model.apply(Queued(GENERAL, 3, EventKind.IMAGE, {}, 9), NOON)
    assert not model.transfers


def test_trimming_keeps_the_newest() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    model.apply(Arrived(GENERAL, texts(1, 50), True), NOON)
    room.more = False
    model.trim(room, 10)
    assert seqs(model) == list(range(41, 51))
    assert room.more
