"""A lesson at a real server: the teacher's window, and a pupil's; the others are real clients."""

import logging
import subprocess
import sys
import tkinter as tk
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from gui.views.devicesheet import DeviceSheet
from gui.views.ordersheet import OrderSheet
from gui.views.privatesheet import PrivateSheet
from gui.views.sheet import Sheet
from protocol.client.happenings import ActDone, Changed, Failed, Link, OrderKnown, RoomOrder
from protocol.codes import Act, ErrorCode, EventKind, Role, RoomKind
from protocol.invite import Invite
from tests.gui.screens import Display, texts_of
from tests.gui.seat import Seat
from tests.gui.trip import shared  # noqa: F401
from tests.integration.talker import Talker
from tests.server import ROOT, Server


class Lesson:
    """A window, and two others who have only a client."""

    def __init__(self, display: Display, server: Server, home: Path, name: str) -> None:
        self.name = name
        self.seat = Seat(display, home / "mine", server.link, f"Olena {name}")
        self.others = [
            Talker(home / nick, server.invite, f"{nick} {name}").online()
            for nick in ("Marko", "Zofia")
        ]
        self.seat.take()
        # Who came later is told by PRESENCE or asked for.
        self.seat.controller.refresh_people()
        everybody = {one.person for one in self.others}
        self.seat.wait(
            lambda: everybody <= {one.person for one in self.seat.model.people}, "the people"
        )

    def order(self, talker: Talker, room: bytes) -> RoomOrder:
        """What a client knows of a room's order."""
        told = [one for one in list(talker.happenings) if isinstance(one, OrderKnown)]
        known = [one.order for one in told if one.room == room]
        return known[-1] if known else RoomOrder()

    def wait_order(
        self, talker: Talker, room: bytes, check: Callable[[RoomOrder], bool], what: str
    ) -> None:
        self.seat.wait(lambda: check(self.order(talker, room)), what)

    def done(self, talker: Talker, request: int) -> None:
        """Wait until an act is in force."""

        def found() -> bool:
            return any(
                isinstance(one, ActDone) and one.request == request
                for one in list(talker.happenings)
            )

        self.seat.wait(found, "the act")

    def choose_of(self, nick: str, *lines: str) -> None:
        """Choose lines of the menu of somebody in the people column."""
        seat = self.seat
        place = seat.main.people.place_of(f"{nick} {self.name}")
        assert place is not None
        seat.click(seat.main.people.list.widget, *place)
        seat.choose(*lines)

    def headings(self) -> list[str]:
        return [one for one in self.seat.main.people.list.items if isinstance(one, str)]


@pytest.fixture
def lesson(
    display: Display,
    home: Path,
    shared: Server,  # noqa: F811
    request: pytest.FixtureRequest,
    logged_errors: list[logging.LogRecord],
) -> Iterator[Lesson]:
    words = request.node.name.removeprefix("test_").split("_")
    one = Lesson(display, shared, home, "".join(word[0] for word in words[:6]))
    try:
        yield one
        for talker in one.others:
            talker.stop()
        one.seat.leave()
    finally:
        one.seat.root.update_idletasks() if one.seat._window is not None else None


