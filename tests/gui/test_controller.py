"""The controller: what people ask for becomes calls, and answers find their way back."""

from dataclasses import replace
from pathlib import Path

import pytest

from gui.chat.controller import Controller
from gui.chat.history import PAGE, PRIME
from gui.chat.model import Model, Part
from gui.chat.room import Draft, Notify, Room
from gui.memory import Memory
from gui.settings import Settings
from gui.words.i18n import Words
from protocol.client.happenings import (
    DISK_FULL,
    Arrived,
    Done,
    Failed,
    Gathered,
    Link,
    LinkChanged,
    Loaded,
    PeopleKnown,
    PersonInfo,
    PortraitsCame,
    Progress,
    PutAside,
    Queued,
    RoomsChanged,
    Welcomed,
)
from protocol.codes import ErrorCode, EventKind
from protocol.limits import TEXT_MAX_CHARS
from tests.gui.fakes import DIRECT, GENERAL, ME, NOON, OLENA, PEOPLE, FakeClient, info, text, texts


class Around:
    """The program around a controller."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.tr = Words("en")


class Screen:
    """A view that notes what it is told."""

    def __init__(self) -> None:
        self.parts = Part.NONE
        self.said: list[tuple[str, bool]] = []
        self.flashed: list[int] = []
        self.taken_back: list[tuple[bytes, Draft]] = []
        self.bottoms = 0

    def show(self, part: Part) -> None:
        self.parts |= part

    def say(self, text: str, bad: bool = False) -> None:
        self.said.append((text, bad))

    def flash(self, seq: int) -> None:
        self.flashed.append(seq)

    def take_back(self, room: bytes, draft: Draft) -> None:
        self.taken_back.append((room, draft))

    def bottom(self) -> None:
        self.bottoms += 1


class Desk:
    """A controller with fakes at both sides."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gui.chat.controller.in_tk_thread", lambda: True)
        self.now_s = NOON / 1000
        self.client = FakeClient()
        self.around = Around()
        self.memory = Memory(folder)
        self.news: list[tuple[bytes, list[int]]] = []
        self.desk = Controller(
            Model(self.memory.recall), self.client, self.memory, self.around,
            lambda: self.now_s, self._told,
        )  # fmt: skip
        self.screen = Screen()
        self.desk.attach(self.screen)
        members = ((ME, "Marko"), (OLENA, "Olena"))
        self.tell(
            Welcomed(ME, "Marko", "server"),
            RoomsChanged((info(head=1000), info(DIRECT, members=members))),
            LinkChanged(Link.ONLINE),
        )
        self.answer("history", GENERAL, texts(961, 1000), more=True)

    def _told(self, room: Room, entries: object) -> None:
        assert isinstance(entries, list)
        self.news.append((room.room, [entry.seq for entry in entries]))

    def tell(self, *happenings: object) -> None:
        self.desk.apply(happenings)  # type: ignore[arg-type]

    def answer(
        self, name: str, room: bytes, messages: object, more: bool = False, newer: bool = False
    ) -> None:
        """Answer the last question of this name about a room."""
        request = [at for at, words in self.client.asked(name) if words[0] == room][-1]
        self.tell(Loaded(request, room, messages, more, newer))  # type: ignore[arg-type]

    @property
    def room(self) -> Room:
        return self.desk.model.rooms[GENERAL]


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_what_cannot_be_put_into_the_outbox_goes_back_to_where_it_was_written(one: Desk) -> None:
    one.desk.say("kept", reply=7)
    ((request, _),) = one.client.asked("say")
    one.tell(Failed(request, DISK_FULL, "the disk is full"))
    assert one.screen.taken_back == [(GENERAL, Draft("kept", 7))]
    assert one.screen.said == [(one.around.tr("wording.refused_disk_full"), True)]
    one.desk.say("went out")
    (_, (request, _)) = one.client.asked("say")
    one.tell(Queued(GENERAL, 1, EventKind.TEXT, {"text": "went out"}, request))
    one.tell(Failed(request, 0, "too late to matter"))
    assert len(one.screen.taken_back) == 1


