"""What a program asks about order: each question has one answer, or one failure that says why."""

from typing import Any

import pytest

from protocol.client import requests
from protocol.client.happenings import (
    ActDone,
    AuditEntry,
    AuditKnown,
    DeviceInfo,
    DevicesKnown,
    Done,
    Failed,
    MemberInfo,
    MembersKnown,
    RoomsChanged,
)
from protocol.client.requests import OLDER, audit_question, members_question, people_question
from protocol.codes import Act, ErrorCode, Kind, RoomKind
from protocol.frames import Act as ActFrame
from protocol.frames import (
    Add,
    AnyFrame,
    Audit,
    AuditPage,
    Devices,
    DevicesPage,
    Error,
    Hand,
    Mark,
    Members,
    MembersPage,
    Order,
    PeoplePage,
    Private,
    Room,
)
from protocol.frames import Done as DoneFrame
from protocol.limits import ADD_MAX
from tests.protocol.client.bench import Bench, of
from tests.protocol.client.wire import EPOCH, ROOM

ME, NORA, OMAR = b"A" * 8, b"N" * 8, b"O" * 8
SECRET = b"s" * 16
MUTE = ActFrame(0, int(Act.MUTE), ROOM, NORA, b"", 600, "too loud")


def ask(bench: Bench, request: int, question: AnyFrame) -> Any:
    bench.session.ask(request, question, bench.now)
    (frame,) = bench.step()
    return frame


def test_a_private_room_is_a_room_and_is_there_before_its_answer() -> None:
    bench = Bench()
    sent = ask(bench, 5, Private(0, "staff", [NORA]))
    assert sent[1:] == ("staff", [NORA])
    bench.give(Room(sent.request, EPOCH, SECRET, int(RoomKind.PRIVATE), "staff", 0, []))
    rooms = of(bench.told, RoomsChanged)[-1]
    info = next(one for one in rooms.rooms if one.room == SECRET)
    assert (info.kind, info.name) == (RoomKind.PRIVATE, "staff")
    assert bench.told.index(rooms) < bench.told.index(Done(5, SECRET))
    bench.give(Room(0, EPOCH, b"z" * 16, 4, "of a later version", 0, []))
    assert b"z" * 16 not in bench.session.recovery.rooms
    again = Bench(store=bench.client.store, online=False)
    assert again.session.recovery.rooms[SECRET].kind is RoomKind.PRIVATE


def test_acts_and_adding_people_are_done_or_fail_with_what_forbids_them() -> None:
    bench = Bench()
    act, add = ask(bench, 5, MUTE), ask(bench, 6, Add(0, ROOM, [NORA, OMAR]))
    assert act[1:] == MUTE[1:]
    bench.give(DoneFrame(act.request))
    bench.give(Error(ErrorCode.FORBIDDEN, "role", "you keep no order here", 49, add.request))
    assert of(bench.told, ActDone) == [ActDone(5)]
    assert of(bench.told, Failed) == [
        Failed(6, ErrorCode.FORBIDDEN, "you keep no order here", "role")
    ]


def test_what_no_server_would_read_is_not_sent() -> None:
    bench = Bench()
    bench.session.ask(5, MUTE._replace(text="x" * 201), bench.now)
    bench.session.ask(6, Add(0, ROOM, [NORA] * (ADD_MAX + 1)), bench.now)
    bench.session.ask(7, MUTE._replace(text="\ud800"), bench.now)
    assert bench.step() == []
    assert [(one.request, one.field) for one in of(bench.told, Failed)] == [
        (5, "text"), (6, "people"), (7, ""),
    ]  # fmt: skip


def test_members_come_whole_and_sorted() -> None:
    bench = Bench()
    first = ask(bench, 5, members_question(ROOM))
    (second,) = bench.give(
        MembersPage(first.request, ROOM, True, [[ME, "nora", True, 0], [NORA, "Zoe", False, 1]])
    )
    assert isinstance(second, Members) and (second.room, second.after) == (ROOM, NORA)
    bench.give(MembersPage(second.request, ROOM, False, [[OMAR, "Omar", True, 2]]))
    assert of(bench.told, MembersKnown) == [
        MembersKnown(
            ROOM,
            (
                MemberInfo(ME, "nora", True, 0),
                MemberInfo(OMAR, "Omar", True, 2),
                MemberInfo(NORA, "Zoe", False, 1),
            ),
            5,
        )
    ]


