"""What holds in a room: asked for, pushed, told by notices, and forgotten with the session."""

from typing import Any

import pytest

from protocol.blocks import Event
from protocol.client.happenings import Arrived, Failed, OrderKnown, RoomOrder
from protocol.client.noticeboard import WATCHED_MAX
from protocol.codes import DirectRule, ErrorCode, EventKind, Role
from protocol.frames import Busy, Events, Left, Order, Ordered, Read, Send
from protocol.items import encode_item
from protocol.limits import MUTED_MAX, ROLES_MAX
from tests.protocol.client.bench import Bench, of
from tests.protocol.client.wire import EPOCH, ROOM, block

ME, NORA, OMAR = b"A" * 8, b"N" * 8, b"O" * 8
TS = 5_000


def notice(seq: int, what: str, **body: Any) -> Events:
    item = encode_item(EventKind.NOTICE, {"what": what, **body})
    event = Event(seq, TS, NORA, "Nora", bytes(8), bytes(8), 0, item)
    return Events(ROOM, EPOCH, 1, [block(event)])


def ordered(request: int = 0, paused: bool = False, **more: Any) -> Ordered:
    fields = Ordered(request, ROOM, paused, False, 0, 0, [[NORA, 2]], [], [])
    return fields._replace(**more)


def asked(bench: Bench, request: int = 5) -> Order:
    bench.session.ask(request, Order(0, ROOM), bench.now)
    (frame,) = bench.step()
    assert isinstance(frame, Order)
    return frame


def known(bench: Bench) -> list[OrderKnown]:
    return of(bench.told, OrderKnown)


def test_what_holds_is_asked_for_and_told_when_it_changes() -> None:
    bench = Bench()
    question = asked(bench)
    answer = ordered(
        question.request, True, announce=True, slow_s=30, direct=1, muted=[[OMAR, 99]], hands=[OMAR]
    )
    bench.give(answer)
    (one,) = known(bench)
    assert (one.room, one.request) == (ROOM, 5)
    assert one.order == RoomOrder(
        True, True, 30, DirectRule.WITH_MODERATORS, ((NORA, 2),), ((OMAR, 99),), (OMAR,)
    )
    assert one.order.role_of(NORA) == Role.OWNER and one.order.role_of(OMAR) == Role.MEMBER
    assert one.order.muted_until(OMAR) == 99 and one.order.muted_until(NORA) is None
    bench.give(answer._replace(request=0))
    assert len(known(bench)) == 1, "nothing has changed"
    bench.give(ordered(0))
    assert known(bench)[-1] == OrderKnown(ROOM, RoomOrder(roles=((NORA, 2),)))


def test_what_is_pushed_is_told_though_nobody_asked_but_not_of_other_rooms() -> None:
    bench = Bench()
    bench.give(ordered(0, True), ordered(0, True, room=b"?" * 16))
    assert [one.room for one in known(bench)] == [ROOM]


@pytest.mark.parametrize(
    ("what", "body", "wanted"),
    [
        ("paused", {"value": 1}, {"paused": True}),
        ("announce", {"value": 1}, {"announce": True}),
        ("slow", {"value": 60}, {"slow_s": 60}),
        ("direct", {"value": 2}, {"direct": DirectRule.OFF}),
        ("muted", {"who": OMAR, "value": 9}, {"muted": ((OMAR, TS + 9_000),)}),
        ("muted", {"who": OMAR}, {"muted": ((OMAR, 0),)}),
        ("role", {"who": OMAR, "value": 1}, {"roles": ((NORA, 2), (OMAR, 1))}),
        ("role", {"who": NORA, "value": 0}, {"roles": ()}),
    ],
)
def test_a_notice_says_the_same_as_a_push_that_was_lost(
    what: str, body: dict[str, Any], wanted: dict[str, Any]
) -> None:
    bench = Bench()
    bench.give(ordered(asked(bench).request))
    bench.give(notice(1, what, **body))
    order = known(bench)[-1].order
    assert order == RoomOrder(**{"roles": ((NORA, 2),), **wanted})
    told = bench.told
    assert told.index(known(bench)[-1]) > told.index(of(told, Arrived)[-1]), "the notice is first"