def test_a_restored_server_is_told_with_the_place_of_what_was_known(one: Desk) -> None:
    one.tell(PutAside(Path("/somewhere/kept")))
    ((said, bad),) = one.screen.said
    assert "/somewhere/kept" in said and not bad


def test_drafts_are_joined_and_nothing_of_them_is_lost() -> None:
    assert Draft("first", 3).before(Draft()) == Draft("first", 3)
    assert Draft("first", 3).before(Draft("second", 4)) == Draft("first\nsecond", 3)


def test_every_room_is_primed_once(one: Desk) -> None:
    asked = one.client.asked("history")
    assert [words for _, words in asked] == [(GENERAL, 0, PRIME), (DIRECT, 0, PRIME)]
    one.tell(RoomsChanged((info(head=1000),)))
    assert len(one.client.asked("history")) == 2


def test_older_pages_are_asked_for_one_at_a_time(one: Desk) -> None:
    one.desk.older()
    one.desk.older()
    assert one.client.asked("history")[2:][0][1] == (GENERAL, 961, PAGE)
    assert len(one.client.asked("history")) == 3
    one.answer("history", GENERAL, texts(861, 960), more=True)
    assert one.room.first_seq == 861
    one.desk.older()
    assert len(one.client.asked("history")) == 4


def test_history_that_fails_is_told_and_asked_for_again(one: Desk) -> None:
    one.desk.older()
    request = one.client.asked("history")[-1][0]
    one.tell(Failed(request, int(ErrorCode.DAMAGED), "damaged"))
    assert one.room.trouble
    one.desk.older()
    assert len(one.client.asked("history")) == 3
    one.desk.try_again()
    assert len(one.client.asked("history")) == 4


def test_a_jump_loads_what_is_around_and_makes_it_shine(one: Desk) -> None:
    one.desk.jump(980)
    assert one.screen.flashed == [980]
    one.desk.jump(500)
    assert one.client.asked("around")[0][1] == (GENERAL, 500, PAGE)
    one.answer("around", GENERAL, texts(451, 550), more=True, newer=True)
    assert one.screen.flashed == [980, 500]
    assert (one.room.first_seq, one.room.newer) == (451, True)
    one.desk.newer()
    assert one.client.asked("later")[0][1] == (GENERAL, 550, PAGE)
    one.answer("later", GENERAL, texts(551, 650), more=True, newer=True)
    assert one.room.last_seq == 650
    one.desk.to_end()
    assert one.screen.bottoms == 0
    one.answer("history", GENERAL, texts(901, 1000), more=True)
    assert one.screen.bottoms == 1 and not one.room.newer


def test_a_jump_reaches_what_came_since_the_server_told_of_the_room(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (text(1001), text(1002)), True))
    one.desk.jump(1001)
    assert one.screen.flashed == [1001]
    one.desk.jump(500)
    one.answer("around", GENERAL, texts(451, 550), more=True, newer=True)
    one.desk.jump(1002)
    assert one.client.asked("around")[-1][1] == (GENERAL, 1002, PAGE)


def test_a_jump_to_nowhere_is_nothing(one: Desk) -> None:
    calls = len(one.client.calls)
    one.desk.jump(0)
    one.desk.jump(10_000)
    assert len(one.client.calls) == calls and not one.screen.flashed


def test_an_answer_that_comes_after_a_jump_does_not_mix_spans(one: Desk) -> None:
    one.desk.older()
    late = one.client.asked("history")[-1][0]
    one.desk.jump(500)
    one.answer("around", GENERAL, texts(451, 550), more=True, newer=True)
    one.tell(Loaded(late, GENERAL, texts(861, 960), True))
    assert (one.room.first_seq, one.room.last_seq) == (451, 550)


