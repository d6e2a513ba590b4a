"""Order in a real window: menus have only what one may do; questions, hands, what holds."""

import time
from dataclasses import replace

import pytest

from gui.views.sheet import LineSheet, Sheet
from gui.words.i18n import LANGUAGES
from protocol.client.happenings import (
    Arrived,
    Changed,
)
from protocol.codes import Act, ErrorCode, EventKind, Role
from tests.gui.club import (
    CLUB,
    acts,
    answer,
    choose,
    menu_of,
    order,
    ready,
    server_role,
)
from tests.gui.conftest import Bench
from tests.gui.fakes import (
    DIRECT,
    GENERAL,
    ME,
    OLENA,
    PEOPLE,
    SOMCHAI,
    members_known,
    notice,
    text,
)
from tests.gui.screens import texts_of

ORDER_LINES = {
    "Mute", "Mute for 10 minutes…", "Mute for 1 hour…", "Mute until it is lifted…",
    "Remove from the room…", "Ban from the room…",
}  # fmt: skip
OWNER_LINES = {"Role", "Make a moderator", "Make an owner…"}
SERVER_LINES = {
    "On the server", "Give another nickname…", "Lock the nickname", "Devices…",
    "Mute on the server", "Ban from the server…",
}  # fmt: skip
ROOM_LINES = {"Mute", "Remove from the room…", "Ban from the room…"}
"""What is done in a room alone."""


def test_a_menu_has_only_what_one_may_do_by_ones_role(bench: Bench) -> None:
    ready(bench)
    found = set(menu_of(bench, "Olena"))
    assert found >= ORDER_LINES | OWNER_LINES and not found & SERVER_LINES
    order(bench, roles=((ME, Role.MODERATOR),))
    found = set(menu_of(bench, "Olena"))
    assert found >= ORDER_LINES and not found & (OWNER_LINES | SERVER_LINES)
    order(bench, roles=((ME, Role.MODERATOR), (OLENA, Role.MODERATOR)))
    assert not set(menu_of(bench, "Olena")) & ORDER_LINES, "nobody rules over their like"
    order(bench, roles=((ME, Role.OWNER),), muted=((ME, 0), (OLENA, 0)))
    found = set(menu_of(bench, "Olena"))
    assert "Let write again" in found and not found & ORDER_LINES, "whoever is muted only lifts"
    order(bench)
    assert not set(menu_of(bench, "Olena")) & (ORDER_LINES | OWNER_LINES | SERVER_LINES)
    bench.main.menu.hide()


def test_those_in_charge_of_the_server_rule_open_rooms_and_not_private_ones(bench: Bench) -> None:
    ready(bench)
    order(bench)
    server_role(bench, Role.MODERATOR)
    found = set(menu_of(bench, "Olena"))
    assert found >= SERVER_LINES and not found & ROOM_LINES
    assert "Make a moderator of the server" not in found
    bench.main.open_room(GENERAL)
    bench.settle()
    assert set(menu_of(bench, "Olena")) >= SERVER_LINES | ORDER_LINES
    server_role(bench, Role.OWNER)
    assert "Make a moderator of the server" in menu_of(bench, "Olena")
    bench.main.open_room(DIRECT)
    bench.settle()
    assert not set(menu_of(bench, "Olena")) & ROOM_LINES, "a direct message knows no order"
    bench.main.menu.hide()


def test_a_mute_asks_for_a_reason_that_may_be_left_out(bench: Bench) -> None:
    ready(bench)
    menu_of(bench, "Olena")
    choose(bench, "Mute", "Mute for 10 minutes…")
    sheet = bench.main.dialog
    assert isinstance(sheet, LineSheet) and acts(bench) == []
    bench.keys("Return")
    assert acts(bench) == [(Act.MUTE, CLUB, OLENA, b"", 600, "")]
    assert sheet.sheet.open, "until it is in force"
    answer(bench)
    assert not sheet.sheet.open
    menu_of(bench, "Olena")
    choose(bench, "Mute", "Mute until it is lifted…")
    bench.keys("space", *"two", "space", "space", *"words", "space")
    bench.keys("Return")
    assert acts(bench)[-1] == (Act.MUTE, CLUB, OLENA, b"", 0, "two words")
    answer(bench, ErrorCode.FORBIDDEN, "role")
    said = bench.main.dialog.problem.cget("text")
    assert said == "Only those in charge may do this"
    bench.keys("Escape")
    assert Sheet.top() is None


