"""What happens while one is elsewhere: in another room, away from the window, offline."""

from dataclasses import replace
from pathlib import Path

import pytest

from gui.chat.model import Model
from gui.chat.room import Draft
from gui.desktop.notifications import Gatherer
from gui.memory import Memory
from protocol.client.happenings import (
    Arrived,
    Changed,
    Failed,
    Link,
    LinkChanged,
    Loaded,
    Marked,
    Message,
    Queued,
    Refused,
    RoomsChanged,
)
from protocol.codes import ErrorCode, EventKind
from tests.gui.fakes import DIRECT, GENERAL, ME, NOON, OLENA, SOMCHAI, image, info, text, texts
from tests.gui.test_controller import Desk

MEMBERS = ((ME, "Marko"), (OLENA, "Olena"))


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def taken_back(message: Message) -> Message:
    return replace(message, body={}, deleted=True)


def test_the_line_stands_above_others_words_not_above_ones_own(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (text(1001, "mine", ME, "Marko"),), True))
    one.desk.open_room(DIRECT)
    one.tell(Arrived(GENERAL, (text(1002),), True))
    one.desk.open_room(GENERAL)
    assert (one.room.unread, one.room.unread_from) == (1, 1002)


def test_what_does_not_count_is_not_unread_after_a_restart(one: Desk, tmp_path: Path) -> None:
    like = replace(text(1001), kind=int(EventKind.REACT), body={"of": 1000, "emoji": "+"})
    likes = tuple(replace(like, seq=seq) for seq in range(1001, 1101))
    one.tell(Arrived(GENERAL, likes, True))
    one.desk.close()
    again = Model(Memory(tmp_path).recall)
    again.apply(RoomsChanged((info(head=1100),)), NOON)
    again.loaded(Loaded(1, GENERAL, likes[-40:], True), "start")
    assert again.rooms[GENERAL].unread == 0


def test_the_line_moves_once_what_is_behind_it_was_read(one: Desk) -> None:
    for seq in (1001, 1003):
        one.desk.focused = False
        one.tell(Arrived(GENERAL, (text(seq), text(seq + 1)), seq == 1001))
        assert one.room.unread_from == seq
        one.desk.focused = True
        one.desk.seen()


def test_what_was_read_elsewhere_before_it_came_here_is_no_news(one: Desk) -> None:
    one.tell(Marked(GENERAL, ((ME, 1005),)), Arrived(GENERAL, texts(1001, 1007), False))
    assert (one.room.unread, one.room.read) == (2, 1005)


def test_a_mark_from_elsewhere_counts_nothing_that_is_not_loaded_as_read(one: Desk) -> None:
    one.desk.model.loaded(Loaded(1, GENERAL, texts(1, 100), False, True), "around")
    one.tell(Arrived(GENERAL, texts(1001, 1020), True))
    one.tell(Marked(GENERAL, ((ME, 1010),)))
    assert one.room.unread == 10


def test_a_first_message_from_somebody_is_unread(one: Desk) -> None:
    new = b"n" * 16
    others = ((ME, "Marko"), (SOMCHAI, "Somchai"))
    rooms = (info(head=1000), info(DIRECT, members=MEMBERS), info(new, "", 3, others))
    one.tell(RoomsChanged(rooms))
    one.answer("history", new, texts(1, 3, new))
    assert one.desk.model.rooms[new].unread == 3


def test_a_refused_message_does_not_hide_what_is_said_since(one: Desk) -> None:
    one.tell(Queued(GENERAL, 1, EventKind.TEXT, {"text": "no"}), Refused(GENERAL, 1, 9, "", "no"))
    one.tell(Arrived(GENERAL, (text(1001),), True))
    assert one.room.last is not None and one.room.last.seq == 1001


def test_a_room_that_nobody_looks_at_does_not_grow_for_ever(one: Desk) -> None:
    one.desk.open_room(DIRECT)
    for low in range(1001, 5001, 100):
        one.tell(Arrived(GENERAL, texts(low, low + 99), False))
    assert len(one.room.entries) <= 1500 and one.room.last_seq == 5000
    assert one.room.unread == 4000


def test_the_last_jump_wins(one: Desk) -> None:
    one.desk.jump(100)
    first = one.client.asked("around")[-1][0]
    one.desk.jump(500)
    one.answer("around", GENERAL, texts(450, 550), True, True)
    one.tell(Loaded(first, GENERAL, texts(50, 150), True, True))
    assert one.screen.flashed == [500] and one.room.first_seq == 450


def test_a_jump_that_fails_is_told_and_leaves_the_view_as_it_was(one: Desk) -> None:
    one.desk.jump(100)
    one.tell(Failed(one.client.asked("around")[-1][0], int(ErrorCode.UNAVAILABLE), "off"))
    assert one.screen.said and not one.room.trouble
    one.desk.older()
    assert one.room.asked


