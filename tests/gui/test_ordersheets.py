"""The sheets of order in a real window: a room's order, private rooms, the log, being banned."""

import tkinter as tk
from dataclasses import replace

import pytest

from gui.paint.buttons import Button
from gui.views.auditsheet import AuditSheet
from gui.views.newsheets import JoinSheet, PeopleSheet
from gui.views.ordersheet import OrderSheet
from gui.views.privatesheet import PrivateSheet
from gui.views.sheet import Sheet
from gui.words.i18n import LANGUAGES
from protocol.client.happenings import (
    ActDone,
    Arrived,
    AuditEntry,
    AuditKnown,
    Done,
    Failed,
    Link,
    LinkChanged,
    OrderKnown,
    RoomOrder,
    RoomsChanged,
)
from protocol.codes import Act, ErrorCode, EventKind, Role
from tests.gui.club import CLUB, acts, answer, choose, lines, order, ready, server_role
from tests.gui.conftest import Bench
from tests.gui.fakes import (
    DIRECT,
    GENERAL,
    ME,
    OLENA,
    PEOPLE,
    SOMCHAI,
    info,
    members_known,
    text,
)

# --- sheets ----------------------------------------------------------------------------


def test_direct_messages_are_ruled_in_a_private_room_by_those_with_a_further_role(
    bench: Bench,
) -> None:
    ready(bench)
    for role in (Role.MEMBER, Role.MODERATOR):
        server_role(bench, role)
        bench.main.order_sheet()
        sheet = bench.main.dialog
        assert isinstance(sheet, OrderSheet)
        bench.wait(lambda sheet=sheet: sheet._building.done, "the sheet")
        assert ("direct" in sheet.parts) is (role is Role.MODERATOR)
        sheet.sheet.close()


def test_the_order_of_a_room_is_changed_and_follows_others(bench: Bench) -> None:
    ready(bench)
    server_role(bench, Role.MODERATOR)
    order(bench, roles=((ME, Role.OWNER),), muted=((OLENA, 0),))
    bench.main._model.rooms[CLUB].bans[SOMCHAI] = (3, "Somchai")
    bench.main.more_menu()
    choose(bench, "Order in this room…")
    sheet = bench.main.dialog
    assert isinstance(sheet, OrderSheet)
    bench.wait(lambda: sheet._building.done, "the sheet")
    parts = sheet.parts
    bench.keys("space")
    assert acts(bench) == [(Act.PAUSE, CLUB, b"", b"", 1, "")]
    answer(bench, ErrorCode.BUSY)
    assert not parts["pause"].on and "busy" in bench.main.talk.toast.text
    bench.keys("Tab", "space")
    assert acts(bench)[-1] == (Act.ANNOUNCE, CLUB, b"", b"", 1, "")
    answer(bench)
    bench.keys("Tab", "Down")
    assert acts(bench)[-1] == (Act.SLOW, CLUB, b"", b"", 5, "")
    bench.keys("Tab", "Down")
    assert acts(bench)[-1] == (Act.DIRECT, CLUB, b"", b"", 1, "")
    parts["unmute Olena"].invoke()
    parts["unban Somchai"].invoke()
    assert [one[:3] for one in acts(bench)[-2:]] == [
        (Act.UNMUTE, CLUB, OLENA), (Act.UNBAN, CLUB, SOMCHAI)
    ]  # fmt: skip
    # Somebody else changes it: seven seconds stand in no list.
    order(bench, roles=((ME, Role.OWNER),), paused=True, slow_s=7, direct=2)
    bench.still()
    assert parts["pause"].on and not parts["announce"].on
    assert (parts["slow"].chosen, parts["direct"].chosen) == (7, 2)
    assert "Nobody" in labels(sheet)
    bench.tell(RoomsChanged((info(GENERAL, "general"),)))
    bench.tell(OrderKnown(GENERAL, RoomOrder()))
    bench.settle()
    assert not sheet.sheet.open


def labels(sheet: OrderSheet) -> list[str]:
    found = sheet._lists.winfo_children()
    return [str(one.cget("text")) for one in found if isinstance(one, tk.Label)]


def test_a_room_that_one_does_not_keep_has_no_sheet(bench: Bench) -> None:
    ready(bench)
    order(bench)
    bench.main.more_menu()
    found = lines(list(bench.main.menu.choices))
    assert "Order in this room…" not in found and "Add people…" not in found
    bench.main.menu.hide()
    bench.main.order_sheet()
    assert Sheet.top() is None


def test_a_private_room_is_made_with_people_in_it(bench: Bench) -> None:
    ready(bench)
    bench.main.new_menu()
    choose(bench, "Join or create a room…")
    first = bench.main.dialog
    assert isinstance(first, JoinSheet)
    bench.keys(*"chess")
    bench.click(first.kind.widget, *first.kind.place_of("private"))
    sheet = bench.main.dialog
    assert isinstance(sheet, PrivateSheet) and not first.sheet.open
    assert sheet.name.get() == "chess", "what was typed is not lost"
    bench.keys("Return")
    assert [args for _, args in bench.client.asked("make_private")] == [("chess", ())]
    bench.tell(Failed(bench.client.asked("make_private")[-1][0], ErrorCode.TOO_MANY, "no"))
    assert sheet.problem.cget("text") and sheet.sheet.open
    sheet.entry.focus()
    bench.keys(*"ole", "Return")
    assert sheet.chosen == [OLENA] and sheet.entry.get() == ""
    bench.keys("Return")
    request, args = bench.client.asked("make_private")[-1]
    assert args == ("chess", (OLENA,))
    bench.tell(Done(request, b"h" * 16))
    assert Sheet.top() is None
    bench.main.make_private("x")
    bench.settle()
    again = bench.main.dialog
    assert isinstance(again, PrivateSheet)
    bench.click(again.kind.widget, *again.kind.place_of("open"))
    assert isinstance(bench.main.dialog, JoinSheet) and bench.main.dialog.typed == "x"