@pytest.mark.parametrize(
    ("line", "act"), [("Remove from the room…", Act.KICK), ("Ban from the room…", Act.BAN)]
)
def test_nobody_is_put_out_without_being_asked(bench: Bench, line: str, act: Act) -> None:
    ready(bench)
    menu_of(bench, "Olena")
    choose(bench, line)
    assert Sheet.top() is not None and acts(bench) == []
    bench.keys("Escape")
    assert acts(bench) == []
    menu_of(bench, "Olena")
    choose(bench, line)
    bench.keys(*"spam")
    bench.keys("Return")
    assert acts(bench) == [(act, CLUB, OLENA, b"", 0, "spam")]
    answer(bench)
    assert Sheet.top() is None


def test_what_is_lifted_needs_no_question_and_failing_is_told(bench: Bench) -> None:
    ready(bench)
    order(bench, roles=((ME, Role.OWNER),), muted=((OLENA, 0),), hands=(OLENA,))
    assert {"may not write", "hand raised, number 1"} <= set(menu_of(bench, "Olena"))
    choose(bench, "Let write again")
    menu_of(bench, "Olena")
    choose(bench, "Take the hand down")
    assert acts(bench) == [
        (Act.UNMUTE, CLUB, OLENA, b"", 0, ""), (Act.LOWER, CLUB, OLENA, b"", 0, "")
    ]  # fmt: skip
    answer(bench, ErrorCode.UNAVAILABLE)
    assert bench.main.talk.toast.text == "There is no connection to the server now"


def test_a_ban_that_was_told_in_the_room_can_be_lifted(bench: Bench) -> None:
    ready(bench)
    said = {"what": "banned", "who": SOMCHAI, "nick": "Somchai"}
    banned = replace(text(1, room=CLUB), kind=EventKind.NOTICE, body=said)
    bench.tell(Arrived(CLUB, (banned,), True), members_known(CLUB, PEOPLE[:2]))
    bench.main.people.toggle()
    bench.settle()
    found = menu_of(bench, "Somchai")
    assert "Lift the ban from the room" in found and "Mute" not in found
    choose(bench, "Lift the ban from the room")
    assert acts(bench) == [(Act.UNBAN, CLUB, SOMCHAI, b"", 0, "")]
    lifted = replace(banned, seq=2, body={**said, "what": "unbanned"})
    bench.tell(Arrived(CLUB, (lifted,), True))
    assert "Ban from the room…" in menu_of(bench, "Somchai")
    bench.main.menu.hide()


def test_messages_of_others_are_removed_after_asking(bench: Bench) -> None:
    ready(bench)
    bench.tell(
        Arrived(CLUB, (text(1, "spam", room=CLUB), text(2, "mine", ME, "Marko", room=CLUB)), True)
    )
    entry, own = bench.main._model.rooms[CLUB].entries
    menu = bench.main.timeline.pointer.menu

    def offers(what: str, of: object = entry) -> bool:
        menu.show(of, 100, 100)  # type: ignore[arg-type]
        found = menu.place_of(what) is not None
        menu.hide()
        return found

    assert offers("remove") and not offers("remove", own) and offers("delete", own)
    bench.main.talk.remove([entry])
    bench.settle()
    bench.keys("Return")
    assert acts(bench) == [(Act.REMOVE, CLUB, b"", b"", 1, "")]
    gone = replace(text(1, room=CLUB), body={}, deleted=True, removed_by=(ME, "Marko"))
    bench.tell(Changed(CLUB, (gone,)))
    bench.still()
    shown = " ".join(texts_of(bench.main.timeline.widget))
    assert "Removed by" in shown and "spam" not in shown
    order(bench)
    assert not offers("remove", own) and offers("reply", own)
    order(bench, paused=True)
    assert not offers("reply", own) and not offers("\U0001f44d", own) and offers("delete", own)