def test_pages_without_end_are_not_asked_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PEOPLE_MAX", 3)
    bench = Bench()
    frame, asked = ask(bench, 5, people_question()), 1
    while not bench.session.membership.crowd.looked_at:
        rows = [[bytes([asked]) * 8, f"n{asked}", True, 0, b"", 0]]
        more = bench.give(PeoplePage(frame.request, True, rows))
        if more:
            (frame,), asked = more, asked + 1
    assert asked == 3


def test_devices_and_the_audit_log() -> None:
    bench = Bench()
    devices, audit = ask(bench, 5, Devices(0, NORA)), ask(bench, 6, audit_question(9))
    assert isinstance(audit, Audit) and audit.before == 9
    bench.give(DevicesPage(devices.request, [[b"d" * 8, True, False], [b"e" * 8, False, True]]))
    row = [8, 1_000, NORA, "Nora", int(Act.LOCK_NICK), OMAR, "Omar", 1, "why"]
    bench.give(AuditPage(audit.request, True, [row]))
    wanted = (DeviceInfo(b"d" * 8, True, False), DeviceInfo(b"e" * 8, False, True))
    assert of(bench.told, DevicesKnown) == [DevicesKnown(NORA, wanted, 5)]
    entry = AuditEntry(8, 1_000, NORA, "Nora", Act.LOCK_NICK, OMAR, "Omar", 1, "why")
    assert of(bench.told, AuditKnown) == [AuditKnown((entry,), True, 6)]


@pytest.mark.parametrize("named", [True, False], ids=["request named", "request not named"])
def test_what_an_older_server_does_not_know_is_not_asked_again(named: bool) -> None:
    bench = Bench()
    first, second = ask(bench, 5, Order(0, ROOM)), ask(bench, 6, members_question(ROOM))
    unknown = Error(ErrorCode.UNKNOWN_KIND, "kind", "?", Kind.ORDER, first.request if named else 0)
    bench.give(unknown)
    (failed,) = of(bench.told, Failed)
    assert (failed.request, failed.code, failed.text) == (5, ErrorCode.UNKNOWN_KIND, OLDER)
    bench.session.ask(7, Order(0, ROOM), bench.now)
    assert bench.step() == [] and of(bench.told, Failed)[-1].request == 7
    bench.give(MembersPage(second.request, ROOM, False, []))
    assert of(bench.told, MembersKnown), "other kinds are not concerned"
    bench.session.disconnected()
    bench.session.connected("model:1", bench.now)
    bench.step()
    bench.welcome()
    assert isinstance(ask(bench, 8, Order(0, ROOM)), Order), "the server may be a newer one by now"


def test_hands_and_marks_are_not_sent_to_a_server_that_does_not_know_them() -> None:
    bench = Bench()
    membership = bench.session.membership
    membership.hand(5, ROOM, True, bench.session.online)
    membership.mark(ROOM, 3, bench.session.online)
    assert bench.step() == [Hand(ROOM, True), Mark(ROOM, 3)]
    for kind in (Kind.HAND, Kind.MARK):
        bench.give(Error(ErrorCode.UNKNOWN_KIND, "kind", "?", kind, 0))
    membership.hand(6, ROOM, False, bench.session.online)
    membership.mark(ROOM, 4, bench.session.online)
    assert bench.step() == []
    assert [(one.request, one.text) for one in of(bench.told, Failed)] == [(6, OLDER)]


def test_a_hand_that_nobody_can_see_is_a_failure() -> None:
    bench = Bench()
    direct = b"d" * 16
    members = [[ME, "nick"], [NORA, "Nora"]]
    bench.give(Room(0, EPOCH, direct, int(RoomKind.DIRECT), "", 0, members))
    hand = bench.session.membership.hand
    hand(5, direct, True, bench.session.online)
    hand(6, b"?" * 16, True, bench.session.online)
    bench.session.disconnected()
    hand(7, ROOM, True, bench.session.online)
    assert bench.step() == []
    assert [(one.request, one.code) for one in of(bench.told, Failed)] == [
        (5, ErrorCode.FIELD), (6, ErrorCode.NOT_MEMBER), (7, ErrorCode.UNAVAILABLE),
    ]  # fmt: skip