def test_a_teacher_keeps_a_private_room_in_order(lesson: Lesson) -> None:
    seat, (marko, zofia) = lesson.seat, lesson.others
    seat.keys("ctrl+n")
    seat.choose("New private room…")
    sheet = seat.main.dialog
    assert isinstance(sheet, PrivateSheet)
    seat.type(f"class {lesson.name}")
    seat.keys("Tab")
    for nick in ("Marko", "Zofia"):
        seat.type(f"{nick} {lesson.name}")
        seat.wait(lambda: len(sheet.items) == 1, nick)
        seat.keys("Return")
    assert sheet.chosen == [marko.person, zofia.person]
    seat.keys("Return")
    seat.wait(lambda: Sheet.top() is None, "the room")
    title = f"class {lesson.name}"
    seat.wait(lambda: seat.model.title(seat.room) == title, "the room to be shown")
    room = seat.room.room
    assert marko.room(title) == room and marko.rooms[room].kind is RoomKind.PRIVATE
    seat.wait(lambda: "3 members, 3 online" in seat.title(), "the members")
    shown = [one.nick for one in seat.main.people.shown]
    assert shown == [f"{nick} {lesson.name}" for nick in ("Marko", "Olena", "Zofia")]
    assert seat.main.people.signs_of(seat.main.people.shown[1]) == [("crown", "")]
    for pupil in lesson.others:
        pupil.client.ask_order(room)

    # --- a message is removed, and a mark stays with everybody.
    marko.say(room, "nonsense", "a good question")
    seat.wait_shown("nonsense", "a good question")
    seat.act(seat.said("nonsense"), "remove")
    seat.wait(lambda: Sheet.top() is not None, "the question")
    seat.keys("Return")
    seat.wait_shown(f"Removed by Olena {lesson.name}")
    seat.wait(lambda: not seat.shows("nonsense"), "the words to go")

    def marks() -> list[object]:
        changed = [one for one in list(zofia.happenings) if isinstance(one, Changed)]
        return [got.removed_by for one in changed for got in one.messages if got.deleted]

    seat.wait(lambda: (seat.model.me, f"Olena {lesson.name}") in marks(), "the mark")

    # --- a hand goes up, and is taken down.
    zofia.client.raise_hand(room, True)
    seat.wait(lambda: "Hands raised – 1" in lesson.headings(), "the hand")
    assert seat.main.people.shown[0].person == zofia.person
    lesson.choose_of("Zofia", "Take the hand down")
    lesson.wait_order(zofia, room, lambda order: not order.hands, "the hand to go down")
    seat.wait(lambda: "Hands raised – 1" not in lesson.headings(), "the heading to go")

    # --- somebody is muted, with a reason, and let write again.
    lesson.choose_of("Marko", "Mute", "Mute for 10 minutes…")
    seat.wait(lambda: Sheet.top() is not None, "the reason")
    seat.type("noise")
    seat.keys("Return")
    seat.wait_shown("muted Marko", "for 10 minutes – “noise”")
    marko.say(room, "may I")
    seat.wait(lambda: bool(marko.refused), "the refusal")
    refused = marko.refused[0]
    assert (refused.code, refused.field) == (ErrorCode.FORBIDDEN, "muted")
    lesson.choose_of("Marko", "Let write again")
    lesson.wait_order(marko, room, lambda order: not order.muted, "the mute to be lifted")
    marko.say(room, "thank you")
    seat.wait_shown("thank you")

    # --- the order of the room: paused, then slow.
    more = seat.main.talk.more_button.widget
    seat.click(more, more.winfo_width() // 2, more.winfo_height() // 2)
    seat.choose("Order in this room…")
    seat.wait(lambda: isinstance(seat.main.dialog, OrderSheet), "the sheet")
    order = seat.main.dialog
    assert isinstance(order, OrderSheet)
    seat.wait(lambda: "slow" in order.parts and order._building.done, "its parts")
    seat.keys("space")
    lesson.wait_order(zofia, room, lambda one: one.paused, "the pause")
    seat.wait(lambda: "paused" in seat.main.talk.holds.text, "the bar")
    assert "does not hold for you" in seat.main.talk.holds.text
    zofia.say(room, "too late")
    seat.wait(lambda: bool(zofia.refused), "the refusal")
    assert zofia.refused[0].field == "paused"
    seat.keys("space")
    lesson.wait_order(zofia, room, lambda one: not one.paused, "the pause to end")
    order.parts["slow"].widget.focus_set()
    seat.keys("Down")
    lesson.wait_order(zofia, room, lambda one: one.slow_s == 5, "slow mode")
    seat.wait(lambda: order.parts["slow"].chosen == 5, "the field")
    seat.keys("Escape")
    seat.wait(lambda: Sheet.top() is None, "the sheet to go")

    # --- somebody is put out: nothing reaches them any more.
    lesson.choose_of("Marko", "Remove from the room…")
    seat.wait(lambda: Sheet.top() is not None, "the question")
    seat.keys("Return")
    seat.wait(lambda: room not in marko.rooms, "the room to go")
    seat.wait(lambda: "2 members" in seat.title(), "one member less")
    seat.main.focus()
    seat.write("among us")
    zofia.hear(room, "among us")
    assert "among us" not in marko.texts(room)


def test_a_pupil_sees_what_holds_and_raises_a_hand(lesson: Lesson) -> None:
    seat, (teacher, other) = lesson.seat, lesson.others
    title = f"class {lesson.name}"
    teacher.done(teacher.client.make_private(title, (seat.model.me, other.person)))
    room = teacher.room(title)
    seat.wait(lambda: room in seat.model.rooms, "the invitation")
    # Its first words bring it to the top of the list.
    seat.wait(lambda: seat.model.rooms[room].latest is not None, "what was said there")
    seat.settle()
    seat.open_room(room)
    teacher.client.ask_order(room)
    holds, composer = seat.main.talk.holds, seat.main.composer
    seat.wait(lambda: "3 members" in seat.title(), "the members")
    assert holds.text == "" and not composer.field.held

    def act(what: Act, value: int = 0, person: bytes = b"", text: str = "") -> None:
        request = teacher.client.act(what, room, person, value=value, text=text)
        lesson.done(teacher, request)

    # --- paused: what was being written stays, and cannot be sent.
    seat.main.focus()
    seat.type("half a thought")
    act(Act.PAUSE, 1)
    seat.wait(lambda: "paused" in holds.text and composer.field.held, "the pause")
    seat.keys("Return")
    seat.type("xyz")
    assert composer.words() == "half a thought"
    seat.wait_shown("paused the room")
    seat.keys("ctrl+shift+h")
    seat.wait(lambda: seat.main.talk.hand.up, "one's own hand")
    lesson.wait_order(teacher, room, lambda one: seat.model.me in one.hands, "the hand")
    seat.keys("ctrl+shift+h")
    lesson.wait_order(teacher, room, lambda one: not one.hands, "the hand to go down")
    act(Act.PAUSE, 0)
    seat.wait(lambda: holds.text == "" and not composer.field.held, "the end of it")
    seat.main.focus()
    seat.keys("Return")
    seat.wait_shown("half a thought")
    teacher.hear(room, "half a thought")

    # --- muted: only oneself, and everybody sees it.
    act(Act.MUTE, 600, seat.model.me, "noise")
    seat.wait(lambda: "until" in holds.text and composer.field.held, "the mute")
    seat.wait_shown("for 10 minutes – “noise”")
    me = seat.model.person(seat.model.me)
    assert me is not None and ("muted", "") in seat.main.people.signs_of(me)
    act(Act.UNMUTE, 0, seat.model.me)
    seat.wait(lambda: holds.text == "" and not composer.field.held, "the end of it")

    # --- slow: the time that is left is counted down, and what is written waits in the field.
    act(Act.SLOW, 60)
    seat.wait(lambda: "one message in 1 minute" in holds.text, "slow mode")
    seat.main.focus()
    seat.write("first")
    seat.wait_shown("first")
    seat.wait(lambda: "you may write in" in holds.text, "the countdown")
    before = holds.text
    seat.wait(lambda: holds.text != before and "you may write in" in holds.text, "it to go on")
    seat.main.focus()
    seat.type("second")
    seat.keys("Return")
    assert composer.words() == "second" and composer.notice.winfo_ismapped()
    assert "second" not in teacher.texts(room)
    act(Act.SLOW, 0)
    seat.wait(lambda: holds.text == "", "the end of it")
    seat.keys("Return")
    teacher.hear(room, "second")

    # --- announcements: reactions stay free, words do not.
    teacher.say(room, "the plan")
    plan = seat.said("the plan")
    act(Act.ANNOUNCE, 1)
    seat.wait(lambda: "Announcements" in holds.text and composer.field.held, "the rule")
    seat.right_click(plan)
    menu = seat.timeline.pointer.menu
    assert menu.place_of("reply") is None and menu.place_of("remove") is None
    seat.keys("Escape")
    seat.act(plan, "\U0001f44d")
    seat.wait(lambda: seat.timeline.zone_of(plan.key, "chip", "\U0001f44d") is not None, "the chip")
    teacher.until(partial(_reacted, teacher, plan.seq))
    act(Act.ANNOUNCE, 0)

    # --- one's own words are removed, one is made a moderator, and put out.
    own = seat.said("half a thought")
    act(Act.REMOVE, own.seq)
    seat.wait_shown("Removed by Marko")
    act(Act.ROLE, 1, seat.model.me)
    seat.wait(lambda: seat.controller.standing().in_charge, "the role")
    act(Act.KICK, 0, seat.model.me, "the lesson is over")
    seat.wait(lambda: room not in seat.model.rooms, "the room to go")
    assert not seat.lists(title)


def _reacted(talker: Talker, seq: int) -> bool:
    return any(
        got.seq == seq and bool(got.reactions)
        for one in list(talker.happenings)
        if isinstance(one, Changed)
        for got in one.messages
        if got.kind == EventKind.TEXT
    )


def owner_link(server: Server) -> Invite:
    """A link that makes an owner of the server of whoever opens it."""
    words = [sys.executable, "-m", "zviazok", "invite", "--data", str(server.data)]
    words += ["--role", "owner"]
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return replace(server.invite, token=Invite.parse(made.stdout).token)


def test_an_owner_of_the_server_bans_and_lets_in_again(
    lesson: Lesson,
    shared: Server,  # noqa: F811
    home: Path,
) -> None:
    seat, (marko, _) = lesson.seat, lesson.others
    seat.leave()
    seat = lesson.seat = Seat(
        lesson.seat.display, home / "owner", str(owner_link(shared)), f"Chief {lesson.name}"
    )
    seat.take()
    seat.wait(lambda: seat.model.server_role == Role.OWNER, "the role")
    seat.controller.refresh_people()
    seat.wait(lambda: seat.model.person(marko.person) is not None, "the people")
    seat.main.people.field.focus()
    seat.type(f"Marko {lesson.name}")
    seat.wait(lambda: len(seat.main.people.shown) == 1, "one of them")
    lesson.choose_of("Marko", "On the server", "Lock the nickname")
    seat.wait(lambda: seat.main.talk.toast.text == "Done: it is in force", "the lock")
    request = marko.client.rename("Other")
    failed = marko.outcome(request)
    assert isinstance(failed, Failed) and failed.field == "nick"
    lesson.choose_of("Marko", "On the server", "Mute on the server", "Mute for 10 minutes…")
    seat.keys("Return")
    seat.wait(lambda: Sheet.top() is None, "the mute to be in force")
    barred = marko.outcome(marko.client.join(f"m {lesson.name}"))
    assert isinstance(barred, Failed) and barred.field == "muted"
    lesson.choose_of("Marko", "On the server", "Let write on the server again")
    acts = seat.controller.server_acts
    seat.wait(
        lambda: acts.muted_until(marko.person, seat.controller.now_s) is None, "the end of the mute"
    )
    marko.done(marko.client.join(f"m {lesson.name}"))
    lesson.choose_of("Marko", "On the server", "Devices…")
    devices = seat.main.dialog
    assert isinstance(devices, DeviceSheet)
    seat.wait(lambda: len(devices.buttons) == 1, "the device")
    seat.keys("Escape")
    lesson.choose_of("Marko", "On the server", "Ban from the server…")
    seat.type("spam")
    seat.keys("Return")
    seat.wait(lambda: marko.link is Link.REFUSED, "the ban")
    seat.wait(lambda: Sheet.top() is None, "it to be in force")
    assert seat.controller.server_acts.banned(marko.person)
    seat.main.audit_sheet()
    words = f"banned Marko {lesson.name} from the server – “spam”"

    def logged() -> bool:
        top = Sheet.top()
        assert top is not None
        return any(words in " ".join(texts_of(one)) for one in canvases(top.card))

    seat.wait(logged, "the log")
    seat.keys("Escape")
    lesson.choose_of("Marko", "On the server", "Lift the ban from the server")
    seat.wait(lambda: not seat.controller.server_acts.banned(marko.person), "the end of the ban")
    marko.client.retry_now()
    seat.wait(lambda: marko.link is Link.ONLINE, "the way in")


def canvases(widget: tk.Misc) -> list[tk.Canvas]:
    found = [widget] if isinstance(widget, tk.Canvas) else []
    return found + [one for child in widget.winfo_children() for one in canvases(child)]


def test_whoever_is_banned_is_told_and_comes_back(
    lesson: Lesson,
    shared: Server,  # noqa: F811
    home: Path,
) -> None:
    seat = lesson.seat
    chief = Talker(home / "chief", owner_link(shared), f"Chief {lesson.name}").online()
    lesson.others.append(chief)
    lesson.done(chief, chief.client.act(Act.BAN, person=seat.model.me, text="spam"))
    seat.wait(lambda: Sheet.top() is not None, "the sheet that says it")
    assert seat.model.link.code == ErrorCode.BANNED
    seat.keys("Escape")
    seat.wait(lambda: "closed the way in" in seat.main.status.text, "the line")
    lesson.done(chief, chief.client.act(Act.UNBAN, person=seat.model.me))
    seat.controller.try_again()
    seat.wait(lambda: seat.main.status.text == "Connected", "the connection")
    assert Sheet.top() is None


def test_a_direct_message_says_which_room_forbids_it(
    lesson: Lesson,
    shared: Server,  # noqa: F811
    home: Path,
) -> None:
    seat, (marko, _) = lesson.seat, lesson.others
    chief = Talker(home / "chief", owner_link(shared), f"Chief {lesson.name}").online()
    lesson.others.append(chief)
    title = f"class {lesson.name}"
    chief.client.make_private(title, [seat.model.me])
    room = chief.room(title)
    seat.wait(lambda: room in seat.model.rooms, "the room")
    seat.controller.direct([marko.person])
    seat.wait(lambda: seat.model.is_direct(seat.room), "the direct message")
    holds, field = seat.main.talk.holds, seat.main.composer.field
    seat.write("hello")
    seat.wait_shown("hello")
    lesson.done(chief, chief.client.act(Act.DIRECT, room, value=2))
    seat.wait(lambda: title in holds.text and field.held, "the bar")
    lesson.done(chief, chief.client.act(Act.DIRECT, room))
    seat.wait(lambda: not holds.text and not field.held, "the end of it")
    seat.write("again")
    seat.wait_shown("again")