def test_answered_messages_on_this_machine_are_fetched_for_their_quotes(one: Desk) -> None:
    answering = replace(text(1001), body={"text": "yes", "reply": 77})
    one.tell(Arrived(GENERAL, (answering,), True))
    one.desk.open_room(DIRECT)
    one.desk.open_room(GENERAL)
    asked = [words for _, words in one.client.asked("history")]
    assert (GENERAL, 78, 1) in asked
    one.answer("history", GENERAL, texts(77, 77))
    quoted = one.room.entry(77)
    assert quoted is not None and quoted.words == "message 77"
    assert one.room.first_seq == 961


def test_words_are_checked_before_they_are_sent(one: Desk) -> None:
    assert one.desk.say("  ")
    assert "1" in one.desk.say("x" * (TEXT_MAX_CHARS + 1))
    assert not one.client.asked("say")
    assert one.desk.say("hello", (OLENA,), 5) == ""
    assert one.client.asked("say")[0][1] == (GENERAL, "hello", 5, (OLENA,), "")


def test_who_writes_while_reading_history_is_taken_to_the_end(one: Desk) -> None:
    one.desk.jump(500)
    one.answer("around", GENERAL, texts(451, 550), more=True, newer=True)
    assert one.desk.say("hello") == ""
    one.answer("history", GENERAL, texts(901, 1000), more=True)
    assert one.screen.bottoms == 1 and one.room.last_seq == 1000


def test_only_one_s_own_words_are_edited_and_deleted(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (text(1001, "mine", ME, "Marko"), text(1002)), True))
    assert one.desk.edit(1002, "other")
    assert one.desk.edit(1001, "  ")
    assert one.desk.edit(1001, "mine") == ""
    assert not one.client.asked("edit")
    assert one.desk.edit(1001, "better") == ""
    assert one.client.asked("edit")[0][1] == (GENERAL, 1001, "better", ())
    one.desk.delete([1001, 1002])
    assert [words for _, words in one.client.asked("delete")] == [(GENERAL, 1001)]


def test_a_reaction_goes_on_and_off(one: Desk) -> None:
    one.desk.react(1000, "👍")
    assert one.client.asked("react")[0][1] == (GENERAL, 1000, "👍", True)
    mine = replace(one.room.entries[-1], reactions=(("👍", (ME,)),))
    one.room.entries[-1] = mine
    one.desk.react(1000, "👍")
    assert one.client.asked("react")[1][1] == (GENERAL, 1000, "👍", False)


def test_files_go_as_what_they_are_and_failed_ones_can_be_tried_again(one: Desk) -> None:
    one.desk.send_files([Path("a.PNG"), Path("b.pdf")], "look", False, 7)
    assert one.client.asked("send_image")[0][1] == (GENERAL, Path("a.PNG"), "look", 7, False)
    assert one.client.asked("send_file")[0][1] == (GENERAL, Path("b.pdf"), "", 0)
    request = one.client.asked("send_file")[0][0]
    one.tell(Progress(request, 5, 10, True), Failed(request, int(ErrorCode.QUOTA), "full"))
    assert one.desk.model.transfers[request].problem
    one.desk.retry_transfer(request)
    assert request not in one.desk.model.transfers
    again = one.client.asked("send_file")[1][0]
    one.tell(Failed(again, 0, "gone"))
    one.desk.cancel(again)
    assert again not in one.desk.model.transfers and not one.client.asked("cancel")


def test_a_download_that_fails_is_told_to_who_asked(one: Desk) -> None:
    got: list[tuple[Path | None, str]] = []
    request = one.desk.fetch(GENERAL, bytes(32), 10, lambda path, why: got.append((path, why)))
    one.tell(Failed(request, int(ErrorCode.NO_BLOB), "gone"))
    assert got[0][0] is None and got[0][1]
    assert one.desk.model.transfers[request].problem and not one.screen.said
    again = one.desk.fetch(GENERAL, bytes(32), 10, lambda path, why: got.append((path, why)))
    assert [one.request for one in one.desk.model.transfers.values()] == [again]
    one.desk.cancel(again)
    one.tell(Failed(again, 0, "cancelled"))
    assert not one.desk.model.transfers