def test_an_answer_that_comes_live_gets_its_quote(one: Desk) -> None:
    asked = len(one.client.asked("history"))
    reply = replace(text(1001), body={"text": "yes", "reply": 17})
    one.tell(RoomsChanged((replace(info(head=1001), low=0),)), Arrived(GENERAL, (reply,), True))
    assert (GENERAL, 18, 1) in [words for _, words in one.client.asked("history")[asked:]]


def test_marks_are_asked_for_wherever_a_room_is_opened_from(one: Desk) -> None:
    one.tell(RoomsChanged((info(DIRECT, members=MEMBERS),)))
    assert one.desk.model.active == DIRECT
    assert one.client.asked("marks")[-1][1] == (DIRECT,)


def test_a_change_that_is_refused_says_why_and_is_thrown_away(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (text(1001, "mine", ME, "Marko"),), True))
    one.tell(Queued(GENERAL, 4, EventKind.EDIT, {"of": 1001, "text": "better"}))
    one.tell(Refused(GENERAL, 4, 0, "", "too late"))
    entry = one.room.entry(1001)
    assert entry is not None and entry.words == "mine"
    assert one.screen.said == [("too late", True)]
    assert one.client.asked("discard")[0][1] == (GENERAL, 4)


def test_what_was_asked_about_one_room_is_not_done_in_another(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (text(1001, "mine", ME, "Marko"),), True))
    asked = one.room
    one.desk.open_room(DIRECT)
    one.tell(Arrived(DIRECT, (text(1, room=DIRECT),), True))
    one.desk.delete([1001], asked)
    one.desk.forward([1], DIRECT, asked)
    one.desk.send_files([Path("a.pdf")], where=asked)
    one.desk.react(1000, "+", asked)
    assert one.client.asked("delete")[0][1] == (GENERAL, 1001)
    assert one.client.asked("forward")[0][1] == (GENERAL, 1, DIRECT)
    assert one.client.asked("send_file")[0][1][0] == GENERAL
    assert one.client.asked("react")[0][1] == (GENERAL, 1000, "+", True)


def test_a_room_marked_as_read_is_read_on_other_devices_too(one: Desk) -> None:
    one.desk.open_room(DIRECT)
    one.tell(Arrived(GENERAL, (text(1001),), True))
    one.desk.mark_read(one.room)
    assert one.room.unread == 0
    assert one.client.asked("mark")[-1][1] == (GENERAL, 1001)


def test_a_notification_that_waits_does_not_show_what_was_taken_back(one: Desk) -> None:
    first, second = text(1001, "secret"), text(1002, "wrong")
    held = Gatherer()
    one.tell(Arrived(GENERAL, (first, second), True))
    held.add(GENERAL, one.room.entries[-2:])
    held.changed(GENERAL, {1001: taken_back(first), 1002: replace(second, body={"text": "right"})})
    ((_, entries),) = held.due(0.0)
    assert [entry.words for entry in entries] == ["right"]
    held.add(GENERAL, entries)
    held.changed(GENERAL, {1002: taken_back(second)})
    assert held.wait_s(100.0) is None


def test_who_notifies_hears_what_was_taken_back(one: Desk) -> None:
    heard: list[tuple[bytes, list[bool]]] = []
    one.desk.on_changed = lambda room, messages: heard.append(
        (room.room, [message.deleted for message in messages])
    )
    one.tell(Arrived(GENERAL, (text(1001),), True))
    one.tell(Changed(GENERAL, (taken_back(text(1001)),)))
    assert heard == [(GENERAL, [True])]
    assert one.room.last is not None and not one.room.last.words


def test_names_of_rooms_are_one_safe_line(one: Desk) -> None:
    others = ((ME, "Marko"), (OLENA, "Ole\u202ena\n\x00x"))
    one.tell(RoomsChanged((info(DIRECT, members=others), info(name="a\x1b[31m\nb"))))
    assert one.desk.model.title(one.desk.model.rooms[DIRECT]) == "Olena x"
    assert one.desk.model.title(one.room) == "a[31m b"


def test_a_late_thread_does_not_undo_what_was_kept_at_the_end(tmp_path: Path, one: Desk) -> None:
    memory = Memory(tmp_path / "other")
    (tmp_path / "other").mkdir()
    one.room.draft = Draft("early")
    early = memory._collect([one.room]), memory._collected
    one.room.draft = Draft("late")
    memory.save([one.room])
    memory._write(*early)
    room = type(one.room)(GENERAL)
    Memory(tmp_path / "other").recall(room)
    assert room.draft.text == "late"


def test_what_cannot_be_fetched_keeps_its_sign_while_one_is_offline(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (image(1001, 10, 10, b""),), True))
    request = one.desk.fetch(GENERAL, b"s" * 32, 10, lambda _path, _why: None)
    one.tell(Failed(request, int(ErrorCode.UNAVAILABLE), "off"), LinkChanged(Link.WAITING))
    assert [bool(one.problem) for one in one.desk.model.transfers.values()] == [True]