def test_a_room_that_forbids_direct_messages_does_not_offer_them(bench: Bench) -> None:
    ready(bench)
    order(bench, direct=1)
    bench.tell(Arrived(CLUB, (text(1, "hello", room=CLUB),), True))
    assert "Write privately" not in menu_of(bench, "Olena")
    menu = bench.main.timeline.pointer.menu
    bench.main.menu.hide()
    bench.settle()
    menu.show(bench.main._model.rooms[CLUB].entries[0], 100, 100)
    assert menu.place_of("direct") is None and menu.place_of("reply") is not None
    menu.hide()
    order(bench, direct=1, roles=((OLENA, Role.MODERATOR),))
    assert "Write privately" in menu_of(bench, "Olena")
    order(bench, direct=2)
    bench.tell(members_known(CLUB, PEOPLE[:1]))
    bench.main.people.toggle()
    bench.settle()
    assert "Write privately" not in menu_of(bench, "Olena"), "one is held oneself"
    order(bench, direct=2, roles=((ME, Role.MODERATOR),))
    assert "Write privately" in menu_of(bench, "Olena"), "nobody of both is held"
    bench.tell(members_known(CLUB, PEOPLE[:2]))
    assert "Write privately" not in menu_of(bench, "Olena"), "she is a member who keeps no order"
    bench.main.menu.hide()


# --- what holds ------------------------------------------------------------------------


def test_what_is_written_stays_while_nothing_may_be_said(bench: Bench) -> None:
    ready(bench)
    composer = bench.main.composer
    composer.insert("a thought \U0001f1fa\U0001f1e6")
    order(bench, paused=True)
    assert "paused" in bench.main.talk.holds.text and composer.field.held
    composer.focus()
    bench.keys("x", "BackSpace", "ctrl+z", "y", "Return")
    composer.send_button._command()
    assert composer.words() == "a thought \U0001f1fa\U0001f1e6" and not bench.client.asked("say")
    # Drafts of other rooms come and go meanwhile.
    bench.main.open_room(GENERAL)
    bench.settle()
    assert composer.words() == "" and not composer.field.held
    bench.main.open_room(CLUB)
    bench.settle()
    assert composer.words() == "a thought \U0001f1fa\U0001f1e6" and composer.field.held
    order(bench)
    assert not composer.field.held and bench.main.talk.holds.text == ""
    assert bench.main.talk.holds.widget.winfo_reqheight() == 1
    bench.keys("Return")
    assert len(bench.client.asked("say")) == 1


def test_an_empty_field_says_that_it_is_closed_and_takes_no_files(bench: Bench) -> None:
    ready(bench)
    order(bench, muted=((ME, 0),))
    hand = bench.main.talk.hand.button
    assert hand is not None and not hand.enabled
    bench.keys("ctrl+shift+h")
    assert not bench.client.asked("raise_hand")
    assert "You cannot write here now" in " ".join(texts_of(bench.main.composer.box._hint))
    bench.main.talk.files_dropped([bench.profile.folder / "x.png"])
    assert Sheet.top() is None and "may not write" in bench.main.talk.toast.text
    assert not bench.main.composer.attach_button.enabled


def test_a_mute_ends_by_itself(bench: Bench) -> None:
    ready(bench)
    order(bench, muted=((ME, int(time.time() * 1000) + 1_500),))
    assert bench.main.composer.field.held
    bench.wait(lambda: not bench.main.composer.field.held, "the end of the mute")
    assert bench.main.talk.holds.text == ""