def test_reading_is_told_unless_one_does_not_want_that(one: Desk) -> None:
    one.desk.seen()
    one.tell(Arrived(GENERAL, (text(1001),), True))
    one.desk.focused = False
    one.desk.seen()
    assert one.room.unread == 1 and not one.client.asked("mark")
    one.desk.focused = True
    one.desk.seen()
    assert one.room.unread == 0
    assert one.client.asked("mark")[0][1] == (GENERAL, 1001)
    one.around.settings = replace(one.around.settings, read_marks=False)
    one.tell(Arrived(GENERAL, (text(1002),), True))
    one.desk.seen()
    assert len(one.client.asked("mark")) == 1


def test_typing_is_told_seldom_and_only_if_wanted(one: Desk) -> None:
    for _ in range(5):
        one.desk.typing()
    assert len(one.client.asked("typing")) == 1
    one.now_s += 10
    one.desk.typing()
    assert len(one.client.asked("typing")) == 2
    one.around.settings = replace(one.around.settings, typing=False)
    one.now_s += 10
    one.desk.typing()
    assert len(one.client.asked("typing")) == 2


def test_news_are_told_with_what_others_said(one: Desk) -> None:
    one.tell(Arrived(GENERAL, (text(1001), text(1002, "x", ME, "Marko")), True))
    assert one.news == [(GENERAL, [1001])]
    one.tell(Arrived(GENERAL, (text(1003),), False))
    assert len(one.news) == 1


def test_the_line_of_new_messages_is_set_while_one_is_away(one: Desk) -> None:
    one.desk.seen()
    one.desk.focused = False
    one.tell(Arrived(GENERAL, (text(1001), text(1002)), True))
    assert one.room.unread_from == 1001


def test_drafts_marks_and_quiet_rooms_are_remembered(
    one: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.desk.set_draft(GENERAL, Draft("half a sent", reply=5))
    one.desk.notify(one.desk.model.rooms[DIRECT], Notify.MENTIONS)
    one.desk.mute_for(one.room, 3600)
    one.tell(Arrived(GENERAL, (text(1001),), True))
    one.desk.seen()
    one.desk.close()
    assert one.client.stopped
    again = Desk(tmp_path, monkeypatch)
    assert again.room.draft == Draft("half a sent", reply=5)
    assert again.room.quiet_until > again.now_s and again.desk.quiet(again.room)
    assert again.desk.model.rooms[DIRECT].notify is Notify.MENTIONS


def test_gathering_tells_how_far_it_is_and_how_it_ended(one: Desk) -> None:
    told: list[object] = []
    request = one.desk.gather(GENERAL, lambda low, high: told.append((low, high)), told.append)
    one.tell(Gathered(request, GENERAL, 500, 1000), Gathered(request, GENERAL, 0, 1000))
    one.tell(Done(request))
    assert told == [(500, 1000), (0, 1000), ""]


def test_pictures_of_people_are_asked_for_once(one: Desk) -> None:
    people = (*PEOPLE[:1], PersonInfo(OLENA, "Olena", True, 3, b"12345678"))
    one.tell(PeopleKnown(people))
    one.tell(PeopleKnown(people))
    assert [words for _, words in one.client.asked("portraits")] == [((OLENA,),)]
    one.tell(PortraitsCame(9, ((OLENA, b"picture"),)))
    assert one.desk.model.portraits == {b"12345678": b"picture"}


def test_a_direct_message_that_exists_is_opened_at_once(one: Desk) -> None:
    one.desk.direct((OLENA,))
    assert one.desk.model.active == DIRECT
    assert not one.client.asked("direct")


def test_a_bad_name_is_refused_before_it_is_asked_for(one: Desk) -> None:
    reasons: list[str] = []
    one.desk.rename("@me", reasons.append)
    one.desk.join("", reasons.append)
    assert len(reasons) == 2 and all(reasons)
    assert not one.client.asked("rename") and not one.client.asked("join")


def test_a_change_of_a_message_is_no_news(one: Desk) -> None:
    edit = replace(text(1001), kind=int(EventKind.EDIT), body={"of": 1000, "text": "x"})
    one.tell(Arrived(GENERAL, (edit,), True))
    assert not one.news and one.room.unread == 0
