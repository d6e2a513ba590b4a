"""The model: what happenings make of rooms, messages, states and unread counts."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gui.chat.model import Model, Part
from gui.chat.room import Entry, Room, State, Transfer
from gui.chat.span import SPAN_MAX, with_change
from protocol.client.happenings import (
    Acked,
    Arrived,
    Changed,
    Discarded,
    Link,
    LinkChanged,
    Loaded,
    Marked,
    Message,
    PeopleKnown,
    Progress,
    Queued,
    Refused,
    Resumed,
    RoomsChanged,
    Sent,
    Typing,
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


def load(model: Model, first: int, last: int, where: str, more: bool, newer: bool = False) -> None:
    model.loaded(Loaded(1, GENERAL, texts(first, last), more, newer), where)


def test_a_message_goes_from_queued_to_sent_to_stored_as_one_row() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    part = model.apply(Queued(GENERAL, 7, EventKind.TEXT, {"text": "hi"}, 1), NOON)
    assert Part.TIMELINE in part
    (entry,) = room.timeline
    assert (entry.state, entry.seq, entry.own) == (State.QUEUED, 0, True)
    model.apply(Sent(GENERAL, 5, 3), NOON)
    states = [room.timeline[0].state]
    model.apply(LinkChanged(Link.WAITING), NOON)
    states.append(room.timeline[0].state)
    model.apply(Acked(GENERAL, 7, b"e" * 16, 1), NOON)
    states.append(room.timeline[0].state)
    assert states == [State.SENT, State.QUEUED, State.STORED]
    model.apply(Arrived(GENERAL, (text(1, "hi", ME, "Marko", n=7),), True), NOON)
    (stored,) = room.timeline
    assert (stored.key, stored.seq, stored.state) == (entry.key, 1, State.STORED)
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
    assert (room.unread, room.read) == (0, 7)
    assert model.mark_read(room) is Part.NONE


def test_unread_counts_what_is_not_loaded_too() -> None:
    def recall(room: Room) -> None:
        room.read = 10

    model = Model(recall)
    model.apply(RoomsChanged((info(head=100),)), NOON)
    load(model, 61, 100, "start", True)
    assert model.rooms[GENERAL].unread == 90
    load(model, 11, 60, "older", True)
    assert model.rooms[GENERAL].unread == 90
    model.apply(Arrived(GENERAL, (text(101),), True), NOON)
    assert model.rooms[GENERAL].unread == 91


def test_changes_of_messages_are_not_unread_and_no_rows() -> None:
    model = fresh()
    edit = Message(GENERAL, b"e" * 16, 2, NOON, OLENA, "Olena", EventKind.EDIT,
                   {"of": 1, "text": "better"}, False, 0)  # fmt: skip
    model.apply(Arrived(GENERAL, (text(1), edit), True), NOON)
    room = model.rooms[GENERAL]
    assert room.unread == 1
    assert [entry.shown for entry in room.entries] == [True, False]
    assert room.latest is not None and room.latest.seq == 1


def test_who_is_named_is_counted() -> None:
    model = fresh()
    named = replace(text(1), body={"text": "@Marko", "mentions": [ME]})
    model.apply(Arrived(GENERAL, (named, text(2)), True), NOON)
    assert (model.rooms[GENERAL].unread, model.rooms[GENERAL].mentions) == (2, 1)


def test_a_hole_drops_the_older_side() -> None:
    model = fresh()
    model.apply(Arrived(GENERAL, texts(1, 5), True), NOON)
    model.apply(Arrived(GENERAL, texts(9, 12), False), NOON)
    assert seqs(model) == [9, 10, 11, 12]
    assert model.rooms[GENERAL].more


def test_pages_are_put_before_and_the_first_message_ends_them() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    load(model, 101, 200, "start", True)
    assert room.more
    load(model, 1, 100, "older", False)
    assert seqs(model) == list(range(1, 201))
    assert not room.more


def test_a_jump_takes_the_span_elsewhere_and_news_do_not_disturb_it() -> None:
    model = fresh(1000)
    room = model.rooms[GENERAL]
    load(model, 900, 1000, "start", True)
    load(model, 400, 500, "around", True, newer=True)
    assert (room.first_seq, room.last_seq, room.more, room.newer) == (400, 500, True, True)
    model.apply(Arrived(GENERAL, (text(1001),), True), NOON)
    assert room.last_seq == 500 and room.unread == 1
    assert room.latest is not None and room.latest.seq == 1001
    load(model, 501, 600, "later", True, newer=True)
    assert (room.first_seq, room.last_seq, room.newer) == (400, 600, True)
    load(model, 902, 1001, "around", True)
    assert (room.last_seq, room.newer) == (1001, False)
    model.apply(Arrived(GENERAL, (text(1002),), True), NOON)
    assert room.last_seq == 1002


def test_a_span_is_bounded_at_both_ends() -> None:
    model = fresh(9000)
    room = model.rooms[GENERAL]
    load(model, 8901, 9000, "start", True)
    for first in range(8801, 5000, -100):
        load(model, first, first + 99, "older", True)
    assert room.newer and len(room.entries) == SPAN_MAX
    first = room.first_seq
    while room.newer:
        load(model, room.last_seq + 1, room.last_seq + 100, "later", True, room.last_seq < 8900)
    assert room.first_seq > first and len(room.entries) <= SPAN_MAX
    assert room.more and room.last_seq >= 9000


def test_keys_stay_when_a_message_is_loaded_again() -> None:
    model = fresh(300)
    load(model, 201, 300, "start", True)
    room = model.rooms[GENERAL]
    keys = {entry.seq: entry.key for entry in room.entries}
    load(model, 151, 250, "around", True, newer=True)
    assert [keys[seq] for seq in range(201, 251)] == [room.entries[seq - 151].key
                                                      for seq in range(201, 251)]  # fmt: skip


def test_one_s_own_changes_are_shown_at_once_and_undone_when_refused() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    model.apply(Arrived(GENERAL, (text(1, "first", ME, "Marko"), text(2)), True), NOON)
    model.apply(Queued(GENERAL, 5, EventKind.EDIT, {"of": 1, "text": "second"}), NOON)
    model.apply(Queued(GENERAL, 6, EventKind.REACT, {"of": 2, "emoji": "+", "on": True}), NOON)
    one, two = room.entries
    assert (one.words, one.edited, one.waiting) == ("second", True, True)
    assert two.reactions == (("+", (ME,)),)
    assert not room.pending
    model.apply(Refused(GENERAL, 5, 15, "", "no"), NOON)
    assert (room.entries[0].words, room.entries[0].waiting) == ("first", False)
    done = replace(text(2), reactions=(("+", (ME,)),))
    model.apply(Acked(GENERAL, 6, b"e" * 16, 3), NOON)
    model.apply(Changed(GENERAL, (done,)), NOON)
    assert not room.entries[1].waiting and room.entries[1].key == two.key


def test_waiting_changes_are_shown_on_what_is_loaded_later() -> None:
    model = fresh(10)
    model.apply(Queued(GENERAL, 5, EventKind.DELETE, {"of": 3}), NOON)
    mine = tuple(replace(one, own=True, person=ME) for one in texts(1, 5))
    model.loaded(Loaded(1, GENERAL, mine, False), "start")
    assert [entry.deleted for entry in model.rooms[GENERAL].entries] == [
        False, False, True, False, False,
    ]  # fmt: skip


def test_somebody_else_s_words_cannot_be_changed() -> None:
    model = fresh()
    model.apply(Arrived(GENERAL, (text(1),), True), NOON)
    model.apply(Queued(GENERAL, 5, EventKind.EDIT, {"of": 1, "text": "mine"}), NOON)
    assert not model.rooms[GENERAL].entries[0].edited


def test_a_reaction_is_taken_back_by_its_owner_alone() -> None:
    entry = Entry(1, 1, NOON, OLENA, "Olena", EventKind.TEXT, {"text": "x"}, False,
                  reactions=(("+", (OLENA, ME)), ("-", (ME,))))  # fmt: skip
    off = {"of": 1, "emoji": "-", "on": False}
    assert with_change(entry, EventKind.REACT, off, ME).reactions == (("+", (OLENA, ME)),)
    off = {"of": 1, "emoji": "+", "on": False}
    assert with_change(entry, EventKind.REACT, off, ME).reactions[0] == ("+", (OLENA,))


def test_a_discarded_message_goes() -> None:
    model = fresh()
    model.apply(Queued(GENERAL, 7, EventKind.TEXT, {"text": "hi"}), NOON)
    model.apply(Discarded(GENERAL, 7), NOON)
    assert not model.rooms[GENERAL].timeline


def test_who_types_is_forgotten_after_a_while_or_when_the_words_come() -> None:
    model = fresh()
    room = model.rooms[GENERAL]
    model.apply(PeopleKnown(PEOPLE), NOON)
    assert model.apply(Typing(GENERAL, OLENA), NOON) is Part.TYPING
    assert model.apply(Typing(GENERAL, ME), NOON) is Part.NONE
    assert model.typing(room) == ["Olena"]
    assert model.tick(NOON / 1000 + 1) is Part.NONE
    assert model.tick(NOON / 1000 + 60) is Part.TYPING
    assert model.typing(room) == []
    model.apply(Typing(GENERAL, OLENA), NOON)
    model.apply(Arrived(GENERAL, (text(1),), True), NOON)
    assert model.typing(room) == []


def test_marks_go_forward_only() -> None:
    model = fresh(10)
    room = model.rooms[GENERAL]
    assert model.apply(Marked(GENERAL, ((OLENA, 5), (ME, 9))), NOON) is Part.TIMELINE
    assert model.apply(Marked(GENERAL, ((OLENA, 4),)), NOON) is Part.NONE
    assert room.seen_by(5) == [OLENA] and room.seen_by(6) == []


def test_what_was_read_on_another_device_is_read_here() -> None:
    model = fresh(10)
    room = model.rooms[GENERAL]
    model.apply(Arrived(GENERAL, texts(11, 20), True), NOON)
    assert room.unread == 10
    assert model.apply(Marked(GENERAL, ((ME, 15),)), NOON) is Part.ROOMS
    assert (room.read, room.unread) == (15, 5)
    model.apply(Marked(GENERAL, ((ME, 20),)), NOON)
    assert room.unread == 0


def test_the_list_begins_with_what_was_said_last() -> None:
    model = fresh()
    model.apply(Arrived(GENERAL, (text(1, ts=NOON),), True), NOON)
    model.apply(Arrived(DIRECT, (text(1, room=DIRECT, ts=NOON + 5),), True), NOON)
    assert [room.room for room in model.ordered()] == [DIRECT, GENERAL]


def test_the_line_of_new_messages_stays_while_the_room_is_open() -> None:
    model = fresh()
    model.apply(Arrived(DIRECT, (text(1, room=DIRECT), text(2, room=DIRECT)), True), NOON)
    model.open(DIRECT)
    room = model.rooms[DIRECT]
    assert room.unread_from == 1
    model.mark_read(room)
    assert room.unread_from == 1
    model.open(GENERAL)
    assert room.unread_from == 0


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


def test_an_upload_that_goes_on_after_a_restart_is_shown() -> None:
    model = fresh()
    assert model.apply(Resumed(4, GENERAL, EventKind.FILE, "a.pdf"), NOON) is Part.TRANSFERS
    model.apply(Progress(4, 1, 2, True), NOON)
    assert (model.transfers[4].label, model.transfers[4].done) == ("a.pdf", 1)


def test_what_failed_stays_until_the_next_try_of_the_same_file() -> None:
    model = fresh()
    model.start_transfer(Transfer(1, GENERAL, "a.png", True))
    model.start_transfer(Transfer(2, GENERAL, "", False, sha256=b"s" * 32))
    model.fail_transfer(1, "no")
    assert Part.TIMELINE in model.fail_transfer(2, "gone")
    assert [one.problem for one in model.transfers.values()] == ["no", "gone"]
    model.start_transfer(Transfer(3, GENERAL, "", False, sha256=b"s" * 32))
    assert [one.problem for one in model.transfers.values()] == ["no", ""]