def test_people_are_brought_into_a_private_room(bench: Bench) -> None:
    ready(bench)
    bench.tell(members_known(CLUB, PEOPLE[:2]))
    bench.main.more_menu()
    choose(bench, "Add people…")
    sheet = bench.main.dialog
    assert isinstance(sheet, PeopleSheet)
    assert [one.nick for one in sheet.items] == ["Somchai"], "who is here is not offered"
    bench.keys("Return", "Return")
    request, args = bench.client.asked("add_people")[-1]
    assert args == (CLUB, (SOMCHAI,))
    bench.tell(ActDone(request))
    assert bench.main.talk.toast.text == "1 person added"
    assert bench.client.calls[-1] == ("ask_members", CLUB)


def test_leaving_a_private_room_says_that_one_cannot_come_back(bench: Bench) -> None:
    ready(bench)
    bench.main.more_menu()
    choose(bench, "Leave…")
    top = Sheet.top()
    assert top is not None
    said = " ".join(
        str(one.cget("text")) for one in top.card.winfo_children() if isinstance(one, tk.Label)
    )
    assert "only if somebody adds you" in said
    bench.keys("Escape")


def test_the_log_comes_page_by_page(bench: Bench) -> None:
    ready(bench)
    bench.main.audit_sheet()
    bench.settle()

    def page(first: int, count: int, more: bool) -> None:
        request = bench.client.asked("ask_audit")[-1][0]
        acts = (
            AuditEntry(no, 1, OLENA, "Olena", Act.BAN, SOMCHAI, "Somchai", 0, f"no {no}")
            for no in range(first, first - count, -1)
        )
        bench.tell(AuditKnown(tuple(acts), more, request))
        bench.still()

    sheet = Sheet.top()
    assert sheet is not None
    page(60, 40, True)
    assert [args for _, args in bench.client.asked("ask_audit")] == [(0,)], "the end is far"
    for _ in range(12):
        bench.keys("Next")
    assert [args for _, args in bench.client.asked("ask_audit")] == [(0,), (21,)]
    page(20, 20, False)
    for _ in range(12):
        bench.keys("Next")
    assert len(bench.client.asked("ask_audit")) == 2, "there is no more"
    bench.keys("Escape")
    assert Sheet.top() is None


def test_whoever_is_banned_is_told_and_may_read_on(bench: Bench) -> None:
    ready(bench)
    out = LinkChanged(Link.REFUSED, text="banned", code=ErrorCode.BANNED)
    bench.tell(out)
    assert Sheet.top() is not None
    bench.tell(out)
    bench.keys("Escape")
    assert Sheet.top() is None, "it was told once"
    bench.tell(out)
    assert Sheet.top() is not None
    bench.tell(LinkChanged(Link.ONLINE, "127.0.0.1:8080"))
    assert Sheet.top() is None, "one is let in again"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_buttons_of_being_banned_have_their_whole_width(bench: Bench, language: str) -> None:
    ready(bench, language)
    bench.tell(LinkChanged(Link.REFUSED, text="banned", code=ErrorCode.BANNED))
    bench.settle()
    sheet = Sheet.top()
    assert sheet is not None
    found = [one for row in sheet.card.winfo_children() for one in row.winfo_children()]
    wide = [one for one in found if isinstance(one, Button)]
    assert len(wide) == 2
    assert all(one.winfo_width() >= one.winfo_reqwidth() for one in wide)
    bench.keys("Escape")


def test_the_sheet_of_the_log_is_no_dialog_of_the_screen(bench: Bench) -> None:
    ready(bench)
    bench.main.open_settings()
    bench.settle()
    settings = bench.main.dialog
    bench.main.audit_sheet()
    bench.settle()
    assert bench.main.dialog is settings, "it stands over the settings, which stay"
    assert not isinstance(bench.main.dialog, AuditSheet)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_of_a_private_room_fits_into_the_smallest_window(
    bench: Bench, language: str
) -> None:
    ready(bench, language)
    root = bench.window.root
    root.geometry("400x440")
    bench.settle()
    bench.main.make_private("x")
    sheet = bench.main.dialog
    assert isinstance(sheet, PrivateSheet)
    bench.settle()
    for one in sheet.items[:2]:
        sheet._toggle(one)
    bench.settle()
    bottom = sheet.button.winfo_rooty() + sheet.button.winfo_height()
    assert bottom <= root.winfo_rooty() + root.winfo_height()
    assert sheet.list.widget.winfo_height() >= 90


def test_whoever_is_put_out_is_told_by_whom_and_why(bench: Bench) -> None:
    ready(bench)
    said = {"what": "kicked", "who": ME, "nick": "Marko", "text": "spam"}
    out = replace(text(1, room=CLUB), kind=EventKind.NOTICE, body=said)
    bench.tell(Arrived(CLUB, (out,), True))
    rooms = (info(GENERAL, "general"), info(DIRECT, "", 0, ((ME, "Marko"), (OLENA, "Olena"))))
    bench.tell(RoomsChanged(rooms))
    told = bench.main.talk.toast.text
    assert told == "You are no longer in “Club”\nOlena removed Marko from the room – “spam”"
    bench.main.talk.toast.hide()
    controller = bench.main._controller
    controller.leave(bench.main._model.rooms[GENERAL])
    bench.tell(RoomsChanged(rooms[1:]))
    assert bench.main.talk.toast.text == "", "one has asked for it oneself"
