"""The window after one was elsewhere: what counts as seen, who is asked, which server it is."""

import pytest

from gui.chat.room import Transfer
from protocol.client.happenings import Arrived, Failed, Link, LinkChanged, RoomsChanged
from protocol.codes import EventKind
from tests.gui.conftest import LINK, Bench, Stage
from tests.gui.fakes import GENERAL, OLENA, info, text, texts
from tests.gui.reading import Reading

OWNER_LINK = LINK.replace(".token", ".owner-token")


def test_the_name_and_the_face_of_an_author_offer_what_can_be_done_with_them(
    stage: Stage,
) -> None:
    reading = Reading(stage, lambda talk: talk.say("hello", OLENA))
    entry = reading.entries[0]
    shape = reading.timeline.view.drawn[entry.key].shape
    name, face = (one.box for one in shape.zones if one.kind == "person")
    top = reading.timeline.view.top_of(entry.key) or 0
    for box in (name, face):
        reading.click((box.x + box.w // 2, top + box.y + box.h // 2))
    assert reading.acts.asked("person") == [(1,), (1,)]


def test_the_menu_of_an_author_opens(bench: Bench) -> None:
    bench.open()
    bench.enter()
    bench.tell(Arrived(GENERAL, (text(1),), True))
    timeline = bench.main.timeline
    box = timeline.zone_of(timeline.drawn_keys()[-1], "person")
    assert box is not None
    bench.click(timeline.widget, box.x + 4, box.y + 4)
    bench.wait(lambda: bench.main.menu.open, "the menu")
    bench.keys("Escape")


def test_a_file_that_was_not_fetched_says_so(stage: Stage) -> None:
    body = {"name": "plan.pdf", "media": "application/pdf", "size": 1000, "sha256": b"f" * 32}
    reading = Reading(stage, lambda talk: talk.say(kind=EventKind.FILE, body=body))
    entry = reading.entries[0]
    zone = next(
        one for one in reading.timeline.view.drawn[entry.key].shape.zones if one.kind == "file"
    )
    assert reading.timeline.pointer.hint(entry, zone) == ""
    transfer = Transfer(7, GENERAL, "", False, 5, 1000, b"f" * 32)
    reading.talk.model.start_transfer(transfer)
    reading.talk.model.fail_transfer(7, "gone")
    reading.show()
    assert reading.timeline.pointer.hint(entry, zone) == "Not fetched – try again"


def test_what_stands_behind_the_list_of_rooms_is_not_seen(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    window.root.minsize(1, 1)
    window.root.geometry("560x600")
    bench.wait(lambda: bench.main.panes.single, "the narrow window")
    bench.main.to_rooms()
    bench.settle()
    # Without a window manager the focus follows the mouse.
    window.session.controller.focused = True  # type: ignore[union-attr]
    bench.tell(Arrived(GENERAL, texts(1, 2), True))
    assert bench.main._model.rooms[GENERAL].unread == 2 and not bench.client.asked("mark")
    bench.main.open_room(GENERAL)
    bench.wait(lambda: bench.main._model.rooms[GENERAL].unread == 0, "the messages to be seen")


def test_what_could_not_be_loaded_does_not_keep_the_rest_unread(bench: Bench) -> None:
    bench.open()
    bench.enter(head=50)
    request = next(at for at, words in bench.client.asked("history") if words[0] == GENERAL)
    bench.tell(Failed(request, 0, "the server cannot read it"))
    room = bench.main._model.rooms[GENERAL]
    bench.tell(Arrived(GENERAL, (text(51),), True))
    assert room.trouble
    bench.wait(lambda: room.unread == 0, "the message to be seen")


def test_what_answers_after_its_screen_is_gone_breaks_nothing(bench: Bench) -> None:
    window = bench.open()
    bench.enter()
    old = bench.main
    window.leave_server()
    bench.settle()
    old.say("too late", True)
    bench.settle()
    assert not window.failures


def test_nothing_of_a_server_is_left_when_one_goes_to_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = bench.open()
    bench.enter()
    window.session.controller.focused = False  # type: ignore[union-attr]
    shown: list[str] = []
    cleared: list[bool] = []
    monkeypatch.setattr(window.news._notifier, "show", lambda *words: shown.append(words[1]))
    monkeypatch.setattr(window.news._notifier, "clear_all", lambda: cleared.append(True))
    for seq in (1, 2):
        bench.tell(Arrived(GENERAL, (text(seq),), True))
    assert len(shown) == 1 and window.news._later
    window.leave_server()
    bench.settle()
    assert cleared and not window.news._later
    bench.settle()
    window.joining.join("Marko", LINK)
    bench.tell(LinkChanged(Link.ONLINE), RoomsChanged((info(b"o" * 16, "other"),)))
    assert window.news._gatherer.wait_s(0.0) is None and len(shown) == 1


def came_by(bench: Bench) -> str:
    assert bench.window.session is not None
    return str(bench.window.session.invite)


def test_an_own_server_that_runs_is_joined_again_and_outlives_a_cancel(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FakeHost:
        owner_link = OWNER_LINK

        def __init__(self, *words: object) -> None:
            self.running, self.tell = True, words[2]
            made.append(self)

        def stop(self) -> None:
            self.running = False

    made: list[FakeHost] = []
    monkeypatch.setattr("gui.joining.Host", FakeHost)
    window = bench.open()
    joining = window.joining
    joining.host_here("Marko")
    told = made[0].tell
    assert callable(told)
    told(LINK, "")
    bench.wait(lambda: window.session is not None, "the session")
    # It is greeted as its owner; what one passes on makes nobody that.
    assert bench.greeted == [OWNER_LINK] and came_by(bench) == LINK
    joining.leave()
    joining.host_here("Marko")
    bench.settle()
    assert len(made) == 1 and window.session is not None
    joining.cancel()
    assert made[0].running and window.session is None
    told("", "what an earlier attempt says")
    made[0].running = False
    joining.host_here("Marko")
    bench.settle()
    assert len(made) == 2 and joining.host is made[1]
    joining.cancel()
    assert not made[1].running


def test_an_owner_is_greeted_as_such_wherever_the_server_is(bench: Bench) -> None:
    window = bench.open()
    window.joining.own(LINK, OWNER_LINK)
    elsewhere = LINK.replace("127.0.0.1", "192.168.1.5")
    # A link of another device of somebody and one of another server are as they were.
    device, other = LINK.replace(".token", ".Ltoken"), LINK.replace("#A", "#B")
    for link, greeting in (
        (f" {elsewhere} ", elsewhere.replace(".token", ".owner-token")),
        (device, device),
        (other, other),
    ):
        window.joining.join("Marko", link)
        bench.wait(lambda: window.session is not None, "the session")
        assert bench.greeted.pop() == greeting and came_by(bench) == link.strip()
        window.joining.leave()
