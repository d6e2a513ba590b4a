"""Order beyond one room, in a real window: on the whole server, and where only a few write."""

import time

from gui.views.sheet import LineSheet
from protocol.client.happenings import AuditEntry, AuditKnown
from protocol.codes import Act, ErrorCode, Role
from tests.gui.club import (
    SERVER,
    acts,
    answer,
    choose,
    menu_of,
    order,
    ready,
    server_role,
)
from tests.gui.conftest import Bench
from tests.gui.fakes import DIRECT, GENERAL, ME, OLENA, SOMCHAI


def test_on_the_server_somebody_is_renamed_locked_and_banned(bench: Bench) -> None:
    ready(bench)
    server_role(bench, Role.MODERATOR)
    log, _ = bench.client.asked("ask_audit")[-1]
    locked = AuditEntry(1, 0, ME, "Marko", Act.LOCK_NICK, OLENA, "Olena", 1, "")
    bench.tell(AuditKnown((locked,), False, log))
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Unlock the nickname")
    assert acts(bench) == [(Act.LOCK_NICK, SERVER, OLENA, b"", 0, "")]
    answer(bench)
    assert bench.main.talk.toast.text == "Done: it is in force"
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Lock the nickname")
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Give another nickname…")
    sheet = bench.main.dialog
    assert isinstance(sheet, LineSheet) and sheet.entry.get() == "Olena"
    bench.keys("ctrl+a")
    bench.keys(*"admin", "Return")
    assert sheet.problem.cget("text") and acts(bench)[-1][0] is Act.LOCK_NICK
    bench.keys("ctrl+a")
    bench.keys(*"Olia", "Return")
    assert acts(bench)[-1] == (Act.RENAME, SERVER, OLENA, b"", 0, "Olia")
    answer(bench)
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Ban from the server…")
    bench.keys("Return")
    assert acts(bench)[-1] == (Act.BAN, SERVER, OLENA, b"", 0, "")
    answer(bench)
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Lift the ban from the server")
    assert acts(bench)[-1] == (Act.UNBAN, SERVER, OLENA, b"", 0, "")


def test_somebody_is_muted_on_the_whole_server_and_writes_again(bench: Bench) -> None:
    ready(bench)
    server_role(bench, Role.MODERATOR)
    log, _ = bench.client.asked("ask_audit")[-1]
    bench.tell(AuditKnown((), False, log))
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Mute on the server", "Mute for 1 hour…")
    sheet = bench.main.dialog
    assert isinstance(sheet, LineSheet) and acts(bench) == []
    assert sheet.sheet.title.cget("text") == "Mute Olena on the server for 1 hour?"
    bench.keys(*"spam", "Return")
    assert acts(bench) == [(Act.MUTE, SERVER, OLENA, b"", 3_600, "spam")]
    assert sheet.sheet.open, "until it is in force"
    answer(bench)
    assert not sheet.sheet.open
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Let write on the server again")
    assert acts(bench)[-1] == (Act.UNMUTE, SERVER, OLENA, b"", 0, "")
    answer(bench)
    menu_of(bench, "Olena")
    choose(bench, "On the server", "Mute on the server", "Mute until it is lifted…")
    bench.keys("Return")
    assert acts(bench)[-1] == (Act.MUTE, SERVER, OLENA, b"", 0, "")
    answer(bench, ErrorCode.FORBIDDEN, "role")
    assert "Only those in charge" in bench.main.dialog.problem.cget("text")
    bench.keys("Escape")
    assert "Mute on the server" in menu_of(bench, "Olena"), "the server refused it"
    bench.main.menu.hide()


def test_who_is_muted_on_the_server_is_not_let_write_again_by_a_room(bench: Bench) -> None:
    ready(bench)
    server_role(bench, Role.MODERATOR)
    log, _ = bench.client.asked("ask_audit")[-1]
    ts = int(time.time() * 1000)
    muted = AuditEntry(1, ts, SOMCHAI, "Somchai", Act.MUTE, OLENA, "Olena", 600, "")
    bench.tell(AuditKnown((muted,), False, log))
    order(bench, roles=((ME, Role.OWNER),), muted=((OLENA, ts + 600_000),))
    found = menu_of(bench, "Olena")
    assert "Let write on the server again" in found and "Let write again" not in found
    assert "Mute" in found and "Mute on the server" not in found
    order(bench, roles=((ME, Role.OWNER),), muted=((OLENA, 0),))
    found = menu_of(bench, "Olena")
    assert {"Let write on the server again", "Let write again"} <= set(found)
    bench.main.menu.hide()


def test_a_direct_message_that_a_room_forbids_says_so_above_the_composer(bench: Bench) -> None:
    ready(bench)
    composer, bar = bench.main.composer, bench.main.talk.holds
    bench.main.open_room(DIRECT)
    bench.settle()
    composer.insert("a thought")
    assert not bar.text and not composer.field.held
    order(bench, direct=1)
    assert "Members of “Club” write here only if somebody in charge" in bar.text
    assert composer.field.held
    order(bench, direct=1, roles=((OLENA, Role.MODERATOR),))
    assert not bar.text and not composer.field.held
    order(bench, direct=2, roles=((OLENA, Role.MODERATOR),))
    assert "“Club” are off: write in the room" in bar.text and composer.field.held
    bench.main.open_room(GENERAL)
    bench.settle()
    assert not bar.text and not composer.field.held, "it holds where only a few are"
    bench.main.open_room(DIRECT)
    bench.settle()
    assert bar.text
    order(bench)
    assert not bar.text and not composer.field.held and composer.words() == "a thought"