def test_the_hand_goes_up_and_down_by_a_click_and_by_keys(bench: Bench) -> None:
    ready(bench)
    button = bench.main.talk.hand.button
    assert button is not None
    bench.click(button.widget, 10, 10)
    order(bench, hands=(SOMCHAI, ME))
    assert bench.main.talk.hand.up and button.ink == "accent"
    column = bench.main.people
    assert column.list.items[0] == "Hands raised – 2"
    assert [one.nick for one in column.shown] == ["Somchai", "Marko", "Olena"]
    assert column.signs_of(column.shown[1]) == [("hand", "2")]
    bench.keys("ctrl+shift+h")
    assert [args for _, args in bench.client.asked("raise_hand")] == [(CLUB, True), (CLUB, False)]
    bench.main.open_room(DIRECT)
    bench.settle()
    assert not button.widget.winfo_ismapped()
    bench.keys("ctrl+shift+h")
    assert len(bench.client.asked("raise_hand")) == 2


def test_the_people_are_those_of_the_room_and_everybody_by_a_button(bench: Bench) -> None:
    ready(bench)
    bench.tell(members_known(CLUB, PEOPLE[:2]))
    column = bench.main.people
    assert column.title.cget("text") == "In this room"
    assert [one.nick for one in column.shown] == ["Marko", "Olena"]
    assert "2 members, 2 online" in " ".join(texts_of(bench.main.talk.title.widget))
    # Who is sought is found although not here.
    column.field.insert(0, "som")
    column._typed()
    bench.settle()
    assert [one.nick for one in column.shown] == ["Somchai"]
    assert column.list.items[0] == "On the server – 1"
    column.field.delete(0, "end")
    column._typed()
    bench.click(column.button.widget, 10, 10)
    assert column.title.cget("text") == "Everybody"
    assert [one.nick for one in column.shown] == ["Marko", "Olena", "Somchai"]
    bench.main.open_room(DIRECT)
    bench.settle()
    assert not column.button.widget.winfo_ismapped()


def test_who_comes_and_goes_is_asked_about_once_for_many(bench: Bench) -> None:
    ready(bench)
    bench.main._controller.tick()
    before = len(bench.client.asked("ask_members"))
    came = [replace(notice(seq, "joined"), room=CLUB, person=bytes((seq,)) * 16) for seq in (1, 2)]
    bench.tell(Arrived(CLUB, (came[0],), True))
    bench.tell(Arrived(CLUB, (came[1],), True))
    assert len(bench.client.asked("ask_members")) == before
    bench.main._controller.tick()
    bench.main._controller.tick()
    assert len(bench.client.asked("ask_members")) == before + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_of_the_menus_are_cut_off(bench: Bench, language: str) -> None:
    ready(bench, language, 2.0)
    server_role(bench, Role.OWNER)
    menu = bench.main.menu
    for rules in ({}, {"muted": ((OLENA, int(time.time() * 1000) + 10**9),), "hands": (OLENA,)}):
        order(bench, roles=((ME, Role.OWNER),), **rules)
        bench.main.person_menu(PEOPLE[1], 100, 0)
        inside = [index for index, one in enumerate(menu.choices) if one.inside]
        for index in (-1, *inside):
            bench.main.person_menu(PEOPLE[1], 100, 0)
            if index >= 0:
                menu.choose(index)
            bench.settle()
            shown = "".join(texts_of(menu.widget))
            meant = "".join(one.words for one in menu.choices)
            assert shown.count("…") == meant.count("…"), shown
    menu.hide()


def test_a_long_menu_is_whole_in_the_smallest_window(bench: Bench) -> None:
    ready(bench)
    server_role(bench, Role.OWNER)
    until = int(time.time() * 1000) + 10**9
    order(bench, roles=((ME, Role.OWNER),), muted=((OLENA, until),), hands=(OLENA,))
    root, menu = bench.window.root, bench.main.menu
    root.geometry("400x440")
    bench.settle()
    bench.main.person_menu(PEOPLE[1], 100, 300)
    bench.settle()
    assert len(menu.choices) >= 13
    assert menu.widget.winfo_y() + menu.widget.winfo_height() <= root.winfo_height()
    bench.keys("Up", "Return")
    assert [one.words for one in menu.choices if one.work == menu._leave], "the last line is there"
    menu.hide()