def test_a_notice_lifts_what_it_lifts_and_others_change_nothing() -> None:
    bench = Bench()
    bench.give(ordered(asked(bench).request, muted=[[OMAR, 0], [ME, 7]]))
    bench.give(notice(1, "unmuted", who=OMAR))
    assert known(bench)[-1].order.muted == ((ME, 7),)
    bench.give(notice(2, "joined"), notice(3, "kicked", who=OMAR))
    assert len(known(bench)) == 2


def test_a_notice_that_is_caught_up_on_may_be_older_so_the_server_is_asked() -> None:
    bench = Bench(online=False)
    bench.session.connected("model:1", bench.now)
    bench.step()
    (read,) = bench.welcome(head=3)
    assert isinstance(read, Read)
    bench.give(ordered(asked(bench).request))
    item = encode_item(EventKind.NOTICE, {"what": "paused", "value": 1})
    old = Event(3, TS, NORA, "Nora", bytes(8), bytes(8), 0, item)
    page = bench.page(read, 1, 2, 3)
    (again,) = bench.give(page._replace(blocks=[*page.blocks, block(old)]))
    assert bench.seqs() == [1, 2, 3] and isinstance(again, Order)
    assert [one.order.paused for one in known(bench)] == [False]
    bench.give(ordered(again.request))
    assert len(known(bench)) == 1


def test_another_session_asks_again_for_what_was_looked_at() -> None:
    bench = Bench()
    bench.give(ordered(asked(bench).request, True))
    bench.session.disconnected()
    bench.session.connected("model:1", bench.now)
    bench.step()
    (again,) = bench.welcome()
    assert isinstance(again, Order) and again.room == ROOM
    bench.give(ordered(again.request, True))
    assert known(bench)[-1] == OrderKnown(ROOM, RoomOrder(True, roles=((NORA, 2),)))


def test_only_the_rooms_that_were_looked_at_last_are_asked_about_again() -> None:
    bench = Bench()
    rooms = [bytes([number]) * 16 for number in range(WATCHED_MAX + 3)]
    board = bench.session.membership.board
    for room in (*rooms, rooms[4]):
        board.watch(room)
    assert {one.room for one in board.begin(rooms)} == set(rooms[3:])
    assert board.begin(rooms[:4]) == [Order(0, rooms[3])]


def test_an_answer_about_a_room_that_one_has_left_is_a_failure() -> None:
    bench = Bench()
    question = asked(bench)
    bench.give(Left(0, ROOM), ordered(question.request))
    assert not known(bench)
    (failed,) = of(bench.told, Failed)
    assert (failed.request, failed.code) == (5, ErrorCode.NOT_MEMBER)


def test_what_waited_in_a_slow_room_goes_when_that_ends() -> None:
    bench = Bench()
    bench.give(ordered(asked(bench).request, slow_s=60))
    bench.say("two")
    (sent,) = bench.step()
    assert isinstance(sent, Send)
    assert bench.give(Busy(ROOM, sent.outbox_epoch, 1, 50_000)) == []
    assert bench.give(ordered(slow_s=90)) == [], "it is slower still"
    assert bench.give(notice(1, "slow", value=0)) == [sent]


def test_notices_without_end_fill_nothing() -> None:
    order = RoomOrder()
    for number in range(MUTED_MAX + 50):
        who = number.to_bytes(8, "big")
        order = order.after({"what": "muted", "who": who, "value": 1}, 0)
        order = order.after({"what": "role", "who": who, "value": 1}, 0)
    assert len(order.muted) == MUTED_MAX and len(order.roles) == ROLES_MAX
    assert order.muted_until(who) == 1_000 and order.role_of(who) == Role.MODERATOR
